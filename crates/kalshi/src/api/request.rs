//! Bodies of requests, read as the exchange reads them: strictly.
//!
//! Answers are read with tolerance ([`super::amount`]), requests are not: a JSON number where a fixed-point string belongs is
//! refused, so are more decimals than the field takes. [`decode`] is what a server calls; the error names the field, with its
//! place in a batch, and the rule. Unknown fields are passed over, as the exchange does.

use std::fmt;
use std::marker::PhantomData;

use kmi_domain::{Money, Price, Quantity, Timestamp};
use serde::de::{self, DeserializeOwned, Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer, ser};

use super::word::Word;

/// How the rule about a price outside a dollar starts, by which [`decode`] knows it again.
const PRICE_OUTSIDE: &str = "a price lies between 0 and 1 dollar";
/// How the rule about an absurd size starts.
const SIZE_OUTSIDE: &str = "a size is at most ten billion contracts";

/// What is wrong with a request's body, by the error the exchange answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// JSON that is none, a field missing, of another type or form: `bad_request`, in the flat shape.
    Malformed,
    /// A well-formed price outside a dollar: `invalid_price`.
    Price,
    /// A well-formed size beyond any that exists: `invalid_order_size`.
    Size,
}

/// A request's body that was refused: `orders[1].count: invalid type: integer 5, expected a string …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadBody {
    /// Place of the field, `orders[1].count`; empty when the body as a whole is wrong.
    pub field: String,
    /// The rule it breaks.
    pub rule: String,
    /// Kind of error.
    pub fault: Fault,
}

impl fmt::Display for BadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.rule)
        } else {
            write!(f, "{}: {}", self.field, self.rule)
        }
    }
}

/// Reads the body of a request.
///
/// # Errors
/// [`BadBody`] names the first field that is wrong, in the order of the text. Rules that need more than one field (an
/// expiration on an order that does not rest) or a market (its price grid) are not for this function.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, BadBody> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        // Text that breaks off breaks off everywhere; a field means something for a value of the wrong kind alone.
        let field = if error.inner().is_data() && path != "." {
            path
        } else {
            String::new()
        };
        bad_body(field, error.inner())
    })?;
    json.end().map_err(|error| bad_body(String::new(), &error))?;
    Ok(value)
}

fn bad_body(field: String, error: &serde_json::Error) -> BadBody {
    let mut rule = error.to_string();
    if error.is_data()
        && let Some(position) = rule.rfind(" at line ")
    {
        // The field says where; a column in a body that programs write does not.
        rule.truncate(position);
    }
    let fault = if rule.starts_with(PRICE_OUTSIDE) {
        Fault::Price
    } else if rule.starts_with(SIZE_OUTSIDE) {
        Fault::Size
    } else {
        Fault::Malformed
    };
    BadBody { field, rule, fault }
}

/// An amount that stands in a request as a fixed-point string.
pub trait FixedPoint: Sized + fmt::Display {
    /// What it looks like, for the error.
    const FORM: &'static str;
    /// How many decimals it may have.
    const DECIMALS: std::ops::RangeInclusive<usize>;
    /// How the error about its range starts.
    const OUTSIDE: &'static str;

    /// Reads a text of the right form; `None` when it is out of range.
    fn read(text: &str) -> Option<Self>;
}

impl FixedPoint for Price {
    const FORM: &'static str = "a string of dollars with 2 to 4 decimals";
    const DECIMALS: std::ops::RangeInclusive<usize> = 2..=4;
    const OUTSIDE: &'static str = PRICE_OUTSIDE;

    fn read(text: &str) -> Option<Price> {
        text.parse().ok()
    }
}

impl FixedPoint for Quantity {
    const FORM: &'static str = "a string of contracts with at most 2 decimals";
    const DECIMALS: std::ops::RangeInclusive<usize> = 0..=2;
    const OUTSIDE: &'static str = SIZE_OUTSIDE;

    fn read(text: &str) -> Option<Quantity> {
        text.parse().ok()
    }
}

/// Whether `text` is an optional minus, digits and, within `decimals`, a point with digits.
fn is_fixed_point(text: &str, decimals: &std::ops::RangeInclusive<usize>) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return false,
        Some(parts) => parts,
        None => (digits, ""),
    };
    !whole.is_empty() && all_digits(whole) && all_digits(fraction) && decimals.contains(&fraction.len())
}

