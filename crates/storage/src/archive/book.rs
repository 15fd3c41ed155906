//! Books of captures as rows: a `snapshot` row that empties the book, its `level` rows, then `delta` and `trade` rows; a
//! `gap` row where frames of the market were lost.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use kmi_domain::{Level, Price, Quantity, Side, Ticker, Timestamp, TradeId};
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::errors::{ParquetError, Result};

use super::part::{PartWriter, Placed};
use super::schema::{self, dictionary, flags, instants, integers, named};
use super::{Archive, ArchiveKind};
use crate::StorageError;
use crate::read::{BookChange, BookEntry};
use crate::row::{Rows, Value};

/// Rows gathered before they are handed to the file.
const BATCH: usize = 32_768;
const COLUMNS: usize = 12;

/// Writes the entries of one capture, a file for each day they were received on.
#[derive(Debug)]
pub(crate) struct BookWriter {
    archive: Archive,
    label: String,
    day: i64,
    days: BTreeMap<i64, Day>,
}

#[derive(Debug)]
struct Day {
    part: PartWriter,
    rows: Rows,
    bounds: (i64, i64),
}

impl BookWriter {
    /// Writes files told from others being written by `label`.
    pub(crate) fn new(archive: Archive, label: &str) -> BookWriter {
        BookWriter {
            archive,
            label: label.chars().take(32).collect(),
            day: i64::MIN,
            days: BTreeMap::new(),
        }
    }

    pub(crate) fn push(&mut self, entries: &[BookEntry]) -> Result<(), StorageError> {
        for entry in entries {
            // Never back to an earlier day, so that the files of a capture read one after the other are the capture.
            self.day = self.day.max(entry.received.day());
            if !self.days.contains_key(&self.day) {
                let part = PartWriter::create(
                    &self.archive,
                    ArchiveKind::Book,
                    self.day,
                    &self.label,
                    schema::book(),
                    &[0],
                )?;
                let received = entry.received.micros();
                let day = Day {
                    part,
                    rows: Rows::with_capacity(COLUMNS, BATCH),
                    bounds: (received, received),
                };
                self.days.insert(self.day, day);
            }
            if let Some(day) = self.days.get_mut(&self.day) {
                day.push(entry)?;
            }
        }
        Ok(())
    }

    /// Ends the files and moves them to their places as those of a capture: all, or when one fails none.
    pub(crate) fn finish(&mut self, capture: &str) -> Result<Vec<Placed>, StorageError> {
        let mut files = Vec::new();
        for (_, mut day) in std::mem::take(&mut self.days) {
            day.flush()?;
            files.push(day.part.finish(Some(capture.to_owned()))?);
        }
        Ok(files)
    }
}

