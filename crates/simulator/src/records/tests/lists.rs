//! What the lists hold.

use std::collections::BTreeSet;

use super::*;

const DAY: i64 = 86_400;

fn all() -> PageRequest {
    PageRequest::first(1000)
}

#[test]
fn orders_come_newest_first_and_by_where_they_stand() {
    let mut records = records();
    take_in(&mut records, 1, &[placed(1, 1), placed(2, 1)]);
    take_in(&mut records, 2, &[placed(3, 2), canceled(2, 1, 2)]);
    let now = seconds(3);

    assert_eq!(
        numbers(&records.orders(now, &OrderFilter::of(USER), &all())),
        [3, 2, 1]
    );
    let status = |status| OrderFilter {
        status: Some(status),
        ..OrderFilter::of(USER)
    };
    assert_eq!(
        numbers(&records.orders(now, &status(OrderStatus::Resting), &all())),
        [3, 1]
    );
    assert_eq!(
        numbers(&records.orders(now, &status(OrderStatus::Canceled), &all())),
        [2]
    );
    assert_eq!(
        records
            .orders(now, &OrderFilter::of(UserId(8)), &all())
            .items
            .len(),
        0
    );
    assert_eq!(
        records.order(USER, OrderId(2)).unwrap().status,
        OrderStatus::Canceled
    );
    assert_eq!(records.order(UserId(8), OrderId(2)), None);
    let resting: Vec<_> = records.resting_orders(USER).map(|order| order.order.0).collect();
    assert_eq!(resting, [1, 3]);
}

#[test]
fn orders_are_chosen_by_market_shard_subaccount_and_time() {
    let mut records = records();
    let mut other = order(2, OrderStatus::Resting, 20, 20);
    other.market = market(5);
    other.account = account(3);
    take_in(&mut records, 10, &[placed(1, 10)]);
    take_in(&mut records, 20, &[changed(other)]);
    take_in(&mut records, 30, &[placed(3, 30)]);

    let found = |filter: OrderFilter| numbers(&records.orders(seconds(40), &filter, &all()));
    let every = OrderFilter::of(USER);
    let markets = Markets::Only(BTreeSet::from([market(5)]));
    assert_eq!(
        found(OrderFilter {
            markets,
            ..every.clone()
        }),
        [2]
    );
    // Market 5 trades on shard 5 mod 4.
    assert_eq!(
        found(OrderFilter {
            shard: Shard::new(1),
            ..every.clone()
        }),
        [2]
    );
    assert_eq!(
        found(OrderFilter {
            shard: Shard::new(0),
            ..every.clone()
        }),
        [3, 1]
    );
    assert_eq!(
        found(OrderFilter {
            subaccount: Subaccount::new(3),
            ..every.clone()
        }),
        [2]
    );
    let time = TimeRange {
        from: Some(seconds(20)),
        to: Some(seconds(30)),
    };
    assert_eq!(found(OrderFilter { time, ..every }), [3, 2]);
}

#[test]
fn a_row_is_on_the_live_routes_or_on_the_historical_ones() {
    let mut records = records();
    take_in(
        &mut records,
        0,
        &[
            placed(1, 0),
            placed(2, 0),
            trade(1, 0, 0),
            Event::Fill(fill(1, 0, 0)),
        ],
    );
    take_in(
        &mut records,
        5,
        &[canceled(2, 0, 5), trade(2, 0, 5), Event::Fill(fill(2, 0, 5))],
    );

    // Orders are history after 14 days, fills and trades after 90; resting orders never are.
    let orders = |now, era| {
        let filter = OrderFilter {
            era,
            ..OrderFilter::of(USER)
        };
        numbers(&records.orders(seconds(now), &filter, &all()))
    };
    assert_eq!(orders(14 * DAY + 5, Era::Live), [2, 1]);
    assert_eq!(orders(14 * DAY + 6, Era::Live), [1]);
    assert_eq!(orders(14 * DAY + 6, Era::Historical), [2]);

    let fills = |era| {
        let filter = FillFilter {
            era,
            ..FillFilter::of(USER)
        };
        let page = records.fills(seconds(90 * DAY + 3), &filter, &all());
        page.items.iter().map(|fill| fill.trade).collect::<Vec<_>>()
    };
    assert_eq!((fills(Era::Live), fills(Era::Historical)), (vec![2], vec![1]));
    let trades = |era, market| {
        let filter = TradeFilter {
            market,
            era,
            ..TradeFilter::default()
        };
        let page = records.trades(seconds(90 * DAY + 3), &filter, &all());
        page.items.iter().map(|trade| trade.number).collect::<Vec<_>>()
    };
    for market in [None, Some(market(0))] {
        assert_eq!(
            (trades(Era::Live, market), trades(Era::Historical, market)),
            (vec![2], vec![1])
        );
    }
    assert_eq!(trades(Era::Live, Some(market(1))), [0; 0]);
}

