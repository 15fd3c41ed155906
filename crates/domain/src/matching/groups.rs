//! Order groups: a brake on how many contracts an account's quotes may trade in a short time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::error::GroupError;
use super::event::Fill;
use super::exchange::MarketId;
use super::order::{AccountId, GroupId, OrderId};
use crate::time::Timestamp;
use crate::units::Quantity;

/// Length of the rolling window over which a group's fills are summed, 15 seconds. A fill leaves it at exactly that age.
pub const GROUP_WINDOW_MICROS: i64 = 15_000_000;

/// Most contracts a group's limit may name.
pub const MAX_GROUP_LIMIT: u32 = 1_000_000;

/// Most groups one account may have.
pub const MAX_GROUPS_PER_ACCOUNT: usize = 100_000;

/// Why a group was triggered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TriggerCause {
    /// Fills in the window came to more than the limit.
    LimitExceeded,
    /// The limit was lowered under what had filled in the window.
    LimitLowered,
    /// The owner asked.
    User,
}

/// What happened to an order group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum GroupEvent {
    /// It exists.
    Created {
        /// Contracts it may fill in the window.
        limit: Quantity,
    },
    /// It takes no more orders until reset; cancels of its orders follow.
    Triggered {
        /// Why.
        cause: TriggerCause,
        /// Contracts filled in the window.
        volume: Quantity,
    },
    /// Its volume is zero and it takes orders.
    Reset,
    /// Its limit changed.
    LimitUpdated {
        /// Contracts it may fill in the window.
        limit: Quantity,
    },
    /// It is gone; cancels of its orders follow.
    Deleted,
}

/// An order group, as it stands.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderGroup {
    account: AccountId,
    limit: Quantity,
    triggered: bool,
    /// Fills by time, those of one instant in one entry, so that it holds at most one per microsecond of the window.
    fills: VecDeque<(Timestamp, Quantity)>,
    volume: Quantity,
    members: BTreeSet<(MarketId, OrderId)>,
}

impl OrderGroup {
    /// Whose it is.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// Contracts it may fill in the window.
    pub const fn limit(&self) -> Quantity {
        self.limit
    }

    /// True when it takes no orders until reset.
    pub const fn is_triggered(&self) -> bool {
        self.triggered
    }

    /// Its resting orders, by market and number.
    pub fn orders(&self) -> impl Iterator<Item = (MarketId, OrderId)> {
        self.members.iter().copied()
    }

    /// Contracts filled in the window that ends at `now`.
    pub fn volume(&self, now: Timestamp) -> Quantity {
        self.fills
            .iter()
            .filter(|(time, _)| in_window(*time, now))
            .map(|(_, quantity)| *quantity)
            .sum()
    }

    fn record(&mut self, now: Timestamp, quantity: Quantity) {
        self.forget_old(now);
        self.volume += quantity;
        match self.fills.back_mut() {
            Some((time, sum)) if *time == now => *sum += quantity,
            _ => self.fills.push_back((now, quantity)),
        }
    }

    fn forget_old(&mut self, now: Timestamp) {
        while let Some((time, quantity)) = self.fills.front().copied() {
            if in_window(time, now) {
                break;
            }
            self.volume -= quantity;
            self.fills.pop_front();
        }
    }
}

fn in_window(time: Timestamp, now: Timestamp) -> bool {
    now.micros_since(time) < GROUP_WINDOW_MICROS
}

/// All groups of an exchange. Only [`Exchange`](super::Exchange) changes them, because it must cancel their orders.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderGroups {
    groups: BTreeMap<GroupId, OrderGroup>,
    counts: BTreeMap<AccountId, usize>,
}

impl OrderGroups {
    /// A group.
    pub fn get(&self, group: GroupId) -> Option<&OrderGroup> {
        self.groups.get(&group)
    }

