//! What really happened: the exchange's own events.

use std::collections::BTreeMap;

use tokio::sync::broadcast::error::TryRecvError;

use super::house::House;
use super::known::{KnownFill, KnownOrder};
use crate::core::{Event, IdSpace, OrderChange, UpdateReason, UserId};
use crate::engine::Feed;

/// Orders and fills of one account since the beginning.
pub(super) struct Truth {
    feed: Feed,
    seed: u64,
    user: UserId,
    /// By public id.
    pub(super) orders: BTreeMap<String, KnownOrder>,
    /// By public ids of order and trade.
    pub(super) fills: BTreeMap<(String, String), KnownFill>,
    /// How often an order came under each `client_order_id`.
    pub(super) placed: BTreeMap<String, u32>,
}

impl Truth {
    pub(super) fn from_now_on(house: &House) -> Truth {
        Truth {
            feed: house.engine.feed(),
            seed: house.engine.seed(),
            user: house.trader,
            orders: BTreeMap::new(),
            fills: BTreeMap::new(),
            placed: BTreeMap::new(),
        }
    }

    /// Takes in what happened since the last time.
    pub(super) fn catch_up(&mut self) -> Result<(), String> {
        loop {
            match self.feed.try_recv() {
                Ok(batch) => batch.events.iter().for_each(|event| self.take(event)),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Ok(()),
                Err(TryRecvError::Lagged(missed)) => return Err(format!("the drill itself missed {missed}")),
            }
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Order(OrderChange { order, reason }) if order.account.user == self.user => {
                if *reason == UpdateReason::Placed {
                    let id = order.client_order_id.clone().unwrap_or_default();
                    *self.placed.entry(id).or_default() += 1;
                }
                let id = self.public(IdSpace::Order, order.order.0);
                self.orders.insert(id, KnownOrder::told_by_exchange(order));
            }
            Event::Fill(fill) if fill.account.user == self.user => {
                let key = (
                    self.public(IdSpace::Order, fill.order.0),
                    self.public(IdSpace::Trade, fill.trade),
                );
                self.fills.insert(key, KnownFill::told_by_exchange(fill));
            }
            _ => {}
        }
    }

    fn public(&self, space: IdSpace, number: u64) -> String {
        space.public(self.seed, number).to_string()
    }
}