impl Day {
    fn push(&mut self, entry: &BookEntry) -> Result<(), StorageError> {
        let received = entry.received.micros();
        self.bounds = (self.bounds.0.min(received), self.bounds.1.max(received));
        match &entry.change {
            BookChange::Snapshot { yes, no } => {
                self.rows.push(row(entry, "snapshot", None, None, None));
                for (side, levels) in [(Side::Yes, yes), (Side::No, no)] {
                    for level in levels {
                        let amount = Some((level.price, level.quantity));
                        self.rows.push(row(entry, "level", Some(side), amount, None));
                    }
                }
            }
            BookChange::Delta {
                side,
                price,
                quantity,
            } => {
                let amount = Some((*price, *quantity));
                self.rows.push(row(entry, "delta", Some(*side), amount, None));
            }
            BookChange::Trade {
                id,
                yes_price,
                quantity,
                taker,
                is_block,
            } => {
                let amount = Some((*yes_price, *quantity));
                self.rows
                    .push(row(entry, "trade", Some(*taker), amount, Some((id, *is_block))));
            }
            BookChange::Gap => self.rows.push(row(entry, "gap", None, None, None)),
        }
        if self.rows.len() >= BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StorageError> {
        let rows = std::mem::replace(&mut self.rows, Rows::with_capacity(COLUMNS, BATCH));
        if rows.is_empty() {
            return Ok(());
        }
        let batch = schema::batch_of(&rows, &schema::book())
            .map_err(|source| StorageError::parquet(&PathBuf::from("book"), source.into()))?;
        self.part.write(&batch, self.bounds)
    }
}

fn row(
    entry: &BookEntry,
    kind: &str,
    side: Option<Side>,
    amount: Option<(Price, Quantity)>,
    trade: Option<(&TradeId, bool)>,
) -> [Value; COLUMNS] {
    let int = |number: Option<i64>| number.map_or(Value::Null, Value::Int);
    [
        Value::Int(entry.frame.cast_signed()),
        Value::Int(entry.received.micros()),
        Value::from(entry.ticker.as_str()),
        Value::from(kind),
        int(entry.time.map(Timestamp::micros)),
        int(entry.sid.map(u64::cast_signed)),
        int(entry.seq.map(u64::cast_signed)),
        side.map_or(Value::Null, |side| Value::from(side.as_str())),
        int(amount.map(|(price, _)| i64::from(price.units()))),
        int(amount.map(|(_, quantity)| quantity.units())),
        trade.map_or(Value::Null, |(id, _)| Value::from(id.as_str())),
        int(trade.map(|(_, is_block)| i64::from(is_block))),
    ]
}

/// Entries of a file, one after the other; holds one batch of rows.
pub(crate) struct BookReader {
    batches: ParquetRecordBatchReader,
    wanted: Option<HashMap<Ticker, u32>>,
    ready: VecDeque<BookEntry>,
    open: Option<BookEntry>,
}

impl BookReader {
    /// Opens a file's bytes; of the markets wanted, or of all.
    pub(crate) fn new(
        bytes: impl parquet::file::reader::ChunkReader + 'static,
        wanted: Option<HashMap<Ticker, u32>>,
    ) -> Result<BookReader> {
        Ok(BookReader {
            batches: super::reader(bytes, &schema::book(), None)?,
            wanted,
            ready: VecDeque::new(),
            open: None,
        })
    }

    /// The next entry.
    pub(crate) fn next_entry(&mut self) -> Result<Option<BookEntry>> {
        loop {
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Some(entry));
            }
            match self.batches.next() {
                None => return Ok(self.open.take()),
                Some(batch) => self.decode(&batch.map_err(ParquetError::from)?)?,
            }
        }
    }

    fn decode(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Columns::of(batch)?;
        for row in 0..batch.num_rows() {
            let Some(ticker) = columns.tickers.get(columns.ticker_at(row)) else {
                return Err(bad("ticker"));
            };
            if self
                .wanted
                .as_ref()
                .is_some_and(|wanted| !wanted.contains_key(ticker))
            {
                continue;
            }
            if columns.kind(row) == "level" {
                self.add_level(&columns, row)?;
                continue;
            }
            self.ready.extend(self.open.take());
            let entry = columns.entry(ticker.clone(), row)?;
            if matches!(entry.change, BookChange::Snapshot { .. }) {
                self.open = Some(entry);
            } else {
                self.ready.push_back(entry);
            }
        }
        Ok(())
    }

    fn add_level(&mut self, columns: &Columns<'_>, row: usize) -> Result<()> {
        let level = Level {
            price: columns.price(row)?,
            quantity: columns.quantity(row)?,
        };
        match self.open.as_mut().map(|entry| &mut entry.change) {
            Some(BookChange::Snapshot { yes, no }) => match columns.side(row)? {
                Side::Yes => yes.push(level),
                Side::No => no.push(level),
            },
            _ => return Err(bad("kind: a level without its snapshot")),
        }
        Ok(())
    }
}

fn bad(column: &str) -> ParquetError {
    ParquetError::General(format!("unexpected value in column {column}"))
}

