//! What the command line takes.

mod exchange;
mod live;
mod record;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use exchange::{BalanceArg, ControlSeqArg, ExchangeArgs, PostOnlyArg, ReuseArg};
pub(crate) use live::{ConfigSchemaArgs, DemoArgs, ServeArgs};
pub(crate) use record::RecordArgs;

use clap::{Args, Parser, Subcommand, ValueEnum};
use kmi_domain::time::parse_duration;
use kmi_domain::{FeeMultiplier, Price, Quantity, SeriesTicker, Timestamp};

/// Kalshi's prediction markets, live and recorded: follow and serve them, take recordings in, judge prices, test strategies.
#[derive(Debug, Parser)]
#[command(name = "kmi", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Folder of the database and the archive [default: the platform's data directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file (TOML)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print one JSON document on stdout instead of text
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything in one process on an exchange of its own: invented markets and money, no account and no network needed
    Demo(DemoArgs),
    /// Follow the exchange, keep what happens, and serve it: REST, event streams, relay
    Serve(ServeArgs),
    /// Follow the exchange and keep what happens, without serving it; of several on one database one works, the others stand by
    Poll,
    /// Take in recorded events, markets, trades, candles and captures, of any generation of the format
    Import(ImportArgs),
    /// How well prices foretold results: reliability table, Brier score, log loss
    Calibrate(CalibrateArgs),
    /// Run strategies over recorded history
    #[command(subcommand)]
    Backtest(BacktestCommand),
    /// Order books from captures
    #[command(subcommand)]
    Book(BookCommand),
    /// The Parquet archive of older history
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// What the exchange charges for one fill
    Fee(FeeArgs),
    /// Write a seeded synthetic history, as files that `kmi import` reads
    Synth(SynthArgs),
    /// Run an exchange of one's own, which speaks Kalshi's API: no account and no network needed
    Exchange(Box<ExchangeArgs>),
    /// Write what the exchange streams to captures, which `kmi book replay`, `kmi import` and `kmi exchange --replay` read
    Record(RecordArgs),
    /// Bring the database to this program's version, or only say where it stands
    Migrate(MigrateArgs),
    /// Check the installation: data directory, database, archive; or hold a specification of the exchange's against this program
    Doctor(DoctorArgs),
    /// Print the OpenAPI document of the API that `kmi serve` offers
    Openapi,
    /// Print the JSON schema of the configuration file, or a documented sample of it
    ConfigSchema(ConfigSchemaArgs),
    /// Print a shell completion script
    Completions {
        /// Shell to complete for
        shell: clap_complete::Shell,
    },
    /// Print the reference of all commands as Markdown
    #[command(hide = true)]
    HelpMarkdown,
}

impl Command {
    /// What `--port` says, where it stands for `server.port`.
    pub(crate) fn server_port(&self) -> Option<u16> {
        match self {
            Command::Demo(args) => args.port,
            Command::Serve(args) => args.port,
            _ => None,
        }
    }

