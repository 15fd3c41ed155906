//! A seeded exchange with real books that loses, repeats, reorders and garbles what it sends, ends subscriptions and breaks
//! connections: a book handed out as in sync is always one that the exchange had, and when it calms down all are the newest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use kmi_domain::book::OrderBook;
use kmi_domain::{Price, Quantity, Side};
use kmi_kalshi::ws::books::{Applied, BookView, LiveBooks};
use kmi_kalshi::ws::{Channel, Command, CommandBody, Markets, NoPrices};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::fake::{Fake, Peer, config, ticker, tickers};

const MARKETS: [&str; 4] = ["A", "B", "C", "D"];
/// How long the exchange misbehaves.
const STORM: Duration = Duration::from_mins(2);

/// What the exchange's replies count with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counter {
    Shared,
    Own,
}

struct Market {
    book: OrderBook,
    clock: u64,
    /// Every book there ever was, by its clock; one action may make several.
    past: BTreeMap<u64, Vec<OrderBook>>,
}

struct World {
    markets: BTreeMap<&'static str, Market>,
    rng: StdRng,
    is_calm: bool,
    counter: Counter,
    last_sid: u64,
    prices: NoPrices,
    /// Faults that happened.
    faults: u32,
}

/// One subscription of one connection.
#[derive(Default)]
struct Subscribed {
    sid: u64,
    seq: u64,
    replies: u64,
    markets: BTreeSet<String>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut rng = StdRng::seed_from_u64(seed);
        let market = || Market {
            book: OrderBook::new(),
            clock: 0,
            past: BTreeMap::from([(0, vec![OrderBook::new()])]),
        };
        World {
            markets: MARKETS.iter().map(|name| (*name, market())).collect(),
            is_calm: false,
            counter: if rng.random() {
                Counter::Shared
            } else {
                Counter::Own
            },
            prices: if rng.random() {
                NoPrices::InYes
            } else {
                NoPrices::InNo
            },
            last_sid: 0,
            faults: 0,
            rng,
        }
    }

    /// Chance of `per_mille`, none when it is calm.
    fn strikes(&mut self, per_mille: u32) -> bool {
        let strikes = !self.is_calm && self.rng.random_ratio(per_mille, 1_000);
        self.faults += u32::from(strikes);
        strikes
    }

    fn wire_price(&self, side: Side, price: Price) -> String {
        match (side, self.prices) {
            (Side::No, NoPrices::InYes) => price.complement().to_string(),
            _ => price.to_string(),
        }
    }

    fn snapshot(&self, name: &str) -> Value {
        let market = &self.markets[name];
        let levels = |side| {
            let mut levels: Vec<_> = market
                .book
                .levels(side)
                .map(|level| json!([self.wire_price(side, level.price), level.quantity.to_string()]))
                .collect();
            levels.reverse();
            levels
        };
        json!({"market_ticker": name, "market_id": "m", "clock": market.clock,
            "yes_dollars_fp": levels(Side::Yes), "no_dollars_fp": levels(Side::No)})
    }

    /// One action on one market: one or two changes with one clock.
    fn act(&mut self) -> Vec<(&'static str, Value)> {
        let name = MARKETS[self.rng.random_range(0..MARKETS.len())];
        let step = self.rng.random_range(1..4);
        let mut changes = Vec::new();
        self.markets.get_mut(name).unwrap().clock += step;
        for _ in 0..self.rng.random_range(1..=2) {
            let side = if self.rng.random() { Side::Yes } else { Side::No };
            let price = Price::from_cents(self.rng.random_range(1..=8) * 5).unwrap();
            let there = self.markets[name].book.quantity_at(side, price);
            let change = if there.is_positive() && self.rng.random() {
                Quantity::ZERO - there
            } else {
                Quantity::from_contracts(self.rng.random_range(1..50))
            };
            let market = self.markets.get_mut(name).unwrap();
            market.book.apply(side, price, change).unwrap();
            let (clock, book) = (market.clock, market.book.clone());
            market.past.entry(clock).or_default().push(book);
            changes.push((
                name,
                json!({"market_ticker": name, "market_id": "m", "clock": clock, "side": side.as_str(),
                    "price_dollars": self.wire_price(side, price), "delta_fp": change.to_string()}),
            ));
        }
        changes
    }
}

/// What goes out next, after whatever was held back to come late.
struct Line<'a> {
    peer: &'a mut Peer,
    held: Option<String>,
}

/// The connection is over.
struct Broken;