    /// Groups of an account, by number. Walks all groups.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = (GroupId, &OrderGroup)> {
        self.groups
            .iter()
            .filter(move |(_, group)| group.account == account)
            .map(|(id, group)| (*id, group))
    }

    /// Whether an order of `account` may join.
    pub(super) fn check(&self, group: GroupId, account: AccountId) -> Result<(), GroupError> {
        let found = self.groups.get(&group).ok_or(GroupError::Unknown { group })?;
        if found.account != account {
            return Err(GroupError::NotOwned { group, account });
        }
        if found.triggered {
            return Err(GroupError::Triggered { group });
        }
        Ok(())
    }

    pub(super) fn create(
        &mut self,
        group: GroupId,
        account: AccountId,
        contracts: u32,
    ) -> Result<Quantity, GroupError> {
        let limit = parse_limit(contracts)?;
        if self.groups.contains_key(&group) {
            return Err(GroupError::Duplicate { group });
        }
        let count = self.counts.entry(account).or_default();
        if *count >= MAX_GROUPS_PER_ACCOUNT {
            return Err(GroupError::TooMany { account });
        }
        *count += 1;
        self.groups.insert(
            group,
            OrderGroup {
                account,
                limit,
                triggered: false,
                fills: VecDeque::new(),
                volume: Quantity::ZERO,
                members: BTreeSet::new(),
            },
        );
        Ok(limit)
    }

    /// Removes a group; returns its orders.
    pub(super) fn delete(&mut self, group: GroupId) -> Result<Vec<(MarketId, OrderId)>, GroupError> {
        let removed = self.groups.remove(&group).ok_or(GroupError::Unknown { group })?;
        if let Some(count) = self.counts.get_mut(&removed.account) {
            *count -= 1;
        }
        Ok(removed.members.into_iter().collect())
    }

    pub(super) fn reset(&mut self, group: GroupId) -> Result<(), GroupError> {
        let found = self.groups.get_mut(&group).ok_or(GroupError::Unknown { group })?;
        found.triggered = false;
        found.fills.clear();
        found.volume = Quantity::ZERO;
        Ok(())
    }

    /// Sets the limit; returns it and whether what filled in the window is now above it.
    pub(super) fn set_limit(
        &mut self,
        now: Timestamp,
        group: GroupId,
        contracts: u32,
    ) -> Result<(Quantity, bool), GroupError> {
        let limit = parse_limit(contracts)?;
        let found = self.groups.get_mut(&group).ok_or(GroupError::Unknown { group })?;
        found.limit = limit;
        found.forget_old(now);
        Ok((limit, found.volume > limit))
    }

    /// Stops a group; `None` if it was stopped already.
    pub(super) fn trigger(&mut self, now: Timestamp, group: GroupId) -> Result<Option<Stopped>, GroupError> {
        let found = self.groups.get_mut(&group).ok_or(GroupError::Unknown { group })?;
        if found.triggered {
            return Ok(None);
        }
        found.triggered = true;
        found.forget_old(now);
        Ok(Some(Stopped {
            volume: found.volume,
            orders: found.members.iter().copied().collect(),
        }))
    }

    pub(super) fn join(&mut self, group: GroupId, market: MarketId, order: OrderId) {
        if let Some(found) = self.groups.get_mut(&group) {
            found.members.insert((market, order));
        }
    }

    pub(super) fn leave(&mut self, group: GroupId, market: MarketId, order: OrderId) {
        if let Some(found) = self.groups.get_mut(&group) {
            found.members.remove(&(market, order));
        }
    }

    /// Counts a fill for the groups of both parties and pushes those that are over their limit.
    pub(super) fn record(
        &mut self,
        now: Timestamp,
        market: MarketId,
        fill: &Fill,
        exceeded: &mut Vec<GroupId>,
    ) {
        for party in [&fill.maker, &fill.taker] {
            let Some(group) = party.group else { continue };
            let Some(found) = self.groups.get_mut(&group) else {
                continue;
            };
            found.record(now, fill.quantity);
            if party.remaining.is_zero() {
                found.members.remove(&(market, party.order));
            }
            if found.volume > found.limit && !exceeded.contains(&group) {
                exceeded.push(group);
            }
        }
    }
}

/// A group that was just stopped.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Stopped {
    /// Contracts filled in the window.
    pub(super) volume: Quantity,
    /// Its resting orders, to be canceled.
    pub(super) orders: Vec<(MarketId, OrderId)>,
}

fn parse_limit(contracts: u32) -> Result<Quantity, GroupError> {
    if !(1..=MAX_GROUP_LIMIT).contains(&contracts) {
        return Err(GroupError::InvalidLimit { contracts });
    }
    Ok(Quantity::from_units(i64::from(contracts) * Quantity::ONE.units()))
}
