//! B6: reads over REST from 16 connections while 5,800 quotes a second come in: 100 markets, one book.
//!
//! The server runs in a process of its own; the load comes from this one, by threads that block, each with a connection.
//! `cargo bench -p kmi-server --bench b6_rest [-- --runs 5] [--seconds 5]`

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kmi_app::board::{Board, BoardSettings, Sweep};
use kmi_app::hub::{ConnectionStatus, Link};
use kmi_app::ingest::IngestMonitor;
use kmi_domain::Timestamp;
use kmi_kalshi::api::market::Market;
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot, TickerUpdate};
use kmi_server::{DoorParts, DoorSettings, Doors, ExchangeKind, LocalToken, serve};
use kmi_storage::{Store, StoreLocation};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

type Anyhow = Box<dyn Error + Send + Sync>;

const CONNECTIONS: usize = 16;
const MARKETS: usize = 20_000;
/// Quotes that come in every ten milliseconds: 5,800 a second.
const QUOTES: usize = 58;
const LIST: &str = "/api/v1/markets?limit=100";
const BOOK: &str = "/api/v1/markets/KXBENCH-00000/orderbook";

fn main() -> Result<(), Anyhow> {
    if std::env::args().any(|argument| argument == "--serve") {
        return serve_alone();
    }
    let runs = argument("--runs").unwrap_or(1);
    let seconds = argument("--seconds").unwrap_or(5);
    let mut figures = Figures::default();
    for _ in 0..runs {
        let served = Served::start()?;
        let before = served.events()?;
        let (list, plain, book) = (
            load(served.doors, LIST, seconds)?,
            load(served.plain, "/", seconds)?,
            load(served.doors, BOOK, seconds)?,
        );
        let came = (served.events()? - before) as f64 / (3.0 * seconds as f64);
        if came < 5_000.0 {
            return Err(format!("only {came:.0} events a second came in").into());
        }
        let json: Value = serde_json::from_slice(&list.last)?;
        if json["items"].as_array().map_or(0, Vec::len) != 100 || list.failed + book.failed + plain.failed > 0
        {
            return Err("answers were not what was asked for".into());
        }
        figures.add(&list, &plain, &book, came);
    }
    figures.print(seconds);
    Ok(())
}

#[derive(Default)]
struct Figures {
    list: Vec<f64>,
    list_p99: Vec<f64>,
    plain: Vec<f64>,
    book: Vec<f64>,
    book_p99: Vec<f64>,
    came: Vec<f64>,
    bytes: usize,
}

impl Figures {
    fn add(&mut self, list: &Load, plain: &Load, book: &Load, came: f64) {
        self.list.push(list.per_second);
        self.list_p99.push(list.p99_ms);
        self.plain.push(plain.per_second);
        self.book.push(book.per_second);
        self.book_p99.push(book.p99_ms);
        self.came.push(came);
        self.bytes = list.last.len();
    }

    fn print(&self, seconds: u64) {
        let check = format!(
            "every answer was 200 and whole over {seconds} s, a list holds 100 markets in {} bytes; {:.0} events/s came in",
            self.bytes,
            median(&self.came)
        );
        let line = |case: &str, unit: &str, values: &[f64], rest: &str| {
            println!(
                "{{\"id\":\"B6\",\"case\":\"{case}\",\"unit\":\"{unit}\",\"value\":{:.3},\"runs\":{},{rest}\"check\":\"{check}\"}}",
                median(values),
                json!(values)
            );
        };
        let plain = format!(
            "\"target\":20000,\"reference\":{{\"name\":\"the same bytes from bare hyper\",\"value\":{:.3},\"runs\":{}}},",
            median(&self.plain),
            json!(self.plain)
        );
        line("100 markets, 16 connections", "requests/s", &self.list, &plain);
        line(
            "100 markets, 16 connections, p99",
            "ms",
            &self.list_p99,
            "\"target\":2,",
        );
        line(
            "a book, 16 connections",
            "requests/s",
            &self.book,
            "\"target\":20000,",
        );
        line(
            "a book, 16 connections, p99",
            "ms",
            &self.book_p99,
            "\"target\":2,",
        );
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What came of asking for one path over and over.
struct Load {
    per_second: f64,
    p99_ms: f64,
    failed: u64,
    last: Vec<u8>,
}

fn load(address: SocketAddr, path: &str, seconds: u64) -> Result<Load, Anyhow> {
    let (begin, end) = (Duration::from_millis(500), Duration::from_secs(seconds));
    let started = Instant::now();
    let asking: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
            std::thread::spawn(move || {
                ask(
                    address,
                    request.as_bytes(),
                    started + begin,
                    started + begin + end,
                )
            })
        })
        .collect();
    let mut times = Vec::new();
    let (mut failed, mut last) = (0, Vec::new());
    for asked in asking {
        let asked = asked.join().map_err(|_| "a client panicked")??;
        times.extend(asked.times);
        failed += asked.failed;
        last = asked.last;
    }
    times.sort_unstable();
    let p99 = times
        .get(times.len() * 99 / 100)
        .copied()
        .unwrap_or(Duration::MAX);
    Ok(Load {
        per_second: times.len() as f64 / end.as_secs_f64(),
        p99_ms: p99.as_secs_f64() * 1e3,
        failed,
        last,
    })
}

