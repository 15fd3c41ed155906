//! Judging leaves: what a field must be, and the error that names it when it is not.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use kmi_domain::{Price, Quantity, Side};

use super::Scalar;

/// What is wrong with a field of the exchange's JSON: `yes_price: 101 is outside 0..100 cents`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {fault}")]
pub struct FieldError {
    /// Key, with its path where it is nested: `yes_bid.open_dollars`.
    pub field: Cow<'static, str>,
    /// The value and the rule it breaks.
    pub fault: Fault,
}

/// The rule a field breaks, with the value as JSON writes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A text with U+0000, which no database keeps.
    #[error("{value} contains U+0000")]
    Nul {
        /// Offending value.
        value: String,
    },
    /// A required key is absent, null or empty.
    #[error("missing")]
    Missing,
    /// Outside the range of the unit.
    #[error("{value} is outside {range}")]
    Outside {
        /// Offending value.
        value: String,
        /// Range and unit.
        range: &'static str,
    },
    /// Zero or less where contracts are needed.
    #[error("{value} must be above zero")]
    NotPositive {
        /// Offending value.
        value: String,
    },
    /// Less than nothing.
    #[error("{value} must not be negative")]
    Negative {
        /// Offending value.
        value: String,
    },
    /// Not of the kind the field holds: `is not an RFC 3339 time`, `is not a decimal number`.
    #[error("{value} is not {kind}")]
    NotA {
        /// Offending value.
        value: String,
        /// Kind with its article.
        kind: &'static str,
    },
    /// More decimals than the unit has.
    #[error("{value} has more than {decimals} decimals")]
    TooPrecise {
        /// Offending value.
        value: String,
        /// Decimals of the unit.
        decimals: u32,
    },
    /// Differs from another field by more than rounding explains.
    #[error("{value} contradicts {other_field}: {other}")]
    Contradicts {
        /// Offending value.
        value: String,
        /// The field it contradicts.
        other_field: &'static str,
        /// That field's value.
        other: String,
    },
    /// A word outside the exchange's list.
    #[error("{value} is none of: {words}")]
    UnknownWord {
        /// Offending value.
        value: String,
        /// The list.
        words: String,
    },
    /// Longer than a name may be, or with characters no name has.
    #[error("{value} {problem}")]
    BadName {
        /// Offending value.
        value: String,
        /// What is wrong with it.
        problem: kmi_domain::ids::ParseIdError,
    },
    /// Price ranges that make no grid.
    #[error("{0}")]
    BadGrid(kmi_domain::grid::TickGridError),
}

impl FieldError {
    pub(crate) fn new(field: impl Into<Cow<'static, str>>, fault: Fault) -> FieldError {
        FieldError {
            field: field.into(),
            fault,
        }
    }

    pub(crate) fn missing(field: &'static str) -> FieldError {
        FieldError::new(field, Fault::Missing)
    }

    /// The same fault, its field inside `parent`.
    #[must_use]
    pub(crate) fn within(self, parent: &str) -> FieldError {
        FieldError::new(format!("{parent}.{}", self.field), self.fault)
    }
}

/// A leaf with the key it stands under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'s, 'a> {
    pub(crate) key: &'static str,
    pub(crate) value: &'s Scalar<'a>,
}

/// Reads a [`Named`] leaf out of a body by its field's name.
macro_rules! named {
    ($body:expr, $field:ident) => {
        $crate::wire::field::Named {
            key: stringify!($field),
            value: &$body.$field,
        }
    };
}
pub(crate) use named;

const CENTS: &str = "0..100 cents";
const DOLLARS: &str = "0..1 dollars";
const COUNT: &str = "ten billion contracts";

impl<'s, 'a> Named<'s, 'a> {
    pub(crate) fn error(self, fault: Fault) -> FieldError {
        FieldError::new(self.key, fault)
    }

    pub(crate) fn not_a(self, kind: &'static str) -> FieldError {
        self.error(Fault::NotA {
            value: self.value.to_string(),
            kind,
        })
    }

    /// The leaf unless there is nothing to read.
    pub(crate) fn present(self) -> Option<Named<'s, 'a>> {
        (!self.value.is_empty()).then_some(self)
    }

