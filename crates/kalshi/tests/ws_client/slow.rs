//! Readers that are too slow.

use std::time::Duration;

use kmi_kalshi::ws::books::{Applied, BookView, LiveBooks, StaleReason};
use kmi_kalshi::ws::{Body, Channel, Disconnect, EventKind, Markets};

use super::fake::{Fake, config, find, message, next, tickers};

/// Lets the client read all there is.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test(start_paused = true)]
async fn undelivered_changes_of_books_are_dropped_and_mended_once_the_reader_is_back() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.books = 8;
    let (client, events) = fake.client(config);
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A", "B"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::OrderbookDelta, 1).await;
    peer.snapshot(1, 1, "A", ["0.40", "1"], ["0.60", "1"]).await;
    peer.snapshot(1, 2, "B", ["0.40", "1"], ["0.60", "1"]).await;
    for seq in 3..40 {
        peer.delta(1, seq, "A", "yes", "0.40", "1.00").await;
    }
    settle().await;
    // State, subscription, and what became of the books: nothing else waits.
    assert!(events.len() <= 4, "{events:?}");
    assert!(peer.is_silent(Duration::from_secs(5)).await);

    let mut books = LiveBooks::new(client, events);
    while !matches!(books.next().await.unwrap().0.kind, EventKind::Lagged { .. }) {}
    assert!(matches!(
        books.book("A"),
        BookView::Unknown
            | BookView::Stale {
                reason: StaleReason::Lagged,
                ..
            }
    ));
    let (_, asked) = peer.update("get_snapshot", 1).await;
    assert_eq!(asked, ["A", "B"]);
    peer.snapshot(1, 40, "A", ["0.40", "38"], ["0.60", "1"]).await;
    peer.snapshot(1, 41, "B", ["0.40", "1"], ["0.60", "1"]).await;
    for _ in 0..2 {
        assert!(matches!(books.next().await.unwrap().1, Applied::Changed(_)));
    }
    assert!(books.book("A").synced().is_some() && books.book("B").synced().is_some());
}

#[tokio::test(start_paused = true)]
async fn tickers_are_conflated_to_the_newest() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Ticker, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Ticker, 1).await;
    for cents in 10..60 {
        peer.ticker(1, "A", &format!("0.{cents}00")).await;
        peer.ticker(1, "B", &format!("0.{}00", cents + 1)).await;
    }
    settle().await;
    assert!(events.len() <= 4, "{events:?}");
    for expected in ["0.5900", "0.6000"] {
        let Body::Ticker(update) = message(&mut events).await.body else {
            panic!("a ticker")
        };
        assert_eq!(update.price_dollars.to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn trades_beyond_the_bound_are_dropped_and_the_reader_is_told_where() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.tape = 4;
    let (client, mut events) = fake.client(config);
    client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Trade, 1).await;
    for seq in 1..=9 {
        peer.trade(1, seq, &format!("t-{seq}")).await;
    }
    settle().await;
    let mut seen = Vec::new();
    while seen.len() < 5 {
        match next(&mut events).await.kind {
            EventKind::Message(message) => seen.push(message.seq.unwrap().to_string()),
            EventKind::Lagged { channel } => seen.push(channel.to_string()),
            _ => {}
        }
    }
    assert_eq!(seen, ["1", "2", "3", "4", "trade"]);
    peer.trade(1, 10, "t-10").await;
    assert_eq!(message(&mut events).await.seq, Some(10));
}

#[tokio::test(start_paused = true)]
async fn ones_own_fills_are_never_dropped_the_network_waits() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.own = 4;
    let (client, mut events) = fake.client(config);
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Fill, 1).await;
    for number in 1..=20 {
        peer.fill(1, &format!("t-{number}")).await;
    }
    settle().await;
    assert!(events.len() <= 6, "{events:?}");
    for number in 1..=20 {
        let Body::Fill(fill) = message(&mut events).await.body else {
            panic!("a fill")
        };
        assert_eq!(fill.trade_id.as_str(), format!("t-{number}"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_makes_no_room_for_its_fills_is_cut_off() {
    let mut fake = Fake::new();
    let mut config = config();
    // Two are taken by what is told of the connection and of the subscription.
    config.bounds.own = 6;
    let (client, mut events) = fake.client(config);
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Fill, 1).await;
    for number in 1..=9 {
        peer.fill(1, &format!("t-{number}")).await;
    }
    tokio::time::sleep(Duration::from_secs(11)).await;
    let mut fills = 0;
    let reason = loop {
        match next(&mut events).await.kind {
            EventKind::Message(_) => fills += 1,
            EventKind::State(kmi_kalshi::ws::ConnectionState::Reconnecting { reason, .. }) => break reason,
            _ => {}
        }
    };
    assert!(matches!(&*reason, Disconnect::Stalled(_)));
    assert_eq!(fills, 4);
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Fill, 1).await;
    peer.fill(1, "t-10").await;
    find(&mut events, |kind| {
        matches!(kind, EventKind::Message(_)).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_away_for_a_day_costs_a_bounded_number_of_events() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.own = 10;
    *fake.refusals.lock().unwrap() = 10_000;
    let (_client, mut events) = fake.client(config);
    tokio::time::sleep(Duration::from_hours(24)).await;
    assert_eq!(events.len(), 10);
    *fake.refusals.lock().unwrap() = 0;
    for _ in 0..10 {
        next(&mut events).await;
    }
    fake.accept().await;
}

#[tokio::test(start_paused = true)]
async fn messages_of_ones_own_channels_are_kept_whatever_their_type() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.tape = 2;
    let (client, mut events) = fake.client(config);
    client
        .subscribe(Channel::Communications, Markets::All)
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Communications, 1).await;
    for seq in 1..=9 {
        peer.say(&serde_json::json!({"type": "rfq_created", "sid": 1, "seq": seq, "msg": {}}))
            .await;
    }
    settle().await;
    for seq in 1..=9 {
        assert_eq!(message(&mut events).await.seq, Some(seq));
    }
}

#[tokio::test(start_paused = true)]
async fn handles_are_served_while_a_reader_has_no_room() {
    let second = Duration::from_secs(1);
    let mut fake = Fake::new();
    let mut own = config();
    own.bounds.own = 4;
    let (client, mut events) = fake.client(own);
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Fill, 1).await;
    for number in 1..=9 {
        peer.fill(1, &format!("t-{number}")).await;
    }
    settle().await;
    let subscribing = client.subscribe(Channel::Trade, Markets::All);
    assert!(tokio::time::timeout(second, subscribing).await.is_ok());
    for _ in 1..=9 {
        message(&mut events).await;
    }
    peer.confirm(Channel::Trade, 2).await;

    let mut fake = Fake::new();
    let _raw = fake.tee(1);
    let (client, _events) = fake.client(config());
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Fill, 1).await;
    for number in 1..=3 {
        peer.fill(1, &format!("t-{number}")).await;
    }
    settle().await;
    let subscribing = client.subscribe(Channel::Trade, Markets::All);
    assert!(tokio::time::timeout(second, subscribing).await.is_ok());
}
