//! Which books of a subscription are in sync, and what those that are not wait for.

use std::collections::BTreeMap;

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
}

/// The needs of every book of a subscription.
#[derive(Debug, Default)]
pub(super) struct Needs {
    by_ticker: BTreeMap<Ticker, Need>,
    out_of_sync: usize,
    /// When a snapshot will be overdue, at the earliest.
    check_at: Option<Instant>,
}

/// What has become overdue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    Nothing,
    /// First snapshots, which are to be asked for now.
    First,
    /// Snapshots that were asked for.
    Asked,
}

impl Needs {
    pub(super) fn get(&self, ticker: &Ticker) -> Option<Need> {
        self.by_ticker.get(ticker).copied()
    }

    fn set(&mut self, ticker: &Ticker, need: Need) {
        let old = self.by_ticker.insert(ticker.clone(), need);
        self.out_of_sync -= usize::from(old.is_some_and(|old| old != Need::InSync));
        self.out_of_sync += usize::from(need != Need::InSync);
        if let Need::First(at) | Need::Asked(at) = need {
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
        }
    }

    pub(super) fn synced(&mut self, ticker: &Ticker) {
        self.set(ticker, Need::InSync);
    }

    pub(super) fn asked(&mut self, tickers: &[Ticker], until: Instant) {
        for ticker in tickers {
            self.set(ticker, Need::Asked(until));
        }
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

    /// Looks for snapshots that should have come by now.
    pub(super) fn check(&mut self, now: Instant) -> Overdue {
        let mut overdue = Overdue::Nothing;
        let mut next: Option<Instant> = None;
        for need in self.by_ticker.values_mut() {
            match *need {
                Need::First(until) if until <= now => {
                    *need = Need::Ask;
                    if overdue == Overdue::Nothing {
                        overdue = Overdue::First;
                    }
                }
                Need::Asked(until) if until <= now => overdue = Overdue::Asked,
                Need::First(until) | Need::Asked(until) => {
                    next = Some(next.map_or(until, |old| old.min(until)));
                }
                Need::InSync | Need::Ask => {}
            }
        }
        self.check_at = next;
        overdue
    }
}
