//! Captures: books and trades of raw frames, known again by the hash of their content.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::frame::{CaptureLine, Message};
use kmi_kalshi::recording::{self, Chunk};
use kmi_storage::{BookChange, BookEntry, CaptureRecord, Completeness, Store};

use super::BadLines;
use super::take::{Batch, Intake, TakeError};

/// A capture on its way in.
pub(super) struct CaptureIntake {
    record: CaptureRecord,
    tickers: BTreeSet<Ticker>,
}

impl CaptureIntake {
    /// Reads the file once for the hash of its content, so that the same capture packed otherwise is known again.
    pub(super) async fn begin(path: &Path) -> Result<CaptureIntake, TakeError> {
        let file = path.to_owned();
        let hash = tokio::task::spawn_blocking(move || content_hash(file))
            .await
            .map_err(|_| TakeError::ReaderDied)??;
        let record = CaptureRecord {
            hash,
            path: path.display().to_string(),
            first_time: None,
            last_time: None,
            frames: 0,
            snapshots: 0,
            deltas: 0,
            trades: 0,
            completeness: Completeness::Filtered,
            tickers: Vec::new(),
        };
        Ok(CaptureIntake {
            record,
            tickers: BTreeSet::new(),
        })
    }

    pub(super) fn hash(&self) -> &str {
        &self.record.hash
    }

    /// True when the same content was taken in before; then every frame is a duplicate.
    pub(super) async fn is_known(&self, store: &Store, intake: &mut Intake<'_>) -> Result<bool, TakeError> {
        if intake.import.begin_capture(&self.record.hash).await? {
            return Ok(false);
        }
        if let Some(known) = store.capture(&self.record.hash).await? {
            intake.report.rows = known.frames;
            intake.report.duplicates = known.frames;
            intake.report.completeness = Some(known.completeness.as_str());
        }
        Ok(true)
    }

    /// Keeps the frames of a batch: books and trades in the archive, trades as public trades too.
    pub(super) async fn keep(
        &mut self,
        intake: &mut Intake<'_>,
        mut batch: Batch,
        bad_lines: BadLines,
    ) -> Result<(), TakeError> {
        let frames = std::mem::take(&mut batch.frames);
        intake.keep(batch, bad_lines).await?;
        let mut entries = Vec::with_capacity(frames.len());
        let mut trades = Vec::new();
        let times = self.times(&frames);
        for ((line, frame), received) in frames.into_iter().zip(times) {
            let place = self.record.frames;
            self.record.frames += 1;
            match entry(frame, received, place) {
                Ok(Some((entry, trade))) => {
                    self.tally(&entry);
                    trades.extend(trade);
                    entries.push(entry);
                }
                Ok(None) => intake.report.ignored += 1,
                Err(reason) => intake.reject(line, reason, bad_lines)?,
            }
        }
        let kept = intake.import.put_book(&entries).await?;
        intake.report.count(kept);
        let put = intake.import.put_trades(&trades).await?;
        intake.report.kinds.trades += put.inserted;
        intake.report.without_market += put.without_market;
        Ok(())
    }

    /// Ends the capture: it is now part of the archive once the import commits.
    pub(super) async fn end(
        mut self,
        intake: &mut Intake<'_>,
        completeness: Option<recording::Completeness>,
    ) -> Result<(), TakeError> {
        self.record.completeness = match completeness {
            // A line that could not be read may have been the frame that was missing.
            Some(recording::Completeness::Complete) if intake.report.rejected == 0 => Completeness::Complete,
            _ => Completeness::Filtered,
        };
        intake.report.completeness = Some(self.record.completeness.as_str());
        self.record.tickers = self.tickers.into_iter().collect();
        intake.report.kinds.frames = self.record.frames;
        intake.import.end_capture(&self.record).await?;
        Ok(())
    }

    /// When each frame was received. A recorder that does not say leaves the exchange's own time; a frame with neither takes
    /// that of the frame before it, or of the next one at the beginning.
    fn times(&mut self, frames: &[(u64, CaptureLine<'static>)]) -> Vec<Timestamp> {
        let own: Vec<Option<Timestamp>> = frames
            .iter()
            .map(|(_, line)| line.received.or_else(|| time_of(&line.frame.message)))
            .collect();
        let first = own.iter().copied().flatten().next();
        let mut last = self.record.last_time.or(first).unwrap_or_default();
        let times: Vec<Timestamp> = own
            .into_iter()
            .map(|time| {
                last = time.unwrap_or(last);
                last
            })
            .collect();
        if let (Some(&first), Some(&last)) = (times.first(), times.last()) {
            self.record.first_time.get_or_insert(first);
            self.record.last_time = Some(last);
        }
        times
    }

    fn tally(&mut self, entry: &BookEntry) {
        self.tickers.insert(entry.ticker.clone());
        match entry.change {
            BookChange::Snapshot { .. } => self.record.snapshots += 1,
            BookChange::Delta { .. } => self.record.deltas += 1,
            BookChange::Trade { .. } => self.record.trades += 1,
            // No file says so.
            BookChange::Gap => {}
        }
    }
}

type EntryAndTrade = (BookEntry, Option<kmi_domain::PublicTrade>);

/// What a frame is in the archive; `None` for frames that change no book and report no trade.
fn entry(
    line: CaptureLine<'static>,
    received: Timestamp,
    place: u64,
) -> Result<Option<EntryAndTrade>, String> {
    let frame = line.frame;
    let ticker = |text: &str| Ticker::new(text).map_err(|error| format!("market_ticker: {error}"));
    let (ticker, time, change, trade) = match frame.message {
        Message::Snapshot(snapshot) => {
            let change = BookChange::Snapshot {
                yes: snapshot.yes,
                no: snapshot.no,
            };
            (ticker(&snapshot.ticker)?, snapshot.time, change, None)
        }
        Message::Delta(delta) => {
            let change = BookChange::Delta {
                side: delta.side,
                price: delta.price,
                quantity: delta.change,
            };
            (ticker(&delta.ticker)?, delta.time, change, None)
        }
        Message::Trade(trade) => {
            let trade = trade.to_public().map_err(|error| error.to_string())?;
            let change = BookChange::Trade {
                id: trade.id.clone(),
                yes_price: trade.yes_price,
                quantity: trade.quantity,
                taker: trade.taker,
                is_block: trade.is_block,
            };
            (trade.ticker.clone(), Some(trade.time), change, Some(trade))
        }
        _ => return Ok(None),
    };
    let entry = BookEntry {
        ticker,
        received,
        time,
        sid: frame.sid,
        seq: frame.seq,
        frame: place,
        change,
    };
    Ok(Some((entry, trade)))
}

/// When the exchange says it happened.
fn time_of(message: &Message<'_>) -> Option<Timestamp> {
    match message {
        Message::Snapshot(snapshot) => snapshot.time,
        Message::Delta(delta) => delta.time,
        Message::Trade(trade) => Some(trade.time),
        Message::Ticker(ticker) => ticker.time,
        _ => None,
    }
}

fn content_hash(path: PathBuf) -> Result<String, recording::RecordingError> {
    let mut lines = recording::open_lines(&path)?;
    let mut hasher = blake3::Hasher::new();
    loop {
        match lines.next_block() {
            Ok(Some(Chunk::Bytes(bytes))) => {
                hasher.update(bytes);
            }
            Ok(Some(Chunk::TooLong)) => {}
            Ok(None) => return Ok(hasher.finalize().to_hex().to_string()),
            Err(source) => {
                return Err(recording::RecordingError::Read {
                    path,
                    line: lines.lines_read(),
                    source,
                });
            }
        }
    }
}
