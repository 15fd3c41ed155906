//! Finding markets.

use std::collections::BTreeMap;

use kmi_domain::{MarketStatus, Quantity};
use kmi_kalshi::api::market::Market;
use proptest::prelude::*;

use super::support::{at, board, cents, event, market, sweep, update};
use crate::board::{BadCursor, Board, BoardQuery, Group, GroupBy, Sort, StatusFilter};

/// Markets `HOT-1`, `HOT-2` of an event on weather, `GOLD` of one on metals, `HOTEL` of none.
fn exchange() -> Board {
    let board = board();
    let of = |event: &str, ticker: &str, title: &str, volume: i32| Market {
        event_ticker: event.parse().unwrap(),
        yes_sub_title: title.to_owned(),
        volume_24h_fp: Quantity::from_contracts(volume),
        ..market(ticker, 40)
    };
    board.take_events(vec![
        event("WEATHER", "KXHIGH", "Highest temperature in Chicago", "Climate"),
        event("METAL", "KXGOLD", "Gold price", "Financials"),
    ]);
    let markets = vec![
        of("METAL", "GOLD", "Above 3000 hot dollars", 50),
        of("WEATHER", "HOT-1", "70° or more", 30),
        of("WEATHER", "HOT-2", "80° or more", 40),
        of("NONE", "HOTEL", "", 40),
    ];
    sweep(&board, 0, markets);
    board
}

fn found(board: &Board, query: &BoardQuery) -> Vec<String> {
    let page = board.query(&BoardQuery {
        limit: 100,
        ..query.clone()
    });
    let markets = page.unwrap().markets;
    markets.iter().map(|market| market.ticker().to_string()).collect()
}

fn search(words: &str) -> BoardQuery {
    BoardQuery {
        search: words.to_owned(),
        ..BoardQuery::default()
    }
}

fn sorted(sort: Sort) -> BoardQuery {
    BoardQuery {
        sort,
        ..BoardQuery::default()
    }
}

#[test]
fn all_words_must_occur_wherever_and_in_any_case() {
    let board = exchange();
    assert_eq!(found(&board, &search("CHICAGO temp")), ["HOT-2", "HOT-1"]);
    assert_eq!(found(&board, &search("chicago 80°")), ["HOT-2"]);
    assert_eq!(found(&board, &search("  financials ")), ["GOLD"]);
    assert!(found(&board, &search("chicago gold")).is_empty());
}

#[test]
fn the_market_of_the_very_ticker_comes_first_then_those_that_begin_with_it() {
    let board = exchange();
    assert_eq!(found(&board, &search("hot")), ["HOT-2", "HOTEL", "HOT-1", "GOLD"]);
    assert_eq!(found(&board, &search("hot-1")), ["HOT-1"]);
    sweep(&board, 1, vec![market("HOT", 40)]);
    assert_eq!(found(&board, &search("hot"))[0], "HOT");
}

#[test]
fn filters_leave_only_what_they_name() {
    let board = exchange();
    let all = BoardQuery::default();
    let by_series = BoardQuery {
        series: vec!["KXHIGH".parse().unwrap()],
        ..all.clone()
    };
    assert_eq!(found(&board, &by_series), ["HOT-2", "HOT-1"]);
    let by_event = BoardQuery {
        events: vec!["METAL".parse().unwrap()],
        ..all.clone()
    };
    assert_eq!(found(&board, &by_event), ["GOLD"]);
    let by_category = BoardQuery {
        categories: vec!["CLIMATE".to_owned()],
        ..all.clone()
    };
    assert_eq!(found(&board, &by_category), ["HOT-2", "HOT-1"]);
    let tickers = ["HOTEL", "GOLD", "NOPE"]
        .map(|ticker| ticker.parse().unwrap())
        .to_vec();
    assert_eq!(found(&board, &BoardQuery { tickers, ..all }), ["GOLD", "HOTEL"]);
}

#[test]
fn a_status_is_that_of_now() {
    let board = exchange();
    let mut closing = market("SOON", 40);
    closing.close_time = Some(at(10));
    sweep(&board, 1, vec![closing]);
    let of = |status| BoardQuery {
        statuses: vec![StatusFilter(status)],
        ..BoardQuery::default()
    };
    assert_eq!(found(&board, &of(MarketStatus::Active)).len(), 5);
    board.hear(at(10));
    board.reshape();
    assert_eq!(found(&board, &of(MarketStatus::Closed)), ["SOON"]);
}

#[test]
fn every_order_puts_first_what_it_names_and_equal_ones_by_ticker() {
    let board = board();
    let with = |ticker: &str, volume: i32, interest: i32, moved: u8, close: i64, created: i64| Market {
        volume_fp: Quantity::from_contracts(volume),
        open_interest_fp: Quantity::from_contracts(interest),
        last_price_dollars: cents(40),
        previous_price_dollars: cents(moved),
        close_time: Some(at(close)),
        created_time: Some(at(created)),
        ..market(ticker, 40)
    };
    let markets = vec![
        with("A", 1, 1, 40, 90, 1),
        with("B", 3, 1, 10, 50, 2),
        with("C", 1, 9, 45, -10, 3),
        with("D", 2, 1, 70, -90, 4),
    ];
    sweep(&board, 0, markets);
    assert_eq!(found(&board, &sorted(Sort::Volume)), ["B", "D", "A", "C"]);
    assert_eq!(found(&board, &sorted(Sort::OpenInterest)), ["C", "A", "B", "D"]);
    assert_eq!(found(&board, &sorted(Sort::Movement)), ["B", "D", "C", "A"]);
    assert_eq!(found(&board, &sorted(Sort::ClosingSoon)), ["B", "A", "C", "D"]);
    assert_eq!(found(&board, &sorted(Sort::Newest)), ["D", "C", "B", "A"]);
    assert_eq!(found(&board, &sorted(Sort::Ticker)), ["A", "B", "C", "D"]);
}

