//! Backtests that run, and those that failed: [`Runs`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use kmi_app::backtest::{BacktestRequest, run_backtest};
use kmi_domain::Timestamp;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::Doors;
use crate::error::chain;

/// Failed runs that are remembered; the oldest are forgotten first. Those that came to their end are in the store.
const FAILED: usize = 100;

/// Backtests that run, and those that failed.
#[derive(Debug)]
pub(crate) struct Runs {
    room: Arc<Semaphore>,
    known: Mutex<BTreeMap<String, Run>>,
}

/// A run as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) strategy: String,
    pub(crate) params: BTreeMap<String, String>,
    /// Why it failed; `None` while it runs.
    pub(crate) failed: Option<String>,
    started: Instant,
    phase: Arc<AtomicU8>,
    abort: Option<AbortHandle>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It reads history.
    Loading,
    /// It trades.
    Running,
    /// It sums up and is kept.
    Saving,
}

impl Run {
    /// How far it is.
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Loading,
            1 => Phase::Running,
            _ => Phase::Saving,
        }
    }

    /// How long it has run.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Runs {
    pub(crate) fn new(at_once: usize) -> Runs {
        Runs {
            room: Arc::new(Semaphore::new(at_once.max(1))),
            known: Mutex::default(),
        }
    }

    /// Runs a backtest in the background; `None` when as many run as may.
    pub(crate) fn start(&self, doors: &Doors, request: BacktestRequest) -> Option<Run> {
        let permit = Arc::clone(&self.room).try_acquire_owned().ok()?;
        let mut run = Run {
            id: request.id.clone(),
            created: request.at,
            strategy: request.strategy.name.to_owned(),
            params: request.params.to_text(),
            failed: None,
            started: Instant::now(),
            phase: Arc::default(),
            abort: None,
        };
        let phase = Arc::clone(&run.phase);
        // Known before it begins, so that it cannot end before it is known.
        let mut known = self.known.lock();
        let task = tokio::spawn(go(doors.clone(), request, phase, permit));
        run.abort = Some(task.abort_handle());
        known.insert(run.id.clone(), run.clone());
        forget(&mut known);
        Some(run)
    }

    /// A run that is not in the store.
    pub(crate) fn get(&self, id: &str) -> Option<Run> {
        self.known.lock().get(id).cloned()
    }

    /// All of them, by id.
    pub(crate) fn all(&self) -> Vec<Run> {
        self.known.lock().values().cloned().collect()
    }

    /// Forgets a run, and ends it if it has not come to its end: its result is not kept. False when there is none.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let run = self.known.lock().remove(id);
        if let Some(abort) = run.as_ref().and_then(|run| run.abort.as_ref()) {
            abort.abort();
        }
        run.is_some()
    }

    fn end(&self, id: &str, failed: Option<String>) {
        let mut known = self.known.lock();
        match failed {
            None => {
                known.remove(id);
            }
            Some(reason) => {
                if let Some(run) = known.get_mut(id) {
                    run.failed = Some(reason);
                }
            }
        }
    }
}

async fn go(doors: Doors, request: BacktestRequest, phase: Arc<AtomicU8>, permit: OwnedSemaphorePermit) {
    let (id, started) = (request.id.clone(), Instant::now());
    let mut ending = Ending {
        doors: doors.clone(),
        id: id.clone(),
        failed: Some("it broke: the log says how".to_owned()),
    };
    // The stopwatch is asked when the loop begins and when it ends. It holds the permit, for it lives as long as the thread that runs, which goes
    // on to its end even when nobody waits for it any more.
    let watch = move || {
        let _ = &permit;
        phase.fetch_add(1, Ordering::Relaxed);
        started.elapsed()
    };
    let failed = match run_backtest(&doors.store, request, watch).await {
        Ok(finished) => finished
            .not_kept
            .map(|why| format!("the result could not be kept: {why}")),
        Err(error) => Some(chain(&error)),
    };
    if let Some(reason) = &failed {
        tracing::warn!(id, reason, "a backtest failed");
    }
    ending.failed = failed;
}

/// Ends a run, also one that panics: nothing is said to run that does not.
struct Ending {
    doors: Doors,
    id: String,
    failed: Option<String>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.doors.runs.end(&self.id, self.failed.take());
    }
}

fn forget(known: &mut BTreeMap<String, Run>) {
    let mut failed: Vec<(Timestamp, String)> = known
        .values()
        .filter(|run| run.failed.is_some())
        .map(|run| (run.created, run.id.clone()))
        .collect();
    failed.sort();
    let surplus = failed.len().saturating_sub(FAILED);
    for (_, id) in failed.into_iter().take(surplus) {
        known.remove(&id);
    }
}
