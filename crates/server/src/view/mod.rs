//! Our own JSON: what clients see. Amounts are decimal strings, times RFC 3339, words lower case.

mod amount;
pub(crate) mod book;
pub(crate) mod catalogue;
pub(crate) mod market;
pub(crate) mod past;
pub(crate) mod quality;
pub(crate) mod status;
pub(crate) mod trade;

pub(crate) use amount::{Decimal, text, text_or_null};

use serde::Serialize;
use utoipa::ToSchema;

/// How something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// The exchange's stream.
    WebSocket,
    /// The exchange's REST API.
    Poll,
    /// What was kept from before.
    Cache,
}

impl From<kmi_app::board::Source> for Source {
    fn from(source: kmi_app::board::Source) -> Source {
        match source {
            kmi_app::board::Source::WebSocket => Source::WebSocket,
            kmi_app::board::Source::Poll => Source::Poll,
            kmi_app::board::Source::Cache => Source::Cache,
        }
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Give it as `cursor` for the next page; null on the last.
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that is one page.
    pub(crate) fn whole(items: Vec<T>) -> Page<T> {
        Page {
            items,
            next_cursor: None,
        }
    }
}

/// A refusal.
#[derive(Serialize, ToSchema)]
pub(crate) struct Error {
    /// What was refused, and why.
    error: ErrorDetail,
}

/// What was refused, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// Kind of the refusal.
    code: crate::error::Code,
    /// For people.
    message: String,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// For programs: `{"field","rule","given"}` for a field that breaks a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<std::collections::BTreeMap<String, serde_json::Value>>,
    /// Id of the request, as in `x-request-id` and the log.
    request_id: String,
}
