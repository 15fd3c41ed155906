//! A market written the plain way: one list of orders, searched and sorted at every step.
//!
//! It shares types with the engine but no code, so that both are wrong alike only if the rule was misread.

use crate::matching::{
    AmendError, Amendment, CancelError, CancelReason, Decrease, Event, ExpirationChange, Fill, FillParty,
    LevelChange, MarketState, NewOrder, OrderId, OrderStatus, Placed, Queue, SelfTradePrevention,
    SubmitError, TimeInForce, TradeSequence,
};
use crate::side::BookSide;
use crate::{Money, Price, Quantity, TickGrid, Timestamp};

#[derive(Clone, Debug)]
pub(super) struct Resting {
    pub(super) order: NewOrder,
    pub(super) remaining: Quantity,
    filled: Quantity,
    /// When it took its place: lower goes first.
    stamp: u64,
}

pub(super) struct NaiveMarket {
    pub(super) state: MarketState,
    pub(super) grid: TickGrid,
    pub(super) book: Vec<Resting>,
    trades: u64,
    stamp: u64,
}

impl NaiveMarket {
    pub(super) fn new() -> NaiveMarket {
        NaiveMarket {
            state: MarketState::Active,
            grid: TickGrid::linear_cent(),
            book: Vec::new(),
            trades: 0,
            stamp: 0,
        }
    }

    /// Orders of a side, first to fill first.
    pub(super) fn queue(&self, side: BookSide) -> Vec<Resting> {
        let mut queue: Vec<Resting> = self
            .book
            .iter()
            .filter(|r| r.order.side == side)
            .cloned()
            .collect();
        queue.sort_by_key(|r| {
            let price = i32::from(r.order.price.units());
            (if side == BookSide::Bid { -price } else { price }, r.stamp)
        });
        queue
    }

    fn total(&self, side: BookSide, price: Price) -> Quantity {
        self.book
            .iter()
            .filter(|r| r.order.side == side && r.order.price == price)
            .map(|r| r.remaining)
            .sum()
    }

    fn level(&self, side: BookSide, price: Price, change: Quantity) -> Event {
        let total = self.total(side, price);
        Event::Level(LevelChange {
            side,
            price,
            change,
            total,
        })
    }

    fn find(&mut self, id: OrderId) -> Option<&mut Resting> {
        self.book.iter_mut().find(|r| r.order.id == id)
    }

    fn next_stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    /// Orders of the other side that `order` may trade with.
    fn crossing(&self, order: &NewOrder) -> Vec<Resting> {
        let mut queue = self.queue(order.side.opposite());
        queue.retain(|r| match order.side {
            BookSide::Bid => r.order.price <= order.price,
            BookSide::Ask => r.order.price >= order.price,
        });
        queue
    }

    pub(super) fn cancel(&mut self, id: OrderId, reason: CancelReason, events: &mut Vec<Event>) -> Quantity {
        let index = self.book.iter().position(|r| r.order.id == id).unwrap();
        let gone = self.book.remove(index);
        events.push(canceled(&gone.order, reason, gone.remaining));
        events.push(self.level(gone.order.side, gone.order.price, -gone.remaining));
        gone.remaining
    }

    pub(super) fn cancel_all(
        &mut self,
        reason: CancelReason,
        events: &mut Vec<Event>,
        which: impl Fn(&Resting) -> bool,
    ) -> usize {
        let mut all = self.queue(BookSide::Bid);
        all.extend(self.queue(BookSide::Ask));
        all.retain(|r| which(r));
        for resting in &all {
            self.cancel(resting.order.id, reason, events);
        }
        all.len()
    }

    pub(super) fn expire(&mut self, now: Timestamp, events: &mut Vec<Event>) -> usize {
        let mut due: Vec<(Timestamp, OrderId)> = self
            .book
            .iter()
            .filter_map(|r| Some((r.order.expiration?, r.order.id)))
            .filter(|(time, _)| *time <= now)
            .collect();
        due.sort();
        for (_, id) in &due {
            self.cancel(*id, CancelReason::Expiry, events);
        }
        due.len()
    }

    fn check_limit(&self, price: Price, quantity: Quantity) -> Result<(), SubmitError> {
        match self.state {
            MarketState::Paused => Err(SubmitError::Paused),
            MarketState::Closed => Err(SubmitError::Closed),
            MarketState::Active if !self.grid.contains(price) => Err(SubmitError::InvalidPrice { price }),
            MarketState::Active if quantity <= Quantity::ZERO || quantity > Quantity::MAX => {
                Err(SubmitError::InvalidQuantity { quantity })
            }
            MarketState::Active => Ok(()),
        }
    }

