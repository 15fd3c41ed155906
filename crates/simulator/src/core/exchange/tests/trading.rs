//! Orders, fills and what they cost.

use kmi_domain::matching::{OrderId, SelfTradePrevention};
use kmi_domain::{BookSide, FeeType, MarketResult, Money, TickGrid};

use super::support::{Desk, immediate, market_spec, money, order, order_in, quantity, ticker};
use crate::core::{
    AmendOrder, CancelAll, CancelOrder, ClientOrderIdReuse, Command, Decrease, DecreaseOrder, Event,
    OrderState, OrderStatus, PlaceOrder, PostOnlyRule, Refusal, Reply, Route, Rules, Shard, UpdateReason,
};

fn amend(state: &OrderState, price: &str, total: &str) -> AmendOrder {
    AmendOrder {
        account: state.account,
        order: state.order,
        market: ticker("M"),
        side: state.side,
        price: price.parse().unwrap(),
        total: quantity(total),
        client_order_id: None,
        updated_client_order_id: None,
        expiration: None,
    }
}

fn cancel(state: &OrderState) -> Command {
    Command::Cancel(CancelOrder {
        account: state.account,
        order: state.order,
        route: Route::Shard(Shard::MAIN),
    })
}

fn reasons(events: &[Event], order: OrderId) -> Vec<UpdateReason> {
    let changes = events.iter().filter_map(|event| match event {
        Event::Order(change) if change.order.order == order => Some(change.reason),
        _ => None,
    });
    changes.collect()
}

#[test]
fn a_buyer_pays_price_and_fee_and_a_maker_the_other_side_alone() {
    let mut desk = Desk::measured();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    let resting = desk.ask(maker, "0.52", "10");
    assert_eq!(resting.status, OrderStatus::Resting);
    // The maker may gain 10 NO at 0.48.
    assert_eq!(desk.free(maker), "9995.2000");

    let bought = desk.bid(taker, "0.60", "1");
    assert_eq!(bought.status, OrderStatus::Executed);
    // 0.52 and a fee of 0.0175, as measured at Kalshi.
    assert_eq!(desk.cash(taker), "9999.4625");
    assert_eq!(desk.cash(maker), "9999.5200");
    assert_eq!(desk.free(maker), "9995.2000");
    assert_eq!(desk.held(taker, "M"), "1.00");
    assert_eq!(desk.held(maker, "M"), "-1.00");

    desk.determine("M", MarketResult::Yes);
    assert_eq!(desk.cash(taker), "10000.4625");
    assert_eq!(desk.free(maker), "9999.5200");
}

#[test]
fn fractional_contracts_cost_what_kalshi_charged_for_them() {
    let mut desk = Desk::measured();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.done(Command::ChangeGrid {
        market: ticker("M"),
        structure: "deci_cent".to_owned(),
        grid: TickGrid::from_label("deci_cent").unwrap(),
    });
    desk.ask(maker, "0.0130", "100");
    desk.take_events();
    let bought = desk.bid(taker, "0.0130", "71.94");
    // 71.94 × 0.013 = 0.935220, fee 0.0647, rounded up to 1.0000: fee_cost 0.064780, as recorded in August 2026.
    assert_eq!(desk.cash(taker), "9999.0000");
    assert_eq!(bought.taker_fees, money("0.064780"));
    // NO at 0.987: 71.004780 paid, rounded up to 71.0048; nothing else from a maker here.
    assert_eq!(desk.cash(maker), "9928.9952");
    assert_eq!(desk.exchange.ledger().fees, money("0.064800"));
}

#[test]
fn makers_pay_a_quarter_where_the_series_says_so() {
    let mut desk = Desk::measured();
    desk.list_series("Q", FeeType::QuadraticWithMakerFees, Shard::MAIN);
    desk.list_event("Q", "EQ", kmi_domain::CollateralReturn::None);
    desk.list_market(market_spec("EQ", "MQ"));
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.place(order_in("MQ", maker, BookSide::Ask, "0.50", "100"));
    // 50 for the contracts, and 0.0001 for each hundredth that may fill alone: 0.01 a contract.
    assert_eq!(desk.free(maker), "9949.0000");
    desk.place(order_in("MQ", taker, BookSide::Bid, "0.50", "100"));
    assert_eq!(desk.cash(maker), "9949.5625");
    assert_eq!(desk.cash(taker), "9948.2500");
}