    pub(crate) fn required(self) -> Result<Named<'s, 'a>, FieldError> {
        self.present().ok_or(FieldError::missing(self.key))
    }

    /// A string, borrowed. One with U+0000 is refused here: PostgreSQL keeps none, and would fail the whole import.
    pub(crate) fn str(self) -> Result<&'s str, FieldError> {
        match self.value {
            Scalar::Text(text) if text.contains('\0') => Err(self.error(Fault::Nul {
                value: self.value.to_string(),
            })),
            Scalar::Text(text) => Ok(text),
            _ => Err(self.not_a("a string")),
        }
    }

    /// A string; empty when absent or null.
    pub(crate) fn str_or_empty(self) -> Result<String, FieldError> {
        self.present()
            .map_or(Ok(String::new()), |leaf| leaf.str().map(str::to_owned))
    }

    pub(crate) fn optional_str(self) -> Result<Option<String>, FieldError> {
        self.present()
            .map(|leaf| leaf.str().map(str::to_owned))
            .transpose()
    }

    /// A ticker or id.
    pub(crate) fn name<T: FromStr<Err = kmi_domain::ids::ParseIdError>>(self) -> Result<T, FieldError> {
        self.required()?.str()?.parse().map_err(|problem| {
            self.error(Fault::BadName {
                value: self.value.to_string(),
                problem,
            })
        })
    }

    pub(crate) fn optional_name<T: FromStr<Err = kmi_domain::ids::ParseIdError>>(
        self,
    ) -> Result<Option<T>, FieldError> {
        self.present().map(Named::name).transpose()
    }

    /// One of a list of words.
    pub(crate) fn word<T: FromStr<Err = kmi_domain::market::UnknownWord>>(self) -> Result<T, FieldError> {
        self.str()?
            .parse()
            .map_err(|unknown: kmi_domain::market::UnknownWord| {
                self.error(Fault::UnknownWord {
                    value: self.value.to_string(),
                    words: unknown.1.trim_end().to_owned(),
                })
            })
    }

    pub(crate) fn side(self) -> Result<Side, FieldError> {
        match self.str()? {
            "yes" => Ok(Side::Yes),
            "no" => Ok(Side::No),
            _ => Err(self.error(Fault::UnknownWord {
                value: self.value.to_string(),
                words: "yes no".to_owned(),
            })),
        }
    }

    pub(crate) fn bool_or_false(self) -> Result<bool, FieldError> {
        Ok(self.optional_bool()?.unwrap_or(false))
    }

    pub(crate) fn optional_bool(self) -> Result<Option<bool>, FieldError> {
        let Some(leaf) = self.present() else {
            return Ok(None);
        };
        match leaf.value {
            Scalar::Bool(value) => Ok(Some(*value)),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            _ => Err(self.not_a("true or false")),
        }
    }

    /// A whole number, also one written as a string or as tables write integers in a column with gaps: `3600.0`.
    pub(crate) fn int(self) -> Result<i64, FieldError> {
        let text = match self.value {
            Scalar::Int(value) => return Ok(*value),
            Scalar::Float(value) => Cow::Owned(whole_text(*value)),
            Scalar::Text(text) => Cow::Borrowed(text.strip_suffix(".0").unwrap_or(text)),
            _ => return Err(self.not_a("a whole number")),
        };
        text.parse().map_err(|_| self.not_a("a whole number"))
    }

    pub(crate) fn optional_int(self) -> Result<Option<i64>, FieldError> {
        self.present().map(Named::int).transpose()
    }

    /// A whole number of zero or more: a sequence number, a subscription.
    pub(crate) fn optional_natural(self) -> Result<Option<u64>, FieldError> {
        let natural = |value| {
            u64::try_from(value).map_err(|_| {
                self.error(Fault::Negative {
                    value: self.value.to_string(),
                })
            })
        };
        self.optional_int()?.map(natural).transpose()
    }

    /// Text of a number as written, for values in a question's own unit.
    pub(crate) fn optional_number_text(self) -> Result<Option<String>, FieldError> {
        let Some(leaf) = self.present() else {
            return Ok(None);
        };
        match leaf.value {
            Scalar::Int(value) => Ok(Some(value.to_string())),
            Scalar::Float(value) => Ok(Some(value.to_string())),
            Scalar::Text(_) => leaf.str().map(|text| Some(text.to_owned())),
            _ => Err(self.not_a("a number")),
        }
    }

    /// An exact decimal, from a string or a number.
    pub(crate) fn decimal<T: FromStr<Err = kmi_domain::units::ParseAmountError>>(
        self,
        range: &'static str,
    ) -> Result<T, FieldError> {
        use kmi_domain::units::ParseAmountError as E;
        let parsed = match self.value {
            Scalar::Text(text) => text.parse(),
            Scalar::Int(value) => value.to_string().parse(),
            Scalar::Float(value) => value.to_string().parse(),
            _ => Err(E::NotDecimal),
        };
        parsed.map_err(|error| {
            let value = self.value.to_string();
            self.error(match error {
                E::NotDecimal => Fault::NotA {
                    value,
                    kind: "a decimal number",
                },
                E::TooPrecise(decimals) => Fault::TooPrecise { value, decimals },
                E::OutOfRange => Fault::Outside { value, range },
            })
        })
    }

    pub(crate) fn dollars(self) -> Result<Price, FieldError> {
        self.decimal(DOLLARS)
    }

    /// A price under a key without suffix, which is in whole cents of old and in dollars where the historical endpoints dropped
    /// the suffix but kept the dollars. What it is shows in how it is written:
    ///
    /// | written | means |
    /// |---|---|
    /// | `56`, `"56"` | 56 cents |
    /// | `56.0` (a JSON number, whole) | 56 cents |
    /// | `"56.0"`, `"1.0"`, `"0.0"` (a text with one decimal, zero) | 56, 1, 0 cents: how tables write integers in a column with gaps |
    /// | `"0.5600"`, `"1.0000"`, `"0.5"` (any other text with a point) | dollars |
    /// | `0.56` (a JSON number, not whole) | an error: no generation wrote it |
    pub(crate) fn cents(self) -> Result<Price, FieldError> {
        let whole = match self.value {
            Scalar::Text(text) if text.contains('.') && !text.ends_with(".0") => return self.dollars(),
            Scalar::Float(value) if value.fract() != 0.0 || !value.is_finite() => {
                return Err(self.not_a("whole cents"));
            }
            // Beyond 64 bits it is outside just as well.
            Scalar::Float(_) => self.int().unwrap_or(i64::MAX),
            _ => self.int()?,
        };
        let price = u8::try_from(whole).ok().and_then(Price::from_cents);
        price.ok_or_else(|| {
            self.error(Fault::Outside {
                value: self.value.to_string(),
                range: CENTS,
            })
        })
    }

    /// A number of contracts of either sign; `6`, `6.0` and `"6.0"` are six in fields of either suffix.
    pub(crate) fn signed_quantity(self) -> Result<Quantity, FieldError> {
        self.decimal(COUNT)
    }

    /// A number of contracts, zero or more.
    pub(crate) fn quantity(self) -> Result<Quantity, FieldError> {
        let quantity = self.signed_quantity()?;
        if quantity.is_negative() {
            return Err(self.error(Fault::Negative {
                value: self.value.to_string(),
            }));
        }
        Ok(quantity)
    }

    /// A factor on a fee rate.
    pub(crate) fn optional_multiplier(self) -> Result<Option<kmi_domain::FeeMultiplier>, FieldError> {
        self.present().map(|leaf| leaf.decimal("0..1000")).transpose()
    }
}

