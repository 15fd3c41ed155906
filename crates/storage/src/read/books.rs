//! Recorded books and trades, as they were received.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};

use kmi_domain::{Level, Price, Quantity, Side, Ticker, Timestamp, TradeId};
use tokio::sync::mpsc;

use crate::archive::{Archive, ArchiveKind, BookReader};
use crate::row::Value;
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
/// Ends early when dropped. Memory: one batch of rows for every capture of the same day.
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
        let sql = "SELECT path, capture FROM archive_files WHERE kind = $1 AND last_time >= $2 AND first_time < $3 \
                   ORDER BY day, path";
        let from = query.from.map_or(i64::MIN, Timestamp::micros);
        let to = query.to.map_or(i64::MAX, Timestamp::micros);
        let kind = Value::from(ArchiveKind::Book.as_str());
        let found = session
            .query(sql, vec![kind, Value::Int(from), Value::Int(to)])
            .await?;
        let mut captures = BTreeMap::<String, VecDeque<String>>::new();
        for mut row in found.into_rows() {
            let (path, capture): (String, Option<String>) = (row.take()?, row.take()?);
            let capture = capture.unwrap_or_default();
            if query
                .captures
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&capture))
            {
                captures.entry(capture).or_default().push_back(path);
            }
        }
        let wanted = query
            .tickers
            .map(|tickers| tickers.into_iter().map(|ticker| (ticker, 0)).collect());
        let (sender, batches) = mpsc::channel(AHEAD);
        let merge = Merge {
            archive: self.inner.archive.clone(),
            runtime: tokio::runtime::Handle::current(),
            wanted,
            bounds: (from, to),
            sources: captures.into_values().map(Source::new).collect(),
        };
        tokio::task::spawn_blocking(move || {
            if let Err(error) = merge.run(&sender) {
                drop(sender.blocking_send(Err(error)));
            }
        });
        Ok(BookBatches { batches })
    }
}

/// The files of one capture, read one after the other.
struct Source {
    files: VecDeque<String>,
    open: Option<(String, BookReader)>,
    /// Latest receipt so far: a capture is never taken out of its own order.
    clock: i64,
}

impl Source {
    fn new(files: VecDeque<String>) -> Source {
        Source {
            files,
            open: None,
            clock: i64::MIN,
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
        let mut heads: Vec<Option<BookEntry>> = Vec::new();
        let mut order = BinaryHeap::new();
        for index in 0..self.sources.len() {
            let head = self.pull(index)?;
            if head.is_some() {
                order.push(Reverse((self.sources[index].clock, index)));
            }
            heads.push(head);
        }
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(Reverse((_, index))) = order.pop() {
            batch.extend(heads[index].take());
            if batch.len() >= BATCH && sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
            heads[index] = self.pull(index)?;
            if heads[index].is_some() {
                order.push(Reverse((self.sources[index].clock, index)));
            }
        }
        if !batch.is_empty() {
            drop(sender.blocking_send(Ok(batch)));
        }
        Ok(())
    }

    /// The next wanted entry of a capture.
    fn pull(&mut self, index: usize) -> Result<Option<BookEntry>, StorageError> {
        let (from, to) = self.bounds;
        loop {
            let source = &mut self.sources[index];
            let Some((path, reader)) = &mut source.open else {
                let Some(path) = source.files.pop_front() else {
                    return Ok(None);
                };
                let reader = open(&self.archive, &self.runtime, &path, self.wanted.clone())?;
                source.open = Some((path, reader));
                continue;
            };
            let next = reader
                .next_entry()
                .map_err(|error| StorageError::parquet(&self.archive.file(path), error))?;
            match next {
                None => source.open = None,
                Some(entry) => {
                    let received = entry.received.micros();
                    source.clock = source.clock.max(received);
                    if received >= from && received < to {
                        return Ok(Some(entry));
                    }
                }
            }
        }
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
