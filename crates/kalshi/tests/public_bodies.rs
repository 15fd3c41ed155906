//! Bodies of public data: what they are written as, what they read, and that they are what the specification asks.
#![allow(clippy::unwrap_used, reason = "a test that fails should stop where it fails")]
#![recursion_limit = "256"]

mod common;

use kmi_domain::{Level, MarketResult, Price, Quantity, TickGrid, Timestamp};
use kmi_kalshi::api::candle::{
    BatchCandlesResponse, CandlesResponse, Candlestick, EventCandlesResponse, HistoricalCandlesResponse,
    HistoricalCandlestick, MarketCandles, Period,
};
use kmi_kalshi::api::drift::{Flavour, known_fields};
use kmi_kalshi::api::endpoint_cost::EndpointCosts;
use kmi_kalshi::api::event::{
    Event, EventFeeChangesPage, EventMetadata, EventResponse, EventsPage, MultivariateEventsPage,
};
use kmi_kalshi::api::exchange::{ExchangeStatus, ScheduleResponse};
use kmi_kalshi::api::historical::HistoricalCutoff;
use kmi_kalshi::api::incentive::IncentivesPage;
use kmi_kalshi::api::market::{Market, MarketResponse, MarketsPage, StatusWord};
use kmi_kalshi::api::milestone::{MilestoneResponse, MilestonesPage};
use kmi_kalshi::api::orderbook::{MarketOrderbook, OrderbookResponse, OrderbookSides, OrderbooksResponse};
use kmi_kalshi::api::page::Cursor;
use kmi_kalshi::api::search::{FiltersBySport, TagsByCategories};
use kmi_kalshi::api::series::{SeriesFeeChangesResponse, SeriesListResponse, SeriesResponse};
use kmi_kalshi::api::structured_target::{StructuredTargetResponse, StructuredTargetsPage};
use kmi_kalshi::api::trade::{Trade, TradesPage};
use kmi_kalshi::wire::{CandleBody, EventBody, MarketBody, SeriesBody};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Whether `value` is of the type that a table writes as `shape`; says where it is not.
fn check(place: &str, shape: &str, value: &Value) -> Result<(), String> {
    let wrong = || Err(format!("{place}: {value} is no {shape}"));
    if let Some(shape) = shape.strip_suffix(" or null") {
        return if value.is_null() {
            Ok(())
        } else {
            check(place, shape, value)
        };
    }
    if let Some(item) = shape.strip_prefix("list of ") {
        let Value::Array(items) = value else {
            return wrong();
        };
        return items
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| check(&format!("{place}[{at}]"), item, value));
    }
    if let Some(item) = shape.strip_prefix("map of ") {
        let Value::Object(entries) = value else {
            return wrong();
        };
        return entries
            .iter()
            .try_for_each(|(key, value)| check(&format!("{place}{{{key}}}"), item, value));
    }
    let fits = match shape {
        "boolean" => value.is_boolean(),
        "integer" | "integer int64" | "integer int32" | "ExchangeIndex" => value.is_i64(),
        "number double" | "number" => value.is_number(),
        "string" | "FixedPointDollars" | "FixedPointCount" | "BookSide" | "FeeType" => value.is_string(),
        "string date-time" => value
            .as_str()
            .is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        "object" | "anything" => true,
        "PriceLevelDollarsCountFp" => value
            .as_array()
            .is_some_and(|pair| pair.len() == 2 && pair.iter().all(Value::is_string)),
        object => return check_object(place, object, value),
    };
    if fits { Ok(()) } else { wrong() }
}

/// Whether `value` has every field that the specification requires of `object`, each of its type, and no unknown one.
fn check_object(place: &str, object: &str, value: &Value) -> Result<(), String> {
    let fields = known_fields(Flavour::OpenApi, object);
    assert!(!fields.is_empty(), "the table knows no {object}");
    let entries = value
        .as_object()
        .ok_or_else(|| format!("{place}: {value} is no {object}"))?;
    for (field, text) in &fields {
        let (need, shape) = text.split_once(' ').unwrap();
        match entries.get(field) {
            Some(value) => check(&format!("{place}.{field}"), shape, value)?,
            None if need == "required" => return Err(format!("{place}.{field} is missing")),
            None => {}
        }
    }
    // Still written for clients that ask for it.
    let extra = entries
        .keys()
        .find(|key| *key != "liquidity_dollars" && !fields.iter().any(|(field, _)| field == *key));
    extra.map_or(Ok(()), |extra| Err(format!("{place}.{extra} is unknown")))
}

