//! What ingest needs of a database: [`Keeper`].

use std::time::Duration;

use async_trait::async_trait;
use kmi_domain::{Ticker, Timestamp};
use kmi_storage::{
    Batch, BookEntry, CertificateQuery, Gap, GapKind, GapQuery, GapState, Kept, Lease, PollCycle, Pruned,
    Recording, RollReport, StorageError, Store,
};

/// Open gaps looked at in one go.
const GAPS: u32 = 1_000;
/// Cycles looked through for the last of another epoch.
const CYCLES: u32 = 1_000;

/// Where ingest keeps what it learns. [`Store`] is one; tests have one in memory that can be out, slow, or crash.
///
/// The promises are the store's: a batch is kept whole or not at all, the same batch again changes nothing, a batch whose
/// [`Fence`](kmi_storage::Fence) has passed on is refused with [`StorageError::LeaseLost`].
#[async_trait]
pub trait Keeper: Send + Sync + 'static {
    /// Keeps a batch: [`Store::keep`].
    async fn keep(&self, batch: &Batch) -> Result<Kept, StorageError>;

    /// Takes a lease: [`Store::acquire_lease`].
    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>, StorageError>;

    /// Renews a lease: [`Store::renew_lease`].
    async fn renew(&self, lease: &Lease, now: Timestamp, ttl: Duration) -> Result<bool, StorageError>;

    /// Gives a lease back: [`Store::release_lease`].
    async fn release(&self, lease: &Lease) -> Result<(), StorageError>;

    /// The lease of a name: [`Store::lease`].
    async fn lease(&self, name: &str) -> Result<Option<Lease>, StorageError>;

    /// The latest cycle recorded before this epoch of the lease; `None` also where a thousand were recorded since.
    async fn last_cycle_before(&self, epoch: i64) -> Result<Option<PollCycle>, StorageError>;

    /// Open gaps of missing trades, a thousand at most.
    async fn open_trade_gaps(&self) -> Result<Vec<Gap>, StorageError>;

    /// Moves whole days to the archive: [`Store::roll`].
    async fn roll(&self, before: Timestamp) -> Result<RollReport, StorageError>;

    /// Removes what was told of cycles and filled gaps before a time: [`Store::prune`].
    async fn prune(&self, before: Timestamp) -> Result<Pruned, StorageError>;

    /// Begins a piece of a recording of books: [`Store::begin_recording`].
    fn begin_recording(&self, name: &str) -> Box<dyn Piece>;

    /// Until when the books of a market were recorded last, by anybody; `None` if they never were.
    async fn recorded_until(&self, ticker: &Ticker) -> Result<Option<Timestamp>, StorageError>;
}

/// A piece of a recording on its way into the archive: [`Recording`].
#[async_trait]
pub trait Piece: Send + 'static {
    /// Takes in the next entry: [`Recording::push`].
    ///
    /// # Errors
    /// When it cannot be written; the piece is then only good for dropping.
    fn push(&mut self, entry: BookEntry) -> Result<(), StorageError>;

    /// Ends it, and gives how many certificates it has: [`Recording::finish`].
    async fn finish(&mut self, until: Timestamp) -> Result<usize, StorageError>;
}

#[async_trait]
impl Piece for Recording {
    fn push(&mut self, entry: BookEntry) -> Result<(), StorageError> {
        Recording::push(self, entry)
    }

    async fn finish(&mut self, until: Timestamp) -> Result<usize, StorageError> {
        let recorded = Recording::finish(self, until).await?;
        Ok(recorded.map_or(0, |recorded| recorded.certificates.len()))
    }
}

#[async_trait]
impl Keeper for Store {
    async fn keep(&self, batch: &Batch) -> Result<Kept, StorageError> {
        Store::keep(self, batch).await
    }

    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>, StorageError> {
        self.acquire_lease(name, holder, now, ttl).await
    }

    async fn renew(&self, lease: &Lease, now: Timestamp, ttl: Duration) -> Result<bool, StorageError> {
        self.renew_lease(lease, now, ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StorageError> {
        self.release_lease(lease).await
    }

    async fn lease(&self, name: &str) -> Result<Option<Lease>, StorageError> {
        Store::lease(self, name).await
    }

    async fn last_cycle_before(&self, epoch: i64) -> Result<Option<PollCycle>, StorageError> {
        let latest = self.poll_cycles(CYCLES).await?;
        Ok(latest.into_iter().find(|cycle| cycle.fence.epoch < epoch))
    }

    async fn open_trade_gaps(&self) -> Result<Vec<Gap>, StorageError> {
        let query = GapQuery {
            kind: Some(GapKind::Trades),
            state: Some(GapState::Open),
            limit: GAPS,
            ..GapQuery::default()
        };
        self.gaps(&query).await
    }

    async fn roll(&self, before: Timestamp) -> Result<RollReport, StorageError> {
        Store::roll(self, before).await
    }

    async fn prune(&self, before: Timestamp) -> Result<Pruned, StorageError> {
        Store::prune(self, before).await
    }

    fn begin_recording(&self, name: &str) -> Box<dyn Piece> {
        Box::new(Store::begin_recording(self, name))
    }

    async fn recorded_until(&self, ticker: &Ticker) -> Result<Option<Timestamp>, StorageError> {
        let query = CertificateQuery {
            ticker: Some(ticker.clone()),
            limit: 100,
            ..CertificateQuery::default()
        };
        // The latest hour comes first; it may have several pieces.
        let latest = self.certificates(&query).await?;
        Ok(latest.iter().map(|certificate| certificate.to).max())
    }
}
