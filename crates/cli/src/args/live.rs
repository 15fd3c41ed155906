//! What `kmi serve` and `kmi demo` take.

use clap::Args;

/// `kmi serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Port to listen on; 0 takes a free one [default: server.port, 8000]
    #[arg(long)]
    pub port: Option<u16>,
    /// Never poll: another process on the same database does (`kmi poll`, or another `kmi serve`)
    #[arg(long)]
    pub no_poller: bool,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
    /// Print no link that begins a session, where others read what is printed; a program with the token gets one by POST /session/link
    #[arg(long)]
    pub no_link: bool,
}

/// `kmi demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Port to listen on; 0 takes a free one [default: server.port, 8000]
    #[arg(long)]
    pub port: Option<u16>,
    /// Names the exchange, and seeds what is asked there and how it ends [default: 1, or what the demo in the folder was begun with]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Markets open at any time, about [default: 200, or what the demo in the folder was begun with]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub markets: Option<u32>,
    /// Open no browser
    #[arg(long)]
    pub no_open: bool,
    /// Print no link that begins a session, where others read what is printed; a program with the token gets one by POST /session/link
    #[arg(long)]
    pub no_link: bool,
}

/// `kmi config-schema`.
#[derive(Debug, Args)]
pub(crate) struct ConfigSchemaArgs {
    /// Print the documented sample instead: every key with what it means and its default
    #[arg(long)]
    pub sample: bool,
}
