//! Messages of the public WebSocket channels as they stand on the wire; [`Frame`](crate::frame::Frame) is what they mean.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{LevelList, PriceRangeBody, Scalar};

/// The envelope of every message: its type says what `msg` is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct EnvelopeBody<'a> {
    #[serde(borrow, rename = "type", skip_serializing_if = "Scalar::is_absent")]
    pub kind: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub id: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub sid: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub seq: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub msg: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub sending_ts_ms: Scalar<'a>,
}

/// `msg` of `orderbook_snapshot`: both sides, an empty one absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct SnapshotBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_id: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub clock: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts_ms: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub yes: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub no: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub yes_dollars: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub no_dollars: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub yes_dollars_fp: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub no_dollars_fp: LevelList<'a>,
}

/// `msg` of `orderbook_delta`: a signed change of one level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct DeltaBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_id: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub clock: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub price: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub price_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub delta: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub delta_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub side: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts_ms: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub client_order_id: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub subaccount: Scalar<'a>,
}

/// `msg` of `ticker`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct TickerBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_id: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub price: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub price_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_bid: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_bid_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_ask: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_ask_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_bid_size_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_ask_size_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub last_trade_size_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_interest: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_interest_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub dollar_volume: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub dollar_open_interest: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts_ms: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub time: Scalar<'a>,
}

/// `msg` of `market_lifecycle_v2` and `multivariate_market_lifecycle`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct LifecycleBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub event_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub exchange_index: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub close_ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub determination_ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settled_ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub result: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settlement_value: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub settlement_value_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub is_deactivated: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub price_level_structure: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub price_ranges: Option<Vec<PriceRangeBody<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub additional_metadata: Option<LifecycleMetadataBody<'a>>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub strike_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub floor_strike: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub cap_strike: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_sub_title: Scalar<'a>,
}

/// `additional_metadata` of a created market.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct LifecycleMetadataBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub name: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_sub_title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_sub_title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub rules_primary: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub rules_secondary: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub can_close_early: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub event_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub expected_expiration_ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub strike_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub floor_strike: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub cap_strike: Scalar<'a>,
}

/// `msg` of `event_lifecycle`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct EventLifecycleBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub event_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub exchange_index: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub subtitle: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub collateral_return_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub series_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub strike_date: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub strike_period: Scalar<'a>,
}

/// `msg` of `event_fee_update`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct EventFeeUpdateBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub event_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub fee_type_override: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub fee_multiplier_override: Scalar<'a>,
}

/// `msg` of `cfbenchmarks_value`, `cfbenchmarks_value_5hz` and `pyth_value`: a price of something outside the exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct ReferenceValueBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub index_id: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub underlying_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub value_usd: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub source_ts_ms: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub received_at: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub data: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub avg_60s_data: Option<AverageBody<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub last_60s_windowed_average_15min: Option<AverageBody<'a>>,
}

/// An average over a window of reference prices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct AverageBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub value: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub window_size: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub window_start_ts_ms: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub window_end_ts_exclusive: Scalar<'a>,
}

/// `msg` of the three list messages of reference prices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct ReferenceListBody<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub index_ids: Option<Vec<Scalar<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub underlying_tickers: Option<Vec<Scalar<'a>>>,
}

/// `msg` of `subscribed`, and one item of the list of subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct SubscriptionBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub channel: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub sid: Scalar<'a>,
}

/// `msg` of `ok` where it is an object: what the subscription now covers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct OkBody<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub market_tickers: Option<Vec<Scalar<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub market_ids: Option<Vec<Scalar<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub index_ids: Option<Vec<Scalar<'a>>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub underlying_tickers: Option<Vec<Scalar<'a>>>,
}

/// `msg` of `error`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct ErrorBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub code: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub msg: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub market_tickers: Option<Vec<Scalar<'a>>>,
}
