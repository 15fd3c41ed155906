//! Parameters of list calls: a typed struct becomes the pairs of a query string, and pairs become the struct again.
//!
//! The exchange writes lists in two ways, which differ by call: one value with commas ([`Commas`]), or the parameter repeated
//! ([`Repeated`]). Instants are Unix seconds unless a type says otherwise ([`Rfc3339`]).

use std::fmt;
use std::ops::{Deref, DerefMut};

use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};

use super::page::Cursor;

/// Parameters of one call.
pub trait Query: Sized {
    /// Names of the parameters, in the order they are written.
    const NAMES: &'static [&'static str];

    /// Name and value of each parameter that is set, not yet percent-encoded.
    fn pairs(&self) -> Vec<(&'static str, String)>;

    /// Reads decoded pairs. Unknown names are passed over, as the exchange does; of a parameter given twice that is no list
    /// the first counts; an empty value is as good as none.
    ///
    /// # Errors
    /// [`QueryError`] names the first parameter, in the order of [`Query::NAMES`], whose value is of another kind. Whether
    /// limits and combinations are allowed is for the server to say.
    fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, QueryError>;
}

/// A parameter whose value is of another kind: `limit: "many" is not a whole number`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {value:?} is not {kind}")]
pub struct QueryError {
    /// Name of the parameter.
    pub parameter: &'static str,
    /// Its value.
    pub value: String,
    /// What it should be, with its article.
    pub kind: &'static str,
}

/// A value that is not of its parameter's kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongKind {
    /// The value.
    pub value: String,
    /// What it should be, with its article.
    pub kind: &'static str,
}

/// One value as it stands in a query string.
pub trait Value: Sized {
    /// What it is, with its article: `a whole number`.
    const KIND: &'static str;

    /// Its text.
    fn write(&self) -> String;

    /// Reads the text; `None` when it is something else.
    fn read(text: &str) -> Option<Self>;
}

/// A field of a query: an optional value, or a list.
pub trait Parameter: Sized {
    /// Values to write under the parameter's name: none, one, or several where it is repeated.
    fn write(&self) -> Vec<String>;

    /// Reads all values that stand under the parameter's name, none of them empty.
    ///
    /// # Errors
    /// When one is of another kind.
    fn read(values: &[&str]) -> Result<Self, WrongKind>;
}

fn read_value<T: Value>(text: &str) -> Result<T, WrongKind> {
    T::read(text).ok_or_else(|| WrongKind {
        value: text.to_owned(),
        kind: T::KIND,
    })
}

impl<T: Value> Parameter for Option<T> {
    fn write(&self) -> Vec<String> {
        self.iter().map(Value::write).collect()
    }

    fn read(values: &[&str]) -> Result<Self, WrongKind> {
        values.first().map(|text| read_value(text)).transpose()
    }
}

macro_rules! list {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name<T>(pub Vec<T>);

        impl<T> Default for $name<T> {
            fn default() -> Self {
                $name(Vec::new())
            }
        }

        impl<T> Deref for $name<T> {
            type Target = Vec<T>;

            fn deref(&self) -> &Vec<T> {
                &self.0
            }
        }

        impl<T> DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut Vec<T> {
                &mut self.0
            }
        }

        impl<T> From<Vec<T>> for $name<T> {
            fn from(items: Vec<T>) -> Self {
                $name(items)
            }
        }

        impl<T> FromIterator<T> for $name<T> {
            fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
                $name(items.into_iter().collect())
            }
        }
    };
}

list! {
    /// A list in one value, with commas: `tickers=A,B`. Read from a repeated parameter just as well.
    Commas
}
list! {
    /// A list as a repeated parameter: `tickers=A&tickers=B`. A value with commas is one value.
    Repeated
}

impl<T: Value> Parameter for Commas<T> {
    fn write(&self) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        vec![self.iter().map(Value::write).collect::<Vec<_>>().join(",")]
    }

    fn read(values: &[&str]) -> Result<Self, WrongKind> {
        let items = values.iter().flat_map(|value| value.split(','));
        items
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(read_value)
            .collect()
    }
}

impl<T: Value> Parameter for Repeated<T> {
    fn write(&self) -> Vec<String> {
        self.iter().map(Value::write).collect()
    }

    fn read(values: &[&str]) -> Result<Self, WrongKind> {
        values.iter().copied().map(read_value).collect()
    }
}

