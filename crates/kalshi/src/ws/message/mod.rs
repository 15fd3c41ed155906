//! What the exchange says: messages of today's generation, written by a server and read by a client alike.
//!
//! Fields bear the exchange's own names. Written, a message has every field its specification requires, provided the fields marked
//! deprecated are filled in; read, it is tolerant: those may be absent, unknown fields are passed over, numbers are taken where
//! strings belong. For recordings of earlier generations there is [`crate::frame`].

mod control;
mod lifecycle;
mod market;
mod private;
mod serial;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use control::{Covered, Refusal, Subscribed};
pub use lifecycle::{
    EventFeeUpdate, EventLifecycle, LifecycleEvent, MarketLifecycle, MarketMetadata, PriceBand,
};
pub use market::{OrderbookDelta, OrderbookSnapshot, TickerUpdate, Trade};
pub use private::{Fill, GroupEvent, MarketPosition, OrderGroupUpdate, OrderStatus, UpdateReason, UserOrder};

use super::Channel;

/// A message in its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerMessage {
    /// Command it replies to.
    pub id: Option<u64>,
    /// Subscription it belongs to.
    pub sid: Option<u64>,
    /// Its place within the subscription, from 1; only sequenced channels have it, see [`Channel::is_sequenced`].
    pub seq: Option<u64>,
    /// When the exchange sent it, in milliseconds since 1970.
    pub sending_ts_ms: Option<i64>,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A subscription was made.
    Subscribed(Subscribed),
    /// A subscription was ended.
    Unsubscribed,
    /// A command was done.
    Ok(Covered),
    /// All subscriptions, in answer to `list_subscriptions`.
    Subscriptions(Vec<Subscribed>),
    /// A command was refused, or a subscription broke.
    Error(Refusal),
    /// A whole book.
    OrderbookSnapshot(OrderbookSnapshot),
    /// A change of one level.
    OrderbookDelta(OrderbookDelta),
    /// Best quotes and totals.
    Ticker(TickerUpdate),
    /// A public trade.
    Trade(Trade),
    /// An own fill.
    Fill(Box<Fill>),
    /// An own position.
    MarketPosition(Box<MarketPosition>),
    /// An own order.
    UserOrder(Box<UserOrder>),
    /// An own order group.
    OrderGroupUpdate(OrderGroupUpdate),
    /// A market came, changed or went.
    MarketLifecycle(Box<MarketLifecycle>),
    /// A combo came, changed or went.
    MultivariateMarketLifecycle(Box<MarketLifecycle>),
    /// An event came.
    EventLifecycle(Box<EventLifecycle>),
    /// An event's own fees changed.
    EventFeeUpdate(EventFeeUpdate),
    /// A type that is not typed here: requests for quotes, reference prices, or new.
    Other {
        /// Its type.
        kind: String,
        /// Its `msg`, if it has one, as JSON.
        msg: Option<String>,
    },
}

/// Why a text is no message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not JSON, or no envelope.
    #[error("is not a message: {0}")]
    Envelope(#[source] serde_json::Error),
    /// What it says does not have the shape of its type.
    #[error("is not a {kind}: {source}")]
    Body {
        /// Type of the message.
        kind: String,
        /// Subscription it belongs to, so that one knows what was missed.
        sid: Option<u64>,
        /// Its place within the subscription.
        seq: Option<u64>,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The envelope as it stands on the wire. A server that tells many clients the same encodes `msg` once and writes an envelope each.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Envelope<'a> {
    /// Type of the message.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Command it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Subscription it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<u64>,
    /// Its place within the subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// When the exchange sent it, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending_ts_ms: Option<i64>,
    /// What it says, as JSON.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub msg: Option<&'a RawValue>,
}

impl Envelope<'_> {
    /// The text that goes over the wire.
    #[must_use]
    pub fn to_json(&self) -> String {
        crate::wire::to_json(self)
    }
}

impl ServerMessage {
    /// A message in an envelope with nothing on it.
    pub fn new(body: Body) -> ServerMessage {
        ServerMessage {
            id: None,
            sid: None,
            seq: None,
            sending_ts_ms: None,
            body,
        }
    }

