//! The engine of one market: [`Matcher`], and how an order is taken in and matched.

use std::collections::BTreeSet;

use super::error::SubmitError;
use super::event::{CancelReason, Event, Fill, FillParty, LevelChange};
use super::ladder::Ladder;
use super::order::{NewOrder, OrderId, OrderStatus, Placed, SelfTradePrevention, TimeInForce, TradeSequence};
use super::slab::{Node, Slab, Slot};
use super::slots::Slots;
use super::taker::{Stop, Taker};
use crate::grid::TickGrid;
use crate::side::BookSide;
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// What a market lets be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MarketState {
    /// Everything.
    Active,
    /// Cancel and decrease only.
    Paused,
    /// Nothing, for good.
    Closed,
}

/// Matching engine of one market.
///
/// Finding an order costs one hash look-up, the best level three words; neither grows with the book. Once its buffers have
/// grown it allocates for expirations only. At most 4,294,967,294 orders rest, and the contracts of a level must stay under
/// 9 × 10¹⁶, which nine million orders of the largest size would reach.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Matcher {
    pub(super) grid: TickGrid,
    pub(super) state: MarketState,
    pub(super) bids: Ladder,
    pub(super) asks: Ladder,
    pub(super) orders: Slab,
    pub(super) slots: Slots,
    pub(super) expirations: BTreeSet<(Timestamp, OrderId)>,
    trades: u64,
}

/// What a fill-or-kill order would find.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Depth {
    Enough,
    TooLittle,
    OwnOrder,
}

impl Matcher {
    /// An empty, active market with this price grid.
    pub fn new(grid: TickGrid) -> Matcher {
        let step = common_step(&grid, Price::ONE.units());
        Matcher {
            grid,
            state: MarketState::Active,
            bids: Ladder::new(BookSide::Bid, step),
            asks: Ladder::new(BookSide::Ask, step),
            orders: Slab::default(),
            slots: Slots::default(),
            expirations: BTreeSet::new(),
            trades: 0,
        }
    }

    /// Takes in an order: matches it, and rests or cancels what is left.
    ///
    /// Orders whose expiration has come by `now` are canceled first, whatever becomes of this one.
    ///
    /// Events: `Accepted`; for each fill `Filled` and the maker's `Level`; for each own order canceled on the way
    /// `Canceled` and `Level`; then `Resting` and `Level`, or `Canceled`, or nothing if it was executed.
    ///
    /// # Errors
    /// [`SubmitError`]: the order was refused and changed nothing.
    pub fn submit(
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
        let mut taker = Taker::new(&order);
        let fill_or_kill = order.time_in_force == TimeInForce::FillOrKill;
        if fill_or_kill && self.depth_for(&taker) == Depth::TooLittle {
            return Ok(taker.cancel(CancelReason::FillOrKill, events));
        }
        let stop = self.sweep(&mut taker, events);
        Ok(if taker.open.is_zero() {
            taker.executed()
        } else if stop == Stop::OwnOrder {
            taker.cancel(CancelReason::SelfTrade, events)
        } else if order.time_in_force == TimeInForce::GoodTillCanceled {
            self.rest(&taker, Node::of(&order), events)
        } else if order.reduce_only.is_some() && taker.wanted.is_zero() {
            taker.cancel(CancelReason::ReduceOnly, events)
        } else {
            taker.cancel(CancelReason::ImmediateRemainder, events)
        })
    }

    fn check(&self, now: Timestamp, order: &NewOrder) -> Result<(), SubmitError> {
        self.check_limit(order.price, order.quantity)?;
        if let Some(expiration) = order.expiration {
            if order.time_in_force != TimeInForce::GoodTillCanceled {
                return Err(SubmitError::ExpirationNotGoodTillCanceled);
            }
            check_expiration(expiration, now)?;
        }
        if order.reduce_only.is_some() && order.time_in_force != TimeInForce::ImmediateOrCancel {
            return Err(SubmitError::ReduceOnlyNotImmediate);
        }
        if order.post_only {
            self.check_post_only(order.side, order.price)?;
        }
        if self.slots.contains_key(&order.id) {
            return Err(SubmitError::DuplicateOrder { order: order.id });
        }
        if self.orders.is_full() {
            return Err(SubmitError::BookFull);
        }
        Ok(())
    }

