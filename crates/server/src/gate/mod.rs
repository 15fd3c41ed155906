//! The gate: what every request passes on its way in, and every answer on its way out.
//!
//! In: an id; the host it was meant for; no proxy on the way; the page it comes from; how often its address asks; who it is; and, if it
//! would change something, a session with the token against forged requests, or the bearer of programs. Out: the one shape of refusals, headers that bind
//! browsers, the renewed cookie, the time it took.

mod limits;
mod names;
mod origin;

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;
use tower::ServiceExt;

pub(crate) use limits::RateLimits;
pub(crate) use names::{Site, check_names};

use crate::auth::Caller;
use crate::error::{ApiError, Code, Retry};
use crate::{Doors, relay};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// Address a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The gate before all routes.
pub(crate) struct Gate {
    site: Arc<Site>,
    doors: Doors,
    router: Router,
    asked: AtomicU64,
}

/// What the way out needs to know of the way in.
struct Passage {
    id: HeaderValue,
    method: Method,
    path: String,
    started: Instant,
    /// Origin whose pages may read the answer.
    readable_by: Option<HeaderValue>,
    rate: Option<limits::Left>,
    caller: Caller,
}

impl Gate {
    pub(crate) fn new(site: Arc<Site>, doors: Doors) -> Gate {
        Gate {
            router: crate::router::router(&doors),
            site,
            doors,
            asked: AtomicU64::new(0),
        }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, peer: IpAddr, mut request: Request) -> Result<Response, Infallible> {
        let mut passage = Passage {
            id: self.id(request.headers()),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            started: Instant::now(),
            readable_by: None,
            rate: None,
            caller: Caller::Anonymous,
        };
        let response = match self.admit(peer, &request, &mut passage) {
            Ok(Some(response)) => response,
            Ok(None) => {
                let extensions = request.extensions_mut();
                extensions.insert(Peer(peer));
                extensions.insert(passage.caller.clone());
                extensions.insert(Arc::clone(&self.site));
                self.inside(request).await
            }
            Err(refusal) => refusal.into_response(),
        };
        Ok(self.finish(response, &passage))
    }

    /// Lets a request in, answers it at once (preflights), or refuses it.
    fn admit(
        &self,
        peer: IpAddr,
        request: &Request,
        passage: &mut Passage,
    ) -> Result<Option<Response>, ApiError> {
        let headers = request.headers();
        self.site.check_host(request.uri(), headers)?;
        origin::refuse_proxied(headers)?;
        passage.readable_by = self.site.check_origin(request.method(), headers)?;
        if let Some(rates) = &self.doors.rates {
            passage.rate = Some(rates.take(peer)?);
        }
        if let Some(response) = origin::preflight(request) {
            return Ok(Some(response));
        }
        passage.caller = self.caller(headers)?;
        // The relay has refusals of its own and changes nothing.
        let changes = !request.method().is_safe() && !relay::is_relay(request.uri().path());
        if changes {
            self.check_change(headers, &passage.caller)?;
        }
        Ok(None)
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let auth = &self.doors.auth;
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let bearer = value.to_str().ok().and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
            });
            return match bearer {
                Some(token) if auth.is_token(token) => Ok(Caller::Token),
                _ => Err(ApiError::unauthenticated()),
            };
        }
        let now = self.doors.now();
        let session = names::cookie(headers, self.site.cookie()).and_then(|value| auth.session(value, now));
        Ok(session.map_or(Caller::Anonymous, Caller::Session))
    }

    fn check_change(&self, headers: &HeaderMap, caller: &Caller) -> Result<(), ApiError> {
        match caller {
            Caller::Token => Ok(()),
            Caller::Anonymous => Err(ApiError::unauthenticated()),
            Caller::Session(session) => {
                let given = headers.get(CSRF).and_then(|value| value.to_str().ok());
                if given.is_some_and(|given| self.doors.auth.sessions().is_csrf_token(session, given)) {
                    return Ok(());
                }
                Err(ApiError::forbidden(
                    "requests that change something carry the session's x-csrf-token, which GET /session tells",
                ))
            }
        }
    }

    async fn inside(&self, request: Request) -> Response {
        let answer = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(self.doors.settings.timeout, answer).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(panic)) => {
                let message = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied());
                ApiError::internal(format!("panicked: {}", message.unwrap_or("without words")))
                    .into_response()
            }
            Err(_) => {
                let mut error = ApiError::new(
                    StatusCode::GATEWAY_TIMEOUT,
                    Code::Internal,
                    "no answer could be made in time",
                );
                error.retry = Retry::After(5);
                error.into_response()
            }
        }
    }

    fn finish(&self, mut response: Response, passage: &Passage) -> Response {
        if let Some(error) = response.extensions_mut().remove::<ApiError>() {
            response = told(response, &error, passage);
        }
        let status = response.status();
        let route = response.extensions_mut().remove::<crate::router::Route>();
        crate::meters::answered(route.as_ref(), &passage.method, status, passage.started.elapsed());
        let took_ms = passage.started.elapsed().as_secs_f64() * 1e3;
        let (id, method, path) = (
            passage.id.to_str().unwrap_or_default(),
            &passage.method,
            &passage.path,
        );
        if method.is_safe() {
            tracing::debug!(request_id = id, %method, path, status = status.as_u16(), took_ms, "answered");
        } else {
            tracing::info!(request_id = id, %method, path, status = status.as_u16(), took_ms, "answered");
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, passage.id.clone());
        bind_browsers(headers);
        if let Some(origin) = &passage.readable_by {
            origin::readable(headers, origin);
        }
        if let Some(left) = &passage.rate {
            left.tell(headers);
        }
        if let Caller::Session(session) = &passage.caller {
            let sessions = self.doors.auth.sessions();
            let renewed = sessions.renewed(session, self.doors.now());
            if let Some(session) = renewed.filter(|_| !headers.contains_key(header::SET_COOKIE)) {
                headers.insert(header::SET_COOKIE, self.site.set_cookie(sessions, &session));
            }
        }
        response
    }

    /// The id the client gave, if it can be repeated without harm, or the next of ours.
    fn id(&self, headers: &HeaderMap) -> HeaderValue {
        let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        if let Some(given) = headers.get(REQUEST_ID) {
            let bytes = given.as_bytes();
            if (1..=64).contains(&bytes.len()) && bytes.iter().all(harmless) {
                return given.clone();
            }
        }
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let text = format!("{:x}-{number:x}", self.doors.started.millis());
        HeaderValue::from_str(&text).expect("hexadecimal digits and a dash")
    }
}

/// The refusal as the client sees it, and as the log does.
fn told(mut response: Response, error: &ApiError, passage: &Passage) -> Response {
    let id = passage.id.to_str().unwrap_or_default();
    let (status, cause) = (error.status.as_u16(), error.cause.as_deref());
    let (method, path) = (&passage.method, &passage.path);
    if error.status.is_server_error() {
        tracing::error!(request_id = id, %method, path, status, cause, "{}", error.message);
    } else {
        tracing::debug!(request_id = id, %method, path, status, cause, "{}", error.message);
    }
    if relay::is_relay(path) {
        return relay::refusal(error);
    }
    *response.body_mut() = Body::from(error.body(id));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.remove(header::CONTENT_LENGTH);
    if error.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Headers that keep browsers from doing more with an answer than it is meant for.
fn bind_browsers(headers: &mut HeaderMap) {
    let mut set = |name, value| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
}
