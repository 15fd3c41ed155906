//! How ingest is doing: [`IngestStatus`], by an [`IngestMonitor`].

use std::sync::Arc;
use std::time::Duration;

use kmi_domain::Timestamp;
use parking_lot::RwLock;

use crate::hub::{ConnectionStatus, Link};

/// How ingest is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngestStatus {
    /// Full sweeps.
    pub poller: PollerStatus,
    /// The exchange's stream.
    pub stream: StreamStatus,
    /// The database and the spool before it.
    pub database: DatabaseStatus,
    /// What the exchange says of itself.
    pub exchange: ExchangeHealth,
    /// Missed trades.
    pub backfill: BackfillStatus,
    /// Recording of order books.
    pub recorder: RecorderStatus,
}

/// Full sweeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollerStatus {
    /// Who polls.
    pub state: PollerState,
    /// Between two sweeps, as configured.
    pub wanted_interval: Duration,
    /// Between two sweeps, as the exchange's limits allow: longer than wanted means stretched.
    pub interval: Duration,
    /// The last cycle of this process that came to its end, well or not.
    pub last_cycle: Option<CycleStatus>,
    /// The last cycle of this process that saw every market.
    pub last_full: Option<CycleStatus>,
    /// Cycles of this process that failed.
    pub failed_cycles: u64,
    /// Cycles of this process in all.
    pub cycles: u64,
}

/// Who polls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PollerState {
    /// This process.
    Leading {
        /// Name of this process in the lease.
        holder: String,
        /// Epoch of the lease.
        epoch: i64,
        /// Since when.
        since: Timestamp,
    },
    /// Another process, or nobody yet; this one takes over when the lease ends.
    Standby {
        /// Who holds the lease, where known.
        holder: Option<String>,
    },
    /// Not this process, ever.
    Off,
}

/// A sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleStatus {
    /// Epoch of the lease.
    pub epoch: i64,
    /// Its number in the epoch of the lease, from 1.
    pub number: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Markets seen.
    pub markets: u64,
    /// Markets whose quotes or metadata had changed.
    pub changed: u64,
    /// Pages read.
    pub pages: u64,
    /// What went wrong, if it failed: then some markets were not seen.
    pub error: Option<String>,
}

/// The exchange's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamStatus {
    /// Whether there is a connection, and since when that is so.
    pub connection: ConnectionStatus,
    /// Whether connections are tried at the usual pace.
    pub circuit: Circuit,
    /// Attempts in a row that failed.
    pub attempts: u32,
    /// Connections made so far.
    pub connections: u64,
    /// When the stream last said anything.
    pub last_message: Option<Timestamp>,
    /// Times messages of a channel were lost.
    pub gaps: u64,
    /// Order books followed.
    pub books: usize,
}

/// Whether connections are tried at the usual pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// They are.
    Closed,
    /// Too many failed: it is probed now and then.
    Open,
}

/// The database and the spool before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseStatus {
    /// Whether it takes what it is given.
    pub health: DatabaseHealth,
    /// When something was last written.
    pub last_written: Option<Timestamp>,
    /// Rows that wait in the spool.
    pub spooled_rows: u64,
    /// Bytes of the spool.
    pub spooled_bytes: u64,
    /// Bytes the spool may have.
    pub spool_max_bytes: u64,
    /// Rows lost since this process started, because the spool was full or broken.
    pub lost_rows: u64,
}

/// Whether the database takes what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseHealth {
    /// It does.
    Up,
    /// It does not.
    Down {
        /// Since when.
        since: Timestamp,
        /// What it said.
        reason: String,
    },
}

/// What the exchange says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExchangeHealth {
    /// Whether it is open at all; `None` before it was asked.
    pub active: Option<bool>,
    /// Whether it trades; `None` before it was asked.
    pub trading: Option<bool>,
    /// When it expects to go on, where it says so.
    pub resumes: Option<Timestamp>,
    /// When it said so.
    pub as_of: Option<Timestamp>,
}

/// Missed trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackfillStatus {
    /// Gaps that wait to be filled, or are being.
    pub pending: u64,
    /// Gaps filled by this process.
    pub filled: u64,
    /// Gaps given up by this process.
    pub unfillable: u64,
    /// Trades fetched for gaps, those the stream had told included.
    pub trades: u64,
}

/// Recording of order books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecorderStatus {
    /// Markets recorded.
    pub markets: usize,
    /// Frames recorded by this process.
    pub frames: u64,
    /// Certificates written by this process.
    pub certificates: u64,
}

/// A look at ingest from outside. Cheap to clone; clones look at the same.
#[derive(Clone, Debug)]
pub struct IngestMonitor {
    status: Arc<RwLock<IngestStatus>>,
}

impl IngestMonitor {
    /// How ingest is doing now.
    pub fn status(&self) -> IngestStatus {
        self.status.read().clone()
    }

    pub(super) fn new(interval: Duration, spool_max_bytes: u64, state: PollerState) -> IngestMonitor {
        let status = IngestStatus {
            poller: PollerStatus {
                state,
                wanted_interval: interval,
                interval,
                last_cycle: None,
                last_full: None,
                failed_cycles: 0,
                cycles: 0,
            },
            stream: StreamStatus {
                connection: ConnectionStatus {
                    link: Link::Off,
                    since: Timestamp::MIN,
                },
                circuit: Circuit::Closed,
                attempts: 0,
                connections: 0,
                last_message: None,
                gaps: 0,
                books: 0,
            },
            database: DatabaseStatus {
                health: DatabaseHealth::Up,
                last_written: None,
                spooled_rows: 0,
                spooled_bytes: 0,
                spool_max_bytes,
                lost_rows: 0,
            },
            exchange: ExchangeHealth::default(),
            backfill: BackfillStatus::default(),
            recorder: RecorderStatus::default(),
        };
        IngestMonitor {
            status: Arc::new(RwLock::new(status)),
        }
    }

    /// A monitor of nothing: no poller, no stream, a database that was never heard of. For doors that are tried alone.
    pub fn idle() -> IngestMonitor {
        IngestMonitor::new(Duration::from_secs(5), 0, PollerState::Off)
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut IngestStatus)) {
        change(&mut self.status.write());
    }
}
