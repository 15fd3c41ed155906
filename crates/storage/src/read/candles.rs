//! History summed up by period: [`Store::candles`].

use std::collections::BTreeMap;

use kmi_domain::{Candle, Ohlc, Price, PublicTrade, Quantity, Ticker, Timestamp};

use super::period::{end_of, start_of};
use crate::catalogue::price;
use crate::entity::candles;
use crate::row::{Table, Value};
use crate::{MarketSnapshot, StorageError, Store};

const CANDLES: Table = candles::Model::TABLE;

impl Store {
    /// Candles of a market that end in `[from, to]`, oldest first, computed from the snapshots and trades kept; one that was
    /// imported as the exchange summed it up takes the place of ours.
    ///
    /// A period takes in its end, not its beginning. Its length is in minutes; periods of a day (1440) end at midnight in New
    /// York, as the exchange's do. It has a candle when a quote was kept or a trade happened in it. Quotes begin with what
    /// stood before; a missing bid counts as $0 and a missing ask as $1, as the exchange writes them, and both are `None` where
    /// no quote is known up to then. The mean is weighted by contracts and rounded half up to $0.0001.
    ///
    /// # Errors
    /// When the database does not answer, or a file is missing or damaged.
    pub async fn candles(
        &self,
        ticker: &Ticker,
        period_min: u32,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, StorageError> {
        if from > to {
            return Ok(Vec::new());
        }
        let after = start_of(end_of(from, period_min), period_min);
        let until = last_end(to, period_min);
        let quotes = self.quotes_of(ticker, after, until).await?;
        let trades = self.trades_of(ticker, after, until).await?;
        let mut summed = Sum::new(ticker, period_min, after).of(&quotes, &trades);
        for candle in self.imported_candles(ticker, period_min, from, to).await? {
            summed.insert(candle.end, candle);
        }
        Ok(summed.into_values().collect())
    }

    async fn imported_candles(
        &self,
        ticker: &Ticker,
        period_min: u32,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Candle>, StorageError> {
        let columns = CANDLES.columns.iter().map(|(name, _)| format!("c.{name}"));
        let sql = format!(
            "SELECT {} FROM candles c JOIN tickers t ON t.id = c.ticker_id WHERE t.ticker = $1 \
             AND c.period_min = $2 AND c.end_time >= $3 AND c.end_time <= $4 ORDER BY c.end_time",
            columns.collect::<Vec<_>>().join(", ")
        );
        let values = vec![
            Value::from(ticker.as_str()),
            Value::Int(i64::from(period_min)),
            Value::Int(from.micros()),
            Value::Int(to.micros()),
        ];
        let rows = self.reader().await?.query(&sql, values).await?.into_rows();
        rows.map(|mut row| candle(ticker, &candles::Model::from_fields(&mut row)?))
            .collect()
    }
}

/// The last end of a period not after `to`.
fn last_end(to: Timestamp, period_min: u32) -> Timestamp {
    let end = end_of(to, period_min);
    if end == to { end } else { start_of(end, period_min) }
}

/// Candles as they grow.
struct Sum<'a> {
    ticker: &'a Ticker,
    period_min: u32,
    /// End of the period before the first.
    after: Timestamp,
    candles: BTreeMap<Timestamp, Candle>,
}

impl<'a> Sum<'a> {
    fn new(ticker: &'a Ticker, period_min: u32, after: Timestamp) -> Sum<'a> {
        Sum {
            ticker,
            period_min,
            after,
            candles: BTreeMap::new(),
        }
    }

    /// Sums up quotes and trades, each oldest first; those up to `after` are what stood before.
    fn of(mut self, quotes: &[MarketSnapshot], trades: &[PublicTrade]) -> BTreeMap<Timestamp, Candle> {
        let after = self.after;
        for trade in trades.iter().filter(|trade| trade.time > after) {
            let candle = self.at(trade.time);
            extend(&mut candle.price, trade.yes_price);
            candle.volume += trade.quantity;
        }
        for quote in quotes.iter().filter(|quote| quote.time > after) {
            self.at(quote.time);
        }
        self.fill_quotes(quotes);
        self.fill_trades(trades);
        self.candles
    }

    fn at(&mut self, time: Timestamp) -> &mut Candle {
        let end = end_of(time, self.period_min);
        self.candles.entry(end).or_insert_with(|| Candle {
            ticker: self.ticker.clone(),
            period_min: self.period_min,
            end,
            yes_bid: None,
            yes_ask: None,
            price: None,
            mean: None,
            previous: None,
            volume: Quantity::ZERO,
            open_interest: Quantity::ZERO,
        })
    }

    fn fill_quotes(&mut self, quotes: &[MarketSnapshot]) {
        let mut quotes = quotes.iter().peekable();
        let mut last: Option<&MarketSnapshot> = None;
        for (end, candle) in &mut self.candles {
            let start = start_of(*end, self.period_min);
            while let Some(quote) = quotes.next_if(|quote| quote.time <= start) {
                last = Some(quote);
            }
            if let Some(before) = last {
                quote(candle, before);
            }
            while let Some(now) = quotes.next_if(|quote| quote.time <= *end) {
                quote(candle, now);
                last = Some(now);
            }
            let held = last.and_then(|last| last.open_interest);
            candle.open_interest = held.unwrap_or_default();
        }
    }

    fn fill_trades(&mut self, trades: &[PublicTrade]) {
        let mut trades = trades.iter().peekable();
        let mut last: Option<Price> = None;
        for (end, candle) in &mut self.candles {
            let start = start_of(*end, self.period_min);
            while let Some(trade) = trades.next_if(|trade| trade.time <= start) {
                last = Some(trade.yes_price);
            }
            candle.previous = last;
            let mut paid = 0_i128;
            while let Some(trade) = trades.next_if(|trade| trade.time <= *end) {
                paid += i128::from(trade.yes_price.units()) * i128::from(trade.quantity.units());
                last = Some(trade.yes_price);
            }
            candle.mean = mean(paid, candle.volume);
        }
    }
}

fn quote(candle: &mut Candle, quote: &MarketSnapshot) {
    extend(&mut candle.yes_bid, quote.yes_bid.unwrap_or(Price::ZERO));
    extend(&mut candle.yes_ask, quote.yes_ask.unwrap_or(Price::ONE));
}

fn extend(corners: &mut Option<Ohlc>, price: Price) {
    let corners = corners.get_or_insert(Ohlc {
        open: price,
        high: price,
        low: price,
        close: price,
    });
    corners.high = corners.high.max(price);
    corners.low = corners.low.min(price);
    corners.close = price;
}

/// Price units times contract units, by contract units, rounded half up.
fn mean(paid: i128, volume: Quantity) -> Option<Price> {
    let volume = i128::from(volume.units());
    if volume <= 0 {
        return None;
    }
    let units = (2 * paid + volume) / (2 * volume);
    u16::try_from(units).ok().and_then(Price::from_units)
}

fn candle(ticker: &Ticker, row: &candles::Model) -> Result<Candle, StorageError> {
    let some = |units: Option<i16>| {
        units
            .map(|units| price(CANDLES.name, i64::from(units)))
            .transpose()
    };
    let corners = |open, high, low, close| {
        let corners = (some(open)?, some(high)?, some(low)?, some(close)?);
        let (Some(open), Some(high), Some(low), Some(close)) = corners else {
            return Ok(None);
        };
        Ok::<_, StorageError>(Some(Ohlc {
            open,
            high,
            low,
            close,
        }))
    };
    Ok(Candle {
        ticker: ticker.clone(),
        period_min: u32::try_from(row.period_min).unwrap_or_default(),
        end: Timestamp::from_micros(row.end_time),
        yes_bid: corners(row.bid_open, row.bid_high, row.bid_low, row.bid_close)?,
        yes_ask: corners(row.ask_open, row.ask_high, row.ask_low, row.ask_close)?,
        price: corners(row.price_open, row.price_high, row.price_low, row.price_close)?,
        mean: some(row.mean)?,
        previous: some(row.previous)?,
        volume: Quantity::from_units(row.volume),
        open_interest: Quantity::from_units(row.open_interest),
    })
}
