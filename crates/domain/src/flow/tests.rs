use super::*;
use crate::fees::Role;
use crate::market::Level;
use crate::side::{BookSide, Side};
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

mod properties;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn contracts(n: i32) -> Quantity {
    Quantity::from_contracts(n)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn levels(levels: &[(&str, i32)]) -> Vec<Level> {
    levels
        .iter()
        .map(|(at, n)| Level {
            price: price(at),
            quantity: contracts(*n),
        })
        .collect()
}

fn order(id: u64, side: BookSide, limit: &str, n: i32) -> FlowOrder {
    FlowOrder {
        id: OrderId(id),
        side,
        limit: price(limit),
        quantity: contracts(n),
        time_in_force: TimeInForce::GoodTillCanceled,
        post_only: false,
        expires: None,
    }
}

/// A book of YES bids and NO bids with a list of what came out of it.
struct Scene {
    flow: BookFlow,
    out: Vec<FlowEvent>,
}

impl Scene {
    fn new(model: QueueModel, yes: &[(&str, i32)], no: &[(&str, i32)]) -> Scene {
        let mut scene = Scene {
            flow: BookFlow::new(model),
            out: Vec::new(),
        };
        scene
            .flow
            .snapshot(levels(yes).into_iter(), levels(no).into_iter(), &mut scene.out);
        scene
    }

    fn submit(&mut self, millis: i64, order: FlowOrder) -> Result<(), Refusal> {
        self.flow.submit(at(millis), order, &mut self.out)
    }

    fn delta(&mut self, millis: i64, side: Side, level: &str, n: i32) {
        self.flow
            .apply(at(millis), side, price(level), contracts(n), &mut self.out)
            .unwrap();
    }

    fn print(&mut self, millis: i64, yes_price: &str, n: i32, taker: Side) {
        self.flow
            .trade(at(millis), price(yes_price), contracts(n), taker, &mut self.out);
    }

    fn ahead(&self, id: u64) -> Option<String> {
        Some(self.flow.queue_ahead(OrderId(id))?.to_string())
    }

    /// What came out since last asked, in words.
    fn told(&mut self) -> Vec<String> {
        self.out.drain(..).map(|event| words(&event)).collect()
    }
}

fn words(event: &FlowEvent) -> String {
    match event {
        FlowEvent::Accepted { order } => format!("{order} accepted"),
        FlowEvent::Amended { order, .. } => format!("{order} amended"),
        FlowEvent::Filled(fill) => {
            let role = match fill.role {
                Role::Maker => "maker",
                Role::Taker => "taker",
            };
            format!("{} {role} {} @ {}", fill.order, fill.quantity, fill.price)
        }
        FlowEvent::Canceled {
            order,
            remaining,
            reason,
        } => format!("{order} canceled {remaining} {reason:?}"),
    }
}

#[test]
fn a_taker_walks_the_book_and_takes_no_contract_twice() {
    let mut scene = Scene::new(QueueModel::Back, &[], &[("0.44", 10), ("0.42", 5)]);

    // NO bids at 0.44 and 0.42 are YES asks at 0.56 and 0.58.
    scene.submit(1, order(1, BookSide::Bid, "0.58", 12)).unwrap();
    assert_eq!(
        scene.told(),
        [
            "order 1 accepted",
            "order 1 taker 10.00 @ 0.5600",
            "order 1 taker 2.00 @ 0.5800"
        ]
    );

    // Three remain at 0.58; five more arrive at 0.56 and only they are to be had there.
    scene.delta(2, Side::No, "0.44", 5);
    let mut again = order(2, BookSide::Bid, "0.58", 20);
    again.time_in_force = TimeInForce::ImmediateOrCancel;
    scene.submit(3, again).unwrap();
    assert_eq!(
        scene.told(),
        [
            "order 2 accepted",
            "order 2 taker 5.00 @ 0.5600",
            "order 2 taker 3.00 @ 0.5800",
            "order 2 canceled 12.00 ImmediateRemainder"
        ]
    );

    // When 11 of the 15 leave, at most 4 of those displayed are the ones taken: none is to be had.
    scene.delta(4, Side::No, "0.44", -11);
    let mut kill = order(3, BookSide::Bid, "0.56", 1);
    kill.time_in_force = TimeInForce::FillOrKill;
    scene.submit(5, kill).unwrap();
    assert_eq!(
        scene.told(),
        ["order 3 accepted", "order 3 canceled 1.00 FillOrKill"]
    );
}

#[test]
fn fill_or_kill_that_meets_an_own_order_keeps_what_it_got() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.50", 4)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.49", 2)).unwrap();
    let mut sell = order(2, BookSide::Ask, "0.49", 6);
    sell.time_in_force = TimeInForce::FillOrKill;
    scene.submit(2, sell).unwrap();
    assert_eq!(
        scene.told(),
        [
            "order 1 accepted",
            "order 2 accepted",
            "order 2 taker 4.00 @ 0.5000",
            "order 2 canceled 2.00 SelfTrade"
        ]
    );
}

