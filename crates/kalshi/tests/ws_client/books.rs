//! Books: kept in sync, told stale, mended.

use std::time::Duration;

use kmi_domain::Side;
use kmi_domain::book::OrderBook;
use kmi_kalshi::ws::books::{Applied, BookView, LiveBooks, StaleReason};
use kmi_kalshi::ws::{Channel, CommandBody, Config, EventKind, Markets, NoPrices};

use super::fake::{Fake, Peer, config, tickers};

/// A client with books of these markets, confirmed as subscription 1 with a snapshot each.
async fn books_of(fake: &mut Fake, config: Config, markets: &[&str]) -> (LiveBooks, Peer) {
    let (client, events) = fake.client(config);
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(markets)))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    assert_eq!(peer.confirm(Channel::OrderbookDelta, 1).await, markets);
    for (market, seq) in markets.iter().zip(1..) {
        peer.snapshot(1, seq, market, ["0.40", "10"], ["0.45", "20"])
            .await;
    }
    let mut books = LiveBooks::new(client, events);
    changes(&mut books, markets.len()).await;
    (books, peer)
}

/// Reads until books changed so often.
async fn changes(books: &mut LiveBooks, count: usize) {
    let mut seen = 0;
    while seen < count {
        if let (_, Applied::Changed(_)) = books.next().await.unwrap() {
            seen += 1;
        }
    }
}

async fn until_stale(books: &mut LiveBooks) {
    while books.next().await.unwrap().1 != Applied::WentStale {}
}

fn bids(book: &OrderBook, side: Side) -> Vec<String> {
    book.levels(side)
        .map(|level| format!("{} x {}", level.price, level.quantity))
        .collect()
}

fn reason(view: BookView<'_>) -> Option<StaleReason> {
    match view {
        BookView::Stale { reason, .. } => Some(reason),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_and_its_changes_are_a_book_in_no_prices() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A"]).await;
    peer.delta(1, 2, "A", "yes", "0.41", "5.50").await;
    peer.delta(1, 3, "A", "no", "0.44", "2.00").await;
    peer.delta(1, 4, "A", "no", "0.45", "-20.00").await;
    changes(&mut books, 3).await;

    let book = books.book("A").synced().unwrap();
    assert_eq!(bids(book, Side::Yes), ["0.4100 x 5.50", "0.4000 x 10.00"]);
    // NO bid at 0.44 in YES prices: a bid of 0.56 for NO, an ask of 0.44 for YES.
    assert_eq!(bids(book, Side::No), ["0.5600 x 2.00"]);
    assert_eq!(book.spread().unwrap().to_string(), "0.0300");
}

#[tokio::test(start_paused = true)]
async fn no_prices_may_be_asked_for_as_they_are() {
    let mut fake = Fake::new();
    let mut config = config();
    config.no_prices = NoPrices::InNo;
    let (client, events) = fake.client(config);
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    let command = peer.command().await;
    let CommandBody::Subscribe(params) = command.body else {
        panic!("it subscribes")
    };
    assert_eq!(params.use_yes_price, Some(false));
    peer.subscribed(command.id, Channel::OrderbookDelta, 1).await;
    peer.snapshot(1, 1, "A", ["0.40", "10"], ["0.55", "20"]).await;
    peer.delta(1, 2, "A", "no", "0.56", "2.00").await;
    let mut books = LiveBooks::new(client, events);
    changes(&mut books, 2).await;
    let book = books.book("A").synced().unwrap();
    assert_eq!(bids(book, Side::No), ["0.5600 x 2.00", "0.5500 x 20.00"]);
}

#[tokio::test(start_paused = true)]
async fn a_gap_makes_every_book_stale_until_its_own_snapshot() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A", "B"]).await;
    peer.delta(1, 4, "B", "yes", "0.41", "1.00").await;
    until_stale(&mut books).await;
    for market in ["A", "B"] {
        assert_eq!(reason(books.book(market)), Some(StaleReason::Gap));
    }
    let (_, asked) = peer.update("get_snapshot", 1).await;
    assert_eq!(asked, ["A", "B"]);
    // A change that comes before the snapshot is in the snapshot.
    peer.delta(1, 5, "A", "yes", "0.42", "1.00").await;
    peer.snapshot(1, 6, "A", ["0.42", "7"], ["0.50", "1"]).await;
    changes(&mut books, 1).await;
    let book = books.book("A").synced().unwrap();
    assert_eq!(bids(book, Side::Yes), ["0.4200 x 7.00"]);
    assert_eq!(reason(books.book("B")), Some(StaleReason::Gap));
    peer.snapshot(1, 7, "B", ["0.43", "8"], ["0.50", "1"]).await;
    peer.delta(1, 8, "A", "yes", "0.42", "-3.00").await;
    changes(&mut books, 2).await;
    assert_eq!(
        bids(books.book("A").synced().unwrap(), Side::Yes),
        ["0.4200 x 4.00"]
    );
    assert_eq!(
        bids(books.book("B").synced().unwrap(), Side::Yes),
        ["0.4300 x 8.00"]
    );
}

