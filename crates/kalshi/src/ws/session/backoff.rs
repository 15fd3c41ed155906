//! How long to wait before the next connection.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;

use crate::ws::config::Backoff;

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Try again after this long.
    Retry {
        /// Which attempt, from 1.
        attempt: u32,
        /// After how long.
        delay: Duration,
    },
    /// Give up, but try again after this long.
    Probe(Duration),
}

/// Counts failures.
#[derive(Debug)]
pub(super) struct Failures {
    policy: Backoff,
    in_a_row: u32,
    rng: StdRng,
}

impl Failures {
    pub(super) fn new(policy: Backoff, rng: StdRng) -> Failures {
        Failures {
            policy,
            in_a_row: 0,
            rng,
        }
    }

    /// After a connection that served well for `served`, or one that did not come about.
    pub(super) fn wait_after(&mut self, served: Duration) -> Wait {
        if served >= self.policy.stable_after {
            self.in_a_row = 0;
        }
        self.in_a_row += 1;
        if self.in_a_row > self.policy.failures {
            return self.probe();
        }
        let doublings = (self.in_a_row - 1).min(16);
        let delay = self
            .policy
            .first
            .saturating_mul(1 << doublings)
            .min(self.policy.cap);
        Wait::Retry {
            attempt: self.in_a_row,
            delay: self.jittered(delay),
        }
    }

    /// After a failure that trying again soon would not mend.
    pub(super) fn probe(&mut self) -> Wait {
        Wait::Probe(self.jittered(self.policy.probe))
    }

    fn jittered(&mut self, delay: Duration) -> Duration {
        let spread = self.policy.jitter_percent.min(100);
        delay * self.rng.random_range(100 - spread..=100 + spread) / 100
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn failures(jitter_percent: u32) -> Failures {
        let policy = Backoff {
            jitter_percent,
            failures: 6,
            ..Backoff::default()
        };
        Failures::new(policy, StdRng::seed_from_u64(1))
    }

    #[test]
    fn waits_double_up_to_the_cap_and_then_it_only_probes() {
        let mut failures = failures(0);
        let seconds: Vec<u64> = (0..6)
            .map(|_| match failures.wait_after(Duration::ZERO) {
                Wait::Retry { delay, .. } => delay.as_secs(),
                Wait::Probe(_) => panic!("too early"),
            })
            .collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 32]);
        assert_eq!(
            failures.wait_after(Duration::ZERO),
            Wait::Probe(Duration::from_mins(1))
        );
    }

    #[test]
    fn a_connection_that_lasted_begins_anew() {
        let mut failures = failures(0);
        failures.wait_after(Duration::ZERO);
        failures.wait_after(Duration::from_secs(9));
        let wait = failures.wait_after(Duration::from_secs(10));
        assert_eq!(
            wait,
            Wait::Retry {
                attempt: 1,
                delay: Duration::from_secs(2)
            }
        );
    }

    #[test]
    fn chance_moves_a_wait_by_a_fifth_at_most() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let Wait::Probe(delay) = failures(20).probe() else {
                panic!("a probe")
            };
            seen.insert(delay);
            assert!((48..=72).contains(&delay.as_secs()), "{delay:?}");
        }
        let mut failures = failures(20);
        let waits: std::collections::BTreeSet<_> =
            (0..50).map(|_| format!("{:?}", failures.probe())).collect();
        assert!(waits.len() > 10);
    }
}
