//! Typed calls of public data: which path and query each asks, and what it makes of the answer.
#![allow(clippy::unwrap_used, reason = "a test that fails should stop where it fails")]

mod scripted;

use futures::TryStreamExt as _;
use kmi_domain::Timestamp;
use kmi_kalshi::api::candle::{BatchCandlesQuery, CandlesQuery, Period};
use kmi_kalshi::api::event::{EventFeeChangesQuery, EventQuery, EventsQuery, MultivariateEventsQuery};
use kmi_kalshi::api::incentive::IncentivesQuery;
use kmi_kalshi::api::market::{HistoricalMarketsQuery, MarketsQuery, MveFilter, StatusFilter};
use kmi_kalshi::api::milestone::MilestonesQuery;
use kmi_kalshi::api::orderbook::OrderbookQuery;
use kmi_kalshi::api::query::{Commas, Query, Repeated};
use kmi_kalshi::api::series::{SeriesFeeChangesQuery, SeriesListQuery, SeriesQuery};
use kmi_kalshi::api::structured_target::StructuredTargetsQuery;
use kmi_kalshi::api::trade::TradesQuery;
use scripted::{Act, Exchange};

const TRADE: &str = r#"{"trade_id":"t1","ticker":"A","count_fp":"1.00","yes_price_dollars":"0.4000","no_price_dollars":"0.6000",
    "taker_outcome_side":"yes","taker_book_side":"bid","created_time":"2026-11-21T05:00:00Z","is_block_trade":false}"#;

/// Targets of the requests seen, without the part all have in common.
fn targets(exchange: &Exchange) -> Vec<String> {
    let seen = exchange.seen();
    assert!(seen.iter().all(|request| request.method == "GET"));
    assert!(
        seen.iter()
            .all(|request| request.header("KALSHI-ACCESS-SIGNATURE").is_none()),
        "public calls are not signed"
    );
    let target = |target: &str| target.strip_prefix("/trade-api/v2").unwrap().to_owned();
    seen.iter().map(|request| target(&request.target)).collect()
}

