//! A stretch of the ring: [`Segment`], written once and read by all without a lock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::event::Published;
use crate::board::MarketId;

/// So many events in a row. Readers hold it while they look through it, never while they wait.
#[derive(Debug)]
pub(super) struct Segment {
    /// Number of its first event.
    pub(super) first: u64,
    entries: Box<[OnceLock<Entry>]>,
    /// Bytes of its events with their encodings.
    held: Arc<AtomicUsize>,
}

/// An event, with what readers decide by beside it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Kind of event, as bits of `Kinds`.
    pub(super) kinds: u8,
    /// Market it is about.
    pub(super) market: Option<MarketId>,
    /// A later event of the ring says the same, and newer.
    outdated: AtomicBool,
    /// The event.
    pub(super) event: Arc<Published>,
}

impl Segment {
    pub(super) fn new(first: u64, length: usize) -> Segment {
        Segment {
            first,
            entries: (0..length).map(|_| OnceLock::new()).collect(),
            held: Arc::default(),
        }
    }

    /// Number after its last.
    pub(super) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// Where the bytes of its events are counted.
    pub(super) fn held(&self) -> &Arc<AtomicUsize> {
        &self.held
    }

    /// Bytes of its events and their encodings.
    pub(super) fn bytes(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Writes the event of its number, which nobody wrote before.
    pub(super) fn put(&self, event: Arc<Published>) {
        let entry = Entry {
            kinds: event.what.kind().bits(),
            market: event.market,
            outdated: AtomicBool::new(false),
            event,
        };
        let number = entry.event.number;
        let place = self.place(number);
        let is_free = place.is_some_and(|place| self.entries[place].set(entry).is_ok());
        debug_assert!(is_free, "event {number} is written once, into its segment");
    }

    /// The event of a number, if it is in here and written.
    pub(super) fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.get(self.place(number)?)?.get()
    }

    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }
}

impl Entry {
    /// Says that a later event makes this one needless.
    pub(super) fn outdate(&self) {
        self.outdated.store(true, Ordering::Relaxed);
    }

    /// Whether a later event makes it needless.
    pub(super) fn is_outdated(&self) -> bool {
        self.outdated.load(Ordering::Relaxed)
    }
}
