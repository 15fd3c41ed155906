//! Own orders on a tape of trades, without a book.

use super::order::{AmendRefusal, FlowEvent, FlowFill, FlowOrder, QueueModel, Refusal};
use super::{CancelReason, OrderId, TimeInForce};
use crate::fees::Role;
use crate::side::{BookSide, Side};
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// One market's trades and the own orders that wait for them.
///
/// A tape shows what traded, not what could have. So orders fill from the prints after they arrive, sharing each print's
/// count in order of arrival:
/// - An order that may trade at once is a **taker**: it fills at the print's price, if its limit allows that price.
///   Immediate-or-cancel has the next print alone, fill-or-kill only if that print covers it whole; good till canceled goes
///   on to the following prints.
/// - A post-only order is a **maker**: it fills at its own limit when a print goes through it. At its limit exactly, and
///   only if the print's taker was on the other side, [`QueueModel::Front`] fills from the whole print,
///   [`QueueModel::Proportional`] from half of it (nobody knows the queue; rounded down), which all such orders share,
///   [`QueueModel::Back`] not at all.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TapeFlow {
    model: QueueModel,
    /// Oldest first.
    orders: Vec<Waiting>,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Waiting {
    order: FlowOrder,
    remaining: Quantity,
}

impl TapeFlow {
    /// Nothing waits.
    #[must_use]
    pub fn new(model: QueueModel) -> TapeFlow {
        TapeFlow {
            model,
            orders: Vec::new(),
        }
    }

    /// True when no own order waits.
    #[inline]
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.orders.is_empty()
    }

    /// Takes in an own order; it fills from the next print on.
    ///
    /// # Errors
    /// [`Refusal::NoQuantity`], and nothing happens.
    pub fn submit(&mut self, order: FlowOrder, out: &mut Vec<FlowEvent>) -> Result<(), Refusal> {
        if !order.quantity.is_positive() {
            return Err(Refusal::NoQuantity);
        }
        self.orders.push(Waiting {
            order,
            remaining: order.quantity,
        });
        out.push(FlowEvent::Accepted { order: order.id });
        Ok(())
    }

    /// Cancels what remains of an order and returns how much that was; `None` when it does not wait.
    pub fn cancel(&mut self, id: OrderId, out: &mut Vec<FlowEvent>) -> Option<Quantity> {
        let at = self.orders.iter().position(|waiting| waiting.order.id == id)?;
        let waiting = self.orders.remove(at);
        out.push(waiting.canceled(CancelReason::User));
        Some(waiting.remaining)
    }

    /// Changes limit (a YES price) and total quantity (counting what has filled) of an order. Anything but fewer contracts
    /// at the same limit goes behind the other own orders; a total no larger than what has filled cancels it.
    ///
    /// # Errors
    /// [`AmendRefusal::Unknown`], and nothing happens.
    pub fn amend(
        &mut self,
        id: OrderId,
        limit: Price,
        quantity: Quantity,
        out: &mut Vec<FlowEvent>,
    ) -> Result<(), AmendRefusal> {
        let at = self
            .orders
            .iter()
            .position(|waiting| waiting.order.id == id)
            .ok_or(AmendRefusal::Unknown)?;
        let mut waiting = self.orders[at];
        waiting.remaining += quantity - waiting.order.quantity;
        if !waiting.remaining.is_positive() {
            self.cancel(id, out);
            return Ok(());
        }
        let keeps_place = limit == waiting.order.limit && quantity <= waiting.order.quantity;
        waiting.order.limit = limit;
        waiting.order.quantity = quantity;
        if keeps_place {
            self.orders[at] = waiting;
        } else {
            self.orders.remove(at);
            self.orders.push(waiting);
        }
        out.push(FlowEvent::Amended {
            order: id,
            limit,
            quantity,
        });
        Ok(())
    }

    /// Cancels orders whose expiration is at or before `now`.
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<FlowEvent>) {
        let expired = |order: &FlowOrder| order.expires.is_some_and(|expires| expires <= now);
        self.cancel_where(expired, CancelReason::Expiry, out);
    }

    /// Cancels every order.
    pub fn cancel_all(&mut self, reason: CancelReason, out: &mut Vec<FlowEvent>) {
        self.cancel_where(|_| true, reason, out);
    }

    fn cancel_where(
        &mut self,
        which: impl Fn(&FlowOrder) -> bool,
        reason: CancelReason,
        out: &mut Vec<FlowEvent>,
    ) {
        self.orders.retain(|waiting| {
            let goes = which(&waiting.order);
            if goes {
                out.push(waiting.canceled(reason));
            }
            !goes
        });
    }

    /// Takes a print at a YES price.
    #[inline]
    pub fn trade(&mut self, price: Price, quantity: Quantity, taker: Side, out: &mut Vec<FlowEvent>) {
        if !self.orders.is_empty() {
            self.share_out(price, quantity, taker, out);
        }
    }

    fn share_out(&mut self, price: Price, quantity: Quantity, taker: Side, out: &mut Vec<FlowEvent>) {
        let mut left = quantity;
        // What makers at the printed price may have of it together: they all wait on one side, so this is one budget.
        let mut in_queue = match self.model {
            QueueModel::Front => quantity,
            QueueModel::Proportional => Quantity::from_units(quantity.units() / 2),
            QueueModel::Back => Quantity::ZERO,
        };
        self.orders.retain_mut(|waiting| {
            let (available, at, role) = waiting.offered(in_queue, price, quantity, taker);
            let fill = waiting.wanted(available.min(left));
            if fill.is_positive() {
                left -= fill;
                if role == Role::Maker && at == price {
                    in_queue -= fill;
                }
                waiting.remaining -= fill;
                out.push(FlowEvent::Filled(FlowFill {
                    order: waiting.order.id,
                    side: waiting.order.side,
                    price: at,
                    quantity: fill,
                    role,
                    remaining: waiting.remaining,
                }));
            }
            waiting.goes_on(out)
        });
    }
}

