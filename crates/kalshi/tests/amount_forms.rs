//! Amounts in answers: what is written reads back, and a number reads as the string it should have been.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use kmi_domain::{Money, Price, Quantity, Timestamp};
use kmi_kalshi::api::amount;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Amounts {
    #[serde(with = "amount::dollars")]
    price: Price,
    #[serde(with = "amount::count")]
    count: Quantity,
    #[serde(with = "amount::money")]
    money: Money,
    #[serde(with = "amount::money6")]
    exact: Money,
    #[serde(with = "amount::cents")]
    cents: Money,
    #[serde(with = "amount::unix_millis")]
    at: Timestamp,
}

fn amounts() -> impl Strategy<Value = Amounts> {
    let micros = -1_000_000_000_000i64..1_000_000_000_000;
    (
        0u16..=10_000,
        -1_000_000_000i64..1_000_000_000,
        micros.clone(),
        micros,
        -1_000_000i64..1_000_000,
        0i64..4_000_000_000_000,
    )
        .prop_map(|(price, count, money, exact, cents, millis)| Amounts {
            price: Price::from_units(price).unwrap(),
            count: Quantity::from_units(count),
            money: Money::from_micros(money),
            exact: Money::from_micros(exact),
            cents: Money::from_cents(cents),
            at: Timestamp::from_millis(millis),
        })
}

/// The JSON number with the same digits.
fn number(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_reads_back(amounts in amounts()) {
        let json = serde_json::to_string(&amounts).unwrap();
        prop_assert_eq!(serde_json::from_str::<Amounts>(&json).unwrap(), amounts);
    }

    #[test]
    fn a_number_reads_as_the_string_with_its_digits(amounts in amounts()) {
        let mut json = serde_json::to_value(amounts).unwrap();
        for field in ["price", "count", "money", "exact"] {
            json[field] = number(&json[field]);
        }
        for field in ["cents", "at"] {
            json[field] = Value::String(json[field].to_string());
        }
        prop_assert_eq!(serde_json::from_str::<Amounts>(&json.to_string()).unwrap(), amounts);
    }

    #[test]
    fn strings_have_the_decimals_of_their_form(amounts in amounts()) {
        let json = serde_json::to_value(amounts).unwrap();
        let decimals = |field: &str| json[field].as_str().unwrap().split_once('.').unwrap().1.len();
        prop_assert_eq!((decimals("price"), decimals("count"), decimals("exact")), (4, 2, 6));
        let wanted = if amounts.money.micros() % 100 == 0 { 4 } else { 6 };
        prop_assert_eq!(decimals("money"), wanted);
    }

    #[test]
    fn any_text_is_taken_or_refused(text in ".{0,40}") {
        let value = json!(text);
        let _ = amount::dollars::deserialize(&value);
        let _ = amount::option_money::deserialize(&value);
        let _ = amount::rfc3339::deserialize(&value);
        if let Ok(count) = amount::count::deserialize(&value) {
            prop_assert_eq!(text.parse::<Quantity>().unwrap(), count);
        }
    }
}
