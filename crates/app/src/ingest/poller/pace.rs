//! How often a full sweep is possible: [`Pace`].

use std::time::Duration;

/// Longest time between two sweeps, however often the exchange refuses.
const LONGEST: Duration = Duration::from_mins(1);

/// Time between two sweeps: a whole multiple of the configured one, so that sweeps begin at multiples whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    wanted: Duration,
    /// Intervals that the last sweep took.
    slowness: u32,
    /// Intervals that refusals have led to.
    restraint: u32,
}

/// How a sweep went, as far as it says how soon another is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It took so long, waiting for tokens included.
    Took(Duration),
    /// The exchange, or our own count of its tokens, refused it as too many requests.
    Refused,
    /// It failed for another reason, which says nothing.
    Failed,
}

impl Pace {
    pub(super) fn new(wanted: Duration) -> Pace {
        Pace {
            wanted,
            slowness: 1,
            restraint: 1,
        }
    }

    /// Time from the beginning of one sweep to the next.
    pub(super) fn interval(self) -> Duration {
        self.wanted * self.slowness.max(self.restraint)
    }

    /// Learns from a sweep: the interval is what a sweep takes, doubles when the exchange refuses, and halves its way back from that.
    pub(super) fn learn(&mut self, went: Went) {
        match went {
            Went::Took(took) => {
                self.slowness = count(took, self.wanted).max(1);
                self.restraint = (self.restraint / 2).max(1);
            }
            Went::Refused => {
                let most = count(LONGEST, self.wanted).max(1);
                self.restraint = (self.slowness.max(self.restraint) * 2).min(most);
            }
            Went::Failed => {}
        }
    }
}

/// How many times `part` it takes to cover `whole`.
fn count(whole: Duration, part: Duration) -> u32 {
    u32::try_from(whole.as_micros().div_ceil(part.as_micros().max(1))).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace_after(steps: &[Went]) -> u64 {
        let mut pace = Pace::new(Duration::from_secs(5));
        for went in steps {
            pace.learn(*went);
        }
        pace.interval().as_secs()
    }

    fn took(seconds: u64) -> Went {
        Went::Took(Duration::from_secs(seconds))
    }

    #[test]
    fn a_sweep_within_the_interval_keeps_it() {
        assert_eq!(pace_after(&[took(1), took(5)]), 5);
    }

    #[test]
    fn a_longer_one_stretches_it_to_the_next_multiple() {
        assert_eq!(pace_after(&[took(6)]), 10);
        assert_eq!(pace_after(&[took(11)]), 15);
        assert_eq!(pace_after(&[took(11), took(11)]), 15);
        assert_eq!(pace_after(&[took(11), Went::Refused]), 30);
    }

    #[test]
    fn a_shorter_one_brings_it_back_at_once() {
        assert_eq!(pace_after(&[took(40), took(1)]), 5);
    }

    #[test]
    fn from_refusals_it_comes_back_by_halves() {
        let refused = [Went::Refused; 3];
        assert_eq!(pace_after(&refused), 40);
        assert_eq!(pace_after(&[&refused[..], &[took(1)]].concat()), 20);
        assert_eq!(
            pace_after(&[&refused[..], &[took(1), took(1), took(1)]].concat()),
            5
        );
    }

    #[test]
    fn refusals_double_it_up_to_a_minute_and_other_failures_say_nothing() {
        assert_eq!(pace_after(&[Went::Refused]), 10);
        assert_eq!(pace_after(&[Went::Refused, Went::Failed]), 10);
        assert_eq!(pace_after(&[Went::Refused; 9]), 60);
    }

    #[test]
    fn an_interval_of_more_than_a_minute_is_not_shortened_by_refusals() {
        let mut pace = Pace::new(Duration::from_secs(90));
        pace.learn(Went::Refused);
        assert_eq!(pace.interval(), Duration::from_secs(90));
    }
}
