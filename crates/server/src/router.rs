//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::StatusCode;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

use crate::error::{ApiError, Code};
use crate::{Doors, relay};

/// The route that took a request, as metrics name it: `/api/v1/markets/{ticker}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route(pub(crate) Arc<str>);

/// All routes. What no route takes is refused in the one shape.
pub(crate) fn router(doors: &Doors) -> Router {
    let (api, _) = crate::rest::router().split_for_parts();
    // Streams go out as they come, and the docs' files are compressed already; both are left alone.
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(1_024).and(NotForContentType::SSE));
    Router::new()
        .merge(api)
        .merge(crate::docs::router())
        .merge(crate::health::router())
        .merge(crate::home::router())
        .layer(compression)
        .merge(relay::router(doors))
        .merge(crate::auth::router())
        .route_layer(from_fn(name))
        .fallback(async || ApiError::not_found("such path"))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                Code::InvalidRequest,
                "this path does not take that method",
            )
        })
        .with_state(doors.clone())
}

/// Tells the gate which route it was.
async fn name(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| Route(path.as_str().into()));
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}
