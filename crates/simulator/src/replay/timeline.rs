//! Captures merged by receipt, every market on its clock: [`Timeline`].

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::recording::RecordingError;
use kmi_kalshi::replay::SequenceRule;

use super::clock::MarketClock;
use super::source::{Connection, Entry, Found, Source};
use crate::core::Recorded;

/// A frame without a time waits so long, by receipt, for one of its market that has one.
const PATIENCE_MICROS: i64 = 2_000_000;

/// The next that was recorded of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Place of its name among [`Timeline::tickers`].
    pub market: usize,
    /// When. Never before the market's last.
    pub at: Timestamp,
    /// What.
    pub recorded: Recorded,
}

/// Captures as they are read: memory does not grow with their length.
#[derive(Debug)]
pub struct Timeline {
    rule: SequenceRule,
    sources: Vec<(Source, Option<Found>)>,
    tickers: Vec<Ticker>,
    numbers: BTreeMap<Ticker, usize>,
    clocks: Vec<MarketClock>,
    /// Markets that wait, and since when.
    waiting: VecDeque<(Timestamp, usize)>,
    ready: VecDeque<Step>,
    is_over: bool,
}

impl Timeline {
    /// Opens captures.
    ///
    /// # Errors
    /// When one cannot be opened or begun.
    pub fn open(files: &[PathBuf], rule: SequenceRule) -> Result<Timeline, RecordingError> {
        let open = |path: &PathBuf| {
            let mut source = Source::open(path, rule)?;
            let first = source.next()?;
            Ok((source, first))
        };
        let sources = files.iter().map(open).collect::<Result<_, RecordingError>>()?;
        Ok(Timeline {
            rule,
            sources,
            tickers: Vec::new(),
            numbers: BTreeMap::new(),
            clocks: Vec::new(),
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            is_over: false,
        })
    }

    /// Markets met so far, in the order in which they were: the same in every reading.
    pub fn tickers(&self) -> &[Ticker] {
        &self.tickers
    }

    /// The next step; `None` at the end.
    ///
    /// # Errors
    /// When a file cannot be read on.
    pub fn next_step(&mut self) -> Result<Option<Step>, RecordingError> {
        while self.ready.is_empty() && !self.is_over {
            self.read_on()?;
        }
        Ok(self.ready.pop_front())
    }

    fn read_on(&mut self) -> Result<(), RecordingError> {
        let waiting = self.sources.iter().enumerate();
        let next = waiting
            .filter_map(|(file, (_, found))| Some((found.as_ref()?.received(), file)))
            .min();
        let Some((received, file)) = next else {
            self.is_over = true;
            (0..self.clocks.len()).for_each(|market| self.release(market));
            return Ok(());
        };
        while let Some((since, market)) = self.waiting.front().copied()
            && received.micros_since(since) > PATIENCE_MICROS
        {
            self.waiting.pop_front();
            self.release(market);
        }
        let (source, slot) = &mut self.sources[file];
        let found = std::mem::replace(slot, source.next()?);
        match found {
            Some(Found::Entry(entry)) => self.take(file, entry),
            Some(Found::Break { sid, received }) => self.lose(Connection { file, sid }, received),
            None => {}
        }
        Ok(())
    }

    fn take(&mut self, file: usize, entry: Entry) {
        let market = self.number(&entry.ticker);
        let received = entry.received;
        let (clock, ready) = (&mut self.clocks[market], &mut self.ready);
        clock.take(file, entry, self.rule, &mut |at, recorded| {
            ready.push_back(Step { market, at, recorded });
        });
        if clock.is_waiting() {
            self.waiting.push_back((received, market));
        }
    }

    /// Every book that came with this subscription has lost something.
    fn lose(&mut self, connection: Connection, received: Timestamp) {
        for (market, clock) in self.clocks.iter_mut().enumerate() {
            if clock.subscription == Some(connection) {
                clock.lose(received);
                self.waiting.push_back((received, market));
            }
        }
    }

    fn release(&mut self, market: usize) {
        let ready = &mut self.ready;
        self.clocks[market].release(Timestamp::MAX, &mut |at, recorded| {
            ready.push_back(Step { market, at, recorded });
        });
    }

    fn number(&mut self, ticker: &Ticker) -> usize {
        if let Some(number) = self.numbers.get(ticker) {
            return *number;
        }
        let number = self.tickers.len();
        self.tickers.push(ticker.clone());
        self.numbers.insert(ticker.clone(), number);
        self.clocks.push(MarketClock::new());
        number
    }
}
