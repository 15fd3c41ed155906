//! What was: quotes as they stood, and candles.

use kmi_domain::{Candle, Ohlc, Price, Quantity, Timestamp};
use kmi_storage::{MarketSnapshot, SnapshotSource};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Decimal, Source, text, text_or_null};

/// Quotes of a market at an instant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snapshot)]
pub(crate) struct SnapshotView {
    /// Market.
    ticker: String,
    /// When; the quotes stood from then until the next snapshot.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    as_of: Timestamp,
    /// How it reached us.
    source: SnapshotSourceWord,
    /// Sequence number of the stream, where there is one.
    sequence: Option<i64>,
    /// Best YES bid.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_bid: Option<Price>,
    /// Best YES ask.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_ask: Option<Price>,
    /// Contracts at the best YES bid.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_bid_size: Option<Quantity>,
    /// Contracts at the best YES ask.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_ask_size: Option<Quantity>,
    /// YES price of the last trade.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    last_price: Option<Price>,
    /// Contracts traded ever.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    volume: Option<Quantity>,
    /// Contracts held.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    open_interest: Option<Quantity>,
    /// Never: what was does not age.
    stale: bool,
}

/// How a snapshot reached us.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SnapshotSourceWord {
    /// Regular polling.
    Poll,
    /// The live stream.
    WebSocket,
    /// Fetched later to close a gap.
    Backfill,
}

impl From<&MarketSnapshot> for SnapshotView {
    fn from(snapshot: &MarketSnapshot) -> SnapshotView {
        SnapshotView {
            ticker: snapshot.ticker.to_string(),
            as_of: snapshot.time,
            source: match snapshot.source {
                SnapshotSource::Poll => SnapshotSourceWord::Poll,
                SnapshotSource::WebSocket => SnapshotSourceWord::WebSocket,
                SnapshotSource::Backfill => SnapshotSourceWord::Backfill,
            },
            sequence: snapshot.sequence,
            yes_bid: snapshot.yes_bid,
            yes_ask: snapshot.yes_ask,
            yes_bid_size: snapshot.yes_bid_size,
            yes_ask_size: snapshot.yes_ask_size,
            last_price: snapshot.last_price,
            volume: snapshot.volume,
            open_interest: snapshot.open_interest,
            stale: false,
        }
    }
}

/// One period of a market's history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Candle)]
pub(crate) struct CandleView {
    /// Inclusive end of the period.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    end: Timestamp,
    /// Best YES bid; null where there was none.
    yes_bid: Option<OhlcView>,
    /// Best YES ask; null where there was none.
    yes_ask: Option<OhlcView>,
    /// YES prices of trades; null when nothing traded.
    price: Option<OhlcView>,
    /// Mean price of trades, weighted by contracts; null when nothing traded.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    mean: Option<Price>,
    /// Last trade before the period.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    previous: Option<Price>,
    /// Contracts traded in the period.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    volume: Quantity,
    /// Contracts held at its end.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    open_interest: Quantity,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    as_of: Timestamp,
    /// How it is known.
    source: Source,
    /// Whether the period may have gone on since.
    stale: bool,
}

/// Open, high, low and close.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ohlc)]
pub(crate) struct OhlcView {
    /// First.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    open: Price,
    /// Highest.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    high: Price,
    /// Lowest.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    low: Price,
    /// Last.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    close: Price,
}

impl From<Ohlc> for OhlcView {
    fn from(ohlc: Ohlc) -> OhlcView {
        OhlcView {
            open: ohlc.open,
            high: ohlc.high,
            low: ohlc.low,
            close: ohlc.close,
        }
    }
}

impl CandleView {
    /// A candle known since `as_of`.
    pub(crate) fn new(candle: &Candle, as_of: Timestamp, source: Source) -> CandleView {
        CandleView {
            end: candle.end,
            yes_bid: candle.yes_bid.map(OhlcView::from),
            yes_ask: candle.yes_ask.map(OhlcView::from),
            price: candle.price.map(OhlcView::from),
            mean: candle.mean,
            previous: candle.previous,
            volume: candle.volume,
            open_interest: candle.open_interest,
            as_of,
            source,
            stale: candle.end >= as_of,
        }
    }
}
