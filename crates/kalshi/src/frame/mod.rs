//! WebSocket frames: raw bytes in, checked values out.
//!
//! [`Frame::parse`] reads any frame of any generation with `serde_json` and judges every field. [`Scanner`] gives the same
//! frames faster: it reads the shape that nearly all frames of a feed have and hands everything else to [`Frame::parse`].

mod decode;
mod encode;
mod lifecycle;
mod scan;

use std::borrow::Cow;

use kmi_domain::{Level, Price, PublicTrade, Quantity, Side, Ticker, Timestamp, TradeId};

use crate::wire::FieldError;
pub use decode::{CaptureLine, FrameError};
pub use encode::OutgoingFrame;
pub use lifecycle::{
    EventFeeUpdate, EventLifecycle, Lifecycle, LifecycleKind, LifecycleMetadata, ReferenceValue,
};
pub use scan::Scanner;

/// One message of the exchange's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame<'a> {
    /// Subscription it belongs to; replies to commands may have none.
    pub sid: Option<u64>,
    /// Its place within the subscription; tickers have none.
    pub seq: Option<u64>,
    /// What it says.
    pub message: Message<'a>,
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq)]
pub enum Message<'a> {
    /// A whole book.
    Snapshot(Snapshot<'a>),
    /// A change of one level.
    Delta(Delta<'a>),
    /// A public trade.
    Trade(Trade<'a>),
    /// Best quotes and totals of a market.
    Ticker(TickerUpdate<'a>),
    /// A market was born, paused, closed, determined, settled or changed.
    Lifecycle(Box<Lifecycle>),
    /// An event was listed.
    EventLifecycle(Box<EventLifecycle>),
    /// An event's own fees changed.
    EventFee(Box<EventFeeUpdate>),
    /// A price of something outside the exchange.
    Reference(Box<ReferenceValue>),
    /// Which reference prices there are.
    ReferenceList(Vec<String>),
    /// A subscription was made.
    Subscribed {
        /// Channel.
        channel: String,
        /// Its subscription.
        sid: u64,
    },
    /// A subscription was ended.
    Unsubscribed,
    /// A command was done; markets, indices or underlyings the subscription now covers.
    Ok(Vec<String>),
    /// All subscriptions, as (channel, sid).
    Subscriptions(Vec<(String, u64)>),
    /// A command was refused, or a subscription broke.
    Error {
        /// Number, see the exchange's list.
        code: i64,
        /// Its words.
        message: String,
    },
    /// A message of a private channel, or of a type not known yet: its type alone is read.
    Other(String),
}

/// A whole book, bids only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot<'a> {
    /// Market.
    pub ticker: Cow<'a, str>,
    /// Bids on YES, as sent: ascending.
    pub yes: Vec<Level>,
    /// Bids on NO, in NO prices.
    pub no: Vec<Level>,
    /// The market's clock, since autumn 2026.
    pub clock: Option<u64>,
    /// When the exchange sent it, where it says.
    pub time: Option<Timestamp>,
}

/// A change of one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta<'a> {
    /// Market.
    pub ticker: Cow<'a, str>,
    /// Side of the level.
    pub side: Side,
    /// Price of the level, in the side's own prices.
    pub price: Price,
    /// Contracts added (or, below zero, taken away).
    pub change: Quantity,
    /// The market's clock, since autumn 2026.
    pub clock: Option<u64>,
    /// When the exchange made the change, where it says.
    pub time: Option<Timestamp>,
}

/// A public trade as the stream tells it; the oldest generation gave no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade<'a> {
    /// Id, where told.
    pub id: Option<Cow<'a, str>>,
    /// Market.
    pub ticker: Cow<'a, str>,
    /// When it was executed.
    pub time: Timestamp,
    /// YES price.
    pub yes_price: Price,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// The contract the taker gained.
    pub taker: Side,
    /// Matched off the book.
    pub is_block: bool,
}

