//! How amounts and times stand in JSON: modules for `#[serde(with = "…")]`.
//!
//! Each comes twice: `dollars` for a required field, `option_dollars` for one that may be absent, `null` or an empty string.
//! An optional field needs `#[serde(default, skip_serializing_if = "Option::is_none", with = "…")]`; without the middle one
//! nothing is written as `null`. All read strings and numbers alike, and exactly: a number's digits are read as text, no
//! amount passes through floating-point arithmetic.

use std::fmt::Display;
use std::str::FromStr;

use kmi_domain::{FeeMultiplier, Money, Price, Quantity, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::wire::Scalar;
use crate::wire::field::{Fault, FieldError, Named};

/// How the exchange writes "never" where it must write a time: the first second of year one.
pub const NEVER: Timestamp = Timestamp::from_seconds(-62_135_596_800);

/// A JSON leaf without its key, which serde's error does not carry anyway.
fn unnamed<'s, 'a>(value: &'s Scalar<'a>) -> Named<'s, 'a> {
    Named { key: "", value }
}

/// What serde is told: the value and the rule it breaks.
fn told<E: serde::de::Error>(error: FieldError) -> E {
    E::custom(error.fault)
}

fn is_never(time: Timestamp) -> bool {
    time == NEVER
}

/// Makes the pair of modules for one form of one type: how a present leaf is read, how a value is written, and which value
/// read means that there is none.
macro_rules! form {
    ($(#[$doc:meta])* $name:ident, $option:ident: $type:ty = $read:expr, $write:expr) => {
        form!($(#[$doc])* $name, $option: $type = $read, $write, |_| false);
    };
    ($(#[$doc:meta])* $name:ident, $option:ident: $type:ty = $read:expr, $write:expr, $none:expr) => {
        $(#[$doc])*
        pub mod $name {
            #[allow(clippy::wildcard_imports, reason = "the module is a part of its parent, cut out by a macro")]
            use super::*;

            /// Writes the value.
            ///
            /// # Errors
            /// The serializer's own.
            pub fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$type) -> _ = $write;
                write(value).serialize(serializer)
            }

            /// Reads the value.
            ///
            /// # Errors
            /// When there is nothing, or something that is no such value.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let leaf = Scalar::deserialize(deserializer)?;
                let read: fn(Named<'_, '_>) -> Result<$type, FieldError> = $read;
                unnamed(&leaf).required().and_then(read).map_err(told)
            }
        }

        $(#[$doc])*
        ///
        /// Optional: absent, `null` and an empty string are `None`, which is written as `null`.
        pub mod $option {
            #[allow(clippy::wildcard_imports, reason = "the module is a part of its parent, cut out by a macro")]
            use super::*;

            /// Writes the value or `null`.
            ///
            /// # Errors
            /// The serializer's own.
            pub fn serialize<S: Serializer>(value: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                match value {
                    Some(value) => super::$name::serialize(value, serializer),
                    None => serializer.serialize_unit(),
                }
            }

            /// Reads the value.
            ///
            /// # Errors
            /// When something is there that is no such value.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                let leaf = Scalar::deserialize(deserializer)?;
                let read: fn(Named<'_, '_>) -> Result<$type, FieldError> = $read;
                let is_none: fn(&$type) -> bool = $none;
                let value = unnamed(&leaf).present().map(read).transpose().map_err(told)?;
                Ok(value.filter(|value| !is_none(value)))
            }

            /// Reads the value where there is one, for fields that nothing depends on: what cannot be read is `None`, too.
            ///
            /// # Errors
            /// Only for JSON that is none.
            pub fn deserialize_if_readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                let leaf = Scalar::deserialize(deserializer)?;
                let read: fn(Named<'_, '_>) -> Result<$type, FieldError> = $read;
                let is_none: fn(&$type) -> bool = $none;
                let value = unnamed(&leaf).present().and_then(|leaf| read(leaf).ok());
                Ok(value.filter(|value| !is_none(value)))
            }
        }
    };
}

form! {
    /// A price in dollars, `"0.5600"`: always four decimals out.
    dollars, option_dollars: Price = |leaf| leaf.dollars(), Price::to_string
}
form! {
    /// Money in dollars, `"-0.8820"`: always four decimals out, a finer rest cut off towards zero.
    money4, option_money4: Money = read_money, |money: &Money| write_money4(*money)
}
form! {
    /// Money in dollars, `"0.064780"`: always six decimals out.
    money6, option_money6: Money = read_money, |money: &Money| write_money6(*money)
}
form! {
    /// Money in dollars, `"0.5800"` or `"0.583333"`: four decimals out, six where the amount needs them.
    money, option_money: Money = read_money, Money::to_string
}
form! {
    /// Contracts, `"13.00"`, of either sign: always two decimals out.
    count, option_count: Quantity = |leaf| leaf.signed_quantity(), Quantity::to_string
}
form! {
    /// Money in whole cents, `1050`; what is less than a cent is cut off towards zero.
    cents, option_cents: Money = |leaf| read_units(leaf, 10_000), |money: &Money| money.micros() / 10_000
}
form! {
    /// Money in hundredths of a cent, `105000`; what is less is cut off towards zero.
    centi_cents, option_centi_cents: Money = |leaf| read_units(leaf, 100), |money: &Money| money.micros() / 100
}
form! {
    /// An instant in whole seconds since 1970, rounded down.
    unix_seconds, option_unix_seconds: Timestamp =
        |leaf| leaf.optional_seconds().map(|time| time.unwrap_or(NEVER)), |time: &Timestamp| time.seconds(), |time| is_never(*time)
}
form! {
    /// An instant in whole milliseconds since 1970, rounded down.
    unix_millis, option_unix_millis: Timestamp =
        |leaf| leaf.optional_millis().map(|time| time.unwrap_or(NEVER)), |time: &Timestamp| time.millis(), |time| is_never(*time)
}
form! {
    /// An instant as an RFC 3339 text in UTC, `"2026-11-21T05:00:00.25Z"`. "Never" reads as [`NEVER`], or as `None` where there is one.
    rfc3339, option_rfc3339: Timestamp =
        |leaf| leaf.optional_time().map(|time| time.unwrap_or(NEVER)), Timestamp::to_string, |time| is_never(*time)
}
form! {
    /// A factor on a fee rate, a JSON number: `0.5`.
    multiplier, option_multiplier: FeeMultiplier = read_multiplier, |multiplier: &FeeMultiplier| write_multiplier(*multiplier)
}
form! {
    /// A number in a question's own unit, kept as the text it was, `83.5`; written as a JSON number where it is one.
    number_text, option_number_text: String = read_number_text, |text: &String| write_number_text(text)
}

/// An instant that a body must have though there may be none: `None` is written as the first second of year one.
pub mod rfc3339_or_never {
    use super::{Deserializer, NEVER, Serializer, Timestamp, option_rfc3339, rfc3339};

    /// Writes the instant, or "never".
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        rfc3339::serialize(&time.unwrap_or(NEVER), serializer)
    }

    /// Reads the instant; "never", `null` and an empty string are `None`.
    ///
    /// # Errors
    /// When something is there that is no RFC 3339 time between 1970 and 9999.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        option_rfc3339::deserialize(deserializer)
    }
}

