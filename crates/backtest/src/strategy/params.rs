//! Typed, documented parameters of strategies, read from `--param name=value`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use kmi_domain::time::parse_duration;
use kmi_domain::{Money, Price, Quantity, Side};

/// What kind of value a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamKind {
    /// A length of time: `500ms`, `90s`, `12h`, `1h30m`.
    Duration,
    /// Dollars of one contract, 0 to 1, up to four decimals: `0.05`.
    Price,
    /// Contracts, above zero, up to two decimals: `10`.
    Quantity,
    /// Dollars, zero or more, up to six decimals: `250`.
    Money,
    /// A number from `min` to `max`.
    Number {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
    },
    /// A whole number from `min` to `max`.
    Count {
        /// Least value.
        min: u64,
        /// Greatest value.
        max: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl ParamKind {
    /// Name of the type: `duration`, `price`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ParamKind::Duration => "duration",
            ParamKind::Price => "price",
            ParamKind::Quantity => "quantity",
            ParamKind::Money => "money",
            ParamKind::Number { .. } => "number",
            ParamKind::Count { .. } => "count",
            ParamKind::Choice(_) => "choice",
        }
    }

    /// Unit of the value; empty where it has none.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            ParamKind::Duration => "time",
            ParamKind::Price | ParamKind::Money => "dollars",
            ParamKind::Quantity => "contracts",
            ParamKind::Number { .. } | ParamKind::Count { .. } | ParamKind::Choice(_) => "",
        }
    }

    /// Which values are valid, in words.
    #[must_use]
    pub fn range(self) -> String {
        match self {
            ParamKind::Duration => "such as 500ms, 30s, 15m, 12h or 1h30m".to_owned(),
            ParamKind::Price => "0 to 1 with up to four decimals".to_owned(),
            ParamKind::Quantity => "above 0 with up to two decimals, at most 1000000000".to_owned(),
            ParamKind::Money => "0 or more with up to six decimals, at most 1000000000".to_owned(),
            ParamKind::Number { min, max } => format!("{min} to {max}"),
            ParamKind::Count { min, max } => format!("a whole number, {min} to {max}"),
            ParamKind::Choice(words) => words.join(" | "),
        }
    }

    fn parse(self, text: &str) -> Option<ParamValue> {
        match self {
            ParamKind::Duration => parse_duration(text).ok().map(ParamValue::Duration),
            ParamKind::Price => text.parse().ok().map(ParamValue::Price),
            ParamKind::Quantity => {
                let quantity: Quantity = text.parse().ok()?;
                let valid = quantity.is_positive() && quantity <= Quantity::from_contracts(MOST);
                valid.then_some(ParamValue::Quantity(quantity))
            }
            ParamKind::Money => {
                let money: Money = text.parse().ok()?;
                let valid = !money.is_negative() && money <= Money::from_dollars(i64::from(MOST));
                valid.then_some(ParamValue::Money(money))
            }
            ParamKind::Number { min, max } => {
                let number: f64 = text.parse().ok()?;
                (min..=max)
                    .contains(&number)
                    .then_some(ParamValue::Number(number))
            }
            ParamKind::Count { min, max } => {
                let count: u64 = text.parse().ok()?;
                (min..=max).contains(&count).then_some(ParamValue::Count(count))
            }
            ParamKind::Choice(words) => words
                .iter()
                .find(|word| **word == text)
                .map(|word| ParamValue::Choice(word)),
        }
    }
}

/// Most dollars or contracts a parameter may give: sums of them, and products with a price, stay far from overflowing.
const MOST: i32 = 1_000_000_000;

/// One parameter of a strategy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParamSpec {
    /// Name, as in `--param name=value`.
    pub name: &'static str,
    /// Type and valid range.
    pub kind: ParamKind,
    /// Value when none is given, as it would be given.
    pub default: &'static str,
    /// What it does, one sentence.
    pub doc: &'static str,
}

