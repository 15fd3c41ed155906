//! Full sweeps at a fixed cadence: [`Poller`].

mod pace;
mod sweep;

use std::sync::Arc;
use std::time::Duration;

use kmi_kalshi::limit::AcquireError;
use kmi_kalshi::rest;
use kmi_storage::{Batch, Fence, PollCycle};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::metrics;
use super::shared::Shared;
use super::status::CycleStatus;
use pace::{Pace, Went};
use sweep::{Found, Keep, SweepError, Sweeper};

/// Longest wait for the first word about the lease, before the first sweep.
const FIRST_WORD: Duration = Duration::from_millis(500);
/// Shortest interval there may be.
const SHORTEST: Duration = Duration::from_millis(100);
/// Longest time of a sweep, in intervals; never less than a minute.
const PATIENCE: u32 = 12;

/// Sweeps all open markets: for the database while this process leads, else now and then for its own board.
pub(super) struct Poller {
    shared: Arc<Shared>,
    sweeper: Sweeper,
    wanted: Duration,
    pace: Pace,
    /// The last cycle for the database.
    last: Option<Last>,
    /// When the last sweep for our own board only began.
    own: Option<Instant>,
}

/// A cycle for the database.
#[derive(Clone, Copy, Debug)]
struct Last {
    epoch: i64,
    number: u64,
    /// Whether one of this epoch has kept every market.
    has_everything: bool,
    /// What [`Writing::losses`](super::writer::Writing::losses) was when it had.
    losses: u64,
}

impl Poller {
    pub(super) fn new(shared: Arc<Shared>) -> Poller {
        let wanted = shared.settings.interval.max(SHORTEST);
        Poller {
            sweeper: Sweeper::new(Arc::clone(&shared)),
            wanted,
            pace: Pace::new(wanted),
            shared,
            last: None,
            own: None,
        }
    }

