//! The book of a recorded market: [`Market`].

use kmi_domain::Timestamp;
use kmi_domain::book::OrderBook;
use kmi_domain::{Level, Side};
use kmi_storage::{BookChange, BookEntry};

/// A recorded market as of the last frame taken.
#[derive(Debug, Default)]
pub(super) struct Market {
    book: OrderBook,
    state: State,
    /// When its last frame came.
    last: Option<Timestamp>,
}

/// Whether the book is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing came yet.
    #[default]
    Unknown,
    /// Every change is in it.
    Synced,
    /// Something was lost, since then.
    Lost(Timestamp),
}

impl Market {
    /// Takes a frame; false when it says nothing, since the book waits for a snapshot or was never known.
    pub(super) fn take(&mut self, frame: &BookEntry) -> bool {
        let was_synced = self.state == State::Synced;
        match &frame.change {
            BookChange::Trade { .. } => return was_synced,
            BookChange::Snapshot { yes, no } => {
                self.book.replace(yes.iter().copied(), no.iter().copied());
                self.state = State::Synced;
            }
            BookChange::Delta {
                side,
                price,
                quantity,
            } if was_synced => {
                if self.book.apply(*side, *price, *quantity).is_err() {
                    self.lose(frame.received);
                }
            }
            BookChange::Gap if was_synced => {
                self.lose(frame.received);
                return true;
            }
            BookChange::Delta { .. } | BookChange::Gap => return false,
        }
        self.last = Some(frame.received);
        true
    }

    fn lose(&mut self, at: Timestamp) {
        self.state = State::Lost(self.last.unwrap_or(at));
    }

    /// Since when it is lost.
    pub(super) fn lost_since(&self) -> Option<Timestamp> {
        match self.state {
            State::Lost(since) => Some(since),
            State::Unknown | State::Synced => None,
        }
    }

    /// The book as it stands, if it is known.
    pub(super) fn whole(&self) -> Option<BookChange> {
        let levels = |side| -> Vec<Level> { self.book.levels(side).collect() };
        (self.state == State::Synced).then(|| BookChange::Snapshot {
            yes: levels(Side::Yes),
            no: levels(Side::No),
        })
    }
}
