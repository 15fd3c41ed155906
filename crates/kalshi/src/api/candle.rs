//! Candlesticks: of one market, of several, of an event, and of the historical tier, whose fields have no suffixes.

use kmi_domain::{Candle, Ohlc, Price, Quantity, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use super::amount::{count, dollars, list, option_dollars, or_default, text, unix_seconds};
use super::query::{Commas, Value, query};

/// Length of a candlestick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One day.
    Day,
}

impl Period {
    /// All of them, shortest first.
    pub const ALL: [Period; 3] = [Period::Minute, Period::Hour, Period::Day];

    /// Its length in minutes: 1, 60 or 1440.
    pub const fn minutes(self) -> u32 {
        match self {
            Period::Minute => 1,
            Period::Hour => 60,
            Period::Day => 1_440,
        }
    }

    /// The period of this many minutes; `None` for any but 1, 60 and 1440.
    pub fn from_minutes(minutes: u32) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.minutes() == minutes)
    }
}

impl Value for Period {
    const KIND: &'static str = "1, 60 or 1440";

    fn write(&self) -> String {
        self.minutes().to_string()
    }

    fn read(text: &str) -> Option<Period> {
        Period::from_minutes(text.parse().ok()?)
    }
}

query! {
    /// `GET /series/{series_ticker}/markets/{ticker}/candlesticks`, `GET /series/{series_ticker}/events/{ticker}/candlesticks`
    /// and `GET /historical/markets/{ticker}/candlesticks`: those that end from `start_ts` to `end_ts`, both inclusive. The
    /// first three fields are required.
    pub struct CandlesQuery {
        /// Earliest end.
        pub start_ts: Option<Timestamp>,
        /// Latest end.
        pub end_ts: Option<Timestamp>,
        /// Length of each.
        pub period_interval: Option<Period>,
        /// Put a candlestick before the first that carries on what was before `start_ts`; of a market only.
        pub include_latest_before_start: Option<bool>,
    }
}

impl CandlesQuery {
    /// Candlesticks of length `period` that end from `start` to `end`.
    pub fn new(start: Timestamp, end: Timestamp, period: Period) -> CandlesQuery {
        CandlesQuery {
            start_ts: Some(start),
            end_ts: Some(end),
            period_interval: Some(period),
            include_latest_before_start: None,
        }
    }
}

query! {
    /// `GET /markets/candlesticks`: of several markets, at most [`BatchCandlesQuery::MAX_CANDLES`] in all. All but the last
    /// field are required.
    pub struct BatchCandlesQuery {
        /// The markets, 1 to [`BatchCandlesQuery::MAX_TICKERS`].
        pub market_tickers: Commas<Ticker>,
        /// Earliest end.
        pub start_ts: Option<Timestamp>,
        /// Latest end.
        pub end_ts: Option<Timestamp>,
        /// Length of each.
        pub period_interval: Option<Period>,
        /// Put a candlestick before the first of each market that carries on what was before `start_ts`.
        pub include_latest_before_start: Option<bool>,
    }
}

impl BatchCandlesQuery {
    /// Most markets that may be asked for at once.
    pub const MAX_TICKERS: usize = 100;
    /// Most candlesticks of one answer.
    pub const MAX_CANDLES: usize = 10_000;
}

/// One candlestick of the live tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candlestick {
    /// Inclusive end.
    #[serde(with = "unix_seconds")]
    pub end_period_ts: Timestamp,
    /// Best bid for YES.
    pub yes_bid: QuoteDistribution,
    /// Best ask for YES.
    pub yes_ask: QuoteDistribution,
    /// Prices traded at, of YES.
    #[serde(default, deserialize_with = "or_default")]
    pub price: PriceDistribution,
    /// Contracts traded.
    #[serde(with = "count")]
    pub volume_fp: Quantity,
    /// Contracts held at its end.
    #[serde(with = "count")]
    pub open_interest_fp: Quantity,
}

/// How a quote moved. No bid counts as $0, no ask as $1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteDistribution {
    /// First.
    #[serde(with = "dollars")]
    pub open_dollars: Price,
    /// Lowest.
    #[serde(with = "dollars")]
    pub low_dollars: Price,
    /// Highest.
    #[serde(with = "dollars")]
    pub high_dollars: Price,
    /// Last.
    #[serde(with = "dollars")]
    pub close_dollars: Price,
}

/// What was traded at; all but `previous_dollars` absent when nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceDistribution {
    /// First.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub open_dollars: Option<Price>,
    /// Lowest.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub low_dollars: Option<Price>,
    /// Highest.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub high_dollars: Option<Price>,
    /// Last.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub close_dollars: Option<Price>,
    /// Mean by contracts, to the nearest $0.0001.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_mean")]
    pub mean_dollars: Option<Price>,
    /// Last price before.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub previous_dollars: Option<Price>,
    /// Lowest, again.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub min_dollars: Option<Price>,
    /// Highest, again.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
    pub max_dollars: Option<Price>,
}

