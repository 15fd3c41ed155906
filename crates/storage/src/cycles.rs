//! Sweeps of all markets: [`PollCycle`].

use kmi_domain::Timestamp;

use crate::entity::poll_cycles;
use crate::lease::Fence;
use crate::row::{Rows, Table, Value};
use crate::session::Session;
use crate::{Batch, StorageError, Store};

/// One sweep of all markets, however it went.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PollCycle {
    /// Lease under which it was done. Writing it is refused once that has passed on.
    pub fence: Fence,
    /// Place within the epoch of the lease; with the lease and the epoch it tells the cycle from all others.
    pub number: u64,
    /// Who did it.
    pub holder: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Markets seen.
    pub markets: u64,
    /// Markets of which something had changed since the cycle before.
    pub changed: u64,
    /// Pages read.
    pub pages: u64,
    /// Requests that failed for good.
    pub errors: u64,
    /// What the first of them said.
    pub first_error: Option<String>,
    /// Time between two cycles in milliseconds, as it was then.
    pub interval_ms: u64,
    /// Time between two cycles in milliseconds, as configured.
    pub wanted_interval_ms: u64,
}

impl PollCycle {
    /// Whether cycles followed each other more slowly than configured, since the exchange's limits allowed no more.
    pub fn is_stretched(&self) -> bool {
        self.interval_ms > self.wanted_interval_ms
    }
}

impl From<&PollCycle> for poll_cycles::Model {
    fn from(cycle: &PollCycle) -> poll_cycles::Model {
        poll_cycles::Model {
            lease: cycle.fence.lease.clone(),
            epoch: cycle.fence.epoch,
            number: cycle.number.cast_signed(),
            holder: cycle.holder.clone(),
            started: cycle.started.micros(),
            ended: cycle.ended.micros(),
            markets: cycle.markets.cast_signed(),
            changed: cycle.changed.cast_signed(),
            pages: cycle.pages.cast_signed(),
            errors: cycle.errors.cast_signed(),
            first_error: cycle.first_error.clone(),
            interval_ms: cycle.interval_ms.cast_signed(),
            wanted_interval_ms: cycle.wanted_interval_ms.cast_signed(),
        }
    }
}

impl From<poll_cycles::Model> for PollCycle {
    fn from(row: poll_cycles::Model) -> PollCycle {
        PollCycle {
            fence: Fence {
                lease: row.lease,
                epoch: row.epoch,
            },
            number: row.number.cast_unsigned(),
            holder: row.holder,
            started: Timestamp::from_micros(row.started),
            ended: Timestamp::from_micros(row.ended),
            markets: row.markets.cast_unsigned(),
            changed: row.changed.cast_unsigned(),
            pages: row.pages.cast_unsigned(),
            errors: row.errors.cast_unsigned(),
            first_error: row.first_error,
            interval_ms: row.interval_ms.cast_unsigned(),
            wanted_interval_ms: row.wanted_interval_ms.cast_unsigned(),
        }
    }
}

const CYCLES: Table = poll_cycles::Model::TABLE;

impl Store {
    /// Keeps a cycle. True when it is new: the same cycle again changes nothing.
    ///
    /// # Errors
    /// [`StorageError::LeaseLost`] when another has taken over, and what else the names say.
    pub async fn record_cycle(&self, cycle: &PollCycle) -> Result<bool, StorageError> {
        let batch = Batch {
            cycle: Some(cycle.clone()),
            ..Batch::default()
        };
        Ok(self.keep(&batch).await?.cycles == 1)
    }

    /// The latest cycles, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn poll_cycles(&self, limit: u32) -> Result<Vec<PollCycle>, StorageError> {
        let sql = format!(
            "SELECT {} FROM poll_cycles ORDER BY started DESC, epoch DESC, number DESC LIMIT $1",
            CYCLES.column_list()
        );
        let values = vec![Value::Int(i64::from(limit))];
        let found = self.reader().await?.query(&sql, values).await?;
        let rows = found
            .into_rows()
            .map(|mut row| poll_cycles::Model::from_fields(&mut row));
        rows.map(|row| Ok(row?.into())).collect()
    }
}

/// Adds a cycle; says how many were new.
pub(crate) async fn put(session: &mut Session, cycle: &PollCycle) -> Result<u64, StorageError> {
    let mut rows = Rows::new(CYCLES.columns.len());
    rows.push(poll_cycles::Model::from(cycle).into_values());
    Ok(session.insert_new(&CYCLES, rows).await?.values().sum())
}
