//! Many markets and the order groups that span them: [`Exchange`].

use super::amend::Amendment;
use super::error::{AmendError, GroupError, PlaceError};
use super::event::{CancelReason, Event};
use super::groups::{GroupEvent, OrderGroups, Stopped, TriggerCause};
use super::matcher::Matcher;
use super::order::{AccountId, GroupId, NewOrder, OrderId, OrderStatus, Placed};
use crate::grid::TickGrid;
use crate::time::Timestamp;
use crate::units::Quantity;

/// Number of a market within an [`Exchange`]: 0, 1, 2, … in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MarketId(u32);

impl MarketId {
    /// Position in order of adding.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What happened at the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ExchangeEvent {
    /// In a market.
    Market(MarketId, Event),
    /// To an order group.
    Group(GroupId, GroupEvent),
}

/// Markets and the order groups over them.
///
/// A group is checked after each command: if its fills of the last 15 seconds come to more than its limit, all its orders in
/// every market are canceled, by market and order number, and it takes no more until reset. Whether the caller may touch a
/// group or an order is for the caller to check; only joining a group is checked here.
///
/// Methods that take a [`MarketId`] panic on one that this exchange did not give.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exchange {
    markets: Vec<Matcher>,
    groups: OrderGroups,
    /// Events of the command at work; kept to be used again.
    scratch: Vec<Event>,
    /// Groups that the command at work took over their limit, in that order.
    exceeded: Vec<GroupId>,
}

impl Exchange {
    /// Without markets or groups.
    pub fn new() -> Exchange {
        Exchange::default()
    }

    /// Lists a market.
    ///
    /// # Panics
    /// At the 4,294,967,296th market.
    pub fn add_market(&mut self, grid: TickGrid) -> MarketId {
        let id = MarketId(u32::try_from(self.markets.len()).expect("fewer markets than u32 counts"));
        self.markets.push(Matcher::new(grid));
        id
    }

    /// A market, to look at.
    pub fn market(&self, market: MarketId) -> &Matcher {
        &self.markets[market.index()]
    }

    /// All markets, in the order in which they were added.
    pub fn markets(&self) -> impl Iterator<Item = &Matcher> {
        self.markets.iter()
    }

    /// The order groups, to look at.
    pub const fn groups(&self) -> &OrderGroups {
        &self.groups
    }