/// Reads `text`, writes it again and holds both the text and what is written to the specification's `object`.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    object: &str,
    text: &Value,
) -> T {
    let body: T = serde_json::from_value(text.clone()).unwrap();
    let written = serde_json::to_value(&body).unwrap();
    assert_eq!(&written, text, "{object}");
    check_object(object, object, &written).unwrap();
    assert_eq!(serde_json::from_value::<T>(written).unwrap(), body);
    body
}

/// A market with every field there is.
fn full_market() -> Value {
    json!({
        "ticker": "KXHIGHNY-26NOV21-T60", "event_ticker": "KXHIGHNY-26NOV21", "market_type": "binary",
        "title": "High in New York", "subtitle": "60 or above", "yes_sub_title": "60° or above", "no_sub_title": "59° or below",
        "created_time": "2026-11-19T15:00:00Z", "updated_time": "2026-11-20T08:30:00.125Z",
        "open_time": "2026-11-20T15:00:00Z", "close_time": "2026-11-22T04:59:00Z",
        "expected_expiration_time": "2026-11-22T15:00:00Z", "expiration_time": "2026-11-29T15:00:00Z",
        "latest_expiration_time": "2026-11-29T15:00:00Z", "settlement_timer_seconds": 3600, "status": "active",
        "yes_bid_dollars": "0.4310", "yes_bid_size_fp": "13.00", "yes_ask_dollars": "0.4500", "yes_ask_size_fp": "7.25",
        "no_bid_dollars": "0.5500", "no_ask_dollars": "0.5690", "last_price_dollars": "0.4400",
        "volume_fp": "1200.50", "volume_24h_fp": "300.00", "result": "", "can_close_early": true,
        "open_interest_fp": "800.00", "notional_value_dollars": "1.0000", "previous_yes_bid_dollars": "0.3900",
        "previous_yes_ask_dollars": "0.4100", "previous_price_dollars": "0.4000", "settlement_value_dollars": "0.5000",
        "settlement_ts": "2026-11-22T16:00:00Z", "settlement_bounds_type": "floor", "settlement_floor_dollars": "0.1000",
        "expiration_value": "61", "occurrence_datetime": "2026-11-21T19:00:00Z",
        "fee_waiver_expiration_time": "2026-11-21T00:00:00Z", "early_close_condition": "the record is published",
        "strike_type": "greater_or_equal", "floor_strike": 59.5, "cap_strike": 70, "functional_strike": "x",
        "custom_strike": {"city": "ny"}, "rules_primary": "If it is warm.", "rules_secondary": "Or not.",
        "mve_collection_ticker": "KXCOMBO", "mve_selected_legs": [{"event_ticker": "E", "market_ticker": "E-M",
            "side": "yes", "yes_settlement_value_dollars": "1.0000"}],
        "primary_participant_key": "p", "price_level_structure": "tapered_deci_cent",
        "price_ranges": [{"start": "0.0000", "end": "0.1000", "step": "0.0010"},
            {"start": "0.1000", "end": "0.9000", "step": "0.0100"}, {"start": "0.9000", "end": "1.0000", "step": "0.0010"}],
        "is_provisional": false, "exchange_index": 2, "liquidity_dollars": "12.3400",
    })
}

#[test]
fn a_market_keeps_every_field_in_the_exchanges_form() {
    let market: Market = round_trip("Market", &full_market());
    assert_eq!(market.yes_bid_dollars, Price::from_units(4_310).unwrap());
    assert_eq!(market.yes_ask_size_fp, Quantity::from_units(725));
    assert_eq!(market.floor_strike.as_deref(), Some("59.5"));
    let known = known_fields(Flavour::OpenApi, "Market").len();
    assert_eq!(
        full_market().as_object().unwrap().len(),
        known + 1,
        "a field of the specification is not tried"
    );
    round_trip::<MarketResponse>("GetMarketResponse", &json!({"market": full_market()}));
    let page: MarketsPage = round_trip(
        "GetMarketsResponse",
        &json!({"markets": [full_market()], "cursor": ""}),
    );
    assert!(page.cursor.is_last());
}

