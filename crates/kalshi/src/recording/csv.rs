//! Tables: markets or trades, one per row, columns named as the exchange names fields.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, Error as ValueError, MapDeserializer};

use super::{Chunk, IgnoredBody, Item, LineReader, MAX_LINE, Reason, Record, RecordingKind, Rejection};
use crate::wire::{EventBody, MarketBody, TradeBody};

/// Lines one row may span inside quotes: texts have paragraphs. A quote that is still open then is a mistake.
const MAX_ROW_LINES: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Trades,
    Markets,
    Events,
    Fills,
}

/// A table with its header read.
#[derive(Debug)]
pub(super) struct Table {
    lines: LineReader,
    content: Content,
    /// Field of each column; `None` for one that is not read.
    columns: Vec<Option<String>>,
}

impl Table {
    /// Reads the header; `None` when it is not one of a known table.
    pub(super) fn open(mut lines: LineReader) -> io::Result<Option<Table>> {
        let header = loop {
            match lines.next_line()? {
                Some(Chunk::Bytes(line)) if line.trim_ascii().is_empty() => {}
                Some(Chunk::Bytes(line)) => break String::from_utf8(line.to_vec()).ok(),
                Some(Chunk::TooLong) | None => break None,
            }
        };
        let Some(names) = header.as_deref().and_then(|header| cells(header).ok()) else {
            return Ok(None);
        };
        let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
        let Some(content) = content(&names) else {
            return Ok(None);
        };
        Ok(Some(Table {
            lines,
            content,
            columns: columns(&names),
        }))
    }

    pub(super) fn kind(&self) -> RecordingKind {
        match self.content {
            Content::Trades => RecordingKind::Trades,
            Content::Markets => RecordingKind::Markets,
            Content::Events => RecordingKind::Events,
            Content::Fills => RecordingKind::Ignored,
        }
    }

    pub(super) fn lines_read(&self) -> u64 {
        self.lines.lines_read()
    }

    /// Takes the next row into the queue; false at the end.
    pub(super) fn advance(&mut self, queue: &mut VecDeque<Item>) -> io::Result<bool> {
        let line = self.lines.lines_read() + 1;
        let record = match self.next_row()? {
            None => return Ok(false),
            Some(Ok(row)) if row.trim().is_empty() => return Ok(true),
            Some(Ok(row)) => self.record(&row),
            Some(Err(reason)) => Err(reason),
        };
        queue.push_back(Item {
            line,
            record: record.map_err(|reason| Rejection { line, reason }),
            raw: None,
        });
        Ok(true)
    }

    /// One row, with the lines that a quoted cell spans.
    fn next_row(&mut self) -> io::Result<Option<Result<String, Reason>>> {
        let mut row = String::new();
        for _ in 0..MAX_ROW_LINES {
            let line = match self.lines.next_line()? {
                None if row.is_empty() => return Ok(None),
                None => return Ok(Some(Err(Reason::Quotes))),
                Some(Chunk::TooLong) => return Ok(Some(Err(Reason::TooLong))),
                Some(Chunk::Bytes(line)) => line,
            };
            let Ok(line) = std::str::from_utf8(line) else {
                return Ok(Some(Err(Reason::NotUtf8)));
            };
            if row.len() + line.len() > MAX_LINE {
                return Ok(Some(Err(Reason::TooLong)));
            }
            row.push_str(line);
            if self.content == Content::Trades || !matches!(cells(&row), Err(Broken::Open)) {
                return Ok(Some(Ok(row)));
            }
            row.push('\n');
        }
        Ok(Some(Err(Reason::Quotes)))
    }

