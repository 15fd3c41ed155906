//! The one task that tells everybody what happened: [`Hub`].
//!
//! It alone changes subscriptions, between one batch of events and the next, so that what a client is told after a reply is
//! just what happened after it. Books are read from the exchange at the moment of a snapshot, which may be ahead of the
//! batches still to be told; a market's clock says which changes a snapshot includes already.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::Timestamp;
use kmi_domain::matching::{MarketId, OrderId};
use kmi_kalshi::ws::message::Body;
use kmi_kalshi::ws::{Channel, CommandRefused, ErrorCode};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::audience::{Audience, ConnectionId};
use super::encode::{self, LevelNews};
use super::message::{Encoded, reply};
use super::outbox::{Closing, Outbox};
use super::subscription::{NoPrices, Subscriptions};
use super::{ControlSeq, Member};
use crate::core::{Event, Exchange};
use crate::engine::{Batch, Engine, Feed};
use crate::faults::{Cut, Faults, MessageFault, Sequence};

/// Tickers are told at most this often; in between, the latest wins.
const TICKER_INTERVAL: Duration = Duration::from_millis(20);
/// A fill held back to come late goes out after this even if no other follows.
const LATE_INTERVALS: u32 = 10;
/// Batches told before connections' commands get a turn.
const BATCHES_IN_A_ROW: usize = 64;

/// What connections tell the hub.
pub(super) enum Notice {
    /// One came.
    Join(ConnectionId, Member, Arc<Outbox>),
    /// One said something; its place among what waits is free once it is dealt with.
    Command(ConnectionId, kmi_kalshi::ws::Command, OwnedSemaphorePermit),
    /// One said what nobody understands.
    Refused(ConnectionId, CommandRefused),
    /// One went.
    Leave(ConnectionId),
}

/// A connection as the hub knows it.
pub(super) struct Connection {
    pub(super) member: Member,
    pub(super) outbox: Arc<Outbox>,
    pub(super) subscriptions: Subscriptions,
    /// A fill that a fault makes late, and how many intervals it still waits.
    late: Option<(axum::extract::ws::Utf8Bytes, u32)>,
}

pub(super) struct Hub {
    pub(super) engine: Engine,
    pub(super) faults: Faults,
    pub(super) control_seq: ControlSeq,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) audience: Audience,
    /// Markets whose ticker changed since it was last told.
    changed: BTreeSet<MarketId>,
    found: Vec<ConnectionId>,
    /// Whether a fault of messages was armed when this batch began.
    strikes: bool,
}

impl Hub {
    pub(super) fn new(engine: Engine, faults: Faults, control_seq: ControlSeq) -> Hub {
        Hub {
            engine,
            faults,
            control_seq,
            connections: BTreeMap::new(),
            audience: Audience::default(),
            changed: BTreeSet::new(),
            found: Vec::new(),
            strikes: false,
        }
    }

