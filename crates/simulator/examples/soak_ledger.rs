//! A storm of a million commands, twice with the same seed, and what it proved. `cargo xtask soak ledger` runs it.
//!
//! `cargo run --release -p kmi-simulator --example soak_ledger -- [--operations N] [--seed N] [--traders N] [--check-every N]`
//!
//! Prints one line of JSON; exit code 1 when something broke.

use std::process::ExitCode;
use std::time::Instant;

use kmi_simulator::storm::{Report, Storm};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let storm = match arguments(std::env::args().skip(1)) {
        Ok(storm) => storm,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    // Both at once: they share nothing.
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| storm.run());
        (storm.run(), second.join())
    });
    let seconds = started.elapsed().as_secs_f64();
    let (first, second) = match (first, second) {
        (Ok(first), Ok(Ok(second))) => (first, second),
        (Err(broken), _) | (_, Ok(Err(broken))) => return broke(storm, &broken.to_string()),
        (_, Err(_)) => return broke(storm, "the second run panicked"),
    };
    if first != second {
        return broke(
            storm,
            "the same seed did not give the same storm: the two hashes or figures differ",
        );
    }
    println!("{}", told(storm, &first, seconds));
    ExitCode::SUCCESS
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Storm, String> {
    let mut storm = Storm::new(1, 1_000_000);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
        let number: u64 = value.parse().map_err(|_| format!("{value:?} is no number"))?;
        match word.as_str() {
            "--operations" => storm.operations = number,
            "--seed" => storm.seed = number,
            "--traders" => storm.traders = u32::try_from(number).map_err(|_| "so many traders".to_owned())?,
            "--check-every" => storm.check_every = number.max(1),
            _ => {
                return Err(format!(
                    "{word:?} is none of --operations, --seed, --traders, --check-every"
                ));
            }
        }
    }
    Ok(storm)
}

fn broke(storm: Storm, wrong: &str) -> ExitCode {
    println!(
        "{}",
        json!({ "ok": false, "seed": storm.seed, "operations": storm.operations, "wrong": wrong })
    );
    ExitCode::FAILURE
}

fn told(storm: Storm, report: &Report, seconds: f64) -> Value {
    json!({
        "ok": true,
        "seed": storm.seed,
        "operations": storm.operations,
        "traders": storm.traders,
        "full_check_every": storm.check_every,
        "runs": 2,
        "seconds": seconds,
        "accepted": report.accepted,
        "refused": report.refused,
        "of_those_for_want_of_money": report.unaffordable,
        "orders": report.orders,
        "trades": report.trades,
        "markets_settled": report.markets,
        "events": report.events,
        "event_log_hash": report.hash,
        "ledger": report.ledger,
    })
}
