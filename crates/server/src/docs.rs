//! `/api/openapi.json` and `/api/docs`: the document, and pages that show it, from within the program.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use utoipa_swagger_ui::Config;

use crate::Doors;
use crate::error::ApiError;
use crate::rest::{Reading, tag};

/// The pages bring styles within their elements and pictures within their styles, and fetch the document; nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Routes of the document and its pages.
pub(crate) fn router() -> Router<Doors> {
    Router::new()
        .route("/api/openapi.json", get(document))
        .route("/api/docs", get(async || Redirect::permanent("/api/docs/")))
        .route("/api/docs/", get(async || file("index.html")))
        .route(
            "/api/docs/{file}",
            get(async |Path(name): Path<String>| file(&name)),
        )
}

async fn document(headers: HeaderMap) -> Response {
    let body = crate::openapi::document();
    let reading = Reading {
        body: body.as_bytes().into(),
        tag: tag(blake3::hash(body.as_bytes())),
    };
    reading.answer(&headers)
}

fn file(name: &str) -> Result<Response, ApiError> {
    let config = Config::from("/api/openapi.json")
        .try_it_out_enabled(true)
        .validator_url("none");
    let file = utoipa_swagger_ui::serve(name, Arc::new(config)).map_err(ApiError::internal)?;
    let file = file.ok_or_else(|| ApiError::not_found("such page"))?;
    let kind = HeaderValue::from_str(&file.content_type).map_err(ApiError::internal)?;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600")),
    ];
    let body = Body::from(file.bytes.into_owned());
    let mut response = (headers, body).into_response();
    if file.gzpipped {
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    }
    Ok(response)
}
