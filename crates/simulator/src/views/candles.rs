//! Candlesticks of one market, of several, and of an event.

use std::time::Duration;

use kmi_domain::matching::MarketId;
use kmi_domain::{Candle, Timestamp};
use kmi_kalshi::api::candle::{
    BatchCandlesQuery, CandlesQuery, Candlestick, EventCandlesResponse, HistoricalCandlestick,
    HistoricalPrice, HistoricalQuote, MarketCandles, Period,
};

use super::Views;
use crate::core::EventState;
use crate::records;

/// Which candlesticks are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandleSpan {
    /// Length of each.
    pub period: Period,
    /// Earliest end.
    pub start: Timestamp,
    /// Latest end.
    pub end: Timestamp,
    /// Whether a synthetic one comes first where the first period has none of its own.
    pub include_latest_before_start: bool,
}

impl CandleSpan {
    /// What a query wants; `None` where it lacks one of the three fields that must be there.
    pub fn of(query: &CandlesQuery) -> Option<CandleSpan> {
        Some(CandleSpan {
            period: query.period_interval?,
            start: query.start_ts?,
            end: query.end_ts?,
            include_latest_before_start: query.include_latest_before_start.unwrap_or(false),
        })
    }

    /// The same of a query for several markets.
    pub fn of_batch(query: &BatchCandlesQuery) -> Option<CandleSpan> {
        Some(CandleSpan {
            period: query.period_interval?,
            start: query.start_ts?,
            end: query.end_ts?,
            include_latest_before_start: query.include_latest_before_start.unwrap_or(false),
        })
    }

    fn period(&self) -> records::Period {
        match self.period {
            Period::Minute => records::Period::Minute,
            Period::Hour => records::Period::Hour,
            Period::Day => records::Period::Day,
        }
    }
}

impl Views<'_> {
    /// Candlesticks of a market, oldest first.
    pub fn candles(&self, market: MarketId, span: CandleSpan) -> Vec<Candlestick> {
        self.candle_rows(market, span)
            .iter()
            .map(Candlestick::from)
            .collect()
    }

    /// The same in the form of the historical tier.
    pub fn historical_candles(&self, market: MarketId, span: CandleSpan) -> Vec<HistoricalCandlestick> {
        self.candle_rows(market, span).iter().map(historical).collect()
    }

    /// Candlesticks of several markets, in their order; once there are [`BatchCandlesQuery::MAX_CANDLES`], no more.
    pub fn batch_candles(&self, markets: &[MarketId], span: CandleSpan) -> Vec<MarketCandles> {
        let mut room = BatchCandlesQuery::MAX_CANDLES;
        let one = |market: &MarketId| {
            let mut candlesticks = self.candles(*market, span);
            candlesticks.truncate(room);
            room -= candlesticks.len();
            MarketCandles {
                market_ticker: self.ticker_of(*market).clone(),
                candlesticks,
            }
        };
        markets.iter().map(one).collect()
    }

    /// Candlesticks of an event's markets. Where they are more than [`BatchCandlesQuery::MAX_CANDLES`], the latest ends are
    /// left out, and `adjusted_end_ts` says from where.
    pub fn event_candles(&self, event: &EventState, span: CandleSpan) -> EventCandlesResponse {
        let mut rows: Vec<Vec<Candlestick>> = event
            .markets
            .iter()
            .map(|market| self.candles(*market, span))
            .collect();
        let mut ends: Vec<Timestamp> = rows.iter().flatten().map(|row| row.end_period_ts).collect();
        ends.sort_unstable();
        let mut adjusted_end_ts = span.end;
        if let Some(first_left_out) = ends.get(BatchCandlesQuery::MAX_CANDLES) {
            adjusted_end_ts = first_left_out.minus(Duration::from_secs(1));
            for rows in &mut rows {
                rows.retain(|row| row.end_period_ts <= adjusted_end_ts);
            }
        }
        let tickers = event
            .markets
            .iter()
            .map(|market| self.ticker_of(*market).to_string());
        EventCandlesResponse {
            market_tickers: tickers.collect(),
            market_candlesticks: rows,
            adjusted_end_ts,
        }
    }

    fn candle_rows(&self, market: MarketId, span: CandleSpan) -> Vec<Candle> {
        let real = self.records.candles(market, span.period(), span.start, span.end);
        let mut rows: Vec<records::Candlestick> = real.collect();
        let synthetic = span
            .include_latest_before_start
            .then(|| self.records.latest_before(market, span.period(), span.start))
            .flatten();
        if let Some(synthetic) = synthetic
            && synthetic.end <= span.end
            && rows.first().is_none_or(|first| synthetic.end < first.end)
        {
            rows.insert(0, synthetic);
        }
        rows.into_iter()
            .map(|row| self.candle(market, span.period, &row))
            .collect()
    }

    fn candle(&self, market: MarketId, period: Period, row: &records::Candlestick) -> Candle {
        Candle {
            ticker: self.ticker_of(market).clone(),
            period_min: period.minutes(),
            end: row.end,
            yes_bid: Some(row.yes_bid),
            yes_ask: Some(row.yes_ask),
            price: row.price,
            mean: row.mean,
            previous: row.previous,
            volume: row.volume,
            open_interest: row.open_interest,
        }
    }
}

fn historical(candle: &Candle) -> HistoricalCandlestick {
    let live = Candlestick::from(candle);
    let quote = |quote: kmi_kalshi::api::candle::QuoteDistribution| HistoricalQuote {
        open: quote.open_dollars,
        low: quote.low_dollars,
        high: quote.high_dollars,
        close: quote.close_dollars,
    };
    HistoricalCandlestick {
        end_period_ts: live.end_period_ts,
        yes_bid: quote(live.yes_bid),
        yes_ask: quote(live.yes_ask),
        price: HistoricalPrice {
            open: live.price.open_dollars,
            low: live.price.low_dollars,
            high: live.price.high_dollars,
            close: live.price.close_dollars,
            mean: live.price.mean_dollars,
            previous: live.price.previous_dollars,
        },
        volume: live.volume_fp,
        open_interest: live.open_interest_fp,
    }
}
