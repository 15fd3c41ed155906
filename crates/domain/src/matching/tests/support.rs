//! Words the cases are told in.

use crate::matching::{
    AccountId, CancelReason, Event, Fill, LevelChange, Matcher, NewOrder, OrderId, Placed, SubmitError,
};
use crate::side::BookSide;
use crate::{Price, Quantity, TickGrid, Timestamp};

pub(super) const ANN: AccountId = AccountId(1);
pub(super) const BOB: AccountId = AccountId(2);
pub(super) const CAT: AccountId = AccountId(3);

pub(super) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(super) fn contracts(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(super) fn bid(id: u64, account: AccountId, at: &str, quantity: &str) -> NewOrder {
    NewOrder::bid(OrderId(id), account, price(at), contracts(quantity))
}

pub(super) fn ask(id: u64, account: AccountId, at: &str, quantity: &str) -> NewOrder {
    NewOrder::ask(OrderId(id), account, price(at), contracts(quantity))
}

/// A market in whole cents, with the events of the last command.
pub(super) struct Market {
    pub(super) engine: Matcher,
    pub(super) events: Vec<Event>,
}

impl Market {
    pub(super) fn new() -> Market {
        Market {
            engine: Matcher::new(TickGrid::linear_cent()),
            events: Vec::new(),
        }
    }

    pub(super) fn with(orders: &[NewOrder]) -> Market {
        let mut market = Market::new();
        for order in orders {
            market.submit(*order).unwrap();
        }
        market
    }

    pub(super) fn submit(&mut self, order: NewOrder) -> Result<Placed, SubmitError> {
        self.submit_at(at(0), order)
    }

    pub(super) fn submit_at(&mut self, now: Timestamp, order: NewOrder) -> Result<Placed, SubmitError> {
        self.events.clear();
        self.engine.submit(now, order, &mut self.events)
    }

    /// Fills of the last command as (maker, taker, price, contracts).
    pub(super) fn fills(&self) -> Vec<(u64, u64, String, String)> {
        fills(&self.events)
            .map(|fill| {
                (
                    fill.maker.order.0,
                    fill.taker.order.0,
                    fill.price.to_string(),
                    fill.quantity.to_string(),
                )
            })
            .collect()
    }

    /// Cancels of the last command as (order, reason, contracts).
    pub(super) fn cancels(&self) -> Vec<(u64, CancelReason, String)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Canceled {
                    order,
                    reason,
                    quantity,
                    ..
                } => Some((order.0, *reason, quantity.to_string())),
                _ => None,
            })
            .collect()
    }

    /// Level changes of the last command as (side, price, change, total).
    pub(super) fn changes(&self) -> Vec<(BookSide, String, String, String)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Level(LevelChange {
                    side,
                    price,
                    change,
                    total,
                }) => Some((*side, price.to_string(), change.to_string(), total.to_string())),
                _ => None,
            })
            .collect()
    }

    /// Levels of a side as text, best first: `0.5600 x 10.00`.
    pub(super) fn book(&self, side: BookSide) -> Vec<String> {
        self.engine
            .levels(side)
            .map(|level| format!("{} x {}", level.price, level.quantity))
            .collect()
    }

    pub(super) fn queue(&self, order: u64) -> Option<String> {
        Some(self.engine.queue_position(OrderId(order))?.to_string())
    }
}

pub(super) fn fills(events: &[Event]) -> impl Iterator<Item = &Fill> {
    events.iter().filter_map(|event| match event {
        Event::Filled(fill) => Some(fill),
        _ => None,
    })
}

pub(super) fn filled(maker: u64, taker: u64, price: &str, quantity: &str) -> (u64, u64, String, String) {
    (maker, taker, price.to_owned(), quantity.to_owned())
}

pub(super) fn canceled(order: u64, reason: CancelReason, quantity: &str) -> (u64, CancelReason, String) {
    (order, reason, quantity.to_owned())
}

pub(super) fn changed(
    side: BookSide,
    price: &str,
    change: &str,
    total: &str,
) -> (BookSide, String, String, String) {
    (side, price.to_owned(), change.to_owned(), total.to_owned())
}
