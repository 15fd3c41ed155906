//! What the recorder needs of the database: [`Archive`], so that the recorder itself never waits for one.

use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{Ticker, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Open, note, note_lost};
use crate::ingest::shared::Shared;

/// Pieces that wait for the database, at most; then the newest is given up.
const ENDING: usize = 64;
/// Jobs that wait, at most: pieces, and markets that come to be recorded.
const JOBS: usize = 4_096;
/// Before the database is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest wait for one answer; it is asked again then.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to the database. Jobs are done in order, so that who looks since when a market was not recorded does not find the piece that
/// was just made.
#[derive(Debug)]
pub(super) struct Archive {
    jobs: mpsc::Sender<Job>,
    room: Arc<Semaphore>,
    task: JoinSet<()>,
}

/// Something to do.
enum Job {
    /// Makes a piece that has ended part of the archive.
    Store(Open, Timestamp, OwnedSemaphorePermit),
    /// Notes that recording of a market did not run since the last certificate.
    NoteAbsence(Ticker, Timestamp),
}

impl Archive {
    pub(super) fn new(shared: Arc<Shared>) -> Archive {
        let (jobs, inbox) = mpsc::channel(JOBS);
        let mut task = JoinSet::new();
        task.spawn(work(shared, inbox));
        let room = Arc::new(Semaphore::new(ENDING));
        Archive { jobs, room, task }
    }

    /// Makes a piece part of the archive, as soon as the database has time. Gives it back when too many wait.
    pub(super) fn store(&self, piece: Open, until: Timestamp) -> Result<(), Open> {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            return Err(piece);
        };
        // The place first, so that what cannot be put is still here.
        let Ok(place) = self.jobs.try_reserve() else {
            return Err(piece);
        };
        place.send(Job::Store(piece, until, room));
        Ok(())
    }

    /// Notes that recording of a market did not run between its last certificate and `at`. False when too many wait.
    pub(super) fn note_absence(&self, ticker: Ticker, at: Timestamp) -> bool {
        self.jobs.try_send(Job::NoteAbsence(ticker, at)).is_ok()
    }

    /// Waits until all is done, for so long at most; gives how many pieces are lost.
    pub(super) async fn finish(self, patience: Duration) -> usize {
        let Archive { jobs, room, mut task } = self;
        drop(jobs);
        let _ = timeout(patience, task.join_next()).await;
        ENDING - room.available_permits()
    }
}

async fn work(shared: Arc<Shared>, mut inbox: mpsc::Receiver<Job>) {
    while let Some(job) = inbox.recv().await {
        match job {
            Job::Store(piece, until, _room) => store(&shared, piece, until).await,
            Job::NoteAbsence(ticker, at) => note_absence(&shared, &ticker, at).await,
        }
    }
}

/// Tries for as long as the database is out.
async fn store(shared: &Shared, mut open: Open, until: Timestamp) {
    loop {
        match open.piece.get_mut().finish(until).await {
            Ok(certificates) => {
                let count = certificates as u64;
                shared
                    .monitor
                    .update(|status| status.recorder.certificates += count);
                return;
            }
            Err(error) if error.is_outage() => sleep(AGAIN).await,
            Err(error) => {
                tracing::error!(%error, "a piece of the recording is lost");
                return note_lost(shared, &open, until).await;
            }
        }
    }
}

/// Tries for as long as the database is out and this process leads.
async fn note_absence(shared: &Shared, ticker: &Ticker, at: Timestamp) {
    while shared.fence().is_some() {
        match timeout(PATIENCE, shared.keeper.recorded_until(ticker)).await {
            Ok(Ok(Some(until))) if until < at => {
                return note(shared, ticker, until, Some(at), "recording did not run").await;
            }
            Ok(Ok(_)) => return,
            Ok(Err(error)) if !error.is_outage() => {
                tracing::warn!(%error, %ticker, "whether its recording has a hole is not known");
                return;
            }
            Ok(Err(_)) | Err(_) => sleep(AGAIN).await,
        }
    }
}