/// The columns of a batch, looked up once.
struct Columns<'a> {
    tickers: Vec<Ticker>,
    ticker_keys: &'a arrow::array::Int32Array,
    kinds: Vec<&'a str>,
    kind_keys: &'a arrow::array::Int32Array,
    sides: Vec<&'a str>,
    side_keys: &'a arrow::array::Int32Array,
    frames: &'a arrow::array::Int64Array,
    received: &'a arrow::array::TimestampMicrosecondArray,
    times: &'a arrow::array::TimestampMicrosecondArray,
    sids: &'a arrow::array::Int64Array,
    seqs: &'a arrow::array::Int64Array,
    prices: &'a arrow::array::Decimal128Array,
    counts: &'a arrow::array::Decimal128Array,
    ids: &'a arrow::array::StringArray,
    blocks: &'a arrow::array::BooleanArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Columns<'a>> {
        let (tickers, ticker_keys) = dictionary(batch, "ticker")?;
        let (kinds, kind_keys) = dictionary(batch, "kind")?;
        let (sides, side_keys) = dictionary(batch, "side")?;
        let tickers = tickers
            .iter()
            .map(|ticker| Ticker::new(ticker.unwrap_or_default()).map_err(|_| bad("ticker")));
        Ok(Columns {
            tickers: tickers.collect::<Result<_>>()?,
            ticker_keys,
            kinds: kinds.iter().map(Option::unwrap_or_default).collect(),
            kind_keys,
            sides: sides.iter().map(Option::unwrap_or_default).collect(),
            side_keys,
            frames: integers(batch, "frame")?,
            received: instants(batch, "received")?,
            times: instants(batch, "time")?,
            sids: integers(batch, "sid")?,
            seqs: integers(batch, "seq")?,
            prices: schema::decimals(batch, "price")?,
            counts: schema::decimals(batch, "count")?,
            ids: named(batch, "trade_id")?
                .as_string_opt::<i32>()
                .ok_or_else(|| bad("trade_id"))?,
            blocks: flags(batch, "is_block")?,
        })
    }

    fn ticker_at(&self, row: usize) -> usize {
        usize::try_from(self.ticker_keys.value(row)).unwrap_or(usize::MAX)
    }

    fn kind(&self, row: usize) -> &'a str {
        let place = usize::try_from(self.kind_keys.value(row)).unwrap_or(usize::MAX);
        self.kinds.get(place).copied().unwrap_or_default()
    }

    fn side(&self, row: usize) -> Result<Side> {
        let place = usize::try_from(self.side_keys.value(row)).unwrap_or(usize::MAX);
        match self.sides.get(place).copied() {
            Some("yes") => Ok(Side::Yes),
            Some("no") => Ok(Side::No),
            _ => Err(bad("side")),
        }
    }

    fn price(&self, row: usize) -> Result<Price> {
        u16::try_from(self.prices.value(row))
            .ok()
            .and_then(Price::from_units)
            .ok_or_else(|| bad("price"))
    }

    fn quantity(&self, row: usize) -> Result<Quantity> {
        let units = i64::try_from(self.counts.value(row)).map_err(|_| bad("count"))?;
        Ok(Quantity::from_units(units))
    }

    fn entry(&self, ticker: Ticker, row: usize) -> Result<BookEntry> {
        let change = match self.kind(row) {
            "snapshot" => BookChange::Snapshot {
                yes: Vec::new(),
                no: Vec::new(),
            },
            "delta" => BookChange::Delta {
                side: self.side(row)?,
                price: self.price(row)?,
                quantity: self.quantity(row)?,
            },
            "trade" => BookChange::Trade {
                id: TradeId::new(self.ids.value(row)).map_err(|_| bad("trade_id"))?,
                yes_price: self.price(row)?,
                quantity: self.quantity(row)?,
                taker: self.side(row)?,
                is_block: self.blocks.value(row),
            },
            "gap" => BookChange::Gap,
            _ => return Err(bad("kind")),
        };
        let unsigned = |column: &arrow::array::Int64Array| {
            column.is_valid(row).then(|| column.value(row).cast_unsigned())
        };
        Ok(BookEntry {
            ticker,
            received: Timestamp::from_micros(self.received.value(row)),
            time: self
                .times
                .is_valid(row)
                .then(|| Timestamp::from_micros(self.times.value(row))),
            sid: unsigned(self.sids),
            seq: unsigned(self.seqs),
            frame: self.frames.value(row).cast_unsigned(),
            change,
        })
    }
}
