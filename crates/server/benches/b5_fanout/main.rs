//! B5: what happens told to 1,000 clients on loopback, WebSocket (the relay) and server-sent events, one of them stuck.
//!
//! Server and clients share this process and this machine: the server runs as it is served, on tokio's own threads, and all clients
//! on one further thread, which counts and parses nothing else. Saturated means that the next change is told as soon as the
//! slowest client that reads is near enough. The floor is the same bytes put together once and written to as many sockets.
//! `cargo bench -p kmi-server --bench b5_fanout [-- --runs 5] [--seconds 5]`

mod crowd;
mod floor;
mod house;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use crowd::{Crowd, Door};
use house::House;

type Anyhow = Box<dyn Error + Send + Sync>;

/// Clients of each door; one more is stuck.
const CLIENTS: usize = 1_000;
/// Messages a second to each client, where it is about time.
const PACE: u64 = 50;

/// What one way of telling came to.
#[derive(Default)]
struct Case {
    saturated: Vec<f64>,
    late_p99_ms: Vec<f64>,
    growth_mb: Vec<f64>,
    floor: Vec<f64>,
    floor_p99_ms: Vec<f64>,
}

fn main() -> Result<(), Anyhow> {
    let runs = usize::try_from(argument("--runs").unwrap_or(1))?;
    let seconds = Duration::from_secs(argument("--seconds").unwrap_or(5));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut cases = [
        (Door::WebSocket, Case::default()),
        (Door::Events, Case::default()),
    ];
    for _ in 0..runs {
        for (door, case) in &mut cases {
            measure(&runtime, *door, seconds, case)?;
        }
    }
    for (door, case) in &cases {
        report(*door, case);
    }
    Ok(())
}

/// One run of one door, and of the floor with messages of the same length.
fn measure(
    runtime: &tokio::runtime::Runtime,
    door: Door,
    seconds: Duration,
    case: &mut Case,
) -> Result<(), Anyhow> {
    let house = Arc::new(runtime.block_on(House::open())?);
    let crowd = Crowd::gather(house.address, door, CLIENTS)?;
    let before = house::resident_mb()?;
    let told = house.tell_saturated(&crowd, seconds)?;
    case.growth_mb.push((house::resident_mb()? - before).max(0.0));
    case.saturated.push(told.delivered as f64 / told.seconds);
    house.tell_paced(&crowd, PACE, seconds)?;
    case.late_p99_ms.push(crowd.late_p99_ms()?);
    drop(crowd);
    runtime.block_on(house.close());

    let floor = floor::measure(runtime, door, CLIENTS, PACE, seconds)?;
    case.floor.push(floor.per_second);
    case.floor_p99_ms.push(floor.late_p99_ms);
    Ok(())
}

fn report(door: Door, case: &Case) {
    let name = door.name();
    println!(
        "{{\"id\":\"B5\",\"case\":\"{name}: book changes delivered to {CLIENTS} clients, saturated, one more stuck\",\
         \"unit\":\"messages/s\",{},\"target\":3000000,\
         \"reference\":{{\"name\":\"the same bytes, put together once, written to as many sockets\",{}}},\
         \"check\":\"every client that reads got every change once, none was given up, the stuck one kept its place\"}}",
        series(&case.saturated),
        series(&case.floor),
    );
    println!(
        "{{\"id\":\"B5\",\"case\":\"{name}: told to received at {CLIENTS} clients, {PACE} trades/s each, one more stuck, p99\",\
         \"unit\":\"ms\",{},\"target\":6,\
         \"reference\":{{\"name\":\"one write for each socket at the same pace, p99\",{}}},\
         \"check\":\"every client that reads got every trade; both clocks are this process's\"}}",
        series(&case.late_p99_ms),
        series(&case.floor_p99_ms),
    );
    println!(
        "{{\"id\":\"B5\",\"case\":\"{name}: memory of server and clients, growth while saturated with one stuck\",\
         \"unit\":\"MB\",{},\"target\":128,\"check\":\"resident set of this process, clients included\"}}",
        series(&case.growth_mb),
    );
}

fn series(runs: &[f64]) -> String {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    let runs: Vec<String> = runs.iter().map(|value| format!("{value:.3}")).collect();
    format!("\"value\":{median:.3},\"runs\":[{}]", runs.join(","))
}

fn argument(name: &str) -> Option<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}
