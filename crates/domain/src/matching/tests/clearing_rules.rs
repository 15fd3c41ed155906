//! The ledger that shows that money and contracts are conserved.

use super::support::*;
use crate::matching::{Clearing, Fill};
use crate::side::BookSide;
use crate::{Money, Price};

fn dollars(text: &str) -> Money {
    text.parse().unwrap()
}

fn no_fee(_: &Fill, _: BookSide) -> Money {
    Money::ZERO
}

/// One fill of these contracts: `buyer` takes YES from `seller`'s resting ask.
fn fill(
    buyer: crate::matching::AccountId,
    seller: crate::matching::AccountId,
    at: &str,
    quantity: &str,
) -> Fill {
    let mut market = Market::with(&[ask(1, seller, at, quantity)]);
    market.submit(bid(2, buyer, at, quantity)).unwrap();
    *fills(&market.events).next().unwrap()
}

#[test]
fn opening_costs_each_side_the_price_of_its_contract() {
    let mut ledger = Clearing::new();
    ledger.deposit(ANN, dollars("10"));
    ledger.deposit(BOB, dollars("10"));

    ledger.book(&fill(ANN, BOB, "0.30", "10"), no_fee);

    // Ann paid 10 × 0.30 for YES, Bob 10 × 0.70 for NO; ten dollars stand behind ten pairs.
    assert_eq!(ledger.account(ANN).cash, dollars("7"));
    assert_eq!(ledger.account(BOB).cash, dollars("3"));
    assert_eq!(ledger.account(BOB).position, contracts("-10"));
    assert_eq!(ledger.collateral(), dollars("10"));
    assert_eq!(ledger.open_interest(), contracts("10"));
}

#[test]
fn closing_takes_the_pairs_dollar_out() {
    let mut ledger = Clearing::new();
    ledger.book(&fill(ANN, BOB, "0.30", "10"), no_fee);

    // Ann sells 4 at 0.50, which gains her 4 × 0.20; Bob buys his NO back and loses as much.
    ledger.book(&fill(BOB, ANN, "0.50", "4"), no_fee);

    assert_eq!(ledger.account(ANN).cash, dollars("-1"));
    assert_eq!(ledger.account(BOB).cash, dollars("-5"));
    assert_eq!(ledger.collateral(), dollars("6"));
    assert_eq!(ledger.total(), Money::ZERO);
}

#[test]
fn selling_more_than_is_held_closes_and_opens_the_other_side() {
    let mut ledger = Clearing::new();
    ledger.book(&fill(ANN, BOB, "0.30", "2"), no_fee);

    ledger.book(&fill(CAT, ANN, "0.60", "5"), no_fee);

    // −0.60, then 2 sold for 1.20 and 3 NO bought for 1.20.
    assert_eq!(ledger.account(ANN).cash, dollars("-0.60"));
    assert_eq!(ledger.account(ANN).position, contracts("-3"));
    assert_eq!(ledger.collateral(), dollars("5"));
    assert_eq!(ledger.net_position(), contracts("0"));
}

#[test]
fn settlement_pays_yes_its_value_and_no_the_rest_and_leaves_nothing() {
    let mut ledger = Clearing::new();
    ledger.book(&fill(ANN, BOB, "0.30", "10"), |_, side| match side {
        BookSide::Bid => dollars("0.07"),
        BookSide::Ask => Money::ZERO,
    });

    let mut yes = ledger.clone();
    yes.settle(Price::ONE);
    assert_eq!(yes.account(ANN).cash, dollars("6.93"));
    assert_eq!(yes.account(BOB).cash, dollars("-7"));
    assert_eq!(yes.fees(), dollars("0.07"));

    ledger.settle(price("0.25"));
    assert_eq!(ledger.account(ANN).cash, dollars("-0.57"));
    assert_eq!(ledger.account(BOB).cash, dollars("0.50"));
    assert_eq!(ledger.collateral(), Money::ZERO);
    assert_eq!(ledger.total(), Money::ZERO);
}
