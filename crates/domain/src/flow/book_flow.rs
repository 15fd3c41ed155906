//! Own orders in a recorded book.

use super::net_book::NetBook;
use super::order::{AmendRefusal, FlowEvent, FlowFill, FlowOrder, QueueModel, Refusal, own_price};
use super::resting::Resting;
use super::{CancelReason, OrderId, TimeInForce};
use crate::book::{ApplyError, BookState, OrderBook};
use crate::fees::Role;
use crate::market::Level;
use crate::side::Side;
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// One market's recorded book and the own orders in it; the [module](super) says by which rules they fill.
///
/// What becomes of orders is appended to the caller's `out`.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BookFlow {
    model: QueueModel,
    book: NetBook,
    own: OwnOrders,
}

/// Resting own orders by the contract they gain, best price first, then oldest.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct OwnOrders {
    yes: Vec<Resting>,
    no: Vec<Resting>,
}

impl OwnOrders {
    #[inline]
    fn of(&mut self, side: Side) -> &mut Vec<Resting> {
        match side {
            Side::Yes => &mut self.yes,
            Side::No => &mut self.no,
        }
    }

    fn find(&mut self, id: OrderId) -> Option<(Side, usize)> {
        [Side::Yes, Side::No].into_iter().find_map(|side| {
            let at = self.of(side).iter().position(|resting| resting.order.id == id)?;
            Some((side, at))
        })
    }

    fn insert(&mut self, resting: Resting) {
        let orders = self.of(resting.order.side.outcome());
        let at = orders.partition_point(|other| other.price >= resting.price);
        orders.insert(at, resting);
    }
}

/// True when a bid for one contract and a bid for the other add up to a dollar or more, so that they trade.
#[inline]
fn meet(one: Price, other: Price) -> bool {
    one >= other.complement()
}

impl BookFlow {
    /// A book that awaits its first snapshot.
    #[must_use]
    pub fn new(model: QueueModel) -> BookFlow {
        BookFlow {
            model,
            ..BookFlow::default()
        }
    }

    /// The book, while it is in sync: as recorded, without own orders and without what they took.
    #[inline]
    #[must_use]
    pub fn book(&self) -> Option<&OrderBook> {
        self.book.book()
    }

    /// Whether the recorded book may be trusted.
    #[must_use]
    pub fn state(&self) -> BookState {
        self.book.state()
    }

    /// Contracts of others ahead of a resting own order; `None` when it does not rest.
    #[must_use]
    pub fn queue_ahead(&self, id: OrderId) -> Option<Quantity> {
        let mut all = self.own.yes.iter().chain(&self.own.no);
        let resting = all.find(|resting| resting.order.id == id)?;
        Some(Quantity::from_units(resting.ahead))
    }

