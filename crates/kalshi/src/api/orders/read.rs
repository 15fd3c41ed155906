//! Reading orders: `GET /portfolio/orders`, `…/{order_id}`, `…/queue_positions`, `…/{order_id}/queue_position`, and
//! `GET /historical/orders`.

use kmi_domain::matching::SelfTradePrevention;
use kmi_domain::{Action, BookSide, EventTicker, Money, Price, Quantity, Side, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::amount;
use crate::api::page::{Cursor, PageLimits, PagedQuery, page};
use crate::api::query::{Commas, filter_word, query};
use crate::api::side::{BookSideWord, SideWord};
use crate::api::word::word;

word! {
    /// Where an order stands. There is no word for refused: a refusal is an HTTP error and leaves no order.
    pub enum OrderStatus {
        /// In the book.
        Resting = "resting",
        /// Over with something unfilled.
        Canceled = "canceled",
        /// Filled whole.
        Executed = "executed",
    }
}

impl OrderStatus {
    /// True once nothing more can happen to it.
    pub fn is_final(&self) -> bool {
        matches!(self, OrderStatus::Canceled | OrderStatus::Executed)
    }
}

word! {
    /// Kind of order.
    pub enum OrderType {
        /// With a limit: all of them since February 2026.
        Limit = "limit",
        /// Without one, in old orders.
        Market = "market",
    }
}

word! {
    /// What is done with the contract, in a body.
    pub enum ActionWord {
        /// Buys.
        Buy = "buy",
        /// Sells.
        Sell = "sell",
    }
}

impl From<Action> for ActionWord {
    fn from(action: Action) -> ActionWord {
        match action {
            Action::Buy => ActionWord::Buy,
            Action::Sell => ActionWord::Sell,
        }
    }
}

word! {
    /// What happens when an order meets one of its own account, in a body.
    pub enum SelfTradePreventionWord {
        /// The incoming order is canceled.
        TakerAtCross = "taker_at_cross",
        /// The resting one is.
        Maker = "maker",
    }
}

impl From<SelfTradePrevention> for SelfTradePreventionWord {
    fn from(prevention: SelfTradePrevention) -> SelfTradePreventionWord {
        match prevention {
            SelfTradePrevention::TakerAtCross => SelfTradePreventionWord::TakerAtCross,
            SelfTradePrevention::Maker => SelfTradePreventionWord::Maker,
        }
    }
}

/// An order of the account, as it stood when it was read: reads lag writes by about 0.4 s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The exchange's id.
    pub order_id: String,
    /// Whose it is.
    #[serde(default)]
    pub user_id: String,
    /// Your id; empty where none was given.
    #[serde(default)]
    pub client_order_id: String,
    /// Market.
    #[serde(with = "amount::text")]
    pub ticker: Ticker,
    /// The contract, under a deprecated name that says the direction only together with `action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<SideWord>,
    /// What is done with it, deprecated likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionWord>,
    /// The contract it gains: buying YES and selling NO gain YES.
    pub outcome_side: SideWord,
    /// Side of the YES book, the same said otherwise.
    pub book_side: BookSideWord,
    /// Kind.
    pub r#type: OrderType,
    /// Where it stands.
    pub status: OrderStatus,
    /// Limit as a price of YES.
    #[serde(with = "amount::dollars")]
    pub yes_price_dollars: Price,
    /// Limit as a price of NO.
    #[serde(with = "amount::dollars")]
    pub no_price_dollars: Price,
    /// Contracts filled.
    #[serde(with = "amount::count")]
    pub fill_count_fp: Quantity,
    /// Contracts resting.
    #[serde(with = "amount::count")]
    pub remaining_count_fp: Quantity,
    /// Contracts asked for, at first or by the last amendment.
    #[serde(with = "amount::count")]
    pub initial_count_fp: Quantity,
    /// Cost of contracts filled as taker.
    #[serde(with = "amount::money6")]
    pub taker_fill_cost_dollars: Money,
    /// Cost of contracts filled as maker.
    #[serde(with = "amount::money6")]
    pub maker_fill_cost_dollars: Money,
    /// Fees of contracts filled as taker.
    #[serde(with = "amount::money6")]
    pub taker_fees_dollars: Money,
    /// Fees of contracts filled as maker.
    #[serde(with = "amount::money6")]
    pub maker_fees_dollars: Money,
    /// When it is canceled by itself.
    #[serde(default, with = "amount::option_rfc3339")]
    pub expiration_time: Option<Timestamp>,
    /// When it came.
    #[serde(default, with = "amount::option_rfc3339")]
    pub created_time: Option<Timestamp>,
    /// When it was last changed, filled or canceled.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_rfc3339"
    )]
    pub last_update_time: Option<Timestamp>,
    /// What happens when it meets an order of its own account.
    #[serde(default)]
    pub self_trade_prevention_type: Option<SelfTradePreventionWord>,
    /// Order group it belongs to.
    #[serde(default)]
    pub order_group_id: Option<String>,
    /// Canceled if trading pauses while it rests.
    #[serde(default)]
    pub cancel_order_on_pause: bool,
    /// Subaccount, 0 (the primary one) to 63.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount_number: Option<u8>,
    /// Shard it trades on.
    #[serde(default)]
    pub exchange_index: i32,
}

