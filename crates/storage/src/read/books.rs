//! Recorded books and trades, as they were received.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, VecDeque};

use kmi_domain::{Level, Price, Quantity, Side, Ticker, Timestamp, TradeId};
use tokio::sync::mpsc;

use crate::archive::{Archive, ArchiveKind, BookReader};
use crate::row::Value;
use crate::session::Session;
use crate::{StorageError, Store};

/// What one frame of a capture did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookChange {
    /// The whole book: everything before is gone.
    Snapshot {
        /// YES bids, in the order sent.
        yes: Vec<Level>,
        /// NO bids, in the order sent.
        no: Vec<Level>,
    },
    /// A level grew or shrank.
    Delta {
        /// Side whose bids changed.
        side: Side,
        /// Price of that side.
        price: Price,
        /// Change in contracts, signed.
        quantity: Quantity,
    },
    /// A trade.
    Trade {
        /// Id.
        id: TradeId,
        /// YES price.
        yes_price: Price,
        /// Contracts.
        quantity: Quantity,
        /// The contract the taker gained.
        taker: Side,
        /// Matched off the book.
        is_block: bool,
    },
    /// Frames of the market were lost here: its book is unknown until the next snapshot. Only live recordings say so.
    Gap,
}

/// One frame of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookEntry {
    /// Market.
    pub ticker: Ticker,
    /// When it was received.
    pub received: Timestamp,
    /// When the exchange says it happened.
    pub time: Option<Timestamp>,
    /// Subscription.
    pub sid: Option<u64>,
    /// Sequence number within the subscription.
    pub seq: Option<u64>,
    /// Place in the capture, counted from 0 over all its frames.
    pub frame: u64,
    /// What it did.
    pub change: BookChange,
}

/// Which books to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookQuery {
    /// Only these markets; `None` for all.
    pub tickers: Option<Vec<Ticker>>,
    /// Only these captures, by hash; `None` for all.
    pub captures: Option<Vec<String>>,
    /// First time of receipt wanted.
    pub from: Option<Timestamp>,
    /// First time of receipt no longer wanted.
    pub to: Option<Timestamp>,
}

/// Entries by time of receipt, in batches; within a capture always in its own order, captures of one instant by hash.
///
/// Ends early when dropped. Memory: a file for every capture under way at one time; those of other
/// times, and of other markets only, stay closed.
#[derive(Debug)]
pub struct BookBatches {
    batches: mpsc::Receiver<Result<Vec<BookEntry>, StorageError>>,
}

impl BookBatches {
    /// The next entries; `None` at the end.
    ///
    /// # Errors
    /// When a file is missing or damaged; nothing more comes then.
    pub async fn next(&mut self) -> Result<Option<Vec<BookEntry>>, StorageError> {
        self.batches.recv().await.transpose()
    }

    /// All entries at once.
    ///
    /// # Errors
    /// As for [`BookBatches::next`].
    pub async fn collect(mut self) -> Result<Vec<BookEntry>, StorageError> {
        let mut all = Vec::new();
        while let Some(batch) = self.next().await? {
            all.extend(batch);
        }
        Ok(all)
    }
}

/// Entries of a batch.
const BATCH: usize = 8_192;
/// Batches read ahead.
const AHEAD: usize = 4;

impl Store {
    /// Recorded books and trades in order of receipt.
    ///
    /// # Errors
    /// When the manifest cannot be read.
    pub async fn books(&self, query: BookQuery) -> Result<BookBatches, StorageError> {
        let mut session = self.reader().await?;
        let from = query.from.map_or(i64::MIN, Timestamp::micros);
        let to = query.to.map_or(i64::MAX, Timestamp::micros);
        let sources = sources(&mut session, &query, (from, to)).await?;
        let wanted = query
            .tickers
            .map(|tickers| tickers.into_iter().map(|ticker| (ticker, 0)).collect());
        let (sender, batches) = mpsc::channel(AHEAD);
        let merge = Merge {
            archive: self.inner.archive.clone(),
            runtime: tokio::runtime::Handle::current(),
            wanted,
            bounds: (from, to),
            sources,
        };
        tokio::task::spawn_blocking(move || {
            if let Err(error) = merge.run(&sender) {
                drop(sender.blocking_send(Err(error)));
            }
        });
        Ok(BookBatches { batches })
    }
}

