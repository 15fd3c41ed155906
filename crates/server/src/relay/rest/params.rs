//! Query parameters, read as strictly as the exchange reads them: nothing is clamped, and what is unknown is passed over.

use std::fmt::Display;

use kmi_kalshi::api::page::PageLimits;
use kmi_kalshi::api::query::Query;
use url::form_urlencoded;

use super::Refused;

/// Parameters one query may have; a list of 2,000 ids is the longest there is.
const MAX_PARAMETERS: usize = 4_096;
/// Characters of a wrong value that are repeated to the caller.
const SHOWN: usize = 64;

/// The parameters of a query, in their order, decoded.
#[derive(Debug)]
pub(super) struct Params {
    operation: &'static str,
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads the text after the `?`.
    pub(super) fn of(operation: &'static str, query: Option<&str>) -> Params {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Params {
            operation,
            pairs: pairs.into_owned().take(MAX_PARAMETERS).collect(),
        }
    }

    /// The refusal of the parameter `name` by a rule.
    pub(super) fn refuse(&self, name: &str, rule: impl Display) -> Refused {
        Refused::parameter(self.operation, name, &rule.to_string())
    }

    /// The typed query.
    pub(super) fn read<Q: Query>(&self) -> Result<Q, Refused> {
        let pairs = self.pairs.iter();
        Q::from_pairs(pairs.map(|(name, value)| (name.as_str(), value.as_str()))).map_err(|error| {
            let shown: String = error.value.chars().take(SHOWN).collect();
            self.refuse(error.parameter, format_args!("{shown:?} is not {}", error.kind))
        })
    }

    /// All parameters as they came.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Rows on the page asked for; a limit of 0 means the default.
    pub(super) fn limit(&self, limit: Option<u32>, limits: PageLimits) -> Result<usize, Refused> {
        let limit = limit.filter(|&limit| limit > 0).unwrap_or(limits.default);
        if limit > limits.max {
            return Err(self.refuse("limit", format_args!("must be at most {}", limits.max)));
        }
        Ok(limit as usize)
    }

    /// Refuses lists that are too long.
    pub(super) fn at_most<T>(&self, name: &str, list: &[T], most: usize) -> Result<(), Refused> {
        if list.len() > most {
            return Err(self.refuse(name, format_args!("at most {most} are allowed")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse as _;
    use kmi_kalshi::api::market::MarketsQuery;

    fn limit(query: &str) -> Result<usize, Refused> {
        let params = Params::of("GetMarkets", Some(query));
        let query: MarketsQuery = params.read()?;
        params.limit(query.limit, MarketsQuery::LIMITS)
    }

    async fn told(refused: Refused) -> String {
        let body = refused.into_response().into_body();
        let bytes = axum::body::to_bytes(body, 4_096).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_limit_out_of_range_is_refused_and_not_clamped() {
        assert_eq!(limit("limit=1000"), Ok(1_000));
        assert_eq!(limit("limit=0&limit=5"), Ok(100));
        assert_eq!(limit("colour=red"), Ok(100));
        assert_eq!(
            told(limit("limit=1001").unwrap_err()).await,
            r#"{"msg":"Parameter validation failed for GetMarkets: limit: must be at most 1000"}"#
        );
    }

    #[tokio::test]
    async fn a_wrong_value_is_named_and_not_repeated_at_any_length() {
        let told = told(limit(&format!("limit={}", "x".repeat(10_000))).unwrap_err()).await;
        assert!(told.starts_with(r#"{"msg":"Parameter validation failed for GetMarkets: limit: "#));
        assert!(told.len() < 200, "{told}");
    }
}
