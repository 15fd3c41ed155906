//! The daily verbs of the repository: `cargo xtask demo`, `tour`, `test`, `bench`, `soak`, `gen`.

mod bench;
mod demo;
mod generate;
mod licences;
mod live;
mod postgres;
mod python;
mod shell;
mod soak;
mod test;
mod tour;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Kalshi Market Insights: what one does every day in this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the whole thing: built-in exchange, poller and API in one process, on port 8000 of this machine.
    Demo(demo::Arguments),
    /// Walk through the research half: synthetic history (and real recordings, where there are any), calibration, backtests.
    Tour(tour::Arguments),
    /// Install what the checks need, run every check there is, and end with the counts.
    Test(test::Arguments),
    /// Measure speed next to today's best and write docs/BENCHMARKS.md.
    Bench(bench::Arguments),
    /// Run for long what the tests run for seconds, and keep the figures in target/soak.
    Soak(soak::Arguments),
    /// Write the generated documents anew.
    Gen(generate::Arguments),
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let workspace = Workspace::find()?;
    match arguments.verb {
        Verb::Demo(demo) => demo::run(&workspace, &demo),
        Verb::Tour(tour) => tour::run(&workspace, &tour),
        Verb::Test(test) => test::run(&workspace, &test),
        Verb::Bench(bench) => bench::run(&workspace, &bench),
        Verb::Soak(soak) => soak::run(&workspace, &soak),
        Verb::Gen(generate) => generate::run(&workspace, &generate),
    }
}