/// The shortest decimal of a float: without a point when it is whole.
fn whole_text(value: f64) -> String {
    // Adding zero takes the sign off a negative zero.
    (value + 0.0).to_string()
}

fn contradiction(of: Named<'_, '_>, other: Named<'_, '_>) -> FieldError {
    of.error(Fault::Contradicts {
        value: of.value.to_string(),
        other_field: other.key,
        other: other.value.to_string(),
    })
}

/// A price that may stand in cents, in dollars or in both. Dollars win; a difference of a cent or more, which rounding to
/// cents cannot explain, is an error.
pub(crate) fn price(cents: Named<'_, '_>, dollars: Named<'_, '_>) -> Result<Option<Price>, FieldError> {
    let Some(exact) = dollars.present() else {
        return cents.present().map(Named::cents).transpose();
    };
    let exact = exact.dollars()?;
    if let Some(rough) = cents.present()
        && rough.cents()?.units().abs_diff(exact.units()) >= 100
    {
        return Err(contradiction(cents, dollars));
    }
    Ok(Some(exact))
}

/// A required price; the error names the newer key.
pub(crate) fn required_price(cents: Named<'_, '_>, dollars: Named<'_, '_>) -> Result<Price, FieldError> {
    price(cents, dollars)?.ok_or(FieldError::missing(dollars.key))
}

