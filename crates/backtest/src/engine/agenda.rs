//! What is due later: closes, expirations, results, timers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use kmi_domain::Timestamp;

use crate::strategy::MarketId;

/// Order of what happens at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Markets close, orders expire.
    Ends,
    /// Recorded events.
    Feed,
    /// News reaches the strategy.
    News,
    /// Orders reach the exchange.
    Orders,
    /// Timers ring.
    Timers,
    /// Results are told.
    Results,
}

/// Something due at a known time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// A market closes.
    Close(MarketId),
    /// Orders of a market expire.
    Expire(MarketId),
    /// A market's result is told.
    Settle(MarketId),
    /// A timer rings with its token.
    Ring(u64),
}

impl Action {
    fn phase(self) -> Phase {
        match self {
            Action::Close(_) | Action::Expire(_) => Phase::Ends,
            Action::Settle(_) => Phase::Results,
            Action::Ring(_) => Phase::Timers,
        }
    }
}

/// Actions in order of time, phase, and of being added.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Timestamp, Phase, u64, Action)>>,
    added: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, time: Timestamp, action: Action) {
        self.heap
            .push(Reverse((time, action.phase(), self.added, action)));
        self.added += 1;
    }

    /// Time and phase of the next action.
    pub(super) fn next(&self) -> Option<(Timestamp, Phase)> {
        self.heap.peek().map(|Reverse((time, phase, ..))| (*time, *phase))
    }

    /// Time of the next action; the end of time when there is none.
    pub(super) fn next_time(&self) -> Timestamp {
        self.next().map_or(Timestamp::MAX, |(time, _)| time)
    }

    pub(super) fn take(&mut self) -> Option<Action> {
        self.heap.pop().map(|Reverse((.., action))| action)
    }
}
