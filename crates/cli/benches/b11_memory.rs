//! B11: memory of the real `kmi serve`, read from `/proc`: idle, with 50 event streams, with 20,000 markets on the board.
//!
//! The exchange runs in a process of its own. `cargo bench -p kmi-cli --bench b11_memory [-- --runs 1]`

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::{Anyhow, Exchange, Running, Series, runs, until};

/// Streams of the middle case.
const STREAMS: usize = 50;
/// Time for memory to settle: several sweeps, several batches written.
const SETTLE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Anyhow> {
    let (mut idle, mut watched, mut crowded) = <(Series, Series, Series)>::default();
    for _ in 0..runs() {
        let folder = tempfile::tempdir()?;
        let exchange = Exchange::open("200", &folder.path().join("exchange"))?;
        let serve = Running::start(
            &["serve", "--port", "0"],
            &folder.path().join("few"),
            &exchange.environment()?,
        )?;
        listed(&serve, 190)?;
        thread::sleep(SETTLE);
        idle.push(serve.resident_mb()?);

        let read = watch(&serve.place()?)?;
        thread::sleep(SETTLE);
        if read.load(Ordering::Relaxed) == 0 {
            return Err("the streams told nothing".into());
        }
        watched.push(serve.resident_mb()?);
        drop((serve, exchange));

        let exchange = Exchange::open("20000", &folder.path().join("crowd"))?;
        let serve = Running::start(
            &["serve", "--port", "0"],
            &folder.path().join("many"),
            &exchange.environment()?,
        )?;
        listed(&serve, 19_600)?;
        thread::sleep(SETTLE);
        crowded.push(serve.resident_mb()?);
    }
    idle.print(
        "B11",
        "memory of kmi serve, idle on 200 markets",
        "MB",
        40.0,
        "its markets were on the board",
    );
    watched.print(
        "B11",
        "memory of kmi serve with 50 event streams of all markets",
        "MB",
        45.0,
        "every stream was told of markets",
    );
    crowded.print(
        "B11",
        "memory of kmi serve with 20,000 markets on the board",
        "MB",
        120.0,
        "20,000 markets, within 2 %, were on the board, with live traders",
    );
    Ok(())
}

/// Waits until so many markets are on the board.
fn listed(serve: &Running, at_least: u64) -> Result<(), Anyhow> {
    until(&serve.place()?, "/health", |_, text| {
        let markets = text.split("\"markets\":").nth(1).unwrap_or_default();
        let digits: String = markets.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().is_ok_and(|markets| markets >= at_least)
    })?;
    Ok(())
}

/// Opens the streams, each read by a thread; gives the fewest bytes any of them has read. They go on until the server ends them.
fn watch(place: &str) -> Result<Arc<AtomicU64>, Anyhow> {
    let bytes: Vec<Arc<AtomicU64>> = (0..STREAMS).map(|_| Arc::default()).collect();
    for count in &bytes {
        let mut stream = TcpStream::connect(place)?;
        write!(
            stream,
            "GET /api/v1/sse/markets?tickers=all&kinds=market,trade HTTP/1.1\r\nHost: {place}\r\n\r\n"
        )?;
        let count = Arc::clone(count);
        thread::spawn(move || {
            let mut buffer = [0; 16_384];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                count.fetch_add(read as u64, Ordering::Relaxed);
            }
        });
    }
    let fewest = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&fewest);
    thread::spawn(move || {
        loop {
            let least = bytes.iter().map(|count| count.load(Ordering::Relaxed)).min();
            told.store(least.unwrap_or_default(), Ordering::Relaxed);
            thread::sleep(Duration::from_millis(200));
        }
    });
    Ok(fewest)
}
