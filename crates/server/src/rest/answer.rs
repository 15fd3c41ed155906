//! Answers to reads: JSON with a tag, or nothing when the client has it already.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::error::ApiError;

/// JSON, and what it is known again by.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) body: Bytes,
    pub(crate) tag: HeaderValue,
}

impl Reading {
    /// Of a value; its tag changes with anything in it.
    pub(crate) fn of(value: &impl Serialize) -> Result<Reading, ApiError> {
        let body = serde_json::to_vec(value).map_err(ApiError::internal)?;
        let tag = tag(blake3::hash(&body));
        Ok(Reading {
            body: body.into(),
            tag,
        })
    }

    /// The answer to a client that says which it has in `If-None-Match`.
    pub(crate) fn answer(&self, asked: &HeaderMap) -> Response {
        if has(asked, &self.tag) {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().insert(header::ETAG, self.tag.clone());
            return response;
        }
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::ETAG, self.tag.clone()),
        ];
        (headers, self.body.clone()).into_response()
    }
}

/// A value as the answer to a read.
pub(crate) fn reading(asked: &HeaderMap, value: &impl Serialize) -> Result<Response, ApiError> {
    Ok(Reading::of(value)?.answer(asked))
}

/// A tag: weak, because the same content may come compressed in several ways, and because ages are no part of it.
pub(crate) fn tag(hash: blake3::Hash) -> HeaderValue {
    let text = hash.to_hex();
    HeaderValue::from_str(&format!("W/\"{}\"", &text.as_str()[..24])).expect("hexadecimal digits in quotes")
}

/// Whether the client has what the tag stands for.
fn has(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let ours = tag.to_str().map(opaque).unwrap_or_default();
    let lists = asked.get_all(header::IF_NONE_MATCH);
    let mut given = lists
        .iter()
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','));
    given.any(|theirs| theirs.trim() == "*" || opaque(theirs) == ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_client_that_has_it_gets_nothing_but_the_tag() {
        let reading = Reading {
            body: Bytes::from_static(b"{}"),
            tag: HeaderValue::from_static("W/\"abc\""),
        };

        for value in ["W/\"abc\"", "\"abc\"", "\"x\", W/\"abc\"", "*"] {
            let response = reading.answer(&asking(value));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{value}");
            assert_eq!(response.headers()[header::ETAG], "W/\"abc\"");
        }
        for value in ["\"abcd\"", "abc", ""] {
            assert_eq!(reading.answer(&asking(value)).status(), StatusCode::OK, "{value}");
        }
    }
}