struct Asked {
    times: Vec<Duration>,
    failed: u64,
    last: Vec<u8>,
}

/// Asks on one connection until `end`; what was answered before `begin` does not count.
fn ask(address: SocketAddr, request: &[u8], begin: Instant, end: Instant) -> Result<Asked, Anyhow> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut asked = Asked {
        times: Vec::with_capacity(1 << 16),
        failed: 0,
        last: Vec::new(),
    };
    let mut buffer = vec![0; 1 << 18];
    loop {
        let sent = Instant::now();
        if sent >= end {
            return Ok(asked);
        }
        stream.write_all(request)?;
        let (head, whole) = answer(&mut stream, &mut buffer)?;
        if !buffer.starts_with(b"HTTP/1.1 200") {
            asked.failed += 1;
        }
        if sent >= begin {
            asked.times.push(sent.elapsed());
        }
        if asked.last.is_empty() {
            asked.last = buffer[head..whole].to_vec();
        }
    }
}

/// Reads one answer; where its body begins, and where it ends.
fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<(usize, usize), Anyhow> {
    let mut filled = 0;
    let mut ends: Option<(usize, usize)> = None;
    loop {
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Err("the server hung up".into());
        }
        filled += read;
        if ends.is_none() {
            let head = buffer[..filled].windows(4).position(|bytes| bytes == b"\r\n\r\n");
            if let Some(head) = head.map(|head| head + 4) {
                let text = std::str::from_utf8(&buffer[..head])?.to_ascii_lowercase();
                let length = text.split("content-length: ").nth(1).ok_or("no length")?;
                let length: usize = length.split('\r').next().unwrap_or_default().parse()?;
                ends = Some((head, head + length));
            }
        }
        if let Some(ends) = ends.filter(|(_, whole)| filled >= *whole) {
            return Ok(ends);
        }
    }
}

/// The server in a process of its own.
struct Served {
    child: Child,
    doors: SocketAddr,
    plain: SocketAddr,
}

impl Served {
    fn start() -> Result<Served, Anyhow> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .stdout(Stdio::piped())
            .stdin(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line)?;
        let address = |name: &str| said[name].as_str().unwrap_or_default().parse::<SocketAddr>();
        Ok(Served {
            doors: address("doors")?,
            plain: address("plain")?,
            child,
        })
    }

    /// Events told so far.
    fn events(&self) -> Result<u64, Anyhow> {
        let mut stream = TcpStream::connect(self.doors)?;
        let request = format!("GET /api/v1/status HTTP/1.1\r\nHost: {}\r\n\r\n", self.doors);
        stream.write_all(request.as_bytes())?;
        let mut buffer = vec![0; 1 << 16];
        let (head, whole) = answer(&mut stream, &mut buffer)?;
        let status: Value = serde_json::from_slice(&buffer[head..whole])?;
        Ok(status["board"]["last_event"]
            .as_u64()
            .ok_or("no count of events")?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn serve_alone() -> Result<(), Anyhow> {
    let folder = tempfile::tempdir()?;
    let board = Board::new(BoardSettings::default());
    fill(&board)?;
    let settings = DoorSettings {
        rate: None,
        ..DoorSettings::default()
    };
    let doors = Doors::new(DoorParts {
        board: board.clone(),
        store: Store::open(StoreLocation::in_folder(folder.path())).await?,
        ingest: IngestMonitor::idle(),
        rest: None,
        clock: Arc::new(now),
        entropy: [7; 32],
        token: LocalToken::new("bench"),
        exchange: ExchangeKind::Simulator,
        metrics: Some(kmi_server::install_metrics()?),
        settings,
    })?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, doors, CancellationToken::new()));
    let page = page(address)?;
    let plain = TcpListener::bind("127.0.0.1:0").await?;
    println!(
        "{}",
        json!({"doors": address.to_string(), "plain": plain.local_addr()?.to_string()})
    );
    tokio::spawn(serve_plain(plain, page));
    quotes(&board).await
}

