//! Frames of a capture on one clock a market.

use std::collections::BTreeMap;

use kmi_backtest::feed::{FeedEvent, FeedKind};
use kmi_backtest::strategy::MarketId;
use kmi_domain::{Side, Timestamp};
use kmi_storage::{BookChange, BookEntry};

/// Puts every market's frames on the exchange's clock without changing their order.
///
/// Deltas and trades say when they happened; snapshots do not, and the recorder's clock may be seconds off. So a snapshot takes
/// the time of its neighbours: not before the frame received before it, not after the one received next. A frame that two
/// captures of one connection both hold is taken once.
#[derive(Debug, Default)]
pub(super) struct MarketClocks {
    markets: BTreeMap<MarketId, MarketClock>,
    repeated: u64,
}

#[derive(Debug)]
struct MarketClock {
    now: Timestamp,
    /// Frames without a time of their own, until the next frame with one.
    waiting: Vec<BookEntry>,
    /// Frames of the instant of receipt that was last, to know a repeated one by.
    instant: Timestamp,
    received: Vec<(u64, u64, BookChange)>,
    /// Place of the last frame in its capture; a lower one is of another capture.
    place: u64,
}

impl Default for MarketClock {
    fn default() -> MarketClock {
        MarketClock {
            now: Timestamp::MIN,
            waiting: Vec::new(),
            instant: Timestamp::MIN,
            received: Vec::new(),
            place: 0,
        }
    }
}

impl MarketClocks {
    /// Takes the market's next frame, in the order of receipt, and gives events on to `push`.
    pub(super) fn take(&mut self, market: MarketId, entry: BookEntry, push: &mut impl FnMut(FeedEvent)) {
        let clock = self.markets.entry(market).or_default();
        if clock.has_seen(&entry) {
            self.repeated += 1;
            return;
        }
        let begins_capture = entry.frame < clock.place;
        clock.place = entry.frame;
        let Some(time) = entry.time else {
            clock.waiting.push(entry);
            return;
        };
        // A delta is stamped to the microsecond, the trade behind it to the millisecond: cut to the same, they stay in the order
        // in which they were received.
        let time = clock.now.max(Timestamp::from_millis(time.millis()));
        clock.release(market, time, push);
        clock.now = time;
        if begins_capture {
            // What happened between two captures is unknown, so the book is good again from the new one's snapshot only.
            push(FeedEvent {
                time,
                market,
                kind: FeedKind::Gap,
            });
        }
        events(market, time, &entry.change, push);
    }

    /// Ends all markets.
    pub(super) fn finish(&mut self, push: &mut impl FnMut(FeedEvent)) {
        for (&market, clock) in &mut self.markets {
            clock.release(market, Timestamp::MAX, push);
        }
    }

    /// Frames left out because they had been taken from another capture.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }
}

impl MarketClock {
    /// Gives out what waited, at its time of receipt within `now` and `latest`.
    fn release(&mut self, market: MarketId, latest: Timestamp, push: &mut impl FnMut(FeedEvent)) {
        for entry in self.waiting.drain(..) {
            let received = Timestamp::from_millis(entry.received.millis());
            self.now = received.clamp(self.now, latest);
            events(market, self.now, &entry.change, push);
        }
    }

    /// Two captures of one connection are merged by receipt, so that a frame and its copy share their instant.
    fn has_seen(&mut self, entry: &BookEntry) -> bool {
        let (Some(sid), Some(seq)) = (entry.sid, entry.seq) else {
            return false;
        };
        if entry.received != self.instant {
            self.instant = entry.received;
            self.received.clear();
        }
        let frame = (sid, seq, entry.change.clone());
        let seen = self.received.contains(&frame);
        if !seen {
            self.received.push(frame);
        }
        seen
    }
}

