//! `/api/v1/status`.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;

use super::reading;
use crate::Doors;
use crate::error::ApiError;
use crate::view::status::Status;

/// How exchange, poller, stream, database and board are.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "get_status",
    tag = "status",
    responses((status = 200, description = "How everything is.", body = Status))
)]
pub(super) async fn status(State(doors): State<Doors>, headers: HeaderMap) -> Result<Response, ApiError> {
    reading(&headers, &Status::of(&doors))
}
