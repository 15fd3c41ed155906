//! What one's own account did.

use kmi_domain::{BookSide, Money, Price, Quantity, Side, Ticker, Timestamp, TradeId};
use serde::{Deserialize, Serialize};

use super::serial;
use crate::api::amount;
use crate::api::word::word;

/// `msg` of `fill`: an execution of one's own order. It may come before or after the public trade with the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Id of the trade.
    #[serde(with = "amount::text")]
    pub trade_id: TradeId,
    /// Order that was filled.
    pub order_id: String,
    /// The client's own id of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_order_id: Option<String>,
    /// Market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// Shard.
    #[serde(default)]
    pub exchange_index: i32,
    /// Whether the order crossed, or rested.
    pub is_taker: bool,
    /// YES price.
    #[serde(with = "amount::dollars")]
    pub yes_price_dollars: Price,
    /// Contracts.
    #[serde(with = "amount::count")]
    pub count_fp: Quantity,
    /// Fee, its rounding included.
    #[serde(with = "amount::money6")]
    pub fee_cost: Money,
    /// The contract gained: a sale of YES gains NO.
    #[serde(with = "serial::side")]
    pub outcome_side: Side,
    /// The same in terms of the YES book.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "serial::option_book_side"
    )]
    pub book_side: Option<BookSide>,
    /// Position in the market after it: above zero YES, below NO.
    #[serde(with = "amount::count")]
    pub post_position_fp: Quantity,
    /// Subaccount, where they are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
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
    /// The order's contract, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serial::option_side::serialize",
        deserialize_with = "serial::if_readable::side"
    )]
    pub side: Option<Side>,
    /// What the order did with it, `buy` or `sell`, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "serial::if_readable::text"
    )]
    pub action: Option<String>,
    /// The contract bought, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serial::option_side::serialize",
        deserialize_with = "serial::if_readable::side"
    )]
    pub purchased_side: Option<Side>,
}

/// `msg` of `market_position`: one's position in a market as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketPosition {
    /// Whose.
    pub user_id: String,
    /// Market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// Contracts held: above zero YES, below NO.
    #[serde(with = "amount::count")]
    pub position_fp: Quantity,
    /// What they cost.
    #[serde(with = "amount::money6")]
    pub position_cost_dollars: Money,
    /// Profit and loss realized.
    #[serde(with = "amount::money6")]
    pub realized_pnl_dollars: Money,
    /// Fees paid ever.
    #[serde(with = "amount::money6")]
    pub fees_paid_dollars: Money,
    /// Fees within the cost of the position.
    #[serde(with = "amount::money6")]
    pub position_fee_cost_dollars: Money,
    /// Contracts traded ever.
    #[serde(with = "amount::count")]
    pub volume_fp: Quantity,
    /// Subaccount, where they are used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
}

word! {
    /// Where an order stands.
    pub enum OrderStatus {
        /// In the book.
        Resting = "resting",
        /// Gone with contracts unfilled.
        Canceled = "canceled",
        /// Filled in full.
        Executed = "executed",
        /// The exchange does not say.
        Unknown = "unknown",
    }
}

word! {
    /// Why an order changed last.
    pub enum UpdateReason {
        /// Decreased by its owner.
        Decrease = "Decrease",
        /// Amended by its owner.
        Amend = "Amend",
        /// Canceled for want of margin.
        MarginCancel = "MarginCancel",
        /// Canceled rather than traded with another order of its owner.
        SelfTradeCancel = "SelfTradeCancel",
        /// Ran out.
        ExpiryCancel = "ExpiryCancel",
        /// Canceled at the market's close.
        CloseCancel = "CloseCancel",
        /// Canceled when trading halted.
        HaltCancel = "HaltCancel",
        /// Traded.
        Trade = "Trade",
        /// Canceled since it would have crossed though it may only rest.
        PostOnlyCrossCancel = "PostOnlyCrossCancel",
        /// Capped since it may only reduce a position.
        ReduceOnlyCancel = "ReduceOnlyCancel",
        /// Canceled outside the bounds of settlement.
        SettlementBoundsCancel = "SettlementBoundsCancel",
    }
}