    /// What must hold for a limit whether it is new or amended.
    pub(super) fn check_limit(&self, price: Price, quantity: Quantity) -> Result<(), SubmitError> {
        match self.state {
            MarketState::Active => {}
            MarketState::Paused => return Err(SubmitError::Paused),
            MarketState::Closed => return Err(SubmitError::Closed),
        }
        if !self.grid.contains(price) {
            return Err(SubmitError::InvalidPrice { price });
        }
        if !quantity.is_positive() || quantity > Quantity::MAX {
            return Err(SubmitError::InvalidQuantity { quantity });
        }
        Ok(())
    }

    pub(super) fn check_post_only(&self, side: BookSide, price: Price) -> Result<(), SubmitError> {
        let Some(best) = self.best(side.opposite()) else {
            return Ok(());
        };
        let crosses = match side {
            BookSide::Bid => price >= best.price,
            BookSide::Ask => price <= best.price,
        };
        if crosses {
            return Err(SubmitError::PostOnlyCross {
                price,
                best: best.price,
            });
        }
        Ok(())
    }

    /// Whether a fill-or-kill order finds enough before it meets an order of its own account.
    fn depth_for(&self, taker: &Taker) -> Depth {
        let ladder = self.ladder(taker.side.opposite());
        let limit = ladder.rank(taker.price);
        let mut found = Quantity::ZERO;
        for rank in ladder.ranks().take_while(|rank| *rank <= limit) {
            for node in self.orders.queue(ladder.level(rank)) {
                if node.account == taker.account {
                    return Depth::OwnOrder;
                }
                found += node.remaining;
                if found >= taker.wanted {
                    return Depth::Enough;
                }
            }
        }
        Depth::TooLittle
    }

    /// Fills the taker from the other side, best price and oldest order first.
    pub(super) fn sweep(&mut self, taker: &mut Taker, events: &mut Vec<Event>) -> Stop {
        let side = taker.side.opposite();
        let limit = self.ladder(side).rank(taker.price);
        while taker.wanted.is_positive() {
            let ladder = self.ladder(side);
            let Some(rank) = ladder.best().filter(|rank| *rank <= limit) else {
                break;
            };
            let slot = ladder.level(rank).head.expect("a marked level holds an order");
            if self.orders.get(slot).account != taker.account {
                self.fill(taker, slot, rank, events);
            } else if taker.self_trade == SelfTradePrevention::Maker {
                self.cancel_slot(slot, CancelReason::SelfTrade, events);
            } else {
                return Stop::OwnOrder;
            }
        }
        Stop::Done
    }

    /// One execution against the order at the head of the best level.
    fn fill(&mut self, taker: &mut Taker, slot: Slot, rank: usize, events: &mut Vec<Event>) {
        let side = taker.side.opposite();
        let maker = self.orders.get_mut(slot);
        let quantity = maker.remaining.min(taker.wanted);
        maker.remaining -= quantity;
        maker.filled += quantity;
        taker.take(maker.price, quantity);
        let maker = *maker;
        self.trades += 1;
        events.push(Event::Filled(Fill {
            trade: TradeSequence(self.trades),
            price: maker.price,
            quantity,
            taker_side: taker.side,
            maker: FillParty {
                order: maker.id,
                account: maker.account,
                group: maker.group,
                remaining: maker.remaining,
            },
            taker: FillParty {
                order: taker.id,
                account: taker.account,
                group: taker.group,
                remaining: taker.open,
            },
        }));
        let level = self.ladder_mut(side).level_mut(rank);
        level.total -= quantity;
        let total = level.total;
        if maker.remaining.is_zero() {
            self.take_out(slot);
        }
        push_level(events, side, maker.price, -quantity, total);
    }

