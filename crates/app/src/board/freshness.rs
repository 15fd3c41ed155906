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
    /// Since when quotes of all markets have come without a break, told by the first of them; `None` while none came.
    pub quoted_since: Option<Timestamp>,
    /// When the stream last said anything, if it ever did.
    pub heard: Option<Timestamp>,
    /// Age from which what is shown counts as stale.
    pub stale_after: Duration,
}

impl Freshness {
    /// When what is shown of the market was last known to be right: when it was last told or swept, or, while quotes have come without
    /// a break ever since, when the stream last said anything.
    pub fn as_of(&self, market: &MarketState) -> Timestamp {
        match market.source {
            Source::Cache => market.as_of,
            Source::WebSocket | Source::Poll => self.confirmed(market.as_of, self.quoted_since),
        }
    }

    /// When a book that is in sync was last known to be right.
    pub(super) fn book_as_of(&self, told: Timestamp) -> Timestamp {
        self.confirmed(told, self.connected_since)
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

    fn confirmed(&self, as_of: Timestamp, unbroken_since: Option<Timestamp>) -> Timestamp {
        let is_unbroken = unbroken_since.is_some_and(|since| as_of >= since);
        match self.heard {
            Some(heard) if is_unbroken => heard.max(as_of),
            _ => as_of,
        }
    }

    /// What is told by a time well ahead of ours is as good as old: a clock was set back, and its age is not known.
    fn is_old(&self, as_of: Timestamp, now: Timestamp) -> bool {
        let age = now.micros_since(as_of).unsigned_abs();
        u128::from(age) > self.stale_after.as_micros()
    }
}

/// Longest time by which what is told may lag behind what was told before; by more, our clock was set back, and what is told now is newer.
const LONGEST_LAG: Duration = Duration::from_mins(2);

/// Whether something known of `known` is newer than what is told of `told`.
pub(super) fn is_newer(known: Timestamp, told: Timestamp) -> bool {
    known > told && known <= told.plus(LONGEST_LAG)
}

/// The later of the two, unless our clock was set back in between.
pub(super) fn later(known: Timestamp, told: Timestamp) -> Timestamp {
    if is_newer(known, told) { known } else { told }
}

/// Signs of life.
#[derive(Debug)]
pub(super) struct Pulse {
    time: Instant,
    heard: Instant,
    swept: Instant,
    /// When the first quote came since the last break.
    quoted: RwLock<Option<Timestamp>>,
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
        // An error would say that it is to stay as it is.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |known| {
            let at = later(Timestamp::from_micros(known), at).micros();
            (at != known).then_some(at)
        });
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
            quoted: RwLock::new(None),
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
        // Who has no time to tell ticks with the least there is.
        if at > Timestamp::MIN {
            self.time.reach(at);
        }
    }

    /// A quote came.
    pub(super) fn quote(&self, at: Timestamp) {
        self.hear(at);
        let is_known = self.quoted.read().is_some_and(|since| !was_set_back(since, at));
        if !is_known {
            *self.quoted.write() = Some(at);
        }
    }

    /// Quotes were lost, or come no more.
    pub(super) fn break_quotes(&self) {
        *self.quoted.write() = None;
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
        if connection.link != Link::Connected {
            self.break_quotes();
        }
        *self.connection.write() = connection;
    }
}

/// Whether our clock was set back since.
fn was_set_back(since: Timestamp, at: Timestamp) -> bool {
    since > at.plus(LONGEST_LAG)
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
        let is_connected = connection.link == Link::Connected;
        Freshness {
            connected_since: is_connected.then_some(connection.since),
            quoted_since: self.inner.pulse.quoted.read().filter(|_| is_connected),
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
