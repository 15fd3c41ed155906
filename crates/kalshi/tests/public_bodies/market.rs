//! Markets.

use kmi_domain::{MarketResult, Price, Quantity, TickGrid};
use kmi_kalshi::api::drift::{Flavour, known_fields};
use kmi_kalshi::api::market::{Market, MarketResponse, MarketsPage, StatusWord};
use kmi_kalshi::wire::MarketBody;
use serde_json::{Value, json};

use crate::check_object;
use crate::round_trip;

/// A market with every field there is.
pub(crate) fn full_market() -> Value {
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
