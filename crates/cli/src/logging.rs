//! What is logged: lines on standard error, for people or as JSON, panics included.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{Config, LogFormat};

/// Starts logging; `usual` is the filter where none is configured. Called once.
pub(crate) fn start(config: &Config, usual: &str) {
    let filter = config.log.filter.as_deref().unwrap_or(usual);
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_span_events(FmtSpan::NONE);
    match config.log.format {
        LogFormat::Text => log.init(),
        // The fields of a request's span, its id among them, stand in every line written while it is served.
        LogFormat::Json => log.json().flatten_event(true).with_current_span(true).init(),
    }
}

/// Writes panics to the log instead of standard error: a panic is a bug, and must be found where all else is.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("a panic without words");
        let thread = std::thread::current();
        let backtrace = std::backtrace::Backtrace::capture();
        let backtrace = match backtrace.status() {
            std::backtrace::BacktraceStatus::Captured => backtrace.to_string(),
            _ => String::new(),
        };
        tracing::error!(
            panic = message,
            place,
            thread = thread.name().unwrap_or_default(),
            backtrace,
            "panicked"
        );
    }));
}
