//! Query parameters, read as strictly as Kalshi reads them: nothing is clamped, and what is unknown is passed over.

use std::borrow::Cow;
use std::fmt::Display;

use kmi_kalshi::api::code::ErrorAnswer;
use kmi_kalshi::api::page::{Cursor, PageLimits};
use kmi_kalshi::api::query::Query;

use super::answer::ApiError;
use crate::core::{Shard, Subaccount};
use crate::records::PageRequest;

/// Parameters one query may have; a list of 2,000 ids is the longest there is.
const MAX_PARAMETERS: usize = 4_096;
/// Characters of a wrong value that are repeated to the caller.
const SHOWN: usize = 64;

/// The parameters of a query, in their order, decoded.
#[derive(Debug)]
pub(crate) struct Params {
    operation: &'static str,
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads the text after the `?`. Escapes that decode to no text are kept as they came.
    pub(crate) fn of(operation: &'static str, query: Option<&str>) -> Params {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
            .take(MAX_PARAMETERS)
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (unescape(name).into_owned(), unescape(value).into_owned())
            })
            .collect();
        Params { operation, pairs }
    }

    /// The refusal of the parameter `name` by a rule.
    pub(crate) fn refuse(&self, name: &str, rule: impl Display) -> ApiError {
        ErrorAnswer::parameter_validation(self.operation, &format!("{name}: {rule}")).into()
    }

    /// The typed query.
    pub(crate) fn read<Q: Query>(&self) -> Result<Q, ApiError> {
        let pairs = self.pairs.iter();
        Q::from_pairs(pairs.map(|(name, value)| (name.as_str(), value.as_str()))).map_err(|error| {
            let shown: String = error.value.chars().take(SHOWN).collect();
            self.refuse(error.parameter, format_args!("{shown:?} is not {}", error.kind))
        })
    }

    /// The page asked for, with a limit of at least 1.
    pub(crate) fn page(
        &self,
        limit: Option<u32>,
        cursor: Option<Cursor>,
        limits: PageLimits,
    ) -> Result<PageRequest, ApiError> {
        if limit == Some(0) {
            return Err(self.refuse("limit", "must be at least 1"));
        }
        self.page_or_default(limit, cursor, limits)
    }

    /// The page asked for, where a limit of 0 means the default.
    pub(crate) fn page_or_default(
        &self,
        limit: Option<u32>,
        cursor: Option<Cursor>,
        limits: PageLimits,
    ) -> Result<PageRequest, ApiError> {
        let limit = limit.filter(|&limit| limit > 0).unwrap_or(limits.default);
        if limit > limits.max {
            return Err(self.refuse("limit", format_args!("must be at most {}", limits.max)));
        }
        Ok(PageRequest {
            limit: limit as usize,
            cursor: cursor
                .map(|cursor| cursor.as_str().to_owned())
                .filter(|cursor| !cursor.is_empty()),
        })
    }

    /// A subaccount, 0 to 63.
    pub(crate) fn subaccount(&self, asked: Option<u32>) -> Result<Option<u8>, ApiError> {
        let number = asked.map(|number| u8::try_from(number).ok().and_then(Subaccount::new));
        match number {
            Some(None) => Err(self.refuse("subaccount", "must be 0 to 63")),
            Some(Some(subaccount)) => Ok(Some(subaccount.number())),
            None => Ok(None),
        }
    }

    /// A shard of the exchange, 0 to 3; −1 is none.
    pub(crate) fn shard(&self, asked: Option<i64>) -> Result<Option<Shard>, ApiError> {
        match asked {
            None | Some(-1) => Ok(None),
            Some(index) => match u8::try_from(index).ok().and_then(Shard::new) {
                Some(shard) => Ok(Some(shard)),
                None => Err(self.refuse("exchange_index", "must be 0 to 3")),
            },
        }
    }

    /// Refuses lists that are too long.
    pub(crate) fn at_most<T>(&self, name: &str, list: &[T], most: usize) -> Result<(), ApiError> {
        if list.len() > most {
            return Err(self.refuse(name, format_args!("at most {most} are allowed")));
        }
        Ok(())
    }
}

/// Decodes `%41` and `+`.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let (byte, length) = match bytes[at] {
            b'+' => (b' ', 1),
            b'%' => match hex(bytes.get(at + 1), bytes.get(at + 2)) {
                Some(byte) => (byte, 3),
                None => (b'%', 1),
            },
            byte => (byte, 1),
        };
        decoded.push(byte);
        at += length;
    }
    String::from_utf8(decoded).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hex(high: Option<&u8>, low: Option<&u8>) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high?)? * 16 + digit(low?)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmi_kalshi::api::market::MarketsQuery;
    use proptest::prelude::*;

    fn params(query: &str) -> Params {
        Params::of("GetMarkets", Some(query))
    }

    fn page(query: &str) -> Result<PageRequest, ApiError> {
        let params = params(query);
        let query: MarketsQuery = params.read()?;
        params.page_or_default(query.limit, query.cursor, MarketsQuery::LIMITS)
    }

    fn told<T: std::fmt::Debug>(result: Result<T, ApiError>) -> String {
        serde_json::to_string(result.unwrap_err().body()).unwrap()
    }

    #[test]
    fn a_limit_out_of_range_is_refused_and_not_clamped() {
        assert_eq!(page("limit=1000").unwrap().limit, 1000);
        assert_eq!(page("limit=0").unwrap().limit, 100);
        assert_eq!(page("other=1&limit=").unwrap(), PageRequest::first(100));
        assert_eq!(
            told(page("limit=1001")),
            r#"{"msg":"Parameter validation failed for GetMarkets: limit: must be at most 1000"}"#
        );
        let strict = params("").page(Some(0), None, MarketsQuery::LIMITS);
        assert_eq!(
            told(strict),
            r#"{"msg":"Parameter validation failed for GetMarkets: limit: must be at least 1"}"#
        );
        for limit in ["ten", "1.5", "99999999999999999999", "-1", "0x10", "%31%20"] {
            let told = told(page(&format!("limit={limit}")));
            assert!(
                told.starts_with(r#"{"msg":"Parameter validation failed for GetMarkets: limit: "#),
                "{told}"
            );
        }
    }

    #[test]
    fn a_wrong_value_is_not_repeated_at_any_length() {
        let told = told(page(&format!("limit={}", "x".repeat(100_000))));
        assert!(told.len() < 200, "{told}");
    }

    #[test]
    fn a_shard_and_a_subaccount_are_those_that_exist() {
        let params = params("");
        assert_eq!(params.shard(Some(-1)).unwrap(), None);
        assert_eq!(params.shard(Some(3)).unwrap(), Shard::new(3));
        assert!(params.shard(Some(4)).is_err());
        assert_eq!(params.subaccount(Some(63)).unwrap(), Some(63));
        assert!(params.subaccount(Some(64)).is_err());
    }

    proptest! {
        #[test]
        fn no_query_is_too_strange_to_be_read(query in ".{0,200}") {
            let _ = page(&query);
        }

        #[test]
        fn what_was_escaped_is_read_back(text in "\\PC{1,20}") {
            let escapes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let escaped = escapes.concat();
            let query = format!("a=x&name={escaped}");
            prop_assert_eq!(&params(&query).pairs[1].1, &text);
        }
    }
}
