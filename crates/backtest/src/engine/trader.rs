//! The trader's side of the wire: what the strategy has been told so far.

use kmi_domain::fees::Role;
use kmi_domain::flow::NetBook;
use kmi_domain::{Money, Quantity, Timestamp};

use super::snapshot::{Collected, Collector};
use super::{Catalogue, RunConfig};
use crate::feed::{DataKind, FeedEvent, FeedKind};
use crate::strategy::{
    ClientOrderId, Event, MarketView, NewOrder, OpenOrder, OrderStage, OrderUpdate, Trade, UpdateKind,
};

#[derive(Debug)]
pub(super) struct Trader {
    seen: Vec<MarketView>,
    cash: Money,
    /// Copies of the books, when news is delayed; else none.
    books: Vec<NetBook>,
    snapshots: Collector,
}

impl Trader {
    pub(super) fn new(catalogue: Catalogue<'_>, config: &RunConfig) -> Trader {
        let delayed = !config.latency.data.is_zero() || !config.latency.jitter.is_zero();
        let copies = match catalogue.kind {
            DataKind::Books if delayed => catalogue.markets.len(),
            _ => 0,
        };
        Trader {
            seen: vec![MarketView::default(); catalogue.markets.len()],
            cash: config.cash,
            books: vec![NetBook::new(); copies],
            snapshots: Collector::default(),
        }
    }

    #[inline]
    pub(super) fn seen(&self) -> &[MarketView] {
        &self.seen
    }

    #[inline]
    pub(super) fn books(&self) -> &[NetBook] {
        &self.books
    }

    #[inline]
    pub(super) fn cash(&self) -> Money {
        self.cash
    }

    /// Notes an order as it is sent.
    pub(super) fn sent(&mut self, now: Timestamp, id: ClientOrderId, order: &NewOrder) {
        if let Some(seen) = self.seen.get_mut(id.market.index()) {
            seen.orders.push(OpenOrder {
                id,
                side: order.side,
                limit: order.limit,
                remaining: order.quantity,
                filled: Quantity::ZERO,
                time_in_force: order.time_in_force,
                sent: now,
                stage: OrderStage::Sent,
            });
        }
    }

    /// Applies a delayed recorded event and says what the strategy is to be told of it, if anything.
    pub(super) fn copy(&mut self, event: &FeedEvent) -> Option<Event> {
        let market = event.market;
        if let FeedKind::Trade {
            price,
            quantity,
            taker,
        } = event.kind
        {
            let time = event.time;
            return Some(Event::Trade(Trade {
                market,
                time,
                price,
                quantity,
                taker,
            }));
        }
        let book = self.books.get_mut(market.index())?;
        match (self.snapshots.collect(event), event.kind) {
            (Collected::Part, _) => return None,
            (Collected::Whole(levels), _) => {
                book.snapshot(levels.yes.into_iter(), levels.no.into_iter());
            }
            (Collected::Other, FeedKind::Delta { side, price, change }) => {
                let was = book.state();
                // A refused delta matters only when it made the book stale.
                if book.apply(side, price, change).is_err() && was == book.state() {
                    return None;
                }
            }
            (
                Collected::Other,
                FeedKind::Level {
                    side,
                    price,
                    quantity,
                },
            ) => {
                book.set(side, price, quantity).ok()?;
            }
            (Collected::Other, _) => book.mark_stale(),
        }
        Some(Event::Book { market })
    }

    /// Brings the view up to an event.
    #[inline]
    pub(super) fn observe(&mut self, event: &Event) {
        match event {
            Event::Book { .. } | Event::Timer { .. } => {}
            Event::Trade(trade) => self.seen[trade.market.index()].last_trade = Some(*trade),
            Event::Order(update) => self.observe_order(update),
            Event::Settled { market, result } => {
                let position = &mut self.seen[market.index()].position;
                self.cash += position.settle(*result, Money::ZERO).cash;
            }
        }
    }

    #[cold]
    fn observe_order(&mut self, update: &OrderUpdate) {
        let Some(seen) = self.seen.get_mut(update.order.market.index()) else {
            return;
        };
        if let UpdateKind::Filled(fill) = update.kind {
            let change = seen
                .position
                .apply(fill.side, fill.price, fill.quantity, fill.fee);
            self.cash += change.cash - fill.fee;
            // A maker's fill does not say whether a print or an arrival made it, so it takes nothing off the copy.
            if fill.role == Role::Taker
                && let Some(book) = self.books.get_mut(update.order.market.index())
            {
                let outcome = fill.side.outcome();
                book.take(
                    outcome.opposite(),
                    fill.outcome_price().complement(),
                    fill.quantity,
                );
            }
        }
        let Some(at) = seen.orders.iter().position(|order| order.id == update.order) else {
            return;
        };
        let order = &mut seen.orders[at];
        let gone = match update.kind {
            UpdateKind::Accepted => {
                order.stage = OrderStage::Open;
                false
            }
            UpdateKind::Filled(fill) => {
                order.remaining -= fill.quantity;
                order.filled += fill.quantity;
                order.remaining.is_zero()
            }
            UpdateKind::Amended { limit, quantity } => {
                order.limit = limit;
                order.remaining = quantity - order.filled;
                false
            }
            UpdateKind::Unchanged => false,
            UpdateKind::Refused(_) | UpdateKind::Canceled(_) => true,
        };
        if gone {
            seen.orders.remove(at);
        }
    }
}