/// Anything that prints and parses, as a JSON string: tickers, ids, sides.
pub mod text {
    use super::{Deserialize, Deserializer, Display, Fault, FromStr, Scalar, Serializer, read_text};

    /// Writes the value's text.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Parses the text.
    ///
    /// # Errors
    /// When there is none, or one that does not parse.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        read_text(&Scalar::deserialize(deserializer)?)?
            .ok_or_else(|| serde::de::Error::custom(Fault::Missing))
    }
}

/// Anything that prints and parses, as a JSON string, or nothing: absent, `null` and an empty string are `None`.
pub mod option_text {
    use super::{Deserialize, Deserializer, Display, FromStr, Scalar, Serializer, read_text};

    /// Writes the value's text or `null`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_unit(),
        }
    }

    /// Parses the text.
    ///
    /// # Errors
    /// When there is one that does not parse.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        read_text(&Scalar::deserialize(deserializer)?)
    }
}

/// A list that may be absent or `null`, which are an empty one; the exchange's server writes empty lists both ways.
pub mod list {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the list, empty or not.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<T: Serialize, S: Serializer>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(items)
    }

    /// Reads the list.
    ///
    /// # Errors
    /// When an item does not read.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or_default())
    }
}

/// Reads a value whose absence is written as `null`, such as a map without entries:
/// `#[serde(default, deserialize_with = "…")]`.
///
/// # Errors
/// When something is there that is no such value.
pub fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn read_text<T: FromStr<Err: Display>, E: serde::de::Error>(leaf: &Scalar<'_>) -> Result<Option<T>, E> {
    let Some(present) = unnamed(leaf).present() else {
        return Ok(None);
    };
    let text = present.str().map_err(told::<E>)?;
    text.parse()
        .map(Some)
        .map_err(|error| E::custom(format_args!("{leaf} {error}")))
}

