//! Markets and events that come, change and go.

use kmi_domain::{EventTicker, FeeMultiplier, Price, SeriesTicker, Ticker, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::api::amount;
use crate::api::word::word;

word! {
    /// What happened to a market. Opening and closing on time are silent.
    pub enum LifecycleEvent {
        /// Listed.
        Created = "created",
        /// Trading goes on, with an empty book.
        Activated = "activated",
        /// Trading pauses.
        Deactivated = "deactivated",
        /// Closes at another time.
        CloseDateUpdated = "close_date_updated",
        /// Its result is known.
        Determined = "determined",
        /// It was paid.
        Settled = "settled",
        /// Its grid changed.
        PriceLevelStructureUpdated = "price_level_structure_updated",
        /// Its strike or its subtitle changed.
        MetadataUpdated = "metadata_updated",
    }
}

/// One band of a price grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBand {
    /// Lowest price.
    #[serde(with = "amount::dollars")]
    pub start: Price,
    /// Highest price.
    #[serde(with = "amount::dollars")]
    pub end: Price,
    /// Distance of neighbouring prices.
    #[serde(with = "amount::dollars")]
    pub step: Price,
}

/// `msg` of `market_lifecycle_v2` and `multivariate_market_lifecycle`: what happened, and the fields that belong to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketLifecycle {
    /// Market.
    #[serde(with = "amount::text")]
    pub market_ticker: Ticker,
    /// What happened.
    pub event_type: LifecycleEvent,
    /// Shard of a new market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_index: Option<i32>,
    /// When a new market opens.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub open_ts: Option<Timestamp>,
    /// When a new market closes, or one whose close was moved.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub close_ts: Option<Timestamp>,
    /// When the result was known.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub determination_ts: Option<Timestamp>,
    /// When it was paid.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub settled_ts: Option<Timestamp>,
    /// `yes`, `no` or `scalar`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// What a YES contract pays.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_dollars"
    )]
    pub settlement_value: Option<Price>,
    /// Whether it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_deactivated: Option<bool>,
    /// Name of its grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_level_structure: Option<String>,
    /// Its grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_ranges: Option<Vec<PriceBand>>,
    /// What a new market is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_metadata: Option<MarketMetadata>,
    /// How a changed strike is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike_type: Option<String>,
    /// Lower strike as changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_strike: Option<Number>,
    /// Upper strike as changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_strike: Option<Number>,
    /// A strike of another kind as changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_strike: Option<Map<String, Value>>,
    /// What YES means as changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes_sub_title: Option<String>,
}

/// `additional_metadata` of a new market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketMetadata {
    /// Name.
    #[serde(default)]
    pub name: String,
    /// Title.
    #[serde(default)]
    pub title: String,
    /// What YES means.
    #[serde(default)]
    pub yes_sub_title: String,
    /// What NO means.
    #[serde(default)]
    pub no_sub_title: String,
    /// Rules.
    #[serde(default)]
    pub rules_primary: String,
    /// Rules of lesser weight.
    #[serde(default)]
    pub rules_secondary: String,
    /// Whether it may close before its time.
    #[serde(default)]
    pub can_close_early: bool,
    /// Its event.
    #[serde(with = "amount::text")]
    pub event_ticker: EventTicker,
    /// When its result is expected.
    #[serde(with = "amount::unix_seconds")]
    pub expected_expiration_ts: Timestamp,
    /// How the strike is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike_type: Option<String>,
    /// Lower strike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor_strike: Option<Number>,
    /// Upper strike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_strike: Option<Number>,
    /// A strike of another kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_strike: Option<Map<String, Value>>,
}

/// `msg` of `event_lifecycle`: an event was listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLifecycle {
    /// Event.
    #[serde(with = "amount::text")]
    pub event_ticker: EventTicker,
    /// Shard.
    #[serde(default)]
    pub exchange_index: i32,
    /// Title.
    #[serde(default)]
    pub title: String,
    /// Short title.
    #[serde(default)]
    pub subtitle: String,
    /// `MECNET`, `DIRECNET` or empty.
    #[serde(default)]
    pub collateral_return_type: String,
    /// Its series.
    #[serde(with = "amount::text")]
    pub series_ticker: SeriesTicker,
    /// The date it is about.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub strike_date: Option<Timestamp>,
    /// The time it is about, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike_period: Option<String>,
}

/// `msg` of `event_fee_update`: an event's own fees were set, or (both `None`) taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFeeUpdate {
    /// Event.
    #[serde(with = "amount::text")]
    pub event_ticker: EventTicker,
    /// Fee type, in the exchange's word.
    #[serde(default)]
    pub fee_type_override: Option<String>,
    /// Fee multiplier.
    #[serde(default, with = "amount::option_multiplier")]
    pub fee_multiplier_override: Option<FeeMultiplier>,
}