/// A count that may stand as an integer, with a fraction or both, of either sign. The fraction wins; a difference of a
/// contract or more is an error.
pub(crate) fn signed_quantity(
    whole: Named<'_, '_>,
    exact: Named<'_, '_>,
) -> Result<Option<Quantity>, FieldError> {
    let Some(fraction) = exact.present() else {
        return whole.present().map(Named::signed_quantity).transpose();
    };
    let quantity = fraction.signed_quantity()?;
    if let Some(rough) = whole.present()
        && (rough.signed_quantity()? - quantity).abs() >= Quantity::ONE
    {
        return Err(contradiction(whole, exact));
    }
    Ok(Some(quantity))
}

/// As [`signed_quantity`], zero or more.
pub(crate) fn quantity(whole: Named<'_, '_>, exact: Named<'_, '_>) -> Result<Option<Quantity>, FieldError> {
    let quantity = signed_quantity(whole, exact)?;
    if quantity.is_some_and(Quantity::is_negative) {
        let value = told(whole, exact);
        return Err(value.error(Fault::Negative {
            value: value.value.to_string(),
        }));
    }
    Ok(quantity)
}

/// As [`signed_quantity`], required and above zero.
pub(crate) fn positive_quantity(whole: Named<'_, '_>, exact: Named<'_, '_>) -> Result<Quantity, FieldError> {
    let quantity = signed_quantity(whole, exact)?.ok_or(FieldError::missing(exact.key))?;
    if !quantity.is_positive() {
        let value = told(whole, exact);
        return Err(value.error(Fault::NotPositive {
            value: value.value.to_string(),
        }));
    }
    Ok(quantity)
}

/// The one of two fields that was read.
fn told<'s, 'a>(whole: Named<'s, 'a>, exact: Named<'s, 'a>) -> Named<'s, 'a> {
    exact.present().unwrap_or(whole)
}

/// Which contract is gained, from a book side word.
pub(crate) fn book_side(leaf: Named<'_, '_>) -> Result<Side, FieldError> {
    match leaf.str()? {
        "bid" => Ok(Side::Yes),
        "ask" => Ok(Side::No),
        _ => Err(leaf.error(Fault::UnknownWord {
            value: leaf.value.to_string(),
            words: "bid ask".to_owned(),
        })),
    }
}

/// Sides a taker is told by: the outcome it gained, the book side it took, or the word used before both.
pub(crate) fn taker(
    outcome: Named<'_, '_>,
    book: Named<'_, '_>,
    legacy: Named<'_, '_>,
) -> Result<Side, FieldError> {
    let by_outcome = outcome.present().map(Named::side).transpose()?;
    let by_book = book.present().map(book_side).transpose()?;
    match (by_outcome, by_book) {
        (Some(gained), Some(took)) if gained != took => Err(contradiction(book, outcome)),
        (Some(side), _) | (None, Some(side)) => Ok(side),
        (None, None) => legacy.required()?.side(),
    }
}

/// The NO price, where it is told, must be what is left of the dollar.
pub(crate) fn check_complement(
    yes: Price,
    cents: Named<'_, '_>,
    dollars: Named<'_, '_>,
    yes_field: &'static str,
) -> Result<(), FieldError> {
    let exact = dollars.present().is_some();
    let Some(no) = price(cents, dollars)? else {
        return Ok(());
    };
    let slack = if exact { 0 } else { 99 };
    if no.complement().units().abs_diff(yes.units()) <= slack {
        return Ok(());
    }
    let leaf = told(cents, dollars);
    Err(leaf.error(Fault::Contradicts {
        value: leaf.value.to_string(),
        other_field: yes_field,
        other: yes.to_string(),
    }))
}

/// Shows an unexpected word of a list in an error's words.
impl fmt::Display for Named<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.value)
    }
}
