//! Whether each order goes its lawful way, from what the exchange tells of it.

use std::collections::BTreeMap;

use kmi_domain::Quantity;
use kmi_domain::matching::OrderId;

use crate::core::{Event, OrderChange, OrderState, OrderStatus, UpdateReason};

/// Orders that are not over, as last told.
#[derive(Default)]
pub(super) struct Watch {
    open: BTreeMap<OrderId, OrderState>,
    pub(super) events: u64,
    pub(super) orders: u64,
    pub(super) trades: u64,
}

impl Watch {
    /// Checks an event against what was told before.
    pub(super) fn see(&mut self, event: &Event) -> Result<(), String> {
        self.events += 1;
        match event {
            Event::Trade(_) => self.trades += 1,
            Event::Order(change) => return self.order(change),
            Event::Fill(fill) => {
                let Some(order) = self.open.get_mut(&fill.order) else {
                    return Err(format!("a fill of an order that is not open: {fill:?}"));
                };
                order.filled += fill.quantity;
            }
            _ => {}
        }
        Ok(())
    }

    fn order(&mut self, OrderChange { order, reason }: &OrderChange) -> Result<(), String> {
        let before = self.open.remove(&order.order);
        match (&before, reason) {
            (None, UpdateReason::Placed) => self.orders += 1,
            (Some(before), reason) if *reason != UpdateReason::Placed => {
                // Fills were counted one by one; the order must say the same.
                if order.filled != before.filled {
                    return Err(format!("{} filled, {order:?}", before.filled));
                }
            }
            _ => return Err(format!("{reason:?} of {order:?} after {before:?}")),
        }
        let lawful = match order.status {
            OrderStatus::Resting => {
                order.remaining.is_positive() && order.filled + order.remaining <= order.initial
            }
            OrderStatus::Canceled => order.remaining.is_zero() && order.filled < order.initial,
            OrderStatus::Executed => order.remaining.is_zero() && order.filled > Quantity::ZERO,
        };
        if !lawful {
            return Err(format!("unlawful: {order:?}"));
        }
        if order.status == OrderStatus::Resting {
            self.open.insert(order.order, order.clone());
        }
        Ok(())
    }

    pub(super) fn check_all_over(&self) -> Result<(), String> {
        match self.open.values().next() {
            None => Ok(()),
            Some(order) => Err(format!("never ended: {order:?}")),
        }
    }
}
