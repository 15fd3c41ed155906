//! What holds for any flow and any orders.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Level(bool, u8, i32),
    Print(u8, i32, bool),
    Submit(bool, u8, i32, TimeInForce, bool),
    Cancel(u64),
    Amend(u64, u8, i32),
    Snapshot(Vec<(u8, i32)>, Vec<(u8, i32)>),
    Gap,
}

fn any_tif() -> impl Strategy<Value = TimeInForce> {
    prop_oneof![
        3 => Just(TimeInForce::GoodTillCanceled),
        1 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let cents = || 45_u8..56;
    let side = || prop::collection::vec((40_u8..50, 1..30_i32), 0..4);
    prop_oneof![
        8 => (any::<bool>(), cents(), 0..30_i32).prop_map(|(yes, p, n)| Step::Level(yes, p, n)),
        6 => (cents(), 1..20_i32, any::<bool>()).prop_map(|(p, n, yes)| Step::Print(p, n, yes)),
        6 => (any::<bool>(), cents(), 1..20_i32, any_tif(), any::<bool>())
            .prop_map(|(bid, p, n, tif, post)| Step::Submit(bid, p, n, tif, post)),
        1 => (0..20_u64).prop_map(Step::Cancel),
        1 => (0..20_u64, cents(), 0..20_i32).prop_map(|(id, p, n)| Step::Amend(id, p, n)),
        1 => (side(), side()).prop_map(|(yes, no)| Step::Snapshot(yes, no)),
        1 => Just(Step::Gap),
    ]
}

fn any_model() -> impl Strategy<Value = QueueModel> {
    prop_oneof![
        Just(QueueModel::Front),
        Just(QueueModel::Back),
        Just(QueueModel::Proportional)
    ]
}

fn cents(p: u8) -> Price {
    Price::from_cents(p).unwrap()
}

/// Runs steps one millisecond apart (or two in one) and gives every event with the number of its step.
fn run(model: QueueModel, steps: &[Step]) -> (BookFlow, Vec<(usize, FlowEvent)>) {
    let mut flow = BookFlow::new(model);
    let (mut all, mut out, mut id) = (Vec::new(), Vec::new(), 0);
    for (number, step) in steps.iter().enumerate() {
        let now = at(i64::try_from(number).unwrap() / 2);
        match step {
            Step::Level(yes, p, n) => {
                let side = if *yes { Side::Yes } else { Side::No };
                // Up to four cents across the other side, as levels do that arrive before those they take away.
                let level = cents(if *yes { *p - 5 } else { 100 - *p - 1 });
                let _ = flow.set_level(now, side, level, contracts(*n), &mut out);
            }
            Step::Print(p, n, yes) => {
                let taker = if *yes { Side::Yes } else { Side::No };
                flow.trade(now, cents(*p), contracts(*n), taker, &mut out);
            }
            Step::Submit(bid, p, n, tif, post_only) => {
                let order = FlowOrder {
                    id: OrderId(id),
                    side: if *bid { BookSide::Bid } else { BookSide::Ask },
                    limit: cents(*p),
                    quantity: contracts(*n),
                    time_in_force: *tif,
                    post_only: *post_only,
                    expires: None,
                };
                id += 1;
                let _ = flow.submit(now, order, &mut out);
            }
            Step::Cancel(id) => {
                flow.cancel(OrderId(*id), &mut out);
            }
            Step::Amend(id, p, n) => {
                let _ = flow.amend(now, OrderId(*id), cents(*p), contracts(*n), &mut out);
            }
            Step::Snapshot(yes, no) => {
                let side = |side: &[(u8, i32)]| -> Vec<Level> {
                    let level = |(p, n): &(u8, i32)| Level {
                        price: cents(*p),
                        quantity: contracts(*n),
                    };
                    side.iter().map(level).collect()
                };
                flow.snapshot(side(yes).into_iter(), side(no).into_iter(), &mut out);
            }
            Step::Gap => flow.mark_stale(),
        }
        all.extend(out.drain(..).map(|event| (number, event)));
    }
    (flow, all)
}

fn filled(events: &[(usize, FlowEvent)], step: usize) -> Quantity {
    events
        .iter()
        .filter(|(at, _)| *at == step)
        .filter_map(|(_, event)| match event {
            FlowEvent::Filled(fill) => Some(fill.quantity),
            _ => None,
        })
        .sum()
}

proptest! {
    #[test]
    fn no_print_and_no_arrival_fills_more_than_it_is(
        model in any_model(),
        steps in prop::collection::vec(any_step(), 1..120),
    ) {
        let (_, events) = run(model, &steps);
        for (number, step) in steps.iter().enumerate() {
            if let Step::Print(_, n, _) | Step::Level(_, _, n) = step {
                prop_assert!(filled(&events, number) <= contracts(*n));
            }
        }
    }

    #[test]
    fn takers_and_arrivals_never_get_more_of_a_level_than_was_ever_displayed(
        model in any_model(),
        steps in prop::collection::vec(any_step(), 1..120),
    ) {
        // One level's contracts: every increase, by a change or from one snapshot to the next, is all there ever was.
        let (_, events) = run(model, &steps);
        let mut shown: BTreeMap<(Side, Price), Quantity> = BTreeMap::new();
        let mut got: BTreeMap<(Side, Price), Quantity> = BTreeMap::new();
        let mut shadow = BookFlow::new(model);
        let mut last: BTreeMap<(Side, Price), Quantity> = BTreeMap::new();
        let mut unused = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Level(yes, p, n) => {
                    let side = if *yes { Side::Yes } else { Side::No };
                    let level = cents(if *yes { *p - 5 } else { 100 - *p - 1 });
                    if shadow.set_level(at(0), side, level, contracts(*n), &mut unused).is_ok() {
                        let old = last.insert((side, level), contracts(*n)).unwrap_or_default();
                        *shown.entry((side, level)).or_default() += (contracts(*n) - old).max(Quantity::ZERO);
                    }
                }
                Step::Snapshot(yes, no) => {
                    let side = |side: &[(u8, i32)]| -> Vec<Level> {
                        let level = |(p, n): &(u8, i32)| Level { price: cents(*p), quantity: contracts(*n) };
                        side.iter().map(level).collect()
                    };
                    shadow.snapshot(side(yes).into_iter(), side(no).into_iter(), &mut unused);
                    let before = std::mem::take(&mut last);
                    for side in [Side::Yes, Side::No] {
                        for level in shadow.book().unwrap().levels(side) {
                            let key = (side, level.price);
                            last.insert(key, level.quantity);
                            let old = before.get(&key).copied().unwrap_or_default();
                            *shown.entry(key).or_default() += (level.quantity - old).max(Quantity::ZERO);
                        }
                    }
                }
                Step::Gap => shadow.mark_stale(),
                _ => {}
            }
            for (_, event) in events.iter().filter(|(at, _)| *at == number) {
                if let FlowEvent::Filled(fill) = event
                    && fill.role == Role::Taker
                {
                    let side = fill.side.outcome().opposite();
                    let level = order::own_price(side.book_side(), fill.price);
                    let total = got.entry((side, level)).or_default();
                    *total += fill.quantity;
                    prop_assert!(*total <= shown.get(&(side, level)).copied().unwrap_or_default());
                }
            }
        }
    }

    #[test]
    fn every_contract_ordered_is_filled_canceled_or_still_rests_and_limits_hold(
        model in any_model(),
        steps in prop::collection::vec(any_step(), 1..120),
    ) {
        let (mut flow, events) = run(model, &steps);
        // By order: side, limit, ordered, filled.
        let mut working: BTreeMap<OrderId, (BookSide, Price, Quantity, Quantity)> = BTreeMap::new();
        for (step, event) in &events {
            match event {
                FlowEvent::Accepted { order } => {
                    let Step::Submit(bid, p, n, ..) = &steps[*step] else {
                        return Err(TestCaseError::fail("accepted without a submit"));
                    };
                    let side = if *bid { BookSide::Bid } else { BookSide::Ask };
                    let new = (side, cents(*p), contracts(*n), Quantity::ZERO);
                    prop_assert!(working.insert(*order, new).is_none());
                }
                FlowEvent::Filled(fill) => {
                    let Some((side, limit, ordered, filled)) = working.get_mut(&fill.order) else {
                        return Err(TestCaseError::fail("filled after it was gone"));
                    };
                    *filled += fill.quantity;
                    prop_assert!(fill.quantity.is_positive() && !fill.remaining.is_negative());
                    prop_assert_eq!(fill.remaining, *ordered - *filled);
                    let allowed = match side {
                        BookSide::Bid => fill.price <= *limit,
                        BookSide::Ask => fill.price >= *limit,
                    };
                    prop_assert!(allowed && fill.side == *side, "{:?} with limit {}", fill, limit);
                    if fill.remaining.is_zero() {
                        working.remove(&fill.order);
                    }
                }
                FlowEvent::Canceled { order, remaining, .. } => {
                    let gone = working.remove(order);
                    prop_assert_eq!(gone.map(|(_, _, ordered, filled)| ordered - filled), Some(*remaining));
                }
                FlowEvent::Amended { order, limit, quantity } => {
                    let Some(amended) = working.get_mut(order) else {
                        return Err(TestCaseError::fail("amended after it was gone"));
                    };
                    (amended.1, amended.2) = (*limit, *quantity);
                }
            }
        }
        let mut out = Vec::new();
        for (order, (_, _, ordered, filled)) in working {
            prop_assert_eq!(flow.cancel(order, &mut out), Some(ordered - filled));
        }
        prop_assert!(flow.is_idle());
    }

    #[test]
    fn the_same_steps_give_the_same_events(
        steps in prop::collection::vec(any_step(), 1..80),
    ) {
        prop_assert_eq!(run(QueueModel::Proportional, &steps).1, run(QueueModel::Proportional, &steps).1);
    }

    #[test]
    fn one_resting_order_gets_least_at_the_back_and_most_at_the_front(
        flow in prop::collection::vec(any_step(), 1..80),
    ) {
        // One order, so that the models meet the same book.
        let quiet = |step: &Step| matches!(step, Step::Level(..) | Step::Print(..));
        let mut steps = vec![
            Step::Snapshot(vec![(45, 20)], vec![(45, 20)]),
            Step::Submit(true, 45, 20, TimeInForce::GoodTillCanceled, false),
        ];
        steps.extend(flow.into_iter().filter(quiet));
        let got = |model| -> Quantity {
            let (_, events) = run(model, &steps);
            (0..steps.len()).map(|step| filled(&events, step)).sum()
        };
        let (back, middle, front) =
            (got(QueueModel::Back), got(QueueModel::Proportional), got(QueueModel::Front));
        prop_assert!(back <= middle && middle <= front, "{} {} {}", back, middle, front);
    }
}
