//! The exchange's stream: [`Stream`], from messages to the board and to the database.
//!
//! Quotes, trades and lifecycles of all markets, and the books of those that somebody watches or that are recorded. What is lost is
//! healed: books by snapshots, trades by back-fill. Of quotes one per market and second is kept in the database, the latest; the board shows
//! every one. A recorded series keeps everything.

mod early;
mod follow;
mod frames;
mod tape;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::book::ApplyError;
use kmi_domain::{PublicTrade, Ticker, Timestamp};
use kmi_kalshi::ws::message::{
    LifecycleEvent, MarketLifecycle, OrderbookDelta, OrderbookSnapshot, ServerMessage, Trade,
};
use kmi_kalshi::ws::{
    Body, Channel, Client, ConnectionState, Event, EventKind, Events, Markets, MessageError, Subscription,
};
use kmi_storage::{Batch, BookChange, BookEntry, MarketSnapshot, NewGap, SnapshotSource, TradeSource};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::backfill::{self, Hole};
use super::metrics;
use super::recorder::Frames;
use super::rows;
use super::settings::Combos;
use super::shared::Shared;
use super::status::Circuit;
use crate::board::{FollowUp, Taken};
use crate::hub::{ConnectionStatus, Link};
use early::Early;
use follow::Follow;
use tape::Tape;

/// Messages taken between two looks at everything else.
const AT_ONCE: usize = 256;
/// Longest wait for the connection to close.
const GOOD_BYE: Duration = Duration::from_secs(1);

/// Takes in what the stream says.
pub(super) struct Stream {
    shared: Arc<Shared>,
    client: Client,
    events: Events,
    tape: Tape,
    early: Early,
    follow: Follow,
    books: Option<Subscription>,
    quotes: BTreeMap<Ticker, MarketSnapshot>,
    trades: Vec<(PublicTrade, TradeSource)>,
    gaps: Vec<NewGap>,
    /// The way to the recorder.
    frames: Frames,
}

impl Stream {
    /// Takes over a client that was just made.
    pub(super) fn new(shared: Arc<Shared>, client: Client, events: Events, frames: Frames) -> Stream {
        let start = shared.clock.now();
        Stream {
            shared,
            client,
            events,
            tape: Tape::new(start),
            early: Early::default(),
            follow: Follow::default(),
            books: None,
            quotes: BTreeMap::new(),
            trades: Vec::new(),
            gaps: Vec::new(),
            frames,
        }
    }

