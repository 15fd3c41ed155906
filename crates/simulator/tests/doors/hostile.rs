//! Malformed everything, over raw connections where need be.

use std::time::Duration;

use http::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::support::{API, House, MARKET, order};

/// Requests of each storm of nonsense.
const CASES: usize = 300;

/// Sends bytes, and reads until the other end hangs up.
async fn raw(house: &House, bytes: &[u8]) -> String {
    let mut stream = house.pipe.connect().await.unwrap();
    // The other end may have heard enough before the end.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(start_paused = true)]
async fn what_is_no_http_is_400() {
    let house = House::open().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"HELO\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /trade-api/v2/markets HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999999\r\n\r\n",
    ] {
        let answer = raw(&house, bytes).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{bytes:?}: {answer}");
    }
    assert_eq!(house.public("/exchange/status").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn heads_beyond_bounds_are_431_or_414() {
    let house = House::open().await;
    let many = "x-one: y\r\n".repeat(200);
    let answer = raw(
        &house,
        format!("GET {API}/markets HTTP/1.1\r\nhost: box\r\n{many}\r\n").as_bytes(),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(100_000);
    let answer = raw(
        &house,
        format!("GET {API}/markets HTTP/1.1\r\nhost: box\r\nx-long: {long}\r\n\r\n").as_bytes(),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = raw(
        &house,
        format!("GET {API}/markets?cursor={long} HTTP/1.1\r\nhost: box\r\n\r\n").as_bytes(),
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 414"),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_half_open_connection_is_given_up() {
    let house = House::open().await;
    let started = Instant::now();
    let mut silent = house.pipe.connect().await.unwrap();
    let mut slow = house.pipe.connect().await.unwrap();
    slow.write_all(b"GET /trade-api/v2/markets HTTP/1.1\r\nhost:")
        .await
        .unwrap();
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).await.unwrap();
    slow.read_to_end(&mut rest).await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_408() {
    let house = House::open().await;
    let path = format!("{API}/portfolio/events/orders");
    let headers = house.headers(&house.demo.signer, &Method::POST, &path);
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: box\r\ncontent-length: 100\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let answer = raw(&house, format!("{head}\r\n{{").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_outlives_a_refusal_whose_body_comes_after_the_head() {
    let house = House::open().await;
    for (method, path, status) in [
        ("POST", format!("{API}/communications/rfqs"), 501),
        ("POST", format!("{API}/portfolio/events/orders"), 401),
        ("POST", format!("{API}/no/such/thing"), 404),
        ("PATCH", format!("{API}/portfolio/events/orders"), 405),
    ] {
        let mut stream = house.pipe.connect().await.unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: box\r\ncontent-length: 2\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let next = format!("GET {API}/exchange/status HTTP/1.1\r\nhost: box\r\nconnection: close\r\n\r\n");
        stream.write_all(format!("{{}}{next}").as_bytes()).await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert!(answers.starts_with(&format!("HTTP/1.1 {status}")), "{answers}");
        assert!(answers.contains("HTTP/1.1 200"), "{path}: {answers}");
    }
}

#[tokio::test]
async fn a_hundred_megabytes_are_413_and_the_sender_gets_to_read_it() {
    let house = House::open().await;
    let path = format!("{API}/portfolio/events/orders");
    let headers = house.headers(&house.demo.signer, &Method::POST, &path);
    let size = 100_000_000;
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: box\r\ncontent-length: {size}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = house.pipe.connect().await.unwrap();
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let chunk = vec![b'x'; 1_000_000];
    for _ in 0..100 {
        stream.write_all(&chunk).await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains(r#""code":"request_body_too_large""#), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_reading_is_cut_off() {
    let house = House::open().await;
    let mut stream = house.pipe.connect().await.unwrap();
    let request = format!("GET {API}/markets HTTP/1.1\r\nhost: box\r\n\r\n");
    // The pipe holds 64 KiB; the answers to these are more.
    for _ in 0..200 {
        let sent = tokio::time::timeout(Duration::from_mins(2), stream.write_all(request.as_bytes())).await;
        if !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() <= 1 << 20);
}

#[test]
fn no_query_makes_the_exchange_stumble() {
    let routes = [
        "/markets",
        "/events",
        "/series",
        "/markets/trades",
        "/markets/orderbooks",
        "/markets/candlesticks",
        "/milestones",
        "/structured_targets",
        "/portfolio/orders",
        "/portfolio/fills",
        "/portfolio/positions",
        "/portfolio/settlements",
        "/portfolio/balance",
    ];
    let names = [
        "limit",
        "cursor",
        "status",
        "ticker",
        "tickers",
        "event_ticker",
        "min_ts",
        "max_ts",
        "subaccount",
        "exchange_index",
        "start_ts",
        "end_ts",
        "period_interval",
        "depth",
        "count_filter",
        "market_tickers",
    ];
    let value = prop_oneof![
        "[0-9]{1,20}",
        "-?[0-9]{1,3}",
        "[A-Za-z0-9,_-]{0,30}",
        "(%[0-9A-Fa-f]{2}){0,10}",
        Just("9223372036854775807".to_owned()),
        Just(MARKET.to_owned()),
    ];
    let query = proptest::collection::vec((proptest::sample::select(names.to_vec()), value), 0..6);
    let strategy = (proptest::sample::select(routes.to_vec()), query);
    fuzz(strategy, |house, (route, query)| async move {
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let path = format!("{route}?{}", query.join("&"));
        let answer = house.demo(Method::GET, &path, "").await;
        (path, answer)
    });
}

#[test]
fn no_body_makes_the_exchange_stumble() {
    let routes = [
        (Method::POST, "/portfolio/events/orders"),
        (Method::POST, "/portfolio/events/orders/batched"),
        (Method::DELETE, "/portfolio/events/orders/batched"),
        (Method::POST, "/portfolio/events/orders/none/amend"),
        (Method::POST, "/portfolio/events/orders/none/decrease"),
        (Method::POST, "/portfolio/order_groups/create"),
        (Method::POST, "/portfolio/subaccounts/transfer"),
        (Method::POST, "/portfolio/intra_exchange_instance_transfer"),
        (Method::PUT, "/portfolio/subaccounts/netting"),
        (Method::POST, "/api_keys"),
    ];
    let fields = [
        "ticker",
        "side",
        "count",
        "price",
        "time_in_force",
        "self_trade_prevention_type",
        "expiration_time",
        "subaccount",
        "exchange_index",
        "orders",
        "order_id",
        "reduce_by",
        "reduce_to",
        "contracts_limit",
        "amount",
        "amount_cents",
        "source",
        "enabled",
        "subaccount_number",
        "name",
        "public_key",
        "scopes",
    ];
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("[]".to_owned()),
        Just("[{}]".to_owned()),
        Just("{}".to_owned()),
        Just(format!("\"{MARKET}\"")),
        "-?[0-9]{1,25}",
        "-?[0-9]{1,5}\\.[0-9]{1,5}",
        "\"-?[0-9]{0,25}(\\.[0-9]{0,6})?\"",
        "\"[a-z_]{0,20}\"",
    ];
    let sound: Vec<(String, String)> = [("side", "\"bid\""), ("count", "\"1.00\""), ("price", "\"0.50\"")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let changed = proptest::collection::vec((proptest::sample::select(fields.to_vec()), value), 0..8);
    let strategy = (proptest::sample::select(routes.to_vec()), changed);
    fuzz(strategy, move |house, ((method, route), changed)| {
        let mut members: Vec<String> = sound
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        members.extend(changed.iter().map(|(name, value)| format!("\"{name}\":{value}")));
        let body = format!("{{{}}}", members.join(","));
        async move {
            let answer = house.demo(method, route, &body).await;
            (format!("{route} {body}"), answer)
        }
    });
}

/// Lets `ask` ask the same exchange for each of the cases: the answer is JSON or nothing, and never a 500.
fn fuzz<S, F>(strategy: S, mut ask: impl FnMut(std::rc::Rc<House>, S::Value) -> F)
where
    S: Strategy,
    F: Future<Output = (String, super::support::Answer)>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let house = std::rc::Rc::new(runtime.block_on(House::open()));
    let mut runner = TestRunner::deterministic();
    for _ in 0..CASES {
        let value = strategy.new_tree(&mut runner).unwrap().current();
        let (asked, answer) = runtime.block_on(ask(std::rc::Rc::clone(&house), value));
        assert!(answer.status.as_u16() < 500, "{asked}: {}", answer.text);
        assert!(
            answer.text.is_empty() || serde_json::from_str::<serde_json::Value>(&answer.text).is_ok(),
            "{asked}: {}",
            answer.text
        );
    }
    let alive = runtime.block_on(async {
        let place = order(MARKET, "bid", "0.10", "1.00", "immediate_or_cancel");
        house
            .maker(Method::POST, "/portfolio/events/orders", &place)
            .await
    });
    assert_eq!(alive.status, 201, "{}", alive.text);
}
