//! Who is woken for what: [`Wakes`].
//!
//! Each reader has a [`Waiter`] that says from which event on there is something for it. Publishers mark it, in the order of the
//! events and once until the reader looks, so that a reader nobody has news for costs nothing, however much happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};
use std::task::Waker;

use futures::task::AtomicWaker;
use parking_lot::Mutex;

use super::Hub;
use super::interest::Interest;
use super::segment::Entry;

/// Nothing for the reader.
const NOTHING: u64 = u64::MAX;

/// Where a reader is told that there is something for it.
#[derive(Debug)]
pub(super) struct Waiter {
    /// Number of the first event of interest since the reader looked.
    from: AtomicU64,
    kinds: AtomicU8,
    pub(super) waker: AtomicWaker,
}

/// All waiters, by what they wait for.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    waiters: Mutex<Waiters>,
    /// Number of the last event for which all waiters were marked.
    marked: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiters {
    marked: u64,
    everyone: Vec<Arc<Waiter>>,
    /// Those that want all markets.
    all_markets: Vec<Arc<Waiter>>,
    /// Those that want one market, by its number.
    by_market: Vec<Vec<Arc<Waiter>>>,
}

impl Waiter {
    pub(super) fn new() -> Waiter {
        Waiter {
            from: AtomicU64::new(NOTHING),
            kinds: AtomicU8::new(0),
            waker: AtomicWaker::new(),
        }
    }

    /// Number of the first event of interest since the last look, if there is one.
    pub(super) fn take(&self) -> Option<u64> {
        let from = self.from.swap(NOTHING, Ordering::SeqCst);
        // Whoever marks either sees that we looked, or we see its event.
        fence(Ordering::SeqCst);
        (from != NOTHING).then_some(from)
    }

    fn pending(&self) -> Option<u64> {
        let from = self.from.load(Ordering::SeqCst);
        (from != NOTHING).then_some(from)
    }

    /// Marks that event `number` is of interest; gives the waker when it is the first.
    fn mark(&self, number: u64) -> Option<Waker> {
        if self.from.load(Ordering::Relaxed) != NOTHING {
            return None;
        }
        let before = self.from.fetch_min(number, Ordering::AcqRel);
        if before == NOTHING {
            self.waker.take()
        } else {
            None
        }
    }
}

impl Wakes {
    /// Marks and wakes for everything that was appended. Returns at once when another thread is at it, which goes on with ours.
    pub(super) fn wake(&self, hub: &Hub) {
        loop {
            // Between this and the one at the end, either we get the lock or its holder sees our event.
            fence(Ordering::SeqCst);
            let Some(mut waiters) = self.waiters.try_lock() else {
                return;
            };
            let wakers = waiters.mark_all(hub);
            self.marked.store(waiters.marked, Ordering::Release);
            drop(waiters);
            wakers.into_iter().for_each(Waker::wake);
            fence(Ordering::SeqCst);
            if self.marked.load(Ordering::Acquire) >= hub.last() {
                return;
            }
        }
    }

    /// Begins to tell a waiter.
    pub(super) fn add(&self, hub: &Hub, waiter: &Arc<Waiter>, interest: &Interest) {
        self.with(hub, |waiters| waiters.add(waiter, interest));
    }

    /// Ends telling a waiter.
    pub(super) fn remove(&self, hub: &Hub, waiter: &Arc<Waiter>, interest: &Interest) {
        self.with(hub, |waiters| waiters.remove(waiter, interest));
    }

    /// Changes what a waiter is told, and returns up to which event nothing was of the old interest.
    pub(super) fn change(&self, hub: &Hub, waiter: &Arc<Waiter>, old: &Interest, new: &Interest) -> u64 {
        self.with(hub, |waiters| {
            waiters.remove(waiter, old);
            waiters.add(waiter, new);
            waiter.pending().map_or(waiters.marked, |from| from - 1)
        })
    }

    fn with<R>(&self, hub: &Hub, change: impl FnOnce(&mut Waiters) -> R) -> R {
        let result = change(&mut self.waiters.lock());
        // Publishers that found the lock taken went on without waking.
        self.wake(hub);
        result
    }
}

impl Waiters {
    fn mark_all(&mut self, hub: &Hub) -> Vec<Waker> {
        let mut wakers = Vec::new();
        loop {
            let last = hub.last();
            if self.marked >= last {
                return wakers;
            }
            fence(Ordering::SeqCst);
            let first = self.marked + 1;
            let Some(segments) = hub.segments_from(first) else {
                // Forgotten before it was marked: everybody is to see that something was missed.
                wakers.extend(self.everyone.iter().filter_map(|waiter| waiter.mark(first)));
                self.marked = last;
                continue;
            };
            let entries = segments.iter().flat_map(|segment| {
                (first.max(segment.first)..segment.end().min(last + 1)).map(|n| segment.get(n))
            });
            for entry in entries.flatten() {
                self.mark(entry, &mut wakers);
            }
            self.marked = last;
        }
    }

    fn mark(&self, entry: &Entry, wakers: &mut Vec<Waker>) {
        let number = entry.event.number;
        let mut tell = |waiters: &[Arc<Waiter>]| {
            for waiter in waiters {
                if waiter.kinds.load(Ordering::Relaxed) & entry.kinds != 0 {
                    wakers.extend(waiter.mark(number));
                }
            }
        };
        match entry.market {
            None => tell(&self.everyone),
            Some(market) => {
                tell(&self.all_markets);
                tell(self.by_market.get(market.place()).map_or(&[], Vec::as_slice));
            }
        }
    }

    fn add(&mut self, waiter: &Arc<Waiter>, interest: &Interest) {
        waiter.kinds.store(interest.kinds.bits(), Ordering::Relaxed);
        self.everyone.push(Arc::clone(waiter));
        let Some(markets) = &interest.markets else {
            self.all_markets.push(Arc::clone(waiter));
            return;
        };
        for market in markets.iter() {
            if market.place() >= self.by_market.len() {
                self.by_market.resize_with(market.place() + 1, Vec::new);
            }
            self.by_market[market.place()].push(Arc::clone(waiter));
        }
    }

    fn remove(&mut self, waiter: &Arc<Waiter>, interest: &Interest) {
        let take_from = |list: &mut Vec<Arc<Waiter>>| {
            if let Some(place) = list.iter().position(|other| Arc::ptr_eq(other, waiter)) {
                list.swap_remove(place);
            }
        };
        take_from(&mut self.everyone);
        let Some(markets) = &interest.markets else {
            take_from(&mut self.all_markets);
            return;
        };
        for market in markets.iter() {
            if let Some(list) = self.by_market.get_mut(market.place()) {
                take_from(list);
            }
        }
    }
}
