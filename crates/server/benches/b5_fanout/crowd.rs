//! Clients that count: [`Crowd`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Anyhow;

/// Market everything is about.
pub(crate) const MARKET: &str = "KXB5-26NOV21-T60";
/// What ids of trades begin with; the nanoseconds since the process began follow, to a `"`.
pub(crate) const STAMP: &str = "b5-";
/// What the floor greets with.
pub(crate) const HELLO: &str = "hello";
/// Clients that knock at the same time.
const AT_ONCE: u64 = 32;
/// Bytes a client reads at once.
const READ: usize = 64 << 10;
/// Longest mark or time that may be cut between two reads.
const CARRY: usize = 64;

/// How clients are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// The relay.
    WebSocket,
    /// Server-sent events.
    Events,
}

impl Door {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Door::WebSocket => "WebSocket",
            Door::Events => "server-sent events",
        }
    }

    /// What stands once in each message about a change of a book.
    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Door::WebSocket => "\"type\":\"orderbook_delta\"",
            Door::Events => "event: book_delta",
        }
    }

    /// What says that a client misses nothing from now on; the floor says [`HELLO`].
    const fn welcome(self) -> &'static str {
        match self {
            Door::WebSocket => "\"channel\":\"trade\"",
            Door::Events => "event: snapshot",
        }
    }

    async fn enter(self, stream: &mut TcpStream, address: SocketAddr) -> std::io::Result<()> {
        let request = match self {
            Door::WebSocket => format!(
                "GET /trade-api/ws/v2 HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
            ),
            Door::Events => format!(
                "GET /api/v1/sse/markets?tickers={MARKET}&kinds=trade,book HTTP/1.1\r\nHost: {address}\r\n\
                 Accept: text/event-stream\r\n\r\n"
            ),
        };
        stream.write_all(request.as_bytes()).await?;
        if self == Door::WebSocket {
            let command = format!(
                r#"{{"id":1,"cmd":"subscribe","params":{{"channels":["orderbook_delta","trade"],"market_ticker":"{MARKET}"}}}}"#
            );
            stream.write_all(&masked(command.as_bytes())).await?;
        }
        Ok(())
    }
}

/// A text frame as clients send it; a mask of zeros changes nothing.
fn masked(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("a short command");
    let mut frame = vec![0x81, 0xfe];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text);
    frame
}

/// What all clients have counted so far.
pub(crate) struct Counts {
    /// Messages about changes of books, by client.
    pub(crate) deltas: Vec<AtomicU64>,
    /// Trades, by client.
    trades: Vec<AtomicU64>,
    /// Microseconds from telling a trade to reading it.
    late_us: Mutex<Vec<u32>>,
    /// Clients whose connection was given up.
    gone: AtomicU64,
    /// Clients that were let in.
    ready: AtomicU64,
}

