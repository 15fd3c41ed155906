//! What happened in a market, in order: [`Event`].

use super::order::{AccountId, GroupId, OrderId, TradeSequence};
use crate::side::{BookSide, Side};
use crate::units::{Money, Price, Quantity};

/// Why an order, or the rest of one, was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CancelReason {
    /// Its owner asked.
    User,
    /// Immediate or cancel, and the book had no more.
    ImmediateRemainder,
    /// Fill or kill, and the book had too little; nothing was filled.
    FillOrKill,
    /// It met, or was met by, an order of its own account.
    SelfTrade,
    /// Its expiration came.
    Expiry,
    /// Trading paused and it was flagged for that.
    Pause,
    /// The market was halted.
    Halt,
    /// The market closed.
    Close,
    /// Its order group was triggered or deleted.
    Group,
    /// Reduce-only, and the position had no more to reduce.
    ReduceOnly,
}

/// One party to a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FillParty {
    /// Its order.
    pub order: OrderId,
    /// Its account.
    pub account: AccountId,
    /// Group of the order.
    pub group: Option<GroupId>,
    /// Contracts of the order still open after this fill (a taker's may be canceled right after).
    pub remaining: Quantity,
}

/// An execution: two orders met at the maker's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fill {
    /// Number within the market.
    pub trade: TradeSequence,
    /// YES price, the maker's.
    pub price: Price,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// Side of the YES book the taker was on; the maker was on the other.
    pub taker_side: BookSide,
    /// Who rested.
    pub maker: FillParty,
    /// Who crossed.
    pub taker: FillParty,
}

impl Fill {
    /// The party on `side` of the YES book.
    pub fn party(&self, side: BookSide) -> &FillParty {
        if side == self.taker_side {
            &self.taker
        } else {
            &self.maker
        }
    }

    /// Price of the contract that the party on `side` gains: the YES price for a bid, the NO price for an ask.
    pub const fn price_for(&self, side: BookSide) -> Price {
        match side {
            BookSide::Bid => self.price,
            BookSide::Ask => self.price.complement(),
        }
    }

    /// YES price × contracts, exact.
    pub fn notional(&self) -> Money {
        self.price * self.quantity
    }
}

/// A public change of one price level: exactly what an order book feed says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LevelChange {
    /// Side of the YES book.
    pub side: BookSide,
    /// YES price.
    pub price: Price,
    /// Signed change of the contracts resting there, never zero.
    pub change: Quantity,
    /// Contracts resting there afterwards, zero when the level is gone.
    pub total: Quantity,
}

impl LevelChange {
    /// The contract bid for, as a bids-only book lists it: an ask is a NO bid.
    pub const fn outcome(&self) -> Side {
        self.side.outcome()
    }

    /// Price of that contract: an ask at p is a NO bid at 1 − p.
    pub const fn outcome_price(&self) -> Price {
        match self.side {
            BookSide::Bid => self.price,
            BookSide::Ask => self.price.complement(),
        }
    }
}

/// What an amendment did to an order's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Queue {
    /// Less or the same size at the same price.
    Kept,
    /// Another price or a larger size.
    Lost,
}

/// What happened in one market. A command's events come in the order in which they happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// An order came in.
    Accepted {
        /// The order.
        order: OrderId,
        /// Whose it is.
        account: AccountId,
        /// Side of the YES book.
        side: BookSide,
        /// Limit, a YES price.
        price: Price,
        /// Contracts wanted.
        quantity: Quantity,
    },
    /// Two orders met. A party whose remaining is zero is executed, no further event says so.
    Filled(Fill),
    /// An order entered the book.
    Resting {
        /// The order.
        order: OrderId,
        /// Group of the order.
        group: Option<GroupId>,
        /// Contracts resting.
        remaining: Quantity,
    },
    /// An order, or the rest of it, is over.
    Canceled {
        /// The order.
        order: OrderId,
        /// Whose it is.
        account: AccountId,
        /// Group of the order.
        group: Option<GroupId>,
        /// Why.
        reason: CancelReason,
        /// Contracts canceled, above zero.
        quantity: Quantity,
    },
    /// An order was amended; fills of the amended order follow.
    Amended {
        /// The order.
        order: OrderId,
        /// Its limit now, a YES price.
        price: Price,
        /// Contracts filled before plus `remaining`.
        total: Quantity,
        /// Contracts wanted before any fill that follows.
        remaining: Quantity,
        /// Whether it kept its place.
        queue: Queue,
    },
    /// An order was made smaller; it kept its place.
    Decreased {
        /// The order.
        order: OrderId,
        /// Contracts taken away, above zero.
        by: Quantity,
        /// Contracts still resting, above zero.
        remaining: Quantity,
    },
    /// A price level changed.
    Level(LevelChange),
}
