//! A synthetic history written as recordings: [`write_history`].

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use kmi_domain::{Level, PublicTrade};
use kmi_kalshi::frame::OutgoingFrame;
use kmi_kalshi::wire::{encode_event_body, encode_series, encode_trade};
use kmi_simulator::history::{self, Frame, FrameBody, Params, RecordedEvent};
use serde::Serialize;

/// What was written, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HistoryReport {
    /// Files, in order.
    pub files: Vec<String>,
    /// Series.
    pub series: u64,
    /// Events.
    pub events: u64,
    /// Markets.
    pub markets: u64,
    /// Public trades.
    pub trades: u64,
    /// Frames of all captures.
    pub frames: u64,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Writes the history of a seed into `folder`: `series.jsonl.gz`, `events.jsonl.gz`, `trades.jsonl.gz` (oldest first) and
/// `captures/TICKER.jsonl.gz`, in the exchange's current format. The same seed writes the same bytes.
///
/// # Errors
/// [`WriteError`] names the file; what was written before stays.
pub fn write_history(folder: &Path, seed: u64, params: &Params) -> Result<HistoryReport, WriteError> {
    let mut report = HistoryReport::default();
    let mut series = Lines::create(folder.join("series.jsonl.gz"))?;
    let mut events = Lines::create(folder.join("events.jsonl.gz"))?;
    let mut trades: Vec<PublicTrade> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    let mut captures = Vec::new();
    for recorded in history::generate(seed, params) {
        if known.insert(recorded.series.ticker.clone()) {
            series.line(&encode_series(&recorded.series))?;
        }
        events.line(&encode_event_body(&recorded.event, &recorded.markets))?;
        report.events += 1;
        report.markets += recorded.markets.len() as u64;
        report.frames += recorded.frames.len() as u64;
        if !recorded.frames.is_empty() {
            captures.push(write_capture(folder, &recorded)?);
        }
        trades.extend(recorded.trades);
    }
    trades.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
    let mut tape = Lines::create(folder.join("trades.jsonl.gz"))?;
    for trade in &trades {
        tape.line(&encode_trade(trade))?;
    }
    report.series = known.len() as u64;
    report.trades = trades.len() as u64;
    report.files = [series.finish()?, events.finish()?, tape.finish()?]
        .into_iter()
        .chain(captures)
        .collect();
    Ok(report)
}

/// The stream of the event's one market as one connection: books under `sid` 1, trades under 2.
fn write_capture(folder: &Path, recorded: &RecordedEvent) -> Result<String, WriteError> {
    let ticker = &recorded.frames[0].ticker;
    let mut capture = Lines::create(folder.join("captures").join(format!("{ticker}.jsonl.gz")))?;
    let mut sent = [0_u64; 2];
    for Frame { ticker, time, body } in &recorded.frames {
        let (sid, frame) = match body {
            FrameBody::Snapshot { yes, no } => (1, OutgoingFrame::Snapshot { ticker, yes, no }),
            FrameBody::Delta { side, price, change } => {
                let change = Level {
                    price: *price,
                    quantity: *change,
                };
                (
                    1,
                    OutgoingFrame::Delta {
                        ticker,
                        side: *side,
                        change,
                    },
                )
            }
            FrameBody::Trade(trade) => (2, OutgoingFrame::Trade(trade)),
        };
        let seq = &mut sent[sid - 1];
        *seq += 1;
        capture.line(&frame.capture_line(sid as u64, *seq, *time))?;
    }
    capture.finish()
}

/// A gzip file of lines.
struct Lines {
    path: PathBuf,
    file: GzEncoder<BufWriter<File>>,
}

impl Lines {
    fn create(path: PathBuf) -> Result<Lines, WriteError> {
        let open = || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            File::create(&path)
        };
        match open() {
            Ok(file) => Ok(Lines {
                path,
                file: GzEncoder::new(BufWriter::new(file), Compression::default()),
            }),
            Err(source) => Err(WriteError { path, source }),
        }
    }

    fn line(&mut self, text: &str) -> Result<(), WriteError> {
        writeln!(self.file, "{text}").map_err(|source| WriteError {
            path: self.path.clone(),
            source,
        })
    }

    fn finish(self) -> Result<String, WriteError> {
        let Lines { path, file } = self;
        let written = file.finish().and_then(|mut file| file.flush());
        match written {
            Ok(()) => Ok(path.display().to_string()),
            Err(source) => Err(WriteError { path, source }),
        }
    }
}
