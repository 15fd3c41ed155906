//! The admin door.

use http::Method;
use kmi_kalshi::sign::Signer;
use kmi_simulator::server::{AdminPeers, Config};
use serde_json::json;

use super::support::{House, MARKET, order};

async fn admin(house: &House, method: Method, path: &str, body: &str) -> super::support::Answer {
    house.send(method, &format!("/admin{path}"), &[], body).await
}

#[tokio::test(start_paused = true)]
async fn the_ledger_changes_by_deposits_only() {
    let house = House::open().await;
    let total = async || {
        admin(&house, Method::GET, "/ledger", "").await.json()["total"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(total().await, "20000.0000");
    house.rest("ask", "0.52", "3.00").await;
    let take = order(MARKET, "bid", "0.52", "2.00", "immediate_or_cancel");
    house.demo(Method::POST, "/portfolio/events/orders", &take).await;
    assert_eq!(total().await, "20000.0000");
    let deposit = json!({"account": "demo", "amount": "0.50"}).to_string();
    assert_eq!(
        admin(&house, Method::POST, "/deposit", &deposit).await.status,
        200
    );
    assert_eq!(total().await, "20000.5000");
    let too_much = json!({"account": "demo", "amount": "1000000000.01"}).to_string();
    assert_eq!(
        admin(&house, Method::POST, "/deposit", &too_much).await.status,
        400
    );
    let settled = admin(
        &house,
        Method::POST,
        "/settle",
        &json!({"ticker": MARKET, "result": "yes"}).to_string(),
    )
    .await;
    assert_eq!(settled.told(), (200, r#"{"positions_paid":2}"#));
    assert_eq!(total().await, "20000.5000");
    let settlements = house.demo(Method::GET, "/portfolio/settlements", "").await.json();
    assert_eq!(settlements["settlements"][0]["revenue"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_new_user_trades_with_the_key_they_are_given() {
    let house = House::open().await;
    let body = json!({"name": "load-1", "balance": "25000.00", "tier": "prime"}).to_string();
    let opened = admin(&house, Method::POST, "/users", &body).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    let opened = opened.json();
    let signer = Signer::from_pem(
        opened["key_id"].as_str().unwrap(),
        opened["private_key"].as_str().unwrap(),
    )
    .unwrap();
    let balance = house.signed(&signer, Method::GET, "/portfolio/balance", "").await;
    assert_eq!(balance.json()["balance_dollars"], "25000.0000");
    let limits = house.signed(&signer, Method::GET, "/account/limits", "").await;
    assert_eq!(limits.json()["usage_tier"], "prime");
    for (body, status) in [
        (json!({"name": "load-1"}), 409),
        (json!({"name": "x", "balance": "1.00"}), 400),
        (json!({"name": "x", "balance": "much"}), 400),
        (json!({"name": "x", "tier": "gold"}), 400),
        (json!({}), 400),
    ] {
        let answer = admin(&house, Method::POST, "/users", &body.to_string()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_counts_events_and_hashes_them() {
    let house = House::open().await;
    let before = admin(&house, Method::GET, "/state", "").await.json();
    house.rest("ask", "0.52", "3.00").await;
    let after = admin(&house, Method::GET, "/state", "").await.json();
    assert!(after["events"].as_u64() > before["events"].as_u64());
    assert_ne!(after["hash"], before["hash"]);
    assert_eq!(after["markets"]["active"], 3);
    assert_eq!(after["users"][1]["open_orders"], 1);
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_refused() {
    let house = House::open().await;
    for (path, body, status) in [
        (
            "/settle",
            r#"{"ticker":"KXNOTHING","result":"yes"}"#.to_owned(),
            404,
        ),
        (
            "/settle",
            json!({"ticker": MARKET, "result": "maybe"}).to_string(),
            400,
        ),
        (
            "/settle",
            json!({"ticker": MARKET, "result": "1.20"}).to_string(),
            400,
        ),
        ("/settle", "{".to_owned(), 400),
        (
            "/deposit",
            json!({"account": "nobody", "amount": "1"}).to_string(),
            404,
        ),
        (
            "/deposit",
            json!({"account": "demo", "amount": "-1"}).to_string(),
            400,
        ),
        (
            "/deposit",
            json!({"account": "demo", "amount": "1", "exchange_index": 9}).to_string(),
            400,
        ),
        ("/faults", r#"{"kind":"meteor"}"#.to_owned(), 400),
        ("/nothing", "{}".to_owned(), 404),
    ] {
        let answer = admin(&house, Method::POST, path, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn it_can_be_shut() {
    let house = House::with(Config {
        admin: AdminPeers::Nobody,
        ..Config::default()
    })
    .await;
    let answer = admin(&house, Method::GET, "/ledger", "").await;
    assert_eq!(answer.refused(), (403, "forbidden".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn it_says_which_exchange_it_is() {
    let house = House::open().await;
    let identity = admin(&house, Method::GET, "/identity", "").await;
    assert_eq!(identity.told(), (200, r#"{"exchange":"simulator:7"}"#));
}
