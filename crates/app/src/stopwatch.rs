//! How long something took, on a clock that is an argument.

use std::time::Duration;

/// Time since some beginning, read through a function the caller gives: the real clock, or one that a test sets.
#[derive(Clone, Copy)]
pub struct Stopwatch<'a> {
    elapsed: &'a (dyn Fn() -> Duration + Sync),
}

impl<'a> Stopwatch<'a> {
    /// Reads `elapsed`, which must not go backwards.
    #[must_use]
    pub fn new(elapsed: &'a (dyn Fn() -> Duration + Sync)) -> Stopwatch<'a> {
        Stopwatch { elapsed }
    }

    /// Time since the beginning.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    /// Runs something and says how long it took.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> (T, Duration) {
        let start = self.elapsed();
        let made = work();
        (made, self.elapsed().saturating_sub(start))
    }
}

impl std::fmt::Debug for Stopwatch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stopwatch")
            .field("elapsed", &self.elapsed())
            .finish()
    }
}