struct FixedPointVisitor<T>(PhantomData<T>);

impl<T: FixedPoint> Visitor<'_> for FixedPointVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::FORM)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        // A wrong text is repeated to the caller, but not at any length.
        let shown = if text.len() > 64 { "…" } else { text };
        if !is_fixed_point(text, &T::DECIMALS) {
            return Err(E::invalid_value(Unexpected::Str(shown), &self));
        }
        T::read(text).ok_or_else(|| E::custom(format_args!("{}, not {shown}", T::OUTSIDE)))
    }
}

struct Strict<T>(T);

impl<'de, T: FixedPoint> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict<T>, D::Error> {
        deserializer
            .deserialize_str(FixedPointVisitor(PhantomData))
            .map(Strict)
    }
}

/// For `#[serde(with = "…")]`: a price (2 to 4 decimals in, 4 out) or a count (0 to 2 in, 2 out) as a string and nothing else.
pub mod fixed {
    use super::{Deserialize, Deserializer, FixedPoint, Serializer, Strict};

    /// Writes the amount.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<T: FixedPoint, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    /// Reads the amount.
    ///
    /// # Errors
    /// Any other type or form, or an amount out of range.
    pub fn deserialize<'de, T: FixedPoint, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        Ok(Strict::deserialize(deserializer)?.0)
    }
}

/// As [`fixed`], of a field that may be absent or `null`.
pub mod option_fixed {
    use super::{Deserialize, Deserializer, FixedPoint, Serializer, Strict};

    /// Writes the amount or `null`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<T: FixedPoint, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_unit(),
        }
    }

    /// Reads the amount, if there is one.
    ///
    /// # Errors
    /// Any other type or form, or an amount out of range.
    pub fn deserialize<'de, T: FixedPoint, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<Strict<T>>::deserialize(deserializer)?.map(|strict| strict.0))
    }
}

/// Last second of the year 9999, the latest a timestamp prints as.
const LAST_SECOND: i64 = 253_402_300_799;

pub(crate) struct Seconds(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        let seconds = i64::deserialize(deserializer)?;
        if !(0..=LAST_SECOND).contains(&seconds) {
            let shown = Unexpected::Signed(seconds);
            return Err(de::Error::invalid_value(
                shown,
                &"Unix seconds between 1970 and 9999",
            ));
        }
        Ok(Seconds(Timestamp::from_seconds(seconds)))
    }
}

/// For `#[serde(with = "…")]`: an instant in whole Unix seconds, a JSON integer, that may be absent or `null`.
pub mod option_seconds {
    use super::{Deserialize, Deserializer, Seconds, Serialize, Serializer, Timestamp};

    /// Writes the second the instant lies in, or `null`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(value: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Timestamp::seconds).serialize(serializer)
    }

    /// Reads the instant, if there is one.
    ///
    /// # Errors
    /// Any other type, or a time before 1970 or after 9999 (milliseconds, mostly).
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<Seconds>::deserialize(deserializer)?.map(|seconds| seconds.0))
    }
}

/// Reads a flag: absent (with `#[serde(default)]`) and `null` are false.
///
/// # Errors
/// Anything but a JSON boolean.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(false))
}

/// Reads an optional text: absent (with `#[serde(default)]`), `null` and an empty string are none.
///
/// # Errors
/// Anything but a JSON string.
pub fn option_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// Reads a word that must be one of those known; answers keep others, requests do not take them.
pub(crate) fn known<'de, T: Word + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let word = T::deserialize(deserializer)?;
    if word.is_known() {
        Ok(word)
    } else {
        Err(unknown_word(T::known()))
    }
}

/// As [`known`], of a word that may be absent or `null`.
pub(crate) fn option_known<'de, T: Word + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let word = Option::<T>::deserialize(deserializer)?;
    match word {
        Some(word) if !word.is_known() => Err(unknown_word(T::known())),
        word => Ok(word),
    }
}

/// As [`known`], of a list that may be absent or `null`.
pub(crate) fn option_all_known<'de, T: Word + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let words = Option::<Vec<T>>::deserialize(deserializer)?;
    match words {
        Some(words) if !words.iter().all(Word::is_known) => Err(unknown_word(T::known())),
        words => Ok(words),
    }
}

