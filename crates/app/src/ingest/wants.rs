//! What the exchange is to be asked about: [`Wants`].

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use kmi_domain::{EventTicker, Ticker};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Most names that wait of each kind; more are dropped, and found missing again by the next sweep.
const MOST: usize = 20_000;
/// Combos that are remembered as such, at most.
const IGNORED: usize = 200_000;

/// Markets and events that somebody came upon and the board does not know, or not as they are now. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Wants {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    names: Mutex<Names>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Names {
    markets: BTreeSet<Ticker>,
    events: BTreeSet<EventTicker>,
    /// Markets that are never wanted.
    ignored: HashSet<Ticker>,
}

impl Wants {
    /// Wants markets.
    pub(super) fn markets(&self, tickers: impl IntoIterator<Item = Ticker>) {
        let mut names = self.inner.names.lock();
        let Names { markets, ignored, .. } = &mut *names;
        let before = markets.len();
        let room = MOST.saturating_sub(before);
        let wanted = tickers.into_iter().filter(|ticker| !ignored.contains(ticker));
        markets.extend(wanted.take(room));
        self.tell(before != markets.len());
    }

    /// Never wants this market again: it is a combo, of which the stream tells though they are left out.
    pub(super) fn ignore(&self, ticker: Ticker) {
        let ignored = &mut self.inner.names.lock().ignored;
        if ignored.len() >= IGNORED {
            // They come and go by the thousand; most of these are gone.
            ignored.clear();
        }
        ignored.insert(ticker);
    }

    /// Whether the market is one of those.
    pub(super) fn ignores(&self, ticker: &Ticker) -> bool {
        self.inner.names.lock().ignored.contains(ticker)
    }

    /// True when nothing is wanted.
    pub(super) fn is_empty(&self) -> bool {
        let names = self.inner.names.lock();
        names.markets.is_empty() && names.events.is_empty()
    }

    /// Wants events.
    pub(super) fn events(&self, tickers: impl IntoIterator<Item = EventTicker>) {
        let mut names = self.inner.names.lock();
        let before = names.events.len();
        let room = MOST.saturating_sub(before);
        names.events.extend(tickers.into_iter().take(room));
        self.tell(before != names.events.len());
    }

    /// Takes up to `limit` markets.
    pub(super) fn take_markets(&self, limit: usize) -> Vec<Ticker> {
        take(&mut self.inner.names.lock().markets, limit)
    }

    /// Takes up to `limit` events.
    pub(super) fn take_events(&self, limit: usize) -> Vec<EventTicker> {
        take(&mut self.inner.names.lock().events, limit)
    }

    /// Waits until something new is wanted.
    pub(super) async fn news(&self) {
        self.inner.news.notified().await;
    }

    fn tell(&self, is_new: bool) {
        if is_new {
            self.inner.news.notify_one();
        }
    }
}

fn take<T: Ord>(names: &mut BTreeSet<T>, limit: usize) -> Vec<T> {
    let mut taken = Vec::new();
    while taken.len() < limit
        && let Some(name) = names.pop_first()
    {
        taken.push(name);
    }
    taken
}
