//! Codes of refusals ([`Code`]) and the whole answers they come in ([`ErrorAnswer`]).
//!
//! A client branches on the code; a server makes its refusals here, so that both mean the same. Where the exchange's own words
//! are not on record the documentation says so.

use http::StatusCode;

use super::error::{ErrorBody, ErrorObject};
use super::request::{BadBody, Fault};
use super::word::word;

word! {
    /// What a refusal is about: `code` in an error's body.
    pub enum Code {
        /// 401: the key is unknown or the signature wrong; the details say which.
        AuthenticationError = "authentication_error",
        /// 401: a `KALSHI-ACCESS-…` header is missing.
        SignatureMissing = "signature_is_missing_from_headers",
        /// 401: the request was signed too long ago, or in the future.
        TimestampExpired = "header_timestamp_expired",
        /// 403: the key lacks the scope, or is locked to another subaccount. The word is not on record.
        Forbidden = "forbidden",
        /// 404: no such thing for this account, on the shard asked. Of an order: canceled, executed, unknown, or on
        /// another shard. Read the order.
        NotFound = "not_found",
        /// 409: the `client_order_id` was used before. The order it names may exist and fill.
        OrderAlreadyExists = "order_already_exists",
        /// 400: too little free cash on the market's shard.
        InsufficientBalance = "insufficient_balance",
        /// 400: too little free cash for a transfer.
        AvailableBalanceTooLow = "available_balance_too_low",
        /// 400: off the market's price grid, or outside a dollar.
        InvalidPrice = "invalid_price",
        /// 400: the order breaks a rule; the details say which (`post only cross`).
        InvalidOrder = "invalid_order",
        /// 400: less than 0.01 contract, or more than an order may hold.
        InvalidOrderSize = "invalid_order_size",
        /// 400: parameters that break a rule or exclude each other.
        InvalidParameters = "invalid_parameters",
        /// 400: the order has another `client_order_id`.
        ClientOrderIdMismatch = "order_id_and_client_order_id_mismatch",
        /// 400: the order is on the other side.
        OrderSideMismatch = "order_side_mismatch",
        /// 400: the order is another market's.
        OrderTickerMismatch = "order_ticker_mismatch",
        /// 400: the market is not open for trading; every operation is refused, cancels too.
        MarketInactive = "MARKET_INACTIVE",
        /// 400: trading, or the whole exchange, is paused.
        ExchangePaused = "EXCHANGE_PAUSED",
        /// 400, flat: the body is not what it must be; the details name field and rule.
        BadRequest = "bad_request",
        /// 410: writing orders below `/portfolio/orders` ended in June 2026.
        DeprecatedV1Order = "deprecated_v1_order_endpoint",
        /// 400: legs of a combo exclude each other.
        ConflictingLegs = "conflicting_leg_outcomes",
        /// 400: a combo has a leg twice.
        DuplicatedLegs = "duplicated_legs",
        /// 400: the markets make no combo.
        InvalidMarketCombination = "invalid_market_combination",
        /// 400: the order group was triggered and takes no orders until it is reset. The word is not on record.
        OrderGroupTriggered = "order_group_triggered",
        /// 409: a transfer with this client id was accepted before. The word is not on record.
        TransferAlreadyExists = "transfer_already_exists",
        /// 405: the path exists, the method on it does not. The word is not on record.
        MethodNotAllowed = "method_not_allowed",
        /// 413: the body is longer than any request. The word is not on record.
        BodyTooLarge = "request_body_too_large",
        /// 500. The word is not on record.
        InternalError = "internal_server_error",
        /// 503: try again later; what was asked may have been done. The word is not on record.
        ServiceUnavailable = "service_unavailable",
    }
}

impl Code {
    /// Status it is sent with. 400 for codes this crate does not know.
    pub const fn status(&self) -> StatusCode {
        match self {
            Code::AuthenticationError | Code::SignatureMissing | Code::TimestampExpired => {
                StatusCode::UNAUTHORIZED
            }
            Code::Forbidden => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Code::OrderAlreadyExists | Code::TransferAlreadyExists => StatusCode::CONFLICT,
            Code::DeprecatedV1Order => StatusCode::GONE,
            Code::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Code::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The code as an error object: message like the code, no details. What stands in a batch beside an item that failed.
    pub fn object(&self) -> ErrorObject {
        ErrorObject::of_code(self.as_str())
    }
}

impl ErrorObject {
    /// The code as a word of the list; [`Code::Other`] when it is new.
    pub fn known_code(&self) -> Code {
        Code::from(self.code.as_str())
    }
}

impl ErrorBody {
    /// The code as a word of the list, in the two shapes that have one.
    pub fn known_code(&self) -> Option<Code> {
        self.code().map(Code::from)
    }
}

/// Why a signature was not accepted: the details beside `authentication_error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationFault {
    /// There is no such key.
    UnknownKey,
    /// The key did not make this signature of this request.
    WrongSignature,
}

impl AuthenticationFault {
    /// The exchange's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            AuthenticationFault::UnknownKey => "NOT_FOUND",
            AuthenticationFault::WrongSignature => "INCORRECT_API_KEY_SIGNATURE",
        }
    }
}

/// Details of [`Code::InvalidOrder`] when a post-only order would trade.
pub const POST_ONLY_CROSS: &str = "post only cross";

/// A refusal as it is sent: status and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// Status, 400 or above.
    pub status: StatusCode,
    /// Body, in the shape recorded for this kind of refusal.
    pub body: ErrorBody,
}

impl ErrorAnswer {
    /// The plain answer for `code`: its status, the nested shape, the code as its own message.
    pub fn of(code: &Code) -> ErrorAnswer {
        ErrorAnswer::nested(code, code.object())
    }

