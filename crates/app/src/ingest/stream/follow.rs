//! Which books are followed: [`Follow`].

use std::collections::BTreeSet;

use kmi_domain::Ticker;

/// Books that somebody watches, or watched a moment ago, or that are recorded.
#[derive(Debug, Default)]
pub(super) struct Follow {
    demanded: BTreeSet<Ticker>,
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
    /// These are demanded now.
    pub(super) fn demand(&mut self, demanded: impl IntoIterator<Item = Ticker>) {
        self.demanded = demanded.into_iter().collect();
    }

    /// These are recorded now.
    pub(super) fn record(&mut self, recorded: BTreeSet<Ticker>) {
        self.recorded = recorded;
    }

    /// Books that are recorded.
    pub(super) fn recorded(&self) -> &BTreeSet<Ticker> {
        &self.recorded
    }

    /// What has changed since this was asked last.
    pub(super) fn change(&mut self) -> Change {
        let wanted: BTreeSet<Ticker> = self.demanded.union(&self.recorded).cloned().collect();
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

    fn names(names: &[&str]) -> Vec<Ticker> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_book_is_followed_while_it_is_demanded_or_recorded() {
        let mut follow = Follow::default();
        follow.demand(names(&["A", "B"]));
        follow.record(names(&["B", "C"]).into_iter().collect());
        assert_eq!(follow.change().begin, names(&["A", "B", "C"]));
        follow.demand([]);
        assert_eq!(follow.change().end, names(&["A"]));
        follow.record(BTreeSet::new());
        assert_eq!(follow.change().end, names(&["B", "C"]));
        assert_eq!(follow.change(), Change::default());
    }
}