/// `GET /series/{series_ticker}/markets/{ticker}/candlesticks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandlesResponse {
    /// The market.
    #[serde(with = "text")]
    pub ticker: Ticker,
    /// Its candlesticks, oldest first.
    #[serde(default, with = "list")]
    pub candlesticks: Vec<Candlestick>,
}

/// `GET /markets/candlesticks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCandlesResponse {
    /// Each market with its candlesticks.
    #[serde(default, with = "list")]
    pub markets: Vec<MarketCandles>,
}

/// One market of several, with its candlesticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketCandles {
    /// The market.
    #[serde(with = "text")]
    pub market_ticker: Ticker,
    /// Its candlesticks, oldest first.
    #[serde(default, with = "list")]
    pub candlesticks: Vec<Candlestick>,
}

/// `GET /series/{series_ticker}/events/{ticker}/candlesticks`: two lists in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCandlesResponse {
    /// The event's markets.
    #[serde(default, with = "list")]
    pub market_tickers: Vec<String>,
    /// The candlesticks of each, oldest first.
    #[serde(default, with = "list")]
    pub market_candlesticks: Vec<Vec<Candlestick>>,
    /// Latest end that fitted into the answer: ask again from there for the rest.
    #[serde(with = "unix_seconds")]
    pub adjusted_end_ts: Timestamp,
}

/// `GET /historical/markets/{ticker}/candlesticks`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalCandlesResponse {
    /// The market.
    #[serde(with = "text")]
    pub ticker: Ticker,
    /// Its candlesticks, oldest first.
    #[serde(default, with = "list")]
    pub candlesticks: Vec<HistoricalCandlestick>,
}

/// One candlestick of the historical tier: as [`Candlestick`], without suffixes and with `null` for what is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalCandlestick {
    /// Inclusive end.
    #[serde(with = "unix_seconds")]
    pub end_period_ts: Timestamp,
    /// Best bid for YES.
    pub yes_bid: HistoricalQuote,
    /// Best ask for YES.
    pub yes_ask: HistoricalQuote,
    /// Prices traded at, of YES.
    #[serde(default, deserialize_with = "or_default")]
    pub price: HistoricalPrice,
    /// Contracts traded.
    #[serde(with = "count")]
    pub volume: Quantity,
    /// Contracts held at its end.
    #[serde(with = "count")]
    pub open_interest: Quantity,
}

/// As [`QuoteDistribution`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalQuote {
    /// First.
    #[serde(with = "dollars")]
    pub open: Price,
    /// Lowest.
    #[serde(with = "dollars")]
    pub low: Price,
    /// Highest.
    #[serde(with = "dollars")]
    pub high: Price,
    /// Last.
    #[serde(with = "dollars")]
    pub close: Price,
}

/// As [`PriceDistribution`], with `null` for what is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalPrice {
    /// First.
    #[serde(default, with = "option_dollars")]
    pub open: Option<Price>,
    /// Lowest.
    #[serde(default, with = "option_dollars")]
    pub low: Option<Price>,
    /// Highest.
    #[serde(default, with = "option_dollars")]
    pub high: Option<Price>,
    /// Last.
    #[serde(default, with = "option_dollars")]
    pub close: Option<Price>,
    /// Mean by contracts, to the nearest $0.0001.
    #[serde(default, with = "option_mean")]
    pub mean: Option<Price>,
    /// Last price before.
    #[serde(default, with = "option_dollars")]
    pub previous: Option<Price>,
}