    /// Reads one message; white space around it, such as a newline at its end, is passed over.
    ///
    /// # Errors
    /// [`MessageError`] says what is wrong. A type never seen is no error: [`Body::Other`].
    pub fn parse(text: &[u8]) -> Result<ServerMessage, MessageError> {
        let envelope: Envelope<'_> = serde_json::from_slice(text).map_err(MessageError::Envelope)?;
        let body = Body::read(&envelope).map_err(|source| MessageError::Body {
            kind: envelope.kind.to_owned(),
            sid: envelope.sid,
            seq: envelope.seq,
            source,
        })?;
        Ok(ServerMessage {
            id: envelope.id.filter(|id| *id != 0),
            sid: envelope.sid,
            seq: envelope.seq,
            sending_ts_ms: envelope.sending_ts_ms,
            body,
        })
    }

    /// The text that goes over the wire.
    #[must_use]
    pub fn to_json(&self) -> String {
        let msg = self.body.msg();
        Envelope {
            kind: self.body.kind(),
            id: self.id,
            sid: self.sid,
            seq: self.seq,
            sending_ts_ms: self.sending_ts_ms,
            msg: msg.as_deref(),
        }
        .to_json()
    }
}

fn typed<'a, T: Deserialize<'a>>(envelope: &Envelope<'a>) -> serde_json::Result<T> {
    // Without a message there is none of its fields either: the error names the first.
    serde_json::from_str(envelope.msg.map_or("{}", RawValue::get))
}

impl Body {
    fn read(envelope: &Envelope<'_>) -> serde_json::Result<Body> {
        Ok(match envelope.kind {
            "orderbook_delta" => Body::OrderbookDelta(typed(envelope)?),
            "orderbook_snapshot" => Body::OrderbookSnapshot(typed(envelope)?),
            "ticker" => Body::Ticker(typed(envelope)?),
            "trade" => Body::Trade(typed(envelope)?),
            "fill" => Body::Fill(typed(envelope)?),
            "market_position" => Body::MarketPosition(typed(envelope)?),
            "user_order" => Body::UserOrder(typed(envelope)?),
            "order_group_updates" => Body::OrderGroupUpdate(typed(envelope)?),
            "market_lifecycle_v2" => Body::MarketLifecycle(typed(envelope)?),
            "multivariate_market_lifecycle" => Body::MultivariateMarketLifecycle(typed(envelope)?),
            "event_lifecycle" => Body::EventLifecycle(typed(envelope)?),
            "event_fee_update" => Body::EventFeeUpdate(typed(envelope)?),
            "subscribed" => Body::Subscribed(typed(envelope)?),
            "unsubscribed" => Body::Unsubscribed,
            "ok" if envelope.msg.is_some_and(|msg| msg.get().starts_with('[')) => {
                Body::Subscriptions(typed(envelope)?)
            }
            "ok" => Body::Ok(typed(envelope)?),
            "error" => Body::Error(typed(envelope)?),
            other => Body::Other {
                kind: other.to_owned(),
                msg: envelope.msg.map(|msg| msg.get().to_owned()),
            },
        })
    }

    /// Its type on the wire.
    pub fn kind(&self) -> &str {
        match self {
            Body::Subscribed(_) => "subscribed",
            Body::Unsubscribed => "unsubscribed",
            Body::Ok(_) | Body::Subscriptions(_) => "ok",
            Body::Error(_) => "error",
            Body::OrderbookSnapshot(_) => "orderbook_snapshot",
            Body::OrderbookDelta(_) => "orderbook_delta",
            Body::Ticker(_) => "ticker",
            Body::Trade(_) => "trade",
            Body::Fill(_) => "fill",
            Body::MarketPosition(_) => "market_position",
            Body::UserOrder(_) => "user_order",
            Body::OrderGroupUpdate(_) => "order_group_updates",
            Body::MarketLifecycle(_) => "market_lifecycle_v2",
            Body::MultivariateMarketLifecycle(_) => "multivariate_market_lifecycle",
            Body::EventLifecycle(_) => "event_lifecycle",
            Body::EventFeeUpdate(_) => "event_fee_update",
            Body::Other { kind, .. } => kind,
        }
    }