    /// Takes in an order; see [`Matcher::submit`]. The answer is that after a group it triggered had its orders canceled.
    ///
    /// # Errors
    /// [`PlaceError`]: the order was refused and changed nothing.
    pub fn submit(
        &mut self,
        now: Timestamp,
        market: MarketId,
        order: NewOrder,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<Placed, PlaceError> {
        if let Some(group) = order.group {
            self.groups.check(group, order.account)?;
        }
        let placed = self.with_market(now, market, events, |matcher, scratch| {
            matcher.submit(now, order, scratch)
        })?;
        Ok(self.after_groups(market, order.id, placed))
    }

    /// Amends an order; see [`Matcher::amend`].
    ///
    /// # Errors
    /// [`AmendError`]: refused, the order stays as it is.
    pub fn amend(
        &mut self,
        now: Timestamp,
        market: MarketId,
        order: OrderId,
        amendment: Amendment,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<Placed, AmendError> {
        let placed = self.with_market(now, market, events, |matcher, scratch| {
            matcher.amend(now, order, amendment, scratch)
        })?;
        Ok(self.after_groups(market, order, placed))
    }

    /// Runs any other command on one market and keeps the groups informed:
    /// `exchange.with_market(now, market, &mut events, |market, events| market.cancel(order, events))`.
    ///
    /// An order submitted this way joins its group unchecked; use [`Exchange::submit`].
    pub fn with_market<R>(
        &mut self,
        now: Timestamp,
        market: MarketId,
        events: &mut Vec<ExchangeEvent>,
        command: impl FnOnce(&mut Matcher, &mut Vec<Event>) -> R,
    ) -> R {
        let result = command(&mut self.markets[market.index()], &mut self.scratch);
        self.publish(now, market, events);
        self.stop_exceeded(now, events);
        result
    }

    /// Cancels all resting orders of an account in every market that is not closed; returns how many.
    pub fn cancel_account(
        &mut self,
        now: Timestamp,
        account: AccountId,
        events: &mut Vec<ExchangeEvent>,
    ) -> usize {
        self.in_every_market(now, events, |matcher, scratch| {
            // A closed market holds no orders.
            matcher.cancel_account(account, scratch).unwrap_or(0)
        })
    }

    /// Cancels every order whose expiration is at or before `now`, market by market; returns how many.
    pub fn expire(&mut self, now: Timestamp, events: &mut Vec<ExchangeEvent>) -> usize {
        self.in_every_market(now, events, |matcher, scratch| matcher.expire(now, scratch))
    }

    /// Creates an order group with a limit of 1 to 1,000,000 contracts in 15 seconds.
    ///
    /// # Errors
    /// [`GroupError`] for a limit out of range, a number in use, or more than 100,000 groups of one account.
    pub fn create_group(
        &mut self,
        group: GroupId,
        account: AccountId,
        contracts_limit: u32,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<(), GroupError> {
        let limit = self.groups.create(group, account, contracts_limit)?;
        events.push(ExchangeEvent::Group(group, GroupEvent::Created { limit }));
        Ok(())
    }

    /// Cancels a group's orders and takes no more until [`Exchange::reset_group`]; nothing more if it is triggered already.
    ///
    /// # Errors
    /// [`GroupError::Unknown`].
    pub fn trigger_group(
        &mut self,
        now: Timestamp,
        group: GroupId,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<(), GroupError> {
        self.stop(now, group, TriggerCause::User, events)
    }

    /// Sets a group's volume to zero and takes orders again.
    ///
    /// # Errors
    /// [`GroupError::Unknown`].
    pub fn reset_group(&mut self, group: GroupId, events: &mut Vec<ExchangeEvent>) -> Result<(), GroupError> {
        self.groups.reset(group)?;
        events.push(ExchangeEvent::Group(group, GroupEvent::Reset));
        Ok(())
    }

    /// Changes a group's limit; one under the volume of the window triggers it.
    ///
    /// # Errors
    /// [`GroupError`] for an unknown group or a limit out of range.
    pub fn set_group_limit(
        &mut self,
        now: Timestamp,
        group: GroupId,
        contracts_limit: u32,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<(), GroupError> {
        let (limit, exceeded) = self.groups.set_limit(now, group, contracts_limit)?;
        events.push(ExchangeEvent::Group(group, GroupEvent::LimitUpdated { limit }));
        if exceeded {
            self.stop(now, group, TriggerCause::LimitLowered, events)?;
        }
        Ok(())
    }

    /// Removes a group and cancels its orders.
    ///
    /// # Errors
    /// [`GroupError::Unknown`].
    pub fn delete_group(
        &mut self,
        now: Timestamp,
        group: GroupId,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<(), GroupError> {
        let orders = self.groups.delete(group)?;
        events.push(ExchangeEvent::Group(group, GroupEvent::Deleted));
        self.cancel_members(now, &orders, events);
        Ok(())
    }

    fn stop_exceeded(&mut self, now: Timestamp, events: &mut Vec<ExchangeEvent>) {
        // Cancels fill nothing, so the list cannot grow meanwhile.
        let mut exceeded = std::mem::take(&mut self.exceeded);
        for group in exceeded.drain(..) {
            self.stop(now, group, TriggerCause::LimitExceeded, events)
                .expect("a group just counted exists");
        }
        self.exceeded = exceeded;
    }

    fn stop(
        &mut self,
        now: Timestamp,
        group: GroupId,
        cause: TriggerCause,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<(), GroupError> {
        if let Some(Stopped { volume, orders }) = self.groups.trigger(now, group)? {
            events.push(ExchangeEvent::Group(
                group,
                GroupEvent::Triggered { cause, volume },
            ));
            self.cancel_members(now, &orders, events);
        }
        Ok(())
    }

    fn cancel_members(
        &mut self,
        now: Timestamp,
        orders: &[(MarketId, OrderId)],
        events: &mut Vec<ExchangeEvent>,
    ) {
        for (market, order) in orders {
            self.markets[market.index()]
                .cancel_for(*order, CancelReason::Group, &mut self.scratch)
                .expect("a member rests in an open market");
            self.publish(now, *market, events);
        }
    }

    fn in_every_market(
        &mut self,
        now: Timestamp,
        events: &mut Vec<ExchangeEvent>,
        mut command: impl FnMut(&mut Matcher, &mut Vec<Event>) -> usize,
    ) -> usize {
        let mut count = 0;
        for index in 0..self.markets.len() {
            count += command(&mut self.markets[index], &mut self.scratch);
            if !self.scratch.is_empty() {
                let market = MarketId(u32::try_from(index).expect("as add_market counted"));
                self.publish(now, market, events);
            }
        }
        count
    }

    /// Hands on what a market did, keeping memberships and volumes; groups over their limit are left in `exceeded`.
    fn publish(&mut self, now: Timestamp, market: MarketId, events: &mut Vec<ExchangeEvent>) {
        for event in self.scratch.drain(..) {
            match &event {
                Event::Filled(fill) => self.groups.record(now, market, fill, &mut self.exceeded),
                Event::Resting {
                    order,
                    group: Some(group),
                    ..
                } => self.groups.join(*group, market, *order),
                Event::Canceled {
                    order,
                    group: Some(group),
                    ..
                } => self.groups.leave(*group, market, *order),
                _ => {}
            }
            events.push(ExchangeEvent::Market(market, event));
        }
    }

    /// The answer to a command, once the groups it set off had their say.
    fn after_groups(&self, market: MarketId, order: OrderId, placed: Placed) -> Placed {
        let rests = placed.status == OrderStatus::Resting;
        if rests && self.market(market).order(order).is_none() {
            return Placed {
                status: OrderStatus::Canceled(CancelReason::Group),
                remaining: Quantity::ZERO,
                ..placed
            };
        }
        placed
    }
}
