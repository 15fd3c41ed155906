//! Which books of a subscription are in sync, and what those that are not wait for.

use std::collections::BTreeMap;
use std::time::Duration;

use kmi_domain::Ticker;
use tokio::time::Instant;

/// What a book needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing.
    InSync,
    /// The snapshot that comes of itself with a subscription.
    First(Instant),
    /// A snapshot, not asked for yet.
    Ask,
    /// A snapshot, asked for.
    Asked(Instant),
    /// A snapshot that did not come when asked for, though others did: not before then.
    Later(Instant),
}

/// Doublings of the time after which a snapshot that did not come is asked for again.
const DOUBLINGS: u32 = 5;

/// The needs of every book of a subscription.
#[derive(Debug, Default)]
pub(super) struct Needs {
    by_ticker: BTreeMap<Ticker, Need>,
    out_of_sync: usize,
    /// How often each was put off since its last snapshot.
    put_off: BTreeMap<Ticker, u32>,
    /// When a snapshot will be overdue or is to be asked for, at the earliest.
    check_at: Option<Instant>,
}

impl Needs {
    pub(super) fn get(&self, ticker: &Ticker) -> Option<Need> {
        self.by_ticker.get(ticker).copied()
    }

    fn set(&mut self, ticker: &Ticker, need: Need) {
        let old = self.by_ticker.insert(ticker.clone(), need);
        self.out_of_sync -= usize::from(old.is_some_and(|old| old != Need::InSync));
        self.out_of_sync += usize::from(need != Need::InSync);
        if let Need::First(at) | Need::Asked(at) | Need::Later(at) = need {
            self.check_at = Some(self.check_at.map_or(at, |old| old.min(at)));
        }
    }

    /// Takes up books whose first snapshots come of themselves.
    pub(super) fn expect<'a>(&mut self, tickers: impl IntoIterator<Item = &'a Ticker>, until: Instant) {
        for ticker in tickers {
            self.set(ticker, Need::First(until));
        }
    }

    pub(super) fn remove(&mut self, tickers: &[Ticker]) {
        for ticker in tickers {
            let old = self.by_ticker.remove(ticker);
            self.out_of_sync -= usize::from(old.is_some_and(|old| old != Need::InSync));
            self.put_off.remove(ticker);
        }
    }

    pub(super) fn synced(&mut self, ticker: &Ticker) {
        self.put_off.remove(ticker);
        self.set(ticker, Need::InSync);
    }

    pub(super) fn asked(&mut self, tickers: &[Ticker], until: Instant) {
        for ticker in tickers {
            self.set(ticker, Need::Asked(until));
        }
    }

    /// Lets those of the books alone that wait for a snapshot asked for, `first` long and longer each time; gives those for which
    /// that is new.
    pub(super) fn put_off(&mut self, tickers: &[Ticker], first: Duration, now: Instant) -> Vec<Ticker> {
        let mut new = Vec::new();
        for ticker in tickers
            .iter()
            .filter(|ticker| self.is_asked(ticker))
            .collect::<Vec<_>>()
        {
            let times = self.put_off.entry(ticker.clone()).or_default();
            if *times == 0 {
                new.push(ticker.clone());
            }
            let wait = first * (1 << (*times).min(DOUBLINGS));
            *times += 1;
            self.set(ticker, Need::Later(now + wait));
        }
        new
    }

    /// Whether its snapshot was asked for and has not come.
    pub(super) fn is_asked(&self, ticker: &Ticker) -> bool {
        matches!(self.get(ticker), Some(Need::Asked(_)))
    }

    /// Books to be asked for, of those there are; gives those that were in sync.
    pub(super) fn ask(&mut self, tickers: &[Ticker]) -> Vec<Ticker> {
        let mut were_good = Vec::new();
        for ticker in tickers {
            match self.get(ticker) {
                None => continue,
                Some(Need::InSync) => were_good.push(ticker.clone()),
                Some(_) => {}
            }
            self.set(ticker, Need::Ask);
        }
        were_good
    }

    /// Every book is to be asked for.
    pub(super) fn ask_all(&mut self) {
        for need in self.by_ticker.values_mut() {
            *need = Need::Ask;
        }
        self.out_of_sync = self.by_ticker.len();
        self.check_at = None;
    }

    pub(super) fn is_all_synced(&self) -> bool {
        self.out_of_sync == 0
    }

    pub(super) fn is_any_synced(&self) -> bool {
        self.out_of_sync < self.by_ticker.len()
    }

    pub(super) fn tickers(&self) -> Vec<Ticker> {
        self.by_ticker.keys().cloned().collect()
    }

    pub(super) fn to_ask(&self, most: usize) -> Vec<Ticker> {
        if self.out_of_sync == 0 {
            return Vec::new();
        }
        let asking = self.by_ticker.iter().filter(|(_, need)| **need == Need::Ask);
        asking.take(most).map(|(ticker, _)| ticker.clone()).collect()
    }

    pub(super) fn check_at(&self) -> Option<Instant> {
        self.check_at.filter(|_| self.out_of_sync > 0)
    }

    /// Looks for snapshots that should have come by now: those that come of themselves are to be asked for then, and those that were
    /// put off; gives those that were asked for.
    pub(super) fn check(&mut self, now: Instant) -> Vec<Ticker> {
        let mut overdue = Vec::new();
        let mut next: Option<Instant> = None;
        for (ticker, need) in &mut self.by_ticker {
            match *need {
                Need::First(until) | Need::Later(until) if until <= now => *need = Need::Ask,
                Need::Asked(until) if until <= now => overdue.push(ticker.clone()),
                Need::First(until) | Need::Asked(until) | Need::Later(until) => {
                    next = Some(next.map_or(until, |old| old.min(until)));
                }
                Need::InSync | Need::Ask => {}
            }
        }
        self.check_at = next;
        overdue
    }
}