impl Waiting {
    fn canceled(&self, reason: CancelReason) -> FlowEvent {
        FlowEvent::Canceled {
            order: self.order.id,
            remaining: self.remaining,
            reason,
        }
    }

    /// How much of a print the order may have, at which YES price, in which role; makers at the printed price have at most
    /// `in_queue`.
    fn offered(
        &self,
        in_queue: Quantity,
        price: Price,
        quantity: Quantity,
        taker: Side,
    ) -> (Quantity, Price, Role) {
        let limit = self.order.limit;
        let (allows, through) = match self.order.side {
            BookSide::Bid => (price <= limit, price < limit),
            BookSide::Ask => (price >= limit, price > limit),
        };
        if !self.order.post_only {
            let offered = if allows { quantity } else { Quantity::ZERO };
            return (offered, price, Role::Taker);
        }
        let from_other_side = taker != self.order.side.outcome();
        let offered = if through {
            quantity
        } else if allows && from_other_side {
            in_queue
        } else {
            Quantity::ZERO
        };
        (offered, limit, Role::Maker)
    }

    /// What it takes of `available`.
    fn wanted(&self, available: Quantity) -> Quantity {
        if self.order.time_in_force == TimeInForce::FillOrKill && available < self.remaining {
            return Quantity::ZERO;
        }
        self.remaining.min(available)
    }

    /// False when it is done after a print: filled, or of the kind that has one print alone.
    fn goes_on(&self, out: &mut Vec<FlowEvent>) -> bool {
        if self.remaining.is_zero() {
            return false;
        }
        let reason = match self.order.time_in_force {
            TimeInForce::GoodTillCanceled => return true,
            TimeInForce::ImmediateOrCancel => CancelReason::ImmediateRemainder,
            TimeInForce::FillOrKill => CancelReason::FillOrKill,
        };
        out.push(self.canceled(reason));
        false
    }
}
