//! Incentive programs: what the exchange pays for quoting and trading.

use kmi_domain::{Money, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::amount::{centi_cents, list, option_centi_cents, option_count, rfc3339};
use super::page::{Cursor, PageLimits, Paged, PagedQuery};
use super::query::{filter_word, query};
use super::word::word;

word! {
    /// What a program pays for.
    pub enum IncentiveWord {
        /// Resting orders.
        Liquidity = "liquidity",
        /// Trading.
        Volume = "volume",
        /// Making, on the margin exchange.
        MarginMakerVolume = "margin_maker_volume",
        /// Taking, on the margin exchange.
        MarginTakerVolume = "margin_taker_volume",
    }
}

/// A program for one market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncentiveProgram {
    /// Id.
    pub id: String,
    /// Id of the market.
    #[serde(default)]
    pub market_id: String,
    /// The market.
    #[serde(default)]
    pub market_ticker: String,
    /// What it pays for.
    pub incentive_type: IncentiveWord,
    /// What it says about itself.
    #[serde(default)]
    pub incentive_description: String,
    /// From when.
    #[serde(with = "rfc3339")]
    pub start_date: Timestamp,
    /// Until when.
    #[serde(with = "rfc3339")]
    pub end_date: Timestamp,
    /// What it pays in all; hundredths of a cent on the wire.
    #[serde(with = "centi_cents")]
    pub period_reward: Money,
    /// Whether it has been paid.
    #[serde(default)]
    pub paid_out: bool,
    /// How much less orders away from the best count, in hundredths of a percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_factor_bps: Option<i32>,
    /// Contracts that should rest.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_count")]
    pub target_size_fp: Option<Quantity>,
    /// Most one account gets; hundredths of a cent on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_centi_cents")]
    pub max_reward_per_account: Option<Money>,
}

filter_word! {
    /// Which programs a list call wants, by where they stand.
    pub enum IncentiveStatusFilter ("all, active, upcoming, closed or paid_out") {
        /// Every one.
        All = "all",
        /// Running.
        Active = "active",
        /// To come.
        Upcoming = "upcoming",
        /// Over.
        Closed = "closed",
        /// Paid.
        PaidOut = "paid_out",
    }
}

query! {
    /// `GET /incentive_programs`.
    pub struct IncentivesQuery {
        /// Where they stand.
        pub status: Option<IncentiveStatusFilter>,
        /// What they pay for: a word of [`IncentiveWord`], or `all`.
        pub kind as "type": Option<String>,
        /// With this description only.
        pub incentive_description: Option<String>,
        /// Programs on a page, [`IncentivesQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
    }
}

impl IncentivesQuery {
    /// Programs on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 10_000,
        default: 100,
    };
}

/// A page of programs. Its cursor has a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncentivesPage {
    /// The programs of this page.
    #[serde(default, with = "list")]
    pub incentive_programs: Vec<IncentiveProgram>,
    /// Where the next page starts; empty on the last.
    #[serde(default)]
    pub next_cursor: Cursor,
}

impl Paged for IncentivesPage {
    type Item = IncentiveProgram;

    fn into_page(self) -> (Vec<IncentiveProgram>, Cursor) {
        (self.incentive_programs, self.next_cursor)
    }
}

impl PagedQuery for IncentivesQuery {
    type Page = IncentivesPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}
