//! Which books are followed: [`Follow`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kmi_domain::Ticker;
use tokio::time::Instant;

/// Books that are watched, lingering, or recorded.
#[derive(Debug, Default)]
pub(super) struct Follow {
    watched: BTreeSet<Ticker>,
    /// Books nobody watches any more, and until when they linger.
    lingering: BTreeMap<Ticker, Instant>,
    recorded: BTreeSet<Ticker>,
    /// Books the exchange was asked for.
    followed: BTreeSet<Ticker>,
}

/// What is to be asked of the exchange.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) begin: Vec<Ticker>,
    pub(super) end: Vec<Ticker>,
}

impl Follow {
    /// These are watched now; those that were linger.
    pub(super) fn watch(&mut self, wanted: impl IntoIterator<Item = Ticker>, now: Instant, linger: Duration) {
        let wanted: BTreeSet<Ticker> = wanted.into_iter().collect();
        for left in self.watched.difference(&wanted) {
            self.lingering.insert(left.clone(), now + linger);
        }
        self.lingering.retain(|ticker, _| !wanted.contains(ticker));
        self.watched = wanted;
    }

    /// These are recorded now.
    pub(super) fn record(&mut self, recorded: BTreeSet<Ticker>) {
        self.recorded = recorded;
    }

    /// When the next book stops lingering.
    pub(super) fn next_end(&self) -> Option<Instant> {
        self.lingering.values().min().copied()
    }

    /// What has changed since this was asked last.
    pub(super) fn change(&mut self, now: Instant) -> Change {
        self.lingering.retain(|_, until| *until > now);
        let lingering = self.lingering.keys();
        let wanted: BTreeSet<Ticker> = self
            .watched
            .iter()
            .chain(&self.recorded)
            .chain(lingering)
            .cloned()
            .collect();
        let change = Change {
            begin: wanted.difference(&self.followed).cloned().collect(),
            end: self.followed.difference(&wanted).cloned().collect(),
        };
        self.followed = wanted;
        change
    }

    /// Books the exchange was asked for.
    pub(super) fn followed(&self) -> &BTreeSet<Ticker> {
        &self.followed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Duration = Duration::from_secs(30);

    fn names(names: &[&str]) -> Vec<Ticker> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_book_lingers_after_its_last_watcher_left() {
        let (mut follow, start) = (Follow::default(), Instant::now());
        follow.watch(names(&["A", "B"]), start, LINGER);
        assert_eq!(follow.change(start).begin, names(&["A", "B"]));
        follow.watch(names(&["B"]), start, LINGER);
        assert_eq!(follow.change(start), Change::default());
        assert_eq!(follow.next_end(), Some(start + LINGER));
        assert_eq!(follow.change(start + LINGER).end, names(&["A"]));
        assert_eq!(follow.next_end(), None);
    }

    #[test]
    fn who_comes_back_in_time_finds_the_book_as_it_was() {
        let (mut follow, start) = (Follow::default(), Instant::now());
        follow.watch(names(&["A"]), start, LINGER);
        follow.change(start);
        follow.watch([], start, LINGER);
        follow.watch(names(&["A"]), start, LINGER);
        assert_eq!(follow.change(start + LINGER * 2), Change::default());
    }

    #[test]
    fn recorded_books_are_followed_without_a_watcher() {
        let (mut follow, start) = (Follow::default(), Instant::now());
        follow.record(names(&["A"]).into_iter().collect());
        assert_eq!(follow.change(start).begin, names(&["A"]));
        follow.record(BTreeSet::new());
        assert_eq!(follow.change(start).end, names(&["A"]));
    }
}