#[test]
fn a_blank_market_has_all_that_is_required() {
    let market = Market::blank(
        "A-B-C".parse().unwrap(),
        "A-B".parse().unwrap(),
        StatusWord::Initialized,
    );
    let written = serde_json::to_value(&market).unwrap();
    check_object("Market", "Market", &written).unwrap();
    assert_eq!(written["yes_bid_dollars"], "0.0000");
    assert_eq!(written["yes_ask_dollars"], "1.0000");
    assert_eq!(written["open_time"], "0001-01-01T00:00:00Z");
    assert_eq!(serde_json::from_value::<Market>(written).unwrap(), market);
}

#[test]
fn a_market_reads_without_what_came_later_with_new_words_and_with_numbers_for_strings() {
    let mut text = full_market();
    for key in [
        "settlement_bounds_type",
        "previous_price_dollars",
        "subtitle",
        "exchange_index",
        "can_close_early",
    ] {
        text.as_object_mut().unwrap().remove(key);
    }
    text["status"] = json!("hibernating");
    text["yes_bid_dollars"] = json!(0.431);
    text["volume_fp"] = json!(1200.5);
    text["floor_strike"] = json!("59.5");
    text["brand_new"] = json!({"deep": [1]});
    let market: Market = serde_json::from_value(text).unwrap();
    assert_eq!(market.status, StatusWord::Other("hibernating".to_owned()));
    assert_eq!(market.yes_bid_dollars, Price::from_units(4_310).unwrap());
    assert_eq!(market.volume_fp, Quantity::from_units(120_050));
    assert_eq!(
        market.to_domain().unwrap_err().to_string(),
        "status: \"hibernating\" is none of: initialized inactive active closed determined disputed amended finalized"
    );
}

#[test]
fn a_market_means_the_same_here_and_to_the_decoder_of_recordings() {
    let mut text = full_market();
    text["result"] = json!("scalar");
    text["status"] = json!("finalized");
    let market: Market = serde_json::from_value(text.clone()).unwrap();
    let recorded = text.to_string();
    let body: MarketBody<'_> = serde_json::from_str(&recorded).unwrap();
    assert_eq!(market.to_domain(), body.to_market());
    let domain = market.to_domain().unwrap();
    assert_eq!(domain.result, Some(MarketResult::Scalar("0.5".parse().unwrap())));
    assert_eq!(domain.grid, market.grid().unwrap());
    let back = Market::from(&domain);
    check_object("Market", "Market", &serde_json::to_value(&back).unwrap()).unwrap();
    assert_eq!(back.to_domain().unwrap(), domain);
}

#[test]
fn quotes_of_both_contracts_follow_from_those_of_yes() {
    let mut market = Market::blank("A".parse().unwrap(), "E".parse().unwrap(), StatusWord::Active);
    market.set_quotes(Some(("0.4310".parse().unwrap(), "13".parse().unwrap())), None);
    assert_eq!(market.no_ask_dollars, "0.5690".parse().unwrap());
    assert_eq!(market.no_bid_dollars, Price::ZERO);
    assert_eq!(market.to_domain().unwrap().yes_ask, None);
    market.set_grid(&TickGrid::linear_cent(), None);
    assert_eq!(market.price_level_structure, "linear_cent");
    market.set_result(Some(MarketResult::No));
    assert_eq!(market.settlement_value_dollars, Some(Price::ZERO));
    assert_eq!(market.market_result(), Ok(Some(MarketResult::No)));
}

fn full_series() -> Value {
    json!({
        "ticker": "KXHIGHNY", "frequency": "daily", "title": "High in New York", "category": "Climate and Weather",
        "categories": ["Climate and Weather"], "tags": ["Daily temperature"],
        "settlement_sources": [{"name": "Weather Service", "url": "https://example.invalid"}],
        "contract_url": "https://example.invalid/c", "contract_terms_url": "https://example.invalid/t",
        "product_metadata": {"a": 1}, "fee_type": "quadratic_with_maker_fees", "fee_multiplier": 0.5,
        "additional_prohibitions": ["none"], "volume_fp": "12.00", "last_updated_ts": "2026-11-20T00:00:00Z",
        "exchange_index": 0,
    })
}

