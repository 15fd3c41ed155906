//! One capture, a frame at a time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::frame::{Message, Scanner};
use kmi_kalshi::recording::{Chunk, LineReader, RecordingError, SequenceTracker, Step, open_lines};
use kmi_kalshi::replay::SequenceRule;

use crate::core::Recorded;

/// A subscription of a connection; each capture is one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connection {
    pub(super) file: usize,
    pub(super) sid: u64,
}

/// What a capture holds of a market.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) ticker: Ticker,
    pub(super) received: Timestamp,
    /// When it happened, where it says.
    pub(super) time: Option<Timestamp>,
    pub(super) sid: Option<u64>,
    pub(super) seq: Option<u64>,
    pub(super) recorded: Recorded,
}

/// What comes next in a capture.
#[derive(Debug)]
pub(super) enum Found {
    Entry(Entry),
    /// Frames of this subscription were lost before this time of receipt.
    Break {
        sid: u64,
        received: Timestamp,
    },
}

impl Found {
    pub(super) fn received(&self) -> Timestamp {
        match self {
            Found::Entry(entry) => entry.received,
            Found::Break { received, .. } => *received,
        }
    }
}

/// A capture that is being read. Lines that are no frame, and frames of other kinds than book and trade, are passed over.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    lines: LineReader,
    scanner: Scanner,
    sequences: SequenceTracker,
    rule: SequenceRule,
    received: Timestamp,
    found: VecDeque<Found>,
}

impl Source {
    pub(super) fn open(path: &Path, rule: SequenceRule) -> Result<Source, RecordingError> {
        let lines = open_lines(path)?;
        Ok(Source {
            path: path.to_owned(),
            lines,
            scanner: Scanner::new(),
            sequences: SequenceTracker::default(),
            rule,
            received: Timestamp::MIN,
            found: VecDeque::new(),
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<Found>, RecordingError> {
        while self.found.is_empty() {
            let line = self.lines.lines_read();
            match self.lines.next_line() {
                Ok(Some(Chunk::Bytes(line))) => {
                    let Ok(parsed) = self.scanner.parse(line) else {
                        continue;
                    };
                    // Never back: files are merged by it.
                    if let Some(received) = parsed.received {
                        self.received = self.received.max(received);
                    }
                    let (sid, seq) = (parsed.frame.sid, parsed.frame.seq);
                    if let Some(seq) = seq
                        && self.sequences.note(sid.unwrap_or_default(), seq) == Step::Jump
                        && self.rule == SequenceRule::Strict
                    {
                        self.found.push_back(Found::Break {
                            sid: sid.unwrap_or_default(),
                            received: self.received,
                        });
                    }
                    let Some((ticker, time, recorded)) = recorded(parsed.frame.message) else {
                        continue;
                    };
                    if parsed.received.is_none()
                        && let Some(time) = time
                    {
                        self.received = self.received.max(time);
                    }
                    self.found.push_back(Found::Entry(Entry {
                        ticker,
                        received: self.received,
                        time,
                        sid: sid.or(Some(0)),
                        seq,
                        recorded,
                    }));
                }
                Ok(Some(Chunk::TooLong)) => {}
                Ok(None) => return Ok(None),
                Err(source) => {
                    return Err(RecordingError::Read {
                        path: self.path.clone(),
                        line,
                        source,
                    });
                }
            }
        }
        Ok(self.found.pop_front())
    }
}

fn recorded(message: Message<'_>) -> Option<(Ticker, Option<Timestamp>, Recorded)> {
    let (ticker, time, recorded) = match message {
        Message::Snapshot(snapshot) => {
            let (yes, no) = (snapshot.yes, snapshot.no);
            (snapshot.ticker, snapshot.time, Recorded::Snapshot { yes, no })
        }
        Message::Delta(delta) => {
            let recorded = Recorded::Delta {
                side: delta.side,
                price: delta.price,
                change: delta.change,
            };
            (delta.ticker, delta.time, recorded)
        }
        Message::Trade(trade) => {
            let recorded = Recorded::Trade {
                id: trade.id.map(std::borrow::Cow::into_owned),
                price: trade.yes_price,
                quantity: trade.quantity,
                taker: trade.taker,
                is_block: trade.is_block,
            };
            (trade.ticker, Some(trade.time), recorded)
        }
        _ => return None,
    };
    Some((Ticker::new(&*ticker).ok()?, time, recorded))
}
