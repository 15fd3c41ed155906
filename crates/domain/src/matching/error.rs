//! Refusals, each with the values that explain it. A refused command changes nothing and emits nothing.

use super::order::{AccountId, GroupId, OrderId};
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// Why an order was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SubmitError {
    /// Trading is paused.
    #[error("trading is paused")]
    Paused,
    /// The market has closed for good.
    #[error("the market is closed")]
    Closed,
    /// A price off the market's grid (`invalid_price`).
    #[error("{price} is off the market's price grid")]
    InvalidPrice {
        /// The price asked for.
        price: Price,
    },
    /// A size of zero or less, or above [`Quantity::MAX`] (`invalid_order_size`).
    #[error("{quantity} is no order size")]
    InvalidQuantity {
        /// The size asked for.
        quantity: Quantity,
    },
    /// A post-only order that would trade at once.
    #[error("post only cross: {price} meets {best}")]
    PostOnlyCross {
        /// Its limit.
        price: Price,
        /// Best price on the other side.
        best: Price,
    },
    /// An expiration on an order that does not rest.
    #[error("only a good till canceled order expires")]
    ExpirationNotGoodTillCanceled,
    /// An expiration that is not in the future.
    #[error("expiration {expiration} is not after {now}")]
    ExpirationPast {
        /// The expiration asked for.
        expiration: Timestamp,
        /// The time of the command.
        now: Timestamp,
    },
    /// Reduce-only on an order that is not immediate or cancel.
    #[error("a reduce-only order must be immediate or cancel")]
    ReduceOnlyNotImmediate,
    /// An order with that number rests already.
    #[error("{order} rests already")]
    DuplicateOrder {
        /// The number given twice.
        order: OrderId,
    },
    /// The market holds 4,294,967,294 resting orders, its bound.
    #[error("the book is full")]
    BookFull,
}

/// Why an amendment was refused; the order stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AmendError {
    /// No such order rests.
    #[error("{order} does not rest here")]
    NotResting {
        /// The number given.
        order: OrderId,
    },
    /// The new total leaves nothing to fill: cancel it instead.
    #[error("a total of {total} is not above the {filled} filled")]
    NothingLeft {
        /// The new total asked for.
        total: Quantity,
        /// Contracts filled so far.
        filled: Quantity,
    },
    /// What would be refused of a new order too: a paused or closed market, a price off the grid, a size above the limit, a
    /// past expiration, a post-only order that would cross.
    #[error(transparent)]
    Refused(#[from] SubmitError),
}

/// How much smaller an order is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Decrease {
    /// `reduce_by`: this many contracts fewer.
    By(Quantity),
    /// `reduce_to`: this many contracts left.
    To(Quantity),
}

/// Why a cancel or decrease was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CancelError {
    /// No such order rests: unknown, executed or canceled before.
    #[error("{order} does not rest here")]
    NotResting {
        /// The number given.
        order: OrderId,
    },
    /// The market has closed: every operation is refused.
    #[error("the market is closed")]
    Closed,
    /// A decrease that takes nothing away, or more than there is.
    #[error("cannot leave {to} of {remaining}")]
    NotSmaller {
        /// Contracts that would be left.
        to: Quantity,
        /// Contracts resting.
        remaining: Quantity,
    },
}

/// Why a command on an order group, or an order in one, was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum GroupError {
    /// No such group.
    #[error("there is no order group {}", group.0)]
    Unknown {
        /// The number given.
        group: GroupId,
    },
    /// A group with that number exists.
    #[error("order group {} exists", group.0)]
    Duplicate {
        /// The number given twice.
        group: GroupId,
    },
    /// The group belongs to another account.
    #[error("order group {} is not of account {}", group.0, account.0)]
    NotOwned {
        /// The group.
        group: GroupId,
        /// Who asked.
        account: AccountId,
    },
    /// The group was triggered and takes no orders until it is reset.
    #[error("order group {} is triggered", group.0)]
    Triggered {
        /// The group.
        group: GroupId,
    },
    /// The account has as many groups as it may.
    #[error("account {} has {} order groups, the most it may have", account.0, super::groups::MAX_GROUPS_PER_ACCOUNT)]
    TooMany {
        /// The account.
        account: AccountId,
    },
    /// A limit outside 1 to 1,000,000 contracts.
    #[error("a limit of {contracts} contracts is outside 1 to 1000000")]
    InvalidLimit {
        /// The limit asked for.
        contracts: u32,
    },
}

/// Why an exchange refused an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PlaceError {
    /// Its group does not take it.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// Its market does not take it.
    #[error(transparent)]
    Refused(#[from] SubmitError),
}
