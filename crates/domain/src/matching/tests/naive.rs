//! The same exchange written the plain way: markets of [`super::naive_market`] and the groups over them.

use std::collections::BTreeMap;

use super::flow::{Command, MARKETS, Venue};
use super::naive_market::{NaiveMarket, Resting};
use crate::matching::{
    AccountId, CancelReason, Event, ExchangeEvent, GroupError, GroupEvent, GroupId, MarketId, MarketState,
    NewOrder, OrderId, OrderStatus, PlaceError, Placed, TriggerCause,
};
use crate::side::BookSide;
use crate::{Quantity, TickGrid, Timestamp};

struct NaiveGroup {
    account: AccountId,
    limit: Quantity,
    triggered: bool,
    fills: Vec<(Timestamp, Quantity)>,
}

pub(super) struct Naive {
    markets: Vec<NaiveMarket>,
    groups: BTreeMap<GroupId, NaiveGroup>,
    ids: Vec<MarketId>,
}

impl Naive {
    pub(super) fn new(ids: &[MarketId]) -> Naive {
        Naive {
            markets: (0..MARKETS).map(|_| NaiveMarket::new()).collect(),
            groups: BTreeMap::new(),
            ids: ids.to_vec(),
        }
    }

    pub(super) fn queue(&self, market: usize, side: BookSide) -> Vec<Resting> {
        self.markets[market].queue(side)
    }

    /// Runs a command on one market, then stops groups that it took over their limit.
    fn on<R>(
        &mut self,
        now: Timestamp,
        market: usize,
        events: &mut Vec<ExchangeEvent>,
        command: impl FnOnce(&mut NaiveMarket, &mut Vec<Event>) -> R,
    ) -> R {
        let mut happened = Vec::new();
        let answer = command(&mut self.markets[market], &mut happened);
        let mut over = Vec::new();
        for event in happened {
            events.push(ExchangeEvent::Market(self.ids[market], event));
            let Event::Filled(fill) = event else { continue };
            for group in [fill.maker.group, fill.taker.group].into_iter().flatten() {
                let Some(found) = self.groups.get_mut(&group) else {
                    continue;
                };
                found.fills.push((now, fill.quantity));
                if found.volume(now) > found.limit && !over.contains(&group) {
                    over.push(group);
                }
            }
        }
        for group in over {
            self.stop_group(now, group, TriggerCause::LimitExceeded, events);
        }
        answer
    }

    fn stop_group(
        &mut self,
        now: Timestamp,
        id: GroupId,
        cause: TriggerCause,
        events: &mut Vec<ExchangeEvent>,
    ) {
        let group = self.groups.get_mut(&id).unwrap();
        if group.triggered {
            return;
        }
        group.triggered = true;
        let volume = group.volume(now);
        events.push(ExchangeEvent::Group(id, GroupEvent::Triggered { cause, volume }));
        self.cancel_group(id, events);
    }

    fn cancel_group(&mut self, id: GroupId, events: &mut Vec<ExchangeEvent>) {
        for (index, market) in self.markets.iter_mut().enumerate() {
            let mut orders: Vec<OrderId> = market
                .book
                .iter()
                .filter(|r| r.order.group == Some(id))
                .map(|r| r.order.id)
                .collect();
            orders.sort();
            let mut happened = Vec::new();
            for order in orders {
                market.cancel(order, CancelReason::Group, &mut happened);
            }
            let id = self.ids[index];
            events.extend(happened.into_iter().map(|event| ExchangeEvent::Market(id, event)));
        }
    }

    fn check_group(&self, group: GroupId, account: AccountId) -> Result<(), GroupError> {
        match self.groups.get(&group) {
            None => Err(GroupError::Unknown { group }),
            Some(found) if found.account != account => Err(GroupError::NotOwned { group, account }),
            Some(found) if found.triggered => Err(GroupError::Triggered { group }),
            Some(_) => Ok(()),
        }
    }

    /// The answer, with the order no longer resting if a group took it.
    fn answer(&self, market: usize, order: OrderId, placed: Placed) -> Placed {
        let rests = self.markets[market].book.iter().any(|r| r.order.id == order);
        if placed.status == OrderStatus::Resting && !rests {
            let status = OrderStatus::Canceled(CancelReason::Group);
            return Placed {
                status,
                remaining: Quantity::ZERO,
                ..placed
            };
        }
        placed
    }