#[test]
fn trades_are_chosen_by_market_and_time_both_ends_included() {
    let mut records = records();
    for (number, market) in [(1, 0), (2, 1), (3, 0), (4, 0), (5, 1)] {
        take_in(
            &mut records,
            number,
            &[trade(u64::try_from(number).unwrap(), market, number)],
        );
    }
    let found = |market: Option<usize>, from: Option<i64>, to: Option<i64>| -> Vec<u64> {
        let filter = TradeFilter {
            market: market.map(super::market),
            time: TimeRange {
                from: from.map(seconds),
                to: to.map(seconds),
            },
            era: Era::Live,
        };
        let page = records.trades(seconds(10), &filter, &all());
        page.items.iter().map(|trade| trade.number).collect()
    };
    assert_eq!(found(None, None, None), [5, 4, 3, 2, 1]);
    assert_eq!(found(Some(0), None, None), [4, 3, 1]);
    assert_eq!(found(None, Some(2), Some(4)), [4, 3, 2]);
    assert_eq!(found(Some(0), Some(2), Some(3)), [3]);
    assert_eq!(found(None, Some(9), None), [0; 0]);
}

#[test]
fn only_so_many_trades_are_kept_and_the_oldest_go_first() {
    let limits = Limits {
        trades: 3,
        ..Limits::default()
    };
    let mut records = Records::new(limits, HistoryAges::default(), Lag::default());
    for market in markets(2) {
        records.apply(seconds(0), &Event::MarketListed(market), &Quiet);
    }
    for number in 1..=5 {
        take_in(
            &mut records,
            number,
            &[trade(
                u64::try_from(number).unwrap(),
                usize::from(number % 2 == 0),
                number,
            )],
        );
    }
    let of = |market| {
        let filter = TradeFilter {
            market,
            ..TradeFilter::default()
        };
        let page = records.trades(seconds(10), &filter, &all());
        page.items.iter().map(|trade| trade.number).collect::<Vec<_>>()
    };
    assert_eq!(of(None), [5, 4, 3]);
    assert_eq!(of(Some(market(0))), [5, 3]);
    assert_eq!(of(Some(market(1))), [4]);
    assert_eq!(records.counts().trades, 3);
}

#[test]
fn finished_orders_beyond_the_bound_are_forgotten_but_no_resting_one() {
    let limits = Limits {
        finished_orders_per_user: 2,
        ..Limits::default()
    };
    let mut records = Records::new(limits, HistoryAges::default(), Lag::default());
    take_in(
        &mut records,
        1,
        &[placed(1, 1), placed(2, 1), placed(3, 1), placed(4, 1)],
    );
    take_in(
        &mut records,
        2,
        &[canceled(4, 1, 2), canceled(3, 1, 2), canceled(2, 1, 2)],
    );
    assert_eq!(
        numbers(&records.orders(seconds(3), &OrderFilter::of(USER), &all())),
        [3, 2, 1]
    );
}

#[test]
fn the_order_that_ended_first_is_forgotten_first_whenever_it_was_placed() {
    let limits = Limits {
        finished_orders_per_user: 2,
        ..Limits::default()
    };
    let mut records = Records::new(limits, HistoryAges::default(), Lag::default());
    take_in(&mut records, 1, &[placed(1, 1)]);
    take_in(&mut records, 2, &[canceled(2, 2, 2), canceled(3, 2, 2)]);
    // The oldest order is the last to end; told twice, it counts once.
    take_in(&mut records, 5, &[canceled(1, 1, 5), canceled(1, 1, 5)]);
    let page = records.orders(seconds(5), &OrderFilter::of(USER), &all());
    assert_eq!(numbers(&page), [3, 1]);
}

