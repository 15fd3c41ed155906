//! The ring: [`Hub`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kmi_domain::Timestamp;
use parking_lot::RwLock;
use tokio::sync::Notify;

use super::event::{Happening, Published};
use super::reader::{Interest, Reader};
use crate::board::MarketId;

/// Tells many readers what happens. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    ring: RwLock<VecDeque<Arc<Published>>>,
    capacity: usize,
    last: AtomicU64,
    news: Notify,
}

impl Hub {
    /// A hub that remembers the last `capacity` events, at least 1.
    pub fn new(capacity: usize) -> Hub {
        Hub {
            inner: Arc::new(Inner {
                ring: RwLock::new(VecDeque::new()),
                capacity: capacity.max(1),
                last: AtomicU64::new(0),
                news: Notify::new(),
            }),
        }
    }

    /// Tells an event, and returns its number.
    pub fn publish(&self, at: Timestamp, market: Option<MarketId>, what: Happening) -> u64 {
        let mut ring = self.inner.ring.write();
        let number = self.inner.last.load(Ordering::Relaxed) + 1;
        if ring.len() == self.inner.capacity {
            ring.pop_front();
        }
        ring.push_back(Arc::new(Published::new(number, at, market, what)));
        self.inner.last.store(number, Ordering::Release);
        drop(ring);
        self.inner.news.notify_waiters();
        number
    }

    /// Number of the newest event, 0 before the first.
    pub fn last(&self) -> u64 {
        self.inner.last.load(Ordering::Acquire)
    }

    /// A reader of what happens after event `after`; [`Hub::last`] for what is to come.
    pub fn reader(&self, after: u64, interest: Interest) -> Reader {
        Reader::new(self.clone(), after, interest)
    }

    /// Up to `limit` events after `after`; `None` when some of them are forgotten.
    pub(super) fn after(&self, after: u64, limit: usize) -> Option<Vec<Arc<Published>>> {
        let ring = self.inner.ring.read();
        let Some(first) = ring.front().map(|event| event.number) else {
            return Some(Vec::new());
        };
        if after + 1 < first {
            return None;
        }
        let skip = usize::try_from(after + 1 - first).unwrap_or(usize::MAX);
        Some(ring.iter().skip(skip).take(limit).cloned().collect())
    }

    /// Waits until there is an event after `after`.
    pub(super) async fn news(&self, after: u64) {
        loop {
            let notified = self.inner.news.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.last() > after {
                return;
            }
            notified.await;
        }
    }
}
