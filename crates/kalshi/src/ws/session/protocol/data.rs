//! Messages of channels.

use std::sync::Arc;

use kmi_domain::Ticker;
use tokio::time::Instant;

use super::Protocol;
use super::books::Need;
use super::feed::Phase;
use crate::ws::config::NoPrices;
use crate::ws::message::{Body, MessageError, ServerMessage, channel_of};
use crate::ws::session::sequence::Step;
use crate::ws::{Channel, Disconnect, EventKind};

impl Protocol {
    /// Takes in a message.
    ///
    /// # Errors
    /// When the connection is to be given up.
    pub(in crate::ws::session) fn message(
        &mut self,
        message: ServerMessage,
        now: Instant,
    ) -> Result<(), Disconnect> {
        if message.body.is_reply() {
            return self.reply(&message, now);
        }
        if let Some(channel) = self.route(message.sid, message.body.kind())
            && self.in_sequence(channel, message.seq)
        {
            self.data(channel, message);
        }
        Ok(())
    }

    /// Takes in a message that cannot be read. `ticker` is the market it is about, where that much could be read.
    ///
    /// # Errors
    /// When the connection is to be given up.
    pub(in crate::ws::session) fn undecodable(
        &mut self,
        error: MessageError,
        ticker: Option<&Ticker>,
        now: Instant,
    ) -> Result<(), Disconnect> {
        let MessageError::Body { kind, sid, seq, .. } = &error else {
            self.events.push(EventKind::Undecodable(Arc::new(error)));
            return Ok(());
        };
        let (channel, seq) = (self.route(*sid, kind), *seq);
        let is_snapshot = kind == "orderbook_snapshot";
        self.events.push(EventKind::Undecodable(Arc::new(error)));
        let Some(channel) = channel else { return Ok(()) };
        if self.in_sequence(channel, seq) && channel == Channel::OrderbookDelta {
            let Some(feed) = self.feeds.get_mut(&channel) else {
                return Ok(());
            };
            // Asking once more at once would hardly bring a better one.
            if let Some(ticker) = ticker.filter(|ticker| is_snapshot && feed.books.is_asked(ticker)) {
                return self.snapshots_overdue(channel, std::slice::from_ref(ticker), now);
            }
            let tickers = ticker.map_or_else(|| feed.books.tickers(), |ticker| vec![ticker.clone()]);
            let tickers = feed.books.ask(&tickers);
            self.is_dirty = true;
            if !tickers.is_empty() {
                self.events.push(EventKind::Stale { tickers });
            }
        }
        Ok(())
    }

    /// The channel a message belongs to, unless it is nobody's.
    fn route(&mut self, sid: Option<u64>, kind: &str) -> Option<Channel> {
        let by_kind = channel_of(kind);
        let Some(sid) = sid else {
            return by_kind.filter(|channel| self.feeds.contains_key(channel));
        };
        if let Some(channel) = self.by_sid.get(&sid) {
            let is_ending = matches!(self.feeds.get(channel)?.phase, Phase::Ending(_));
            return (!is_ending).then_some(*channel);
        }
        if self.retired.contains(&sid) {
            return None;
        }
        self.adopt(sid, kind, by_kind)
    }

    /// Data came before the reply that tells of its subscription.
    fn adopt(&mut self, sid: u64, kind: &str, by_kind: Option<Channel>) -> Option<Channel> {
        let candidates = match &by_kind {
            Some(channel) => std::slice::from_ref(channel),
            None if kind == "event_lifecycle" => {
                &[Channel::MarketLifecycle, Channel::MultivariateMarketLifecycle]
            }
            // It may be of a channel that nothing is known of.
            None => return None,
        };
        let channel = *candidates.iter().find(|channel| {
            self.feeds
                .get(channel)
                .is_some_and(|feed| feed.phase == Phase::Asked(None))
        })?;
        self.feeds.get_mut(&channel)?.phase = Phase::Asked(Some(sid));
        self.by_sid.insert(sid, channel);
        Some(channel)
    }

    /// Whether a message is new; tells of a gap before it.
    fn in_sequence(&mut self, channel: Channel, seq: Option<u64>) -> bool {
        let (true, Some(seq)) = (channel.is_sequenced(), seq) else {
            return true;
        };
        let Some(feed) = self.feeds.get_mut(&channel) else {
            return false;
        };
        match feed.sequence.data(seq, &mut self.shared_counter) {
            Step::Next => true,
            Step::Repeated => false,
            step @ (Step::Gap { expected } | Step::Back { expected }) => {
                // Snapshots asked for may be among what was lost.
                feed.books.ask_all();
                Self::abandon_snapshots(&mut self.in_flight, feed);
                self.is_dirty = true;
                self.events.push(EventKind::Gap {
                    channel,
                    expected,
                    got: seq,
                });
                matches!(step, Step::Gap { .. })
            }
        }
    }

    fn data(&mut self, channel: Channel, mut message: ServerMessage) {
        if channel == Channel::OrderbookDelta {
            match self.book_message(message) {
                Some(good) => message = good,
                None => return,
            }
        }
        self.events.message(channel, message);
    }

    /// The message with NO prices for NO, if its book can use it.
    fn book_message(&mut self, mut message: ServerMessage) -> Option<ServerMessage> {
        let is_paused = self.is_paused();
        let feed = self.feeds.get_mut(&Channel::OrderbookDelta)?;
        let need = feed.books.get(message.body.ticker()?)?;
        let turn = self.no_prices == NoPrices::InYes;
        message.body = match message.body {
            Body::OrderbookSnapshot(_) if is_paused => return None,
            Body::OrderbookSnapshot(snapshot) => {
                feed.books.synced(&snapshot.market_ticker);
                // They do come.
                feed.resubscribed = 0;
                if feed.books.is_all_synced() {
                    feed.retries = 0;
                    Self::abandon_snapshots(&mut self.in_flight, feed);
                    self.is_dirty = true;
                }
                Body::OrderbookSnapshot(if turn {
                    snapshot.with_no_side_complemented()
                } else {
                    snapshot
                })
            }
            Body::OrderbookDelta(_) if need != Need::InSync => return None,
            Body::OrderbookDelta(delta) => Body::OrderbookDelta(if turn {
                delta.with_no_side_complemented()
            } else {
                delta
            }),
            other => other,
        };
        self.snapshots_landed();
        Some(message)
    }
}
