//! How results are written as JSON: exact amounts as decimal strings, times as RFC 3339.

use std::fmt::Display;

use serde::Serializer;

/// Writes a value by its `Display`: prices, money, quantities, times, tickers.
pub(crate) fn text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// The same for what may be absent: `null`.
#[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
pub(crate) fn text_or_null<T: Display, S: Serializer>(
    value: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