    fn check(&self, now: Timestamp, order: &NewOrder) -> Result<(), SubmitError> {
        self.check_limit(order.price, order.quantity)?;
        match order.expiration {
            Some(_) if order.time_in_force != TimeInForce::GoodTillCanceled => {
                return Err(SubmitError::ExpirationNotGoodTillCanceled);
            }
            Some(expiration) if expiration <= now => {
                return Err(SubmitError::ExpirationPast { expiration, now });
            }
            _ => {}
        }
        if order.reduce_only.is_some() && order.time_in_force != TimeInForce::ImmediateOrCancel {
            return Err(SubmitError::ReduceOnlyNotImmediate);
        }
        if let (true, Some(best)) = (order.post_only, self.crossing(order).first()) {
            let best = best.order.price;
            return Err(SubmitError::PostOnlyCross {
                price: order.price,
                best,
            });
        }
        if self.book.iter().any(|r| r.order.id == order.id) {
            return Err(SubmitError::DuplicateOrder { order: order.id });
        }
        Ok(())
    }

    pub(super) fn submit(
        &mut self,
        now: Timestamp,
        order: NewOrder,
        events: &mut Vec<Event>,
    ) -> Result<Placed, SubmitError> {
        self.expire(now, events);
        self.check(now, &order)?;
        events.push(Event::Accepted {
            order: order.id,
            account: order.account,
            side: order.side,
            price: order.price,
            quantity: order.quantity,
        });
        let cap = match (order.reduce_only, order.side) {
            (None, _) => order.quantity,
            (Some(position), BookSide::Bid) => order.quantity.min(-position).max(Quantity::ZERO),
            (Some(position), BookSide::Ask) => order.quantity.min(position).max(Quantity::ZERO),
        };
        if order.time_in_force == TimeInForce::FillOrKill {
            let crossing = self.crossing(&order);
            let before_own = crossing.iter().take_while(|r| r.order.account != order.account);
            let reachable: Quantity = before_own.map(|r| r.remaining).sum();
            if reachable < order.quantity && crossing.iter().all(|r| r.order.account != order.account) {
                events.push(canceled(&order, CancelReason::FillOrKill, order.quantity));
                return Ok(placed(
                    OrderStatus::Canceled(CancelReason::FillOrKill),
                    Quantity::ZERO,
                    Quantity::ZERO,
                    Money::ZERO,
                ));
            }
        }
        Ok(self.trade(order, Quantity::ZERO, order.quantity, cap, events))
    }

    /// Matches `open` contracts of an order, at most `cap`, and finishes it.
    fn trade(
        &mut self,
        order: NewOrder,
        filled_before: Quantity,
        open: Quantity,
        cap: Quantity,
        events: &mut Vec<Event>,
    ) -> Placed {
        let (mut open, mut cap, mut notional) = (open, cap, Money::ZERO);
        let wanted = open;
        let mut stopped = false;
        for maker in self.crossing(&order) {
            if cap.is_zero() {
                break;
            }
            if maker.order.account == order.account {
                if order.self_trade == SelfTradePrevention::Maker {
                    self.cancel(maker.order.id, CancelReason::SelfTrade, events);
                    continue;
                }
                stopped = true;
                break;
            }
            let quantity = maker.remaining.min(cap);
            open -= quantity;
            cap -= quantity;
            notional += maker.order.price * quantity;
            self.trades += 1;
            events.push(Event::Filled(Fill {
                trade: TradeSequence(self.trades),
                price: maker.order.price,
                quantity,
                taker_side: order.side,
                maker: party(&maker.order, maker.remaining - quantity),
                taker: party(&order, open),
            }));
            let resting = self.find(maker.order.id).unwrap();
            resting.remaining -= quantity;
            resting.filled += quantity;
            self.book.retain(|r| r.remaining.is_positive());
            events.push(self.level(maker.order.side, maker.order.price, -quantity));
        }
        let filled = wanted - open;
        let reason = if open.is_zero() {
            return placed(OrderStatus::Executed, filled, open, notional);
        } else if stopped {
            CancelReason::SelfTrade
        } else if order.time_in_force == TimeInForce::GoodTillCanceled {
            let stamp = self.next_stamp();
            let resting = Resting {
                order,
                remaining: open,
                filled: filled_before + filled,
                stamp,
            };
            self.book.push(resting);
            events.push(Event::Resting {
                order: order.id,
                group: order.group,
                remaining: open,
            });
            events.push(self.level(order.side, order.price, open));
            return placed(OrderStatus::Resting, filled, open, notional);
        } else if order.reduce_only.is_some() && cap.is_zero() {
            CancelReason::ReduceOnly
        } else {
            CancelReason::ImmediateRemainder
        };
        events.push(canceled(&order, reason, open));
        placed(OrderStatus::Canceled(reason), filled, Quantity::ZERO, notional)
    }

