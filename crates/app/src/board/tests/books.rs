//! Books on the board and at those that follow them.

use kmi_domain::Side;
use kmi_domain::book::{ApplyError, BookState, OrderBook};
use proptest::prelude::*;

use super::support::{at, board, broken, cents, connection, delta, market, reader, snapshot, sweep};
use crate::board::{Board, BoardSettings, BookPicture};
use crate::hub::{Batch, Happening, Link, Reader};

fn picture(board: &Board) -> Option<BookPicture> {
    board.book(&"A".parse().unwrap())
}

#[test]
fn a_book_is_its_snapshot_and_the_changes_since() {
    let board = board();
    assert!(picture(&board).is_none());
    board.take_book_snapshot(snapshot("A", &[(40, 10)], &[(55, 5)]), at(1));
    board
        .take_book_delta(delta("A", Side::Yes, 41, 3), at(2))
        .unwrap();
    board
        .take_book_delta(delta("A", Side::No, 55, -5), at(3))
        .unwrap();
    let seen = picture(&board).unwrap();
    let book = seen.book.unwrap();
    assert_eq!(
        (seen.state, seen.as_of, seen.number),
        (BookState::Synced, at(3), 3)
    );
    assert_eq!(book.best_bid(Side::Yes).unwrap().price, cents(41));
    assert!(book.best_bid(Side::No).is_none());
}

#[test]
fn a_change_that_contradicts_the_book_makes_it_stale_and_is_not_passed_on() {
    let board = board();
    let mut reader = reader(&board);
    board.take_book_snapshot(snapshot("A", &[(40, 10)], &[]), at(1));
    let refused = board.take_book_delta(delta("A", Side::Yes, 40, -11), at(2));
    assert!(matches!(refused, Err(ApplyError::Negative(_))));
    let refused = board.take_book_delta(delta("A", Side::Yes, 40, 1), at(3));
    assert_eq!(refused, Err(ApplyError::NotSynced(BookState::Stale)));
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("snapshot and staleness are told");
    };
    assert_eq!(events.len(), 2);
    assert!(matches!(events[1].what, Happening::BookStale));
    let seen = picture(&board).unwrap();
    let last_known = seen.book.unwrap();
    assert_eq!((seen.state, seen.as_of), (BookState::Stale, at(1)));
    assert_eq!(
        last_known.best_bid(Side::Yes).unwrap().quantity,
        "10.00".parse().unwrap()
    );
}

#[test]
fn a_lost_connection_makes_every_book_stale_and_a_snapshot_makes_it_good() {
    let board = board();
    board.take_connection(connection(Link::Connected, 0));
    board.take_book_snapshot(snapshot("A", &[(40, 10)], &[]), at(1));
    board.hear(at(9));
    assert_eq!(picture(&board).unwrap().as_of, at(9));
    board.take_connection(connection(broken(), 10));
    let seen = picture(&board).unwrap();
    assert_eq!((seen.state, seen.as_of), (BookState::Stale, at(1)));
    board.take_connection(connection(Link::Connected, 12));
    board.take_book_snapshot(snapshot("A", &[(41, 10)], &[]), at(13));
    assert_eq!(picture(&board).unwrap().state, BookState::Synced);
}

#[test]
fn a_book_followed_no_more_is_gone_and_late_changes_of_it_are_passed_over() {
    let board = board();
    board.take_book_snapshot(snapshot("A", &[(40, 10)], &[]), at(1));
    let mut reader = reader(&board);
    board.forget_book(&"A".parse().unwrap());
    assert!(picture(&board).is_none());
    assert_eq!(board.take_book_delta(delta("A", Side::Yes, 40, 1), at(2)), Ok(()));
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("who looks at it is told");
    };
    assert!(matches!(events[..], [ref event] if matches!(event.what, Happening::BookStale)));
}

