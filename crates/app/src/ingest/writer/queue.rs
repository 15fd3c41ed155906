//! What waits for the writer, bounded: [`Writing`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kmi_storage::Batch;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Batches that wait, whatever their size.
const BATCHES: usize = 1_024;
/// Rows a market with its JSON counts for: it is about so many times larger.
const MARKET_ROWS: usize = 20;

/// The giving end. Cloning copies a handle; when all are gone the writer finishes.
#[derive(Clone, Debug)]
pub(in crate::ingest) struct Writing {
    sender: mpsc::Sender<Parcel>,
    room: Arc<Semaphore>,
    bound: usize,
    losses: Arc<AtomicU64>,
}

/// A batch with the room it takes until it is written or spooled.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) batch: Batch,
    _room: OwnedSemaphorePermit,
}

/// Both ends, with room for `bound` rows between them.
pub(super) fn channel(bound: usize) -> (Writing, mpsc::Receiver<Parcel>) {
    let bound = bound.clamp(1, Semaphore::MAX_PERMITS);
    let (sender, receiver) = mpsc::channel(BATCHES);
    let room = Arc::new(Semaphore::new(bound));
    let losses = Arc::default();
    (
        Writing {
            sender,
            room,
            bound,
            losses,
        },
        receiver,
    )
}

impl Writing {
    /// How often rows were dropped by now and there is room again: when it changes, what can be brought again is to be brought again.
    pub(in crate::ingest) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    /// The writer's end of [`Writing::losses`].
    pub(super) fn losses_to_tell(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.losses)
    }

    /// Hands a batch over; waits while there is no room. An empty one is passed over.
    pub(in crate::ingest) async fn put(&self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let rows = u32::try_from(weight(&batch).min(self.bound)).unwrap_or(u32::MAX);
        let Ok(room) = Arc::clone(&self.room).acquire_many_owned(rows).await else {
            return;
        };
        // An error says that the writer is gone, which only a crash does before its givers.
        let _ = self.sender.send(Parcel { batch, _room: room }).await;
    }
}

/// Rows of a batch.
pub(in crate::ingest) fn rows(batch: &Batch) -> usize {
    batch.snapshots.len()
        + batch.trades.len()
        + batch.series.len()
        + batch.events.len()
        + batch.markets.len()
        + usize::from(batch.cycle.is_some())
        + batch.gaps.len()
        + batch.closed_gaps.len()
}

/// Rows as room is counted in.
fn weight(batch: &Batch) -> usize {
    rows(batch) + batch.markets.len() * (MARKET_ROWS - 1)
}