    pub(super) fn amend(
        &mut self,
        now: Timestamp,
        id: OrderId,
        amendment: Amendment,
        events: &mut Vec<Event>,
    ) -> Result<Placed, AmendError> {
        self.expire(now, events);
        self.check_limit(amendment.price, amendment.total)?;
        let before = self
            .find(id)
            .cloned()
            .ok_or(AmendError::NotResting { order: id })?;
        let mut order = before.order;
        order.price = amendment.price;
        order.expiration = match amendment.expiration {
            ExpirationChange::Keep => order.expiration,
            ExpirationChange::Clear => None,
            ExpirationChange::At(expiration) if expiration <= now => {
                return Err(SubmitError::ExpirationPast { expiration, now }.into());
            }
            ExpirationChange::At(expiration) => Some(expiration),
        };
        let (total, filled) = (amendment.total, before.filled);
        if total <= filled {
            return Err(AmendError::NothingLeft { total, filled });
        }
        if let (true, Some(best)) = (order.post_only, self.crossing(&order).first()) {
            let best = best.order.price;
            return Err(SubmitError::PostOnlyCross {
                price: order.price,
                best,
            }
            .into());
        }
        let (remaining, change) = (total - filled, total - filled - before.remaining);
        let moved = order.price != before.order.price;
        let lost = moved || change.is_positive();
        events.push(Event::Amended {
            order: id,
            price: order.price,
            total,
            remaining,
            queue: if lost { Queue::Lost } else { Queue::Kept },
        });
        if moved {
            self.book.retain(|r| r.order.id != id);
            events.push(self.level(order.side, before.order.price, -before.remaining));
            return Ok(self.trade(order, filled, remaining, remaining, events));
        }
        let stamp = if lost { self.next_stamp() } else { before.stamp };
        *self.find(id).unwrap() = Resting {
            order,
            remaining,
            filled,
            stamp,
        };
        if !change.is_zero() {
            events.push(self.level(order.side, order.price, change));
        }
        Ok(placed(
            OrderStatus::Resting,
            Quantity::ZERO,
            remaining,
            Money::ZERO,
        ))
    }

    pub(super) fn decrease(
        &mut self,
        id: OrderId,
        decrease: Decrease,
        events: &mut Vec<Event>,
    ) -> Result<Quantity, CancelError> {
        if self.state == MarketState::Closed {
            return Err(CancelError::Closed);
        }
        let resting = self.find(id).ok_or(CancelError::NotResting { order: id })?;
        let remaining = resting.remaining;
        let to = match decrease {
            Decrease::By(by) => remaining - by,
            Decrease::To(to) => to,
        };
        if to < Quantity::ZERO || to >= remaining {
            return Err(CancelError::NotSmaller { to, remaining });
        }
        if to.is_zero() {
            return Ok(self.cancel(id, CancelReason::User, events));
        }
        resting.remaining = to;
        let order = resting.order;
        let by = remaining - to;
        events.push(Event::Decreased {
            order: id,
            by,
            remaining: to,
        });
        events.push(self.level(order.side, order.price, -by));
        Ok(by)
    }

    pub(super) fn user_cancel(
        &mut self,
        id: OrderId,
        events: &mut Vec<Event>,
    ) -> Result<Quantity, CancelError> {
        if self.state == MarketState::Closed {
            return Err(CancelError::Closed);
        }
        self.find(id).ok_or(CancelError::NotResting { order: id })?;
        Ok(self.cancel(id, CancelReason::User, events))
    }

    pub(super) fn stop(
        &mut self,
        state: MarketState,
        reason: CancelReason,
        events: &mut Vec<Event>,
    ) -> usize {
        if self.state == MarketState::Closed {
            return 0;
        }
        self.state = state;
        self.cancel_all(reason, events, |r| {
            reason != CancelReason::Pause || r.order.cancel_on_pause
        })
    }
}

fn party(order: &NewOrder, remaining: Quantity) -> FillParty {
    FillParty {
        order: order.id,
        account: order.account,
        group: order.group,
        remaining,
    }
}

fn canceled(order: &NewOrder, reason: CancelReason, quantity: Quantity) -> Event {
    Event::Canceled {
        order: order.id,
        account: order.account,
        group: order.group,
        reason,
        quantity,
    }
}

fn placed(status: OrderStatus, filled: Quantity, remaining: Quantity, notional: Money) -> Placed {
    Placed {
        status,
        filled,
        remaining,
        notional,
    }
}
