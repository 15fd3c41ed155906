//! The columns of the archive's files: named for people, exact, and read alike by DuckDB, Polars and pandas.
//!
//! Prices are dollars as DECIMAL(5,4), counts contracts as DECIMAL(18,2), times microseconds in UTC.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Decimal128Array, DictionaryArray, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Decimal128Type, Field, Int32Type, Int64Type, Schema, SchemaRef, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use kmi_domain::{Side, Ticker};
use parquet::errors::{ParquetError, Result};

use crate::import::TradeSource;
use crate::read::TradeBatch;
use crate::row::{Rows, Value};

/// A short list of words, kept as numbers into the list.
pub(super) fn words() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

pub(super) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(super) const DOLLARS: DataType = DataType::Decimal128(5, 4);
pub(super) const CONTRACTS: DataType = DataType::Decimal128(18, 2);

fn schema(columns: Vec<(&str, DataType, Need)>) -> SchemaRef {
    let fields = columns
        .into_iter()
        .map(|(name, kind, need)| Field::new(name, kind, need == Need::Optional));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Whether every row has a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Always,
    Optional,
}
use Need::{Always, Optional};

static TRADES: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        ("ticker", words(), Always),
        ("time", instant(), Always),
        ("trade_id", DataType::Utf8, Always),
        ("yes_price", DOLLARS, Always),
        ("count", CONTRACTS, Always),
        ("taker_side", words(), Always),
        ("source", words(), Always),
        ("is_block", DataType::Boolean, Always),
    ])
});

static BOOK: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        ("frame", DataType::Int64, Always),
        ("received", instant(), Always),
        ("ticker", words(), Always),
        ("kind", words(), Always),
        ("time", instant(), Optional),
        ("sid", DataType::Int64, Optional),
        ("seq", DataType::Int64, Optional),
        ("side", words(), Optional),
        ("price", DOLLARS, Optional),
        ("count", CONTRACTS, Optional),
        ("trade_id", DataType::Utf8, Optional),
        ("is_block", DataType::Boolean, Optional),
    ])
});

static MARKETS: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        ("ticker", words(), Always),
        ("event_ticker", words(), Optional),
        ("series_ticker", words(), Optional),
        ("category", words(), Optional),
        ("title", DataType::Utf8, Always),
        ("subtitle", DataType::Utf8, Always),
        ("open_time", instant(), Optional),
        ("close_time", instant(), Always),
        ("status", words(), Always),
        ("result", words(), Always),
        ("settlement_value", DOLLARS, Optional),
        ("updated_time", instant(), Optional),
        ("metadata_hash", DataType::Utf8, Always),
        ("raw", DataType::Utf8, Always),
    ])
});

static SNAPSHOTS: LazyLock<SchemaRef> = LazyLock::new(|| {
    schema(vec![
        ("ticker", words(), Always),
        ("time", instant(), Always),
        ("source", words(), Always),
        ("sequence", DataType::Int64, Optional),
        ("yes_bid", DOLLARS, Optional),
        ("yes_ask", DOLLARS, Optional),
        ("yes_bid_size", CONTRACTS, Optional),
        ("yes_ask_size", CONTRACTS, Optional),
        ("last_price", DOLLARS, Optional),
        ("volume", CONTRACTS, Optional),
        ("open_interest", CONTRACTS, Optional),
    ])
});

/// Columns of trades.
pub(super) fn trades() -> SchemaRef {
    TRADES.clone()
}

/// Columns of books.
pub(super) fn book() -> SchemaRef {
    BOOK.clone()
}

/// Columns of markets.
pub(super) fn markets() -> SchemaRef {
    MARKETS.clone()
}

/// Columns of snapshots.
pub(super) fn snapshots() -> SchemaRef {
    SNAPSHOTS.clone()
}

/// Column of a table's rows, turned into the type the schema has for it. Flags are 0 and 1 in the rows.
pub(super) fn batch_of(rows: &Rows, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().enumerate().map(|(index, field)| {
        let values = rows.values.iter().skip(index).step_by(rows.width);
        column(values, field.data_type())
    });
    RecordBatch::try_new(schema.clone(), columns.collect::<Result<Vec<_>, _>>()?)
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn column<'a>(values: impl Iterator<Item = &'a Value>, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    Ok(match kind {
        DataType::Dictionary(..) => Arc::new(values.map(text).collect::<DictionaryArray<Int32Type>>()),
        DataType::Utf8 => Arc::new(values.map(text).collect::<StringArray>()),
        DataType::Timestamp(..) => Arc::new(
            values
                .map(number)
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
        DataType::Decimal128(precision, scale) => Arc::new(
            values
                .map(|value| number(value).map(i128::from))
                .collect::<Decimal128Array>()
                .with_precision_and_scale(*precision, *scale)?,
        ),
        DataType::Boolean => Arc::new(
            values
                .map(|value| number(value).map(|flag| flag != 0))
                .collect::<BooleanArray>(),
        ),
        _ => Arc::new(values.map(number).collect::<Int64Array>()),
    })
}

/// Word of a trade's taker for the archive.
pub(super) fn side_word(taker: i64) -> Value {
    Value::from(if taker == 0 {
        Side::Yes.as_str()
    } else {
        Side::No.as_str()
    })
}

/// Word of a trade's source for the archive.
pub(super) fn source_word(source: i64) -> Value {
    let known = TradeSource::ALL
        .into_iter()
        .find(|known| i64::from(known.number()) == source);
    Value::from(known.unwrap_or(TradeSource::Import).as_str())
}

fn broken(column: &str) -> ParquetError {
    ParquetError::General(format!("column {column} is missing or of another type"))
}

/// A column by name.
pub(super) fn named<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| broken(name))
}

