use std::time::Duration;

use kmi_domain::fees::Role;
use kmi_domain::flow::CancelReason;
use kmi_domain::{MarketResult, Price, Quantity, Side};

use super::*;
use crate::feed::FeedKind;
use crate::strategies::fixed_horizon::{DESCRIPTION, FixedHorizon};
use crate::strategy::{ClientOrderId, NewOrder, OrderStage, Params, RefuseReason, UpdateKind};
use crate::testing::{Scenery, at, contracts, price};

mod properties;

/// A strategy of a closure, which notes the time of everything it is told.
struct Script<F> {
    act: F,
    told: Vec<(Timestamp, Event)>,
}

impl<F: FnMut(&Event, &View<'_>, &mut Intents)> Script<F> {
    fn new(act: F) -> Script<F> {
        Script {
            act,
            told: Vec::new(),
        }
    }

    fn updates(&self) -> Vec<UpdateKind> {
        let update = |(_, event): &(Timestamp, Event)| match event {
            Event::Order(update) => Some(update.kind),
            _ => None,
        };
        self.told.iter().filter_map(update).collect()
    }
}

impl<F: FnMut(&Event, &View<'_>, &mut Intents)> Strategy for Script<F> {
    fn start(&mut self, _view: &View<'_>, intents: &mut Intents) {
        intents.set_timer(at(5), 5);
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        self.told.push((view.now(), *event));
        (self.act)(event, view, intents);
    }
}

/// Places one order when the timer of second 5 rings.
fn place_at_five(order: NewOrder) -> Script<impl FnMut(&Event, &View<'_>, &mut Intents)> {
    Script::new(move |event: &Event, _: &View<'_>, intents: &mut Intents| {
        if matches!(event, Event::Timer { .. }) {
            intents.place(order);
        }
    })
}

const M: MarketId = MarketId(0);

#[test]
fn fixed_horizon_buys_at_the_first_print_after_its_look() {
    let mut scenery = Scenery::tape();
    let market = scenery.market("RAIN", 100, "no");
    // Equal times go by id, so 0.08 is the last price at the look, 0.30 at second 61 is bought.
    scenery.print_with_id(market, 60, "b", "0.08", 5, Side::Yes);
    scenery.print_with_id(market, 60, "a", "0.50", 5, Side::Yes);
    scenery.print_with_id(market, 61, "c", "0.30", 1, Side::Yes);
    scenery.print_with_id(market, 70, "d", "0.20", 9, Side::Yes);
    let data = scenery.build();
    let params = Params::parse(DESCRIPTION.params, [("horizon", "40s"), ("quantity", "3")]).unwrap();

    let result = run(
        &data,
        &mut FixedHorizon::new(&params).unwrap(),
        &RunConfig::default(),
    )
    .unwrap();

    // One NO at 0.70: fee 0.07 × 0.70 × 0.30 = 0.0147. Two at 0.80: 0.07 × 2 × 0.80 × 0.20 = 0.0224.
    let fills: Vec<(String, String, String)> = result
        .fills
        .iter()
        .map(|fill| {
            (
                fill.outcome_price().to_string(),
                fill.quantity.to_string(),
                fill.fee.to_string(),
            )
        })
        .collect();
    let fill = |price: &str, quantity: &str, fee: &str| (price.into(), quantity.into(), fee.into());
    assert_eq!(
        fills,
        [fill("0.7000", "1.00", "0.0147"), fill("0.8000", "2.00", "0.0224")]
    );
    // Pays 3, cost 2.30.
    let settlement = result.outcomes[0].settlement.unwrap();
    assert_eq!(
        (settlement.gross.to_string(), settlement.payout.to_string()),
        ("0.7000".to_owned(), "3.0000".to_owned())
    );
    assert_eq!(result.total_pnl().to_string(), "0.6629");
    assert_eq!(result.turnover().0.to_string(), "2.3000");
    assert_eq!((result.markets, result.events, result.orders), (1, 4, 1));
    assert_eq!(result.bookings(data.markets())[0].time, at(100));
}

