//! What ingest tells the board.

use std::collections::BTreeMap;
use std::sync::Arc;

use kmi_domain::book::{ApplyError, SyncedBook};
use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::api;
use kmi_kalshi::ws::Body;
use kmi_kalshi::ws::message::{MarketLifecycle, OrderbookDelta, OrderbookSnapshot, TickerUpdate, Trade};

use super::book::Kept;
use super::{Board, MarketId, MarketState, Quote, Source, State};
use crate::hub::{ConnectionStatus, Happening};

/// A full look at the open markets, or part of one.
#[derive(Debug)]
pub struct Sweep {
    /// When the page was asked for, by our clock; what the stream told later than this is newer and stays.
    pub asked: Timestamp,
    /// Markets on it.
    pub markets: Vec<api::market::Market>,
}

/// What a sweep changed.
#[derive(Debug, Default)]
pub struct Swept {
    /// Markets whose quotes or totals differ from what the board had.
    pub quotes: Vec<Arc<MarketState>>,
    /// Markets that are new or whose metadata changed.
    pub metadata: Vec<Arc<MarketState>>,
}

impl Board {
    /// Takes part of a sweep.
    pub fn take_sweep(&self, sweep: Sweep) -> Swept {
        let mut swept = Swept::default();
        let mut state = self.inner.state.write();
        for body in sweep.markets {
            self.take_body(&mut state, body, sweep.asked, Source::Poll, &mut swept);
        }
        swept
    }

    /// A full sweep ended at `at`.
    pub fn end_sweep(&self, at: Timestamp) {
        self.inner.state.write().swept = Some(at);
    }

    /// Takes a quote update of the stream. `None` when the market is not on the board yet.
    pub fn take_ticker(&self, update: &TickerUpdate, at: Timestamp) -> Option<Arc<MarketState>> {
        let mut state = self.inner.state.write();
        state.heard = Some(at);
        let id = *state.by_ticker.get(&update.market_ticker)?;
        state.uuids.learn(id, update.market_id.as_deref());
        let known = Arc::clone(&state.markets[id.place()]);
        let market = MarketState {
            quote: known.quote.updated(update),
            as_of: at,
            changed: Some(update.ts_ms),
            source: Source::WebSocket,
            version: known.version + 1,
            ..(*known).clone()
        };
        Some(self.put(&mut state, market, at))
    }

    /// Takes a public trade.
    pub fn take_trade(&self, trade: Trade, at: Timestamp) {
        let mut state = self.inner.state.write();
        state.heard = Some(at);
        let Some(id) = state.by_ticker.get(&trade.market_ticker).copied() else {
            return;
        };
        let kept = state.trades.entry(id).or_default();
        kept.push_front(Arc::new(trade.clone()));
        kept.truncate(self.inner.settings.trades);
        self.inner
            .hub
            .publish(at, Some(id), Happening::Trade(Box::new(trade)));
    }

    /// Takes a whole book.
    pub fn take_book_snapshot(&self, snapshot: OrderbookSnapshot, at: Timestamp) {
        let mut state = self.inner.state.write();
        state.heard = Some(at);
        let Some(id) = state.by_ticker.get(&snapshot.market_ticker).copied() else {
            return;
        };
        state.uuids.learn(id, snapshot.market_id.as_deref());
        let kept = state.books.entry(id).or_insert_with(|| Kept {
            book: SyncedBook::new(),
            last: None,
            clock: None,
            as_of: at,
        });
        kept.book.snapshot(
            snapshot.yes_dollars_fp.iter().copied(),
            snapshot.no_dollars_fp.iter().copied(),
        );
        kept.last = None;
        kept.clock = snapshot.clock;
        kept.as_of = at;
        self.inner
            .hub
            .publish(at, Some(id), Happening::BookSnapshot(Box::new(snapshot)));
    }

    /// Takes a change of a book.
    ///
    /// # Errors
    /// [`ApplyError`] when the book is not in sync, or this contradicts it; it is stale then, and a snapshot must be asked for.
    pub fn take_book_delta(&self, delta: OrderbookDelta, at: Timestamp) -> Result<(), ApplyError> {
        let mut state = self.inner.state.write();
        state.heard = Some(at);
        let Some(id) = state.by_ticker.get(&delta.market_ticker).copied() else {
            return Ok(());
        };
        let Some(kept) = state.books.get_mut(&id) else {
            return Ok(());
        };
        kept.book.apply(delta.side, delta.price_dollars, delta.delta_fp)?;
        kept.clock = delta.clock.or(kept.clock);
        kept.as_of = at;
        self.inner
            .hub
            .publish(at, Some(id), Happening::BookDelta(Box::new(delta)));
        Ok(())
    }

