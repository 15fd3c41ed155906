//! How often an address may ask: [`RateLimits`].

use std::net::IpAddr;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::RateLimit;
use crate::error::ApiError;

type Limiter = RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock, StateInformationMiddleware>;

/// Buckets, one for each address that asked lately.
pub(crate) struct RateLimits {
    limiter: Limiter,
    clock: DefaultClock,
    rate: RateLimit,
}

/// What is left of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    limit: u32,
    remaining: u32,
    /// Seconds until it is full again.
    reset: u32,
}

impl RateLimits {
    pub(crate) fn new(rate: RateLimit) -> RateLimits {
        let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
        RateLimits {
            limiter: RateLimiter::keyed(quota).with_middleware(),
            clock: DefaultClock::default(),
            rate,
        }
    }

    /// Takes one from the bucket of an address.
    pub(super) fn take(&self, address: IpAddr) -> Result<Left, ApiError> {
        match self.limiter.check_key(&address) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let missing = self.rate.burst.get().saturating_sub(remaining);
                Ok(Left {
                    limit: self.rate.burst.get(),
                    remaining,
                    reset: missing.div_ceil(self.rate.per_second.get()),
                })
            }
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now());
                let seconds = u32::try_from(wait.as_secs())
                    .unwrap_or(u32::MAX)
                    .saturating_add(1);
                let rate = self.rate.per_second;
                let mut error = ApiError::too_many(format!("more than {rate} requests a second"), seconds);
                error.details = Some(std::sync::Arc::new(
                    serde_json::json!({"per_second": rate, "burst": self.rate.burst}),
                ));
                Err(error)
            }
        }
    }

    /// Forgets addresses that have not asked for so long that their buckets are full.
    pub(crate) fn tidy(&self) {
        self.limiter.retain_recent();
    }
}

impl Left {
    /// Says so in the answer.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        for (name, value) in [
            ("x-ratelimit-limit", self.limit),
            ("x-ratelimit-remaining", self.remaining),
            ("x-ratelimit-reset", self.reset),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn each_address_has_its_own_bucket_and_is_told_what_is_left() {
        let limits = RateLimits::new(RateLimit {
            per_second: NonZeroU32::MIN,
            burst: NonZeroU32::new(3).unwrap(),
        });
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        let there: IpAddr = "::1".parse().unwrap();

        let first = limits.take(here).unwrap();
        assert_eq!((first.limit, first.remaining, first.reset), (3, 2, 1));
        assert_eq!(limits.take(there).unwrap().remaining, 2);
    }

    #[test]
    fn an_empty_bucket_refuses_and_says_when_to_come_again() {
        let limits = RateLimits::new(RateLimit {
            per_second: NonZeroU32::MIN,
            burst: NonZeroU32::MIN,
        });
        let here: IpAddr = "127.0.0.1".parse().unwrap();
        limits.take(here).unwrap();

        let refused = limits.take(here).unwrap_err();

        assert_eq!(refused.code, crate::error::Code::RateLimited);
        assert_eq!(refused.retry, crate::error::Retry::After(1));
    }
}
