//! Collateral that the open orders of one market tie up.

use std::cmp::Reverse;

use crate::side::{BookSide, Side};
use crate::units::{Money, Price, Quantity};

/// What rests of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenOrder {
    /// Side of the YES book.
    pub side: BookSide,
    /// YES price.
    pub yes_price: Price,
    /// Contracts not filled yet, zero or more.
    pub remaining: Quantity,
}

impl OpenOrder {
    /// What a contract gained by it costs: the YES price for a bid, the NO price for an ask.
    fn price_of_gain(self) -> Price {
        match self.side.outcome() {
            Side::Yes => self.yes_price,
            Side::No => self.yes_price.complement(),
        }
    }
}

/// Money tied up by open orders, before fees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Collateral {
    /// By bids: what the YES they would open costs.
    pub bids: Money,
    /// By asks: what the NO they would open costs.
    pub asks: Money,
}

impl Collateral {
    /// Bids and asks together: what is reserved when every order must be good by itself, and never less than what
    /// openings cost in any order of fills.
    #[must_use]
    pub fn reserved(self) -> Money {
        self.bids + self.asks
    }
}

/// Collateral of one market's open orders beside a position (+ YES, − NO) in it.
///
/// Orders that close the position tie up nothing: held contracts cover the best-priced opposite orders first, which fill
/// first. What closing would bring in is not counted before it came.
#[must_use]
pub fn collateral(position: Quantity, orders: &[OpenOrder]) -> Collateral {
    Collateral {
        bids: openings(BookSide::Bid, (-position).max(Quantity::ZERO), orders),
        asks: openings(BookSide::Ask, position.max(Quantity::ZERO), orders),
    }
}

/// Cost of what the orders of one side open beyond `covered` contracts.
fn openings(side: BookSide, mut covered: Quantity, orders: &[OpenOrder]) -> Money {
    let mut best_first: Vec<OpenOrder> = orders
        .iter()
        .copied()
        .filter(|order| order.side == side)
        .collect();
    // The highest bid and the lowest ask pay the most for what they gain.
    best_first.sort_unstable_by_key(|order| Reverse(order.price_of_gain()));
    best_first
        .into_iter()
        .map(|order| {
            let closing = order.remaining.min(covered);
            covered -= closing;
            order.price_of_gain() * (order.remaining - closing)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::position::Position;

    fn order(side: BookSide, yes_price: &str, contracts: i32) -> OpenOrder {
        OpenOrder {
            side,
            yes_price: yes_price.parse().unwrap(),
            remaining: Quantity::from_contracts(contracts),
        }
    }

    #[test]
    fn orders_that_open_cost_their_price_and_orders_that_close_nothing() {
        let orders = [
            order(BookSide::Bid, "0.40", 10),
            order(BookSide::Ask, "0.60", 10),
            order(BookSide::Ask, "0.90", 5),
        ];
        let tied_up = |contracts| {
            let tied = collateral(Quantity::from_contracts(contracts), &orders);
            (tied.bids.to_string(), tied.asks.to_string())
        };

        assert_eq!(tied_up(0), ("4.0000".into(), "4.5000".into()));
        // Ten YES cover the ask at 0.60; twelve two more of those at 0.90.
        assert_eq!(tied_up(10), ("4.0000".into(), "0.5000".into()));
        assert_eq!(tied_up(12), ("4.0000".into(), "0.3000".into()));
        assert_eq!(tied_up(-4), ("2.4000".into(), "4.5000".into()));
        let flat = collateral(Quantity::ZERO, &orders);
        assert_eq!(flat.reserved().to_string(), "8.5000");
        assert_eq!(collateral(Quantity::ONE, &[]), Collateral::default());
    }

    /// Fills every order by price priority in the order `turns` says, and counts what openings cost.
    fn played(position: i64, orders: &[OpenOrder], turns: &[(bool, i64)]) -> Money {
        let mut queues = [BookSide::Bid, BookSide::Ask].map(|side| {
            let mut queue: Vec<OpenOrder> = orders.iter().copied().filter(|o| o.side == side).collect();
            queue.sort_by_key(|order| order.price_of_gain());
            queue
        });
        let mut held = Position::FLAT;
        let start = if position > 0 {
            BookSide::Bid
        } else {
            BookSide::Ask
        };
        held.apply(
            start,
            Price::ONE,
            Quantity::from_units(position.abs()),
            Money::ZERO,
        );
        let mut opened = Money::ZERO;
        for (bid, units) in turns {
            let queue = &mut queues[usize::from(!bid)];
            let Some(order) = queue.last_mut() else { continue };
            let part = Quantity::from_units(*units).min(order.remaining);
            order.remaining -= part;
            let (price, side) = (order.price_of_gain(), order.side);
            let yes_price = order.yes_price;
            if order.remaining.is_zero() {
                queue.pop();
            }
            opened += price * held.apply(side, yes_price, part, Money::ZERO).opened;
        }
        opened
    }

    proptest! {
        #[test]
        fn no_sequence_of_fills_opens_for_more_than_is_reserved(
            position in -2_000i64..=2_000,
            orders in prop::collection::vec((any::<bool>(), 0u16..=10_000, 0i64..=1_000), 0..8),
            turns in prop::collection::vec((any::<bool>(), 1i64..=1_000), 0..40),
        ) {
            let orders: Vec<OpenOrder> = orders
                .into_iter()
                .map(|(bid, price, units)| OpenOrder {
                    side: if bid { BookSide::Bid } else { BookSide::Ask },
                    yes_price: Price::from_units(price).unwrap(),
                    remaining: Quantity::from_units(units),
                })
                .collect();
            let tied = collateral(Quantity::from_units(position), &orders);
            let opened = played(position, &orders, &turns);
            prop_assert!(opened <= tied.reserved(), "{} > {}", opened, tied.reserved());

            // One side alone, filled to the end, opens for exactly its collateral.
            for (side, due) in [(true, tied.bids), (false, tied.asks)] {
                let all = vec![(side, 1_000); orders.len()];
                prop_assert_eq!(played(position, &orders, &all), due);
            }
        }
    }
}
