//! Other people's recordings: files of the exchange's data in whatever shape they were kept.
//!
//! [`open`] takes plain, gzip (also of several members) and zstd files, told apart by their first bytes, holding captures of
//! WebSocket frames, JSON lines, one JSON document in any envelope, or CSV with a header, told apart by content. A
//! [`Recording`] is an iterator of [`Item`]s in file order: a record, or why a line is none. Memory is bounded: a line by
//! [`MAX_LINE`], a document by [`MAX_DOCUMENT`].

mod csv;
mod document;
mod lines;
mod recognise;
mod sequence;
mod sniff;
mod source;
mod walk;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use kmi_domain::{Candle, Event, Market, PublicTrade, Series};

use crate::frame::{CaptureLine, FrameError, Scanner};
use crate::wire::FieldError;
use document::Document;
pub use lines::{Chunk, LineReader, MAX_LINE};
pub use sequence::{Completeness, SequenceTracker, Step};
use source::Source;

/// Longest JSON document taken, in bytes once decompressed: it is held in memory while it is walked.
pub const MAX_DOCUMENT: usize = 512 << 20;

/// Lines looked at before a file of lines that mean nothing is given up as being of unknown format.
const PATIENCE: usize = 100;

/// What a recording mostly holds, told by its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordingKind {
    /// Series objects.
    Series,
    /// Events, with their markets where the bodies carry them.
    Events,
    /// Market objects.
    Markets,
    /// Public trades.
    Trades,
    /// Candlesticks.
    Candles,
    /// WebSocket frames.
    Capture,
    /// Exchange bodies that are no public history: orders, books, schedules.
    Ignored,
    /// Nothing at all.
    Empty,
}

impl RecordingKind {
    /// One lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            RecordingKind::Series => "series",
            RecordingKind::Events => "events",
            RecordingKind::Markets => "markets",
            RecordingKind::Trades => "trades",
            RecordingKind::Candles => "candles",
            RecordingKind::Capture => "capture",
            RecordingKind::Ignored => "ignored",
            RecordingKind::Empty => "empty",
        }
    }
}

impl fmt::Display for RecordingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Exchange bodies that are recognised and passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IgnoredBody {
    /// An account's order, or the answer to one.
    Order,
    /// An order group.
    OrderGroup,
    /// An account's fill.
    Fill,
    /// Balance, positions or settlements.
    Portfolio,
    /// An order book at one moment, which says neither when nor in what sequence.
    OrderBook,
    /// Exchange status, schedule, as-of times.
    Exchange,
    /// A milestone.
    Milestone,
    /// Price grids apart from any market.
    PriceGrids,
}

/// One thing a recording tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A series.
    Series(Series),
    /// An event; its markets follow it.
    Event(Box<Event>),
    /// A market.
    Market(Box<Market>),
    /// A public trade.
    Trade(PublicTrade),
    /// A candle.
    Candle(Box<Candle>),
    /// A frame, with the time it was received.
    Frame(Box<CaptureLine<'static>>),
    /// Something that is no public history.
    Ignored(IgnoredBody),
}

impl Record {
    const fn kind(&self) -> RecordingKind {
        match self {
            Record::Series(_) => RecordingKind::Series,
            Record::Event(_) => RecordingKind::Events,
            Record::Market(_) => RecordingKind::Markets,
            Record::Trade(_) => RecordingKind::Trades,
            Record::Candle(_) => RecordingKind::Candles,
            Record::Frame(_) => RecordingKind::Capture,
            Record::Ignored(_) => RecordingKind::Ignored,
        }
    }
}

/// A record or a rejection, with the line it starts on.
#[derive(Debug)]
pub struct Item {
    /// Line of the decompressed file, from 1.
    pub line: u64,
    /// The record, or why there is none.
    pub record: Result<Record, Rejection>,
    /// The JSON object a series, event or market was read from.
    pub raw: Option<Box<str>>,
}

