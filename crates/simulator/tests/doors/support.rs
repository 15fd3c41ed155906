//! An exchange with two users behind an in-process pipe, and a client that signs.

use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use kmi_domain::{
    CollateralReturn, EventTicker, FeeMultiplier, FeeType, Money, SeriesTicker, TickGrid, Ticker, Timestamp,
};
use kmi_kalshi::sign::{GeneratedKey, Signer};
use kmi_simulator::core::{
    Account, Command, EventSpec, KeySpec, MarketSpec, Reply, Rules, SeriesSpec, Shard, Strike, Subaccount,
    UserId,
};
use kmi_simulator::engine::{Clock, Engine, Settings};
use kmi_simulator::faults::Faults;
use kmi_simulator::server::{Config, Pipe, Server, Tier, pipe};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// 2026-11-21 05:00:00 UTC, in seconds.
pub(crate) const NOW: i64 = 1_795_237_200;
/// The market most tests trade, on shard 0.
pub(crate) const MARKET: &str = "KXTEST-26NOV21-A";
/// Another of the same event.
pub(crate) const OTHER: &str = "KXTEST-26NOV21-B";
/// One on the shard of crypto.
pub(crate) const CRYPTO: &str = "KXCOIN-26NOV21-UP";
/// Path of the REST API.
pub(crate) const API: &str = "/trade-api/v2";

/// A running exchange.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) server: Server,
    pub(crate) pipe: Pipe,
    /// `demo`, with an Ed25519 key of full scope and $10,000.
    pub(crate) demo: Member,
    /// `maker`, the same.
    pub(crate) maker: Member,
}

/// A user and how they sign.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) user: UserId,
    pub(crate) signer: Signer,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Status and body, to compare.
    pub(crate) fn told(&self) -> (u16, &str) {
        (self.status.as_u16(), &self.text)
    }

    /// Status and error code, to compare.
    pub(crate) fn refused(&self) -> (u16, String) {
        let code = self.json()["error"]["code"].as_str().map(str::to_owned);
        (self.status.as_u16(), code.unwrap_or_else(|| self.text.clone()))
    }
}

impl House {
    /// With no limits.
    pub(crate) async fn open() -> House {
        House::with(Config {
            default_tier: Tier::Unlimited,
            stranger_tier: Tier::Unlimited,
            ..Config::default()
        })
        .await
    }

    pub(crate) async fn with(config: Config) -> House {
        let founded = Timestamp::from_seconds(NOW - 3_600);
        let settings = Settings::new(Rules::measured(7), founded);
        let clock = Clock::starting(Timestamp::from_seconds(NOW));
        let engine = Engine::in_memory(&settings, clock);
        list_catalogue(&engine).await;
        let demo = open_member(&engine, "demo", 1).await;
        let maker = open_member(&engine, "maker", 2).await;
        let faults = Faults::new(7);
        let server = Server::new(engine.clone(), faults, config);
        let (pipe, listener) = pipe();
        let serving = server.clone();
        tokio::spawn(async move { serving.serve(listener, CancellationToken::new()).await });
        House {
            engine,
            server,
            pipe,
            demo,
            maker,
        }
    }

    /// A signed request of `demo`.
    pub(crate) async fn demo(&self, method: Method, path: &str, body: &str) -> Answer {
        self.signed(&self.demo.signer, method, path, body).await
    }

    /// A signed request of `maker`.
    pub(crate) async fn maker(&self, method: Method, path: &str, body: &str) -> Answer {
        self.signed(&self.maker.signer, method, path, body).await
    }

    /// A signed request; `path` is below the API's, with its query.
    pub(crate) async fn signed(&self, signer: &Signer, method: Method, path: &str, body: &str) -> Answer {
        let path = format!("{API}{path}");
        let headers = self.headers(signer, &method, &path);
        self.send(method, &path, &headers, body).await
    }

    /// Lists so many games of one market each.
    pub(crate) async fn list_games(&self, count: usize) {
        self.engine.submit(series("KXGAME", "Sports", 3)).await.unwrap();
        for number in 0..count {
            let game = format!("KXGAME-{number}");
            let listing = [
                event(&game, "KXGAME", CollateralReturn::None),
                market(&format!("{game}-A"), &game),
            ];
            for command in listing {
                self.engine.submit(command).await.unwrap();
            }
        }
    }

    /// An unsigned request below the API's path.
    pub(crate) async fn public(&self, path: &str) -> Answer {
        self.send(Method::GET, &format!("{API}{path}"), &[], "").await
    }

    /// The three headers for a request now.
    pub(crate) fn headers(
        &self,
        signer: &Signer,
        method: &Method,
        path: &str,
    ) -> Vec<(&'static str, String)> {
        headers_at(signer, self.engine.now().millis(), method, path)
    }

    /// Any request at all, on a connection of its own.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap()
    }

    /// The same, where the connection may be cut.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, String)],
        body: &str,
    ) -> Result<Answer, hyper::Error> {
        let stream = self.pipe.connect().await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", "box");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let (head, body) = sender.send_request(request).await?.into_parts();
        let bytes = body.collect().await?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        })
    }

    /// A key for a user, of these scopes.
    pub(crate) async fn key(
        &self,
        user: UserId,
        pair: &GeneratedKey,
        scopes: &[&str],
        subaccount: Option<u8>,
    ) -> Signer {
        let key_id = format!(
            "00000000-0000-4000-8000-{:012x}",
            pair.public_pem.len() * 1_000_003 + hash(pair)
        );
        add_key(&self.engine, user, &key_id, pair, scopes, subaccount).await
    }

    /// A resting order of `maker`; gives its id back.
    pub(crate) async fn rest(&self, side: &str, price: &str, count: &str) -> String {
        let body = order(MARKET, side, price, count, "good_till_canceled");
        let answer = self.maker(Method::POST, "/portfolio/events/orders", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["order_id"].as_str().unwrap().to_owned()
    }
}

