//! The task behind a client: it connects, feeds the protocol, and connects again.

mod backoff;
mod link;
mod pace;
mod protocol;
mod sequence;

use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{Ticker, Timestamp};
use rand::rngs::StdRng;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use self::backoff::{Failures, Wait};
use self::link::{Heard, Link};
use self::pace::Pace;
use self::protocol::{Protocol, Told};
use super::queue::{Pushed, Routed, Writer};
use super::raw::RawFrame;
use super::{
    Channel, Config, ConnectionState, Disconnect, Event, EventKind, Markets, Parts, ServerMessage,
    SubscriptionState,
};

/// What a handle wants.
#[derive(Debug)]
pub(super) enum Order {
    Subscribe {
        channel: Channel,
        markets: Markets,
        reply: oneshot::Sender<watch::Receiver<SubscriptionState>>,
    },
    Add {
        channel: Channel,
        tickers: Vec<Ticker>,
    },
    Delete {
        channel: Channel,
        tickers: Vec<Ticker>,
    },
    Unsubscribe {
        channel: Channel,
    },
    Refresh(Vec<Ticker>),
    Close,
}

/// Why a connection is no longer served.
enum End {
    /// Its owner wants no more.
    Closed,
    Lost(Disconnect),
}

impl From<Disconnect> for End {
    fn from(reason: Disconnect) -> End {
        End::Lost(reason)
    }
}

/// The task behind a client.
pub(super) struct Session {
    config: Config,
    parts: Parts,
    failures: Failures,
    protocol: Protocol,
    writer: Writer,
    orders: mpsc::Receiver<Order>,
    state: watch::Sender<ConnectionState>,
    /// Number of the connection, from 1.
    connection: u64,
}

impl Session {
    pub(super) fn new(
        config: Config,
        parts: Parts,
        rng: StdRng,
        writer: Writer,
        orders: mpsc::Receiver<Order>,
        state: watch::Sender<ConnectionState>,
    ) -> Session {
        Session {
            failures: Failures::new(config.backoff, rng),
            protocol: Protocol::new(&config),
            config,
            parts,
            writer,
            orders,
            state,
            connection: 0,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let opened = self.open().await;
            let since = Instant::now();
            let end = match opened {
                Ok(link) => self.serve(link).await,
                Err(end) => end,
            };
            let End::Lost(reason) = end else { break };
            let lasted = self
                .protocol
                .serves_since(since)
                .map_or(Duration::ZERO, |since| since.elapsed());
            self.protocol.disconnected();
            if !self.wait(reason, lasted).await {
                break;
            }
        }
        self.change_state(ConnectionState::Closed);
    }

