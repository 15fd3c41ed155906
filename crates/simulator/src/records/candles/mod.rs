//! Candles of a minute, an hour and a day: [`Period`], [`Candlestick`].
//!
//! A period has a candle if the book changed in it or something traded; quiet periods have none. Quotes are taken after each
//! command, never in the middle of one.

mod period;
mod series;
mod sparse;

use kmi_domain::matching::MarketId;
use kmi_domain::{Ohlc, Price, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::board::Touch;
use super::limits::Limits;
use crate::core::TradeRecord;
pub use period::Period;
use series::Series;
use sparse::UpTo;

/// One period of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candlestick {
    /// Its inclusive end, a whole minute.
    pub end: Timestamp,
    /// Best YES bid; $0 where there was none.
    pub yes_bid: Ohlc,
    /// Best YES ask; $1 where there was none.
    pub yes_ask: Ohlc,
    /// Prices of its trades; `None` without any.
    pub price: Option<Ohlc>,
    /// Their mean weighted by contracts, rounded half up to $0.0001.
    pub mean: Option<Price>,
    /// Price of the last trade before the period.
    pub previous: Option<Price>,
    /// Contracts traded.
    pub volume: Quantity,
    /// Contracts held by both sides at its end.
    pub open_interest: Quantity,
}

/// What was known of a market at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Best prices.
    pub touch: Touch,
    /// Price of the last trade.
    pub last: Option<Price>,
}

/// Candles of all markets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Candles {
    series: [Series; 3],
}

const MINUTES_PER_DAY: u32 = 1440;

impl Candles {
    pub(super) fn new(limits: &Limits) -> Candles {
        Candles {
            series: [Period::Minute, Period::Hour, Period::Day]
                .map(|period| Series::new(period, limits.candles[period as usize])),
        }
    }

    /// A market's book changed: its best prices were `before` and are `after`.
    pub(super) fn quote(&mut self, now: Timestamp, market: MarketId, before: Touch, after: Touch) {
        for series in &mut self.series {
            series.quote(now, market, before, after);
        }
    }

    /// Two orders met while the best prices were `touch`; `open_interest` is that after it.
    pub(super) fn trade(&mut self, trade: &TradeRecord, touch: Touch, open_interest: Quantity) {
        for series in &mut self.series {
            series.quote(trade.time, trade.market, touch, touch);
            series.trade(trade, open_interest);
        }
    }

    /// Candles whose end lies in `[start, end]`, oldest first.
    pub(super) fn between(
        &self,
        market: MarketId,
        period: Period,
        start: Timestamp,
        end: Timestamp,
    ) -> impl Iterator<Item = Candlestick> {
        self.of(period).between(market, start, end)
    }

    /// See [`Records::latest_before`](super::Records::latest_before).
    pub(super) fn latest_before(
        &self,
        market: MarketId,
        period: Period,
        start: Timestamp,
    ) -> Option<Candlestick> {
        self.of(period).latest_before(market, start)
    }

    /// What was known of a market at the whole minute at or before `time`, to the minute, hour or day, whichever is still kept.
    pub(super) fn at(&self, market: MarketId, time: Timestamp) -> Snapshot {
        let minute = period::minute_before(time);
        let touch = finest(self.series.iter().map(|series| series.touch_at(market, minute)));
        let last = finest(self.series.iter().map(|series| series.last_at(market, minute)));
        Snapshot {
            touch: touch.unwrap_or(Touch::EMPTY),
            last,
        }
    }

    /// Contracts traded in the 24 hours before `now`, from the whole minute on.
    pub(super) fn day_volume(&self, market: MarketId, now: Timestamp) -> Quantity {
        let since = period::minute_before(now).saturating_sub(MINUTES_PER_DAY);
        let whole_hours = since.next_multiple_of(60);
        let [minutes, hours, _] = &self.series;
        let hourly = hours.volume(market, whole_hours, u32::MAX);
        hourly + minutes.volume(market, since, whole_hours)
    }

    fn of(&self, period: Period) -> &Series {
        &self.series[period as usize]
    }

    /// Candles kept, of all markets and lengths.
    pub(super) fn len(&self) -> usize {
        self.series.iter().map(Series::len).sum()
    }
}

/// The first answer that does not rest on something forgotten.
fn finest<T>(mut answers: impl Iterator<Item = UpTo<T>>) -> Option<T> {
    answers.find(|answer| !answer.is_forgotten())?.known()
}

#[cfg(test)]
mod tests;