/// Why a line (or an object in a document) was not taken.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Rejection {
    /// Line of the decompressed file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// The rule that a rejected line breaks.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// A field breaks its rule: `yes_price: 101 is outside 0..100 cents`.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Not JSON, or a field of the wrong shape.
    #[error("is not JSON of the exchange: {0}")]
    Json(#[from] serde_json::Error),
    /// A frame that is none.
    #[error(transparent)]
    Frame(FrameError),
    /// Bytes that are no text.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Longer than [`MAX_LINE`].
    #[error("line is longer than {} MiB", MAX_LINE >> 20)]
    TooLong,
    /// JSON of something else.
    #[error("is no object of the exchange's API")]
    Unrecognised,
    /// A CSV row that does not fit its header.
    #[error("row has {cells} cells, the header has {columns}")]
    Cells {
        /// Cells of the row.
        cells: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// A CSV row with a quote that never ends, or text after a closing quote.
    #[error("row is not well quoted")]
    Quotes,
}

impl From<FrameError> for Reason {
    fn from(error: FrameError) -> Reason {
        match error {
            FrameError::Field(error) => Reason::Field(error),
            FrameError::Json(_) => Reason::Frame(error),
        }
    }
}

/// Why a whole file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It cannot be opened.
    #[error("{}: cannot be opened: {source}", path.display())]
    Open {
        /// File.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// It cannot be read to its end: damaged or cut off.
    #[error("{}: cannot be read through, stopped after line {line}: {source}", path.display())]
    Read {
        /// File.
        path: PathBuf,
        /// Last line read whole.
        line: u64,
        /// The system's or the decompressor's words.
        source: io::Error,
    },
    /// Nothing in it is known.
    #[error(
        "{}: unknown format; expected a capture, JSON or JSON lines of series, events, markets, trades or \
         candlesticks, or CSV of markets or trades with a header, plain, gz or zst",
        path.display()
    )]
    UnknownFormat {
        /// File.
        path: PathBuf,
    },
    /// A JSON document that breaks off or is damaged.
    #[error("{}: line {}: is not JSON: {source}", path.display(), source.line())]
    NotJson {
        /// File.
        path: PathBuf,
        /// Position and rule.
        source: serde_json::Error,
    },
    /// A JSON document that is no text.
    #[error("{}: is not UTF-8", path.display())]
    NotUtf8 {
        /// File.
        path: PathBuf,
    },
    /// A JSON document longer than [`MAX_DOCUMENT`].
    #[error("{}: a JSON document may be {} MiB long, this one is longer; write JSON lines instead", path.display(), MAX_DOCUMENT >> 20)]
    DocumentTooLong {
        /// File.
        path: PathBuf,
    },
}

/// An open recording: an iterator of its items in file order.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    source: Source,
    body: Body,
    kind: RecordingKind,
    queue: VecDeque<Item>,
    sequences: SequenceTracker,
    failed: bool,
}

#[derive(Debug)]
enum Body {
    Lines {
        lines: LineReader,
        /// Set once a frame was seen: lines are tried as frames first.
        scanner: Option<Scanner>,
        /// What the lines so far were taken for: a page with nothing on it is of its kind all the same.
        expected: Option<RecordingKind>,
    },
    Csv(csv::Table),
    Document(Box<Document>),
    Empty,
}

/// Opens a recording and reads to its first record.
///
/// # Errors
/// When the file cannot be opened or read, or is of no known format.
pub fn open(path: &Path) -> Result<Recording, RecordingError> {
    let (lines, source) = source::open(path)?;
    let mut recording = Recording {
        path: path.to_owned(),
        source,
        body: Body::Empty,
        kind: RecordingKind::Empty,
        queue: VecDeque::new(),
        sequences: SequenceTracker::default(),
        failed: false,
    };
    recording.body = sniff::body(lines, path)?;
    recording.prime()?;
    Ok(recording)
}

/// Opens any file as lines, decompressed: for captures that are replayed rather than imported.
///
/// # Errors
/// When the file cannot be opened.
pub fn open_lines(path: &Path) -> Result<LineReader, RecordingError> {
    source::open(path).map(|(lines, _)| lines)
}

