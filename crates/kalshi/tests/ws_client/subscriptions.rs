//! Subscriptions: made, widened, narrowed, refused, ended.

use std::time::Duration;

use kmi_kalshi::ws::message::Refusal;
use kmi_kalshi::ws::{
    Body, Channel, CommandBody, ErrorCode, EventKind, Markets, SubscribeError, SubscriptionState,
};
use serde_json::json;

use super::fake::{Fake, config, find, message, next, ticker, tickers};

#[tokio::test(start_paused = true)]
async fn a_subscription_is_confirmed_and_its_messages_come() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut fills = client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;

    assert_eq!(peer.confirm(Channel::Fill, 4).await, Vec::<String>::new());
    assert_eq!(fills.confirmed().await, Ok(4));
    peer.fill(4, "t-1").await;
    let message = message(&mut events).await;
    assert!(matches!(message.body, Body::Fill(fill) if fill.trade_id.as_str() == "t-1"));
}

#[tokio::test(start_paused = true)]
async fn data_may_come_before_the_reply_and_end_in_a_newline() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut trades = client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    let (id, _) = peer.subscription(Channel::Trade).await;

    peer.trade(9, 1, "early").await;
    let text = "{\"type\":\"subscribed\",\"id\":ID,\"msg\":{\"channel\":\"trade\",\"sid\":9}}\n";
    let text = text.replace("ID", &id.to_string());
    futures::SinkExt::send(
        &mut peer.socket,
        tokio_tungstenite::tungstenite::Message::text(text),
    )
    .await
    .unwrap();
    peer.trade(9, 2, "late").await;

    assert_eq!(trades.confirmed().await, Ok(9));
    for expected in ["early", "late"] {
        let message = message(&mut events).await;
        assert!(matches!(message.body, Body::Trade(trade) if trade.trade_id.as_str() == expected));
    }
}

#[tokio::test(start_paused = true)]
async fn markets_are_added_and_deleted_without_losing_the_rest() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut books = client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A", "B"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    assert_eq!(peer.confirm(Channel::OrderbookDelta, 1).await, ["A", "B"]);
    peer.snapshot(1, 1, "A", ["0.40", "1"], ["0.60", "1"]).await;
    peer.snapshot(1, 2, "B", ["0.40", "1"], ["0.60", "1"]).await;
    books.confirmed().await.unwrap();

    books.add_markets(tickers(&["C"])).await.unwrap();
    let (id, added) = peer.update("add_markets", 1).await;
    assert_eq!(added, ["C"]);
    peer.ok(id, 1, 1).await;
    peer.snapshot(1, 3, "C", ["0.40", "1"], ["0.60", "1"]).await;

    books.delete_markets(tickers(&["A"])).await.unwrap();
    let (id, deleted) = peer.update("delete_markets", 1).await;
    assert_eq!(deleted, ["A"]);
    // Still on the way when the exchange got the command: nobody wants it any more.
    peer.delta(1, 4, "A", "yes", "0.40", "1.00").await;
    peer.ok(id, 1, 2).await;
    peer.delta(1, 5, "B", "yes", "0.41", "2.00").await;

    let removed = find(&mut events, |kind| match kind {
        EventKind::Removed { tickers, .. } => Some(tickers.clone()),
        EventKind::Gap { .. } | EventKind::Stale { .. } => panic!("the rest is lost: {kind:?}"),
        _ => None,
    })
    .await;
    assert_eq!(removed, [ticker("A")]);
    let delta = find(&mut events, |kind| match kind {
        EventKind::Message(message) if message.body.kind() == "orderbook_delta" => {
            message.body.ticker().cloned()
        }
        EventKind::Gap { .. } | EventKind::Stale { .. } => panic!("the rest is lost: {kind:?}"),
        _ => None,
    });
    assert_eq!(delta.await, ticker("B"));
}

