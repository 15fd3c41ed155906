//! The exchange, played by hand.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{SinkExt, StreamExt};
use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::connect::{BoxStream, Dialer};
use kmi_kalshi::sign::{GeneratedKey, KeyType, Signer, Verifier};
use kmi_kalshi::ws::{
    Channel, Client, Command, CommandBody, Config, Event, EventKind, Events, Parts, ServerMessage, raw,
};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

pub(crate) const PATH: &str = "/trade-api/ws/v2";

/// Waits longer than anything a test waits for.
pub(crate) const LONG: Duration = Duration::from_mins(30);

pub(crate) struct Fake {
    accepts: mpsc::UnboundedReceiver<DuplexStream>,
    verifier: Verifier,
    /// When each connection was asked for.
    pub(crate) dialed: Arc<Mutex<Vec<Instant>>>,
    /// How many connections to refuse before one is let through.
    pub(crate) refusals: Arc<Mutex<usize>>,
    pub(crate) parts: Option<Parts>,
}

pub(crate) fn config() -> Config {
    let mut config = Config::new(format!("ws://exchange.test{PATH}"));
    config.backoff.jitter_percent = 0;
    config
}

pub(crate) fn ticker(name: &str) -> Ticker {
    name.parse().unwrap()
}

pub(crate) fn tickers(names: &[&str]) -> Vec<Ticker> {
    names.iter().map(|name| ticker(name)).collect()
}

/// The tests' time of day: a fixed morning, moved on by tokio's clock.
pub(crate) fn clock() -> impl Fn() -> Timestamp + Send + Sync + 'static {
    let start = Instant::now();
    move || Timestamp::from_seconds(1_795_237_200).plus(start.elapsed())
}

impl Fake {
    pub(crate) fn new() -> Fake {
        let (sender, accepts) = mpsc::unbounded_channel();
        let dialed: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let refusals: Arc<Mutex<usize>> = Arc::default();
        let (times, left) = (Arc::clone(&dialed), Arc::clone(&refusals));
        let connector = move |_: &str, _: u16| -> BoxFuture<'static, io::Result<BoxStream>> {
            times.lock().unwrap().push(Instant::now());
            let mut left = left.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
            }
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            // A test that has ended accepts nothing.
            let _ = sender.send(theirs);
            Box::pin(async { Ok(Box::new(ours) as BoxStream) })
        };
        let key = GeneratedKey::generate(KeyType::Ed25519).unwrap();
        let parts = Parts {
            dialer: Dialer::new(Arc::new(connector), Duration::from_secs(5)).unwrap(),
            signer: Signer::from_pem("key-1", &key.private_pem).unwrap(),
            clock: Arc::new(clock()),
            seed: 7,
            raw: None,
        };
        Fake {
            accepts,
            verifier: Verifier::from_pem(&key.public_pem).unwrap(),
            dialed,
            refusals,
            parts: Some(parts),
        }
    }

    pub(crate) fn client(&mut self, config: Config) -> (Client, Events) {
        Client::connect(config, self.parts.take().unwrap())
    }

    pub(crate) fn tee(&mut self, bound: usize) -> raw::RawFrames {
        let (tee, frames) = raw::channel(bound);
        self.parts.as_mut().unwrap().raw = Some(tee);
        frames
    }

    /// The next connection, its signature checked.
    pub(crate) async fn accept(&mut self) -> Peer {
        let stream = timeout(LONG, self.accepts.recv()).await.unwrap().unwrap();
        let verifier = self.verifier.clone();
        #[expect(clippy::result_large_err, reason = "the library's callback")]
        let check = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("kalshi-access-key"), "key-1");
            assert_eq!(request.uri().path(), PATH);
            let time: i64 = header("kalshi-access-timestamp").parse().unwrap();
            verifier
                .verify_request(time, "GET", PATH, &header("kalshi-access-signature"))
                .unwrap();
            Ok(response)
        };
        Peer {
            socket: tokio_tungstenite::accept_hdr_async(stream, check).await.unwrap(),
        }
    }

    /// Answers the next handshake with this status.
    pub(crate) async fn refuse(&mut self, status: &str) {
        let mut stream = timeout(LONG, self.accepts.recv()).await.unwrap().unwrap();
        let mut request = [0_u8; 4096];
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut request)
            .await
            .unwrap();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\nsad!");
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

/// The exchange's end of one connection.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<DuplexStream>,
}

impl Peer {
    pub(crate) async fn hear(&mut self) -> Message {
        timeout(LONG, self.socket.next()).await.unwrap().unwrap().unwrap()
    }

    pub(crate) async fn command(&mut self) -> Command {
        loop {
            if let Message::Text(text) = self.hear().await {
                return Command::parse(text.as_bytes()).unwrap();
            }
        }
    }

    /// The next command, which must be this update of `sid`; its id and markets.
    pub(crate) async fn update(&mut self, action: &str, sid: u64) -> (u64, Vec<String>) {
        let Command { id, body } = self.command().await;
        let CommandBody::UpdateSubscription(params) = body else {
            panic!("not an update: {body:?}")
        };
        assert_eq!(params.action.as_deref(), Some(action));
        assert_eq!(params.only_sid(), Ok(sid));
        (id, params.tickers())
    }

