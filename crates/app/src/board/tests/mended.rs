//! Markets that leave and come back, names nobody has a market for, and clocks that are set back.

use kmi_domain::MarketStatus;

use super::support::{at, bid, board, market, reader, snapshot, state, sweep, trade, update};
use crate::board::{MarketId, Source};
use crate::hub::{Batch, Happening};

#[test]
fn who_watches_a_market_that_is_gone_is_told_and_hears_of_its_return() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    board.take_book_snapshot(snapshot("A", &[(40, 1)], &[]), at(1));
    let id = state(&board, "A").id;
    let mut reader = reader(&board);
    board.forget_market(&"A".parse().unwrap());
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("it is told");
    };
    assert!(
        matches!(&events[0].what, Happening::Market(last) if last.source == Source::Cache && last.version == 2)
    );
    assert!(matches!(events[1].what, Happening::BookStale));
    assert_eq!((events.len(), events[1].market, board.len()), (2, Some(id), 0));

    sweep(&board, 5, vec![market("A", 41)]);
    let back = state(&board, "A");
    assert_eq!((back.id, back.version), (id, 3));
}

#[test]
fn a_market_that_leaves_after_its_end_is_not_told_again() {
    let board = board();
    let mut body = market("A", 40);
    body.status = MarketStatus::Finalized.into();
    board.take_market(body, at(0));
    let told = board.hub().last();
    board.end_sweep(at(4_000));
    assert_eq!((board.len(), board.hub().last()), (0, told));
}

#[test]
fn a_trade_of_no_known_market_is_told_to_who_wants_all_and_takes_no_room() {
    let board = board();
    let mut reader = reader(&board);
    assert!(board.take_trade(trade("A", "t1"), at(1)));
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("it is told");
    };
    assert_eq!(events[0].market, Some(MarketId::UNLISTED));
    let ticker = "A".parse().unwrap();
    assert_eq!(board.id(&ticker), None);
    assert!(board.trades(&ticker, 10).is_empty());
}

#[test]
fn names_without_markets_are_forgotten_when_ten_thousand_others_came() {
    let board = board();
    board.take_book_snapshot(snapshot("A", &[], &[]), at(0));
    board.take_book_snapshot(snapshot("B", &[], &[]), at(0));
    sweep(&board, 0, vec![market("B", 40)]);
    for place in 0..9_998 {
        board.take_book_snapshot(snapshot(&format!("N{place}"), &[], &[]), at(0));
    }
    assert_eq!(board.id(&"A".parse().unwrap()), Some(MarketId(0)));
    for place in 0..2 {
        board.take_book_snapshot(snapshot(&format!("O{place}"), &[], &[]), at(0));
    }
    assert_eq!(board.id(&"A".parse().unwrap()), None);
    assert_eq!(board.id(&"B".parse().unwrap()), Some(MarketId(1)));
}

#[test]
fn lost_trades_are_told_to_who_follows_trades() {
    let board = board();
    let mut reader = reader(&board);
    board.lose_trades(at(3));
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("it is told");
    };
    assert!(matches!(events[..], [ref event] if matches!(event.what, Happening::TradesLost)));
}

#[test]
fn a_clock_set_back_by_an_hour_does_not_freeze_the_board() {
    let board = board();
    sweep(&board, 3_600, vec![market("A", 40)]);
    board.take_ticker(&update("A", 41), at(3_601));
    assert!(board.is_stale(&state(&board, "A"), at(2)), "its age is not known");
    sweep(&board, 1, vec![market("A", 42)]);
    assert_eq!((bid(&board, "A"), state(&board, "A").as_of), (42, at(1)));
    assert_eq!(board.time(), at(1));
    assert!(!board.is_stale(&state(&board, "A"), at(2)));

    // A page that lags by seconds is older all the same.
    board.take_ticker(&update("A", 43), at(9));
    sweep(&board, 5, vec![market("A", 42)]);
    assert_eq!(bid(&board, "A"), 43);
}
