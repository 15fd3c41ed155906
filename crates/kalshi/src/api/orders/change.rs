//! Canceling, decreasing and amending one order: `DELETE /portfolio/events/orders/{order_id}`, `POST …/decrease` and
//! `POST …/amend`.

use kmi_domain::matching::{Decrease, ExpirationChange};
use kmi_domain::{BookSide, Money, Price, Quantity, Ticker, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::api::query::query;
use crate::api::request::Seconds;
use crate::api::{amount, request, words};

query! {
    /// Whose order it is: the parameter of `amend` and `decrease`, and of `DELETE /portfolio/events/orders` (cancel all), where
    /// none means every subaccount.
    pub struct SubaccountQuery {
        /// Subaccount, 0 to 63; the primary one when not given.
        pub subaccount: Option<u32>,
    }
}

query! {
    /// Parameters of `DELETE /portfolio/events/orders/{order_id}`.
    pub struct CancelQuery {
        /// Subaccount, 0 to 63; the primary one when not given.
        pub subaccount: Option<u32>,
        /// Shard; found by `market_ticker` when not given, else 0. −1 insists on the former.
        pub exchange_index: Option<i64>,
        /// The order's market. Without it (and without a shard) only orders on shard 0 are found: always give it.
        pub market_ticker: Option<Ticker>,
    }
}

/// An order that was canceled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanceledOrder {
    /// The order.
    pub order_id: String,
    /// Your id, where one was given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_order_id: Option<String>,
    /// Contracts canceled: what was left. What had filled stays filled.
    #[serde(with = "amount::count")]
    pub reduced_by: Quantity,
    /// When the matching engine took it.
    #[serde(with = "amount::unix_millis")]
    pub ts_ms: Timestamp,
}

/// How much smaller an order is to become. Body of `POST …/decrease`; 200 answers with [`DecreasedOrder`].
///
/// It keeps its place in the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecreaseOrder {
    /// By so many contracts. Exactly one of the two is given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "request::option_fixed"
    )]
    pub reduce_by: Option<Quantity>,
    /// To so many contracts left; zero cancels it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "request::option_fixed"
    )]
    pub reduce_to: Option<Quantity>,
    /// Shard; found by `market_ticker` when not given, else 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_index: Option<i32>,
    /// The order's market. Without it (and without a shard) only orders on shard 0 are found: always give it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_text"
    )]
    pub market_ticker: Option<Ticker>,
}

impl DecreaseOrder {
    /// Leaves `count` contracts: said twice it does no more than said once, unlike [`DecreaseOrder::by`].
    pub fn to(market: Ticker, count: Quantity) -> DecreaseOrder {
        DecreaseOrder {
            reduce_to: Some(count),
            market_ticker: Some(market),
            ..DecreaseOrder::default()
        }
    }

    /// Takes `count` contracts away.
    pub fn by(market: Ticker, count: Quantity) -> DecreaseOrder {
        DecreaseOrder {
            reduce_by: Some(count),
            market_ticker: Some(market),
            ..DecreaseOrder::default()
        }
    }

    /// Which of the two it is; `None` when both are given, or neither, which is refused.
    pub fn decrease(&self) -> Option<Decrease> {
        match (self.reduce_by, self.reduce_to) {
            (Some(by), None) => Some(Decrease::By(by)),
            (None, Some(to)) => Some(Decrease::To(to)),
            _ => None,
        }
    }
}

/// An order that was made smaller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecreasedOrder {
    /// The order.
    pub order_id: String,
    /// Your id, where one was given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_order_id: Option<String>,
    /// Contracts left.
    #[serde(with = "amount::count")]
    pub remaining_count: Quantity,
    /// When the matching engine took it.
    #[serde(with = "amount::unix_millis")]
    pub ts_ms: Timestamp,
}

