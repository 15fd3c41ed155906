//! `/api/v1/markets` and one market.

use kmi_app::board::BoardSettings;
use kmi_app::hub::{ConnectionStatus, Link};
use kmi_server::DoorSettings;

use crate::support::{Served, served, served_with};

async fn three() -> Served {
    let served = served().await;
    served.list(&[
        ("KXHIGH-26NOV21-T50", "0.9000", "0.9200", "10.00"),
        ("KXHIGH-26NOV21-T60", "0.4000", "0.4400", "300.00"),
        ("KXHIGH-26NOV21-T70", "0.0000", "0.0100", "20.00"),
    ]);
    served
}

#[tokio::test]
async fn a_market_says_everything_in_our_words() {
    let served = three().await;

    let market = served.get("/api/v1/markets/KXHIGH-26NOV21-T60").await;

    assert_eq!(market.status, 200);
    assert_eq!(
        market.json(),
        serde_json::json!({
            "ticker": "KXHIGH-26NOV21-T60", "event_ticker": "KXHIGH-26NOV21", "series_ticker": "KXHIGH",
            "category": "Climate and Weather", "title": "Highest temperature on Nov 21?", "subtitle": "60° or above",
            "status": "active", "yes_bid": "0.4000", "yes_ask": "0.4400", "no_bid": "0.5600", "no_ask": "0.6000",
            "yes_bid_size": "10.00", "yes_ask_size": "20.00", "last_price": "0.4100", "implied_probability": 0.42,
            "volume": "1000.00", "volume_24h": "300.00", "open_interest": "500.00",
            "open_time": "2026-11-01T00:00:00Z", "close_time": "2027-01-01T00:00:00Z", "result": null,
            "as_of": "2026-11-18T11:06:40Z", "source": "poll", "stale": false,
        })
    );
}

#[tokio::test]
async fn a_side_without_quotes_is_null() {
    let served = three().await;

    let market = served.get("/api/v1/markets/KXHIGH-26NOV21-T70").await.json();

    assert_eq!(market["yes_bid"], serde_json::Value::Null);
    assert_eq!(market["no_ask"], serde_json::Value::Null);
    assert_eq!(market["no_bid"], "0.9900");
}

#[tokio::test]
async fn a_market_nobody_knows_is_not_found_or_cannot_be_asked_for() {
    let served = three().await;
    let answer = served.get("/api/v1/markets/NOTHING").await;

    // There is no exchange behind these doors to be asked.
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (502, "KALSHI_UNAVAILABLE")
    );
}

#[tokio::test]
async fn a_quote_of_the_stream_shows_at_once_with_its_source() {
    let served = three().await;
    served.connect();
    served.pass(2);
    served.quote("KXHIGH-26NOV21-T60", "0.4100", "0.4300");

    let market = served.get("/api/v1/markets/KXHIGH-26NOV21-T60").await.json();

    assert_eq!(
        (&market["yes_bid"], &market["source"]),
        (&"0.4100".into(), &"websocket".into())
    );
    assert_eq!(market["as_of"], "2026-11-18T11:06:42Z");
}

#[tokio::test]
async fn what_is_too_old_says_so() {
    let served = three().await;
    served.pass(15);
    assert_eq!(
        served.get("/api/v1/markets/KXHIGH-26NOV21-T60").await.json()["stale"],
        false
    );
    served.pass(1);
    assert_eq!(
        served.get("/api/v1/markets/KXHIGH-26NOV21-T60").await.json()["stale"],
        true
    );

    served.board.take_connection(ConnectionStatus {
        link: Link::Off,
        since: served.now(),
    });
    let list = served.get("/api/v1/markets?sort=ticker").await.json();
    assert_eq!(list["items"][0]["stale"], true);
    assert_eq!(list["items"][0]["as_of"], "2026-11-18T11:06:40Z");
}

