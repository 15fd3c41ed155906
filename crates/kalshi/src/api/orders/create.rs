//! `POST /portfolio/events/orders`.

use kmi_domain::matching::{SelfTradePrevention, TimeInForce};
use kmi_domain::{Action, BookSide, Money, Price, Quantity, Side, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::request::is_false;
use crate::api::{amount, request, words};

/// An order to be placed, in YES prices. Body of `POST /portfolio/events/orders`; 201 answers with [`CreatedOrder`].
///
/// Built by [`CreateOrder::bid`], [`CreateOrder::ask`] or [`CreateOrder::of`], and the methods that change one thing each; the
/// plain form is good till canceled, `taker_at_cross`, with no flag set, on the primary subaccount, routed by its ticker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOrder {
    /// Market.
    #[serde(with = "amount::text")]
    pub ticker: Ticker,
    /// Id of your own, 1 to 64 characters, never used before by this account, a UUID for choice. Without one a lost answer
    /// leaves an order that cannot be found again.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_order_id: Option<String>,
    /// Side of the YES book.
    #[serde(with = "words::book_side")]
    pub side: BookSide,
    /// Contracts, at least 0.01.
    #[serde(with = "request::fixed")]
    pub count: Quantity,
    /// Limit, a YES price on the market's grid.
    #[serde(with = "request::fixed")]
    pub price: Price,
    /// When it is canceled by itself, to the second; in the future, and only if good till canceled.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "request::option_seconds"
    )]
    pub expiration_time: Option<Timestamp>,
    /// How long it works.
    #[serde(with = "words::time_in_force")]
    pub time_in_force: TimeInForce,
    /// Refused (400 `invalid_order`, `post only cross`) if it would trade at once.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "request::flag")]
    pub post_only: bool,
    /// What happens when it meets an order of its own account.
    #[serde(with = "words::self_trade_prevention")]
    pub self_trade_prevention_type: SelfTradePrevention,
    /// Canceled if trading pauses while it rests.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "request::flag")]
    pub cancel_order_on_pause: bool,
    /// Fills no more than brings the position to zero; only if immediate or cancel.
    #[serde(default, skip_serializing_if = "is_false", deserialize_with = "request::flag")]
    pub reduce_only: bool,
    /// Subaccount, 0 to 63; the primary one (0), or the one the key is locked to, when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
    /// Order group it joins.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub order_group_id: Option<String>,
    /// Shard; found by the ticker when not given, and −1 insists on that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_index: Option<i32>,
}

impl CreateOrder {
    /// Buys YES at `price` or less.
    #[must_use]
    pub fn bid(ticker: Ticker, price: Price, count: Quantity) -> CreateOrder {
        Self::on(BookSide::Bid, ticker, price, count)
    }

    /// Sells YES at `price` or more, which is to buy NO at `1 − price` or less.
    #[must_use]
    pub fn ask(ticker: Ticker, price: Price, count: Quantity) -> CreateOrder {
        Self::on(BookSide::Ask, ticker, price, count)
    }

    /// An act on one contract, with `price` that of the contract named. **Orders on NO become YES prices here and nowhere
    /// else**: buying NO at $0.30 is an ask at $0.70, selling NO at $0.30 a bid at $0.70.
    #[must_use]
    pub fn of(side: Side, action: Action, ticker: Ticker, price: Price, count: Quantity) -> CreateOrder {
        let yes_price = match side {
            Side::Yes => price,
            Side::No => price.complement(),
        };
        Self::on(BookSide::of(side, action), ticker, yes_price, count)
    }

    fn on(side: BookSide, ticker: Ticker, price: Price, count: Quantity) -> CreateOrder {
        CreateOrder {
            ticker,
            client_order_id: None,
            side,
            count,
            price,
            expiration_time: None,
            time_in_force: TimeInForce::GoodTillCanceled,
            post_only: false,
            self_trade_prevention_type: SelfTradePrevention::TakerAtCross,
            cancel_order_on_pause: false,
            reduce_only: false,
            subaccount: None,
            order_group_id: None,
            exchange_index: None,
        }
    }

    /// The same with an id of your own.
    #[must_use]
    pub fn client_order_id(self, id: impl Into<String>) -> CreateOrder {
        CreateOrder {
            client_order_id: Some(id.into()),
            ..self
        }
    }

    /// The same, what does not fill at once is canceled.
    #[must_use]
    pub fn immediate_or_cancel(self) -> CreateOrder {
        CreateOrder {
            time_in_force: TimeInForce::ImmediateOrCancel,
            ..self
        }
    }

    /// The same, filled whole at once or not at all.
    #[must_use]
    pub fn fill_or_kill(self) -> CreateOrder {
        CreateOrder {
            time_in_force: TimeInForce::FillOrKill,
            ..self
        }
    }

    /// The same, canceled by itself at `time`, rounded down to the second.
    #[must_use]
    pub fn expires_at(self, time: Timestamp) -> CreateOrder {
        CreateOrder {
            expiration_time: Some(time),
            ..self
        }
    }

    /// The same, never taking.
    #[must_use]
    pub fn post_only(self) -> CreateOrder {
        CreateOrder {
            post_only: true,
            ..self
        }
    }

    /// The same, shrinking the position at most to zero. Makes it immediate or cancel, without which the exchange refuses it.
    #[must_use]
    pub fn reduce_only(self) -> CreateOrder {
        CreateOrder {
            reduce_only: true,
            ..self.immediate_or_cancel()
        }
    }

    /// The same, with what happens when it meets an order of its own account.
    #[must_use]
    pub fn self_trade_prevention(self, prevention: SelfTradePrevention) -> CreateOrder {
        CreateOrder {
            self_trade_prevention_type: prevention,
            ..self
        }
    }

    /// The same, canceled if trading pauses while it rests.
    #[must_use]
    pub fn cancel_on_pause(self) -> CreateOrder {
        CreateOrder {
            cancel_order_on_pause: true,
            ..self
        }
    }

    /// The same, on a subaccount, 0 to 63.
    #[must_use]
    pub fn subaccount(self, number: u8) -> CreateOrder {
        CreateOrder {
            subaccount: Some(number),
            ..self
        }
    }

    /// The same, in an order group.
    #[must_use]
    pub fn in_group(self, group_id: impl Into<String>) -> CreateOrder {
        CreateOrder {
            order_group_id: Some(group_id.into()),
            ..self
        }
    }
}

/// What a new order came to. **201 does not mean that it rests, nor that it filled: read the counts.** Both zero: it met an
/// order of its own account, or took nothing it could.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedOrder {
    /// The exchange's id.
    pub order_id: String,
    /// Your id, where one was given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_text"
    )]
    pub client_order_id: Option<String>,
    /// Contracts filled at once.
    #[serde(with = "amount::count")]
    pub fill_count: Quantity,
    /// Contracts left: resting if good till canceled, otherwise zero.
    #[serde(with = "amount::count")]
    pub remaining_count: Quantity,
    /// Mean YES price of those fills, weighted by contracts; `None` without fills.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_money"
    )]
    pub average_fill_price: Option<Money>,
    /// Mean fee per contract of those fills; `None` without fills.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_money"
    )]
    pub average_fee_paid: Option<Money>,
    /// When the matching engine took it.
    #[serde(with = "amount::unix_millis")]
    pub ts_ms: Timestamp,
}
