//! Live recordings of books: [`Recording`], a piece of one on its way into the archive.

use std::collections::BTreeSet;

use kmi_domain::Timestamp;

use crate::archive::{BookWriter, Placed};
use crate::certifier::Certifier;
use crate::entity::archive_files;
use crate::import::{put_capture, record_files};
use crate::read::{BookChange, BookEntry};
use crate::{BookCertificate, CaptureRecord, Completeness, StorageError, Store};

/// A piece of a live recording, an hour of a few markets, say: entries go to a file as they come, and no transaction is
/// open meanwhile. [`Recording::finish`] makes it part of the archive, with its certificates.
///
/// Each market begins with a [`BookChange::Snapshot`] of its book as it stands, so that a piece can be replayed by itself; a
/// [`BookChange::Gap`] says that frames of a market were lost, and another snapshot that its book is known again. A piece
/// with a gap is `filtered` as a whole, so markets that should not share their fate belong in pieces of their own.
///
/// Memory: a row group of 131,072 rows for each day under way. What is not finished is lost when it is dropped.
#[derive(Debug)]
pub struct Recording {
    store: Store,
    name: String,
    writer: BookWriter,
    certifier: Certifier,
    hasher: blake3::Hasher,
    record: CaptureRecord,
    tickers: BTreeSet<kmi_domain::Ticker>,
    /// Files at their place, that the manifest does not name yet.
    ended: Option<Ended>,
}

#[derive(Clone, Debug)]
struct Ended {
    files: Vec<archive_files::Model>,
    recorded: Recorded,
}

/// A piece of a recording that is part of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The piece, as backtests know it. Its hash is of its name and its entries.
    pub capture: CaptureRecord,
    /// What it says of itself, by hour and ticker.
    pub certificates: Vec<BookCertificate>,
}

impl Store {
    /// Begins a piece of a live recording. `name` says what it is and where it came from, in words for people; it need not
    /// be unique.
    pub fn begin_recording(&self, name: &str) -> Recording {
        let mut hasher = blake3::Hasher::new();
        hasher.update(name.as_bytes());
        // Two of one name may be under way, in two processes or in one.
        let number = self
            .inner
            .recordings
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let label = format!("live{number}-{}", &hasher.finalize().to_hex()[..12]);
        Recording {
            store: self.clone(),
            name: name.to_owned(),
            writer: BookWriter::new(self.inner.archive.clone(), &label),
            certifier: Certifier::default(),
            hasher,
            record: CaptureRecord {
                hash: String::new(),
                path: name.to_owned(),
                first_time: None,
                last_time: None,
                frames: 0,
                snapshots: 0,
                deltas: 0,
                trades: 0,
                completeness: Completeness::Complete,
                tickers: Vec::new(),
            },
            tickers: BTreeSet::new(),
            ended: None,
        }
    }
}

impl Recording {
    /// Takes in the next entry, in the order received; its `frame` is set to its place. Now and then a batch is compressed
    /// and written, which takes some tens of milliseconds.
    ///
    /// # Errors
    /// [`StorageError`] when the file cannot be written, or the piece was finished; it is then only good for dropping.
    pub fn push(&mut self, mut entry: BookEntry) -> Result<(), StorageError> {
        if self.ended.is_some() {
            return Err(StorageError::Stopped);
        }
        entry.frame = self.record.frames;
        self.tally(&entry);
        self.certifier.push(&entry);
        self.writer.push(std::slice::from_ref(&entry))
    }

    fn tally(&mut self, entry: &BookEntry) {
        self.record.frames += 1;
        self.record.first_time.get_or_insert(entry.received);
        self.record.last_time = Some(entry.received);
        match entry.change {
            BookChange::Snapshot { .. } => self.record.snapshots += 1,
            BookChange::Delta { .. } => self.record.deltas += 1,
            BookChange::Trade { .. } => self.record.trades += 1,
            BookChange::Gap => {}
        }
        if !self.tickers.contains(&entry.ticker) {
            self.tickers.insert(entry.ticker.clone());
        }
        self.hasher.update(entry.ticker.as_str().as_bytes());
        self.hasher.update(&entry.received.micros().to_le_bytes());
        self.hasher.update(&entry.seq.unwrap_or_default().to_le_bytes());
    }

    /// Entries taken in.
    pub fn len(&self) -> u64 {
        self.record.frames
    }

    /// True when nothing was taken in.
    pub fn is_empty(&self) -> bool {
        self.record.frames == 0
    }

    /// Ends the piece and makes it part of the archive: its files durable, then the manifest, the list of captures and the
    /// certificates in one transaction. Recording went on until `until`, though nothing may have come. `None` when nothing
    /// came at all.
    ///
    /// # Errors
    /// [`StorageError`]. Where [`StorageError::is_outage`] holds it may be called again.
    pub async fn finish(&mut self, until: Timestamp) -> Result<Option<Recorded>, StorageError> {
        if self.is_empty() {
            return Ok(None);
        }
        let ended = match &self.ended {
            Some(ended) => ended.clone(),
            None => self.end(until)?,
        };
        self.ended = Some(ended.clone());
        let mut session = self.store.short_writer().await?;
        put_capture(&mut session, &ended.recorded.capture).await?;
        record_files(&mut session, ended.files).await?;
        crate::certificates::put(&mut session, &ended.recorded.certificates).await?;
        session.commit().await?;
        Ok(Some(ended.recorded))
    }

    /// Closes the files. A failure leaves none.
    fn end(&mut self, until: Timestamp) -> Result<Ended, StorageError> {
        let hash = self.hasher.finalize().to_hex().to_string();
        let certificates = std::mem::take(&mut self.certifier).finish(&hash, Some(until));
        let is_whole = |certificate: &BookCertificate| certificate.completeness() == Completeness::Complete;
        let completeness = if certificates.iter().all(is_whole) {
            Completeness::Complete
        } else {
            Completeness::Filtered
        };
        let capture = CaptureRecord {
            path: self.name.clone(),
            completeness,
            tickers: std::mem::take(&mut self.tickers).into_iter().collect(),
            hash,
            ..self.record.clone()
        };
        let placed = self.writer.finish(&capture.hash)?;
        Ok(Ended {
            files: placed.into_iter().map(Placed::keep).collect(),
            recorded: Recorded {
                capture,
                certificates,
            },
        })
    }
}
