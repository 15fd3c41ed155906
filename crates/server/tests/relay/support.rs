//! A server with a board that the test fills, and clients that read every word.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use kmi_app::board::{Board, BoardSettings, Sweep};
use kmi_app::ingest::IngestMonitor;
use kmi_domain::{Level, Price, Quantity, Side, Ticker, Timestamp};
use kmi_kalshi::api::market::{Market, StatusWord};
use kmi_kalshi::clock::Clock;
use kmi_kalshi::rest;
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot, ServerMessage, Trade};
use kmi_server::{DoorParts, DoorSettings, Doors, ExchangeKind, LocalToken, RelayAccess, serve};
use kmi_storage::{Store, StoreLocation};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_util::sync::CancellationToken;

/// What programs show instead of a session.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// 2026-11-21T05:00:00Z.
const START_MS: i64 = 1_795_237_200_000;

/// A served relay.
pub(crate) struct House {
    pub(crate) board: Board,
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stop: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
    /// The exchange's clock of all books.
    book_clock: AtomicU64,
    _folder: tempfile::TempDir,
}

/// What is not as usual.
pub(crate) struct Opening {
    pub(crate) settings: DoorSettings,
    pub(crate) board: BoardSettings,
    pub(crate) rest: Option<rest::Client>,
}

impl Default for Opening {
    fn default() -> Opening {
        Opening {
            settings: DoorSettings {
                relay: RelayAccess::Public,
                ..DoorSettings::default()
            },
            board: BoardSettings::default(),
            rest: None,
        }
    }
}

impl House {
    pub(crate) async fn open(opening: Opening) -> House {
        let folder = tempfile::tempdir().unwrap();
        let started = Instant::now();
        let clock: Arc<dyn Clock> = Arc::new(move || {
            let passed = i64::try_from(started.elapsed().as_micros()).unwrap();
            Timestamp::from_micros(START_MS * 1_000 + passed)
        });
        let board = Board::new(opening.board);
        let doors = Doors::new(DoorParts {
            board: board.clone(),
            store: Store::open(StoreLocation::in_folder(folder.path()))
                .await
                .unwrap(),
            ingest: IngestMonitor::idle(),
            rest: opening.rest,
            clock: Arc::clone(&clock),
            entropy: [7; 32],
            token: LocalToken::new(TOKEN),
            exchange: ExchangeKind::Simulator,
            metrics: None,
            settings: opening.settings,
        })
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = tokio::spawn(async move { serve(listener, doors, stopped).await.unwrap() });
        House {
            board,
            address,
            clock,
            stop,
            serving,
            book_clock: AtomicU64::new(1),
            _folder: folder,
        }
    }

    pub(crate) async fn usual() -> House {
        House::open(Opening::default()).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn rest_url(&self) -> String {
        format!("http://{}/trade-api/v2", self.address)
    }

    pub(crate) fn ws_url(&self) -> String {
        format!("ws://{}/trade-api/ws/v2", self.address)
    }

    /// Lists open markets.
    pub(crate) fn list(&self, tickers: &[&str]) {
        let markets = tickers.iter().map(|ticker| market(ticker)).collect();
        self.board.take_sweep(Sweep {
            asked: self.now(),
            markets,
        });
        self.board.end_sweep(self.now());
    }

    /// A whole book from the exchange: YES bids, then NO bids.
    pub(crate) fn snapshot(&self, ticker: &str, yes: &[(&str, &str)], no: &[(&str, &str)]) {
        self.board.take_book_snapshot(
            OrderbookSnapshot {
                market_ticker: self::ticker(ticker),
                market_id: Some(format!("uuid-{ticker}")),
                clock: Some(self.tick()),
                yes_dollars_fp: levels(yes),
                no_dollars_fp: levels(no),
            },
            self.now(),
        );
    }

    /// A change of a book from the exchange.
    pub(crate) fn delta(&self, ticker: &str, side: Side, price: Price, change: Quantity) {
        let delta = OrderbookDelta {
            market_ticker: self::ticker(ticker),
            market_id: Some(format!("uuid-{ticker}")),
            clock: Some(self.tick()),
            price_dollars: price,
            delta_fp: change,
            side,
            client_order_id: Some("ours".to_owned()),
            subaccount: Some(3),
            ts_ms: Some(self.now()),
            ts: None,
        };
        self.board.take_book_delta(delta, self.now()).unwrap();
    }

    /// The next time of the exchange's clock of books, from 1.
    pub(crate) fn tick(&self) -> u64 {
        self.book_clock.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn trade(&self, ticker: &str, id: &str) {
        let text = format!(
            r#"{{"trade_id":"{id}","market_ticker":"{ticker}","yes_price_dollars":"0.4000","no_price_dollars":"0.6000",
                "count_fp":"2.00","taker_outcome_side":"yes","ts_ms":{START_MS}}}"#
        );
        let trade: Trade = serde_json::from_str(&text).unwrap();
        self.board.take_trade(trade, self.now());
    }

    /// A raw client.
    pub(crate) async fn connect(&self) -> Socket {
        Socket(self.open_socket(TcpSocket::new_v4().unwrap()).await)
    }

    /// A raw client whose machine takes little at a time.
    pub(crate) async fn connect_narrow(&self) -> Socket {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        Socket(self.open_socket(socket).await)
    }

    async fn open_socket(&self, socket: TcpSocket) -> WebSocketStream<TcpStream> {
        let stream = socket.connect(self.address).await.unwrap();
        let request = self.ws_url().into_client_request().unwrap();
        tokio_tungstenite::client_async(request, stream).await.unwrap().0
    }
}

/// A raw client.
pub(crate) struct Socket(pub(crate) WebSocketStream<TcpStream>);

impl Socket {
    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message as it came, pings passed over; `None` at the end.
    pub(crate) async fn text(&mut self) -> Option<String> {
        loop {
            match within(self.0.next()).await {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> ServerMessage {
        let text = self.text().await.expect("the connection is open");
        ServerMessage::parse(text.as_bytes()).unwrap()
    }

    /// The next message as JSON, without the time it was sent.
    pub(crate) async fn json(&mut self) -> serde_json::Value {
        let text = self.text().await.expect("the connection is open");
        let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(json["sending_ts_ms"].as_i64().unwrap() >= START_MS, "{json}");
        json.as_object_mut().unwrap().remove("sending_ts_ms");
        json
    }

    /// Says something and hears the answer.
    pub(crate) async fn ask(&mut self, text: &str) -> serde_json::Value {
        self.say(text).await;
        self.json().await
    }
}

/// Waits longer than any machine should need.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_mins(1), future)
        .await
        .expect("it comes within a minute")
}

/// Waits until something is so.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    within(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub(crate) fn ticker(text: &str) -> Ticker {
    text.parse().unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn contracts(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(crate) fn levels(pairs: &[(&str, &str)]) -> Vec<Level> {
    pairs
        .iter()
        .map(|(at, quantity)| Level {
            price: price(at),
            quantity: contracts(quantity),
        })
        .collect()
}

/// An open market, 0.40 bid for 7 and 0.45 asked for 3.
pub(crate) fn market(name: &str) -> Market {
    let mut body = Market::blank(ticker(name), "KXEVENT".parse().unwrap(), StatusWord::Active);
    body.set_quotes(
        Some((price("0.40"), contracts("7"))),
        Some((price("0.45"), contracts("3"))),
    );
    body.close_time = Some("2026-12-24T00:00:00Z".parse().unwrap());
    body
}
