//! What an event's positions pay in every outcome is given back, and asked back.

use kmi_domain::{BookSide, CollateralReturn, MarketResult};

use super::support::{Desk, market_spec, order_in};
use crate::core::{Account, Command, MarketSpec, OrderStatus, Payment, Refusal, Strike};

fn exclusive() -> Desk {
    let mut desk = Desk::measured();
    desk.list_event("S", "X", CollateralReturn::Mecnet);
    for name in ["A", "B", "C"] {
        desk.list_market(market_spec("X", name));
    }
    desk
}

/// Above 70 and above 75, listed the wrong way round.
fn thresholds() -> Desk {
    let mut desk = Desk::measured();
    desk.list_event("S", "D", CollateralReturn::Direcnet);
    for (name, floor) in [("T75", 75.0), ("T70", 70.0)] {
        desk.list_market(MarketSpec {
            strike: Strike {
                kind: "greater".to_owned(),
                floor: Some(floor),
                cap: None,
            },
            ..market_spec("D", name)
        });
    }
    desk
}

/// The account ends on this side for one price, at another's expense; the maker pays no fee, the account is the maker.
fn gain(desk: &mut Desk, account: Account, market: &str, side: BookSide, price: &str, count: &str) {
    let other = desk.user(&format!(
        "against {market} {side:?} {price} {}",
        desk.events.len()
    ));
    desk.place(order_in(market, account, side, price, count));
    let taken = desk.place(order_in(market, other, side.opposite(), price, count));
    assert_eq!(taken.status, OrderStatus::Executed);
}

#[test]
fn no_on_two_exclusive_markets_pays_once_for_certain() {
    let mut desk = exclusive();
    let user = desk.user("user");
    gain(&mut desk, user, "A", BookSide::Ask, "0.40", "10");
    assert_eq!(desk.cash(user), "9994.0000");
    // Ten NO of B at 0.70 cost 7.00; one of the two NO pays in any case: 10.00 come back.
    gain(&mut desk, user, "B", BookSide::Ask, "0.30", "10");
    assert_eq!(desk.cash(user), "9997.0000");
    // YES on A: NO of B pays 10.00, which was given before.
    desk.determine("A", MarketResult::Yes);
    assert_eq!(desk.cash(user), "9997.0000");
    desk.determine("B", MarketResult::No);
    assert_eq!(desk.cash(user), "9997.0000");
}

#[test]
fn a_result_makes_more_of_the_event_certain() {
    let mut desk = exclusive();
    let user = desk.user("user");
    gain(&mut desk, user, "A", BookSide::Ask, "0.40", "10");
    gain(&mut desk, user, "B", BookSide::Ask, "0.30", "10");
    // C came out YES: both NO pay 10.00 now.
    desk.determine("C", MarketResult::Yes);
    assert_eq!(desk.cash(user), "10007.0000");
    let second = Command::Determine {
        market: "A".parse().unwrap(),
        result: MarketResult::Yes,
        payment: Payment::Now,
    };
    assert!(matches!(desk.refused(second), Refusal::InvalidResult { .. }));
    desk.determine("A", MarketResult::No);
    desk.determine("B", MarketResult::No);
    assert_eq!(desk.cash(user), "10007.0000");
}

#[test]
fn scalar_values_share_the_dollar_of_an_exclusive_event() {
    let mut desk = exclusive();
    let user = desk.user("user");
    gain(&mut desk, user, "A", BookSide::Ask, "0.40", "10");
    gain(&mut desk, user, "B", BookSide::Ask, "0.30", "10");
    let half = |market: &str, value: &str| Command::Determine {
        market: market.parse().unwrap(),
        result: MarketResult::Scalar(value.parse().unwrap()),
        payment: Payment::Now,
    };
    assert!(matches!(
        desk.refused(half("A", "0.505")),
        Refusal::InvalidResult { .. }
    ));
    desk.done(half("A", "0.50"));
    // NO of A pays 5.00; NO of B pays 5.00 at least: that makes the 10.00 given before.
    assert_eq!(desk.cash(user), "9997.0000");
    assert!(matches!(
        desk.refused(half("B", "0.51")),
        Refusal::InvalidResult { .. }
    ));
    desk.done(half("B", "0.20"));
    assert_eq!(desk.cash(user), "10000.0000");
}

#[test]
fn closing_one_leg_pays_back_what_it_was_advanced_for() {
    let mut desk = exclusive();
    let user = desk.user_with("user", "13.00");
    gain(&mut desk, user, "A", BookSide::Ask, "0.40", "10");
    gain(&mut desk, user, "B", BookSide::Ask, "0.30", "10");
    assert_eq!(desk.cash(user), "10.0000");
    // Buying the ten YES of A closes NO for 10.00 of pairs, but 10.00 are asked back: it costs its price, and so much is held.
    desk.place(order_in("A", user, BookSide::Bid, "0.90", "10"));
    assert_eq!(desk.free(user), "1.0000");
    let other = desk.user("other");
    desk.place(order_in("A", other, BookSide::Ask, "0.90", "10"));
    assert_eq!(
        (desk.cash(user), desk.free(user)),
        ("1.0000".into(), "1.0000".into())
    );
    assert_eq!(desk.held(user, "A"), "0.00");
}

#[test]
fn a_spread_of_thresholds_pays_at_least_one_leg_whichever_was_listed_first() {
    let mut desk = thresholds();
    let user = desk.user("user");
    gain(&mut desk, user, "T70", BookSide::Bid, "0.60", "10");
    // NO of the harder at 0.70: 13.00 paid in all, 10.00 certain.
    gain(&mut desk, user, "T75", BookSide::Ask, "0.30", "10");
    assert_eq!(desk.cash(user), "9997.0000");
    let wrong = Command::Determine {
        market: "T75".parse().unwrap(),
        result: MarketResult::Yes,
        payment: Payment::Now,
    };
    desk.determine("T70", MarketResult::No);
    assert_eq!(desk.cash(user), "9997.0000");
    assert!(matches!(desk.refused(wrong), Refusal::InvalidResult { .. }));
    desk.determine("T75", MarketResult::No);
    assert_eq!(desk.cash(user), "9997.0000");
}

#[test]
fn netting_is_switched_off_only_by_who_can_pay_it_back() {
    let mut desk = exclusive();
    let user = desk.user_with("user", "13.00");
    gain(&mut desk, user, "A", BookSide::Ask, "0.40", "10");
    gain(&mut desk, user, "B", BookSide::Ask, "0.30", "10");
    let switch = |enabled| Command::SetNetting {
        account: user,
        enabled,
    };
    let spent = desk.place(order_in("C", user, BookSide::Bid, "0.10", "1"));
    assert!(matches!(
        desk.refused(switch(false)),
        Refusal::InsufficientBalance { .. }
    ));
    desk.done(Command::Cancel(crate::core::CancelOrder {
        account: user,
        order: spent.order,
        route: crate::core::Route::Shard(crate::core::Shard::MAIN),
    }));
    desk.done(switch(false));
    assert_eq!(desk.cash(user), "0.0000");
    desk.done(switch(true));
    assert_eq!(desk.cash(user), "10.0000");
}
