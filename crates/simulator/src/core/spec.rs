//! What is listed, and by which rules the exchange plays where Kalshi leaves it open.

use kmi_domain::{
    CollateralReturn, EventTicker, FeeMultiplier, FeeType, Money, SeriesTicker, TickGrid, Ticker, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::ids::Shard;

/// A series to be listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesSpec {
    /// Name.
    pub ticker: SeriesTicker,
    /// Full title.
    pub title: String,
    /// Discovery category, in Kalshi's words.
    pub category: String,
    /// Tags.
    pub tags: Vec<String>,
    /// How often: `daily`, `fifteen_min`, `custom`, …
    pub frequency: String,
    /// How it charges.
    pub fee_type: FeeType,
    /// Factor on the fee rate.
    pub fee_multiplier: FeeMultiplier,
    /// Shard its events trade on.
    pub shard: Shard,
}

/// An event to be listed under a series that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSpec {
    /// Name.
    pub ticker: EventTicker,
    /// Series it belongs to.
    pub series: SeriesTicker,
    /// Full title.
    pub title: String,
    /// Short title.
    pub sub_title: String,
    /// How collateral is netted; [`CollateralReturn::Mecnet`] makes it mutually exclusive.
    pub collateral_return: CollateralReturn,
    /// The date it is about.
    pub strike_date: Option<Timestamp>,
    /// Fee type that overrides the series'.
    pub fee_type_override: Option<FeeType>,
    /// Fee multiplier that overrides the series'.
    pub fee_multiplier_override: Option<FeeMultiplier>,
}

/// What decides a market.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Strike {
    /// `greater`, `less`, `between`, `custom`, …; empty where there is none.
    pub kind: String,
    /// Lower bound.
    pub floor: Option<f64>,
    /// Upper bound.
    pub cap: Option<f64>,
}

/// A market to be listed under an event that is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketSpec {
    /// Name.
    pub ticker: Ticker,
    /// Event it belongs to.
    pub event: EventTicker,
    /// What YES means, in a few words.
    pub yes_sub_title: String,
    /// What NO means.
    pub no_sub_title: String,
    /// The rule that decides it.
    pub rules_primary: String,
    /// Further rules, may be empty.
    pub rules_secondary: String,
    /// What decides it, as data.
    pub strike: Strike,
    /// Name of its price structure: `linear_cent`, `deci_cent`, `tapered_deci_cent`, …
    pub price_level_structure: String,
    /// Its valid prices.
    pub grid: TickGrid,
    /// Trading starts.
    pub open_time: Timestamp,
    /// Trading ends.
    pub close_time: Timestamp,
    /// The result is expected.
    pub expected_expiration_time: Timestamp,
    /// The result is known at the latest.
    pub latest_expiration_time: Timestamp,
    /// Seconds between result and payment.
    pub settlement_timer_s: u32,
    /// Whether it may close before `close_time`.
    pub can_close_early: bool,
    /// No fees of the schedule until then.
    pub fee_waiver_until: Option<Timestamp>,
    /// A recorded capture is its market data, and own orders meet that flow instead of each other.
    pub is_replay: bool,
}

/// Rules of the house; those Kalshi leaves open are switches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Names the exchange: public ids depend on it.
    pub seed: u64,
    /// A `client_order_id` may be used again once its order is over; else never.
    pub client_order_id_reuse: ClientOrderIdReuse,
    /// What `balance` says about money held for resting orders.
    pub balance: BalanceRule,
    /// What becomes of a post-only order that would trade.
    pub post_only: PostOnlyRule,
    /// Seconds after a cancel-all during which the account's new orders are canceled too; Kalshi says up to 60.
    pub cancel_all_shadow_s: u32,
    /// Open orders one user may have.
    pub max_open_orders: u32,
    /// Micros that a transfer between shards takes.
    pub shard_transfer_micros: i64,
    /// A deposit of this size is what a new account starts with, on [`Shard::MAIN`].
    pub opening_balance: Money,
}

/// Whether the id a client gave an order is free again after the order's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientOrderIdReuse {
    /// As measured in 2026.
    Never,
    /// As the documents promise for open orders only.
    AfterClose,
}

/// What `balance` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BalanceRule {
    /// Cash, resting orders' collateral included.
    Gross,
    /// Cash free to be spent.
    NetOfOrders,
}

/// What becomes of a post-only order that would trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PostOnlyRule {
    /// Refused with 400, as measured.
    Refuse,
    /// Accepted and canceled at once, as one page of the documents has it.
    Cancel,
}

impl Rules {
    /// What was measured at Kalshi, or is likeliest where nothing was.
    pub fn measured(seed: u64) -> Rules {
        Rules {
            seed,
            client_order_id_reuse: ClientOrderIdReuse::Never,
            balance: BalanceRule::Gross,
            post_only: PostOnlyRule::Refuse,
            cancel_all_shadow_s: 0,
            max_open_orders: 200_000,
            shard_transfer_micros: 500_000,
            opening_balance: Money::from_micros(10_000_000_000),
        }
    }
}
