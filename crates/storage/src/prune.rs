//! What need not be kept for ever: [`Store::prune`].

use kmi_domain::Timestamp;

use crate::row::Value;
use crate::{StorageError, Store};

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Cycles.
    pub cycles: u64,
    /// Gaps that had been filled.
    pub gaps: u64,
}

impl Store {
    /// Removes the cycles that ended before a time, and the gaps filled before it. Gaps that were never filled stay, as do
    /// certificates: they speak of history that is kept.
    ///
    /// # Errors
    /// [`StorageError`]; then nothing was removed.
    pub async fn prune(&self, before: Timestamp) -> Result<Pruned, StorageError> {
        let before = || vec![Value::Int(before.micros())];
        let mut session = self.short_writer().await?;
        let cycles = "DELETE FROM poll_cycles WHERE ended < $1";
        let gaps = "DELETE FROM data_gaps WHERE state = 'filled' AND closed < $1";
        let pruned = Pruned {
            cycles: session.execute(cycles, before()).await?,
            gaps: session.execute(gaps, before()).await?,
        };
        session.commit().await?;
        Ok(pruned)
    }
}
