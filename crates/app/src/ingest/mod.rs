//! Taking in what the exchange says, live: [`Ingest`].
//!
//! Seven tasks around one [`Board`](crate::board::Board) and one database:
//!
//! - `poller`: full sweeps of all open markets at a fixed cadence; `learner`: what sweeps do not tell, such as markets that closed, events,
//!   series.
//! - `stream`: quotes, trades, lifecycles, and the books that somebody watches.
//! - `recorder`: order books of chosen series, into the archive.
//! - `backfill`: trades that the stream missed.
//! - `writer`: everything into the database, or into the spool while that is out.
//! - `lease`: of several processes on one database one polls and writes; all of them keep their boards.
//!
//! What bounds them: the queue before the writer ([`WriterSettings::queue_rows`]), the spool ([`WriterSettings::spool_max_bytes`]), the
//! stream's own queues ([`ws::Bounds`]), the exchange's token bucket. Names of what is counted: the
//! table in `metrics.rs`.

mod backfill;
mod chores;
mod keeper;
mod learner;
mod lease;
mod metrics;
mod poller;
mod recorder;
mod rows;
mod settings;
mod shared;
mod status;
mod stream;
mod wants;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;

use kmi_kalshi::ws;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use backfill::Backfiller;
use learner::Learner;
use lease::{Electorate, Leadership};
use poller::Poller;
use recorder::Recorder;
use shared::Shared;
use stream::Stream;
use wants::Wants;
use writer::Writer;

pub use keeper::{Keeper, Piece};
pub use settings::{
    BackfillSettings, Combos, IngestParts, IngestSettings, LeaseSettings, PollerRole, RetentionSettings,
    WriterSettings,
};
pub use status::{
    BackfillStatus, Circuit, CycleStatus, DatabaseHealth, DatabaseStatus, ExchangeHealth, IngestMonitor,
    IngestStatus, PollerState, PollerStatus, RecorderStatus, StreamStatus,
};

/// Ingest at work. Dropping it ends everything at once, as a crash would; to end it well, cancel its token and wait.
#[derive(Debug)]
pub struct Ingest {
    monitor: IngestMonitor,
    all: JoinHandle<()>,
}

/// Why ingest does not start.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Its spool cannot be used.
    #[error("the spool in {folder} cannot be used")]
    Spool {
        /// Folder of the spool.
        folder: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Ingest {
    /// Starts everything: poller, stream, writer.
    ///
    /// # Errors
    /// When the spool cannot be opened.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start<K: Keeper>(
        settings: IngestSettings,
        parts: IngestParts<K>,
        stop: CancellationToken,
    ) -> Result<Ingest, IngestError> {
        let state = match settings.poller {
            PollerRole::Elected => PollerState::Standby { holder: None },
            PollerRole::Off => PollerState::Off,
        };
        let monitor = IngestMonitor::new(settings.interval, settings.writer.spool_max_bytes, state);
        let works = Works::new(settings, parts, monitor.clone())?;
        let all = tokio::spawn(works.run(stop));
        Ok(Ingest { monitor, all })
    }

    /// How it is doing now.
    pub fn status(&self) -> IngestStatus {
        self.monitor.status()
    }

    /// A handle that tells how it is doing.
    pub fn monitor(&self) -> IngestMonitor {
        self.monitor.clone()
    }

    /// Waits until everything has ended: after the token was cancelled, when all is written, the lease is given back and the
    /// connection closed. Should a part of it break, which is a bug, everything else ends as well.
    pub async fn finished(mut self) {
        // An error says that a task panicked, which has been told by its message.
        let _ = (&mut self.all).await;
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        self.all.abort();
    }
}

/// The parts before they run.
struct Works {
    shared: Arc<Shared>,
    electorate: Option<Electorate>,
    writer: Writer,
    holes: mpsc::Receiver<backfill::Hole>,
    stream: Option<(ws::Config, ws::Parts)>,
}