    /// Puts what is left of an order at the end of its level's queue.
    pub(super) fn rest(&mut self, taker: &Taker, node: Node, events: &mut Vec<Event>) -> Placed {
        let node = Node {
            remaining: taker.open,
            filled: node.filled + taker.filled,
            ..node
        };
        if let Some(expiration) = node.expiration {
            self.expirations.insert((expiration, node.id));
        }
        let slot = self.orders.insert(node);
        self.slots.insert(node.id, slot);
        events.push(Event::Resting {
            order: node.id,
            group: node.group,
            remaining: node.remaining,
        });
        let total = self.append(slot);
        push_level(events, node.side, node.price, node.remaining, total);
        taker.placed(OrderStatus::Resting, node.remaining)
    }

    /// Queues an order of the slab last at its price; returns the level's contracts.
    pub(super) fn append(&mut self, slot: Slot) -> Quantity {
        let Node { side, price, .. } = *self.orders.get(slot);
        let ladder = match side {
            BookSide::Bid => &mut self.bids,
            BookSide::Ask => &mut self.asks,
        };
        let rank = ladder.rank(price);
        let level = ladder.level_mut(rank);
        self.orders.append(level, slot);
        let total = level.total;
        ladder.mark(rank);
        total
    }

    /// Takes an order out of its queue, keeping it in the slab; returns the level's contracts.
    pub(super) fn unlink(&mut self, slot: Slot) -> Quantity {
        let Node { side, price, .. } = *self.orders.get(slot);
        let ladder = match side {
            BookSide::Bid => &mut self.bids,
            BookSide::Ask => &mut self.asks,
        };
        let rank = ladder.rank(price);
        let level = ladder.level_mut(rank);
        self.orders.unlink(level, slot);
        let (total, empty) = (level.total, level.head.is_none());
        if empty {
            ladder.unmark(rank);
        }
        total
    }

    /// Takes an order out of the market; returns it and its level's contracts afterwards.
    pub(super) fn take_out(&mut self, slot: Slot) -> (Node, Quantity) {
        let total = self.unlink(slot);
        let node = *self.orders.get(slot);
        if let Some(expiration) = node.expiration {
            self.expirations.remove(&(expiration, node.id));
        }
        self.slots.remove(&node.id);
        self.orders.remove(slot);
        (node, total)
    }

    pub(super) const fn ladder(&self, side: BookSide) -> &Ladder {
        match side {
            BookSide::Bid => &self.bids,
            BookSide::Ask => &self.asks,
        }
    }

    pub(super) const fn ladder_mut(&mut self, side: BookSide) -> &mut Ladder {
        match side {
            BookSide::Bid => &mut self.bids,
            BookSide::Ask => &mut self.asks,
        }
    }
}

impl Node {
    fn of(order: &NewOrder) -> Node {
        Node {
            id: order.id,
            remaining: order.quantity,
            filled: Quantity::ZERO,
            account: order.account,
            group: order.group,
            price: order.price,
            side: order.side,
            self_trade: order.self_trade,
            post_only: order.post_only,
            cancel_on_pause: order.cancel_on_pause,
            expiration: order.expiration,
            prev: None,
            next: None,
        }
    }
}

pub(super) fn check_expiration(expiration: Timestamp, now: Timestamp) -> Result<(), SubmitError> {
    if expiration <= now {
        return Err(SubmitError::ExpirationPast { expiration, now });
    }
    Ok(())
}

pub(super) fn push_level(
    events: &mut Vec<Event>,
    side: BookSide,
    price: Price,
    change: Quantity,
    total: Quantity,
) {
    events.push(Event::Level(LevelChange {
        side,
        price,
        change,
        total,
    }));
}

/// Largest step of which `step`, one dollar and every price of the grid are multiples.
pub(super) fn common_step(grid: &TickGrid, step: u16) -> u16 {
    let divisor = |mut a: u16, mut b: u16| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    grid.ranges().iter().fold(step, |step, range| {
        divisor(divisor(step, range.start.units()), range.step.units())
    })
}