/// Clients of one door on a thread of their own, and one that never reads.
pub(crate) struct Crowd {
    pub(crate) counts: Arc<Counts>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Connects them all and waits until they are in.
    pub(crate) fn gather(address: SocketAddr, door: Door, clients: usize) -> Result<Crowd, Anyhow> {
        let zeros = || (0..clients).map(|_| AtomicU64::new(0)).collect();
        let counts = Arc::new(Counts {
            deltas: zeros(),
            trades: zeros(),
            late_us: Mutex::default(),
            gone: AtomicU64::new(0),
            ready: AtomicU64::new(0),
        });
        let stop = Arc::new(AtomicBool::new(false));
        let (counted, stopped) = (Arc::clone(&counts), Arc::clone(&stop));
        let thread = std::thread::spawn(move || run(address, door, &counted, &stopped));
        let crowd = Crowd {
            counts,
            stop,
            thread: Some(thread),
        };
        let deadline = Instant::now() + Duration::from_mins(1);
        while crowd.counts.ready.load(Ordering::Acquire) < clients as u64 {
            if Instant::now() > deadline {
                return Err(format!("{} clients did not get in", door.name()).into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(crowd)
    }

    /// Changes that the slowest client has got.
    pub(crate) fn slowest(&self) -> u64 {
        let counts = self.counts.deltas.iter();
        counts
            .map(|count| count.load(Ordering::Relaxed))
            .min()
            .unwrap_or(0)
    }

    /// Changes that all clients together have got.
    pub(crate) fn deltas(&self) -> u64 {
        self.counts
            .deltas
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum()
    }

    /// Waits until every client has got so many of each.
    pub(crate) fn wait_for(&self, deltas: u64, trades: u64) -> Result<(), Anyhow> {
        let deadline = Instant::now() + Duration::from_secs(30);
        let all =
            |counts: &[AtomicU64], wanted| counts.iter().all(|count| count.load(Ordering::Relaxed) == wanted);
        while !(all(&self.counts.deltas, deltas) && all(&self.counts.trades, trades)) {
            if Instant::now() > deadline {
                let slowest = self.slowest();
                return Err(
                    format!("not every client got {deltas} changes and {trades} trades: {slowest}").into(),
                );
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        match self.counts.gone.load(Ordering::Relaxed) {
            0 => Ok(()),
            gone => Err(format!("{gone} clients were given up").into()),
        }
    }

    /// How late 99 of 100 trades came at most; what was gathered is forgotten.
    pub(crate) fn late_p99_ms(&self) -> Result<f64, Anyhow> {
        let mut late = std::mem::take(&mut *self.counts.late_us.lock());
        late.sort_unstable();
        let at = late.len() * 99 / 100;
        let micros = late.get(at).ok_or("nobody was told a trade")?;
        Ok(f64::from(*micros) / 1_000.0)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A client that panicked has said so.
            let _ = thread.join();
        }
    }
}

fn run(address: SocketAddr, door: Door, counts: &Arc<Counts>, stop: &AtomicBool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime for the clients");
    runtime.block_on(async {
        let mut stuck = TcpStream::connect(address).await.expect("room for the stuck one");
        door.enter(&mut stuck, address).await.expect("it is let in");
        for client in 0..counts.deltas.len() {
            tokio::spawn(count(address, door, client, Arc::clone(counts)));
            // No more at once than the listener's queue takes, or the rest is late by seconds.
            while client as u64 >= counts.ready.load(Ordering::Acquire) + AT_ONCE {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        drop(stuck);
    });
}

/// One client, to the end of its connection.
async fn count(address: SocketAddr, door: Door, client: usize, counts: Arc<Counts>) {
    let entered = async {
        let mut stream = TcpStream::connect(address).await?;
        door.enter(&mut stream, address).await?;
        Ok::<TcpStream, std::io::Error>(stream)
    };
    let mut stream = match entered.await {
        Ok(stream) => stream,
        Err(error) => return eprintln!("client {client} was not let in: {error}"),
    };
    let (mark, stamp) = (Finder::new(door.mark()), Finder::new(STAMP));
    let welcome = Finder::new(door.welcome());
    let mut buffer = vec![0; READ];
    let mut kept = 0;
    let mut is_ready = false;
    loop {
        let Ok(read @ 1..) = stream.read(&mut buffer[kept..]).await else {
            counts.gone.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let bytes = &buffer[..kept + read];
        if !is_ready && (welcome.find(bytes).is_some() || bytes.starts_with(HELLO.as_bytes())) {
            is_ready = true;
            counts.ready.fetch_add(1, Ordering::Release);
        }
        let (deltas, after_delta) = all(&mark, door.mark().len(), bytes);
        counts.deltas[client].fetch_add(deltas, Ordering::Relaxed);
        let (trades, after_trade) = stamps(&stamp, bytes, &counts);
        counts.trades[client].fetch_add(trades, Ordering::Relaxed);
        // What may be the beginning of a mark is looked at again, what was counted is not.
        let from = after_delta
            .max(after_trade)
            .max(bytes.len().saturating_sub(CARRY));
        let end = bytes.len();
        buffer.copy_within(from..end, 0);
        kept = end - from;
    }
}

/// How often the mark stands there, and where the last one ends.
fn all(mark: &Finder<'_>, length: usize, bytes: &[u8]) -> (u64, usize) {
    let mut count = 0;
    let mut after = 0;
    while let Some(at) = mark.find(&bytes[after..]) {
        count += 1;
        after += at + length;
    }
    (count, after)
}

/// Times that are whole: counted, and noted how late they came.
fn stamps(stamp: &Finder<'_>, bytes: &[u8], counts: &Counts) -> (u64, usize) {
    let now = nanos();
    let mut count = 0;
    let mut after = 0;
    let mut late = Vec::new();
    while let Some(at) = stamp.find(&bytes[after..]) {
        let digits = after + at + STAMP.len();
        let Some(length) = bytes[digits..].iter().position(|byte| !byte.is_ascii_digit()) else {
            break;
        };
        let told = bytes[digits..digits + length]
            .iter()
            .fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
        late.push(u32::try_from(now.saturating_sub(told) / 1_000).unwrap_or(u32::MAX));
        count += 1;
        after = digits + length;
    }
    if !late.is_empty() {
        counts.late_us.lock().extend(late);
    }
    (count, after)
}

/// Nanoseconds since the first call.
pub(crate) fn nanos() -> u64 {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let passed = ORIGIN.get_or_init(Instant::now).elapsed();
    u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
}