    /// Takes in until `stop`, then closes the connection.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        self.subscribe().await;
        let shared = Arc::clone(&self.shared);
        let mut demand = shared.board.demand().changes();
        let mut recorded = shared.recorded.subscribe();
        let mut leadership = shared.leadership.clone();
        let mut swept = shared.swept.subscribe();
        let mut flushes = self.flushes();
        self.follow_demand().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                event = self.events.next() => match event {
                    Some(event) => self.take_several(event).await,
                    None => break,
                },
                Ok(()) = demand.changed() => self.follow_demand().await,
                Ok(()) = recorded.changed() => {
                    let all = recorded.borrow_and_update().values().flatten().cloned().collect();
                    self.follow.record(all);
                    self.follow_change().await;
                }
                Ok(()) = swept.changed() => self.resolve_early(),
                Ok(()) = leadership.changed() => self.note_open_hole(leadership.borrow_and_update().fence.is_some()),
                _ = flushes.tick() => self.flush().await,
            }
        }
        self.flush().await;
        // Nothing is lost by not waiting for the exchange's good-bye.
        let _ = timeout(GOOD_BYE, self.client.close()).await;
    }

    fn flushes(&self) -> Interval {
        let mut flushes = interval(self.shared.settings.writer.flush_every);
        flushes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        flushes
    }

    async fn subscribe(&self) {
        let mut channels = vec![Channel::Ticker, Channel::Trade, Channel::MarketLifecycle];
        if self.shared.settings.combos == Combos::Included {
            channels.push(Channel::MultivariateMarketLifecycle);
        }
        for channel in channels {
            // An error says that the client is closed, which the events tell too.
            let _ = self.client.subscribe(channel, Markets::All).await;
        }
    }

    async fn follow_demand(&mut self) {
        self.follow.demand(self.shared.board.demand().followed());
        self.follow_change().await;
    }

    async fn follow_change(&mut self) {
        let change = self.follow.change();
        for ticker in &change.end {
            self.shared.board.forget_book(ticker);
        }
        // Errors say that the client is closed, which the events tell too.
        if !change.begin.is_empty() {
            if let Some(books) = &self.books {
                let _ = books.add_markets(change.begin).await;
            } else {
                let markets = Markets::of(change.begin);
                self.books = self.client.subscribe(Channel::OrderbookDelta, markets).await.ok();
            }
        }
        if let Some(books) = self.books.as_ref().filter(|_| !change.end.is_empty()) {
            let _ = books.delete_markets(change.end).await;
        }
        let count = self.follow.followed().len();
        metrics::books(count);
        self.shared.monitor.update(|status| status.stream.books = count);
    }

    async fn take_several(&mut self, first: Event) {
        let mut next = Some(first);
        let mut last = None;
        for _ in 0..AT_ONCE {
            let Some(event) = next else { break };
            last = Some(event.received);
            self.take(event).await;
            next = self.events.try_next();
        }
        if let Some(event) = next {
            last = Some(event.received);
            self.take(event).await;
        }
        self.shared
            .monitor
            .update(|status| status.stream.last_message = last.or(status.stream.last_message));
        if self.quotes.len() + self.trades.len() >= self.shared.settings.writer.flush_rows {
            self.flush().await;
        }
    }

    async fn take(&mut self, event: Event) {
        let at = event.received;
        match event.kind {
            EventKind::Message(message) => {
                self.take_message(*message, at).await;
                self.tape.hear(at);
            }
            EventKind::State(state) => self.take_state(state, at).await,
            EventKind::Subscribed {
                channel: Channel::Trade,
                ..
            } => {
                let hole = self.tape.subscribed(at);
                self.backfill(hole).await;
            }
            EventKind::Ended { channel, code } => {
                self.lost(channel, at, &format!("the exchange ended it ({code:?})"))
                    .await;
            }
            EventKind::Refused {
                channel,
                refusal,
                tickers,
            } => {
                tracing::error!(%channel, ?refusal, ?tickers, "the exchange refuses a subscription");
            }
            EventKind::Gap {
                channel,
                expected,
                got,
            } => {
                let reason = format!("messages {expected} to {} were lost", got.saturating_sub(1));
                self.skipped(channel, at, reason).await;
            }
            EventKind::Lagged { channel } => self.lagged(channel, at).await,
            EventKind::Undecodable(error) => {
                tracing::warn!(%error, "a message of the stream cannot be read");
                if matches!(&*error, MessageError::Body { kind, .. } if kind == "trade") {
                    self.skipped(Channel::Trade, at, "a trade could not be read".to_owned())
                        .await;
                }
            }
            EventKind::Stale { tickers } => {
                self.shared.board.mark_books_stale(&tickers, at);
                self.record_loss(&tickers, at).await;
            }
            EventKind::Missing { tickers } => tracing::warn!(?tickers, "no snapshots of these books come"),
            EventKind::Complaint(refusal) => tracing::warn!(?refusal, "the exchange complains"),
            EventKind::Subscribed { .. } | EventKind::Unsubscribed { .. } | EventKind::Removed { .. } => {}
        }
    }

    async fn take_message(&mut self, message: ServerMessage, at: Timestamp) {
        self.record(&message, at).await;
        match message.body {
            Body::Ticker(update) => {
                metrics::message("ticker");
                match self.shared.board.take_ticker(&update, at) {
                    Taken::Changed(market) => {
                        let snapshot = rows::snapshot(&market, SnapshotSource::WebSocket);
                        self.quotes.insert(snapshot.ticker.clone(), snapshot);
                    }
                    Taken::Unchanged => {}
                    Taken::Unknown if self.shared.wants.ignores(&update.market_ticker) => {}
                    Taken::Unknown => self.early.quote(update, at),
                }
            }
            Body::Trade(trade) => self.take_trade(trade, at).await,
            Body::OrderbookSnapshot(snapshot) => self.take_snapshot(snapshot, at),
            Body::OrderbookDelta(delta) => self.take_delta(delta, at).await,
            Body::MarketLifecycle(lifecycle) => {
                self.want_event_of(&lifecycle);
                self.take_lifecycle(Body::MarketLifecycle(lifecycle), at);
            }
            Body::MultivariateMarketLifecycle(lifecycle) => {
                self.want_event_of(&lifecycle);
                self.take_lifecycle(Body::MultivariateMarketLifecycle(lifecycle), at);
            }
            body @ (Body::EventLifecycle(_) | Body::EventFeeUpdate(_)) => self.take_lifecycle(body, at),
            _ => self.shared.board.hear(at),
        }
    }

    /// Frames of markets that are recorded go to the recorder as well.
    async fn record(&self, message: &ServerMessage, at: Timestamp) {
        let ticker = message.body.ticker();
        let Some(ticker) = ticker.filter(|ticker| self.follow.recorded().contains(*ticker)) else {
            return;
        };
        if let Some((time, change)) = frames::change(&message.body) {
            self.send_frame(ticker, at, time, (message.sid, message.seq), change)
                .await;
        }
    }

    /// Frames of these markets were lost, as far as they are recorded.
    async fn record_loss(&self, tickers: impl IntoIterator<Item = &Ticker>, at: Timestamp) {
        for ticker in tickers {
            if self.follow.recorded().contains(ticker) {
                self.send_frame(ticker, at, None, (None, None), BookChange::Gap)
                    .await;
            }
        }
    }

    async fn send_frame(
        &self,
        ticker: &Ticker,
        received: Timestamp,
        time: Option<Timestamp>,
        (sid, seq): (Option<u64>, Option<u64>),
        change: BookChange,
    ) {
        let entry = BookEntry {
            ticker: ticker.clone(),
            received,
            time,
            sid,
            seq,
            frame: 0,
            change,
        };
        // An error says that the recorder broke, which ends everything.
        let _ = self.frames.send(entry).await;
    }

    async fn take_trade(&mut self, trade: Trade, at: Timestamp) {
        metrics::message("trade");
        let hole = self.tape.traded(at);
        self.backfill(hole).await;
        if self.shared.fence().is_some() {
            self.trades.push((trade.clone().into(), TradeSource::WebSocket));
        }
        self.shared.board.take_trade(trade, at);
    }

    fn take_snapshot(&self, snapshot: OrderbookSnapshot, at: Timestamp) {
        metrics::message("orderbook_delta");
        // What was on its way when its book was let go is of no use to anybody.
        if self.follow.followed().contains(&snapshot.market_ticker) {
            self.shared.board.take_book_snapshot(snapshot, at);
        }
    }

    async fn take_delta(&self, delta: OrderbookDelta, at: Timestamp) {
        metrics::message("orderbook_delta");
        if !self.follow.followed().contains(&delta.market_ticker) {
            return;
        }
        let ticker = delta.market_ticker.clone();
        match self.shared.board.take_book_delta(delta, at) {
            // A snapshot is on its way already, and has this change.
            Ok(()) | Err(ApplyError::NotSynced(_)) => {}
            Err(error @ ApplyError::Negative(_)) => {
                tracing::warn!(%ticker, %error, "a book contradicts itself; a snapshot is asked for");
                // An error says that the client is closed, which the events tell too.
                let _ = self.client.refresh_books(vec![ticker]).await;
            }
        }
    }

    fn take_lifecycle(&self, body: Body, at: Timestamp) {
        metrics::message("market_lifecycle_v2");
        // What it changes is kept with the answer to this, or with the next sweep.
        let market = body.ticker().cloned();
        match self.shared.board.take_lifecycle(body, at) {
            FollowUp::Event(event) => self.shared.wants.events([event]),
            FollowUp::Market(market) => self.shared.wants.markets([market]),
            FollowUp::Nothing => self.shared.wants.markets(market),
        }
    }

    /// A new market is new to its event as well, perhaps with the event.
    fn want_event_of(&self, lifecycle: &MarketLifecycle) {
        if let (LifecycleEvent::Created, Some(about)) =
            (&lifecycle.event_type, &lifecycle.additional_metadata)
        {
            self.shared.wants.events([about.event_ticker.clone()]);
        }
    }

    async fn take_state(&mut self, state: ConnectionState, at: Timestamp) {
        let link = match state {
            ConnectionState::Connected => Link::Connected,
            ConnectionState::Connecting => Link::Reconnecting {
                attempt: 1,
                next_in: Duration::ZERO,
                reason: "the first connection is being made".to_owned(),
            },
            ConnectionState::Reconnecting {
                attempt,
                delay,
                reason,
            } => Link::Reconnecting {
                attempt,
                next_in: delay,
                reason: reason.to_string(),
            },
            ConnectionState::Failed { reason, probe_in } => Link::Failed {
                reason: reason.to_string(),
                next_in: probe_in,
            },
            ConnectionState::Closed => Link::Off,
        };
        if let Link::Reconnecting { reason, .. } | Link::Failed { reason, .. } = &link
            && self.tape.lose(format!("no connection: {reason}"))
        {
            self.note_open_hole(true);
        }
        metrics::connected(link == Link::Connected);
        if link == Link::Connected {
            self.shared.connections.send_modify(|count| *count += 1);
        }
        let connection = ConnectionStatus { link, since: at };
        self.shared
            .monitor
            .update(|status| status.stream.take(connection.clone()));
        let is_gone = connection.link != Link::Connected;
        self.shared.board.take_connection(connection);
        if is_gone {
            self.record_loss(self.follow.recorded(), at).await;
        }
    }

    /// A subscription is being made anew.
    async fn lost(&mut self, channel: Channel, at: Timestamp, reason: &str) {
        self.count_gap(channel);
        match channel {
            Channel::Trade if self.tape.lose(reason) => {
                self.note_open_hole(true);
            }
            Channel::OrderbookDelta => self.all_books_stale(at).await,
            _ => {}
        }
    }

    /// Messages of a channel were lost, and no more are.
    async fn skipped(&mut self, channel: Channel, at: Timestamp, reason: String) {
        self.count_gap(channel);
        match channel {
            Channel::Trade => {
                let hole = self.tape.skip(at, reason);
                self.backfill(Some(hole)).await;
            }
            Channel::OrderbookDelta => self.all_books_stale(at).await,
            _ => {}
        }
    }

    /// We read too slowly: messages of a channel are dropped until we have caught up.
    async fn lagged(&mut self, channel: Channel, at: Timestamp) {
        self.count_gap(channel);
        match channel {
            Channel::Trade if self.tape.lag() => {
                self.note_open_hole(true);
            }
            Channel::OrderbookDelta => self.all_books_stale(at).await,
            _ => {}
        }
    }

    fn count_gap(&self, channel: Channel) {
        metrics::gap(channel);
        self.shared.monitor.update(|status| status.stream.gaps += 1);
    }

    async fn all_books_stale(&self, at: Timestamp) {
        let all: Vec<Ticker> = self.follow.followed().iter().cloned().collect();
        self.shared.board.mark_books_stale(&all, at);
        self.record_loss(&all, at).await;
    }

    fn resolve_early(&mut self) {
        let unknown: BTreeSet<Ticker> = self.early.resolve(&self.shared.board).into_iter().collect();
        self.shared.wants.markets(unknown);
    }

    /// A hole that is over is a gap in the database before it waits to be filled, so that a crash does not forget it.
    async fn backfill(&mut self, hole: Option<Hole>) {
        let Some(hole) = hole else { return };
        if self.shared.fence().is_none() {
            self.shared.backfilling.forget(hole.from);
            return;
        }
        self.gaps.push(NewGap {
            key: backfill::key(hole.from),
            to: Some(hole.to),
            reason: hole.reason.clone(),
        });
        self.flush().await;
        self.shared.backfilling.fill(hole);
    }

    /// A hole that goes on is a gap in the database, so that it is known after a crash too.
    fn note_open_hole(&mut self, leads: bool) {
        let hole = self.tape.hole();
        let noted = hole.filter(|_| leads && self.shared.fence().is_some());
        if let Some((from, reason)) = noted {
            self.gaps.push(NewGap {
                key: backfill::key(from),
                to: None,
                reason: reason.to_owned(),
            });
            self.shared.backfilling.goes_on(from);
        }
    }

    /// Hands over what has gathered.
    async fn flush(&mut self) {
        let quotes = std::mem::take(&mut self.quotes);
        let batch = Batch {
            snapshots: quotes.into_values().collect(),
            trades: std::mem::take(&mut self.trades),
            gaps: std::mem::take(&mut self.gaps),
            fence: self.shared.fence(),
            ..Batch::default()
        };
        // Who does not lead writes nothing: who leads hears the same.
        if batch.fence.is_some() {
            self.shared.writing.put(batch).await;
        }
    }
}

impl super::StreamStatus {
    fn take(&mut self, connection: ConnectionStatus) {
        match &connection.link {
            Link::Connected => {
                self.connections += 1;
                self.attempts = 0;
                self.circuit = Circuit::Closed;
            }
            Link::Reconnecting { attempt, .. } => {
                self.attempts = *attempt;
                self.circuit = Circuit::Closed;
            }
            Link::Failed { .. } => {
                self.attempts += 1;
                self.circuit = Circuit::Open;
            }
            Link::Off => {}
        }
        self.connection = connection;
    }
}