fn full_event() -> Value {
    json!({
        "event_ticker": "KXHIGHNY-26NOV21", "series_ticker": "KXHIGHNY", "sub_title": "On Nov 21", "title": "High?",
        "collateral_return_type": "MECNET", "mutually_exclusive": true, "category": "Climate and Weather",
        "strike_date": "2026-11-21T05:00:00Z", "strike_period": "day", "markets": [full_market()],
        "product_metadata": {}, "settlement_sources": [], "last_updated_ts": "2026-11-20T00:00:00Z",
        "fee_type_override": "quadratic", "fee_multiplier_override": 2.0, "exchange_index": 0,
    })
}

#[test]
fn series_and_their_fee_changes_keep_every_field() {
    let answer: SeriesResponse = round_trip("GetSeriesResponse", &json!({"series": full_series()}));
    assert_eq!(
        full_series().as_object().unwrap().len(),
        known_fields(Flavour::OpenApi, "Series").len()
    );
    let recorded = full_series().to_string();
    let body: SeriesBody<'_> = serde_json::from_str(&recorded).unwrap();
    assert_eq!(Ok(answer.series.to_domain()), body.to_series());
    round_trip::<SeriesListResponse>("GetSeriesListResponse", &json!({"series": [full_series()]}));
    round_trip::<SeriesFeeChangesResponse>(
        "GetSeriesFeeChangesResponse",
        &json!({"series_fee_change_arr": [{
        "id": "f", "series_ticker": "KXHIGHNY", "fee_type": "flat", "fee_multiplier": 0.25,
        "scheduled_ts": "2026-12-01T00:00:00Z"}]}),
    );
}

#[test]
fn events_keep_every_field() {
    let answer: EventResponse =
        round_trip("GetEventResponse", &json!({"event": full_event(), "markets": []}));
    assert_eq!(
        full_event().as_object().unwrap().len(),
        known_fields(Flavour::OpenApi, "EventData").len()
    );
    let recorded = full_event().to_string();
    let body: EventBody<'_> = serde_json::from_str(&recorded).unwrap();
    assert_eq!(answer.event.to_domain(), body.to_event());
    let plain = Event::from(&answer.event.to_domain().unwrap());
    check_object("EventData", "EventData", &serde_json::to_value(&plain).unwrap()).unwrap();
    assert_eq!(plain.to_domain(), answer.event.to_domain());
    let milestone = full_milestone();
    round_trip::<EventsPage>(
        "GetEventsResponse",
        &json!({"events": [full_event()], "milestones": [milestone], "cursor": "c"}),
    );
    round_trip::<MultivariateEventsPage>(
        "GetMultivariateEventsResponse",
        &json!({"events": [], "cursor": ""}),
    );
    round_trip::<EventMetadata>(
        "GetEventMetadataResponse",
        &json!({
        "image_url": "i", "featured_image_url": "f", "settlement_sources": [{"name": "n", "url": "u"}], "competition": "c",
        "competition_scope": "s", "market_details": [{"market_ticker": "A", "image_url": "i", "color_code": "#000000"}]}),
    );
    round_trip::<EventFeeChangesPage>(
        "GetEventFeeChangesResponse",
        &json!({"cursor": "", "event_fee_changes": [
        {"id": "1", "event_ticker": "E", "series_ticker": "S", "fee_type_override": "flat",
         "fee_multiplier_override": 1.5, "scheduled_ts": "2026-12-01T00:00:00Z"},
        {"id": "2", "event_ticker": "E", "series_ticker": "S", "fee_type_override": null,
         "fee_multiplier_override": null, "scheduled_ts": "2026-12-02T00:00:00Z"}]}),
    );
}

#[test]
fn an_unknown_way_of_netting_is_kept_but_has_no_meaning() {
    let mut text = full_event();
    text["collateral_return_type"] = json!("NEWNET");
    let event: Event = serde_json::from_value(text).unwrap();
    assert_eq!(
        serde_json::to_value(&event).unwrap()["collateral_return_type"],
        "NEWNET"
    );
    assert!(
        event
            .to_domain()
            .unwrap_err()
            .to_string()
            .starts_with("collateral_return_type: \"NEWNET\" is none of")
    );
}

fn full_milestone() -> Value {
    json!({
        "id": "m", "category": "Sports", "type": "football_game", "start_date": "2026-11-21T18:00:00Z",
        "end_date": "2026-11-21T22:00:00Z", "related_event_tickers": ["E"], "title": "A at B",
        "notification_message": "Who?", "source_id": "s", "source_ids": {"x": "y"}, "details": {"league": "NFL"},
        "primary_event_tickers": ["E"], "last_updated_ts": "2026-11-20T00:00:00Z",
    })
}

