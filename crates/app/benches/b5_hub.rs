//! B5, the hub's part: events told to 1,000 readers, one of which is stuck.
//!
//! Saturated: as fast as they go, every reader on two worker threads taking each event and its encoding. The reference is tokio's broadcast
//! channel with the same ring, the same events and the same encoding. Paced: 50 events a second, the time from telling to each reader.
//! Counts because every reader got every event, once and in order, the stuck one was told what it missed, and memory stayed bounded.

#![recursion_limit = "256"]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::{at, median, runs};
use kmi_app::board::MarketId;
use kmi_app::hub::{Batch, Format, Happening, Hub, Interest, Kinds, MarketSet, Published};
use kmi_domain::{Price, PublicTrade, Quantity, Side};
use kmi_kalshi::ws::message::Trade;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::broadcast;

const READERS: usize = 1_000;
const RING: usize = 16_384;
const EVENTS: u64 = 20_000;
/// Least events delivered a second, to sockets; the hub alone must do more.
const TARGET: f64 = 3e6;
/// Most ms from telling to a reader, in 99 of 100.
const TARGET_MS: f64 = 6.0;

fn main() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    let (mut ours, mut theirs, mut paced_ms) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs() {
        ours.push(saturated(&runtime));
        theirs.push(broadcast(&runtime));
        paced_ms.push(paced(&runtime));
    }
    let line = json!({
        "id": "B5", "case": "hub alone, 1,000 readers and one stuck", "unit": "deliveries/s", "value": median(&ours), "runs": ours,
        "target": TARGET, "reference": {"name": "tokio's broadcast channel", "value": median(&theirs), "runs": theirs},
        "check": "every reader got every event in order; the stuck one was told; memory bounded",
    });
    println!("{line}");
    let line = json!({
        "id": "B5", "case": "hub alone, p99 at 1,000 readers × 50 events/s", "unit": "ms", "value": median(&paced_ms), "runs": paced_ms,
        "target": TARGET_MS, "check": "every reader got every event",
    });
    println!("{line}");
}

fn trade(number: u64) -> Trade {
    Trade::from(&PublicTrade {
        id: format!("t{number}").parse().expect("an id"),
        ticker: "KXBENCH-26NOV21-T1".parse().expect("a ticker"),
        time: at(0),
        yes_price: Price::from_cents(40).expect("a price"),
        quantity: Quantity::ONE,
        taker: Side::Yes,
        is_block: false,
    })
}

fn interest() -> Interest {
    Interest {
        kinds: Kinds::ALL,
        markets: Some((0..8).map(MarketId).collect::<MarketSet>()),
    }
}

fn tell(hub: &Hub, number: u64) {
    let market = MarketId(u32::try_from(number % 8).expect("below 8"));
    hub.publish(at(0), Some(market), Happening::Trade(Arc::new(trade(number))));
}

fn encode(_: &Published) -> Bytes {
    Bytes::from(vec![b'x'; 300])
}

/// Waits until the slowest reader is less than half a ring behind; the hub itself never waits.
fn pace(told: u64, progress: &[AtomicU64]) {
    if !told.is_multiple_of(256) {
        return;
    }
    let slowest = || progress.iter().map(|place| place.load(Ordering::Relaxed)).min();
    while told >= slowest().unwrap_or(0) + RING as u64 / 2 {
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn progress() -> Arc<Vec<AtomicU64>> {
    Arc::new((0..READERS).map(|_| AtomicU64::new(0)).collect())
}

fn saturated(runtime: &Runtime) -> f64 {
    let hub = Hub::new(RING);
    let progress = progress();
    let mut stuck = hub.reader(0, interest());
    let readers: Vec<_> = (0..READERS)
        .map(|place| {
            let mut reader = hub.reader(0, interest());
            let progress = Arc::clone(&progress);
            runtime.spawn(async move {
                let (mut seen, mut bytes) = (0, 0);
                while seen < EVENTS {
                    let Batch::Events(events) = reader.next().await else {
                        panic!("the pace is kept");
                    };
                    for event in events {
                        seen += 1;
                        assert_eq!(event.number, seen);
                        bytes += event.encoded(Format::Own, encode).len();
                    }
                    progress[place].store(seen, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
                bytes
            })
        })
        .collect();
    let start = Instant::now();
    for number in 1..=EVENTS {
        tell(&hub, number);
        pace(number, &progress);
    }
    for reader in readers {
        assert_eq!(
            runtime.block_on(reader).expect("it read"),
            300 * usize::try_from(EVENTS).expect("small")
        );
    }
    let took = start.elapsed().as_secs_f64();
    assert!(hub.bytes() < 18 << 20, "{} bytes", hub.bytes());
    assert!(matches!(stuck.now(), Some(Batch::Lapped { resumed_at: EVENTS })));
    EVENTS as f64 * READERS as f64 / took
}

fn broadcast(runtime: &Runtime) -> f64 {
    let (sender, _stuck) = broadcast::channel::<Arc<(u64, Bytes)>>(RING);
    let progress = progress();
    let readers: Vec<_> = (0..READERS)
        .map(|place| {
            let mut receiver = sender.subscribe();
            let progress = Arc::clone(&progress);
            runtime.spawn(async move {
                let (mut seen, mut bytes) = (0, 0);
                while seen < EVENTS {
                    let event = receiver.recv().await.expect("the pace is kept");
                    seen += 1;
                    assert_eq!(event.0, seen);
                    bytes += event.1.len();
                    progress[place].store(seen, Ordering::Relaxed);
                }
                bytes
            })
        })
        .collect();
    let start = Instant::now();
    for number in 1..=EVENTS {
        let _trade = trade(number);
        let bytes = Bytes::from(vec![b'x'; 300]);
        assert!(
            sender.send(Arc::new((number, bytes))).is_ok(),
            "there are readers"
        );
        pace(number, &progress);
    }
    for reader in readers {
        assert_eq!(
            runtime.block_on(reader).expect("it read"),
            300 * usize::try_from(EVENTS).expect("small")
        );
    }
    EVENTS as f64 * READERS as f64 / start.elapsed().as_secs_f64()
}

/// p99 in ms over two seconds of 50 events a second.
fn paced(runtime: &Runtime) -> f64 {
    const TOLD: u64 = 100;
    let hub = Hub::new(RING);
    let begin = Instant::now();
    let told: Arc<Vec<AtomicU64>> = Arc::new((0..=TOLD).map(|_| AtomicU64::new(0)).collect());
    let micros = move || u64::try_from(begin.elapsed().as_micros()).expect("it has not run for ages");
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let mut reader = hub.reader(0, interest());
            let told = Arc::clone(&told);
            runtime.spawn(async move {
                let mut late = Vec::new();
                while late.len() < usize::try_from(TOLD).expect("small") {
                    let Batch::Events(events) = reader.next().await else {
                        panic!("the ring is large enough");
                    };
                    for event in events {
                        let place = usize::try_from(event.number).expect("small");
                        late.push(micros() - told[place].load(Ordering::Relaxed));
                    }
                }
                late
            })
        })
        .collect();
    for number in 1..=TOLD {
        told[usize::try_from(number).expect("small")].store(micros(), Ordering::Relaxed);
        tell(&hub, number);
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut late: Vec<u64> = Vec::new();
    for reader in readers {
        late.extend(runtime.block_on(reader).expect("it read"));
    }
    late.sort_unstable();
    late[late.len() * 99 / 100] as f64 / 1e3
}
