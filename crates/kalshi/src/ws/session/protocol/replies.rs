//! Replies to commands, and what the exchange says of subscriptions unasked.

use std::time::Duration;

use tokio::time::Instant;

use super::feed::{Action, Feed, Phase};
use super::{InFlight, Protocol, STABLE};
use crate::ws::message::{Body, Refusal, ServerMessage};
use crate::ws::session::sequence::Sequence;
use crate::ws::{Channel, Disconnect, ErrorCode, EventKind, Markets, SubscriptionState};

impl Protocol {
    /// Takes in a reply.
    ///
    /// # Errors
    /// When the connection is to be given up.
    pub(super) fn reply(&mut self, message: &ServerMessage, now: Instant) -> Result<(), Disconnect> {
        if let (Some(sid), Some(seq)) = (message.sid, message.seq)
            && let Some(feed) = self
                .by_sid
                .get(&sid)
                .and_then(|channel| self.feeds.get_mut(channel))
        {
            feed.sequence.reply(seq);
        }
        let known = message.id.filter(|id| self.in_flight.contains_key(id));
        match (known, &message.body) {
            (Some(id), Body::Error(refusal)) => {
                let Some(flight) = self.land(id) else {
                    return Ok(());
                };
                self.refused(flight, refusal, now)
            }
            (Some(id), body) => {
                self.confirmed(id, body, message.sid, now);
                Ok(())
            }
            (None, Body::Error(refusal)) => {
                self.complaint(message.sid, refusal, now);
                Ok(())
            }
            (None, Body::Unsubscribed) => {
                if let Some(channel) = message.sid.and_then(|sid| self.by_sid.get(&sid).copied()) {
                    self.ended(channel, ErrorCode::ChannelError, now);
                }
                Ok(())
            }
            // A reply to a command that was given up.
            (None, _) => Ok(()),
        }
    }

    fn confirmed(&mut self, id: u64, body: &Body, sid: Option<u64>, now: Instant) {
        let sid = match body {
            Body::Subscribed(subscribed) => Some(subscribed.sid),
            _ => sid,
        };
        let Some(InFlight { action, .. }) = self.in_flight.get(&id) else {
            return;
        };
        match (action, body) {
            (Action::Subscribe(_), Body::Subscribed(_) | Body::Ok(_)) => {
                if let Some(sid) = sid {
                    self.subscribed(id, sid, now);
                }
            }
            (Action::Unsubscribe(_), Body::Unsubscribed | Body::Ok(_)) => {
                if let Some(flight) = self.land(id) {
                    self.unsubscribed(flight.channel);
                }
            }
            (Action::Add(..) | Action::Delete(..), Body::Ok(_)) => self.updated(id),
            // The snapshots are the reply; a word on top of them changes nothing.
            _ => {}
        }
    }

