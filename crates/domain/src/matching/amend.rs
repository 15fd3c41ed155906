//! Changing a resting order: amend and decrease.

use super::error::{AmendError, CancelError, Decrease};
use super::event::{CancelReason, Event, Queue};
use super::matcher::{MarketState, Matcher, check_expiration, push_level};
use super::order::{OrderId, OrderStatus, Placed};
use super::slab::{Node, Slot};
use super::taker::{Stop, Taker};
use crate::time::Timestamp;
use crate::units::{Money, Price, Quantity};

/// What an amendment does to the expiration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ExpirationChange {
    /// Leaves it.
    Keep,
    /// Takes it away.
    Clear,
    /// Sets it, to a time in the future.
    At(Timestamp),
}

/// An order's new terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Amendment {
    /// New limit, a YES price on the grid.
    pub price: Price,
    /// New total: contracts filled so far plus the remainder wanted.
    pub total: Quantity,
    /// What becomes of the expiration.
    pub expiration: ExpirationChange,
}

impl Matcher {
    /// Gives a resting order new terms. It keeps its place for a smaller size or another expiration alone; a new price or a
    /// larger size puts it at the back, and a new price may match at once like a new order's.
    ///
    /// Events: `Amended`; then with its place kept, or a larger size alone, one `Level` if the size changed; otherwise
    /// `Level` where it stood and what [`Matcher::submit`] emits after `Accepted`.
    ///
    /// # Errors
    /// [`AmendError`]: the amendment was refused and the order stays as it is, unless it had expired by `now`.
    pub fn amend(
        &mut self,
        now: Timestamp,
        order: OrderId,
        amendment: Amendment,
        events: &mut Vec<Event>,
    ) -> Result<Placed, AmendError> {
        self.expire(now, events);
        self.check_limit(amendment.price, amendment.total)?;
        let slot = *self.slots.get(&order).ok_or(AmendError::NotResting { order })?;
        let node = *self.orders.get(slot);
        let expiration = match amendment.expiration {
            ExpirationChange::Keep => node.expiration,
            ExpirationChange::Clear => None,
            ExpirationChange::At(time) => {
                check_expiration(time, now)?;
                Some(time)
            }
        };
        let remaining = amendment.total - node.filled;
        if !remaining.is_positive() {
            return Err(AmendError::NothingLeft {
                total: amendment.total,
                filled: node.filled,
            });
        }
        let moved = amendment.price != node.price;
        if moved && node.post_only {
            self.check_post_only(node.side, amendment.price)?;
        }
        self.set_expiration(slot, expiration);
        let kept = !moved && remaining <= node.remaining;
        events.push(Event::Amended {
            order,
            price: amendment.price,
            total: amendment.total,
            remaining,
            queue: if kept { Queue::Kept } else { Queue::Lost },
        });
        if moved {
            return Ok(self.replace(slot, amendment.price, remaining, events));
        }
        if kept {
            self.shrink(slot, remaining, events);
        } else {
            self.grow(slot, remaining, events);
        }
        Ok(Placed {
            status: OrderStatus::Resting,
            filled: Quantity::ZERO,
            remaining,
            notional: Money::ZERO,
        })
    }

    /// Makes a resting order smaller; it keeps its place. Left with nothing it is canceled ([`CancelReason::User`]).
    /// Allowed while trading is paused. Returns the contracts taken away.
    ///
    /// # Errors
    /// [`CancelError`]: refused, the order stays as it is.
    pub fn decrease(
        &mut self,
        order: OrderId,
        decrease: Decrease,
        events: &mut Vec<Event>,
    ) -> Result<Quantity, CancelError> {
        if self.state == MarketState::Closed {
            return Err(CancelError::Closed);
        }
        let slot = *self.slots.get(&order).ok_or(CancelError::NotResting { order })?;
        let remaining = self.orders.get(slot).remaining;
        let to = match decrease {
            Decrease::By(quantity) => {
                Quantity::from_units(remaining.units().saturating_sub(quantity.units()))
            }
            Decrease::To(quantity) => quantity,
        };
        if to.is_negative() || to >= remaining {
            return Err(CancelError::NotSmaller { to, remaining });
        }
        let by = remaining - to;
        if to.is_zero() {
            self.cancel_slot(slot, CancelReason::User, events);
        } else {
            events.push(Event::Decreased {
                order,
                by,
                remaining: to,
            });
            self.shrink(slot, to, events);
        }
        Ok(by)
    }

    fn set_expiration(&mut self, slot: Slot, expiration: Option<Timestamp>) {
        let node = self.orders.get_mut(slot);
        let (id, before) = (node.id, node.expiration);
        node.expiration = expiration;
        if let Some(time) = before {
            self.expirations.remove(&(time, id));
        }
        if let Some(time) = expiration {
            self.expirations.insert((time, id));
        }
    }

    /// Sets a remainder not above the present one, in place.
    fn shrink(&mut self, slot: Slot, remaining: Quantity, events: &mut Vec<Event>) {
        let node = self.orders.get_mut(slot);
        let by = node.remaining - remaining;
        if by.is_zero() {
            return;
        }
        node.remaining = remaining;
        let (side, price) = (node.side, node.price);
        let ladder = self.ladder_mut(side);
        let rank = ladder.rank(price);
        let level = ladder.level_mut(rank);
        level.total -= by;
        let total = level.total;
        push_level(events, side, price, -by, total);
    }

    /// Sets a larger remainder, at the back of the same level.
    fn grow(&mut self, slot: Slot, remaining: Quantity, events: &mut Vec<Event>) {
        self.unlink(slot);
        let node = self.orders.get_mut(slot);
        let by = remaining - node.remaining;
        node.remaining = remaining;
        let (side, price) = (node.side, node.price);
        let total = self.append(slot);
        push_level(events, side, price, by, total);
    }

    /// Takes an order out and brings it in again at another price.
    fn replace(&mut self, slot: Slot, price: Price, remaining: Quantity, events: &mut Vec<Event>) -> Placed {
        let (node, total) = self.take_out(slot);
        push_level(events, node.side, node.price, -node.remaining, total);
        let mut taker = Taker::again(&node, price, remaining);
        let stop = self.sweep(&mut taker, events);
        if taker.open.is_zero() {
            taker.executed()
        } else if stop == Stop::OwnOrder {
            taker.cancel(CancelReason::SelfTrade, events)
        } else {
            self.rest(&taker, Node { price, ..node }, events)
        }
    }
}
