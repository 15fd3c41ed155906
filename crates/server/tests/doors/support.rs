//! Doors on loopback with a board filled by hand, and a client that sends exactly what it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use kmi_app::board::{Board, BoardSettings, Sweep};
use kmi_app::hub::{ConnectionStatus, Link};
use kmi_app::ingest::IngestMonitor;
use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::rest;
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot, TickerUpdate, Trade};
use kmi_server::{DoorParts, DoorSettings, Doors, ExchangeKind, LocalToken, ServeError, serve};
use kmi_storage::{Store, StoreLocation};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What programs of the tests show.
pub(crate) const TOKEN: &str = "a-token-of-at-least-thirty-two-characters";
/// When the tests begin.
pub(crate) const START: i64 = 1_795_000_000;

/// Longest wait for what must come; long, for the machine may be busy with others.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Doors that let people in.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) board: Board,
    pub(crate) doors: Doors,
    pub(crate) store: Store,
    pub(crate) stop: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
    clock: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

/// Doors as they are by default.
pub(crate) async fn served() -> Served {
    served_with(DoorSettings::default(), BoardSettings::default()).await
}

/// Doors set up in some way.
pub(crate) async fn served_with(settings: DoorSettings, board: BoardSettings) -> Served {
    served_before(settings, board, None).await
}

/// Doors that may ask an exchange.
pub(crate) async fn served_before(
    settings: DoorSettings,
    board: BoardSettings,
    exchange: Option<rest::Client>,
) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreLocation::in_folder(folder.path()))
        .await
        .unwrap();
    let clock = Arc::new(AtomicI64::new(START * 1_000_000));
    let board = Board::new(board);
    let mut parts = parts(settings, &board, &store, &clock);
    parts.rest = exchange;
    let doors = Doors::new(parts).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stop = CancellationToken::new();
    Served {
        address: listener.local_addr().unwrap(),
        task: tokio::spawn(serve(listener, doors.clone(), stop.clone())),
        board,
        doors,
        store,
        stop,
        clock,
        _folder: folder,
    }
}

