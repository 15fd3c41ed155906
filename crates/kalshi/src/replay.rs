//! Order books out of captures: what `kmi book replay` counts and shows.

use std::collections::HashMap;

use kmi_domain::book::OrderBook;
use kmi_domain::{Level, Quantity, Side};
use memchr::memchr;

use crate::frame::{Delta, Frame, Message, Scanner, Snapshot};
use crate::recording::{SequenceTracker, Step};

/// What a jump of the sequence numbers means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SequenceRule {
    /// Frames were lost: no book of the subscription is trusted before a new snapshot of it. Another file is another
    /// connection, and begins with no book trusted.
    #[default]
    Strict,
    /// Frames of other markets were left out of the capture: count the jump, apply everything, carry books from file to file.
    Ignore,
}

/// What a replay met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayCounts {
    /// Well-formed frames.
    pub frames: u64,
    /// Whole books.
    pub snapshots: u64,
    /// Changes of one level, applied or not.
    pub deltas: u64,
    /// Public trades.
    pub trades: u64,
    /// Tickers.
    pub tickers: u64,
    /// Frames of any other type.
    pub other: u64,
    /// Lines that are no frame.
    pub malformed: u64,
    /// Jumps of a sequence number within its subscription.
    pub gaps: u64,
    /// Changes not applied because their book was stale.
    pub stale_deltas: u64,
    /// Changes not applied because their book never had a snapshot.
    pub before_snapshot: u64,
    /// Changes that would have left less than nothing at a level.
    pub negative_levels: u64,
    /// Snapshots and changes that left a book in sync with a YES bid and a NO bid worth more than a dollar together.
    pub crossed: u64,
}

/// Whether a book can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sync {
    /// Every change since its snapshot is in it.
    Synced,
    /// Changes are missing: what it shows is what it was when they began to be.
    Stale,
}

impl Sync {
    /// `synced` or `stale`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Sync::Synced => "synced",
            Sync::Stale => "stale",
        }
    }
}

/// A market's book at the end of a replay.
#[derive(Clone, Copy, Debug)]
pub struct ReplayedBook<'r> {
    /// Market.
    pub ticker: &'r str,
    /// Whether it can be relied on.
    pub state: Sync,
    /// The book, as it was last in sync.
    pub book: &'r OrderBook,
}

#[derive(Debug)]
struct Held {
    ticker: Box<str>,
    book: OrderBook,
    /// Subscription its snapshot came with, and that subscription's [`Subscription::breaks`] at its snapshot.
    sid: u64,
    breaks: u64,
    had_snapshot: bool,
    /// False from a level that went below nothing until the next snapshot.
    sound: bool,
}

/// Replays captures into books, a line at a time: pure, one file after the other.
#[derive(Debug, Default)]
pub struct Replay {
    rule: SequenceRule,
    scanner: Scanner,
    sequences: SequenceTracker,
    counts: ReplayCounts,
    books: Vec<Held>,
    by_ticker: HashMap<Box<str>, usize>,
    /// Book of the frame before: nearly always that of the next one too.
    last: usize,
    breaks: Breaks,
}

/// How often each subscription broke: a book is in sync while its subscription has not broken since its snapshot.
#[derive(Debug, Default)]
struct Breaks {
    by_sid: HashMap<u64, u64>,
    /// Counts up at every break of any subscription and at every new connection, so that no two breaks share a number.
    latest: u64,
    /// Number of the break that the current connection began with.
    connection: u64,
    /// Subscription asked for last, with its number.
    hot: (u64, u64),
}

impl Breaks {
    fn connect(&mut self) {
        self.latest += 1;
        self.connection = self.latest;
        self.by_sid.clear();
        self.hot = (0, self.connection);
    }

    fn breaks(&mut self, sid: u64) {
        self.latest += 1;
        self.by_sid.insert(sid, self.latest);
        self.hot = (sid, self.latest);
    }

    #[inline]
    fn of(&mut self, sid: u64) -> u64 {
        if self.hot.0 != sid {
            self.hot = (sid, self.by_sid.get(&sid).copied().unwrap_or(self.connection));
        }
        self.hot.1
    }
}

impl Replay {
    /// A replay that has seen nothing.
    pub fn new(rule: SequenceRule) -> Replay {
        Replay {
            rule,
            ..Replay::default()
        }
    }

    /// Tells that a new file, and so a new connection, begins.
    pub fn begin_file(&mut self) {
        self.sequences = SequenceTracker::default();
        self.breaks.connect();
    }

    /// Takes whole lines, each a frame or a capture's wrapping of one.
    pub fn feed_block(&mut self, mut block: &[u8]) {
        while let Some(newline) = memchr(b'\n', block) {
            self.feed_line(&block[..newline]);
            block = &block[newline + 1..];
        }
        self.feed_line(block);
    }

