//! `cargo xtask bench`: our figures next to today's best on the same machine in the same run.

mod figure;
mod peers;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::shell;
use crate::workspace::Workspace;
use figure::{Figure, Figures};

/// What `bench` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these, by their number: B1,B2.
    #[arg(long, value_delimiter = ',', value_name = "B1,..")]
    only: Vec<String>,
    /// Print the figures as JSON, as they are kept in target/bench.json.
    #[arg(long)]
    json: bool,
    /// Rounds; ours and the peer take turns.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=101))]
    runs: u32,
}

/// A bench program of ours.
struct Program {
    /// The targets it measures.
    id: &'static str,
    package: &'static str,
    bench: &'static str,
    rounds: Rounds,
}

/// How a program comes to its rounds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounds {
    /// Started once a round, in turn with everything else.
    Outside,
    /// Started once: it fills databases first, and takes turns with its own reference.
    Inside,
}

const PROGRAMS: &[Program] = &[
    Program {
        id: "B1",
        package: "kmi-kalshi",
        bench: "b1_frames",
        rounds: Rounds::Outside,
    },
    Program {
        id: "B1",
        package: "kmi-domain",
        bench: "b1_book",
        rounds: Rounds::Outside,
    },
    Program {
        id: "B2",
        package: "kmi-backtest",
        bench: "b2_maker",
        rounds: Rounds::Outside,
    },
    Program {
        id: "B3",
        package: "kmi-backtest",
        bench: "b3_sweep",
        rounds: Rounds::Outside,
    },
    Program {
        id: "B4",
        package: "kmi-domain",
        bench: "b4_pnl",
        rounds: Rounds::Outside,
    },
    Program {
        id: "B5",
        package: "kmi-server",
        bench: "b5_fanout",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B5",
        package: "kmi-app",
        bench: "b5_hub",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B6",
        package: "kmi-server",
        bench: "b6_rest",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B6",
        package: "kmi-app",
        bench: "b6_board",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B7",
        package: "kmi-storage",
        bench: "b7_ingest",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B8",
        package: "kmi-domain",
        bench: "b8_matching",
        rounds: Rounds::Outside,
    },
    Program {
        id: "B8",
        package: "kmi-simulator",
        bench: "b8_exchange",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B11",
        package: "kmi-app",
        bench: "b11_board",
        rounds: Rounds::Outside,
    },
    Program {
        id: "B11",
        package: "kmi-cli",
        bench: "b11_memory",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B13",
        package: "kmi-cli",
        bench: "b13_start",
        rounds: Rounds::Inside,
    },
    Program {
        id: "B14",
        package: "kmi-app",
        bench: "b14_calibrate",
        rounds: Rounds::Inside,
    },
];

/// Measures, keeps the figures in `target/bench.json` and writes `docs/BENCHMARKS.md`.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let only: BTreeSet<String> = arguments.only.iter().map(|id| id.to_uppercase()).collect();
    let wanted = |id: &str| only.is_empty() || only.contains(id);
    let unknown: Vec<_> = only
        .iter()
        .filter(|id| PROGRAMS.iter().all(|program| program.id != **id))
        .collect();
    ensure!(unknown.is_empty(), "there is no bench for {unknown:?}");

    let executables = build(workspace)?;
    let feed = peers::prepare(workspace, &wanted)?;
    let mut figures = Figures::default();
    for round in 1..=arguments.runs {
        eprintln!("=== round {round} of {}", arguments.runs);
        for program in PROGRAMS.iter().filter(|program| wanted(program.id)) {
            let runs = match (program.rounds, round) {
                (Rounds::Outside, _) => 1,
                (Rounds::Inside, 1) => arguments.runs,
                (Rounds::Inside, _) => continue,
            };
            for figure in measure(workspace, &executables, program, &feed, runs)? {
                figures.add(figure);
            }
            for figure in feed.measure(program.id) {
                figures.add_peer(figure);
            }
        }
    }
    let kept = report::keep(workspace, figures)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&kept)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds all bench programs and tells where they lie, by name. All at once, whichever are wanted: cargo unifies the features of what
/// it builds together, so that building them one by one would build their libraries several times.
fn build(workspace: &Workspace) -> Result<BTreeMap<String, PathBuf>> {
    let packages: BTreeSet<&str> = PROGRAMS.iter().map(|program| program.package).collect();
    let mut cargo = workspace.cargo(&[
        "bench",
        "--no-run",
        "--locked",
        "--message-format=json-render-diagnostics",
    ]);
    cargo.args(packages.iter().flat_map(|package| ["--package", package]));
    let messages = shell::output(&mut cargo)?;
    Ok(messages.lines().filter_map(executable).collect())
}

/// Name and place of a bench program in one of cargo's messages.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let is_bench = message["target"]["kind"]
        .as_array()?
        .iter()
        .any(|kind| kind == "bench");
    let name = message["target"]["name"].as_str()?;
    let place = message["executable"].as_str()?;
    is_bench.then(|| (name.to_owned(), PathBuf::from(place)))
}

/// So many runs of one program: the JSON lines it prints.
fn measure(
    workspace: &Workspace,
    executables: &BTreeMap<String, PathBuf>,
    program: &Program,
    feed: &peers::Peers,
    runs: u32,
) -> Result<Vec<Figure>> {
    let executable = executables
        .get(program.bench)
        .with_context(|| format!("cargo built no {}", program.bench))?;
    let mut command = workspace.command(executable);
    command.args(["--runs", &runs.to_string()]);
    // The peers' own feed where there is one, so that both do the same work.
    if let (Some(feed), "kmi-backtest") = (&feed.feed, program.package) {
        command.arg("--feed").arg(feed);
    }
    let text = shell::output(&mut command)?;
    text.lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).with_context(|| format!("{} printed {line}", program.bench)))
        .collect()
}