#[tokio::test]
async fn lists_are_sorted_filtered_and_cut_as_asked() {
    let served = three().await;
    let tickers = async |query: &str| {
        let answer = served.get(&format!("/api/v1/markets{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {:?}", answer.body);
        let ends: Vec<String> = answer
            .tickers()
            .iter()
            .map(|ticker| ticker[15..].to_owned())
            .collect();
        ends.join(" ")
    };

    assert_eq!(tickers("").await, "T60 T70 T50");
    assert_eq!(tickers("?sort=ticker").await, "T50 T60 T70");
    assert_eq!(tickers("?search=t7&sort=ticker").await, "T70");
    assert_eq!(
        tickers("?tickers=KXHIGH-26NOV21-T70,KXHIGH-26NOV21-T50&sort=ticker").await,
        "T50 T70"
    );
    assert_eq!(tickers("?status=open").await, "T60 T70 T50");
    assert_eq!(tickers("?status=settled,closed").await, "");
    assert_eq!(tickers("?series=KXHIGH&limit=1").await, "T60");
    assert_eq!(tickers("?series=KXLOW").await, "");
    assert_eq!(tickers("?event=KXHIGH-26NOV21&limit=2").await, "T60 T70");
    assert_eq!(
        tickers("?category=Climate%20and%20Weather&sort=ticker").await,
        "T50 T60 T70"
    );
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let served = three().await;
    let mut path = "/api/v1/markets?sort=ticker&limit=2".to_owned();
    let first = served.get(&path).await;
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    path.push_str("&cursor=");
    path.push_str(&cursor);
    let second = served.get(&path).await;

    assert_eq!(first.tickers(), ["KXHIGH-26NOV21-T50", "KXHIGH-26NOV21-T60"]);
    assert_eq!(second.tickers(), ["KXHIGH-26NOV21-T70"]);
    assert!(second.json()["next_cursor"].is_null());

    let wrong = served.get("/api/v1/markets?cursor=nonsense").await;
    assert_eq!(wrong.status, 400);
    assert_eq!(wrong.json()["error"]["details"]["field"], "cursor");
}

#[tokio::test]
async fn markets_are_counted_by_groups() {
    let served = three().await;
    let groups = served.get("/api/v1/markets?group=category").await;

    assert_eq!(
        groups.json(),
        serde_json::json!({
            "items": [{"key": "Climate and Weather", "markets": 3, "volume_24h": "330.00"}], "next_cursor": null
        })
    );
}

#[tokio::test]
async fn a_parameter_that_breaks_its_rule_is_named() {
    let served = three().await;
    for (query, field) in [
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("status=alive", "status"),
        ("sort=up", "sort"),
        ("group=colour", "group"),
        ("tickers=%C3%A9", "tickers"),
        ("limti=5", "limti"),
        ("sort=ticker&sort=ticker", "sort"),
    ] {
        let answer = served.get(&format!("/api/v1/markets?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.code(), "INVALID_REQUEST");
        assert_eq!(answer.json()["error"]["details"]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn who_has_it_already_gets_nothing_until_it_changes() {
    let served = three().await;
    let path = "/api/v1/markets/KXHIGH-26NOV21-T60";
    let tag = served.get(path).await.header("etag").to_owned();
    let has = [("if-none-match", tag.as_str())];

    let same = served.send("GET", path, &has, "").await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    assert_eq!(same.header("etag"), tag);

    served.quote("KXHIGH-26NOV21-T60", "0.3900", "0.4400");
    let changed = served.send("GET", path, &has, "").await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);

    let list = served.get("/api/v1/markets?limit=2").await;
    let has = [("if-none-match", list.header("etag"))];
    assert_eq!(
        served
            .send("GET", "/api/v1/markets?limit=2", &has, "")
            .await
            .status,
        304
    );
}

#[tokio::test]
async fn long_answers_are_compressed_for_who_takes_it() {
    let served = served_with(DoorSettings::default(), BoardSettings::default()).await;
    let names: Vec<String> = (10..30)
        .map(|number| format!("KXHIGH-26NOV21-T{number}"))
        .collect();
    let markets: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), "0.4000", "0.4400", "1.00"))
        .collect();
    served.list(&markets);

    let plain = served.get("/api/v1/markets").await;
    assert_eq!(plain.header("content-encoding"), "");
    for encoding in ["br", "gzip"] {
        let answer = served
            .send("GET", "/api/v1/markets", &[("accept-encoding", encoding)], "")
            .await;
        assert_eq!(answer.header("content-encoding"), encoding);
        assert!(answer.body.len() * 4 < plain.body.len());
        assert_eq!(answer.header("etag"), plain.header("etag"));
    }
}
