//! Private reads that are behind.

use proptest::prelude::*;

use super::*;

fn seen(records: &mut Records, now: Timestamp) -> Vec<OrderState> {
    records.advance(now);
    let page = records.orders(now, &OrderFilter::of(USER), &PageRequest::first(1000));
    page.items.into_iter().cloned().collect()
}

fn at_ms(ms: i64) -> Timestamp {
    seconds(0).plus_micros(ms * 1000)
}

#[test]
fn an_order_is_seen_once_the_lag_has_passed_and_a_position_later() {
    let mut records = lagged(Lag::MEASURED);
    take_in(
        &mut records,
        1,
        &[placed(1, 1), Event::Position(position(0, 1, "0.40", 1))],
    );

    records.advance(at_ms(1399));
    assert_eq!(records.order(USER, OrderId(1)), None);
    assert!(!records.is_due(at_ms(1399)));
    assert!(records.is_due(at_ms(1400)));
    records.advance(at_ms(1400));
    assert!(records.order(USER, OrderId(1)).is_some());
    assert_eq!(records.position(account(0), market(0)), None);
    records.advance(at_ms(2000));
    assert!(records.position(account(0), market(0)).is_some());
    assert_eq!(records.user_data_as_of(at_ms(2500)), at_ms(1500));
}

#[test]
fn a_growing_lag_stops_what_is_seen_and_a_shrinking_one_lets_it_jump() {
    let mut records = records();
    take_in(&mut records, 1, &[placed(1, 1)]);
    records.advance(seconds(1));
    records.set_lag(Lag::of_micros(5_000_000));
    take_in(&mut records, 2, &[canceled(1, 1, 2)]);
    records.advance(seconds(3));
    assert_eq!(
        records.order(USER, OrderId(1)).unwrap().status,
        OrderStatus::Resting
    );
    assert_eq!(records.user_data_as_of(seconds(3)), seconds(1));
    records.set_lag(Lag::default());
    records.advance(seconds(3));
    assert_eq!(
        records.order(USER, OrderId(1)).unwrap().status,
        OrderStatus::Canceled
    );
    assert_eq!(records.user_data_as_of(seconds(3)), seconds(3));
}

#[test]
fn too_much_that_waits_is_shown_early() {
    let limits = Limits {
        pending: 2,
        ..Limits::default()
    };
    let mut records = Records::new(limits, HistoryAges::default(), Lag::of_micros(60_000_000));
    take_in(&mut records, 1, &[placed(1, 1), placed(2, 1), placed(3, 1)]);
    assert!(records.order(USER, OrderId(1)).is_some());
    assert_eq!(records.order(USER, OrderId(2)), None);
}

proptest! {
    /// Orders come and go at random times; whatever the lag, what is seen is what was seen without one, that long ago.
    #[test]
    fn a_lagged_view_is_the_view_of_an_earlier_time(
        steps in prop::collection::vec((0i64..300, 1u64..20, any::<bool>()), 1..60),
        lag_ms in 0i64..1500,
        ask_after in 0i64..2000,
    ) {
        let mut late = lagged(Lag::of_micros(lag_ms * 1000));
        let mut now_ms = 0;
        let mut told: Vec<(i64, Event)> = Vec::new();
        for (step, number, is_end) in steps {
            now_ms += step;
            let event = if is_end { canceled(number, 0, now_ms) } else { placed(number, 0) };
            late.apply(at_ms(now_ms), &event, &Quiet);
            told.push((now_ms, event));

            let mut then = records();
            for (time, event) in told.iter().filter(|(time, _)| *time <= now_ms - lag_ms) {
                then.apply(at_ms(*time), event, &Quiet);
            }
            prop_assert_eq!(seen(&mut late, at_ms(now_ms)), seen(&mut then, at_ms(now_ms)));
        }
        let end_ms = now_ms + lag_ms + ask_after;
        let mut then = records();
        for (time, event) in &told {
            then.apply(at_ms(*time), event, &Quiet);
        }
        prop_assert_eq!(seen(&mut late, at_ms(end_ms)), seen(&mut then, at_ms(end_ms)));
    }
}