    /// Opens a connection, listening to handles meanwhile; not before the reader has room for what it would tell.
    async fn open(&mut self) -> Result<Link, End> {
        while self.writer.is_full() {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if !obey(&mut self.protocol, order) {
                        return Err(End::Closed);
                    }
                }
                () = self.writer.taken() => {}
            }
        }
        let opening = Link::open(&self.config, &self.parts);
        tokio::pin!(opening);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if !obey(&mut self.protocol, order) {
                        return Err(End::Closed);
                    }
                }
                link = &mut opening => return Ok(link?),
            }
        }
    }

    /// Waits after losing a connection that served for `lasted`; false when the owner wants no other.
    async fn wait(&mut self, reason: Disconnect, lasted: Duration) -> bool {
        let reason = Arc::new(reason);
        let wait = if reason.is_refusal_of_key() {
            self.failures.probe()
        } else {
            self.failures.wait_after(reason.served(lasted))
        };
        let delay = match wait {
            Wait::Retry { attempt, delay } => {
                self.change_state(ConnectionState::Reconnecting {
                    attempt,
                    delay,
                    reason,
                });
                delay
            }
            Wait::Probe(probe_in) => {
                self.change_state(ConnectionState::Failed { reason, probe_in });
                probe_in
            }
        };
        let until = Instant::now() + delay;
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if !obey(&mut self.protocol, order) {
                        return false;
                    }
                }
                () = sleep_until(until) => return true,
            }
        }
    }

    async fn serve(&mut self, mut link: Link) -> End {
        self.connection += 1;
        self.protocol.connected();
        self.change_state(ConnectionState::Connected);
        let mut pace = Pace::new(self.config.bounds.commands_per_second, Instant::now());
        loop {
            match self.step(&mut link, &mut pace).await {
                Ok(()) => {}
                Err(End::Closed) => {
                    link.close().await;
                    return End::Closed;
                }
                Err(lost @ End::Lost(_)) => {
                    self.tell(self.parts.clock.now());
                    return lost;
                }
            }
        }
    }

    /// Sends what is to be sent, waits for one thing to happen and takes it in.
    async fn step(&mut self, link: &mut Link, pace: &mut Pace) -> Result<(), End> {
        if self.protocol.is_paused() && self.writer.has_caught_up() {
            self.protocol.resume_books();
        }
        let wake_at = self.send_commands(link, pace).await?;
        self.tell(self.parts.clock.now());
        self.make_room(link).await?;
        let paused = self.protocol.is_paused();
        tokio::select! {
            biased;
            order = self.orders.recv() => {
                if !obey(&mut self.protocol, order) {
                    return Err(End::Closed);
                }
            }
            () = sleep_until(wake_at) => {
                let now = Instant::now();
                self.protocol.tick(now)?;
                link.keep_alive(now).await?;
            }
            () = self.writer.taken(), if paused => {}
            heard = link.hear() => {
                if let Heard::Text(text) = heard? {
                    self.take_in(link, text).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends commands as the pace allows; gives when to look again.
    async fn send_commands(&mut self, link: &mut Link, pace: &mut Pace) -> Result<Instant, Disconnect> {
        loop {
            let now = Instant::now();
            let deadline = self
                .protocol
                .next_deadline()
                .map_or(link.next_deadline(), |at| at.min(link.next_deadline()));
            let free_at = pace.free_at();
            if free_at > now {
                return Ok(deadline.min(free_at));
            }
            let Some(command) = self.protocol.next_command(now) else {
                // The deadline may have been made of what the call has just settled; being early does no harm.
                return Ok(deadline);
            };
            pace.spend(now);
            link.say(command.to_json()).await?;
        }
    }

    async fn take_in(&mut self, link: &mut Link, text: Utf8Bytes) -> Result<(), End> {
        let received = self.parts.clock.now();
        self.record(link, received, &text).await?;
        match ServerMessage::parse(text.as_bytes()) {
            Ok(message) => self.protocol.message(message, Instant::now())?,
            Err(error) => {
                tracing::warn!(%error, "a message of the exchange cannot be read");
                let market = market_of(&text);
                self.protocol
                    .undecodable(error, market.as_ref(), Instant::now())?;
            }
        }
        self.tell(received);
        Ok(())
    }

    /// Hands a frame as it came to whoever wants it, listening to handles while there is no room.
    async fn record(&mut self, link: &mut Link, received: Timestamp, text: &Utf8Bytes) -> Result<(), End> {
        let Some(raw) = &self.parts.raw else {
            return Ok(());
        };
        let putting = raw.put(RawFrame {
            received,
            connection: self.connection,
            text: text.clone(),
        });
        tokio::pin!(putting);
        let limit = self.config.timeouts.stall;
        let until = Instant::now() + limit;
        loop {
            tokio::select! {
                biased;
                () = &mut putting => break,
                order = self.orders.recv() => {
                    if !obey(&mut self.protocol, order) {
                        return Err(End::Closed);
                    }
                }
                () = sleep_until(until) => return Err(Disconnect::Stalled(limit).into()),
            }
        }
        link.resume();
        Ok(())
    }

    /// Hands what happened to the reader.
    fn tell(&mut self, received: Timestamp) {
        let mut all = self.protocol.take_events();
        while !all.is_empty() {
            for told in all {
                self.tell_one(told, received);
            }
            // Telling may have dropped books, which is an event too.
            all = self.protocol.take_events();
        }
    }

    fn tell_one(&mut self, told: Told, received: Timestamp) {
        let connection = self.connection;
        let routed = |Told { kind, channel }| Routed {
            event: Event {
                received,
                connection,
                kind,
            },
            channel,
        };
        match self.writer.push(routed(told)) {
            Pushed::BooksDropped => self.protocol.pause_books(),
            Pushed::TapeDropped(channel) => {
                self.writer
                    .push(routed(Told::plain(EventKind::Lagged { channel })));
            }
            Pushed::Kept | Pushed::Dropped => {}
        }
    }

    /// Reads nothing more while the reader has its hands full of its own fills and orders; listens to handles, one of which the
    /// reader itself may be waiting on.
    async fn make_room(&mut self, link: &mut Link) -> Result<(), End> {
        if !self.writer.is_full() {
            return Ok(());
        }
        let limit = self.config.timeouts.stall;
        let until = Instant::now() + limit;
        while self.writer.is_full() {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if !obey(&mut self.protocol, order) {
                        return Err(End::Closed);
                    }
                }
                () = self.writer.taken() => {}
                () = sleep_until(until) => return Err(Disconnect::Stalled(limit).into()),
            }
        }
        link.resume();
        Ok(())
    }

    fn change_state(&mut self, state: ConnectionState) {
        match &state {
            ConnectionState::Reconnecting { delay, reason, .. } => {
                tracing::warn!(%reason, ?delay, "lost the exchange's stream");
            }
            ConnectionState::Failed { reason, probe_in } => {
                tracing::error!(%reason, ?probe_in, "the exchange's stream cannot be had");
            }
            ConnectionState::Connected => tracing::info!(connection = self.connection, "connected"),
            ConnectionState::Connecting | ConnectionState::Closed => {}
        }
        let received = self.parts.clock.now();
        self.tell(received);
        self.tell_one(Told::plain(EventKind::State(state.clone())), received);
        self.state.send_replace(state);
    }
}

/// Does what a handle wants; false when that is the end, as it is when there is no handle left.
fn obey(protocol: &mut Protocol, order: Option<Order>) -> bool {
    match order {
        None | Some(Order::Close) => return false,
        Some(Order::Subscribe {
            channel,
            markets,
            reply,
        }) => {
            let state = protocol.subscribe(channel, markets);
            // Whoever asked may have stopped waiting.
            let _ = reply.send(state);
        }
        Some(Order::Add { channel, tickers }) => protocol.add_markets(channel, tickers),
        Some(Order::Delete { channel, tickers }) => protocol.delete_markets(channel, &tickers),
        Some(Order::Unsubscribe { channel }) => protocol.unsubscribe(channel),
        Some(Order::Refresh(tickers)) => protocol.refresh(&tickers),
    }
    true
}

/// The market of a message that cannot be read, if that much can be.
fn market_of(text: &str) -> Option<Ticker> {
    #[derive(Deserialize)]
    struct Outer {
        msg: Inner,
    }
    #[derive(Deserialize)]
    struct Inner {
        market_ticker: String,
    }
    let outer: Outer = serde_json::from_str(text).ok()?;
    Ticker::new(outer.msg.market_ticker).ok()
}
