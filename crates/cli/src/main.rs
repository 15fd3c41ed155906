//! `kmi`: reads configuration, builds the parts, runs one command.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong use. Results go to stdout, everything else to stderr.

mod args;
mod commands;
mod config;
mod live;
mod logging;
mod output;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::args::Cli;
use crate::config::{Config, Overrides};

fn main() -> ExitCode {
    // clap itself exits with 2 on wrong use and 0 on --help.
    let cli = Cli::parse();
    match start(cli) {
        Ok(code) => code,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kmi: {error:#}");
            if error.is::<WrongUse>() {
                ExitCode::from(2)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// A flag or a configuration value that cannot be: exit code 2, like clap's own refusals.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUse(String);

/// Longest wait for threads that still wait for a disk or a database when all is done.
const LAST_THREADS: Duration = Duration::from_millis(300);

fn start(cli: Cli) -> Result<ExitCode> {
    let overrides = Overrides {
        file: cli.global.config.as_deref(),
        data_dir: cli.global.data_dir.as_deref(),
        port: cli.command.server_port(),
    };
    let config = Config::load(&overrides).map_err(|error| WrongUse(format!("{error:#}")))?;
    logging::start(&config, cli.command.usual_filter());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(commands::run(cli, &config));
    runtime.shutdown_timeout(LAST_THREADS);
    code
}
