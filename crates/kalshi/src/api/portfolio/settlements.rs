//! `GET /portfolio/settlements`.

use kmi_domain::{EventTicker, Money, Quantity, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::amount;
use crate::api::page::{Cursor, PageLimits, page};
use crate::api::query::query;
use crate::api::word::word;

word! {
    /// How a market ended.
    pub enum SettlementResult {
        /// YES pays $1.
        Yes = "yes",
        /// NO pays $1.
        No = "no",
        /// YES pays a value, NO what is left of the dollar.
        Scalar = "scalar",
    }
}

/// A position that was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Market.
    #[serde(with = "amount::text")]
    pub ticker: Ticker,
    /// Shard it traded on.
    #[serde(default)]
    pub exchange_index: i32,
    /// Its event.
    #[serde(with = "amount::text")]
    pub event_ticker: EventTicker,
    /// How it ended.
    pub market_result: SettlementResult,
    /// Contracts of YES held.
    #[serde(with = "amount::count")]
    pub yes_count_fp: Quantity,
    /// What they cost.
    #[serde(with = "amount::money6")]
    pub yes_total_cost_dollars: Money,
    /// Contracts of NO held.
    #[serde(with = "amount::count")]
    pub no_count_fp: Quantity,
    /// What they cost.
    #[serde(with = "amount::money6")]
    pub no_total_cost_dollars: Money,
    /// Paid out, in whole cents, cut off.
    #[serde(with = "amount::cents")]
    pub revenue: Money,
    /// When it was paid.
    #[serde(with = "amount::rfc3339")]
    pub settled_time: Timestamp,
    /// Fees paid on the position, ever.
    #[serde(with = "amount::money6")]
    pub fee_cost: Money,
    /// What one contract of YES paid, in whole cents, cut off.
    #[serde(default, with = "amount::option_cents")]
    pub value: Option<Money>,
}

query! {
    /// `GET /portfolio/settlements`, newest first.
    pub struct SettlementsQuery {
        /// Settlements on a page, [`SettlementsQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this market only.
        pub ticker: Option<Ticker>,
        /// Of this event only.
        pub event_ticker: Option<EventTicker>,
        /// At or after.
        pub min_ts: Option<Timestamp>,
        /// At or before.
        pub max_ts: Option<Timestamp>,
        /// Of this subaccount only, 0 to 63; of all when not given.
        pub subaccount: Option<u32>,
    }
}

impl SettlementsQuery {
    /// Settlements on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

page! {
    /// A page of settlements, newest first.
    SettlementsPage { settlements: Settlement } of SettlementsQuery
}
