//! What the benches of the board and the hub share: a realistic exchange, and how figures are printed.

#![allow(dead_code, reason = "each bench uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say"
)]

use kmi_domain::{Price, Quantity, Timestamp};
use kmi_kalshi::api::event::Event;
use kmi_kalshi::api::market::{Market, MarketsPage};
use kmi_kalshi::api::series::Series;
use kmi_kalshi::ws::message::TickerUpdate;
use serde_json::json;

/// Markets of the exchange.
pub(crate) const MARKETS: usize = 20_000;

/// Markets of an event.
const OF_EVENT: usize = 8;

/// Events of a series.
const OF_SERIES: usize = 6;

/// Markets on a page of a sweep.
pub(crate) const PAGE: usize = 1_000;

/// `--runs N` of the command line.
pub(crate) fn runs() -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--runs");
    arguments.nth(1).and_then(|count| count.parse().ok()).unwrap_or(5)
}

pub(crate) fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Second `s` of the bench.
pub(crate) fn at(s: usize) -> Timestamp {
    Timestamp::from_seconds(1_795_000_000 + i64::try_from(s).unwrap())
}

pub(crate) fn ticker(market: usize) -> String {
    format!(
        "KXHIGHBENCH{:03}-26NOV{:02}-B{:05}",
        series_of(market),
        market / OF_EVENT % 28 + 1,
        market
    )
}

fn event_of(market: usize) -> usize {
    market / OF_EVENT
}

fn series_of(market: usize) -> usize {
    event_of(market) / OF_SERIES
}

fn event_ticker(event: usize) -> String {
    format!(
        "KXHIGHBENCH{:03}-26NOV{:02}-E{event:04}",
        event / OF_SERIES,
        event % 28 + 1
    )
}

/// The bid in cents of a market in a sweep; every tenth market moves from sweep to sweep.
fn bid(market: usize, sweep: usize) -> usize {
    let moves = if market % 10 == sweep % 10 { sweep } else { 0 };
    5 + (market * 37 + moves) % 85
}

/// A page of a sweep as the exchange sends it, with texts as long as they are there.
pub(crate) fn page_json(page: usize, sweep: usize) -> String {
    // Written market by market, so that the bench itself leaves little behind in memory.
    let mut text = String::with_capacity(4 << 20);
    text.push_str("{\"markets\":[");
    for market in page * PAGE..(page + 1) * PAGE {
        let comma = if market % PAGE == 0 { "" } else { "," };
        text.push_str(comma);
        text.push_str(&market_json(market, sweep).to_string());
    }
    text.push_str("],\"cursor\":\"next\"}");
    text
}

pub(crate) fn page(page: usize, sweep: usize) -> Vec<Market> {
    serde_json::from_str::<MarketsPage>(&page_json(page, sweep))
        .unwrap()
        .markets
}

fn market_json(market: usize, sweep: usize) -> serde_json::Value {
    let bid = bid(market, sweep);
    let event = event_of(market);
    let degree = market % OF_EVENT + 60;
    let dollars = |cents: usize| format!("0.{cents:02}00");
    json!({
        "ticker": ticker(market), "event_ticker": event_ticker(event), "market_type": "binary",
        "title": format!("Will the high temp in Bench City {event} be {degree}-{}° on Nov {}, 2026?", degree + 1, event % 28 + 1),
        "subtitle": format!("{degree}° to {}°", degree + 1),
        "yes_sub_title": format!("{degree}° to {}°", degree + 1), "no_sub_title": format!("{degree}° to {}°", degree + 1),
        "created_time": "2026-11-18T15:00:00Z", "updated_time": "2026-11-19T15:00:00.123456Z",
        "open_time": "2026-11-19T15:00:00Z", "close_time": "2026-12-21T05:59:00Z",
        "expected_expiration_time": "2026-12-21T15:00:00Z", "expiration_time": "2026-12-27T15:00:00Z",
        "latest_expiration_time": "2026-12-27T15:00:00Z", "settlement_timer_seconds": 3600, "status": "active",
        "yes_bid_dollars": dollars(bid), "yes_bid_size_fp": format!("{}.00", 100 + market % 977),
        "yes_ask_dollars": dollars(bid + 2), "yes_ask_size_fp": "250.00",
        "no_bid_dollars": dollars(98 - bid), "no_ask_dollars": dollars(100 - bid),
        "last_price_dollars": dollars(bid + 1), "volume_fp": format!("{}.00", market * 13),
        "volume_24h_fp": format!("{}.00", market * 7919 % 50_000), "result": "", "can_close_early": true,
        "open_interest_fp": format!("{}.00", market * 5), "notional_value_dollars": "1.0000",
        "previous_yes_bid_dollars": dollars(bid), "previous_yes_ask_dollars": dollars(bid + 2),
        "previous_price_dollars": dollars(40), "settlement_bounds_type": "default", "expiration_value": "",
        "early_close_condition": "This market will close and expire early if the event occurs.",
        "strike_type": "between", "floor_strike": degree, "cap_strike": degree + 1,
        "rules_primary": format!(
            "If the highest temperature recorded in Bench City {event} for November {}, 2026 as reported by the National Weather \
             Service's Climatological Report (Daily), is between {degree}-{}°, then the market resolves to Yes.",
            event % 28 + 1, degree + 1),
        "rules_secondary": format!("Event {event}. {}", SECONDARY.repeat(2)),
        "price_level_structure": "linear_cent",
        "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
        "exchange_index": 0,
    })
}