fn events(market: MarketId, time: Timestamp, change: &BookChange, push: &mut impl FnMut(FeedEvent)) {
    let mut push = |kind| push(FeedEvent { time, market, kind });
    match change {
        BookChange::Snapshot { yes, no } => {
            let levels = u32::try_from(yes.len() + no.len()).unwrap_or(u32::MAX);
            push(FeedKind::Snapshot { levels });
            for (side, levels) in [(Side::Yes, yes), (Side::No, no)] {
                for level in levels {
                    push(FeedKind::Level {
                        side,
                        price: level.price,
                        quantity: level.quantity,
                    });
                }
            }
        }
        BookChange::Delta {
            side,
            price,
            quantity,
        } => {
            push(FeedKind::Delta {
                side: *side,
                price: *price,
                change: *quantity,
            });
        }
        // Matched off the book, it took nothing from any queue; and whoever replays a capture with gaps takes it as it is.
        BookChange::Trade { is_block: true, .. } | BookChange::Gap => {}
        BookChange::Trade {
            yes_price,
            quantity,
            taker,
            ..
        } => {
            push(FeedKind::Trade {
                price: *yes_price,
                quantity: *quantity,
                taker: *taker,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use kmi_domain::{Level, Quantity};

    use super::*;

    fn entry(received_ms: i64, time_ms: Option<i64>, seq: u64, change: BookChange) -> BookEntry {
        BookEntry {
            ticker: "M".parse().unwrap(),
            received: Timestamp::from_millis(received_ms),
            time: time_ms.map(Timestamp::from_millis),
            sid: Some(1),
            seq: Some(seq),
            frame: seq,
            change,
        }
    }

    fn snapshot() -> BookChange {
        let level = Level {
            price: "0.40".parse().unwrap(),
            quantity: Quantity::ONE,
        };
        BookChange::Snapshot {
            yes: vec![level],
            no: vec![],
        }
    }

    fn delta(contracts: i32) -> BookChange {
        let quantity = Quantity::from_contracts(contracts);
        BookChange::Delta {
            side: Side::Yes,
            price: "0.40".parse().unwrap(),
            quantity,
        }
    }

    fn times(entries: Vec<BookEntry>) -> Vec<(i64, &'static str)> {
        let mut clocks = MarketClocks::default();
        let mut told = Vec::new();
        let mut push = |event: FeedEvent| {
            let name = match event.kind {
                FeedKind::Snapshot { .. } => "snapshot",
                FeedKind::Delta { .. } => "delta",
                _ => return,
            };
            told.push((event.time.millis(), name));
        };
        for entry in entries {
            clocks.take(MarketId(0), entry, &mut push);
        }
        clocks.finish(&mut push);
        told
    }

    #[test]
    fn a_snapshot_from_a_clock_that_is_ahead_stays_before_the_deltas_that_follow_it() {
        let told = times(vec![
            entry(5_000, None, 1, snapshot()),
            entry(5_001, Some(3_000), 2, delta(1)),
            entry(7_000, None, 3, snapshot()),
            entry(7_001, Some(3_500), 4, delta(1)),
        ]);

        assert_eq!(
            told,
            [
                (3_000, "snapshot"),
                (3_000, "delta"),
                (3_500, "snapshot"),
                (3_500, "delta")
            ]
        );
    }

    #[test]
    fn a_snapshot_from_a_clock_that_is_behind_stays_after_what_came_before_it() {
        let told = times(vec![
            entry(1_000, Some(3_000), 1, delta(1)),
            entry(1_001, None, 2, snapshot()),
            entry(1_002, Some(2_900), 3, delta(1)),
            entry(1_003, None, 4, snapshot()),
        ]);

        assert_eq!(
            told,
            [
                (3_000, "delta"),
                (3_000, "snapshot"),
                (3_000, "delta"),
                (3_000, "snapshot")
            ]
        );
    }

    #[test]
    fn between_two_captures_of_a_market_lies_a_gap() {
        let mut clocks = MarketClocks::default();
        let mut kinds = Vec::new();
        let mut push = |event: FeedEvent| kinds.push(event.kind);
        clocks.take(MarketId(0), entry(1_000, Some(1_000), 7, delta(1)), &mut push);
        clocks.take(MarketId(0), entry(9_000, Some(9_000), 0, delta(1)), &mut push);

        assert!(matches!(
            kinds[..],
            [FeedKind::Delta { .. }, FeedKind::Gap, FeedKind::Delta { .. }]
        ));
    }

    #[test]
    fn a_frame_in_two_captures_of_one_connection_is_taken_once() {
        let told = times(vec![
            entry(1_000, Some(1_000), 1, delta(1)),
            entry(1_000, Some(1_000), 2, delta(1)),
            entry(1_000, Some(1_000), 1, delta(1)),
            entry(1_000, Some(1_000), 2, delta(1)),
            entry(1_001, Some(1_001), 3, delta(1)),
        ]);

        assert_eq!(told.len(), 3);
    }
}