/// Texts of a column.
pub(super) fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<Box<str>>> {
    let column = named(batch, name)?
        .as_string_opt::<i32>()
        .ok_or_else(|| broken(name))?;
    Ok(column
        .iter()
        .map(|text| text.unwrap_or_default().into())
        .collect())
}

/// Words of a column: the list, and each row's place in it.
pub(super) fn dictionary<'a>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<(&'a StringArray, &'a arrow::array::PrimitiveArray<Int32Type>)> {
    let column = named(batch, name)?
        .as_dictionary_opt::<Int32Type>()
        .ok_or_else(|| broken(name))?;
    let words = column
        .values()
        .as_string_opt::<i32>()
        .ok_or_else(|| broken(name))?;
    Ok((words, column.keys()))
}

/// Instants of a column.
pub(super) fn instants<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a TimestampMicrosecondArray> {
    named(batch, name)?
        .as_primitive_opt::<TimestampMicrosecondType>()
        .ok_or_else(|| broken(name))
}

/// Decimals of a column.
pub(super) fn decimals<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Decimal128Array> {
    named(batch, name)?
        .as_primitive_opt::<Decimal128Type>()
        .ok_or_else(|| broken(name))
}

/// Whole numbers of a column.
pub(super) fn integers<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array> {
    named(batch, name)?
        .as_primitive_opt::<Int64Type>()
        .ok_or_else(|| broken(name))
}

/// Flags of a column.
pub(super) fn flags<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a BooleanArray> {
    named(batch, name)?.as_boolean_opt().ok_or_else(|| broken(name))
}

/// Markets whose rows are picked out one by one.
const FEW: usize = 16;

/// Which rows of a trades file are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// Numbers of the markets wanted.
    pub(crate) markets: &'a HashMap<Ticker, u32>,
    /// First time wanted.
    pub(crate) from: i64,
    /// First time no longer wanted.
    pub(crate) to: i64,
}

/// Appends the wanted trades of a file to `out`, ids too when `with_ids` names their column.
pub(crate) fn decode_trades(
    bytes: impl parquet::file::reader::ChunkReader + 'static,
    wanted: Wanted<'_>,
    ids: crate::read::Ids,
    out: &mut TradeBatch,
) -> Result<()> {
    let mut columns = vec!["ticker", "time", "yes_price", "count", "taker_side", "is_block"];
    if ids == crate::read::Ids::Read {
        columns.push("trade_id");
    }
    // Of a few markets only their rows are decoded; with many the look at each name would cost more than it saves.
    let reader = if wanted.markets.len() <= FEW {
        let tickers = wanted.markets.keys().cloned().collect();
        super::reader_of(bytes, &TRADES, Some(&columns), tickers)?
    } else {
        super::reader(bytes, &TRADES, Some(&columns))?
    };
    for batch in reader {
        let batch = batch.map_err(ParquetError::from)?;
        append_trades(&batch, wanted, ids, out)?;
    }
    Ok(())
}

fn append_trades(
    batch: &RecordBatch,
    wanted: Wanted<'_>,
    ids: crate::read::Ids,
    out: &mut TradeBatch,
) -> Result<()> {
    let (tickers, ticker_keys) = dictionary(batch, "ticker")?;
    let (sides, side_keys) = dictionary(batch, "taker_side")?;
    let numbers: Vec<Option<u32>> = tickers
        .iter()
        .map(|ticker| ticker.and_then(|ticker| wanted.markets.get(ticker).copied()))
        .collect();
    let no: Vec<bool> = sides.iter().map(|side| side == Some("no")).collect();
    let times = instants(batch, "time")?.values();
    let prices = decimals(batch, "yes_price")?.values();
    let counts = decimals(batch, "count")?.values();
    let blocks = flags(batch, "is_block")?;
    let trade_ids = match ids {
        crate::read::Ids::Skip => None,
        crate::read::Ids::Read => Some(
            named(batch, "trade_id")?
                .as_string_opt::<i32>()
                .ok_or_else(|| broken("trade_id"))?,
        ),
    };
    let place = |key: i32| usize::try_from(key).unwrap_or(usize::MAX);
    for row in 0..batch.num_rows() {
        let time = times[row];
        let number = numbers.get(place(ticker_keys.value(row))).copied().flatten();
        let Some(number) = number.filter(|_| time >= wanted.from && time < wanted.to) else {
            continue;
        };
        out.market.push(number);
        out.time.push(time);
        out.price
            .push(u16::try_from(prices[row]).map_err(|_| broken("yes_price"))?);
        out.quantity
            .push(i64::try_from(counts[row]).map_err(|_| broken("count"))?);
        let is_no = no.get(place(side_keys.value(row))).copied().unwrap_or(false);
        out.taker.push(if is_no { Side::No } else { Side::Yes });
        out.is_block.push(blocks.value(row));
        if let Some(trade_ids) = trade_ids {
            out.ids.push(trade_ids.value(row).into());
        }
    }
    Ok(())
}