    /// Takes one line. An empty one is nothing; one that is no frame is counted as malformed.
    #[inline]
    pub fn feed_line(&mut self, line: &[u8]) {
        match self.scanner.parse(line) {
            Ok(parsed) => self.feed(&parsed.frame),
            Err(_) if line.trim_ascii().is_empty() => {}
            Err(_) => self.counts.malformed += 1,
        }
    }

    /// Takes note of a line that was too long to be read.
    pub fn feed_too_long(&mut self) {
        self.counts.malformed += 1;
    }

    /// Takes one frame.
    #[inline]
    pub fn feed(&mut self, frame: &Frame<'_>) {
        self.counts.frames += 1;
        let sid = frame.sid.unwrap_or_default();
        if let Some(seq) = frame.seq
            && self.sequences.note(sid, seq) == Step::Jump
        {
            self.counts.gaps += 1;
            if self.rule == SequenceRule::Strict {
                self.breaks.breaks(sid);
            }
        }
        match &frame.message {
            Message::Delta(delta) => self.delta(delta),
            Message::Snapshot(snapshot) => self.snapshot(sid, snapshot),
            Message::Trade(_) => self.counts.trades += 1,
            Message::Ticker(_) => self.counts.tickers += 1,
            _ => self.counts.other += 1,
        }
    }

    #[inline]
    fn delta(&mut self, delta: &Delta<'_>) {
        self.counts.deltas += 1;
        let index = self.held(&delta.ticker);
        let held = &mut self.books[index];
        if !held.had_snapshot {
            self.counts.before_snapshot += 1;
            return;
        }
        let strict = self.rule == SequenceRule::Strict;
        if strict && !(held.sound && held.breaks == self.breaks.of(held.sid)) {
            self.counts.stale_deltas += 1;
            return;
        }
        if held.book.apply(delta.side, delta.price, delta.change).is_err() {
            self.counts.negative_levels += 1;
            if strict {
                held.sound = false;
                return;
            }
            held.book.remove(delta.side, delta.price);
        }
        self.counts.crossed += u64::from(held.book.is_crossed());
    }

    fn snapshot(&mut self, sid: u64, snapshot: &Snapshot<'_>) {
        self.counts.snapshots += 1;
        let index = self.held(&snapshot.ticker);
        let breaks = self.breaks.of(sid);
        let held = &mut self.books[index];
        held.book
            .replace(snapshot.yes.iter().copied(), snapshot.no.iter().copied());
        (held.sid, held.breaks) = (sid, breaks);
        (held.had_snapshot, held.sound) = (true, true);
        self.counts.crossed += u64::from(held.book.is_crossed());
    }

    /// Place of a market's book.
    #[inline]
    fn held(&mut self, ticker: &str) -> usize {
        match self.books.get(self.last) {
            Some(held) if &*held.ticker == ticker => self.last,
            _ => self.find(ticker),
        }
    }

    fn find(&mut self, ticker: &str) -> usize {
        if let Some(index) = self.by_ticker.get(ticker) {
            self.last = *index;
            return self.last;
        }
        self.last = self.books.len();
        self.by_ticker.insert(ticker.into(), self.last);
        self.books.push(Held {
            ticker: ticker.into(),
            book: OrderBook::new(),
            sid: 0,
            breaks: 0,
            had_snapshot: false,
            sound: false,
        });
        self.last
    }

    /// What was met so far.
    pub fn counts(&self) -> ReplayCounts {
        self.counts
    }

    /// Every market that had a book frame, by ticker.
    pub fn books(&self) -> Vec<ReplayedBook<'_>> {
        let mut books: Vec<_> = self.books.iter().map(|held| self.replayed(held)).collect();
        books.sort_unstable_by_key(|book| book.ticker);
        books
    }

    fn replayed<'r>(&'r self, held: &'r Held) -> ReplayedBook<'r> {
        let of_sid = self
            .breaks
            .by_sid
            .get(&held.sid)
            .copied()
            .unwrap_or(self.breaks.connection);
        let in_sequence = self.rule == SequenceRule::Ignore || (held.sound && held.breaks == of_sid);
        ReplayedBook {
            ticker: &held.ticker,
            state: if held.had_snapshot && in_sequence {
                Sync::Synced
            } else {
                Sync::Stale
            },
            book: &held.book,
        }
    }
}

impl ReplayedBook<'_> {
    /// Best bid of a side.
    pub fn bid(&self, side: Side) -> Option<Level> {
        self.book.best_bid(side)
    }

    /// Number of levels of a side.
    pub fn levels(&self, side: Side) -> usize {
        self.book.level_count(side)
    }

    /// Contracts resting on a side.
    pub fn contracts(&self, side: Side) -> Quantity {
        self.book.total(side)
    }
}
