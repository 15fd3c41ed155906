//! Bodies of both generations read alike, and wrong ones are refused by field, value and rule.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use kmi_domain::{
    CollateralReturn, Event, FeeMultiplier, FeeType, MarketResult, MarketStatus, Price, Quantity, Series,
    Side, TickGrid,
};
use kmi_kalshi::wire::{
    CandlesBody, EventResponse, MarketBody, OrderbookBody, SeriesBody, TradeBody, encode_candle,
    encode_event_body, encode_series, encode_trade,
};
use proptest::prelude::*;

fn trade(json: &str) -> Result<kmi_domain::PublicTrade, String> {
    let body: TradeBody<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    body.to_trade().map_err(|error| error.to_string())
}

fn market(json: &str) -> Result<kmi_domain::Market, String> {
    let body: MarketBody<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    body.to_market().map_err(|error| error.to_string())
}

fn cents(cents: u8) -> Price {
    Price::from_cents(cents).unwrap()
}

/// A trade in cents with some fields put in the place of others.
fn trade_with(change: &str) -> Result<kmi_domain::PublicTrade, String> {
    let mut body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(
        r#"{"trade_id":"t1","ticker":"KXA-1","count":6,"created_time":"2024-01-02T03:04:05.6Z","yes_price":15,
            "no_price":85,"taker_side":"no"}"#,
    )
    .unwrap();
    body.extend(serde_json::from_str::<serde_json::Map<_, _>>(change).unwrap());
    trade(&serde_json::to_string(&body).unwrap())
}

