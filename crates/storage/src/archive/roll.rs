//! Moving whole days from the database to the archive, in pieces small enough that writers hardly wait.
//!
//! The order is what makes it safe: the file is durable and read back before one transaction names it in the manifest and
//! deletes its rows. A failure before that transaction takes the file back; a crash before that transaction leaves a file nobody reads, which the next attempt replaces by the
//! same bytes under the same name; after it everything is done.

use std::path::Path;

use arrow::datatypes::SchemaRef;
use kmi_domain::Timestamp;

use super::part::{PartWriter, Placed};
use super::schema::{batch_of, markets, side_word, snapshots, source_word, trades};
use super::verify::read_back;
use super::{ArchiveFile, ArchiveKind};
use crate::entity::archive_files;
use crate::row::{Rows, Value};
use crate::session::Session;
use crate::{StorageError, Store};

/// What was moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollReport {
    /// Files written.
    pub files: Vec<ArchiveFile>,
}

impl RollReport {
    /// Rows moved of one kind.
    pub fn rows(&self, kind: ArchiveKind) -> u64 {
        let of_kind = self.files.iter().filter(|file| file.kind == kind);
        of_kind.map(|file| file.rows).sum()
    }
}

/// How one kind of row is found, written and deleted. Every statement takes the first time and the first no longer meant.
pub(super) struct Plan {
    kind: ArchiveKind,
    /// First time at or after `$1` and before `$2`.
    next: &'static str,
    /// Number of rows.
    count: &'static str,
    /// Rows of a day in the archive's order of columns and rows.
    select: &'static str,
    /// Takes the same rows out; touches as many.
    delete: &'static str,
    /// Column of the time.
    time: usize,
    /// Columns the rows are sorted by.
    sorted_by: &'static [i32],
    /// Rewrites numbers into the archive's words.
    words: fn(&mut [Value]),
}

pub(super) static PLANS: [Plan; 3] = [
    Plan {
        kind: ArchiveKind::Trades,
        next: "SELECT MIN(time) FROM public_trades WHERE time >= $1 AND time < $2",
        count: "SELECT COUNT(*) FROM public_trades WHERE time >= $1 AND time < $2",
        select: "SELECT t.ticker, p.time, p.trade_id, p.price, p.quantity, p.taker, p.source, p.block \
                 FROM public_trades p JOIN tickers t ON t.id = p.ticker_id \
                 WHERE p.time >= $1 AND p.time < $2 ORDER BY p.time, p.trade_id",
        delete: "DELETE FROM public_trades WHERE time >= $1 AND time < $2",
        time: 1,
        sorted_by: &[1, 2],
        words: |row| {
            if let [_, _, _, _, _, Value::Int(taker), Value::Int(source), _] = row {
                let (taker, source) = (*taker, *source);
                row[5] = side_word(taker);
                row[6] = source_word(source);
            }
        },
    },
    Plan {
        kind: ArchiveKind::Markets,
        next: "SELECT MIN(m.close_time) FROM market_metadata d JOIN markets m ON m.ticker_id = d.ticker_id \
               WHERE d.raw IS NOT NULL AND m.result IS NOT NULL AND m.close_time >= $1 AND m.close_time < $2",
        count: "SELECT COUNT(*) FROM market_metadata d JOIN markets m ON m.ticker_id = d.ticker_id \
                WHERE d.raw IS NOT NULL AND m.result IS NOT NULL AND m.close_time >= $1 AND m.close_time < $2",
        select: "SELECT t.ticker, m.event, e.series, e.category, m.title, m.yes_sub_title, m.open_time, m.close_time, \
                 m.status, m.result, m.result_price, d.updated_time, d.hash, d.raw \
                 FROM market_metadata d JOIN markets m ON m.ticker_id = d.ticker_id JOIN tickers t ON t.id = d.ticker_id \
                 LEFT JOIN events e ON e.ticker = m.event \
                 WHERE d.raw IS NOT NULL AND m.result IS NOT NULL AND m.close_time >= $1 AND m.close_time < $2 \
                 ORDER BY m.close_time, t.ticker, d.hash",
        delete: "UPDATE market_metadata SET raw = NULL WHERE raw IS NOT NULL AND ticker_id IN \
                 (SELECT ticker_id FROM markets WHERE result IS NOT NULL AND close_time >= $1 AND close_time < $2)",
        time: 7,
        sorted_by: &[7, 0, 12],
        words: |_| {},
    },
    Plan {
        kind: ArchiveKind::Snapshots,
        // There is no index by time, which every insert would pay for: market by market the key serves as one.
        next: "SELECT MIN(first) FROM (SELECT (SELECT MIN(s.time) FROM market_snapshots s \
               WHERE s.ticker_id = t.id AND s.time >= $1 AND s.time < $2) AS first FROM tickers t) AS of_market",
        count: "SELECT COUNT(*) FROM tickers t CROSS JOIN market_snapshots s WHERE s.ticker_id = t.id \
                AND s.time >= $1 AND s.time < $2",
        select: "SELECT t.ticker, s.time, s.source, s.sequence, s.yes_bid, s.yes_ask, s.yes_bid_size, s.yes_ask_size, \
                 s.last_price, s.volume, s.open_interest \
                 FROM tickers t CROSS JOIN market_snapshots s WHERE s.ticker_id = t.id \
                 AND s.time >= $1 AND s.time < $2 ORDER BY s.time, t.ticker, s.source",
        delete: "DELETE FROM market_snapshots WHERE ticker_id IN (SELECT id FROM tickers) \
                 AND time >= $1 AND time < $2",
        time: 1,
        sorted_by: &[1, 0],
        words: |row| {
            if let [_, _, Value::Int(source), ..] = row {
                row[2] = Value::from(crate::snapshots::word(*source));
            }
        },
    },
];