    fn subscribed(&mut self, id: u64, sid: u64, now: Instant) {
        let Some(InFlight { channel, action, .. }) = self.land(id) else {
            return;
        };
        let chunk = self.chunk;
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return;
        };
        if let Phase::Asked(Some(other)) = feed.phase
            && other != sid
        {
            // What came early was of another subscription.
            self.by_sid.remove(&other);
            feed.sequence = Sequence::default();
        }
        feed.phase = Phase::On(sid);
        feed.on_since = Some(now);
        feed.retries = 0;
        self.confirmed_at.get_or_insert(now);
        if let Action::Subscribe(markets) = action {
            feed.covered = markets;
        }
        feed.chunk = (feed.chunk * 2).min(chunk);
        self.retired.remove(&sid);
        self.by_sid.insert(sid, channel);
        self.events.push(EventKind::Subscribed { channel, sid });
    }

    fn updated(&mut self, id: u64) {
        let Some(InFlight { channel, action, .. }) = self.land(id) else {
            return;
        };
        let chunk = self.chunk;
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return;
        };
        feed.retries = 0;
        feed.chunk = (feed.chunk * 2).min(chunk);
        let Markets::Of(covered) = &mut feed.covered else {
            return;
        };
        match action {
            Action::Add(_, tickers) => covered.extend(tickers),
            Action::Delete(_, tickers) => covered.retain(|ticker| !tickers.contains(ticker)),
            _ => {}
        }
    }

    fn unsubscribed(&mut self, channel: Channel) {
        self.retire(channel);
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return;
        };
        feed.reset();
        if feed.wanted.is_none() {
            feed.set_state(SubscriptionState::Ended);
            self.events.push(EventKind::Unsubscribed { channel });
        }
    }

    /// Its subscription on this connection is over.
    fn retire(&mut self, channel: Channel) {
        if let Some(sid) = self.feeds.get(&channel).and_then(Feed::sid) {
            self.by_sid.remove(&sid);
            self.retired.insert(sid);
        }
        self.in_flight.retain(|_, flight| flight.channel != channel);
        self.is_dirty = true;
    }

    /// The exchange ended a subscription: it is made anew, the first time at once.
    fn ended(&mut self, channel: Channel, code: ErrorCode, now: Instant) {
        self.retire(channel);
        let timeouts = self.timeouts;
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return;
        };
        if feed
            .on_since
            .is_some_and(|since| now.duration_since(since) >= STABLE)
        {
            feed.ends = 0;
        }
        feed.reset();
        feed.retry_at = (feed.ends > 0).then(|| now + doubled(timeouts.retry, feed.ends));
        feed.ends += 1;
        self.events.push(EventKind::Ended { channel, code });
    }

    fn complaint(&mut self, sid: Option<u64>, refusal: &Refusal, now: Instant) {
        let channel = sid.and_then(|sid| self.by_sid.get(&sid).copied());
        match channel {
            Some(channel) if refusal.code.is_terminal() => self.ended(channel, refusal.code, now),
            _ => self.events.push(EventKind::Complaint(refusal.clone())),
        }
    }

    fn refused(&mut self, flight: InFlight, refusal: &Refusal, now: Instant) -> Result<(), Disconnect> {
        let InFlight { channel, action, .. } = flight;
        let is_gone = refusal.code.is_terminal() || refusal.code == ErrorCode::UnknownSid;
        match action {
            Action::Unsubscribe(sid) if refusal.code.is_retryable() && !is_gone => {
                self.still_on(channel, sid, now);
            }
            Action::Unsubscribe(_) => self.unsubscribed(channel),
            Action::Add(..) | Action::Delete(..) | Action::Snapshot(..) if is_gone => {
                self.ended(channel, refusal.code, now);
            }
            Action::Delete(..) if refusal.code.is_retryable() => {
                if let Some(feed) = self.feeds.get_mut(&channel) {
                    end_later(feed, self.timeouts.retry, now);
                }
            }
            Action::Delete(_, tickers) => {
                // Said to be none of the subscription's, or so it will be treated.
                if let Some(Markets::Of(covered)) = self.feeds.get_mut(&channel).map(|feed| &mut feed.covered)
                {
                    covered.retain(|ticker| !tickers.contains(ticker));
                }
            }
            Action::Snapshot(_, tickers) if refusal.code.is_retryable() => {
                if let Some(feed) = self.feeds.get_mut(&channel) {
                    feed.books.ask(&tickers);
                    retry_later(feed, self.timeouts.retry, now);
                }
            }
            Action::Snapshot(_, tickers) if tickers.len() > 1 && is_about_markets(refusal.code) => {
                if let Some(feed) = self.feeds.get_mut(&channel) {
                    feed.books.ask(&tickers);
                    feed.chunk = tickers.len() / 2;
                }
            }
            Action::Snapshot(_, tickers) => return self.snapshots_overdue(channel, &tickers, now),
            Action::Subscribe(markets) => self.markets_refused(channel, &markets, refusal, now),
            Action::Add(_, tickers) => self.markets_refused(channel, &Markets::of(tickers), refusal, now),
        }
        Ok(())
    }

    /// The exchange cannot end it now. Its messages were left unread meanwhile.
    fn still_on(&mut self, channel: Channel, sid: u64, now: Instant) {
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return;
        };
        feed.phase = Phase::On(sid);
        feed.books.ask_all();
        end_later(feed, self.timeouts.retry, now);
    }

    fn markets_refused(&mut self, channel: Channel, markets: &Markets, refusal: &Refusal, now: Instant) {
        let timeouts = self.timeouts;
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return;
        };
        let is_new = matches!(feed.phase, Phase::Asked(_));
        if let Phase::Asked(sid) = feed.phase {
            feed.reset();
            if let Some(sid) = sid {
                self.by_sid.remove(&sid);
                self.retired.insert(sid);
            }
        }
        let tickers: Vec<_> = match markets {
            Markets::All => Vec::new(),
            Markets::Of(tickers) => tickers.iter().cloned().collect(),
        };
        feed.books.remove(&tickers);
        if refusal.code.is_retryable() {
            retry_later(feed, timeouts.retry, now);
        } else if tickers.len() > 1 && is_about_markets(refusal.code) {
            feed.chunk = tickers.len() / 2;
        } else {
            let whole = tickers.is_empty() || !is_about_markets(refusal.code);
            feed.unwant(&tickers);
            // What is there already stays, and is asked for again on another connection.
            let whole = whole && is_new;
            if whole || feed.wanted.is_none() {
                feed.refused = Some(refusal.clone());
                feed.set_state(SubscriptionState::Refused(refusal.clone()));
            }
            self.events.push(EventKind::Refused {
                channel,
                tickers: if whole { Vec::new() } else { tickers },
                refusal: refusal.clone(),
            });
        }
    }
}

/// Whether fewer markets, or others, might be taken.
const fn is_about_markets(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::InvalidParameter
            | ErrorCode::MarketTickerRequired
            | ErrorCode::MarketLimit
            | ErrorCode::Other(_)
    )
}

fn retry_later(feed: &mut Feed, retry: Duration, now: Instant) {
    feed.retry_at = Some(now + doubled(retry, feed.retries));
    feed.retries += 1;
}

fn end_later(feed: &mut Feed, retry: Duration, now: Instant) {
    feed.end_at = Some(now + doubled(retry, feed.retries));
    feed.retries += 1;
}

/// Up to 32 times as long.
fn doubled(retry: Duration, times: u32) -> Duration {
    retry * (1 << times.min(5))
}
