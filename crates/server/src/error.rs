//! The one shape of every refusal: `{"error":{"code","message","retryable","details"?,"request_id"}}`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kmi_storage::StorageError;
use serde::Serialize;
use serde_json::{Value, json};

/// What kind of refusal it is; programs branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The request breaks a rule, which `details` name.
    InvalidRequest,
    /// Nobody is logged in, and this needs somebody.
    Unauthenticated,
    /// Not from there, or not without the token against forged requests.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// Too often, or too many at once.
    RateLimited,
    /// The exchange did not answer.
    KalshiUnavailable,
    /// The database did not answer.
    StorageUnavailable,
    /// A mistake of ours.
    Internal,
}

/// A refusal on its way out.
///
/// The gate writes its body, because only the gate knows the request's id; what is meant for the log goes no further than that.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: Code,
    pub(crate) message: Cow<'static, str>,
    pub(crate) retry: Retry,
    pub(crate) details: Option<Arc<Value>>,
    /// For the log.
    pub(crate) cause: Option<Arc<str>>,
}

/// Whether the same request may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Not as it is.
    Never,
    /// Perhaps, after so many seconds.
    After(u32),
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: Code, message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError {
            status,
            code,
            message: message.into(),
            retry: Retry::Never,
            details: None,
            cause: None,
        }
    }

    /// A parameter or field that breaks a rule.
    pub(crate) fn field(name: &str, given: &str, rule: impl std::fmt::Display) -> ApiError {
        let rule = rule.to_string();
        // What was given is repeated in part only: it may be anything.
        let given: String = given.chars().take(64).collect();
        let message = format!("{name} {rule}");
        let mut error = ApiError::new(StatusCode::BAD_REQUEST, Code::InvalidRequest, message);
        error.details = Some(Arc::new(json!({"field": name, "rule": rule, "given": given})));
        error
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, Code::InvalidRequest, message)
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> ApiError {
        ApiError::new(
            StatusCode::NOT_FOUND,
            Code::NotFound,
            format!("there is no {what}"),
        )
    }

    pub(crate) fn forbidden(message: impl Into<Cow<'static, str>>) -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, Code::Forbidden, message)
    }

    pub(crate) fn unauthenticated() -> ApiError {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            Code::Unauthenticated,
            "this needs a session (open the link printed at start) or the local token as a bearer",
        )
    }

    pub(crate) fn too_many(message: impl Into<Cow<'static, str>>, after: u32) -> ApiError {
        let mut error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, message);
        error.retry = Retry::After(after);
        error
    }

    pub(crate) fn exchange(cause: impl std::fmt::Display) -> ApiError {
        let mut error = ApiError::new(
            StatusCode::BAD_GATEWAY,
            Code::KalshiUnavailable,
            "the exchange did not answer",
        );
        error.retry = Retry::After(2);
        error.cause = Some(cause.to_string().into());
        error
    }

    pub(crate) fn internal(cause: impl std::fmt::Display) -> ApiError {
        let mut error = ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Code::Internal,
            "something went wrong on our side; the log knows more under this request's id",
        );
        error.cause = Some(cause.to_string().into());
        error
    }

    /// The body, naming the request.
    pub(crate) fn body(&self, request_id: &str) -> Vec<u8> {
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "retryable": matches!(self.retry, Retry::After(_)),
            "request_id": request_id,
        });
        if let Some(details) = &self.details {
            error["details"] = Value::clone(details);
        }
        json!({"error": error}).to_string().into_bytes()
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> ApiError {
        let cause = chain(&error);
        match error {
            outage if outage.is_outage() => {
                let mut refusal = ApiError::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Code::StorageUnavailable,
                    "the database does not answer; what is in memory can still be read",
                );
                refusal.retry = Retry::After(5);
                refusal.cause = Some(cause.into());
                refusal
            }
            _ => ApiError::internal(cause),
        }
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        if let Retry::After(seconds) = self.retry {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