    /// The filter of the log where none is configured: whoever runs for long tells how it goes.
    pub(crate) fn usual_filter(&self) -> &'static str {
        match self {
            Command::Serve(_) | Command::Poll => "info",
            _ => "warn",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files or folders; plain, .gz or .zst, recognised by content
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Treat a bad line as an error of its file
    #[arg(long)]
    pub strict: bool,
}

/// Which markets: all of these must hold.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Only markets of this series; may be repeated
    #[arg(long, value_name = "TICKER")]
    pub series: Vec<SeriesTicker>,
    /// Only markets that close at or after this instant (RFC 3339, or a date)
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    pub from: Option<Timestamp>,
    /// Only markets that close before this instant (RFC 3339, or a date)
    #[arg(long, value_name = "TIME", value_parser = parse_instant)]
    pub to: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// How long before the close the price is taken
    #[arg(long, default_value = "12h", value_parser = parse_duration)]
    pub horizon: Duration,
    #[command(flatten)]
    pub selection: Selection,
    /// Only markets of this category; may be repeated
    #[arg(long, value_name = "CATEGORY")]
    pub category: Vec<String>,
    /// Also one table for each of these
    #[arg(long, value_enum)]
    pub by: Option<GroupBy>,
    /// Edges of the price bins, ascending, from 0 to 1
    #[arg(long, value_name = "EDGES")]
    pub bins: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupBy {
    /// The event's category
    Category,
    /// The series
    Series,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BacktestCommand {
    /// Run a strategy and keep the result
    Run(Box<RunArgs>),
    /// List kept results, newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 50)]
        limit: u64,
    },
    /// Show one kept result, whole
    Show {
        /// Id of the result, or enough of its end to tell it apart
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Strategy by name; `list` prints all with their parameters
    #[arg(long, value_name = "NAME")]
    pub strategy: String,
    /// Parameter of the strategy, as name=value; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    pub params: Vec<(String, String)>,
    #[command(flatten)]
    pub selection: Selection,
    /// Fees: the exchange's current schedule, or none
    #[arg(long, value_enum, default_value_t = FeesArg::Current)]
    pub fees: FeesArg,
    /// What orders are filled against
    #[arg(long, value_enum, default_value_t = DataArg::Tape)]
    pub data: DataArg,
    /// Captures whose sequence has jumps (order book data): leave them out, or take them as they are
    #[arg(long, value_enum, default_value_t = SeqArg::Strict)]
    pub seq: SeqArg,
    /// How much of a price level stands before a new order (order book data)
    #[arg(long, value_enum, default_value_t = QueueArg::Back)]
    pub queue: QueueArg,
    /// Time from a decision to the exchange
    #[arg(long, default_value = "0ms", value_parser = parse_duration)]
    pub latency: Duration,
    /// Rerun with the future scrambled: decisions must not change
    #[arg(long)]
    pub check_lookahead: bool,
    /// Seed of whatever chance the run has: bootstrap interval, look-ahead check
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Also write a self-contained HTML report
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Also write the trades as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FeesArg {
    /// No fees
    None,
    /// The exchange's current schedule with the series' multiplier
    Current,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataArg {
    /// Public trades: orders fill with the next prints
    Tape,
    /// Recorded order books with their trades: takers walk the book, makers queue
    Book,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueueArg {
    /// First in line
    Front,
    /// Last in line; cancels come from behind while any are there
    Back,
    /// Cancels are spread over the line
    Proportional,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BookCommand {
    /// Rebuild the books of captures: counts, gaps, final quotes, speed
    Replay {
        /// Captures; each is one connection
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What a jump of `seq` does
        #[arg(long, value_enum, default_value_t = SeqArg::Strict)]
        seq: SeqArg,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeqArg {
    /// Books go stale until their next snapshot
    Strict,
    /// Jumps are counted and everything is applied
    Ignore,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ArchiveCommand {
    /// Move whole past days of trades and snapshots from the database to the archive
    Roll {
        /// Move days before this instant (RFC 3339, or a date) [default: 7 days ago]
        #[arg(long, value_name = "TIME", value_parser = parse_instant)]
        before: Option<Timestamp>,
    },
    /// List the archive's files
    List,
    /// Read every file again: rows, order, days, hashes, strays
    Verify,
}

#[derive(Debug, Args)]
pub(crate) struct FeeArgs {
    /// Price of the side bought, in dollars
    #[arg(long)]
    pub price: Price,
    /// Contracts bought
    #[arg(long)]
    pub quantity: Quantity,
    /// The series' factor on the rate
    #[arg(long, default_value = "1")]
    pub multiplier: FeeMultiplier,
    /// Charge as a maker: nothing, a quarter or half of the taker's rate
    #[arg(long, value_enum)]
    pub maker: Option<MakerArg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MakerArg {
    /// `quadratic`: makers pay nothing
    None,
    /// `quadratic_with_maker_fees`
    Quarter,
    /// `quadratic_with_combo_maker_fees`
    Half,
}

#[derive(Debug, Args)]
pub(crate) struct SynthArgs {
    /// Folder to write to; made if absent
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Seed: the same seed writes the same bytes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many markets, about
    #[arg(long, default_value_t = 400)]
    pub markets: u32,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Only say what would be done
    #[arg(long)]
    pub status: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// OpenAPI or AsyncAPI file of the exchange: only say what it has that this program was not written for; exit code 1 if
    /// that can do harm
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
}

/// An instant, or a date that stands for its first instant in UTC.
fn parse_instant(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .or_else(|_| format!("{text}T00:00:00Z").parse())
        .map_err(|_| "is neither an RFC 3339 time nor a date like 2026-08-10".to_owned())
}

fn parse_param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("must be name=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_date_is_its_first_instant() {
        assert_eq!(parse_instant("2026-08-10"), parse_instant("2026-08-10T00:00:00Z"));
        assert!(parse_instant("10.8.2026").is_err());
    }
}