impl Order {
    /// Side of the YES book; `None` for a word added since.
    pub fn book_side(&self) -> Option<BookSide> {
        self.book_side.side()
    }

    /// The contract it gains; `None` for a word added since.
    pub fn outcome(&self) -> Option<Side> {
        self.outcome_side.side()
    }

    /// Its `client_order_id`, where one was given.
    pub fn client_order_id(&self) -> Option<&str> {
        Some(self.client_order_id.as_str()).filter(|id| !id.is_empty())
    }
}

/// Answer to `GET /portfolio/orders/{order_id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderResponse {
    /// The order.
    pub order: Order,
}

filter_word! {
    /// Which orders a list call wants, by where they stand.
    pub enum OrderStatusFilter ("resting, canceled or executed") {
        /// In the book.
        Resting = "resting",
        /// Over with something unfilled.
        Canceled = "canceled",
        /// Filled whole.
        Executed = "executed",
    }
}

query! {
    /// `GET /portfolio/orders`, newest first. Orders that ended more than about two weeks ago are only in
    /// `GET /historical/orders`; resting ones are always here.
    pub struct OrdersQuery {
        /// Of this market only.
        pub ticker: Option<Ticker>,
        /// Of these events only, at most 100.
        pub event_ticker: Commas<EventTicker>,
        /// Created at or after.
        pub min_ts: Option<Timestamp>,
        /// Created at or before.
        pub max_ts: Option<Timestamp>,
        /// By where they stand.
        pub status: Option<OrderStatusFilter>,
        /// Orders on a page, [`OrdersQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this subaccount only, 0 to 63; of all when not given.
        pub subaccount: Option<u32>,
        /// On this shard only.
        pub exchange_index: Option<i64>,
    }
}

impl OrdersQuery {
    /// Orders on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

page! {
    /// A page of orders, newest first.
    OrdersPage { orders: Order } of OrdersQuery
}

query! {
    /// `GET /portfolio/orders/queue_positions`: of resting orders.
    pub struct QueuePositionsQuery {
        /// Of these markets only.
        pub market_tickers: Commas<Ticker>,
        /// Of this event only.
        pub event_ticker: Option<EventTicker>,
        /// Subaccount, 0 to 63; the primary one when not given.
        pub subaccount: Option<u32>,
    }
}

/// Answer to `GET /portfolio/orders/queue_positions`, which has no pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePositions {
    /// One per resting order.
    #[serde(default, with = "amount::list")]
    pub queue_positions: Vec<QueuePosition>,
}

/// How much stands before an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePosition {
    /// The order.
    pub order_id: String,
    /// Its market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// Contracts that must trade before it does: better prices, then earlier orders at its price.
    #[serde(with = "amount::count")]
    pub queue_position_fp: Quantity,
}

/// Answer to `GET /portfolio/orders/{order_id}/queue_position`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePositionResponse {
    /// Contracts that must trade before it does.
    #[serde(with = "amount::count")]
    pub queue_position_fp: Quantity,
}

query! {
    /// `GET /historical/orders`, newest first: orders that ended before the historical cut-off; limits as
    /// [`OrdersQuery::LIMITS`].
    pub struct HistoricalOrdersQuery {
        /// Of this market only.
        pub ticker: Option<Ticker>,
        /// At or after.
        pub min_ts: Option<Timestamp>,
        /// At or before.
        pub max_ts: Option<Timestamp>,
        /// Orders on a page.
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this subaccount only, 0 to 63; of all when not given.
        pub subaccount: Option<u32>,
    }
}

impl PagedQuery for HistoricalOrdersQuery {
    type Page = OrdersPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}
