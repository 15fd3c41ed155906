//! One subscription as it is wanted and as it stands.

use std::collections::BTreeSet;

use kmi_domain::Ticker;
use tokio::sync::watch;
use tokio::time::Instant;

use super::books::Needs;
use crate::ws::message::Refusal;
use crate::ws::session::sequence::Sequence;
use crate::ws::{Channel, MarketFilter, Markets, SubscriptionState};

/// Where a subscription stands on this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is none.
    Off,
    /// It was asked for; data may come before the reply, which then tells its sid.
    Asked(Option<u64>),
    /// There is one.
    On(u64),
    /// Its end was asked for.
    Ending(u64),
}

/// What a command in flight does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Subscribe(Markets),
    Unsubscribe(u64),
    Add(u64, Vec<Ticker>),
    Delete(u64, Vec<Ticker>),
    Snapshot(u64, Vec<Ticker>),
}

impl Action {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Action::Subscribe(_) => "subscribe",
            Action::Unsubscribe(_) => "unsubscribe",
            Action::Add(..) => "add_markets",
            Action::Delete(..) => "delete_markets",
            Action::Snapshot(..) => "get_snapshot",
        }
    }
}

#[derive(Debug)]
pub(super) struct Feed {
    pub(super) channel: Channel,
    pub(super) wanted: Markets,
    /// What the exchange confirmed.
    pub(super) covered: Markets,
    pub(super) phase: Phase,
    pub(super) sequence: Sequence,
    pub(super) books: Needs,
    /// Id of the command in flight; there is one at a time.
    pub(super) in_flight: Option<u64>,
    /// Markets per command, fewer after a refusal, to find out which of them is refused.
    pub(super) chunk: usize,
    /// To be ended and made anew.
    pub(super) again: bool,
    /// Nothing more is asked for before; less may be.
    pub(super) retry_at: Option<Instant>,
    /// Its end, or that of some of its markets, is not asked for before.
    pub(super) end_at: Option<Instant>,
    /// Commands refused in a row that may succeed later.
    pub(super) retries: u32,
    /// Times in a row that the exchange ended it soon.
    pub(super) ends: u32,
    pub(super) on_since: Option<Instant>,
    /// Made anew for want of snapshots since all books were last in sync.
    pub(super) resubscribed: u32,
    pub(super) refused: Option<Refusal>,
    pub(super) state: watch::Sender<SubscriptionState>,
}

impl Feed {
    pub(super) fn new(channel: Channel, wanted: Markets, chunk: usize) -> Feed {
        Feed {
            channel,
            wanted,
            covered: Markets::none(),
            phase: Phase::Off,
            sequence: Sequence::default(),
            books: Needs::default(),
            in_flight: None,
            chunk,
            again: false,
            retry_at: None,
            end_at: None,
            retries: 0,
            ends: 0,
            on_since: None,
            resubscribed: 0,
            refused: None,
            state: watch::Sender::new(SubscriptionState::Pending),
        }
    }

    pub(super) fn sid(&self) -> Option<u64> {
        match self.phase {
            Phase::Off => None,
            Phase::Asked(sid) => sid,
            Phase::On(sid) | Phase::Ending(sid) => Some(sid),
        }
    }

    /// Forgets what a connection, or a subscription, knew.
    pub(super) fn reset(&mut self) {
        self.phase = Phase::Off;
        self.covered = Markets::none();
        self.sequence = Sequence::default();
        self.books = Needs::default();
        self.in_flight = None;
        self.again = false;
        self.end_at = None;
        self.on_since = None;
        self.set_state(SubscriptionState::Pending);
    }

    /// Tells the handles, if it is news to them.
    pub(super) fn set_state(&self, state: SubscriptionState) {
        self.state.send_if_modified(|old| {
            let changed = *old != state;
            *old = state;
            changed
        });
    }