    /// True when no own order rests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.own.yes.is_empty() && self.own.no.is_empty()
    }

    /// Takes a recorded snapshot. Resting orders fill by what it shows across them that was not there before.
    pub fn snapshot(
        &mut self,
        yes: impl Iterator<Item = Level>,
        no: impl Iterator<Item = Level>,
        out: &mut Vec<FlowEvent>,
    ) {
        if self.is_idle() {
            self.book.snapshot(yes, no);
            return;
        }
        let before = self.book.last_recorded().clone();
        self.book.snapshot(yes, no);
        for side in [Side::Yes, Side::No] {
            let Some(book) = self.book.recorded() else { return };
            for resting in self.own.of(side) {
                resting.resynced(book.quantity_at(side, resting.price));
            }
            let shown: Vec<Level> = book.levels(side).collect();
            for level in shown {
                let new = level.quantity - before.quantity_at(side, level.price);
                if new.is_positive() {
                    self.arrived(side, level.price, new, out);
                }
            }
        }
    }

    /// Takes a recorded signed change and returns what rests at the level then.
    ///
    /// # Errors
    /// As [`SyncedBook::apply`](crate::book::SyncedBook::apply): nothing happens to own orders.
    #[inline]
    pub fn apply(
        &mut self,
        now: Timestamp,
        side: Side,
        price: Price,
        delta: Quantity,
        out: &mut Vec<FlowEvent>,
    ) -> Result<Quantity, ApplyError> {
        let new = self.book.apply(side, price, delta)?;
        self.level_changed(now, side, price, new - delta, new, out);
        Ok(new)
    }

    /// Takes a recorded level's new quantity, nothing deletes it.
    ///
    /// # Errors
    /// As [`SyncedBook::set`](crate::book::SyncedBook::set): nothing happens to own orders.
    #[inline]
    pub fn set_level(
        &mut self,
        now: Timestamp,
        side: Side,
        price: Price,
        quantity: Quantity,
        out: &mut Vec<FlowEvent>,
    ) -> Result<(), ApplyError> {
        let quantity = quantity.max(Quantity::ZERO);
        let old = self.book.set(side, price, quantity)?;
        self.level_changed(now, side, price, old, quantity, out);
        Ok(())
    }

    /// Hides the recorded book, after a gap. Own orders go on resting; see the [module](super).
    pub fn mark_stale(&mut self) {
        self.book.mark_stale();
    }

    /// Takes a recorded print at a YES price, made on the book: block trades must be left out.
    #[inline]
    pub fn trade(
        &mut self,
        now: Timestamp,
        price: Price,
        quantity: Quantity,
        taker: Side,
        out: &mut Vec<FlowEvent>,
    ) {
        let side = taker.opposite();
        if !self.own.of(side).is_empty() {
            let level = own_price(side.book_side(), price);
            self.printed(now, side, level, quantity.units(), out);
        }
    }

    /// Takes in an own order.
    ///
    /// # Errors
    /// [`Refusal`], and nothing happens.
    pub fn submit(
        &mut self,
        now: Timestamp,
        order: FlowOrder,
        out: &mut Vec<FlowEvent>,
    ) -> Result<(), Refusal> {
        self.check(&order, order.quantity)?;
        out.push(FlowEvent::Accepted { order: order.id });
        self.work(now, order, order.quantity, out);
        Ok(())
    }

    /// Cancels what remains of a resting order and returns how much that was; `None` when it does not rest.
    pub fn cancel(&mut self, id: OrderId, out: &mut Vec<FlowEvent>) -> Option<Quantity> {
        let (side, at) = self.own.find(id)?;
        let resting = self.own.of(side).remove(at);
        out.push(FlowEvent::Canceled {
            order: id,
            remaining: resting.remaining,
            reason: CancelReason::User,
        });
        Some(resting.remaining)
    }

    /// Changes limit (a YES price) and total quantity (counting what has filled) of a resting order.
    ///
    /// Fewer contracts at the same limit keep the place in the queue; anything else joins anew, and may trade at once. A
    /// total no larger than what has filled cancels the order.
    ///
    /// # Errors
    /// [`AmendRefusal`], and nothing happens.
    pub fn amend(
        &mut self,
        now: Timestamp,
        id: OrderId,
        limit: Price,
        quantity: Quantity,
        out: &mut Vec<FlowEvent>,
    ) -> Result<(), AmendRefusal> {
        let (side, at) = self.own.find(id).ok_or(AmendRefusal::Unknown)?;
        let resting = &mut self.own.of(side)[at];
        let remaining = quantity - resting.filled();
        if !remaining.is_positive() {
            self.cancel(id, out);
            return Ok(());
        }
        let keeps_place = limit == resting.order.limit && quantity <= resting.order.quantity;
        if keeps_place {
            resting.remaining = remaining;
            resting.order.quantity = quantity;
            out.push(FlowEvent::Amended {
                order: id,
                limit,
                quantity,
            });
            return Ok(());
        }
        let amended = FlowOrder {
            limit,
            quantity,
            ..resting.order
        };
        self.check(&amended, remaining)?;
        self.own.of(side).remove(at);
        out.push(FlowEvent::Amended {
            order: id,
            limit,
            quantity,
        });
        self.work(now, amended, remaining, out);
        Ok(())
    }

    /// Cancels resting orders whose expiration is at or before `now`.
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<FlowEvent>) {
        let expired = |order: &FlowOrder| order.expires.is_some_and(|expires| expires <= now);
        self.cancel_where(expired, CancelReason::Expiry, out);
    }

    /// Cancels every resting order.
    pub fn cancel_all(&mut self, reason: CancelReason, out: &mut Vec<FlowEvent>) {
        self.cancel_where(|_| true, reason, out);
    }

    fn cancel_where(
        &mut self,
        which: impl Fn(&FlowOrder) -> bool,
        reason: CancelReason,
        out: &mut Vec<FlowEvent>,
    ) {
        for side in [Side::Yes, Side::No] {
            self.own.of(side).retain(|resting| {
                let goes = which(&resting.order);
                if goes {
                    out.push(FlowEvent::Canceled {
                        order: resting.order.id,
                        remaining: resting.remaining,
                        reason,
                    });
                }
                !goes
            });
        }
    }

    fn check(&self, order: &FlowOrder, quantity: Quantity) -> Result<(), Refusal> {
        if !quantity.is_positive() {
            return Err(Refusal::NoQuantity);
        }
        if self.book.book().is_none() {
            return Err(Refusal::BookNotSynced);
        }
        let crosses =
            || order.accepts_any_price() || self.to_be_had(order).next().is_some() || self.meets_own(order);
        if order.post_only && crosses() {
            return Err(Refusal::WouldCross);
        }
        Ok(())
    }

    /// Levels an order may take from, best first, less what was taken from them; those beyond a resting own order are out
    /// of reach.
    fn to_be_had<'a>(&'a self, order: &FlowOrder) -> impl Iterator<Item = Level> + 'a {
        let side = order.side.outcome().opposite();
        let limit = order.own_price();
        let barrier = self.own_best(side);
        self.book
            .book()
            .into_iter()
            .flat_map(move |book| book.levels(side))
            .take_while(move |level| meet(limit, level.price) && barrier.is_none_or(|own| level.price > own))
    }

    fn own_best(&self, side: Side) -> Option<Price> {
        let orders = match side {
            Side::Yes => &self.own.yes,
            Side::No => &self.own.no,
        };
        orders.first().map(|resting| resting.price)
    }

    /// True when an order reaches a resting own order on the other side.
    fn meets_own(&self, order: &FlowOrder) -> bool {
        self.own_best(order.side.outcome().opposite())
            .is_some_and(|own| meet(order.own_price(), own))
    }

    /// Lets an order take what it can and rest or cancel the remainder. Fill-or-kill that meets an own order before it has all
    /// keeps what it got so far.
    fn work(&mut self, now: Timestamp, order: FlowOrder, quantity: Quantity, out: &mut Vec<FlowEvent>) {
        let cancel = |remaining, reason| FlowEvent::Canceled {
            order: order.id,
            remaining,
            reason,
        };
        if order.time_in_force == TimeInForce::FillOrKill {
            let had: Quantity = self.to_be_had(&order).map(|level| level.quantity).sum();
            if had < quantity && !self.meets_own(&order) {
                out.push(cancel(quantity, CancelReason::FillOrKill));
                return;
            }
        }
        let remaining = self.take(&order, quantity, out);
        if remaining.is_zero() {
            return;
        }
        if self.meets_own(&order) {
            out.push(cancel(remaining, CancelReason::SelfTrade));
        } else if order.time_in_force == TimeInForce::GoodTillCanceled && !order.accepts_any_price() {
            let displayed = self.displayed(order.side.outcome(), order.own_price());
            let resting = Resting::join(now, order, remaining, self.model, displayed);
            self.own.insert(resting);
        } else {
            out.push(cancel(remaining, CancelReason::ImmediateRemainder));
        }
    }

    fn displayed(&self, side: Side, price: Price) -> Quantity {
        self.book
            .recorded()
            .map_or(Quantity::ZERO, |book| book.quantity_at(side, price))
    }

    /// Walks the book and returns what it could not get.
    fn take(&mut self, order: &FlowOrder, quantity: Quantity, out: &mut Vec<FlowEvent>) -> Quantity {
        let mut remaining = quantity;
        while remaining.is_positive() {
            // Taking a level's last contract makes the next one the first, so this ends.
            let Some(level) = self.to_be_had(order).next() else {
                break;
            };
            let fill = remaining.min(level.quantity);
            remaining -= fill;
            let side = order.side.outcome().opposite();
            self.book.take(side, level.price, fill);
            out.push(FlowEvent::Filled(FlowFill {
                order: order.id,
                side: order.side,
                price: own_price(side.book_side(), level.price),
                quantity: fill,
                role: Role::Taker,
                remaining,
            }));
        }
        remaining
    }

    #[inline]
    fn level_changed(
        &mut self,
        now: Timestamp,
        side: Side,
        price: Price,
        old: Quantity,
        new: Quantity,
        out: &mut Vec<FlowEvent>,
    ) {
        if new < old {
            let model = self.model;
            for resting in self.own.of(side) {
                if resting.price == price {
                    resting.level_shrank(now, model, old.units(), new.units());
                }
            }
        } else if new > old {
            self.arrived(side, price, new - old, out);
        }
    }

    /// Contracts arrived on `side`: resting own orders on the other side fill, best first, by those that others leave.
    #[inline]
    fn arrived(&mut self, side: Side, price: Price, quantity: Quantity, out: &mut Vec<FlowEvent>) {
        let met = self
            .own
            .of(side.opposite())
            .first()
            .is_some_and(|own| meet(own.price, price));
        if met {
            self.fill_from_arrival(side, price, quantity, out);
        }
    }

    fn fill_from_arrival(&mut self, side: Side, price: Price, quantity: Quantity, out: &mut Vec<FlowEvent>) {
        let free = (quantity - self.spoken_for(side, price)).max(Quantity::ZERO);
        let mut left = free;
        for resting in self.own.of(side.opposite()) {
            if left.is_zero() || !meet(resting.price, price) {
                break;
            }
            left -= fill_resting(resting, left, out);
        }
        if left < free {
            self.book.take(side, price, free - left);
            drop_filled(self.own.of(side.opposite()));
        }
    }

    /// Contracts of others that those arriving on `side` at `price` would take, when their levels are still shown.
    fn spoken_for(&self, side: Side, price: Price) -> Quantity {
        let others = self.book.recorded().into_iter();
        others
            .flat_map(|book| book.levels(side.opposite()))
            .take_while(|level| meet(level.price, price))
            .map(|level| level.quantity)
            .sum()
    }

    /// A print at `level` of `side`'s bids: shared out among own orders by price, then arrival.
    fn printed(&mut self, now: Timestamp, side: Side, level: Price, quantity: i64, out: &mut Vec<FlowEvent>) {
        let mut left = quantity;
        // Contracts of others at this level that the print has eaten, and how many of them were ahead of the order before.
        let (mut eaten, mut counted) = (0, 0);
        for resting in self.own.of(side) {
            if resting.price < level {
                break;
            }
            if !resting.may_meet_prints(now) {
                continue;
            }
            if resting.price > level {
                resting.ahead = 0;
            } else {
                resting.level_printed(now, quantity);
                let between = left.min(resting.ahead - counted).max(0);
                counted = counted.max(resting.ahead);
                left -= between;
                eaten += between;
                resting.ahead = (resting.ahead - eaten).max(0);
            }
            if resting.ahead == 0 && left > 0 {
                left -= fill_resting(resting, Quantity::from_units(left), out).units();
            }
        }
        drop_filled(self.own.of(side));
    }
}

/// Fills a resting order with at most `available` contracts and returns how many it got.
fn fill_resting(resting: &mut Resting, available: Quantity, out: &mut Vec<FlowEvent>) -> Quantity {
    let fill = resting.remaining.min(available);
    resting.remaining -= fill;
    out.push(FlowEvent::Filled(FlowFill {
        order: resting.order.id,
        side: resting.order.side,
        price: resting.order.limit,
        quantity: fill,
        role: Role::Maker,
        remaining: resting.remaining,
    }));
    fill
}

fn drop_filled(orders: &mut Vec<Resting>) {
    orders.retain(|resting| resting.remaining.is_positive());
}
