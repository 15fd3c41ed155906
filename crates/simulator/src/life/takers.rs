//! Those who take: with knowledge, without, and in a hurry; and those who wait inside the spread.

use kmi_domain::matching::TimeInForce;
use kmi_domain::{BookSide, Price, Timestamp};

use super::desk::{Desk, Offer};
use super::stall::Stall;
use crate::core::UserId;
use crate::world::chance::Chance;

/// What the informed want to earn on a contract after the fee, in dollars.
const MARGIN: f64 = 0.004;

/// Somebody who knows what YES is worth takes what is too cheap, or leaves.
pub(super) fn take_with_knowledge(
    desk: &mut Desk,
    stall: &Stall,
    user: UserId,
    worth: f64,
    hands: &mut Chance,
) {
    let (bid, ask) = desk.touch(stall.market);
    let cost = |price: Price| 0.07 * price.probability() * (1.0 - price.probability()) + MARGIN;
    let (side, price) = match (bid, ask) {
        (_, Some(ask)) if worth - ask.price.probability() > cost(ask.price) => (BookSide::Bid, ask.price),
        (Some(bid), _) if bid.price.probability() - worth > cost(bid.price) => (BookSide::Ask, bid.price),
        _ => return,
    };
    let offer = Offer {
        trader: user,
        ticker: &stall.ticker,
        side,
        price,
        quantity: stall.amount(stall.bustle.size() * 0.5, hands),
    };
    desk.take(offer, TimeInForce::ImmediateOrCancel);
}

/// Somebody takes either side for reasons of their own, up to `reach` dollars past the best price.
pub(super) fn take_anyhow(desk: &mut Desk, stall: &Stall, user: UserId, reach: Reach, hands: &mut Chance) {
    let (bid, ask) = desk.touch(stall.market);
    let side = if hands.happens(0.5) {
        BookSide::Bid
    } else {
        BookSide::Ask
    };
    let best = match side {
        BookSide::Bid => ask,
        BookSide::Ask => bid,
    };
    let (far, median, fill_or_kill) = match reach {
        Reach::Near => (0.02, stall.bustle.size() * 0.15, 0.1),
        Reach::Far => (0.10, stall.bustle.size() * 6.0, 0.0),
    };
    let Some(best) = best else { return };
    let grid = &desk.exchange.market(stall.market).spec.grid;
    let limit = match side {
        BookSide::Bid => {
            Price::nearest(best.price.probability() + far).and_then(|price| grid.at_or_below(price))
        }
        BookSide::Ask => {
            Price::nearest(best.price.probability() - far).and_then(|price| grid.at_or_above(price))
        }
    };
    let Some(price) = limit else { return };
    let offer = Offer {
        trader: user,
        ticker: &stall.ticker,
        side,
        price,
        quantity: stall.amount(median, hands),
    };
    let time_in_force = if hands.happens(fill_or_kill) {
        TimeInForce::FillOrKill
    } else {
        TimeInForce::ImmediateOrCancel
    };
    desk.take(offer, time_in_force);
}

/// How far a taker without knowledge goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// A step or two.
    Near,
    /// Through the book.
    Far,
}

/// Somebody rests an order one step better than the best, for some seconds or minutes.
pub(super) fn wait_inside(desk: &mut Desk, stall: &Stall, user: UserId, hands: &mut Chance) {
    let (bid, ask) = desk.touch(stall.market);
    let grid = &desk.exchange.market(stall.market).spec.grid;
    let (side, price) = if hands.happens(0.5) {
        (BookSide::Bid, bid.and_then(|bid| grid.up(bid.price)))
    } else {
        (BookSide::Ask, ask.and_then(|ask| grid.down(ask.price)))
    };
    let Some(price) = price else { return };
    let until: Timestamp = desk.now.plus_micros(hands.between(2_000_000, 240_000_000));
    let offer = Offer {
        trader: user,
        ticker: &stall.ticker,
        side,
        price,
        quantity: stall.amount(stall.bustle.size() * 0.2, hands),
    };
    // Where that would trade, somebody else was faster.
    let _ = desk.rest(offer, Some(until));
}