fn read_money(leaf: Named<'_, '_>) -> Result<Money, FieldError> {
    leaf.decimal("nine trillion dollars")
}

fn write_money4(money: Money) -> String {
    Money::from_micros(money.micros() - money.micros() % 100).to_string()
}

fn write_money6(money: Money) -> String {
    let sign = if money.is_negative() { "-" } else { "" };
    let micros = money.micros().unsigned_abs();
    format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Whole units of `micros_per_unit`.
fn read_units(leaf: Named<'_, '_>, micros_per_unit: i64) -> Result<Money, FieldError> {
    let micros = leaf.int()?.checked_mul(micros_per_unit);
    micros.map(Money::from_micros).ok_or_else(|| {
        leaf.error(Fault::Outside {
            value: leaf.value.to_string(),
            range: "nine trillion dollars",
        })
    })
}

fn read_multiplier(leaf: Named<'_, '_>) -> Result<FeeMultiplier, FieldError> {
    leaf.optional_multiplier()?
        .ok_or_else(|| leaf.error(Fault::Missing))
}

/// The division rounds once, to the double nearest the decimal, which prints as that decimal again.
fn write_multiplier(multiplier: FeeMultiplier) -> f64 {
    f64::from(multiplier.millionths()) / 1e6
}

fn read_number_text(leaf: Named<'_, '_>) -> Result<String, FieldError> {
    leaf.optional_number_text()?
        .ok_or_else(|| leaf.error(Fault::Missing))
}

fn write_number_text(text: &str) -> Scalar<'static> {
    crate::wire::market::number(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every form once, as a body would hold it.
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Forms {
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_dollars")]
        price: Option<Price>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_money4")]
        cost: Option<Money>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_money6")]
        fee: Option<Money>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_count")]
        count: Option<Quantity>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_cents")]
        balance: Option<Money>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_centi_cents")]
        transfer: Option<Money>,
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            with = "option_unix_seconds"
        )]
        ts: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_unix_millis")]
        ts_ms: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
        time: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_multiplier")]
        multiplier: Option<FeeMultiplier>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_number_text")]
        strike: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none", with = "option_text")]
        ticker: Option<kmi_domain::Ticker>,
    }

    fn filled() -> Forms {
        Forms {
            price: Price::from_units(5_600),
            cost: Some(Money::from_micros(-882_099)),
            fee: Some(Money::from_micros(-64_780)),
            count: Some(Quantity::from_units(-1_300)),
            balance: Some(Money::from_micros(10_509_999)),
            transfer: Some(Money::from_micros(10_509_999)),
            ts: Some(Timestamp::from_millis(1_795_237_200_999)),
            ts_ms: Some(Timestamp::from_millis(1_795_237_200_999)),
            time: Some(Timestamp::from_millis(1_795_237_200_250)),
            multiplier: Some(FeeMultiplier::from_millionths(350_000)),
            strike: Some("83.5".to_owned()),
            ticker: Some("KXHIGHNY-26NOV21-T60".parse().unwrap()),
        }
    }

    #[test]
    fn every_form_is_written_as_the_exchange_writes_it() {
        assert_eq!(
            serde_json::to_value(filled()).unwrap(),
            serde_json::json!({
                "price": "0.5600", "cost": "-0.8820", "fee": "-0.064780", "count": "-13.00",
                "balance": 1050, "transfer": 105_099, "ts": 1_795_237_200, "ts_ms": 1_795_237_200_999_i64,
                "time": "2026-11-21T05:00:00.25Z", "multiplier": 0.35, "strike": 83.5,
                "ticker": "KXHIGHNY-26NOV21-T60",
            })
        );
    }

    #[test]
    fn numbers_read_where_strings_belong_and_strings_where_numbers_do() {
        let read: Forms = serde_json::from_str(
            r#"{"price": 0.56, "cost": -0.882099, "fee": -0.06478, "count": -13, "balance": "1050",
                "transfer": 105099, "ts": "1795237200", "ts_ms": 1795237200999, "time": "2026-11-21T00:00:00.25-05:00",
                "multiplier": "0.35", "strike": "83.5", "ticker": "KXHIGHNY-26NOV21-T60"}"#,
        )
        .unwrap();
        let expected = Forms {
            balance: Some(Money::from_cents(1_050)),
            transfer: Some(Money::from_micros(10_509_900)),
            ts: Some(Timestamp::from_seconds(1_795_237_200)),
            ..filled()
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn nothing_null_empty_and_never_read_as_none() {
        for text in [
            "{}",
            r#"{"price": null, "count": null, "time": null, "ticker": null}"#,
            r#"{"price": "", "count": "", "time": "0001-01-01T00:00:00Z", "ticker": "", "ts": -62135596800}"#,
        ] {
            assert_eq!(
                serde_json::from_str::<Forms>(text).unwrap(),
                Forms::default(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_value_is_told_with_the_rule_it_breaks() {
        for (text, told) in [
            (r#"{"price": "1.01"}"#, r#""1.01" is outside 0..1 dollars"#),
            (r#"{"price": "0.00001"}"#, r#""0.00001" has more than 4 decimals"#),
            (r#"{"count": "many"}"#, r#""many" is not a decimal number"#),
            (r#"{"balance": 10.5}"#, "10.5 is not a whole number"),
            (
                r#"{"balance": 9223372036854775807}"#,
                "9223372036854775807 is outside",
            ),
            (r#"{"time": "noon"}"#, r#""noon" is not an RFC 3339 time"#),
            (r#"{"ticker": "A B"}"#, r#""A B" contains ' '"#),
            (r#"{"ticker": 5}"#, "5 is not a string"),
        ] {
            let error = serde_json::from_str::<Forms>(text).unwrap_err().to_string();
            assert!(error.starts_with(told), "{text}: {error}");
        }
    }

    #[test]
    fn a_required_time_that_never_comes_is_year_one() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Required {
            #[serde(with = "rfc3339")]
            time: Timestamp,
            #[serde(with = "rfc3339_or_never")]
            maybe: Option<Timestamp>,
        }
        let text = r#"{"time":"0001-01-01T00:00:00Z","maybe":"0001-01-01T00:00:00Z"}"#;
        let read: Required = serde_json::from_str(text).unwrap();
        assert_eq!(
            read,
            Required {
                time: NEVER,
                maybe: None
            }
        );
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn an_absent_list_is_an_empty_one() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct List {
            #[serde(default, with = "list")]
            items: Vec<i64>,
        }
        for text in ["{}", r#"{"items":null}"#, r#"{"items":[]}"#] {
            assert_eq!(
                serde_json::from_str::<List>(text).unwrap(),
                List { items: vec![] }
            );
        }
        assert_eq!(
            serde_json::to_string(&List { items: vec![] }).unwrap(),
            r#"{"items":[]}"#
        );
    }
}
