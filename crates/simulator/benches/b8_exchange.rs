//! B8: the exchange in a box from outside: order to acknowledgement over HTTP at 500 orders a second with the signature
//! verified, 1,000 WebSocket clients on `ticker`, memory and processor time with 20,000 markets.
//!
//! The exchange runs in a process of its own, with life in it; the load comes from this one.
//! `cargo bench -p kmi-simulator --bench b8_exchange [-- --runs 5] [--seconds 10]`

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures::{SinkExt, StreamExt};
use kmi_domain::{Quantity, Ticker, Timestamp};
use kmi_kalshi::api::market::{MarketsQuery, StatusFilter};
use kmi_kalshi::api::orders::CreateOrder;
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest::Client;
use kmi_kalshi::sign::{KeyType, Signer};
use kmi_simulator::core::Rules;
use kmi_simulator::engine::Settings;
use kmi_simulator::life::LifeSettings;
use kmi_simulator::records::Lag;
use kmi_simulator::server::{Config, REST_PATH, Tier, WS_PATH};
use kmi_simulator::venue::{Opening, Venue};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

type Anyhow = Box<dyn Error + Send + Sync>;

/// Orders a second.
const PACE: u64 = 500;
/// WebSocket clients.
const CLIENTS: usize = 1_000;
/// Accounts they belong to: 200 connections are what one may have.
const MEMBERS: usize = CLIENTS / 200;

fn main() -> Result<(), Anyhow> {
    if let Some(markets) = argument("--serve") {
        let folder = text_argument("--keys").ok_or("--keys")?;
        return serve(u32::try_from(markets)?, Path::new(&folder));
    }
    let runs = usize::try_from(argument("--runs").unwrap_or(1))?;
    let seconds = argument("--seconds").unwrap_or(10);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let mut orders = Series::default();
    let mut floor = Series::default();
    let mut tickers = Series::default();
    let mut lateness = Series::default();
    let mut memory = Series::default();
    let mut processor = Series::default();
    for _ in 0..runs {
        let exchange = Served::start(200)?;
        let (order, status) = runtime.block_on(acknowledgements(&exchange, seconds))?;
        orders.push(order);
        floor.push(status);
        let fan_out = runtime.block_on(fan_out(&exchange, seconds))?;
        tickers.push(fan_out.per_second);
        lateness.push(fan_out.late_p99_ms);
        drop(exchange);
        let crowded = Served::start(20_000)?;
        let load = runtime.block_on(crowd(&crowded, seconds))?;
        memory.push(load.megabytes);
        processor.push(load.processor_share);
    }
    println!(
        "{{\"id\":\"B8\",\"case\":\"order to acknowledgement over HTTP at {PACE}/s, signature verified, p99\",\"unit\":\"ms\",{},\
         \"target\":1.5,\"reference\":{{\"name\":\"reading the exchange's status at the same pace, p99\",{}}},\
         \"check\":\"every order was acknowledged and is in the list of orders\"}}",
        orders.json(),
        floor.json(),
    );
    println!(
        "{{\"id\":\"B8\",\"case\":\"tickers delivered to {CLIENTS} clients\",\"unit\":\"messages/s\",{},\
         \"check\":\"every one was let in and stayed\"}}",
        tickers.json(),
    );
    println!(
        "{{\"id\":\"B8\",\"case\":\"ticker sent to received, {CLIENTS} clients, p99\",\"unit\":\"ms\",{},\
         \"check\":\"both clocks are this machine's\"}}",
        lateness.json(),
    );
    println!(
        "{{\"id\":\"B8\",\"case\":\"memory with 20,000 markets and live traders\",\"unit\":\"MB\",{},\"target\":1000,\
         \"check\":\"20,000 markets, within 2 %, were listed as open\"}}",
        memory.json(),
    );
    println!(
        "{{\"id\":\"B8\",\"case\":\"processor time per second with 20,000 markets and live traders\",\"unit\":\"s\",{},\
         \"target\":1,\"check\":\"trades went on meanwhile\"}}",
        processor.json(),
    );
    Ok(())
}

/// Values of the runs.
#[derive(Default)]
struct Series(Vec<f64>);

impl Series {
    fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    fn json(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let runs: Vec<String> = self.0.iter().map(|value| format!("{value:.3}")).collect();
        format!(
            "\"value\":{:.3},\"runs\":[{}]",
            sorted[sorted.len() / 2],
            runs.join(",")
        )
    }
}

