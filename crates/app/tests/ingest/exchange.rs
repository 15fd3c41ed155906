//! The exchange of a test: a venue with life in it, and the road to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use futures::future::BoxFuture;
use kmi_domain::book::OrderBook;
use kmi_domain::{SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api::event::EventQuery;
use kmi_kalshi::api::market::{Market, MarketsQuery, StatusFilter};
use kmi_kalshi::api::orderbook::OrderbookQuery;
use kmi_kalshi::api::trade::TradesQuery;
use kmi_kalshi::clock::Clock;
use kmi_kalshi::connect::{BoxStream, Connect, Dialer};
use kmi_kalshi::limit::Limits;
use kmi_kalshi::sign::{GeneratedKey, Signer};
use kmi_kalshi::{rest, ws};
use kmi_simulator::core::{Command, KeySpec, Reply, Rules, UserId};
use kmi_simulator::engine::{Engine, Settings};
use kmi_simulator::faults::{FaultKind, FaultSpec, Faults, unleash};
use kmi_simulator::life::LifeSettings;
use kmi_simulator::records::Lag;
use kmi_simulator::server::{Config, Pipe, REST_PATH, Tier, WS_PATH, pipe};
use kmi_simulator::venue::{Opening, Venue};
use tokio_util::sync::CancellationToken;

/// 2026-11-21 05:00:00 UTC.
const BEGINNING: i64 = 1_795_237_200;

/// A running exchange; it stops when dropped.
pub(crate) struct Exchange {
    pub(crate) engine: Engine,
    pub(crate) faults: Faults,
    signer: Signer,
    pipe: Pipe,
    stop: CancellationToken,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Exchange {
    /// With so many markets, and so many acts a second over all of them.
    pub(crate) async fn open(seed: u64, markets: u32, pace: f64) -> Exchange {
        Exchange::open_at_scale(seed, markets, pace, 1).await
    }

    /// The same in a world where time flies: at 20 a market of a quarter-hour closes after 45 seconds.
    pub(crate) async fn open_at_scale(seed: u64, markets: u32, pace: f64, time_scale: u32) -> Exchange {
        let mut settings = Settings::new(Rules::measured(seed), Timestamp::from_seconds(BEGINNING - 3_600));
        settings.life = Some(LifeSettings {
            pace,
            time_scale,
            ..LifeSettings::new(seed, markets)
        });
        let opening = Opening {
            settings,
            state: None,
            tick: Duration::from_millis(50),
            server: Config {
                oldest_signature: Duration::from_hours(24),
                newest_signature: Duration::from_hours(24),
                default_tier: Tier::Unlimited,
                stranger_tier: Tier::Unlimited,
                ..Config::default()
            },
            plan: Vec::new(),
            lag: Lag::default(),
        };
        let venue = Venue::open(opening, Timestamp::from_seconds(BEGINNING)).unwrap();
        let (engine, faults) = (venue.engine.clone(), venue.faults.clone());
        let signer = open_account(&engine, seed).await;
        let (pipe, listener) = pipe();
        let stop = CancellationToken::new();
        tokio::spawn(venue.run(listener, stop.clone()));
        Exchange {
            engine,
            faults,
            signer,
            pipe,
            stop,
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        let clock = self.engine.clock();
        Arc::new(move || clock.now())
    }

    fn road(&self) -> impl Connect + use<> {
        let pipe = self.pipe.clone();
        move |_host: &str, _port: u16| -> BoxFuture<'static, io::Result<BoxStream>> {
            let pipe = pipe.clone();
            Box::pin(async move { Ok(Box::new(pipe.connect().await?) as BoxStream) })
        }
    }

    pub(crate) fn rest(&self, limits: Limits) -> rest::Client {
        rest::Client::builder(format!("http://exchange{REST_PATH}"))
            .connector(self.road())
            .limits(limits)
            .retry(rest::RetryPolicy {
                attempts: 2,
                base: Duration::from_millis(20),
                ..rest::RetryPolicy::default()
            })
            .build()
            .unwrap()
    }

    pub(crate) fn stream(&self) -> (ws::Config, ws::Parts) {
        let clock = self.engine.clock();
        let parts = ws::Parts {
            dialer: Dialer::new(Arc::new(self.road()), Duration::from_secs(5)).unwrap(),
            signer: self.signer.clone(),
            clock: Arc::new(move || clock.now()),
            seed: 1,
            raw: None,
        };
        let mut config = ws::Config::new(format!("ws://exchange{WS_PATH}"));
        config.backoff.first = Duration::from_millis(200);
        config.backoff.cap = Duration::from_millis(800);
        (config, parts)
    }

    /// Lets a fault loose.
    pub(crate) async fn suffer(&self, fault: FaultSpec) {
        unleash(&self.engine, &self.faults, fault).await.unwrap();
    }

    /// Nothing goes wrong and nobody acts any more: what is true now stays true.
    pub(crate) async fn fall_silent(&self) {
        self.faults.clear();
        self.engine
            .submit(Command::PauseExchange { until: None })
            .await
            .unwrap();
    }

    /// Everybody acts again.
    pub(crate) async fn speak_again(&self) {
        self.engine.submit(Command::Resume).await.unwrap();
    }

    /// The series of a market.
    pub(crate) async fn series_of(&self, market: &Market) -> SeriesTicker {
        let client = self.rest(Limits::none());
        let event = client
            .event(&market.event_ticker, &EventQuery::default())
            .await
            .unwrap();
        event.event.series_ticker
    }

    /// Every trade there ever was, by id.
    pub(crate) async fn trades(&self) -> BTreeSet<String> {
        let trades = self.rest(Limits::none()).trades(TradesQuery::default());
        let ids = trades.map_ok(|trade| trade.trade_id.to_string());
        ids.try_collect().await.unwrap()
    }

    /// Open markets, without combos.
    pub(crate) async fn open_markets(&self) -> BTreeMap<Ticker, Market> {
        let query = MarketsQuery {
            status: Some(StatusFilter::Open),
            ..MarketsQuery::default()
        };
        let markets = self.rest(Limits::none()).markets(query);
        let named = markets.map_ok(|market| (market.ticker.clone(), market));
        named.try_collect().await.unwrap()
    }

    /// The book of a market.
    pub(crate) async fn book(&self, ticker: &Ticker) -> OrderBook {
        let client = self.rest(Limits::none());
        let sides = client
            .orderbook(ticker, &OrderbookQuery::default())
            .await
            .unwrap();
        let mut book = OrderBook::new();
        book.replace(sides.yes_dollars.into_iter(), sides.no_dollars.into_iter());
        book
    }
}

async fn open_account(engine: &Engine, seed: u64) -> Signer {
    let open = Command::OpenUser {
        name: "reader".to_owned(),
        is_house: false,
    };
    let Reply::User(user) = engine.submit(open).await.unwrap() else {
        panic!("an account")
    };
    add_key(engine, user, seed).await
}

async fn add_key(engine: &Engine, user: UserId, seed: u64) -> Signer {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let pair = GeneratedKey::ed25519_from_seed(&bytes).unwrap();
    let key_id = "00000000-0000-4000-8000-000000000001";
    let spec = KeySpec {
        key_id: key_id.to_owned(),
        user,
        name: "reader".to_owned(),
        key_type: pair.key_type,
        public_key_pem: pair.public_pem.clone(),
        scopes: vec!["read".to_owned()],
        subaccount: None,
    };
    engine.submit(Command::AddKey(spec)).await.unwrap();
    Signer::from_pem(key_id, &pair.private_pem).unwrap()
}

/// A fault of a kind that strikes so often.
pub(crate) fn fault(kind: FaultKind, count: u32) -> FaultSpec {
    FaultSpec {
        count,
        ..FaultSpec::of(kind)
    }
}
