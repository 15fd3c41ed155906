//! Captures: their books and trades go straight to the archive, in the order they were received.

use std::collections::BTreeSet;

use kmi_domain::{Ticker, Timestamp};

use super::{Import, Put};
use crate::archive::BookWriter;
use crate::catalogue::parse;
use crate::entity::captures;
use crate::read::BookEntry;
use crate::row::{Rows, Table, Value};
use crate::session::Session;
use crate::{StorageError, Store};

/// Whether everything the subscription sent is in the capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Completeness {
    /// The sequence is contiguous.
    Complete,
    /// Frames are missing: some markets were left out, or some were lost.
    Filtered,
}

impl Completeness {
    /// Word used in the database and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Completeness::Complete => "complete",
            Completeness::Filtered => "filtered",
        }
    }
}

/// A capture, or a piece of a live recording, whose books are in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRecord {
    /// Hash of its content, as lower-case hex.
    pub hash: String,
    /// Where it was read from; of a live recording its name.
    pub path: String,
    /// When its first frame was received; `None` when it holds none.
    pub first_time: Option<Timestamp>,
    /// When its last frame was received.
    pub last_time: Option<Timestamp>,
    /// Frames in it.
    pub frames: u64,
    /// Book snapshots.
    pub snapshots: u64,
    /// Book deltas.
    pub deltas: u64,
    /// Trades.
    pub trades: u64,
    /// Whether it holds everything.
    pub completeness: Completeness,
    /// Markets it has book frames or trades of, sorted, each once; readers of other markets leave the capture closed.
    pub tickers: Vec<Ticker>,
}

impl TryFrom<captures::Model> for CaptureRecord {
    type Error = StorageError;
    fn try_from(row: captures::Model) -> Result<CaptureRecord, StorageError> {
        let completeness = match row.completeness.as_str() {
            "complete" => Completeness::Complete,
            "filtered" => Completeness::Filtered,
            other => return Err(crate::row::damaged("captures", format!("completeness {other:?}"))),
        };
        let tickers = row.tickers.split_ascii_whitespace();
        let tickers = tickers.map(|ticker| parse("captures", ticker));
        Ok(CaptureRecord {
            hash: row.hash,
            path: row.path,
            first_time: row.first_time.map(Timestamp::from_micros),
            last_time: row.last_time.map(Timestamp::from_micros),
            frames: row.frames.unsigned_abs(),
            snapshots: row.snapshots.unsigned_abs(),
            deltas: row.deltas.unsigned_abs(),
            trades: row.trades.unsigned_abs(),
            completeness,
            tickers: tickers.collect::<Result<_, _>>()?,
        })
    }
}

const CAPTURES: Table = captures::Model::TABLE;
const FILES: Table = crate::entity::archive_files::Model::TABLE;

impl Store {
    /// The capture of that content, if it was taken in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn capture(&self, hash: &str) -> Result<Option<CaptureRecord>, StorageError> {
        use sea_orm::EntityTrait;
        let row = captures::Entity::find_by_id(hash.to_owned())
            .one(&self.inner.orm)
            .await;
        row.map_err(|source| self.orm_error(source))?
            .map(CaptureRecord::try_from)
            .transpose()
    }

    /// Every capture taken in, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn captures(&self) -> Result<Vec<CaptureRecord>, StorageError> {
        use sea_orm::{EntityTrait, QueryOrder};
        let rows = captures::Entity::find()
            .order_by_asc(captures::Column::FirstTime)
            .order_by_asc(captures::Column::Hash)
            .all(&self.inner.orm)
            .await
            .map_err(|source| self.orm_error(source))?;
        rows.into_iter().map(CaptureRecord::try_from).collect()
    }
}

impl Import {
    /// Begins a capture of that content. False when it was taken in before: then there is nothing to put.
    ///
    /// # Errors
    /// [`StorageError`]; the import is then only good for dropping.
    pub async fn begin_capture(&mut self, hash: &str) -> Result<bool, StorageError> {
        let known = self
            .session
            .find("SELECT frames FROM captures WHERE hash", vec![Value::from(hash)])
            .await?;
        if !known.is_empty() {
            return Ok(false);
        }
        self.book = Some(BookWriter::new(self.store.inner.archive.clone(), hash));
        Ok(true)
    }

    /// Keeps frames of the capture begun, in the order received. Memory is bounded by one row group a day.
    ///
    /// # Errors
    /// [`StorageError`]; the import is then only good for dropping.
    pub async fn put_book(&mut self, entries: &[BookEntry]) -> Result<Put, StorageError> {
        self.ids
            .learn(&mut self.session, entries.iter().map(|entry| &entry.ticker))
            .await?;
        let book = self.book.as_mut().ok_or(StorageError::Stopped)?;
        book.push(entries)?;
        let put = Put {
            inserted: entries.len() as u64,
            ..Put::default()
        };
        self.total += put;
        Ok(put)
    }

    /// Ends the capture: its files become part of the archive when the import is committed.
    ///
    /// # Errors
    /// [`StorageError`]; the import is then only good for dropping.
    pub async fn end_capture(&mut self, record: &CaptureRecord) -> Result<(), StorageError> {
        put_capture(&mut self.session, record).await?;
        if let Some(book) = &mut self.book {
            let placed = book.finish(&record.hash)?;
            let files = placed.iter().map(|placed| placed.file().clone()).collect();
            self.placed.extend(placed);
            record_files(&mut self.session, files).await?;
        }
        Ok(())
    }
}

/// Adds a capture to the list; one that is there stays as it is.
pub(crate) async fn put_capture(session: &mut Session, record: &CaptureRecord) -> Result<(), StorageError> {
    let row = captures::Model {
        hash: record.hash.clone(),
        path: record.path.clone(),
        first_time: record.first_time.map(Timestamp::micros),
        last_time: record.last_time.map(Timestamp::micros),
        frames: record.frames.cast_signed(),
        snapshots: record.snapshots.cast_signed(),
        deltas: record.deltas.cast_signed(),
        trades: record.trades.cast_signed(),
        completeness: record.completeness.as_str().to_owned(),
        tickers: joined(&record.tickers),
    };
    let mut rows = Rows::new(CAPTURES.columns.len());
    rows.push(row.into_values());
    session.insert_new(&CAPTURES, rows).await.map(drop)
}

/// `A B C`, sorted, each once. No ticker holds a space.
fn joined(tickers: &[Ticker]) -> String {
    let unique: BTreeSet<&str> = tickers.iter().map(Ticker::as_str).collect();
    unique.into_iter().collect::<Vec<_>>().join(" ")
}

/// Adds files to the manifest.
pub(crate) async fn record_files(
    session: &mut Session,
    files: Vec<crate::entity::archive_files::Model>,
) -> Result<(), StorageError> {
    let mut rows = Rows::new(FILES.columns.len());
    for file in files {
        rows.push(file.into_values());
    }
    session.upsert(&FILES, rows).await
}
