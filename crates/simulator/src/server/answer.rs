//! Answers: bodies of JSON, and refusals in the shapes Kalshi answers in.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use kmi_kalshi::api::code::{Code, ErrorAnswer};
use kmi_kalshi::api::error::{ErrorBody, ErrorObject};
use kmi_kalshi::api::request::BadBody;
use serde::Serialize;

/// What is sent when all went well.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Bytes,
}

impl Answer {
    /// 200 with `body` as JSON.
    pub(crate) fn ok<T: Serialize>(body: &T) -> Result<Answer, ApiError> {
        Answer::json(StatusCode::OK, body)
    }

    /// 201 with `body` as JSON.
    pub(crate) fn created<T: Serialize>(body: &T) -> Result<Answer, ApiError> {
        Answer::json(StatusCode::CREATED, body)
    }

    /// 200 with `{}`.
    pub(crate) const fn empty() -> Answer {
        Answer {
            status: StatusCode::OK,
            body: Bytes::from_static(b"{}"),
        }
    }

    /// This status without a body.
    pub(crate) const fn bare(status: StatusCode) -> Answer {
        Answer {
            status,
            body: Bytes::new(),
        }
    }

    fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Answer, ApiError> {
        match serde_json::to_vec(body) {
            Ok(bytes) => Ok(Answer {
                status,
                body: bytes.into(),
            }),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written as JSON");
                Err(ApiError::code(&Code::InternalError))
            }
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let has_body = !self.body.is_empty();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        if has_body {
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        response
    }
}

/// What is sent when it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    answer: ErrorAnswer,
    closes: bool,
}

impl ApiError {
    /// The plain answer of a code.
    pub(crate) fn code(code: &Code) -> ApiError {
        ErrorAnswer::of(code).into()
    }

    /// The same, told apart by its details.
    pub(crate) fn detailed(code: &Code, details: impl Into<String>) -> ApiError {
        ErrorAnswer::with_details(code, details).into()
    }

    /// An answer whose code Kalshi is not known to give.
    pub(crate) fn own(status: StatusCode, code: &str, details: impl Into<String>) -> ApiError {
        let error = ErrorObject::of_code(code).with_details(details);
        ErrorAnswer {
            status,
            body: ErrorBody::Nested { error },
        }
        .into()
    }

    /// 403: the key may not.
    pub(crate) fn forbidden(details: impl Into<String>) -> ApiError {
        ApiError::detailed(&Code::Forbidden, details)
    }

    /// 404 `not_found`.
    pub(crate) fn not_found() -> ApiError {
        ApiError::code(&Code::NotFound)
    }

    /// 400 `invalid_parameters`.
    pub(crate) fn invalid_parameters(details: impl Into<String>) -> ApiError {
        ApiError::detailed(&Code::InvalidParameters, details)
    }

    /// 413; nothing more is read from this connection.
    pub(crate) fn too_large(limit: usize) -> ApiError {
        ApiError::detailed(&Code::BodyTooLarge, format!("a body holds at most {limit} bytes")).closing()
    }

    /// 408: the body did not come in time; nothing more is read from this connection.
    pub(crate) fn too_slow() -> ApiError {
        let late = "the body did not come in time";
        ApiError::own(StatusCode::REQUEST_TIMEOUT, "request_timeout", late).closing()
    }

    /// What a batch says of one of its items.
    pub(crate) fn into_item(self) -> ErrorObject {
        match self.answer.body {
            ErrorBody::Nested { error } | ErrorBody::Flat(error) => error,
            ErrorBody::Text { error } => ErrorObject::of_code(error),
            ErrorBody::Message { msg } => Code::InvalidParameters.object().with_details(msg),
        }
    }

    /// What it says.
    #[cfg(test)]
    pub(crate) fn body(&self) -> &ErrorBody {
        &self.answer.body
    }

    /// Its status.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.answer.status
    }

    fn closing(self) -> ApiError {
        ApiError { closes: true, ..self }
    }
}

impl From<ErrorAnswer> for ApiError {
    fn from(answer: ErrorAnswer) -> ApiError {
        ApiError {
            answer,
            closes: false,
        }
    }
}

impl From<BadBody> for ApiError {
    fn from(bad: BadBody) -> ApiError {
        ErrorAnswer::from(bad).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.answer.body).expect("texts are JSON");
        let mut response = Answer {
            status: self.answer.status,
            body: body.into(),
        }
        .into_response();
        if self.closes {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
