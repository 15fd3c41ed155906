//! Following the ring: [`Reader`].

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use super::Hub;
use super::event::Published;
use super::interest::Interest;
use super::wakes::Waiter;

/// Events given out at once, at most.
const BATCH: usize = 1_024;

/// What came since the last look.
#[derive(Debug)]
pub enum Batch {
    /// Up to 1,024 events of interest in order, without quotes that a later event outdates.
    Events(Vec<Arc<Published>>),
    /// Events of interest were forgotten before this reader came to them, or it was to go on from an event that has not happened
    /// (of an earlier process, say). It goes on from the newest; what it missed is to be taken
    /// from the board ([`Board::current`](crate::board::Board::current), [`Board::book`](crate::board::Board::book)).
    Lapped {
        /// Number of the newest event; whatever is read from the board now includes it.
        resumed_at: u64,
    },
}

/// A place in the ring.
#[derive(Debug)]
pub struct Reader {
    hub: Hub,
    /// Number of the last event that was looked at.
    place: u64,
    /// There may be something of interest right after `place`, whatever the waiter says.
    more: bool,
    /// The place it was to go on from is none of this hub's.
    is_astray: bool,
    interest: Interest,
    /// The interest the waiter is told by; `Some` while it differs from the reader's.
    told: Option<Interest>,
    waiter: Arc<Waiter>,
}

impl Reader {
    pub(super) fn new(hub: Hub, place: u64, interest: Interest) -> Reader {
        let is_astray = place > hub.last();
        let waiter = Arc::new(Waiter::new());
        hub.wakes().add(&hub, &waiter, &interest);
        Reader {
            hub,
            place,
            more: true,
            is_astray,
            interest,
            told: None,
            waiter,
        }
    }

    /// Number of the last event that was read or passed over.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// What it wants to hear of.
    pub fn interest(&self) -> &Interest {
        &self.interest
    }

    /// What it wants to hear of, to be changed between batches.
    ///
    /// For what is added, take the state from the board after the change. Events that are in that state already may still come:
    /// a quote again, trades again, deltas up to [`BookPicture::number`](crate::board::BookPicture::number).
    pub fn interest_mut(&mut self) -> &mut Interest {
        if self.told.is_none() {
            self.told = Some(self.interest.clone());
        }
        &mut self.interest
    }

    /// Waits for the next events of interest. Safe to cancel: nothing is lost.
    pub async fn next(&mut self) -> Batch {
        poll_fn(|context| {
            if let Some(batch) = self.now() {
                return Poll::Ready(batch);
            }
            self.waiter.waker.register(context.waker());
            // What was told between the look and the registration woke nobody.
            self.now().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// What is there already, without waiting; `None` when that is nothing of interest.
    pub fn now(&mut self) -> Option<Batch> {
        self.tell_interest();
        let from = self.waiter.take();
        if !self.more {
            // Everything before was of no interest, however much it was.
            self.place = self.place.max(from?.saturating_sub(1));
        }
        let last = self.hub.last();
        if std::mem::take(&mut self.is_astray) {
            return Some(self.lapped(last));
        }
        if self.place >= last {
            self.more = false;
            return None;
        }
        let Some(segments) = self.hub.segments_from(self.place + 1) else {
            return Some(self.lapped(last));
        };
        let mut wanted = Vec::new();
        self.more = false;
        'all: for segment in &segments {
            for number in segment.first.max(self.place + 1)..segment.end().min(last + 1) {
                let Some(entry) = segment.get(number) else {
                    continue;
                };
                if wanted.len() == BATCH {
                    self.more = true;
                    break 'all;
                }
                self.place = number;
                if self.interest.covers(entry.kinds, entry.market) && !entry.is_outdated() {
                    wanted.push(Arc::clone(&entry.event));
                }
            }
        }
        (!wanted.is_empty()).then_some(Batch::Events(wanted))
    }

    fn lapped(&mut self, last: u64) -> Batch {
        self.place = last;
        self.more = false;
        Batch::Lapped { resumed_at: last }
    }

    /// Has the waiter told by the interest as it is now.
    fn tell_interest(&mut self) {
        let Some(old) = self.told.take() else {
            return;
        };
        if old == self.interest {
            return;
        }
        let passed = self
            .hub
            .wakes()
            .change(&self.hub, &self.waiter, &old, &self.interest);
        if !self.more {
            self.place = self.place.max(passed);
            self.more = true;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let told = self.told.as_ref().unwrap_or(&self.interest);
        self.hub.wakes().remove(&self.hub, &self.waiter, told);
    }
}
