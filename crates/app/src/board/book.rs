//! Books of the markets somebody watches: [`BookPicture`].

use kmi_domain::book::{ApplyError, BookState, OrderBook};
use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot};

use super::{Board, Demand, MarketId};
use crate::hub::Happening;

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

/// A book as the board keeps it: in sync, or the last that was known.
#[derive(Debug)]
pub(super) struct Kept {
    book: OrderBook,
    state: BookState,
    clock: Option<u64>,
    as_of: Timestamp,
}

impl Kept {
    fn new(at: Timestamp) -> Kept {
        Kept {
            book: OrderBook::new(),
            state: BookState::AwaitingSnapshot,
            clock: None,
            as_of: at,
        }
    }

    fn apply(&mut self, delta: &OrderbookDelta, at: Timestamp) -> Result<(), ApplyError> {
        if self.state != BookState::Synced {
            return Err(ApplyError::NotSynced(self.state));
        }
        self.book.apply(delta.side, delta.price_dollars, delta.delta_fp)?;
        self.clock = delta.clock.or(self.clock);
        self.as_of = at;
        Ok(())
    }
}

impl Board {
    /// Who watches which books.
    pub fn demand(&self) -> &Demand {
        &self.inner.demand
    }

    /// The book of a market, if it is followed.
    pub fn book(&self, ticker: &Ticker) -> Option<BookPicture> {
        let id = self.id(ticker)?;
        let freshness = self.freshness();
        let books = self.inner.books.read();
        let kept = books.get(&id)?;
        let as_of = match kept.state {
            BookState::Synced => freshness.book_as_of(kept.as_of),
            BookState::AwaitingSnapshot | BookState::Stale => kept.as_of,
        };
        Some(BookPicture {
            ticker: ticker.clone(),
            id,
            state: kept.state,
            book: (kept.state != BookState::AwaitingSnapshot).then(|| kept.book.clone()),
            clock: kept.clock,
            as_of,
            // Books change and are told under the lock that is held here, so that this number belongs to this book.
            number: self.inner.hub.last(),
        })
    }

    /// Takes a whole book; it is in sync from here on.
    pub fn take_book_snapshot(&self, mut snapshot: OrderbookSnapshot, at: Timestamp) {
        self.inner.pulse.hear(at);
        let _turn = self.write(at);
        let id = self.number(&mut snapshot.market_ticker);
        self.learn_uuid(id, snapshot.market_id.as_deref());
        let mut books = self.inner.books.write();
        let kept = books.entry(id).or_insert_with(|| Kept::new(at));
        kept.book.replace(
            snapshot.yes_dollars_fp.iter().copied(),
            snapshot.no_dollars_fp.iter().copied(),
        );
        kept.state = BookState::Synced;
        kept.clock = snapshot.clock;
        kept.as_of = at;
        let told = Happening::BookSnapshot(Box::new(snapshot));
        self.inner.hub.append(at, Some(id), told);
    }

    /// Takes a change of a book. One of a book that never had a snapshot, or is followed no more, is passed over.
    ///
    /// # Errors
    /// [`ApplyError`] when the book is not in sync, or this contradicts it: then it is stale, which is told, and a snapshot must be
    /// asked for.
    pub fn take_book_delta(&self, mut delta: OrderbookDelta, at: Timestamp) -> Result<(), ApplyError> {
        self.inner.pulse.hear(at);
        let _turn = self.write(at);
        let Some(id) = self.known(&mut delta.market_ticker) else {
            return Ok(());
        };
        let mut books = self.inner.books.write();
        let Some(kept) = books.get_mut(&id) else {
            return Ok(());
        };
        let applied = kept.apply(&delta, at);
        let told = match &applied {
            Ok(()) => Happening::BookDelta(Box::new(delta)),
            Err(ApplyError::Negative(_)) => {
                kept.state = BookState::Stale;
                Happening::BookStale
            }
            Err(ApplyError::NotSynced(_)) => return applied,
        };
        self.inner.hub.append(at, Some(id), told);
        applied
    }

    /// These books are out of sync until their next snapshots.
    pub fn mark_books_stale(&self, tickers: &[Ticker], at: Timestamp) {
        let _turn = self.write(at);
        let ids: Vec<MarketId> = tickers.iter().filter_map(|ticker| self.id(ticker)).collect();
        let mut books = self.inner.books.write();
        for id in ids {
            if let Some(kept) = books.get_mut(&id) {
                self.mark_stale(id, kept, at);
            }
        }
    }

    /// All of them, within a writer's turn.
    pub(super) fn mark_all_books_stale(&self, at: Timestamp) {
        for (id, kept) in self.inner.books.write().iter_mut() {
            self.mark_stale(*id, kept, at);
        }
    }

    fn mark_stale(&self, id: MarketId, kept: &mut Kept, at: Timestamp) {
        if kept.state == BookState::Synced {
            kept.state = BookState::Stale;
            self.inner.hub.append(at, Some(id), Happening::BookStale);
        }
    }

    /// This book is not followed any more. Who still looks at it is told that it is stale.
    pub fn forget_book(&self, ticker: &Ticker) {
        let _turn = self.write(Timestamp::MIN);
        if let Some(id) = self.id(ticker) {
            self.drop_book(id);
        }
    }

    /// The same within a writer's turn.
    pub(super) fn drop_book(&self, id: MarketId) {
        let mut books = self.inner.books.write();
        if let Some(mut kept) = books.remove(&id) {
            self.mark_stale(id, &mut kept, self.time());
        }
    }
}
