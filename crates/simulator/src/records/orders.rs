//! Orders and fills of the exchange's members.

use std::collections::{BTreeMap, VecDeque};

use kmi_domain::matching::{GroupId, OrderId};
use kmi_domain::{BookSide, Money, Timestamp};
use serde::{Deserialize, Serialize};

use super::lagged::Follow;
use super::limits::Limits;
use super::page::{Listing, Page, PageRequest};
use super::query::{FillFilter, OrderFilter};
use super::ring::Ring;
use crate::core::{Event, FillRecord, OrderState, OrderStatus, UserId};

/// Orders and fills by user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct OrderRecords {
    users: BTreeMap<UserId, UserOrders>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct UserOrders {
    resting: BTreeMap<OrderId, OrderState>,
    finished: BTreeMap<OrderId, OrderState>,
    /// Those that are finished, in the order in which they ended.
    ended: VecDeque<OrderId>,
    fills: Ring<FillRecord>,
}

impl Follow for OrderRecords {
    fn wants(event: &Event) -> bool {
        matches!(event, Event::Order(_) | Event::Fill(_))
    }

    fn follow(&mut self, event: &Event, limits: &Limits) {
        match event {
            Event::Order(change) => {
                let user = self.users.entry(change.order.account.user).or_default();
                user.put(change.order.clone(), limits.finished_orders_per_user);
            }
            Event::Fill(fill) => {
                let user = self.users.entry(fill.account.user).or_default();
                user.fills.push(fill.clone(), limits.fills_per_user.max(1));
            }
            _ => {}
        }
    }
}

impl UserOrders {
    fn put(&mut self, order: OrderState, most_finished: usize) {
        if order.status == OrderStatus::Resting {
            self.resting.insert(order.order, order);
            return;
        }
        self.resting.remove(&order.order);
        let number = order.order;
        if self.finished.insert(number, order).is_none() {
            self.ended.push_back(number);
        }
        while self.ended.len() > most_finished {
            if let Some(first) = self.ended.pop_front() {
                self.finished.remove(&first);
            }
        }
    }

    /// Those below `end`, newest first.
    fn newest_first(&self, end: OrderId) -> impl Iterator<Item = &OrderState> {
        let mut resting = self.resting.range(..end).rev().peekable();
        let mut finished = self.finished.range(..end).rev().peekable();
        std::iter::from_fn(move || {
            let is_resting = match (resting.peek(), finished.peek()) {
                (Some((resting, _)), Some((finished, _))) => resting > finished,
                (resting, _) => resting.is_some(),
            };
            let next = if is_resting {
                resting.next()
            } else {
                finished.next()
            };
            next.map(|(_, order)| order)
        })
    }
}

impl OrderRecords {
    /// One order of a user, whatever became of it.
    pub(super) fn order(&self, user: UserId, order: OrderId) -> Option<&OrderState> {
        let user = self.users.get(&user)?;
        user.resting.get(&order).or_else(|| user.finished.get(&order))
    }

    /// Resting orders of a user, oldest first.
    pub(super) fn resting(&self, user: UserId) -> impl Iterator<Item = &OrderState> {
        self.users
            .get(&user)
            .into_iter()
            .flat_map(|user| user.resting.values())
    }

    /// Resting orders of a group, oldest first.
    pub(super) fn in_group(&self, user: UserId, group: GroupId) -> impl Iterator<Item = &OrderState> {
        self.resting(user).filter(move |order| order.group == Some(group))
    }

    /// Newest first, by the exchange's numbers, which rise with time.
    pub(super) fn orders(
        &self,
        filter: &OrderFilter,
        on_shard: impl Fn(&OrderState) -> bool,
        cutoff: Timestamp,
        page: &PageRequest,
    ) -> Page<&OrderState> {
        let end = OrderId(page.position(Listing::Orders).unwrap_or(u64::MAX));
        let rows = self
            .users
            .get(&filter.user)
            .into_iter()
            .flat_map(|user| user.newest_first(end))
            .take_while(|order| filter.time.from.is_none_or(|from| from <= order.created))
            .filter(|order| filter.lets(order, cutoff) && on_shard(order))
            .map(|order| (order.order.0, order));
        Page::take(Listing::Orders, page.limit, rows)
    }

    /// Newest first.
    pub(super) fn fills(
        &self,
        filter: &FillFilter,
        on_shard: impl Fn(&FillRecord) -> bool,
        cutoff: Timestamp,
        page: &PageRequest,
    ) -> Page<&FillRecord> {
        let end = page.position(Listing::Fills).unwrap_or(u64::MAX);
        let rows = self
            .users
            .get(&filter.user)
            .into_iter()
            .flat_map(|user| user.fills.newest_first(end))
            .take_while(|(_, fill)| filter.time.from.is_none_or(|from| from <= fill.time))
            .filter(|(_, fill)| filter.lets(fill, cutoff) && on_shard(fill));
        Page::take(Listing::Fills, page.limit, rows)
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        self.users.values().fold((0, 0), |(orders, fills), user| {
            (
                orders + user.resting.len() + user.finished.len(),
                fills + user.fills.len(),
            )
        })
    }
}

impl OrderFilter {
    fn lets(&self, order: &OrderState, cutoff: Timestamp) -> bool {
        let ended = (order.status != OrderStatus::Resting).then_some(order.updated);
        self.era.serves(ended, cutoff)
            && self
                .subaccount
                .is_none_or(|wanted| wanted == order.account.subaccount)
            && self.status.is_none_or(|wanted| wanted == order.status)
            && self.markets.contains(order.market)
            && self.time.contains(order.created)
    }
}

impl FillFilter {
    fn lets(&self, fill: &FillRecord, cutoff: Timestamp) -> bool {
        self.era.serves(Some(fill.time), cutoff)
            && self
                .subaccount
                .is_none_or(|wanted| wanted == fill.account.subaccount)
            && self.order.is_none_or(|wanted| wanted == fill.order)
            && self.markets.contains(fill.market)
            && self.time.contains(fill.time)
    }
}

/// What the contracts that a resting order still wants would cost: remainder × price of the contract it gains.
pub fn resting_value(order: &OrderState) -> Money {
    let price = match order.side {
        BookSide::Bid => order.price,
        BookSide::Ask => order.price.complement(),
    };
    price * order.remaining
}
