//! Sweeps against the stream.

use std::sync::Arc;

use kmi_domain::{MarketStatus, Quantity};
use kmi_kalshi::api::market::{Market, ResultWord};
use kmi_kalshi::ws::message::TickerUpdate;

use super::support::{at, bid, board, cents, event, market, state, sweep, trade, update};
use crate::board::{Board, BoardSettings, Source, Taken};

#[test]
fn a_market_told_by_the_stream_after_the_page_was_asked_for_keeps_what_the_stream_told() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    board.take_ticker(&update("A", 50), at(11));
    let swept = sweep(&board, 10, vec![market("A", 41)]);
    assert_eq!(bid(&board, "A"), 50);
    assert!(swept.quotes.is_empty());
    sweep(&board, 12, vec![market("A", 42)]);
    assert_eq!(bid(&board, "A"), 42);
}

#[test]
fn an_unchanged_market_only_gets_younger() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    let told = board.hub().last();
    let swept = sweep(&board, 5, vec![market("A", 40)]);
    let state = board.market(&"A".parse().unwrap()).unwrap();
    assert_eq!((swept.unchanged, board.hub().last(), state.version), (1, told, 1));
    assert_eq!((state.as_of, state.source), (at(5), Source::Poll));
}

#[test]
fn a_changed_quote_is_told_as_a_quote_and_a_changed_title_as_metadata() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40), market("B", 40)]);
    let mut titled = market("A", 40);
    titled.yes_sub_title = "Above 70°".to_owned();
    let swept = sweep(&board, 5, vec![titled, market("B", 41)]);
    let names = |states: &[std::sync::Arc<crate::board::MarketState>]| {
        states
            .iter()
            .map(|state| state.ticker().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(&swept.metadata), names(&swept.quotes)),
        (vec!["A".to_owned()], vec!["B".to_owned()])
    );
    assert_eq!(swept.metadata[0].version, 2);
}

#[test]
fn an_update_of_a_market_nobody_told_of_says_so() {
    let board = board();
    assert!(matches!(
        board.take_ticker(&update("A", 50), at(1)),
        Taken::Unknown
    ));
    sweep(&board, 2, vec![market("A", 50)]);
    let before = board.hub().last();
    assert!(matches!(
        board.take_ticker(&update("A", 51), at(3)),
        Taken::Changed(_)
    ));
    assert!(matches!(
        board.take_ticker(&update("A", 51), at(4)),
        Taken::Unchanged
    ));
    assert_eq!(board.hub().last(), before + 1);
}

#[test]
fn the_totals_of_a_day_are_swept_even_where_the_stream_told_newer_quotes() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    board.take_ticker(&update("A", 50), at(11));
    let mut body = market("A", 41);
    body.volume_24h_fp = Quantity::from_contracts(7);
    sweep(&board, 10, vec![body]);
    assert_eq!(bid(&board, "A"), 50);
    assert_eq!(state(&board, "A").quote.volume_24h, Quantity::from_contracts(7));
}

#[test]
fn what_only_the_stream_tells_stays_until_the_totals_say_that_it_is_outdated() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    let told = TickerUpdate {
        volume_fp: Quantity::from_contracts(5),
        dollar_volume: 3,
        ..update("A", 40)
    };
    board.take_ticker(&told, at(1));
    let mut body = market("A", 40);
    body.volume_fp = Quantity::from_contracts(5);
    sweep(&board, 2, vec![body.clone()]);
    assert_eq!(state(&board, "A").quote.dollar_volume, Some(3));
    body.volume_fp = Quantity::from_contracts(6);
    sweep(&board, 3, vec![body]);
    assert_eq!(state(&board, "A").quote.dollar_volume, None);
}

#[test]
fn an_event_that_comes_after_its_markets_is_linked_to_them() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    assert_eq!(board.unknown_events(), ["E".parse().unwrap()]);
    board.take_events(vec![event("E", "S", "High temperature", "")]);
    assert_eq!(board.unknown_events(), []);
    let linked = state(&board, "A");
    assert_eq!(linked.series_ticker(), Some(&"S".parse().unwrap()));
    assert_eq!((linked.category(), linked.version), (None, 2));

    let series = kmi_domain::Series {
        ticker: "S".parse().unwrap(),
        title: None,
        category: Some("Climate".to_owned()),
        frequency: None,
        fee_type: None,
        fee_multiplier: None,
    };
    board.take_series(vec![(&series).into()]);
    assert_eq!(state(&board, "A").category(), Some("Climate"));
    let told = board.hub().last();
    board.take_events(vec![event("E", "S", "High temperature", "")]);
    assert_eq!(board.hub().last(), told, "the same again is no news");
    sweep(&board, 5, vec![market("B", 40)]);
    assert_eq!(state(&board, "B").category(), Some("Climate"));
    let names: Vec<_> = board.markets_of(&"E".parse().unwrap());
    assert_eq!(names.len(), 2);
}

#[test]
fn a_market_that_vanishes_is_asked_for_at_once_and_then_now_and_then() {
    let board = board();
    let missing = |since: i64| -> Vec<String> {
        let tickers = board.missing_from_sweep(at(since));
        tickers.iter().map(ToString::to_string).collect()
    };
    sweep(&board, 0, vec![market("A", 40), market("B", 40)]);
    assert!(missing(0).is_empty());
    sweep(&board, 5, vec![market("B", 40)]);
    board.end_sweep(at(6));
    assert_eq!(missing(5), ["A"]);
    board.take_market(market("A", 40), at(7));
    board.end_sweep(at(11));
    assert!(missing(5).is_empty(), "it was asked for");
    board.end_sweep(at(67));
    assert_eq!(missing(5), ["A"], "it is still not listed a minute later");
}