#[tokio::test(start_paused = true)]
async fn what_comes_twice_counts_once() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A"]).await;
    for seq in [2, 2, 3, 3, 3] {
        peer.delta(1, seq, "A", "yes", "0.40", "1.00").await;
    }
    peer.delta(1, 4, "A", "yes", "0.39", "1.00").await;
    changes(&mut books, 3).await;
    let book = books.book("A").synced().unwrap();
    assert_eq!(bids(book, Side::Yes), ["0.4000 x 12.00", "0.3900 x 1.00"]);
}

#[tokio::test(start_paused = true)]
async fn a_book_that_contradicts_itself_is_asked_for_again() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A"]).await;
    peer.delta(1, 2, "A", "yes", "0.40", "-11.00").await;
    loop {
        let (_, applied) = books.next().await.unwrap();
        if let Applied::Broken(ticker) = applied {
            assert_eq!(ticker.as_str(), "A");
            break;
        }
    }
    assert_eq!(reason(books.book("A")), Some(StaleReason::Broken));
    peer.update("get_snapshot", 1).await;
    peer.snapshot(1, 3, "A", ["0.40", "3"], ["0.50", "1"]).await;
    changes(&mut books, 1).await;
    assert_eq!(
        bids(books.book("A").synced().unwrap(), Side::Yes),
        ["0.4000 x 3.00"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_book_that_cannot_be_read_makes_that_book_stale() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A", "B"]).await;
    peer.delta(1, 3, "B", "yes", "sixty", "1.00").await;
    until_stale(&mut books).await;
    assert!(books.book("A").synced().is_some());
    assert_eq!(reason(books.book("B")), Some(StaleReason::Broken));
    let (_, asked) = peer.update("get_snapshot", 1).await;
    assert_eq!(asked, ["B"]);
}

#[tokio::test(start_paused = true)]
async fn snapshots_that_do_not_come_end_in_a_new_subscription() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A"]).await;
    peer.delta(1, 9, "A", "yes", "0.41", "1.00").await;
    peer.update("get_snapshot", 1).await;
    // Nothing comes for ten seconds.
    peer.unsubscribed(1, 10).await;
    assert_eq!(peer.confirm(Channel::OrderbookDelta, 2).await, ["A"]);
    until_stale(&mut books).await;
    peer.snapshot(2, 1, "A", ["0.30", "1"], ["0.50", "1"]).await;
    changes(&mut books, 1).await;
    assert_eq!(
        bids(books.book("A").synced().unwrap(), Side::Yes),
        ["0.3000 x 1.00"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_first_snapshot_that_does_not_come_is_asked_for() {
    let mut fake = Fake::new();
    let (client, events) = fake.client(config());
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::OrderbookDelta, 1).await;
    let (_, asked) = peer.update("get_snapshot", 1).await;
    assert_eq!(asked, ["A"]);
    peer.snapshot(1, 1, "A", ["0.30", "1"], ["0.50", "1"]).await;
    let mut books = LiveBooks::new(client, events);
    changes(&mut books, 1).await;
    assert!(peer.is_silent(Duration::from_secs(14)).await);
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_never_sends_snapshots_is_left() {
    let mut fake = Fake::new();
    let mut config = config();
    config.timeouts.silence = Duration::from_mins(10);
    let (client, mut events) = fake.client(config);
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    for sid in 1..=3 {
        peer.confirm(Channel::OrderbookDelta, sid).await;
        peer.update("get_snapshot", sid).await;
        if sid < 3 {
            peer.unsubscribed(sid, 1).await;
        }
    }
    let reason = super::connection::reason(&mut events).await;
    assert_eq!(
        reason.to_string(),
        "books stayed out of sync through 2 subscriptions"
    );
}

#[tokio::test(start_paused = true)]
async fn replies_in_the_datas_counter_cost_one_round_of_snapshots() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A"]).await;
    let client = books.client().clone();
    let more = |name: &'static str| {
        let client = client.clone();
        async move {
            client
                .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&[name])))
                .await
                .unwrap();
        }
    };
    more("B").await;
    let (id, _) = peer.update("add_markets", 1).await;
    peer.ok(id, 1, 2).await;
    peer.snapshot(1, 3, "B", ["0.40", "1"], ["0.50", "1"]).await;
    // It cannot be told yet from a lost message.
    let (_, asked) = peer.update("get_snapshot", 1).await;
    assert_eq!(asked, ["A"]);
    peer.snapshot(1, 4, "A", ["0.40", "10"], ["0.50", "1"]).await;
    changes(&mut books, 2).await;

    more("C").await;
    let (id, _) = peer.update("add_markets", 1).await;
    peer.ok(id, 1, 5).await;
    peer.snapshot(1, 6, "C", ["0.40", "1"], ["0.50", "1"]).await;
    changes(&mut books, 1).await;
    assert!(
        ["A", "B", "C"]
            .iter()
            .all(|market| books.book(market).synced().is_some())
    );
    assert!(peer.is_silent(Duration::from_secs(9)).await);
}