    /// The next command, which must subscribe to `channel`; confirmed as `sid`. Its markets.
    pub(crate) async fn confirm(&mut self, channel: Channel, sid: u64) -> Vec<String> {
        let (id, markets) = self.subscription(channel).await;
        self.subscribed(id, channel, sid).await;
        markets
    }

    pub(crate) async fn subscription(&mut self, channel: Channel) -> (u64, Vec<String>) {
        let Command { id, body } = self.command().await;
        let CommandBody::Subscribe(params) = body else {
            panic!("not a subscription: {body:?}")
        };
        assert_eq!(params.channels, [channel.as_str()]);
        assert_eq!(params.use_yes_price.is_some(), channel == Channel::OrderbookDelta);
        (id, params.tickers())
    }

    pub(crate) async fn subscribed(&mut self, id: u64, channel: Channel, sid: u64) {
        let msg = json!({"channel": channel.as_str(), "sid": sid});
        self.say(&json!({"type": "subscribed", "id": id, "msg": msg}))
            .await;
    }

    pub(crate) async fn unsubscribed(&mut self, sid: u64, seq: u64) {
        let Command { id, body } = self.command().await;
        let CommandBody::Unsubscribe(params) = body else {
            panic!("not the end of a subscription: {body:?}")
        };
        assert_eq!(params.sids, [sid]);
        self.say(&json!({"type": "unsubscribed", "id": id, "sid": sid, "seq": seq}))
            .await;
    }

    pub(crate) async fn ok(&mut self, id: u64, sid: u64, seq: u64) {
        self.say(&json!({"type": "ok", "id": id, "sid": sid, "seq": seq}))
            .await;
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// A snapshot with one YES bid and, in YES prices, one NO bid.
    pub(crate) async fn snapshot(&mut self, sid: u64, seq: u64, market: &str, yes: [&str; 2], no: [&str; 2]) {
        let msg = json!({"market_ticker": market, "market_id": "m", "clock": seq,
            "yes_dollars_fp": [yes], "no_dollars_fp": [no]});
        self.say(&json!({"type": "orderbook_snapshot", "sid": sid, "seq": seq, "msg": msg}))
            .await;
    }

    pub(crate) async fn delta(
        &mut self,
        sid: u64,
        seq: u64,
        market: &str,
        side: &str,
        price: &str,
        delta: &str,
    ) {
        let msg = json!({"market_ticker": market, "market_id": "m", "clock": seq + 1_000, "price_dollars": price,
            "delta_fp": delta, "side": side, "ts_ms": 1_795_237_200_000_i64});
        self.say(&json!({"type": "orderbook_delta", "sid": sid, "seq": seq, "msg": msg}))
            .await;
    }

    pub(crate) async fn trade(&mut self, sid: u64, seq: u64, id: &str) {
        let msg = json!({"trade_id": id, "market_ticker": "A", "yes_price_dollars": "0.4000", "no_price_dollars": "0.6000",
            "count_fp": "1.00", "taker_outcome_side": "yes", "ts_ms": 1_795_237_200_000_i64});
        self.say(&json!({"type": "trade", "sid": sid, "seq": seq, "msg": msg}))
            .await;
    }

    pub(crate) async fn fill(&mut self, sid: u64, id: &str) {
        let msg = json!({"trade_id": id, "order_id": "o", "market_ticker": "A", "is_taker": true,
            "yes_price_dollars": "0.4000", "count_fp": "1.00", "fee_cost": "0.016800", "outcome_side": "yes",
            "post_position_fp": "1.00", "ts_ms": 1_795_237_200_000_i64});
        self.say(&json!({"type": "fill", "sid": sid, "msg": msg})).await;
    }

    pub(crate) async fn ticker(&mut self, sid: u64, market: &str, price: &str) {
        let msg = json!({"market_ticker": market, "price_dollars": price, "yes_bid_dollars": price,
            "yes_ask_dollars": "0.9900", "ts_ms": 1_795_237_200_000_i64});
        self.say(&json!({"type": "ticker", "sid": sid, "msg": msg})).await;
    }

    pub(crate) async fn error(&mut self, envelope: Value, code: i64) {
        let mut message = json!({"type": "error", "msg": {"code": code, "msg": "no"}});
        for (key, value) in envelope.as_object().unwrap() {
            message[key] = value.clone();
        }
        self.say(&message).await;
    }

    /// Nothing is heard for a while.
    pub(crate) async fn is_silent(&mut self, time: Duration) -> bool {
        timeout(time, self.socket.next()).await.is_err()
    }
}

pub(crate) async fn next(events: &mut Events) -> Event {
    timeout(LONG, events.next()).await.unwrap().unwrap()
}

/// Reads on to the first event of which `wanted` makes something.
pub(crate) async fn find<T>(events: &mut Events, wanted: impl Fn(&EventKind) -> Option<T>) -> T {
    loop {
        if let Some(found) = wanted(&next(events).await.kind) {
            return found;
        }
    }
}

pub(crate) async fn message(events: &mut Events) -> ServerMessage {
    find(events, |kind| match kind {
        EventKind::Message(message) => Some(message.as_ref().clone()),
        _ => None,
    })
    .await
}
