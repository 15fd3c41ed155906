//! `GET /trade-api/v2/*`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::routing::get;
use kmi_domain::Side;
use kmi_kalshi::api::market::{MarketsQuery, MveFilter, StatusFilter};
use kmi_kalshi::api::orderbook::OrderbookQuery;
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest::{Client, RetryPolicy};
use serde_json::{Value, json};

use super::access::raw;
use super::support::{House, Opening, contracts, market, price, ticker};

/// An exchange that counts what it is asked.
async fn exchange() -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = |asked: &Arc<AtomicUsize>| {
        let asked = Arc::clone(asked);
        move || asked.fetch_add(1, Ordering::SeqCst)
    };
    let (one, book, trades) = (count(&asked), count(&asked), count(&asked));
    let router = Router::new()
        .route(
            "/trade-api/v2/markets/{ticker}",
            get(move |Path(name): Path<String>| async move {
                one();
                match name.as_str() {
                    "OLD" => Ok(axum::Json(json!({"market": market("OLD"), "new_member": 1}))),
                    _ => Err((
                        StatusCode::NOT_FOUND,
                        axum::Json(json!({"error": {"code": "not_found", "message": "not_found"}})),
                    )),
                }
            }),
        )
        .route(
            "/trade-api/v2/markets/{ticker}/orderbook",
            get(move || async move {
                book();
                axum::Json(json!({"orderbook_fp": {"yes_dollars": [["0.3000", "1.00"]], "no_dollars": []}}))
            }),
        )
        .route(
            "/trade-api/v2/markets/trades",
            get(move |RawQuery(query): RawQuery| async move {
                trades();
                axum::Json(json!({"trades": [], "cursor": query.unwrap_or_default()}))
            }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/trade-api/v2", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = Client::builder(url)
        .limits(Limits::none())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    (client, asked)
}

async fn with_exchange() -> (House, Arc<AtomicUsize>) {
    let (client, asked) = exchange().await;
    let house = House::open(Opening {
        rest: Some(client),
        ..Opening::default()
    })
    .await;
    (house, asked)
}

/// Status, head and JSON of `GET path`.
async fn fetch(house: &House, path: &str) -> (u16, String, Value) {
    let (status, answer) = raw(house, &format!("GET /trade-api/v2{path} HTTP/1.1\r\n")).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, head.to_lowercase(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn what_the_board_knows_costs_the_exchange_nothing() {
    let (house, asked) = with_exchange().await;
    house.list(&["KX-1", "KX-2"]);
    house.snapshot("KX-1", &[("0.40", "7"), ("0.41", "1")], &[("0.55", "3")]);
    house.delta("KX-1", Side::Yes, price("0.41"), contracts("2"));

    let (status, head, body) = fetch(&house, "/markets/KX-1").await;
    assert_eq!(status, 200);
    assert_eq!(body["market"]["yes_bid_dollars"], "0.4000");
    assert_eq!(body["market"]["no_ask_dollars"], "0.6000");
    assert!(head.contains("x-kmi-source: poll"), "{head}");
    assert!(head.contains("x-kmi-as-of: 2026-11-21t"), "{head}");

    let own = Client::builder(house.rest_url())
        .limits(Limits::none())
        .build()
        .unwrap();
    let book = own
        .orderbook(&ticker("KX-1"), &OrderbookQuery { depth: Some(1) })
        .await
        .unwrap();
    assert_eq!(book.best_yes_bid().unwrap().quantity, contracts("3"));
    assert_eq!(book.yes_dollars.len(), 1);
    let open = MarketsQuery {
        status: Some(StatusFilter::Open),
        mve_filter: Some(MveFilter::Exclude),
        limit: Some(1),
        ..MarketsQuery::default()
    };
    let first = own.markets_page(&open).await.unwrap();
    let second = own
        .markets_page(&MarketsQuery {
            cursor: first.cursor.clone().next(),
            ..open
        })
        .await
        .unwrap();
    assert_eq!(first.markets[0].ticker, ticker("KX-1"));
    assert_eq!(second.markets[0].ticker, ticker("KX-2"));
    assert!(second.cursor.is_last());
    let (_, _, named) = fetch(&house, "/markets?tickers=KX-2,KX-1&limit=1").await;
    assert_eq!(named["markets"][0]["ticker"], "KX-1");
    assert_ne!(named["cursor"], "");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_it_does_not_know_the_exchange_is_asked_once() {
    let (house, asked) = with_exchange().await;
    for _ in 0..3 {
        let (status, head, body) = fetch(&house, "/markets/OLD").await;
        assert_eq!((status, &body["new_member"]), (200, &json!(1)));
        assert!(head.contains("x-kmi-source: cache"), "{head}");
        let (status, _, body) = fetch(&house, "/markets/NONE").await;
        assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")));
    }
    // Kept for a second, within which three rounds should be over; on a slow machine it may have been asked again.
    assert!(asked.load(Ordering::SeqCst) < 6);
    // Parameters go on in one order, unknown ones not at all.
    let (_, _, body) = fetch(&house, "/markets/trades?colour=red&ticker=KX-1&limit=5").await;
    assert_eq!(body["cursor"], "limit=5&ticker=KX-1");
}

#[tokio::test]
async fn the_exchange_is_asked_no_more_than_the_budget_allows() {
    let (house, asked) = with_exchange().await;
    let mut refused = 0;
    for number in 0..60 {
        let (status, _, body) = fetch(&house, &format!("/markets/NONE-{number}")).await;
        if status == 429 {
            assert_eq!(body, json!({"error": "too many requests"}));
            refused += 1;
        }
    }
    // Ten seconds' worth of two a second at once, and two a second more.
    assert!(refused > 0, "{} were asked", asked.load(Ordering::SeqCst));
    assert_eq!(asked.load(Ordering::SeqCst), 60 - refused);
}

#[tokio::test]
async fn without_an_exchange_the_board_says_how_old_it_is() {
    let house = House::usual().await;
    let long_ago = kmi_domain::Timestamp::from_micros(house.now().micros() - 60_000_000);
    house.board.take_sweep(kmi_app::board::Sweep {
        asked: long_ago,
        markets: vec![market("KX-1")],
    });
    let (status, head, _) = fetch(&house, "/markets/KX-1").await;
    assert_eq!(status, 200);
    assert!(head.contains("x-kmi-stale: true"), "{head}");
    let (status, _, body) = fetch(&house, "/markets/KX-2").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (503, &json!("service_unavailable"))
    );
}

#[tokio::test]
async fn wrong_parameters_are_refused_without_asking() {
    let (house, asked) = with_exchange().await;
    for (path, told) in [
        ("/markets?limit=1001", "GetMarkets: limit: must be at most 1000"),
        (
            "/markets?status=active",
            "GetMarkets: status: \"active\" is not unopened, open, paused, closed or settled",
        ),
        (
            "/markets?min_close_ts=1&status=open",
            "GetMarkets: filters: close filters cannot be combined with status open",
        ),
        (
            "/markets?min_close_ts=1&min_created_ts=1",
            "GetMarkets: filters: timestamp filters created and close are mutually exclusive",
        ),
        (
            "/markets/KX-1/orderbook?depth=101",
            "GetMarketOrderbook: depth: must be at most 100",
        ),
        ("/markets/orderbooks", "GetMarketOrderbooks: tickers: is required"),
        ("/events?limit=201", "GetEvents: limit: must be at most 200"),
        (
            "/events?status=paused",
            "GetEvents: status: must be one of unopened, open, closed, settled",
        ),
        (
            "/series/KX/markets/KX-1/candlesticks?start_ts=1&end_ts=2",
            "GetMarketCandlesticks: period_interval: is required",
        ),
        (
            "/markets/trades?limit=many",
            "GetTrades: limit: \"many\" is not a whole number",
        ),
    ] {
        let (status, _, body) = fetch(&house, path).await;
        assert_eq!(status, 400, "{path}");
        assert_eq!(
            body["msg"],
            format!("Parameter validation failed for {told}"),
            "{path}"
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_belongs_to_accounts_is_refused_as_the_exchange_does() {
    let house = House::usual().await;
    let missing = "signature_is_missing_from_headers";
    for (request, status, told) in [
        ("GET /trade-api/v2/portfolio/balance", 401, missing),
        (
            "GET /trade-api/v2/portfolio/orders/a-b/queue_position",
            401,
            missing,
        ),
        ("POST /trade-api/v2/portfolio/events/orders", 401, missing),
        (
            "DELETE /trade-api/v2/portfolio/events/orders/batched",
            401,
            missing,
        ),
        (
            "POST /trade-api/v2/multivariate_event_collections/C",
            401,
            missing,
        ),
        ("GET /trade-api/v2/account/limits", 401, missing),
        (
            "GET /trade-api/v2/series/A/events/B/forecast_percentile_history",
            401,
            missing,
        ),
        ("POST /trade-api/v2/markets", 405, "method_not_allowed"),
        ("DELETE /trade-api/v2/markets/KX-1", 405, "method_not_allowed"),
        ("GET /trade-api/v2/nothing", 404, "not_found"),
        ("GET /trade-api/v2", 404, "not_found"),
        ("GET /trade-api/v3/markets", 404, "not_found"),
        ("GET /trade-api/v2/markets/KX-1/nothing", 404, "not_found"),
    ] {
        let (got, answer) = raw(&house, &format!("{request} HTTP/1.1\r\nContent-Length: 0\r\n")).await;
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!((got, &body["error"]["code"]), (status, &json!(told)), "{request}");
    }
    let signed = "GET /trade-api/v2/portfolio/balance HTTP/1.1\r\nKALSHI-ACCESS-KEY: k\r\n";
    let (status, answer) = raw(&house, signed).await;
    assert_eq!(status, 401);
    assert!(answer.ends_with(
        r#"{"error":{"code":"authentication_error","message":"authentication_error","details":"NOT_FOUND"}}"#
    ));
}

#[tokio::test]
async fn head_and_options_are_answered_without_a_body() {
    let house = House::usual().await;
    house.list(&["KX-1"]);
    let (status, answer) = raw(&house, "HEAD /trade-api/v2/markets/KX-1 HTTP/1.1\r\n").await;
    assert_eq!(status, 200);
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    let (status, answer) = raw(&house, "OPTIONS /trade-api/v2/markets/KX-1 HTTP/1.1\r\n").await;
    assert_eq!(status, 204);
    assert!(
        answer.to_lowercase().contains("allow: get, head, options"),
        "{answer}"
    );
}