pub(crate) fn parts(
    settings: DoorSettings,
    board: &Board,
    store: &Store,
    clock: &Arc<AtomicI64>,
) -> DoorParts {
    let time = Arc::clone(clock);
    DoorParts {
        board: board.clone(),
        store: store.clone(),
        ingest: IngestMonitor::idle(),
        rest: None,
        clock: Arc::new(move || Timestamp::from_micros(time.load(Ordering::SeqCst))),
        entropy: [42; 32],
        token: LocalToken::new(TOKEN),
        exchange: ExchangeKind::Simulator,
        metrics: None,
        settings,
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a refusal, whose shape is checked.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        let error = json["error"]
            .as_object()
            .unwrap_or_else(|| panic!("no refusal: {json}"));
        assert!(
            error["message"].is_string() && error["retryable"].is_boolean(),
            "{json}"
        );
        assert_eq!(error["request_id"], self.header("x-request-id"), "{json}");
        assert_eq!(self.header("content-type"), "application/json");
        error["code"].as_str().unwrap().to_owned()
    }

    /// Tickers of a list of markets.
    pub(crate) fn tickers(&self) -> Vec<String> {
        let json = self.json();
        let items = json["items"].as_array().unwrap().iter();
        items
            .map(|item| item["ticker"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Who asks the doors at an address.
#[derive(Clone, Copy)]
pub(crate) struct Client {
    address: SocketAddr,
}

impl Client {
    /// Asks the doors there.
    pub(crate) const fn at(address: SocketAddr) -> Client {
        Client { address }
    }

    /// Sends a request with the right host and these headers besides; a header `host` takes the place of the right one.
    pub(crate) async fn send(self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let answer = tokio::time::timeout(PATIENCE, async {
            let (parts, body) = self.open(method, path, headers, body).await.into_parts();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.collect().await.unwrap().to_bytes(),
            }
        });
        answer.await.expect("an answer comes")
    }

    /// Sends a request and does not read the answer's body.
    pub(crate) async fn open(
        self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> http::Response<hyper::body::Incoming> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.address.to_string());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(Full::new(Bytes::copy_from_slice(body.as_bytes())))
            .unwrap();
        sender.send_request(request).await.unwrap()
    }
}

impl Served {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// As [`Client::send`].
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        Client::at(self.address).send(method, path, headers, body).await
    }

    /// The same with the token of programs.
    pub(crate) async fn with_token(&self, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        self.send(method, path, &headers, body).await
    }

    /// Sends a request and does not read the answer's body.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> http::Response<hyper::body::Incoming> {
        Client::at(self.address).open(method, path, headers, body).await
    }

    /// Begins a session by a one-time link; the cookie as the browser sends it back.
    pub(crate) async fn session(&self) -> String {
        let link = self.doors.session_link(self.address);
        let path = link.strip_prefix(&format!("http://{}", self.address)).unwrap();
        let answer = self.get(path).await;
        assert_eq!(answer.status, 303);
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    /// Lists markets with their event and series: bid, ask and volume of the last day of each.
    pub(crate) fn list(&self, markets: &[(&str, &str, &str, &str)]) {
        self.board.take_series(vec![
            serde_json::from_value(json!({
                "ticker": "KXHIGH", "title": "Highest temperature", "category": "Climate and Weather",
                "fee_type": "quadratic", "fee_multiplier": 1, "frequency": "daily",
            }))
            .unwrap(),
        ]);
        self.board.take_events(vec![
            serde_json::from_value(json!({
                "event_ticker": "KXHIGH-26NOV21", "series_ticker": "KXHIGH", "title": "Highest temperature on Nov 21?",
                "sub_title": "Nov 21", "collateral_return_type": "MECNET", "mutually_exclusive": true,
                "category": "Climate and Weather",
            }))
            .unwrap(),
        ]);
        let bodies = markets
            .iter()
            .map(|(ticker, bid, ask, day)| body(ticker, bid, ask, day));
        self.board.take_sweep(Sweep {
            asked: self.now(),
            markets: bodies.collect(),
        });
        self.board.end_sweep(self.now());
    }

    /// Quotes a market anew through the stream.
    pub(crate) fn quote(&self, ticker: &str, bid: &str, ask: &str) {
        let update: TickerUpdate = serde_json::from_value(json!({
            "market_ticker": ticker, "price_dollars": bid, "yes_bid_dollars": bid, "yes_ask_dollars": ask,
            "yes_bid_size_fp": "7.00", "yes_ask_size_fp": "8.00", "ts_ms": self.now().millis(),
        }))
        .unwrap();
        self.board.take_ticker(&update, self.now());
    }

    pub(crate) fn trade(&self, id: &str, ticker: &str, price: &str) {
        let trade: Trade = serde_json::from_value(json!({
            "trade_id": id, "market_ticker": ticker, "yes_price_dollars": price, "no_price_dollars": "0.5000",
            "count_fp": "3.00", "taker_outcome_side": "yes", "ts_ms": self.now().millis(),
        }))
        .unwrap();
        self.board.take_trade(trade, self.now());
    }

    pub(crate) fn whole_book(&self, ticker: &str) {
        let snapshot: OrderbookSnapshot = serde_json::from_value(json!({
            "market_ticker": ticker,
            "yes_dollars_fp": [["0.4000", "5.00"], ["0.4200", "13.00"]],
            "no_dollars_fp": [["0.5000", "2.00"], ["0.5500", "4.00"]],
        }))
        .unwrap();
        self.board.take_book_snapshot(snapshot, self.now());
    }

    pub(crate) fn change_book(&self, ticker: &str, price: &str, change: &str) {
        let delta: OrderbookDelta = serde_json::from_value(json!({
            "market_ticker": ticker, "price_dollars": price, "delta_fp": change, "side": "yes",
        }))
        .unwrap();
        self.board.take_book_delta(delta, self.now()).unwrap();
    }

    /// The stream connects.
    pub(crate) fn connect(&self) {
        self.board.take_connection(ConnectionStatus {
            link: Link::Connected,
            since: self.now(),
        });
    }
}

/// A market as the exchange lists it.
pub(crate) fn body(ticker: &str, bid: &str, ask: &str, day: &str) -> kmi_kalshi::api::market::Market {
    let ask_of_no = if bid == "0.0000" { "1.0000" } else { "0.6000" };
    serde_json::from_value(json!({
        "ticker": ticker, "event_ticker": "KXHIGH-26NOV21", "status": "active", "yes_sub_title": "60° or above",
        "yes_bid_dollars": bid, "yes_ask_dollars": ask, "no_bid_dollars": "0.0000", "no_ask_dollars": ask_of_no,
        "yes_bid_size_fp": "10.00", "yes_ask_size_fp": "20.00", "last_price_dollars": "0.4100",
        "volume_fp": "1000.00", "volume_24h_fp": day, "open_interest_fp": "500.00",
        "open_time": "2026-11-01T00:00:00Z", "close_time": "2027-01-01T00:00:00Z",
    }))
    .unwrap()
}

pub(crate) fn ticker(text: &str) -> Ticker {
    text.parse().unwrap()
}
