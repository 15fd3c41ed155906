//! Faults as requests meet them.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::time::Instant;

use super::support::{API, Answer, House, MARKET, order};

async fn arm(house: &House, fault: serde_json::Value) {
    let answer = house
        .send(Method::POST, "/admin/faults", &[], &fault.to_string())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// A create by `demo`; `None` where the connection was cut.
async fn place(house: &House) -> Option<Answer> {
    let path = format!("{API}/portfolio/events/orders");
    let headers = house.headers(&house.demo.signer, &Method::POST, &path);
    let body = order(MARKET, "bid", "0.10", "1.00", "good_till_canceled");
    house.try_send(Method::POST, &path, &headers, &body).await.ok()
}

fn resting(house: &House) -> usize {
    house
        .engine
        .read(|view| view.exchange.open_orders(house.demo.user).len())
}

#[tokio::test(start_paused = true)]
async fn a_status_is_answered_and_nothing_executed() {
    let house = House::open().await;
    for status in [429, 500, 503] {
        arm(
            &house,
            json!({"kind": "status", "status": status, "method": "POST"}),
        )
        .await;
        let answer = place(&house).await.unwrap();
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(resting(&house), 0);
    }
    assert_eq!(place(&house).await.unwrap().status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_read_uses_no_fault_up() {
    let house = House::open().await;
    arm(&house, json!({"kind": "status", "status": 503, "method": "POST"})).await;
    let path = format!("{API}/portfolio/events/orders");
    let headers = house.headers(&house.demo.signer, &Method::POST, &path);
    let endless = "x".repeat(20_000_000);
    let answer = house.send(Method::POST, &path, &headers, &endless).await;
    assert_eq!(answer.status, 413);
    assert_eq!(place(&house).await.unwrap().status, 503);
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_before_executing_leaves_nothing() {
    let house = House::open().await;
    arm(&house, json!({"kind": "drop_before_execute"})).await;
    assert!(place(&house).await.is_none());
    assert_eq!(resting(&house), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_the_order() {
    let house = House::open().await;
    arm(&house, json!({"kind": "timeout_after_execute", "ms": 5_000})).await;
    let started = Instant::now();
    assert!(place(&house).await.is_none());
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    assert_eq!(resting(&house), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_execution_comes_after_the_cut() {
    let house = House::open().await;
    arm(&house, json!({"kind": "execute_late_ms", "ms": 2_000})).await;
    assert!(place(&house).await.is_none());
    assert_eq!(resting(&house), 0);
    tokio::time::sleep(Duration::from_millis(2_001)).await;
    assert_eq!(resting(&house), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delay_holds_the_answer_back() {
    let house = House::open().await;
    arm(&house, json!({"kind": "delay_ms", "ms": 750, "account": "demo"})).await;
    assert_eq!(house.public("/exchange/status").await.status, 200);
    let started = Instant::now();
    assert_eq!(place(&house).await.unwrap().status, 201);
    assert_eq!(started.elapsed(), Duration::from_millis(750));
}

#[tokio::test(start_paused = true)]
async fn a_pause_refuses_creates_and_lets_cancels_through_and_maintenance_neither() {
    let house = House::open().await;
    let id = place(&house).await.unwrap().json()["order_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = place(&house).await.unwrap().json()["order_id"]
        .as_str()
        .unwrap()
        .to_owned();
    arm(&house, json!({"kind": "pause"})).await;
    assert_eq!(
        place(&house).await.unwrap().refused(),
        (400, "EXCHANGE_PAUSED".to_owned())
    );
    let status = house.public("/exchange/status").await.json();
    assert_eq!(
        (&status["trading_active"], &status["exchange_active"]),
        (&json!(false), &json!(true))
    );
    let cancel = format!("/portfolio/events/orders/{id}");
    assert_eq!(house.demo(Method::DELETE, &cancel, "").await.status, 200);
    arm(&house, json!({"kind": "maintenance", "ms": 10_000})).await;
    let cancel = format!("/portfolio/events/orders/{second}");
    assert_eq!(
        house.demo(Method::DELETE, &cancel, "").await.refused(),
        (400, "EXCHANGE_PAUSED".to_owned())
    );
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(house.demo(Method::DELETE, &cancel, "").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn stale_reads_show_what_was() {
    let house = House::open().await;
    arm(&house, json!({"kind": "stale_reads_ms", "ms": 400})).await;
    let id = place(&house).await.unwrap().json()["order_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/portfolio/orders/{id}");
    assert_eq!(house.demo(Method::GET, &path, "").await.status, 404);
    tokio::time::sleep(Duration::from_millis(401)).await;
    assert_eq!(house.demo(Method::GET, &path, "").await.status, 200);
}
