//! The exchange of a drill: a venue, its markets, two accounts, and the road to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use kmi_domain::matching::MarketId;
use kmi_domain::{
    CollateralReturn, EventTicker, FeeMultiplier, FeeType, Money, SeriesTicker, TickGrid, Ticker, Timestamp,
};
use kmi_kalshi::connect::{BoxStream, Connect, Dialer};
use kmi_kalshi::sign::{GeneratedKey, Signer};
use kmi_kalshi::{limit, rest, ws};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Road, SIGNATURE_WINDOW};
use crate::core::{
    Account, Command, EventSpec, KeySpec, MarketSpec, Reply, Rules, SeriesSpec, Shard, Strike, UserId,
};
use crate::engine::{Engine, Settings};
use crate::faults::Faults;
use crate::records::Lag;
use crate::server::{Config, Pipe, REST_PATH, Tier, WS_PATH, pipe};
use crate::venue::{Opening, Venue};

/// 2026-11-21 05:00:00 UTC, when every drill begins.
const BEGINNING: i64 = 1_795_237_200;
/// Longest wait for an answer: shorter than some delays.
const PATIENCE: Duration = Duration::from_millis(400);

/// A running exchange and how to reach it; it stops when dropped.
pub(super) struct House {
    pub(super) engine: Engine,
    pub(super) faults: Faults,
    pub(super) markets: Vec<(Ticker, MarketId)>,
    /// Whose client is drilled.
    pub(super) trader: UserId,
    /// Whoever else trades.
    pub(super) crowd: UserId,
    signer: Signer,
    connector: Arc<Way>,
    stop: CancellationToken,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Opens streams to this one exchange, whatever the host.
pub(super) enum Way {
    Pipe(Pipe),
    Tcp(SocketAddr),
}

impl Connect for Way {
    fn connect(&self, _host: &str, _port: u16) -> BoxFuture<'static, io::Result<BoxStream>> {
        match self {
            Way::Pipe(pipe) => {
                let pipe = pipe.clone();
                Box::pin(async move { Ok(Box::new(pipe.connect().await?) as BoxStream) })
            }
            Way::Tcp(address) => {
                let address = *address;
                Box::pin(async move {
                    let stream = TcpStream::connect(address).await?;
                    stream.set_nodelay(true)?;
                    Ok(Box::new(stream) as BoxStream)
                })
            }
        }
    }
}

impl House {
    pub(super) async fn open(seed: u64, road: Road) -> Result<House, String> {
        let venue = Venue::open(opening(seed), Timestamp::from_seconds(BEGINNING)).map_err(text)?;
        let engine = venue.engine.clone();
        let faults = venue.faults.clone();
        let trader = open_user(&engine, "trader").await?;
        let crowd = open_user(&engine, "crowd").await?;
        let signer = add_key(&engine, trader, seed).await?;
        let markets = list_markets(&engine).await?;
        let stop = CancellationToken::new();
        let connector = match road {
            Road::Pipe => {
                let (pipe, listener) = pipe();
                tokio::spawn(venue.run(listener, stop.clone()));
                Way::Pipe(pipe)
            }
            Road::Tcp => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(text)?;
                let address = listener.local_addr().map_err(text)?;
                tokio::spawn(venue.run_tcp(listener, stop.clone()));
                Way::Tcp(address)
            }
        };
        Ok(House {
            engine,
            faults,
            markets,
            trader,
            crowd,
            signer,
            connector: Arc::new(connector),
            stop,
        })
    }

    fn road(&self) -> impl Connect + use<> {
        let connector = Arc::clone(&self.connector);
        move |host: &str, port: u16| -> BoxFuture<'static, io::Result<BoxStream>> {
            connector.connect(host, port)
        }
    }

    /// The trader's client of the REST API.
    pub(super) fn rest(&self) -> Result<rest::Client, String> {
        let clock = self.engine.clock();
        rest::Client::builder(format!("http://drill{REST_PATH}"))
            .account(self.signer.clone(), move || clock.now())
            .connector(self.road())
            .limits(limit::Limits::none())
            .timeouts(rest::Timeouts {
                connect: PATIENCE,
                request: PATIENCE,
            })
            .retry(rest::RetryPolicy {
                base: Duration::from_millis(5),
                ..rest::RetryPolicy::default()
            })
            .build()
            .map_err(text)
    }

    /// The trader's stream.
    pub(super) fn stream(&self) -> Result<(ws::Client, ws::Events), String> {
        let clock = self.engine.clock();
        let parts = ws::Parts {
            dialer: Dialer::new(Arc::new(self.road()), PATIENCE).map_err(text)?,
            signer: self.signer.clone(),
            clock: Arc::new(move || clock.now()),
            seed: 1,
            raw: None,
        };
        let mut config = ws::Config::new(format!("ws://drill{WS_PATH}"));
        config.backoff.first = Duration::from_millis(10);
        config.backoff.cap = Duration::from_millis(80);
        config.backoff.probe = Duration::from_millis(100);
        config.timeouts.retry = Duration::from_millis(20);
        config.timeouts.snapshot = Duration::from_secs(1);
        config.timeouts.handshake = Duration::from_secs(1);
        Ok(ws::Client::connect(config, parts))
    }
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn opening(seed: u64) -> Opening {
    let founded = Timestamp::from_seconds(BEGINNING - 3_600);
    Opening {
        settings: Settings::new(Rules::measured(seed), founded),
        state: None,
        tick: Duration::from_millis(10),
        server: Config {
            oldest_signature: SIGNATURE_WINDOW,
            default_tier: Tier::Unlimited,
            stranger_tier: Tier::Unlimited,
            ..Config::default()
        },
        plan: Vec::new(),
        lag: Lag::default(),
    }
}

