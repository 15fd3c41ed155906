//! Public market data.

use kmi_domain::{BookSide, Level, Price, Quantity, Side, Ticker, Timestamp, TradeId};
use serde::{Deserialize, Serialize};

use super::serial;
use crate::api::amount;

/// `msg` of `orderbook_snapshot`: a whole book, bids only, ascending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderbookSnapshot {
    /// Market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// Market, as a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_id: Option<String>,
    /// Clock of the newest change it includes, 0 before the first; the market's own, the same on every connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<u64>,
    /// Bids on YES. Nothing is written for an empty side.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serial::levels")]
    pub yes_dollars_fp: Vec<Level>,
    /// Bids on NO, in NO prices, or in YES prices where the subscription says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "serial::levels")]
    pub no_dollars_fp: Vec<Level>,
}

/// `msg` of `orderbook_delta`: a change of one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderbookDelta {
    /// Market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// Market, as a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_id: Option<String>,
    /// Clock of the action that made the change; several changes may share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<u64>,
    /// Price of the level: of NO in NO prices, or in YES prices where the subscription says so.
    #[serde(with = "amount::dollars")]
    pub price_dollars: Price,
    /// Contracts added, or, below zero, taken away.
    #[serde(with = "amount::count")]
    pub delta_fp: Quantity,
    /// Side of the level.
    #[serde(with = "serial::side")]
    pub side: Side,
    /// Client's id of one's own order, if that made the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<String>,
    /// Subaccount of one's own order, if that made the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
    /// When the change was made, in milliseconds.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_millis"
    )]
    pub ts_ms: Option<Timestamp>,
    /// The same as text, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "amount::option_rfc3339::serialize",
        deserialize_with = "amount::option_rfc3339::deserialize_if_readable"
    )]
    pub ts: Option<Timestamp>,
}

/// `msg` of `ticker`: best quotes and totals of a market. A price that is not there is zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickerUpdate {
    /// Market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// Market, as a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_id: Option<String>,
    /// YES price of the last trade, zero before the first.
    #[serde(with = "amount::dollars")]
    pub price_dollars: Price,
    /// Best bid on YES, zero where there is none.
    #[serde(with = "amount::dollars")]
    pub yes_bid_dollars: Price,
    /// Best ask for YES; a dollar, or zero, where there is none.
    #[serde(with = "amount::dollars")]
    pub yes_ask_dollars: Price,
    /// Contracts at the best bid.
    #[serde(default, with = "amount::count")]
    pub yes_bid_size_fp: Quantity,
    /// Contracts at the best ask.
    #[serde(default, with = "amount::count")]
    pub yes_ask_size_fp: Quantity,
    /// Contracts of the last trade.
    #[serde(default, with = "amount::count")]
    pub last_trade_size_fp: Quantity,
    /// Contracts traded ever.
    #[serde(default, with = "amount::count")]
    pub volume_fp: Quantity,
    /// Contracts held.
    #[serde(default, with = "amount::count")]
    pub open_interest_fp: Quantity,
    /// Dollars traded ever, whole ones.
    #[serde(default)]
    pub dollar_volume: i64,
    /// Dollars held, whole ones.
    #[serde(default)]
    pub dollar_open_interest: i64,
    /// When it changed, in milliseconds.
    #[serde(with = "amount::unix_millis")]
    pub ts_ms: Timestamp,
    /// The same in seconds, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "amount::option_unix_seconds::serialize",
        deserialize_with = "amount::option_unix_seconds::deserialize_if_readable"
    )]
    pub ts: Option<Timestamp>,
    /// The same as text, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "amount::option_rfc3339::serialize",
        deserialize_with = "amount::option_rfc3339::deserialize_if_readable"
    )]
    pub time: Option<Timestamp>,
}

/// `msg` of `trade`: a public trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Id, the same in the fills of both sides.
    #[serde(with = "amount::text")]
    pub trade_id: TradeId,
    /// Market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// YES price.
    #[serde(with = "amount::dollars")]
    pub yes_price_dollars: Price,
    /// NO price: the rest of the dollar.
    #[serde(with = "amount::dollars")]
    pub no_price_dollars: Price,
    /// Contracts.
    #[serde(with = "amount::count")]
    pub count_fp: Quantity,
    /// The contract the taker gained, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serial::option_side::serialize",
        deserialize_with = "serial::if_readable::side"
    )]
    pub taker_side: Option<Side>,
    /// The contract the taker gained.
    #[serde(with = "serial::side")]
    pub taker_outcome_side: Side,
    /// The same in terms of the YES book.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "serial::option_book_side"
    )]
    pub taker_book_side: Option<BookSide>,
    /// Matched off the book.
    #[serde(default)]
    pub is_block_trade: bool,
    /// When it was executed, in milliseconds.
    #[serde(with = "amount::unix_millis")]
    pub ts_ms: Timestamp,
    /// The same in seconds, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "amount::option_unix_seconds::serialize",
        deserialize_with = "amount::option_unix_seconds::deserialize_if_readable"
    )]
    pub ts: Option<Timestamp>,
}

impl OrderbookSnapshot {
    /// The snapshot with the NO side's prices turned about: from NO prices into YES prices, or back.
    #[must_use]
    pub fn with_no_side_complemented(mut self) -> OrderbookSnapshot {
        for level in &mut self.no_dollars_fp {
            level.price = level.price.complement();
        }
        self.no_dollars_fp.reverse();
        self
    }
}

impl OrderbookDelta {
    /// The change with the price of a NO level turned about: from a NO price into a YES price, or back.
    #[must_use]
    pub fn with_no_side_complemented(mut self) -> OrderbookDelta {
        if self.side == Side::No {
            self.price_dollars = self.price_dollars.complement();
        }
        self
    }
}

impl From<&kmi_domain::PublicTrade> for Trade {
    fn from(trade: &kmi_domain::PublicTrade) -> Trade {
        Trade {
            trade_id: trade.id.clone(),
            market_ticker: trade.ticker.clone(),
            yes_price_dollars: trade.yes_price,
            no_price_dollars: trade.yes_price.complement(),
            count_fp: trade.quantity,
            taker_side: Some(trade.taker),
            taker_outcome_side: trade.taker,
            taker_book_side: Some(trade.taker.book_side()),
            is_block_trade: trade.is_block,
            ts_ms: trade.time,
            ts: Some(trade.time),
        }
    }
}

impl From<Trade> for kmi_domain::PublicTrade {
    fn from(trade: Trade) -> kmi_domain::PublicTrade {
        kmi_domain::PublicTrade {
            id: trade.trade_id,
            ticker: trade.market_ticker,
            time: trade.ts_ms,
            yes_price: trade.yes_price_dollars,
            quantity: trade.count_fp,
            taker: trade.taker_outcome_side,
            is_block: trade.is_block_trade,
        }
    }
}
