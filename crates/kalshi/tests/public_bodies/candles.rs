//! Candlesticks of both tiers.

use kmi_domain::{Price, Timestamp};
use kmi_kalshi::api::candle::{
    BatchCandlesResponse, CandlesResponse, Candlestick, EventCandlesResponse, HistoricalCandlesResponse,
    HistoricalCandlestick, MarketCandles, Period,
};
use kmi_kalshi::wire::CandleBody;
use serde_json::{Value, json};

use crate::check_object;
use crate::round_trip;

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
