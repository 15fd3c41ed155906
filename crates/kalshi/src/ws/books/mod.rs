//! Books out of events, handed out only in sync.
//!
//! A [`BookKeeper`] is pure: events go in, books come out. [`LiveBooks`] puts one behind a client and asks for a new snapshot of
//! whatever turns out wrong.

mod live;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use kmi_domain::book::{BookState, OrderBook, SyncedBook};
use kmi_domain::{Ticker, Timestamp};

use super::message::{Body, OrderbookDelta, OrderbookSnapshot};
use super::{Channel, ConnectionState, Event, EventKind};
pub use live::LiveBooks;

/// One of several connections that tell of the same markets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub u32);

/// Books of one connection, or merged of several.
///
/// Several connections are merged by the market's own clock, which is the same on all of them: the book handed out is, of those in
/// sync, the one that is furthest on. So a market stays in sync while any of them is. When that clock goes back, as it may in
/// maintenance, what the others have is stale until their next snapshots, see [`Applied::BeganAnew`].
#[derive(Debug, Default)]
pub struct BookKeeper {
    feeds: BTreeMap<FeedId, HashMap<Ticker, Kept>>,
}

#[derive(Debug)]
struct Kept {
    book: SyncedBook,
    /// Of the newest change in it.
    clock: Option<u64>,
    /// Of its snapshot; every later change must be above.
    snapshot_clock: Option<u64>,
    updated: Timestamp,
    stale_since: Timestamp,
    reason: StaleReason,
}

/// Why a book is not handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StaleReason {
    /// Messages were lost on the way.
    Gap,
    /// The reader of events was too slow.
    Lagged,
    /// There is no connection, or the subscription ended.
    Disconnected,
    /// The book contradicted itself, a message of it could not be read, or another connection saw its clock begin anew.
    Broken,
    /// The market is no longer subscribed to.
    Removed,
}

/// A book, or why there is none.
#[derive(Clone, Copy, Debug)]
pub enum BookView<'k> {
    /// Every change since its snapshot is in it.
    Synced {
        /// Bids of both sides, NO in NO prices.
        book: &'k OrderBook,
        /// The market's clock.
        clock: Option<u64>,
        /// When it last changed, by the client's clock.
        updated: Timestamp,
    },
    /// Something was missed; a snapshot is on its way, unless [`StaleReason::Removed`].
    Stale {
        /// Since when, by the client's clock.
        since: Timestamp,
        /// Why.
        reason: StaleReason,
    },
    /// Nothing is known of it: not subscribed to, or its first snapshot has not come.
    Unknown,
}

/// What an event did to the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing.
    Nothing,
    /// This book changed, and is in sync on this connection.
    Changed(Ticker),
    /// Some books went out of sync; their snapshots are on their way.
    WentStale,
    /// The same, and the market's clock began anew: on these other connections the book is of before, and stale; ask each for its
    /// snapshot with [`Client::refresh_books`](super::Client::refresh_books).
    BeganAnew {
        /// Market.
        ticker: Ticker,
        /// The other connections, of those that had its book in sync.
        elsewhere: Vec<FeedId>,
    },
    /// This book contradicts itself and is out of sync; ask for its snapshot with
    /// [`Client::refresh_books`](super::Client::refresh_books).
    Broken(Ticker),
}

impl<'k> BookView<'k> {
    /// The book, if it is in sync.
    pub fn synced(self) -> Option<&'k OrderBook> {
        match self {
            BookView::Synced { book, .. } => Some(book),
            BookView::Stale { .. } | BookView::Unknown => None,
        }
    }
}

impl Kept {
    fn go_stale(&mut self, since: Timestamp, reason: StaleReason) {
        if self.book.state() == BookState::Synced {
            self.stale_since = since;
            self.book.mark_stale();
        }
        // Of several reasons the last one decides what is being done about it.
        self.reason = reason;
    }

