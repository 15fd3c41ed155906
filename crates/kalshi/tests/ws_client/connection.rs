//! Connections: lost, missed, made anew.

use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use kmi_kalshi::ws::{Body, Channel, ConnectionState, Disconnect, EventKind, Events, Markets};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::fake::{Fake, config, find, message, tickers};

/// Why the connection was lost.
pub(crate) async fn reason(events: &mut Events) -> Arc<Disconnect> {
    find(events, |kind| match kind {
        EventKind::State(
            ConnectionState::Reconnecting { reason, .. } | ConnectionState::Failed { reason, .. },
        ) => Some(Arc::clone(reason)),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn waits_double_and_then_it_fails_and_probes_once_a_minute() {
    let mut fake = Fake::new();
    *fake.refusals.lock().unwrap() = 7;
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut states = Vec::new();
    while states.len() < 7 {
        let state = find(&mut events, |kind| match kind {
            EventKind::State(ConnectionState::Reconnecting { attempt, delay, .. }) => {
                Some((*attempt, delay.as_secs()))
            }
            EventKind::State(ConnectionState::Failed { probe_in, reason }) => {
                assert!(matches!(**reason, Disconnect::Connect(_)));
                Some((0, probe_in.as_secs()))
            }
            _ => None,
        });
        states.push(state.await);
    }
    assert_eq!(
        states,
        [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (0, 60), (0, 60)]
    );
    let mut peer = fake.accept().await;
    let dialed = fake.dialed.lock().unwrap().clone();
    let waits: Vec<u64> = dialed
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs())
        .collect();
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
    peer.confirm(Channel::Fill, 1).await;
    find(&mut events, |kind| {
        matches!(kind, EventKind::State(ConnectionState::Connected)).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_not_hammered_with() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    fake.refuse("401 Unauthorized").await;
    let reason = reason(&mut events).await;
    assert!(matches!(&*reason, Disconnect::Refused { status, .. } if status.as_u16() == 401));
    assert!(matches!(client.state(), ConnectionState::Failed { .. }));
    let start = Instant::now();
    let _peer = fake.accept().await;
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn an_overloaded_exchange_is_tried_again_soon() {
    let mut fake = Fake::new();
    let (_client, mut events) = fake.client(config());
    fake.refuse("503 Service Unavailable").await;
    let reason = reason(&mut events).await;
    assert!(matches!(&*reason, Disconnect::Refused { status, .. } if status.as_u16() == 503));
    let start = Instant::now();
    let _peer = fake.accept().await;
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_breaks_within_a_message_is_made_anew_with_its_subscriptions() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut books = client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A", "B"])))
        .await
        .unwrap();
    client.subscribe(Channel::UserOrders, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::OrderbookDelta, 1).await;
    peer.confirm(Channel::UserOrders, 2).await;
    peer.snapshot(1, 1, "A", ["0.40", "1"], ["0.60", "1"]).await;
    message(&mut events).await;
    // A frame of 100 bytes of which five come.
    let mut stream = peer.socket.into_inner();
    stream
        .write_all(&[0x81, 100, b'{', b'"', b't', b'y', b'p'])
        .await
        .unwrap();
    drop(stream);

    assert!(matches!(
        &*reason(&mut events).await,
        Disconnect::Broken(_) | Disconnect::Closed { .. }
    ));
    books.add_markets(tickers(&["C"])).await.unwrap();
    let mut peer = fake.accept().await;
    assert_eq!(peer.confirm(Channel::OrderbookDelta, 7).await, ["A", "B", "C"]);
    peer.confirm(Channel::UserOrders, 8).await;
    peer.snapshot(7, 1, "A", ["0.41", "1"], ["0.60", "1"]).await;
    let snapshot = message(&mut events).await;
    assert_eq!(snapshot.sid, Some(7));
    assert_eq!(books.confirmed().await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_good_bye_is_told_with_its_reason() {
    let mut fake = Fake::new();
    let (_client, mut events) = fake.client(config());
    let mut peer = fake.accept().await;
    let close = tokio_tungstenite::tungstenite::protocol::CloseFrame {
        code: 1012.into(),
        reason: "maintenance".into(),
    };
    peer.socket.send(Message::Close(Some(close))).await.unwrap();
    let reason = reason(&mut events).await;
    assert_eq!(
        reason.to_string(),
        "the exchange closed the connection (1012) maintenance"
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_open_socket_is_pinged_and_given_up() {
    let mut fake = Fake::new();
    let (_client, mut events) = fake.client(config());
    let peer = fake.accept().await;
    let start = Instant::now();
    // The other side is there, and reads nothing.
    let reason = reason(&mut events).await;
    assert!(matches!(&*reason, Disconnect::Silent(_)), "{reason}");
    assert_eq!(start.elapsed().as_secs(), 30);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_only_answers_pings_is_kept() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Fill, 1).await;
    let start = Instant::now();
    let mut pings = 0;
    while start.elapsed() < Duration::from_mins(5) {
        // Reading answers the ping.
        if let Message::Ping(_) = peer.hear().await {
            pings += 1;
        }
    }
    assert_eq!(pings, 20);
    peer.fill(1, "t-1").await;
    assert!(matches!(message(&mut events).await.body, Body::Fill(_)));
}

#[tokio::test(start_paused = true)]
async fn the_exchanges_pings_are_answered() {
    let mut fake = Fake::new();
    let (_client, _events) = fake.client(config());
    let mut peer = fake.accept().await;
    peer.socket.send(Message::Ping("heartbeat".into())).await.unwrap();
    assert_eq!(peer.hear().await, Message::Pong("heartbeat".into()));
}

#[tokio::test(start_paused = true)]
async fn a_command_without_a_reply_ends_the_connection() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.subscription(Channel::Fill).await;
    let reason = reason(&mut events).await;
    assert_eq!(reason.to_string(), "no reply to subscribe within 10s");
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Fill, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_beyond_the_limit_ends_the_connection() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.message_bytes = 1_000;
    let (_client, mut events) = fake.client(config);
    let mut peer = fake.accept().await;
    peer.socket.send(Message::text("x".repeat(1_001))).await.unwrap();
    assert!(matches!(&*reason(&mut events).await, Disconnect::Broken(_)));
}

#[tokio::test(start_paused = true)]
async fn commands_go_out_no_faster_than_allowed() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.commands_per_second = 2;
    config.bounds.markets_per_command = 1;
    let (client, _events) = fake.client(config);
    let markets = Markets::of(tickers(&["A", "B", "C", "D", "E", "F"]));
    client.subscribe(Channel::Ticker, markets).await.unwrap();
    let mut peer = fake.accept().await;
    let start = Instant::now();
    peer.confirm(Channel::Ticker, 1).await;
    for _ in 0..5 {
        let (id, _) = peer.update("add_markets", 1).await;
        peer.ok(id, 1, 1).await;
    }
    assert_eq!(start.elapsed().as_millis(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn a_closed_client_says_good_bye() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut peer = fake.accept().await;
    let closing = tokio::spawn(client.close());
    assert!(matches!(peer.hear().await, Message::Close(_)));
    // Reading on answers it.
    while futures::StreamExt::next(&mut peer.socket).await.is_some() {}
    closing.await.unwrap();
    find(&mut events, |kind| {
        matches!(kind, EventKind::State(ConnectionState::Closed)).then_some(())
    })
    .await;
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn raw_frames_come_as_they_were_sent() {
    let mut fake = Fake::new();
    let mut raw = fake.tee(16);
    let (client, events) = fake.client(config());
    drop(events);
    client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Trade, 1).await;
    let odd = "{ \"type\":\"trade\" , \"sid\":1,\"seq\":1, \"msg\":{\"strange\":true}}\n";
    peer.socket.send(Message::text(odd)).await.unwrap();
    let first = raw.next().await.unwrap();
    assert!(first.text.contains("subscribed"));
    let second = raw.next().await.unwrap();
    assert_eq!((second.text.as_str(), second.connection), (odd, 1));
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_stops_reading_costs_the_connection_not_the_memory() {
    let mut fake = Fake::new();
    let mut raw = fake.tee(2);
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Trade, 1).await;
    for seq in 1..=3 {
        peer.trade(1, seq, "t").await;
    }
    assert!(matches!(&*reason(&mut events).await, Disconnect::Stalled(_)));
    assert!(raw.next().await.is_some());
}

/// Which attempt comes next; 0 when it only probes.
async fn attempt(events: &mut Events) -> u32 {
    find(events, |kind| match kind {
        EventKind::State(ConnectionState::Reconnecting { attempt, .. }) => Some(*attempt),
        EventKind::State(ConnectionState::Failed { .. }) => Some(0),
        _ => None,
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn failures_that_take_long_to_be_noticed_are_failures_in_a_row() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    client.subscribe(Channel::UserOrders, Markets::All).await.unwrap();
    let mut attempts = Vec::new();
    for _ in 0..6 {
        let mut peer = fake.accept().await;
        peer.confirm(Channel::Fill, 1).await;
        // Never answered.
        peer.subscription(Channel::UserOrders).await;
        attempts.push(attempt(&mut events).await);
    }
    assert_eq!(attempts, [1, 2, 3, 4, 5, 0]);
}

#[tokio::test(start_paused = true)]
async fn only_a_connection_that_served_for_a_while_is_no_failure_in_a_row() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut attempts = Vec::new();
    for (until_confirmed, then) in [(9, 2), (1, 9), (1, 11), (1, 2)] {
        let mut peer = fake.accept().await;
        let (id, _) = peer.subscription(Channel::Fill).await;
        tokio::time::sleep(Duration::from_secs(until_confirmed)).await;
        peer.subscribed(id, Channel::Fill, 1).await;
        tokio::time::sleep(Duration::from_secs(then)).await;
        drop(peer);
        attempts.push(attempt(&mut events).await);
    }
    assert_eq!(attempts, [1, 2, 1, 2]);
}
