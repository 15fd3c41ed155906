//! `GET /portfolio/fills` and `GET /historical/fills`.

use kmi_domain::{BookSide, Money, Price, Quantity, Side, Ticker, Timestamp, TradeId};
use serde::{Deserialize, Serialize};

use crate::api::amount;
use crate::api::orders::ActionWord;
use crate::api::page::{Cursor, PageLimits, PagedQuery, page};
use crate::api::query::{Commas, query};
use crate::api::side::{BookSideWord, SideWord};

/// The account's part in a trade. REST does not say the `client_order_id`; the WebSocket's fills do.
///
/// Two subaccounts can be on both sides of one trade: (`order_id`, `trade_id`) is unique, `trade_id` alone is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Id of the trade.
    #[serde(with = "amount::text")]
    pub fill_id: TradeId,
    /// The same, under its older name.
    #[serde(with = "amount::text")]
    pub trade_id: TradeId,
    /// Shard it traded on.
    #[serde(default)]
    pub exchange_index: i32,
    /// The order filled.
    pub order_id: String,
    /// Market.
    #[serde(with = "amount::text")]
    pub ticker: Ticker,
    /// The same, under its older name.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// The contract, under a deprecated name that says the direction only together with `action`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<SideWord>,
    /// What was done with it, deprecated likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionWord>,
    /// The contract gained: buying YES and selling NO gain YES.
    pub outcome_side: SideWord,
    /// Side of the YES book the order was on.
    pub book_side: BookSideWord,
    /// Contracts.
    #[serde(with = "amount::count")]
    pub count_fp: Quantity,
    /// Price of YES. What selling brought in comes from this one, not from the price of NO.
    #[serde(with = "amount::dollars")]
    pub yes_price_dollars: Price,
    /// Price of NO.
    #[serde(with = "amount::dollars")]
    pub no_price_dollars: Price,
    /// Whether the order took, rather than rested.
    pub is_taker: bool,
    /// Fee, trade and rounding together, before rebates.
    #[serde(with = "amount::money6")]
    pub fee_cost: Money,
    /// When.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_rfc3339"
    )]
    pub created_time: Option<Timestamp>,
    /// Subaccount, 0 (the primary one) to 63.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount_number: Option<u8>,
    /// When, to the second, under an older name.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub ts: Option<Timestamp>,
}

impl Fill {
    /// Side of the YES book; `None` for a word added since.
    pub fn book_side(&self) -> Option<BookSide> {
        self.book_side.side()
    }

    /// The contract gained; `None` for a word added since.
    pub fn outcome(&self) -> Option<Side> {
        self.outcome_side.side()
    }

    /// When, as exactly as told.
    pub fn time(&self) -> Option<Timestamp> {
        self.created_time.or(self.ts)
    }
}

query! {
    /// `GET /portfolio/fills`, newest first. Older ones than the historical cut-off are only in `GET /historical/fills`.
    pub struct FillsQuery {
        /// Of these markets only, at most 100.
        pub ticker: Commas<Ticker>,
        /// Of this order only.
        pub order_id: Option<String>,
        /// At or after.
        pub min_ts: Option<Timestamp>,
        /// At or before.
        pub max_ts: Option<Timestamp>,
        /// Fills on a page, [`FillsQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this subaccount only, 0 to 63; of all when not given.
        pub subaccount: Option<u32>,
        /// On this shard only.
        pub exchange_index: Option<i64>,
    }
}

impl FillsQuery {
    /// Fills on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

page! {
    /// A page of fills, newest first.
    FillsPage { fills: Fill } of FillsQuery
}

query! {
    /// `GET /historical/fills`, newest first; limits as [`FillsQuery::LIMITS`].
    pub struct HistoricalFillsQuery {
        /// Of this market only.
        pub ticker: Option<Ticker>,
        /// At or after.
        pub min_ts: Option<Timestamp>,
        /// At or before.
        pub max_ts: Option<Timestamp>,
        /// Fills on a page.
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this subaccount only, 0 to 63; of all when not given.
        pub subaccount: Option<u32>,
    }
}

impl PagedQuery for HistoricalFillsQuery {
    type Page = FillsPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}