#[test]
fn closing_takes_the_dollar_of_a_pair_and_crossing_opens_the_other_side() {
    let mut desk = Desk::measured();
    let (maker, trader) = (desk.user("maker"), desk.user("trader"));
    desk.ask(maker, "0.40", "10");
    desk.bid(trader, "0.40", "10");
    // 4.00 and 0.07 × 10 × 0.24 = 0.1680.
    assert_eq!(desk.cash(trader), "9995.8320");
    desk.bid(maker, "0.45", "25");
    // Sells 10 held at 0.45, opens 15 NO at 0.55: + 4.50 − 8.25, fee 0.07 × 25 × 0.2475 = 0.433125 → 0.4332.
    let sold = desk.ask(trader, "0.45", "25");
    assert_eq!(desk.cash(trader), "9991.6488");
    assert_eq!(desk.held(trader, "M"), "-15.00");
    assert_eq!(sold.taker_cost, money("13.75"));
    let market = desk.exchange.market_id("M").unwrap();
    let position = desk.exchange.position(trader, market).unwrap();
    assert_eq!((position.realized, position.cost), (money("0.50"), money("8.25")));
    assert_eq!(
        (position.traded, position.fees),
        (money("12.25"), money("0.6012"))
    );
    assert_eq!(desk.exchange.market(market).open_interest, quantity("15"));

    desk.determine("M", MarketResult::No);
    assert_eq!(desk.cash(trader), "10006.6488");
}

#[test]
fn an_order_that_cannot_be_paid_with_its_fee_is_refused() {
    let mut desk = Desk::measured();
    let maker = desk.user("maker");
    desk.ask(maker, "0.50", "10");
    let poor = desk.user_with("poor", "5.1749");
    // Ten at 0.50 and 0.1750 of fees.
    let refusal = desk.refused(Command::Place(order(poor, BookSide::Bid, "0.50", "10")));
    let expected = Refusal::InsufficientBalance {
        required: money("5.1750"),
        available: money("5.1749"),
        shard: Shard::MAIN,
    };
    assert_eq!(refusal, expected);
    desk.done(Command::Deposit {
        account: poor,
        shard: Shard::MAIN,
        amount: Money::CENTICENT,
    });
    desk.bid(poor, "0.50", "10");
    assert_eq!(desk.cash(poor), "0.0000");
    // What is held may be sold without a cent.
    desk.ask(poor, "0.99", "10");
    assert_eq!(desk.free(poor), "0.0000");
    let refusal = desk.refused(Command::Place(order(poor, BookSide::Ask, "0.98", "0.01")));
    assert!(matches!(refusal, Refusal::InsufficientBalance { .. }));
}

#[test]
fn an_order_meeting_an_own_one_stops_or_takes_it_away() {
    let mut desk = Desk::measured();
    let (own, other) = (desk.user("own"), desk.user("other"));
    desk.ask(other, "0.50", "1");
    let resting = desk.ask(own, "0.51", "5");
    desk.ask(other, "0.52", "1");
    let stopped = desk.bid(own, "0.55", "3");
    assert_eq!(
        (stopped.status, stopped.filled),
        (OrderStatus::Canceled, quantity("1"))
    );
    assert!(desk.exchange.order(resting.order).is_some());

    desk.take_events();
    let went_on = desk.place(PlaceOrder {
        self_trade: SelfTradePrevention::Maker,
        ..order(own, BookSide::Bid, "0.55", "3")
    });
    assert_eq!(went_on.filled, quantity("1"));
    assert_eq!(went_on.remaining, quantity("2"));
    assert_eq!(
        reasons(&desk.events, resting.order),
        [UpdateReason::SelfTradeCancel]
    );
}

#[test]
fn reduce_only_takes_no_more_than_the_position() {
    let mut desk = Desk::measured();
    let (maker, trader) = (desk.user("maker"), desk.user("trader"));
    desk.ask(maker, "0.40", "3");
    desk.bid(trader, "0.40", "3");
    desk.bid(maker, "0.30", "10");
    let reduce = PlaceOrder {
        reduce_only: true,
        ..immediate(order(trader, BookSide::Ask, "0.30", "10"))
    };
    desk.take_events();
    let sold = desk.place(reduce.clone());
    assert_eq!((sold.status, sold.filled), (OrderStatus::Canceled, quantity("3")));
    assert_eq!(desk.held(trader, "M"), "0.00");
    assert_eq!(
        reasons(&desk.events, sold.order),
        [
            UpdateReason::Placed,
            UpdateReason::Trade,
            UpdateReason::ReduceOnlyCancel
        ]
    );
    assert_eq!(desk.place(reduce.clone()).filled, quantity("0"));
    let resting = PlaceOrder {
        time_in_force: kmi_domain::matching::TimeInForce::GoodTillCanceled,
        ..reduce
    };
    assert!(matches!(
        desk.refused(Command::Place(resting)),
        Refusal::InvalidParameters { .. }
    ));
}