impl Recording {
    /// What it mostly holds.
    pub fn kind(&self) -> RecordingKind {
        self.kind
    }

    /// Bytes of the file read so far, as stored.
    pub fn bytes_read(&self) -> u64 {
        self.source.bytes_read()
    }

    /// Bytes of the whole file, as stored.
    pub fn bytes_total(&self) -> u64 {
        self.source.bytes_total
    }

    /// Of a capture, once read through: whether its sequence numbers have no gap. `None` for anything else.
    pub fn completeness(&self) -> Option<Completeness> {
        (self.kind == RecordingKind::Capture).then(|| self.sequences.completeness())
    }

    /// Reads until something is recognised, which says the kind.
    fn prime(&mut self) -> Result<(), RecordingError> {
        let mut recognised = false;
        let mut rejected = false;
        while !recognised && self.queue.len() < PATIENCE {
            let seen = self.queue.len();
            if !self.advance()? {
                break;
            }
            for item in self.queue.iter().skip(seen) {
                match &item.record {
                    Ok(record) => self.kind = record.kind(),
                    Err(Rejection {
                        reason: Reason::Field(_) | Reason::Cells { .. },
                        ..
                    }) => {}
                    Err(_) => {
                        rejected = true;
                        continue;
                    }
                }
                recognised = true;
                break;
            }
        }
        if self.kind == RecordingKind::Empty && (recognised || self.recognised()) {
            self.kind = self.expected();
        }
        let unknown = self.kind == RecordingKind::Empty && (rejected || !self.is_empty_file());
        if unknown {
            return Err(RecordingError::UnknownFormat {
                path: self.path.clone(),
            });
        }
        Ok(())
    }

    fn is_empty_file(&self) -> bool {
        matches!(self.body, Body::Empty)
    }

    /// True when a document or a line has a container that is known, though nothing is in it.
    fn recognised(&self) -> bool {
        match &self.body {
            Body::Document(document) => document.recognised(),
            Body::Csv(_) => true,
            Body::Lines { expected, .. } => expected.is_some(),
            Body::Empty => false,
        }
    }

    /// The kind the content was taken for, where no record came out of it.
    fn expected(&self) -> RecordingKind {
        match &self.body {
            Body::Csv(table) => table.kind(),
            Body::Document(document) => document.expected(),
            Body::Lines { expected, .. } => expected.unwrap_or(RecordingKind::Empty),
            Body::Empty => RecordingKind::Empty,
        }
    }

    /// Reads one more line, row or object into the queue; false at the end.
    fn advance(&mut self) -> Result<bool, RecordingError> {
        let failure = |source, line| RecordingError::Read {
            path: self.path.clone(),
            line,
            source: cut_off(source),
        };
        match &mut self.body {
            Body::Empty => Ok(false),
            Body::Document(document) => Ok(document.advance(&mut self.queue)),
            Body::Csv(table) => {
                let done = table.lines_read();
                table
                    .advance(&mut self.queue)
                    .map_err(|source| failure(source, done))
            }
            Body::Lines {
                lines,
                scanner,
                expected,
            } => {
                let done = lines.lines_read();
                let more = recognise::advance(lines, scanner, expected, &mut self.queue);
                more.map_err(|source| failure(source, done))
            }
        }
    }
}

/// An end that comes too early, in a user's words before the decompressor's.
fn cut_off(source: io::Error) -> io::Error {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => {
            io::Error::new(source.kind(), format!("the file is truncated: {source}"))
        }
        _ => source,
    }
}

impl Iterator for Recording {
    type Item = Result<Item, RecordingError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.queue.is_empty() {
            if self.failed {
                return None;
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        let item = self.queue.pop_front()?;
        if let Ok(Record::Frame(line)) = &item.record
            && let (Some(sid), Some(seq)) = (line.frame.sid, line.frame.seq)
        {
            self.sequences.note(sid, seq);
        }
        Some(Ok(item))
    }
}