#[tokio::test(start_paused = true)]
async fn replies_with_a_counter_of_their_own_cost_nothing() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A"]).await;
    for (name, seq) in [("B", 2), ("C", 3), ("D", 4)] {
        books
            .client()
            .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&[name])))
            .await
            .unwrap();
        let (id, _) = peer.update("add_markets", 1).await;
        peer.ok(id, 1, seq - 1).await;
        peer.snapshot(1, seq, name, ["0.40", "1"], ["0.50", "1"]).await;
    }
    let mut snapshots = 0;
    while snapshots < 3 {
        let (event, applied) = books.next().await.unwrap();
        assert!(!matches!(event.kind, EventKind::Gap { .. }));
        snapshots += usize::from(matches!(applied, Applied::Changed(_)));
    }
    assert!(peer.is_silent(Duration::from_secs(9)).await);
}

#[tokio::test(start_paused = true)]
async fn numbers_that_go_back_make_every_book_stale_at_once() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A", "B"]).await;
    peer.delta(1, 3, "A", "yes", "0.40", "1.00").await;
    changes(&mut books, 1).await;
    // Even a snapshot, which may be an old one.
    peer.snapshot(1, 1, "A", ["0.20", "7"], ["0.50", "1"]).await;
    until_stale(&mut books).await;
    let (_, asked) = peer.update("get_snapshot", 1).await;
    assert_eq!(asked, ["A", "B"]);
    for market in ["A", "B"] {
        assert_eq!(reason(books.book(market)), Some(StaleReason::Gap));
    }
    peer.snapshot(1, 2, "A", ["0.42", "7"], ["0.50", "1"]).await;
    peer.snapshot(1, 3, "B", ["0.42", "7"], ["0.50", "1"]).await;
    changes(&mut books, 2).await;
    assert!(books.book("A").synced().is_some() && books.book("B").synced().is_some());
}

/// Reads on until books are told missing.
async fn missing(books: &mut LiveBooks) -> Vec<kmi_domain::Ticker> {
    loop {
        match books.next().await.unwrap().0.kind {
            EventKind::Missing { tickers } => return tickers,
            EventKind::Stale { .. } | EventKind::Gap { .. } => panic!("others are stale too"),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_market_without_snapshots_takes_no_other_down_and_is_asked_for_ever_more_rarely() {
    let mut fake = Fake::new();
    let (client, events) = fake.client(config());
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A", "BAD"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::OrderbookDelta, 1).await;
    peer.snapshot(1, 1, "A", ["0.40", "1"], ["0.60", "1"]).await;
    let mut books = LiveBooks::new(client, events);
    changes(&mut books, 1).await;
    let start = tokio::time::Instant::now();
    for seconds in [10, 30, 60, 110] {
        let (_, asked) = peer.update("get_snapshot", 1).await;
        assert_eq!(
            (asked, start.elapsed().as_secs()),
            (vec!["BAD".to_owned()], seconds)
        );
    }
    assert_eq!(missing(&mut books).await, tickers(&["BAD"]));
    assert!(books.book("A").synced().is_some());
    peer.delta(1, 2, "A", "yes", "0.41", "1.00").await;
    peer.snapshot(1, 3, "BAD", ["0.42", "7"], ["0.50", "1"]).await;
    changes(&mut books, 2).await;
    assert!(books.book("BAD").synced().is_some());
    assert!(peer.is_silent(Duration::from_secs(14)).await);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_refused_or_cannot_be_read_costs_its_own_book_only() {
    let (mut fake, config) = (Fake::new(), config());
    let (mut books, mut peer) = books_of(&mut fake, config, &["A", "B", "C"]).await;
    let stale = tickers(&["B", "C"]);
    books.client().refresh_books(stale).await.unwrap();
    until_stale(&mut books).await;
    let mut refused = 0;
    let mut unreadable = 0;
    while refused == 0 || unreadable == 0 {
        let command = peer.command().await;
        let CommandBody::UpdateSubscription(params) = command.body else {
            panic!("the subscription is not touched: {:?}", command.body)
        };
        match params.tickers().as_slice() {
            [market] if market == "C" => {
                unreadable += 1;
                let msg = serde_json::json!({"market_ticker": "C", "yes_dollars_fp": "much"});
                peer.say(&serde_json::json!({"type": "orderbook_snapshot", "sid": 1, "seq": 4, "msg": msg}))
                    .await;
            }
            named => {
                refused += usize::from(named.len() == 1);
                peer.error(serde_json::json!({"id": command.id}), 11).await;
            }
        }
    }
    let mut told = missing(&mut books).await;
    told.extend(missing(&mut books).await);
    assert_eq!(told, tickers(&["B", "C"]));
    assert!(books.book("A").synced().is_some());
    assert!(peer.is_silent(Duration::from_secs(9)).await);
}