#[test]
fn a_post_only_order_that_would_trade_is_refused_or_canceled_by_rule() {
    for rule in [PostOnlyRule::Refuse, PostOnlyRule::Cancel] {
        let mut desk = Desk::new(Rules {
            post_only: rule,
            ..Rules::measured(1)
        });
        let (maker, trader) = (desk.user("maker"), desk.user("trader"));
        desk.ask(maker, "0.40", "3");
        let crossing = PlaceOrder {
            post_only: true,
            ..order(trader, BookSide::Bid, "0.41", "1")
        };
        if rule == PostOnlyRule::Refuse {
            let best = "0.40".parse().unwrap();
            assert_eq!(
                desk.refused(Command::Place(crossing)),
                Refusal::PostOnlyCross { best }
            );
        } else {
            let canceled = desk.place(crossing);
            assert_eq!(
                (canceled.status, canceled.filled),
                (OrderStatus::Canceled, quantity("0"))
            );
            assert_eq!(
                reasons(&desk.events, canceled.order).last(),
                Some(&UpdateReason::PostOnlyCrossCancel)
            );
        }
        assert_eq!(desk.cash(trader), "10000.0000");
    }
}

#[test]
fn an_amendment_names_the_new_total_and_may_trade_at_once() {
    let mut desk = Desk::measured();
    let (maker, trader) = (desk.user("maker"), desk.user("trader"));
    let resting = desk.bid(trader, "0.30", "10");
    desk.ask(maker, "0.30", "4");
    desk.ask(maker, "0.35", "2");
    let Reply::Order {
        order: amended,
        filled,
        notional,
        fees,
        remained,
    } = desk.done(Command::Amend(amend(&resting, "0.36", "9")))
    else {
        panic!("an amendment answers with the order");
    };
    assert_eq!(remained, Some(quantity("6")));
    // Four were filled; of the five wanted two trade at 0.35, for 0.07 × 2 × 0.2275 = 0.03185 → 0.0319.
    assert_eq!(
        (filled, notional, fees),
        (quantity("2"), money("0.70"), money("0.0319"))
    );
    assert_eq!(
        (amended.filled, amended.remaining, amended.initial),
        (quantity("6"), quantity("3"), quantity("9"))
    );
    assert_eq!(desk.free(trader), "9996.9881");

    let wrong_side = AmendOrder {
        side: BookSide::Ask,
        ..amend(&amended, "0.36", "9")
    };
    assert_eq!(desk.refused(Command::Amend(wrong_side)), Refusal::SideMismatch);
    let too_small = amend(&amended, "0.36", "6");
    assert!(matches!(
        desk.refused(Command::Amend(too_small)),
        Refusal::InvalidSize { .. }
    ));
}

#[test]
fn a_decrease_keeps_the_place_and_frees_the_money() {
    let mut desk = Desk::measured();
    let (first, second) = (desk.user("first"), desk.user("second"));
    let resting = desk.bid(first, "0.30", "10");
    let behind = desk.bid(second, "0.30", "1");
    let decrease = |decrease| {
        Command::Decrease(DecreaseOrder {
            account: first,
            order: resting.order,
            decrease,
            route: Route::Market(ticker("M")),
        })
    };
    let Reply::Reduced { by, order } = desk.done(decrease(Decrease::By(quantity("4")))) else {
        panic!()
    };
    assert_eq!((by, order.remaining), (quantity("4"), quantity("6")));
    assert_eq!(desk.exchange.queue_position(behind.order), Some(quantity("6")));
    assert_eq!(desk.free(first), "9998.2000");
    let Reply::Reduced { order, .. } = desk.done(decrease(Decrease::To(quantity("0")))) else {
        panic!()
    };
    assert_eq!(order.status, OrderStatus::Canceled);
    assert_eq!(desk.free(first), "10000.0000");
}

#[test]
fn a_client_order_id_is_used_once_or_once_at_a_time() {
    for (reuse, again) in [
        (ClientOrderIdReuse::Never, false),
        (ClientOrderIdReuse::AfterClose, true),
    ] {
        let mut desk = Desk::new(Rules {
            client_order_id_reuse: reuse,
            ..Rules::measured(1)
        });
        let user = desk.user("user");
        let named = PlaceOrder {
            client_order_id: Some("mine".to_owned()),
            ..order(user, BookSide::Bid, "0.30", "1")
        };
        let resting = desk.place(named.clone());
        let duplicate = Refusal::DuplicateClientOrderId("mine".to_owned());
        assert_eq!(desk.refused(Command::Place(named.clone())), duplicate);
        desk.done(cancel(&resting));
        assert_eq!(desk.apply(Command::Place(named)).is_ok(), again);
    }
}

