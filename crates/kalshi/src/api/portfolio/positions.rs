//! `GET /portfolio/positions` and `GET /historical/positions`.

use kmi_domain::{EventTicker, Money, Quantity, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::amount;
use crate::api::page::{Cursor, PageLimits, Paged, PagedQuery};
use crate::api::query::{Commas, filter_word, query};

/// What the account holds in a market. Reads lag fills by about a second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketPosition {
    /// Market.
    #[serde(with = "amount::text")]
    pub ticker: Ticker,
    /// Shard it trades on.
    #[serde(default)]
    pub exchange_index: i32,
    /// Spent on opening, ever.
    #[serde(with = "amount::money6")]
    pub total_traded_dollars: Money,
    /// Contracts: + YES, − NO.
    #[serde(with = "amount::count")]
    pub position_fp: Quantity,
    /// What the contracts held cost.
    #[serde(with = "amount::money6")]
    pub market_exposure_dollars: Money,
    /// P&L of what was closed, before fees.
    #[serde(with = "amount::money6")]
    pub realized_pnl_dollars: Money,
    /// Fees paid.
    #[serde(with = "amount::money6")]
    pub fees_paid_dollars: Money,
    /// When it changed last.
    #[serde(with = "amount::rfc3339")]
    pub last_updated_ts: Timestamp,
}

/// What the account holds in all markets of an event together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPosition {
    /// Event.
    #[serde(with = "amount::text")]
    pub event_ticker: EventTicker,
    /// Spent on opening, ever.
    #[serde(with = "amount::money6")]
    pub total_cost_dollars: Money,
    /// Contracts traded, ever, YES and NO together.
    #[serde(with = "amount::count")]
    pub total_cost_shares_fp: Quantity,
    /// What the contracts held cost.
    #[serde(with = "amount::money6")]
    pub event_exposure_dollars: Money,
    /// P&L of what was closed, before fees.
    #[serde(with = "amount::money6")]
    pub realized_pnl_dollars: Money,
    /// Fees paid.
    #[serde(with = "amount::money6")]
    pub fees_paid_dollars: Money,
}

/// A page of positions: of markets, and of the events these belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionsPage {
    /// Where the next page starts; empty on the last.
    #[serde(default)]
    pub cursor: Cursor,
    /// By market.
    #[serde(default, with = "amount::list")]
    pub market_positions: Vec<MarketPosition>,
    /// By event.
    #[serde(default, with = "amount::list")]
    pub event_positions: Vec<EventPosition>,
}

impl Paged for PositionsPage {
    type Item = MarketPosition;

    /// The positions by market; those by event are sums of them.
    fn into_page(self) -> (Vec<MarketPosition>, Cursor) {
        (self.market_positions, self.cursor)
    }
}

filter_word! {
    /// Which positions a list call wants, by what of them is not zero.
    pub enum CountFilter ("position or total_traded") {
        /// Contracts are held.
        Position = "position",
        /// Something was ever traded.
        TotalTraded = "total_traded",
    }
}

filter_word! {
    /// Which positions a list call wants, by whether they were paid.
    pub enum SettlementStatus ("unsettled, settled or all") {
        /// Not yet.
        Unsettled = "unsettled",
        /// Paid, and not yet moved to the historical ones.
        Settled = "settled",
        /// Either.
        All = "all",
    }
}

query! {
    /// `GET /portfolio/positions`.
    pub struct PositionsQuery {
        /// Where the page starts; a cursor belongs to its `settlement_status`.
        pub cursor: Option<Cursor>,
        /// Positions on a page, [`PositionsQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Only those of which any of these is not zero.
        pub count_filter: Commas<CountFilter>,
        /// By whether they were paid; unsettled ones when not given.
        pub settlement_status: Option<SettlementStatus>,
        /// Of this market only.
        pub ticker: Option<Ticker>,
        /// Of this event only.
        pub event_ticker: Option<EventTicker>,
        /// Subaccount, 0 to 63; the primary one when not given.
        pub subaccount: Option<u32>,
        /// On this shard only.
        pub exchange_index: Option<i64>,
    }
}

impl PositionsQuery {
    /// Positions on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

impl PagedQuery for PositionsQuery {
    type Page = PositionsPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}

query! {
    /// `GET /historical/positions`: settled ones that left `GET /portfolio/positions`; limits as [`PositionsQuery::LIMITS`].
    pub struct HistoricalPositionsQuery {
        /// Of this market only.
        pub ticker: Option<Ticker>,
        /// Of this event only.
        pub event_ticker: Option<EventTicker>,
        /// Subaccount, 0 to 63; the primary one when not given.
        pub subaccount: Option<u32>,
        /// Positions on a page.
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
    }
}

impl PagedQuery for HistoricalPositionsQuery {
    type Page = PositionsPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}
