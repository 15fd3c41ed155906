//! What `kmi record` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kmi_domain::Ticker;
use kmi_domain::time::parse_duration;

/// `kmi record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// Capture to write; `.gz` and `.zst` are compressed. No file is overwritten. A capture is one connection: after a
    /// reconnect the next one goes to NAME-2, NAME-3 and so on
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Market whose book and trades are recorded; may be repeated. Without any: trades and lifecycle of all markets
    #[arg(long, value_name = "TICKER")]
    pub ticker: Vec<Ticker>,
    /// Stop after so long [default: until interrupted]
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// WebSocket of the exchange [default: `exchange.ws_url`]
    #[arg(long, value_name = "URL")]
    pub ws_url: Option<String>,
    /// Id of the key to sign with [default: `exchange.key_id`]
    #[arg(long, value_name = "ID")]
    pub key_id: Option<String>,
    /// Its private key, PEM [default: `exchange.private_key_path`]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}
