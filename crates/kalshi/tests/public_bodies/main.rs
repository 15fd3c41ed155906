//! Bodies of public data: what they are written as, what they read, and that they are what the specification asks.
#![allow(clippy::unwrap_used, reason = "a test that fails should stop where it fails")]
#![recursion_limit = "256"]

#[path = "../common/mod.rs"]
mod common;

mod candles;
mod catalogue;
mod exchange;
mod market;
mod recorded;
mod trading;

use kmi_domain::Timestamp;
use kmi_kalshi::api::drift::{Flavour, known_fields};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
pub(crate) fn check_object(place: &str, object: &str, value: &Value) -> Result<(), String> {
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
pub(crate) fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
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
