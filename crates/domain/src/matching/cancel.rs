//! How orders end other than by filling, and how a market's state changes.

use super::error::CancelError;
use super::event::{CancelReason, Event};
use super::ladder::Ladder;
use super::matcher::{MarketState, Matcher, common_step, push_level};
use super::order::{AccountId, OrderId};
use super::slab::{Node, Slab, Slot};
use super::slots::Slots;
use crate::grid::TickGrid;
use crate::side::BookSide;
use crate::time::Timestamp;
use crate::units::Quantity;

impl Matcher {
    /// Cancels a resting order for its owner; returns the contracts canceled. Allowed while trading is paused.
    ///
    /// Events: `Canceled`, `Level`; so for every cancel below.
    ///
    /// # Errors
    /// [`CancelError::NotResting`] when it is unknown, executed or canceled; [`CancelError::Closed`] after the close.
    pub fn cancel(&mut self, order: OrderId, events: &mut Vec<Event>) -> Result<Quantity, CancelError> {
        self.cancel_for(order, CancelReason::User, events)
    }

    /// Cancels a resting order for a stated reason; otherwise as [`Matcher::cancel`].
    ///
    /// # Errors
    /// As [`Matcher::cancel`].
    pub fn cancel_for(
        &mut self,
        order: OrderId,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) -> Result<Quantity, CancelError> {
        if self.state == MarketState::Closed {
            return Err(CancelError::Closed);
        }
        let slot = *self.slots.get(&order).ok_or(CancelError::NotResting { order })?;
        Ok(self.cancel_slot(slot, reason, events))
    }

    /// Cancels all resting orders of an account, bids before asks, each side in order of priority; returns how many.
    ///
    /// # Errors
    /// [`CancelError::Closed`] after the close.
    pub fn cancel_account(
        &mut self,
        account: AccountId,
        events: &mut Vec<Event>,
    ) -> Result<usize, CancelError> {
        if self.state == MarketState::Closed {
            return Err(CancelError::Closed);
        }
        Ok(self.cancel_where(CancelReason::User, events, |node| node.account == account))
    }

    /// Cancels the orders whose expiration is at or before `now`, earliest first; returns how many.
    pub fn expire(&mut self, now: Timestamp, events: &mut Vec<Event>) -> usize {
        let mut count = 0;
        while let Some(&(time, order)) = self.expirations.first() {
            if time > now {
                break;
            }
            self.cancel_slot(self.slot_of(order), CancelReason::Expiry, events);
            count += 1;
        }
        count
    }

    /// When the next resting order expires.
    pub fn next_expiration(&self) -> Option<Timestamp> {
        self.expirations.first().map(|(time, _)| *time)
    }

    /// Pauses trading: orders flagged for it are canceled, the others stay, and until [`Matcher::resume`] only cancel and
    /// decrease are taken. Returns how many were canceled. A closed market stays closed.
    pub fn pause(&mut self, events: &mut Vec<Event>) -> usize {
        if self.state == MarketState::Closed {
            return 0;
        }
        self.state = MarketState::Paused;
        self.cancel_where(CancelReason::Pause, events, |node| node.cancel_on_pause)
    }

    /// Takes orders again after a pause. A closed market stays closed.
    pub fn resume(&mut self) {
        if self.state == MarketState::Paused {
            self.state = MarketState::Active;
        }
    }

    /// Pauses trading and cancels every resting order. When the exchange activates a deactivated market it cancels all
    /// orders: that is this, then [`Matcher::resume`]. Returns how many were canceled.
    pub fn halt(&mut self, events: &mut Vec<Event>) -> usize {
        if self.state == MarketState::Closed {
            return 0;
        }
        self.state = MarketState::Paused;
        self.cancel_where(CancelReason::Halt, events, |_| true)
    }

    /// Closes the market for good, cancels every resting order, and gives back the memory of the book; returns how many.
    pub fn close(&mut self, events: &mut Vec<Event>) -> usize {
        self.state = MarketState::Closed;
        let canceled = self.cancel_where(CancelReason::Close, events, |_| true);
        // An exchange keeps its closed markets, and in time there are far more of them than open ones.
        self.bids = Ladder::new(BookSide::Bid, self.bids.step());
        self.asks = Ladder::new(BookSide::Ask, self.asks.step());
        self.orders = Slab::default();
        self.slots = Slots::default();
        canceled
    }

    /// Gives the market another price grid while orders rest. They stay where they are, whatever the new grid says; only
    /// the prices of new and amended orders are checked against it.
    pub fn set_grid(&mut self, grid: TickGrid) {
        let step = common_step(&grid, self.bids.step());
        if step != self.bids.step() {
            self.bids = self.bids.refined(step);
            self.asks = self.asks.refined(step);
        }
        self.grid = grid;
    }

    pub(super) fn cancel_slot(
        &mut self,
        slot: Slot,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) -> Quantity {
        let (node, total) = self.take_out(slot);
        events.push(Event::Canceled {
            order: node.id,
            account: node.account,
            group: node.group,
            reason,
            quantity: node.remaining,
        });
        push_level(events, node.side, node.price, -node.remaining, total);
        node.remaining
    }

    fn slot_of(&self, order: OrderId) -> Slot {
        *self.slots.get(&order).expect("its order was just seen to rest")
    }

    /// Cancels what `which` picks, walking the book in order of priority so that the order of cancels is determined.
    fn cancel_where(
        &mut self,
        reason: CancelReason,
        events: &mut Vec<Event>,
        which: impl Fn(&Node) -> bool,
    ) -> usize {
        let picked: Vec<OrderId> = [BookSide::Bid, BookSide::Ask]
            .into_iter()
            .flat_map(|side| self.nodes(side))
            .filter(|node| which(node))
            .map(|node| node.id)
            .collect();
        for order in &picked {
            self.cancel_slot(self.slot_of(*order), reason, events);
        }
        picked.len()
    }
}
