//! What nobody in the market sees: the quantity that decides an event, and how much of it is known by when.

use kmi_domain::Timestamp;

use super::chance::{Chance, normal_below};

/// Part of the line that makes one market resolve yes: `lower` ≤ final value < `upper`, infinite at the ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// A Brownian path from zero whose value when all is known decides the event.
///
/// The probability of an interval given the path so far is an exact martingale, so hidden probabilities are calibrated at
/// every instant: of all moments at 30 %, 30 % end in yes.
#[derive(Clone, Debug)]
pub(super) struct Hidden {
    value: f64,
    /// Share of all information that is out, 0 to 1.
    known: f64,
    from: Timestamp,
    until: Timestamp,
}

impl Hidden {
    /// Nothing known at `from`, everything at `until`; total variance one.
    pub(super) fn new(from: Timestamp, until: Timestamp) -> Hidden {
        Hidden {
            value: 0.0,
            known: 0.0,
            from,
            until,
        }
    }

    /// Lets the path run to `time`; earlier times change nothing.
    pub(super) fn advance(&mut self, time: Timestamp, chance: &mut Chance) {
        let length = self.until.micros_since(self.from).max(1) as f64;
        let known = (time.micros_since(self.from) as f64 / length).clamp(self.known, 1.0);
        if known > self.known {
            self.value += libm::sqrt(known - self.known) * chance.normal();
            self.known = known;
        }
    }

    /// Probability that the final value lies in `interval`, given the path so far.
    pub(super) fn probability(&self, interval: Interval) -> f64 {
        let left = libm::sqrt(1.0 - self.known);
        if left > 0.0 {
            let below = |bound: f64| normal_below((bound - self.value) / left);
            // The difference of two nearly equal numbers may fall a hair under zero.
            (below(interval.upper) - below(interval.lower)).max(0.0)
        } else if interval.lower <= self.value && self.value < interval.upper {
            1.0
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALVES: [Interval; 2] = [
        Interval {
            lower: f64::NEG_INFINITY,
            upper: 0.25,
        },
        Interval {
            lower: 0.25,
            upper: f64::INFINITY,
        },
    ];

    #[test]
    fn a_partition_sums_to_one_until_exactly_one_part_is_certain() {
        let until = Timestamp::from_seconds(1_000);
        let mut hidden = Hidden::new(Timestamp::from_seconds(0), until);
        let mut chance = Chance::new(3, 0);
        for second in [0, 100, 500, 999] {
            hidden.advance(Timestamp::from_seconds(second), &mut chance);
            let sum: f64 = HALVES.iter().map(|half| hidden.probability(*half)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{sum} at {second}");
        }
        hidden.advance(until.plus_seconds(5), &mut chance);
        let ends = HALVES.map(|half| hidden.probability(half));
        assert!((ends[0] - ends[1]).abs() > 0.5, "{ends:?}");
        assert!(
            ends.iter().all(|end| *end < 1e-12 || *end > 1.0 - 1e-12),
            "{ends:?}"
        );
    }

    #[test]
    fn the_mean_of_later_probabilities_is_the_earlier_one() {
        let until = Timestamp::from_seconds(1_000);
        let at = |seconds, path| {
            let mut chance = Chance::new(11, path);
            let mut hidden = Hidden::new(Timestamp::from_seconds(0), until);
            hidden.advance(Timestamp::from_seconds(seconds), &mut chance);
            hidden.probability(HALVES[1])
        };
        let first = at(0, 0);
        for seconds in [300, 900, 1_000] {
            let mean = (0..20_000).map(|path| at(seconds, path)).sum::<f64>() / 20_000.0;
            assert!((mean - first).abs() < 0.01, "{mean} against {first} at {seconds}");
        }
    }
}