    /// How far it is: by its clock, without one by when it changed.
    fn progress(&self) -> (Option<u64>, Timestamp) {
        (self.clock, self.updated)
    }

    /// Takes in a snapshot; true when it is of an earlier clock than was known.
    fn snapshot(&mut self, snapshot: &OrderbookSnapshot, received: Timestamp) -> bool {
        let went_back = matches!((self.clock, snapshot.clock), (Some(known), Some(new)) if new < known);
        self.book.snapshot(
            snapshot.yes_dollars_fp.iter().copied(),
            snapshot.no_dollars_fp.iter().copied(),
        );
        self.clock = snapshot.clock;
        self.snapshot_clock = snapshot.clock;
        self.updated = received;
        went_back
    }

    /// What is known is of before the market's clock began anew; whether it was in sync.
    fn is_of_before(&mut self, since: Timestamp) -> bool {
        let was_synced = self.book.state() == BookState::Synced;
        if was_synced {
            self.go_stale(since, StaleReason::Broken);
        }
        // Clocks of before and of after cannot be compared.
        (self.clock, self.snapshot_clock) = (None, None);
        was_synced
    }

    /// Applies a change to a book in sync; false when it cannot be right.
    fn delta(&mut self, delta: &OrderbookDelta, received: Timestamp) -> bool {
        // A snapshot has every change up to its clock. One that comes after it all the same means that the clock began anew, or
        // that messages changed places: either way the book may be wrong. No change has clock 0.
        let is_after = match (delta.clock, self.snapshot_clock) {
            (Some(clock), Some(snapshot)) if clock > 0 => clock > snapshot,
            _ => true,
        };
        let applied = is_after
            && self
                .book
                .apply(delta.side, delta.price_dollars, delta.delta_fp)
                .is_ok();
        if applied {
            self.clock = delta.clock.or(self.clock);
            self.updated = received;
        }
        applied
    }
}

impl BookKeeper {
    /// A keeper of no books.
    pub fn new() -> BookKeeper {
        BookKeeper::default()
    }

    /// Takes in an event of the only connection.
    pub fn apply(&mut self, event: &Event) -> Applied {
        self.apply_from(FeedId::default(), event)
    }

    /// Takes in an event of one of several connections. The events of each must come in order.
    pub fn apply_from(&mut self, feed: FeedId, event: &Event) -> Applied {
        let books = self.feeds.entry(feed).or_default();
        let at = event.received;
        let reason = match &event.kind {
            EventKind::Message(message) => {
                return match &message.body {
                    Body::OrderbookSnapshot(snapshot) => match take_snapshot(books, snapshot, at) {
                        Clock::GoesOn => Applied::Changed(snapshot.market_ticker.clone()),
                        Clock::BeganAnew => self.began_anew(feed, &snapshot.market_ticker, at),
                    },
                    Body::OrderbookDelta(delta) => take_delta(books, delta, at),
                    _ => Applied::Nothing,
                };
            }
            EventKind::Stale { tickers } => return some_stale(books, tickers, at, StaleReason::Broken),
            EventKind::Removed {
                channel: Channel::OrderbookDelta,
                tickers,
            } => return some_stale(books, tickers, at, StaleReason::Removed),
            EventKind::Unsubscribed {
                channel: Channel::OrderbookDelta,
            } => StaleReason::Removed,
            EventKind::Gap {
                channel: Channel::OrderbookDelta,
                ..
            } => StaleReason::Gap,
            EventKind::Lagged {
                channel: Channel::OrderbookDelta,
            } => StaleReason::Lagged,
            EventKind::Ended {
                channel: Channel::OrderbookDelta,
                ..
            } => StaleReason::Disconnected,
            EventKind::State(state) if !matches!(state, ConnectionState::Connected) => {
                StaleReason::Disconnected
            }
            _ => return Applied::Nothing,
        };
        for kept in books.values_mut() {
            kept.go_stale(at, reason);
        }
        Applied::WentStale
    }