    /// What to ask next; `with_snapshots` unless the reader is too slow for them.
    pub(super) fn next_action(&self, now: Instant, with_snapshots: WithSnapshots) -> Option<Action> {
        if self.in_flight.is_some() {
            return None;
        }
        match self.phase {
            Phase::Off if self.retry_at.is_none_or(|at| at <= now) => self.subscription(),
            Phase::On(sid) => self.update(sid, with_snapshots, now),
            Phase::Off | Phase::Asked(_) | Phase::Ending(_) => None,
        }
    }

    fn subscription(&self) -> Option<Action> {
        if self.refused.is_some() {
            return None;
        }
        match &self.wanted {
            Markets::All => Some(Action::Subscribe(Markets::All)),
            Markets::Of(tickers) if tickers.is_empty() => None,
            Markets::Of(tickers) => {
                let first: BTreeSet<Ticker> = tickers.iter().take(self.chunk).cloned().collect();
                Some(Action::Subscribe(Markets::Of(first)))
            }
        }
    }

    fn update(&self, sid: u64, with_snapshots: WithSnapshots, now: Instant) -> Option<Action> {
        let may_ask = self.retry_at.is_none_or(|at| at <= now);
        let may_end = self.end_at.is_none_or(|at| at <= now);
        if self.again || self.wanted.is_none() {
            return may_end.then_some(Action::Unsubscribe(sid));
        }
        let (wanted, covered) = match (&self.wanted, &self.covered) {
            (Markets::Of(wanted), Markets::Of(covered)) => (wanted, covered),
            (Markets::All, Markets::All) => return None,
            // Between all and some there is no update that says so.
            _ => return may_end.then_some(Action::Unsubscribe(sid)),
        };
        let missing: Vec<Ticker> = wanted.difference(covered).take(self.chunk).cloned().collect();
        if !missing.is_empty() && may_ask {
            return Some(Action::Add(sid, missing));
        }
        // Those that stay keep it alive.
        let may_delete = may_end && !wanted.is_disjoint(covered);
        let surplus: Vec<Ticker> = covered.difference(wanted).take(self.chunk).cloned().collect();
        if !surplus.is_empty() && may_delete {
            return Some(Action::Delete(sid, surplus));
        }
        if with_snapshots == WithSnapshots::No || !may_ask {
            return None;
        }
        let asked = self.books.to_ask(self.chunk);
        (!asked.is_empty()).then_some(Action::Snapshot(sid, asked))
    }

    /// Wants these markets too.
    pub(super) fn want(&mut self, markets: Markets) {
        self.refused = None;
        match (&mut self.wanted, markets) {
            (Markets::All, _) => {}
            (wanted @ Markets::Of(_), Markets::All) => *wanted = Markets::All,
            (Markets::Of(wanted), Markets::Of(more)) => wanted.extend(more),
        }
    }

    /// Wants these markets no longer; gives those that it wanted. Of all there is nothing to be taken away.
    pub(super) fn unwant(&mut self, tickers: &[Ticker]) -> Vec<Ticker> {
        let Markets::Of(wanted) = &mut self.wanted else {
            return Vec::new();
        };
        tickers
            .iter()
            .filter(|ticker| wanted.remove(*ticker))
            .cloned()
            .collect()
    }

    /// Without a subscription and with none wanted there is nothing to wait for; whether that is so.
    pub(super) fn rest_if_off(&mut self) -> bool {
        let rests = self.phase == Phase::Off && self.wanted.is_none();
        if rests {
            self.refused = None;
            self.set_state(SubscriptionState::Ended);
        }
        rests
    }

    /// What the exchange should be told of markets: a channel without a filter covers all.
    pub(super) fn effective(channel: Channel, markets: Markets) -> Markets {
        match channel.market_filter() {
            MarketFilter::Ignored => Markets::All,
            MarketFilter::Required | MarketFilter::Optional => markets,
        }
    }
}

/// Whether snapshots may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WithSnapshots {
    Yes,
    No,
}
