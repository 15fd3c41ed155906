//! A book that is shown only while it is known to be good.

use super::{NegativeLevel, OrderBook};
use crate::market::Level;
use crate::side::Side;
use crate::units::{Price, Quantity};

/// Whether a book may be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BookState {
    /// Never had a snapshot.
    #[default]
    AwaitingSnapshot,
    /// A snapshot and every delta since.
    Synced,
    /// Something was missed; good again after the next snapshot.
    Stale,
}

impl BookState {
    /// `awaiting_snapshot`, `synced` or `stale`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            BookState::AwaitingSnapshot => "awaiting_snapshot",
            BookState::Synced => "synced",
            BookState::Stale => "stale",
        }
    }
}

/// Why a delta was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The book waits for a snapshot.
    #[error("the book is {}", .0.as_str())]
    NotSynced(BookState),
    /// The level has too little; the book is stale from here on.
    #[error(transparent)]
    Negative(#[from] NegativeLevel),
}

/// An [`OrderBook`] behind its state: known good or not to be had at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SyncedBook {
    book: OrderBook,
    state: BookState,
}

impl SyncedBook {
    /// A book that awaits its first snapshot.
    #[must_use]
    pub fn new() -> SyncedBook {
        SyncedBook::default()
    }

    /// Whether it may be trusted.
    #[must_use]
    pub fn state(&self) -> BookState {
        self.state
    }

    /// The book, while it is in sync.
    #[inline]
    #[must_use]
    pub fn book(&self) -> Option<&OrderBook> {
        (self.state == BookState::Synced).then_some(&self.book)
    }

    /// Takes a whole book; in sync from here on.
    pub fn snapshot(&mut self, yes: impl Iterator<Item = Level>, no: impl Iterator<Item = Level>) {
        self.book.replace(yes, no);
        self.state = BookState::Synced;
    }

    /// Takes a signed change and returns what rests at the level then.
    ///
    /// # Errors
    /// [`ApplyError::NotSynced`] and nothing changes, or [`ApplyError::Negative`] and the book is stale.
    #[inline]
    pub fn apply(&mut self, side: Side, price: Price, delta: Quantity) -> Result<Quantity, ApplyError> {
        if self.state != BookState::Synced {
            return Err(ApplyError::NotSynced(self.state));
        }
        let applied = self.book.apply(side, price, delta);
        if applied.is_err() {
            self.mark_stale();
        }
        Ok(applied?)
    }

    /// Takes a level's new quantity and returns what rested before; nothing deletes the level.
    ///
    /// # Errors
    /// [`ApplyError::NotSynced`] and nothing changes.
    #[inline]
    pub fn set(&mut self, side: Side, price: Price, quantity: Quantity) -> Result<Quantity, ApplyError> {
        if self.state != BookState::Synced {
            return Err(ApplyError::NotSynced(self.state));
        }
        Ok(self.book.set(side, price, quantity))
    }

    /// Hides what is known, after a gap or a lost connection. A book that never had a snapshot goes on awaiting it.
    pub fn mark_stale(&mut self) {
        if self.state == BookState::Synced {
            self.state = BookState::Stale;
        }
    }

    /// The book as it was when last in sync, for comparing with the next snapshot; empty before the first.
    pub(crate) fn last_known(&self) -> &OrderBook {
        &self.book
    }
}
