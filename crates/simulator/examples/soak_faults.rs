//! Every fault, many times, against our own client. `cargo xtask soak faults` runs it.
//!
//! `cargo run --release -p kmi-simulator --example soak_faults -- [--rounds N] [--seed N] [--lanes N] [--kind KIND]`
//!
//! The rounds of a kind are spread over lanes, each an exchange of its own, half of them reached over TCP. Prints one line of JSON;
//! exit code 1 when anything was not mended.

use std::process::ExitCode;
use std::time::Instant;

use kmi_simulator::drill::{self, Drill, Outcome, Road};
use kmi_simulator::faults::FaultKind;
use serde_json::json;
use tokio::task::JoinSet;

#[derive(Clone, Debug)]
struct Arguments {
    rounds: u32,
    seed: u64,
    lanes: u32,
    kind: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    let kinds: Vec<FaultKind> = FaultKind::ALL
        .into_iter()
        .filter(|kind| {
            arguments
                .kind
                .as_ref()
                .is_none_or(|wanted| wanted == kind.as_str())
        })
        .collect();
    if kinds.is_empty() {
        eprintln!("there is no fault {:?}", arguments.kind);
        return ExitCode::from(2);
    }
    let started = Instant::now();
    let mut results = serde_json::Map::new();
    let mut is_clean = true;
    for kind in kinds {
        let outcome = run_lanes(kind, &arguments).await;
        is_clean &= outcome.is_clean();
        let mut told = serde_json::to_value(&outcome).expect("an outcome is plain data");
        told["heal_ms_p50"] = json!(outcome.heal_percentile(50));
        told["heal_ms_p99"] = json!(outcome.heal_percentile(99));
        eprintln!(
            "{:<22} {} of {} mended",
            kind.as_str(),
            outcome.mended,
            outcome.rounds
        );
        results.insert(kind.as_str().to_owned(), told);
    }
    println!(
        "{}",
        json!({
            "ok": is_clean,
            "seed": arguments.seed,
            "rounds_of_each": arguments.rounds,
            "seconds": started.elapsed().as_secs_f64(),
            "kinds": results,
        })
    );
    if is_clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The rounds of a kind, spread over the lanes.
async fn run_lanes(kind: FaultKind, arguments: &Arguments) -> Outcome {
    let lanes = arguments.lanes.clamp(1, arguments.rounds.max(1));
    let mut running = JoinSet::new();
    for lane in 0..lanes {
        let more = u32::from(lane < arguments.rounds % lanes);
        let drill = Drill {
            kind,
            rounds: arguments.rounds / lanes + more,
            seed: arguments.seed * 1_000 + u64::from(lane),
        };
        let road = if lane % 2 == 0 { Road::Pipe } else { Road::Tcp };
        running.spawn(drill::run(drill, road));
    }
    let mut outcome = Outcome::default();
    while let Some(lane) = running.join_next().await {
        match lane {
            Ok(lane) => outcome.add(lane),
            Err(error) => outcome.wrong.push(error.to_string()),
        }
    }
    outcome
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments {
        rounds: 200,
        seed: 1,
        lanes: 8,
        kind: None,
    };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let number = value
            .parse::<u32>()
            .map_err(|_| format!("{value:?} is no number"));
        match word.as_str() {
            "--rounds" => arguments.rounds = number?,
            "--seed" => arguments.seed = number?.into(),
            "--lanes" => arguments.lanes = number?,
            "--kind" => arguments.kind = Some(value),
            _ => return Err(format!("{word:?} is none of --rounds, --seed, --lanes, --kind")),
        }
    }
    Ok(arguments)
}
