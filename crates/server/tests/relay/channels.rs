//! What commands do, and what each channel says.

use kmi_app::board::Sweep;
use kmi_domain::Side;
use kmi_kalshi::ws::Body;
use kmi_kalshi::ws::message::TickerUpdate;
use serde_json::json;

use super::support::{House, contracts, market, price};

const BOOKS: &str =
    r#"{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"],"market_tickers":["KX-1"]}}"#;

#[tokio::test]
async fn a_book_is_told_whole_and_then_by_its_changes() {
    let house = House::usual().await;
    house.list(&["KX-1", "KX-2"]);
    house.snapshot("KX-1", &[("0.40", "7"), ("0.41", "1")], &[("0.55", "3")]);
    let mut socket = house.connect().await;
    assert_eq!(
        socket.ask(BOOKS).await,
        json!({"type": "subscribed", "id": 1, "msg": {"channel": "orderbook_delta", "sid": 1}})
    );
    assert_eq!(
        socket.json().await,
        json!({"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": {
            "market_ticker": "KX-1", "market_id": "uuid-KX-1", "clock": 1,
            "yes_dollars_fp": [["0.4000", "7.00"], ["0.4100", "1.00"]], "no_dollars_fp": [["0.5500", "3.00"]],
        }})
    );

    house.delta("KX-1", Side::No, price("0.56"), contracts("2"));

    let told = socket.json().await;
    assert_eq!(
        (&told["type"], &told["seq"]),
        (&json!("orderbook_delta"), &json!(2))
    );
    assert_eq!(told["msg"]["price_dollars"], "0.5600");
    assert_eq!(told["msg"]["delta_fp"], "2.00");
    // Whose order it was is known to the server's own key, and goes no further.
    assert_eq!(told["msg"].get("client_order_id"), None);
    assert_eq!(told["msg"].get("subaccount"), None);
}

#[tokio::test]
async fn the_no_side_comes_in_yes_prices_where_that_is_asked_for() {
    let house = House::usual().await;
    house.list(&["KX-1"]);
    house.snapshot("KX-1", &[("0.40", "7")], &[("0.54", "1"), ("0.55", "3")]);
    let mut socket = house.connect().await;
    socket
        .say(&BOOKS.replace("\"market_tickers\"", "\"use_yes_price\":true,\"market_tickers\""))
        .await;
    socket.json().await;
    assert_eq!(
        socket.json().await["msg"]["no_dollars_fp"],
        json!([["0.4500", "3.00"], ["0.4600", "1.00"]])
    );

    house.delta("KX-1", Side::No, price("0.56"), contracts("2"));

    assert_eq!(socket.json().await["msg"]["price_dollars"], "0.4400");
}

#[tokio::test]
async fn a_book_that_is_not_known_yet_comes_when_it_is() {
    let house = House::usual().await;
    house.list(&["KX-1"]);
    let mut socket = house.connect().await;
    assert_eq!(socket.ask(BOOKS).await["type"], "subscribed");
    super::support::until(|| house.board.demand().wanted().len() == 1).await;

    house.snapshot("KX-1", &[("0.40", "7")], &[]);

    let told = socket.json().await;
    assert_eq!(
        (&told["type"], &told["seq"]),
        (&json!("orderbook_snapshot"), &json!(1))
    );
    assert_eq!(told["msg"].get("no_dollars_fp"), None);
    drop(socket);
    super::support::until(|| house.board.demand().wanted().is_empty()).await;
}