    /// As [`ErrorAnswer::of`], with details.
    pub fn with_details(code: &Code, details: impl Into<String>) -> ErrorAnswer {
        ErrorAnswer::nested(code, code.object().with_details(details))
    }

    fn nested(code: &Code, error: ErrorObject) -> ErrorAnswer {
        ErrorAnswer {
            status: code.status(),
            body: ErrorBody::Nested { error },
        }
    }

    /// 401: the key or its signature is not accepted.
    pub fn authentication(fault: AuthenticationFault) -> ErrorAnswer {
        ErrorAnswer::with_details(&Code::AuthenticationError, fault.as_str())
    }

    /// 400: a post-only order would trade at once.
    pub fn post_only_cross() -> ErrorAnswer {
        ErrorAnswer::with_details(&Code::InvalidOrder, POST_ONLY_CROSS)
    }

    /// 410: orders are no longer written below `/portfolio/orders`.
    pub fn deprecated_v1_order() -> ErrorAnswer {
        let code = Code::DeprecatedV1Order;
        ErrorAnswer::nested(
            &code,
            code.object().with_message("Please switch to the V2 endpoints"),
        )
    }

    /// 400, flat: the body is not what it must be.
    pub fn bad_request(details: impl Into<String>) -> ErrorAnswer {
        ErrorAnswer {
            status: StatusCode::BAD_REQUEST,
            body: ErrorBody::Flat(
                Code::BadRequest
                    .object()
                    .with_message("bad request")
                    .with_details(details),
            ),
        }
    }

    /// 400: query parameters that are refused, `Parameter validation failed for GetMarkets: limit: …`. `operation` is the
    /// specification's operation id.
    pub fn parameter_validation(operation: &str, rule: &str) -> ErrorAnswer {
        ErrorAnswer {
            status: StatusCode::BAD_REQUEST,
            body: ErrorBody::Message {
                msg: format!("Parameter validation failed for {operation}: {rule}"),
            },
        }
    }

    /// 429: the bucket does not hold what the request costs.
    pub fn too_many_requests() -> ErrorAnswer {
        ErrorAnswer {
            status: StatusCode::TOO_MANY_REQUESTS,
            body: ErrorBody::too_many_requests(),
        }
    }
}

impl From<&BadBody> for ErrorAnswer {
    fn from(bad: &BadBody) -> ErrorAnswer {
        match bad.fault {
            Fault::Malformed => ErrorAnswer::bad_request(bad.to_string()),
            Fault::Price => ErrorAnswer::with_details(&Code::InvalidPrice, bad.to_string()),
            Fault::Size => ErrorAnswer::with_details(&Code::InvalidOrderSize, bad.to_string()),
        }
    }
}

impl From<BadBody> for ErrorAnswer {
    fn from(bad: BadBody) -> ErrorAnswer {
        ErrorAnswer::from(&bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(answer: &ErrorAnswer) -> (u16, String) {
        (
            answer.status.as_u16(),
            serde_json::to_string(&answer.body).unwrap(),
        )
    }

    #[test]
    fn refusals_are_sent_in_the_shapes_on_record() {
        let cases = [
            (
                ErrorAnswer::authentication(AuthenticationFault::WrongSignature),
                401,
                r#"{"error":{"code":"authentication_error","message":"authentication_error","details":"INCORRECT_API_KEY_SIGNATURE"}}"#,
            ),
            (
                ErrorAnswer::authentication(AuthenticationFault::UnknownKey),
                401,
                r#"{"error":{"code":"authentication_error","message":"authentication_error","details":"NOT_FOUND"}}"#,
            ),
            (
                ErrorAnswer::of(&Code::TimestampExpired),
                401,
                r#"{"error":{"code":"header_timestamp_expired","message":"header_timestamp_expired"}}"#,
            ),
            (
                ErrorAnswer::of(&Code::NotFound),
                404,
                r#"{"error":{"code":"not_found","message":"not_found"}}"#,
            ),
            (
                ErrorAnswer::of(&Code::OrderAlreadyExists),
                409,
                r#"{"error":{"code":"order_already_exists","message":"order_already_exists"}}"#,
            ),
            (
                ErrorAnswer::post_only_cross(),
                400,
                r#"{"error":{"code":"invalid_order","message":"invalid_order","details":"post only cross"}}"#,
            ),
            (
                ErrorAnswer::deprecated_v1_order(),
                410,
                r#"{"error":{"code":"deprecated_v1_order_endpoint","message":"Please switch to the V2 endpoints"}}"#,
            ),
            (
                ErrorAnswer::bad_request("count: expected a string"),
                400,
                r#"{"code":"bad_request","message":"bad request","details":"count: expected a string"}"#,
            ),
            (
                ErrorAnswer::parameter_validation("GetMarkets", "limit: 1001 is above 1000"),
                400,
                r#"{"msg":"Parameter validation failed for GetMarkets: limit: 1001 is above 1000"}"#,
            ),
            (
                ErrorAnswer::too_many_requests(),
                429,
                r#"{"error":"too many requests"}"#,
            ),
        ];
        for (answer, status, body) in cases {
            assert_eq!(sent(&answer), (status, body.to_owned()));
        }
    }

    #[test]
    fn a_code_reads_back_from_any_body_that_has_one() {
        assert_eq!(
            ErrorAnswer::post_only_cross().body.known_code(),
            Some(Code::InvalidOrder)
        );
        assert_eq!(
            ErrorAnswer::bad_request("x").body.known_code(),
            Some(Code::BadRequest)
        );
        assert_eq!(ErrorAnswer::too_many_requests().body.known_code(), None);
        assert_eq!(Code::from("brand_new"), Code::Other("brand_new".to_owned()));
    }
}
