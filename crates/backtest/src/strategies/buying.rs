//! What buying a contract costs, what it is worth to someone with a belief, and how many to buy.

use kmi_domain::fees::{FeeSchedule, Role};
use kmi_domain::probability::{Bet, kelly_quantity};
use kmi_domain::{BookSide, Money, Price, Quantity, Side};

use crate::strategy::{MarketId, NewOrder, View};

/// Price at which a contract of `side` can be had as far as is known: the best ask of the book where the data has books,
/// else the last print. `None` where there is neither.
pub(super) fn offered(view: &View<'_>, market: MarketId, side: Side) -> Option<Price> {
    if view.has_books() {
        return Some(view.book(market)?.best_ask(side)?.price);
    }
    Some(of_side(view.last_trade(market)?.price, side))
}

/// A YES price as the price of the contract of `side`.
pub(super) const fn of_side(yes_price: Price, side: Side) -> Price {
    match side {
        Side::Yes => yes_price,
        Side::No => yes_price.complement(),
    }
}

/// Buying `side` at `price` as a taker, believing in YES with probability `yes`. `None` where the fee schedule is not
/// published: no edge can be told then.
pub(super) fn bet_on(side: Side, price: Price, yes: f64, fees: FeeSchedule) -> Option<Bet> {
    Bet::new(side, price, yes, fees, Role::Taker).ok()
}

/// An order for the contract of `side` that accepts prices up to `worst`, that contract's price, brought to the grid on the
/// safe side. `None` where the grid has no such price.
pub(super) fn order_up_to(
    view: &View<'_>,
    market: MarketId,
    side: Side,
    worst: Price,
    quantity: Quantity,
) -> Option<NewOrder> {
    let grid = &view.market(market).grid;
    match side {
        Side::Yes => Some(NewOrder::bid(market, grid.at_or_below(worst)?, quantity)),
        Side::No => Some(NewOrder::ask(
            market,
            grid.at_or_above(worst.complement())?,
            quantity,
        )),
    }
}

/// The highest price of the contract of `side` on the market's grid that leaves `min_edge` dollars after the fee to someone
/// who believes in YES with probability `yes`.
pub(super) fn worst_price(
    view: &View<'_>,
    market: MarketId,
    side: Side,
    yes: f64,
    min_edge: f64,
) -> Option<Price> {
    let fees = view.market(market).fees;
    let belief = bet_on(side, Price::ZERO, yes, fees)?.belief;
    // Cost rises with the price, so the first price that qualifies from above is the highest; the fee is at most two cents, so
    // it is close below.
    let mut worst = on_grid_below(view, market, side, Price::nearest(belief - min_edge)?)?;
    while bet_on(side, worst, yes, fees)?.expected_value() < min_edge {
        worst = on_grid_below(view, market, side, worst.checked_offset(-1)?)?;
    }
    Some(worst)
}

fn on_grid_below(view: &View<'_>, market: MarketId, side: Side, price: Price) -> Option<Price> {
    let grid = &view.market(market).grid;
    match side {
        Side::Yes => grid.at_or_below(price),
        Side::No => grid.at_or_above(price.complement()).map(Price::complement),
    }
}

/// The order that takes an existing position to nothing at any price.
pub(super) fn close_at_any_price(market: MarketId, position: Quantity) -> NewOrder {
    if position.is_positive() {
        NewOrder::ask(market, Price::ZERO, position)
    } else {
        NewOrder::bid(market, Price::ONE, position.abs())
    }
}

/// How many contracts to buy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stake {
    /// Dollars the fractions are of.
    pub(super) bankroll: Money,
    /// Share of Kelly's stake, 0 to 1.
    pub(super) kelly: f64,
    /// Largest share of the bankroll in one market, 0 to 1.
    pub(super) max_fraction: f64,
}

impl Stake {
    /// Whole contracts worth buying; none without an edge.
    pub(super) fn contracts(&self, bet: &Bet, fees: FeeSchedule) -> Quantity {
        let full = bet.kelly_fraction();
        if full <= 0.0 {
            return Quantity::ZERO;
        }
        let multiple = self.kelly.min(self.max_fraction / full);
        let purchase = kelly_quantity(bet, self.bankroll, multiple, Quantity::ONE, fees, Role::Taker);
        purchase.map_or(Quantity::ZERO, |purchase| purchase.quantity)
    }
}

/// Signed contracts held once every open order has filled whole.
pub(super) fn position_if_filled(view: &View<'_>, market: MarketId) -> Quantity {
    view.open_orders(market)
        .iter()
        .fold(view.position(market), |position, order| match order.side {
            BookSide::Bid => position + order.remaining,
            BookSide::Ask => position - order.remaining,
        })
}

/// Signed contracts as contracts of `side`: negative when the other side is held.
pub(super) fn held_of(side: Side, position: Quantity) -> Quantity {
    match side {
        Side::Yes => position,
        Side::No => -position,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::Desk;
    use super::*;

    proptest! {
        #[test]
        fn the_worst_price_leaves_the_edge_and_the_next_worse_does_not(
            yes in 0.0..1.0_f64, min_edge in 0.0..0.3_f64, buys_yes: bool,
        ) {
            let desk = Desk::tape(1);
            let view = desk.view();
            let side = if buys_yes { Side::Yes } else { Side::No };
            let fees = view.market(MarketId(0)).fees;
            let value = |price: Price| bet_on(side, price, yes, fees).unwrap().expected_value();

            let cent = 100;
            match worst_price(&view, MarketId(0), side, yes, min_edge) {
                Some(worst) => {
                    prop_assert!(value(worst) >= min_edge);
                    let next = worst.checked_offset(cent).unwrap();
                    prop_assert!(next == Price::ONE || value(next) < min_edge, "{worst}");
                    let order = order_up_to(&view, MarketId(0), side, worst, Quantity::ONE).unwrap();
                    prop_assert_eq!(of_side(order.limit, side), worst);
                }
                None => prop_assert!(value("0.01".parse().unwrap()) < min_edge),
            }
        }
    }

    #[test]
    fn a_stake_is_the_smaller_of_kellys_share_and_the_cap() {
        let stake = |max_fraction| Stake {
            bankroll: Money::from_dollars(1_000),
            kelly: 0.5,
            max_fraction,
        };
        let fees = FeeSchedule::STANDARD;
        // Cost 0.5175; Kelly 0.2825 / 0.4825 = 0.5855, half of it of $1000 is $292.75: 565 contracts.
        let bet = bet_on(Side::Yes, "0.50".parse().unwrap(), 0.80, fees).unwrap();
        assert_eq!(stake(1.0).contracts(&bet, fees), Quantity::from_contracts(565));
        assert_eq!(stake(0.05).contracts(&bet, fees), Quantity::from_contracts(96));
        let bad = bet_on(Side::No, "0.50".parse().unwrap(), 0.80, fees).unwrap();
        assert_eq!(stake(1.0).contracts(&bad, fees), Quantity::ZERO);
    }
}