#[tokio::test]
async fn every_list_follows_its_pages_to_the_empty_cursor() {
    let exchange = Exchange::new([
        Act::Answer(200, r#"{"trades":[],"cursor":"p 2"}"#),
        Act::Answer(200, concat_page()),
    ]);
    let client = exchange.client();
    let query = TradesQuery {
        ticker: Some("A".parse().unwrap()),
        ..TradesQuery::default()
    };
    let trades: Vec<_> = client.trades(query).try_collect().await.unwrap();
    assert_eq!(trades.len(), 1);
    assert_eq!(trades[0].yes_price_dollars, "0.4".parse().unwrap());
    assert_eq!(
        targets(&exchange),
        [
            "/markets/trades?limit=1000&ticker=A",
            "/markets/trades?limit=1000&cursor=p+2&ticker=A"
        ]
    );
}

fn concat_page() -> &'static str {
    Box::leak(format!(r#"{{"trades":[{TRADE}],"cursor":""}}"#).into_boxed_str())
}

#[tokio::test]
async fn markets_are_asked_for_with_filters_in_the_exchanges_words() {
    let exchange = Exchange::new([
        Act::Answer(200, r#"{"markets":[],"cursor":""}"#),
        Act::Answer(200, r#"{"markets":[],"cursor":""}"#),
    ]);
    let client = exchange.client();
    let query = MarketsQuery {
        status: Some(StatusFilter::Closed),
        min_close_ts: Some(Timestamp::from_seconds(1_795_237_200)),
        tickers: Commas(vec!["A".parse().unwrap(), "B".parse().unwrap()]),
        mve_filter: Some(MveFilter::Exclude),
        ..MarketsQuery::default()
    };
    assert!(client.markets_page(&query).await.unwrap().cursor.is_last());
    let old = HistoricalMarketsQuery {
        event_ticker: Some("E".parse().unwrap()),
        ..HistoricalMarketsQuery::default()
    };
    assert_eq!(
        client
            .historical_markets(old)
            .try_collect::<Vec<_>>()
            .await
            .unwrap(),
        []
    );
    assert_eq!(
        targets(&exchange),
        [
            "/markets?min_close_ts=1795237200&status=closed&tickers=A%2CB&mve_filter=exclude",
            "/historical/markets?limit=1000&event_ticker=E",
        ]
    );
}

#[tokio::test]
async fn books_and_candlesticks_are_asked_for_under_their_paths() {
    let candles = r#"{"ticker":"A","candlesticks":[]}"#;
    let exchange = Exchange::new([
        Act::Answer(
            200,
            r#"{"orderbook_fp":{"yes_dollars":[["0.4200","13.00"]],"no_dollars":[]}}"#,
        ),
        Act::Answer(
            200,
            r#"{"orderbooks":[{"ticker":"B","orderbook_fp":{"yes_dollars":[],"no_dollars":[]}}]}"#,
        ),
        Act::Answer(200, candles),
        Act::Answer(200, r#"{"markets":[]}"#),
        Act::Answer(
            200,
            r#"{"market_tickers":[],"market_candlesticks":[],"adjusted_end_ts":1795237200}"#,
        ),
        Act::Answer(200, candles),
    ]);
    let client = exchange.client();
    let (series, event, market) = (
        "S".parse().unwrap(),
        "S-E".parse().unwrap(),
        "S-E-A".parse().unwrap(),
    );
    let book = client
        .orderbook(&market, &OrderbookQuery { depth: Some(5) })
        .await
        .unwrap();
    assert_eq!(book.best_yes_bid().unwrap().quantity, "13".parse().unwrap());
    let books = client
        .orderbooks(["A".parse().unwrap(), "B".parse().unwrap()])
        .await
        .unwrap();
    assert_eq!(books[0].ticker.as_str(), "B");
    let (start, end) = (Timestamp::from_seconds(60), Timestamp::from_seconds(7_200));
    let query = CandlesQuery::new(start, end, Period::Hour);
    client.candlesticks(&series, &market, &query).await.unwrap();
    let batch = BatchCandlesQuery {
        market_tickers: Commas(vec![market.clone()]),
        start_ts: Some(start),
        end_ts: Some(end),
        period_interval: Some(Period::Minute),
        include_latest_before_start: Some(true),
    };
    client.batch_candlesticks(&batch).await.unwrap();
    client.event_candlesticks(&series, &event, &query).await.unwrap();
    client.historical_candlesticks(&market, &query).await.unwrap();
    assert_eq!(
        targets(&exchange),
        [
            "/markets/S-E-A/orderbook?depth=5",
            "/markets/orderbooks?tickers=A&tickers=B",
            "/series/S/markets/S-E-A/candlesticks?start_ts=60&end_ts=7200&period_interval=60",
            "/markets/candlesticks?market_tickers=S-E-A&start_ts=60&end_ts=7200&period_interval=1&include_latest_before_start=true",
            "/series/S/events/S-E/candlesticks?start_ts=60&end_ts=7200&period_interval=60",
            "/historical/markets/S-E-A/candlesticks?start_ts=60&end_ts=7200&period_interval=60",
        ]
    );
}

#[tokio::test]
async fn the_exchange_and_series_are_asked_for_under_their_paths() {
    let exchange = Exchange::new([
        Act::Answer(200, r#"{"exchange_active":true,"trading_active":true}"#),
        Act::Answer(
            200,
            r#"{"schedule":{"standard_hours":[],"maintenance_windows":[]}}"#,
        ),
        Act::Answer(200, r#"{"default_cost":10,"endpoint_costs":[]}"#),
        Act::Answer(
            200,
            r#"{"series":{"ticker":"S","fee_type":"quadratic","fee_multiplier":1}}"#,
        ),
        Act::Answer(200, r#"{"series":[]}"#),
        Act::Answer(200, r#"{"series_fee_change_arr":[]}"#),
    ]);
    let client = exchange.client();
    client.exchange_status().await.unwrap();
    client.exchange_schedule().await.unwrap();
    client.endpoint_costs().await.unwrap();
    client
        .series(&"S".parse().unwrap(), &SeriesQuery::default())
        .await
        .unwrap();
    let tags = SeriesListQuery {
        tags: Commas(vec!["a b".to_owned()]),
        ..SeriesListQuery::default()
    };
    client.series_list(&tags).await.unwrap();
    client
        .series_fee_changes(&SeriesFeeChangesQuery::default())
        .await
        .unwrap();
    assert_eq!(
        targets(&exchange),
        [
            "/exchange/status",
            "/exchange/schedule",
            "/account/endpoint_costs",
            "/series/S",
            "/series?tags=a+b",
            "/series/fee_changes",
        ]
    );
}

#[tokio::test]
async fn events_and_what_they_are_about_are_asked_for_under_their_paths() {
    let event = r#"{"event":{"event_ticker":"S-E","series_ticker":"S","sub_title":"","title":"T","collateral_return_type":"",
        "mutually_exclusive":false,"settlement_sources":[]},"markets":[]}"#;
    let exchange = Exchange::new([
        Act::Answer(200, event),
        Act::Answer(
            200,
            r#"{"image_url":"","market_details":[],"settlement_sources":[]}"#,
        ),
        Act::Answer(200, r#"{"events":[],"cursor":""}"#),
        Act::Answer(200, r#"{"events":[],"cursor":""}"#),
        Act::Answer(200, r#"{"event_fee_changes":[],"cursor":""}"#),
        Act::Answer(200, r#"{"milestones":[]}"#),
        Act::Answer(200, r#"{"structured_targets":[]}"#),
        Act::Answer(200, r#"{"tags_by_categories":{}}"#),
        Act::Answer(200, r#"{"filters_by_sports":{},"sport_ordering":[]}"#),
        Act::Answer(200, r#"{"incentive_programs":[]}"#),
    ]);
    let client = exchange.client();
    let nested = EventQuery {
        with_nested_markets: Some(true),
        ..EventQuery::default()
    };
    client.event(&"S-E".parse().unwrap(), &nested).await.unwrap();
    client.event_metadata(&"S-E".parse().unwrap()).await.unwrap();
    assert!(
        client
            .events(EventsQuery::default())
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .is_empty()
    );
    let combos = client.multivariate_events(MultivariateEventsQuery::default());
    assert!(combos.try_collect::<Vec<_>>().await.unwrap().is_empty());
    client
        .event_fee_changes_page(&EventFeeChangesQuery::default())
        .await
        .unwrap();
    client.milestones_page(&MilestonesQuery::default()).await.unwrap();
    let ids = StructuredTargetsQuery {
        ids: Repeated(vec!["1".to_owned(), "2".to_owned()]),
        ..StructuredTargetsQuery::default()
    };
    assert!(
        client
            .structured_targets(ids)
            .try_collect::<Vec<_>>()
            .await
            .unwrap()
            .is_empty()
    );
    client.tags_by_categories().await.unwrap();
    client.filters_by_sport().await.unwrap();
    let all = client.incentive_programs(IncentivesQuery {
        kind: Some("all".to_owned()),
        ..IncentivesQuery::default()
    });
    assert!(all.try_collect::<Vec<_>>().await.unwrap().is_empty());
    assert_eq!(
        targets(&exchange),
        [
            "/events/S-E?with_nested_markets=true",
            "/events/S-E/metadata",
            "/events?limit=200",
            "/events/multivariate?limit=200",
            "/events/fee_changes",
            "/milestones?limit=100",
            "/structured_targets?ids=1&ids=2&page_size=2000",
            "/search/tags_by_categories",
            "/search/filters_by_sport",
            "/incentive_programs?type=all&limit=10000",
        ]
    );
}

/// The names each query writes are those the specification has.
#[test]
fn queries_have_the_parameters_of_the_specification() {
    fn names<Q: Query>() -> Vec<&'static str> {
        Q::NAMES.to_vec()
    }
    let table = include_str!("../src/api/drift/openapi.tsv");
    let known = |operation: &str| -> Vec<&str> {
        let rows = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let of_it =
            rows.filter(|row| row[0] == "parameter" && row[1] == operation && row[3].contains("in query"));
        of_it.map(|row| row[2]).collect()
    };
    for (operation, mut names) in [
        ("GET /markets", names::<MarketsQuery>()),
        ("GET /historical/markets", names::<HistoricalMarketsQuery>()),
        ("GET /markets/trades", names::<TradesQuery>()),
        ("GET /historical/trades", names::<TradesQuery>()),
        ("GET /markets/candlesticks", names::<BatchCandlesQuery>()),
        (
            "GET /series/{series_ticker}/markets/{ticker}/candlesticks",
            names::<CandlesQuery>(),
        ),
        ("GET /markets/{ticker}/orderbook", names::<OrderbookQuery>()),
        ("GET /events", names::<EventsQuery>()),
        ("GET /events/multivariate", names::<MultivariateEventsQuery>()),
        ("GET /events/{event_ticker}", names::<EventQuery>()),
        ("GET /events/fee_changes", names::<EventFeeChangesQuery>()),
        ("GET /series", names::<SeriesListQuery>()),
        ("GET /series/{series_ticker}", names::<SeriesQuery>()),
        ("GET /series/fee_changes", names::<SeriesFeeChangesQuery>()),
        ("GET /milestones", names::<MilestonesQuery>()),
        ("GET /structured_targets", names::<StructuredTargetsQuery>()),
        ("GET /incentive_programs", names::<IncentivesQuery>()),
    ] {
        names.sort_unstable();
        assert_eq!(names, known(operation), "{operation}");
    }
}