#[test]
fn cancels_find_orders_on_the_shard_named_only() {
    let mut desk = Desk::measured();
    desk.list_series("C", FeeType::Quadratic, Shard::CRYPTO);
    desk.list_event("C", "EC", kmi_domain::CollateralReturn::None);
    desk.list_market(market_spec("EC", "MC"));
    let user = desk.user("user");
    let elsewhere = order_in("MC", user, BookSide::Bid, "0.30", "1");
    // A funded account has nothing on another shard.
    assert!(matches!(
        desk.refused(Command::Place(elsewhere.clone())),
        Refusal::InsufficientBalance {
            shard: Shard::CRYPTO,
            ..
        }
    ));
    desk.done(Command::Deposit {
        account: user,
        shard: Shard::CRYPTO,
        amount: money("1"),
    });
    let resting = desk.place(elsewhere);
    assert_eq!(
        desk.refused(cancel(&resting)),
        Refusal::UnknownOrder(resting.order)
    );
    let routed = |market: &str| {
        Command::Cancel(CancelOrder {
            account: user,
            order: resting.order,
            route: Route::Market(ticker(market)),
        })
    };
    assert_eq!(desk.refused(routed("M")), Refusal::UnknownOrder(resting.order));
    desk.done(routed("MC"));
    assert_eq!(desk.refused(routed("MC")), Refusal::UnknownOrder(resting.order));
}

#[test]
fn a_cancel_all_catches_orders_in_its_shadow_too() {
    let mut desk = Desk::new(Rules {
        cancel_all_shadow_s: 60,
        ..Rules::measured(1)
    });
    let user = desk.user("user");
    desk.bid(user, "0.30", "1");
    desk.bid(user, "0.31", "1");
    let all = Command::CancelAll(CancelAll {
        user: user.user,
        subaccount: None,
    });
    assert_eq!(desk.done(all), Reply::Canceled(2));
    desk.advance(59);
    let caught = desk.bid(user, "0.30", "1");
    // Its answer said it rests, and so it did for a moment.
    assert_eq!(caught.status, OrderStatus::Resting);
    assert!(desk.exchange.order(caught.order).is_none());
    desk.advance(1);
    let free = desk.bid(user, "0.30", "1");
    assert!(desk.exchange.order(free.order).is_some());
}

#[test]
fn what_is_wrong_with_an_order_is_said() {
    let mut desk = Desk::new(Rules {
        max_open_orders: 1,
        ..Rules::measured(1)
    });
    let user = desk.user("user");
    let plain = || order(user, BookSide::Bid, "0.30", "1");
    let mut refused = |order: PlaceOrder| desk.refused(Command::Place(order));
    assert!(matches!(
        refused(order(user, BookSide::Bid, "0.305", "1")),
        Refusal::InvalidPrice { .. }
    ));
    assert!(matches!(
        refused(order(user, BookSide::Bid, "0.30", "0")),
        Refusal::InvalidSize { .. }
    ));
    assert!(matches!(
        refused(order_in("X", user, BookSide::Bid, "0.3", "1")),
        Refusal::UnknownMarket(_)
    ));
    let past = PlaceOrder {
        expiration: Some(super::support::at(10)),
        ..plain()
    };
    assert!(matches!(refused(past), Refusal::ExpirationPast(_)));
    let sharded = PlaceOrder {
        shard: Some(Shard::SPORTS),
        ..plain()
    };
    assert_eq!(refused(sharded), Refusal::WrongShard(Shard::MAIN));
    let long = PlaceOrder {
        client_order_id: Some("x".repeat(65)),
        ..plain()
    };
    assert!(matches!(refused(long), Refusal::InvalidParameters { .. }));
    let stranger = super::support::sub(user.user, 1);
    assert!(matches!(
        refused(order(stranger, BookSide::Bid, "0.30", "1")),
        Refusal::Unknown { .. }
    ));
    desk.place(plain());
    assert!(matches!(
        desk.refused(Command::Place(plain())),
        Refusal::TooMany { .. }
    ));
}

#[test]
fn flat_fees_are_not_published_so_nothing_trades() {
    let mut desk = Desk::measured();
    desk.list_series("F", FeeType::Flat, Shard::MAIN);
    desk.list_event("F", "EF", kmi_domain::CollateralReturn::None);
    desk.list_market(market_spec("EF", "MF"));
    let user = desk.user("user");
    let refusal = desk.refused(Command::Place(order_in("MF", user, BookSide::Bid, "0.30", "1")));
    assert_eq!(refusal, Refusal::UnpublishedFees);
}

#[test]
fn the_houses_traders_are_told_of_nothing_but_trade_in_public() {
    let mut desk = Desk::measured();
    let house = desk.user_with("house", "100");
    let client = desk.user("client");
    desk.take_events();
    desk.ask(house, "0.50", "1");
    assert!(matches!(desk.take_events()[..], [Event::Level { .. }]));
    desk.bid(client, "0.50", "1");
    let events = desk.take_events();
    assert!(events.iter().any(|event| matches!(event, Event::Trade(_))));
    let fills = events.iter().filter(|event| matches!(event, Event::Fill(_)));
    assert_eq!(fills.count(), 1);
    assert_eq!(desk.cash(house), "99.5000");
}
