//! Proxies, and pages of other origins.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::error::ApiError;

/// Headers a proxy leaves behind.
const OF_PROXIES: [HeaderName; 4] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-client-ip"),
];

/// Refuses what came through a proxy: whoever is behind it is not on this machine.
pub(super) fn refuse_proxied(headers: &HeaderMap) -> Result<(), ApiError> {
    let forwarded = |name: &HeaderName| {
        OF_PROXIES.contains(name) || name.as_str().starts_with("x-forwarded-") || name == "x-original-host"
    };
    if headers.keys().any(forwarded) {
        return Err(ApiError::forbidden(
            "in local mode nobody is let in through a proxy: only this machine is meant",
        ));
    }
    Ok(())
}

/// The answer to a browser that asks whether a page may ask; its origin has been checked.
pub(super) fn preflight(request: &Request) -> Option<Response> {
    let headers = request.headers();
    let asks = *request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let answer = response.headers_mut();
    let mut set = |name, value| {
        answer.insert(name, HeaderValue::from_static(value));
    };
    set(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, DELETE");
    set(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "authorization, content-type, if-none-match, last-event-id, x-csrf-token, x-request-id",
    );
    set(header::ACCESS_CONTROL_MAX_AGE, "600");
    Some(response)
}

/// Lets pages of a configured origin read the answer.
pub(super) fn readable(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "etag, retry-after, x-request-id, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset",
        ),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}
