//! What is asked of the engine, and what it answers: [`NewOrder`], [`Placed`], [`RestingOrder`].

use std::fmt;

use crate::side::{Action, BookSide, Side};
use crate::time::Timestamp;
use crate::units::{Money, Price, Quantity};

/// Number of an order, given by the caller; never given twice in one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderId(pub u64);

/// Number of a trading account (a subaccount is an account of its own), given by the caller. Orders of one account never
/// trade with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AccountId(pub u32);

/// Number of an order group, given by the caller; see [`Exchange`](super::Exchange).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupId(pub u32);

/// Number of an execution within its market: 1, 2, 3, … in order of matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TradeSequence(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {}", self.0)
    }
}

/// How long an order works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TimeInForce {
    /// What does not fill rests until it is filled, canceled or expired.
    GoodTillCanceled,
    /// What does not fill at once is canceled.
    ImmediateOrCancel,
    /// Fills whole at once or not at all, unless it meets an order of its own account, when it acts like
    /// [`TimeInForce::ImmediateOrCancel`].
    FillOrKill,
}

/// What happens when an order meets one of its own account. The incoming order's choice counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum SelfTradePrevention {
    /// `taker_at_cross`: the incoming order is canceled at the first own order; earlier fills stand, the resting order is
    /// untouched.
    TakerAtCross,
    /// `maker`: the resting own order is canceled and the incoming one goes on.
    Maker,
}

/// A limit order as it reaches the matching engine, in YES prices: buying NO at q is an ask at 1 − q.
///
/// Built by [`NewOrder::bid`], [`NewOrder::ask`] or [`NewOrder::of`] and the methods that change one thing each; the plain
/// form is good till canceled, `taker_at_cross`, with no flag set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NewOrder {
    /// The caller's number for it.
    pub id: OrderId,
    /// Who trades.
    pub account: AccountId,
    /// Side of the YES book.
    pub side: BookSide,
    /// Limit, a YES price on the market's grid.
    pub price: Price,
    /// Contracts wanted, at least 0.01.
    pub quantity: Quantity,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// When it is canceled by itself; only with [`TimeInForce::GoodTillCanceled`], only in the future.
    pub expiration: Option<Timestamp>,
    /// What happens when it meets an order of its own account.
    pub self_trade: SelfTradePrevention,
    /// Refused if it would trade at once.
    pub post_only: bool,
    /// `Some` makes the order reduce-only; the value is the account's signed position in this market (+ YES, − NO) at this
    /// moment, and the order fills no more than brings it to zero. Only with [`TimeInForce::ImmediateOrCancel`].
    pub reduce_only: Option<Quantity>,
    /// Canceled when trading pauses.
    pub cancel_on_pause: bool,
    /// Order group it belongs to.
    pub group: Option<GroupId>,
}

impl NewOrder {
    /// Buys YES (or sells NO at `1 − price`).
    #[must_use]
    pub const fn bid(id: OrderId, account: AccountId, price: Price, quantity: Quantity) -> NewOrder {
        Self::on(BookSide::Bid, id, account, price, quantity)
    }

    /// Sells YES (or buys NO at `1 − price`).
    #[must_use]
    pub const fn ask(id: OrderId, account: AccountId, price: Price, quantity: Quantity) -> NewOrder {
        Self::on(BookSide::Ask, id, account, price, quantity)
    }

    /// An act on one contract, with `price` that of the contract named: buying NO at 0.30 becomes an ask at 0.70.
    #[must_use]
    pub const fn of(
        side: Side,
        action: Action,
        id: OrderId,
        account: AccountId,
        price: Price,
        quantity: Quantity,
    ) -> NewOrder {
        let yes_price = match side {
            Side::Yes => price,
            Side::No => price.complement(),
        };
        Self::on(BookSide::of(side, action), id, account, yes_price, quantity)
    }

    /// A plain order on a side of the YES book.
    #[must_use]
    pub const fn on(
        side: BookSide,
        id: OrderId,
        account: AccountId,
        price: Price,
        quantity: Quantity,
    ) -> NewOrder {
        NewOrder {
            id,
            account,
            side,
            price,
            quantity,
            time_in_force: TimeInForce::GoodTillCanceled,
            expiration: None,
            self_trade: SelfTradePrevention::TakerAtCross,
            post_only: false,
            reduce_only: None,
            cancel_on_pause: false,
            group: None,
        }
    }

    /// Immediate or cancel.
    #[must_use]
    pub const fn immediate_or_cancel(mut self) -> NewOrder {
        self.time_in_force = TimeInForce::ImmediateOrCancel;
        self
    }

    /// Fill or kill.
    #[must_use]
    pub const fn fill_or_kill(mut self) -> NewOrder {
        self.time_in_force = TimeInForce::FillOrKill;
        self
    }

    /// Canceled by itself at `time`.
    #[must_use]
    pub const fn expiring(mut self, time: Timestamp) -> NewOrder {
        self.expiration = Some(time);
        self
    }

    /// Cancels resting orders of its own account that it meets, and goes on.
    #[must_use]
    pub const fn canceling_own_makers(mut self) -> NewOrder {
        self.self_trade = SelfTradePrevention::Maker;
        self
    }

    /// Refused if it would trade at once.
    #[must_use]
    pub const fn post_only(mut self) -> NewOrder {
        self.post_only = true;
        self
    }

    /// Fills no more than brings `position` (+ YES, − NO) to zero.
    #[must_use]
    pub const fn reduce_only(mut self, position: Quantity) -> NewOrder {
        self.reduce_only = Some(position);
        self
    }

    /// Canceled when trading pauses.
    #[must_use]
    pub const fn canceled_on_pause(mut self) -> NewOrder {
        self.cancel_on_pause = true;
        self
    }

    /// In an order group.
    #[must_use]
    pub const fn in_group(mut self, group: GroupId) -> NewOrder {
        self.group = Some(group);
        self
    }
}

/// What became of an order when the engine was done with the command that placed or amended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OrderStatus {
    /// In the book.
    Resting,
    /// Filled whole.
    Executed,
    /// Over, with something unfilled.
    Canceled(super::CancelReason),
}

/// The engine's answer to an accepted order or amendment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Placed {
    /// What became of it.
    pub status: OrderStatus,
    /// Contracts filled by this command.
    pub filled: Quantity,
    /// Contracts now resting.
    pub remaining: Quantity,
    /// Σ YES price × contracts of those fills; divided by `filled` it is the average fill price.
    pub notional: Money,
}

/// An order in the book, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RestingOrder {
    /// The caller's number for it.
    pub id: OrderId,
    /// Whose it is.
    pub account: AccountId,
    /// Side of the YES book.
    pub side: BookSide,
    /// Limit, a YES price.
    pub price: Price,
    /// Contracts filled so far.
    pub filled: Quantity,
    /// Contracts still wanted, above zero.
    pub remaining: Quantity,
    /// When it is canceled by itself.
    pub expiration: Option<Timestamp>,
    /// Order group it belongs to.
    pub group: Option<GroupId>,
}
