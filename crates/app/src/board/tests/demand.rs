//! Who watches which books.

use std::time::Duration;

use kmi_domain::Ticker;
use tokio::time::{advance, timeout};

use crate::board::{Board, BoardSettings, TooManyBooks};

fn board(books: usize) -> Board {
    Board::new(BoardSettings {
        books,
        ..BoardSettings::default()
    })
}

fn names(tickers: &[Ticker]) -> Vec<&str> {
    tickers.iter().map(Ticker::as_str).collect()
}

fn ticker(text: &str) -> Ticker {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_book_lingers_for_thirty_seconds_after_its_last_watcher() {
    let board = board(10);
    let demand = board.demand();
    let mut changes = demand.changes();
    let first = demand.watch(ticker("A")).unwrap();
    let second = demand.watch(ticker("A")).unwrap();
    changes.changed().await.unwrap();
    drop(first);
    assert_eq!(names(&demand.wanted()), ["A"]);
    drop(second);
    assert!(demand.wanted().is_empty());
    assert_eq!(names(&demand.followed()), ["A"]);
    assert!(timeout(Duration::from_secs(29), changes.changed()).await.is_err());
    timeout(Duration::from_secs(2), changes.changed())
        .await
        .unwrap()
        .unwrap();
    assert!(demand.followed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_while_it_lingers_finds_it_followed_all_along() {
    let board = board(10);
    let demand = board.demand();
    drop(demand.watch(ticker("A")).unwrap());
    advance(Duration::from_secs(20)).await;
    let mut changes = demand.changes();
    let watch = demand.watch(ticker("A")).unwrap();
    assert!(
        timeout(Duration::from_secs(100), changes.changed())
            .await
            .is_err(),
        "nothing changed for those that follow"
    );
    drop(watch);
    advance(Duration::from_secs(29)).await;
    assert_eq!(names(&demand.followed()), ["A"]);
    timeout(Duration::from_secs(2), changes.changed())
        .await
        .unwrap()
        .unwrap();
    assert!(demand.followed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn at_the_bound_the_one_that_lingers_longest_makes_room_and_then_watching_is_refused() {
    let board = board(2);
    let demand = board.demand();
    drop(demand.watch(ticker("A")).unwrap());
    advance(Duration::from_secs(1)).await;
    drop(demand.watch(ticker("B")).unwrap());
    let _c = demand.watch(ticker("C")).unwrap();
    assert_eq!(names(&demand.followed()), ["B", "C"]);
    let _d = demand.watch(ticker("D")).unwrap();
    assert_eq!(demand.watch(ticker("E")).unwrap_err(), TooManyBooks { most: 2 });
    assert!(demand.watch(ticker("C")).is_ok(), "it is followed already");
}

#[test]
fn without_a_runtime_a_book_is_left_out_once_it_has_lingered() {
    let board = Board::new(BoardSettings {
        linger: Duration::ZERO,
        ..BoardSettings::default()
    });
    drop(board.demand().watch(ticker("A")).unwrap());
    assert!(board.demand().followed().is_empty());
}
