//! How long messages take between trader and exchange.

use std::time::Duration;

use kmi_domain::Timestamp;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Delays of a run. Messages of one direction never overtake each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// From sending an order, a cancel or an amendment to its arrival at the exchange.
    pub order: Duration,
    /// From anything happening at the exchange to the trader knowing of it: trades, books and own orders alike.
    pub data: Duration,
    /// Each message takes up to this much longer, evenly distributed.
    pub jitter: Duration,
    /// Seed of the jitter.
    pub seed: u64,
}

/// One direction: gives arrival times that never go backwards.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    base: i64,
    jitter: i64,
    last: Timestamp,
    chance: ChaCha8Rng,
}

impl Line {
    /// `stream` separates the directions, so that they do not share their chance.
    pub(crate) fn new(base: Duration, latency: &Latency, stream: u64) -> Line {
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        let mut chance = ChaCha8Rng::seed_from_u64(latency.seed);
        chance.set_stream(stream);
        Line {
            base: micros(base),
            jitter: micros(latency.jitter),
            last: Timestamp::MIN,
            chance,
        }
    }

    /// True when messages arrive as they are sent.
    pub(crate) fn is_instant(&self) -> bool {
        self.base == 0 && self.jitter == 0
    }

    /// The latest a message sent then may arrive.
    pub(crate) fn latest_arrival(&self, sent: Timestamp) -> Timestamp {
        self.last
            .max(sent.plus_micros(self.base.saturating_add(self.jitter)))
    }

    /// When a message sent now arrives.
    pub(crate) fn arrival(&mut self, sent: Timestamp) -> Timestamp {
        let extra = if self.jitter == 0 {
            0
        } else {
            self.chance.random_range(0..=self.jitter)
        };
        self.last = self.last.max(sent.plus_micros(self.base.saturating_add(extra)));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_never_overtake_each_other() {
        let latency = Latency {
            jitter: Duration::from_millis(5),
            seed: 7,
            ..Latency::default()
        };
        let arrivals = |stream| -> Vec<Timestamp> {
            let mut line = Line::new(Duration::from_millis(1), &latency, stream);
            (0..200)
                .map(|n| line.arrival(Timestamp::from_micros(n * 100)))
                .collect()
        };
        let first = arrivals(0);
        assert!(first.is_sorted() && first[0] >= Timestamp::from_millis(1));
        assert_eq!(first, arrivals(0));
        assert_ne!(first, arrivals(1));
    }
}
