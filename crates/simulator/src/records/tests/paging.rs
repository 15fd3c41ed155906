//! Pages while rows keep coming.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Reads all pages of a list, letting `between` happen after each.
fn read_all<T>(
    records: &mut Records,
    limit: usize,
    read: impl Fn(&Records, &PageRequest) -> Page<T>,
    mut between: impl FnMut(&mut Records),
) -> Vec<T> {
    let mut rows = Vec::new();
    let mut request = PageRequest::first(limit);
    loop {
        let page = read(records, &request);
        assert!(page.items.len() <= limit);
        rows.extend(page.items);
        if page.cursor.is_empty() {
            return rows;
        }
        between(records);
        request = PageRequest::after(limit, page.cursor);
    }
}

fn times<T: Ord>(rows: Vec<T>) -> BTreeMap<T, usize> {
    let mut count = BTreeMap::new();
    for row in rows {
        *count.entry(row).or_insert(0) += 1;
    }
    count
}

proptest! {
    #[test]
    fn every_row_there_was_comes_exactly_once(rows in 1u64..40, limit in 1usize..7, arriving in 0u64..4) {
        let mut records = records();
        for number in 1..=rows {
            take_in(&mut records, 1, &[placed(number, 1), Event::Fill(fill(number, 0, 1)), trade(number, 0, 1)]);
        }
        let mut next = rows;
        let mut between = |records: &mut Records| {
            for _ in 0..arriving {
                next += 1;
                // Orders also end while they are listed.
                let events = [
                    placed(next, 1),
                    canceled(next % rows + 1, 1, 1),
                    Event::Fill(fill(next, 0, 1)),
                    trade(next, 0, 1),
                    trade(next + 1_000_000, 1, 1),
                ];
                take_in(records, 1, &events);
            }
        };
        let now = seconds(2);
        let orders = read_all(&mut records, limit, |records, page| {
            records.orders(now, &OrderFilter::of(USER), page).map(|order| order.order.0)
        }, &mut between);
        let fills = read_all(&mut records, limit, |records, page| {
            records.fills(now, &FillFilter::of(USER), page).map(|fill| fill.trade)
        }, &mut between);
        let filter = TradeFilter { market: Some(market(0)), ..TradeFilter::default() };
        let trades = read_all(&mut records, limit, |records, page| {
            records.trades(now, &filter, page).map(|trade| trade.number)
        }, &mut between);
        let every = read_all(&mut records, limit, |records, page| {
            records.trades(now, &TradeFilter::default(), page).map(|trade| trade.number)
        }, &mut between);
        for list in [orders, fills, trades, every] {
            let times = times(list);
            prop_assert!(times.values().all(|times| *times == 1));
            prop_assert!((1..=rows).all(|number| times.contains_key(&number)));
        }
    }

    #[test]
    fn positions_come_once_while_new_ones_open(limit in 1usize..4) {
        let mut records = records();
        for index in [0, 2, 4, 6] {
            take_in(&mut records, 1, &[Event::Position(position(index, 1, "0.40", 1))]);
        }
        let mut next = 0;
        let rows = read_all(&mut records, limit, |records, page| {
            let page = records.positions(seconds(2), &PositionFilter::of(USER), page);
            page.map(|row| row.state.market.index())
        }, |records| {
            next += 1;
            take_in(records, 1, &[Event::Position(position(2 * (next % 4) + 1, 1, "0.40", 1))]);
        });
        let times = times(rows);
        prop_assert!(times.values().all(|times| *times == 1));
        prop_assert!([0, 2, 4, 6].iter().all(|index| times.contains_key(index)));
    }
}