/// Values that print and parse.
macro_rules! value {
    ($($type:ty: $kind:literal,)*) => {$(
        impl Value for $type {
            const KIND: &'static str = $kind;

            fn write(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

value! {
    u32: "a whole number",
    i64: "a whole number",
    bool: "true or false",
    String: "a text",
    Ticker: "a ticker",
    EventTicker: "an event ticker",
    SeriesTicker: "a series ticker",
}

impl Value for Cursor {
    const KIND: &'static str = "a cursor";

    fn write(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(text: &str) -> Option<Cursor> {
        Some(Cursor::new(text))
    }
}

/// Unix seconds, rounded down.
impl Value for Timestamp {
    const KIND: &'static str = "a Unix time in seconds";

    fn write(&self) -> String {
        self.seconds().to_string()
    }

    fn read(text: &str) -> Option<Timestamp> {
        text.parse().ok().map(Timestamp::from_seconds)
    }
}

/// An instant that a parameter takes as an RFC 3339 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rfc3339(pub Timestamp);

impl Value for Rfc3339 {
    const KIND: &'static str = "an RFC 3339 time";

    fn write(&self) -> String {
        self.0.to_string()
    }

    fn read(text: &str) -> Option<Rfc3339> {
        text.parse().ok().map(Rfc3339)
    }
}

/// A word of the exchange's that may be given as a parameter. Unlike words of answers these are a closed list: what is not on
/// it the exchange refuses.
macro_rules! filter_word {
    ($(#[$doc:meta])* pub enum $name:ident ($kind:literal) { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// Every word, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The exchange's word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }
        }

        impl $crate::api::query::Value for $name {
            const KIND: &'static str = $kind;

            fn write(&self) -> String {
                self.as_str().to_owned()
            }

            fn read(text: &str) -> Option<Self> {
                match text {
                    $($word => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use filter_word;

/// Declares a query: its fields are [`Parameter`]s, written under their own names or under the one after `as`.
macro_rules! query {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[$fdoc:meta])* pub $field:ident $(as $rename:literal)?: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$fdoc])* pub $field: $type,)*
        }

        impl $crate::api::query::Query for $name {
            const NAMES: &'static [&'static str] =
                &[$($crate::api::query::parameter_name!($field $($rename)?)),*];

            fn pairs(&self) -> Vec<(&'static str, String)> {
                let mut pairs = Vec::new();
                $(
                    let values = $crate::api::query::Parameter::write(&self.$field);
                    pairs.extend(values.into_iter().map(|value| ($crate::api::query::parameter_name!($field $($rename)?), value)));
                )*
                pairs
            }

            fn from_pairs<'a>(
                pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
            ) -> Result<Self, $crate::api::query::QueryError> {
                let pairs: Vec<(&str, &str)> = pairs.into_iter().collect();
                Ok($name {
                    $($field: $crate::api::query::read_parameter(
                        &pairs,
                        $crate::api::query::parameter_name!($field $($rename)?),
                    )?,)*
                })
            }
        }
    };
}
pub(crate) use query;

macro_rules! parameter_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $rename:literal) => {
        $rename
    };
}
pub(crate) use parameter_name;

/// Reads the parameter called `name`.
pub(crate) fn read_parameter<P: Parameter>(
    pairs: &[(&str, &str)],
    name: &'static str,
) -> Result<P, QueryError> {
    let named = pairs
        .iter()
        .filter(|(key, value)| *key == name && !value.is_empty());
    let values: Vec<&str> = named.map(|(_, value)| *value).collect();
    P::read(&values).map_err(|WrongKind { value, kind }| QueryError {
        parameter: name,
        value,
        kind,
    })
}

/// The query of a call that takes no parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoQuery;

impl Query for NoQuery {
    const NAMES: &'static [&'static str] = &[];

    fn pairs(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn from_pairs<'a>(_: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, QueryError> {
        Ok(NoQuery)
    }
}

impl fmt::Display for WrongKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not {}", self.value, self.kind)
    }
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro under test makes public items")]
mod tests {
    use super::*;

    query! {
        /// Everything there is.
        pub struct Everything {
            /// Number.
            pub limit: Option<u32>,
            /// Renamed.
            pub kind as "type": Option<String>,
            /// Commas.
            pub tickers: Commas<Ticker>,
            /// Repeated.
            pub names: Repeated<String>,
            /// Seconds.
            pub min_ts: Option<Timestamp>,
            /// Text time.
            pub since: Option<Rfc3339>,
        }
    }

    fn filled() -> Everything {
        let at: Timestamp = "2026-11-21T05:00:00Z".parse().unwrap();
        Everything {
            limit: Some(5),
            kind: Some("sport".to_owned()),
            tickers: Commas(vec!["A".parse().unwrap(), "B".parse().unwrap()]),
            names: Repeated(vec!["x".to_owned(), "y".to_owned()]),
            min_ts: Some(at),
            since: Some(Rfc3339(at)),
        }
    }

    #[test]
    fn each_list_is_written_the_way_its_call_wants_it() {
        let pairs = filled().pairs();
        let text: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            text.join("&"),
            "limit=5&type=sport&tickers=A,B&names=x&names=y&min_ts=1795237200&since=2026-11-21T05:00:00Z"
        );
        assert_eq!(Everything::default().pairs(), []);
    }

    #[test]
    fn pairs_read_back_as_the_query_they_came_from() {
        let pairs = filled().pairs();
        let read = Everything::from_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str())));
        assert_eq!(read, Ok(filled()));
    }

    #[test]
    fn unknown_names_and_empty_values_are_passed_over_and_wrong_kinds_named() {
        let read = Everything::from_pairs([("colour", "red"), ("limit", "")]);
        assert_eq!(read, Ok(Everything::default()));
        let error = Everything::from_pairs([("limit", "many")]).unwrap_err();
        assert_eq!(error.to_string(), "limit: \"many\" is not a whole number");
    }
}
