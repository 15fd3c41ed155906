//! Writing what happens: [`Writer`], one task that gives batches to the database in order, and to the spool while it is out.
//!
//! A batch is one transaction. When the database does not take one, it and all that follow wait in the spool and are written in order
//! when it returns; that is told once at each change, by a log line and the gauge `kmi_database_up`. Memory is bounded by the queue before
//! the writer, disk by the spool. At the bound of the spool **the newest quotes are dropped**: what waits already stays contiguous with
//! what is stored, so there is one hole in time and not two. The last eighth of the room is for trades, metadata, cycles and gaps; when that
//! is full too, they are dropped as well. Dropped rows are counted. Dropped quotes and trades are a gap in the database as soon as it returns,
//! from the oldest of them on; trades are then fetched again from the exchange, and metadata sent again with the next sweep.
//!
//! A database that does not answer is out as well: a write that takes longer than two seconds is spooled, and after half a minute (which
//! doubles up to five minutes) it is given up and tried again. A batch that the database answers but refuses may be the one at fault, or the
//! database is damaged: it is tried for a minute, then put aside in a file `*.refused` of the spool's folder and noted as dropped. As long as
//! nothing is accepted after that, the next one is tried for two minutes, then four, up to an hour, so that a broken database does not
//! empty the spool.

mod holes;
mod queue;
mod record;
mod spool;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use kmi_domain::Timestamp;
use kmi_kalshi::clock::Clock;
use kmi_storage::{Batch, Kept, StorageError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use holes::{Contents, Holes};
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
/// How much older than its file of the spool a row may be: what waited for the writer.
const BEFORE: Duration = Duration::from_mins(1);
/// Longest time for the last writes when ingest ends.
const LAST: Duration = Duration::from_secs(3);
/// How long a batch is tried that the database refuses for another reason than being out; a sick disk shows so, too. It doubles with every
/// batch refused in a row up to `REFUSED_CAP`.
const REFUSED: Duration = Duration::from_mins(1);
/// Longest time for which a refused batch is tried.
const REFUSED_CAP: Duration = Duration::from_hours(1);
/// How long a batch of the spool may take to be written until it is given up and tried again. It doubles with every one given up in a row
/// up to `SILENT_CAP`.
const SILENT: Duration = Duration::from_secs(30);
/// Longest time a batch of the spool may take.
const SILENT_CAP: Duration = Duration::from_mins(5);

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
    trying: Option<Trying>,
    /// How long the next one may take.
    silent: Duration,
    next_try: Instant,
    wait: Duration,
    /// Since when the oldest batch is refused, though the database is not out.
    refused: Option<Instant>,
    /// How long the next refused one is tried.
    refusal: Duration,
    holes: Holes,
    /// Counts the times rows were dropped and there is room again.
    losses: Arc<AtomicU64>,
}

/// A batch of the spool that is being written.
struct Trying {
    head: Head,
    write: BoxFuture<'static, Result<Kept, StorageError>>,
    until: Instant,
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
            silent: SILENT,
            next_try: Instant::now(),
            refused: None,
            refusal: REFUSED,
            holes: Holes::default(),
            losses: writing.losses_to_tell(),
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
        let mut batch = parcel.batch;
        self.holes.contradict(&mut batch);
        let batch = Arc::new(batch);
        let mut write = self.write(Arc::clone(&batch));
        match timeout(PATIENCE, &mut write).await {
            Ok(Ok(kept)) => self.written(&kept),
            Ok(Err(StorageError::LeaseLost { epoch, .. })) => self.outrun(&batch, epoch),
            Ok(Err(error)) => {
                self.went_down(&chain(&error));
                self.put_aside(Arc::unwrap_or_clone(batch));
            }
            Err(_) => {
                self.went_down(&format!("no answer within {PATIENCE:?}"));
                // It goes on; its place in the spool keeps it safe and in order.
                self.put_aside(Batch::clone(&batch));
                if let Some(head) = self.head() {
                    self.begin(head, write);
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
            let mut batch = head.batch.clone();
            self.holes.contradict(&mut batch);
            let write = self.write(Arc::new(batch));
            self.begin(head, write);
        }
    }

    fn begin(&mut self, head: Head, write: BoxFuture<'static, Result<Kept, StorageError>>) {
        let until = Instant::now() + self.silent;
        self.trying = Some(Trying { head, write, until });
    }

    /// Judges a try to write the head of the spool.
    fn tried(&mut self, outcome: Outcome) {
        let Some(Trying { mut head, .. }) = self.trying.take() else {
            return;
        };
        match outcome {
            Outcome::Answered(Ok(kept)) => {
                self.take(&head);
                self.written(&kept);
            }
            // Its cycle was overtaken; what it saw stays true.
            Outcome::Answered(Err(StorageError::LeaseLost { .. })) if head.batch.cycle.is_some() => {
                head.batch.cycle = None;
                head.batch.fence = None;
                let write = self.write(Arc::new(head.batch.clone()));
                self.begin(head, write);
            }
            Outcome::Answered(Err(StorageError::LeaseLost { .. })) => self.take(&head),
            Outcome::Answered(Err(error)) if error.is_outage() => {
                self.refused = None;
                self.went_down(&chain(&error));
            }
            Outcome::Answered(Err(error)) => {
                let since = *self.refused.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.refusal {
                    self.refuse(&head, &error);
                } else {
                    self.went_down(&chain(&error));
                }
            }
            Outcome::Silence => {
                self.went_down(&format!("no answer within {:?}", self.silent));
                self.silent = (self.silent * 2).min(SILENT_CAP);
            }
        }
    }

    /// The database answers and does not take a batch for good.
    fn refuse(&mut self, head: &Head, error: &StorageError) {
        let lost = rows(&head.batch) as u64;
        let error = chain(error);
        match self.spool.refuse(head) {
            Ok(file) => {
                tracing::error!(%error, rows = lost, file = %file.display(), "the database refuses a batch for good; it is put aside");
            }
            Err(cause) => {
                tracing::error!(%error, rows = lost, %cause, "the database refuses a batch for good; it is dropped");
            }
        }
        self.holes.drop_all(Contents::of(&head.batch));
        self.lose(lost);
        self.take(head);
        self.refused = None;
        self.refusal = (self.refusal * 2).min(REFUSED_CAP);
        self.tell_spool();
    }

    fn write(&self, batch: Arc<Batch>) -> BoxFuture<'static, Result<Kept, StorageError>> {
        let keeper = Arc::clone(&self.keeper);
        Box::pin(async move { keeper.keep(&batch).await })
    }

