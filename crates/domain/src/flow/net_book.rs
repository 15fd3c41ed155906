//! A recorded book net of what own orders took from it.

use crate::book::{ApplyError, BookState, OrderBook, SyncedBook};
use crate::market::Level;
use crate::side::Side;
use crate::units::{Price, Quantity};

/// A recorded book, and what would be left of it had own orders really taken what they took.
///
/// What was taken stays gone: as many contracts of that level count as taken until the level shrinks below that number, and
/// then all that is left of it does. A gap or a snapshot changes nothing about that.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NetBook {
    recorded: SyncedBook,
    /// Contracts of each recorded level that own orders took and that are still displayed.
    taken: OrderBook,
    /// The recorded book less `taken`; kept only while something is taken, which is seldom.
    net: OrderBook,
    any_taken: bool,
}

impl NetBook {
    /// A book that awaits its first snapshot.
    #[must_use]
    pub fn new() -> NetBook {
        NetBook::default()
    }

    /// Whether the recorded book may be trusted.
    #[must_use]
    pub fn state(&self) -> BookState {
        self.recorded.state()
    }

    /// What is to be had, while the recorded book is in sync.
    #[inline]
    #[must_use]
    pub fn book(&self) -> Option<&OrderBook> {
        let recorded = self.recorded.book()?;
        Some(if self.any_taken { &self.net } else { recorded })
    }

    /// What was recorded, taken contracts and all, while it is in sync.
    #[inline]
    #[must_use]
    pub fn recorded(&self) -> Option<&OrderBook> {
        self.recorded.book()
    }

    /// What was recorded last, in sync or not.
    pub(super) fn last_recorded(&self) -> &OrderBook {
        self.recorded.last_known()
    }

    /// Takes a recorded snapshot.
    pub fn snapshot(&mut self, yes: impl Iterator<Item = Level>, no: impl Iterator<Item = Level>) {
        self.recorded.snapshot(yes, no);
        if !self.any_taken {
            return;
        }
        self.net = self.recorded.last_known().clone();
        for side in [Side::Yes, Side::No] {
            let taken: Vec<Level> = self.taken.levels(side).collect();
            for level in taken {
                let shown = self.recorded.last_known().quantity_at(side, level.price);
                self.follow(side, level.price, shown);
            }
        }
    }

    /// Takes a recorded signed change and returns what the recorded level holds then.
    ///
    /// # Errors
    /// As [`SyncedBook::apply`].
    #[inline]
    pub fn apply(&mut self, side: Side, price: Price, delta: Quantity) -> Result<Quantity, ApplyError> {
        let new = self.recorded.apply(side, price, delta)?;
        if self.any_taken {
            self.follow(side, price, new);
        }
        Ok(new)
    }

    /// Takes a recorded level's new quantity and returns what it held before; nothing deletes it.
    ///
    /// # Errors
    /// As [`SyncedBook::set`].
    #[inline]
    pub fn set(&mut self, side: Side, price: Price, quantity: Quantity) -> Result<Quantity, ApplyError> {
        let old = self.recorded.set(side, price, quantity)?;
        if self.any_taken {
            self.follow(side, price, quantity);
        }
        Ok(old)
    }

    /// Hides the book until the next snapshot, after a gap.
    pub fn mark_stale(&mut self) {
        self.recorded.mark_stale();
    }

    /// Own orders took contracts of a recorded level.
    pub fn take(&mut self, side: Side, price: Price, quantity: Quantity) {
        if !self.any_taken {
            self.net = self.recorded.last_known().clone();
            self.any_taken = true;
        }
        let taken = self.taken.quantity_at(side, price) + quantity;
        self.taken.set(side, price, taken);
        let shown = self.recorded.last_known().quantity_at(side, price);
        self.follow(side, price, shown);
    }

    /// A recorded level holds `shown` contracts now.
    fn follow(&mut self, side: Side, price: Price, shown: Quantity) {
        let taken = self.taken.quantity_at(side, price);
        let kept = taken.min(shown.max(Quantity::ZERO));
        self.net.set(side, price, shown - kept);
        if kept < taken {
            self.taken.set(side, price, kept);
            self.any_taken = !self.taken.is_empty();
        }
    }
}
