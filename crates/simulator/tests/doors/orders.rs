//! Writing orders: what is answered, and every refusal on record.

use http::Method;
use serde_json::{Value, json};

use super::support::{CRYPTO, House, MARKET, OTHER, deposit, order};

const ORDERS: &str = "/portfolio/events/orders";
const BATCHED: &str = "/portfolio/events/orders/batched";

/// A create with fields changed; `Null` takes one away.
fn create(changes: &Value) -> String {
    let mut body: Value =
        serde_json::from_str(&order(MARKET, "bid", "0.50", "10.00", "good_till_canceled")).unwrap();
    for (field, value) in changes.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(field);
        } else {
            body[field] = value.clone();
        }
    }
    body.to_string()
}

async fn place(house: &House, changes: Value) -> super::support::Answer {
    house.demo(Method::POST, ORDERS, &create(&changes)).await
}

#[tokio::test(start_paused = true)]
async fn an_order_that_rests_says_so() {
    let house = House::open().await;
    let answer = place(&house, json!({"client_order_id": "mine"})).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    assert_eq!(body["client_order_id"], "mine");
    assert_eq!(body["fill_count"], "0.00");
    assert_eq!(body["remaining_count"], "10.00");
    assert_eq!(body.get("average_fill_price"), None);
    assert_eq!(body.get("average_fee_paid"), None);
    assert_eq!(body["ts_ms"], house.engine.now().millis());
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_trades_says_at_what_mean() {
    let house = House::open().await;
    house.rest("ask", "0.52", "1.00").await;
    house.rest("ask", "0.54", "3.00").await;
    let answer = place(&house, json!({"price": "0.54", "count": "2.00"})).await;
    let body = answer.json();
    assert_eq!(body["fill_count"], "2.00");
    assert_eq!(body["remaining_count"], "0.00");
    // (0.52 + 0.54) / 2; fees 0.0175 (0.07 × 0.52 × 0.48, up) and 0.0174 (0.07 × 0.54 × 0.46, up).
    assert_eq!(body["average_fill_price"], "0.5300");
    assert_eq!(body["average_fee_paid"], "0.0175");
}

#[tokio::test(start_paused = true)]
async fn refusals_have_their_recorded_status_and_code() {
    let house = House::open().await;
    house.rest("ask", "0.60", "5.00").await;
    for (changes, status, code) in [
        (json!({"ticker": "KXNOTHING-1"}), 404, "not_found"),
        (json!({"price": "0.555"}), 400, "invalid_price"),
        (json!({"price": "0.0000"}), 400, "invalid_price"),
        (json!({"price": "1.00"}), 400, "invalid_price"),
        (json!({"price": "1.50"}), 400, "invalid_price"),
        (json!({"price": "-0.10"}), 400, "invalid_price"),
        (json!({"count": "0"}), 400, "invalid_order_size"),
        (json!({"count": "-1"}), 400, "invalid_order_size"),
        (
            json!({"count": "99999999999999999999"}),
            400,
            "invalid_order_size",
        ),
        (json!({"count": "100000.00"}), 400, "insufficient_balance"),
        (json!({"post_only": true, "price": "0.60"}), 400, "invalid_order"),
        (json!({"expiration_time": 1_000_000_000}), 400, "invalid_order"),
        (json!({"reduce_only": true}), 400, "invalid_parameters"),
        (
            json!({"client_order_id": "x".repeat(65)}),
            400,
            "invalid_parameters",
        ),
        (json!({"exchange_index": 7}), 400, "invalid_parameters"),
        (json!({"exchange_index": 2}), 400, "invalid_parameters"),
        (json!({"subaccount": 64}), 400, "invalid_parameters"),
        (json!({"order_group_id": "none"}), 404, "not_found"),
    ] {
        let answer = place(&house, changes.clone()).await;
        assert_eq!(
            answer.refused(),
            (status, code.to_owned()),
            "{changes}: {}",
            answer.text
        );
    }
    let cross = place(&house, json!({"post_only": true, "price": "0.60"})).await;
    assert_eq!(
        cross.text,
        r#"{"error":{"code":"invalid_order","message":"invalid_order","details":"post only cross"}}"#
    );
}

#[tokio::test(start_paused = true)]
async fn bodies_that_are_not_what_they_must_be_are_told_which_field() {
    let house = House::open().await;
    for (body, details) in [
        (create(&json!({"count": 10})), "count: invalid type: integer `10`"),
        (
            create(&json!({"price": 0.5})),
            "price: invalid type: floating point `0.5`",
        ),
        (create(&json!({"ticker": 5})), "ticker: "),
        (create(&json!({"ticker": null})), "missing field `ticker`"),
        (create(&json!({"side": "yes"})), "side: "),
        (create(&json!({"side": null})), "missing field `side`"),
        (create(&json!({"time_in_force": "gtc"})), "time_in_force: "),
        (create(&json!({"post_only": "true"})), "post_only: "),
        (create(&json!({"expiration_time": "soon"})), "expiration_time: "),
        (
            create(&json!({"self_trade_prevention_type": "both"})),
            "self_trade_prevention_type: ",
        ),
        (create(&json!({"subaccount": -1})), "subaccount: "),
        ("{".to_owned(), "EOF while parsing"),
        (String::new(), "EOF while parsing"),
        ("[]".to_owned(), ""),
        ("null".to_owned(), ""),
        ("\"\\ud800\"".to_owned(), ""),
    ] {
        let answer = house.demo(Method::POST, ORDERS, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let told = answer.json();
        assert_eq!(told["code"], "bad_request", "{body}: {}", answer.text);
        let said = told["details"].as_str().unwrap();
        assert!(said.starts_with(details), "{body}: {said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_order_id_is_taken_once() {
    let house = House::open().await;
    assert_eq!(place(&house, json!({"client_order_id": "a"})).await.status, 201);
    let again = place(&house, json!({"client_order_id": "a"})).await;
    assert_eq!(
        again.told(),
        (
            409,
            r#"{"error":{"code":"order_already_exists","message":"order_already_exists"}}"#
        )
    );
}

#[tokio::test(start_paused = true)]
async fn money_on_one_shard_is_none_on_another() {
    let house = House::open().await;
    let on_crypto = json!({"ticker": CRYPTO, "count": "1.00"});
    assert_eq!(
        place(&house, on_crypto.clone()).await.refused(),
        (400, "insufficient_balance".to_owned())
    );
    deposit(&house.engine, house.demo.user, 2, 10).await;
    let order = place(&house, on_crypto).await;
    assert_eq!(order.status, 201, "{}", order.text);
    // Without market or index a cancel looks on shard 0.
    let id = order.json()["order_id"].as_str().unwrap().to_owned();
    let path = format!("{ORDERS}/{id}");
    assert_eq!(house.demo(Method::DELETE, &path, "").await.status, 404);
    assert_eq!(
        house
            .demo(Method::DELETE, &format!("{path}?exchange_index=0"), "")
            .await
            .status,
        404
    );
    let found = house
        .demo(Method::DELETE, &format!("{path}?market_ticker={CRYPTO}"), "")
        .await;
    assert_eq!(found.status, 200, "{}", found.text);
    assert_eq!(found.json()["reduced_by"], "1.00");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_works_once() {
    let house = House::open().await;
    let id = place(&house, json!({})).await.json()["order_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{ORDERS}/{id}");
    // Somebody else's order is not found.
    assert_eq!(house.maker(Method::DELETE, &path, "").await.status, 404);
    let canceled = house.demo(Method::DELETE, &path, "").await;
    assert_eq!(canceled.status, 200);
    assert_eq!(canceled.json()["order_id"], id);
    assert_eq!(canceled.json()["reduced_by"], "10.00");
    for gone in [path.as_str(), "/portfolio/events/orders/garbage"] {
        let answer = house.demo(Method::DELETE, gone, "").await;
        assert_eq!(
            answer.told(),
            (404, r#"{"error":{"code":"not_found","message":"not_found"}}"#)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_amendment_names_the_total_and_says_what_changed() {
    let house = House::open().await;
    let id = place(&house, json!({})).await.json()["order_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{ORDERS}/{id}/amend");
    let amend = |side: &str, ticker: &str, price: &str, count: &str| {
        json!({"ticker": ticker, "side": side, "price": price, "count": count}).to_string()
    };
    let answer = house
        .demo(Method::POST, &path, &amend("bid", MARKET, "0.51", "12.00"))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["remaining_count"], "12.00");
    assert_eq!(answer.json()["fill_count"], "0.00");
    // Only the price: counts did not change.
    let answer = house
        .demo(Method::POST, &path, &amend("bid", MARKET, "0.52", "12.00"))
        .await;
    assert_eq!(answer.json()["remaining_count"], Value::Null);
    for (body, code) in [
        (amend("ask", MARKET, "0.51", "12.00"), "order_side_mismatch"),
        (amend("bid", OTHER, "0.51", "12.00"), "order_ticker_mismatch"),
        (amend("bid", MARKET, "0.515", "12.00"), "invalid_price"),
    ] {
        let answer = house.demo(Method::POST, &path, &body).await;
        assert_eq!(answer.refused(), (400, code.to_owned()), "{body}");
    }
    let answer = house
        .demo(
            Method::POST,
            &format!("{ORDERS}/garbage/amend"),
            &amend("bid", MARKET, "0.51", "12.00"),
        )
        .await;
    assert_eq!(answer.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_decrease_needs_exactly_one_figure() {
    let house = House::open().await;
    let id = place(&house, json!({})).await.json()["order_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{ORDERS}/{id}/decrease");
    let decreased = house.demo(Method::POST, &path, r#"{"reduce_by":"4.00"}"#).await;
    assert_eq!(decreased.json()["remaining_count"], "6.00");
    let decreased = house.demo(Method::POST, &path, r#"{"reduce_to":"1.50"}"#).await;
    assert_eq!(decreased.json()["remaining_count"], "1.50");
    for body in ["{}", r#"{"reduce_by":"1","reduce_to":"1"}"#] {
        let answer = house.demo(Method::POST, &path, body).await;
        assert_eq!(answer.refused(), (400, "invalid_parameters".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn items_of_a_batch_stand_and_fall_alone() {
    let house = House::open().await;
    let good = create(&json!({"client_order_id": "good"}));
    let off_grid = create(&json!({"client_order_id": "off", "price": "0.505"}));
    let batch = format!(r#"{{"orders":[{good},{off_grid},{good}]}}"#);
    let answer = house.demo(Method::POST, BATCHED, &batch).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let items = answer.json()["orders"].as_array().unwrap().clone();
    assert_eq!(items[0]["remaining_count"], "10.00");
    assert_eq!(items[0]["error"], Value::Null);
    assert_eq!(items[1]["error"]["code"], "invalid_price");
    assert_eq!(items[1]["client_order_id"], "off");
    assert_eq!(items[2]["error"]["code"], "order_already_exists");
    let id = items[0]["order_id"].as_str().unwrap();
    let batch = json!({"orders": [{"order_id": id}, {"order_id": id}, {"order_id": "x"}]}).to_string();
    let answer = house.demo(Method::DELETE, BATCHED, &batch).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let items = answer.json()["orders"].as_array().unwrap().clone();
    assert_eq!(items[0]["reduced_by"], "10.00");
    assert_eq!(items[1]["error"]["code"], "not_found");
    assert_eq!(items[2]["error"]["code"], "not_found");
    assert_eq!(items[2]["order_id"], "x");
    for batch in [
        r#"{"orders":[]}"#.to_owned(),
        format!(r#"{{"orders":[{}]}}"#, vec![good; 1_921].join(",")),
    ] {
        let answer = house.demo(Method::POST, BATCHED, &batch).await;
        assert_eq!(answer.refused(), (400, "invalid_parameters".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn cancel_all_leaves_nothing() {
    let house = House::open().await;
    for price in ["0.10", "0.20", "0.30"] {
        assert_eq!(place(&house, json!({"price": price})).await.status, 201);
    }
    let answer = house.demo(Method::DELETE, ORDERS, "").await;
    assert_eq!(answer.told(), (204, ""));
    assert_eq!(
        house
            .engine
            .read(|view| view.exchange.open_orders(house.demo.user).len()),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn writes_of_yesterday_are_gone() {
    let house = House::open().await;
    for (method, path) in [
        (Method::POST, "/portfolio/orders"),
        (Method::DELETE, "/portfolio/orders/abc"),
        (Method::POST, "/portfolio/orders/batched"),
        (Method::DELETE, "/portfolio/orders/batched"),
        (Method::POST, "/portfolio/orders/abc/amend"),
        (Method::POST, "/portfolio/orders/abc/decrease"),
    ] {
        let answer = house.demo(method, path, "{}").await;
        assert_eq!(
            answer.told(),
            (
                410,
                r#"{"error":{"code":"deprecated_v1_order_endpoint","message":"Please switch to the V2 endpoints"}}"#
            )
        );
    }
}
