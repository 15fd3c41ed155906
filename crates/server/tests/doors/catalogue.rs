//! `/api/v1/events`, `/api/v1/series`, strategies, status, and how whole what is kept is.

use kmi_storage::{GapKey, GapKind, NewGap};
use serde_json::json;

use crate::support::served;

#[tokio::test]
async fn events_and_series_are_listed_found_and_told() {
    let served = served().await;
    served.list(&[("KXHIGH-26NOV21-T60", "0.4000", "0.4400", "1.00")]);

    let event = served.get("/api/v1/events/KXHIGH-26NOV21").await.json();
    assert_eq!(
        (&event["category"], &event["mutually_exclusive"]),
        (&json!("Climate and Weather"), &json!(true))
    );
    assert_eq!(
        (&event["source"], &event["stale"]),
        (&json!("poll"), &json!(false))
    );
    let series = served.get("/api/v1/series/KXHIGH").await.json();
    assert_eq!(
        (&series["fee_type"], &series["fee_multiplier"]),
        (&json!("quadratic"), &json!(1.0))
    );

    let tickers = async |path: &str| served.get(path).await.tickers();
    assert_eq!(
        tickers("/api/v1/events?series=KXHIGH&search=highest%20nov").await,
        ["KXHIGH-26NOV21"]
    );
    assert!(tickers("/api/v1/events?category=Sports").await.is_empty());
    assert_eq!(
        tickers("/api/v1/series?category=Climate%20and%20Weather&limit=1").await,
        ["KXHIGH"]
    );
    assert_eq!(served.get("/api/v1/events/NONE").await.code(), "NOT_FOUND");
    assert_eq!(served.get("/api/v1/series/NONE").await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn events_come_page_after_page() {
    let served = served().await;
    let event = |number: u32| {
        json!({"event_ticker": format!("E{number}"), "series_ticker": "S", "title": "", "sub_title": "",
               "collateral_return_type": "", "mutually_exclusive": false})
    };
    let events = (1..=3).map(|number| serde_json::from_value(event(number)).unwrap());
    served.board.take_events(events.collect());

    let first = served.get("/api/v1/events?limit=2").await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = served
        .get(&format!("/api/v1/events?limit=2&cursor={cursor}"))
        .await;

    assert_eq!(first.tickers(), ["E1", "E2"]);
    assert_eq!(second.tickers(), ["E3"]);
    assert!(second.json()["next_cursor"].is_null());
}

#[tokio::test]
async fn strategies_are_those_of_the_backtester() {
    let served = served().await;
    let json = served.get("/api/v1/strategies").await.json();
    let items = json["items"].as_array().unwrap();
    let fixed = items.iter().find(|item| item["name"] == "fixed_horizon").unwrap();

    assert_eq!(items.len(), kmi_backtest::strategy::strategies().len());
    assert!(
        fixed["params"]
            .as_array()
            .unwrap()
            .iter()
            .any(|param| param["name"] == "horizon")
    );
}

#[tokio::test]
async fn status_tells_of_exchange_poller_stream_database_and_board() {
    let served = served().await;
    served.list(&[("KXHIGH-26NOV21-T60", "0.4000", "0.4400", "1.00")]);
    served.connect();
    let status = served.get("/api/v1/status").await.json();

    assert_eq!(status["exchange_kind"], "simulator");
    assert_eq!(status["poller"]["state"], "off");
    assert_eq!(status["stream"]["state"], "connected");
    assert_eq!(status["database"]["state"], "connected");
    assert_eq!(status["board"]["markets"], 1);
    assert_eq!(status["board"]["swept_at"], "2026-11-18T11:06:40Z");
}

#[tokio::test]
async fn gaps_are_told_with_what_became_of_them() {
    let served = served().await;
    let from = served.now();
    let gap = NewGap {
        key: GapKey {
            kind: GapKind::Trades,
            ticker: None,
            from,
        },
        to: Some(from.plus_seconds(5)),
        reason: "the stream was lost".to_owned(),
    };
    served.store.open_gap(&gap).await.unwrap();

    let gaps = served
        .get("/api/v1/data-quality/gaps?kind=trades&state=open")
        .await
        .json();
    assert_eq!(
        gaps["items"],
        json!([{
            "kind": "trades", "ticker": null, "from": "2026-11-18T11:06:40Z", "to": "2026-11-18T11:06:45Z",
            "reason": "the stream was lost", "state": "open", "closed_at": null, "source": null, "rows": null,
        }])
    );
    let none = served.get("/api/v1/data-quality/gaps?kind=books").await.json();
    assert_eq!(none, json!({"items": [], "next_cursor": null}));
    assert_eq!(
        served.get("/api/v1/poller/cycles").await.json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn a_calibration_of_nothing_is_empty_and_its_rules_are_checked() {
    let served = served().await;
    let table = served.get("/api/v1/calibration?horizon=1h&bins=0,0.5,1").await;
    assert_eq!(table.status, 200, "{:?}", table.body);
    let json = table.json();
    assert_eq!((&json["horizon_s"], &json["n"]), (&json!(3600), &json!(0)));
    assert_eq!(json["bins"].as_array().unwrap().len(), 2);
    assert!(json["brier"].is_null());

    for (query, field) in [
        ("horizon=soon", "horizon"),
        ("bins=1,0", "bins"),
        ("by=colour", "by"),
    ] {
        let answer = served.get(&format!("/api/v1/calibration?{query}")).await;
        assert_eq!(answer.json()["error"]["details"]["field"], field);
    }
}
