//! Twenty thousand markets lived in for a while, looked at every ten seconds. `cargo xtask soak life` runs it.
//!
//! `cargo run --release -p kmi-simulator --example soak_life -- [--markets N] [--seconds N] [--seed N]`
//!
//! The seconds are those of the invented world, which go by as fast as they can be computed. Prints one line of JSON; exit code 1
//! when something was that must never be.

use std::process::ExitCode;
use std::time::Instant;

use kmi_domain::Timestamp;
use kmi_simulator::life::LifeSettings;
use kmi_simulator::life::soak::live_and_check;
use serde_json::json;

fn main() -> ExitCode {
    let (markets, seconds, seed) = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    // 2026-11-21 05:00:00 UTC.
    let now = Timestamp::from_seconds(1_795_237_200);
    match live_and_check(LifeSettings::new(seed, markets), now, seconds) {
        Ok(world) => {
            let tally = world.tally;
            println!(
                "{}",
                json!({
                    "ok": true,
                    "seed": seed,
                    "markets": markets,
                    "world_seconds": seconds,
                    "seconds": started.elapsed().as_secs_f64(),
                    "events": tally.events,
                    "levels": tally.levels,
                    "trades": tally.trades,
                    "listed": tally.listed,
                    "opened": tally.opened,
                    "determined": tally.determined,
                    "settled": tally.settled,
                    "event_log_hash": world.digest(),
                })
            );
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!(
                "{}",
                json!({ "ok": false, "seed": seed, "markets": markets, "wrong": broken.to_string() })
            );
            ExitCode::FAILURE
        }
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<(u32, u32, u64), String> {
    let (mut markets, mut seconds, mut seed) = (20_000, 60, 1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
        let number: u32 = value.parse().map_err(|_| format!("{value:?} is no number"))?;
        match word.as_str() {
            "--markets" => markets = number,
            "--seconds" => seconds = number,
            "--seed" => seed = u64::from(number),
            _ => return Err(format!("{word:?} is none of --markets, --seconds, --seed")),
        }
    }
    Ok((markets, seconds, seed))
}