#[test]
fn a_trade_reads_alike_in_cents_in_dollars_and_in_both() {
    let old = trade_with("{}").unwrap();
    let new = trade(
        r#"{"trade_id":"t1","ticker":"KXA-1","count_fp":"6.00","created_time":"2024-01-02T03:04:05.6Z",
            "yes_price_dollars":"0.1500","no_price_dollars":"0.8500","taker_side":"no","taker_outcome_side":"no",
            "taker_book_side":"ask","is_block_trade":false,"a_new_field":{"x":[1]}}"#,
    );
    let both = trade_with(r#"{"count_fp":"6.00","yes_price_dollars":"0.1500","no_price_dollars":"0.8500"}"#);
    let numbers = trade_with(r#"{"count_fp":6.0,"yes_price_dollars":0.15,"no_price_dollars":0.85}"#);

    assert_eq!(
        (old.yes_price, old.quantity, old.taker),
        (cents(15), Quantity::from_contracts(6), Side::No)
    );
    assert_eq!(old.time.to_string(), "2024-01-02T03:04:05.6Z");
    assert_eq!(new, Ok(old.clone()));
    assert_eq!(both, Ok(old.clone()));
    assert_eq!(numbers, Ok(old));
}

#[test]
fn of_two_prices_the_exact_one_counts_unless_they_contradict() {
    let rounded =
        trade_with(r#"{"yes_price":15,"yes_price_dollars":"0.1540","no_price_dollars":"0.8460"}"#).unwrap();
    assert_eq!(rounded.yes_price.to_string(), "0.1540");

    assert_eq!(
        trade_with(r#"{"yes_price_dollars":"0.1700"}"#),
        Err(r#"yes_price: 15 contradicts yes_price_dollars: "0.1700""#.to_owned())
    );
    assert_eq!(
        trade_with(r#"{"no_price":80}"#),
        Err("no_price: 80 contradicts yes_price: 0.1500".to_owned())
    );
    assert_eq!(
        trade_with(r#"{"count_fp":"7.00"}"#),
        Err(r#"count: 6 contradicts count_fp: "7.00""#.to_owned())
    );
}

#[test]
fn whole_cents_and_counts_may_be_written_as_floats() {
    for (written, units) in [
        ("56", 5_600),
        ("56.0", 5_600),
        ("1.0", 100),
        ("0.0", 0),
        ("-0.0", 0),
        ("100.0", 10_000),
        (r#""56""#, 5_600),
        (r#""56.0""#, 5_600),
        (r#""1.0""#, 100),
        (r#""0.0""#, 0),
        (r#""0.5600""#, 5_600),
        (r#""1.0000""#, 10_000),
        (r#""0.00""#, 0),
        (r#""0.5""#, 5_000),
    ] {
        let trade = trade_with(&format!(r#"{{"yes_price":{written},"no_price":null}}"#)).unwrap();
        assert_eq!(trade.yes_price.units(), units, "{written}");
    }
    for written in ["6", "6.0", r#""6""#, r#""6.0""#, r#""6.00""#] {
        let trade = trade_with(&format!(r#"{{"count":{written}}}"#)).unwrap();
        assert_eq!(trade.quantity, Quantity::from_contracts(6), "{written}");
    }
    let timer = market(r#"{"ticker":"A","settlement_timer_seconds":"3600.0"}"#).unwrap();
    assert_eq!(timer.settlement_timer_s, Some(3_600));
}

#[test]
fn a_wrong_trade_is_refused_by_field_value_and_rule() {
    for (change, error) in [
        (r#"{"yes_price":101}"#, "yes_price: 101 is outside 0..100 cents"),
        (r#"{"yes_price":-1}"#, "yes_price: -1 is outside 0..100 cents"),
        (r#"{"yes_price":0.15}"#, "yes_price: 0.15 is not whole cents"),
        (r#"{"yes_price":101.0}"#, "yes_price: 101 is outside 0..100 cents"),
        (r#"{"yes_price":-1.0}"#, "yes_price: -1 is outside 0..100 cents"),
        (
            r#"{"yes_price":1e18}"#,
            "yes_price: 1000000000000000000 is outside",
        ),
        (
            r#"{"yes_price":1e30}"#,
            "yes_price: 1000000000000000000000000000000 is outside",
        ),
        (
            r#"{"yes_price":"101.0"}"#,
            r#"yes_price: "101.0" is outside 0..100 cents"#,
        ),
        (
            r#"{"yes_price":"1.0.0"}"#,
            r#"yes_price: "1.0.0" is not a whole number"#,
        ),
        (
            r#"{"yes_price_dollars":"1.0001"}"#,
            r#"yes_price_dollars: "1.0001" is outside 0..1 dollars"#,
        ),
        (
            r#"{"yes_price_dollars":"0.12345"}"#,
            r#"yes_price_dollars: "0.12345" has more than 4 decimals"#,
        ),
        (
            r#"{"yes_price_dollars":[15]}"#,
            "yes_price_dollars: an array or object is not a decimal number",
        ),
        (
            r#"{"count_fp":"-1.00","count":null}"#,
            r#"count_fp: "-1.00" must be above zero"#,
        ),
        (r#"{"count":0}"#, "count: 0 must be above zero"),
        (r#"{"count":1e300}"#, "count: 1000000000000000"),
        (
            r#"{"created_time":"x"}"#,
            r#"created_time: "x" is not an RFC 3339 time"#,
        ),
        (r#"{"created_time":5}"#, "created_time: 5 is not an RFC 3339 time"),
        (
            r#"{"created_time":"1969-12-31T23:59:59.999999Z"}"#,
            r#"created_time: "1969-12-31T23:59:59.999999Z" is not a time between 1970 and 9999"#,
        ),
        (
            r#"{"created_time":"0001-01-01T00:00:00Z"}"#,
            "created_time: missing",
        ),
        (
            r#"{"created_time":null,"ts_ms":-1}"#,
            "ts_ms: -1 is not a time between 1970 and 9999",
        ),
        (
            r#"{"created_time":null,"ts":253402300800}"#,
            "ts: 253402300800 is not a time between 1970 and 9999",
        ),
        (
            r#"{"created_time":null,"ts_ms":-62135596800000,"ts":-62135596800}"#,
            "created_time: missing",
        ),
        (r#"{"trade_id":null}"#, "trade_id: missing"),
        (r#"{"ticker":""}"#, "ticker: missing"),
        (r#"{"ticker":"A B"}"#, r#"ticker: "A B" contains ' '"#),
        (
            r#"{"taker_side":"maybe"}"#,
            r#"taker_side: "maybe" is none of: yes no"#,
        ),
        (r#"{"taker_side":null}"#, "taker_side: missing"),
        (
            r#"{"taker_outcome_side":"no","taker_book_side":"bid"}"#,
            r#"taker_book_side: "bid" contradicts taker_outcome_side: "no""#,
        ),
    ] {
        let told = trade_with(change).unwrap_err();
        assert!(told.starts_with(error), "{change}: {told}");
    }
}

#[test]
fn a_market_of_cents_and_one_of_dollars_mean_the_same() {
    let old = market(
        r#"{"ticker":"KXA-1","event_ticker":"KXA","subtitle":"up","status":"active","yes_bid":0,"yes_ask":100,
            "no_bid":0,"no_ask":100,"last_price":0,"volume":12,"open_interest":7,"result":"","floor_strike":84.5}"#,
    )
    .unwrap();
    let new = market(
        r#"{"ticker":"KXA-1","event_ticker":"KXA","yes_sub_title":"up","status":"active","yes_bid_dollars":"0.0000",
            "yes_ask_dollars":"1.0000","last_price_dollars":"0.0000","volume_fp":"12.00","open_interest_fp":"7.00",
            "result":"","floor_strike":84.5,"price_ranges":[{"start":"0.0000","end":"1.0000","step":"0.0100"}],
            "updated_time":"0001-01-01T00:00:00Z"}"#,
    )
    .unwrap();

    assert_eq!(old, new);
    assert_eq!(
        (old.yes_bid, old.yes_ask, old.last_price, old.result),
        (None, None, None, None)
    );
    assert_eq!(old.volume, Some(Quantity::from_contracts(12)));
    assert_eq!(old.floor_strike.as_deref(), Some("84.5"));
}

#[test]
fn a_market_may_be_four_fields() {
    let partial = market(
        r#"{"ticker":"KXA-1","close_time":"2026-05-11T05:45:00Z","status":"finalized","result":"no"}"#,
    )
    .unwrap();

    assert_eq!(
        (partial.status, partial.result),
        (MarketStatus::Finalized, Some(MarketResult::No))
    );
    assert_eq!((partial.event, partial.grid), (None, TickGrid::linear_cent()));
}

#[test]
fn a_scalar_result_is_its_settlement_value_of_either_generation() {
    let half = Some(MarketResult::Scalar(cents(50)));
    for value in [
        r#""settlement_value":50"#,
        r#""settlement_value_dollars":"0.5000""#,
        r#""settlement_value":"0.5000""#,
    ] {
        let json = format!(r#"{{"ticker":"KXA-1","result":"scalar",{value}}}"#);
        assert_eq!(market(&json).unwrap().result, half, "{value}");
    }
    assert_eq!(
        market(r#"{"ticker":"KXA-1","result":"scalar"}"#).unwrap().result,
        None
    );
}

#[test]
fn a_wrong_market_is_refused_by_field_value_and_rule() {
    for (json, error) in [
        (r#"{"status":"active"}"#, "ticker: missing"),
        (
            r#"{"ticker":"A","result":"maybe"}"#,
            r#"result: "maybe" is none of: yes no scalar"#,
        ),
        (r#"{"ticker":"A","volume":-1}"#, "volume: -1 must not be negative"),
        (
            r#"{"ticker":"A","close_time":"soon"}"#,
            r#"close_time: "soon" is not an RFC 3339 time"#,
        ),
        (r#"{"ticker":"A","title":5}"#, "title: 5 is not a string"),
        (
            r#"{"ticker":"A","price_ranges":[{"start":"0","end":"1","step":"0"}]}"#,
            "price_ranges: price_ranges[0].step is zero",
        ),
        (
            r#"{"ticker":"A","price_ranges":[{"start":"0","end":"2","step":"0.01"}]}"#,
            r#"price_ranges[0].end: "2" is outside 0..1 dollars"#,
        ),
    ] {
        assert_eq!(market(json), Err(error.to_owned()), "{json}");
    }
    assert!(
        market(r#"{"ticker":"A","status":"asleep"}"#)
            .unwrap_err()
            .starts_with(r#"status: "asleep" is none of: init"#)
    );
}

#[test]
fn the_last_instant_of_9999_and_the_first_of_1970_are_times() {
    for time in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"] {
        let trade = trade_with(&format!(r#"{{"created_time":"{time}"}}"#)).unwrap();
        assert_eq!(trade.time, time.parse().unwrap());
    }
    let body: CandlesBody<'_> = serde_json::from_str(
        r#"{"candlesticks":[{"end_period_ts":253402300800,"volume":0,"open_interest":0}]}"#,
    )
    .unwrap();
    let told = body.candlesticks[0]
        .to_candle("A".parse().unwrap(), 60)
        .unwrap_err();
    assert_eq!(
        told.to_string(),
        "end_period_ts: 253402300800 is not a time between 1970 and 9999"
    );
}

#[test]
fn a_text_with_a_nul_is_refused_by_its_field() {
    for (field, others) in [
        ("title", r#","ticker":"A""#),
        ("subtitle", r#","ticker":"A""#),
        ("yes_sub_title", r#","ticker":"A""#),
        ("no_sub_title", r#","ticker":"A""#),
        ("rules_primary", r#","ticker":"A""#),
        ("strike_type", r#","ticker":"A""#),
        ("floor_strike", r#","ticker":"A""#),
        ("price_level_structure", r#","ticker":"A""#),
        ("event_ticker", r#","ticker":"A""#),
        ("ticker", ""),
    ] {
        let json = format!(r#"{{"{field}":"a\u0000b"{others}}}"#);
        let told = market(&json).unwrap_err();
        assert_eq!(told, format!(r#"{field}: "a\0b" contains U+0000"#));
    }
    let body: SeriesBody<'_> = serde_json::from_str(r#"{"ticker":"A","category":"\u0000"}"#).unwrap();
    let told = body.to_series().unwrap_err().to_string();
    assert_eq!(told, r#"category: "\0" contains U+0000"#);
    assert_eq!(
        trade_with(r#"{"trade_id":"t\u0000"}"#),
        Err(r#"trade_id: "t\0" contains U+0000"#.to_owned())
    );
}

#[test]
fn candles_read_alike_live_historical_and_in_cents() {
    let quotes = [
        r#"{"open_dollars":"0.1000","high_dollars":"0.1200","low_dollars":"0.0900","close_dollars":"0.1100"}"#,
        r#"{"open":"0.1000","high":"0.1200","low":"0.0900","close":"0.1100"}"#,
        r#"{"open":10,"high":12,"low":9,"close":11}"#,
    ];
    let candles: Vec<_> = quotes
        .iter()
        .map(|quote| {
            let json = format!(
                r#"{{"ticker":"KXA-1","candlesticks":[{{"end_period_ts":1700000100,"yes_bid":{quote},"yes_ask":{quote},
                    "price":{{"open":null,"high":null,"low":null,"close":null,"previous":11}},"volume":0,"open_interest":5}}]}}"#
            );
            let body: CandlesBody<'_> = serde_json::from_str(&json).unwrap();
            body.candlesticks[0].to_candle("KXA-1".parse().unwrap(), 60).unwrap()
        })
        .collect();

    assert_eq!(candles[0].yes_bid.unwrap().high, cents(12));
    assert_eq!((candles[0].price, candles[0].previous), (None, Some(cents(11))));
    assert!(candles.iter().all(|candle| *candle == candles[0]));
}

#[test]
fn a_candle_with_half_its_prices_names_the_missing_one() {
    let body: CandlesBody<'_> = serde_json::from_str(
        r#"{"candlesticks":[{"end_period_ts":60,"yes_bid":{"open":1,"high":2,"low":1},"volume":0,"open_interest":0}]}"#,
    )
    .unwrap();

    let error = body.candlesticks[0]
        .to_candle("A".parse().unwrap(), 1)
        .unwrap_err();
    assert_eq!(error.to_string(), "yes_bid.close_dollars: missing");
}

#[test]
fn books_read_alike_in_every_generation() {
    let mut books = [
        r#"{"orderbook":{"yes":[[42,13],[43,1]],"no":null}}"#,
        r#"{"orderbook":{"yes":[[42,13],[43,1]],"no":null,"yes_dollars":[["0.4200",13],["0.4300",1]],"no_dollars":null}}"#,
        r#"{"orderbook_fp":{"yes_dollars":[["0.4200","13.00"],["0.4300","1.00"]],"no_dollars":[]}}"#,
    ]
    .map(|json| serde_json::from_str::<OrderbookBody<'_>>(json).unwrap().to_levels().unwrap())
    .into_iter();
    let first = books.next().unwrap();

    assert_eq!(
        (first.yes[0].price, first.yes[0].quantity),
        (cents(42), Quantity::from_contracts(13))
    );
    assert!(first.no.is_empty());
    assert!(books.all(|book| book == first));
    let wrong: OrderbookBody<'_> =
        serde_json::from_str(r#"{"orderbook":{"yes":[[42,13],[101,1]]}}"#).unwrap();
    assert_eq!(
        wrong.to_levels().unwrap_err().to_string(),
        "yes[1]: 101 is outside 0..100 cents"
    );
    let empty: OrderbookBody<'_> = serde_json::from_str(r#"{"orderbook":{}}"#).unwrap();
    assert!(empty.to_levels().unwrap().yes.is_empty());
}

#[test]
fn a_series_and_an_event_come_back_as_they_were_written() {
    let series = Series {
        ticker: "KXA".parse().unwrap(),
        title: Some("A".to_owned()),
        category: Some("World".to_owned()),
        frequency: Some("daily".to_owned()),
        fee_type: Some(FeeType::QuadraticWithMakerFees),
        fee_multiplier: Some(FeeMultiplier::from_millionths(500_000)),
    };
    let written = encode_series(&series);
    let read: SeriesBody<'_> = serde_json::from_str(&written).unwrap();
    assert_eq!(read.to_series().unwrap(), series);
    assert!(written.contains(r#""fee_multiplier":0.5"#), "{written}");

    let event = Event {
        ticker: "KXA-1".parse().unwrap(),
        series: series.ticker.clone(),
        title: "Will it?".to_owned(),
        sub_title: String::new(),
        category: Some("World".to_owned()),
        mutually_exclusive: true,
        collateral_return: CollateralReturn::Mecnet,
        strike_date: Some("2026-01-02T03:04:05Z".parse().unwrap()),
        fee_type_override: None,
        fee_multiplier_override: Some(FeeMultiplier::ONE),
    };
    let market = market(
        r#"{"ticker":"KXA-1-T1","event_ticker":"KXA-1","status":"finalized","result":"yes","yes_bid":40,"yes_ask":42,
            "last_price":41,"volume":3,"volume_24h":0,"open_interest":0,"yes_bid_size_fp":"1.00","yes_ask_size_fp":"2.50",
            "settlement_timer_seconds":0,"price_level_structure":"linear_cent","close_time":"2026-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    let written = encode_event_body(&event, std::slice::from_ref(&market));
    let read: EventResponse<'_> = serde_json::from_str(&written).unwrap();
    assert_eq!(read.event.to_event().unwrap(), event);
    let back = read.markets[0].to_market().unwrap();
    assert_eq!(back, market);
}

prop_compose! {
    fn any_trade()(
        id in "[a-z0-9-]{1,36}", units in 0u16..=10_000, count in 1i64..1_000_000_000, micros in 0i64..4_000_000_000_000_000,
        yes: bool, is_block: bool,
    ) -> kmi_domain::PublicTrade {
        kmi_domain::PublicTrade {
            id: id.parse().unwrap(),
            ticker: "KXA-1".parse().unwrap(),
            time: kmi_domain::Timestamp::from_micros(micros),
            yes_price: Price::from_units(units).unwrap(),
            quantity: Quantity::from_units(count),
            taker: if yes { Side::Yes } else { Side::No },
            is_block,
        }
    }
}

proptest! {
    #[test]
    fn every_trade_comes_back_as_it_was_written(trade in any_trade()) {
        let written = encode_trade(&trade);
        let read: TradeBody<'_> = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(read.to_trade().unwrap(), trade);
    }

    #[test]
    fn every_candle_comes_back_as_it_was_written(prices in prop::array::uniform4(0u16..=10_000), traded: bool, volume in 0i64..1_000_000) {
        let [open, high, low, close] = prices.map(|units| Price::from_units(units).unwrap());
        let ohlc = kmi_domain::Ohlc { open, high, low, close };
        let candle = kmi_domain::Candle {
            ticker: "KXA-1".parse().unwrap(),
            period_min: 60,
            end: kmi_domain::Timestamp::from_seconds(1_700_000_000),
            yes_bid: Some(ohlc),
            yes_ask: Some(ohlc),
            price: traded.then_some(ohlc),
            mean: traded.then_some(open),
            previous: None,
            volume: Quantity::from_units(volume),
            open_interest: Quantity::ZERO,
        };
        let written = encode_candle(&candle);
        let read: kmi_kalshi::wire::CandleBody<'_> = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(read.to_candle("KXA-1".parse().unwrap(), 60).unwrap(), candle);
    }
}