/// About 500 characters, as rules run.
const SECONDARY: &str = "Not all weather data is the same. While checking a source like a phone or a television channel may help guide \
    your decision, the official and final value used to determine this market is the highest temperature as reported by the service's \
    daily report. Preliminary reports may be subject to rounding and conversion, and revisions made after expiration are not taken into \
    account. If the report is delayed beyond the last expiration date, the market resolves by the last complete report. ";

pub(crate) fn events() -> Vec<Event> {
    let event = |event: usize| {
        serde_json::from_value(json!({
            "event_ticker": event_ticker(event), "series_ticker": format!("KXHIGHBENCH{:03}", event / OF_SERIES),
            "title": format!("Highest temperature in Bench City {event} on Nov {}, 2026?", event % 28 + 1),
            "sub_title": format!("On Nov {}, 2026", event % 28 + 1), "collateral_return_type": "MECNET", "mutually_exclusive": true,
            "category": "Climate and Weather", "strike_date": "2026-12-21T05:00:00Z",
            "product_metadata": {"competition": null, "custom": "a few words of metadata"},
            "settlement_sources": [{"name": "National Weather Service", "url": "https://weather.example/climate/report"}],
        }))
        .unwrap()
    };
    (0..MARKETS / OF_EVENT).map(event).collect()
}

pub(crate) fn all_series() -> Vec<Series> {
    let series = |series: usize| {
        serde_json::from_value(json!({
            "ticker": format!("KXHIGHBENCH{series:03}"), "frequency": "daily",
            "title": format!("Highest temperature in Bench City {series}"), "category": "Climate and Weather",
            "tags": ["Daily temperature"], "contract_url": "https://exchange.example/contracts/HIGHBENCH.pdf",
            "settlement_sources": [{"name": "National Weather Service", "url": "https://weather.example/climate/report"}],
            "contract_terms_url": "https://exchange.example/terms/HIGHBENCH.pdf", "fee_type": "quadratic", "fee_multiplier": 1,
        }))
        .unwrap()
    };
    (0..=MARKETS / OF_EVENT / OF_SERIES).map(series).collect()
}

/// Update `number` of the stream, of a market all over the board.
pub(crate) fn update(number: usize) -> TickerUpdate {
    let market = number * 7919 % MARKETS;
    let price = |cents: usize| Price::from_cents(u8::try_from(cents).unwrap()).unwrap();
    let bid = 5 + (number + market) % 85;
    TickerUpdate {
        market_ticker: ticker(market).parse().unwrap(),
        market_id: None,
        price_dollars: price(bid + 1),
        yes_bid_dollars: price(bid),
        yes_ask_dollars: price(bid + 2),
        yes_bid_size_fp: Quantity::from_contracts(100),
        yes_ask_size_fp: Quantity::from_contracts(250),
        last_trade_size_fp: Quantity::ONE,
        volume_fp: Quantity::from_units(i64::try_from(number).unwrap() * 100),
        open_interest_fp: Quantity::from_contracts(5),
        dollar_volume: 1_000,
        dollar_open_interest: 100,
        ts_ms: at(number / 5_800),
        ts: None,
        time: None,
    }
}
