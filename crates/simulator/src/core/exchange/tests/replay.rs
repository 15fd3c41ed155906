//! Orders against a recorded market.

use kmi_domain::matching::{SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, Level, MarketResult, Side};

use super::support::{Desk, at, immediate, market_spec, money, order_in, quantity, ticker};
use crate::core::{Command, Event, MarketSpec, OrderStatus, PlaceOrder, Recorded, Refusal, Reply};

fn levels(rows: &[(&str, &str)]) -> Vec<Level> {
    let level = |(price, count): &(&str, &str)| Level {
        price: price.parse().unwrap(),
        quantity: quantity(count),
    };
    rows.iter().map(level).collect()
}

fn play(desk: &mut Desk, recorded: Recorded) {
    // A second between any two: nothing falls in the same millisecond.
    desk.now = desk.now.plus_seconds(1);
    desk.done(Command::Replay {
        market: ticker("R"),
        recorded_at: at(desk.now.seconds() - 1_000_000),
        recorded,
    });
}

fn trade(price: &str, count: &str, taker: Side) -> Recorded {
    Recorded::Trade {
        id: Some("a recorded id".to_owned()),
        price: price.parse().unwrap(),
        quantity: quantity(count),
        taker,
        is_block: false,
    }
}

fn delta(side: Side, price: &str, change: &str) -> Recorded {
    Recorded::Delta {
        side,
        price: price.parse().unwrap(),
        change: quantity(change),
    }
}

/// YES bid 0.40 × 10, ask 0.45 × 5.
fn replayed() -> Desk {
    let mut desk = Desk::measured();
    desk.list_market(MarketSpec {
        is_replay: true,
        ..market_spec("E", "R")
    });
    play(
        &mut desk,
        Recorded::Snapshot {
            yes: levels(&[("0.40", "10")]),
            no: levels(&[("0.55", "5")]),
        },
    );
    desk
}

#[test]
fn an_order_takes_what_was_recorded_and_the_public_sees_no_difference() {
    let mut desk = replayed();
    let user = desk.user("user");
    let market = desk.exchange.market_id("R").unwrap();
    let bought = desk.place(immediate(order_in("R", user, BookSide::Bid, "0.50", "8")));
    assert_eq!(
        (bought.status, bought.filled),
        (OrderStatus::Canceled, quantity("5"))
    );
    // 2.25 and 0.07 × 5 × 0.2475 = 0.086625 → 0.0867.
    assert_eq!(desk.cash(user), "9997.6633");
    assert_eq!(desk.exchange.best_ask(market), Some(levels(&[("0.45", "5")])[0]));
    // It is gone for this account, not for another.
    assert_eq!(
        desk.place(immediate(order_in("R", user, BookSide::Bid, "0.50", "1")))
            .filled,
        quantity("0")
    );
    let other = desk.user("other");
    assert_eq!(
        desk.place(immediate(order_in("R", other, BookSide::Bid, "0.50", "1")))
            .filled,
        quantity("1")
    );
    desk.determine("R", MarketResult::Yes);
    assert_eq!(desk.cash(user), "10002.6633");
    let ledger = desk.exchange.ledger();
    assert_eq!((ledger.collateral, ledger.total), (money("0"), ledger.deposits));
}

#[test]
fn a_resting_order_waits_for_the_queue_and_fills_by_prints() {
    let mut desk = replayed();
    let user = desk.user("user");
    let resting = desk.place(order_in("R", user, BookSide::Bid, "0.40", "4"));
    assert_eq!(desk.exchange.queue_position(resting.order), Some(quantity("10")));
    assert_eq!(desk.free(user), "9998.4000");
    desk.take_events();
    play(&mut desk, trade("0.40", "12", Side::No));
    let order = desk.exchange.order(resting.order).unwrap();
    assert_eq!((order.filled, order.remaining), (quantity("2"), quantity("2")));
    // As maker, for nothing but the price.
    assert_eq!(
        (desk.cash(user), desk.free(user)),
        ("9999.2000".into(), "9998.4000".into())
    );
    let public: Vec<&Event> = desk
        .events
        .iter()
        .filter(|event| matches!(event, Event::Trade(_)))
        .collect();
    let [Event::Trade(print)] = public[..] else {
        panic!("{public:?}")
    };
    assert_eq!(
        (print.quantity, print.recorded_id.as_deref()),
        (quantity("12"), Some("a recorded id"))
    );

    // Through its level: the rest.
    play(&mut desk, trade("0.39", "50", Side::No));
    assert!(desk.exchange.order(resting.order).is_none());
    assert_eq!(desk.held(user, "R"), "4.00");
}

#[test]
fn the_public_book_follows_the_recording() {
    let mut desk = replayed();
    let market = desk.exchange.market_id("R").unwrap();
    desk.take_events();
    play(&mut desk, delta(Side::No, "0.57", "3"));
    let Event::Level {
        side,
        price,
        change,
        total,
        clock,
        ..
    } = desk.events[0]
    else {
        panic!()
    };
    assert_eq!(
        (side, price.to_string(), change, total),
        (BookSide::Ask, "0.4300".into(), quantity("3"), quantity("3"))
    );
    assert_eq!(clock, 2);
    assert_eq!(
        desk.exchange
            .best_ask(market)
            .map(|level| level.price.to_string()),
        Some("0.4300".into())
    );
    // A gap: nothing is taken until the next snapshot.
    play(&mut desk, Recorded::Gap);
    let user = desk.user("user");
    let refused = desk.refused(Command::Place(order_in("R", user, BookSide::Bid, "0.40", "1")));
    assert_eq!(refused, Refusal::MarketInactive(ticker("R")));
}