    fn began_anew(&mut self, feed: FeedId, ticker: &Ticker, at: Timestamp) -> Applied {
        let others = self.feeds.iter_mut().filter(|(other, _)| **other != feed);
        let elsewhere: Vec<FeedId> = others
            .filter_map(|(other, books)| books.get_mut(ticker)?.is_of_before(at).then_some(*other))
            .collect();
        let ticker = ticker.clone();
        if elsewhere.is_empty() {
            Applied::Changed(ticker)
        } else {
            Applied::BeganAnew { ticker, elsewhere }
        }
    }

    /// The book of a market, if one of the connections has it in sync.
    pub fn book(&self, ticker: &str) -> BookView<'_> {
        let kept = || self.feeds.values().filter_map(|books| books.get(ticker));
        let best = kept()
            .filter(|kept| kept.book.state() == BookState::Synced)
            .max_by_key(|kept| kept.progress());
        if let Some(kept) = best
            && let Some(book) = kept.book.book()
        {
            return BookView::Synced {
                book,
                clock: kept.clock,
                updated: kept.updated,
            };
        }
        kept()
            .max_by_key(|kept| kept.stale_since)
            .map_or(BookView::Unknown, |kept| BookView::Stale {
                since: kept.stale_since,
                reason: kept.reason,
            })
    }

    /// Markets of which anything is known, in sync or not, sorted.
    pub fn tickers(&self) -> Vec<Ticker> {
        let mut tickers: Vec<Ticker> = self
            .feeds
            .values()
            .flat_map(|books| books.keys().cloned())
            .collect();
        tickers.sort_unstable();
        tickers.dedup();
        tickers
    }

    /// Forgets the books of markets no longer subscribed to, which otherwise stay, as stale.
    pub fn forget_removed(&mut self) {
        for books in self.feeds.values_mut() {
            books.retain(|_, kept| {
                kept.book.state() == BookState::Synced || kept.reason != StaleReason::Removed
            });
        }
    }

    /// Forgets a connection that is gone for good.
    pub fn forget_feed(&mut self, feed: FeedId) {
        self.feeds.remove(&feed);
    }
}

/// What a snapshot's clock says of what was known.
enum Clock {
    GoesOn,
    BeganAnew,
}

fn take_snapshot(books: &mut HashMap<Ticker, Kept>, snapshot: &OrderbookSnapshot, at: Timestamp) -> Clock {
    let ticker = &snapshot.market_ticker;
    let kept = books.entry(ticker.clone()).or_insert_with(|| Kept {
        book: SyncedBook::new(),
        clock: None,
        snapshot_clock: None,
        updated: at,
        stale_since: at,
        reason: StaleReason::Broken,
    });
    if kept.snapshot(snapshot, at) {
        Clock::BeganAnew
    } else {
        Clock::GoesOn
    }
}

fn take_delta(books: &mut HashMap<Ticker, Kept>, delta: &OrderbookDelta, at: Timestamp) -> Applied {
    let ticker = &delta.market_ticker;
    match books.get_mut(ticker) {
        Some(kept) if kept.book.state() == BookState::Synced => {
            if kept.delta(delta, at) {
                return Applied::Changed(ticker.clone());
            }
            // Applying may have made it stale already, which would keep its time.
            kept.stale_since = at;
            kept.go_stale(at, StaleReason::Broken);
            Applied::Broken(ticker.clone())
        }
        // It waits for a snapshot, which will have this change.
        _ => Applied::Nothing,
    }
}

fn some_stale(
    books: &mut HashMap<Ticker, Kept>,
    tickers: &[Ticker],
    at: Timestamp,
    reason: StaleReason,
) -> Applied {
    for ticker in tickers {
        if let Some(kept) = books.get_mut(ticker) {
            kept.go_stale(at, reason);
        }
    }
    Applied::WentStale
}