/// An order's new terms. Body of `POST …/amend`; 200 answers with [`AmendedOrder`].
///
/// It keeps its place in the queue for a smaller size or another expiration alone; a new price or a larger size puts it at
/// the back, and a new price may match at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendOrder {
    /// The order's market.
    #[serde(with = "amount::text")]
    pub ticker: Ticker,
    /// The order's side; it cannot be changed.
    #[serde(with = "words::book_side")]
    pub side: BookSide,
    /// Limit, a YES price on the market's grid; the present one to leave it.
    #[serde(with = "request::fixed")]
    pub price: Price,
    /// **New total**: contracts filled so far plus those still wanted.
    #[serde(with = "request::fixed")]
    pub count: Quantity,
    /// The order's present `client_order_id`; another is refused.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_order_id: Option<String>,
    /// Its `client_order_id` from now on.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub updated_client_order_id: Option<String>,
    /// What becomes of the expiration: absent keeps it, 0 takes it away.
    #[serde(
        default = "keep",
        skip_serializing_if = "is_keep",
        serialize_with = "write_expiration",
        deserialize_with = "read_expiration"
    )]
    pub expiration_time: ExpirationChange,
    /// Shard; found by the ticker when not given, and −1 insists on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_index: Option<i32>,
}

impl AmendOrder {
    /// Gives an order of `market` and `side` another price and **total** size (filled plus wanted), and keeps its expiration.
    pub fn new(market: Ticker, side: BookSide, price: Price, total: Quantity) -> AmendOrder {
        AmendOrder {
            ticker: market,
            side,
            price,
            count: total,
            client_order_id: None,
            updated_client_order_id: None,
            expiration_time: ExpirationChange::Keep,
            exchange_index: None,
        }
    }

    /// The same, with what becomes of the expiration.
    #[must_use]
    pub fn expiration(self, change: ExpirationChange) -> AmendOrder {
        AmendOrder {
            expiration_time: change,
            ..self
        }
    }

    /// The same, refused unless the order has this `client_order_id`.
    #[must_use]
    pub fn client_order_id(self, id: impl Into<String>) -> AmendOrder {
        AmendOrder {
            client_order_id: Some(id.into()),
            ..self
        }
    }
}

const fn keep() -> ExpirationChange {
    ExpirationChange::Keep
}

fn is_keep(change: &ExpirationChange) -> bool {
    *change == ExpirationChange::Keep
}

fn write_expiration<S: Serializer>(change: &ExpirationChange, serializer: S) -> Result<S::Ok, S::Error> {
    match change {
        ExpirationChange::Keep => serializer.serialize_none(),
        ExpirationChange::Clear => serializer.serialize_i64(0),
        ExpirationChange::At(time) => serializer.serialize_i64(time.seconds()),
    }
}

fn read_expiration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExpirationChange, D::Error> {
    Ok(match Option::<Seconds>::deserialize(deserializer)? {
        None => ExpirationChange::Keep,
        Some(Seconds(time)) if time.seconds() == 0 => ExpirationChange::Clear,
        Some(Seconds(time)) => ExpirationChange::At(time),
    })
}

/// An order that was amended. Counts that did not change are `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendedOrder {
    /// The order.
    pub order_id: String,
    /// Its `client_order_id` from now on, where it has one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_order_id: Option<String>,
    /// Contracts resting now (not the total asked for); `None` when neither fills nor the size changed them.
    #[serde(default, with = "amount::option_count")]
    pub remaining_count: Option<Quantity>,
    /// Contracts this amendment filled; `None` when neither fills nor the size changed anything.
    #[serde(default, with = "amount::option_count")]
    pub fill_count: Option<Quantity>,
    /// Mean YES price of those fills; `None` without fills.
    #[serde(default, with = "amount::option_money")]
    pub average_fill_price: Option<Money>,
    /// Mean fee per contract of those fills; `None` without fills.
    #[serde(default, with = "amount::option_money")]
    pub average_fee_paid: Option<Money>,
    /// When the matching engine took it.
    #[serde(with = "amount::unix_millis")]
    pub ts_ms: Timestamp,
}
