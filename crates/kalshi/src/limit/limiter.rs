use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kmi_domain::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{Bucket, Costs, Limits, Shortage};

/// Which bucket pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// `GET`.
    Read,
    /// Everything else.
    Write,
    /// `GET /portfolio/balance`.
    Balance,
}

/// Who goes first within a lane; equals go in order of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Cancels: what takes risk away.
    First,
    /// Everything else.
    Normal,
}

/// How long and how many may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitBounds {
    /// Longest wait of one request. Default 10 s.
    pub wait: Duration,
    /// Requests waiting in one lane with one priority. Default 1,000.
    pub queue: usize,
}

impl Default for WaitBounds {
    fn default() -> WaitBounds {
        WaitBounds {
            wait: Duration::from_secs(10),
            queue: 1_000,
        }
    }
}

/// Why a request got no tokens. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcquireError {
    /// As many wait already as may.
    #[error("{0} requests are waiting for tokens already")]
    QueueFull(usize),
    /// They did not come, or cannot come, by the moment after which the request is not to be sent.
    #[error("it is too late to send it")]
    TooLate,
    /// Tokens did not come, or cannot come, within the longest wait.
    #[error("no tokens within {0:?}")]
    TooLong(Duration),
    /// A request, or a batch, that costs more than the bucket holds.
    #[error("costs {cost} tokens, and the bucket holds {capacity}")]
    NeverFits {
        /// Tokens wanted.
        cost: u64,
        /// Tokens the bucket holds at most.
        capacity: u64,
    },
}

/// Gives requests their tokens, waiting where there are none. Cloning copies a pointer.
///
/// Within a lane, [`Priority::First`] goes before everything else, then who came first. A request dropped while it waits frees
/// its place.
#[derive(Clone, Debug)]
pub struct Limiter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    origin: Instant,
    bounds: WaitBounds,
    costs: Mutex<Costs>,
    read: Mutex<Queue>,
    write: Mutex<Queue>,
    balance: Mutex<Queue>,
}

#[derive(Debug)]
struct Queue {
    bucket: Bucket,
    waiting: BTreeMap<(Priority, u64), Arc<Notify>>,
    arrivals: u64,
}

impl Limiter {
    /// Buckets of `limits`, full, and queues of `bounds`.
    pub fn new(limits: Limits, bounds: WaitBounds) -> Limiter {
        let start = Timestamp::from_micros(0);
        let queue = |spec| {
            Mutex::new(Queue {
                bucket: Bucket::full(spec, start),
                waiting: BTreeMap::new(),
                arrivals: 0,
            })
        };
        Limiter {
            shared: Arc::new(Shared {
                origin: Instant::now(),
                bounds,
                read: queue(limits.read),
                write: queue(limits.write),
                balance: queue(limits.balance),
                costs: Mutex::new(limits.costs),
            }),
        }
    }

    /// Changes sizes and costs. Tokens that are there stay, up to the new capacity; who waits is judged anew.
    pub fn set(&self, limits: Limits) {
        for (lane, spec) in [
            (Lane::Read, limits.read),
            (Lane::Write, limits.write),
            (Lane::Balance, limits.balance),
        ] {
            let mut queue = self.queue(lane);
            queue.bucket.resize(spec, self.now());
            queue.wake_first();
        }
        *lock(&self.shared.costs) = limits.costs;
    }

    /// Tokens of `items` requests of that kind in one; see [`Costs::of`].
    pub fn cost(&self, method: &str, path: &str, items: u32) -> u64 {
        lock(&self.shared.costs)
            .of(method, path)
            .saturating_mul(u64::from(items))
    }

    /// Whole tokens in a lane now.
    pub fn available(&self, lane: Lane) -> u64 {
        let now = self.now();
        self.queue(lane).bucket.available(now)
    }

    /// Requests waiting in a lane.
    pub fn waiting(&self, lane: Lane) -> usize {
        self.queue(lane).waiting.len()
    }

    /// Empties a lane's bucket: the exchange said 429, so it counts less than is counted here.
    pub fn drain(&self, lane: Lane) {
        let now = self.now();
        self.queue(lane).bucket.drain(now);
    }

