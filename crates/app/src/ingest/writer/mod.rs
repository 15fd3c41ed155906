//! Writing what happens: [`Writer`], one task that gives batches to the database in order, and to the spool while it is out.
//!
//! A batch is one transaction. When the database does not take one, it and all that follow wait in the spool and are written in order
//! when it returns; that is told once at each change, by a log line and the gauge `kmi_database_up`. Memory is bounded by the queue before
//! the writer, disk by the spool. At the bound of the spool **the newest quotes are dropped**: what waits already stays contiguous with
//! what is stored, so there is one hole in time and not two. The last eighth of the room is for trades, metadata, cycles and gaps; when that
//! is full too, they are dropped as well. What was dropped is counted and is a gap in the database as soon as it returns; dropped trades are
//! then fetched again from the exchange.

mod queue;
mod record;
mod spool;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kmi_domain::Timestamp;
use kmi_kalshi::clock::Clock;
use kmi_storage::{Batch, GapKey, GapKind, Kept, NewGap, StorageError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use queue::Parcel;
pub(super) use queue::Writing;
pub(super) use queue::rows;
use spool::{Appended, Head, Spool};

use super::keeper::Keeper;
use super::metrics;
use super::settings::WriterSettings;
use super::status::{DatabaseHealth, IngestMonitor};

/// A write that takes longer is spooled as well, so that what comes meanwhile has a place.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest time for the last writes when ingest ends.
const LAST: Duration = Duration::from_secs(3);
/// How long a batch is tried that the database refuses for another reason than being out; a sick disk shows so, too.
const REFUSED: Duration = Duration::from_mins(1);

/// Gives batches to the database.
pub(super) struct Writer {
    keeper: Arc<dyn Keeper>,
    clock: Arc<dyn Clock>,
    monitor: IngestMonitor,
    settings: WriterSettings,
    inbox: mpsc::Receiver<Parcel>,
    /// Told of epochs under which a write was refused.
    lost_epochs: mpsc::Sender<i64>,
    spool: Spool,
    /// A batch of the spool that is being written.
    trying: Option<(Head, BoxFuture<'static, Result<Kept, StorageError>>)>,
    next_try: Instant,
    wait: Duration,
    /// Since when the oldest batch is refused, though the database is not out.
    refused: Option<Instant>,
    holes: Holes,
}

/// Since when something was dropped.
#[derive(Debug, Default)]
struct Holes {
    snapshots: Option<Timestamp>,
    trades: Option<Timestamp>,
}

impl Writer {
    /// A writer and the way to it.
    ///
    /// # Errors
    /// When the spool cannot be opened.
    pub(super) fn new(
        keeper: Arc<dyn Keeper>,
        clock: Arc<dyn Clock>,
        monitor: IngestMonitor,
        settings: WriterSettings,
        lost_epochs: mpsc::Sender<i64>,
    ) -> std::io::Result<(Writer, Writing)> {
        let (writing, inbox) = queue::channel(settings.queue_rows);
        let spool = Spool::open(&settings.spool_dir, settings.spool_max_bytes)?;
        metrics::database_up(true);
        if !spool.is_empty() {
            tracing::info!(
                rows = spool.rows(),
                bytes = spool.bytes(),
                "the spool holds rows of before"
            );
        }
        let writer = Writer {
            keeper,
            clock,
            monitor,
            wait: settings.retry_first,
            settings,
            inbox,
            lost_epochs,
            spool,
            trying: None,
            next_try: Instant::now(),
            refused: None,
            holes: Holes::default(),
        };
        writer.tell_spool();
        Ok((writer, writing))
    }

    /// Runs until every giver is gone and all they gave is written, or in the spool.
    pub(super) async fn run(mut self) {
        loop {
            let more = if self.spool.is_empty() && self.trying.is_none() {
                self.direct().await
            } else {
                self.through_spool().await
            };
            if !more {
                break;
            }
        }
        self.finish().await;
    }

    /// Takes the next batch and writes it. False when there are no more.
    async fn direct(&mut self) -> bool {
        let Some(parcel) = self.inbox.recv().await else {
            return false;
        };
        let batch = Arc::new(parcel.batch);
        let mut write = self.write(Arc::clone(&batch));
        match timeout(PATIENCE, &mut write).await {
            Ok(Ok(kept)) => self.written(&kept),
            Ok(Err(StorageError::LeaseLost { epoch, .. })) => self.outrun(&batch, epoch),
            Ok(Err(error)) => {
                self.went_down(&error);
                self.put_aside(Arc::unwrap_or_clone(batch));
            }
            Err(_) => {
                // It goes on; its place in the spool keeps it safe and in order.
                self.put_aside(Batch::clone(&batch));
                if let Some(head) = self.head() {
                    self.trying = Some((head, write));
                }
            }
        }
        true
    }

    /// Takes batches into the spool while its oldest is written. False when there are no more.
    async fn through_spool(&mut self) -> bool {
        if self.trying.is_none() && Instant::now() >= self.next_try {
            self.try_head();
        }
        let next_try = self.next_try;
        tokio::select! {
            parcel = self.inbox.recv() => match parcel {
                Some(parcel) => self.put_aside(parcel.batch),
                None => return false,
            },
            result = outcome(&mut self.trying) => self.tried(result),
            () = sleep_until(next_try), if self.trying.is_none() => {}
        }
        true
    }

    fn try_head(&mut self) {
        if let Some(head) = self.head() {
            let write = self.write(Arc::new(head.batch.clone()));
            self.trying = Some((head, write));
        }
    }

    /// Judges a try to write the head of the spool.
    fn tried(&mut self, result: Result<Kept, StorageError>) {
        let Some((mut head, _)) = self.trying.take() else {
            return;
        };
        match result {
            Ok(kept) => {
                self.take(&head);
                self.written(&kept);
            }
            // Its cycle was overtaken; what it saw stays true.
            Err(StorageError::LeaseLost { .. }) if head.batch.cycle.is_some() => {
                head.batch.cycle = None;
                head.batch.fence = None;
                let write = self.write(Arc::new(head.batch.clone()));
                self.trying = Some((head, write));
            }
            Err(StorageError::LeaseLost { .. }) => self.take(&head),
            Err(error)
                if !error.is_outage() && self.refused.is_some_and(|since| since.elapsed() >= REFUSED) =>
            {
                let lost = rows(&head.batch) as u64;
                tracing::error!(error = %chain(&error), rows = lost, "the database refuses a batch for good; it is dropped");
                self.lose(lost);
                self.take(&head);
                self.refused = None;
            }
            Err(error) => {
                self.refused = (!error.is_outage()).then(|| self.refused.unwrap_or_else(Instant::now));
                self.went_down(&error);
            }
        }
    }

    fn write(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Kept, StorageError>> {
        let keeper = Arc::clone(&self.keeper);
        Box::pin(async move { keeper.keep(&batch).await })
    }

    fn written(&mut self, kept: &Kept) {
        metrics::written(kept);
        self.refused = None;
        self.wait = self.settings.retry_first;
        self.next_try = Instant::now();
        let now = self.clock.now();
        let mut was_down = None;
        self.monitor.update(|status| {
            status.database.last_written = Some(now);
            if let DatabaseHealth::Down { since, .. } = &status.database.health {
                was_down = Some(*since);
                status.database.health = DatabaseHealth::Up;
            }
        });
        if let Some(since) = was_down {
            metrics::database_up(true);
            tracing::warn!(%since, spooled_rows = self.spool.rows(), "the database takes rows again");
        }
        self.fill_holes(now);
        self.tell_spool();
    }

    fn went_down(&mut self, error: &StorageError) {
        self.next_try = Instant::now() + self.wait;
        self.wait = (self.wait * 2).min(self.settings.retry_cap);
        let (now, reason) = (self.clock.now(), chain(error));
        let mut is_new = false;
        self.monitor.update(|status| {
            is_new = status.database.health == DatabaseHealth::Up;
            let since = match status.database.health {
                DatabaseHealth::Down { since, .. } => since,
                DatabaseHealth::Up => now,
            };
            status.database.health = DatabaseHealth::Down {
                since,
                reason: reason.clone(),
            };
        });
        if is_new {
            metrics::database_up(false);
            tracing::error!(error = %reason, "the database does not take rows; they are spooled");
        }
    }

    /// Under which a batch was gathered passed on: whoever has the lease now has seen what it holds, or will fetch it.
    fn outrun(&mut self, batch: &Batch, epoch: i64) {
        tracing::warn!(
            epoch,
            rows = rows(batch),
            "another process has taken over; a batch is thrown away"
        );
        // Full means that it is known already.
        let _ = self.lost_epochs.try_send(epoch);
    }

    /// Adds a batch to the spool; what does not fit is lost, and noted.
    fn put_aside(&mut self, mut batch: Batch) {
        let now = self.clock.now();
        batch.gaps.extend(self.open_holes());
        let (has_trades, all) = (!batch.trades.is_empty(), rows(&batch) as u64);
        let lost = match self.spool.append(batch) {
            Ok(Appended::Whole) => 0,
            Ok(Appended::WithoutSnapshots(lost)) => {
                self.holes.snapshots.get_or_insert(now);
                lost
            }
            Ok(Appended::Nothing(lost)) => {
                self.lose_all(now, has_trades);
                lost
            }
            Err(error) => {
                tracing::error!(%error, "the spool cannot be written");
                self.lose_all(now, has_trades);
                all
            }
        };
        self.lose(lost);
        self.tell_spool();
    }

    fn lose_all(&mut self, now: Timestamp, has_trades: bool) {
        self.holes.snapshots.get_or_insert(now);
        if has_trades {
            self.holes.trades.get_or_insert(now);
        }
    }

    fn lose(&self, rows: u64) {
        if rows == 0 {
            return;
        }
        metrics::lost(rows);
        self.monitor.update(|status| status.database.lost_rows += rows);
    }

    /// What was dropped and still is, for a batch that goes to the spool: so that it is known after a crash too.
    fn open_holes(&self) -> Vec<NewGap> {
        self.holes.gaps(None)
    }

    /// Once there is room again: what was dropped becomes gaps that have an end.
    fn fill_holes(&mut self, now: Timestamp) {
        let gaps = self.holes.gaps(Some(now));
        if gaps.is_empty() || !self.spool.is_empty() {
            return;
        }
        self.holes = Holes::default();
        let batch = Batch {
            gaps,
            ..Batch::default()
        };
        // By way of the spool, so that it is written like all else, and tried again.
        self.put_aside(batch);
    }

    fn head(&mut self) -> Option<Head> {
        match self.spool.head() {
            Ok((head, lost)) => {
                self.lose(lost);
                head
            }
            Err(error) => {
                tracing::error!(%error, "the spool cannot be read");
                self.next_try = Instant::now() + self.settings.retry_cap;
                None
            }
        }
    }

    fn take(&mut self, head: &Head) {
        if let Err(error) = self.spool.take(head) {
            tracing::error!(%error, "a file of the spool cannot be deleted");
        }
    }

    fn tell_spool(&self) {
        let (rows, bytes) = (self.spool.rows(), self.spool.bytes());
        metrics::spool(rows, bytes);
        self.monitor.update(|status| {
            status.database.spooled_rows = rows;
            status.database.spooled_bytes = bytes;
        });
    }

    /// One last attempt at what is in the spool; the rest waits there for the next process.
    async fn finish(mut self) {
        let until = Instant::now() + LAST;
        while !self.spool.is_empty() {
            if self.trying.is_none() {
                self.try_head();
            }
            let Ok(result) = tokio::time::timeout_at(until, outcome(&mut self.trying)).await else {
                break;
            };
            let failed = result.is_err();
            self.tried(result);
            if failed && self.trying.is_none() {
                break;
            }
        }
        if !self.spool.is_empty() {
            tracing::warn!(
                rows = self.spool.rows(),
                "rows stay in the spool until the next start"
            );
        }
    }
}

impl Holes {
    fn gaps(&self, to: Option<Timestamp>) -> Vec<NewGap> {
        let gap = |kind, from: Option<Timestamp>| {
            Some(NewGap {
                key: GapKey {
                    kind,
                    ticker: None,
                    from: from?,
                },
                to,
                reason: "the database was out and the spool was full".to_owned(),
            })
        };
        let snapshots = gap(GapKind::Snapshots, self.snapshots);
        let trades = gap(GapKind::Trades, self.trades);
        snapshots.into_iter().chain(trades).collect()
    }
}

/// What becomes of the try that is under way; never, when there is none.
async fn outcome(
    trying: &mut Option<(Head, BoxFuture<'static, Result<Kept, StorageError>>)>,
) -> Result<Kept, StorageError> {
    match trying {
        Some((_, write)) => write.await,
        None => std::future::pending().await,
    }
}

/// An error with its sources, for people.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