    fn written(&mut self, kept: &Kept) {
        metrics::written(kept);
        self.refused = None;
        (self.refusal, self.silent) = (REFUSED, SILENT);
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

    fn went_down(&mut self, reason: &str) {
        self.next_try = Instant::now() + self.wait;
        self.wait = (self.wait * 2).min(self.settings.retry_cap);
        let now = self.clock.now();
        let mut is_new = false;
        self.monitor.update(|status| {
            is_new = status.database.health == DatabaseHealth::Up;
            let since = match status.database.health {
                DatabaseHealth::Down { since, .. } => since,
                DatabaseHealth::Up => now,
            };
            status.database.health = DatabaseHealth::Down {
                since,
                reason: reason.to_owned(),
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
        self.holes.contradict(&mut batch);
        batch.gaps.extend(self.holes.open());
        let (contents, all) = (Contents::of(&batch), rows(&batch) as u64);
        let lost = match self.spool.append(batch) {
            Ok(Appended::Whole) => 0,
            Ok(Appended::WithoutSnapshots(lost)) => {
                self.holes.drop_snapshots(contents);
                lost
            }
            Ok(Appended::Nothing(lost)) => {
                self.holes.drop_all(contents);
                lost
            }
            Err(error) => {
                tracing::error!(%error, "the spool cannot be written");
                self.holes.drop_all(contents);
                all
            }
        };
        self.lose(lost);
        self.tell_spool();
    }

    fn lose(&self, rows: u64) {
        if rows == 0 {
            return;
        }
        metrics::lost(rows);
        self.monitor.update(|status| status.database.lost_rows += rows);
    }

    /// Once there is room again: what was dropped becomes gaps that have an end, and who can bring it again is told.
    fn fill_holes(&mut self, now: Timestamp) {
        if self.holes.is_empty() || !self.spool.is_empty() {
            return;
        }
        let gaps = self.holes.close(now);
        self.losses.fetch_add(1, Ordering::Relaxed);
        if !gaps.is_empty() {
            let batch = Batch {
                gaps,
                ..Batch::default()
            };
            // By way of the spool, so that it is written like all else, and tried again.
            self.put_aside(batch);
        }
    }

    fn head(&mut self) -> Option<Head> {
        match self.spool.head() {
            Ok(looked) => {
                self.lose(looked.lost);
                if let Some(since) = looked.damaged_since {
                    // What is in a file happened a little before it was written.
                    self.holes.drop_since(since.minus(BEFORE).min(self.clock.now()));
                }
                looked.head
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
            let Ok(result) = timeout_at(until, outcome(&mut self.trying)).await else {
                break;
            };
            let failed = !matches!(result, Outcome::Answered(Ok(_)));
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

/// What became of a try.
enum Outcome {
    Answered(Result<Kept, StorageError>),
    /// It took too long.
    Silence,
}

/// What becomes of the try that is under way; never, when there is none.
async fn outcome(trying: &mut Option<Trying>) -> Outcome {
    match trying {
        Some(Trying { write, until, .. }) => {
            let answer = timeout_at(*until, write).await;
            answer.map_or(Outcome::Silence, Outcome::Answered)
        }
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