    /// Takes `cost` tokens, after a wait if need be.
    ///
    /// # Errors
    /// At once when the queue is full, when the bucket never holds that many, or when the wait of who is first in line would be
    /// too long; else after the longest wait.
    pub async fn acquire(&self, lane: Lane, priority: Priority, cost: u64) -> Result<(), AcquireError> {
        self.acquire_by(None, lane, priority, cost).await
    }

    /// As [`Limiter::acquire`], but not after `latest`.
    ///
    /// # Errors
    /// The same, and [`AcquireError::TooLate`]: at once when `latest` has passed, or when the wait of who is first in line would
    /// be longer; else at `latest`.
    pub async fn acquire_by(
        &self,
        latest: Option<Instant>,
        lane: Lane,
        priority: Priority,
        cost: u64,
    ) -> Result<(), AcquireError> {
        let longest = self.shared.bounds.wait;
        let (deadline, missed) = match (Instant::now() + longest, latest) {
            (longest, Some(latest)) if latest < longest => (latest, AcquireError::TooLate),
            (bound, _) => (bound, AcquireError::TooLong(longest)),
        };
        if Instant::now() > deadline {
            return Err(missed);
        }
        let place = self.line_up(lane, priority, cost)?;
        loop {
            let wake_at = match place.step(cost)? {
                Step::Taken => return Ok(()),
                Step::Behind => deadline,
                Step::Short(wait) if Instant::now() + wait > deadline => return Err(missed),
                Step::Short(wait) => Instant::now() + wait,
            };
            let woken = timeout_at(wake_at, place.notify.notified()).await;
            if woken.is_err() && wake_at == deadline && Instant::now() >= deadline {
                // A last look: the tokens may have come at this very moment.
                return match place.step(cost)? {
                    Step::Taken => Ok(()),
                    Step::Behind | Step::Short(_) => Err(missed),
                };
            }
        }
    }

    fn line_up(&self, lane: Lane, priority: Priority, cost: u64) -> Result<Place<'_>, AcquireError> {
        let mut queue = self.queue(lane);
        let capacity = queue.bucket.spec().capacity;
        if cost > capacity {
            return Err(AcquireError::NeverFits { cost, capacity });
        }
        let waiting = queue.waiting.keys().filter(|(of, _)| *of == priority).count();
        if waiting >= self.shared.bounds.queue {
            return Err(AcquireError::QueueFull(waiting));
        }
        let key = (priority, queue.arrivals);
        queue.arrivals += 1;
        let notify = Arc::new(Notify::new());
        queue.waiting.insert(key, Arc::clone(&notify));
        Ok(Place {
            limiter: self,
            lane,
            key,
            notify,
        })
    }

    fn queue(&self, lane: Lane) -> MutexGuard<'_, Queue> {
        lock(match lane {
            Lane::Read => &self.shared.read,
            Lane::Write => &self.shared.write,
            Lane::Balance => &self.shared.balance,
        })
    }

    /// Time since the limiter was made, on tokio's clock, as buckets count it.
    fn now(&self) -> Timestamp {
        let micros = self.shared.origin.elapsed().as_micros();
        Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }
}

impl Queue {
    fn wake_first(&self) {
        if let Some(notify) = self.waiting.values().next() {
            notify.notify_one();
        }
    }
}

/// A place in a queue, given up when dropped.
struct Place<'a> {
    limiter: &'a Limiter,
    lane: Lane,
    key: (Priority, u64),
    notify: Arc<Notify>,
}

/// What a look at the queue shows.
enum Step {
    /// The tokens are ours.
    Taken,
    /// Somebody is before us.
    Behind,
    /// First in line, and the tokens come after this long.
    Short(Duration),
}

impl Place<'_> {
    fn step(&self, cost: u64) -> Result<Step, AcquireError> {
        let now = self.limiter.now();
        let mut queue = self.limiter.queue(self.lane);
        if queue.waiting.keys().next() != Some(&self.key) {
            return Ok(Step::Behind);
        }
        match queue.bucket.take(now, cost) {
            Ok(()) => Ok(Step::Taken),
            Err(Shortage::For(wait)) => Ok(Step::Short(wait)),
            Err(Shortage::Forever) => Err(AcquireError::NeverFits {
                cost,
                capacity: queue.bucket.spec().capacity,
            }),
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.limiter.queue(self.lane);
        queue.waiting.remove(&self.key);
        queue.wake_first();
    }
}

/// A thread that panicked left counters behind that are still whole: each change is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