/// A parameter's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamValue {
    /// A length of time.
    Duration(Duration),
    /// Dollars of one contract.
    Price(Price),
    /// Contracts.
    Quantity(Quantity),
    /// Dollars.
    Money(Money),
    /// A number.
    Number(f64),
    /// A whole number.
    Count(u64),
    /// A word.
    Choice(&'static str),
}

impl fmt::Display for ParamValue {
    /// As it would be given: `43200s`, `0.0500`, `10.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamValue::Duration(value) => write!(f, "{}", format_duration(*value)),
            ParamValue::Price(value) => write!(f, "{value}"),
            ParamValue::Quantity(value) => write!(f, "{value}"),
            ParamValue::Money(value) => write!(f, "{value}"),
            ParamValue::Number(value) => write!(f, "{value}"),
            ParamValue::Count(value) => write!(f, "{value}"),
            ParamValue::Choice(value) => write!(f, "{value}"),
        }
    }
}

/// The largest units first: `12h`, `1h30m`, `500ms`.
fn format_duration(span: Duration) -> String {
    let mut rest = span.as_millis();
    let mut text = String::new();
    for (unit, millis) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ] {
        // Twelve or thirty-six hours read better than days and hours.
        if rest >= millis && (unit != "d" || rest.is_multiple_of(millis)) {
            text += &(rest / millis).to_string();
            text += unit;
            rest %= millis;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Why parameters were not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// The strategy has no such parameter.
    #[error("parameter {name}: unknown; known are: {known}")]
    Unknown {
        /// What was given.
        name: String,
        /// The parameters there are.
        known: String,
    },
    /// Given more than once.
    #[error("parameter {0}: given twice")]
    Twice(String),
    /// Not a value of the type, or outside the range.
    #[error("parameter {name}: {value:?} is not a {kind} ({range})")]
    Invalid {
        /// Parameter.
        name: &'static str,
        /// What was given.
        value: String,
        /// Type expected.
        kind: &'static str,
        /// Values expected.
        range: String,
    },
    /// Values that are valid each but not together.
    #[error("parameters {names}: {rule}")]
    Conflict {
        /// The parameters concerned.
        names: &'static str,
        /// The rule they break.
        rule: &'static str,
    },
}

/// Values for every parameter of a strategy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params(BTreeMap<&'static str, ParamValue>);

impl Params {
    /// Values given as text, defaults for the rest.
    ///
    /// # Errors
    /// [`ParamError`] names the parameter and the rule.
    ///
    /// # Panics
    /// When a default of `specs` is no value of its own kind: a bug in the strategy.
    pub fn parse<'a>(
        specs: &[ParamSpec],
        given: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Params, ParamError> {
        let mut values = BTreeMap::new();
        for (name, text) in given {
            let spec = specs
                .iter()
                .find(|spec| spec.name == name)
                .ok_or_else(|| unknown(specs, name))?;
            let value = spec.kind.parse(text).ok_or_else(|| invalid(spec, text))?;
            if values.insert(spec.name, value).is_some() {
                return Err(ParamError::Twice(name.to_owned()));
            }
        }
        for spec in specs {
            let default = || spec.kind.parse(spec.default).expect("a default is valid");
            values.entry(spec.name).or_insert_with(default);
        }
        Ok(Params(values))
    }

    /// The defaults of `specs`.
    ///
    /// # Panics
    /// As [`Params::parse`].
    #[must_use]
    pub fn defaults(specs: &[ParamSpec]) -> Params {
        Params::parse(specs, []).expect("nothing was given that could be wrong")
    }

    /// All values in order of name, as they would be given.
    #[must_use]
    pub fn to_text(&self) -> BTreeMap<String, String> {
        self.0
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.to_string()))
            .collect()
    }

    /// All values in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, ParamValue)> + '_ {
        self.0.iter().map(|(name, value)| (*name, *value))
    }

    fn get(&self, name: &str) -> ParamValue {
        *self.0.get(name).expect("a strategy asks for its own parameters")
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $variant:ident($type:ty);)*) => {
        impl Params {$(
            $(#[$doc])*
            ///
            /// # Panics
            /// When the strategy has no parameter of this name and type: a bug in the strategy.
            #[must_use]
            pub fn $name(&self, name: &str) -> $type {
                match self.get(name) {
                    ParamValue::$variant(value) => value,
                    other => panic!("parameter {name} is {other:?}"),
                }
            }
        )*}
    };
}

