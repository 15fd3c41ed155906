use std::time::Duration;

use kmi_domain::Timestamp;

/// Millionths in a token: at one token a second, one millionth flows in each microsecond, so that all sums are exact.
const MILLION: u64 = 1_000_000;

/// Size of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BucketSpec {
    /// Tokens that flow in each second.
    pub refill_rate: u64,
    /// Most tokens it holds.
    pub capacity: u64,
}

/// Why tokens were not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// They will be there after this long, if nobody else takes any.
    #[error("there will be enough tokens in {0:?}")]
    For(Duration),
    /// The bucket never holds that many.
    #[error("the bucket never holds that many tokens")]
    Forever,
}

/// A token bucket. Reads no clock: every call says what time it is, on any clock whose origin stays the same.
///
/// A time before that of the last call counts as that of the last call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    spec: BucketSpec,
    /// Millionths of a token there at `at`.
    level: u64,
    at: Timestamp,
}

impl Bucket {
    /// A full bucket.
    pub fn full(spec: BucketSpec, now: Timestamp) -> Bucket {
        Bucket {
            spec,
            level: spec.capacity.saturating_mul(MILLION),
            at: now,
        }
    }

    /// Its size.
    pub fn spec(&self) -> BucketSpec {
        self.spec
    }

    /// Whole tokens there at `now`.
    pub fn available(&mut self, now: Timestamp) -> u64 {
        self.refill(now);
        self.level / MILLION
    }

    /// Takes `cost` tokens, or none.
    ///
    /// # Errors
    /// When there are too few, with the time until there are enough, in whole microseconds rounded up.
    pub fn take(&mut self, now: Timestamp, cost: u64) -> Result<(), Shortage> {
        self.refill(now);
        let cost = cost.saturating_mul(MILLION);
        if cost <= self.level {
            self.level -= cost;
            return Ok(());
        }
        if cost > self.capacity() || self.spec.refill_rate == 0 {
            return Err(Shortage::Forever);
        }
        let missing = cost - self.level;
        Err(Shortage::For(Duration::from_micros(
            missing.div_ceil(self.spec.refill_rate),
        )))
    }

    /// Empties it, as after a 429: the other side counts differently.
    pub fn drain(&mut self, now: Timestamp) {
        self.refill(now);
        self.level = 0;
    }

    /// Changes its size. What is there stays, up to the new capacity.
    pub fn resize(&mut self, spec: BucketSpec, now: Timestamp) {
        self.refill(now);
        self.spec = spec;
        self.level = self.level.min(self.capacity());
    }

    fn capacity(&self) -> u64 {
        self.spec.capacity.saturating_mul(MILLION)
    }

    fn refill(&mut self, now: Timestamp) {
        if now <= self.at {
            return;
        }
        let elapsed = u64::try_from(now.micros_since(self.at)).unwrap_or_default();
        let inflow = elapsed.saturating_mul(self.spec.refill_rate);
        self.level = self.level.saturating_add(inflow).min(self.capacity());
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WRITE: BucketSpec = BucketSpec {
        refill_rate: 100,
        capacity: 100,
    };

    fn ms(milliseconds: i64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    #[test]
    fn ten_orders_go_at_once_and_the_eleventh_after_a_tenth_of_a_second() {
        let mut bucket = Bucket::full(WRITE, ms(0));
        for _ in 0..10 {
            assert_eq!(bucket.take(ms(0), 10), Ok(()));
        }
        assert_eq!(
            bucket.take(ms(0), 10),
            Err(Shortage::For(Duration::from_millis(100)))
        );
        assert_eq!(
            bucket.take(ms(99), 10),
            Err(Shortage::For(Duration::from_millis(1)))
        );
        assert_eq!(bucket.take(ms(100), 10), Ok(()));
    }

    #[test]
    fn a_refusal_takes_nothing() {
        let mut bucket = Bucket::full(WRITE, ms(0));
        assert_eq!(bucket.take(ms(0), 95), Ok(()));
        assert!(bucket.take(ms(0), 10).is_err());
        assert_eq!(bucket.available(ms(0)), 5);
    }

    #[test]
    fn idle_time_fills_up_to_the_capacity_and_no_further() {
        let mut bucket = Bucket::full(
            BucketSpec {
                refill_rate: 300,
                capacity: 600,
            },
            ms(0),
        );
        bucket.drain(ms(0));
        assert_eq!(bucket.available(ms(1_000)), 300);
        assert_eq!(bucket.available(ms(60_000)), 600);
    }

    #[test]
    fn what_is_larger_than_the_bucket_never_fits() {
        let mut bucket = Bucket::full(WRITE, ms(0));
        assert_eq!(bucket.take(ms(0), 101), Err(Shortage::Forever));
        assert_eq!(bucket.take(ms(0), u64::MAX), Err(Shortage::Forever));
        let mut dry = Bucket::full(
            BucketSpec {
                refill_rate: 0,
                capacity: 1,
            },
            ms(0),
        );
        assert_eq!(dry.take(ms(0), 1), Ok(()));
        assert_eq!(dry.take(ms(9_999), 1), Err(Shortage::Forever));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing_twice() {
        let mut bucket = Bucket::full(WRITE, ms(1_000));
        bucket.drain(ms(1_000));
        assert_eq!(bucket.available(ms(500)), 0);
        assert_eq!(bucket.available(ms(1_000)), 0);
        assert_eq!(bucket.available(ms(1_010)), 1);
    }

    #[test]
    fn a_smaller_size_cuts_what_is_there_a_larger_one_gives_nothing() {
        let mut bucket = Bucket::full(WRITE, ms(0));
        bucket.resize(
            BucketSpec {
                refill_rate: 10,
                capacity: 20,
            },
            ms(0),
        );
        assert_eq!(bucket.available(ms(0)), 20);
        bucket.resize(WRITE, ms(0));
        assert_eq!(bucket.available(ms(0)), 20);
    }

    proptest! {
        #[test]
        fn never_more_is_given_than_the_capacity_and_what_flowed_in(
            steps in prop::collection::vec((0_i64..200_000, 1_u64..40), 1..200),
        ) {
            let mut bucket = Bucket::full(WRITE, Timestamp::from_micros(0));
            let (mut now, mut given) = (0_i64, 0_u64);
            for (pause, cost) in steps {
                now += pause;
                if bucket.take(Timestamp::from_micros(now), cost).is_ok() {
                    given += cost;
                }
                prop_assert!(given * MILLION <= 100 * MILLION + 100 * u64::try_from(now).unwrap());
            }
        }

        #[test]
        fn waiting_as_long_as_told_is_enough_and_a_microsecond_less_is_not(
            spent in 0_u64..=100, cost in 1_u64..=100, rate in 1_u64..5_000,
        ) {
            let start = Timestamp::from_micros(0);
            let mut bucket = Bucket::full(BucketSpec { refill_rate: rate, capacity: 100 }, start);
            bucket.take(start, spent).unwrap();
            if let Err(Shortage::For(wait)) = bucket.clone().take(start, cost) {
                let micros = i64::try_from(wait.as_micros()).unwrap();
                prop_assert!(bucket.clone().take(start.plus_micros(micros - 1), cost).is_err());
                prop_assert!(bucket.take(start.plus_micros(micros), cost).is_ok());
            }
        }
    }
}
