//! Answers: the exchange's bodies with a word on how old they are, and refusals in the exchange's shapes.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use kmi_app::board::Source;
use kmi_domain::Timestamp;
use kmi_kalshi::api::code::{AuthenticationFault, Code, ErrorAnswer};
use kmi_kalshi::api::error::{ErrorBody, ErrorObject};
use serde::Serialize;

const SOURCE: HeaderName = HeaderName::from_static("x-kmi-source");
const AS_OF: HeaderName = HeaderName::from_static("x-kmi-as-of");
const STALE: HeaderName = HeaderName::from_static("x-kmi-stale");

/// How old an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Freshness {
    /// Where it comes from.
    pub(super) source: Source,
    /// When it was last known to be right, where that is known.
    pub(super) as_of: Option<Timestamp>,
    /// Whether that is too long ago to be called live.
    pub(super) age: Age,
}

/// Whether something may be called live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Live,
    Stale,
}

impl Freshness {
    /// Of something live.
    pub(super) fn live(source: Source, as_of: impl Into<Option<Timestamp>>) -> Freshness {
        Freshness {
            source,
            as_of: as_of.into(),
            age: Age::Live,
        }
    }
}

/// 200 with `body` as JSON.
pub(super) fn ok<T: Serialize>(body: &T, fresh: Freshness) -> Result<Response, Refused> {
    match serde_json::to_vec(body) {
        Ok(json) => Ok(raw(json.into(), fresh)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            Err(Refused::code(&Code::InternalError))
        }
    }
}

/// 200 with a body that is JSON already.
pub(super) fn raw(json: Bytes, fresh: Freshness) -> Response {
    let mut response = json_response(StatusCode::OK, json);
    let headers = response.headers_mut();
    headers.insert(SOURCE, HeaderValue::from_static(fresh.source.as_str()));
    let as_of = fresh
        .as_of
        .and_then(|as_of| HeaderValue::try_from(as_of.to_string()).ok());
    headers.extend(as_of.map(|as_of| (AS_OF, as_of)));
    if fresh.age == Age::Stale {
        headers.insert(STALE, HeaderValue::from_static("true"));
    }
    response
}

fn json_response(status: StatusCode, json: Bytes) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// What is answered when it is not 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::relay) struct Refused(ErrorAnswer);

impl Refused {
    /// The plain answer of a code.
    pub(in crate::relay) fn code(code: &Code) -> Refused {
        Refused(ErrorAnswer::of(code))
    }

    /// 404 `not_found`.
    pub(in crate::relay) fn not_found() -> Refused {
        Refused::code(&Code::NotFound)
    }

    /// 401: the relay knows nobody's keys, so that a request is either not signed or signed with a key that is none.
    pub(in crate::relay) fn unauthenticated(headers: &http::HeaderMap) -> Refused {
        if headers.contains_key(kmi_kalshi::sign::KEY_HEADER) {
            return Refused(ErrorAnswer::authentication(AuthenticationFault::UnknownKey));
        }
        Refused::code(&Code::SignatureMissing)
    }

    /// 429.
    pub(in crate::relay) fn too_many_requests() -> Refused {
        Refused(ErrorAnswer::too_many_requests())
    }

    /// 400: the handshake is none.
    pub(in crate::relay) fn bad_request(details: impl Into<String>) -> Refused {
        Refused(ErrorAnswer::bad_request(details))
    }

    /// 503: the exchange could not be asked.
    pub(in crate::relay) fn unavailable(details: impl Into<String>) -> Refused {
        Refused(ErrorAnswer::with_details(&Code::ServiceUnavailable, details))
    }

    /// 400: a query parameter breaks a rule.
    pub(super) fn parameter(operation: &str, name: &str, rule: &str) -> Refused {
        Refused(ErrorAnswer::parameter_validation(
            operation,
            &format!("{name}: {rule}"),
        ))
    }

    /// What the exchange itself refused with, in the shape it has for that.
    pub(super) fn of_exchange(refusal: &kmi_kalshi::rest::Refusal) -> Refused {
        if refusal.status == StatusCode::TOO_MANY_REQUESTS.as_u16() {
            return Refused::too_many_requests();
        }
        let Ok(status) = StatusCode::from_u16(refusal.status) else {
            return Refused::unavailable("the exchange's answer was not understood");
        };
        let body = match &refusal.code {
            Some(code) => ErrorBody::Nested {
                error: ErrorObject {
                    code: code.clone(),
                    message: refusal.message.clone(),
                    details: refusal.details.clone(),
                },
            },
            None => ErrorBody::Message {
                msg: refusal.message.clone(),
            },
        };
        Refused(ErrorAnswer { status, body })
    }

    /// Whether it is the server's or the network's failure, not the caller's.
    pub(super) fn is_failure(&self) -> bool {
        self.0.status.is_server_error() || self.0.status == StatusCode::TOO_MANY_REQUESTS
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let json = serde_json::to_vec(&self.0.body).expect("texts are JSON");
        json_response(self.0.status, json.into())
    }
}
