//! `POST` and `DELETE /portfolio/events/orders/batched`: several orders at once, each judged by itself.
//!
//! Every item is billed, and all of them must fit the bucket at once, or the whole batch is refused with 429.

use kmi_domain::{Money, Quantity, Ticker, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::create::{CreateOrder, CreatedOrder};
use crate::api::code::Code;
use crate::api::error::ErrorObject;
use crate::api::{amount, request};

/// Orders to be placed. Body of `POST …/batched`; 201 answers with [`BatchCreated`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCreate {
    /// The orders, placed in this order.
    pub orders: Vec<CreateOrder>,
}

/// What a batch of new orders came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCreated {
    /// One item per order of the request, in its order. One that cannot be read is [unclear](BatchItemError::Unclear) and does
    /// not harm the others.
    #[serde(
        serialize_with = "amount::list::serialize",
        deserialize_with = "each_by_itself"
    )]
    pub orders: Vec<BatchCreatedItem>,
}

/// What one order of a batch came to: the fields of [`CreatedOrder`], or an error; what there is none of is `null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCreatedItem {
    /// The exchange's id; not there with an error.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub order_id: Option<String>,
    /// Your id, where one was given; with an error, too.
    #[serde(default, deserialize_with = "request::option_text")]
    pub client_order_id: Option<String>,
    /// Contracts filled at once.
    #[serde(default, with = "amount::option_count")]
    pub fill_count: Option<Quantity>,
    /// Contracts left.
    #[serde(default, with = "amount::option_count")]
    pub remaining_count: Option<Quantity>,
    /// Mean YES price of the fills.
    #[serde(default, with = "amount::option_money")]
    pub average_fill_price: Option<Money>,
    /// Mean fee per contract of the fills.
    #[serde(default, with = "amount::option_money")]
    pub average_fee_paid: Option<Money>,
    /// When the matching engine took it.
    #[serde(default, with = "amount::option_unix_millis")]
    pub ts_ms: Option<Timestamp>,
    /// Why it was refused. Code and message are empty where the exchange gave none.
    #[serde(default, deserialize_with = "any_error")]
    pub error: Option<ErrorObject>,
}

/// Why an item of a batch of new orders is no order to be counted on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchItemError {
    /// The exchange refused it: there is no order.
    #[error("{}", .0.code)]
    Refused(ErrorObject),
    /// **Whether there is an order is not known**, look for it: the item says neither an id nor an error, or both, or an error
    /// without a code; or it cannot be read, which the error then tells; or the error is `order_already_exists`, and the one
    /// that exists may be this.
    #[error("the item does not say whether there is an order")]
    Unclear(Option<ErrorObject>),
}

impl BatchCreatedItem {
    /// The order as its own call would have answered, or why there is none to count on.
    ///
    /// # Errors
    /// See [`BatchItemError`]; an item with an id but without its counts and time is unclear, too.
    pub fn into_result(self) -> Result<CreatedOrder, BatchItemError> {
        let (order_id, fill_count, remaining_count, ts_ms) = match (
            self.order_id,
            self.error,
            self.fill_count,
            self.remaining_count,
            self.ts_ms,
        ) {
            (Some(id), None, Some(filled), Some(remaining), Some(time)) => (id, filled, remaining, time),
            (None, Some(error), ..) if settles(&error) => return Err(BatchItemError::Refused(error)),
            (_, error, ..) => return Err(BatchItemError::Unclear(error)),
        };
        Ok(CreatedOrder {
            order_id,
            client_order_id: self.client_order_id,
            fill_count,
            remaining_count,
            average_fill_price: self.average_fill_price,
            average_fee_paid: self.average_fee_paid,
            ts_ms,
        })
    }

    /// An order that was refused.
    pub fn refused(client_order_id: Option<String>, error: ErrorObject) -> BatchCreatedItem {
        BatchCreatedItem {
            client_order_id,
            error: Some(error),
            ..BatchCreatedItem::default()
        }
    }
}

impl From<CreatedOrder> for BatchCreatedItem {
    fn from(created: CreatedOrder) -> BatchCreatedItem {
        BatchCreatedItem {
            order_id: Some(created.order_id),
            client_order_id: created.client_order_id,
            fill_count: Some(created.fill_count),
            remaining_count: Some(created.remaining_count),
            average_fill_price: created.average_fill_price,
            average_fee_paid: created.average_fee_paid,
            ts_ms: Some(created.ts_ms),
            error: None,
        }
    }
}

/// Orders to be canceled. Body of `DELETE …/batched`; 200 answers with [`BatchCanceled`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCancel {
    /// The orders.
    pub orders: Vec<BatchCancelItem>,
}

