//! `/`: a plain page with links and live status, until the web application comes.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};

use crate::Doors;
use crate::error::ApiError;

/// The page, whole: styles and script are in it.
const PAGE: &str = include_str!("page.html");

/// Routes of the page.
pub(crate) fn router() -> Router<Doors> {
    Router::new().route("/", get(page))
}

async fn page(State(doors): State<Doors>) -> Result<Response, ApiError> {
    // Only what carries this answer's own number runs.
    let nonce = doors.auth.nonce();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let page = PAGE
        .replace("{{nonce}}", &nonce)
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{exchange}}", doors.exchange.as_str());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_str(&policy).map_err(ApiError::internal)?,
        ),
    ];
    Ok((headers, page).into_response())
}