#[tokio::test]
async fn a_subscription_is_widened_narrowed_asked_and_ended() {
    let house = House::usual().await;
    house.list(&["KX-1", "KX-2"]);
    house.snapshot("KX-1", &[("0.40", "7")], &[]);
    house.snapshot("KX-2", &[("0.30", "7")], &[]);
    let mut socket = house.connect().await;
    socket.ask(BOOKS).await;
    assert_eq!(socket.json().await["seq"], 1);

    let update = |id: u64, action: &str, market: &str| {
        format!(
            r#"{{"id":{id},"cmd":"update_subscription","params":{{"action":"{action}","sids":[1],"market_tickers":["{market}"]}}}}"#
        )
    };
    assert_eq!(
        socket.ask(&update(2, "add_markets", "KX-2")).await,
        json!({"type": "ok", "id": 2, "sid": 1, "seq": 2, "msg": {"market_tickers": ["KX-1", "KX-2"]}})
    );
    let told = socket.json().await;
    assert_eq!(
        (&told["seq"], &told["msg"]["market_ticker"]),
        (&json!(3), &json!("KX-2"))
    );

    assert_eq!(socket.ask(&update(3, "get_snapshot", "KX-1")).await["seq"], 4);
    let told = socket.json().await;
    assert_eq!(
        (&told["seq"], &told["msg"]["market_ticker"]),
        (&json!(5), &json!("KX-1"))
    );

    assert_eq!(
        socket.ask(&update(4, "delete_markets", "KX-1")).await["msg"],
        json!({"market_tickers": ["KX-2"]})
    );
    house.delta("KX-1", Side::Yes, price("0.40"), contracts("1"));
    house.delta("KX-2", Side::Yes, price("0.30"), contracts("1"));
    let told = socket.json().await;
    assert_eq!(
        (&told["seq"], &told["msg"]["market_ticker"]),
        (&json!(7), &json!("KX-2"))
    );

    let list = r#"{"id":5,"cmd":"list_subscriptions"}"#;
    assert_eq!(
        socket.ask(list).await,
        json!({"type": "ok", "id": 5, "msg": [{"channel": "orderbook_delta", "sid": 1}]})
    );
    let end = r#"{"id":6,"cmd":"unsubscribe","params":{"sids":[1,9]}}"#;
    assert_eq!(
        socket.ask(end).await,
        json!({"type": "unsubscribed", "id": 6, "sid": 1, "seq": 8})
    );
    assert_eq!(socket.json().await["msg"]["code"], 7);
    assert_eq!(socket.ask(list).await["msg"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_refused_with_the_exchanges_number() {
    let house = House::usual().await;
    house.list(&["KX-1"]);
    let mut socket = house.connect().await;
    for (params, code) in [
        (r#"{"channels":["fill"]}"#, 9),
        (r#"{"channels":["ticker","user_orders"]}"#, 9),
        (r#"{"channels":["communications"]}"#, 9),
        (r#"{"channels":["orderbook"]}"#, 8),
        (r#"{"channels":["pyth_value"]}"#, 8),
        (r#"{"channels":["orderbook_delta"]}"#, 14),
        (r#"{"channels":["ticker"],"market_ticker":"NONE"}"#, 11),
        (r#"{"channels":[]}"#, 3),
    ] {
        let told = socket
            .ask(&format!(r#"{{"id":4,"cmd":"subscribe","params":{params}}}"#))
            .await;
        assert_eq!(
            (&told["type"], &told["id"]),
            (&json!("error"), &json!(4)),
            "{params}"
        );
        assert_eq!(told["msg"]["code"], code, "{params}");
    }
    assert_eq!(socket.ask("what?").await["msg"]["code"], 1);
    let list = r#"{"id":5,"cmd":"list_subscriptions"}"#;
    assert_eq!(socket.ask(list).await["msg"], json!([]));
}

#[tokio::test]
async fn trades_come_in_order_of_all_markets_or_of_some() {
    let house = House::usual().await;
    house.list(&["KX-1", "KX-2"]);
    let mut all = house.connect().await;
    let mut some = house.connect().await;
    all.ask(r#"{"id":1,"cmd":"subscribe","params":{"channels":["trade"]}}"#)
        .await;
    some.ask(r#"{"id":1,"cmd":"subscribe","params":{"channels":["trade"],"market_ticker":"KX-2"}}"#)
        .await;

    for (market, id) in [("KX-1", "a"), ("KX-2", "b"), ("KX-1", "c"), ("KX-2", "d")] {
        house.trade(market, id);
    }

    let mut heard = Vec::new();
    for (socket, count) in [(&mut all, 4), (&mut some, 2)] {
        for _ in 0..count {
            let message = socket.hear().await;
            let Body::Trade(trade) = message.body else {
                panic!("a trade")
            };
            heard.push(format!("{} {}", message.seq.unwrap(), trade.trade_id));
        }
    }
    assert_eq!(heard, ["1 a", "2 b", "3 c", "4 d", "1 b", "2 d"]);
}

#[tokio::test]
async fn a_ticker_comes_at_once_if_wanted_and_then_whenever_quotes_change() {
    let house = House::usual().await;
    house.list(&["KX-1", "KX-2"]);
    let mut socket = house.connect().await;
    let subscribe = r#"{"id":1,"cmd":"subscribe","params":{"channels":["ticker"],"market_ticker":"KX-1","send_initial_snapshot":true}}"#;
    assert_eq!(socket.ask(subscribe).await["msg"]["sid"], 1);
    let told = socket.json().await;
    assert_eq!((&told["type"], told.get("seq")), (&json!("ticker"), None));
    assert_eq!(told["msg"]["yes_bid_dollars"], "0.4000");
    assert_eq!(told["msg"]["yes_ask_size_fp"], "3.00");

    let text = r#"{"market_ticker":"KX-1","market_id":"uuid-KX-1","price_dollars":"0.42","yes_bid_dollars":"0.41","yes_ask_dollars":"0.44",
        "yes_bid_size_fp":"5","yes_ask_size_fp":"6","last_trade_size_fp":"2","volume_fp":"9","open_interest_fp":"4",
        "dollar_volume":3,"dollar_open_interest":2,"ts_ms":1795237201250}"#;
    let update: TickerUpdate = serde_json::from_str(text).unwrap();
    house.board.take_ticker(&update, house.now());

    let told = socket.json().await["msg"].clone();
    assert_eq!(
        told,
        json!({"market_ticker": "KX-1", "market_id": "uuid-KX-1", "price_dollars": "0.4200", "yes_bid_dollars": "0.4100",
            "yes_ask_dollars": "0.4400", "yes_bid_size_fp": "5.00", "yes_ask_size_fp": "6.00", "last_trade_size_fp": "2.00",
            "volume_fp": "9.00", "open_interest_fp": "4.00", "dollar_volume": 3, "dollar_open_interest": 2,
            "ts_ms": 1_795_237_201_250_i64, "ts": 1_795_237_201, "time": "2026-11-21T05:00:01.25Z"})
    );
    // By UUID, now that the stream has told it; and without a list in the answer.
    let by_id = r#"{"id":2,"cmd":"subscribe","params":{"channels":["ticker"],"market_id":"uuid-KX-1"}}"#;
    assert_eq!(socket.ask(by_id).await["msg"]["sid"], 1);
}

#[tokio::test]
async fn what_becomes_of_markets_is_told_in_the_exchanges_words() {
    let house = House::usual().await;
    house.list(&["KX-1"]);
    let mut socket = house.connect().await;
    let subscribe = r#"{"id":1,"cmd":"subscribe","params":{"channels":["market_lifecycle_v2","multivariate_market_lifecycle"]}}"#;
    socket.ask(subscribe).await;
    assert_eq!(
        socket.json().await["msg"]["channel"],
        "multivariate_market_lifecycle"
    );
    let lifecycle = |kind: &str| {
        let text = r#"{"market_ticker":"KX-1","event_type":"close_date_updated","close_ts":1798070400}"#;
        let told = serde_json::from_str(text).unwrap();
        match kind {
            "combo" => Body::MultivariateMarketLifecycle(Box::new(told)),
            _ => Body::MarketLifecycle(Box::new(told)),
        }
    };

    house.board.take_lifecycle(lifecycle("combo"), house.now());
    house.board.take_lifecycle(lifecycle("market"), house.now());

    let mut told = [socket.json().await, socket.json().await];
    told.sort_by_key(|told| told["sid"].as_u64());
    assert_eq!(
        told[0],
        json!({"type": "market_lifecycle_v2", "sid": 1, "seq": 1,
            "msg": {"market_ticker": "KX-1", "event_type": "close_date_updated", "close_ts": 1_798_070_400}})
    );
    assert_eq!(told[1]["type"], "multivariate_market_lifecycle");
    assert_eq!((&told[1]["sid"], &told[1]["seq"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn quotes_that_changed_while_a_client_was_away_are_told_once() {
    let house = House::usual().await;
    house.list(&["KX-1"]);
    let mut socket = house.connect().await;
    socket
        .ask(r#"{"id":1,"cmd":"subscribe","params":{"channels":["ticker","trade"]}}"#)
        .await;
    socket.json().await;
    // All of it happens before the server's tasks run again: this test has one thread.
    for bid in ["0.41", "0.42", "0.43"] {
        let mut body = market("KX-1");
        body.set_quotes(Some((price(bid), contracts("1"))), None);
        house.board.take_sweep(Sweep {
            asked: house.now(),
            markets: vec![body],
        });
    }
    house.trade("KX-1", "last");
    let mut bids = Vec::new();
    loop {
        match socket.hear().await.body {
            Body::Ticker(ticker) => bids.push(ticker.yes_bid_dollars.to_string()),
            Body::Trade(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bids, ["0.4300"]);
}

#[tokio::test]
async fn a_book_told_in_the_middle_of_an_action_is_told_again() {
    let house = House::usual().await;
    house.list(&["KX-1"]);
    house.snapshot("KX-1", &[("0.40", "7")], &[]);
    let delta = |clock: u64, price: &str| {
        let text = format!(
            r#"{{"market_ticker":"KX-1","clock":{clock},"price_dollars":"{price}","delta_fp":"1","side":"yes"}}"#
        );
        house
            .board
            .take_book_delta(serde_json::from_str(&text).unwrap(), house.now())
            .unwrap();
    };
    delta(9, "0.41");
    let mut socket = house.connect().await;
    socket.ask(BOOKS).await;
    assert_eq!(socket.json().await["msg"]["clock"], 9);

    // Two levels, one action: whoever has clock 9 would pass over the second.
    delta(9, "0.42");
    delta(10, "0.43");

    let told = socket.json().await;
    assert_eq!(
        (&told["type"], &told["seq"]),
        (&json!("orderbook_snapshot"), &json!(2))
    );
    let levels = told["msg"]["yes_dollars_fp"].as_array().unwrap().len();
    if levels == 3 {
        assert_eq!(socket.json().await["msg"]["price_dollars"], "0.4300");
    } else {
        assert_eq!(levels, 4);
    }
}