#[tokio::test(start_paused = true)]
async fn many_markets_are_named_in_several_commands() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.markets_per_command = 2;
    let (client, _events) = fake.client(config);
    let markets = Markets::of(tickers(&["A", "B", "C", "D", "E"]));
    let mut quotes = client.subscribe(Channel::Ticker, markets).await.unwrap();
    let mut peer = fake.accept().await;

    assert_eq!(peer.confirm(Channel::Ticker, 1).await, ["A", "B"]);
    let mut rest = Vec::new();
    for seq in 1..=2 {
        let (id, added) = peer.update("add_markets", 1).await;
        rest.extend(added);
        peer.ok(id, 1, seq).await;
    }
    assert_eq!(rest, ["C", "D", "E"]);
    assert_eq!(quotes.confirmed().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_market_is_found_and_the_others_stay() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let markets = Markets::of(tickers(&["A", "BAD", "C"]));
    let mut books = client.subscribe(Channel::OrderbookDelta, markets).await.unwrap();
    let mut peer = fake.accept().await;

    let (mut covered, mut sid) = (Vec::new(), None);
    while covered.len() < 2 {
        let command = peer.command().await;
        let named = match &command.body {
            CommandBody::Subscribe(params) => params.tickers(),
            CommandBody::UpdateSubscription(params) => params.tickers(),
            other => panic!("{other:?}"),
        };
        if named.iter().any(|name| name == "BAD") {
            peer.error(json!({"id": command.id}), 11).await;
        } else if sid.is_none() {
            sid = Some(1);
            peer.subscribed(command.id, Channel::OrderbookDelta, 1).await;
            covered.extend(named);
        } else {
            peer.ok(command.id, 1, 1).await;
            covered.extend(named);
        }
    }
    let refused = find(&mut events, |kind| match kind {
        EventKind::Refused { tickers, refusal, .. } => Some((tickers.clone(), refusal.code)),
        _ => None,
    });
    assert_eq!(refused.await, (tickers(&["BAD"]), ErrorCode::InvalidParameter));
    assert_eq!(covered, ["A", "C"]);
    assert_eq!(books.confirmed().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_refused_is_not_asked_for_again() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut orders = client.subscribe(Channel::UserOrders, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    let (id, _) = peer.subscription(Channel::UserOrders).await;
    peer.error(json!({"id": id}), 9).await;

    let refusal = Refusal {
        msg: "no".to_owned(),
        ..Refusal::from(ErrorCode::AuthenticationRequired)
    };
    assert_eq!(orders.confirmed().await, Err(SubscribeError::Refused(refusal)));
    find(&mut events, |kind| {
        matches!(kind, EventKind::Refused { .. }).then_some(())
    })
    .await;
    assert!(peer.is_silent(Duration::from_secs(14)).await);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_may_pass_is_tried_again_later() {
    let mut fake = Fake::new();
    let (client, _events) = fake.client(config());
    let mut trades = client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    for seconds in [1, 2] {
        let (id, _) = peer.subscription(Channel::Trade).await;
        peer.error(json!({"id": id}), 27).await;
        assert!(peer.is_silent(Duration::from_millis(seconds * 1_000 - 10)).await);
    }
    peer.confirm(Channel::Trade, 3).await;
    assert_eq!(trades.confirmed().await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_overflows_is_made_anew_and_no_other() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client
        .subscribe(Channel::OrderbookDelta, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::OrderbookDelta, 1).await;
    peer.confirm(Channel::Fill, 2).await;
    peer.snapshot(1, 1, "A", ["0.40", "1"], ["0.60", "1"]).await;

    for (code, old, new) in [(25, 1, 3), (10, 3, 4)] {
        peer.error(json!({"sid": old, "seq": 2}), code).await;
        let ended = find(&mut events, |kind| match kind {
            EventKind::Ended { channel, code } => Some((*channel, code.number())),
            _ => None,
        });
        assert_eq!(ended.await, (Channel::OrderbookDelta, code));
        assert_eq!(peer.confirm(Channel::OrderbookDelta, new).await, ["A"]);
        // A straggler of the old subscription, and the new one from its beginning.
        peer.delta(old, 3, "A", "yes", "0.40", "-1.00").await;
        peer.snapshot(new, 1, "A", ["0.45", "5"], ["0.60", "1"]).await;
        let snapshot = message(&mut events).await;
        assert_eq!((snapshot.sid, snapshot.seq), (Some(new), Some(1)));
    }
    peer.fill(2, "t-1").await;
    assert!(matches!(message(&mut events).await.body, Body::Fill(_)));
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_ends_it_and_subscribing_begins_anew() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let trades = client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Trade, 1).await;
    peer.trade(1, 1, "t-1").await;
    message(&mut events).await;

    let mut handle = trades.clone();
    trades.unsubscribe().await.unwrap();
    peer.unsubscribed(1, 2).await;
    find(&mut events, |kind| {
        matches!(kind, EventKind::Unsubscribed { .. }).then_some(())
    })
    .await;
    assert_eq!(handle.confirmed().await, Err(SubscribeError::Ended));
    assert_eq!(handle.state(), SubscriptionState::Ended);

    let mut again = client
        .subscribe(Channel::Trade, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    assert_eq!(peer.confirm(Channel::Trade, 2).await, ["A"]);
    assert_eq!(again.confirmed().await, Ok(2));
    // From some markets to all there is no update, so that it is ended and made anew.
    let mut all = client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    peer.unsubscribed(2, 1).await;
    assert_eq!(peer.confirm(Channel::Trade, 3).await, Vec::<String>::new());
    assert_eq!(all.confirmed().await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn replies_are_matched_by_their_ids() {
    let mut fake = Fake::new();
    let (client, _events) = fake.client(config());
    let mut fills = client.subscribe(Channel::Fill, Markets::All).await.unwrap();
    let mut orders = client.subscribe(Channel::UserOrders, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    let (first, _) = peer.subscription(Channel::Fill).await;
    let (second, _) = peer.subscription(Channel::UserOrders).await;
    assert_ne!(first, second);
    peer.subscribed(second, Channel::UserOrders, 8).await;
    peer.subscribed(first, Channel::Fill, 9).await;
    assert_eq!(
        (fills.confirmed().await, orders.confirmed().await),
        (Ok(9), Ok(8))
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_told_and_hurts_nothing_else() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Trade, 1).await;
    peer.say(&json!(["not", "a", "message"])).await;
    peer.say(&json!({"type": "trade", "sid": 1, "seq": 1, "msg": {"market_ticker": "A"}}))
        .await;
    peer.say(&json!({"type": "news", "sid": 1, "seq": 2, "msg": {"text": "hello"}}))
        .await;
    peer.trade(1, 3, "t-3").await;
    let mut seen = Vec::new();
    while seen.len() < 4 {
        match next(&mut events).await.kind {
            EventKind::Undecodable(error) => {
                seen.push(error.to_string().split(':').next().unwrap().to_owned());
            }
            EventKind::Message(message) => seen.push(message.body.kind().to_owned()),
            EventKind::Gap { .. } => panic!("nothing is missing"),
            _ => {}
        }
    }
    assert_eq!(seen, ["is not a message", "is not a trade", "news", "trade"]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_ended_without_a_connection_is_not_made_anew() {
    let mut fake = Fake::new();
    *fake.refusals.lock().unwrap() = 1;
    let (client, mut events) = fake.client(config());
    let trades = client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut quotes = client
        .subscribe(Channel::Ticker, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    let mut handle = trades.clone();
    trades.unsubscribe().await.unwrap();
    quotes.delete_markets(tickers(&["A"])).await.unwrap();
    assert_eq!(handle.confirmed().await, Err(SubscribeError::Ended));
    assert_eq!(quotes.confirmed().await, Err(SubscribeError::Ended));
    let mut peer = fake.accept().await;
    assert!(peer.is_silent(Duration::from_secs(14)).await);
    find(&mut events, |kind| {
        matches!(kind, EventKind::Unsubscribed { .. }).then_some(())
    })
    .await;
    quotes.add_markets(tickers(&["B"])).await.unwrap();
    assert_eq!(peer.confirm(Channel::Ticker, 1).await, ["B"]);
    assert_eq!(quotes.confirmed().await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn ends_asked_for_just_before_the_connection_breaks_are_told() {
    let mut fake = Fake::new();
    let mut config = config();
    config.bounds.commands_per_second = 1;
    let (client, mut events) = fake.client(config);
    let trades = client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let quotes = client
        .subscribe(Channel::Ticker, Markets::of(tickers(&["A", "B"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Ticker, 1).await;
    peer.confirm(Channel::Trade, 2).await;
    let mut handle = trades.clone();
    handle.confirmed().await.unwrap();
    // No command may go out for a second.
    trades.unsubscribe().await.unwrap();
    quotes.delete_markets(tickers(&["A"])).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(peer);

    assert_eq!(handle.confirmed().await, Err(SubscribeError::Ended));
    let (mut ended, mut removed) = (Vec::new(), Vec::new());
    while ended.is_empty() || removed.is_empty() {
        match next(&mut events).await.kind {
            EventKind::Unsubscribed { channel } => ended.push(channel),
            EventKind::Removed { tickers, .. } => removed.extend(tickers),
            _ => {}
        }
    }
    assert_eq!((ended, removed), (vec![Channel::Trade], tickers(&["A"])));
    let mut peer = fake.accept().await;
    assert_eq!(peer.confirm(Channel::Ticker, 1).await, ["B"]);
    assert!(peer.is_silent(Duration::from_secs(9)).await);
}

#[tokio::test(start_paused = true)]
async fn markets_unwanted_without_a_connection_are_told_removed_and_may_come_back() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut quotes = client
        .subscribe(Channel::Ticker, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Ticker, 1).await;
    quotes.confirmed().await.unwrap();
    *fake.refusals.lock().unwrap() = 2;
    drop(peer);
    super::connection::reason(&mut events).await;
    quotes.delete_markets(tickers(&["A"])).await.unwrap();
    let removed = find(&mut events, |kind| match kind {
        EventKind::Removed { tickers, .. } => Some(tickers.clone()),
        _ => None,
    });
    assert_eq!(removed.await, tickers(&["A"]));
    let mut peer = fake.accept().await;
    assert!(peer.is_silent(Duration::from_secs(5)).await);
    assert_eq!(quotes.state(), SubscriptionState::Ended);
    quotes.add_markets(tickers(&["B"])).await.unwrap();
    assert_eq!(peer.confirm(Channel::Ticker, 1).await, ["B"]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_addition_does_not_cost_the_subscription() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let mut quotes = client
        .subscribe(Channel::Ticker, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Ticker, 1).await;
    quotes.confirmed().await.unwrap();
    quotes.add_markets(tickers(&["B"])).await.unwrap();
    let (id, _) = peer.update("add_markets", 1).await;
    peer.error(json!({"id": id}), 9).await;
    let refused = find(&mut events, |kind| match kind {
        EventKind::Refused { tickers, .. } => Some(tickers.clone()),
        _ => None,
    });
    assert_eq!(refused.await, tickers(&["B"]));
    assert_eq!(quotes.confirmed().await, Ok(1));
    drop(peer);
    let mut peer = fake.accept().await;
    assert_eq!(peer.confirm(Channel::Ticker, 2).await, ["A"]);
}

#[tokio::test(start_paused = true)]
async fn retries_begin_anew_after_a_success_and_an_end_does_not_wait_for_them() {
    let mut fake = Fake::new();
    let (client, _events) = fake.client(config());
    let quotes = client
        .subscribe(Channel::Ticker, Markets::of(tickers(&["A"])))
        .await
        .unwrap();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Ticker, 1).await;
    for market in ["B", "C"] {
        quotes.add_markets(tickers(&[market])).await.unwrap();
        for seconds in [1, 2] {
            let (id, _) = peer.update("add_markets", 1).await;
            peer.error(json!({"id": id}), 27).await;
            assert!(peer.is_silent(Duration::from_millis(seconds * 1_000 - 10)).await);
        }
        let (id, _) = peer.update("add_markets", 1).await;
        peer.ok(id, 1, 1).await;
    }
    quotes.add_markets(tickers(&["D"])).await.unwrap();
    let (id, _) = peer.update("add_markets", 1).await;
    peer.error(json!({"id": id}), 27).await;
    let start = tokio::time::Instant::now();
    quotes.delete_markets(tickers(&["A"])).await.unwrap();
    let (id, _) = peer.update("delete_markets", 1).await;
    peer.ok(id, 1, 1).await;
    quotes.unsubscribe().await.unwrap();
    peer.unsubscribed(1, 1).await;
    assert!(start.elapsed() < Duration::from_millis(900));
}

#[tokio::test(start_paused = true)]
async fn an_end_that_the_exchange_cannot_make_now_is_asked_for_again() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    let trades = client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut handle = trades.clone();
    let mut peer = fake.accept().await;
    peer.confirm(Channel::Trade, 1).await;
    trades.unsubscribe().await.unwrap();
    for (code, seconds) in [(27, 1), (18, 2)] {
        let command = peer.command().await;
        assert!(matches!(command.body, CommandBody::Unsubscribe(_)));
        peer.error(json!({"id": command.id}), code).await;
        assert!(peer.is_silent(Duration::from_millis(seconds * 1_000 - 10)).await);
        assert_eq!(handle.state(), SubscriptionState::Pending);
    }
    peer.unsubscribed(1, 1).await;
    find(&mut events, |kind| {
        matches!(kind, EventKind::Unsubscribed { .. }).then_some(())
    })
    .await;
    assert_eq!(handle.confirmed().await, Err(SubscribeError::Ended));
}

#[tokio::test(start_paused = true)]
async fn early_messages_of_an_unknown_type_are_not_taken_for_lifecycles() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    for channel in [Channel::MarketLifecycle, Channel::Communications] {
        client.subscribe(channel, Markets::All).await.unwrap();
    }
    let mut peer = fake.accept().await;
    let (first, _) = peer.subscription(Channel::MarketLifecycle).await;
    let (second, _) = peer.subscription(Channel::Communications).await;
    peer.say(&json!({"type": "rfq_created", "sid": 5, "seq": 1, "msg": {}}))
        .await;
    peer.subscribed(first, Channel::MarketLifecycle, 4).await;
    peer.subscribed(second, Channel::Communications, 5).await;
    for (sid, seq, kind) in [
        (5, 2, "rfq_created"),
        (4, 1, "market_news"),
        (4, 2, "market_news"),
    ] {
        peer.say(&json!({"type": kind, "sid": sid, "seq": seq, "msg": {}}))
            .await;
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        match next(&mut events).await.kind {
            EventKind::Message(message) => seen.push((message.sid, message.seq)),
            EventKind::Gap { channel, .. } => assert_eq!(channel, Channel::Communications),
            _ => {}
        }
    }
    assert_eq!(seen, [(Some(5), Some(2)), (Some(4), Some(1)), (Some(4), Some(2))]);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_counts_from_one_whatever_came_before_it() {
    let mut fake = Fake::new();
    let (client, mut events) = fake.client(config());
    client.subscribe(Channel::Trade, Markets::All).await.unwrap();
    let mut peer = fake.accept().await;
    // Early messages of a subscription that is refused after all, and of one that is not the one confirmed.
    let (id, _) = peer.subscription(Channel::Trade).await;
    peer.trade(8, 1, "refused").await;
    peer.error(json!({"id": id}), 27).await;
    let (id, _) = peer.subscription(Channel::Trade).await;
    peer.trade(9, 1, "stray").await;
    peer.subscribed(id, Channel::Trade, 10).await;
    peer.trade(10, 1, "first").await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        match next(&mut events).await.kind {
            EventKind::Message(message) => seen.push(message.sid.unwrap()),
            EventKind::Gap { .. } => panic!("nothing is missing"),
            _ => {}
        }
    }
    assert_eq!(seen, [8, 9, 10]);
}