    fn record(&self, row: &str) -> Result<Record, Reason> {
        let cells = cells(row).map_err(|_| Reason::Quotes)?;
        if cells.len() != self.columns.len() {
            return Err(Reason::Cells {
                cells: cells.len(),
                columns: self.columns.len(),
            });
        }
        match self.content {
            Content::Trades => Ok(Record::Trade(self.body::<TradeBody<'_>>(&cells)?.to_trade()?)),
            Content::Markets => Ok(Record::Market(Box::new(
                self.body::<MarketBody<'_>>(&cells)?.to_market()?,
            ))),
            Content::Events => Ok(Record::Event(Box::new(
                self.body::<EventBody<'_>>(&cells)?.to_event()?,
            ))),
            Content::Fills => Ok(Record::Ignored(IgnoredBody::Fill)),
        }
    }

    /// The row as the JSON object it would be; an empty cell is an absent key.
    fn body<'a, T: Deserialize<'a>>(&'a self, cells: &'a [Cow<'a, str>]) -> Result<T, Reason> {
        let filled = self.columns.iter().zip(cells).filter_map(|(column, cell)| {
            let cell = cell.trim();
            let column = column.as_deref().filter(|_| !cell.is_empty())?;
            Some((column, BorrowedStrDeserializer::<ValueError>::new(cell)))
        });
        T::deserialize(MapDeserializer::new(filled))
            .map_err(|error| Reason::Json(serde::de::Error::custom(error)))
    }
}

/// Fields that are lists and so have no place in a cell.
const NESTED: [&str; 3] = ["price_ranges", "markets", "mve_selected_legs"];

fn content(names: &[&str]) -> Option<Content> {
    let has = |name: &str| names.contains(&name);
    let has_any = |wanted: &[&str]| wanted.iter().any(|name| has(name));
    let counted = has_any(&["count", "count_fp"]);
    let priced = has_any(&["yes_price", "yes_price_dollars", "no_price", "no_price_dollars"]);
    if counted && has_any(&["fee_cost", "is_taker", "order_id", "fill_id"]) {
        return Some(Content::Fills);
    }
    if has("trade_id") || counted && priced {
        return Some(Content::Trades);
    }
    let is_of_market = has_any(&["ticker", "market_ticker", "window"]);
    let told = [
        "result",
        "status",
        "close_time",
        "open_time",
        "yes_bid",
        "yes_bid_dollars",
        "settlement_value_dollars",
    ];
    if is_of_market && has_any(&told) {
        return Some(Content::Markets);
    }
    (!is_of_market && has("event_ticker") && has("series_ticker")).then_some(Content::Events)
}

/// Field of each column: a second column of one name is not read, and other names of the ticker give way to `ticker`.
fn columns(names: &[&str]) -> Vec<Option<String>> {
    let mut seen = Vec::new();
    let alias = |name: &str| match name {
        "market_ticker" | "window" if !names.contains(&"ticker") => "ticker".to_owned(),
        other => other.to_owned(),
    };
    names
        .iter()
        .map(|name| {
            let field = alias(name);
            let read = !field.is_empty() && !NESTED.contains(&field.as_str()) && !seen.contains(&field);
            seen.push(field.clone());
            read.then_some(field)
        })
        .collect()
}

/// Why a row cannot be cut into cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// A quoted cell does not end.
    Open,
    /// Text follows a closing quote.
    Stray,
}

/// Cells of a row by RFC 4180.
fn cells(row: &str) -> Result<Vec<Cow<'_, str>>, Broken> {
    let mut cells = Vec::new();
    let mut rest = row;
    loop {
        let (cell, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_cell(quoted).ok_or(Broken::Open)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (Cow::Borrowed(&rest[..end]), &rest[end..])
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(cells),
            None => return Err(Broken::Stray),
        }
    }
}

/// The cell up to its closing quote, and what follows it.
fn quoted_cell(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut search = 0;
    loop {
        let quote = search + quoted[search..].find('"')?;
        if quoted[quote + 1..].starts_with('"') {
            search = quote + 2;
            continue;
        }
        let cell = &quoted[..quote];
        let cell = if cell.contains('"') {
            Cow::Owned(cell.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(cell)
        };
        return Some((cell, &quoted[quote + 1..]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_at_commas_outside_quotes() {
        assert_eq!(cells("a,,\"b,\"\"c\"\"\"").unwrap(), ["a", "", "b,\"c\""]);
        assert_eq!(cells("").unwrap(), [""]);
        assert_eq!(cells("\"a\"b,c"), Err(Broken::Stray));
        assert_eq!(cells("\"a"), Err(Broken::Open));
    }
}
