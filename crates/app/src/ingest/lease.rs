//! The lease that keeps the poller single: [`Electorate`].
//!
//! Of all processes on one database one holds the lease `poller`, renews it every two seconds, and writes what the exchange says;
//! the others stand by and take over when it was not renewed. Writes name the epoch of the lease, so who slept through its end
//! cannot write. While the database is out nobody can be elected, so who led goes on leading, into its spool.

use std::sync::Arc;
use std::time::Duration;

use kmi_domain::Timestamp;
use kmi_kalshi::clock::Clock;
use kmi_storage::{Fence, Lease, StorageError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::keeper::Keeper;
use super::metrics;
use super::settings::LeaseSettings;
use super::status::{DatabaseHealth, IngestMonitor, PollerState};

/// Name of the lease.
pub(super) const LEASE: &str = "poller";
/// Longest time to give the lease back; after that it ends by itself.
const LAST: Duration = Duration::from_secs(2);
/// A standby looks this long after the lease of the other ends.
const AFTER_END: Duration = Duration::from_millis(50);

/// Who leads, as this process knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leadership {
    /// Whether the database was asked at all.
    pub(super) asked: bool,
    /// The fence to write under; `None` while another leads, or nobody.
    pub(super) fence: Option<Fence>,
}

/// Stands for election until it is told to stop.
pub(super) struct Electorate {
    pub(super) keeper: Arc<dyn Keeper>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) monitor: IngestMonitor,
    pub(super) holder: String,
    pub(super) settings: LeaseSettings,
    pub(super) leadership: watch::Sender<Leadership>,
    /// Epochs the writer found lost.
    pub(super) lost: mpsc::Receiver<i64>,
}

/// What is known of the lease.
#[derive(Default)]
struct Known {
    held: Option<Lease>,
    /// When the lease of another ends.
    others_end: Option<Timestamp>,
    /// Whether the last try was answered; a change is told once.
    is_silent: bool,
}

impl Electorate {
    /// Runs until `stop`, then gives the lease back.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut known = Known::default();
        loop {
            let looked = Instant::now();
            self.look(&mut known).await;
            let wait = self.wait(&known);
            let next = tokio::time::sleep_until(looked + wait);
            tokio::pin!(next);
            loop {
                tokio::select! {
                    () = stop.cancelled() => return self.give_back(known).await,
                    Some(epoch) = self.lost.recv() => self.step_down(&mut known, epoch),
                    () = &mut next => break,
                }
            }
        }
    }

    fn wait(&self, known: &Known) -> Duration {
        let Some(end) = known.others_end.filter(|_| known.held.is_none()) else {
            return self.settings.renew;
        };
        let micros = end.micros_since(self.clock.now());
        let until_end = Duration::from_micros(u64::try_from(micros).unwrap_or_default());
        (until_end + AFTER_END).min(self.settings.renew)
    }

    async fn look(&self, known: &mut Known) {
        // Longer would be too late to be of use; what was asked may have been done all the same, which the next look finds out.
        let patience = self.settings.ttl;
        let answer = match known.held.take() {
            Some(lease) => timeout(patience, self.renew(known, lease)).await,
            None => timeout(patience, self.acquire(known)).await,
        };
        let problem = match answer {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {patience:?}")),
        };
        if known.held.is_none() {
            self.tell_database(problem.as_deref());
        }
        match problem {
            None => known.is_silent = false,
            Some(problem) if !known.is_silent => {
                tracing::warn!(%problem, "the lease of the poller cannot be looked at");
                known.is_silent = true;
            }
            Some(_) => {}
        }
        self.tell(known);
    }

    /// Who does not write learns from the lease alone whether the database is there.
    fn tell_database(&self, problem: Option<&str>) {
        let now = self.clock.now();
        self.monitor.update(|status| {
            let since = match status.database.health {
                DatabaseHealth::Down { since, .. } => since,
                DatabaseHealth::Up => now,
            };
            status.database.health = match problem {
                None if status.database.spooled_rows == 0 => DatabaseHealth::Up,
                None => return,
                Some(reason) => DatabaseHealth::Down {
                    since,
                    reason: reason.to_owned(),
                },
            };
        });
        metrics::database_up(problem.is_none());
    }

    async fn renew(&self, known: &mut Known, lease: Lease) -> Result<(), StorageError> {
        // Held until the database says otherwise: while it is out nobody else can have taken it.
        known.held = Some(lease.clone());
        let now = self.clock.now();
        if !self.keeper.renew(&lease, now, self.settings.ttl).await? {
            known.held = None;
            tracing::warn!(
                epoch = lease.epoch,
                "the lease of the poller has passed on; standing by"
            );
        }
        Ok(())
    }

    async fn acquire(&self, known: &mut Known) -> Result<(), StorageError> {
        let now = self.clock.now();
        let ttl = self.settings.ttl;
        if let Some(lease) = self.keeper.acquire(LEASE, &self.holder, now, ttl).await? {
            tracing::info!(epoch = lease.epoch, holder = %self.holder, "this process polls from now on");
            known.held = Some(lease);
            known.others_end = None;
            return Ok(());
        }
        let other = self.keeper.lease(LEASE).await?;
        known.others_end = other.as_ref().map(|lease| lease.expires);
        let holder = other.map(|lease| lease.holder);
        self.monitor.update(|status| {
            if matches!(status.poller.state, PollerState::Standby { .. }) {
                status.poller.state = PollerState::Standby { holder };
            }
        });
        Ok(())
    }

    fn step_down(&self, known: &mut Known, epoch: i64) {
        if known.held.as_ref().is_some_and(|lease| lease.epoch == epoch) {
            tracing::warn!(epoch, "a write was refused, the lease has passed on; standing by");
            known.held = None;
            self.tell(known);
        }
    }

    fn tell(&self, known: &Known) {
        let fence = known.held.as_ref().map(Lease::fence);
        let told = Leadership { asked: true, fence };
        let changed = self.leadership.send_if_modified(|before| {
            let differs = *before != told;
            *before = told;
            differs
        });
        metrics::leading(known.held.is_some());
        if !changed {
            return;
        }
        let held = known.held.clone();
        self.monitor.update(|status| match (held, &status.poller.state) {
            (Some(lease), _) => {
                status.poller.state = PollerState::Leading {
                    holder: lease.holder,
                    epoch: lease.epoch,
                    since: lease.acquired,
                };
            }
            (None, PollerState::Leading { .. }) => {
                status.poller.state = PollerState::Standby { holder: None };
            }
            (None, _) => {}
        });
    }

    async fn give_back(&self, mut known: Known) {
        let Some(lease) = known.held.take() else { return };
        self.tell(&known);
        match timeout(LAST, self.keeper.release(&lease)).await {
            Ok(Ok(())) => tracing::info!(epoch = lease.epoch, "gave the lease of the poller back"),
            Ok(Err(error)) => tracing::warn!(%error, "the lease of the poller ends by itself"),
            Err(_) => tracing::warn!("the lease of the poller ends by itself: no answer"),
        }
    }
}