fn unknown_word<E: de::Error>(known: &[&str]) -> E {
    E::custom(format_args!(
        "unknown word, expected one of: {}",
        known.join(", ")
    ))
}

/// Money in a request as a whole number of a unit of `MICROS` millionths of a dollar, above zero.
struct Units<const MICROS: i64>(Money);

impl<'de, const MICROS: i64> Deserialize<'de> for Units<MICROS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Units<MICROS>, D::Error> {
        let units = i64::deserialize(deserializer)?;
        let micros = units.checked_mul(MICROS).filter(|micros| *micros > 0);
        micros
            .map(|micros| Units(Money::from_micros(micros)))
            .ok_or_else(|| {
                de::Error::invalid_value(Unexpected::Signed(units), &"an amount above zero that exists")
            })
    }
}

/// Reads money in whole cents, above zero: a JSON integer.
///
/// # Errors
/// Any other type, zero, less, or more than nine trillion dollars.
pub fn cents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    Ok(Units::<10_000>::deserialize(deserializer)?.0)
}

/// Reads money in hundredths of a cent, above zero: a JSON integer.
///
/// # Errors
/// Any other type, zero, less, or more than nine trillion dollars.
pub fn centi_cents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    Ok(Units::<100>::deserialize(deserializer)?.0)
}

/// Writes money in whole cents.
///
/// # Errors
/// For a part of a cent: what is sent must be what was meant.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
pub(crate) fn write_cents<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    write_units(*money, 10_000, "cents", serializer)
}

/// Writes money in hundredths of a cent.
///
/// # Errors
/// For a part of one.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
pub(crate) fn write_centi_cents<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    write_units(*money, 100, "hundredths of a cent", serializer)
}

fn write_units<S: Serializer>(
    money: Money,
    micros: i64,
    unit: &str,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if money.micros() % micros != 0 {
        return Err(ser::Error::custom(format_args!(
            "${money} is not a whole number of {unit}"
        )));
    }
    serializer.serialize_i64(money.micros() / micros)
}