/// A price that may be told more finely than prices are: read to the nearest.
mod option_mean {
    use super::super::amount::option_dollars;
    use super::{Deserialize, Price};
    use crate::wire::Scalar;
    use crate::wire::field::{Fault, FieldError, Named};
    use serde::{Deserializer, Serializer, de::Error as _};

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "the shape serde wants"
    )]
    pub(super) fn serialize<S: Serializer>(mean: &Option<Price>, serializer: S) -> Result<S::Ok, S::Error> {
        option_dollars::serialize(mean, serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Price>, D::Error> {
        let leaf = Scalar::deserialize(deserializer)?;
        let Some(present) = (Named {
            key: "",
            value: &leaf,
        })
        .present() else {
            return Ok(None);
        };
        match present.dollars() {
            Ok(price) => Ok(Some(price)),
            Err(FieldError {
                fault: Fault::TooPrecise { value, .. },
                ..
            }) => Ok(value.trim_matches('"').parse().ok().and_then(Price::nearest)),
            Err(error) => Err(D::Error::custom(error.fault)),
        }
    }
}

impl From<Ohlc> for QuoteDistribution {
    fn from(ohlc: Ohlc) -> QuoteDistribution {
        QuoteDistribution {
            open_dollars: ohlc.open,
            low_dollars: ohlc.low,
            high_dollars: ohlc.high,
            close_dollars: ohlc.close,
        }
    }
}

impl From<QuoteDistribution> for Ohlc {
    fn from(quote: QuoteDistribution) -> Ohlc {
        Ohlc {
            open: quote.open_dollars,
            high: quote.high_dollars,
            low: quote.low_dollars,
            close: quote.close_dollars,
        }
    }
}

impl PriceDistribution {
    /// First, highest, lowest and last; `None` when nothing was traded.
    pub fn ohlc(&self) -> Option<Ohlc> {
        Some(Ohlc {
            open: self.open_dollars?,
            high: self.high_dollars?,
            low: self.low_dollars?,
            close: self.close_dollars?,
        })
    }
}

/// What a quote is worth that was not there all along.
const fn flat(price: Price) -> Ohlc {
    Ohlc {
        open: price,
        high: price,
        low: price,
        close: price,
    }
}

impl Candlestick {
    /// The candlestick of `ticker` over `period`, both told by what surrounds it, as the domain has it.
    pub fn to_domain(&self, ticker: Ticker, period: Period) -> Candle {
        Candle {
            ticker,
            period_min: period.minutes(),
            end: self.end_period_ts,
            yes_bid: Some(self.yes_bid.into()),
            yes_ask: Some(self.yes_ask.into()),
            price: self.price.ohlc(),
            mean: self.price.mean_dollars,
            previous: self.price.previous_dollars,
            volume: self.volume_fp,
            open_interest: self.open_interest_fp,
        }
    }
}

impl From<&Candle> for Candlestick {
    fn from(candle: &Candle) -> Candlestick {
        Candlestick {
            end_period_ts: candle.end,
            yes_bid: candle.yes_bid.unwrap_or(flat(Price::ZERO)).into(),
            yes_ask: candle.yes_ask.unwrap_or(flat(Price::ONE)).into(),
            price: PriceDistribution {
                open_dollars: candle.price.map(|price| price.open),
                low_dollars: candle.price.map(|price| price.low),
                high_dollars: candle.price.map(|price| price.high),
                close_dollars: candle.price.map(|price| price.close),
                mean_dollars: candle.mean,
                previous_dollars: candle.previous,
                min_dollars: candle.price.map(|price| price.low),
                max_dollars: candle.price.map(|price| price.high),
            },
            volume_fp: candle.volume,
            open_interest_fp: candle.open_interest,
        }
    }
}

impl From<&HistoricalCandlestick> for Candlestick {
    fn from(candle: &HistoricalCandlestick) -> Candlestick {
        let quote = |quote: HistoricalQuote| QuoteDistribution {
            open_dollars: quote.open,
            low_dollars: quote.low,
            high_dollars: quote.high,
            close_dollars: quote.close,
        };
        Candlestick {
            end_period_ts: candle.end_period_ts,
            yes_bid: quote(candle.yes_bid),
            yes_ask: quote(candle.yes_ask),
            price: PriceDistribution {
                open_dollars: candle.price.open,
                low_dollars: candle.price.low,
                high_dollars: candle.price.high,
                close_dollars: candle.price.close,
                mean_dollars: candle.price.mean,
                previous_dollars: candle.price.previous,
                min_dollars: candle.price.low,
                max_dollars: candle.price.high,
            },
            volume_fp: candle.volume,
            open_interest_fp: candle.open_interest,
        }
    }
}

impl From<&Candlestick> for HistoricalCandlestick {
    fn from(candle: &Candlestick) -> HistoricalCandlestick {
        let quote = |quote: QuoteDistribution| HistoricalQuote {
            open: quote.open_dollars,
            low: quote.low_dollars,
            high: quote.high_dollars,
            close: quote.close_dollars,
        };
        HistoricalCandlestick {
            end_period_ts: candle.end_period_ts,
            yes_bid: quote(candle.yes_bid),
            yes_ask: quote(candle.yes_ask),
            price: HistoricalPrice {
                open: candle.price.open_dollars,
                low: candle.price.low_dollars,
                high: candle.price.high_dollars,
                close: candle.price.close_dollars,
                mean: candle.price.mean_dollars,
                previous: candle.price.previous_dollars,
            },
            volume: candle.volume_fp,
            open_interest: candle.open_interest_fp,
        }
    }
}