#[test]
fn the_book_shown_is_without_what_a_taker_took_and_any_price_never_rests() {
    for data in [Duration::ZERO, Duration::from_secs(1)] {
        let mut scenery = Scenery::books();
        scenery.market("RAIN", 100, "yes");
        scenery.snapshot(M, 0, &[], &[("0.44", 4), ("0.40", 9)]);
        scenery.snapshot(M, 20, &[], &[("0.44", 5), ("0.40", 9)]);
        let recorded = scenery.build();
        let mut shown = Vec::new();
        let mut script = Script::new(
            |event: &Event, view: &View<'_>, intents: &mut Intents| match event {
                Event::Timer { .. } => {
                    intents.place(NewOrder::buy_at_any_price(M, Side::Yes, contracts(20)));
                }
                Event::Book { .. } => {
                    let offered = view.book(M).unwrap().levels(Side::No);
                    shown.push(offered.map(|level| level.quantity).collect::<Vec<_>>());
                }
                _ => {}
            },
        );
        let latency = Latency {
            data,
            ..Latency::default()
        };
        let config = RunConfig {
            latency,
            ..RunConfig::default()
        };

        let result = run(&recorded, &mut script, &config).unwrap();

        let canceled = UpdateKind::Canceled(CancelReason::ImmediateRemainder);
        assert!(script.updates().contains(&canceled));
        assert_eq!(result.events, 2, "a snapshot is one event");
        assert_eq!(result.fills.len(), 2);
        assert!(result.fills.iter().all(|fill| fill.role == Role::Taker));
        // The fifth contract at 0.44 is new.
        assert_eq!(shown, [vec![contracts(4), contracts(9)], vec![contracts(1)]]);
    }
}

#[test]
fn a_start_may_ask_for_a_timer_per_market_however_many() {
    struct Many;
    impl Strategy for Many {
        fn start(&mut self, _view: &View<'_>, intents: &mut Intents) {
            for token in 0..=u64::from(MAX_INTENTS_PER_INSTANT) {
                intents.set_timer(at(5), token);
            }
        }

        fn on_event(&mut self, _event: &Event, _view: &View<'_>, _intents: &mut Intents) {}
    }
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 100, "yes");

    assert!(run(&scenery.build(), &mut Many, &RunConfig::default()).is_ok());
}

#[test]
fn nothing_fills_at_or_after_the_close() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 10, "yes");
    scenery.print(M, 1, "0.50", 1, Side::Yes);
    scenery.print(M, 10, "0.50", 1, Side::Yes);
    let data = scenery.build();
    let mut script = place_at_five(NewOrder::buy_at_any_price(M, Side::Yes, Quantity::ONE));

    let result = run(&data, &mut script, &RunConfig::default()).unwrap();

    assert!(result.fills.is_empty() && result.outcomes.is_empty());
    assert_eq!(result.events, 2);
    assert_eq!(
        script.updates(),
        [UpdateKind::Accepted, UpdateKind::Canceled(CancelReason::Close)]
    );
    let last = script.told.last().unwrap();
    let result = MarketResult::Yes;
    assert_eq!(*last, (at(10), Event::Settled { market: M, result }));
}

#[test]
fn a_timer_rings_after_every_event_of_its_instant_and_its_order_comes_before_the_next() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 100, "yes");
    scenery.print_with_id(M, 5, "a", "0.40", 1, Side::Yes);
    scenery.print_with_id(M, 5, "b", "0.41", 1, Side::Yes);
    scenery.print(M, 6, "0.42", 1, Side::Yes);
    let data = scenery.build();
    let mut script = place_at_five(NewOrder::bid(M, price("0.50"), Quantity::ONE));

    let result = run(&data, &mut script, &RunConfig::default()).unwrap();

    assert_eq!(result.fills[0].price, price("0.42"));
    assert!(matches!(script.told[2].1, Event::Timer { token: 5 }));
}

#[test]
fn latency_delays_orders_and_news() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 100, "yes");
    for second in 1..20 {
        scenery.print(M, second, &format!("0.{:02}", 40 + second), 1, Side::Yes);
    }
    let data = scenery.build();
    let latency = Latency {
        order: Duration::from_millis(2_500),
        data: Duration::from_millis(1_500),
        ..Latency::default()
    };
    let mut last_seen = None;
    let mut script = Script::new(|event: &Event, view: &View<'_>, intents: &mut Intents| {
        if matches!(event, Event::Timer { .. }) {
            last_seen = view.last_trade(M).map(|trade| trade.time);
            intents.place(NewOrder::bid(M, Price::ONE, Quantity::ONE));
        }
    });
    let config = RunConfig {
        latency,
        ..RunConfig::default()
    };

    let result = run(&data, &mut script, &config).unwrap();

    // Sent at 5, there at 7.5, filled by the print of second 8, known at 9.5.
    assert_eq!(
        (result.fills[0].time, result.fills[0].price),
        (at(8), price("0.48"))
    );
    let told = script
        .told
        .iter()
        .find(|(_, event)| matches!(event, Event::Order(update) if matches!(update.kind, UpdateKind::Filled(_))))
        .unwrap()
        .0;
    assert_eq!(told, Timestamp::from_millis(9_500));
    let settled = script.told.last().unwrap();
    assert!(matches!(settled.1, Event::Settled { .. }));
    assert_eq!(settled.0, Timestamp::from_millis(101_500));
    assert_eq!(last_seen, Some(at(3)));
}

