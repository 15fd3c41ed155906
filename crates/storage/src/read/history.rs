//! Quotes as they were kept: [`Store::history`], [`Store::latest_snapshots`].

use std::collections::BTreeSet;

use kmi_domain::{Ticker, Timestamp};

use crate::archive::ArchiveKind;
use crate::entity::market_snapshots;
use crate::row::{Rows, Table, Value};
use crate::session::Session;
use crate::{MarketSnapshot, StorageError, Store};

const SNAPSHOTS: Table = market_snapshots::Model::TABLE;
/// Most files of the archive read for one answer: who asks for more asks again, for earlier times.
const MOST_FILES: usize = 256;

/// A file of the archive with the times in it.
pub(super) struct Span {
    pub(super) path: String,
    pub(super) last: i64,
}

impl Store {
    /// The latest snapshot of every market that has one in the database, by ticker: what a board begins with after a
    /// restart. Markets whose latest is in the archive have been quiet for days, and are left out.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn latest_snapshots(&self) -> Result<Vec<MarketSnapshot>, StorageError> {
        // Two sources may have one instant: the later in the order of sources comes last.
        let sql = format!(
            "SELECT t.ticker, {} FROM tickers t JOIN market_snapshots s ON s.ticker_id = t.id \
             AND s.time = (SELECT MAX(l.time) FROM market_snapshots l WHERE l.ticker_id = t.id) \
             ORDER BY t.ticker, s.source",
            columns("s")
        );
        let mut latest: Vec<MarketSnapshot> = Vec::new();
        for snapshot in decode(self.reader().await?.query(&sql, vec![]).await?)? {
            latest.pop_if(|before| before.ticker == snapshot.ticker);
            latest.push(snapshot);
        }
        Ok(latest)
    }

    /// Snapshots of a market in `[from, to)`, newest first, at most `limit`: from the database, and from the archive where
    /// those do not suffice. Of one instant the later in the order of sources comes first. For one answer at most 256
    /// files of the archive are read.
    ///
    /// # Errors
    /// When the database does not answer, or a file is missing or damaged.
    pub async fn history(
        &self,
        ticker: &Ticker,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<MarketSnapshot>, StorageError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let bounds = (
            from.map_or(i64::MIN, Timestamp::micros),
            to.map_or(i64::MAX, Timestamp::micros),
        );
        let mut session = self.reader().await?;
        let mut found = hot(&mut session, ticker, bounds, limit).await?;
        let files = spans(&mut session, ArchiveKind::Snapshots, Some(ticker), bounds).await?;
        drop(session);
        let asked = BTreeSet::from([ticker.clone()]);
        for file in files.into_iter().take(MOST_FILES) {
            // Files come latest end first: once one ends before all that is wanted, so do the others.
            let oldest = limit.checked_sub(1).and_then(|last| found.get(last));
            if limit == 0 || oldest.is_some_and(|oldest| oldest.time.micros() > file.last) {
                break;
            }
            let mut archived = self.inner.archive.snapshots(&file.path, &asked).await?;
            archived.retain(|snapshot| (bounds.0..bounds.1).contains(&snapshot.time.micros()));
            if !archived.is_empty() {
                found.append(&mut archived);
                newest_first(&mut found);
                found.truncate(limit);
            }
        }
        Ok(found)
    }

    /// Every snapshot of a market in `(after, until]` and the last one before, oldest first; from database and archive.
    pub(super) async fn quotes_of(
        &self,
        ticker: &Ticker,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<MarketSnapshot>, StorageError> {
        let first = after.plus_micros(1);
        let end = until.plus_micros(1);
        let mut quotes = self.history(ticker, Some(first), Some(end), u32::MAX).await?;
        quotes.extend(self.history(ticker, None, Some(first), 1).await?);
        quotes.reverse();
        Ok(quotes)
    }
}

async fn hot(
    session: &mut Session,
    ticker: &Ticker,
    (from, to): (i64, i64),
    limit: usize,
) -> Result<Vec<MarketSnapshot>, StorageError> {
    let sql = format!(
        "SELECT t.ticker, {} FROM tickers t JOIN market_snapshots s ON s.ticker_id = t.id \
         WHERE t.ticker = $1 AND s.time >= $2 AND s.time < $3 ORDER BY s.time DESC, s.source DESC LIMIT $4",
        columns("s")
    );
    let values = vec![
        Value::from(ticker.as_str()),
        Value::Int(from),
        Value::Int(to),
        Value::Int(i64::try_from(limit).unwrap_or(i64::MAX)),
    ];
    decode(session.query(&sql, values).await?)
}

/// Files of the archive with rows in `[from, to)`, the one that ends last first. Those of days before a market opened
/// cannot have rows of it.
pub(super) async fn spans(
    session: &mut Session,
    kind: ArchiveKind,
    ticker: Option<&Ticker>,
    (from, to): (i64, i64),
) -> Result<Vec<Span>, StorageError> {
    let opened = match ticker {
        Some(ticker) => opened(session, ticker).await?,
        None => None,
    };
    let sql = "SELECT path, last_time FROM archive_files \
               WHERE kind = $1 AND last_time >= $2 AND first_time < $3 ORDER BY last_time DESC, path";
    let values = vec![
        Value::from(kind.as_str()),
        Value::Int(from.max(opened.unwrap_or(i64::MIN))),
        Value::Int(to),
    ];
    let mut files = Vec::new();
    for mut row in session.query(sql, values).await?.into_rows() {
        files.push(Span {
            path: row.take()?,
            last: row.take()?,
        });
    }
    Ok(files)
}

/// A day before trading in a market began, for quotes that came before; `None` where that is unknown.
async fn opened(session: &mut Session, ticker: &Ticker) -> Result<Option<i64>, StorageError> {
    let sql = "SELECT m.open_time FROM markets m JOIN tickers t ON t.id = m.ticker_id WHERE t.ticker = $1";
    let found = session.query(sql, vec![Value::from(ticker.as_str())]).await?;
    let open_time: Option<i64> = match found.into_rows().next() {
        Some(mut row) => row.take()?,
        None => None,
    };
    Ok(open_time.map(|time| Timestamp::from_micros(time).plus_seconds(-86_400).micros()))
}

/// Sorted newest first, each once.
fn newest_first(snapshots: &mut Vec<MarketSnapshot>) {
    let key = |snapshot: &MarketSnapshot| (snapshot.time, snapshot.source);
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(key(snapshot)));
    snapshots.dedup_by_key(|snapshot| key(snapshot));
}

fn decode(rows: Rows) -> Result<Vec<MarketSnapshot>, StorageError> {
    let decode = |mut row: crate::row::Fields| {
        let ticker = crate::catalogue::parse("tickers", &row.take::<String>()?)?;
        MarketSnapshot::from_row(ticker, &market_snapshots::Model::from_fields(&mut row)?)
    };
    rows.into_rows().map(decode).collect()
}

/// The columns of a snapshot, each with the table's short name.
fn columns(prefix: &str) -> String {
    let names = SNAPSHOTS
        .columns
        .iter()
        .map(|(name, _)| format!("{prefix}.{name}"));
    names.collect::<Vec<_>>().join(", ")
}