    /// Tells what happens until nobody can connect any more.
    pub(super) async fn run(
        mut self,
        mut feed: Feed,
        mut notices: mpsc::Receiver<Notice>,
        stop: CancellationToken,
    ) {
        let mut cuts = self.faults.cuts();
        let mut tickers = tokio::time::interval(TICKER_INTERVAL);
        tickers.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                notice = notices.recv() => match notice {
                    Some(notice) => self.heed(notice),
                    None => break,
                },
                batch = feed.recv() => match batch {
                    Ok(batch) => self.tell_many(&batch, &mut feed),
                    Err(RecvError::Lagged(missed)) => self.lost(missed),
                    Err(RecvError::Closed) => break,
                },
                cut = cuts.recv() => self.cut(cut),
                _ = tickers.tick() => {
                    self.tell_tickers();
                    self.tell_late();
                }
            }
        }
        for connection in self.connections.values() {
            connection.outbox.close(Closing::Shutdown);
        }
    }

    fn heed(&mut self, notice: Notice) {
        match notice {
            Notice::Join(id, member, outbox) => {
                let connection = Connection {
                    member,
                    outbox,
                    subscriptions: Subscriptions::default(),
                    late: None,
                };
                self.connections.insert(id, connection);
            }
            Notice::Command(id, command, place) => {
                self.command(id, command);
                drop(place);
            }
            Notice::Refused(id, refused) => {
                let mut refusal = kmi_kalshi::ws::message::Refusal::from(refused.code);
                refusal.msg = refused.message;
                self.answer(id, refused.id, None, None, Body::Error(refusal));
            }
            Notice::Leave(id) => self.leave(id),
        }
    }

    /// False once a connection is gone or going: nothing more needs to be made for it.
    pub(super) fn is_open(&self, id: ConnectionId) -> bool {
        self.connections
            .get(&id)
            .is_some_and(|connection| !connection.outbox.is_closing())
    }

    fn leave(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.remove(&id) {
            for subscription in connection.subscriptions.iter() {
                self.audience.forget(subscription, id);
            }
        }
    }

    /// Queues a reply; a client that does not even read replies is cut off.
    pub(super) fn answer(
        &mut self,
        id: ConnectionId,
        command: Option<u64>,
        sid: Option<u64>,
        seq: Option<u64>,
        body: Body,
    ) {
        let now = self.engine.now();
        if let Some(connection) = self.connections.get(&id)
            && connection
                .outbox
                .push(reply(command, sid, seq, body, now))
                .is_err()
        {
            connection.outbox.close(Closing::TooSlow);
        }
    }

    /// Tells a batch and those waiting behind it. The exchange is looked at for one batch at a time, so that commands need not
    /// wait for a crowd of listeners.
    fn tell_many(&mut self, first: &Batch, feed: &mut Feed) {
        self.strikes = self.faults.has_message_faults();
        let engine = self.engine.clone();
        engine.read(|view| self.tell(first, view.exchange));
        for _ in 0..BATCHES_IN_A_ROW {
            match feed.try_recv() {
                Ok(batch) => engine.read(|view| self.tell(&batch, view.exchange)),
                Err(TryRecvError::Lagged(missed)) => self.lost(missed),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
    }

    /// Tells one batch. The exchange may be ahead of it: what can change is taken from the events alone.
    fn tell(&mut self, batch: &Batch, exchange: &Exchange) {
        if self.connections.is_empty() {
            return;
        }
        let owners = owners(batch);
        for event in &batch.events {
            self.tell_event(event, batch.now, exchange, &owners);
        }
    }

    fn tell_event(&mut self, event: &Event, now: Timestamp, exchange: &Exchange, owners: &Owners<'_>) {
        match event {
            Event::Level {
                market,
                clock,
                side,
                price,
                change,
                cause,
                ..
            } => {
                self.changed.insert(*market);
                let news = LevelNews {
                    market: *market,
                    clock: *clock,
                    side: *side,
                    price: *price,
                    change: *change,
                    time: now,
                };
                let owner = cause.and_then(|order| owners.get(&order).copied());
                self.tell_level(&news, owner, exchange);
            }
            Event::BookReplaced { market, .. } => {
                self.changed.insert(*market);
                self.tell_book(*market, exchange);
            }
            Event::Trade(record) => {
                self.changed.insert(record.market);
                if self.audience.has_any(Channel::Trade)
                    && let Some(trade) = encode::trade(exchange, record)
                {
                    self.tell_market(Channel::Trade, record.market, &Body::Trade(trade), now);
                }
            }
            Event::Fill(record) => {
                if let Some(fill) = encode::fill(exchange, record) {
                    let body = Body::Fill(Box::new(fill));
                    self.tell_account(Channel::Fill, Some(record.market), record.account, &body, now);
                }
            }
            Event::Order(change) => {
                let order = &change.order;
                if self.audience.has_any(Channel::UserOrders) {
                    let body = Body::UserOrder(Box::new(encode::user_order(exchange, change)));
                    self.tell_account(Channel::UserOrders, Some(order.market), order.account, &body, now);
                }
            }
            Event::Position(state) => {
                if self.audience.has_any(Channel::MarketPositions) {
                    let body = Body::MarketPosition(Box::new(encode::position(exchange, state)));
                    self.tell_account(
                        Channel::MarketPositions,
                        Some(state.market),
                        state.account,
                        &body,
                        now,
                    );
                }
            }
            Event::Group {
                account,
                group,
                event,
            } => {
                let body = Body::OrderGroupUpdate(encode::group(exchange, group.0, event, now));
                self.tell_account(Channel::OrderGroupUpdates, None, *account, &body, now);
            }
            Event::EventListed(_) | Event::MarketListed(_) | Event::Market(..) => {
                if let Some(body) = encode::lifecycle(exchange, event, now) {
                    self.tell_all(Channel::MarketLifecycle, &body, now);
                }
            }
            Event::Transfer(_)
            | Event::SeriesListed(_)
            | Event::UserOpened(_)
            | Event::Settlement(_)
            | Event::Cash(_)
            | Event::Paused { .. } => {}
        }
    }

    fn tell_level(&mut self, news: &LevelNews, owner: Option<Owner<'_>>, exchange: &Exchange) {
        let mut found = std::mem::take(&mut self.found);
        self.audience
            .of_market(Channel::OrderbookDelta, news.market, &mut found);
        let mut forms: Vec<((NoPrices, bool), Encoded)> = Vec::new();
        for id in &found {
            let Some(connection) = self.connections.get_mut(id) else {
                continue;
            };
            let is_own = owner.is_some_and(|owner| connection.member.may_see(owner.account));
            let Some(subscription) = connection.subscriptions.get(Channel::OrderbookDelta) else {
                continue;
            };
            if !subscription.is_news(news.market, news.clock) {
                continue;
            }
            let key = (subscription.no_prices, is_own);
            let index = forms
                .iter()
                .position(|(form, _)| *form == key)
                .unwrap_or_else(|| {
                    let mut delta = encode::delta(exchange, news, key.0);
                    if let Some(owner) = owner.filter(|_| is_own) {
                        delta.client_order_id = owner.client_order_id.map(str::to_owned);
                        delta.subaccount = Some(owner.account.subaccount.number());
                    }
                    forms.push((key, Encoded::new(&Body::OrderbookDelta(delta), news.time)));
                    forms.len() - 1
                });
            self.send(*id, Channel::OrderbookDelta, &mut forms[index].1);
        }
        self.found = found;
    }

    /// A whole book to all who listen to it, as it stands.
    fn tell_book(&mut self, market: MarketId, exchange: &Exchange) {
        let mut found = std::mem::take(&mut self.found);
        self.audience
            .of_market(Channel::OrderbookDelta, market, &mut found);
        for id in &found {
            self.send_snapshot(*id, market, exchange);
        }
        self.found = found;
    }

    /// Sends the book of a market as it stands, and remembers which changes it includes.
    pub(super) fn send_snapshot(&mut self, id: ConnectionId, market: MarketId, exchange: &Exchange) {
        let now = self.engine.now();
        let Some(subscription) = self
            .connections
            .get_mut(&id)
            .and_then(|connection| connection.subscriptions.get(Channel::OrderbookDelta))
        else {
            return;
        };
        subscription.sent_snapshot(market, exchange.market(market).clock);
        let body = Body::OrderbookSnapshot(encode::snapshot(exchange, market, subscription.no_prices));
        self.send(id, Channel::OrderbookDelta, &mut Encoded::new(&body, now));
    }

    /// Tells all who listen to a market of a channel.
    fn tell_market(&mut self, channel: Channel, market: MarketId, body: &Body, now: Timestamp) {
        let mut found = std::mem::take(&mut self.found);
        self.audience.of_market(channel, market, &mut found);
        if !found.is_empty() {
            let mut encoded = Encoded::new(body, now);
            for id in &found {
                self.send(*id, channel, &mut encoded);
            }
        }
        self.found = found;
    }

    /// Tells all who listen to a channel without markets.
    fn tell_all(&mut self, channel: Channel, body: &Body, now: Timestamp) {
        let mut found = std::mem::take(&mut self.found);
        self.audience.everywhere(channel, &mut found);
        let mut encoded = Encoded::new(body, now);
        for id in &found {
            self.send(*id, channel, &mut encoded);
        }
        self.found = found;
    }

    /// Tells those who listen to a channel and may see the account.
    fn tell_account(
        &mut self,
        channel: Channel,
        market: Option<MarketId>,
        account: crate::core::Account,
        body: &Body,
        now: Timestamp,
    ) {
        let mut found = std::mem::take(&mut self.found);
        match market {
            Some(market) => self.audience.of_market(channel, market, &mut found),
            None => self.audience.everywhere(channel, &mut found),
        }
        found.retain(|id| {
            self.connections
                .get(id)
                .is_some_and(|it| it.member.may_see(account))
        });
        if !found.is_empty() {
            let mut encoded = Encoded::new(body, now);
            for id in &found {
                self.send(*id, channel, &mut encoded);
            }
        }
        self.found = found;
    }

    fn tell_tickers(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() || !self.audience.has_any(Channel::Ticker) {
            return;
        }
        let mut listeners = Vec::new();
        let mut told = Vec::new();
        // Only reading happens under the lock; encoding and queueing wait until it is free.
        let now = self.engine.read(|view| {
            for market in changed {
                self.audience.of_market(Channel::Ticker, market, &mut listeners);
                if !listeners.is_empty() {
                    told.push((market, encode::ticker(view.exchange, market, view.now)));
                }
            }
            view.now
        });
        for (market, ticker) in told {
            self.tell_market(Channel::Ticker, market, &Body::Ticker(ticker), now);
        }
    }

    /// Sends the ticker of a market as it stands to one connection.
    pub(super) fn send_ticker(&mut self, id: ConnectionId, market: MarketId, exchange: &Exchange) {
        let now = self.engine.now();
        let body = Body::Ticker(encode::ticker(exchange, market, now));
        self.send(id, Channel::Ticker, &mut Encoded::new(&body, now));
    }

    fn tell_late(&mut self) {
        for connection in self.connections.values_mut() {
            if let Some((frame, wait)) = connection.late.take() {
                if wait == 0 {
                    connection.send_own(frame);
                } else {
                    connection.late = Some((frame, wait - 1));
                }
            }
        }
    }

    /// Queues a message for one connection's subscription; faults strike here.
    fn send(&mut self, id: ConnectionId, channel: Channel, encoded: &mut Encoded) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let Some(subscription) = connection.subscriptions.get(channel) else {
            return;
        };
        let (sid, seq) = (subscription.sid, subscription.next_seq());
        let sequence = if seq.is_some() {
            Sequence::Numbered
        } else {
            Sequence::Free
        };
        let fault = if self.strikes {
            self.faults
                .on_message(channel.as_str(), &connection.member.account_name, sequence)
        } else {
            None
        };
        let frame = encoded.for_subscription(sid, seq);
        match fault {
            Some(MessageFault::Lost) => {}
            Some(MessageFault::Late) if connection.late.is_none() => {
                connection.late = Some((frame, LATE_INTERVALS));
            }
            Some(MessageFault::Twice) => {
                connection.send_own(frame.clone());
                connection.send_own(frame);
            }
            _ if channel.is_private() => {
                connection.send_own(frame);
                if channel == Channel::Fill
                    && let Some((late, _)) = connection.late.take()
                {
                    connection.send_own(late);
                }
            }
            _ => {
                if connection.outbox.push(frame).is_err() {
                    self.end(id, sid, ErrorCode::BufferOverflow);
                }
            }
        }
    }

    /// Ends a subscription with its last word.
    fn end(&mut self, id: ConnectionId, sid: u64, code: ErrorCode) {
        let now = self.engine.now();
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if let Some(mut ended) = connection.subscriptions.remove(sid) {
            let seq = ended.next_seq();
            let word = reply(None, Some(sid), seq, Body::Error(code.into()), now);
            connection.outbox.push_last_word(word);
            self.audience.forget(&ended, id);
        }
    }

    /// The hub itself fell behind: nothing can be vouched for, so every subscription ends.
    fn lost(&mut self, missed: u64) {
        tracing::warn!(
            missed,
            "the stream fell behind the exchange; all subscriptions end"
        );
        let all: Vec<(ConnectionId, u64)> = self
            .connections
            .iter()
            .flat_map(|(id, connection)| connection.subscriptions.iter().map(|it| (*id, it.sid)))
            .collect();
        for (id, sid) in all {
            self.end(id, sid, ErrorCode::ChannelError);
        }
    }

    fn cut(&mut self, cut: Result<Cut, broadcast::error::RecvError>) {
        let Ok(cut) = cut else { return };
        for connection in self.connections.values() {
            let is_meant = cut
                .account
                .as_ref()
                .is_none_or(|name| *name == connection.member.account_name)
                && (!cut.private_only || connection.subscriptions.has_private());
            if is_meant {
                connection.outbox.close(Closing::Cut);
            }
        }
    }
}

impl Connection {
    /// Queues what is never dropped: without room for it, the connection ends, and the client reads what it missed.
    fn send_own(&self, frame: axum::extract::ws::Utf8Bytes) {
        if self.outbox.push(frame).is_err() {
            self.outbox.close(Closing::TooSlow);
        }
    }
}

/// Whose an order is, as far as a batch says.
#[derive(Clone, Copy)]
struct Owner<'a> {
    account: crate::core::Account,
    client_order_id: Option<&'a str>,
}

type Owners<'a> = BTreeMap<OrderId, Owner<'a>>;

/// Owners of the orders a batch tells of: the house's orders are nobody's.
fn owners(batch: &Batch) -> Owners<'_> {
    let mut owners = Owners::new();
    for event in &batch.events {
        if let Event::Order(change) = event {
            let owner = Owner {
                account: change.order.account,
                client_order_id: change.order.client_order_id.as_deref(),
            };
            owners.insert(change.order.order, owner);
        }
    }
    owners
}