#[test]
fn a_closed_market_is_asked_for_every_five_minutes_and_a_settled_one_never() {
    let board = board();
    let mut closing = market("A", 40);
    closing.close_time = Some(at(3));
    sweep(&board, 0, vec![closing.clone()]);
    sweep(&board, 5, vec![]);
    closing.status = MarketStatus::Closed.into();
    assert_eq!(board.missing_from_sweep(at(5)).len(), 1);
    board.take_market(closing.clone(), at(6));
    board.end_sweep(at(305));
    assert!(board.missing_from_sweep(at(300)).is_empty());
    board.end_sweep(at(306));
    assert_eq!(board.missing_from_sweep(at(300)).len(), 1);
    closing.status = MarketStatus::Finalized.into();
    board.take_market(closing, at(307));
    board.end_sweep(at(3_000));
    assert!(board.missing_from_sweep(at(3_000)).is_empty());
}

#[test]
fn a_settled_market_leaves_after_an_hour_with_all_that_is_its() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40), market("B", 40)]);
    board.take_events(vec![event("E", "S", "Title", "")]);
    board.take_trade(trade("A", "t1"), at(1));
    let mut settled = market("A", 40);
    settled.status = MarketStatus::Finalized.into();
    board.take_market(settled, at(10));
    board.end_sweep(at(3_609));
    assert_eq!(board.len(), 2);
    board.end_sweep(at(3_610));
    assert_eq!(board.len(), 1);
    assert!(board.market(&"A".parse().unwrap()).is_none());
    assert!(board.trades(&"A".parse().unwrap(), 10).is_empty());
    assert!(
        board.event(&"E".parse().unwrap()).is_some(),
        "its event has another market"
    );

    let id = board.id(&"B".parse().unwrap());
    sweep(&board, 3_700, vec![market("A", 40)]);
    assert_eq!(board.id(&"B".parse().unwrap()), id);
    assert_eq!(
        state(&board, "A").id.0,
        0,
        "who knew it by its number hears of it again"
    );
}

#[test]
fn a_list_of_open_markets_does_not_open_one_again_that_has_its_result() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    let mut ended = market("A", 40);
    ended.status = MarketStatus::Determined.into();
    ended.result = ResultWord::Yes;
    board.take_market(ended, at(5));
    sweep(&board, 10, vec![market("A", 40)]);
    assert_eq!(state(&board, "A").status(at(11)), MarketStatus::Determined);
}

#[test]
fn markets_open_and_close_by_the_clock() {
    let board = board();
    let mut body = market("A", 40);
    body.status = MarketStatus::Initialized.into();
    body.open_time = Some(at(10));
    body.close_time = Some(at(20));
    sweep(&board, 0, vec![body]);
    let market = state(&board, "A");
    let status = |second| market.status(at(second));
    assert_eq!(
        (status(9), status(10), status(20)),
        (
            MarketStatus::Initialized,
            MarketStatus::Active,
            MarketStatus::Closed
        )
    );
    assert_eq!(market.to_body(at(20)).status, MarketStatus::Closed.into());
}

#[test]
fn the_body_of_now_has_the_streams_quotes() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    board.take_ticker(&update("A", 50), at(1));
    let body = state(&board, "A").to_body(at(2));
    assert_eq!(
        (body.yes_bid_dollars, body.no_bid_dollars),
        (cents(50), cents(48))
    );
}

#[test]
fn a_trade_told_twice_counts_once_and_only_the_newest_are_kept() {
    let board = Board::new(BoardSettings {
        trades: 2,
        all_trades: 3,
        ..BoardSettings::default()
    });
    sweep(&board, 0, vec![market("A", 40), market("B", 40)]);
    let told = board.hub().last();
    assert!(board.take_trade(trade("A", "t1"), at(1)));
    assert!(!board.take_trade(trade("A", "t1"), at(2)));
    assert_eq!(board.hub().last(), told + 1);
    for id in ["t2", "t3"] {
        board.take_trade(trade("A", id), at(3));
    }
    let kept = |ticker: &str| {
        let trades = board.trades(&ticker.parse().unwrap(), 10);
        trades
            .iter()
            .map(|trade| trade.trade_id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(kept("A"), ["t3", "t2"]);
    for id in ["u1", "u2"] {
        board.take_trade(trade("B", id), at(4));
    }
    // The last three of all are t3, u1 and u2.
    assert_eq!(
        (kept("A"), kept("B")),
        (vec!["t3".to_owned()], vec!["u2".to_owned(), "u1".to_owned()])
    );
}

#[test]
fn markets_of_an_event_share_their_rules_and_each_tells_them_whole() {
    let board = board();
    let with = |ticker: &str, rules: &str| Market {
        rules_secondary: rules.to_owned(),
        ..market(ticker, 40)
    };
    sweep(
        &board,
        0,
        vec![with("A", "Same."), with("B", "Same."), with("C", "Other.")],
    );
    let rules = |ticker: &str| state(&board, ticker).rules_secondary.clone();
    assert!(Arc::ptr_eq(&rules("A"), &rules("B")));
    assert_eq!(state(&board, "A").whole_body(), with("A", "Same."));
    assert_eq!(state(&board, "C").to_body(at(1)).rules_secondary, "Other.");
    let swept = sweep(&board, 5, vec![with("A", "Same."), with("B", "New.")]);
    assert_eq!((swept.metadata.len(), swept.unchanged), (1, 1));
    assert_eq!(&*rules("B"), "New.");
}