#[test]
fn fill_or_kill_counts_before_it_takes() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.50", 4), ("0.49", 4)], &[]);
    let mut sell = order(1, BookSide::Ask, "0.49", 8);
    sell.time_in_force = TimeInForce::FillOrKill;
    scene.submit(1, sell).unwrap();
    assert_eq!(
        scene.told(),
        [
            "order 1 accepted",
            "order 1 taker 4.00 @ 0.5000",
            "order 1 taker 4.00 @ 0.4900"
        ]
    );
}

#[test]
fn a_print_eats_the_queue_ahead_and_then_fills() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.40", 10)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.40", 5)).unwrap();
    assert_eq!(scene.ahead(1).unwrap(), "10.00");

    // The exchange tells of the contracts that leave before it tells of the print; both are one event.
    scene.delta(2, Side::Yes, "0.40", -7);
    scene.print(2, "0.40", 7, Side::No);
    assert_eq!(scene.ahead(1).unwrap(), "3.00");

    // Told the other way round it comes to the same.
    scene.print(3, "0.40", 2, Side::No);
    scene.delta(4, Side::Yes, "0.40", -2);
    assert_eq!(scene.ahead(1).unwrap(), "1.00");

    scene.print(5, "0.40", 4, Side::No);
    scene.print(6, "0.40", 4, Side::No);
    assert_eq!(
        scene.told(),
        [
            "order 1 accepted",
            "order 1 maker 3.00 @ 0.4000",
            "order 1 maker 2.00 @ 0.4000"
        ]
    );
    assert!(scene.flow.is_idle());
}

#[test]
fn the_queue_model_says_where_cancels_come_from() {
    for (model, joined, after) in [
        (QueueModel::Front, "0.00", "0.00"),
        // 30 wait, 10 joined behind us, 12 cancel: those behind first, so 28 displayed leave 28 at most.
        (QueueModel::Back, "30.00", "28.00"),
        // 12 of 40 go, of the 30 ahead that is 9.
        (QueueModel::Proportional, "30.00", "21.00"),
    ] {
        let mut scene = Scene::new(model, &[("0.40", 30)], &[]);
        scene.submit(1, order(1, BookSide::Bid, "0.40", 5)).unwrap();
        scene.delta(2, Side::Yes, "0.40", 10);
        assert_eq!(scene.ahead(1).unwrap(), joined, "{model:?}");
        scene.delta(3, Side::Yes, "0.40", -12);
        assert_eq!(scene.ahead(1).unwrap(), after, "{model:?}");
    }
}

