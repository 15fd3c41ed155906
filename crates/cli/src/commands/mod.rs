//! One module per command: builds the use case's request, runs it, prints the answer.

mod archive;
mod backtest;
mod book;
mod calibrate;
mod demo;
mod doctor;
mod exchange;
mod fee;
mod import;
mod poll;
mod record;
mod serve;
mod synth;

use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::Result;
use clap::CommandFactory;
use kmi_domain::Timestamp;
use kmi_storage::Store;

use crate::args::{Cli, Command};
use crate::config::{self, Config};
use crate::{logging, output};

pub(crate) async fn run(cli: Cli, config: &Config) -> Result<ExitCode> {
    let as_json = cli.global.json;
    match cli.command {
        Command::Demo(args) => {
            logging::log_panics();
            return demo::run(config, &args, as_json).await;
        }
        Command::Serve(args) => {
            logging::log_panics();
            return serve::run(config, &args, as_json).await;
        }
        Command::Poll => {
            logging::log_panics();
            return poll::run(config, as_json).await;
        }
        Command::Import(args) => return import::run(&open(config).await?, args, as_json).await,
        Command::Calibrate(args) => calibrate::run(config, args, as_json).await?,
        Command::Backtest(command) => return backtest::run(config, command, as_json).await,
        Command::Book(command) => return book::run(command, as_json),
        Command::Archive(command) => return archive::run(&open(config).await?, command, as_json).await,
        Command::Fee(args) => fee::run(&args, as_json)?,
        Command::Synth(args) => synth::run(&args, as_json)?,
        Command::Exchange(args) => exchange::run(config, *args, as_json).await?,
        Command::Record(args) => record::run(config, args, as_json).await?,
        Command::Migrate(args) => doctor::migrate(config, &args, as_json).await?,
        Command::Doctor(args) => return doctor::run(config, &args, as_json).await,
        Command::Openapi => output::text(&kmi_server::openapi_json())?,
        Command::ConfigSchema(args) if args.sample => output::text(&config::sample())?,
        Command::ConfigSchema(_) => output::text(&serde_json::to_string_pretty(&config::schema())?)?,
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "kmi", &mut std::io::stdout());
        }
        Command::HelpMarkdown => output::text(&output::help_markdown(&Cli::command()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Opens the store the configuration names, brought up to this program's version.
async fn open(config: &Config) -> Result<Store> {
    Ok(Store::open(config.store_location()?).await?)
}

/// The real clock, read at the edge and handed down.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge that hands the clock to everything below"
)]
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// Waits until somebody asks this program to stop: Ctrl-C, or SIGTERM. Signals are heard from the call on, not only once it is
/// awaited. Without a handler for signals the process ends at once, which journals survive.
pub(crate) fn stop_signal() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut interrupt), Ok(mut terminate)) = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
