//! What a server refuses of a request's body, and with which words: the field with its place, and the rule.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use kmi_domain::{Price, Quantity};
use kmi_kalshi::api::code::ErrorAnswer;
use kmi_kalshi::api::keys::{CreateApiKey, GenerateApiKey};
use kmi_kalshi::api::orders::{AmendOrder, BatchCancel, BatchCreate, CreateOrder, DecreaseOrder};
use kmi_kalshi::api::request::{BadBody, Fault, decode};
use kmi_kalshi::api::transfers::{ShardTransferRequest, SubaccountTransferRequest};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn order() -> Value {
    json!({
        "ticker": "A", "side": "bid", "count": "10", "price": "0.56",
        "time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross",
    })
}

fn refused<T: DeserializeOwned>(body: &Value) -> BadBody {
    match decode::<T>(body.to_string().as_bytes()) {
        Ok(_) => panic!("taken: {body}"),
        Err(error) => error,
    }
}

const DOLLARS: &str = "expected a string of dollars with 2 to 4 decimals";
const CONTRACTS: &str = "expected a string of contracts with at most 2 decimals";

/// Wants an order with each of these values refused, with these words.
#[track_caller]
fn refused_order(cases: impl IntoIterator<Item = (&'static str, Value, String)>) {
    for (field, value, rule) in cases {
        let mut body = order();
        body[field] = value;
        let error = refused::<CreateOrder>(&body);
        assert_eq!(error.to_string(), rule);
        assert_eq!(error.fault, Fault::Malformed);
        assert_eq!(error.field, field);
    }
}

#[test]
fn amounts_of_a_new_order_are_refused_by_field_and_rule() {
    refused_order([
        (
            "count",
            json!(10),
            format!("count: invalid type: integer `10`, {CONTRACTS}"),
        ),
        (
            "count",
            json!(2.5),
            format!("count: invalid type: floating point `2.5`, {CONTRACTS}"),
        ),
        (
            "count",
            json!(null),
            format!("count: invalid type: null, {CONTRACTS}"),
        ),
        (
            "count",
            json!("1.234"),
            format!("count: invalid value: string \"1.234\", {CONTRACTS}"),
        ),
        (
            "count",
            json!("1e3"),
            format!("count: invalid value: string \"1e3\", {CONTRACTS}"),
        ),
        (
            "count",
            json!("--1"),
            format!("count: invalid value: string \"--1\", {CONTRACTS}"),
        ),
        (
            "count",
            json!(""),
            format!("count: invalid value: string \"\", {CONTRACTS}"),
        ),
        (
            "price",
            json!(0.56),
            format!("price: invalid type: floating point `0.56`, {DOLLARS}"),
        ),
        (
            "price",
            json!(56),
            format!("price: invalid type: integer `56`, {DOLLARS}"),
        ),
        (
            "price",
            json!("0.5"),
            format!("price: invalid value: string \"0.5\", {DOLLARS}"),
        ),
        (
            "price",
            json!("0.56789"),
            format!("price: invalid value: string \"0.56789\", {DOLLARS}"),
        ),
    ]);
}

#[test]
fn other_fields_of_a_new_order_are_refused_by_field_and_rule() {
    let words = |words: &str| format!("unknown variant `{}`, expected one of {words}", "GTT");
    refused_order([
        ("ticker", json!(5), "ticker: 5 is not a string".to_owned()),
        ("ticker", json!(""), "ticker: missing".to_owned()),
        ("ticker", json!("A B"), "ticker: \"A B\" contains ' '".to_owned()),
        (
            "time_in_force",
            json!("GTT"),
            format!(
                "time_in_force: {}",
                words("`fill_or_kill`, `good_till_canceled`, `immediate_or_cancel`")
            ),
        ),
        (
            "side",
            json!("yes"),
            "side: unknown variant `yes`, expected `bid` or `ask`".to_owned(),
        ),
        (
            "self_trade_prevention_type",
            json!("both"),
            "self_trade_prevention_type: unknown variant `both`, expected `taker_at_cross` or `maker`"
                .to_owned(),
        ),
        (
            "post_only",
            json!("true"),
            "post_only: invalid type: string \"true\", expected a boolean".to_owned(),
        ),
        (
            "subaccount",
            json!(-1),
            "subaccount: invalid value: integer `-1`, expected u8".to_owned(),
        ),
        (
            "client_order_id",
            json!(7),
            "client_order_id: invalid type: integer `7`, expected a string".to_owned(),
        ),
        (
            "expiration_time",
            json!(-5),
            "expiration_time: invalid value: integer `-5`, expected Unix seconds between 1970 and 9999"
                .to_owned(),
        ),
        (
            "expiration_time",
            json!(1_795_237_200.5),
            "expiration_time: invalid type: floating point `1795237200.5`, expected i64".to_owned(),
        ),
        (
            "exchange_index",
            json!("0"),
            "exchange_index: invalid type: string \"0\", expected i32".to_owned(),
        ),
    ]);
}

#[test]
fn every_required_field_is_missed() {
    for field in [
        "ticker",
        "side",
        "count",
        "price",
        "time_in_force",
        "self_trade_prevention_type",
    ] {
        let mut body = order();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(
            refused::<CreateOrder>(&body).to_string(),
            format!("missing field `{field}`")
        );
    }
    for field in ["ticker", "side", "count", "price"] {
        let mut body = order();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(
            refused::<AmendOrder>(&body).to_string(),
            format!("missing field `{field}`")
        );
    }
}

#[test]
fn prices_and_sizes_out_of_range_have_codes_of_their_own() {
    for (field, value, code, rule) in [
        (
            "price",
            "1.01",
            "invalid_price",
            "price: a price lies between 0 and 1 dollar, not 1.01",
        ),
        (
            "price",
            "-0.01",
            "invalid_price",
            "price: a price lies between 0 and 1 dollar, not -0.01",
        ),
        (
            "count",
            "99999999999999999999",
            "invalid_order_size",
            "count: a size is at most ten billion contracts, not 99999999999999999999",
        ),
    ] {
        let mut body = order();
        body[field] = json!(value);
        let answer = ErrorAnswer::from(refused::<CreateOrder>(&body));
        assert_eq!(answer.status, 400);
        assert_eq!(
            serde_json::to_value(&answer.body).unwrap(),
            json!({"error": {"code": code, "message": code, "details": rule}})
        );
    }
    // A size that exists but is none to trade is for the exchange to refuse, order by order.
    for size in ["0", "-1.00"] {
        let mut body = order();
        body["count"] = json!(size);
        assert!(decode::<CreateOrder>(body.to_string().as_bytes()).is_ok());
    }
}

#[test]
fn a_malformed_body_is_answered_flat() {
    let mut body = order();
    body["count"] = json!(10);
    let answer = ErrorAnswer::from(refused::<CreateOrder>(&body));
    assert_eq!(answer.status, 400);
    assert_eq!(
        serde_json::to_value(&answer.body).unwrap(),
        json!({
            "code": "bad_request", "message": "bad request",
            "details": "count: invalid type: integer `10`, expected a string of contracts with at most 2 decimals",
        })
    );
}

#[test]
fn an_item_of_a_batch_is_named_by_its_place() {
    let mut second = order();
    second["price"] = json!(0.56);
    let error = refused::<BatchCreate>(&json!({"orders": [order(), second]}));
    assert_eq!(error.field, "orders[1].price");
    let mut second = order();
    second.as_object_mut().unwrap().remove("side");
    let error = refused::<BatchCreate>(&json!({"orders": [order(), second]}));
    assert_eq!(error.to_string(), "orders[1]: missing field `side`");
    let error = refused::<BatchCancel>(&json!({"orders": [{"order_id": "o-1"}, {"order_id": 5}]}));
    assert_eq!(
        error.to_string(),
        "orders[1].order_id: invalid type: integer `5`, expected a string"
    );
    assert_eq!(
        refused::<BatchCreate>(&json!({})).to_string(),
        "missing field `orders`"
    );
}

#[test]
fn other_bodies_are_as_strict() {
    assert_eq!(
        refused::<DecreaseOrder>(&json!({"reduce_by": 2})).to_string(),
        format!("reduce_by: invalid type: integer `2`, {CONTRACTS}")
    );
    let transfer = |amount: Value| json!({"client_transfer_id": "x", "from_subaccount": 0, "to_subaccount": 1, "amount_cents": amount});
    for (amount, rule) in [
        (
            json!("150"),
            "amount_cents: invalid type: string \"150\", expected i64",
        ),
        (
            json!(1.5),
            "amount_cents: invalid type: floating point `1.5`, expected i64",
        ),
        (
            json!(0),
            "amount_cents: invalid value: integer `0`, expected an amount above zero that exists",
        ),
        (
            json!(i64::MAX),
            "amount_cents: invalid value: integer `9223372036854775807`, expected an amount above zero that exists",
        ),
    ] {
        assert_eq!(
            refused::<SubaccountTransferRequest>(&transfer(amount)).to_string(),
            rule
        );
    }
    assert_eq!(
        refused::<ShardTransferRequest>(
            &json!({"source": "moon", "destination": "event_contract", "amount": 1})
        )
        .to_string(),
        "source: unknown word, expected one of: event_contract, margined"
    );
    assert_eq!(
        refused::<GenerateApiKey>(&json!({"name": "x", "key_type": "dsa"})).to_string(),
        "key_type: unknown word, expected one of: rsa, ed25519"
    );
    assert!(
        refused::<CreateApiKey>(&json!({"name": "x", "public_key": "y", "scopes": ["read", "admin"]}))
            .to_string()
            .starts_with("scopes: unknown word, expected one of: read, write, ")
    );
}

proptest! {
    #[test]
    fn every_price_and_size_is_read_as_it_is_written(units in 0u16..=10_000, hundredths in 0i64..=1_000_000_000_000) {
        let (price, count) = (Price::from_units(units).unwrap(), Quantity::from_units(hundredths));
        let written = CreateOrder::bid("A".parse().unwrap(), price, count);
        let json = serde_json::to_vec(&written).unwrap();
        prop_assert_eq!(decode::<CreateOrder>(&json).unwrap(), written);
    }

    /// Whatever stands there, it is refused or it is a price with the digits that were sent.
    #[test]
    fn no_text_is_taken_for_another_amount(text in "[-+]?[0-9.eE ]{0,12}") {
        let mut body = order();
        body["price"] = json!(text);
        body["count"] = json!("1");
        if let Ok(order) = decode::<CreateOrder>(body.to_string().as_bytes()) {
            let (whole, fraction) = text.split_once('.').unwrap();
            prop_assert!((2..=4).contains(&fraction.len()));
            let padded = format!("{}.{fraction:0<4}", whole.trim_start_matches(['-', '0']));
            let read = order.price.to_string();
            prop_assert_eq!(read.trim_start_matches('0'), padded);
        }
        body["price"] = json!("0.50");
        body["count"] = json!(text);
        if let Ok(order) = decode::<CreateOrder>(body.to_string().as_bytes()) {
            let parsed: f64 = text.parse().unwrap();
            prop_assert!((order.count.contracts() - parsed).abs() < 1e-9 * parsed.abs().max(1.0));
        }
    }

    /// Bytes never panic, and what they are refused for is told in bounded words.
    #[test]
    fn any_bytes_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = decode::<BatchCreate>(&bytes) {
            prop_assert!(error.to_string().len() < 600);
        }
    }

    /// A number is no amount, whichever it is.
    #[test]
    fn a_json_number_is_never_a_price_or_a_size(number in any::<f64>().prop_filter("finite", |n| n.is_finite())) {
        for field in ["price", "count"] {
            let mut body = order();
            body[field] = json!(number);
            prop_assert_eq!(refused::<CreateOrder>(&body).field, field);
        }
    }
}