async fn open_user(engine: &Engine, name: &str) -> Result<UserId, String> {
    let open = Command::OpenUser {
        name: name.to_owned(),
        is_house: false,
    };
    let Reply::User(user) = engine.submit(open).await.map_err(text)? else {
        return Err(format!("no user {name}"));
    };
    for shard in Shard::ALL {
        let deposit = Command::Deposit {
            account: Account::primary(user),
            shard,
            amount: Money::from_dollars(10_000_000),
        };
        engine.submit(deposit).await.map_err(text)?;
    }
    Ok(user)
}

async fn add_key(engine: &Engine, user: UserId, seed: u64) -> Result<Signer, String> {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let pair = GeneratedKey::ed25519_from_seed(&bytes).map_err(text)?;
    let key_id = "00000000-0000-4000-8000-000000000001";
    let spec = KeySpec {
        key_id: key_id.to_owned(),
        user,
        name: "drill".to_owned(),
        key_type: pair.key_type,
        public_key_pem: pair.public_pem.clone(),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        subaccount: None,
    };
    engine.submit(Command::AddKey(spec)).await.map_err(text)?;
    Signer::from_pem(key_id, &pair.private_pem).map_err(text)
}

/// Two markets of one event on one shard, and one on another.
async fn list_markets(engine: &Engine) -> Result<Vec<(Ticker, MarketId)>, String> {
    let listed = [
        ("KXRAIN", 0, ["A", "B"].as_slice()),
        ("KXCOIN", 2, ["UP"].as_slice()),
    ];
    let mut markets = Vec::new();
    for (series, shard, names) in listed {
        let event = format!("{series}-26NOV21");
        for command in [series_of(series, shard), event_of(&event, series)] {
            engine.submit(command).await.map_err(text)?;
        }
        for name in names {
            let ticker = Ticker::new(format!("{event}-{name}")).expect("visible ASCII of bounded length");
            match engine.submit(market_of(&ticker, &event)).await.map_err(text)? {
                Reply::Market(market) => markets.push((ticker, market)),
                other => return Err(format!("{other:?} instead of a market")),
            }
        }
    }
    engine.submit(Command::Advance).await.map_err(text)?;
    Ok(markets)
}

fn series_of(ticker: &str, shard: u8) -> Command {
    Command::ListSeries(SeriesSpec {
        ticker: SeriesTicker::new(ticker).expect("visible ASCII of bounded length"),
        title: ticker.to_owned(),
        category: "Drills".to_owned(),
        tags: Vec::new(),
        frequency: "daily".to_owned(),
        fee_type: FeeType::QuadraticWithMakerFees,
        fee_multiplier: FeeMultiplier::ONE,
        shard: Shard::new(shard).expect("there are four"),
    })
}

fn event_of(ticker: &str, series: &str) -> Command {
    Command::ListEvent(EventSpec {
        ticker: EventTicker::new(ticker).expect("visible ASCII of bounded length"),
        series: SeriesTicker::new(series).expect("visible ASCII of bounded length"),
        title: ticker.to_owned(),
        sub_title: String::new(),
        collateral_return: CollateralReturn::Mecnet,
        strike_date: None,
        fee_type_override: None,
        fee_multiplier_override: None,
    })
}

fn market_of(ticker: &Ticker, event: &str) -> Command {
    let day = 86_400;
    Command::ListMarket(MarketSpec {
        ticker: ticker.clone(),
        event: EventTicker::new(event).expect("visible ASCII of bounded length"),
        yes_sub_title: "Yes".to_owned(),
        no_sub_title: "No".to_owned(),
        rules_primary: String::new(),
        rules_secondary: String::new(),
        strike: Strike::default(),
        price_level_structure: "linear_cent".to_owned(),
        grid: TickGrid::linear_cent(),
        open_time: Timestamp::from_seconds(BEGINNING - 600),
        close_time: Timestamp::from_seconds(BEGINNING + day),
        expected_expiration_time: Timestamp::from_seconds(BEGINNING + day),
        latest_expiration_time: Timestamp::from_seconds(BEGINNING + 2 * day),
        settlement_timer_s: 60,
        can_close_early: true,
        fee_waiver_until: None,
        is_replay: false,
    })
}