#[test]
fn a_print_told_after_its_delta_is_not_counted_twice_in_any_model() {
    // 20 wait ahead, 20 behind; 10 are printed. Whichever way it is told, 10 are left ahead.
    let mut scene = Scene::new(QueueModel::Proportional, &[("0.40", 20)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.40", 5)).unwrap();
    scene.delta(2, Side::Yes, "0.40", 20);
    scene.delta(3, Side::Yes, "0.40", -4);
    scene.delta(3, Side::Yes, "0.40", -6);
    scene.print(3, "0.40", 4, Side::No);
    scene.print(3, "0.40", 6, Side::No);
    assert_eq!(scene.ahead(1).unwrap(), "10.00");

    // Contracts that left a while ago were canceled, whatever is printed now.
    scene.delta(10, Side::Yes, "0.40", -15);
    assert_eq!(scene.ahead(1).unwrap(), "5.00");
    scene.print(20, "0.40", 5, Side::No);
    assert_eq!(scene.ahead(1).unwrap(), "0.00");
    assert_eq!(scene.told(), ["order 1 accepted"]);
}

#[test]
fn a_print_beyond_the_limit_fills_and_is_shared_by_price_then_arrival() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.40", 10), ("0.39", 3)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.39", 2)).unwrap();
    scene.submit(1, order(2, BookSide::Bid, "0.40", 2)).unwrap();
    scene.submit(1, order(3, BookSide::Bid, "0.39", 2)).unwrap();
    scene.told();

    // Six at 0.39: the order at 0.40 first, then the three ahead, then one for the older order at 0.39.
    scene.print(2, "0.39", 6, Side::No);
    assert_eq!(
        scene.told(),
        ["order 2 maker 2.00 @ 0.4000", "order 1 maker 1.00 @ 0.3900"]
    );
    scene.print(3, "0.39", 9, Side::Yes);
    assert!(scene.told().is_empty(), "a buyer's print does not meet bids");
    scene.print(4, "0.39", 2, Side::No);
    assert_eq!(
        scene.told(),
        ["order 1 maker 1.00 @ 0.3900", "order 3 maker 1.00 @ 0.3900"]
    );
}

#[test]
fn an_order_meets_no_print_of_the_millisecond_it_joined_in() {
    let mut scene = Scene::new(QueueModel::Front, &[("0.40", 10)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.40", 2)).unwrap();
    scene.print(1, "0.40", 6, Side::No);
    assert_eq!(scene.told(), ["order 1 accepted"]);
    scene.print(2, "0.40", 6, Side::No);
    assert_eq!(scene.told(), ["order 1 maker 2.00 @ 0.4000"]);
}

#[test]
fn a_contract_arriving_across_the_order_fills_it_at_its_own_limit() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.40", 10)], &[("0.55", 10)]);
    scene.submit(1, order(1, BookSide::Bid, "0.42", 5)).unwrap();

    // A NO bid at 0.59 is a YES ask at 0.41: it would have met the bid at 0.42.
    scene.delta(2, Side::No, "0.59", 3);
    assert_eq!(scene.told(), ["order 1 accepted", "order 1 maker 3.00 @ 0.4200"]);

    // Those three are gone for others of ours.
    let mut taker = order(2, BookSide::Bid, "0.41", 1);
    taker.time_in_force = TimeInForce::ImmediateOrCancel;
    scene.submit(3, taker).unwrap();
    assert_eq!(scene.told()[1], "order 2 canceled 1.00 ImmediateRemainder");
}

#[test]
fn an_arrival_fills_the_better_bids_and_the_queue_of_others_first() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.47", 50), ("0.46", 50)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.46", 5)).unwrap();

    // A seller at 0.46 takes ten at 0.47; the exchange shows his own level first.
    scene.delta(2, Side::No, "0.54", 10);
    scene.delta(2, Side::Yes, "0.47", -10);
    scene.print(2, "0.47", 10, Side::No);
    scene.delta(2, Side::No, "0.54", -10);
    assert_eq!(scene.told(), ["order 1 accepted"]);
    assert_eq!(scene.ahead(1).unwrap(), "50.00");

    // A hundred more: 40 and 50 go to others, the ten that find nobody to us.
    scene.delta(3, Side::No, "0.54", 100);
    assert_eq!(scene.told(), ["order 1 maker 5.00 @ 0.4600"]);
}

