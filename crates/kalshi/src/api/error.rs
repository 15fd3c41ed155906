//! Bodies of refusals: four shapes occur, although the specification shows one.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What a refusal says of itself, inside an envelope or alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorObject {
    /// Name of the rule that was broken, `insufficient_balance` for one. What programs branch on.
    pub code: String,
    /// The same for people; often the code again. Empty where the exchange gave none, or `null`.
    #[serde(default, deserialize_with = "super::amount::or_default")]
    pub message: String,
    /// What distinguishes cases of one code, `post only cross` for one. JSON that is no text is kept as its text.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_of_any"
    )]
    pub details: Option<String>,
}

impl ErrorObject {
    /// An object whose message repeats its code, as the exchange's mostly do, with no details.
    pub fn of_code(code: impl Into<String>) -> ErrorObject {
        let code = code.into();
        ErrorObject {
            message: code.clone(),
            code,
            details: None,
        }
    }

    /// What `value` tells, whatever it is: an object without code or message, or with `null` for them, has empty ones, a text is
    /// a message, and anything else becomes the details. `None` of `null`.
    pub(crate) fn of_any(value: &Value) -> Option<ErrorObject> {
        let text = |name: &str| {
            value
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        match value {
            Value::Null => None,
            Value::Object(_) => Some(ErrorObject {
                code: text("code"),
                message: text("message"),
                details: value.get("details").and_then(text_of),
            }),
            Value::String(message) => Some(ErrorObject::default().with_message(message)),
            other => Some(ErrorObject::default().with_details(other.to_string())),
        }
    }

    /// The same with `details`.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> ErrorObject {
        self.details = Some(details.into());
        self
    }

    /// The same with another `message`.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> ErrorObject {
        self.message = message.into();
        self
    }
}

/// Body of an answer of 400 and above, in each of the shapes on record.
///
/// Reads any of them and writes the one it is. Members beyond those named are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ErrorBody {
    /// `{"error":{"code","message","details"?}}`: authentication, exchange and order errors.
    Nested {
        /// What is said.
        error: ErrorObject,
    },
    /// `{"error":"too many requests"}`: 429.
    Text {
        /// What is said.
        error: String,
    },
    /// `{"code","message","details"}`: JSON that could not be decoded.
    Flat(ErrorObject),
    /// `{"msg":"Parameter validation failed for …"}`: query parameters.
    Message {
        /// What is said.
        msg: String,
    },
}

impl ErrorBody {
    /// The body of a 429.
    pub fn too_many_requests() -> ErrorBody {
        ErrorBody::Text {
            error: "too many requests".to_owned(),
        }
    }

    /// The code, in the two shapes that have one.
    pub fn code(&self) -> Option<&str> {
        match self {
            ErrorBody::Nested { error } | ErrorBody::Flat(error) => Some(&error.code),
            ErrorBody::Text { .. } | ErrorBody::Message { .. } => None,
        }
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        match self {
            ErrorBody::Nested { error } | ErrorBody::Flat(error) => &error.message,
            ErrorBody::Text { error } => error,
            ErrorBody::Message { msg } => msg,
        }
    }

    /// The details, in the two shapes that may have them.
    pub fn details(&self) -> Option<&str> {
        match self {
            ErrorBody::Nested { error } | ErrorBody::Flat(error) => error.details.as_deref(),
            ErrorBody::Text { .. } | ErrorBody::Message { .. } => None,
        }
    }
}

fn text_of_any<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(text_of(&Value::deserialize(input)?))
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorBody, ErrorObject};

    fn read(json: &str) -> ErrorBody {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_recorded_shape_is_told_from_the_others() {
        let nested = read(
            r#"{"error":{"code":"invalid_order","message":"invalid order","details":"post only cross"}}"#,
        );
        assert_eq!(nested.code(), Some("invalid_order"));
        assert_eq!(nested.message(), "invalid order");
        assert_eq!(nested.details(), Some("post only cross"));

        let flat =
            read(r#"{"code":"bad_request","message":"bad request","details":"count: expected a string"}"#);
        assert!(matches!(flat, ErrorBody::Flat(_)));
        assert_eq!(flat.code(), Some("bad_request"));

        let validation = read(r#"{"msg":"Parameter validation failed for GetMarkets: limit"}"#);
        assert_eq!(validation.code(), None);
        assert_eq!(
            validation.message(),
            "Parameter validation failed for GetMarkets: limit"
        );

        let limited = read(r#"{"error":"too many requests"}"#);
        assert_eq!(limited, ErrorBody::too_many_requests());
        assert_eq!(limited.details(), None);
    }

    #[test]
    fn each_shape_is_written_as_it_was_read() {
        for json in [
            r#"{"error":{"code":"not_found","message":"not_found"}}"#,
            r#"{"error":"too many requests"}"#,
            r#"{"code":"bad_request","message":"bad request","details":"x"}"#,
            r#"{"msg":"Parameter validation failed"}"#,
        ] {
            assert_eq!(serde_json::to_string(&read(json)).unwrap(), json);
        }
    }

    #[test]
    fn details_of_another_type_are_kept_as_their_text() {
        let body = read(r#"{"error":{"code":"a","message":"b","details":{"field":"count"},"service":"x"}}"#);
        assert_eq!(body.details(), Some(r#"{"field":"count"}"#));
        assert_eq!(
            read(r#"{"code":"a","details":null}"#),
            ErrorBody::Flat(ErrorObject {
                code: "a".into(),
                ..Default::default()
            })
        );
        assert_eq!(read(r#"{"error":{"code":"a","message":null}}"#).message(), "");
    }

    #[test]
    fn a_body_of_no_known_shape_is_refused() {
        for json in ["{}", "[]", "null", r#"{"error":5}"#, r#"{"message":"no code"}"#] {
            assert!(serde_json::from_str::<ErrorBody>(json).is_err(), "{json}");
        }
    }
}