/// Rows moved in one transaction, more or less: what other writers wait for, and what is in memory.
const PIECE_ROWS: i64 = 100_000;
/// Most parts a stretch of time is cut into before they are looked at one by one.
const MOST_PARTS: i64 = 60;
/// Microseconds of a second.
const SECOND: i64 = 1_000_000;
/// Rows are read an hour at a time, in microseconds.
const HOUR: i64 = 3_600_000_000;
/// How often a piece is begun anew because rows of it arrived meanwhile.
const ATTEMPTS: u32 = 3;

/// Part of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    day: i64,
    /// First time in it, microseconds.
    pub(super) from: i64,
    /// First time after it.
    pub(super) to: i64,
}

impl Piece {
    /// Parts of equal length, in order; the last takes what is left.
    fn cut(self, parts: i64) -> impl DoubleEndedIterator<Item = Piece> {
        let length = (self.to - self.from) / parts;
        (0..parts).map(move |part| Piece {
            day: self.day,
            from: self.from + part * length,
            to: if part + 1 == parts {
                self.to
            } else {
                self.from + (part + 1) * length
            },
        })
    }
}

/// A place where a test may let the move fail, as if the machine had stopped there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The file is at its place; nothing knows of it.
    Written,
    /// The file was read back.
    Verified,
    /// The transaction is complete but not committed.
    Recorded,
}

/// Decides at each step whether to go on.
pub(crate) type Gate<'a> = &'a (dyn Fn(Step) -> Result<(), StorageError> + Sync);

impl Store {
    /// Moves every whole day before the one `before` lies in to the archive: trades, snapshots, and the raw metadata of
    /// markets that have a result and closed by then. Others may write meanwhile, into these days too: they wait for
    /// the move of a piece of about a hundred thousand rows at most, and what comes late stays in the database until the
    /// next call.
    ///
    /// # Errors
    /// [`StorageError::Changed`] when rows of a piece of a day kept arriving (nothing of that piece was moved), and what
    /// else the names say. What was moved stays moved.
    pub async fn roll(&self, before: Timestamp) -> Result<RollReport, StorageError> {
        self.roll_through(before, &|_| Ok(())).await
    }

    pub(crate) async fn roll_through(
        &self,
        before: Timestamp,
        gate: Gate<'_>,
    ) -> Result<RollReport, StorageError> {
        // Two at once would write to one file.
        let _turn = self.inner.rolling.lock().await;
        let end = Timestamp::from_day(before.day()).micros();
        let mut report = RollReport::default();
        for plan in &PLANS {
            let mut from = i64::MIN;
            while let Some(day) = self.next_day(plan, from, end).await? {
                for piece in self.pieces(plan, day, PIECE_ROWS).await? {
                    report.files.extend(self.roll_piece(plan, piece, gate).await?);
                }
                from = Timestamp::from_day(day + 1).micros();
            }
        }
        Ok(report)
    }

    async fn next_day(&self, plan: &Plan, from: i64, end: i64) -> Result<Option<i64>, StorageError> {
        let first: Option<i64> = self.number(plan.next, from, end).await?;
        Ok(first.map(|first| Timestamp::from_micros(first).day()))
    }

    /// The one number a query about some times answers.
    async fn number(&self, sql: &str, from: i64, end: i64) -> Result<Option<i64>, StorageError> {
        let mut session = self.reader().await?;
        let found = session
            .query(sql, vec![Value::Int(from), Value::Int(end)])
            .await?;
        match found.into_rows().next() {
            Some(mut row) => row.take(),
            None => Ok(None),
        }
    }

    /// A day cut where its rows are, into pieces of about `most_rows` or of a second; times without rows are left out.
    pub(super) async fn pieces(
        &self,
        plan: &Plan,
        day: i64,
        most_rows: i64,
    ) -> Result<Vec<Piece>, StorageError> {
        let [from, to] = [day, day + 1].map(|day| Timestamp::from_day(day).micros());
        let mut pieces = Vec::new();
        let mut open = vec![Piece { day, from, to }];
        while let Some(piece) = open.pop() {
            let rows = self.number(plan.count, piece.from, piece.to).await?;
            let parts = match rows.unwrap_or_default() {
                0 => continue,
                rows => ((rows - 1) / most_rows + 1).min((piece.to - piece.from) / SECOND),
            };
            if parts <= 1 {
                pieces.push(piece);
            } else {
                open.extend(piece.cut(parts.min(MOST_PARTS)).rev());
            }
        }
        Ok(pieces)
    }

