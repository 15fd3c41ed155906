//! Which routes there are, and how public data are asked for.

use std::collections::BTreeSet;
use std::path::PathBuf;

use http::Method;
use serde_json::json;

use super::support::{House, MARKET, NOW, OTHER};

#[tokio::test(start_paused = true)]
async fn what_is_not_there_says_so() {
    let house = House::open().await;
    let not_found = r#"{"error":{"code":"not_found","message":"not_found"}}"#;
    for path in [
        "/nothing",
        "/markets/KXNOTHING",
        "/markets/%20",
        "/markets/%FF",
        "/markets/KXNOTHING/orderbook",
        "/series/KXNOTHING",
        "/events/KXNOTHING",
        "/events/KXNOTHING/metadata",
        "/milestones/abc",
        "/structured_targets/abc",
        "/historical/markets/KXTEST-26NOV21-A",
    ] {
        assert_eq!(house.public(path).await.told(), (404, not_found), "{path}");
    }
    let wrong_method = house.send(Method::POST, "/trade-api/v2/markets", &[], "").await;
    assert_eq!(wrong_method.refused(), (405, "method_not_allowed".to_owned()));
    let not_simulated = house.public("/communications/rfqs").await;
    assert_eq!(
        not_simulated.told(),
        (
            501,
            r#"{"error":{"code":"not_simulated","message":"not_simulated","details":"GetRFQs is not simulated by this exchange"}}"#
        )
    );
}

