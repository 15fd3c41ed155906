//! `/api/v1/backtests`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{PATIENCE, Served, served};

async fn start(served: &Served, order: &Value) -> String {
    let answer = served
        .with_token("POST", "/api/v1/backtests", &order.to_string())
        .await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/api/v1/backtests/{id}"));
    assert_eq!(answer.json()["status"], "running");
    id
}

async fn finished(served: &Served, id: &str) -> Value {
    let wait = async {
        loop {
            let backtest = served
                .with_token("GET", &format!("/api/v1/backtests/{id}"), "")
                .await
                .json();
            if backtest["status"] != "running" {
                return backtest;
            }
            assert!(backtest["progress"]["phase"].is_string(), "{backtest}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it comes to its end")
}

#[tokio::test]
async fn a_backtest_runs_is_listed_read_and_deleted() {
    let served = served().await;
    let order = json!({"strategy": "fixed_horizon", "params": {"horizon": "1h", "quantity": 2}});
    let id = start(&served, &order).await;

    let done = finished(&served, &id).await;
    assert_eq!(
        (&done["status"], &done["strategy"]),
        (&json!("done"), &json!("fixed_horizon")),
        "{done}"
    );
    assert_eq!(
        (&done["params"]["horizon"], &done["markets"]),
        (&json!("1h"), &json!(0))
    );
    assert_eq!(done["total_pnl"], "0.0000");

    let list = served.with_token("GET", "/api/v1/backtests", "").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&list["items"][0]["id"], &list["items"][0]["status"]),
        (&json!(id), &json!("done"))
    );

    let path = format!("/api/v1/backtests/{id}");
    assert_eq!(served.with_token("DELETE", &path, "").await.status, 204);
    assert_eq!(served.with_token("DELETE", &path, "").await.code(), "NOT_FOUND");
    assert_eq!(served.with_token("GET", &path, "").await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn backtests_are_their_users_own() {
    let served = served().await;
    for path in ["/api/v1/backtests", "/api/v1/backtests/0190"] {
        let answer = served.get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (401, "UNAUTHENTICATED"),
            "{path}"
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let cookie = served.session().await;
        let answer = served.send("GET", path, &[("cookie", &cookie)], "").await;
        assert_ne!(answer.status, 401, "{path}");
    }
    assert_eq!(
        served.send("POST", "/api/v1/backtests", &[], "{}").await.status,
        401
    );
}

#[tokio::test]
async fn an_order_that_breaks_a_rule_names_the_field() {
    let served = served().await;
    for (order, field) in [
        (json!({"strategy": "luck"}), "strategy"),
        (
            json!({"strategy": "fixed_horizon", "params": {"luck": 1}}),
            "params",
        ),
        (
            json!({"strategy": "fixed_horizon", "params": {"horizon": "soon"}}),
            "params",
        ),
        (json!({"strategy": "fixed_horizon", "from": "yesterday"}), "from"),
        (json!({"strategy": "fixed_horizon", "data": "tea"}), "data"),
        (
            json!({"strategy": "fixed_horizon", "latency_ms": -1}),
            "latency_ms",
        ),
        (
            json!({"strategy": "fixed_horizon", "latency_ms": 60_001}),
            "latency_ms",
        ),
        (json!({"strategy": "fixed_horizon", "series": ["a b"]}), "series"),
        (json!({"strategy": "fixed_horizon", "lateny_ms": 1}), "lateny_ms"),
        (json!({}), "body"),
        (json!([]), "body"),
    ] {
        let answer = served
            .with_token("POST", "/api/v1/backtests", &order.to_string())
            .await;
        assert_eq!(answer.status, 400, "{order}");
        assert_eq!(
            answer.json()["error"]["details"]["field"],
            field,
            "{order}: {}",
            answer.json()
        );
    }
}
