//! Bodies recorded in August.

use kmi_kalshi::api::candle::{Candlestick, Period};
use kmi_kalshi::api::event::Event;
use kmi_kalshi::api::market::Market;
use kmi_kalshi::api::series::SeriesResponse;
use kmi_kalshi::wire::{CandleBody, MarketBody};
use serde_json::Value;

use crate::check_object;
use crate::common;

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
