//! How ingest is set up: [`IngestSettings`] and [`IngestParts`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::SeriesTicker;
use kmi_kalshi::clock::Clock;
use kmi_kalshi::{rest, ws};
use kmi_storage::Store;

use crate::board::Board;

/// What ingest does, how often, and how much it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngestSettings {
    /// Between the beginnings of two full sweeps. Default 5 s, at least 100 ms.
    pub interval: Duration,
    /// Whether combos are swept too, which are most of what the exchange lists. Default excluded.
    pub combos: Combos,
    /// Whether this process polls when it holds the lease. Default elected.
    pub poller: PollerRole,
    /// Series whose order books are recorded, besides those somebody watches being followed. Default none.
    pub recorded: Vec<SeriesTicker>,
    /// How long a piece of a recording is; at its end it becomes part of the archive, and a crash loses the one under way. Default 15
    /// minutes, counted from midnight UTC.
    pub recorded_piece: Duration,
    /// The lease that keeps the poller single.
    pub lease: LeaseSettings,
    /// Between two sweeps for its own board of a process that does not hold the lease. Default 60 s.
    pub standby_interval: Duration,
    /// Between two questions whether the exchange is open. Default 30 s.
    pub exchange_status_interval: Duration,
    /// Between two looks at changed metadata, events and series. Default 60 s.
    pub metadata_interval: Duration,
    /// What is written to the database, and what happens when it is out.
    pub writer: WriterSettings,
    /// Missed trades.
    pub backfill: BackfillSettings,
    /// What moves to the archive, and when.
    pub retention: RetentionSettings,
}

/// Whether combos are swept too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Combos {
    /// They are left out.
    #[default]
    Excluded,
    /// They are swept like all others.
    Included,
}

/// Whether this process polls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PollerRole {
    /// It stands for election: of all processes on one database, one polls and writes, the others stand by.
    #[default]
    Elected,
    /// It never polls for the database; its board lives by the stream, and by sweeps of its own now and then.
    Off,
}

/// The lease that keeps the poller single.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// How long it lasts without being renewed. Default 6 s: a standby looks every renewal, so it takes over within 8 s.
    pub ttl: Duration,
    /// Between two renewals, and between two looks of a standby. Default 2 s.
    pub renew: Duration,
}

/// What is written to the database, and what happens when it is out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriterSettings {
    /// Longest time what the stream told waits to be written. Default 1 s.
    pub flush_every: Duration,
    /// Rows after which it is written at once. Default 5,000.
    pub flush_rows: usize,
    /// Rows that wait in memory for the writer, at most: beyond it whoever brings more waits; a market with its JSON counts for twenty. Default 60,000.
    pub queue_rows: usize,
    /// Folder of the spool, where rows wait while the database is out. One folder serves one database and one process.
    pub spool_dir: PathBuf,
    /// Bytes of the spool. At the bound new quotes are dropped, counted and noted as a gap. Default 1 GiB.
    pub spool_max_bytes: u64,
    /// First wait after a failed write; it doubles up to `retry_cap`. Default 500 ms.
    pub retry_first: Duration,
    /// Longest wait between two tries. Default 5 s.
    pub retry_cap: Duration,
}

/// Missed trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackfillSettings {
    /// How far back trades are fetched at start, at most; what is missing before is noted as a gap. Default 6 h.
    pub reach: Duration,
    /// By how much a window of missed trades is widened on both ends, as clocks differ. Default 5 s.
    pub overlap: Duration,
    /// Pages of a thousand trades fetched for one gap, at most; what is left is noted as a gap of its own, and fetched next. Default 500.
    pub max_pages: u32,
    /// After how many failures in a row a gap is left open for later: half a minute first, doubling up to half an hour. Default 10.
    pub attempts: u32,
}

/// What moves to the archive, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionSettings {
    /// How long rows stay in the database before their day moves to the archive; `None`: for ever. Default 30 days.
    pub hot: Option<Duration>,
    /// How long what is told of cycles and of filled gaps stays. Default 90 days; a day has 17,280 cycles.
    pub accounts: Duration,
    /// Between two looks at what is due. Default 6 h; the first comes a minute after start.
    pub every: Duration,
}

impl IngestSettings {
    /// The defaults, with the spool in `spool_dir`.
    pub fn new(spool_dir: impl Into<PathBuf>) -> IngestSettings {
        IngestSettings {
            interval: Duration::from_secs(5),
            combos: Combos::default(),
            poller: PollerRole::default(),
            recorded: Vec::new(),
            recorded_piece: Duration::from_mins(15),
            lease: LeaseSettings::default(),
            standby_interval: Duration::from_mins(1),
            exchange_status_interval: Duration::from_secs(30),
            metadata_interval: Duration::from_mins(1),
            writer: WriterSettings::new(spool_dir),
            backfill: BackfillSettings::default(),
            retention: RetentionSettings::default(),
        }
    }
}

impl Default for LeaseSettings {
    fn default() -> LeaseSettings {
        LeaseSettings {
            ttl: Duration::from_secs(6),
            renew: Duration::from_secs(2),
        }
    }
}

impl WriterSettings {
    /// The defaults, with the spool in `spool_dir`.
    pub fn new(spool_dir: impl Into<PathBuf>) -> WriterSettings {
        WriterSettings {
            flush_every: Duration::from_secs(1),
            flush_rows: 5_000,
            queue_rows: 60_000,
            spool_dir: spool_dir.into(),
            spool_max_bytes: 1 << 30,
            retry_first: Duration::from_millis(500),
            retry_cap: Duration::from_secs(5),
        }
    }
}

impl Default for BackfillSettings {
    fn default() -> BackfillSettings {
        BackfillSettings {
            reach: Duration::from_hours(6),
            overlap: Duration::from_secs(5),
            max_pages: 500,
            attempts: 10,
        }
    }
}

impl Default for RetentionSettings {
    fn default() -> RetentionSettings {
        RetentionSettings {
            hot: Some(Duration::from_hours(30 * 24)),
            accounts: Duration::from_hours(90 * 24),
            every: Duration::from_hours(6),
        }
    }
}

/// What ingest stands on.
pub struct IngestParts<K = Store> {
    /// The exchange's REST API. Its token bucket decides how often a full sweep is possible.
    pub rest: rest::Client,
    /// The exchange's stream; `None`: the poller is all there is.
    pub stream: Option<(ws::Config, ws::Parts)>,
    /// Where what happens is kept; tests have another [`Keeper`](super::Keeper) than a [`Store`].
    pub store: K,
    /// Where what happens is shown.
    pub board: Board,
    /// Time of day.
    pub clock: Arc<dyn Clock>,
    /// Of the chance in waiting times.
    pub seed: u64,
    /// Name of this process in the lease: one that no other process, past or present, goes by.
    pub holder: String,
}

impl<K> std::fmt::Debug for IngestParts<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IngestParts")
            .field("rest", &self.rest)
            .field("stream", &self.stream.as_ref().map(|(config, _)| config))
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}
