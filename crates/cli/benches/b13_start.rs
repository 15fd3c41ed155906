//! B13: how long the real program takes from being started to its first answer, and a demo to its first live price.
//!
//! `cargo bench -p kmi-cli --bench b13_start [-- --runs 5]`

mod common;

use std::path::Path;
use std::time::Instant;

use common::{Anyhow, Exchange, Running, Series, free_port, get, runs, until};

fn main() -> Result<(), Anyhow> {
    let folder = tempfile::tempdir()?;
    let exchange = Exchange::open("200", &folder.path().join("exchange"))?;
    let kept = folder.path().join("kept");
    // The database exists, as at every start but the first.
    Running::start(&["serve", "--port", "0"], &kept, &exchange.environment()?)?.stop()?;

    let (mut fresh, mut again, mut first, mut second) = <(Series, Series, Series, Series)>::default();
    for run in 0..runs() {
        let new = folder.path().join(format!("new-{run}"));
        fresh.push(answered(&new, &exchange)?);
        again.push(answered(&kept, &exchange)?);
        let demo = folder.path().join(format!("demo-{run}"));
        first.push(priced(&demo)?);
        second.push(priced(&demo)?);
    }
    let healthy = "the answer was 200 and told of the database";
    again.print(
        "B13",
        "kmi serve: start to first answered request",
        "ms",
        150.0,
        healthy,
    );
    fresh.print(
        "B13",
        "kmi serve: the same with a database to be made",
        "ms",
        500.0,
        healthy,
    );
    let live = "the price changed afterwards";
    first.print("B13", "kmi demo: start to first live price", "s", 2.0, live);
    second.print(
        "B13",
        "kmi demo: second start to first live price",
        "s",
        3.0,
        live,
    );
    Ok(())
}

/// Milliseconds from starting `kmi serve` to its first answer.
fn answered(data_dir: &Path, exchange: &Exchange) -> Result<f64, Anyhow> {
    let port = free_port()?;
    let place = format!("127.0.0.1:{port}");
    // Asked from the very start, as whoever waits for it would.
    let asking = std::thread::spawn(move || {
        until(&place, "/api/v1/status", |status, text| {
            status == 200 && text.contains("\"database\"")
        })
    });
    let serve = Running::start(&["serve", "--port", &port], data_dir, &exchange.environment()?)?;
    let answered = asking.join().map_err(|_| "nobody asked")??;
    let took = answered.duration_since(serve.began);
    serve.stop()?;
    Ok(took.as_secs_f64() * 1e3)
}

/// Seconds from starting `kmi demo` to the first price it shows.
fn priced(data_dir: &Path) -> Result<f64, Anyhow> {
    let demo = Running::start(&["demo", "--port", "0"], data_dir, &[])?;
    let place = demo.place()?;
    let list = "/api/v1/markets?status=open&limit=1000";
    let shown = until(&place, list, |status, text| {
        status == 200 && text.contains("\"yes_bid\":\"")
    })?;
    let took = shown.duration_since(demo.began);
    let (_, before) = get(&place, list)?;
    let prices = |text: &str| -> Vec<String> {
        text.split("\"yes_bid\":")
            .skip(1)
            .map(|rest| rest.chars().take(8).collect())
            .collect()
    };
    let before = prices(&before);
    let _: Instant = until(&place, list, |status, text| {
        status == 200 && prices(text) != before
    })?;
    demo.stop()?;
    Ok(took.as_secs_f64())
}