impl Line<'_> {
    async fn send(&mut self, text: String) -> Result<(), Broken> {
        self.peer
            .socket
            .send(Message::text(text))
            .await
            .map_err(|_| Broken)
    }

    /// Sends a data message, or does to it what happens to messages.
    async fn data(&mut self, world: &Arc<Mutex<World>>, text: String) -> Result<(), Broken> {
        let fate = {
            let mut world = world.lock().unwrap();
            let fates = ["lost", "twice", "late", "garbled", "broken"];
            fates.into_iter().find(|_| world.strikes(4))
        };
        match fate {
            Some("lost") => return Ok(()),
            Some("twice") => self.send(text.clone()).await?,
            Some("late") if self.held.is_none() => {
                self.held = Some(text);
                return Ok(());
            }
            Some("garbled") => {
                return self
                    .send(text.replace("market_id", "x").replace("0.", "zero "))
                    .await;
            }
            Some("broken") => return Err(Broken),
            _ => {}
        }
        self.send(text).await?;
        match self.held.take() {
            Some(held) => self.send(held).await,
            None => Ok(()),
        }
    }
}

fn frame(kind: &str, sid: u64, seq: u64, msg: &Value) -> String {
    json!({"type": kind, "sid": sid, "seq": seq, "msg": msg}).to_string()
}

impl Subscribed {
    fn next_seq(&mut self, world: &Arc<Mutex<World>>) -> u64 {
        // A number is left out now and then though nothing is lost.
        self.seq += if world.lock().unwrap().strikes(2) { 2 } else { 1 };
        self.seq
    }

    fn reply_seq(&mut self, world: &Arc<Mutex<World>>) -> u64 {
        if world.lock().unwrap().counter == Counter::Shared {
            self.seq += 1;
            return self.seq;
        }
        self.replies += 1;
        self.replies
    }

    async fn snapshots(
        &mut self,
        line: &mut Line<'_>,
        world: &Arc<Mutex<World>>,
        names: &[String],
    ) -> Result<(), Broken> {
        for name in names {
            let msg = world.lock().unwrap().snapshot(name);
            let seq = self.next_seq(world);
            line.data(world, frame("orderbook_snapshot", self.sid, seq, &msg))
                .await?;
        }
        Ok(())
    }

    async fn obey(
        &mut self,
        line: &mut Line<'_>,
        world: &Arc<Mutex<World>>,
        Command { id, body }: Command,
    ) -> Result<(), Broken> {
        if world.lock().unwrap().strikes(20) {
            // Never answered.
            return Ok(());
        }
        match body {
            CommandBody::Subscribe(params) => {
                *self = Subscribed {
                    markets: params.tickers().into_iter().collect(),
                    ..Subscribed::default()
                };
                self.sid = {
                    let mut world = world.lock().unwrap();
                    world.last_sid += 1;
                    world.last_sid
                };
                let msg = json!({"channel": "orderbook_delta", "sid": self.sid});
                let reply = json!({"type": "subscribed", "id": id, "msg": msg}).to_string();
                let is_late: bool = world.lock().unwrap().rng.random();
                if !is_late {
                    line.send(reply.clone()).await?;
                }
                self.snapshots(line, world, &params.tickers()).await?;
                if is_late {
                    line.send(reply).await?;
                }
            }
            CommandBody::Unsubscribe(_) => {
                let seq = self.reply_seq(world);
                let reply = json!({"type": "unsubscribed", "id": id, "sid": self.sid, "seq": seq});
                self.markets.clear();
                line.send(reply.to_string()).await?;
            }
            CommandBody::UpdateSubscription(params) => {
                let names = params.tickers();
                let action = params.action.as_deref().unwrap();
                if action != "get_snapshot" {
                    let seq = self.reply_seq(world);
                    let reply = json!({"type": "ok", "id": id, "sid": self.sid, "seq": seq});
                    line.send(reply.to_string()).await?;
                }
                if action == "delete_markets" {
                    self.markets.retain(|market| !names.contains(market));
                } else {
                    self.markets.extend(names.iter().cloned());
                    self.snapshots(line, world, &names).await?;
                }
            }
            CommandBody::ListSubscriptions => panic!("never asked"),
        }
        Ok(())
    }
}

