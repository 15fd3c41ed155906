//! One market's frames on one clock.

use kmi_domain::Timestamp;
use kmi_domain::book::OrderBook;
use kmi_kalshi::replay::SequenceRule;

use super::source::{Connection, Entry};
use crate::core::Recorded;

/// Puts a market's frames on the exchange's clock without changing their order, as the backtester does: deltas and trades say
/// when they happened; what does not say takes the time of its receipt, but not before the frame before it, and not after the
/// next.
#[derive(Debug)]
pub(super) struct MarketClock {
    now: Timestamp,
    /// What has no time of its own, until the next that has one.
    waiting: Vec<(Timestamp, Recorded)>,
    /// What came in the last instant of receipt, to know a repeated frame by.
    instant: Timestamp,
    received: Vec<(u64, u64, Recorded)>,
    file: Option<usize>,
    /// Subscription its last snapshot came with, while that is whole.
    pub(super) subscription: Option<Connection>,
    book: Option<OrderBook>,
}

impl MarketClock {
    pub(super) const fn new() -> MarketClock {
        MarketClock {
            now: Timestamp::MIN,
            waiting: Vec::new(),
            instant: Timestamp::MIN,
            received: Vec::new(),
            file: None,
            subscription: None,
            book: None,
        }
    }

    /// Takes the market's next frame and gives on what now has its time.
    pub(super) fn take(
        &mut self,
        file: usize,
        mut entry: Entry,
        rule: SequenceRule,
        push: &mut impl FnMut(Timestamp, Recorded),
    ) {
        if self.has_seen(&entry) {
            return;
        }
        let is_other_file = self.file.is_some_and(|known| known != file);
        self.file = Some(file);
        match rule {
            // What happened between two connections is unknown, so the book is good again from the next snapshot only.
            SequenceRule::Strict if is_other_file => self.lose(entry.received),
            SequenceRule::Strict => {}
            SequenceRule::Ignore => match self.within_book(entry.recorded) {
                Some(recorded) => entry.recorded = recorded,
                None => return,
            },
        }
        if matches!(entry.recorded, Recorded::Snapshot { .. }) {
            self.subscription = entry.sid.map(|sid| Connection { file, sid });
        }
        match entry.time {
            None => self.waiting.push((entry.received, entry.recorded)),
            Some(time) => {
                // A delta is stamped to the microsecond, the trade behind it to the millisecond: cut to the same, they stay in the
                // order in which they were received.
                let time = self.now.max(Timestamp::from_millis(time.millis()));
                self.release(time, push);
                self.now = time;
                push(time, entry.recorded);
            }
        }
    }

    /// Frames of the market were lost at this time of receipt.
    pub(super) fn lose(&mut self, received: Timestamp) {
        self.subscription = None;
        self.waiting.push((received, Recorded::Gap));
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Gives out what waited, at its time of receipt within `now` and `latest`.
    pub(super) fn release(&mut self, latest: Timestamp, push: &mut impl FnMut(Timestamp, Recorded)) {
        for (received, recorded) in self.waiting.drain(..) {
            let received = Timestamp::from_millis(received.millis());
            self.now = received.clamp(self.now, latest);
            push(self.now, recorded);
        }
    }

    /// Two captures of one connection are merged by receipt, so that a frame and its copy share their instant.
    fn has_seen(&mut self, entry: &Entry) -> bool {
        let (Some(sid), Some(seq)) = (entry.sid, entry.seq) else {
            return false;
        };
        if entry.received != self.instant {
            self.instant = entry.received;
            self.received.clear();
        }
        let frame = (sid, seq, entry.recorded.clone());
        let seen = self.received.contains(&frame);
        if !seen {
            self.received.push(frame);
        }
        seen
    }

    /// Where jumps are ignored, a change may take away more than is known to be there: then it takes that.
    fn within_book(&mut self, recorded: Recorded) -> Option<Recorded> {
        match &recorded {
            Recorded::Snapshot { yes, no } => {
                let book = self.book.get_or_insert_with(OrderBook::new);
                book.replace(yes.iter().copied(), no.iter().copied());
            }
            Recorded::Delta { side, price, change } => {
                let book = self.book.as_mut()?;
                if book.apply(*side, *price, *change).is_err() {
                    let all = book.quantity_at(*side, *price);
                    book.remove(*side, *price);
                    return all.is_positive().then_some(Recorded::Delta {
                        side: *side,
                        price: *price,
                        change: -all,
                    });
                }
            }
            Recorded::Trade { .. } | Recorded::Gap => {}
        }
        Some(recorded)
    }
}