fn text_argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn argument(name: &str) -> Option<u64> {
    text_argument(name)?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "a bench is where the clock is read")]
fn now() -> Timestamp {
    let since_1970 = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
}

fn member(number: usize) -> String {
    format!("member-{number}")
}

/// The child: an exchange that says where it listens.
fn serve(markets: u32, folder: &Path) -> Result<(), Anyhow> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut settings = Settings::new(Rules::measured(8), now());
        settings.life = Some(LifeSettings::new(8, markets));
        let opening = Opening {
            settings,
            state: None,
            tick: Duration::from_millis(10),
            server: Config {
                default_tier: Tier::Unlimited,
                stranger_tier: Tier::Unlimited,
                ..Config::default()
            },
            plan: Vec::new(),
            lag: Lag::default(),
        };
        let venue = Venue::open(opening, now())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut line = listener.local_addr()?.to_string();
        for number in 0..MEMBERS {
            let account = venue.account(&member(number), KeyType::Ed25519, folder).await?;
            line.push(' ');
            line.push_str(&account.key_id);
        }
        println!("{line}");
        std::io::stdout().flush()?;
        venue.run_tcp(listener, CancellationToken::new()).await;
        Ok(())
    })
}

/// An exchange in a process of its own, killed when it is dropped.
struct Served {
    child: Child,
    address: String,
    signers: Vec<Signer>,
    _folder: tempfile::TempDir,
}

impl Served {
    fn start(markets: u32) -> Result<Served, Anyhow> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", &markets.to_string(), "--keys"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        let mut words = line.split_whitespace();
        let address = words.next().ok_or("the exchange did not start")?.to_owned();
        let mut signers = Vec::new();
        for (number, key_id) in words.enumerate() {
            let pem = std::fs::read_to_string(folder.path().join(format!("{}.pem", member(number))))?;
            signers.push(Signer::from_pem(key_id, &pem)?);
        }
        Ok(Served {
            address,
            signers,
            child,
            _folder: folder,
        })
    }

    fn client(&self) -> Result<Client, Anyhow> {
        let client = Client::builder(format!("http://{}{REST_PATH}", self.address))
            .account(self.signers[0].clone(), now)
            .limits(Limits::none())
            .build()?;
        Ok(client)
    }

    /// Resident memory in megabytes, and processor time used so far.
    fn usage(&self) -> Result<(f64, Duration), Anyhow> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .ok_or("no VmRSS")?
            .parse()?;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        // Linux counts a hundred ticks a second for programs, whatever its own clock does.
        Ok((kilobytes / 1024.0, Duration::from_millis(ticks * 10)))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn p99(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}

/// 99th percentiles, in milliseconds, of placing an order and of reading the status, each sent when its moment comes whether
/// or not earlier ones were answered; the time counts from that moment.
async fn acknowledgements(exchange: &Served, seconds: u64) -> Result<(f64, f64), Anyhow> {
    let client = exchange.client()?;
    let ticker = quiet_market(&client).await?;
    // Connections and caches warm up on both before either counts.
    let warm = paced(PACE, |number| place(client.clone(), ticker.clone(), number)).await?;
    drop(warm);
    let mut status = paced(PACE * seconds, |_| read_status(client.clone())).await?;
    let mut orders = paced(PACE * seconds, |number| {
        place(client.clone(), ticker.clone(), PACE + number)
    })
    .await?;
    let listed = client.orders(kmi_kalshi::api::orders::OrdersQuery::default());
    let listed = listed
        .fold(0_u64, async |count, order| count + u64::from(order.is_ok()))
        .await;
    assert_eq!(
        listed,
        PACE * (seconds + 1),
        "an acknowledged order is not in the list"
    );
    Ok((p99(&mut orders), p99(&mut status)))
}

async fn paced<F>(count: u64, mut act: impl FnMut(u64) -> F) -> Result<Vec<f64>, Anyhow>
where
    F: Future<Output = Result<(), Anyhow>> + Send + 'static,
{
    let started = tokio::time::Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let moment = started + Duration::from_micros(number * 1_000_000 / PACE);
        tokio::time::sleep_until(moment).await;
        let act = act(number);
        // A timer fires up to a millisecond late; what counts is the exchange, from the moment of sending.
        let sent = Instant::now();
        tasks.spawn(async move { act.await.map(|()| sent.elapsed().as_secs_f64() * 1e3) });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.push(done??);
    }
    Ok(times)
}