#[test]
fn orders_on_a_tape_are_amended_decreased_canceled_and_closed() {
    let mut desk = replayed();
    let user = desk.user("user");
    let resting = desk.place(order_in("R", user, BookSide::Bid, "0.40", "4"));
    let amend = Command::Amend(crate::core::AmendOrder {
        account: user,
        order: resting.order,
        market: ticker("R"),
        side: BookSide::Bid,
        price: "0.45".parse().unwrap(),
        total: quantity("7"),
        client_order_id: None,
        updated_client_order_id: None,
        expiration: None,
    });
    let Reply::Order { filled, order, .. } = desk.done(amend) else {
        panic!()
    };
    assert_eq!((filled, order.remaining), (quantity("5"), quantity("2")));
    let decrease = Command::Decrease(crate::core::DecreaseOrder {
        account: user,
        order: resting.order,
        decrease: crate::core::Decrease::To(quantity("1")),
        route: crate::core::Route::Market(ticker("R")),
    });
    let Reply::Reduced { by, .. } = desk.done(decrease) else {
        panic!()
    };
    assert_eq!(by, quantity("1"));
    // An ask that meets the own bid takes it away and rests.
    let replaced = desk.place(PlaceOrder {
        self_trade: SelfTradePrevention::Maker,
        ..order_in("R", user, BookSide::Ask, "0.44", "1")
    });
    assert!(desk.exchange.order(resting.order).is_none());
    assert_eq!(
        desk.exchange.order(replaced.order).map(|order| order.remaining),
        Some(quantity("1"))
    );
    desk.now = at(1_000);
    desk.done(Command::Advance);
    assert!(desk.exchange.open_orders(user.user).is_empty());
}

#[test]
fn nothing_fills_while_trading_is_paused_and_what_came_meanwhile_arrives_afterwards() {
    let mut desk = replayed();
    let user = desk.user("user");
    let market = desk.exchange.market_id("R").unwrap();
    let resting = desk.place(order_in("R", user, BookSide::Bid, "0.40", "4"));
    for pause in [
        Command::PauseTrading { until: None },
        Command::PauseExchange { until: None },
    ] {
        desk.done(pause);
        play(&mut desk, trade("0.39", "50", Side::No));
        assert_eq!(desk.exchange.order(resting.order).unwrap().filled, quantity("0"));
        desk.done(Command::Resume);
        assert_eq!(desk.exchange.order(resting.order).unwrap().filled, quantity("0"));
    }
    desk.done(Command::PauseTrading { until: None });
    // Everybody leaves and three contracts are offered at the order's price.
    play(&mut desk, delta(Side::Yes, "0.40", "-10"));
    play(&mut desk, delta(Side::No, "0.60", "3"));
    let ask = desk
        .exchange
        .best_ask(market)
        .map(|level| level.price.to_string());
    assert_eq!(ask.as_deref(), Some("0.4000"));
    assert_eq!(desk.exchange.order(resting.order).unwrap().filled, quantity("0"));
    desk.done(Command::Resume);
    let order = desk.exchange.order(resting.order).unwrap();
    assert_eq!((order.filled, order.remaining), (quantity("3"), quantity("1")));
    // And it goes on: the next print at its level fills the rest.
    play(&mut desk, trade("0.40", "5", Side::No));
    assert!(desk.exchange.order(resting.order).is_none());
}

#[test]
fn an_inactive_market_is_traded_again_as_soon_as_it_is_activated() {
    let mut desk = replayed();
    let user = desk.user("user");
    desk.place(immediate(order_in("R", user, BookSide::Bid, "0.50", "1")));
    desk.done(Command::Deactivate { market: ticker("R") });
    play(&mut desk, delta(Side::No, "0.57", "3"));
    desk.done(Command::Activate { market: ticker("R") });
    // Three at 0.43, and four of the five at 0.45: one was taken before.
    let bought = desk.place(immediate(order_in("R", user, BookSide::Bid, "0.50", "9")));
    assert_eq!(bought.filled, quantity("7"));
}

#[test]
fn fill_or_kill_that_meets_an_own_order_takes_what_there_is() {
    let bids = |self_trade| {
        let mut desk = replayed();
        let user = desk.user("user");
        // The recording has five at 0.45, the own order four at 0.47.
        let own = desk.place(order_in("R", user, BookSide::Ask, "0.47", "4"));
        let taken = desk.place(PlaceOrder {
            time_in_force: TimeInForce::FillOrKill,
            self_trade,
            ..order_in("R", user, BookSide::Bid, "0.50", "8")
        });
        let is_own_there = desk.exchange.order(own.order).is_some();
        (taken.filled, taken.status, is_own_there)
    };
    let five = (quantity("5"), OrderStatus::Canceled);
    assert_eq!(bids(SelfTradePrevention::TakerAtCross), (five.0, five.1, true));
    assert_eq!(bids(SelfTradePrevention::Maker), (five.0, five.1, false));
}