#[test]
fn the_view_knows_orders_contracts_and_cash_as_they_were_told() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 10, "no");
    scenery.print(M, 6, "0.40", 1, Side::Yes);
    scenery.print(M, 7, "0.40", 1, Side::Yes);
    let data = scenery.build();
    let mut seen = Vec::new();
    let mut script = Script::new(|event: &Event, view: &View<'_>, intents: &mut Intents| {
        if matches!(event, Event::Timer { .. }) {
            let id = intents.place(NewOrder::buy(M, Side::No, price("0.60"), contracts(2)));
            assert_eq!(id, ClientOrderId { market: M, number: 0 });
        }
        let orders: Vec<(OrderStage, String)> = view
            .open_orders(M)
            .iter()
            .map(|order| (order.stage, order.remaining.to_string()))
            .collect();
        seen.push((orders, view.position(M).to_string(), view.cash().to_string()));
    });
    let config = RunConfig {
        fees: FeeMode::None,
        ..RunConfig::default()
    };

    run(&data, &mut script, &config).unwrap();

    let open = |left: &str| vec![(OrderStage::Open, left.to_owned())];
    let row = |orders, position: &str, cash: &str| (orders, position.to_owned(), cash.to_owned());
    assert_eq!(
        seen,
        [
            row(vec![], "0.00", "10000.0000"),
            row(open("2.00"), "0.00", "10000.0000"),
            row(open("1.00"), "-1.00", "9999.4000"),
            row(open("1.00"), "-1.00", "9999.4000"),
            row(vec![], "-2.00", "9998.8000"),
            row(vec![], "-2.00", "9998.8000"),
            row(vec![], "0.00", "10000.8000"),
        ]
    );
}

#[test]
fn orders_the_exchange_would_not_have_are_refused_with_the_reason() {
    let mut scenery = Scenery::books();
    scenery.market("RAIN", 100, "yes");
    scenery.snapshot(M, 1, &[("0.40", 5)], &[("0.50", 5)]);
    scenery.push(M, 20, FeedKind::Gap);
    let data = scenery.build();
    let mut script = Script::new(
        |event: &Event, view: &View<'_>, intents: &mut Intents| match event {
            Event::Timer { token: 5 } => {
                intents.place(NewOrder::bid(M, price("0.405"), Quantity::ONE));
                intents.place(NewOrder::bid(M, price("0.40"), Quantity::ZERO));
                intents.place(NewOrder::bid(M, price("0.50"), Quantity::ONE).post_only());
                intents.place(NewOrder::bid(M, price("0.40"), Quantity::ONE).until(at(5)));
                intents.set_timer(at(200), 6);
            }
            Event::Book { market } if view.book(*market).is_none() => {
                intents.place(NewOrder::bid(M, price("0.40"), Quantity::ONE));
            }
            Event::Settled { .. } => {
                intents.place(NewOrder::bid(M, price("0.40"), Quantity::ONE));
            }
            _ => {}
        },
    );

    let result = run(&data, &mut script, &RunConfig::default()).unwrap();

    let refused = [
        RefuseReason::OffGrid,
        RefuseReason::NoQuantity,
        RefuseReason::WouldCross,
        RefuseReason::Expired,
        RefuseReason::BookNotSynced,
        RefuseReason::MarketClosed,
    ];
    assert_eq!(script.updates(), refused.map(UpdateKind::Refused));
    assert_eq!((result.orders, result.refused), (6, 6));
}

#[test]
fn in_a_book_a_maker_waits_and_a_taker_walks() {
    let mut scenery = Scenery::books();
    scenery.market("RAIN", 100, "0.7000");
    scenery.snapshot(M, 1, &[("0.40", 5)], &[("0.58", 1), ("0.57", 9)]);
    let print = FeedKind::Trade {
        price: price("0.40"),
        quantity: contracts(7),
        taker: Side::No,
    };
    scenery.push(M, 6, print);
    let data = scenery.build();
    let mut script = Script::new(|event: &Event, _: &View<'_>, intents: &mut Intents| {
        if matches!(event, Event::Timer { .. }) {
            intents.place(NewOrder::bid(M, price("0.40"), contracts(4)).post_only());
            intents.place(NewOrder::bid(M, price("0.43"), contracts(3)).immediate_or_cancel());
        }
    });

    let result = run(&data, &mut script, &RunConfig::default()).unwrap();

    let fills: Vec<(Role, String, String, String)> = result
        .fills
        .iter()
        .map(|fill| {
            let text = (
                fill.price.to_string(),
                fill.quantity.to_string(),
                fill.fee.to_string(),
            );
            (fill.role, text.0, text.1, text.2)
        })
        .collect();
    let row = |role, p: &str, q: &str, f: &str| (role, p.to_owned(), q.to_owned(), f.to_owned());
    assert_eq!(
        fills,
        [
            // 0.07 × 0.42 × 0.58 = 0.017052; 0.07 × 2 × 0.43 × 0.57 = 0.034314.
            row(Role::Taker, "0.4200", "1.00", "0.0171"),
            row(Role::Taker, "0.4300", "2.00", "0.0344"),
            row(Role::Maker, "0.4000", "2.00", "0.0000"),
        ]
    );
    // Five YES cost 0.42 + 0.86 + 0.80 = 2.08 and pay 0.70 each.
    assert_eq!(result.outcomes[0].settlement.unwrap().gross.to_string(), "1.4200");
}

