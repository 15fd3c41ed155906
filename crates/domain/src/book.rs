//! Order book of one market: bids only on both sides, snapshot and signed deltas.
//!
//! The exchange publishes resting bids for YES and bids for NO; an ask for YES at p is a bid for NO at $1 − p, so nothing
//! is lost by keeping bids alone. [`OrderBook`] holds them, [`SyncedBook`] hands them out only while they are known good.

mod ladder;
mod synced;

use crate::market::Level;
use crate::side::Side;
use crate::units::{Money, Price, Quantity};
use ladder::Ladder;

pub use ladder::Levels;
pub use synced::{ApplyError, BookState, SyncedBook};

/// A delta that would have left less than nothing at a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{delta} at {side} {price} where only {present} rest")]
pub struct NegativeLevel {
    /// Side of the level.
    pub side: Side,
    /// Price of the level.
    pub price: Price,
    /// Contracts that rest there.
    pub present: Quantity,
    /// The change that was refused.
    pub delta: Quantity,
}

/// Resting bids for YES and for NO, best quotes always at hand.
///
/// Kept as one ladder of ticks per side, in whole cents until a finer price arrives. Prices on no grid are taken as they
/// come: validity is the exchange's business. An empty book owns no heap memory.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderBook {
    yes: Ladder,
    no: Ladder,
}

impl OrderBook {
    /// A book with nothing in it.
    #[must_use]
    pub fn new() -> OrderBook {
        OrderBook::default()
    }

    #[inline]
    fn ladder(&self, side: Side) -> &Ladder {
        match side {
            Side::Yes => &self.yes,
            Side::No => &self.no,
        }
    }

    #[inline]
    fn ladder_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Yes => &mut self.yes,
            Side::No => &mut self.no,
        }
    }

    /// Removes every level, keeping the memory.
    pub fn clear(&mut self) {
        self.yes.clear();
        self.no.clear();
    }

    /// Makes `quantity` rest at `price` and returns what rested before; nothing, or less, deletes the level.
    #[inline]
    pub fn set(&mut self, side: Side, price: Price, quantity: Quantity) -> Quantity {
        self.ladder_mut(side).set(price, quantity.max(Quantity::ZERO))
    }

    /// Adds a signed change to the level at `price` and returns what rests there then.
    ///
    /// # Errors
    /// [`NegativeLevel`] when less than nothing would rest; the book is unchanged.
    #[inline]
    pub fn apply(&mut self, side: Side, price: Price, delta: Quantity) -> Result<Quantity, NegativeLevel> {
        self.ladder_mut(side)
            .add(price, delta)
            .map_err(|present| NegativeLevel {
                side,
                price,
                present,
                delta,
            })
    }

    /// Deletes the level at `price`, if there is one.
    pub fn remove(&mut self, side: Side, price: Price) {
        self.set(side, price, Quantity::ZERO);
    }

    /// Makes these levels the whole book. A price given twice keeps its last quantity.
    pub fn replace(&mut self, yes: impl Iterator<Item = Level>, no: impl Iterator<Item = Level>) {
        self.clear();
        for level in yes {
            self.set(Side::Yes, level.price, level.quantity);
        }
        for level in no {
            self.set(Side::No, level.price, level.quantity);
        }
    }

    /// Highest bid for the contract of `side`.
    #[inline]
    #[must_use]
    pub fn best_bid(&self, side: Side) -> Option<Level> {
        self.ladder(side).best()
    }

    /// Lowest ask for the contract of `side`: what the best bid for the other contract implies, with its size.
    #[inline]
    #[must_use]
    pub fn best_ask(&self, side: Side) -> Option<Level> {
        let bid = self.best_bid(side.opposite())?;
        Some(Level {
            price: bid.price.complement(),
            quantity: bid.quantity,
        })
    }

    /// YES ask minus YES bid (the same for NO); negative while the book is crossed, `None` when one-sided.
    #[must_use]
    pub fn spread(&self) -> Option<Money> {
        let (bid, ask) = self.quotes()?;
        Some(ask.per_contract() - bid.per_contract())
    }

    /// YES bid plus YES ask in units of $0.0001: twice the mid price, so that half a tick stays exact. `None` when one-sided.
    #[must_use]
    pub fn double_mid(&self) -> Option<u32> {
        let (bid, ask) = self.quotes()?;
        Some(u32::from(bid.units()) + u32::from(ask.units()))
    }

    /// Best YES bid and ask.
    fn quotes(&self) -> Option<(Price, Price)> {
        Some((self.best_bid(Side::Yes)?.price, self.best_ask(Side::Yes)?.price))
    }

    /// Contracts that rest at a price; nothing where there is no level.
    #[inline]
    #[must_use]
    pub fn quantity_at(&self, side: Side, price: Price) -> Quantity {
        self.ladder(side).quantity_at(price)
    }

    /// Bids of one side, best first.
    #[must_use]
    pub fn levels(&self, side: Side) -> Levels<'_> {
        self.ladder(side).levels()
    }

    /// The best `n` bids of one side, best first.
    pub fn depth(&self, side: Side, n: usize) -> impl Iterator<Item = Level> + '_ {
        self.levels(side).take(n)
    }

    /// Number of levels on one side.
    #[must_use]
    pub fn level_count(&self, side: Side) -> usize {
        self.ladder(side).level_count()
    }

    /// Contracts that rest on one side, at all prices.
    #[must_use]
    pub fn total(&self, side: Side) -> Quantity {
        self.levels(side).map(|level| level.quantity).sum()
    }

    /// True when nothing rests on either side.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.best_bid(Side::Yes).is_none() && self.best_bid(Side::No).is_none()
    }

    /// True when the best YES bid and the best NO bid add up to more than a dollar.
    ///
    /// Seen for an instant in sound recordings: a crossing order shows up on its own side first, what it ate leaves after.
    #[inline]
    #[must_use]
    pub fn is_crossed(&self) -> bool {
        match (self.best_bid(Side::Yes), self.best_bid(Side::No)) {
            (Some(yes), Some(no)) => yes.price > no.price.complement(),
            _ => false,
        }
    }
}

impl PartialEq for OrderBook {
    /// Equal when the same levels rest, whatever ticks they are kept in.
    fn eq(&self, other: &OrderBook) -> bool {
        [Side::Yes, Side::No]
            .into_iter()
            .all(|side| self.levels(side).eq(other.levels(side)))
    }
}

impl Eq for OrderBook {}

#[cfg(test)]
mod tests;