#[test]
fn values_are_those_of_now_even_where_the_order_is_a_moment_old() {
    let board = exchange();
    let query = BoardQuery {
        limit: 1,
        ..sorted(Sort::Ticker)
    };
    board.query(&query).unwrap();
    board.take_ticker(&update("GOLD", 77), at(1));
    let page = board.query(&query).unwrap();
    assert_eq!(page.markets[0].quote.yes_bid, Some(cents(77)));
    assert_eq!(page.total, 4);
}

#[test]
fn groups_count_and_add_up_what_fits() {
    let board = exchange();
    let group = |key: &str, markets, volume| Group {
        key: key.to_owned(),
        markets,
        volume_24h: Quantity::from_contracts(volume),
    };
    assert_eq!(
        board.groups(&BoardQuery::default(), GroupBy::Category),
        [
            group("Climate", 2, 70),
            group("Financials", 1, 50),
            group("", 1, 40)
        ]
    );
    assert_eq!(
        board.groups(&search("hot-"), GroupBy::Series),
        [group("KXHIGH", 2, 70)]
    );
}

#[test]
fn a_cursor_of_another_query_or_of_nobody_is_refused() {
    let board = exchange();
    let query = BoardQuery {
        limit: 1,
        ..sorted(Sort::Ticker)
    };
    let cursor = board.query(&query).unwrap().next_cursor;
    let go_on = |sort, cursor| {
        board
            .query(&BoardQuery {
                cursor,
                limit: 1,
                ..sorted(sort)
            })
            .map(|page| page.total)
    };
    assert_eq!(go_on(Sort::Ticker, cursor.clone()), Ok(4));
    assert_eq!(go_on(Sort::Volume, cursor.clone()), Err(BadCursor));
    for garbage in ["", "x", "AAAA", "????", "AQAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(go_on(Sort::Ticker, Some(garbage.to_owned())), Err(BadCursor));
    }
    let mut bent = cursor.unwrap().into_bytes();
    bent[8] = if bent[8] == b'A' { b'B' } else { b'A' };
    assert_eq!(go_on(Sort::Ticker, String::from_utf8(bent).ok()), Err(BadCursor));
}

proptest! {
    /// Page after page, a market that keeps its place is seen once, whatever others do between the pages.
    #[test]
    fn pages_neither_skip_nor_repeat_a_market_that_keeps_its_place(
        volumes in prop::collection::vec((0_i32..20, any::<bool>()), 1..60),
        limit in 1_usize..7,
        moves in prop::collection::vec((0_usize..60, 0_i32..20), 0..60),
    ) {
        let board = board();
        let with = |ticker: String, volume: i32| Market {
            volume_24h_fp: Quantity::from_contracts(volume),
            ..market(&ticker, 40)
        };
        let name = |place: usize| format!("M{place:02}");
        let markets = volumes.iter().enumerate().map(|(place, (volume, _))| with(name(place), *volume));
        sweep(&board, 0, markets.collect());
        let mut moves = moves.into_iter().zip(1..);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut query = BoardQuery { limit, ..BoardQuery::default() };
        loop {
            let page = board.query(&query).unwrap();
            prop_assert!(page.markets.len() <= limit);
            for market in &page.markets {
                *seen.entry(market.ticker().to_string()).or_default() += 1;
            }
            if page.next_cursor.is_none() {
                break;
            }
            query.cursor = page.next_cursor;
            // Others move, come and go.
            for ((place, volume), second) in moves.by_ref().take(3) {
                match volumes.get(place) {
                    Some((_, true)) => {
                        sweep(&board, second, vec![with(name(place), volume)]);
                    }
                    Some((_, false)) => {}
                    None => {
                        sweep(&board, second, vec![with(name(place), volume)]);
                        if place % 2 == 0 {
                            board.forget_market(&name(place).parse().unwrap());
                        }
                    }
                }
            }
            board.reshape();
        }
        for (place, (_, may_move)) in volumes.iter().enumerate() {
            if !may_move {
                prop_assert_eq!(seen.get(&name(place)), Some(&1), "market {}", place);
            }
        }
    }

    /// No text makes the board answer with anything but a page or an error.
    #[test]
    fn any_text_as_a_cursor_is_refused(text in ".{0,60}") {
        let board = exchange();
        let query = BoardQuery { cursor: Some(text), limit: 2, ..BoardQuery::default() };
        prop_assert_eq!(board.query(&query).map(|page| page.total), Err(BadCursor));
    }
}