/// Best quotes and totals of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickerUpdate<'a> {
    /// Market.
    pub ticker: Cow<'a, str>,
    /// Price of the last trade.
    pub last_price: Option<Price>,
    /// Best YES bid.
    pub yes_bid: Option<Price>,
    /// Best YES ask.
    pub yes_ask: Option<Price>,
    /// Contracts at the best YES bid.
    pub yes_bid_size: Option<Quantity>,
    /// Contracts at the best YES ask.
    pub yes_ask_size: Option<Quantity>,
    /// Contracts of the last trade.
    pub last_trade_size: Option<Quantity>,
    /// Contracts traded ever.
    pub volume: Option<Quantity>,
    /// Contracts held.
    pub open_interest: Option<Quantity>,
    /// When the exchange sent it, where it says.
    pub time: Option<Timestamp>,
}

impl Trade<'_> {
    /// The trade as history keeps it.
    ///
    /// # Errors
    /// [`FieldError`] when it has no id.
    pub fn to_public(&self) -> Result<PublicTrade, FieldError> {
        let id = self.id.as_deref().ok_or(FieldError::missing("trade_id"))?;
        let name = |field, value: &str, problem| {
            FieldError::new(
                field,
                crate::wire::Fault::BadName {
                    value: format!("{value:?}"),
                    problem,
                },
            )
        };
        Ok(PublicTrade {
            id: TradeId::new(id).map_err(|problem| name("trade_id", id, problem))?,
            ticker: Ticker::new(&*self.ticker)
                .map_err(|problem| name("market_ticker", &self.ticker, problem))?,
            time: self.time,
            yes_price: self.yes_price,
            quantity: self.quantity,
            taker: self.taker,
            is_block: self.is_block,
        })
    }
}

fn own(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Frame<'_> {
    /// The same frame, owning its texts.
    pub fn into_owned(self) -> Frame<'static> {
        Frame {
            sid: self.sid,
            seq: self.seq,
            message: self.message.into_owned(),
        }
    }
}

impl Message<'_> {
    /// The same message, owning its texts.
    pub fn into_owned(self) -> Message<'static> {
        match self {
            Message::Snapshot(it) => Message::Snapshot(Snapshot {
                ticker: own(it.ticker),
                yes: it.yes,
                no: it.no,
                clock: it.clock,
                time: it.time,
            }),
            Message::Delta(it) => Message::Delta(Delta {
                ticker: own(it.ticker),
                side: it.side,
                price: it.price,
                change: it.change,
                clock: it.clock,
                time: it.time,
            }),
            Message::Trade(it) => Message::Trade(Trade {
                id: it.id.map(own),
                ticker: own(it.ticker),
                time: it.time,
                yes_price: it.yes_price,
                quantity: it.quantity,
                taker: it.taker,
                is_block: it.is_block,
            }),
            Message::Ticker(it) => Message::Ticker(TickerUpdate {
                ticker: own(it.ticker),
                last_price: it.last_price,
                yes_bid: it.yes_bid,
                yes_ask: it.yes_ask,
                yes_bid_size: it.yes_bid_size,
                yes_ask_size: it.yes_ask_size,
                last_trade_size: it.last_trade_size,
                volume: it.volume,
                open_interest: it.open_interest,
                time: it.time,
            }),
            Message::Lifecycle(it) => Message::Lifecycle(it),
            Message::EventLifecycle(it) => Message::EventLifecycle(it),
            Message::EventFee(it) => Message::EventFee(it),
            Message::Reference(it) => Message::Reference(it),
            Message::ReferenceList(it) => Message::ReferenceList(it),
            Message::Subscribed { channel, sid } => Message::Subscribed { channel, sid },
            Message::Unsubscribed => Message::Unsubscribed,
            Message::Ok(it) => Message::Ok(it),
            Message::Subscriptions(it) => Message::Subscriptions(it),
            Message::Error { code, message } => Message::Error { code, message },
            Message::Other(it) => Message::Other(it),
        }
    }

    /// Market the message is about, where it is about one.
    pub fn ticker(&self) -> Option<&str> {
        match self {
            Message::Snapshot(it) => Some(&it.ticker),
            Message::Delta(it) => Some(&it.ticker),
            Message::Trade(it) => Some(&it.ticker),
            Message::Ticker(it) => Some(&it.ticker),
            Message::Lifecycle(it) => Some(it.ticker.as_str()),
            _ => None,
        }
    }
}
