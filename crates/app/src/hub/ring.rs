//! The ring: [`Hub`].

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kmi_domain::Timestamp;
use parking_lot::{Mutex, RwLock};

use super::event::{Happening, Published};
use super::interest::Interest;
use super::reader::Reader;
use super::segment::Segment;
use super::wakes::Wakes;
use crate::board::MarketId;

/// Events in a segment, at most.
const SEGMENT: usize = 64;

/// How much a hub remembers.
#[derive(Clone, Copy, Debug)]
pub struct HubSettings {
    /// Events, at least; up to a sixteenth, and no more than 64, may be remembered beyond. At least 1.
    pub events: usize,
    /// Bytes of events and their encodings, about. Looked at once in 64 events, and the newest 64 to 128 stay whatever they weigh.
    pub bytes: usize,
}

/// Tells many readers what happens. Cheap to clone; clones are the same.
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: HubSettings,
    appender: Mutex<Appender>,
    /// What readers see of the appender's segments.
    segments: RwLock<VecDeque<Arc<Segment>>>,
    last: AtomicU64,
    wakes: Wakes,
}

#[derive(Debug)]
struct Appender {
    segments: VecDeque<Arc<Segment>>,
    /// Number of the newest conflated event of each market; 0 is none.
    newest: Vec<u64>,
}

impl HubSettings {
    fn segment(self) -> usize {
        (self.events / 16).clamp(1, SEGMENT)
    }
}

impl Hub {
    /// A hub that remembers the last `events` events and 16 MiB of them.
    pub fn new(events: usize) -> Hub {
        Hub::with(HubSettings {
            events,
            bytes: 16 << 20,
        })
    }

    /// A hub that remembers so much.
    pub fn with(settings: HubSettings) -> Hub {
        let first = Arc::new(Segment::new(1, settings.segment()));
        let segments = VecDeque::from([first]);
        Hub {
            inner: Arc::new(Inner {
                settings,
                appender: Mutex::new(Appender {
                    segments: segments.clone(),
                    newest: Vec::new(),
                }),
                segments: RwLock::new(segments),
                last: AtomicU64::new(0),
                wakes: Wakes::default(),
            }),
        }
    }

    /// Tells an event, and returns its number.
    pub fn publish(&self, at: Timestamp, market: Option<MarketId>, what: Happening) -> u64 {
        let number = self.append(at, market, what);
        self.wake();
        number
    }

    /// Tells an event to those that look; [`Hub::wake`] has to follow.
    pub(crate) fn append(&self, at: Timestamp, market: Option<MarketId>, what: Happening) -> u64 {
        let mut appender = self.inner.appender.lock();
        let number = self.last() + 1;
        let segment = self.segment_for(&mut appender, number);
        let is_conflated = what.is_conflated();
        let event = Published::new(number, at, market, what, segment.held());
        segment.put(Arc::new(event));
        if let Some(market) = market.filter(|_| is_conflated) {
            appender.outdate_before(market, number);
        }
        self.inner.last.store(number, Ordering::Release);
        number
    }

    /// Wakes whoever wants what was appended since.
    pub(crate) fn wake(&self) {
        self.inner.wakes.wake(self);
    }

    /// Number of the newest event, 0 before the first.
    pub fn last(&self) -> u64 {
        self.inner.last.load(Ordering::Acquire)
    }

    /// Bytes of what is remembered, encodings included, about.
    pub fn bytes(&self) -> usize {
        self.inner
            .segments
            .read()
            .iter()
            .map(|segment| segment.bytes())
            .sum()
    }

    /// A reader of what happens after event `after`; [`Hub::last`] for what is to come.
    pub fn reader(&self, after: u64, interest: Interest) -> Reader {
        Reader::new(self.clone(), after, interest)
    }

    pub(super) fn wakes(&self) -> &Wakes {
        &self.inner.wakes
    }

    /// The segments from the one with event `number` on; `None` when that is forgotten.
    pub(super) fn segments_from(&self, number: u64) -> Option<Vec<Arc<Segment>>> {
        let segments = self.inner.segments.read();
        let first = segments.front()?.first;
        let length = self.inner.settings.segment() as u64;
        let skip = number.checked_sub(first)? / length;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Some(segments.iter().skip(skip).cloned().collect())
    }

    /// The segment that takes event `number`: the last, or a new one in exchange for what the bounds forbid.
    fn segment_for(&self, appender: &mut Appender, number: u64) -> Arc<Segment> {
        let newest = appender.segments.back().expect("there is always a segment");
        if number < newest.end() {
            return Arc::clone(newest);
        }
        let HubSettings { events, bytes } = self.inner.settings;
        let length = self.inner.settings.segment();
        let segment = Arc::new(Segment::new(number, length));
        let mut held: usize = appender.segments.iter().map(|segment| segment.bytes()).sum();
        // Dropped after the lock, as are the events in them.
        let mut forgotten = Vec::new();
        let mut segments = self.inner.segments.write();
        while appender.segments.len() > 1
            && ((appender.segments.len() - 1) * length >= events.max(1) || held > bytes)
        {
            held -= appender
                .segments
                .pop_front()
                .map_or(0, |segment| segment.bytes())
                .min(held);
            forgotten.extend(segments.pop_front());
        }
        appender.segments.push_back(Arc::clone(&segment));
        segments.push_back(Arc::clone(&segment));
        segment
    }
}

impl Appender {
    /// Marks what was told of the market before as outdated by event `number`.
    fn outdate_before(&mut self, market: MarketId, number: u64) {
        if market.place() >= self.newest.len() {
            self.newest.resize(market.place() + 1, 0);
        }
        let before = std::mem::replace(&mut self.newest[market.place()], number);
        let first = self.segments.front().map_or(0, |segment| segment.first);
        let length = self
            .segments
            .front()
            .map_or(1, |segment| segment.end() - segment.first);
        let place = before.checked_sub(first).map(|ahead| ahead / length);
        let segment = place.and_then(|place| self.segments.get(usize::try_from(place).ok()?));
        if let Some(entry) = segment.and_then(|segment| segment.get(before)) {
            entry.outdate();
        }
    }
}
