//! Market makers: where they want to quote, and how they get there from where they are.

use kmi_domain::matching::OrderId;
use kmi_domain::{BookSide, Price, Quantity, TickGrid};

use super::desk::{Desk, Offer};
use super::stall::{Bustle, Quote, Stall};
use crate::core::{Account, UserId};
use crate::world::chance::Chance;

/// Most a maker moves its quotes to get rid of what it holds, in dollars.
const SKEW: f64 = 0.02;
/// Inventory, in quotes of usual size, at which about three quarters of that are reached.
const BURDEN: f64 = 20.0;
/// Worth, in ticks, down to which the lowest price is still bid.
const HOPE: f64 = 0.3;
/// Share of price changes made by amending the order; the others cancel it and place another.
const AMENDS: f64 = 0.5;
/// Share of requotes in which one of the quotes that stay gets another size.
const RESIZES: f64 = 0.8;

/// A maker looks at a market again, believing that YES is worth `belief`.
pub(super) fn requote(
    desk: &mut Desk,
    stall: &mut Stall,
    (maker, user): (u8, UserId),
    belief: f64,
    hands: &mut Chance,
) {
    forget_ended(desk, stall, maker);
    let position = desk.exchange.position(Account::primary(user), stall.market);
    let held = position.map_or(0.0, |position| position.quantity.contracts());
    let center = belief - skew(held, stall.bustle) + 0.002 * hands.normal();
    let grid = &desk.exchange.market(stall.market).spec.grid;
    let wanted = wanted(grid, stall.bustle, center, hands);
    let own: Vec<Quote> = stall
        .quotes
        .iter()
        .filter(|quote| quote.maker == maker)
        .copied()
        .collect();
    stall.quotes.retain(|quote| quote.maker != maker);
    let is_rising = middle(&own).is_some_and(|middle| center > middle);
    // The side that moves away goes first, so that a maker does not stand in its own way.
    let sides = if is_rising {
        [BookSide::Ask, BookSide::Bid]
    } else {
        [BookSide::Bid, BookSide::Ask]
    };
    for side in sides {
        let old: Vec<Quote> = own.iter().filter(|quote| quote.side == side).copied().collect();
        let new: Vec<Price> = wanted
            .iter()
            .filter(|want| want.0 == side)
            .map(|want| want.1)
            .collect();
        move_side(desk, stall, (maker, user), side, (old, new), hands);
    }
}

/// Drops quotes that were filled, canceled or expired.
fn forget_ended(desk: &Desk, stall: &mut Stall, maker: u8) {
    stall
        .quotes
        .retain(|quote| quote.maker != maker || desk.exchange.order(quote.order).is_some());
}

/// Moves a maker's quotes of one side to these prices: those that stand there already stay, one of them perhaps resized;
/// the others are moved, as far as there are prices for them.
fn move_side(
    desk: &mut Desk,
    stall: &mut Stall,
    (maker, user): (u8, UserId),
    side: BookSide,
    (old, new): (Vec<Quote>, Vec<Price>),
    hands: &mut Chance,
) {
    let (stay, mut leave): (Vec<Quote>, Vec<Quote>) =
        old.into_iter().partition(|quote| new.contains(&quote.price));
    let resized = hands.happens(RESIZES).then(|| hands.index(stay.len() + 1));
    for (nth, quote) in stay.iter().enumerate() {
        if resized == Some(nth) {
            resize(desk, stall, user, *quote, hands);
        } else {
            stall.quotes.push(*quote);
        }
    }
    let ticker = stall.ticker.clone();
    for (level, price) in new.into_iter().enumerate() {
        if stay.iter().any(|quote| quote.price == price) {
            continue;
        }
        // Deeper levels are larger.
        let median = stall.bustle.size() * (1.0 + 0.5 * f64::from(u8::try_from(level).unwrap_or(u8::MAX)));
        let offer = Offer {
            trader: user,
            ticker: &ticker,
            side,
            price,
            quantity: stall.amount(median, hands),
        };
        let moved = match leave.pop() {
            Some(quote) => replace(desk, quote, offer, hands),
            None => desk.rest(offer, None),
        };
        if let Some((order, price)) = moved {
            stall.quotes.push(Quote {
                maker,
                side,
                price,
                order,
            });
        }
    }
    for quote in leave {
        desk.cancel(user, &ticker, quote.order);
    }
}