#[test]
fn contracts_that_arrive_and_are_then_printed_fill_once() {
    let mut scene = Scene::new(QueueModel::Back, &[], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.46", 20)).unwrap();
    scene.delta(2, Side::Yes, "0.46", 5);

    // Ten arrive: five would rest, the other five really traded with those behind us, and their print is ours.
    scene.delta(3, Side::No, "0.54", 10);
    scene.delta(3, Side::Yes, "0.46", -5);
    scene.print(3, "0.46", 5, Side::No);
    assert_eq!(
        scene.told(),
        [
            "order 1 accepted",
            "order 1 maker 5.00 @ 0.4600",
            "order 1 maker 5.00 @ 0.4600"
        ]
    );
}

#[test]
fn what_was_taken_stays_gone_over_snapshots_and_gaps() {
    let no = |n| levels(&[("0.44", n)]).into_iter();
    let none = || Vec::new().into_iter();
    let mut scene = Scene::new(QueueModel::Back, &[], &[("0.44", 10)]);
    scene.submit(1, order(1, BookSide::Bid, "0.56", 15)).unwrap();
    assert_eq!(scene.told(), ["order 1 accepted", "order 1 taker 10.00 @ 0.5600"]);
    let best = |scene: &Scene| scene.flow.book().unwrap().best_bid(Side::No);
    assert_eq!(best(&scene), None, "the book shown is without what was taken");

    // Five rest at 0.56. A snapshot of the same ten fills nothing, and neither does one after a gap.
    scene.flow.snapshot(none(), no(10), &mut scene.out);
    scene.flow.mark_stale();
    assert_eq!(scene.flow.book(), None);
    scene.flow.snapshot(none(), no(10), &mut scene.out);
    assert_eq!(scene.told(), Vec::<String>::new());

    // Of twelve, two are new.
    scene.flow.snapshot(none(), no(12), &mut scene.out);
    assert_eq!(scene.told(), ["order 1 maker 2.00 @ 0.5600"]);
    assert_eq!(best(&scene), None);

    // Four of twelve stay, all of them taken; then one arrives, which the order gets too.
    scene.flow.snapshot(none(), no(4), &mut scene.out);
    scene.delta(5, Side::No, "0.44", 1);
    scene.flow.cancel(OrderId(1), &mut scene.out);
    scene.delta(6, Side::No, "0.44", 3);
    assert_eq!(
        scene.told(),
        ["order 1 maker 1.00 @ 0.5600", "order 1 canceled 2.00 User"]
    );
    assert_eq!(best(&scene).unwrap().quantity, contracts(3));
}

#[test]
fn an_order_at_any_price_never_rests() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.40", 3)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "1", 5)).unwrap();
    scene.submit(1, order(2, BookSide::Ask, "0", 5)).unwrap();
    assert_eq!(
        scene.told(),
        [
            "order 1 accepted",
            "order 1 canceled 5.00 ImmediateRemainder",
            "order 2 accepted",
            "order 2 taker 3.00 @ 0.4000",
            "order 2 canceled 2.00 ImmediateRemainder"
        ]
    );
    let mut maker = order(3, BookSide::Bid, "1", 5);
    maker.post_only = true;
    assert_eq!(scene.submit(2, maker), Err(Refusal::WouldCross));
}

#[test]
fn post_only_rests_or_is_refused() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.40", 10)], &[("0.55", 10)]);
    let mut ask = order(1, BookSide::Ask, "0.40", 5);
    ask.post_only = true;
    assert_eq!(scene.submit(1, ask), Err(Refusal::WouldCross));
    ask.limit = price("0.41");
    assert_eq!(scene.submit(1, ask), Ok(()));
    assert_eq!(scene.ahead(1).unwrap(), "0.00");
}

#[test]
fn own_orders_never_trade_with_each_other() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.45", 2)], &[]);
    scene.submit(1, order(1, BookSide::Bid, "0.44", 5)).unwrap();
    scene.submit(2, order(2, BookSide::Ask, "0.44", 5)).unwrap();
    assert_eq!(
        scene.told(),
        [
            "order 1 accepted",
            "order 2 accepted",
            "order 2 taker 2.00 @ 0.4500",
            "order 2 canceled 3.00 SelfTrade"
        ]
    );
}

#[test]
fn fewer_contracts_keep_the_place_and_anything_else_joins_anew() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.40", 10)], &[("0.55", 10)]);
    scene.submit(1, order(1, BookSide::Bid, "0.40", 5)).unwrap();
    scene.delta(2, Side::Yes, "0.40", 90);
    let mut amend = |limit: &str, n| {
        scene
            .flow
            .amend(at(3), OrderId(1), price(limit), contracts(n), &mut scene.out)
            .unwrap();
        scene.flow.queue_ahead(OrderId(1)).map(|ahead| ahead.to_string())
    };
    assert_eq!(amend("0.40", 4).unwrap(), "10.00");
    assert_eq!(amend("0.40", 6).unwrap(), "100.00");
    assert_eq!(amend("0.41", 6).unwrap(), "0.00");
    assert_eq!(amend("0.41", 0), None);
    assert_eq!(scene.told().last().unwrap(), "order 1 canceled 6.00 User");
}