    async fn roll_piece(
        &self,
        plan: &Plan,
        piece: Piece,
        gate: Gate<'_>,
    ) -> Result<Option<ArchiveFile>, StorageError> {
        let mut attempt = 1;
        loop {
            // Another process may move the same day at once, so the file is only taken back under the writers' lock.
            let Some(file) = self.write_piece(plan, piece).await?.map(Placed::keep) else {
                return Ok(None);
            };
            let Err(error) = self.move_piece(plan, piece, &file, gate).await else {
                return ArchiveFile::try_from(file).map(Some);
            };
            self.remove_unnamed(std::slice::from_ref(&file)).await;
            if !matches!(error, StorageError::Changed { .. }) || attempt == ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
        }
    }

    /// Puts a file written in the place of its rows.
    async fn move_piece(
        &self,
        plan: &Plan,
        piece: Piece,
        file: &archive_files::Model,
        gate: Gate<'_>,
    ) -> Result<(), StorageError> {
        gate(Step::Written)?;
        read_back(&self.inner.archive, file).await?;
        gate(Step::Verified)?;
        let mut session = self.writer().await?;
        session.hold_off_live_writers().await?;
        self.record(plan, piece, file, &mut session).await?;
        gate(Step::Recorded)?;
        session.commit().await
    }

    /// Removes files the manifest does not name. Where that cannot be asked they stay, for a look through the archive to
    /// find: a file too many is better than one too few.
    pub(crate) async fn remove_unnamed(&self, files: &[archive_files::Model]) {
        if files.is_empty() {
            return;
        }
        let Ok(mut session) = self.writer().await else {
            return;
        };
        for file in files {
            let path = vec![Value::from(file.path.as_str())];
            let found = session.query("SELECT path FROM archive_files WHERE path = $1", path);
            if found.await.is_ok_and(|named| named.is_empty()) {
                drop(std::fs::remove_file(self.inner.archive.file(&file.path)));
            }
        }
    }

    /// Writes the rows of a piece, an hour of them in memory at a time; `None` when there are none.
    async fn write_piece(&self, plan: &Plan, piece: Piece) -> Result<Option<Placed>, StorageError> {
        let mut part: Option<PartWriter> = None;
        let mut session = self.reader().await?;
        let mut from = piece.from;
        while from < piece.to {
            let to = (from + HOUR).min(piece.to);
            let rows = session
                .query(plan.select, vec![Value::Int(from), Value::Int(to)])
                .await?;
            from = to;
            if rows.is_empty() {
                continue;
            }
            let part = match &mut part {
                Some(part) => part,
                None => part.insert(self.part(plan, piece.day)?),
            };
            plan.write(rows, part)?;
        }
        part.map(|part| part.finish(None)).transpose()
    }

    fn part(&self, plan: &Plan, day: i64) -> Result<PartWriter, StorageError> {
        let (archive, schema) = (&self.inner.archive, plan.schema());
        PartWriter::create(archive, plan.kind, day, "roll", schema, plan.sorted_by)
    }

    async fn record(
        &self,
        plan: &Plan,
        piece: Piece,
        file: &archive_files::Model,
        session: &mut Session,
    ) -> Result<(), StorageError> {
        let bounds = vec![Value::Int(piece.from), Value::Int(piece.to)];
        let deleted = session.execute(plan.delete, bounds).await?;
        // Rows are only ever added, so as many deleted as written means the same ones.
        // And whoever moved the same day at once and gave up has taken the file back.
        let is_there = self.inner.archive.file(&file.path).exists();
        if deleted != file.row_count.unsigned_abs() || !is_there {
            let date = Timestamp::from_day(piece.day).date();
            return Err(StorageError::Changed {
                what: format!("{} of {date}", plan.kind.as_str()),
            });
        }
        crate::import::record_files(session, vec![file.clone()]).await
    }
}

impl Plan {
    fn schema(&self) -> SchemaRef {
        match self.kind {
            ArchiveKind::Trades => trades(),
            ArchiveKind::Markets => markets(),
            _ => snapshots(),
        }
    }

    /// Appends rows, which come in order of time.
    fn write(&self, mut rows: Rows, part: &mut PartWriter) -> Result<(), StorageError> {
        let width = rows.width;
        rows.values.chunks_exact_mut(width).for_each(self.words);
        let time_of = |row: Option<&[Value]>| match row.and_then(|row| row.get(self.time)) {
            Some(Value::Int(time)) => *time,
            _ => 0,
        };
        let bounds = (
            time_of(rows.values.chunks_exact(width).next()),
            time_of(rows.values.chunks_exact(width).next_back()),
        );
        let batch = batch_of(&rows, &self.schema())
            .map_err(|source| StorageError::parquet(Path::new(self.kind.as_str()), source.into()))?;
        part.write(&batch, bounds)
    }
}