#[test]
fn a_winner_realizes_its_payout_less_its_cost() {
    let mut records = records();
    // 3 YES for $2.50 pay $3.00; 2 NO for $0.80 pay nothing.
    let (won, lost) = (position(0, 3, "2.50", 1), position(1, -2, "0.80", 1));
    take_in(
        &mut records,
        1,
        &[Event::Position(won.clone()), Event::Position(lost.clone())],
    );
    take_in(&mut records, 9, &[settled(won, MarketResult::Yes, "3.00", 9)]);
    take_in(&mut records, 9, &[settled(lost, MarketResult::Yes, "0.00", 9)]);

    let paid = records.position(account(0), market(0)).unwrap();
    assert_eq!(paid.state.realized, "0.50".parse().unwrap());
    assert_eq!(
        (paid.state.quantity, paid.state.cost),
        (Quantity::ZERO, Money::ZERO)
    );
    assert_eq!(paid.settled, Some(seconds(9)));
    let lost = records.position(account(0), market(1)).unwrap();
    assert_eq!(lost.state.realized, "-0.80".parse().unwrap());

    let page = records.settlements(seconds(10), &SettlementFilter::of(USER), &all());
    let markets: Vec<_> = page.items.iter().map(|row| row.position.market.index()).collect();
    assert_eq!(markets, [1, 0]);
}

#[test]
fn positions_are_chosen_by_settlement_and_what_is_not_zero() {
    let mut records = records();
    let flat = PositionState {
        traded: Money::ZERO,
        ..position(2, 0, "0.00", 1)
    };
    let paid = position(0, 3, "2.50", 1);
    for state in [position(1, 5, "1.00", 1), flat, paid.clone()] {
        take_in(&mut records, 1, &[Event::Position(state)]);
    }
    take_in(&mut records, 9, &[settled(paid, MarketResult::No, "0.00", 9)]);

    let found = |now: i64, filter: PositionFilter| -> Vec<usize> {
        let page = records.positions(seconds(now), &filter, &all());
        page.items.iter().map(|row| row.state.market.index()).collect()
    };
    let of = |settlement| PositionFilter {
        settlement,
        ..PositionFilter::of(USER)
    };
    assert_eq!(found(10, of(Settlement::Unsettled)), [1, 2]);
    assert_eq!(found(10, of(Settlement::Settled)), [0]);
    assert_eq!(found(10, of(Settlement::All)), [0, 1, 2]);
    let non_zero = |field| PositionFilter {
        non_zero: vec![field],
        ..of(Settlement::All)
    };
    assert_eq!(found(10, non_zero(NonZero::Position)), [1]);
    assert_eq!(found(10, non_zero(NonZero::TotalTraded)), [0, 1]);
    let history = PositionFilter {
        era: Era::Historical,
        ..of(Settlement::Unsettled)
    };
    assert_eq!(found(10, history.clone()), [0; 0]);
    assert_eq!(found(91 * DAY, history), [0]);
    assert_eq!(found(91 * DAY, of(Settlement::Settled)), [0; 0]);
}

#[test]
fn deposits_are_told_from_other_changes_of_cash() {
    let mut records = records();
    let change = |reason, cents, time| {
        Event::Cash(AccountChange {
            account: account(0),
            shard: Shard::CRYPTO,
            change: Money::from_cents(cents),
            cash: Money::ZERO,
            reason,
            time: seconds(time),
        })
    };
    take_in(
        &mut records,
        1,
        &[
            change(CashReason::Deposit, 500, 1),
            change(CashReason::Fill, -40, 2),
        ],
    );
    take_in(&mut records, 3, &[change(CashReason::Deposit, 700, 3)]);
    let page = records.deposits(USER, None, &all());
    let amounts: Vec<_> = page.items.iter().map(|deposit| deposit.amount).collect();
    assert_eq!(amounts, [Money::from_cents(700), Money::from_cents(500)]);
    assert_eq!(records.cash_changed(account(0), None), Some(seconds(3)));
    assert_eq!(records.cash_changed(account(0), Some(Shard::MAIN)), None);
}

#[test]
fn what_resting_orders_would_still_cost_is_that_of_the_contract_they_gain() {
    let bid = order(1, OrderStatus::Resting, 1, 1);
    let ask = OrderState {
        side: BookSide::Ask,
        ..bid.clone()
    };
    assert_eq!(resting_value(&bid), "4.00".parse().unwrap());
    assert_eq!(resting_value(&ask), "6.00".parse().unwrap());
}

#[test]
fn records_survive_being_written_and_read() {
    let mut records = lagged(Lag::MEASURED);
    take_in(
        &mut records,
        1,
        &[
            placed(1, 1),
            trade(1, 3, 1),
            Event::Position(position(1, 2, "0.80", 1)),
        ],
    );
    let bytes = postcard::to_stdvec(&records).unwrap();
    let mut back: Records = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(postcard::to_stdvec(&back).unwrap(), bytes);
    back.advance(seconds(3));
    assert_eq!(
        numbers(&back.orders(seconds(3), &OrderFilter::of(USER), &all())),
        [1]
    );
}