    fn submit(
        &mut self,
        now: Timestamp,
        market: usize,
        order: NewOrder,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<Placed, PlaceError> {
        if let Some(group) = order.group {
            self.check_group(group, order.account)?;
        }
        let placed = self.on(now, market, events, |m, events| m.submit(now, order, events))?;
        Ok(self.answer(market, order.id, placed))
    }

    fn limit(contracts: u32) -> Result<Quantity, GroupError> {
        if contracts == 0 || contracts > 1_000_000 {
            return Err(GroupError::InvalidLimit { contracts });
        }
        Ok(Quantity::from_units(i64::from(contracts) * 100))
    }

    fn run_group(
        &mut self,
        now: Timestamp,
        command: &Command,
        events: &mut Vec<ExchangeEvent>,
    ) -> Result<(), GroupError> {
        let known = |groups: &BTreeMap<GroupId, NaiveGroup>, group: GroupId| {
            if groups.contains_key(&group) {
                Ok(())
            } else {
                Err(GroupError::Unknown { group })
            }
        };
        match *command {
            Command::CreateGroup(group, account, contracts) => {
                let limit = Naive::limit(contracts)?;
                if self.groups.contains_key(&group) {
                    return Err(GroupError::Duplicate { group });
                }
                let fills = Vec::new();
                let created = NaiveGroup {
                    account,
                    limit,
                    triggered: false,
                    fills,
                };
                self.groups.insert(group, created);
                events.push(ExchangeEvent::Group(group, GroupEvent::Created { limit }));
            }
            Command::TriggerGroup(group) => {
                known(&self.groups, group)?;
                self.stop_group(now, group, TriggerCause::User, events);
            }
            Command::ResetGroup(group) => {
                known(&self.groups, group)?;
                let found = self.groups.get_mut(&group).unwrap();
                found.triggered = false;
                found.fills.clear();
                events.push(ExchangeEvent::Group(group, GroupEvent::Reset));
            }
            Command::SetGroupLimit(group, contracts) => {
                let limit = Naive::limit(contracts)?;
                known(&self.groups, group)?;
                let found = self.groups.get_mut(&group).unwrap();
                found.limit = limit;
                let exceeded = found.volume(now) > limit;
                events.push(ExchangeEvent::Group(group, GroupEvent::LimitUpdated { limit }));
                if exceeded {
                    self.stop_group(now, group, TriggerCause::LimitLowered, events);
                }
            }
            Command::DeleteGroup(group) => {
                known(&self.groups, group)?;
                self.groups.remove(&group);
                events.push(ExchangeEvent::Group(group, GroupEvent::Deleted));
                self.cancel_group(group, events);
            }
            _ => unreachable!("only group commands come here"),
        }
        Ok(())
    }
}

impl NaiveGroup {
    fn volume(&self, now: Timestamp) -> Quantity {
        let recent = self
            .fills
            .iter()
            .filter(|(time, _)| now.micros() - time.micros() < 15_000_000);
        recent.map(|(_, quantity)| *quantity).sum()
    }
}

impl Venue for Naive {
    fn run(&mut self, now: Timestamp, command: &Command, events: &mut Vec<ExchangeEvent>) -> String {
        match *command {
            Command::Submit(market, order) => format!("{:?}", self.submit(now, market, order, events)),
            Command::Amend(market, order, amendment) => {
                let answer = self.on(now, market, events, |m, events| {
                    m.amend(now, order, amendment, events)
                });
                format!("{:?}", answer.map(|placed| self.answer(market, order, placed)))
            }
            Command::Decrease(market, order, decrease) => {
                let answer = self.on(now, market, events, |m, events| {
                    m.decrease(order, decrease, events)
                });
                format!("{answer:?}")
            }
            Command::Cancel(market, order) => {
                let answer = self.on(now, market, events, |m, events| m.user_cancel(order, events));
                format!("{answer:?}")
            }
            Command::CancelAccount(account) => (0..MARKETS)
                .map(|market| {
                    self.on(now, market, events, |m, events| {
                        m.cancel_all(CancelReason::User, events, |r| r.order.account == account)
                    })
                })
                .sum::<usize>()
                .to_string(),
            Command::Expire => (0..MARKETS)
                .map(|market| self.on(now, market, events, |m, events| m.expire(now, events)))
                .sum::<usize>()
                .to_string(),
            Command::Pause(market) => self
                .on(now, market, events, |m, events| {
                    m.stop(MarketState::Paused, CancelReason::Pause, events)
                })
                .to_string(),
            Command::Halt(market) => self
                .on(now, market, events, |m, events| {
                    m.stop(MarketState::Paused, CancelReason::Halt, events)
                })
                .to_string(),
            Command::Close(market) => self
                .on(now, market, events, |m, events| {
                    m.stop(MarketState::Closed, CancelReason::Close, events)
                })
                .to_string(),
            Command::Resume(market) => {
                let market = &mut self.markets[market];
                if market.state == MarketState::Paused {
                    market.state = MarketState::Active;
                }
                String::new()
            }
            Command::SetGrid(market, label) => {
                self.markets[market].grid = TickGrid::from_label(label).unwrap();
                String::new()
            }
            _ => format!("{:?}", self.run_group(now, command, events)),
        }
    }
}
