//! Who is let in.

use http::Method;
use kmi_kalshi::sign::{GeneratedKey, KeyType, Signer};
use kmi_simulator::core::Command;

use super::support::{API, House, MARKET, NOW, headers_at, order, pair};

const LIMITS: &str = "/trade-api/v2/account/limits";

#[tokio::test(start_paused = true)]
async fn a_missing_header_is_named() {
    let house = House::open().await;
    let all = house.headers(&house.demo.signer, &Method::GET, LIMITS);
    for missing in 0..3 {
        let mut headers = all.clone();
        let name = headers.remove(missing).0;
        let answer = house.send(Method::GET, LIMITS, &headers, "").await;
        let body = format!(
            r#"{{"error":{{"code":"signature_is_missing_from_headers","message":"signature_is_missing_from_headers","details":"{name}"}}}}"#
        );
        assert_eq!(answer.told(), (401, body.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_and_a_wrong_signature_are_told_apart() {
    let house = House::open().await;
    let stranger = Signer::from_pem("00000000-0000-4000-8000-00000000ffff", &pair(9).private_pem).unwrap();
    let headers = house.headers(&stranger, &Method::GET, LIMITS);
    let answer = house.send(Method::GET, LIMITS, &headers, "").await;
    assert_eq!(
        answer.told(),
        (
            401,
            r#"{"error":{"code":"authentication_error","message":"authentication_error","details":"NOT_FOUND"}}"#
        )
    );
    let wrong = r#"{"error":{"code":"authentication_error","message":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}"#;
    let thief = Signer::from_pem(house.demo.signer.key_id(), &pair(9).private_pem).unwrap();
    let headers = house.headers(&thief, &Method::GET, LIMITS);
    let answer = house.send(Method::GET, LIMITS, &headers, "").await;
    assert_eq!(answer.told(), (401, wrong));
    // A signature of another method, of another path, or of what is no base64.
    let other_method = house.headers(&house.demo.signer, &Method::POST, LIMITS);
    assert_eq!(
        house.send(Method::GET, LIMITS, &other_method, "").await.told(),
        (401, wrong)
    );
    let other_path = house.headers(&house.demo.signer, &Method::GET, "/account/limits");
    assert_eq!(
        house.send(Method::GET, LIMITS, &other_path, "").await.told(),
        (401, wrong)
    );
    let mut garbled = house.headers(&house.demo.signer, &Method::GET, LIMITS);
    garbled[2].1 = "not base64!".to_owned();
    assert_eq!(
        house.send(Method::GET, LIMITS, &garbled, "").await.told(),
        (401, wrong)
    );
}

#[tokio::test(start_paused = true)]
async fn the_query_is_not_signed() {
    let house = House::open().await;
    let path = format!("{LIMITS}?anything=1");
    let headers = house.headers(&house.demo.signer, &Method::GET, &path);
    assert_eq!(house.send(Method::GET, &path, &headers, "").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_timestamp_may_be_15_s_old_or_30_s_ahead() {
    let house = House::open().await;
    let expired = r#"{"error":{"code":"header_timestamp_expired","message":"header_timestamp_expired"}}"#;
    for (offset_ms, status) in [
        (-15_000, 200),
        (-15_001, 401),
        (30_000, 200),
        (30_001, 401),
        (-60_000, 401),
    ] {
        let now_ms = house.engine.now().millis();
        let headers = headers_at(&house.demo.signer, now_ms + offset_ms, &Method::GET, LIMITS);
        let answer = house.send(Method::GET, LIMITS, &headers, "").await;
        assert_eq!(answer.status.as_u16(), status, "{offset_ms} ms");
        assert!(status == 200 || answer.text == expired);
    }
    for timestamp in ["", "soon", "1e9", "99999999999999999999999"] {
        let mut headers = house.headers(&house.demo.signer, &Method::GET, LIMITS);
        headers[1].1 = timestamp.to_owned();
        let answer = house.send(Method::GET, LIMITS, &headers, "").await;
        assert_eq!(answer.status, 401, "{timestamp}");
    }
    // Seconds instead of milliseconds lie far in the past.
    let headers = headers_at(&house.demo.signer, NOW, &Method::GET, LIMITS);
    assert_eq!(
        house.send(Method::GET, LIMITS, &headers, "").await.told(),
        (401, expired)
    );
}

#[tokio::test]
async fn an_rsa_key_signs_too() {
    let house = House::open().await;
    let rsa = GeneratedKey::generate(KeyType::Rsa).unwrap();
    let signer = house.key(house.demo.user, &rsa, &["read", "write"], None).await;
    let answer = house.signed(&signer, Method::GET, "/account/limits", "").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_is_unknown_at_once() {
    let house = House::open().await;
    assert_eq!(house.demo(Method::GET, "/account/limits", "").await.status, 200);
    let remove = Command::RemoveKey {
        user: house.demo.user,
        key_id: house.demo.signer.key_id().to_owned(),
    };
    house.engine.submit(remove).await.unwrap();
    let answer = house.demo(Method::GET, "/account/limits", "").await;
    assert_eq!(answer.json()["error"]["details"], "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn a_key_registered_anew_has_its_new_rights() {
    let house = House::open().await;
    let user = house.demo.user;
    let place = order(MARKET, "bid", "0.10", "1.00", "good_till_canceled");
    let status = async |signer: &Signer| {
        let path = "/portfolio/events/orders";
        house.signed(signer, Method::POST, path, &place).await.status
    };
    let signer = house.key(user, &pair(15), &["read", "write"], None).await;
    assert_eq!(status(&signer).await, 201);
    let remove = Command::RemoveKey {
        user,
        key_id: signer.key_id().to_owned(),
    };
    house.engine.submit(remove).await.unwrap();
    // Nobody asks in between.
    let again = house.key(user, &pair(15), &["read"], None).await;
    assert_eq!(again.key_id(), signer.key_id());
    assert_eq!(status(&again).await, 403);
}

#[tokio::test(start_paused = true)]
async fn a_key_does_what_its_scopes_say() {
    let house = House::open().await;
    let place = order(MARKET, "bid", "0.10", "1.00", "good_till_canceled");
    let user = house.demo.user;
    let reader = house.key(user, &pair(11), &["read"], None).await;
    assert_eq!(
        house
            .signed(&reader, Method::GET, "/account/limits", "")
            .await
            .status,
        200
    );
    let answer = house
        .signed(&reader, Method::POST, "/portfolio/events/orders", &place)
        .await;
    assert_eq!(
        answer.told(),
        (
            403,
            r#"{"error":{"code":"forbidden","message":"forbidden","details":"this key lacks the scope write::trade"}}"#
        )
    );
    let trader = house.key(user, &pair(12), &["write::trade"], None).await;
    let answer = house
        .signed(&trader, Method::POST, "/portfolio/events/orders", &place)
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    for (method, path) in [
        (Method::GET, "/account/limits"),
        (Method::GET, "/portfolio/orders"),
        (Method::POST, "/portfolio/subaccounts"),
        (Method::POST, "/portfolio/subaccounts/transfer"),
        (Method::POST, "/api_keys"),
    ] {
        let answer = house.signed(&trader, method, path, "{}").await;
        assert_eq!(answer.refused(), (403, "forbidden".to_owned()), "{path}");
    }
    let accountant = house
        .key(user, &pair(13), &["read::portfolio_balance"], None)
        .await;
    assert_eq!(
        house
            .signed(&accountant, Method::GET, "/portfolio/balance", "")
            .await
            .status,
        200
    );
    assert_eq!(
        house
            .signed(&accountant, Method::GET, "/portfolio/positions", "")
            .await
            .status,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn a_locked_key_stays_in_its_subaccount() {
    let house = House::open().await;
    let answer = house.demo(Method::POST, "/portfolio/subaccounts", "{}").await;
    assert_eq!(answer.told(), (201, r#"{"subaccount_number":1}"#));
    let locked = house
        .key(house.demo.user, &pair(14), &["read", "write"], Some(1))
        .await;
    for (method, path, body) in [
        (Method::GET, "/portfolio/orders?subaccount=0", ""),
        (Method::GET, "/portfolio/balance?subaccount=0", ""),
        (Method::DELETE, "/portfolio/events/orders?subaccount=0", ""),
        (Method::POST, "/portfolio/subaccounts", "{}"),
        (Method::DELETE, "/api_keys/x", ""),
    ] {
        let answer = house.signed(&locked, method, path, body).await;
        assert_eq!(
            answer.told(),
            (
                403,
                r#"{"error":{"code":"forbidden","message":"forbidden","details":"this key is locked to subaccount 1"}}"#
            ),
            "{path}"
        );
    }
    // What is listed of the whole user elsewhere is its own here.
    house
        .demo(
            Method::POST,
            "/portfolio/events/orders",
            &order(MARKET, "bid", "0.10", "1.00", "good_till_canceled"),
        )
        .await;
    let value = "/portfolio/summary/total_resting_order_value";
    let told = async |signer: &Signer, path: &str| house.signed(signer, Method::GET, path, "").await.json();
    assert_eq!(
        told(&house.demo.signer, value).await["total_resting_order_value"],
        10
    );
    assert_eq!(told(&locked, value).await["total_resting_order_value"], 0);
    let rows = async |signer: &Signer, path: &str, list: &str| {
        told(signer, path).await[list].as_array().unwrap().len()
    };
    assert_eq!(rows(&house.demo.signer, "/api_keys", "api_keys").await, 2);
    assert_eq!(rows(&locked, "/api_keys", "api_keys").await, 1);
    assert_eq!(
        rows(&house.demo.signer, "/portfolio/deposits", "deposits").await,
        1
    );
    assert_eq!(rows(&locked, "/portfolio/deposits", "deposits").await, 0);
    // Omitted means its own, which has no money.
    let place = order(MARKET, "bid", "0.10", "1.00", "good_till_canceled");
    let answer = house
        .signed(&locked, Method::POST, "/portfolio/events/orders", &place)
        .await;
    assert_eq!(answer.refused(), (400, "insufficient_balance".to_owned()));
    assert_eq!(
        house
            .signed(&locked, Method::GET, "/portfolio/orders?subaccount=1", "")
            .await
            .status,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn public_data_are_given_to_everyone_whatever_they_sign() {
    let house = House::open().await;
    assert_eq!(house.public("/exchange/status").await.status, 200);
    let path = format!("{API}/exchange/status");
    let mut headers = house.headers(&house.demo.signer, &Method::GET, &path);
    headers[2].1 = "AAAA".to_owned();
    assert_eq!(house.send(Method::GET, &path, &headers, "").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_stream_needs_a_key() {
    let house = House::open().await;
    let answer = house.send(Method::GET, "/trade-api/ws/v2", &[], "").await;
    assert_eq!(
        answer.refused(),
        (401, "signature_is_missing_from_headers".to_owned())
    );
}
