//! Replaying recorded books into what their certificates say: [`Certifier`].

use std::collections::BTreeMap;

use kmi_domain::book::OrderBook;
use kmi_domain::{Ticker, Timestamp};

use crate::read::{BookChange, BookEntry};
use crate::{BookCertificate, book_hash};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// Replays entries, in the order received, into what certificates say. The recorder and the look through the archive both
/// use it, so that they cannot mean different things.
#[derive(Debug, Default)]
pub(crate) struct Certifier {
    markets: BTreeMap<Ticker, Held>,
    done: Vec<Draft>,
}

/// A market's book on its way.
#[derive(Debug)]
struct Held {
    book: OrderBook,
    /// Whether any book frame came yet.
    has_begun: bool,
    /// Whether every change since its last snapshot is in it.
    in_sync: bool,
    /// Subscription and sequence number of the last frame that had both.
    last: Option<(u64, u64)>,
    draft: Draft,
}

/// A certificate on its way.
#[derive(Debug)]
struct Draft {
    ticker: Ticker,
    /// Start of its hour, microseconds.
    hour: i64,
    from: Timestamp,
    to: Timestamp,
    first_seq: Option<u64>,
    last_seq: Option<u64>,
    frames: u64,
    trades: u64,
    gaps: u64,
    book_hash: Option<String>,
}

impl Draft {
    fn new(ticker: &Ticker, received: Timestamp, hour: i64) -> Draft {
        Draft {
            ticker: ticker.clone(),
            hour,
            from: received,
            to: received,
            first_seq: None,
            last_seq: None,
            frames: 0,
            trades: 0,
            gaps: 0,
            book_hash: None,
        }
    }

    fn certificate(self, capture: &str, until: Option<Timestamp>) -> BookCertificate {
        let hour_end = Timestamp::from_micros(self.hour.saturating_add(HOUR));
        let recorded = until.map_or(self.to, |until| until.min(hour_end));
        BookCertificate {
            ticker: self.ticker,
            hour: Timestamp::from_micros(self.hour),
            capture: capture.to_owned(),
            from: self.from,
            to: self.to.max(recorded),
            first_seq: self.first_seq,
            last_seq: self.last_seq,
            frames: self.frames,
            trades: self.trades,
            gaps: self.gaps,
            book_hash: self.book_hash,
        }
    }
}

impl Certifier {
    /// Takes in the next entry.
    pub(crate) fn push(&mut self, entry: &BookEntry) {
        let hour = entry.received.micros().div_euclid(HOUR) * HOUR;
        let held = self.markets.entry(entry.ticker.clone()).or_insert_with(|| Held {
            book: OrderBook::new(),
            has_begun: false,
            in_sync: false,
            last: None,
            draft: Draft::new(&entry.ticker, entry.received, hour),
        });
        // Never back to an earlier hour: clocks may be set back, the order of receipt is not.
        if hour > held.draft.hour {
            let mut next = Draft::new(&entry.ticker, entry.received, hour);
            // An hour that begins lost has a gap of its own.
            next.gaps = u64::from(held.has_begun && !held.in_sync);
            self.done.push(held.end(next));
        }
        held.take(entry);
    }

    /// The certificates, by hour and ticker. Recording went on until `until`, where that is known.
    pub(crate) fn finish(self, capture: &str, until: Option<Timestamp>) -> Vec<BookCertificate> {
        let last = self.markets.into_values().map(|mut held| {
            let next = Draft::new(&held.draft.ticker, held.draft.to, held.draft.hour);
            held.end(next)
        });
        let drafts = self.done.into_iter().chain(last);
        let mut certificates: Vec<_> = drafts.map(|draft| draft.certificate(capture, until)).collect();
        certificates.sort_by(|a, b| (a.hour, &a.ticker).cmp(&(b.hour, &b.ticker)));
        certificates
    }
}

impl Held {
    /// Ends the certificate under way, and begins another with the book as it stands.
    fn end(&mut self, next: Draft) -> Draft {
        let mut draft = std::mem::replace(&mut self.draft, next);
        draft.book_hash = self.in_sync.then(|| book_hash(&self.book));
        draft
    }

    fn take(&mut self, entry: &BookEntry) {
        self.draft.to = self.draft.to.max(entry.received);
        match &entry.change {
            BookChange::Snapshot { yes, no } => {
                self.frame(entry);
                self.book.replace(yes.iter().copied(), no.iter().copied());
                self.in_sync = true;
            }
            BookChange::Delta {
                side,
                price,
                quantity,
            } => {
                // Where no snapshot comes first, the book is lost from the start.
                let was_known = self.in_sync || !self.has_begun;
                let follows = self.frame(entry);
                let applied = self.in_sync && follows && self.book.apply(*side, *price, *quantity).is_ok();
                if was_known && !applied {
                    self.lose();
                }
            }
            BookChange::Trade { .. } => self.draft.trades += 1,
            BookChange::Gap if self.in_sync => self.lose(),
            BookChange::Gap => {}
        }
    }

    fn lose(&mut self) {
        self.in_sync = false;
        self.draft.gaps += 1;
    }

