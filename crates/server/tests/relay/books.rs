//! Our own client over the relay has the book the exchange has, whatever was missed in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::book::OrderBook;
use kmi_domain::{Level, Price, Quantity, Side};
use kmi_kalshi::sign::{GeneratedKey, Signer};
use kmi_kalshi::ws::books::LiveBooks;
use kmi_kalshi::ws::message::OrderbookSnapshot;
use kmi_kalshi::ws::{Channel, Client, Config, EventKind, Markets, NoPrices, Parts};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::support::{House, ticker, within};

const MARKETS: [&str; 3] = ["KX-1", "KX-2", "KX-3"];

/// Our own client with these books, asked for in these prices.
async fn books_of(house: &House, no_prices: NoPrices) -> LiveBooks {
    let key = GeneratedKey::ed25519_from_seed(&[1; 32]).unwrap();
    let signer = Signer::from_pem("nobody", &key.private_pem).unwrap();
    let clock = Arc::clone(&house.clock);
    let parts = Parts::new(signer, move || clock.now(), 1).unwrap();
    let mut config = Config::new(house.ws_url());
    config.no_prices = no_prices;
    let (client, events) = Client::connect(config, parts);
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(MARKETS.map(ticker)))
        .await
        .unwrap();
    LiveBooks::new(client, events)
}

/// The exchange as it is, and whether our stream knows.
struct Exchange {
    books: BTreeMap<&'static str, OrderBook>,
    missed: BTreeMap<&'static str, bool>,
    rng: ChaCha8Rng,
}

impl Exchange {
    fn new(seed: u64) -> Exchange {
        Exchange {
            books: MARKETS.map(|market| (market, OrderBook::new())).into(),
            missed: MARKETS.map(|market| (market, false)).into(),
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// One level of one book changes. Our stream hears of it, or misses it and everything after, until a snapshot.
    fn trade(&mut self, house: &House) {
        let market = MARKETS[self.rng.random_range(0..MARKETS.len())];
        let side = [Side::Yes, Side::No][self.rng.random_range(0..2)];
        let price = Price::from_units(100 * self.rng.random_range(1..100)).unwrap();
        let there = self.books[market].quantity_at(side, price);
        let change = match self.rng.random_range(0..3) {
            0 if there.is_positive() => Quantity::from_units(-there.units()),
            _ => Quantity::from_units(self.rng.random_range(1..5_000)),
        };
        let book = self.books.get_mut(market).unwrap();
        book.apply(side, price, change).unwrap();
        if self.missed[market] {
            if self.rng.random_range(0..20) == 0 {
                self.mend(market, house);
            }
        } else if self.rng.random_range(0..100) == 0 {
            house.board.mark_books_stale(&[ticker(market)], house.now());
            self.missed.insert(market, true);
        } else {
            house.delta(market, side, price, change);
        }
    }

    fn mend(&mut self, market: &'static str, house: &House) {
        let levels = |side| -> Vec<Level> { self.books[market].levels(side).collect() };
        let snapshot = OrderbookSnapshot {
            market_ticker: ticker(market),
            market_id: None,
            clock: Some(house.tick()),
            yes_dollars_fp: levels(Side::Yes),
            no_dollars_fp: levels(Side::No),
        };
        house.board.take_book_snapshot(snapshot, house.now());
        self.missed.insert(market, false);
    }
}

/// Random trading with gaps, heard by a client while it goes on.
async fn the_client_ends_with_the_exchanges_books(seed: u64, no_prices: NoPrices) {
    let house = House::usual().await;
    house.list(&MARKETS);
    let mut exchange = Exchange::new(seed);
    for market in MARKETS {
        exchange.mend(market, &house);
    }
    let mut books = books_of(&house, no_prices).await;
    let mut heard = 0;
    for step in 0..4_000 {
        exchange.trade(&house);
        if step % 50 == 0 {
            // Now and then the client reads what there is.
            while let Ok(event) = tokio::time::timeout(Duration::from_millis(1), books.next()).await {
                let (event, _) = event.unwrap();
                assert!(!matches!(event.kind, EventKind::Gap { .. }), "{event:?}");
                heard += 1;
            }
        }
    }
    for market in MARKETS {
        exchange.mend(market, &house);
    }
    let is_equal = |books: &LiveBooks| {
        let equal = |market: &&'static str| books.book(market).synced() == Some(&exchange.books[*market]);
        MARKETS.iter().all(equal)
    };
    within(async {
        while !is_equal(&books) {
            let (event, _) = books.next().await.unwrap();
            assert!(!matches!(event.kind, EventKind::Gap { .. }), "{event:?}");
            heard += 1;
        }
    })
    .await;
    assert!(heard > 1_000, "only {heard} messages were heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_random_trading_with_gaps_the_books_are_equal_in_yes_prices() {
    the_client_ends_with_the_exchanges_books(1, NoPrices::InYes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_random_trading_with_gaps_the_books_are_equal_in_no_prices() {
    the_client_ends_with_the_exchanges_books(2, NoPrices::InNo).await;
}
