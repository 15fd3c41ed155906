//! What is known of a market: [`MarketState`].

use std::sync::Arc;

use kmi_domain::{Price, Quantity, Timestamp};
use kmi_kalshi::api;
use kmi_kalshi::ws::message::TickerUpdate;

/// Number under which the board knows a market; the same for as long as the process runs, counted from 0 without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarketId(pub u32);

impl MarketId {
    /// Its place in a list of all markets.
    pub const fn place(self) -> usize {
        self.0 as usize
    }
}

/// How we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The exchange's stream.
    WebSocket,
    /// The exchange's REST API.
    Poll,
    /// What we kept from before.
    Cache,
}

impl Source {
    /// `websocket`, `poll` or `cache`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Source::WebSocket => "websocket",
            Source::Poll => "poll",
            Source::Cache => "cache",
        }
    }
}

/// What moves: best quotes and totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quote {
    /// Best YES bid; `None` when there is none.
    pub yes_bid: Option<Price>,
    /// Best YES ask; `None` when there is none.
    pub yes_ask: Option<Price>,
    /// Contracts at the best YES bid.
    pub yes_bid_size: Quantity,
    /// Contracts at the best YES ask.
    pub yes_ask_size: Quantity,
    /// YES price of the last trade; `None` before the first.
    pub last_price: Option<Price>,
    /// Contracts of the last trade, where told.
    pub last_trade_size: Option<Quantity>,
    /// Contracts traded ever.
    pub volume: Quantity,
    /// Contracts traded in the last day, as of the last sweep.
    pub volume_24h: Quantity,
    /// Contracts held.
    pub open_interest: Quantity,
    /// Dollars traded ever, whole ones, where told.
    pub dollar_volume: Option<i64>,
    /// Dollars held, whole ones, where told.
    pub dollar_open_interest: Option<i64>,
}

/// A market as it stands. Immutable: a change makes a new one with the next version.
#[derive(Clone, Debug)]
pub struct MarketState {
    /// Its number on the board.
    pub id: MarketId,
    /// What the exchange says of it besides quotes; the quotes in here are those of when it was said.
    pub body: Arc<api::market::Market>,
    /// Its event, once known.
    pub event: Option<Arc<api::event::Event>>,
    /// Best quotes and totals.
    pub quote: Quote,
    /// When the exchange last told of it, by our clock; see [`Board::as_of`](super::Board::as_of) for how old it is.
    pub as_of: Timestamp,
    /// When it changed at the exchange, by its clock, where told.
    pub changed: Option<Timestamp>,
    /// How we know.
    pub source: Source,
    /// Counts the changes, from 1.
    pub version: u64,
}

impl Quote {
    /// Quotes of a body: a price of zero, or an ask of a dollar with nothing there, is none.
    pub fn of_body(body: &api::market::Market) -> Quote {
        Quote {
            yes_bid: bid(body.yes_bid_dollars),
            yes_ask: ask(body.yes_ask_dollars),
            yes_bid_size: body.yes_bid_size_fp,
            yes_ask_size: body.yes_ask_size_fp,
            last_price: bid(body.last_price_dollars),
            last_trade_size: None,
            volume: body.volume_fp,
            volume_24h: body.volume_24h_fp,
            open_interest: body.open_interest_fp,
            dollar_volume: None,
            dollar_open_interest: None,
        }
    }

    /// The same after the stream told an update, which says nothing of the last day.
    #[must_use]
    pub fn updated(&self, update: &TickerUpdate) -> Quote {
        Quote {
            yes_bid: bid(update.yes_bid_dollars),
            yes_ask: ask(update.yes_ask_dollars),
            yes_bid_size: update.yes_bid_size_fp,
            yes_ask_size: update.yes_ask_size_fp,
            last_price: bid(update.price_dollars),
            last_trade_size: Some(update.last_trade_size_fp),
            volume: update.volume_fp,
            volume_24h: self.volume_24h,
            open_interest: update.open_interest_fp,
            dollar_volume: Some(update.dollar_volume),
            dollar_open_interest: Some(update.dollar_open_interest),
        }
    }
}

fn bid(price: Price) -> Option<Price> {
    (price > Price::ZERO).then_some(price)
}

fn ask(price: Price) -> Option<Price> {
    (price > Price::ZERO && price < Price::ONE).then_some(price)
}
