use std::sync::Mutex;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// How often and how long a read is repeated. Writes never are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, at least 1. Default 4.
    pub attempts: u32,
    /// Wait before the second attempt; each further one waits twice as long. Default 250 ms.
    pub base: Duration,
    /// Longest wait. Default 4 s.
    pub cap: Duration,
    /// No attempt leaves later than this after the first was asked for, waiting for tokens and a connection included; the first
    /// itself has no bound but those of waiting. Default 30 s.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy {
            attempts: 4,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(4),
            total: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// One attempt, no more.
    pub fn never() -> RetryPolicy {
        RetryPolicy {
            attempts: 1,
            ..RetryPolicy::default()
        }
    }

    /// Longest wait after the attempt of that number, counted from 1, before jitter.
    fn longest_wait(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.cap)
    }

    /// Wait after failed attempt number `attempt`, `elapsed` after the first began; `None` gives up.
    pub(super) fn wait_after(&self, attempt: u32, elapsed: Duration, jitter: &Jitter) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let wait = jitter.spread(self.longest_wait(attempt));
        (elapsed + wait <= self.total).then_some(wait)
    }
}

/// Spreads the waits of many clients, from a seed.
pub(super) struct Jitter(Mutex<StdRng>);

impl Jitter {
    pub(super) fn seeded(seed: u64) -> Jitter {
        Jitter(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// Between half of `wait` and all of it.
    fn spread(&self, wait: Duration) -> Duration {
        let mut rng = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        wait.mul_f64(rng.random_range(0.5..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let policy = RetryPolicy {
            attempts: 99,
            ..RetryPolicy::default()
        };
        let waits: Vec<_> = (1..=7).map(|attempt| policy.longest_wait(attempt)).collect();
        assert_eq!(
            waits,
            [ms(250), ms(500), ms(1000), ms(2000), ms(4000), ms(4000), ms(4000)]
        );
        assert_eq!(policy.longest_wait(u32::MAX), ms(4000));
    }

    #[test]
    fn jitter_takes_away_at_most_half_and_repeats_with_its_seed() {
        let policy = RetryPolicy {
            attempts: 200,
            ..RetryPolicy::default()
        };
        let waits = |seed| {
            let jitter = Jitter::seeded(seed);
            (1..=100)
                .map(|n| policy.wait_after(n, Duration::ZERO, &jitter).unwrap())
                .collect::<Vec<_>>()
        };
        for (n, wait) in (1..).zip(waits(7)) {
            assert!(
                wait >= policy.longest_wait(n) / 2 && wait <= policy.longest_wait(n),
                "{n}: {wait:?}"
            );
        }
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    #[test]
    fn it_gives_up_by_count_and_by_time() {
        let jitter = Jitter::seeded(1);
        let policy = RetryPolicy::default();
        assert_eq!(policy.wait_after(4, Duration::ZERO, &jitter), None);
        assert_eq!(policy.wait_after(1, ms(30_000), &jitter), None);
        assert_eq!(RetryPolicy::never().wait_after(1, Duration::ZERO, &jitter), None);
    }
}
