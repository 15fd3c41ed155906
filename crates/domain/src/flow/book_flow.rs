//! Own orders in a recorded book.

use crate::book::{OrderBook, SyncedBook};

/// One market's recorded book and the own orders in it.
#[derive(Clone, Debug, Default)]
pub struct BookFlow {
    book: SyncedBook,
}

impl BookFlow {
    /// The recorded book, while it is in sync: without own orders and without what they took.
    #[inline]
    #[must_use]
    pub fn book(&self) -> Option<&OrderBook> {
        self.book.book()
    }
}
