//! `kmi`: reads configuration, builds the parts, runs one command.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong use. Results go to stdout, everything else to stderr.

mod args;
mod commands;
mod config;
mod output;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use tracing_subscriber::EnvFilter;

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

fn start(cli: Cli) -> Result<ExitCode> {
    let overrides = Overrides {
        file: cli.global.config.as_deref(),
        data_dir: cli.global.data_dir.as_deref(),
    };
    let config = Config::load(&overrides).map_err(|error| WrongUse(format!("{error:#}")))?;
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| WrongUse(format!("log.filter: {:?}: {error}", config.log.filter)))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(cli, &config))
}