/// The files to read: of every capture meant, those with entries in the times, oldest first.
async fn sources(
    session: &mut Session,
    query: &BookQuery,
    (from, to): (i64, i64),
) -> Result<Vec<Source>, StorageError> {
    let others = match &query.tickers {
        Some(tickers) => captures_of_others(session, tickers).await?,
        None => BTreeSet::new(),
    };
    let sql = "SELECT path, capture, first_time FROM archive_files \
               WHERE kind = $1 AND last_time >= $2 AND first_time < $3 ORDER BY day, path";
    let kind = Value::from(ArchiveKind::Book.as_str());
    let found = session
        .query(sql, vec![kind, Value::Int(from), Value::Int(to)])
        .await?;
    let mut captures = BTreeMap::<String, VecDeque<BookFile>>::new();
    for mut row in found.into_rows() {
        let (path, capture): (String, Option<String>) = (row.take()?, row.take()?);
        let capture = capture.unwrap_or_default();
        let is_meant = query
            .captures
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&capture));
        if is_meant && !others.contains(&capture) {
            let first = row.take()?;
            captures
                .entry(capture)
                .or_default()
                .push_back(BookFile { path, first });
        }
    }
    Ok(captures.into_values().map(Source::new).collect())
}

/// Captures that have none of the markets. One that does not say which it has may have any.
async fn captures_of_others(
    session: &mut Session,
    tickers: &[Ticker],
) -> Result<BTreeSet<String>, StorageError> {
    let wanted: BTreeSet<&str> = tickers.iter().map(Ticker::as_str).collect();
    let found = session
        .query("SELECT hash, tickers FROM captures WHERE tickers <> ''", vec![])
        .await?;
    let mut others = BTreeSet::new();
    for mut row in found.into_rows() {
        let (hash, held): (String, String) = (row.take()?, row.take()?);
        if !held.split(' ').any(|ticker| wanted.contains(ticker)) {
            others.insert(hash);
        }
    }
    Ok(others)
}

/// A file not opened yet.
struct BookFile {
    path: String,
    /// Earliest receipt in it.
    first: i64,
}

/// The files of one capture, read one after the other.
struct Source {
    files: VecDeque<BookFile>,
    open: Option<(String, BookReader)>,
    /// The entry whose turn is next, of the open file.
    head: Option<BookEntry>,
    /// Latest receipt so far: a capture is never taken out of its own order.
    clock: i64,
}

impl Source {
    fn new(files: VecDeque<BookFile>) -> Source {
        Source {
            files,
            open: None,
            head: None,
            clock: i64::MIN,
        }
    }

    /// When its turn is: the receipt of its head, or the earliest there may be in the file it goes on with.
    fn turn(&self) -> Option<i64> {
        match (&self.head, self.files.front()) {
            (Some(_), _) => Some(self.clock),
            (None, Some(file)) => Some(self.clock.max(file.first)),
            (None, None) => None,
        }
    }
}

struct Merge {
    archive: Archive,
    runtime: tokio::runtime::Handle,
    wanted: Option<HashMap<Ticker, u32>>,
    bounds: (i64, i64),
    sources: Vec<Source>,
}

impl Merge {
    fn run(
        mut self,
        sender: &mpsc::Sender<Result<Vec<BookEntry>, StorageError>>,
    ) -> Result<(), StorageError> {
        let turns = self.sources.iter().enumerate();
        let mut order: BinaryHeap<_> = turns
            .filter_map(|(index, source)| Some(Reverse((source.turn()?, index))))
            .collect();
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(Reverse((_, index))) = order.pop() {
            batch.extend(self.sources[index].head.take());
            if batch.len() >= BATCH && sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
            self.go_on(index)?;
            if let Some(turn) = self.sources[index].turn() {
                order.push(Reverse((turn, index)));
            }
        }
        if !batch.is_empty() {
            drop(sender.blocking_send(Ok(batch)));
        }
        Ok(())
    }

    /// Finds the next wanted entry of the open file; a file is opened only when its turn has come.
    fn go_on(&mut self, index: usize) -> Result<(), StorageError> {
        let (from, to) = self.bounds;
        let source = &mut self.sources[index];
        if source.open.is_none()
            && let Some(BookFile { path, .. }) = source.files.pop_front()
        {
            let reader = open(&self.archive, &self.runtime, &path, self.wanted.clone())?;
            source.open = Some((path, reader));
        }
        while let Some((path, reader)) = &mut source.open {
            let next = reader
                .next_entry()
                .map_err(|error| StorageError::parquet(&self.archive.file(path), error))?;
            let Some(entry) = next else {
                source.open = None;
                break;
            };
            let received = entry.received.micros();
            source.clock = source.clock.max(received);
            if received >= from && received < to {
                source.head = Some(entry);
                break;
            }
        }
        Ok(())
    }
}

fn open(
    archive: &Archive,
    runtime: &tokio::runtime::Handle,
    path: &str,
    wanted: Option<HashMap<Ticker, u32>>,
) -> Result<BookReader, StorageError> {
    let bytes = runtime.block_on(archive.bytes(path))?;
    BookReader::new(bytes, wanted).map_err(|source| StorageError::parquet(&archive.file(path), source))
}
