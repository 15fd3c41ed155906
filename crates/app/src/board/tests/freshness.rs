//! How old what is shown is.

use kmi_domain::{MarketStatus, Quantity};
use kmi_storage::{MarketRecord, MarketSnapshot, SnapshotSource};

use super::support::{at, bid, board, broken, cents, connection, market, reader, state, sweep, update};
use crate::board::Source;
use crate::hub::{Batch, Happening, Link};

#[test]
fn while_the_stream_lives_silence_means_that_nothing_changed() {
    let board = board();
    board.take_connection(connection(Link::Connected, 0));
    sweep(&board, 0, vec![market("A", 40), market("B", 40)]);
    board.take_ticker(&update("B", 41), at(1));
    sweep(&board, 1, vec![market("A", 40)]);
    board.hear(at(100));
    let market = state(&board, "A");
    assert_eq!(board.as_of(&market), at(100));
    assert!(!board.is_stale(&market, at(115)));
    assert!(
        board.is_stale(&market, at(116)),
        "the stream has been silent for over 15 s"
    );
}

#[test]
fn what_was_told_before_a_break_ages_until_it_is_told_again() {
    let board = board();
    board.take_connection(connection(Link::Connected, 0));
    sweep(&board, 1, vec![market("A", 40)]);
    board.hear(at(50));
    board.take_connection(connection(broken(), 60));
    assert_eq!(board.as_of(&state(&board, "A")), at(1));
    assert!(board.is_stale(&state(&board, "A"), at(60)));

    board.take_connection(connection(Link::Connected, 62));
    board.hear(at(70));
    assert!(
        board.is_stale(&state(&board, "A"), at(70)),
        "the stream has said nothing of it since"
    );
    board.take_ticker(&update("A", 40), at(71));
    board.hear(at(80));
    assert_eq!(board.as_of(&state(&board, "A")), at(80));
}

#[test]
fn nothing_confirms_quotes_while_none_come() {
    let board = board();
    board.take_connection(connection(Link::Connected, 0));
    sweep(&board, 1, vec![market("A", 40), market("B", 40)]);
    board.hear(at(30));
    assert_eq!(board.as_of(&state(&board, "A")), at(1), "no quote ever came");

    board.take_ticker(&update("A", 41), at(31));
    board.hear(at(50));
    assert_eq!(board.as_of(&state(&board, "A")), at(50));
    assert_eq!(
        board.as_of(&state(&board, "B")),
        at(1),
        "its quote may have been lost before"
    );

    board.break_quotes();
    board.hear(at(60));
    assert_eq!(board.as_of(&state(&board, "A")), at(31));
    board.take_ticker(&update("B", 41), at(61));
    board.hear(at(70));
    assert_eq!(
        board.as_of(&state(&board, "A")),
        at(31),
        "it may have changed in between"
    );
    assert_eq!(board.as_of(&state(&board, "B")), at(70));
}

#[test]
fn a_break_is_told_once_and_not_by_every_market() {
    let board = board();
    board.take_connection(connection(Link::Connected, 0));
    sweep(
        &board,
        1,
        (0..100).map(|n| market(&format!("M{n}"), 40)).collect(),
    );
    let mut reader = reader(&board);
    board.take_connection(connection(broken(), 60));
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("the break is told");
    };
    assert!(matches!(events[..], [ref event] if matches!(event.what, Happening::Connection(_))));
}

#[test]
fn what_is_final_does_not_go_stale() {
    let board = board();
    let mut body = market("A", 40);
    body.status = MarketStatus::Finalized.into();
    board.take_market(body, at(0));
    assert!(!board.is_stale(&state(&board, "A"), at(1_000)));
}

#[test]
fn what_was_kept_from_before_is_stale_until_it_is_swept() {
    let board = board();
    let record = MarketRecord {
        market: market("A", 40).to_domain().unwrap(),
        event: None,
        series: None,
    };
    let snapshot = MarketSnapshot {
        ticker: "A".parse().unwrap(),
        time: at(-20),
        source: SnapshotSource::WebSocket,
        sequence: None,
        yes_bid: Some(cents(45)),
        yes_ask: None,
        yes_bid_size: Some(Quantity::ONE),
        yes_ask_size: None,
        last_price: Some(cents(44)),
        volume: Some(Quantity::from_contracts(9)),
        open_interest: None,
    };
    board.take_connection(connection(Link::Connected, -30));
    board.take_cached(vec![(record.clone(), Some(snapshot))], at(0));
    let kept = state(&board, "A");
    assert_eq!(
        (bid(&board, "A"), kept.quote.yes_ask, kept.as_of),
        (45, None, at(-20))
    );
    assert_eq!(kept.source, Source::Cache);
    assert!(board.is_stale(&kept, at(-20)));

    sweep(&board, 1, vec![market("A", 46)]);
    board.take_cached(vec![(record, None)], at(2));
    let swept = state(&board, "A");
    assert_eq!((bid(&board, "A"), swept.source), (46, Source::Poll));
    assert!(!board.is_stale(&swept, at(2)));
}