fn hash(pair: &GeneratedKey) -> usize {
    pair.public_pem.bytes().fold(7, |sum: usize, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    }) & 0xff_ffff
}

/// The three headers for a request signed at `timestamp_ms`.
pub(crate) fn headers_at(
    signer: &Signer,
    timestamp_ms: i64,
    method: &Method,
    path: &str,
) -> Vec<(&'static str, String)> {
    let path = path.split('?').next().unwrap();
    let signature = signer
        .sign_blocking(format!("{timestamp_ms}{method}{path}").as_bytes())
        .unwrap();
    vec![
        ("KALSHI-ACCESS-KEY", signer.key_id().to_owned()),
        ("KALSHI-ACCESS-TIMESTAMP", timestamp_ms.to_string()),
        ("KALSHI-ACCESS-SIGNATURE", signature),
    ]
}

/// Body of a create.
pub(crate) fn order(ticker: &str, side: &str, price: &str, count: &str, time_in_force: &str) -> String {
    format!(
        r#"{{"ticker":"{ticker}","side":"{side}","count":"{count}","price":"{price}","time_in_force":"{time_in_force}","self_trade_prevention_type":"taker_at_cross"}}"#
    )
}

/// The key pair of a small number.
pub(crate) fn pair(number: u8) -> GeneratedKey {
    GeneratedKey::ed25519_from_seed(&[number; 32]).unwrap()
}

async fn open_member(engine: &Engine, name: &str, number: u8) -> Member {
    let open = Command::OpenUser {
        name: name.to_owned(),
        is_house: false,
    };
    let Ok(Reply::User(user)) = engine.submit(open).await else {
        panic!("no user {name}");
    };
    let key_id = format!("00000000-0000-4000-8000-00000000000{number}");
    let signer = add_key(engine, user, &key_id, &pair(number), &["read", "write"], None).await;
    Member { user, signer }
}

async fn add_key(
    engine: &Engine,
    user: UserId,
    key_id: &str,
    pair: &GeneratedKey,
    scopes: &[&str],
    subaccount: Option<u8>,
) -> Signer {
    let spec = KeySpec {
        key_id: key_id.to_owned(),
        user,
        name: "test".to_owned(),
        key_type: pair.key_type,
        public_key_pem: pair.public_pem.clone(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        subaccount: subaccount.and_then(Subaccount::new),
    };
    engine.submit(Command::AddKey(spec)).await.unwrap();
    Signer::from_pem(key_id, &pair.private_pem).unwrap()
}

/// Pays money in.
pub(crate) async fn deposit(engine: &Engine, user: UserId, shard: u8, dollars: i64) {
    let command = Command::Deposit {
        account: Account::primary(user),
        shard: Shard::new(shard).unwrap(),
        amount: Money::from_dollars(dollars),
    };
    engine.submit(command).await.unwrap();
}

async fn list_catalogue(engine: &Engine) {
    for command in catalogue() {
        engine.submit(command).await.unwrap();
    }
    engine.submit(Command::Advance).await.unwrap();
}

fn series(ticker: &str, category: &str, shard: u8) -> Command {
    Command::ListSeries(SeriesSpec {
        ticker: SeriesTicker::new(ticker).unwrap(),
        title: format!("{ticker} every day"),
        category: category.to_owned(),
        tags: vec!["Daily".to_owned()],
        frequency: "daily".to_owned(),
        fee_type: FeeType::Quadratic,
        fee_multiplier: FeeMultiplier::ONE,
        shard: Shard::new(shard).unwrap(),
    })
}

fn event(ticker: &str, series: &str, collateral_return: CollateralReturn) -> Command {
    Command::ListEvent(EventSpec {
        ticker: EventTicker::new(ticker).unwrap(),
        series: SeriesTicker::new(series).unwrap(),
        title: format!("What will {ticker} be?"),
        sub_title: "On 21 November".to_owned(),
        collateral_return,
        strike_date: Some(Timestamp::from_seconds(NOW + 86_400)),
        fee_type_override: None,
        fee_multiplier_override: None,
    })
}

fn catalogue() -> Vec<Command> {
    vec![
        series("KXTEST", "Climate and Weather", 0),
        event("KXTEST-26NOV21", "KXTEST", CollateralReturn::Mecnet),
        market(MARKET, "KXTEST-26NOV21"),
        market(OTHER, "KXTEST-26NOV21"),
        series("KXCOIN", "Crypto", 2),
        event("KXCOIN-26NOV21", "KXCOIN", CollateralReturn::None),
        market(CRYPTO, "KXCOIN-26NOV21"),
    ]
}

fn market(ticker: &str, event: &str) -> Command {
    Command::ListMarket(MarketSpec {
        ticker: Ticker::new(ticker).unwrap(),
        event: EventTicker::new(event).unwrap(),
        yes_sub_title: "Above".to_owned(),
        no_sub_title: "Below".to_owned(),
        rules_primary: "If it is above, the market resolves to Yes.".to_owned(),
        rules_secondary: String::new(),
        strike: Strike::default(),
        price_level_structure: "linear_cent".to_owned(),
        grid: TickGrid::linear_cent(),
        open_time: Timestamp::from_seconds(NOW - 600),
        close_time: Timestamp::from_seconds(NOW + 86_400),
        expected_expiration_time: Timestamp::from_seconds(NOW + 90_000),
        latest_expiration_time: Timestamp::from_seconds(NOW + 172_800),
        settlement_timer_s: 60,
        can_close_early: true,
        fee_waiver_until: None,
        is_replay: false,
    })
}
