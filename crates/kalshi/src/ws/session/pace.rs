//! How fast commands may go out.

use std::time::Duration;

use tokio::time::Instant;

/// So many a second, and as many at once after a pause: a bucket that is full when nothing was sent for a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    interval: Duration,
    /// When the bucket will be full again.
    full_at: Instant,
}

impl Pace {
    pub(super) fn new(per_second: u32, now: Instant) -> Pace {
        Pace {
            interval: Duration::from_secs(1) / per_second.max(1),
            full_at: now,
        }
    }

    /// When the next command may go.
    pub(super) fn free_at(&self) -> Instant {
        // One second's worth fits, this command included.
        (self.full_at + self.interval)
            .checked_sub(Duration::from_secs(1))
            .unwrap_or(self.full_at)
    }

    /// Takes note of a command.
    pub(super) fn spend(&mut self, now: Instant) {
        self.full_at = self.full_at.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seconds_worth_goes_at_once_and_the_rest_in_step() {
        let start = Instant::now();
        let mut pace = Pace::new(4, start);
        let mut now = start;
        let mut sent = Vec::new();
        for _ in 0..7 {
            now = now.max(pace.free_at());
            pace.spend(now);
            sent.push((now - start).as_millis());
        }
        assert_eq!(sent, [0, 0, 0, 0, 250, 500, 750]);
    }
}