#[test]
fn out_of_sync_nothing_is_taken_in_and_resting_orders_wait() {
    let mut scene = Scene::new(QueueModel::Back, &[("0.40", 10)], &[]);
    let mut resting = order(1, BookSide::Bid, "0.40", 5);
    resting.expires = Some(at(50));
    scene.submit(1, resting).unwrap();
    scene.flow.mark_stale();
    assert_eq!(
        scene.submit(2, order(2, BookSide::Bid, "0.40", 5)),
        Err(Refusal::BookNotSynced)
    );
    let none = Vec::new().into_iter();
    scene
        .flow
        .snapshot(levels(&[("0.40", 4)]).into_iter(), none, &mut scene.out);
    assert_eq!(scene.ahead(1).unwrap(), "4.00");
    scene.flow.expire(at(49), &mut scene.out);
    scene.flow.expire(at(50), &mut scene.out);
    assert_eq!(scene.told(), ["order 1 accepted", "order 1 canceled 5.00 Expiry"]);
}

#[test]
fn on_a_tape_takers_share_the_next_prints_at_the_printed_price() {
    let mut flow = TapeFlow::new(QueueModel::Back);
    let mut out = Vec::new();
    flow.submit(order(1, BookSide::Bid, "0.45", 3), &mut out).unwrap();
    flow.submit(order(2, BookSide::Ask, "0.00", 4), &mut out).unwrap();
    let mut once = order(3, BookSide::Bid, "1", 9);
    once.time_in_force = TimeInForce::ImmediateOrCancel;
    flow.submit(once, &mut out).unwrap();
    out.clear();

    flow.trade(price("0.50"), contracts(6), Side::Yes, &mut out);
    flow.trade(price("0.44"), contracts(2), Side::Yes, &mut out);
    flow.trade(price("0.43"), contracts(2), Side::Yes, &mut out);
    let told: Vec<String> = out.iter().map(words).collect();
    assert_eq!(
        told,
        [
            // 0.50 is above the first order's limit; the second takes four of six, the third the rest.
            "order 2 taker 4.00 @ 0.5000",
            "order 3 taker 2.00 @ 0.5000",
            "order 3 canceled 7.00 ImmediateRemainder",
            "order 1 taker 2.00 @ 0.4400",
            "order 1 taker 1.00 @ 0.4300",
        ]
    );
    assert!(flow.is_idle());
}

#[test]
fn on_a_tape_makers_fill_when_the_price_goes_through_and_at_their_price_by_model() {
    for (model, expected) in [
        (
            QueueModel::Front,
            vec!["order 1 maker 3.00 @ 0.4000", "order 1 maker 2.00 @ 0.4000"],
        ),
        (
            QueueModel::Proportional,
            vec!["order 1 maker 1.50 @ 0.4000", "order 1 maker 3.50 @ 0.4000"],
        ),
        (QueueModel::Back, vec!["order 1 maker 5.00 @ 0.4000"]),
    ] {
        let mut flow = TapeFlow::new(model);
        let mut out = Vec::new();
        let mut maker = order(1, BookSide::Bid, "0.40", 5);
        maker.post_only = true;
        flow.submit(maker, &mut out).unwrap();
        out.clear();
        flow.trade(price("0.40"), contracts(3), Side::Yes, &mut out);
        flow.trade(price("0.40"), contracts(3), Side::No, &mut out);
        flow.trade(price("0.39"), contracts(8), Side::Yes, &mut out);
        assert_eq!(out.iter().map(words).collect::<Vec<_>>(), expected, "{model:?}");
    }
}

#[test]
fn on_a_tape_makers_at_one_price_share_one_half_of_a_print() {
    let mut flow = TapeFlow::new(QueueModel::Proportional);
    let mut out = Vec::new();
    for id in 1..=2 {
        let mut maker = order(id, BookSide::Bid, "0.40", 3);
        maker.post_only = true;
        flow.submit(maker, &mut out).unwrap();
    }
    out.clear();
    flow.trade(price("0.40"), contracts(8), Side::No, &mut out);
    assert_eq!(
        out.iter().map(words).collect::<Vec<_>>(),
        ["order 1 maker 3.00 @ 0.4000", "order 2 maker 1.00 @ 0.4000"]
    );
}
