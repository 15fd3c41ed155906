//! How old what is shown is: [`Freshness`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use kmi_domain::{MarketStatus, Timestamp};
use parking_lot::RwLock;

use super::{Board, MarketState, Source};
use crate::hub::{ConnectionStatus, Link};

/// What ages are told by, at one moment; for looking at many markets.
#[derive(Clone, Copy, Debug)]
pub struct Freshness {
    /// Since when the stream has been connected without a break; `None` while it is not.
    pub connected_since: Option<Timestamp>,
    /// When the stream last said anything, if it ever did.
    pub heard: Option<Timestamp>,
    /// Age from which what is shown counts as stale.
    pub stale_after: Duration,
}

impl Freshness {
    /// When what is shown of the market was last known to be right: when it was last told or swept, or, while the stream has been
    /// connected ever since, when the stream last said anything.
    pub fn as_of(&self, market: &MarketState) -> Timestamp {
        self.confirmed(market.as_of, market.source)
    }

    /// Whether what is shown of the market is too old to be called live at `now`. What was kept from before is, until it is told anew; what is final
    /// never is.
    pub fn is_stale(&self, market: &MarketState, now: Timestamp) -> bool {
        let told = market.body.status.status();
        if market.source == Source::Cache {
            return true;
        }
        told != Some(MarketStatus::Finalized) && self.is_old(self.as_of(market), now)
    }

    /// When something told at `as_of` was last known to be right.
    pub(super) fn confirmed(&self, as_of: Timestamp, source: Source) -> Timestamp {
        let is_unbroken = self.connected_since.is_some_and(|since| as_of >= since);
        match self.heard {
            Some(heard) if is_unbroken && source != Source::Cache => heard.max(as_of),
            _ => as_of,
        }
    }

    fn is_old(&self, as_of: Timestamp, now: Timestamp) -> bool {
        let age = now.micros_since(as_of);
        u128::try_from(age).is_ok_and(|age| age > self.stale_after.as_micros())
    }
}

/// Signs of life.
#[derive(Debug)]
pub(super) struct Pulse {
    time: Instant,
    heard: Instant,
    swept: Instant,
    connection: RwLock<ConnectionStatus>,
}

/// The latest of some instants.
#[derive(Debug)]
struct Instant(AtomicI64);

impl Instant {
    const fn never() -> Instant {
        Instant(AtomicI64::new(i64::MIN))
    }

    fn reach(&self, at: Timestamp) {
        // Mostly it is later, so looking first saves nothing.
        self.0.fetch_max(at.micros(), Ordering::AcqRel);
    }

    fn get(&self) -> Option<Timestamp> {
        let micros = self.0.load(Ordering::Acquire);
        (micros != i64::MIN).then_some(Timestamp::from_micros(micros))
    }
}

impl Pulse {
    pub(super) fn new() -> Pulse {
        Pulse {
            time: Instant::never(),
            heard: Instant::never(),
            swept: Instant::never(),
            connection: RwLock::new(ConnectionStatus {
                link: Link::Off,
                since: Timestamp::MIN,
            }),
        }
    }

    pub(super) fn time(&self) -> Timestamp {
        self.time.get().unwrap_or(Timestamp::MIN)
    }

    pub(super) fn tick(&self, at: Timestamp) {
        self.time.reach(at);
    }

    pub(super) fn hear(&self, at: Timestamp) {
        self.time.reach(at);
        self.heard.reach(at);
    }

    pub(super) fn sweep(&self, at: Timestamp) {
        self.time.reach(at);
        self.swept.reach(at);
    }

    pub(super) fn connect(&self, connection: ConnectionStatus) {
        *self.connection.write() = connection;
    }
}

impl Board {
    /// Our connection to the exchange's stream.
    pub fn connection(&self) -> ConnectionStatus {
        self.inner.pulse.connection.read().clone()
    }

    /// When the last full sweep ended, if there was one.
    pub fn swept(&self) -> Option<Timestamp> {
        self.inner.pulse.swept.get()
    }

    /// When the stream last said anything, if it ever did.
    pub fn heard(&self) -> Option<Timestamp> {
        self.inner.pulse.heard.get()
    }

    /// What ages are told by, now.
    pub fn freshness(&self) -> Freshness {
        let connection = self.inner.pulse.connection.read();
        Freshness {
            connected_since: (connection.link == Link::Connected).then_some(connection.since),
            heard: self.heard(),
            stale_after: self.inner.settings.stale_after,
        }
    }

    /// When what is shown of the market was last known to be right; see [`Freshness::as_of`].
    pub fn as_of(&self, market: &MarketState) -> Timestamp {
        self.freshness().as_of(market)
    }

    /// Whether what is shown of the market is too old to be called live at `now`; see [`Freshness::is_stale`].
    pub fn is_stale(&self, market: &MarketState, now: Timestamp) -> bool {
        self.freshness().is_stale(market, now)
    }
}