async fn place(client: Client, ticker: Ticker, number: u64) -> Result<(), Anyhow> {
    let cents = 100 * u16::try_from(number % 5 + 1)?;
    let price = kmi_domain::Price::from_units(cents).ok_or("a price of some cents")?;
    let order = CreateOrder::bid(ticker, price, Quantity::ONE).client_order_id(format!("bench-{number}"));
    client.create_order(&order).await?;
    Ok(())
}

async fn read_status(client: Client) -> Result<(), Anyhow> {
    client.exchange_status().await?;
    Ok(())
}

/// A market on the main shard, where the money is, that stays open.
async fn quiet_market(client: &Client) -> Result<Ticker, Anyhow> {
    let query = MarketsQuery {
        status: Some(StatusFilter::Open),
        ..MarketsQuery::default()
    };
    let page = client.markets_page(&query).await?;
    let latest = page
        .markets
        .into_iter()
        .filter(|market| market.exchange_index == 0)
        .max_by_key(|market| market.close_time)
        .ok_or("no market is open")?;
    Ok(latest.ticker)
}

/// What the clients got.
struct FanOut {
    per_second: f64,
    late_p99_ms: f64,
}

async fn fan_out(exchange: &Served, seconds: u64) -> Result<FanOut, Anyhow> {
    let received = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..CLIENTS {
        let socket = connect(exchange, &exchange.signers[number % MEMBERS]).await?;
        tasks.spawn(listen(socket, Arc::clone(&received), seconds));
    }
    let started = Instant::now();
    let mut late = Vec::new();
    while let Some(done) = tasks.join_next().await {
        late.extend(done??);
    }
    let per_second = received.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64();
    Ok(FanOut {
        per_second,
        late_p99_ms: p99(&mut late),
    })
}

type Socket = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

async fn connect(exchange: &Served, signer: &Signer) -> Result<Socket, Anyhow> {
    let mut request = format!("ws://{}{WS_PATH}", exchange.address).into_client_request()?;
    let headers = signer.headers(now().millis(), "GET", WS_PATH).await?;
    for (name, value) in headers.pairs() {
        request.headers_mut().insert(name, value.parse()?);
    }
    let stream = tokio::net::TcpStream::connect(&exchange.address).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    let subscribe = r#"{"id":1,"cmd":"subscribe","params":{"channels":["ticker"]}}"#;
    socket.send(Message::text(subscribe)).await?;
    Ok(socket)
}

/// How late every hundredth message was, in milliseconds.
async fn listen(mut socket: Socket, received: Arc<AtomicU64>, seconds: u64) -> Result<Vec<f64>, Anyhow> {
    let end = tokio::time::Instant::now() + Duration::from_secs(seconds);
    let mut late = Vec::new();
    let mut count = 0_u64;
    while let Ok(Some(message)) = tokio::time::timeout_at(end, socket.next()).await {
        let Message::Text(text) = message? else { continue };
        if !text.contains("\"type\":\"ticker\"") {
            continue;
        }
        count += 1;
        if count.is_multiple_of(100) {
            late.push((now().millis() - sent_ms(&text)) as f64);
        }
    }
    received.fetch_add(count, Ordering::Relaxed);
    Ok(late)
}

fn sent_ms(text: &str) -> i64 {
    let rest = text.split("\"sending_ts_ms\":").nth(1).unwrap_or("0");
    let digits = rest
        .split(|letter: char| !letter.is_ascii_digit())
        .next()
        .unwrap_or("0");
    digits.parse().unwrap_or(0)
}

/// What the exchange needs with many markets.
struct Crowd {
    megabytes: f64,
    processor_share: f64,
}

async fn crowd(exchange: &Served, seconds: u64) -> Result<Crowd, Anyhow> {
    let client = exchange.client()?;
    // The founding is behind it before it is measured.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let query = MarketsQuery {
        status: Some(StatusFilter::Open),
        ..MarketsQuery::default()
    };
    let open = client
        .markets(query)
        .fold(0_u32, async |count, market| count + u32::from(market.is_ok()))
        .await;
    assert!((19_600..=20_400).contains(&open), "{open} markets are open");
    let (_, before) = exchange.usage()?;
    let started = Instant::now();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let (megabytes, after) = exchange.usage()?;
    Ok(Crowd {
        megabytes,
        processor_share: after.saturating_sub(before).as_secs_f64() / started.elapsed().as_secs_f64(),
    })
}
