//! The server under load: [`House`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kmi_app::board::{Board, BoardSettings, Sweep};
use kmi_app::ingest::IngestMonitor;
use kmi_domain::{Price, Quantity, Side, Ticker, Timestamp};
use kmi_kalshi::api::market::{Market, StatusWord};
use kmi_kalshi::clock::Clock;
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot, Trade};
use kmi_server::{DoorParts, DoorSettings, Doors, ExchangeKind, LocalToken, RelayAccess, serve};
use kmi_storage::{Store, StoreLocation};
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Anyhow;
use crate::crowd::{self, Crowd, MARKET, STAMP};

/// Changes told in one go.
const BURST: u64 = 64;
/// How far the slowest client that reads may be behind, in changes: a quarter of what the hub remembers.
const WINDOW: u64 = 4_096;

/// A served board.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    board: Board,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    serving: Mutex<Option<JoinHandle<()>>>,
    told: Mutex<Told>,
    _folder: tempfile::TempDir,
}

/// What was told so far.
#[derive(Clone, Copy, Default)]
struct Told {
    deltas: u64,
    trades: u64,
}

/// What a saturated stretch came to.
pub(crate) struct Saturated {
    pub(crate) delivered: u64,
    pub(crate) seconds: f64,
}

impl House {
    pub(crate) async fn open() -> Result<House, Anyhow> {
        let folder = tempfile::tempdir()?;
        let started = Instant::now();
        let clock: Arc<dyn Clock> = Arc::new(move || {
            let passed = i64::try_from(started.elapsed().as_micros()).unwrap_or(0);
            Timestamp::from_micros(1_795_237_200_000_000 + passed)
        });
        let board = Board::new(BoardSettings::default());
        let market = Market::blank(MARKET.parse()?, "KXB5-26NOV21".parse()?, StatusWord::Active);
        board.take_sweep(Sweep {
            asked: clock.now(),
            markets: vec![market],
        });
        board.take_book_snapshot(
            OrderbookSnapshot {
                market_ticker: MARKET.parse()?,
                market_id: Some("0192d2c4-6c5e-7a51-9c3f-3f1f6f0a7b11".to_owned()),
                clock: Some(1),
                yes_dollars_fp: Vec::new(),
                no_dollars_fp: Vec::new(),
            },
            clock.now(),
        );
        let doors = Doors::new(DoorParts {
            board: board.clone(),
            store: Store::open(StoreLocation::in_folder(folder.path())).await?,
            ingest: IngestMonitor::idle(),
            rest: None,
            clock: Arc::clone(&clock),
            entropy: [5; 32],
            token: LocalToken::new(&"b5".repeat(32)),
            exchange: ExchangeKind::Simulator,
            metrics: None,
            settings: DoorSettings {
                relay: RelayAccess::Public,
                rate: None,
                // The stuck one is to stay for as long as the run takes.
                stall: Duration::from_hours(1),
                ..DoorSettings::default()
            },
        })?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = tokio::spawn(async move {
            serve(listener, doors, stopped)
                .await
                .expect("it serves on loopback");
        });
        Ok(House {
            address,
            board,
            clock,
            stop,
            serving: Mutex::new(Some(serving)),
            told: Mutex::default(),
            _folder: folder,
        })
    }

    pub(crate) async fn close(&self) {
        self.stop.cancel();
        let serving = self.serving.lock().take();
        if let Some(serving) = serving {
            // A panic in there has said so.
            let _ = serving.await;
        }
    }

    /// Tells changes as fast as the slowest client that reads allows, and wants every one of them at every client.
    pub(crate) fn tell_saturated(&self, crowd: &Crowd, time: Duration) -> Result<Saturated, Anyhow> {
        let warm = Instant::now() + Duration::from_secs(1);
        self.tell_until(crowd, warm)?;
        let (started, before) = (Instant::now(), crowd.deltas());
        self.tell_until(crowd, started + time)?;
        let (seconds, delivered) = (started.elapsed().as_secs_f64(), crowd.deltas() - before);
        let told = *self.told.lock();
        crowd.wait_for(told.deltas, told.trades)?;
        Ok(Saturated { delivered, seconds })
    }

    fn tell_until(&self, crowd: &Crowd, end: Instant) -> Result<(), Anyhow> {
        let mut told = self.told.lock();
        let ticker: Ticker = MARKET.parse()?;
        while Instant::now() < end {
            if told.deltas - crowd.slowest() > WINDOW {
                std::thread::sleep(Duration::from_micros(100));
                continue;
            }
            for _ in 0..BURST {
                let now = self.clock.now();
                let units = u16::try_from(100 + told.deltas % 9_000)?;
                let delta = OrderbookDelta {
                    market_ticker: ticker.clone(),
                    market_id: Some("0192d2c4-6c5e-7a51-9c3f-3f1f6f0a7b11".to_owned()),
                    clock: Some(told.deltas + 2),
                    price_dollars: Price::from_units(units).ok_or("a price")?,
                    delta_fp: Quantity::from_units(100),
                    side: Side::Yes,
                    client_order_id: None,
                    subaccount: None,
                    ts_ms: Some(now),
                    ts: None,
                };
                self.board.take_book_delta(delta, now)?;
                told.deltas += 1;
            }
        }
        Ok(())
    }

    /// Tells trades, so many a second, and wants every one of them at every client.
    pub(crate) fn tell_paced(&self, crowd: &Crowd, pace: u64, time: Duration) -> Result<(), Anyhow> {
        let started = Instant::now();
        let wanted = pace * time.as_secs();
        for number in 0..wanted {
            let due = started + Duration::from_nanos(number * 1_000_000_000 / pace);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let now = self.clock.now();
            self.board.take_trade(trade(now)?, now);
            self.told.lock().trades += 1;
        }
        let told = *self.told.lock();
        crowd.wait_for(told.deltas, told.trades)
    }
}

/// A trade whose id says when it is told.
fn trade(now: Timestamp) -> Result<Trade, Anyhow> {
    let price = Price::from_units(4_000).ok_or("a price")?;
    Ok(Trade {
        trade_id: format!("{STAMP}{}", crowd::nanos()).parse()?,
        market_ticker: MARKET.parse()?,
        yes_price_dollars: price,
        no_price_dollars: price.complement(),
        count_fp: Quantity::from_units(200),
        taker_side: Some(Side::Yes),
        taker_outcome_side: Side::Yes,
        taker_book_side: None,
        is_block_trade: false,
        ts_ms: now,
        ts: Some(now),
    })
}

/// Memory of this process, in megabytes.
pub(crate) fn resident_mb() -> Result<f64, Anyhow> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes / 1_024.0)
}