/// For `skip_serializing_if`: a flag that is not set need not be sent.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes the field by reference"
)]
pub(crate) fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Amounts {
        #[serde(with = "fixed")]
        price: Price,
        #[serde(with = "fixed")]
        count: Quantity,
        #[serde(default, with = "option_fixed")]
        more: Option<Quantity>,
        #[serde(default, with = "option_seconds")]
        at: Option<Timestamp>,
        #[serde(default, deserialize_with = "flag")]
        post_only: bool,
    }

    fn refusal(json: &str) -> (String, Fault) {
        let error = decode::<Amounts>(json.as_bytes()).unwrap_err();
        (error.to_string(), error.fault)
    }

    #[test]
    fn every_form_the_exchange_takes_is_read_exactly() {
        for (price, units) in [
            ("0.56", 5_600),
            ("0.560", 5_600),
            ("0.5601", 5_601),
            ("1.00", 10_000),
            ("0.0000", 0),
        ] {
            for (count, hundredths) in [
                ("10", 1_000),
                ("10.0", 1_000),
                ("0.01", 1),
                ("-1.50", -150),
                ("0", 0),
            ] {
                let json =
                    format!(r#"{{"price":"{price}","count":"{count}","more":null,"unknown":[1,{{}}]}}"#);
                let read: Amounts = decode(json.as_bytes()).unwrap();
                assert_eq!(read.price.units(), units, "{price}");
                assert_eq!(read.count.units(), hundredths, "{count}");
                assert_eq!(read.more, None);
            }
        }
    }

    #[test]
    fn another_form_is_refused_by_field_and_rule() {
        let dollars = "expected a string of dollars with 2 to 4 decimals";
        let contracts = "expected a string of contracts with at most 2 decimals";
        for (price, rule) in [
            ("0.56", format!("invalid type: floating point `0.56`, {dollars}")),
            ("1", format!("invalid type: integer `1`, {dollars}")),
            ("null", format!("invalid type: null, {dollars}")),
            (r#""0.5""#, format!("invalid value: string \"0.5\", {dollars}")),
            (r#""1""#, format!("invalid value: string \"1\", {dollars}")),
            (
                r#""0.56000""#,
                format!("invalid value: string \"0.56000\", {dollars}"),
            ),
            (r#"".56""#, format!("invalid value: string \".56\", {dollars}")),
            (
                r#""+0.56""#,
                format!("invalid value: string \"+0.56\", {dollars}"),
            ),
            (
                r#""5.6e-1""#,
                format!("invalid value: string \"5.6e-1\", {dollars}"),
            ),
            (r#""""#, format!("invalid value: string \"\", {dollars}")),
        ] {
            let refused = refusal(&format!(r#"{{"price":{price},"count":"1"}}"#));
            assert_eq!(refused, (format!("price: {rule}"), Fault::Malformed));
        }
        for (count, rule) in [
            ("10", format!("invalid type: integer `10`, {contracts}")),
            ("2.5", format!("invalid type: floating point `2.5`, {contracts}")),
            (
                r#""1.234""#,
                format!("invalid value: string \"1.234\", {contracts}"),
            ),
            (r#""1.""#, format!("invalid value: string \"1.\", {contracts}")),
            (
                r#""1,000""#,
                format!("invalid value: string \"1,000\", {contracts}"),
            ),
            (r#"["1"]"#, format!("invalid type: sequence, {contracts}")),
        ] {
            let refused = refusal(&format!(r#"{{"price":"0.50","count":{count}}}"#));
            assert_eq!(refused, (format!("count: {rule}"), Fault::Malformed));
        }
    }

    #[test]
    fn amounts_out_of_range_have_errors_of_their_own() {
        for price in ["1.01", "-0.01", "99999999999999999999.00"] {
            let refused = refusal(&format!(r#"{{"price":"{price}","count":"1"}}"#));
            let rule = format!("price: a price lies between 0 and 1 dollar, not {price}");
            assert_eq!(refused, (rule, Fault::Price));
        }
        for count in ["10000000001", "-10000000000.01", "99999999999999999999999"] {
            let refused = refusal(&format!(r#"{{"price":"0.50","count":"{count}"}}"#));
            let rule = format!("count: a size is at most ten billion contracts, not {count}");
            assert_eq!(refused, (rule, Fault::Size));
        }
    }

    #[test]
    fn a_long_wrong_text_is_not_repeated() {
        let (rule, _) = refusal(&format!(
            r#"{{"price":"0.50","count":"{}"}}"#,
            "x".repeat(1_000_000)
        ));
        assert!(rule.len() < 200, "{rule}");
    }

    #[test]
    fn what_is_missing_or_no_json_is_named() {
        assert_eq!(
            refusal("{}"),
            ("missing field `price`".to_owned(), Fault::Malformed)
        );
        assert_eq!(
            refusal(r#"{"price":"0.50","count":"1"} x"#),
            (
                "trailing characters at line 1 column 30".to_owned(),
                Fault::Malformed
            )
        );
        assert_eq!(
            refusal(r#"{"price":"0.50","#),
            (
                "EOF while parsing a value at line 1 column 16".to_owned(),
                Fault::Malformed
            )
        );
        let nested = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(decode::<Amounts>(nested.as_bytes()).is_err());
    }

    #[test]
    fn seconds_are_integers_within_the_calendar() {
        let at =
            |at: &str| decode::<Amounts>(format!(r#"{{"price":"0.50","count":"1","at":{at}}}"#).as_bytes());
        assert_eq!(
            at("1795237200").unwrap().at,
            Some(Timestamp::from_seconds(1_795_237_200))
        );
        assert_eq!(
            at("1795237200000").unwrap_err().to_string(),
            "at: invalid value: integer `1795237200000`, expected Unix seconds between 1970 and 9999"
        );
        assert_eq!(
            at(r#""1795237200""#).unwrap_err().to_string(),
            "at: invalid type: string \"1795237200\", expected i64"
        );
    }

    #[test]
    fn a_flag_is_a_boolean_or_nothing() {
        let flag = |flag: &str| {
            decode::<Amounts>(format!(r#"{{"price":"0.50","count":"1","post_only":{flag}}}"#).as_bytes())
        };
        assert!(flag("true").unwrap().post_only);
        assert!(!flag("null").unwrap().post_only);
        assert_eq!(
            flag("1").unwrap_err().to_string(),
            "post_only: invalid type: integer `1`, expected a boolean"
        );
    }
}
