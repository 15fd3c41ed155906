//! An order while it matches: [`Taker`].

use super::event::{CancelReason, Event};
use super::order::{AccountId, GroupId, NewOrder, OrderId, OrderStatus, Placed, SelfTradePrevention};
use super::slab::Node;
use crate::side::BookSide;
use crate::units::{Money, Price, Quantity};

/// An order while it matches.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Taker {
    pub(super) id: OrderId,
    pub(super) account: AccountId,
    pub(super) group: Option<GroupId>,
    pub(super) side: BookSide,
    pub(super) price: Price,
    pub(super) self_trade: SelfTradePrevention,
    /// Contracts of the order still open.
    pub(super) open: Quantity,
    /// Contracts it may fill, at most `open`; less when it may only reduce a position.
    pub(super) wanted: Quantity,
    pub(super) filled: Quantity,
    pub(super) notional: Money,
}

/// Why matching stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Stop {
    /// Nothing more wanted, or nothing more that crosses.
    Done,
    /// An order of the same account stood in the way.
    OwnOrder,
}

impl Taker {
    pub(super) fn new(order: &NewOrder) -> Taker {
        let wanted = match order.reduce_only {
            None => order.quantity,
            Some(position) => {
                let held = match order.side {
                    BookSide::Bid => -position,
                    BookSide::Ask => position,
                };
                held.clamp(Quantity::ZERO, order.quantity)
            }
        };
        Taker {
            id: order.id,
            account: order.account,
            group: order.group,
            side: order.side,
            price: order.price,
            self_trade: order.self_trade,
            open: order.quantity,
            wanted,
            filled: Quantity::ZERO,
            notional: Money::ZERO,
        }
    }

    /// A resting order on its way in again, at another price.
    pub(super) fn again(node: &Node, price: Price, remaining: Quantity) -> Taker {
        Taker {
            id: node.id,
            account: node.account,
            group: node.group,
            side: node.side,
            price,
            self_trade: node.self_trade,
            open: remaining,
            wanted: remaining,
            filled: Quantity::ZERO,
            notional: Money::ZERO,
        }
    }

    pub(super) fn take(&mut self, price: Price, quantity: Quantity) {
        self.open -= quantity;
        self.wanted -= quantity;
        self.filled += quantity;
        self.notional += price * quantity;
    }

    pub(super) fn cancel(&self, reason: CancelReason, events: &mut Vec<Event>) -> Placed {
        events.push(Event::Canceled {
            order: self.id,
            account: self.account,
            group: self.group,
            reason,
            quantity: self.open,
        });
        self.placed(OrderStatus::Canceled(reason), Quantity::ZERO)
    }

    pub(super) fn executed(&self) -> Placed {
        self.placed(OrderStatus::Executed, Quantity::ZERO)
    }

    pub(super) fn placed(&self, status: OrderStatus, remaining: Quantity) -> Placed {
        Placed {
            status,
            filled: self.filled,
            remaining,
            notional: self.notional,
        }
    }
}
