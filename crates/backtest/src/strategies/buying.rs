//! What buying a contract costs, what it is worth to someone with a belief, and how many to buy.

use kmi_domain::fees::{FeeSchedule, Role};
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

/// Probability of the contract of `side` paying, from that of YES.
pub(super) fn chance_of(side: Side, yes: f64) -> f64 {
    match side {
        Side::Yes => yes,
        Side::No => 1.0 - yes,
    }
}

/// Taker fee per contract at `price` in dollars, without the rounding of a whole fill. `None` where the schedule is not
/// published: no edge can be told then.
pub(super) fn taker_fee(fees: FeeSchedule, price: Price) -> Option<f64> {
    let rate = f64::from(fees.rate(Role::Taker).ok()?.millionths()) / 1e6;
    let multiplier = f64::from(fees.multiplier.millionths()) / 1e6;
    let p = price.probability();
    Some(rate * multiplier * p * (1.0 - p))
}

/// Expected profit in dollars of one contract bought at `price` as a taker and held, when it pays with probability `chance`.
pub(super) fn edge(chance: f64, price: Price, fees: FeeSchedule) -> Option<f64> {
    Some(chance - price.probability() - taker_fee(fees, price)?)
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

/// The highest price of the contract of `side` on the market's grid, not above `start`, that leaves `min_edge` after the fee.
pub(super) fn worst_price(
    view: &View<'_>,
    market: MarketId,
    side: Side,
    chance: f64,
    min_edge: f64,
) -> Option<Price> {
    let info = view.market(market);
    // Cost rises with the price, so the first price that qualifies from above is the highest; the fee is at most two cents, so
    // it is close below.
    let mut worst = on_grid_below(view, market, side, Price::nearest(chance - min_edge)?)?;
    while edge(chance, worst, info.fees)? < min_edge {
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
    /// Whole contracts worth buying at `price`, each paying with probability `chance`; zero without an edge.
    pub(super) fn contracts(&self, chance: f64, price: Price, fees: FeeSchedule) -> Quantity {
        let Some(fee) = taker_fee(fees, price) else {
            return Quantity::ZERO;
        };
        let cost = price.probability() + fee;
        let share = (self.kelly * kelly_fraction(chance, cost)).min(self.max_fraction);
        whole_contracts(share * self.bankroll.dollars().max(0.0) / cost)
    }
}

fn kelly_fraction(chance: f64, cost: f64) -> f64 {
    if cost >= 1.0 {
        return 0.0;
    }
    ((chance - cost) / (1.0 - cost)).max(0.0)
}

/// Rounds down to whole contracts; NaN and less than one give none, and nobody buys over a million.
fn whole_contracts(contracts: f64) -> Quantity {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to 0..=1e6 just before")]
    let whole = contracts.clamp(0.0, 1e6) as i32;
    Quantity::from_contracts(whole)
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