#[test]
fn an_amended_order_has_its_new_terms_and_an_expired_one_is_gone() {
    let mut scenery = Scenery::books();
    scenery.market("RAIN", 100, "yes");
    scenery.snapshot(M, 1, &[("0.40", 5)], &[]);
    let data = scenery.build();
    let mut script = Script::new(
        |event: &Event, view: &View<'_>, intents: &mut Intents| match event {
            Event::Timer { token: 5 } => {
                let id = intents.place(NewOrder::bid(M, price("0.39"), contracts(4)).until(at(8)));
                intents.amend(id, price("0.41"), contracts(6));
                intents.amend(id, price("0.415"), contracts(6));
                intents.set_timer(at(7), 7);
                intents.set_timer(at(9), 9);
            }
            Event::Timer { token: 7 } => {
                let order = view.open_orders(M)[0];
                assert_eq!((order.limit, order.remaining), (price("0.41"), contracts(6)));
            }
            Event::Timer { .. } => {
                assert!(view.open_orders(M).is_empty());
                intents.cancel(ClientOrderId { market: M, number: 0 });
            }
            _ => {}
        },
    );

    run(&data, &mut script, &RunConfig::default()).unwrap();

    let amended = UpdateKind::Amended {
        limit: price("0.41"),
        quantity: contracts(6),
    };
    assert_eq!(
        script.updates(),
        [
            UpdateKind::Accepted,
            amended,
            UpdateKind::Unchanged,
            UpdateKind::Canceled(CancelReason::Expiry),
            UpdateKind::Unchanged
        ]
    );
}

#[test]
fn results_are_told_when_they_became_known() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 10, "yes");
    let mut data = scenery.build();
    data.ends_mut()[0].settled_time = Some(at(50));
    let mut script = place_at_five(NewOrder::bid(M, Price::ONE, Quantity::ONE));

    run(&data, &mut script, &RunConfig::default()).unwrap();

    assert_eq!(script.told.last().unwrap().0, at(50));
}

#[test]
fn a_market_without_a_result_is_never_booked() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 10, "");
    scenery.print(M, 6, "0.40", 1, Side::Yes);
    let data = scenery.build();
    let mut script = place_at_five(NewOrder::bid(M, Price::ONE, Quantity::ONE));

    let result = run(&data, &mut script, &RunConfig::default()).unwrap();

    assert!(result.bookings(data.markets()).is_empty());
    assert_eq!(result.unsettled().count(), 1);
}

#[test]
fn events_out_of_order_and_of_unknown_markets_are_errors() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 10, "yes");
    scenery.print(M, 6, "0.40", 1, Side::Yes);
    scenery.print(M, 7, "0.40", 1, Side::Yes);
    let mut data = scenery.build();
    data.events_mut().swap(0, 1);
    let failed = |data: &Dataset| run(data, &mut Script::new(|_, _, _| {}), &RunConfig::default());

    assert!(matches!(
        failed(&data),
        Err(RunError::OutOfOrder { index: 1, .. })
    ));
    data.events_mut()[1].market = MarketId(7);
    assert!(matches!(failed(&data), Err(RunError::UnknownMarket { .. })));
}

#[test]
fn a_strategy_that_never_comes_to_rest_is_stopped() {
    let mut scenery = Scenery::tape();
    scenery.market("RAIN", 10, "yes");
    let data = scenery.build();
    let mut again = Script::new(|_: &Event, view: &View<'_>, intents: &mut Intents| {
        intents.set_timer(view.now(), 0);
    });

    assert_eq!(
        run(&data, &mut again, &RunConfig::default()),
        Err(RunError::Runaway { at: at(5) })
    );
}