#[test]
fn the_exchange_tells_its_status_and_schedule() {
    let status: ExchangeStatus = round_trip(
        "ExchangeStatus",
        &json!({
        "exchange_active": true, "trading_active": false, "intra_exchange_transfers_active": true,
        "exchange_estimated_resume_time": null, "exchange_index_statuses": [{"exchange_index": 0, "description": "default",
            "exchange_active": true, "trading_active": false, "intra_exchange_transfers_active": true}]}),
    );
    assert!(!status.trading_active);
    let short: ExchangeStatus =
        serde_json::from_str(r#"{"exchange_active": true, "trading_active": true}"#).unwrap();
    assert_eq!(short.exchange_index_statuses, []);
    let day = json!([{"open_time": "00:00", "close_time": "00:00"}]);
    round_trip::<ScheduleResponse>(
        "GetExchangeScheduleResponse",
        &json!({"schedule": {
        "standard_hours": [{"start_time": "2024-12-01T00:00:00Z", "end_time": "2200-12-01T00:00:00Z", "monday": day,
            "tuesday": day, "wednesday": day, "thursday": [{"open_time": "00:00", "close_time": "03:00"},
            {"open_time": "05:00", "close_time": "00:00"}], "friday": day, "saturday": day, "sunday": []}],
        "maintenance_windows": [{"start_datetime": "2026-11-26T08:00:00Z", "end_datetime": "2026-11-26T10:00:00Z"}]}}),
    );
}

#[test]
fn books_and_trades_are_what_is_asked() {
    let level = |price: &str, quantity: &str| Level {
        price: price.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
    };
    let sides = OrderbookSides {
        yes_dollars: vec![level("0.42", "13")],
        no_dollars: vec![],
    };
    let one = OrderbookResponse {
        orderbook_fp: sides.clone(),
    };
    let written = serde_json::to_value(&one).unwrap();
    assert_eq!(
        written,
        json!({"orderbook_fp": {"yes_dollars": [["0.4200", "13.00"]], "no_dollars": []}})
    );
    check_object("book", "GetMarketOrderbookResponse", &written).unwrap();
    let several = OrderbooksResponse {
        orderbooks: vec![MarketOrderbook {
            ticker: "A".parse().unwrap(),
            orderbook_fp: sides,
        }],
    };
    check_object(
        "books",
        "GetMarketOrderbooksResponse",
        &serde_json::to_value(&several).unwrap(),
    )
    .unwrap();
    let trade: Trade = round_trip(
        "Trade",
        &json!({
        "trade_id": "t", "ticker": "A", "count_fp": "0.01", "yes_price_dollars": "0.4310", "no_price_dollars": "0.5690",
        "taker_side": "yes", "taker_outcome_side": "yes", "taker_book_side": "bid",
        "created_time": "2026-11-21T05:00:00.000001Z", "is_block_trade": false}),
    );
    let page = TradesPage {
        trades: vec![trade],
        cursor: Cursor::new("next"),
    };
    check_object(
        "trades",
        "GetTradesResponse",
        &serde_json::to_value(&page).unwrap(),
    )
    .unwrap();
}

fn full_candle() -> Value {
    json!({
        "end_period_ts": 1_795_237_200,
        "yes_bid": {"open_dollars": "0.4000", "low_dollars": "0.3900", "high_dollars": "0.4200", "close_dollars": "0.4100"},
        "yes_ask": {"open_dollars": "0.4400", "low_dollars": "0.4300", "high_dollars": "0.4600", "close_dollars": "0.4500"},
        "price": {"open_dollars": "0.4200", "low_dollars": "0.4100", "high_dollars": "0.4300", "close_dollars": "0.4150",
            "mean_dollars": "0.4199", "previous_dollars": "0.4000", "min_dollars": "0.4100", "max_dollars": "0.4300"},
        "volume_fp": "17.00", "open_interest_fp": "120.50",
    })
}

#[test]
fn candlesticks_of_both_tiers_are_what_is_asked() {
    let candle: Candlestick = round_trip("MarketCandlestick", &full_candle());
    let recorded = full_candle().to_string();
    let body: CandleBody<'_> = serde_json::from_str(&recorded).unwrap();
    let domain = candle.to_domain("A".parse().unwrap(), Period::Hour);
    assert_eq!(Ok(&domain), body.to_candle("A".parse().unwrap(), 60).as_ref());
    assert_eq!(Candlestick::from(&domain), candle);
    let old = HistoricalCandlestick::from(&candle);
    let written = serde_json::to_value(&old).unwrap();
    assert_eq!(
        written["price"],
        json!({"open": "0.4200", "low": "0.4100", "high": "0.4300", "close": "0.4150",
        "mean": "0.4199", "previous": "0.4000"})
    );
    assert_eq!(Candlestick::from(&old), candle);
    let market = "A".parse().unwrap();
    let history = HistoricalCandlesResponse {
        ticker: market,
        candlesticks: vec![old],
    };
    check_object(
        "history",
        "GetMarketCandlesticksHistoricalResponse",
        &serde_json::to_value(&history).unwrap(),
    )
    .unwrap();
    let live = CandlesResponse {
        ticker: "A".parse().unwrap(),
        candlesticks: vec![candle.clone()],
    };
    check_object(
        "live",
        "GetMarketCandlesticksResponse",
        &serde_json::to_value(&live).unwrap(),
    )
    .unwrap();
    let batch = BatchCandlesResponse {
        markets: vec![MarketCandles {
            market_ticker: "A".parse().unwrap(),
            candlesticks: vec![candle.clone()],
        }],
    };
    check_object(
        "batch",
        "BatchGetMarketCandlesticksResponse",
        &serde_json::to_value(&batch).unwrap(),
    )
    .unwrap();
    let event = EventCandlesResponse {
        market_tickers: vec!["A".to_owned()],
        market_candlesticks: vec![vec![candle]],
        adjusted_end_ts: Timestamp::from_seconds(1_795_237_200),
    };
    check_object(
        "event",
        "GetEventCandlesticksResponse",
        &serde_json::to_value(&event).unwrap(),
    )
    .unwrap();
}

#[test]
fn a_period_without_trades_has_no_prices_but_the_one_before() {
    let mut text = full_candle();
    text["price"] = json!({"previous_dollars": "0.4000", "mean_dollars": null});
    let candle: Candlestick = serde_json::from_value(text).unwrap();
    assert_eq!(
        serde_json::to_value(candle.price).unwrap(),
        json!({"previous_dollars": "0.4000"})
    );
    let old = serde_json::to_value(HistoricalCandlestick::from(&candle)).unwrap();
    assert_eq!(
        old["price"],
        json!({"open": null, "low": null, "high": null, "close": null, "mean": null, "previous": "0.4000"})
    );
    check_object("old", "MarketCandlestickHistorical", &old).unwrap();
}

#[test]
fn a_mean_told_too_finely_reads_to_the_nearest() {
    let mut text = full_candle();
    text["price"]["mean_dollars"] = json!("0.419961");
    let candle: Candlestick = serde_json::from_value(text).unwrap();
    assert_eq!(candle.price.mean_dollars, Price::from_units(4_200));
}

#[test]
fn the_rest_of_the_catalogue_is_what_is_asked() {
    round_trip::<HistoricalCutoff>(
        "GetHistoricalCutoffResponse",
        &json!({
        "market_settled_ts": "2026-08-21T00:00:00Z", "trades_created_ts": "2026-08-21T00:00:00Z",
        "orders_updated_ts": "2026-11-07T00:00:00Z", "market_positions_last_updated_ts": "2026-08-21T00:00:00Z"}),
    );
    assert_eq!(
        full_milestone().as_object().unwrap().len(),
        known_fields(Flavour::OpenApi, "Milestone").len()
    );
    round_trip::<MilestoneResponse>("GetMilestoneResponse", &json!({"milestone": full_milestone()}));
    round_trip::<MilestonesPage>(
        "GetMilestonesResponse",
        &json!({"milestones": [full_milestone()], "cursor": ""}),
    );
    let target = json!({"id": "t", "name": "Team", "type": "football_team", "details": {}, "source_id": "s",
        "source_ids": {"x": "y"}, "last_updated_ts": "2026-11-20T00:00:00Z"});
    round_trip::<StructuredTargetResponse>(
        "GetStructuredTargetResponse",
        &json!({"structured_target": target}),
    );
    round_trip::<StructuredTargetsPage>(
        "GetStructuredTargetsResponse",
        &json!({"structured_targets": [target], "cursor": ""}),
    );
    round_trip::<EndpointCosts>(
        "GetAccountEndpointCostsResponse",
        &json!({"default_cost": 10,
        "endpoint_costs": [{"method": "DELETE", "path": "/portfolio/events/orders", "cost": 2}]}),
    );
    round_trip::<TagsByCategories>(
        "GetTagsForSeriesCategoriesResponse",
        &json!({"tags_by_categories": {"Crypto": ["BTC"], "World": []}}),
    );
    round_trip::<FiltersBySport>(
        "GetFiltersBySportsResponse",
        &json!({"sport_ordering": ["Football"],
        "filters_by_sports": {"Football": {"scopes": ["Game"], "competitions": {"Cup": {"scopes": ["Game"]}}}}}),
    );
    let program = json!({"id": "i", "market_id": "m", "market_ticker": "A", "incentive_type": "liquidity",
        "incentive_description": "d", "start_date": "2026-11-20T00:00:00Z", "end_date": "2026-11-27T00:00:00Z",
        "period_reward": 1_000_000, "paid_out": false, "discount_factor_bps": 5_000, "target_size_fp": "300.00",
        "max_reward_per_account": 5_000});
    let page: IncentivesPage = round_trip(
        "GetIncentiveProgramsResponse",
        &json!({"incentive_programs": [program], "next_cursor": ""}),
    );
    assert_eq!(page.incentive_programs[0].period_reward.to_string(), "100.0000");
    let nothing: TagsByCategories =
        serde_json::from_str(r#"{"tags_by_categories": {"World": null}}"#).unwrap();
    assert_eq!(nothing.tags_by_categories["World"], [""; 0]);
    let nothing: FiltersBySport =
        serde_json::from_str(r#"{"filters_by_sports": null, "sport_ordering": null}"#).unwrap();
    assert_eq!(nothing, FiltersBySport::default());
}

#[test]
fn bodies_recorded_in_august_read() {
    let Some(data) = common::shared_data() else {
        return;
    };
    let folder = data.join("rest/2026-08");
    let read = |name: &str| -> Option<Value> {
        let text = std::fs::read_to_string(folder.join(name));
        if text.is_err() {
            eprintln!("skipped: no ../shared/data/rest/2026-08/{name}");
        }
        text.ok().map(|text| serde_json::from_str(&text).unwrap())
    };
    let market_of = |text: &Value| {
        let market: Market = serde_json::from_value(text.clone()).unwrap();
        let recorded = text.to_string();
        let body: MarketBody<'_> = serde_json::from_str(&recorded).unwrap();
        assert_eq!(market.to_domain(), body.to_market());
        let written = serde_json::to_value(&market).unwrap();
        check_object("Market", "Market", &written).unwrap();
        // Whatever the recording has is written back as it was, save for fields that are gone.
        for (key, value) in text.as_object().unwrap() {
            assert_eq!(written.get(key), Some(value), "{key} of {}", market.ticker);
        }
    };
    if let Some(file) = read("market_single.json") {
        market_of(&file["single"]["market"]);
        market_of(&file["nested"]);
    }
    if let Some(file) = read("events_sports_nested.json") {
        for text in file.as_array().unwrap() {
            let event: Event = serde_json::from_value(text.clone()).unwrap();
            check_object("EventData", "EventData", &serde_json::to_value(&event).unwrap()).unwrap();
            event.to_domain().unwrap();
            text["markets"].as_array().unwrap().iter().for_each(market_of);
        }
    }
    if let Some(file) = read("candlesticks_mlb.json") {
        for (ticker, market) in file["markets"].as_object().unwrap() {
            for text in market["candlesticks"].as_array().unwrap() {
                let candle: Candlestick = serde_json::from_value(text.clone()).unwrap();
                let recorded = text.to_string();
                let body: CandleBody<'_> = serde_json::from_str(&recorded).unwrap();
                let domain = candle.to_domain(ticker.parse().unwrap(), Period::Minute);
                assert_eq!(Ok(domain), body.to_candle(ticker.parse().unwrap(), 1));
            }
        }
    }
    if let Some(file) = read("series_fee_fields.json") {
        for answer in file["payloads"].as_object().unwrap().values() {
            let answer: SeriesResponse = serde_json::from_value(answer.clone()).unwrap();
            check_object(
                "series",
                "GetSeriesResponse",
                &serde_json::to_value(&answer).unwrap(),
            )
            .unwrap();
        }
    }
}