/// A page as the doors give it, for the bare server to give again.
fn page(address: SocketAddr) -> Result<bytes::Bytes, Anyhow> {
    let asked = std::thread::spawn(move || {
        let request = format!("GET {LIST} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let now = Instant::now();
        ask(address, request.as_bytes(), now, now + Duration::from_millis(50))
    });
    let asked = asked.join().map_err(|_| "the client panicked")??;
    Ok(asked.last.into())
}

async fn serve_plain(listener: TcpListener, page: bytes::Bytes) -> Result<(), std::io::Error> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let page = page.clone();
        let service = hyper::service::service_fn(move |_| {
            let body = http_body_util::Full::new(page.clone());
            async move { Ok::<_, std::convert::Infallible>(http::Response::new(body)) }
        });
        let io = hyper_util::rt::TokioIo::new(stream);
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
    }
}

fn ticker(number: usize) -> String {
    format!("KXBENCH-{number:05}")
}

fn fill(board: &Board) -> Result<(), Anyhow> {
    board.take_events(vec![serde_json::from_value(json!({
        "event_ticker": "KXBENCH", "series_ticker": "KXBENCH", "title": "What will the bench show?", "sub_title": "",
        "collateral_return_type": "", "mutually_exclusive": false, "category": "Benches",
    }))?]);
    let body = |number: usize| {
        serde_json::from_value::<Market>(json!({
            "ticker": ticker(number), "event_ticker": "KXBENCH", "status": "active", "yes_sub_title": "More than enough",
            "yes_bid_dollars": "0.4000", "yes_ask_dollars": "0.4400", "no_bid_dollars": "0.5600", "no_ask_dollars": "0.6000",
            "yes_bid_size_fp": "10.00", "yes_ask_size_fp": "20.00", "last_price_dollars": "0.4100",
            "volume_fp": "1000.00", "volume_24h_fp": format!("{}.00", number), "open_interest_fp": "500.00",
            "open_time": "2026-11-01T00:00:00Z", "close_time": "2036-01-01T00:00:00Z",
        }))
    };
    let markets = (0..MARKETS).map(body).collect::<Result<Vec<_>, _>>()?;
    board.take_connection(ConnectionStatus {
        link: Link::Connected,
        since: now(),
    });
    board.take_sweep(Sweep {
        asked: now(),
        markets,
    });
    board.end_sweep(now());
    let levels = |from: u32| -> Vec<[String; 2]> {
        (0..50)
            .map(|tick| [format!("0.{:04}", from + tick * 10), "25.00".to_owned()])
            .collect()
    };
    let book: OrderbookSnapshot = serde_json::from_value(json!({
        "market_ticker": ticker(0), "yes_dollars_fp": levels(1000), "no_dollars_fp": levels(3000),
    }))?;
    board.take_book_snapshot(book, now());
    Ok(())
}

/// Quotes of all markets in turn, the most traded among them, and changes of the book, for as long as the process lives.
async fn quotes(board: &Board) -> Result<(), Anyhow> {
    let mut due = tokio::time::interval(Duration::from_millis(10));
    let mut number = 0_usize;
    for tick in 0_u64.. {
        due.tick().await;
        for _ in 0..QUOTES {
            number += 7;
            let update: TickerUpdate = serde_json::from_value(json!({
                "market_ticker": ticker(MARKETS - 1 - number % MARKETS), "price_dollars": "0.4200",
                "yes_bid_dollars": format!("0.4{:03}", number % 100), "yes_ask_dollars": "0.4400",
                "yes_bid_size_fp": "7.00", "yes_ask_size_fp": "8.00", "ts_ms": now().millis(),
            }))?;
            board.take_ticker(&update, now());
        }
        let change = if tick.is_multiple_of(2) { "1.00" } else { "-1.00" };
        let delta: OrderbookDelta = serde_json::from_value(json!({
            "market_ticker": ticker(0), "price_dollars": "0.1100", "delta_fp": change, "side": "yes",
        }))?;
        board.take_book_delta(delta, now())?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a bench is a program: it reads the clock for others"
)]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let micros = since.map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn argument(name: &str) -> Option<u64> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}
