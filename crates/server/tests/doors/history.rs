//! What was: `/history`, `/candles`, `/trades`.

use kmi_domain::{PublicTrade, Side, TradeId};
use kmi_storage::{Batch, MarketSnapshot, SnapshotSource, TradeSource};

use crate::support::{Served, served, ticker};

const MARKET: &str = "KXHIGH-26NOV21-T60";

async fn keep(served: &Served, seconds: &[i64]) {
    let snapshot = |second: &i64| MarketSnapshot {
        ticker: ticker(MARKET),
        time: served.now().plus_seconds(*second),
        source: SnapshotSource::Poll,
        sequence: None,
        yes_bid: Some("0.40".parse().unwrap()),
        yes_ask: None,
        yes_bid_size: Some("7".parse().unwrap()),
        yes_ask_size: None,
        last_price: None,
        volume: Some("100".parse().unwrap()),
        open_interest: None,
    };
    let snapshots: Vec<_> = seconds.iter().map(snapshot).collect();
    served.store.write_snapshots(&snapshots).await.unwrap();
}

async fn keep_trades(served: &Served, ids: &[(&str, i64)]) {
    let trade = |(id, second): &(&str, i64)| PublicTrade {
        id: TradeId::new(*id).unwrap(),
        ticker: ticker(MARKET),
        time: served.now().plus_seconds(*second),
        yes_price: "0.41".parse().unwrap(),
        quantity: "3".parse().unwrap(),
        taker: Side::No,
        is_block: false,
    };
    let batch = Batch {
        trades: ids.iter().map(|id| (trade(id), TradeSource::WebSocket)).collect(),
        ..Batch::default()
    };
    served.store.keep(&batch).await.unwrap();
}

#[tokio::test]
async fn history_comes_newest_first_a_hundred_at_a_time() {
    let served = served().await;
    let seconds: Vec<i64> = (0..130).collect();
    keep(&served, &seconds).await;
    let path = format!("/api/v1/markets/{MARKET}/history");

    let first = served.get(&path).await;
    let json = first.json();
    assert_eq!(json["items"].as_array().unwrap().len(), 100);
    assert_eq!(
        json["items"][0],
        serde_json::json!({
            "ticker": MARKET, "as_of": "2026-11-18T11:08:49Z", "source": "poll", "sequence": null, "yes_bid": "0.4000",
            "yes_ask": null, "yes_bid_size": "7.00", "yes_ask_size": null, "last_price": null, "volume": "100.00",
            "open_interest": null, "stale": false,
        })
    );
    let cursor = json["next_cursor"].as_str().unwrap();
    let rest = served.get(&format!("{path}?cursor={cursor}")).await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 30);
    assert_eq!(rest["items"][0]["as_of"], "2026-11-18T11:07:09Z");
    assert!(rest["next_cursor"].is_null());

    let span = served
        .get(&format!(
            "{path}?from=2026-11-18T11:06:41Z&to=2026-11-18T11:06:43Z"
        ))
        .await
        .json();
    assert_eq!(span["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn trades_of_a_market_are_from_memory_and_the_store_each_once() {
    let served = served().await;
    served.list(&[(MARKET, "0.4000", "0.4400", "1.00")]);
    keep_trades(&served, &[("a", -20), ("b", -10), ("c", 0)]).await;
    served.trade("c", MARKET, "0.4100");
    served.pass(1);
    served.trade("d", MARKET, "0.4200");
    let path = format!("/api/v1/markets/{MARKET}/trades");

    let page = served.get(&format!("{path}?limit=3")).await.json();
    let ids = |page: &serde_json::Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&page), ["d", "c", "b"]);
    assert_eq!(
        page["items"][0],
        serde_json::json!({
            "id": "d", "ticker": MARKET, "yes_price": "0.4200", "no_price": "0.5800", "quantity": "3.00",
            "taker_side": "yes", "is_block": false, "executed_at": "2026-11-18T11:06:41Z",
            "as_of": "2026-11-18T11:06:41Z", "source": "websocket", "stale": false,
        })
    );
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = served
        .get(&format!("{path}?limit=3&cursor={cursor}"))
        .await
        .json();
    assert_eq!(ids(&rest), ["a"]);
    assert!(rest["next_cursor"].is_null());

    let all = served
        .get(&format!("/api/v1/trades?ticker={MARKET}&limit=2"))
        .await
        .json();
    assert_eq!(ids(&all), ["d", "c"]);
    let kept = served.get("/api/v1/trades").await.json();
    assert_eq!(ids(&kept), ["c", "b", "a"], "of all markets: what is kept");
}

#[tokio::test]
async fn candles_sum_up_what_is_kept() {
    let served = served().await;
    keep(&served, &[-60, -30]).await;
    keep_trades(&served, &[("a", -50), ("b", -40)]).await;
    let path = format!("/api/v1/markets/{MARKET}/candles");

    let candles = served.get(&format!("{path}?period=1m")).await;
    assert_eq!(candles.status, 200, "{:?}", candles.body);
    let json = candles.json();
    let volume: f64 = json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candle| candle["volume"].as_str().unwrap().parse::<f64>().unwrap())
        .sum();
    assert!((volume - 6.0).abs() < 1e-9, "{json}");
    assert_eq!(json["items"][0]["source"], "cache");

    let long = served
        .get(&format!("{path}?period=1m&from=2020-01-01T00:00:00Z"))
        .await;
    assert_eq!(long.json()["error"]["details"]["field"], "from");
    let back = served
        .get(&format!(
            "{path}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"
        ))
        .await;
    assert_eq!(back.json()["error"]["details"]["rule"], "is not after to");
}

#[tokio::test]
async fn without_a_database_memory_still_answers_and_the_past_says_to_come_again() {
    let served = served().await;
    served.list(&[(MARKET, "0.4000", "0.4400", "1.00")]);
    served.trade("a", MARKET, "0.4100");
    served.pass(1);
    served.trade("b", MARKET, "0.4200");
    served.store.clone().close().await.unwrap();
    // Closing ends the pool; readers that open the file for themselves need it gone.
    std::fs::remove_file(served.store.location().market_db()).unwrap();

    assert_eq!(served.get("/api/v1/markets").await.status, 200);
    assert_eq!(served.get(&format!("/api/v1/markets/{MARKET}")).await.status, 200);
    let path = format!("/api/v1/markets/{MARKET}/trades");
    let trades = served.get(&format!("{path}?limit=1")).await.json();
    assert_eq!(trades["items"][0]["id"], "b");
    assert!(trades["next_cursor"].is_string(), "{trades}");
    let after_the_first = served
        .get(&format!("{path}?from=2026-11-18T11:06:41Z"))
        .await
        .json();
    assert_eq!(after_the_first["items"].as_array().unwrap().len(), 1);
    // What may have been before is not passed over in silence.
    assert_eq!(served.get(&path).await.status, 503);
    let bearer = format!("Bearer {}", crate::support::TOKEN);
    let answer = served
        .send("GET", "/api/v1/backtests", &[("authorization", &bearer)], "")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (503, "STORAGE_UNAVAILABLE")
    );
    assert_eq!(answer.json()["error"]["retryable"], true);
    assert_eq!(answer.header("retry-after"), "5");
}
