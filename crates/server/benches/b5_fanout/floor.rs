//! The floor: the same messages put together once and written to every socket, with nothing else in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::Anyhow;
use crate::crowd::{self, Crowd, Door, HELLO, STAMP};

/// Messages put together for one write.
const BATCH: usize = 192;
/// Bytes of one message, its frame included: what the door under test sends, about.
const LENGTH: usize = 270;

/// What the floor came to.
pub(crate) struct Floor {
    pub(crate) per_second: f64,
    pub(crate) late_p99_ms: f64,
}

/// What is to be written.
#[derive(Clone)]
enum Load {
    /// Nothing yet.
    Wait,
    /// The batch, over and over.
    Saturate,
    /// This, once.
    Once(Arc<Vec<u8>>),
}

/// Tells `clients` clients through bare sockets.
pub(crate) fn measure(
    runtime: &Runtime,
    door: Door,
    clients: usize,
    pace: u64,
    time: Duration,
) -> Result<Floor, Anyhow> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let (load, loads) = watch::channel(Load::Wait);
    let batch = Arc::new(message(door.mark()).repeat(BATCH));
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(write(
                stream,
                loads.clone(),
                Arc::clone(&batch),
                Arc::clone(&over),
            ));
        }
    });
    let crowd = Crowd::gather(address, door, clients)?;
    load.send_replace(Load::Saturate);
    std::thread::sleep(Duration::from_secs(1));
    let (started, before) = (Instant::now(), crowd.deltas());
    std::thread::sleep(time);
    let per_second = (crowd.deltas() - before) as f64 / started.elapsed().as_secs_f64();
    load.send_replace(Load::Wait);
    drain(&crowd);
    let started = Instant::now();
    for number in 0..pace * time.as_secs() {
        let due = started + Duration::from_nanos(number * 1_000_000_000 / pace);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let stamped = format!("{STAMP}{}\"", crowd::nanos());
        load.send_replace(Load::Once(Arc::new(message(&stamped))));
    }
    std::thread::sleep(Duration::from_millis(500));
    let late_p99_ms = crowd.late_p99_ms()?;
    is_over.store(true, Ordering::Relaxed);
    load.send_replace(Load::Wait);
    Ok(Floor {
        per_second,
        late_p99_ms,
    })
}

/// Waits until what is on its way has come, or half a minute.
fn drain(crowd: &Crowd) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut before = crowd.deltas();
    while Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(300));
        let now = crowd.deltas();
        if now == before {
            return;
        }
        before = now;
    }
}

/// A message of the usual length that holds `mark`.
fn message(mark: &str) -> Vec<u8> {
    let mut message = mark.as_bytes().to_vec();
    message.resize(LENGTH, b'x');
    message
}

async fn write(
    mut stream: TcpStream,
    mut loads: watch::Receiver<Load>,
    batch: Arc<Vec<u8>>,
    over: Arc<AtomicBool>,
) {
    let mut request = [0; 2_048];
    let greeting = async {
        stream.set_nodelay(true)?;
        match stream.read(&mut request).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => stream.write_all(HELLO.as_bytes()).await,
        }
    };
    if greeting.await.is_err() {
        return;
    }
    while !over.load(Ordering::Relaxed) {
        let load = loads.borrow_and_update().clone();
        let written = match load {
            Load::Saturate => stream.write_all(&batch).await,
            Load::Once(message) => match stream.write_all(&message).await {
                Ok(()) if loads.changed().await.is_ok() => Ok(()),
                _ => return,
            },
            Load::Wait => match loads.changed().await {
                Ok(()) => Ok(()),
                Err(_) => return,
            },
        };
        if written.is_err() {
            return;
        }
    }
}
