//! Sweeps against the stream.

use super::support::{at, bid, board, market, sweep, update};
use crate::board::{Source, Taken};

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
