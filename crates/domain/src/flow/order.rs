//! Own orders as they meet the flow, and what becomes of them.

use super::{CancelReason, OrderId, TimeInForce};
use crate::fees::Role;
use crate::side::{BookSide, Side};
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// Where an own order stands among those that wait at its price, which no recording shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum QueueModel {
    /// First: nobody is ever ahead. An upper bound.
    Front,
    /// Last, and whoever cancels was behind as long as that is possible. A lower bound.
    #[default]
    Back,
    /// Last, and cancels come from ahead and from behind in proportion to how much waits there, rounded against us.
    Proportional,
}

/// An own order, in YES prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FlowOrder {
    /// The caller's number for it, never given twice.
    pub id: OrderId,
    /// Side of the YES book.
    pub side: BookSide,
    /// Worst YES price acceptable.
    pub limit: Price,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Refused if it would trade at once.
    pub post_only: bool,
    /// When what remains is canceled; the caller calls `expire` then.
    pub expires: Option<Timestamp>,
}

impl FlowOrder {
    /// The limit as the price of the contract gained: what is compared with that side's bids.
    #[inline]
    pub(super) fn own_price(&self) -> Price {
        own_price(self.side, self.limit)
    }

    /// True for a bid at $1 and an ask at $0, which no level of a book could hold.
    #[inline]
    pub(super) fn accepts_any_price(&self) -> bool {
        self.own_price() == Price::ONE
    }
}

/// A YES price as the price of the contract that `side` gains.
#[inline]
pub(super) fn own_price(side: BookSide, yes_price: Price) -> Price {
    match side.outcome() {
        Side::Yes => yes_price,
        Side::No => yes_price.complement(),
    }
}

/// Execution of an own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FlowFill {
    /// Order.
    pub order: OrderId,
    /// Its side.
    pub side: BookSide,
    /// YES price.
    pub price: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// Rested or crossed.
    pub role: Role,
    /// Contracts of the order that remain.
    pub remaining: Quantity,
}

/// What became of an own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FlowEvent {
    /// It was taken in; told before its first fill.
    Accepted {
        /// Order.
        order: OrderId,
    },
    /// Part or all of it filled.
    Filled(FlowFill),
    /// Its limit or quantity changed.
    Amended {
        /// Order.
        order: OrderId,
        /// New limit, a YES price.
        limit: Price,
        /// New total quantity, counting what has filled.
        quantity: Quantity,
    },
    /// What remained was canceled.
    Canceled {
        /// Order.
        order: OrderId,
        /// Contracts that remained.
        remaining: Quantity,
        /// Why.
        reason: CancelReason,
    },
}

/// Why an order was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Post-only, and it would have traded.
    #[error("a post-only order would trade at once")]
    WouldCross,
    /// Nobody knows what it would meet.
    #[error("the book is not in sync")]
    BookNotSynced,
    /// No contracts, or fewer.
    #[error("the quantity is not above zero")]
    NoQuantity,
}

/// Why an order was not changed; it is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmendRefusal {
    /// It is not, or no longer, here.
    #[error("no such order rests")]
    Unknown,
    /// As for a new order.
    #[error(transparent)]
    Refused(#[from] Refusal),
}
