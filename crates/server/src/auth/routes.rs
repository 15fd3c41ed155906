//! `/session`: beginning, looking at and ending a session.

use std::sync::Arc;

use axum::extract::{Extension, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Caller;
use crate::Doors;
use crate::error::ApiError;
use crate::gate::Site;

/// Routes of sessions.
pub(crate) fn router() -> Router<Doors> {
    Router::new()
        // A GET would answer HEAD too, and what only looks whether a link is good must not use it up.
        .route(
            "/session/begin",
            get(begin).head((StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")])),
        )
        .route("/session", get(look).delete(end))
        .route("/session/link", post(link))
}

/// Whose session it is, and what its state-changing requests must carry.
#[derive(Debug, Serialize)]
struct SessionView {
    authenticated: bool,
    /// `session`, `token` or `anonymous`.
    by: &'static str,
    csrf_token: Option<String>,
    expires_at: Option<String>,
}

/// Follows a one-time link: sets the cookie and goes to the front page.
async fn begin(
    State(doors): State<Doors>,
    Extension(site): Extension<Arc<Site>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let token = query.strip_prefix("token=").unwrap_or_default();
    let Some(session) = doors.auth.redeem(token, doors.now()) else {
        return Err(ApiError::forbidden(
            "this link was used, has expired, or never was one; the next start prints a new one, and POST /session/link makes one",
        ));
    };
    let cookie = site.set_cookie(doors.auth.sessions(), &session);
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::LOCATION, HeaderValue::from_static("/")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Tells whose session it is.
async fn look(State(doors): State<Doors>, Extension(caller): Extension<Caller>) -> Response {
    let view = match caller {
        Caller::Session(session) => SessionView {
            authenticated: true,
            by: "session",
            csrf_token: Some(doors.auth.sessions().csrf_token(&session)),
            expires_at: Some(session.expires.to_string()),
        },
        Caller::Token => SessionView {
            authenticated: true,
            by: "token",
            csrf_token: None,
            expires_at: None,
        },
        Caller::Anonymous => SessionView {
            authenticated: false,
            by: "anonymous",
            csrf_token: None,
            expires_at: None,
        },
    };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(view)).into_response()
}

/// Ends the session.
async fn end(
    State(doors): State<Doors>,
    Extension(site): Extension<Arc<Site>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    if let Caller::Session(session) = &caller {
        doors.auth.sessions().end(session);
    }
    let headers = [(header::SET_COOKIE, site.unset_cookie())];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// A new link, for who lost the first.
async fn link(State(doors): State<Doors>, Extension(site): Extension<Arc<Site>>) -> Response {
    let url = doors.session_link(site.address());
    let expires = doors.now().plus(doors.settings.link);
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let body = Json(serde_json::json!({"url": url, "expires_at": expires.to_string()}));
    (StatusCode::CREATED, no_store, body).into_response()
}