getters! {
    /// Value of a [`ParamKind::Duration`].
    duration: Duration(Duration);
    /// Value of a [`ParamKind::Price`].
    price: Price(Price);
    /// Value of a [`ParamKind::Quantity`].
    quantity: Quantity(Quantity);
    /// Value of a [`ParamKind::Money`].
    money: Money(Money);
    /// Value of a [`ParamKind::Number`].
    number: Number(f64);
    /// Value of a [`ParamKind::Count`].
    count: Count(u64);
    /// Value of a [`ParamKind::Choice`].
    choice: Choice(&'static str);
}

/// The words of a parameter that chooses a contract.
pub const SIDES: ParamKind = ParamKind::Choice(&["yes", "no"]);

impl Params {
    /// Value of a choice between `yes` and `no` ([`SIDES`]).
    ///
    /// # Panics
    /// When the strategy has no such parameter: a bug in the strategy.
    #[must_use]
    pub fn side(&self, name: &str) -> Side {
        match self.choice(name) {
            "yes" => Side::Yes,
            "no" => Side::No,
            other => panic!("parameter {name} is {other}"),
        }
    }
}

fn unknown(specs: &[ParamSpec], name: &str) -> ParamError {
    let known: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
    ParamError::Unknown {
        name: name.to_owned(),
        known: known.join(", "),
    }
}

fn invalid(spec: &ParamSpec, text: &str) -> ParamError {
    ParamError::Invalid {
        name: spec.name,
        value: text.to_owned(),
        kind: spec.kind.name(),
        range: spec.kind.range(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPECS: [ParamSpec; 3] = [
        ParamSpec {
            name: "horizon",
            kind: ParamKind::Duration,
            default: "12h",
            doc: "How long before the close.",
        },
        ParamSpec {
            name: "side",
            kind: SIDES,
            default: "no",
            doc: "Contract bought.",
        },
        ParamSpec {
            name: "fraction",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: "0.25",
            doc: "Share of Kelly's stake.",
        },
    ];

    #[test]
    fn what_is_not_given_has_its_default() {
        let params = Params::parse(&SPECS, [("side", "yes"), ("horizon", "90m")]).unwrap();

        assert_eq!(params.side("side"), Side::Yes);
        assert_eq!(params.duration("horizon"), Duration::from_mins(90));
        assert!((params.number("fraction") - 0.25).abs() < f64::EPSILON);
        assert_eq!(params.to_text()["horizon"], "1h30m");
        assert_eq!(Params::defaults(&SPECS).to_text()["horizon"], "12h");
    }

    #[test]
    fn a_wrong_parameter_is_refused_by_name_and_rule() {
        let refused = |name, value| Params::parse(&SPECS, [(name, value)]).unwrap_err().to_string();

        assert_eq!(
            refused("horizn", "1h"),
            "parameter horizn: unknown; known are: horizon, side, fraction"
        );
        assert_eq!(
            refused("side", "maybe"),
            "parameter side: \"maybe\" is not a choice (yes | no)"
        );
        assert_eq!(
            refused("fraction", "1.5"),
            "parameter fraction: \"1.5\" is not a number (0 to 1)"
        );
        let parse = |kind: ParamKind, text| kind.parse(text).is_some();
        for kind in [ParamKind::Money, ParamKind::Quantity] {
            assert!(parse(kind, "1000000000") && !parse(kind, "1000000000.01"));
        }
        assert!(refused("fraction", "NaN").contains("NaN"));
        assert_eq!(
            Params::parse(&SPECS, [("side", "yes"), ("side", "no")]),
            Err(ParamError::Twice("side".to_owned()))
        );
    }
}
