//! Markets open, pause, close and are paid.

use kmi_domain::{BookSide, MarketResult, MarketStatus};

use super::super::Exchange;
use super::support::{Desk, at, market_spec, money, order, order_in, quantity, ticker};
use crate::core::{
    CancelOrder, Command, Event, Lifecycle, MarketSpec, OrderStatus, Payment, PlaceOrder, Refusal, Reply,
    Route, SettlementRecord, Shard, UpdateReason,
};

fn status(desk: &Desk, market: &str) -> MarketStatus {
    desk.exchange
        .market(desk.exchange.market_id(market).unwrap())
        .status
}

#[test]
fn a_market_opens_closes_and_is_paid_when_its_times_come() {
    let mut desk = Desk::measured();
    desk.list_market(MarketSpec {
        open_time: at(100),
        close_time: at(200),
        ..market_spec("E", "LATER")
    });
    let (buyer, seller) = (desk.user("buyer"), desk.user("seller"));
    let bid = || order_in("LATER", buyer, BookSide::Bid, "0.50", "2");
    assert_eq!(
        desk.refused(Command::Place(bid())),
        Refusal::MarketInactive(ticker("LATER"))
    );
    assert_eq!(desk.exchange.next_wakeup(), Some(at(100)));
    desk.now = at(100);
    let resting = desk.place(bid());
    desk.place(order_in("LATER", seller, BookSide::Ask, "0.50", "1"));

    desk.take_events();
    // Woken late, all the same at its time.
    desk.now = at(250);
    let cancel = Command::Cancel(CancelOrder {
        account: buyer,
        order: resting.order,
        route: Route::Market(ticker("LATER")),
    });
    assert_eq!(desk.refused(cancel), Refusal::MarketInactive(ticker("LATER")));
    let market = desk.exchange.market_id("LATER").unwrap();
    assert_eq!(desk.exchange.market(market).closed_time, Some(at(200)));
    let events = desk.take_events();
    assert_eq!(events[0], Event::Market(market, Lifecycle::Closed));
    let Event::Order(change) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (change.reason, change.order.status),
        (UpdateReason::CloseCancel, OrderStatus::Canceled)
    );
    assert_eq!(change.order.filled, quantity("1"));
    assert_eq!(desk.free(buyer), "9999.5000");

    let determine = Command::Determine {
        market: ticker("LATER"),
        result: MarketResult::Yes,
        payment: Payment::AfterTimer,
    };
    assert_eq!(desk.done(determine.clone()), Reply::Done);
    assert!(matches!(desk.refused(determine), Refusal::InvalidResult { .. }));
    desk.advance(59);
    assert_eq!(status(&desk, "LATER"), MarketStatus::Determined);
    desk.advance(1);
    assert_eq!(status(&desk, "LATER"), MarketStatus::Finalized);
    assert_eq!(desk.cash(buyer), "10000.5000");
    assert!(desk.exchange.position(buyer, market).is_none());
}

#[test]
fn a_scalar_result_keeps_the_part_of_a_step_back() {
    let mut desk = Desk::measured();
    let (buyer, seller) = (desk.user("buyer"), desk.user("seller"));
    desk.bid(buyer, "0.50", "0.33");
    desk.ask(seller, "0.50", "0.33");
    desk.take_events();
    let Reply::Settled(paid) = desk.determine("M", MarketResult::Scalar("0.3333".parse().unwrap())) else {
        panic!()
    };
    assert_eq!(paid.len(), 2);
    let settled: Vec<&SettlementRecord> = desk
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Settlement(record) => Some(record),
            _ => None,
        })
        .collect();
    // 0.33 × 0.3333 = 0.109989 is paid as 0.1099; the NO get 0.33 × 0.6667 = 0.220011 as 0.2200.
    assert_eq!(
        (settled[0].revenue, settled[0].fee),
        (money("0.1099"), money("0.000089"))
    );
    assert_eq!(
        (settled[1].revenue, settled[1].fee),
        (money("0.22"), money("0.000011"))
    );
}

#[test]
fn a_trading_pause_lets_orders_be_canceled_and_the_exchange_pause_nothing() {
    let mut desk = Desk::measured();
    let user = desk.user("user");
    let flagged = desk.place(PlaceOrder {
        cancel_on_pause: true,
        ..order(user, BookSide::Bid, "0.30", "1")
    });
    let kept = desk.bid(user, "0.31", "1");
    desk.done(Command::PauseTrading { until: Some(at(60)) });
    assert!(desk.exchange.order(flagged.order).is_none());
    assert_eq!(
        desk.refused(Command::Place(order(user, BookSide::Bid, "0.30", "1"))),
        Refusal::TradingPaused
    );
    let cancel = Command::Cancel(CancelOrder {
        account: user,
        order: kept.order,
        route: Route::Shard(Shard::MAIN),
    });
    desk.done(Command::PauseExchange { until: None });
    assert_eq!(desk.refused(cancel.clone()), Refusal::ExchangePaused);
    assert!(!desk.exchange.trading_active());
    desk.done(Command::Resume);
    desk.done(cancel);
    desk.bid(user, "0.30", "1");
}

#[test]
fn a_market_set_going_again_has_lost_all_its_orders() {
    let mut desk = Desk::measured();
    let user = desk.user("user");
    let resting = desk.bid(user, "0.30", "1");
    desk.done(Command::Deactivate { market: ticker("M") });
    assert_eq!(status(&desk, "M"), MarketStatus::Inactive);
    assert!(desk.exchange.order(resting.order).is_some());
    let again = Command::Place(order(user, BookSide::Bid, "0.30", "1"));
    assert_eq!(desk.refused(again.clone()), Refusal::MarketInactive(ticker("M")));
    desk.done(Command::Activate { market: ticker("M") });
    assert!(desk.exchange.order(resting.order).is_none());
    desk.done(again);
}

#[test]
fn orders_expire_and_a_close_moves() {
    let mut desk = Desk::measured();
    let user = desk.user("user");
    let expiring = desk.place(PlaceOrder {
        expiration: Some(at(20)),
        ..order(user, BookSide::Bid, "0.30", "1")
    });
    desk.done(Command::ChangeCloseTime {
        market: ticker("M"),
        close_time: at(30),
    });
    assert_eq!(desk.exchange.next_wakeup(), Some(at(20)));
    desk.advance(10);
    assert!(desk.exchange.order(expiring.order).is_none());
    desk.advance(10);
    assert_eq!(status(&desk, "M"), MarketStatus::Closed);
    assert_eq!(desk.exchange.next_wakeup(), None);
}

#[test]
fn a_snapshot_goes_on_as_the_exchange_would_have() {
    let mut desk = Desk::measured();
    let (buyer, seller) = (desk.user("buyer"), desk.user("seller"));
    desk.bid(buyer, "0.30", "3");
    desk.ask(seller, "0.40", "3");
    let bytes = postcard::to_stdvec(&desk.exchange).unwrap();
    let mut other: Exchange = postcard::from_bytes(&bytes).unwrap();
    let next = Command::Place(order(buyer, BookSide::Bid, "0.40", "2"));
    desk.take_events();
    let mut events = Vec::new();
    let outcome = other.apply(desk.now, &next, &mut events);
    assert_eq!(desk.apply(next), outcome);
    assert_eq!(desk.events, events);
    assert_eq!(desk.exchange.ledger(), other.ledger());
}
