//! Who watches which books: [`Demand`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::Ticker;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// Which books are wanted: reference counted, and for a while after the last watcher left.
///
/// Cheap to clone; clones are the same. Time is tokio's, so that a test can pause it. Outside of a runtime nobody is told when a
/// book has lingered long enough, but [`Demand::followed`] leaves it out.
#[derive(Clone, Debug)]
pub struct Demand {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    wanted: Mutex<BTreeMap<Ticker, Wanted>>,
    changed: watch::Sender<u64>,
    linger: Duration,
    most: usize,
}

#[derive(Debug)]
struct Wanted {
    watchers: usize,
    /// Until when it lingers, while nobody watches it.
    until: Option<Instant>,
    /// A task sleeps until then.
    has_sleeper: bool,
}

/// As long as it lives, the book is kept up to date.
#[derive(Debug)]
pub struct Watch {
    ticker: Ticker,
    demand: Demand,
}

/// As many books are watched as may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{most} order books are watched, which is the most at one time")]
pub struct TooManyBooks {
    /// How many may be.
    pub most: usize,
}

impl Demand {
    pub(super) fn new(linger: Duration, most: usize) -> Demand {
        Demand {
            inner: Arc::new(Inner {
                wanted: Mutex::default(),
                changed: watch::Sender::new(0),
                linger,
                most,
            }),
        }
    }

    /// Wants the book of a market. Where the bound is reached, the book that has lingered longest makes room.
    ///
    /// # Errors
    /// [`TooManyBooks`] when all of them are watched.
    pub fn watch(&self, ticker: Ticker) -> Result<Watch, TooManyBooks> {
        let mut wanted = self.inner.wanted.lock();
        wanted.retain(|_, wanted| wanted.is_followed());
        if !wanted.contains_key(&ticker) {
            self.make_room(&mut wanted)?;
            self.inner.tell();
        }
        let book = wanted.entry(ticker.clone()).or_insert(Wanted {
            watchers: 0,
            until: None,
            has_sleeper: false,
        });
        book.watchers += 1;
        book.until = None;
        Ok(Watch {
            ticker,
            demand: self.clone(),
        })
    }

    /// How long a book lingers after its last watcher left.
    pub fn linger(&self) -> Duration {
        self.inner.linger
    }

    /// Books watched now, without those that linger.
    pub fn wanted(&self) -> Vec<Ticker> {
        self.those(|book| book.watchers > 0)
    }

    /// Books to be kept up to date: those watched, and those that linger.
    pub fn followed(&self) -> Vec<Ticker> {
        self.those(Wanted::is_followed)
    }

    /// Tells when what is to be followed changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    fn those(&self, which: impl Fn(&Wanted) -> bool) -> Vec<Ticker> {
        let wanted = self.inner.wanted.lock();
        let those = wanted.iter().filter(|(_, book)| which(book));
        those.map(|(ticker, _)| ticker.clone()).collect()
    }

    fn make_room(&self, wanted: &mut BTreeMap<Ticker, Wanted>) -> Result<(), TooManyBooks> {
        let most = self.inner.most;
        if wanted.len() < most {
            return Ok(());
        }
        let lingering = wanted
            .iter()
            .filter_map(|(ticker, book)| Some((book.until?, ticker)));
        let oldest = lingering.min().map(|(_, ticker)| ticker.clone());
        wanted.remove(&oldest.ok_or(TooManyBooks { most })?);
        Ok(())
    }
}

impl Inner {
    fn tell(&self) {
        self.changed.send_modify(|version| *version += 1);
    }

    /// Until when the book is to be looked at again; `None` when there is nothing to wait for, and forgets it if that is because it
    /// has lingered long enough.
    fn lingers_until(&self, ticker: &Ticker) -> Option<Instant> {
        let mut wanted = self.wanted.lock();
        let book = wanted.get_mut(ticker)?;
        if let Some(until) = book.until.filter(|until| Instant::now() < *until) {
            return Some(until);
        }
        book.has_sleeper = false;
        if !book.is_followed() {
            wanted.remove(ticker);
            self.tell();
        }
        None
    }
}

impl Wanted {
    fn is_followed(&self) -> bool {
        self.watchers > 0 || self.until.is_some_and(|until| Instant::now() < until)
    }
}

impl Watch {
    /// Market whose book is watched.
    pub fn ticker(&self) -> &Ticker {
        &self.ticker
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let inner = &self.demand.inner;
        let mut wanted = inner.wanted.lock();
        let Some(book) = wanted.get_mut(&self.ticker) else {
            return;
        };
        book.watchers = book.watchers.saturating_sub(1);
        if book.watchers > 0 {
            return;
        }
        let mut until = Instant::now() + inner.linger;
        book.until = Some(until);
        if book.has_sleeper {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            book.has_sleeper = true;
            let (inner, ticker) = (Arc::clone(inner), self.ticker.clone());
            runtime.spawn(async move {
                tokio::time::sleep_until(until).await;
                while let Some(later) = inner.lingers_until(&ticker) {
                    until = later;
                    tokio::time::sleep_until(until).await;
                }
            });
        }
    }
}
