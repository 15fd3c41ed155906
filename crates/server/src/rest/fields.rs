//! What is asked for: [`Fields`] of a query, each read once and by its rule.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use kmi_domain::Timestamp;

use crate::error::ApiError;

/// Fields of a query. What is read is taken out; what is left at the [`end`](Fields::end) is unknown and refused, so that a typing error is not
/// taken for an answer.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    given: BTreeMap<String, Vec<String>>,
}

/// Names in a list, at most.
pub(crate) const MAX_LIST: usize = 100;
/// Bytes of a query, at most.
pub(crate) const MAX_QUERY: usize = 16_384;

impl Fields {
    /// Of a query as it stands in the URL.
    pub(crate) fn of(query: &str) -> Result<Fields, ApiError> {
        if query.len() > MAX_QUERY {
            return Err(ApiError::invalid("the query is longer than 16,384 bytes"));
        }
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).ok_or_else(|| ApiError::field("query", name, IS_NO_TEXT))?;
            let value = decoded(value).ok_or_else(|| ApiError::field(&name, value, IS_NO_TEXT))?;
            given.entry(name).or_default().push(value);
        }
        Ok(Fields { given })
    }

    /// A field that may be given once, read by its `FromStr`; an empty one is as good as none given.
    pub(crate) fn one<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|error: T::Err| ApiError::field(name, &text, error))
    }

    /// A text that may be given once; `None` when it is empty.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        let mut values = self.given.remove(name).unwrap_or_default();
        if values.len() > 1 {
            return Err(ApiError::field(name, &values[1], "is given more than once"));
        }
        Ok(values.pop().filter(|value| !value.is_empty()))
    }

    /// Names, given as one field with commas, as several fields, or both; at most [`MAX_LIST`].
    pub(crate) fn list<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Vec<T>, ApiError> {
        let values = self.given.remove(name).unwrap_or_default();
        let mut list = Vec::new();
        for text in values.iter().flat_map(|value| value.split(',')) {
            if text.is_empty() {
                continue;
            }
            let one = text
                .parse()
                .map_err(|error: T::Err| ApiError::field(name, text, error))?;
            list.push(one);
        }
        if list.len() > MAX_LIST {
            let count = list.len().to_string();
            return Err(ApiError::field(name, &count, "holds at most 100 names"));
        }
        Ok(list)
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &mut self,
        name: &str,
        within: std::ops::RangeInclusive<u32>,
    ) -> Result<Option<u32>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let number = text.parse::<u32>().ok().filter(|number| within.contains(number));
        number.map(Some).ok_or_else(|| {
            let rule = format!("is a whole number from {} to {}", within.start(), within.end());
            ApiError::field(name, &text, rule)
        })
    }

    /// One of some words.
    pub(crate) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        known(name, &text, words).map(Some)
    }

    /// Several of some words.
    pub(crate) fn words<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Vec<T>, ApiError> {
        let given: Vec<String> = self.list(name)?;
        given.iter().map(|text| known(name, text, words)).collect()
    }

    /// An RFC 3339 time.
    pub(crate) fn time(&mut self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        // The plus of an offset that was not encoded reads as a space.
        let time = text.replace(' ', "+").parse::<Timestamp>();
        time.map(Some)
            .map_err(|error| ApiError::field(name, &text, error))
    }

    /// Refuses what was given besides.
    pub(crate) fn end(self) -> Result<(), ApiError> {
        match self.given.into_iter().next() {
            Some((name, _)) => Err(ApiError::field(&name, "", "is no parameter of this path")),
            None => Ok(()),
        }
    }
}

const IS_NO_TEXT: &str = "is no percent-encoded UTF-8 text";

fn known<T: Copy>(name: &str, text: &str, words: &[(&str, T)]) -> Result<T, ApiError> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        ApiError::field(name, text, format!("is one of {}", all.join(", ")))
    })
}

/// The text of a percent-encoded one; `None` when it is none. Control characters are no text here.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                high << 4 | low
            }
            other => other,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains(char::is_control)).then_some(text)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

impl<S: Sync> FromRequestParts<S> for Fields {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Fields, ApiError> {
        Fields::of(parts.uri.query().unwrap_or_default())
    }
}

/// A name in the path.
pub(crate) struct Name<T>(pub(crate) T);

impl<T: FromStr<Err: Display>, S: Send + Sync> FromRequestParts<S> for Name<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Name<T>, ApiError> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let Ok(Path(text)) = text else {
            return Err(ApiError::field("path", "", IS_NO_TEXT));
        };
        text.parse()
            .map(Name)
            .map_err(|error: T::Err| ApiError::field("path", &text, error))
    }
}

#[cfg(test)]
mod tests {
    use kmi_domain::Ticker;

    use super::*;

    fn refused<T>(result: Result<T, ApiError>) -> serde_json::Value {
        let error = result.err().expect("it is refused");
        assert_eq!(error.status, 400);
        serde_json::Value::clone(&error.details.expect("it names the field"))
    }

    #[test]
    fn a_list_takes_commas_and_repetition() {
        let mut fields = Fields::of("tickers=A,B&limit=5&tickers=C%2DD&&search=a+b%20c").unwrap();

        let tickers: Vec<Ticker> = fields.list("tickers").unwrap();
        assert_eq!(
            tickers.iter().map(Ticker::as_str).collect::<Vec<_>>(),
            ["A", "B", "C-D"]
        );
        assert_eq!(fields.number("limit", 1..=10).unwrap(), Some(5));
        assert_eq!(fields.text("search").unwrap().as_deref(), Some("a b c"));
        assert!(fields.end().is_ok());
    }

    #[test]
    fn what_breaks_a_rule_is_named_with_the_rule() {
        for text in ["limit=0", "limit=11", "limit=x", "limit=-1", "limit=1.0"] {
            let details = refused(Fields::of(text).unwrap().number("limit", 1..=10));
            assert_eq!(details["field"], "limit");
            assert_eq!(details["rule"], "is a whole number from 1 to 10");
        }
        let details = refused(Fields::of("limit=1&limit=2").unwrap().number("limit", 1..=10));
        assert_eq!(details["rule"], "is given more than once");
        let details = refused(Fields::of("to=yesterday").unwrap().time("to"));
        assert_eq!(
            details,
            serde_json::json!({"field": "to", "rule": "is not an RFC 3339 time", "given": "yesterday"})
        );
        let details = refused(Fields::of("sort=x").unwrap().word("sort", &[("a", 1), ("b", 2)]));
        assert_eq!(details["rule"], "is one of a, b");
        let details = refused(Fields::of("limti=1").unwrap().end());
        assert_eq!(details["field"], "limti");
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_field() {
        for text in ["search=%", "search=%4", "search=%zz", "search=%ff", "search=%00"] {
            assert_eq!(refused(Fields::of(text))["field"], "search", "{text}");
        }
        assert!(Fields::of(&"a".repeat(MAX_QUERY + 1)).is_err());
    }

    #[test]
    fn a_list_has_a_hundred_names_at_most() {
        let names = vec!["A"; 101].join(",");
        let mut fields = Fields::of(&format!("tickers={names}")).unwrap();

        assert_eq!(
            refused(fields.list::<Ticker>("tickers"))["rule"],
            "holds at most 100 names"
        );
    }
}