    /// Sweeps until `stop`. Sweeps begin at whole multiples of the interval after the first; none is begun late to make up for one that
    /// took too long. Whoever comes to lead begins at once.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut leadership = self.shared.leadership.clone();
        // Without an answer the first sweep is for our own board.
        let _ = timeout(FIRST_WORD, leadership.wait_for(|leadership| leadership.asked)).await;
        leadership.mark_unchanged();
        let mut ticks = interval(self.wanted);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut due: Option<Instant> = None;
        let mut connections = self.shared.connections.subscribe();
        loop {
            let tick = tokio::select! {
                () = stop.cancelled() => return,
                tick = ticks.tick() => tick,
                Ok(()) = connections.changed() => {
                    // Quotes that changed while there was no stream are told by a sweep only.
                    if leadership.borrow().fence.is_none() && *connections.borrow_and_update() > 1 {
                        self.own = None;
                        ticks.reset_immediately();
                        due = None;
                    }
                    continue;
                }
                Ok(()) = leadership.changed() => {
                    if leadership.borrow_and_update().fence.is_some() {
                        ticks.reset_immediately();
                        due = None;
                    }
                    continue;
                }
            };
            if due.is_some_and(|due| tick < due) {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.turn(tick) => {}
            }
            // Half an interval early, as ticks are not exact; the next tick is a multiple all the same.
            due = Some(tick + self.pace.interval() - self.wanted / 2);
        }
    }

    async fn turn(&mut self, tick: Instant) {
        let fence = self.shared.leadership.borrow().fence.clone();
        if let Some(fence) = fence {
            metrics::start_delay(tick.elapsed());
            return self.cycle(fence).await;
        }
        let pause = self.shared.settings.standby_interval;
        if self.own.is_none_or(|own| own.elapsed() >= pause) {
            self.own = Some(Instant::now());
            self.sweep(&Keep::Nothing).await;
        }
    }

    /// A sweep for the database, recorded however it goes.
    async fn cycle(&mut self, fence: Fence) {
        let mut last = self
            .last
            .filter(|last| last.epoch == fence.epoch)
            .unwrap_or(Last {
                epoch: fence.epoch,
                number: 0,
                has_everything: false,
                losses: 0,
            });
        // What was dropped on its way to the database is on the board, so no change would bring it again.
        let losses = self.shared.writing.losses();
        last.has_everything &= last.losses == losses;
        last.losses = losses;
        last.number += 1;
        self.last = Some(last);
        let keep = if last.has_everything {
            Keep::Changes(fence.clone())
        } else {
            Keep::Everything(fence.clone())
        };
        let started = self.shared.clock.now();
        // Said of this cycle: by what it was begun, not by what it led to.
        let interval = self.pace.interval();
        let (found, error) = self.sweep(&keep).await;
        last.has_everything |= error.is_none();
        self.last = Some(last);
        let cycle = PollCycle {
            fence: fence.clone(),
            number: last.number,
            holder: self.shared.holder.clone(),
            started,
            ended: self.shared.clock.now(),
            markets: found.markets,
            changed: found.changed,
            pages: found.pages,
            errors: u64::from(error.is_some()),
            first_error: error.as_ref().map(ToString::to_string),
            interval_ms: millis(interval),
            wanted_interval_ms: millis(self.wanted),
        };
        self.tell(&cycle);
        let batch = Batch {
            snapshots: found.snapshots,
            cycle: Some(cycle),
            fence: Some(fence),
            ..Batch::default()
        };
        self.shared.writing.put(batch).await;
    }

    async fn sweep(&mut self, keep: &Keep) -> (Found, Option<SweepError>) {
        let begun = Instant::now();
        let patience = (self.wanted * PATIENCE).max(Duration::from_mins(1));
        let mut found = Found::default();
        let result = timeout(patience, self.sweeper.run(keep, &mut found)).await;
        let result = result.unwrap_or(Err(SweepError::TooLong(patience)));
        let took = begun.elapsed();
        let before = self.pace;
        self.pace.learn(match &result {
            Ok(()) => Went::Took(took),
            Err(SweepError::Rest(error)) if is_too_many(error) => Went::Refused,
            Err(_) => Went::Failed,
        });
        self.tell_pace(before, took);
        match &result {
            Ok(()) => metrics::markets(found.markets),
            Err(error) => tracing::warn!(%error, pages = found.pages, "a sweep was abandoned"),
        }
        metrics::cycle(if result.is_ok() { "full" } else { "failed" }, took);
        (found, result.err())
    }

    fn tell_pace(&self, before: Pace, took: Duration) {
        let (old, new) = (before.interval(), self.pace.interval());
        metrics::interval(new);
        if new == old {
            return;
        }
        self.shared.monitor.update(|status| status.poller.interval = new);
        if new > old {
            tracing::warn!(?took, interval = ?new, wanted = ?self.wanted, "the exchange allows no more: the interval is stretched");
        } else {
            tracing::info!(interval = ?new, wanted = ?self.wanted, "the interval is shorter again");
        }
    }

    fn tell(&self, cycle: &PollCycle) {
        let told = CycleStatus {
            epoch: cycle.fence.epoch,
            number: cycle.number,
            started: cycle.started,
            ended: cycle.ended,
            markets: cycle.markets,
            changed: cycle.changed,
            pages: cycle.pages,
            error: cycle.first_error.clone(),
        };
        self.shared.monitor.update(|status| {
            status.poller.cycles += 1;
            if told.error.is_some() {
                status.poller.failed_cycles += 1;
            } else {
                status.poller.last_full = Some(told.clone());
            }
            status.poller.last_cycle = Some(told);
        });
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Whether the exchange wants fewer requests.
fn is_too_many(error: &rest::Error) -> bool {
    match error {
        rest::Error::TooManyRequests(_) => true,
        rest::Error::Throttled { source, .. } => !matches!(source, AcquireError::NeverFits { .. }),
        _ => false,
    }
}
