//! `cargo xtask demo`: the whole thing, running: exchange, poller and API in one process.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::shell;
use crate::workspace::Workspace;

/// What `demo` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Where the demo keeps its exchange and its database. Default: `demo` in the target folder, which a second start goes on with.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Seed of the exchange; what it was begun with unless told otherwise.
    #[arg(long)]
    seed: Option<u64>,
    /// Markets open at any time, about; what it was begun with unless told otherwise.
    #[arg(long)]
    markets: Option<u32>,
    /// Say where it listens as one JSON object.
    #[arg(long)]
    json: bool,
    /// Open no browser.
    #[arg(long)]
    no_open: bool,
}

/// Builds what is missing and becomes `kmi demo`.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let kmi = workspace.kmi()?;
    let folder = match &arguments.data_dir {
        Some(folder) => std::path::absolute(folder)?,
        None => workspace.target.join("demo"),
    };
    let mut command = Command::new(kmi);
    command
        .arg("demo")
        .args(["--port", &arguments.port.to_string()])
        .arg("--data-dir")
        .arg(folder);
    if let Some(seed) = arguments.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if let Some(markets) = arguments.markets {
        command.args(["--markets", &markets.to_string()]);
    }
    for (flag, is_wanted) in [("--json", arguments.json), ("--no-open", arguments.no_open)] {
        if is_wanted {
            command.arg(flag);
        }
    }
    // A database of somebody's own is none for invented markets.
    command.env_remove("DATABASE_URL");
    become_it(&mut command)
}

/// Takes this process over, so that signals reach the program itself.
#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", shell::line(command)))
}

/// Runs it to its end.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<ExitCode> {
    shell::run(command)?;
    Ok(ExitCode::SUCCESS)
}
