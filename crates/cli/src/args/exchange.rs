//! What `kmi exchange` takes.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use kmi_domain::time::parse_duration;
use kmi_simulator::server::Tier;

use super::SeqArg;

/// `kmi exchange`.
#[derive(Debug, Args)]
pub(crate) struct ExchangeArgs {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8100)]
    pub port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub bind: IpAddr,
    /// Names the exchange, and seeds what is asked there and how it ends
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Markets open at any time, about; 0 leaves the exchange without life of its own [default: 200, or 0 with --replay]
    #[arg(long)]
    pub markets: Option<u32>,
    /// Acts of the traders inside per second [default: 120 for 200 markets, fewer per market with more of them]
    #[arg(long, value_name = "N", value_parser = parse_pace)]
    pub pace: Option<f64>,
    /// Seconds of the invented world per second: at 60, a quarter-hour market lasts 15 seconds
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub time_scale: u32,
    /// Milliseconds between two looks at what is due
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub tick_ms: u64,
    /// Folder of the accounts' private keys; made if absent [default: `exchange-keys` in the data directory]
    #[arg(long, value_name = "DIR")]
    pub keys_dir: Option<PathBuf>,
    /// Journal to begin or to go on with; without it nothing survives the process. Not with --replay
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub state: Option<PathBuf>,
    /// Recorded captures to serve as the market data of their markets, from the start; with their last frames the markets stay
    /// open
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub replay: Vec<PathBuf>,
    /// How fast captures are replayed: 1 as recorded, 0 as fast as possible
    #[arg(long, default_value_t = 1.0, value_name = "X", value_parser = parse_speed)]
    pub speed: f64,
    /// What a jump of `seq` in a replayed capture does
    #[arg(long, value_enum, default_value_t = SeqArg::Strict)]
    pub replay_seq: SeqArg,
    /// Plan of faults: one a line, as `POST /admin/faults` takes them, with `at_ms`
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Whether an order's `client_order_id` is free again after its end
    #[arg(long, value_enum, default_value_t = ReuseArg::Never)]
    pub client_order_id_reuse: ReuseArg,
    /// Whether `balance` counts what is held for resting orders
    #[arg(long, value_enum, default_value_t = BalanceArg::Gross)]
    pub balance: BalanceArg,
    /// What becomes of a post-only order that would trade
    #[arg(long, value_enum, default_value_t = PostOnlyArg::Refuse)]
    pub post_only: PostOnlyArg,
    /// Whether replies of the stream use up numbers of their subscription
    #[arg(long, value_enum, default_value_t = ControlSeqArg::Counted)]
    pub control_seq: ControlSeqArg,
    /// Seconds after a cancel-all during which new orders are canceled too
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=60))]
    pub cancel_all_shadow: u32,
    /// How far private reads lag behind writes
    #[arg(long, default_value = "0s", value_parser = parse_duration)]
    pub read_lag: Duration,
    /// API usage tier of the accounts
    #[arg(long, default_value = "basic", value_parser = parse_tier)]
    pub tier: Tier,
}

/// A rule Kalshi leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum ReuseArg {
    /// As measured
    Never,
    /// As the documents promise for open orders only
    AfterClose,
}

/// A rule Kalshi leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BalanceArg {
    /// It does
    Gross,
    /// Only what is free
    Net,
}

/// A rule Kalshi leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PostOnlyArg {
    /// It is refused, as measured
    Refuse,
    /// It is accepted and canceled at once
    Cancel,
}

/// A rule Kalshi leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ControlSeqArg {
    /// They do
    Counted,
    /// They repeat the last number
    Repeated,
}

fn parse_pace(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(pace) if (0.001..=1e6).contains(&pace) => Ok(pace),
        _ => Err("must be 0.001 to 1,000,000".to_owned()),
    }
}

fn parse_speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(speed) if (0.0..=1e9).contains(&speed) => Ok(speed),
        _ => Err("must be 0 to 1,000,000,000".to_owned()),
    }
}

fn parse_tier(text: &str) -> Result<Tier, String> {
    text.parse().map_err(|_| {
        let names: Vec<&str> = Tier::ALL.iter().map(|tier| tier.name()).collect();
        format!("is none of: {}", names.join(", "))
    })
}
