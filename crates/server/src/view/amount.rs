//! Amounts and times as text.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serializer;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// An exact amount: dollars with four or six decimals, contracts with two.
#[derive(Debug)]
pub(crate) struct Decimal;

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .description(Some(
                "An exact amount as text: dollars with four or six decimals, contracts with two.",
            ))
            .pattern(Some(r"^-?\d{1,13}\.\d{2,6}$"))
            .examples(["0.5600", "1250.00"])
            .into()
    }
}

impl ToSchema for Decimal {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Decimal")
    }
}

/// Writes a value by its `Display`: prices, money, quantities, times, tickers.
pub(crate) fn text<T: Display + ?Sized, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
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