#[test]
fn a_book_of_a_market_that_comes_later_is_that_markets() {
    let board = board();
    board.take_book_snapshot(snapshot("A", &[(40, 10)], &[]), at(1));
    sweep(&board, 2, vec![market("A", 40)]);
    assert_eq!(
        board.id(&"A".parse().unwrap()),
        picture(&board).map(|seen| seen.id)
    );
    assert_eq!(board.len(), 1);
}

/// Somebody who keeps a book by what the hub tells.
pub(super) struct Follower {
    reader: Reader,
    book: Option<OrderBook>,
    /// Number of the last event that is in the book.
    includes: u64,
}

impl Follower {
    pub(super) fn new(board: &Board) -> Follower {
        let mut follower = Follower {
            reader: reader(board),
            book: None,
            includes: 0,
        };
        follower.begin(board);
        follower
    }

    fn begin(&mut self, board: &Board) {
        let seen = picture(board);
        self.includes = seen.as_ref().map_or(0, |seen| seen.number);
        self.book = seen
            .filter(|seen| seen.state == BookState::Synced)
            .and_then(|seen| seen.book);
    }

    /// Takes what there is; false when there was nothing.
    pub(super) fn read(&mut self, board: &Board) -> bool {
        let events = match self.reader.now() {
            None => return false,
            Some(Batch::Events(events)) => events,
            Some(Batch::Lapped { .. }) => {
                self.begin(board);
                return true;
            }
        };
        for event in events.iter().filter(|event| event.number > self.includes) {
            match (&event.what, &mut self.book) {
                (Happening::BookSnapshot(whole), book) => {
                    let book = book.insert(OrderBook::new());
                    book.replace(
                        whole.yes_dollars_fp.iter().copied(),
                        whole.no_dollars_fp.iter().copied(),
                    );
                }
                (Happening::BookDelta(delta), Some(book)) => {
                    book.apply(delta.side, delta.price_dollars, delta.delta_fp)
                        .unwrap();
                }
                (Happening::BookDelta(_), None) => panic!("a change of a book that is not in sync"),
                (Happening::BookStale, book) => *book = None,
                _ => {}
            }
        }
        true
    }

    pub(super) fn assert_same(&self, board: &Board) {
        let seen = picture(board).filter(|seen| seen.state == BookState::Synced);
        assert_eq!(self.book, seen.and_then(|seen| seen.book));
    }
}

/// What happens next, in the test below.
#[derive(Clone, Debug)]
enum Step {
    Snapshot(Vec<(u8, i32)>),
    Delta(Side, u8, i32),
    Break,
    Read,
    Join,
}

fn step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Side::Yes), Just(Side::No)];
    prop_oneof![
        2 => prop::collection::vec((1_u8..6, 1_i32..9), 0..5).prop_map(Step::Snapshot),
        12 => (side, 1_u8..6, -4_i32..9).prop_map(|(side, price, change)| Step::Delta(side, price, change)),
        1 => Just(Step::Break),
        3 => Just(Step::Read),
        1 => Just(Step::Join),
    ]
}

proptest! {
    /// Whoever follows by pictures and changes has the board's book, however they are interleaved, and also after having been lapped.
    #[test]
    fn a_follower_has_the_boards_book(steps in prop::collection::vec(step(), 1..120)) {
        let board = Board::new(BoardSettings { ring: 12, ..BoardSettings::default() });
        let mut followers = vec![Follower::new(&board)];
        for step in steps {
            match step {
                Step::Snapshot(levels) => board.take_book_snapshot(snapshot("A", &levels, &levels), at(1)),
                Step::Delta(side, price, change) => {
                    let _ = board.take_book_delta(delta("A", side, price, change), at(1));
                }
                Step::Break => board.mark_books_stale(&["A".parse().unwrap()], at(1)),
                Step::Join => followers.push(Follower::new(&board)),
                Step::Read => for follower in &mut followers {
                    while follower.read(&board) {}
                    follower.assert_same(&board);
                },
            }
        }
        for follower in &mut followers {
            while follower.read(&board) {}
            follower.assert_same(&board);
        }
    }
}
