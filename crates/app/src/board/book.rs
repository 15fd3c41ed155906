//! Books of the markets somebody watches: [`BookPicture`], and who watches: [`Demand`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::book::{BookState, OrderBook, SyncedBook};
use kmi_domain::{Ticker, Timestamp};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Board, MarketId};

/// A book as it stood at an event of the hub: who goes on with the deltas after `number` misses none.
#[derive(Clone, Debug)]
pub struct BookPicture {
    /// Market.
    pub ticker: Ticker,
    /// Number of the market on the board.
    pub id: MarketId,
    /// Whether every change since its snapshot is in it. A stale book is the last that was known.
    pub state: BookState,
    /// Bids of both sides, NO in NO prices; `None` before the first snapshot.
    pub book: Option<OrderBook>,
    /// The market's own clock, where told.
    pub clock: Option<u64>,
    /// When it was last known to be right, by our clock.
    pub as_of: Timestamp,
    /// Number of the last event of the hub that is in it.
    pub number: u64,
}

/// A book as the board keeps it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) book: SyncedBook,
    /// The last that was known, for showing while it is out of sync.
    pub(super) last: Option<OrderBook>,
    pub(super) clock: Option<u64>,
    pub(super) as_of: Timestamp,
}

/// Which books are wanted: reference counted, and for a while after the last watcher left.
#[derive(Clone, Debug)]
pub struct Demand {
    wanted: Arc<Mutex<BTreeMap<Ticker, usize>>>,
    changed: watch::Sender<u64>,
    linger: Duration,
}

/// As long as it lives, the book is kept up to date.
#[derive(Debug)]
pub struct Watch {
    ticker: Ticker,
    demand: Demand,
}

impl Demand {
    pub(super) fn new(linger: Duration) -> Demand {
        Demand {
            wanted: Arc::default(),
            changed: watch::Sender::new(0),
            linger,
        }
    }

    /// Wants the book of a market.
    pub fn watch(&self, ticker: Ticker) -> Watch {
        let mut wanted = self.wanted.lock();
        let count = wanted.entry(ticker.clone()).or_insert(0);
        *count += 1;
        if *count == 1 {
            self.changed.send_modify(|version| *version += 1);
        }
        Watch {
            ticker,
            demand: self.clone(),
        }
    }

    /// How long a book lingers after its last watcher left.
    pub fn linger(&self) -> Duration {
        self.linger
    }

    /// Books watched now, without those that linger.
    pub fn wanted(&self) -> Vec<Ticker> {
        self.wanted.lock().keys().cloned().collect()
    }

    /// Tells when what is watched changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut wanted = self.demand.wanted.lock();
        if let Some(count) = wanted.get_mut(&self.ticker) {
            *count -= 1;
            if *count == 0 {
                wanted.remove(&self.ticker);
                self.demand.changed.send_modify(|version| *version += 1);
            }
        }
    }
}

impl Board {
    /// Who watches which books.
    pub fn demand(&self) -> &Demand {
        &self.inner.demand
    }

    /// The book of a market, if it is or was watched.
    pub fn book(&self, ticker: &Ticker) -> Option<BookPicture> {
        let state = self.inner.state.read();
        let id = *state.by_ticker.get(ticker)?;
        let kept = state.books.get(&id)?;
        Some(BookPicture {
            ticker: ticker.clone(),
            id,
            state: kept.book.state(),
            book: kept.book.book().or(kept.last.as_ref()).cloned(),
            clock: kept.clock,
            as_of: kept.as_of,
            // Books change under the board's lock and are told under it, so that this number belongs to this book.
            number: self.inner.hub.last(),
        })
    }
}