#[tokio::test(start_paused = true)]
async fn queries_are_validated_and_not_clamped() {
    let house = House::open().await;
    for (path, operation, rule) in [
        ("/markets?limit=1001", "GetMarkets", "limit: must be at most 1000"),
        (
            "/markets?limit=ten",
            "GetMarkets",
            r#"limit: \"ten\" is not a whole number"#,
        ),
        (
            "/markets?status=active",
            "GetMarkets",
            r#"status: \"active\" is not unopened, open, paused, closed or settled"#,
        ),
        ("/events?limit=201", "GetEvents", "limit: must be at most 200"),
        ("/events?limit=0", "GetEvents", "limit: must be at least 1"),
        (
            "/events?status=paused",
            "GetEvents",
            "status: must be one of unopened, open, closed, settled",
        ),
        (
            "/markets/trades?limit=5000",
            "GetTrades",
            "limit: must be at most 1000",
        ),
        (
            "/markets/KXTEST-26NOV21-A/orderbook?depth=101",
            "GetMarketOrderbook",
            "depth: must be at most 100",
        ),
        (
            "/markets/orderbooks",
            "GetMarketOrderbooks",
            "tickers: is required",
        ),
        (
            "/series/KXTEST/markets/KXTEST-26NOV21-A/candlesticks",
            "GetMarketCandlesticks",
            "start_ts: is required",
        ),
        (
            "/series/KXTEST/markets/KXTEST-26NOV21-A/candlesticks?start_ts=1&end_ts=2",
            "GetMarketCandlesticks",
            "period_interval: is required",
        ),
        (
            "/series/KXTEST/markets/KXTEST-26NOV21-A/candlesticks?start_ts=1&end_ts=2&period_interval=5",
            "GetMarketCandlesticks",
            r#"period_interval: \"5\" is not 1, 60 or 1440"#,
        ),
        ("/milestones", "GetMilestones", "limit: is required"),
        (
            "/incentive_programs?limit=10001",
            "GetIncentivePrograms",
            "limit: must be at most 10000",
        ),
    ] {
        let body = format!(r#"{{"msg":"Parameter validation failed for {operation}: {rule}"}}"#);
        assert_eq!(house.public(path).await.told(), (400, body.as_str()), "{path}");
    }
    let many = vec!["A"; 101].join(",");
    let answer = house.public(&format!("/markets?tickers={many}")).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test(start_paused = true)]
async fn time_filters_go_with_some_statuses_only() {
    let house = House::open().await;
    for (query, status) in [
        ("status=open&min_created_ts=1", 200),
        ("status=closed&min_close_ts=1", 200),
        ("status=settled&max_settled_ts=1", 200),
        ("min_updated_ts=1&mve_filter=exclude&series_ticker=KXTEST", 200),
        ("status=open&min_close_ts=1", 400),
        ("status=closed&min_created_ts=1", 400),
        ("status=open&min_updated_ts=1", 400),
        ("min_close_ts=1&min_created_ts=1", 400),
    ] {
        let answer = house.public(&format!("/markets?{query}")).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_parameters_and_garbage_cursors_are_passed_over() {
    let house = House::open().await;
    let all = house.public("/markets").await.json();
    let odd = house
        .public("/markets?unknown=1&cursor=garbage&&=&limit=")
        .await
        .json();
    assert_eq!(all, odd);
    assert_eq!(all["markets"].as_array().unwrap().len(), 3);
    assert_eq!(all["cursor"], "");
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_to_the_end() {
    let house = House::open().await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = house
            .public(&format!("/markets?limit=1&cursor={cursor}"))
            .await
            .json();
        seen.push(page["markets"][0]["ticker"].as_str().unwrap().to_owned());
        page["cursor"].as_str().unwrap().clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["KXCOIN-26NOV21-UP", MARKET, OTHER]);
}

#[tokio::test(start_paused = true)]
async fn lists_are_given_as_commas_or_repeated() {
    let house = House::open().await;
    let two = house
        .public(&format!("/markets?tickers={MARKET},{OTHER}"))
        .await
        .json();
    assert_eq!(two["markets"].as_array().unwrap().len(), 2);
    let books = house
        .public(&format!("/markets/orderbooks?tickers={MARKET}&tickers={OTHER}"))
        .await
        .json();
    assert_eq!(books["orderbooks"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn games_and_players_are_paged_and_found() {
    let house = House::open().await;
    house.list_games(700).await;
    let page = async |path: &str| house.public(path).await.json();
    let first = page("/structured_targets?page_size=1").await;
    let (id, cursor) = (&first["structured_targets"][0]["id"], &first["cursor"]);
    assert_eq!(
        first["structured_targets"][0]["details"]["market_ticker"],
        "KXGAME-0-A"
    );
    let (id, cursor) = (id.as_str().unwrap(), cursor.as_str().unwrap());
    // Beyond one look, and to the end.
    let rest = page(&format!("/structured_targets?page_size=2000&cursor={cursor}")).await;
    assert_eq!(rest["structured_targets"].as_array().unwrap().len(), 699);
    assert_eq!(rest["cursor"], "");
    let last = rest["structured_targets"][698]["id"].as_str().unwrap();
    let named = page(&format!("/structured_targets?ids={last}&ids={id}&ids=nonsense")).await;
    let named: Vec<&str> = named["structured_targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["id"].as_str().unwrap())
        .collect();
    assert_eq!(named, [id, last]);
    let none = page("/structured_targets?ids=nonsense").await;
    assert_eq!(none["structured_targets"], serde_json::json!([]));
    assert_eq!(
        house.public(&format!("/structured_targets/{last}")).await.status,
        200
    );
    let games = page("/milestones?limit=500").await;
    assert_eq!(games["milestones"].as_array().unwrap().len(), 500);
    let cursor = games["cursor"].as_str().unwrap();
    let rest = page(&format!("/milestones?limit=500&cursor={cursor}")).await;
    assert_eq!(rest["milestones"].as_array().unwrap().len(), 200);
    let game = rest["milestones"][199]["id"].as_str().unwrap();
    assert_eq!(house.public(&format!("/milestones/{game}")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn every_public_read_answers() {
    let house = House::open().await;
    let span = format!("start_ts={}&end_ts={NOW}&period_interval=60", NOW - 86_400);
    for path in [
        "/exchange/status".to_owned(),
        "/exchange/schedule".to_owned(),
        "/exchange/user_data_timestamp".to_owned(),
        "/series".to_owned(),
        "/series/KXTEST?include_volume=true".to_owned(),
        "/series/fee_changes".to_owned(),
        "/events?with_nested_markets=true&with_milestones=true".to_owned(),
        "/events/multivariate".to_owned(),
        "/events/fee_changes".to_owned(),
        "/events/KXTEST-26NOV21".to_owned(),
        "/events/KXTEST-26NOV21?with_nested_markets=true".to_owned(),
        "/events/KXTEST-26NOV21/metadata".to_owned(),
        "/markets".to_owned(),
        format!("/markets/{MARKET}"),
        format!("/markets/{MARKET}/orderbook?depth=5"),
        "/markets/trades".to_owned(),
        format!("/series/KXTEST/markets/{MARKET}/candlesticks?{span}"),
        format!("/series/KXTEST/events/KXTEST-26NOV21/candlesticks?{span}"),
        format!("/markets/candlesticks?market_tickers={MARKET},{OTHER}&{span}"),
        "/historical/cutoff".to_owned(),
        "/historical/markets".to_owned(),
        "/historical/trades".to_owned(),
        "/milestones?limit=10".to_owned(),
        "/structured_targets".to_owned(),
        "/search/tags_by_categories".to_owned(),
        "/search/filters_by_sport".to_owned(),
        "/incentive_programs".to_owned(),
        "/multivariate_event_collections".to_owned(),
        "/account/endpoint_costs".to_owned(),
    ] {
        let answer = house.public(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json();
    }
}

#[tokio::test(start_paused = true)]
async fn every_private_read_answers() {
    let house = House::open().await;
    for path in [
        "/portfolio/balance",
        "/portfolio/positions?settlement_status=all&count_filter=position,total_traded",
        "/portfolio/orders?status=resting&event_ticker=KXTEST-26NOV21",
        "/portfolio/orders/queue_positions",
        "/portfolio/fills",
        "/portfolio/settlements",
        "/portfolio/deposits",
        "/portfolio/withdrawals",
        "/portfolio/summary/total_resting_order_value",
        "/portfolio/order_groups",
        "/portfolio/subaccounts/balances",
        "/portfolio/subaccounts/transfers",
        "/portfolio/subaccounts/netting",
        "/portfolio/intra_exchange_instance_transfers",
        "/historical/orders",
        "/historical/fills",
        "/historical/positions",
        "/api_keys",
        "/account/limits",
        "/account/api_usage_level/volume_progress",
        "/communications/id",
    ] {
        let answer = house.demo(Method::GET, path, "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let unsigned = house.public(path).await;
        assert_eq!(unsigned.status, 401, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_operation_of_the_specification_has_a_route() {
    let shared = std::env::var_os("KMI_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(shared.join("kalshi/openapi.yaml")) else {
        println!("skipped: no ../shared/kalshi/openapi.yaml");
        return;
    };
    let house = House::open().await;
    let operations = operations_of(&text);
    assert_eq!(operations.len(), 128);
    let mut not_simulated = 0;
    for (method, path) in operations {
        let filled = fill(&path);
        let method: Method = method.parse().unwrap();
        let answer = house.demo(method.clone(), &filled, "{}").await;
        assert_ne!(answer.status, 405, "{method} {path}");
        assert!(answer.status != 500, "{method} {path}: {}", answer.text);
        not_simulated += usize::from(answer.status == 501);
    }
    assert_eq!(not_simulated, 50);
}

/// Method and path of every operation: read off the indentation, which is all that is needed here.
fn operations_of(text: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut path = None;
    for line in text.lines().skip_while(|line| *line != "paths:").skip(1) {
        if !line.is_empty() && !line.starts_with(' ') {
            break;
        }
        if let Some(name) = line.strip_prefix("  /") {
            path = name.strip_suffix(':').map(|name| format!("/{name}"));
        }
        let method = line.strip_prefix("    ").and_then(|rest| rest.strip_suffix(':'));
        if let (Some(method @ ("get" | "post" | "put" | "delete")), Some(path)) = (method, &path) {
            found.insert((method.to_uppercase(), path.clone()));
        }
    }
    found
}

fn fill(path: &str) -> String {
    let part = |part: &str| match part {
        "{ticker}" => MARKET.to_owned(),
        "{series_ticker}" => "KXTEST".to_owned(),
        "{event_ticker}" => "KXTEST-26NOV21".to_owned(),
        part if part.starts_with('{') => "none".to_owned(),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test(start_paused = true)]
async fn a_market_is_what_clients_validate() {
    let house = House::open().await;
    let market = house.public(&format!("/markets/{MARKET}")).await.json();
    assert_eq!(market["market"]["status"], "active");
    assert_eq!(
        market["market"]["price_ranges"],
        json!([{"start": "0.0000", "end": "1.0000", "step": "0.0100"}])
    );
}