    /// These books are out of sync until their next snapshots.
    pub fn mark_books_stale(&self, tickers: &[Ticker], at: Timestamp) {
        let mut state = self.inner.state.write();
        for ticker in tickers {
            let Some(id) = state.by_ticker.get(ticker).copied() else {
                continue;
            };
            if let Some(kept) = state.books.get_mut(&id) {
                kept.last = kept.book.book().cloned().or(kept.last.take());
                kept.book.mark_stale();
                self.inner.hub.publish(at, Some(id), Happening::BookStale);
            }
        }
    }

    /// This book is not followed any more.
    pub fn forget_book(&self, ticker: &Ticker) {
        let mut state = self.inner.state.write();
        if let Some(id) = state.by_ticker.get(ticker).copied() {
            state.books.remove(&id);
        }
    }

    /// Takes what happened to a market or event in the exchange's own words.
    pub fn take_lifecycle(&self, body: Body, at: Timestamp) {
        let mut state = self.inner.state.write();
        state.heard = Some(at);
        let ticker = match &body {
            Body::MarketLifecycle(lifecycle) => Some(MarketLifecycle::clone(lifecycle).market_ticker),
            _ => None,
        };
        let id = ticker.and_then(|ticker| state.by_ticker.get(&ticker).copied());
        self.inner
            .hub
            .publish(at, id, Happening::Lifecycle(Box::new(body)));
    }

    /// The stream is alive: it said something, a ping perhaps.
    pub fn hear(&self, at: Timestamp) {
        self.inner.state.write().heard = Some(at);
    }

    /// Our connection to the stream came or went. When it goes, all books go stale.
    pub fn take_connection(&self, connection: ConnectionStatus) {
        let mut state = self.inner.state.write();
        state.connection = connection.clone();
        let at = connection.since;
        self.inner
            .hub
            .publish(at, None, Happening::Connection(connection));
    }

    /// What the exchange says of itself.
    pub fn take_exchange_status(&self, status: api::exchange::ExchangeStatus) {
        self.inner.state.write().exchange = Some(Arc::new(status));
    }

    /// Takes events; those known already are replaced.
    pub fn take_events(&self, events: Vec<api::event::Event>) {
        let mut state = self.inner.state.write();
        let taken: BTreeMap<_, _> = events
            .into_iter()
            .map(|event| (event.event_ticker.clone(), Arc::new(event)))
            .collect();
        state.events.extend(taken);
    }

    /// Takes series; those known already are replaced.
    pub fn take_series(&self, series: Vec<api::series::Series>) {
        let mut state = self.inner.state.write();
        for one in series {
            state.series.insert(one.ticker.clone(), Arc::new(one));
        }
    }

    fn take_body(
        &self,
        state: &mut State,
        body: api::market::Market,
        at: Timestamp,
        source: Source,
        swept: &mut Swept,
    ) {
        let quote = Quote::of_body(&body);
        let next = MarketId(u32::try_from(state.markets.len()).unwrap_or(u32::MAX));
        let id = *state.by_ticker.entry(body.ticker.clone()).or_insert(next);
        let event = state.events.get(&body.event_ticker).cloned();
        let known = state.markets.get(id.place());
        let is_new = known.is_none();
        let market = MarketState {
            id,
            event,
            quote,
            as_of: at,
            changed: None,
            source,
            version: known.map_or(1, |known| known.version + 1),
            body: Arc::new(body),
        };
        let told = self.put(state, market, at);
        if is_new {
            swept.metadata.push(Arc::clone(&told));
        }
        swept.quotes.push(told);
    }

    fn put(&self, state: &mut State, market: MarketState, at: Timestamp) -> Arc<MarketState> {
        let market = Arc::new(market);
        let id = market.id;
        if id.place() < state.markets.len() {
            state.markets[id.place()] = Arc::clone(&market);
        } else {
            state.markets.push(Arc::clone(&market));
        }
        self.inner
            .hub
            .publish(at, Some(id), Happening::Market(Arc::clone(&market)));
        market
    }
}
