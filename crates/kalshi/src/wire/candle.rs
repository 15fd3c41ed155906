//! Candlesticks: the live endpoints put `_dollars` and `_fp` behind every name, the historical ones nothing, and until early
//! 2026 the bare names held integer cents.

use kmi_domain::{Candle, Ohlc, Price, Ticker};
use serde::{Deserialize, Serialize};

use super::field::{Fault, FieldError, Named, named, price, quantity};
use super::{Scalar, to_json};

/// One candlestick, live or historical, of any generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct CandleBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub end_period_ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub yes_bid: Option<DistributionBody<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub yes_ask: Option<DistributionBody<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub price: Option<DistributionBody<'a>>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub volume_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_interest: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_interest_fp: Scalar<'a>,
}

/// Open, high, low and close of a quote; of trade prices with the mean and the last price before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct DistributionBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub open_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub high: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub high_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub low: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub low_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub close: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub close_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub mean: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub mean_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub previous: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub previous_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub min_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub max_dollars: Scalar<'a>,
}

/// `GET /series/{series}/markets/{ticker}/candlesticks`, and one item of the batch answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct CandlesBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow)]
    pub candlesticks: Vec<CandleBody<'a>>,
}

/// Lengths a candle may have, in minutes.
pub const PERIODS_MIN: [u32; 3] = [1, 60, 1_440];

impl CandleBody<'_> {
    /// The candle of `ticker` over `period_min` minutes, both told by what surrounds it, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_candle(&self, ticker: Ticker, period_min: u32) -> Result<Candle, FieldError> {
        let price_body = self.price.as_ref();
        let side = |body: &Option<DistributionBody<'_>>, name| {
            body.as_ref()
                .map_or(Ok(None), DistributionBody::to_ohlc)
                .map_err(|error: FieldError| error.within(name))
        };
        let inside = |error: FieldError| error.within("price");
        let end = named!(self, end_period_ts).optional_seconds()?;
        Ok(Candle {
            ticker,
            period_min,
            end: end.ok_or(FieldError::missing("end_period_ts"))?,
            yes_bid: side(&self.yes_bid, "yes_bid")?,
            yes_ask: side(&self.yes_ask, "yes_ask")?,
            price: side(&self.price, "price")?,
            mean: price_body
                .map_or(Ok(None), DistributionBody::mean)
                .map_err(inside)?,
            previous: price_body
                .map_or(Ok(None), DistributionBody::previous)
                .map_err(inside)?,
            volume: quantity(named!(self, volume), named!(self, volume_fp))?
                .ok_or(FieldError::missing("volume_fp"))?,
            open_interest: quantity(named!(self, open_interest), named!(self, open_interest_fp))?
                .ok_or(FieldError::missing("open_interest_fp"))?,
        })
    }
}

impl DistributionBody<'_> {
    /// All four, or none where nothing was quoted or traded.
    fn to_ohlc(&self) -> Result<Option<Ohlc>, FieldError> {
        let parts = [
            price(named!(self, open), named!(self, open_dollars))?,
            price(named!(self, high), named!(self, high_dollars))?,
            price(named!(self, low), named!(self, low_dollars))?,
            price(named!(self, close), named!(self, close_dollars))?,
        ];
        match parts {
            [Some(open), Some(high), Some(low), Some(close)] => Ok(Some(Ohlc {
                open,
                high,
                low,
                close,
            })),
            [None, None, None, None] => Ok(None),
            [None, ..] => Err(FieldError::missing("open_dollars")),
            [_, None, ..] => Err(FieldError::missing("high_dollars")),
            [_, _, None, _] => Err(FieldError::missing("low_dollars")),
            [_, _, _, None] => Err(FieldError::missing("close_dollars")),
        }
    }

    /// A mean may have more decimals than a price: it is rounded to the nearest.
    fn mean(&self) -> Result<Option<Price>, FieldError> {
        match price(named!(self, mean), named!(self, mean_dollars)) {
            Err(FieldError {
                fault: Fault::TooPrecise { value, .. },
                ..
            }) => Ok(value.trim_matches('"').parse().ok().and_then(Price::nearest)),
            read => read,
        }
    }

    fn previous(&self) -> Result<Option<Price>, FieldError> {
        price(named!(self, previous), named!(self, previous_dollars))
    }

    fn from_ohlc(ohlc: Option<Ohlc>) -> DistributionBody<'static> {
        let part = |pick: fn(&Ohlc) -> Price| Scalar::optional(ohlc.as_ref().map(pick));
        DistributionBody {
            open_dollars: part(|ohlc| ohlc.open),
            high_dollars: part(|ohlc| ohlc.high),
            low_dollars: part(|ohlc| ohlc.low),
            close_dollars: part(|ohlc| ohlc.close),
            ..DistributionBody::default()
        }
    }
}

impl CandleBody<'static> {
    /// The candle as the live endpoints write it today.
    pub fn from_candle(candle: &Candle) -> CandleBody<'static> {
        CandleBody {
            end_period_ts: Scalar::Int(candle.end.seconds()),
            yes_bid: Some(DistributionBody::from_ohlc(candle.yes_bid)),
            yes_ask: Some(DistributionBody::from_ohlc(candle.yes_ask)),
            price: Some(DistributionBody {
                mean_dollars: Scalar::optional(candle.mean),
                previous_dollars: Scalar::optional(candle.previous),
                min_dollars: Scalar::optional(candle.price.map(|price| price.low)),
                max_dollars: Scalar::optional(candle.price.map(|price| price.high)),
                ..DistributionBody::from_ohlc(candle.price)
            }),
            volume_fp: Scalar::text(candle.volume),
            open_interest_fp: Scalar::text(candle.open_interest),
            ..CandleBody::default()
        }
    }
}

/// One candlestick object, current generation, without its ticker and period, which stand around it in a body.
pub fn encode_candle(candle: &Candle) -> String {
    to_json(&CandleBody::from_candle(candle))
}

/// A candlestick answer of one market, with the `period_interval` recordings keep beside it, in one line.
pub fn encode_candles(ticker: &Ticker, period_min: u32, candles: &[Candle]) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        market_ticker: &'a str,
        period_interval: u32,
        candlesticks: Vec<CandleBody<'static>>,
    }
    to_json(&Body {
        market_ticker: ticker.as_str(),
        period_interval: period_min,
        candlesticks: candles.iter().map(CandleBody::from_candle).collect(),
    })
}

/// The period of candles that does not stand beside them, from the distance of their ends: the largest period that divides
/// every one. `None` for fewer than two candles.
pub(crate) fn period_of_ends(mut ends: Vec<i64>) -> Option<u32> {
    ends.sort_unstable();
    let closest = ends
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .filter(|gap| *gap > 0)
        .min()?;
    PERIODS_MIN
        .into_iter()
        .rev()
        .find(|period| closest % (i64::from(*period) * 60) == 0)
}

/// A stated period, checked.
pub(crate) fn period(leaf: Named<'_, '_>) -> Result<u32, FieldError> {
    let minutes = leaf.required()?.int()?;
    u32::try_from(minutes)
        .ok()
        .filter(|minutes| PERIODS_MIN.contains(minutes))
        .ok_or_else(|| {
            leaf.error(Fault::Outside {
                value: leaf.value.to_string(),
                range: "1, 60 and 1440 minutes",
            })
        })
}
