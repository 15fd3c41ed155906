//! What the exchange and its records are on the wire: bodies of `kmi_kalshi::api`, each made in one place, so that all doors
//! agree.
//!
//! [`Views`] borrows one moment. It takes filters that make sense already (the doors read query strings into
//! [`records::query`](crate::records::query)) and gives bodies; it refuses nothing but combinations of filters that the exchange
//! refuses ([`MarketsRefusal`]).

mod balance;
mod candles;
mod catalogue;
mod listing;
mod market;
mod market_data;
mod orders;
mod positions;
#[cfg(test)]
mod tests;

use kmi_domain::matching::MarketId;
use kmi_domain::{EventTicker, Ticker, Timestamp, TradeId};
use kmi_kalshi::api::historical::HistoricalCutoff;
use kmi_kalshi::api::page::Cursor;
use kmi_kalshi::api::portfolio::UserDataTimestamp;
use uuid::Uuid;

use crate::core::{Exchange, IdSpace, MarketState, TradeRecord};
use crate::engine::View;
use crate::records::query::{Era, Markets};
use crate::records::{Page, Records};
pub use candles::CandleSpan;
pub use kmi_kalshi::api::market::MarketsRefusal;
pub use orders::legacy;

/// A moment of the exchange, as bodies.
#[derive(Clone, Copy)]
pub struct Views<'a> {
    /// When.
    pub now: Timestamp,
    /// The exchange as it stands.
    pub exchange: &'a Exchange,
    /// What is remembered; [`Records::advance`]d to `now` by the caller.
    pub records: &'a Records,
}

impl<'a> From<&View<'a>> for Views<'a> {
    fn from(view: &View<'a>) -> Views<'a> {
        Views {
            now: view.now,
            exchange: view.exchange,
            records: view.records,
        }
    }
}

impl<'a> Views<'a> {
    /// Public id of the `number`-th thing of a kind.
    pub fn public(&self, space: IdSpace, number: u64) -> Uuid {
        space.public(self.exchange.rules().seed, number)
    }

    /// Public id of a trade: that of its recording in a replayed market.
    pub fn trade_id(&self, trade: &TradeRecord) -> TradeId {
        let recorded = trade.recorded_id.as_deref().and_then(|id| TradeId::new(id).ok());
        recorded.unwrap_or_else(|| self.numbered_trade_id(trade.number))
    }

    fn numbered_trade_id(&self, number: u64) -> TradeId {
        let id = self.public(IdSpace::Trade, number).to_string();
        TradeId::new(id).expect("a UUID is visible ASCII of 36 characters")
    }

    /// The markets of these names; names of no market are passed over, so that a filter of unknown names finds nothing.
    pub fn markets_named<'t>(&self, tickers: impl IntoIterator<Item = &'t Ticker>) -> Markets {
        let ids = tickers
            .into_iter()
            .filter_map(|ticker| self.exchange.market_id(ticker.as_str()));
        Markets::Only(ids.collect())
    }

    /// The markets of these events.
    pub fn markets_of_events<'t>(&self, events: impl IntoIterator<Item = &'t EventTicker>) -> Markets {
        let states = events.into_iter().filter_map(|event| self.exchange.event(event));
        Markets::Only(states.flat_map(|event| event.markets.iter().copied()).collect())
    }

    /// Which routes serve a market: it is history once it was paid before the cut-off.
    pub fn era_of(&self, market: MarketId) -> Era {
        self.era(self.exchange.market(market))
    }

    fn era(&self, market: &MarketState) -> Era {
        let cutoff = self.records.cutoffs(self.now).markets_settled;
        if Era::Live.serves(market.settled_time, cutoff) {
            Era::Live
        } else {
            Era::Historical
        }
    }

    /// `GET /historical/cutoff`.
    pub fn historical_cutoff(&self) -> HistoricalCutoff {
        let cutoffs = self.records.cutoffs(self.now);
        HistoricalCutoff {
            market_settled_ts: cutoffs.markets_settled,
            trades_created_ts: cutoffs.trades_created,
            orders_updated_ts: cutoffs.orders_updated,
            market_positions_last_updated_ts: Some(cutoffs.positions_updated),
        }
    }

    /// `GET /exchange/user_data_timestamp`.
    pub fn user_data_timestamp(&self) -> UserDataTimestamp {
        UserDataTimestamp {
            as_of_time: self.records.user_data_as_of(self.now),
        }
    }

    fn ticker_of(&self, market: MarketId) -> &'a Ticker {
        &self.exchange.market(market).spec.ticker
    }

    fn shard_index(&self, market: MarketId) -> i32 {
        i32::from(self.exchange.market(market).shard.index())
    }
}

/// A page's rows and cursor as a body has them.
fn parts<T>(page: Page<T>) -> (Vec<T>, Cursor) {
    (page.items, Cursor::new(page.cursor))
}