impl Works {
    fn new<K: Keeper>(
        settings: IngestSettings,
        parts: IngestParts<K>,
        monitor: IngestMonitor,
    ) -> Result<Works, IngestError> {
        let keeper: Arc<dyn Keeper> = Arc::new(parts.store);
        let (lost_epochs, lost) = mpsc::channel(8);
        let (leadership, led) = watch::channel(Leadership::default());
        let (backfilling, holes) = backfill::channel();
        let writer_settings = settings.writer.clone();
        let folder = writer_settings.spool_dir.clone();
        let (writer, writing) = Writer::new(
            Arc::clone(&keeper),
            Arc::clone(&parts.clock),
            monitor.clone(),
            writer_settings,
            lost_epochs,
        )
        .map_err(|source| IngestError::Spool { folder, source })?;
        let electorate = Electorate {
            keeper: Arc::clone(&keeper),
            clock: Arc::clone(&parts.clock),
            monitor: monitor.clone(),
            holder: parts.holder.clone(),
            settings: settings.lease,
            leadership,
            lost,
        };
        let is_elected = settings.poller == PollerRole::Elected;
        let shared = Arc::new(Shared {
            settings,
            holder: parts.holder,
            rest: parts.rest,
            keeper,
            board: parts.board,
            clock: parts.clock,
            monitor,
            writing,
            leadership: led,
            wants: Wants::default(),
            backfilling,
            connections: watch::Sender::new(0),
            swept: watch::Sender::new(0),
            recorded: watch::Sender::new(BTreeMap::new()),
        });
        Ok(Works {
            shared,
            electorate: is_elected.then_some(electorate),
            writer,
            holes,
            stream: parts.stream,
        })
    }

    /// Runs until `stop`, or until something breaks; then ends everything in the order in which it depends on each other: first those who
    /// bring, then who writes, then the lease.
    async fn run(self, stop: CancellationToken) {
        let stop = stop.child_token();
        let released = CancellationToken::new();
        let mut lease = JoinSet::new();
        if let Some(electorate) = self.electorate {
            lease.spawn(electorate.run(released.clone()));
        }
        let mut writer = JoinSet::new();
        writer.spawn(self.writer.run());
        let mut bringers = JoinSet::new();
        let shared = self.shared;
        bringers.spawn(Poller::new(Arc::clone(&shared)).run(stop.clone()));
        bringers.spawn(Learner::new(Arc::clone(&shared)).run(stop.clone()));
        bringers.spawn(Backfiller::new(Arc::clone(&shared), self.holes).run(stop.clone()));
        bringers.spawn(chores::watch_exchange(Arc::clone(&shared), stop.clone()));
        bringers.spawn(chores::keep_house(Arc::clone(&shared), stop.clone()));
        if let Some((config, parts)) = self.stream {
            let (client, events) = ws::Client::connect(config, parts);
            let (frames, recorded) = recorder::channel();
            // It ends after the stream, whose last frames it takes.
            bringers.spawn(Recorder::new(Arc::clone(&shared), recorded).run());
            bringers.spawn(Stream::new(Arc::clone(&shared), client, events, frames).run(stop.clone()));
        }
        // The writer ends when nobody can give it anything any more.
        drop(shared);
        while !bringers.is_empty() {
            tokio::select! {
                Some(ended) = bringers.join_next() => tell_broken(ended, &stop),
                // Neither ends before the bringers unless it breaks: without a writer nothing is kept, and without an election nobody
                // knows who leads.
                Some(ended) = writer.join_next() => {
                    tell_broken(ended, &stop);
                    stop.cancel();
                }
                Some(ended) = lease.join_next() => {
                    tell_broken(ended, &stop);
                    stop.cancel();
                }
            }
        }
        join(&mut writer, &stop).await;
        released.cancel();
        join(&mut lease, &stop).await;
    }
}

/// Says that a part broke, and ends the others.
fn tell_broken(ended: Result<(), JoinError>, stop: &CancellationToken) {
    if let Err(error) = ended {
        tracing::error!(%error, "a part of ingest broke; it stops");
        stop.cancel();
    }
}

/// Waits for tasks; one that breaks ends all others.
async fn join(tasks: &mut JoinSet<()>, stop: &CancellationToken) {
    while let Some(ended) = tasks.join_next().await {
        tell_broken(ended, stop);
    }
}
