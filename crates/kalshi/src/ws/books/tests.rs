use kmi_domain::{Level, Side};

use super::*;
use crate::ws::ServerMessage;

const A: FeedId = FeedId(1);
const B: FeedId = FeedId(2);

fn event(second: i64, kind: EventKind) -> Event {
    Event {
        received: Timestamp::from_seconds(second),
        connection: 1,
        kind,
    }
}

fn message(second: i64, body: Body) -> Event {
    event(second, EventKind::Message(Box::new(ServerMessage::new(body))))
}

fn snapshot(second: i64, clock: u64, contracts: &str) -> Event {
    message(
        second,
        Body::OrderbookSnapshot(OrderbookSnapshot {
            market_ticker: "M".parse().unwrap(),
            market_id: None,
            clock: Some(clock),
            yes_dollars_fp: vec![Level {
                price: "0.40".parse().unwrap(),
                quantity: contracts.parse().unwrap(),
            }],
            no_dollars_fp: Vec::new(),
        }),
    )
}

fn delta(second: i64, clock: u64, contracts: &str) -> Event {
    message(
        second,
        Body::OrderbookDelta(OrderbookDelta {
            market_ticker: "M".parse().unwrap(),
            market_id: None,
            clock: Some(clock),
            price_dollars: "0.40".parse().unwrap(),
            delta_fp: contracts.parse().unwrap(),
            side: Side::Yes,
            client_order_id: None,
            subaccount: None,
            ts_ms: None,
            ts: None,
        }),
    )
}

fn gap(second: i64) -> Event {
    event(
        second,
        EventKind::Gap {
            channel: Channel::OrderbookDelta,
            expected: 2,
            got: 5,
        },
    )
}

/// Contracts bid, the clock and the second of the last change, while in sync.
fn shown(keeper: &BookKeeper) -> Option<(String, u64, i64)> {
    match keeper.book("M") {
        BookView::Synced { book, clock, updated } => Some((
            book.best_bid(Side::Yes)?.quantity.to_string(),
            clock?,
            updated.seconds(),
        )),
        _ => None,
    }
}

fn told(contracts: &str, clock: u64, second: i64) -> (String, u64, i64) {
    (contracts.to_owned(), clock, second)
}

#[test]
fn a_book_is_handed_out_from_its_snapshot_to_the_next_gap() {
    let mut keeper = BookKeeper::new();
    assert!(matches!(keeper.book("M"), BookView::Unknown));
    assert_eq!(keeper.apply(&delta(1, 3, "1")), Applied::Nothing);
    keeper.apply(&snapshot(2, 3, "10"));
    assert_eq!(
        keeper.apply(&delta(4, 5, "2.50")),
        Applied::Changed("M".parse().unwrap())
    );
    assert_eq!(shown(&keeper), Some(told("12.50", 5, 4)));

    assert_eq!(keeper.apply(&gap(6)), Applied::WentStale);
    keeper.apply(&gap(8));
    let BookView::Stale { since, reason } = keeper.book("M") else {
        panic!("it is stale")
    };
    assert_eq!((since.seconds(), reason), (6, StaleReason::Gap));
    keeper.apply(&snapshot(9, 7, "1"));
    assert_eq!(shown(&keeper), Some(told("1.00", 7, 9)));
}

#[test]
fn a_change_that_the_snapshot_should_have_breaks_the_book() {
    let mut keeper = BookKeeper::new();
    keeper.apply(&snapshot(1, 8, "10"));
    assert_eq!(
        keeper.apply(&delta(2, 8, "1")),
        Applied::Broken("M".parse().unwrap())
    );
    assert!(matches!(
        keeper.book("M"),
        BookView::Stale {
            reason: StaleReason::Broken,
            ..
        }
    ));
    // After maintenance clocks may begin anew.
    keeper.apply(&snapshot(3, 2, "10"));
    keeper.apply(&delta(4, 3, "1"));
    assert_eq!(shown(&keeper), Some(told("11.00", 3, 4)));
}

#[test]
fn changes_of_one_action_share_a_clock() {
    let mut keeper = BookKeeper::new();
    keeper.apply(&snapshot(1, 8, "10"));
    for second in [2, 3] {
        keeper.apply(&delta(second, 9, "-5"));
    }
    assert!(keeper.book("M").synced().is_some_and(OrderBook::is_empty));
}

#[test]
fn of_two_connections_the_one_that_is_further_on_counts() {
    let mut keeper = BookKeeper::new();
    keeper.apply_from(A, &snapshot(1, 8, "10"));
    keeper.apply_from(B, &snapshot(2, 9, "11"));
    assert_eq!(shown(&keeper), Some(told("11.00", 9, 2)));
    keeper.apply_from(A, &delta(3, 9, "1"));
    keeper.apply_from(A, &delta(4, 12, "5"));
    assert_eq!(shown(&keeper), Some(told("16.00", 12, 4)));
    // One loses messages: the other still has the book.
    keeper.apply_from(A, &gap(5));
    assert_eq!(shown(&keeper), Some(told("11.00", 9, 2)));
    keeper.apply_from(B, &gap(6));
    assert!(matches!(keeper.book("M"), BookView::Stale { .. }));
    keeper.apply_from(A, &snapshot(7, 20, "3"));
    assert_eq!(shown(&keeper), Some(told("3.00", 20, 7)));
    keeper.forget_feed(A);
    assert!(matches!(keeper.book("M"), BookView::Stale { .. }));
}

#[test]
fn without_a_connection_there_is_no_book_and_removed_ones_are_forgotten() {
    let mut keeper = BookKeeper::new();
    keeper.apply(&snapshot(1, 8, "10"));
    keeper.apply(&event(2, EventKind::State(ConnectionState::Connected)));
    assert!(keeper.book("M").synced().is_some());
    keeper.apply(&event(3, EventKind::State(ConnectionState::Closed)));
    assert!(matches!(
        keeper.book("M"),
        BookView::Stale {
            reason: StaleReason::Disconnected,
            ..
        }
    ));
    keeper.forget_removed();
    assert_eq!(keeper.tickers().len(), 1);
    let tickers = keeper.tickers();
    let channel = Channel::OrderbookDelta;
    keeper.apply(&event(4, EventKind::Removed { channel, tickers }));
    keeper.forget_removed();
    assert!(matches!(keeper.book("M"), BookView::Unknown));
}

#[test]
fn a_clock_that_begins_anew_on_one_connection_makes_the_others_stale() {
    let mut keeper = BookKeeper::new();
    keeper.apply_from(A, &snapshot(1, 900, "10"));
    keeper.apply_from(B, &snapshot(2, 900, "10"));
    keeper.apply_from(A, &gap(3));
    assert_eq!(
        keeper.apply_from(A, &snapshot(4, 2, "3")),
        Applied::BeganAnew {
            ticker: "M".parse().unwrap(),
            elsewhere: vec![B]
        }
    );
    assert_eq!(shown(&keeper), Some(told("3.00", 2, 4)));
    // What the other says next is no surprise, though its clock was higher.
    assert_eq!(keeper.apply_from(B, &delta(5, 3, "1")), Applied::Nothing);
    assert_eq!(
        keeper.apply_from(B, &snapshot(6, 3, "4")),
        Applied::Changed("M".parse().unwrap())
    );
    assert_eq!(shown(&keeper), Some(told("4.00", 3, 6)));
    // On the only connection it is a snapshot like any other.
    let mut keeper = BookKeeper::new();
    keeper.apply(&snapshot(1, 900, "10"));
    assert_eq!(
        keeper.apply(&snapshot(2, 2, "3")),
        Applied::Changed("M".parse().unwrap())
    );
}
