//! Private reads that are behind, as Kalshi's are: [`Lagged`].

use std::collections::VecDeque;

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::core::Event;

/// Something that is built from events.
pub(super) trait Follow {
    /// Whether an event matters to it.
    fn wants(event: &Event) -> bool;
    /// Takes an event in.
    fn follow(&mut self, event: &Event, limits: &Limits);
}

/// A state as of some time ago, and what it does not know yet.
///
/// It never goes back: when the lag grows, the state stands still until the lag has passed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Lagged<T> {
    state: T,
    as_of: Timestamp,
    lag_micros: i64,
    waiting: VecDeque<(Timestamp, Event)>,
}

impl<T: Follow> Lagged<T> {
    pub(super) const fn new(state: T, lag_micros: i64) -> Lagged<T> {
        Lagged {
            state,
            as_of: Timestamp::from_seconds(0),
            lag_micros,
            waiting: VecDeque::new(),
        }
    }

    /// The state as far as reads know it.
    pub(super) const fn seen(&self) -> &T {
        &self.state
    }

    /// Everything up to this instant is in [`Lagged::seen`] once advanced to `now`.
    pub(super) fn as_of_if_advanced(&self, now: Timestamp) -> Timestamp {
        self.as_of.max(self.horizon(now))
    }

    pub(super) const fn set_lag(&mut self, lag_micros: i64) {
        self.lag_micros = lag_micros;
    }

    /// Whether [`Lagged::advance`] would change what reads see.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let horizon = self.horizon(now);
        self.waiting.front().is_some_and(|(time, _)| *time <= horizon)
    }

    pub(super) fn advance(&mut self, now: Timestamp, limits: &Limits) {
        let horizon = self.horizon(now);
        while let Some((_, event)) = self.waiting.pop_front_if(|(time, _)| *time <= horizon) {
            self.state.follow(&event, limits);
        }
        self.as_of = self.as_of.max(horizon);
    }

    pub(super) fn apply(&mut self, now: Timestamp, event: &Event, limits: &Limits) {
        if !T::wants(event) {
            return;
        }
        self.advance(now, limits);
        if self.waiting.is_empty() && self.lag_micros <= 0 {
            self.state.follow(event, limits);
            return;
        }
        self.waiting.push_back((now, event.clone()));
        while self.waiting.len() > limits.pending {
            if let Some((time, event)) = self.waiting.pop_front() {
                self.state.follow(&event, limits);
                self.as_of = self.as_of.max(time);
            }
        }
    }

    fn horizon(&self, now: Timestamp) -> Timestamp {
        now.plus_micros(-self.lag_micros.max(0))
    }
}
