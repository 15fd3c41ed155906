//! What memory does not know is asked of the exchange, within a budget.

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use kmi_app::board::BoardSettings;
use kmi_kalshi::limit::Limits;
use kmi_kalshi::rest;
use kmi_server::DoorSettings;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Served, body, served_before};

/// An exchange that knows one market, settled long ago.
async fn exchange() -> rest::Client {
    let none = || {
        let error = json!({"error": {"code": "not_found", "message": "not found"}});
        (StatusCode::NOT_FOUND, Json(error))
    };
    let market = async move |Path(ticker): Path<String>| match ticker.as_str() {
        "OLD" => Ok(Json(json!({"market": body("OLD", "0.4000", "0.4400", "1.00")}))),
        _ => Err(none()),
    };
    let book = async move |Path(ticker): Path<String>| -> Result<Json<Value>, (StatusCode, Json<Value>)> {
        match ticker.as_str() {
            "OLD" => Ok(Json(json!({"orderbook_fp": {
                "yes_dollars": [["0.3000", "1.00"], ["0.4000", "5.00"]], "no_dollars": [["0.5500", "4.00"]],
            }}))),
            _ => Err(none()),
        }
    };
    let router = Router::new()
        .route("/trade-api/v2/markets/{ticker}", get(market))
        .route("/trade-api/v2/markets/{ticker}/orderbook", get(book));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    rest::Client::builder(format!("http://{address}/trade-api/v2"))
        .limits(Limits::none())
        .build()
        .unwrap()
}

async fn served(questions_per_second: u32) -> Served {
    let settings = DoorSettings {
        relay_misses_per_second: questions_per_second,
        ..DoorSettings::default()
    };
    served_before(settings, BoardSettings::default(), Some(exchange().await)).await
}

#[tokio::test]
async fn a_market_that_is_not_on_the_board_is_asked_for() {
    let served = served(1_000).await;

    let market = served.get("/api/v1/markets/OLD").await.json();
    assert_eq!(
        (&market["yes_bid"], &market["source"]),
        (&"0.4000".into(), &"poll".into())
    );
    let none = served.get("/api/v1/markets/NONE").await;
    assert_eq!((none.status.as_u16(), none.code().as_str()), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn a_book_that_is_not_followed_is_asked_for_and_says_so() {
    let served = served(1_000).await;

    let book = served.get("/api/v1/markets/OLD/orderbook?depth=1").await.json();
    assert_eq!(book["yes"], json!([{"price": "0.4000", "quantity": "5.00"}]));
    assert_eq!(
        (&book["yes_ask"], &book["source"]),
        (&"0.4500".into(), &"poll".into())
    );
    assert!(book["sequence"].is_null());
    let none = served.get("/api/v1/markets/NONE/orderbook").await;
    assert_eq!((none.status.as_u16(), none.code().as_str()), (404, "NOT_FOUND"));
}

#[tokio::test]
async fn too_many_questions_are_not_put() {
    let served = served(1).await;
    let mut refused = None;
    for _ in 0..1_000 {
        let answer = served.get("/api/v1/markets/OLD").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }

    let refused = refused.expect("one question a second is soon too few");
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (429, "RATE_LIMITED")
    );
    assert_eq!(refused.json()["error"]["retryable"], true);
}
