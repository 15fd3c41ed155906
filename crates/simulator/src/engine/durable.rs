//! Making the journal durable without holding up the exchange: one thread syncs for all who wait.

use std::fs::File;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

/// How far the journal is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// This many bytes.
    Durable(u64),
    /// No more: the disk refused, and what it holds past this is not known.
    Failed,
}

/// Syncs a journal's file in a thread of its own; many waiters share one sync.
#[derive(Debug)]
pub(super) struct Syncer {
    thread: Option<JoinHandle<()>>,
    wanted: Arc<Wanted>,
    progress: watch::Receiver<Progress>,
}

#[derive(Debug, Default)]
struct Wanted {
    state: Mutex<Target>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Target {
    bytes: u64,
    stop: bool,
}

impl Syncer {
    /// Starts the thread; `durable` bytes are on disk already.
    pub(super) fn start(file: File, durable: u64) -> Syncer {
        let wanted = Arc::new(Wanted::default());
        let (sender, progress) = watch::channel(Progress::Durable(durable));
        let shared = Arc::clone(&wanted);
        let thread = thread::spawn(move || sync_until_stopped(&file, durable, &shared, &sender));
        Syncer {
            thread: Some(thread),
            wanted,
            progress,
        }
    }

    /// Says that the journal has this many bytes now.
    pub(super) fn want(&self, bytes: u64) {
        let mut target = self.wanted.state.lock();
        target.bytes = target.bytes.max(bytes);
        self.wanted.changed.notify_one();
    }

    /// Waits until this many bytes are durable; false if they never will be.
    pub(super) async fn wait(&self, bytes: u64) -> bool {
        let mut progress = self.progress.clone();
        let reached = progress
            .wait_for(|progress| match progress {
                Progress::Durable(durable) => *durable >= bytes,
                Progress::Failed => true,
            })
            .await;
        matches!(reached.as_deref(), Ok(Progress::Durable(_)))
    }

    /// True once the disk refused.
    pub(super) fn has_failed(&self) -> bool {
        *self.progress.borrow() == Progress::Failed
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.wanted.state.lock().stop = true;
        self.wanted.changed.notify_one();
        // The thread's handle holds the journal's lock; whoever opens the journal next must find it free.
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that makes the journal durable had panicked");
        }
    }
}

fn sync_until_stopped(file: &File, mut durable: u64, wanted: &Wanted, progress: &watch::Sender<Progress>) {
    loop {
        let target = {
            let mut target = wanted.state.lock();
            while target.bytes <= durable && !target.stop {
                wanted.changed.wait(&mut target);
            }
            *target
        };
        if target.bytes > durable {
            if let Err(error) = file.sync_data() {
                // After a failed sync the kernel may have dropped the pages: trying again would lie.
                tracing::error!(%error, "the journal cannot be made durable");
                progress.send_replace(Progress::Failed);
                return;
            }
            durable = target.bytes;
            progress.send_replace(Progress::Durable(durable));
        } else {
            return;
        }
    }
}
