//! Following the ring: [`Reader`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Hub;
use super::event::{Happening, Published};
use crate::board::MarketId;

/// Events taken from the ring at once, at most.
const BATCH: usize = 1_024;

/// Kinds of events a reader wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// [`Happening::Market`].
    pub markets: bool,
    /// [`Happening::BookSnapshot`], [`Happening::BookDelta`] and [`Happening::BookStale`].
    pub books: bool,
    /// [`Happening::Trade`].
    pub trades: bool,
    /// [`Happening::Lifecycle`].
    pub lifecycle: bool,
    /// [`Happening::Connection`].
    pub connection: bool,
}

/// What a reader wants to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Kinds.
    pub kinds: Kinds,
    /// Markets; `None` is all. Events about no market are always of interest.
    pub markets: Option<BTreeSet<MarketId>>,
}

/// What came since the last look.
#[derive(Debug)]
pub enum Batch {
    /// Events of interest in order, without quotes that a later one of the batch outdates.
    Events(Vec<Arc<Published>>),
    /// Events were forgotten before this reader came to them. It goes on from the newest; what it missed is to be taken from the board.
    Lapped {
        /// Number of the newest event; whatever is read from the board now includes it.
        resumed_at: u64,
    },
}

/// A place in the ring.
#[derive(Debug)]
pub struct Reader {
    hub: Hub,
    place: u64,
    interest: Interest,
}

impl Reader {
    pub(super) fn new(hub: Hub, place: u64, interest: Interest) -> Reader {
        Reader { hub, place, interest }
    }

    /// Number of the last event that was read or passed over.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// What it wants to hear of, to be changed between batches.
    pub fn interest_mut(&mut self) -> &mut Interest {
        &mut self.interest
    }

    /// Waits for the next events of interest. Safe to cancel: nothing is lost.
    pub async fn next(&mut self) -> Batch {
        loop {
            self.hub.news(self.place).await;
            if let Some(batch) = self.now() {
                return batch;
            }
        }
    }

    /// What is there already, without waiting; `None` when that is nothing of interest.
    pub fn now(&mut self) -> Option<Batch> {
        let Some(events) = self.hub.after(self.place, BATCH) else {
            self.place = self.hub.last();
            return Some(Batch::Lapped {
                resumed_at: self.place,
            });
        };
        self.place = events.last().map_or(self.place, |event| event.number);
        let mut seen = BTreeSet::new();
        let mut wanted: Vec<Arc<Published>> = Vec::new();
        for event in events.into_iter().rev() {
            let outdated = matches!(event.what, Happening::Market(_))
                && event.market.is_some_and(|market| !seen.insert(market));
            if !outdated && self.interest.covers(&event) {
                wanted.push(event);
            }
        }
        wanted.reverse();
        (!wanted.is_empty()).then_some(Batch::Events(wanted))
    }
}

impl Interest {
    fn covers(&self, event: &Published) -> bool {
        let kind = match event.what {
            Happening::Market(_) => self.kinds.markets,
            Happening::BookSnapshot(_) | Happening::BookDelta(_) | Happening::BookStale => self.kinds.books,
            Happening::Trade(_) => self.kinds.trades,
            Happening::Lifecycle(_) => self.kinds.lifecycle,
            Happening::Connection(_) => self.kinds.connection,
        };
        kind && match (&self.markets, event.market) {
            (Some(markets), Some(market)) => markets.contains(&market),
            _ => true,
        }
    }
}
