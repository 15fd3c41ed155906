//! `cargo xtask soak NAME`: long runs that look for what short ones do not find.
//!
//! The work is done by programs of the crates, and by `checks/live` on `kmi`; here they are built in release, run, and what they say
//! is kept in `target/soak/NAME.json`.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::live;
use crate::shell;
use crate::workspace::Workspace;

/// What `soak` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which run
    name: Name,
    /// Faults: how often each kind strikes [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Ledger: random commands [default: 1,000,000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    operations: Option<u64>,
    /// Chaos: random events [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    events: Option<u32>,
    /// Poller: sweeps [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    cycles: Option<u32>,
    /// Fuzz: for each target [default: 600]; life: of the invented world [default: 60]; demo: of running [default: 3,600]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// What the run follows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// Print the result as JSON, as it is kept
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A storm of random commands by 50 traders, twice: no money made or lost, the same events
    Ledger,
    /// Every fault against our own client: afterwards both know the same
    Faults,
    /// Damaged and absurd input for every parser of what others send
    Fuzz,
    /// 20,000 markets lived in: no crossed book, no money made or lost
    Life,
    /// `kmi serve` through disconnects, storms of refusals, lost databases and kill -9: afterwards nothing is missing
    Chaos,
    /// Two pollers of 20,000 markets: one works, every five seconds; killed, the other takes over
    Poller,
    /// `kmi demo` for an hour: its memory stays flat
    Demo,
    /// All recorded captures through exchange and server: the same books, every trade once
    Replay,
}

impl Name {
    const fn word(self) -> &'static str {
        match self {
            Name::Ledger => "ledger",
            Name::Faults => "faults",
            Name::Fuzz => "fuzz",
            Name::Life => "life",
            Name::Chaos => "chaos",
            Name::Poller => "poller",
            Name::Demo => "demo",
            Name::Replay => "replay",
        }
    }

    /// The option, if any, by which this run is told how long to go on.
    fn length(self, arguments: &Arguments) -> Option<(&'static str, u64)> {
        match self {
            Name::Ledger => arguments.operations.map(|number| ("--operations", number)),
            Name::Faults => arguments.rounds.map(|number| ("--rounds", number.into())),
            Name::Fuzz => Some(("--seconds", arguments.seconds.unwrap_or(600).into())),
            Name::Life | Name::Demo => arguments.seconds.map(|number| ("--seconds", number.into())),
            Name::Chaos => arguments.events.map(|number| ("--events", number.into())),
            Name::Poller => arguments.cycles.map(|number| ("--cycles", number.into())),
            Name::Replay => None,
        }
    }
}

/// Runs one, keeps what it says, and tells whether it found anything.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let mut options = vec!["--seed".to_owned(), arguments.seed.to_string()];
    if let Some((option, number)) = arguments.name.length(arguments) {
        options.extend([option.to_owned(), number.to_string()]);
    }
    let result = match arguments.name {
        Name::Fuzz => fuzz(workspace, &options)?,
        name @ (Name::Chaos | Name::Poller | Name::Demo | Name::Replay) => {
            live_run(workspace, name, &options)?
        }
        name => example(workspace, &format!("soak_{}", name.word()), &options)?,
    };
    let folder = workspace.target.join("soak");
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = folder.join(format!("{}.json", arguments.name.word()));
    let text = serde_json::to_string_pretty(&result)?;
    std::fs::write(&file, format!("{text}\n")).with_context(|| file.display().to_string())?;
    if arguments.json {
        println!("{text}");
    } else {
        summarise(&result);
    }
    eprintln!("kept in {}", file.display());
    Ok(if result["ok"] == json!(true) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// An example program of the simulator: its last line is the result, whatever its exit code.
fn example(workspace: &Workspace, name: &str, options: &[String]) -> Result<Value> {
    let program = ["--package", "kmi-simulator", "--example", name];
    let mut build = workspace.cargo(&["build", "--release", "--locked"]);
    shell::run(build.args(program))?;
    let place = workspace.target.join("release").join("examples");
    let mut command = workspace.command(place.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)));
    let output = command
        .args(options)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text
        .lines()
        .last()
        .with_context(|| format!("{name} ended with {} and said nothing", output.status))?;
    serde_json::from_str(last).with_context(|| format!("{name} said {last}"))
}

/// The fuzz targets, which are a workspace of their own.
fn fuzz(workspace: &Workspace, options: &[String]) -> Result<Value> {
    let mut cargo = workspace.cargo(&[
        "run",
        "--release",
        "--locked",
        "--manifest-path",
        "fuzz/Cargo.toml",
    ]);
    let spoken = shell::overhear(cargo.args(["--", "all"]).args(options))?;
    let targets: Vec<&str> = spoken
        .text
        .lines()
        .filter(|line| line.contains(" findings"))
        .collect();
    ensure!(!targets.is_empty(), "no fuzz target ran");
    Ok(json!({ "ok": spoken.succeeded, "targets": targets }))
}

/// A long run of `checks/live` on `kmi`: its last line is the result, the lines before tell of its checks.
fn live_run(workspace: &Workspace, name: Name, options: &[String]) -> Result<Value> {
    shell::run(&mut workspace.cargo(&["build", "--release", "--locked", "--package", "kmi-cli"]))?;
    let kmi = workspace
        .target
        .join("release")
        .join(format!("kmi{}", std::env::consts::EXE_SUFFIX));
    let mut command = live::command(workspace, &kmi)?;
    let spoken = shell::overhear(command.args(["--soak", name.word()]).args(options))?;
    let lines: Vec<&str> = spoken.text.lines().collect();
    let result = lines
        .iter()
        .rev()
        .find_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut result = result
        .filter(Value::is_object)
        .context("the run gave no result")?;
    let checks = ["ok ", "FAILED ", "skipped "];
    let told = lines
        .into_iter()
        .filter(|line| checks.iter().any(|word| line.starts_with(word)));
    result["checks"] = told.collect();
    Ok(result)
}

/// Figures, one a line; what holds more figures in one line each.
fn summarise(result: &Value) {
    let Some(fields) = result.as_object() else {
        return;
    };
    for (name, value) in fields {
        match value {
            Value::Object(inner) if inner.values().all(Value::is_object) => {
                for (name, value) in inner {
                    println!("{name:<24} {}", one_line(value));
                }
            }
            Value::Array(lines) => lines.iter().for_each(|line| println!("{}", one_line(line))),
            _ => println!("{name:<24} {}", one_line(value)),
        }
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name} {}", one_line(value)))
                .collect();
            fields.join(", ")
        }
        other => other.to_string(),
    }
}
