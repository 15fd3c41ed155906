//! What is known of a market: [`MarketState`].

use std::sync::Arc;

use kmi_domain::{MarketStatus, Price, Quantity, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api;
use kmi_kalshi::ws::message::TickerUpdate;

/// Number under which the board knows a market; the same for as long as the process runs, counted from 0 without gaps and never
/// given to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarketId(pub u32);

impl MarketId {
    /// Stands for every market that is not on the board: what is told of it reaches who wants all markets, and nobody else.
    pub const UNLISTED: MarketId = MarketId(u32::MAX);

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

/// Quotes of a day ago, as of the last sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayAgo {
    /// Best YES bid; `None` when there was none.
    pub yes_bid: Option<Price>,
    /// Best YES ask; `None` when there was none.
    pub yes_ask: Option<Price>,
    /// YES price of the last trade; `None` before the first.
    pub price: Option<Price>,
}

/// A market as it stands. Immutable: a change makes a new one with the next version; a confirmation only moves `as_of` and `source`.
#[derive(Clone, Debug)]
pub struct MarketState {
    /// Its number on the board.
    pub id: MarketId,
    /// What the exchange says of it besides quotes; the quotes in here are those of when it was said, and the secondary rules are not in
    /// here, see [`MarketState::whole_body`] and [`MarketState::to_body`].
    pub body: Arc<api::market::Market>,
    /// Secondary rules: long, and mostly the same for all markets of an event, which share them.
    pub rules_secondary: Arc<str>,
    /// Its event, once known.
    pub event: Option<Arc<api::event::Event>>,
    /// Its series, once known.
    pub series: Option<Arc<api::series::Series>>,
    /// Best quotes and totals.
    pub quote: Quote,
    /// Quotes of a day ago.
    pub day_ago: DayAgo,
    /// When the exchange last told of it, by our clock; see [`Board::as_of`](super::Board::as_of) for how old it is.
    pub as_of: Timestamp,
    /// When it changed at the exchange, by its clock, where told.
    pub changed: Option<Timestamp>,
    /// How we know.
    pub source: Source,
    /// Counts the changes, from 1.
    pub version: u64,
}

impl MarketState {
    /// Name.
    pub fn ticker(&self) -> &Ticker {
        &self.body.ticker
    }

    /// Name of its series, once its event is known.
    pub fn series_ticker(&self) -> Option<&SeriesTicker> {
        self.event.as_ref().map(|event| &event.series_ticker)
    }

    /// Category of its event, else of its series; `None` where neither is known.
    pub fn category(&self) -> Option<&str> {
        let event = self.event.as_ref().and_then(|event| event.category.as_deref());
        let series = || self.series.as_ref().map(|series| series.category.as_str());
        event
            .filter(|word| !word.is_empty())
            .or_else(series)
            .filter(|word| !word.is_empty())
    }

    /// Where it stands at `now`: what the exchange said, but open from its opening and closed from its close on, since both go
    /// unannounced. A word we do not know counts as paused.
    pub fn status(&self, now: Timestamp) -> MarketStatus {
        let told = self.body.status.status().unwrap_or(MarketStatus::Inactive);
        if told.is_past_close() {
            return told;
        }
        let has_come = |time: Option<Timestamp>| time.is_some_and(|time| time <= now);
        if has_come(self.body.close_time) {
            MarketStatus::Closed
        } else if told == MarketStatus::Initialized && has_come(self.body.open_time) {
            MarketStatus::Active
        } else {
            told
        }
    }

    /// How far the last price is from that of a day ago, YES side; `None` when one of them is not known.
    pub fn movement(&self) -> Option<i32> {
        let (last, before) = (self.quote.last_price?, self.day_ago.price?);
        Some(i32::from(last.units()) - i32::from(before.units()))
    }

    /// The body as the exchange wrote it, with its quotes of then.
    pub fn whole_body(&self) -> api::market::Market {
        let mut body = api::market::Market::clone(&self.body);
        self.rules_secondary
            .as_ref()
            .clone_into(&mut body.rules_secondary);
        body
    }

    /// The body as the exchange would write it now, with status at `now` and today's quotes.
    pub fn to_body(&self, now: Timestamp) -> api::market::Market {
        let mut body = self.whole_body();
        let quote = &self.quote;
        if body.status.is_known() {
            body.status = self.status(now).into();
        }
        body.set_quotes(
            quote.yes_bid.map(|bid| (bid, quote.yes_bid_size)),
            quote.yes_ask.map(|ask| (ask, quote.yes_ask_size)),
        );
        body.last_price_dollars = quote.last_price.unwrap_or(Price::ZERO);
        body.volume_fp = quote.volume;
        body.volume_24h_fp = quote.volume_24h;
        body.open_interest_fp = quote.open_interest;
        body.previous_yes_bid_dollars = self.day_ago.yes_bid.unwrap_or(Price::ZERO);
        body.previous_yes_ask_dollars = self.day_ago.yes_ask.unwrap_or(Price::ZERO);
        body.previous_price_dollars = self.day_ago.price.unwrap_or(Price::ZERO);
        body
    }
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

    /// The same after a body, which says nothing of dollars and of the last trade's size: they stay while the totals do.
    pub(super) fn swept(&self, body: &api::market::Market) -> Quote {
        let told = Quote::of_body(body);
        let has_traded = told.volume != self.volume;
        let is_held_otherwise = told.open_interest != self.open_interest;
        Quote {
            last_trade_size: self.last_trade_size.filter(|_| !has_traded),
            dollar_volume: self.dollar_volume.filter(|_| !has_traded),
            dollar_open_interest: self.dollar_open_interest.filter(|_| !is_held_otherwise),
            ..told
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

impl DayAgo {
    /// Those of a body.
    pub fn of_body(body: &api::market::Market) -> DayAgo {
        DayAgo {
            yes_bid: bid(body.previous_yes_bid_dollars),
            yes_ask: ask(body.previous_yes_ask_dollars),
            price: bid(body.previous_price_dollars),
        }
    }
}

fn bid(price: Price) -> Option<Price> {
    (price > Price::ZERO).then_some(price)
}

fn ask(price: Price) -> Option<Price> {
    (price > Price::ZERO && price < Price::ONE).then_some(price)
}
