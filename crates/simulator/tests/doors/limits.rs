//! Token buckets, with time standing still.

use std::time::Duration;

use http::Method;
use kmi_simulator::server::{Config, Tier};

use super::support::{House, MARKET, order};

const ORDERS: &str = "/portfolio/events/orders";
const TOO_MANY: (u16, &str) = (429, r#"{"error":"too many requests"}"#);

#[tokio::test(start_paused = true)]
async fn the_eleventh_order_of_a_second_is_too_many() {
    let house = House::with(Config::default()).await;
    let place = order(MARKET, "bid", "0.10", "1.00", "good_till_canceled");
    for _ in 0..10 {
        assert_eq!(house.demo(Method::POST, ORDERS, &place).await.status, 201);
    }
    let answer = house.demo(Method::POST, ORDERS, &place).await;
    assert_eq!(answer.told(), TOO_MANY);
    for header in ["retry-after", "x-ratelimit-remaining", "x-ratelimit-limit"] {
        assert!(!answer.headers.contains_key(header));
    }
    // Somebody else's bucket, and one's own for reads, are untouched.
    assert_eq!(house.maker(Method::POST, ORDERS, &place).await.status, 201);
    assert_eq!(house.demo(Method::GET, "/account/limits", "").await.status, 200);
    tokio::time::advance(Duration::from_millis(100)).await;
    assert_eq!(house.demo(Method::POST, ORDERS, &place).await.status, 201);
    assert_eq!(house.demo(Method::POST, ORDERS, &place).await.told(), TOO_MANY);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_costs_two_even_if_there_is_nothing_to_cancel() {
    let house = House::with(Config::default()).await;
    for _ in 0..50 {
        let answer = house
            .demo(Method::DELETE, "/portfolio/events/orders/nothing", "")
            .await;
        assert_eq!(answer.status, 404);
    }
    let answer = house
        .demo(Method::DELETE, "/portfolio/events/orders/nothing", "")
        .await;
    assert_eq!(answer.told(), TOO_MANY);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_billed_for_every_item_and_fits_whole_or_not_at_all() {
    let house = House::with(Config::default()).await;
    let batch = |count: usize| {
        let place = order(MARKET, "bid", "0.10", "1.00", "good_till_canceled");
        format!(r#"{{"orders":[{}]}}"#, vec![place; count].join(","))
    };
    let path = "/portfolio/events/orders/batched";
    assert_eq!(house.demo(Method::POST, path, &batch(8)).await.status, 201);
    assert_eq!(house.demo(Method::POST, path, &batch(3)).await.told(), TOO_MANY);
    // Its first item was billed before the others were counted.
    assert_eq!(house.demo(Method::POST, path, &batch(1)).await.status, 201);
    assert_eq!(house.demo(Method::POST, path, &batch(1)).await.told(), TOO_MANY);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_cannot_be_read_costs_one_item() {
    let house = House::with(Config::default()).await;
    let path = "/portfolio/events/orders/batched";
    for body in ["{", "[]", r#"{"orders":[]}"#, r#"{"orders":[1]}"#, ""]
        .iter()
        .cycle()
        .take(10)
    {
        assert_eq!(house.demo(Method::POST, path, body).await.status, 400, "{body}");
    }
    assert_eq!(house.demo(Method::POST, path, "{").await.told(), TOO_MANY);
}

#[tokio::test(start_paused = true)]
async fn the_balance_may_be_asked_once_a_second() {
    let house = House::with(Config::default()).await;
    assert_eq!(
        house.demo(Method::GET, "/portfolio/balance", "").await.status,
        200
    );
    assert_eq!(
        house.demo(Method::GET, "/portfolio/balance", "").await.told(),
        TOO_MANY
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(
        house.demo(Method::GET, "/portfolio/balance", "").await.status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn strangers_are_limited_as_well() {
    let house = House::with(Config::default()).await;
    for _ in 0..40 {
        assert_eq!(house.public("/exchange/status").await.status, 200);
    }
    assert_eq!(house.public("/exchange/status").await.told(), TOO_MANY);
}

#[tokio::test(start_paused = true)]
async fn a_tier_says_what_may_be_spent() {
    let house = House::with(Config::default()).await;
    let limits = house.demo(Method::GET, "/account/limits", "").await.json();
    assert_eq!(
        limits,
        serde_json::json!({
            "usage_tier": "basic",
            "read": {"refill_rate": 200, "bucket_capacity": 400},
            "write": {"refill_rate": 100, "bucket_capacity": 100},
            "grants": [],
        })
    );
    house.server.set_tier(house.demo.user, Tier::Premier);
    let limits = house.demo(Method::GET, "/account/limits", "").await.json();
    assert_eq!(limits["write"]["bucket_capacity"], 2_400);
    assert_eq!(limits["grants"][0]["level"], "premier");
}

#[tokio::test(start_paused = true)]
async fn advanced_is_given_to_who_has_ordered() {
    let house = House::open().await;
    house.server.set_tier(house.demo.user, Tier::Basic);
    let upgrade = "/account/api_usage_level/upgrade";
    assert_eq!(
        house.demo(Method::POST, upgrade, "").await.refused(),
        (403, "forbidden".to_owned())
    );
    let place = order(MARKET, "bid", "0.10", "1.00", "good_till_canceled");
    assert_eq!(house.demo(Method::POST, ORDERS, &place).await.status, 201);
    assert_eq!(house.demo(Method::POST, upgrade, "").await.status, 201);
    let limits = house.demo(Method::GET, "/account/limits", "").await.json();
    assert_eq!(limits["usage_tier"], "advanced");
}

#[tokio::test(start_paused = true)]
async fn costs_other_than_ten_are_listed() {
    let house = House::open().await;
    let costs = house.public("/account/endpoint_costs").await.json();
    assert_eq!(costs["default_cost"], 10);
    let cost_of = |method: &str, path: &str| {
        let listed = costs["endpoint_costs"].as_array().unwrap().iter();
        let mut fitting = listed.filter(|cost| cost["method"] == method && cost["path"] == path);
        fitting.next().map(|cost| cost["cost"].as_u64().unwrap())
    };
    assert_eq!(
        cost_of("DELETE", "/trade-api/v2/portfolio/events/orders/{order_id}"),
        Some(2)
    );
    assert_eq!(
        cost_of("DELETE", "/trade-api/v2/portfolio/events/orders/batched"),
        Some(2)
    );
    assert_eq!(
        cost_of("GET", "/trade-api/v2/portfolio/orders/{order_id}"),
        Some(2)
    );
    assert_eq!(
        cost_of("POST", "/trade-api/v2/account/api_usage_level/upgrade"),
        Some(30)
    );
    assert_eq!(cost_of("POST", "/trade-api/v2/portfolio/events/orders"), None);
}
