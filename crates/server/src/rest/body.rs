//! JSON bodies of requests: [`Body`].

use axum::extract::{FromRequest, Request};
use http::{StatusCode, header};
use http_body_util::BodyExt as _;
use http_body_util::Limited;
use serde::de::DeserializeOwned;

use crate::Doors;
use crate::error::{ApiError, Code};

/// A JSON body of known form and bounded size.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Doors> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, doors: &Doors) -> Result<Body<T>, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::InvalidRequest,
                "the body is application/json",
            ));
        }
        let most = doors.settings.body_bytes;
        let bytes = Limited::new(request.into_body(), most).collect().await;
        let bytes = bytes.map_err(|_| {
            ApiError::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                Code::InvalidRequest,
                format!("the body is no longer than {most} bytes, and comes whole"),
            )
        })?;
        let bytes = bytes.to_bytes();
        let mut decoder = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut decoder).map_err(|error| {
            let path = error.path().to_string();
            let field = if path == "." { "body" } else { &path };
            ApiError::field(field, "", format!("is not as it should be: {}", error.inner()))
        })?;
        decoder
            .end()
            .map_err(|_| ApiError::field("body", "", "is one JSON document and nothing more"))?;
        Ok(Body(value))
    }
}
