//! What should have come by now and has not: replies, and snapshots.

use std::collections::BTreeMap;

use kmi_domain::Ticker;
use tokio::time::Instant;

use super::feed::{Action, Feed};
use super::{InFlight, Protocol};
use crate::ws::{Channel, Disconnect, EventKind};

/// Subscriptions made anew in a row for want of snapshots, before the connection is given up.
const RESUBSCRIPTIONS: u32 = 2;

impl Protocol {
    /// When [`Protocol::tick`] has something to do, at the latest.
    pub(in crate::ws::session) fn next_deadline(&self) -> Option<Instant> {
        let replies = self.in_flight.values().map(|flight| flight.deadline);
        let feeds = self
            .feeds
            .values()
            .flat_map(|feed| [feed.books.check_at(), feed.retry_at, feed.end_at])
            .flatten();
        replies.chain(feeds).min()
    }

    /// Looks for what is overdue.
    ///
    /// # Errors
    /// When the connection is to be given up.
    pub(in crate::ws::session) fn tick(&mut self, now: Instant) -> Result<(), Disconnect> {
        self.check_replies(now)?;
        let channels: Vec<Channel> = self.feeds.keys().copied().collect();
        for channel in channels {
            let Some(feed) = self.feeds.get_mut(&channel) else {
                continue;
            };
            for at in [&mut feed.retry_at, &mut feed.end_at] {
                if at.is_some_and(|at| at <= now) {
                    *at = None;
                    self.is_dirty = true;
                }
            }
            if feed.books.check_at().is_none_or(|at| at > now) {
                continue;
            }
            self.is_dirty = true;
            let overdue = feed.books.check(now);
            // While the reader is too slow nothing was asked for, and what comes is dropped.
            if !overdue.is_empty() && !self.is_paused() {
                self.snapshots_overdue(channel, &overdue, now)?;
            }
        }
        Ok(())
    }

    fn check_replies(&mut self, now: Instant) -> Result<(), Disconnect> {
        let late: Vec<u64> = self
            .in_flight
            .iter()
            .filter(|(_, flight)| flight.deadline <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in late {
            let Some(flight) = self.land(id) else { continue };
            match flight.action {
                Action::Snapshot(_, tickers) => self.snapshots_overdue(flight.channel, &tickers, now)?,
                action => {
                    return Err(Disconnect::NoReply {
                        command: action.name(),
                        waited: self.timeouts.command,
                    });
                }
            }
        }
        Ok(())
    }

    /// Takes a command out of flight.
    pub(super) fn land(&mut self, id: u64) -> Option<InFlight> {
        let flight = self.in_flight.remove(&id)?;
        if let Some(feed) = self.feeds.get_mut(&flight.channel)
            && feed.in_flight == Some(id)
        {
            feed.in_flight = None;
        }
        self.is_dirty = true;
        Some(flight)
    }

    /// Asking for the snapshots of these markets did not help. If others have come, these are let be for a while; if none has, the
    /// subscription is made anew, or the connection if that was tried.
    ///
    /// # Errors
    /// When the connection is to be given up.
    pub(super) fn snapshots_overdue(
        &mut self,
        channel: Channel,
        tickers: &[Ticker],
        now: Instant,
    ) -> Result<(), Disconnect> {
        self.is_dirty = true;
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return Ok(());
        };
        if feed.books.is_any_synced() {
            let tickers = feed.books.put_off(tickers, self.timeouts.snapshot, now);
            self.snapshots_landed();
            if !tickers.is_empty() {
                self.events.push(EventKind::Missing { tickers });
            }
            return Ok(());
        }
        Self::abandon_snapshots(&mut self.in_flight, feed);
        feed.books.ask_all();
        feed.again = true;
        feed.resubscribed += 1;
        if feed.resubscribed > RESUBSCRIPTIONS {
            return Err(Disconnect::NoSnapshots(RESUBSCRIPTIONS));
        }
        Ok(())
    }

    /// A command for snapshots is done when none of its books waits any more, even while others do.
    pub(super) fn snapshots_landed(&mut self) {
        let Some(feed) = self.feeds.get_mut(&Channel::OrderbookDelta) else {
            return;
        };
        let Some(flight) = feed.in_flight.and_then(|id| self.in_flight.get(&id)) else {
            return;
        };
        if let Action::Snapshot(_, tickers) = &flight.action
            && !tickers.iter().any(|ticker| feed.books.is_asked(ticker))
        {
            Self::abandon_snapshots(&mut self.in_flight, feed);
            feed.chunk = (feed.chunk * 2).min(self.chunk);
            self.is_dirty = true;
        }
    }

    /// Nothing more is expected of a snapshot command in flight.
    pub(super) fn abandon_snapshots(in_flight: &mut BTreeMap<u64, InFlight>, feed: &mut Feed) {
        if let Some(id) = feed.in_flight
            && in_flight
                .get(&id)
                .is_some_and(|flight| matches!(flight.action, Action::Snapshot(..)))
        {
            in_flight.remove(&id);
            feed.in_flight = None;
        }
    }
}
