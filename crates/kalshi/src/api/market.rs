//! Markets.

use super::query::filter_word;

filter_word! {
    /// Which markets a list call wants, by where they stand: other words than the `status` of an answer.
    pub enum StatusFilter ("unopened, open, paused, closed or settled") {
        /// Listed, not yet open: `initialized` in an answer.
        Unopened = "unopened",
        /// Trading: `active`.
        Open = "open",
        /// Paused while open: `inactive`.
        Paused = "paused",
        /// Past its close and not yet paid: `closed`, `determined`, `disputed`, `amended`.
        Closed = "closed",
        /// Paid out: `finalized`.
        Settled = "settled",
    }
}