/// `msg` of `user_order`: one's own order as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserOrder {
    /// Order.
    pub order_id: String,
    /// Whose.
    pub user_id: String,
    /// Market.
    #[serde(with = "amount::text")]
    pub ticker: Ticker,
    /// Shard.
    #[serde(default)]
    pub exchange_index: i32,
    /// Where it stands.
    pub status: OrderStatus,
    /// The contract it gains: a sale of YES gains NO.
    #[serde(with = "serial::side")]
    pub outcome_side: Side,
    /// The same in terms of the YES book.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "serial::option_book_side"
    )]
    pub book_side: Option<BookSide>,
    /// Limit as a YES price.
    #[serde(with = "amount::dollars")]
    pub yes_price_dollars: Price,
    /// Contracts filled.
    #[serde(with = "amount::count")]
    pub fill_count_fp: Quantity,
    /// Contracts that rest.
    #[serde(with = "amount::count")]
    pub remaining_count_fp: Quantity,
    /// Contracts first ordered.
    #[serde(with = "amount::count")]
    pub initial_count_fp: Quantity,
    /// Paid for contracts filled as a taker.
    #[serde(with = "amount::money6")]
    pub taker_fill_cost_dollars: Money,
    /// Paid for contracts filled as a maker.
    #[serde(with = "amount::money6")]
    pub maker_fill_cost_dollars: Money,
    /// Fees as a taker.
    #[serde(with = "amount::money6")]
    pub taker_fees_dollars: Money,
    /// Fees as a maker.
    #[serde(with = "amount::money6")]
    pub maker_fees_dollars: Money,
    /// The client's own id, empty where it gave none.
    #[serde(default)]
    pub client_order_id: String,
    /// Its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_group_id: Option<String>,
    /// `taker_at_cross` or `maker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_trade_prevention_type: Option<String>,
    /// Why it changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_reason: Option<UpdateReason>,
    /// When it was placed, in milliseconds; written as `null` where unknown.
    #[serde(default, with = "amount::option_unix_millis")]
    pub created_ts_ms: Option<Timestamp>,
    /// The same as text, deprecated.
    #[serde(
        default,
        serialize_with = "amount::option_rfc3339::serialize",
        deserialize_with = "amount::option_rfc3339::deserialize_if_readable"
    )]
    pub created_time: Option<Timestamp>,
    /// When it changed last, in milliseconds.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_millis"
    )]
    pub last_updated_ts_ms: Option<Timestamp>,
    /// The same as text, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "amount::option_rfc3339::serialize",
        deserialize_with = "amount::option_rfc3339::deserialize_if_readable"
    )]
    pub last_update_time: Option<Timestamp>,
    /// When it runs out, in milliseconds.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_millis"
    )]
    pub expiration_ts_ms: Option<Timestamp>,
    /// The same as text, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "amount::option_rfc3339::serialize",
        deserialize_with = "amount::option_rfc3339::deserialize_if_readable"
    )]
    pub expiration_time: Option<Timestamp>,
    /// Subaccount, 0 the primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount_number: Option<u8>,
    /// The order's contract, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serial::option_side::serialize",
        deserialize_with = "serial::if_readable::side"
    )]
    pub side: Option<Side>,
    /// Whether that is YES, deprecated.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "serial::if_readable::flag"
    )]
    pub is_yes: Option<bool>,
}

word! {
    /// What happened to an order group.
    pub enum GroupEvent {
        /// It was made.
        Created = "created",
        /// Its limit was met, or its owner triggered it: all its orders are canceled, new ones refused.
        Triggered = "triggered",
        /// It takes orders again.
        Reset = "reset",
        /// It is no more.
        Deleted = "deleted",
        /// It has another limit.
        LimitUpdated = "limit_updated",
    }
}

/// `msg` of `order_group_updates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderGroupUpdate {
    /// What happened.
    pub event_type: GroupEvent,
    /// To which group.
    pub order_group_id: String,
    /// Its limit, when made or changed.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_count"
    )]
    pub contracts_limit_fp: Option<Quantity>,
    /// When it happened, in milliseconds.
    #[serde(with = "amount::unix_millis")]
    pub ts_ms: Timestamp,
}
