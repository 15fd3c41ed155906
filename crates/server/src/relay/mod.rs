//! The relay: public market data in the exchange's own protocol.

use axum::Router;
use axum::body::Body;
use axum::response::Response;

use crate::Doors;
use crate::error::ApiError;

/// Routes below `/trade-api`, with whole paths.
pub(crate) fn router() -> Router<Doors> {
    Router::new()
}

/// Whether a path is the relay's.
pub(crate) fn is_relay(path: &str) -> bool {
    path.starts_with("/trade-api/")
}

/// A refusal of the gate in the exchange's own shape.
pub(crate) fn refusal(error: &ApiError) -> Response {
    let code = error.status.canonical_reason().unwrap_or("error");
    let body = serde_json::json!({"error": {"code": code.to_lowercase().replace(' ', "_"), "message": error.message}});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = error.status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}