    /// What it says as JSON, the envelope's `msg`; `None` where there is none.
    pub fn msg(&self) -> Option<Box<RawValue>> {
        fn raw<T: Serialize>(msg: &T) -> Box<RawValue> {
            serde_json::value::to_raw_value(msg).expect("messages hold only what JSON can write")
        }
        Some(match self {
            Body::Unsubscribed => return None,
            Body::Ok(covered) if *covered == Covered::default() => return None,
            Body::Other { msg, .. } => return msg.clone().and_then(|msg| RawValue::from_string(msg).ok()),
            Body::Ok(covered) => raw(covered),
            Body::Subscribed(msg) => raw(msg),
            Body::Subscriptions(msg) => raw(msg),
            Body::Error(msg) => raw(msg),
            Body::OrderbookSnapshot(msg) => raw(msg),
            Body::OrderbookDelta(msg) => raw(msg),
            Body::Ticker(msg) => raw(msg),
            Body::Trade(msg) => raw(msg),
            Body::Fill(msg) => raw(msg),
            Body::MarketPosition(msg) => raw(msg),
            Body::UserOrder(msg) => raw(msg),
            Body::OrderGroupUpdate(msg) => raw(msg),
            Body::MarketLifecycle(msg) | Body::MultivariateMarketLifecycle(msg) => raw(msg),
            Body::EventLifecycle(msg) => raw(msg),
            Body::EventFeeUpdate(msg) => raw(msg),
        })
    }

    /// The channel it comes on; `None` for replies, types unknown, and `event_lifecycle`, which comes on two.
    pub fn channel(&self) -> Option<Channel> {
        channel_of(self.kind())
    }

    /// Whether it replies to a command.
    pub const fn is_reply(&self) -> bool {
        matches!(
            self,
            Body::Subscribed(_) | Body::Unsubscribed | Body::Ok(_) | Body::Subscriptions(_) | Body::Error(_)
        )
    }

    /// Market it is about, where it is about one.
    pub fn ticker(&self) -> Option<&kmi_domain::Ticker> {
        match self {
            Body::OrderbookSnapshot(msg) => Some(&msg.market_ticker),
            Body::OrderbookDelta(msg) => Some(&msg.market_ticker),
            Body::Ticker(msg) => Some(&msg.market_ticker),
            Body::Trade(msg) => Some(&msg.market_ticker),
            Body::Fill(msg) => Some(&msg.market_ticker),
            Body::MarketPosition(msg) => Some(&msg.market_ticker),
            Body::UserOrder(msg) => Some(&msg.ticker),
            Body::MarketLifecycle(msg) | Body::MultivariateMarketLifecycle(msg) => Some(&msg.market_ticker),
            _ => None,
        }
    }
}

/// The channel on which messages of a type come, where there is just one.
pub(crate) fn channel_of(kind: &str) -> Option<Channel> {
    Some(match kind {
        "orderbook_snapshot" | "orderbook_delta" => Channel::OrderbookDelta,
        "ticker" => Channel::Ticker,
        "trade" => Channel::Trade,
        "fill" => Channel::Fill,
        "market_position" => Channel::MarketPositions,
        "user_order" => Channel::UserOrders,
        "order_group_updates" => Channel::OrderGroupUpdates,
        "market_lifecycle_v2" | "event_fee_update" => Channel::MarketLifecycle,
        "multivariate_market_lifecycle" => Channel::MultivariateMarketLifecycle,
        "cfbenchmarks_value" | "cfbenchmarks_value_indexlist" => Channel::CfBenchmarksValue,
        "cfbenchmarks_value_5hz" | "cfbenchmarks_value_5hz_indexlist" => Channel::CfBenchmarksValue5Hz,
        "pyth_value" | "pyth_value_underlying_list" => Channel::PythValue,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
