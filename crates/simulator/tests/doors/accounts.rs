//! Groups, subaccounts, transfers, keys, and what a member has.

use std::time::Duration;

use http::Method;
use kmi_kalshi::sign::Signer;
use serde_json::{Value, json};

use super::support::{House, MARKET, order, pair};

#[tokio::test(start_paused = true)]
async fn a_group_lives_from_its_creation_to_its_end() {
    let house = House::open().await;
    let created = house
        .demo(
            Method::POST,
            "/portfolio/order_groups/create",
            r#"{"contracts_limit":10}"#,
        )
        .await;
    assert_eq!(created.status, 201, "{}", created.text);
    let id = created.json()["order_group_id"].as_str().unwrap().to_owned();
    let mut place: Value =
        serde_json::from_str(&order(MARKET, "bid", "0.30", "2.00", "good_till_canceled")).unwrap();
    place["order_group_id"] = json!(id);
    let orders = "/portfolio/events/orders";
    let placed = house.demo(Method::POST, orders, &place.to_string()).await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    let path = format!("/portfolio/order_groups/{id}");
    let group = house.demo(Method::GET, &path, "").await.json();
    assert_eq!(group["orders"], json!([placed.json()["order_id"]]));
    assert_eq!(group["contracts_limit_fp"], "10.00");
    // Nobody else's.
    assert_eq!(house.maker(Method::GET, &path, "").await.status, 404);
    let trigger = format!("{path}/trigger");
    assert_eq!(house.demo(Method::PUT, &trigger, "{}").await.told(), (200, "{}"));
    let refused = house.demo(Method::POST, orders, &place.to_string()).await;
    assert_eq!(refused.refused(), (400, "order_group_triggered".to_owned()));
    assert_eq!(
        house.demo(Method::PUT, &format!("{path}/reset"), "").await.status,
        200
    );
    assert_eq!(
        house.demo(Method::POST, orders, &place.to_string()).await.status,
        201
    );
    for body in [
        "{}",
        r#"{"contracts_limit":0}"#,
        r#"{"contracts_limit_fp":"1.50"}"#,
    ] {
        let answer = house.demo(Method::PUT, &format!("{path}/limit"), body).await;
        assert_eq!(answer.refused(), (400, "invalid_parameters".to_owned()), "{body}");
    }
    assert_eq!(house.demo(Method::DELETE, &path, "").await.status, 200);
    assert_eq!(house.demo(Method::GET, &path, "").await.status, 404);
    let groups = house.demo(Method::GET, "/portfolio/order_groups", "").await;
    assert_eq!(groups.told(), (200, r#"{"order_groups":[]}"#));
}

#[tokio::test(start_paused = true)]
async fn money_moves_between_subaccounts_once_for_each_id() {
    let house = House::open().await;
    house.demo(Method::POST, "/portfolio/subaccounts", "{}").await;
    let transfer = |id: &str, cents: i64| {
        json!({"client_transfer_id": id, "from_subaccount": 0, "to_subaccount": 1, "amount_cents": cents})
            .to_string()
    };
    let path = "/portfolio/subaccounts/transfer";
    let id = "6f2c0a4e-0000-4000-8000-000000000001";
    let other = "6f2c0a4e-0000-4000-8000-000000000002";
    let done = house.demo(Method::POST, path, &transfer(id, 250_000)).await;
    assert_eq!(done.told(), (200, "{}"));
    for (body, status, code) in [
        (transfer(id, 250_000), 409, "transfer_already_exists"),
        (transfer(other, 99_999_999), 400, "available_balance_too_low"),
        (transfer("mine", 1), 400, "invalid_parameters"),
    ] {
        let answer = house.demo(Method::POST, path, &body).await;
        assert_eq!(
            answer.refused(),
            (status, code.to_owned()),
            "{body}: {}",
            answer.text
        );
    }
    let balances = house
        .demo(Method::GET, "/portfolio/subaccounts/balances", "")
        .await
        .json();
    let rows: Vec<_> = balances["subaccount_balances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["subaccount_number"].as_u64().unwrap(),
                row["balance"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(rows, [(0, "7500.0000"), (1, "2500.0000")]);
    let listed = house
        .demo(Method::GET, "/portfolio/subaccounts/transfers", "")
        .await
        .json();
    assert_eq!(listed["transfers"][0]["amount_cents"], 250_000);
    assert_eq!(listed["cursor"], "");
    let balance = house
        .demo(Method::GET, "/portfolio/balance?subaccount=1", "")
        .await
        .json();
    assert_eq!(balance["balance"], 250_000);
    assert_eq!(balance["balance_dollars"], "2500.0000");
}

#[tokio::test(start_paused = true)]
async fn money_moves_between_shards_and_takes_its_time() {
    let house = House::open().await;
    let body = json!({
        "source": "event_contract", "destination": "event_contract", "amount": 1_000_000,
        "source_exchange_shard": 0, "destination_exchange_shard": 2,
    });
    let path = "/portfolio/intra_exchange_instance_transfer";
    let created = house.demo(Method::POST, path, &body.to_string()).await;
    assert_eq!(created.status, 200, "{}", created.text);
    let id = created.json()["transfer_id"].as_str().unwrap().to_owned();
    let read = format!("/portfolio/intra_exchange_instance_transfers/{id}");
    let state = house.demo(Method::GET, &read, "").await.json();
    assert_eq!(state["transfer"]["status"], "pending");
    assert_eq!(state["transfer"]["amount"], "100.0000");
    tokio::time::advance(Duration::from_secs(1)).await;
    house.engine.tick();
    let state = house.demo(Method::GET, &read, "").await.json();
    assert_eq!(state["transfer"]["status"], "complete");
    let balance = house
        .demo(Method::GET, "/portfolio/balance?exchange_index=2", "")
        .await
        .json();
    assert_eq!(balance["balance_dollars"], "100.0000");
    assert_eq!(house.maker(Method::GET, &read, "").await.status, 404);
    let mut margined = body;
    margined["destination"] = json!("margined");
    let answer = house.demo(Method::POST, path, &margined.to_string()).await;
    assert_eq!(answer.refused(), (400, "invalid_parameters".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn keys_are_listed_registered_used_and_deleted() {
    let house = House::open().await;
    let pair = pair(21);
    let create = json!({"name": "reader", "public_key": pair.public_pem, "scopes": ["read"]}).to_string();
    let created = house.demo(Method::POST, "/api_keys", &create).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let id = created.json()["api_key_id"].as_str().unwrap().to_owned();
    assert_eq!(
        house.demo(Method::POST, "/api_keys", &create).await.status,
        409,
        "the same key twice"
    );
    let signer = Signer::from_pem(id.as_str(), &pair.private_pem).unwrap();
    let listed = house.signed(&signer, Method::GET, "/api_keys", "").await.json();
    let names: Vec<_> = listed["api_keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["name"])
        .collect();
    assert!(names.contains(&&json!("reader")), "{listed}");
    assert_eq!(
        house
            .demo(Method::DELETE, &format!("/api_keys/{id}"), "")
            .await
            .told(),
        (204, "")
    );
    assert_eq!(
        house.signed(&signer, Method::GET, "/api_keys", "").await.status,
        401
    );
    assert_eq!(
        house
            .demo(Method::DELETE, &format!("/api_keys/{id}"), "")
            .await
            .status,
        404
    );
    for body in [
        json!({"name": "", "public_key": pair.public_pem}),
        json!({"name": "x", "public_key": "no key"}),
        json!({"name": "x", "public_key": pair.private_pem}),
        json!({"name": "x", "public_key": pair.public_pem, "scopes": ["write"]}),
        json!({"name": "x", "public_key": pair.public_pem, "scopes": []}),
        json!({"name": "x", "public_key": pair.public_pem, "subaccount": 5}),
    ] {
        let answer = house.demo(Method::POST, "/api_keys", &body.to_string()).await;
        assert_eq!(answer.refused(), (400, "invalid_parameters".to_owned()), "{body}");
    }
}

#[tokio::test]
async fn a_generated_key_signs_at_once() {
    let house = House::open().await;
    for (body, begins) in [
        (
            r#"{"name":"a","key_type":"ed25519"}"#,
            "-----BEGIN PRIVATE KEY-----",
        ),
        (r#"{"name":"b"}"#, "-----BEGIN RSA PRIVATE KEY-----"),
    ] {
        let made = house.demo(Method::POST, "/api_keys/generate", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        let pem = made["private_key"].as_str().unwrap();
        assert!(pem.starts_with(begins));
        let signer = Signer::from_pem(made["api_key_id"].as_str().unwrap(), pem).unwrap();
        let answer = house.signed(&signer, Method::GET, "/portfolio/orders", "").await;
        assert_eq!(answer.told(), (200, r#"{"orders":[],"cursor":""}"#));
    }
}

#[tokio::test(start_paused = true)]
async fn a_trade_shows_in_everything_that_is_read() {
    let house = House::open().await;
    let resting = house.rest("ask", "0.52", "3.00").await;
    let take = order(MARKET, "bid", "0.52", "1.00", "immediate_or_cancel");
    let taken = house
        .demo(Method::POST, "/portfolio/events/orders", &take)
        .await
        .json();
    let id = taken["order_id"].as_str().unwrap();
    let read = house
        .demo(Method::GET, &format!("/portfolio/orders/{id}"), "")
        .await
        .json();
    assert_eq!(read["order"]["status"], "executed");
    assert_eq!(read["order"]["taker_fees_dollars"], "0.017500");
    let fills = house
        .demo(Method::GET, &format!("/portfolio/fills?order_id={id}"), "")
        .await
        .json();
    assert_eq!(fills["fills"][0]["fee_cost"], "0.017500");
    assert_eq!(fills["fills"][0]["count_fp"], "1.00");
    let positions = house.demo(Method::GET, "/portfolio/positions", "").await.json();
    assert_eq!(positions["market_positions"][0]["position_fp"], "1.00");
    assert_eq!(
        positions["market_positions"][0]["market_exposure_dollars"],
        "0.520000"
    );
    let balance = house.demo(Method::GET, "/portfolio/balance", "").await.json();
    // 10,000 − 0.52 − 0.0175
    assert_eq!(balance["balance_dollars"], "9999.4625");
    assert_eq!(balance["balance"], 999_946);
    let book = house.public(&format!("/markets/{MARKET}/orderbook")).await.json();
    assert_eq!(
        book["orderbook_fp"],
        json!({"yes_dollars": [], "no_dollars": [["0.4800", "2.00"]]})
    );
    let queue = house
        .maker(
            Method::GET,
            &format!("/portfolio/orders/{resting}/queue_position"),
            "",
        )
        .await;
    assert_eq!(queue.told(), (200, r#"{"queue_position_fp":"0.00"}"#));
    let value = house
        .maker(Method::GET, "/portfolio/summary/total_resting_order_value", "")
        .await
        .json();
    assert_eq!(value["total_resting_order_value"], 96);
    let trades = house
        .public(&format!("/markets/trades?ticker={MARKET}"))
        .await
        .json();
    assert_eq!(trades["trades"][0]["trade_id"], fills["fills"][0]["trade_id"]);
    // Nobody reads another's order.
    let stranger = house
        .maker(Method::GET, &format!("/portfolio/orders/{id}"), "")
        .await;
    assert_eq!(stranger.status, 404);
}