/// One order to be canceled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCancelItem {
    /// The exchange's id.
    pub order_id: String,
    /// Subaccount; the primary one when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
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

impl BatchCancelItem {
    /// An order, found by its market.
    pub fn new(order_id: impl Into<String>, market: Ticker) -> BatchCancelItem {
        BatchCancelItem {
            order_id: order_id.into(),
            subaccount: None,
            exchange_index: None,
            market_ticker: Some(market),
        }
    }

    /// The same, on a subaccount, 0 to 63.
    #[must_use]
    pub fn subaccount(self, number: u8) -> BatchCancelItem {
        BatchCancelItem {
            subaccount: Some(number),
            ..self
        }
    }
}

/// What a batch of cancels came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCanceled {
    /// One item per order of the request, in its order. One that cannot be read has an error that says so, and does not harm the
    /// others.
    #[serde(
        serialize_with = "amount::list::serialize",
        deserialize_with = "each_by_itself"
    )]
    pub orders: Vec<BatchCanceledItem>,
}

/// What one cancel of a batch came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCanceledItem {
    /// The order. Empty only in an item that cannot be read.
    pub order_id: String,
    /// Your id, where one was given.
    #[serde(default, deserialize_with = "request::option_text")]
    pub client_order_id: Option<String>,
    /// Contracts canceled; zero with an error.
    #[serde(with = "amount::count")]
    pub reduced_by: Quantity,
    /// When the matching engine took it; `None` with an error.
    #[serde(default, with = "amount::option_unix_millis")]
    pub ts_ms: Option<Timestamp>,
    /// Why it was not canceled. `not_found` may mean that it is done, unknown, or on another shard: read the order. So it is with
    /// an error without a code.
    #[serde(default, deserialize_with = "any_error")]
    pub error: Option<ErrorObject>,
}

impl BatchCanceledItem {
    /// A cancel that was refused.
    pub fn refused(order_id: impl Into<String>, error: ErrorObject) -> BatchCanceledItem {
        BatchCanceledItem {
            order_id: order_id.into(),
            client_order_id: None,
            reduced_by: Quantity::ZERO,
            ts_ms: None,
            error: Some(error),
        }
    }
}

/// Whether an item's error says that there is no order.
fn settles(error: &ErrorObject) -> bool {
    !error.code.is_empty() && error.known_code() != Code::OrderAlreadyExists
}

fn any_error<'de, D: Deserializer<'de>>(input: D) -> Result<Option<ErrorObject>, D::Error> {
    Ok(ErrorObject::of_any(&Value::deserialize(input)?))
}

/// An item that stands for itself even if it cannot be read.
trait Item: DeserializeOwned {
    /// What can be told of `item`, which cannot be read because of `why`. Its error has no code, unless the
    /// exchange gave one.
    fn unreadable(item: &Value, why: &serde_json::Error) -> Self;
}

impl Item for BatchCreatedItem {
    fn unreadable(item: &Value, why: &serde_json::Error) -> BatchCreatedItem {
        BatchCreatedItem {
            order_id: id(item, "order_id"),
            client_order_id: id(item, "client_order_id"),
            error: Some(unreadable(item, why)),
            ..BatchCreatedItem::default()
        }
    }
}

impl Item for BatchCanceledItem {
    /// The error that stands there, if one does: whatever else is wrong, the order is to be read.
    fn unreadable(item: &Value, why: &serde_json::Error) -> BatchCanceledItem {
        let told = item.get("error").and_then(ErrorObject::of_any);
        BatchCanceledItem {
            order_id: id(item, "order_id").unwrap_or_default(),
            client_order_id: id(item, "client_order_id"),
            reduced_by: Quantity::ZERO,
            ts_ms: None,
            error: Some(told.unwrap_or_else(|| unreadable(item, why))),
        }
    }
}

fn id(item: &Value, name: &str) -> Option<String> {
    let text = item.get(name)?.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn unreadable(item: &Value, why: &serde_json::Error) -> ErrorObject {
    ErrorObject::default()
        .with_message(format!("the item cannot be read: {why}"))
        .with_details(item.to_string())
}

/// Reads items one by one, so that one of an odd form leaves the others what they are.
fn each_by_itself<'de, T: Item, D: Deserializer<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    let items = Option::<Vec<Value>>::deserialize(input)?.unwrap_or_default();
    let read = |item: &Value| T::deserialize(item).unwrap_or_else(|why| T::unreadable(item, &why));
    Ok(items.iter().map(read).collect())
}
