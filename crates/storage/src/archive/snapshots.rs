//! Reading archived quotes back.

use std::collections::BTreeSet;

use arrow::array::{Array, Decimal128Array, RecordBatch};
use kmi_domain::{Price, Quantity, Ticker, Timestamp};
use parquet::errors::{ParquetError, Result};

use super::schema::{self, decimals, dictionary, instants, integers};
use super::{Archive, reader_of};
use crate::{MarketSnapshot, SnapshotSource, StorageError};

impl Archive {
    /// Snapshots of some markets in a file, by time. Decoded on a thread that may block.
    pub(crate) async fn snapshots(
        &self,
        path: &str,
        tickers: &BTreeSet<Ticker>,
    ) -> std::result::Result<Vec<MarketSnapshot>, StorageError> {
        let bytes = self.bytes(path).await?;
        let tickers = tickers.clone();
        let decoded = tokio::task::spawn_blocking(move || decode(bytes, &tickers));
        let decoded = decoded.await.map_err(|_| StorageError::Stopped)?;
        decoded.map_err(|source| StorageError::parquet(&self.file(path), source))
    }
}

fn decode(
    bytes: impl parquet::file::reader::ChunkReader + 'static,
    tickers: &BTreeSet<Ticker>,
) -> Result<Vec<MarketSnapshot>> {
    let mut found = Vec::new();
    for batch in reader_of(bytes, &schema::snapshots(), None, tickers.clone())? {
        append(&batch.map_err(ParquetError::from)?, tickers, &mut found)?;
    }
    Ok(found)
}

fn bad(column: &str) -> ParquetError {
    ParquetError::General(format!("unexpected value in column {column}"))
}

fn append(batch: &RecordBatch, tickers: &BTreeSet<Ticker>, found: &mut Vec<MarketSnapshot>) -> Result<()> {
    let (names, name_keys) = dictionary(batch, "ticker")?;
    let (words, word_keys) = dictionary(batch, "source")?;
    let wanted: Vec<Option<&Ticker>> = names
        .iter()
        .map(|name| tickers.get(name.unwrap_or_default()))
        .collect();
    let times = instants(batch, "time")?;
    let sequences = integers(batch, "sequence")?;
    let prices = Prices::of(batch)?;
    let counts = Counts::of(batch)?;
    for row in 0..batch.num_rows() {
        let place = usize::try_from(name_keys.value(row)).map_err(|_| bad("ticker"))?;
        let Some(ticker) = wanted.get(place).copied().flatten() else {
            continue;
        };
        let word = usize::try_from(word_keys.value(row)).map_err(|_| bad("source"))?;
        let source = (word < words.len())
            .then(|| SnapshotSource::from_word(words.value(word)))
            .flatten();
        found.push(MarketSnapshot {
            ticker: ticker.clone(),
            time: Timestamp::from_micros(times.value(row)),
            source: source.ok_or_else(|| bad("source"))?,
            sequence: sequences.is_valid(row).then(|| sequences.value(row)),
            yes_bid: price(prices.yes_bid, row)?,
            yes_ask: price(prices.yes_ask, row)?,
            yes_bid_size: count(counts.yes_bid_size, row)?,
            yes_ask_size: count(counts.yes_ask_size, row)?,
            last_price: price(prices.last_price, row)?,
            volume: count(counts.volume, row)?,
            open_interest: count(counts.open_interest, row)?,
        });
    }
    Ok(())
}

struct Prices<'a> {
    yes_bid: &'a Decimal128Array,
    yes_ask: &'a Decimal128Array,
    last_price: &'a Decimal128Array,
}

impl<'a> Prices<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Prices<'a>> {
        Ok(Prices {
            yes_bid: decimals(batch, "yes_bid")?,
            yes_ask: decimals(batch, "yes_ask")?,
            last_price: decimals(batch, "last_price")?,
        })
    }
}

struct Counts<'a> {
    yes_bid_size: &'a Decimal128Array,
    yes_ask_size: &'a Decimal128Array,
    volume: &'a Decimal128Array,
    open_interest: &'a Decimal128Array,
}

impl<'a> Counts<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Counts<'a>> {
        Ok(Counts {
            yes_bid_size: decimals(batch, "yes_bid_size")?,
            yes_ask_size: decimals(batch, "yes_ask_size")?,
            volume: decimals(batch, "volume")?,
            open_interest: decimals(batch, "open_interest")?,
        })
    }
}

fn price(column: &Decimal128Array, row: usize) -> Result<Option<Price>> {
    if !column.is_valid(row) {
        return Ok(None);
    }
    let price = u16::try_from(column.value(row)).ok().and_then(Price::from_units);
    price.map(Some).ok_or_else(|| bad("price"))
}

fn count(column: &Decimal128Array, row: usize) -> Result<Option<Quantity>> {
    if !column.is_valid(row) {
        return Ok(None);
    }
    let units = i64::try_from(column.value(row)).map_err(|_| bad("count"))?;
    Ok(Some(Quantity::from_units(units)))
}
