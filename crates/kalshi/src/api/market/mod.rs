//! Markets: the body, the queries that list them, and what it means.

mod domain;
mod queries;
mod rules;
mod words;

pub use queries::{HistoricalMarketsQuery, MarketsPage, MarketsQuery, MveFilter, StatusFilter};
pub use rules::{MarketTime, MarketsRefusal, TimeFilter};
pub use words::{BoundsWord, MarketTypeWord, ResultWord, StatusWord, StrikeTypeWord};

use kmi_domain::{EventTicker, Money, Price, Quantity, Ticker, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ExchangeIndex;
use super::amount::{
    count, dollars, list, option_dollars, option_money4, option_number_text, option_rfc3339, option_text,
    rfc3339_or_never, text,
};
use super::side::SideWord;

/// One market, with its quotes. What the exchange requires is written always; an instant nobody set is written as the first
/// second of year one, no bid as `0.0000`, no ask as `1.0000`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Market {
    /// Name.
    #[serde(with = "text")]
    pub ticker: Ticker,
    /// Event it belongs to.
    #[serde(with = "text")]
    pub event_ticker: EventTicker,
    /// Binary or scalar.
    #[serde(default)]
    pub market_type: MarketTypeWord,
    /// Title; deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Short title; deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// What YES means, short.
    #[serde(default)]
    pub yes_sub_title: String,
    /// What NO means, short.
    #[serde(default)]
    pub no_sub_title: String,
    /// When it was listed.
    #[serde(default, with = "rfc3339_or_never")]
    pub created_time: Option<Timestamp>,
    /// Last change of its metadata, not of its quotes.
    #[serde(default, with = "rfc3339_or_never")]
    pub updated_time: Option<Timestamp>,
    /// First instant of trading.
    #[serde(default, with = "rfc3339_or_never")]
    pub open_time: Option<Timestamp>,
    /// Last instant of trading; may move while it trades.
    #[serde(default, with = "rfc3339_or_never")]
    pub close_time: Option<Timestamp>,
    /// When the result is expected.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub expected_expiration_time: Option<Timestamp>,
    /// When it expires; deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub expiration_time: Option<Timestamp>,
    /// Latest instant at which it may expire.
    #[serde(default, with = "rfc3339_or_never")]
    pub latest_expiration_time: Option<Timestamp>,
    /// Seconds between determination and payment.
    #[serde(default)]
    pub settlement_timer_seconds: i64,
    /// Where it stands.
    pub status: StatusWord,
    /// Best YES bid; $0 when there is none.
    #[serde(with = "dollars")]
    pub yes_bid_dollars: Price,
    /// Contracts at the best YES bid.
    #[serde(default, with = "count")]
    pub yes_bid_size_fp: Quantity,
    /// Best YES ask; $1 when there is none.
    #[serde(with = "dollars")]
    pub yes_ask_dollars: Price,
    /// Contracts at the best YES ask.
    #[serde(default, with = "count")]
    pub yes_ask_size_fp: Quantity,
    /// Best NO bid, the complement of the YES ask.
    #[serde(with = "dollars")]
    pub no_bid_dollars: Price,
    /// Best NO ask, the complement of the YES bid.
    #[serde(with = "dollars")]
    pub no_ask_dollars: Price,
    /// YES price of the last trade; $0 before the first.
    #[serde(with = "dollars")]
    pub last_price_dollars: Price,
    /// Contracts traded ever.
    #[serde(default, with = "count")]
    pub volume_fp: Quantity,
    /// Contracts traded in the last day.
    #[serde(default, with = "count")]
    pub volume_24h_fp: Quantity,
    /// How it came out; empty until it is determined.
    #[serde(default)]
    pub result: ResultWord,
    /// May close before `close_time`.
    #[serde(default)]
    pub can_close_early: bool,
    /// Contracts held.
    #[serde(default, with = "count")]
    pub open_interest_fp: Quantity,
    /// What a winning contract pays: $1.
    #[serde(default = "one_dollar", with = "dollars")]
    pub notional_value_dollars: Price,
    /// Best YES bid a day ago.
    #[serde(default = "no_dollars", with = "dollars")]
    pub previous_yes_bid_dollars: Price,
    /// Best YES ask a day ago.
    #[serde(default = "no_dollars", with = "dollars")]
    pub previous_yes_ask_dollars: Price,
    /// YES price of the last trade a day ago.
    #[serde(default = "no_dollars", with = "dollars")]
    pub previous_price_dollars: Price,
    /// What a YES contract pays, once determined.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub settlement_value_dollars: Option<Price>,
    /// When it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub settlement_ts: Option<Timestamp>,
    /// Whether the settlement value has a floor.
    #[serde(default)]
    pub settlement_bounds_type: BoundsWord,
    /// Lowest value YES can settle at, where it has a floor.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub settlement_floor_dollars: Option<Price>,
    /// The value the settlement went by, in the question's own unit; empty before.
    #[serde(default)]
    pub expiration_value: String,
    /// When what it is about happened, where recorded.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub occurrence_datetime: Option<Timestamp>,
    /// Until when no fees are charged.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub fee_waiver_expiration_time: Option<Timestamp>,
    /// Under which condition it closes early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_close_condition: Option<String>,
    /// How the strikes are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike_type: Option<StrikeTypeWord>,
    /// Lower strike in the question's own unit, as written.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_number_text")]
    pub floor_strike: Option<String>,
    /// Upper strike in the question's own unit, as written.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_number_text")]
    pub cap_strike: Option<String>,
    /// Settlement value as a function of the expiration value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functional_strike: Option<String>,
    /// Expiration value of each target that makes it settle YES.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_strike: Option<Map<String, Value>>,
    /// Primary rules.
    #[serde(default)]
    pub rules_primary: String,
    /// Secondary rules.
    #[serde(default)]
    pub rules_secondary: String,
    /// Collection a combo belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mve_collection_ticker: Option<String>,
    /// Legs of a combo.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "list")]
    pub mve_selected_legs: Vec<SelectedLeg>,
    /// Key of the participant it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_participant_key: Option<String>,
    /// Label of `price_ranges`.
    #[serde(default)]
    pub price_level_structure: String,
    /// Prices it takes: the truth about its grid.
    #[serde(default, with = "list")]
    pub price_ranges: Vec<PriceRange>,
    /// Listed provisionally: goes again if nobody trades it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_provisional: Option<bool>,
    /// Shard it trades on.
    #[serde(default)]
    pub exchange_index: ExchangeIndex,
    /// Gone from the exchange since 2026-10-01; written for clients that still ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_money4")]
    pub liquidity_dollars: Option<Money>,
}

const fn one_dollar() -> Price {
    Price::ONE
}

const fn no_dollars() -> Price {
    Price::ZERO
}

/// Prices from `start` to `end` in steps of `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRange {
    /// Lowest price.
    #[serde(with = "dollars")]
    pub start: Price,
    /// Highest price.
    #[serde(with = "dollars")]
    pub end: Price,
    /// Distance of neighbours.
    #[serde(with = "dollars")]
    pub step: Price,
}

/// One leg of a combo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectedLeg {
    /// Event of the leg.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_text")]
    pub event_ticker: Option<EventTicker>,
    /// Market of the leg.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_text")]
    pub market_ticker: Option<Ticker>,
    /// Contract of the leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<SideWord>,
    /// What its YES pays, once settled.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub yes_settlement_value_dollars: Option<Price>,
}

/// `GET /markets/{ticker}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketResponse {
    /// The market.
    pub market: Market,
}
