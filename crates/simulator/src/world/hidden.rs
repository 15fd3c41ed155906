//! What nobody in the market sees: the quantity that decides an event, and how much of it is known by when.

use kmi_domain::Timestamp;

use serde::{Deserialize, Serialize};

use super::chance::{Chance, normal_below};

/// Part of the line that makes one market resolve yes: `lower` ≤ final value < `upper`, infinite at the ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Interval {
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

/// What YES pays, as a function of the final value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Claim {
    /// $1 when the value ends inside, else nothing.
    Within(Interval),
    /// A share of the dollar that grows with the value: Φ(slope × value).
    Share {
        /// How steeply, above zero.
        slope: f64,
    },
}

/// A piece of information that comes out at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct News {
    /// When, as a share of the time from the path's start to its end, 0 to 1.
    pub(crate) at: f64,
    /// Share of all information, 0 to 1; those of one path sum to less than one.
    pub(crate) size: f64,
}

/// A Brownian path from zero whose value when all is known decides the event.
///
/// The clock of the path is information: it runs evenly with time, and leaps when there are news. When and how large news are
/// does not depend on the path, so the probability of an interval given the path so far is an exact martingale, and hidden
/// probabilities are calibrated at every instant: of all moments at 30 %, 30 % end in yes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hidden {
    value: f64,
    /// Share of all information that is out, 0 to 1.
    known: f64,
    from: Timestamp,
    until: Timestamp,
    news: Vec<News>,
}

impl Hidden {
    /// Nothing known at `from`, everything at `until`; total variance one.
    pub(crate) fn new(from: Timestamp, until: Timestamp) -> Hidden {
        Hidden::with_news(from, until, Vec::new())
    }

    /// The same with leaps.
    pub(crate) fn with_news(from: Timestamp, until: Timestamp, news: Vec<News>) -> Hidden {
        Hidden {
            value: 0.0,
            known: 0.0,
            from,
            until,
            news,
        }
    }

    /// Lets the path run to `time`; earlier times change nothing.
    pub(crate) fn advance(&mut self, time: Timestamp, chance: &mut Chance) {
        let known = self.known_at(time).clamp(self.known, 1.0);
        if known > self.known {
            self.value += libm::sqrt(known - self.known) * chance.normal();
            self.known = known;
        }
    }

    /// Share of all information that is out at `time`.
    fn known_at(&self, time: Timestamp) -> f64 {
        let length = self.until.micros_since(self.from).max(1) as f64;
        let passed = (time.micros_since(self.from) as f64 / length).max(0.0);
        if passed >= 1.0 {
            return 1.0;
        }
        let steady = 1.0 - self.news.iter().map(|news| news.size).sum::<f64>();
        let out = self.news.iter().filter(|news| news.at <= passed);
        steady * passed + out.map(|news| news.size).sum::<f64>()
    }

    /// What YES is worth, given the path so far: an expectation, exact at the end.
    pub(crate) fn worth(&self, claim: Claim) -> f64 {
        self.worth_to_one_mistaken_by(0.0, claim)
    }

    /// What YES would be worth, were the path this many of the standard deviations still to come higher than it is. One mistake
    /// about the path gives values of exclusive claims that still sum to one.
    pub(crate) fn worth_to_one_mistaken_by(&self, mistake: f64, claim: Claim) -> f64 {
        let left = libm::sqrt(1.0 - self.known);
        let value = self.value + mistake * left;
        match claim {
            Claim::Within(interval) => probability(value, left, interval),
            // The expectation of Φ of a normal variable is Φ again.
            Claim::Share { slope } => {
                normal_below(slope * value / libm::sqrt(1.0 + slope * slope * left * left))
            }
        }
    }
}

/// Probability that a normal variable of this mean and standard deviation lies in `interval`.
fn probability(mean: f64, deviation: f64, interval: Interval) -> f64 {
    if deviation > 0.0 {
        let below = |bound: f64| normal_below((bound - mean) / deviation);
        // The difference of two nearly equal numbers may fall a hair under zero.
        (below(interval.upper) - below(interval.lower)).max(0.0)
    } else if interval.lower <= mean && mean < interval.upper {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALVES: [Claim; 2] = [
        Claim::Within(Interval {
            lower: f64::NEG_INFINITY,
            upper: 0.25,
        }),
        Claim::Within(Interval {
            lower: 0.25,
            upper: f64::INFINITY,
        }),
    ];

    #[test]
    fn a_partition_sums_to_one_until_exactly_one_part_is_certain() {
        let until = Timestamp::from_seconds(1_000);
        let mut hidden = Hidden::new(Timestamp::from_seconds(0), until);
        let mut chance = Chance::new(3, 0);
        for second in [0, 100, 500, 999] {
            hidden.advance(Timestamp::from_seconds(second), &mut chance);
            let sum: f64 = HALVES.iter().map(|half| hidden.worth(*half)).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{sum} at {second}");
        }
        hidden.advance(until.plus_seconds(5), &mut chance);
        let ends = HALVES.map(|half| hidden.worth(half));
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
            hidden.worth(HALVES[1])
        };
        let first = at(0, 0);
        for seconds in [300, 900, 1_000] {
            let mean = (0..20_000).map(|path| at(seconds, path)).sum::<f64>() / 20_000.0;
            assert!((mean - first).abs() < 0.01, "{mean} against {first} at {seconds}");
        }
    }
    #[test]
    fn news_and_shares_of_a_dollar_leave_the_mean_where_it_was() {
        let until = Timestamp::from_seconds(1_000);
        let news = vec![News { at: 0.2, size: 0.3 }, News { at: 0.9, size: 0.4 }];
        let share = Claim::Share { slope: 2.0 };
        let at = |seconds, path| {
            let mut chance = Chance::new(12, path);
            let mut hidden = Hidden::with_news(Timestamp::from_seconds(0), until, news.clone());
            hidden.advance(Timestamp::from_seconds(150), &mut chance);
            hidden.advance(Timestamp::from_seconds(seconds), &mut chance);
            (hidden.known, hidden.worth(HALVES[0]), hidden.worth(share))
        };
        // Even time gives the 30 % that no news bring: 150 s are 4.5 %, 200 s are 6 % and the first piece of 30 %.
        assert!((at(150, 0).0 - 0.045).abs() < 1e-12 && (at(200, 0).0 - 0.36).abs() < 1e-12);
        let first = normal_below(0.25);
        for seconds in [200, 950, 1_000] {
            let ends: Vec<_> = (0..20_000).map(|path| at(seconds, path)).collect();
            let mean = |of: fn(&(f64, f64, f64)) -> f64| ends.iter().map(of).sum::<f64>() / 20_000.0;
            assert!((mean(|end| end.1) - first).abs() < 0.01, "{seconds}");
            assert!((mean(|end| end.2) - 0.5).abs() < 0.01, "{seconds}");
        }
    }

    #[test]
    fn a_mistake_about_the_path_still_sums_to_one() {
        let mut hidden = Hidden::new(Timestamp::from_seconds(0), Timestamp::from_seconds(10));
        hidden.advance(Timestamp::from_seconds(4), &mut Chance::new(1, 1));
        let sum: f64 = HALVES
            .iter()
            .map(|half| hidden.worth_to_one_mistaken_by(0.3, *half))
            .sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert!(hidden.worth_to_one_mistaken_by(0.3, HALVES[1]) > hidden.worth(HALVES[1]));
    }
}