/// Moves one quote: amended, or canceled and placed anew.
fn replace(desk: &mut Desk, quote: Quote, offer: Offer, hands: &mut Chance) -> Option<(OrderId, Price)> {
    let filled = desk
        .exchange
        .order(quote.order)
        .map_or(Quantity::ZERO, |order| order.filled);
    if hands.happens(AMENDS)
        && let Some(amended) = desk.amend(quote.order, filled, offer)
    {
        return Some(amended);
    }
    desk.cancel(offer.trader, offer.ticker, quote.order);
    desk.rest(offer, None)
}

/// Gives a quote another size where it stands; canceled if even that is refused.
fn resize(desk: &mut Desk, stall: &mut Stall, user: UserId, quote: Quote, hands: &mut Chance) {
    let ticker = stall.ticker.clone();
    let filled = desk
        .exchange
        .order(quote.order)
        .map_or(Quantity::ZERO, |order| order.filled);
    let offer = Offer {
        trader: user,
        ticker: &ticker,
        side: quote.side,
        price: quote.price,
        quantity: stall.amount(stall.bustle.size() * 1.4, hands),
    };
    match desk.amend(quote.order, filled, offer) {
        Some((order, price)) => stall.quotes.push(Quote {
            price,
            order,
            ..quote
        }),
        None => desk.cancel(user, &ticker, quote.order),
    }
}

/// By how much a maker who holds so many contracts (+ YES, − NO) quotes lower.
fn skew(held: f64, bustle: Bustle) -> f64 {
    SKEW * libm::tanh(held / (BURDEN * bustle.size()))
}

/// Mean of the prices at which quotes stand.
fn middle(quotes: &[Quote]) -> Option<f64> {
    if quotes.is_empty() {
        return None;
    }
    Some(quotes.iter().map(|quote| quote.price.probability()).sum::<f64>() / quotes.len() as f64)
}

/// Prices to quote around `center`, best first on each side: on the grid, none twice, fewer where the dollar ends.
fn wanted(grid: &TickGrid, bustle: Bustle, center: f64, hands: &mut Chance) -> Vec<(BookSide, Price)> {
    let (least, most) = bustle.half_spread();
    let p = center.clamp(0.0, 1.0);
    // Quotes are narrower where less can happen.
    let width = 0.3 + 1.4 * libm::sqrt(p * (1.0 - p));
    let half = width * (least + (most - least) * hands.uniform());
    let tick = grid.finest_step().probability();
    // As long as there is some hope, somebody pays the least that can be paid.
    let edge = |hope: f64| if hope > HOPE * tick { tick } else { 0.0 };
    let mut wanted = Vec::with_capacity(2 * usize::from(bustle.levels()));
    for level in 0..bustle.levels() {
        let away = half + f64::from(level) * (0.01 * width).max(tick);
        let bid = Price::nearest((center - away).max(edge(center))).and_then(|price| grid.at_or_below(price));
        let ask = Price::nearest((center + away).min(1.0 - edge(1.0 - center)))
            .and_then(|price| grid.at_or_above(price));
        for (side, price) in [(BookSide::Bid, bid), (BookSide::Ask, ask)] {
            if let Some(price) = price
                && !wanted.contains(&(side, price))
            {
                wanted.push((side, price));
            }
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(center: f64, side: BookSide) -> Vec<String> {
        let grid = TickGrid::linear_cent();
        wanted(&grid, Bustle::Crowded, center, &mut Chance::new(1, 1))
            .into_iter()
            .filter(|want| want.0 == side)
            .map(|want| want.1.to_string())
            .collect()
    }

    #[test]
    fn quotes_stand_a_cent_apart_around_what_is_believed() {
        // Half spread between 0.4 and 0.9 cents: the bids begin at 49 cents, the asks at 51.
        assert_eq!(
            prices(0.5, BookSide::Bid),
            ["0.4900", "0.4800", "0.4700", "0.4600", "0.4500"]
        );
        assert_eq!(
            prices(0.5, BookSide::Ask),
            ["0.5100", "0.5200", "0.5300", "0.5400", "0.5500"]
        );
    }

    #[test]
    fn nobody_bids_for_what_is_worth_nothing() {
        assert!(prices(0.001, BookSide::Bid).is_empty());
        assert_eq!(prices(0.001, BookSide::Ask)[0], "0.0100");
    }

    #[test]
    fn who_holds_much_quotes_up_to_two_cents_lower() {
        assert!(skew(0.0, Bustle::Quiet).abs() < 1e-12);
        assert!((skew(1e9, Bustle::Quiet) - 0.02).abs() < 1e-12);
        assert!(skew(-500.0, Bustle::Quiet) < -0.014);
    }
}
