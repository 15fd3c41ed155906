//! Many at once: writers, readers and those who ask.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use kmi_domain::Side;

use super::books::Follower;
use super::support::{at, board, delta, market, reader, snapshot, sweep, update};
use crate::board::{Board, BoardQuery, MarketId};
use crate::hub::{Batch, Happening, Interest, Kinds};

const MARKETS: usize = 50;
const ROUNDS: i64 = 400;

fn name(place: usize) -> String {
    format!("M{place:02}")
}

/// Follows quotes by their versions, from the board where events were missed.
fn follow_quotes(board: &Board, done: &AtomicBool) -> BTreeMap<MarketId, u64> {
    let mut reader = reader(board);
    let everything = Interest {
        kinds: Kinds::ALL,
        markets: None,
    };
    let mut versions: BTreeMap<MarketId, u64> = BTreeMap::new();
    for market in board.current(&everything) {
        versions.insert(market.id, market.version);
    }
    loop {
        let is_done = done.load(Ordering::Acquire);
        match reader.now() {
            Some(Batch::Events(events)) => {
                for event in events {
                    if let Happening::Market(market) = &event.what {
                        let known = versions.entry(market.id).or_insert(0);
                        // What was in the board when it was looked at may come again, nothing older than that after it.
                        *known = market.version.max(*known);
                    }
                }
            }
            Some(Batch::Lapped { .. }) => {
                for market in board.current(&everything) {
                    assert!(versions.insert(market.id, market.version) <= Some(market.version));
                }
            }
            None if is_done => return versions,
            None => std::thread::yield_now(),
        }
    }
}

#[test]
fn whoever_follows_ends_with_what_the_board_shows() {
    let board = board();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let quotes = [
            scope.spawn(|| follow_quotes(&board, &done)),
            scope.spawn(|| follow_quotes(&board, &done)),
        ];
        let book = scope.spawn(|| {
            let mut follower = Follower::new(&board);
            loop {
                let is_done = done.load(Ordering::Acquire);
                if !follower.read(&board) {
                    if is_done {
                        return follower;
                    }
                    std::thread::yield_now();
                }
            }
        });
        let pages = scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let query = BoardQuery {
                    limit: 10,
                    ..BoardQuery::default()
                };
                assert!(board.query(&query).is_ok_and(|page| page.markets.len() <= 10));
            }
        });
        let writers = [
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let bid = 10 + u8::try_from(round % 80).unwrap();
                    sweep(
                        &board,
                        round,
                        (0..MARKETS).map(|place| market(&name(place), bid)).collect(),
                    );
                }
            }),
            scope.spawn(|| {
                for round in 0..ROUNDS * 20 {
                    let place = usize::try_from(round).unwrap() % MARKETS;
                    let bid = 5 + u8::try_from(round % 90).unwrap();
                    board.take_ticker(&update(&name(place), bid), at(round / 20));
                }
            }),
            scope.spawn(|| {
                board.take_book_snapshot(snapshot("A", &[(40, 1)], &[(50, 1)]), at(0));
                for round in 0..ROUNDS * 10 {
                    let price = 10 + u8::try_from(round % 60).unwrap();
                    board
                        .take_book_delta(delta("A", Side::Yes, price, 1), at(1))
                        .unwrap();
                }
            }),
        ];
        for writer in writers {
            writer.join().unwrap();
        }
        done.store(true, Ordering::Release);
        pages.join().unwrap();
        book.join().unwrap().assert_same(&board);
        let shown: BTreeMap<MarketId, u64> = (0..MARKETS)
            .filter_map(|place| board.market(&name(place).parse().unwrap()))
            .map(|market| (market.id, market.version))
            .collect();
        assert_eq!(shown.len(), MARKETS);
        for follower in quotes {
            assert_eq!(follower.join().unwrap(), shown);
        }
    });
}