async fn serve(peer: &mut Peer, world: &Arc<Mutex<World>>) -> Result<(), Broken> {
    let mut line = Line { peer, held: None };
    let mut subscribed = Subscribed::default();
    loop {
        let pause = Duration::from_millis(world.lock().unwrap().rng.random_range(1..60));
        match timeout(pause, line.peer.socket.next()).await {
            Ok(Some(Ok(Message::Text(text)))) => {
                let command = Command::parse(text.as_bytes()).unwrap();
                subscribed.obey(&mut line, world, command).await?;
            }
            Ok(Some(Ok(_))) => {}
            Ok(_) => return Err(Broken),
            Err(_) => {
                let changes = world.lock().unwrap().act();
                for (name, msg) in changes {
                    if subscribed.markets.contains(name) {
                        let seq = subscribed.next_seq(world);
                        let text = frame("orderbook_delta", subscribed.sid, seq, &msg);
                        line.data(world, text).await?;
                    }
                }
                if subscribed.sid > 0 && !subscribed.markets.is_empty() && world.lock().unwrap().strikes(1) {
                    subscribed.markets.clear();
                    let msg = json!({"code": 25, "msg": "overflow"});
                    let text = json!({"type": "error", "sid": subscribed.sid, "msg": msg}).to_string();
                    line.send(text).await?;
                }
            }
        }
    }
}

async fn exchange(mut fake: Fake, world: Arc<Mutex<World>>) {
    loop {
        let mut peer = fake.accept().await;
        let _ = serve(&mut peer, &world).await;
    }
}

/// A book in sync is one that the exchange had.
fn check(books: &LiveBooks, world: &Arc<Mutex<World>>, name: &str) {
    if let BookView::Synced { book, clock, .. } = books.book(name) {
        let world = world.lock().unwrap();
        let past = &world.markets[name].past[&clock.unwrap()];
        assert!(
            past.contains(book),
            "{name} at {clock:?} is {book:?}, which never was"
        );
    }
}

async fn run(seed: u64) -> u32 {
    let mut fake = Fake::new();
    let mut config = config();
    let world = Arc::new(Mutex::new(World::new(seed)));
    config.no_prices = world.lock().unwrap().prices;
    config.backoff.first = Duration::from_millis(20);
    config.backoff.cap = Duration::from_millis(200);
    config.backoff.probe = Duration::from_millis(200);
    config.timeouts.command = Duration::from_secs(2);
    config.timeouts.snapshot = Duration::from_secs(1);
    config.bounds.books = 64;
    let (client, events) = fake.client(config);
    let playing = tokio::spawn(exchange(fake, Arc::clone(&world)));
    let subscription = client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&MARKETS)))
        .await
        .unwrap();
    let mut books = LiveBooks::new(client, events);
    let mut rng = StdRng::seed_from_u64(seed ^ 0xabcd);
    let start = Instant::now();
    let mut synced = 0_u32;
    while start.elapsed() < STORM {
        if rng.random_ratio(1, 200) {
            let name = MARKETS[rng.random_range(0..MARKETS.len())];
            subscription.delete_markets(vec![ticker(name)]).await.unwrap();
            subscription.add_markets(vec![ticker(name)]).await.unwrap();
        }
        if rng.random_ratio(1, 400) {
            tokio::time::sleep(Duration::from_secs(rng.random_range(1..10))).await;
        }
        if let Ok(Some((_, Applied::Changed(name)))) = timeout(Duration::from_secs(1), books.next()).await {
            synced += u32::from(books.book(name.as_str()).synced().is_some());
            check(&books, &world, name.as_str());
        }
    }
    assert!(synced > 200, "hardly ever in sync: {synced}");

    subscription.add_markets(tickers(&MARKETS)).await.unwrap();
    world.lock().unwrap().is_calm = true;
    let is_mended = |books: &LiveBooks| {
        let world = world.lock().unwrap();
        MARKETS
            .iter()
            .all(|name| books.book(name).synced() == Some(&world.markets[name].book))
    };
    let deadline = Instant::now() + Duration::from_mins(2);
    // For longer than any time-out a hole at the very end would need to show.
    let calm = Instant::now() + Duration::from_secs(10);
    while Instant::now() < calm || !is_mended(&books) {
        assert!(Instant::now() < deadline, "never mended");
        if let Ok(Some((_, Applied::Changed(name)))) = timeout(Duration::from_secs(1), books.next()).await {
            check(&books, &world, name.as_str());
        }
    }
    playing.abort();
    world.lock().unwrap().faults
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_on_the_way_books_are_right_or_stale_and_mend() {
    let mut faults = 0;
    for seed in 0..12 {
        faults += run(seed).await;
    }
    assert!(faults > 500, "the exchange hardly misbehaved: {faults}");
}