    /// Counts a book frame; false when it does not come after the one before.
    fn frame(&mut self, entry: &BookEntry) -> bool {
        self.draft.frames += 1;
        self.has_begun = true;
        let Some(seq) = entry.seq else {
            return true;
        };
        self.draft.first_seq.get_or_insert(seq);
        self.draft.last_seq = Some(seq);
        let sid = entry.sid.unwrap_or_default();
        let before = self.last.replace((sid, seq));
        before.is_none_or(|(before_sid, before)| before_sid != sid || seq > before)
    }
}

#[cfg(test)]
mod tests {
    use kmi_domain::{Level, Price, Quantity, Side};

    use super::*;

    fn level(price: &str, contracts: i32) -> Level {
        Level {
            price: price.parse().unwrap(),
            quantity: Quantity::from_contracts(contracts),
        }
    }

    const EIGHT: i64 = 8 * HOUR;

    fn entry(second: i64, seq: u64, change: BookChange) -> BookEntry {
        BookEntry {
            ticker: "A-1".parse().unwrap(),
            received: Timestamp::from_micros(EIGHT + second * 1_000_000),
            time: None,
            sid: Some(1),
            seq: Some(seq),
            frame: 0,
            change,
        }
    }

    fn snapshot() -> BookChange {
        BookChange::Snapshot {
            yes: vec![level("0.40", 5)],
            no: vec![],
        }
    }

    fn delta(contracts: i32) -> BookChange {
        BookChange::Delta {
            side: Side::Yes,
            price: Price::from_cents(40).unwrap(),
            quantity: Quantity::from_contracts(contracts),
        }
    }

    /// Frames, gaps, first and last seq, and contracts at the end.
    type Told = (u64, u64, Option<u64>, Option<u64>, Option<i32>);

    /// What is certified, hour by hour.
    fn certified(entries: &[BookEntry]) -> Vec<Told> {
        let mut certifier = Certifier::default();
        for entry in entries {
            certifier.push(entry);
        }
        let hash = |contracts: i32| {
            let mut book = OrderBook::new();
            book.replace([level("0.40", contracts)].into_iter(), std::iter::empty());
            book_hash(&book)
        };
        let told = certifier.finish("c", None).into_iter().map(|it| {
            let contracts = it
                .book_hash
                .map(|found| (0..100).find(|contracts| hash(*contracts) == found).unwrap());
            (it.frames, it.gaps, it.first_seq, it.last_seq, contracts)
        });
        told.collect()
    }

    #[test]
    fn frames_are_counted_and_the_book_carries_over_the_hour() {
        let entries = [
            entry(0, 7, snapshot()),
            entry(1, 9, delta(2)),
            entry(3_600, 10, delta(-1)),
        ];
        assert_eq!(
            certified(&entries),
            [
                (2, 0, Some(7), Some(9), Some(7)),
                (1, 0, Some(10), Some(10), Some(6))
            ]
        );
    }

    #[test]
    fn a_book_is_lost_by_a_gap_a_repetition_a_debt_or_for_want_of_a_snapshot() {
        let gap = entry(1, 0, BookChange::Gap);
        let lost = [entry(0, 1, snapshot()), gap.clone(), gap, entry(2, 5, delta(1))];
        assert_eq!(certified(&lost), [(2, 1, Some(1), Some(5), None)]);
        let mended = [&lost[..], &[entry(3, 6, snapshot())]].concat();
        assert_eq!(certified(&mended), [(3, 1, Some(1), Some(6), Some(5))]);
        let repeated = [
            entry(0, 1, snapshot()),
            entry(1, 2, delta(1)),
            entry(1, 2, delta(1)),
        ];
        assert_eq!(certified(&repeated), [(3, 1, Some(1), Some(2), None)]);
        let debt = [entry(0, 1, snapshot()), entry(1, 2, delta(-6))];
        assert_eq!(certified(&debt), [(2, 1, Some(1), Some(2), None)]);
        let blind = [
            entry(0, 1, delta(1)),
            entry(1, 2, delta(1)),
            entry(2, 3, snapshot()),
        ];
        assert_eq!(certified(&blind), [(3, 1, Some(1), Some(3), Some(5))]);
    }

    #[test]
    fn an_hour_that_begins_lost_has_a_gap_of_its_own() {
        let entries = [
            entry(0, 1, snapshot()),
            entry(1, 0, BookChange::Gap),
            entry(3_600, 5, delta(1)),
            entry(3_700, 6, snapshot()),
            entry(7_200, 7, delta(1)),
        ];
        assert_eq!(
            certified(&entries),
            [
                (1, 1, Some(1), Some(1), None),
                (2, 1, Some(5), Some(6), Some(5)),
                (1, 0, Some(7), Some(7), Some(6)),
            ]
        );
    }

    #[test]
    fn what_was_recorded_ends_with_the_hour() {
        let mut certifier = Certifier::default();
        certifier.push(&entry(0, 1, snapshot()));
        certifier.push(&entry(3_600, 2, delta(1)));
        let until = Timestamp::from_micros(EIGHT + HOUR + HOUR / 2);
        let spans: Vec<_> = certifier
            .finish("c", Some(until))
            .into_iter()
            .map(|it| (it.from.micros() - EIGHT, it.to.micros() - EIGHT))
            .collect();
        assert_eq!(spans, [(0, HOUR), (HOUR, HOUR + HOUR / 2)]);
    }
}
