//! How everything is: exchange, poller, stream, database, board.

use kmi_app::hub::Link;
use kmi_app::ingest::{Circuit, DatabaseHealth, IngestStatus, PollerState};
use kmi_domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{text, text_or_null};
use crate::Doors;

/// How everything is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// Which exchange this is about: `simulator`, `demo` or `prod`.
    exchange_kind: &'static str,
    /// Version of this program.
    version: &'static str,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    as_of: Timestamp,
    /// When this server started.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    started_at: Timestamp,
    /// What the exchange says of itself.
    exchange: ExchangeView,
    /// Full sweeps.
    poller: PollerView,
    /// The exchange's stream.
    stream: StreamView,
    /// The database.
    database: DatabaseView,
    /// Markets in memory.
    board: BoardView,
}

/// What the exchange says of itself.
#[derive(Debug, Serialize, ToSchema)]
struct ExchangeView {
    /// Whether it is open at all; null before it was asked.
    active: Option<bool>,
    /// Whether it trades; null before it was asked.
    trading: Option<bool>,
    /// When it expects to go on, where it says so.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    resumes_at: Option<Timestamp>,
    /// When it said so.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    as_of: Option<Timestamp>,
}

/// Full sweeps.
#[derive(Debug, Serialize, ToSchema)]
struct PollerView {
    /// `leading` (this process polls), `standby` (another does) or `off`.
    state: &'static str,
    /// Who holds the lease, where known.
    holder: Option<String>,
    /// Milliseconds between two sweeps, as configured.
    wanted_interval_ms: u64,
    /// Milliseconds between two sweeps, as the exchange's limits allow.
    interval_ms: u64,
    /// Whether the sweeps come less often than configured.
    stretched: bool,
    /// When the last full sweep of this process ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    last_full_at: Option<Timestamp>,
    /// Markets it saw.
    last_full_markets: Option<u64>,
    /// Milliseconds it took.
    last_full_ms: Option<i64>,
    /// Sweeps of this process.
    cycles: u64,
    /// Of them, failed.
    failed_cycles: u64,
}

/// The exchange's stream.
#[derive(Debug, Serialize, ToSchema)]
struct StreamView {
    /// `connected`, `reconnecting`, `failed` or `off`.
    state: &'static str,
    /// Since when; null when there never was a stream.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    since: Option<Timestamp>,
    /// Why there is none.
    reason: Option<String>,
    /// `closed`, or `open` while it is probed now and then only.
    circuit: &'static str,
    /// Attempts in a row that failed.
    attempts: u32,
    /// Connections made so far.
    connections: u64,
    /// When it last said anything.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    last_message_at: Option<Timestamp>,
    /// Times messages were lost.
    gaps: u64,
    /// Order books followed.
    books: usize,
    /// Gaps of trades that wait to be filled.
    backfill_pending: u64,
}

/// The database.
#[derive(Debug, Serialize, ToSchema)]
struct DatabaseView {
    /// `connected` or `disconnected`.
    state: &'static str,
    /// Since when it does not answer.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    down_since: Option<Timestamp>,
    /// What it said.
    reason: Option<String>,
    /// When something was last written.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    last_written_at: Option<Timestamp>,
    /// Rows that wait to be written.
    spooled_rows: u64,
    /// Bytes of them.
    spooled_bytes: u64,
    /// Bytes there may be.
    spool_max_bytes: u64,
    /// Rows lost since the start, because there was no more room for them.
    lost_rows: u64,
}

/// Markets in memory.
#[derive(Debug, Serialize, ToSchema)]
struct BoardView {
    /// How many.
    markets: usize,
    /// When the last full sweep ended; null before the first.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    swept_at: Option<Timestamp>,
    /// When the stream last said anything.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    heard_at: Option<Timestamp>,
    /// Number of the last event told.
    last_event: u64,
}

impl Status {
    /// Now.
    pub(crate) fn of(doors: &Doors) -> Status {
        let status = doors.ingest.status();
        Status {
            exchange_kind: doors.exchange.as_str(),
            version: env!("CARGO_PKG_VERSION"),
            as_of: doors.now(),
            started_at: doors.started,
            exchange: ExchangeView {
                active: status.exchange.active,
                trading: status.exchange.trading,
                resumes_at: status.exchange.resumes,
                as_of: status.exchange.as_of,
            },
            poller: poller(&status),
            stream: stream(doors, &status),
            database: database(&status),
            board: BoardView {
                markets: doors.board.len(),
                swept_at: doors.board.swept(),
                heard_at: doors.board.heard(),
                last_event: doors.board.hub().last(),
            },
        }
    }
}

fn poller(status: &IngestStatus) -> PollerView {
    let poller = &status.poller;
    let (state, holder) = match &poller.state {
        PollerState::Leading { holder, .. } => ("leading", Some(holder.clone())),
        PollerState::Standby { holder } => ("standby", holder.clone()),
        PollerState::Off => ("off", None),
    };
    let last = poller.last_full.as_ref();
    PollerView {
        state,
        holder,
        wanted_interval_ms: millis(poller.wanted_interval),
        interval_ms: millis(poller.interval),
        stretched: poller.interval > poller.wanted_interval,
        last_full_at: last.map(|cycle| cycle.ended),
        last_full_markets: last.map(|cycle| cycle.markets),
        last_full_ms: last.map(|cycle| cycle.ended.micros_since(cycle.started) / 1_000),
        cycles: poller.cycles,
        failed_cycles: poller.failed_cycles,
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn stream(doors: &Doors, status: &IngestStatus) -> StreamView {
    let connection = doors.board.connection();
    let reason = match &connection.link {
        Link::Reconnecting { reason, .. } | Link::Failed { reason, .. } => Some(reason.clone()),
        Link::Connected | Link::Off => None,
    };
    StreamView {
        state: connection.link.as_str(),
        since: (connection.since > Timestamp::MIN).then_some(connection.since),
        reason,
        circuit: match status.stream.circuit {
            Circuit::Closed => "closed",
            Circuit::Open => "open",
        },
        attempts: status.stream.attempts,
        connections: status.stream.connections,
        last_message_at: status.stream.last_message,
        gaps: status.stream.gaps,
        books: status.stream.books,
        backfill_pending: status.backfill.pending,
    }
}

fn database(status: &IngestStatus) -> DatabaseView {
    let database = &status.database;
    let (state, down_since, reason) = match &database.health {
        DatabaseHealth::Up => ("connected", None, None),
        DatabaseHealth::Down { since, reason } => ("disconnected", Some(*since), Some(reason.clone())),
    };
    DatabaseView {
        state,
        down_since,
        reason,
        last_written_at: database.last_written,
        spooled_rows: database.spooled_rows,
        spooled_bytes: database.spooled_bytes,
        spool_max_bytes: database.spool_max_bytes,
        lost_rows: database.lost_rows,
    }
}
