//! The exchange's clock: wall time at the start, tokio's clock since, so that a test can pause it.

use kmi_domain::Timestamp;
use tokio::time::Instant;

/// Tells the exchange's time. Never goes back, even where the wall clock does.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Timestamp,
    started: Instant,
}

impl Clock {
    /// A clock that says `origin` now.
    pub fn starting(origin: Timestamp) -> Clock {
        Clock {
            origin,
            started: Instant::now(),
        }
    }

    /// The exchange's time.
    pub fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.origin.micros().saturating_add(elapsed))
    }

    /// When it will say `time`; at once where that is past.
    pub fn instant_of(&self, time: Timestamp) -> Instant {
        let wait = u64::try_from(time.micros_since(self.origin)).unwrap_or(0);
        self.started + std::time::Duration::from_micros(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn time_goes_on_from_where_it_was_told_to_start() {
        let clock = Clock::starting(Timestamp::from_seconds(1_000));
        tokio::time::advance(Duration::from_millis(2_500)).await;
        assert_eq!(clock.now(), Timestamp::from_micros(1_002_500_000));
        assert_eq!(
            clock.instant_of(Timestamp::from_seconds(1_003)),
            Instant::now() + Duration::from_millis(500)
        );
    }
}
