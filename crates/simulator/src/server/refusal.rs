//! What the exchange's refusals look like on the wire, in one place.

use http::StatusCode;
use kmi_kalshi::api::code::{Code, ErrorAnswer};

use super::answer::ApiError;
use crate::core::Refusal;

impl From<Refusal> for ApiError {
    /// Status, code and details of each refusal; those without a code on record are named in the manner of the others.
    fn from(refusal: Refusal) -> ApiError {
        let told = refusal.to_string();
        let (code, details) = match &refusal {
            Refusal::Unknown { .. } | Refusal::UnknownMarket(_) | Refusal::UnknownOrder(_) => {
                return ApiError::not_found();
            }
            Refusal::DuplicateClientOrderId(_) => return ApiError::code(&Code::OrderAlreadyExists),
            Refusal::PostOnlyCross { .. } => return ErrorAnswer::post_only_cross().into(),
            Refusal::Exists { what, .. } if what.contains("transfer") => (Code::TransferAlreadyExists, told),
            Refusal::Exists { .. } => return ApiError::own(StatusCode::CONFLICT, "already_exists", told),
            Refusal::TooMany { .. } => {
                return ApiError::own(StatusCode::BAD_REQUEST, "limit_exceeded", told);
            }
            Refusal::TradingPaused | Refusal::ExchangePaused => (Code::ExchangePaused, told),
            Refusal::MarketInactive(_) => (Code::MarketInactive, told),
            Refusal::InvalidPrice { .. } => (Code::InvalidPrice, told),
            Refusal::InvalidSize { .. } => (Code::InvalidOrderSize, told),
            Refusal::ExpirationPast(_) => (
                Code::InvalidOrder,
                "expiration_time is not in the future".to_owned(),
            ),
            Refusal::InvalidParameters { .. }
            | Refusal::WrongShard(_)
            | Refusal::InvalidResult { .. }
            | Refusal::UnpublishedFees => (Code::InvalidParameters, told),
            Refusal::InsufficientBalance { .. } => (Code::InsufficientBalance, told),
            Refusal::TickerMismatch => (Code::OrderTickerMismatch, told),
            Refusal::SideMismatch => (Code::OrderSideMismatch, told),
            Refusal::ClientOrderIdMismatch => (Code::ClientOrderIdMismatch, told),
            Refusal::GroupTriggered(_) => (Code::OrderGroupTriggered, told),
            Refusal::JournalFailed => (Code::ServiceUnavailable, told),
        };
        ApiError::detailed(&code, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmi_domain::{Money, Price, Quantity, Ticker};

    use crate::core::Shard;

    #[test]
    fn every_recorded_refusal_has_its_status_and_code() {
        let ticker = Ticker::new("KXTEST-26NOV21-A").unwrap();
        for (refusal, status, code, details) in [
            (
                Refusal::DuplicateClientOrderId("a".into()),
                409,
                "order_already_exists",
                None,
            ),
            (Refusal::UnknownMarket(ticker.clone()), 404, "not_found", None),
            (
                Refusal::InsufficientBalance {
                    required: Money::from_micros(5_000_000),
                    available: Money::from_micros(1_000_000),
                    shard: Shard::MAIN,
                },
                400,
                "insufficient_balance",
                Some("needs 5.0000, 1.0000 is free"),
            ),
            (
                Refusal::InvalidPrice {
                    price: Price::from_units(5_555).unwrap(),
                },
                400,
                "invalid_price",
                Some("0.5555 is not a valid price"),
            ),
            (
                Refusal::InvalidSize {
                    quantity: Quantity::from_units(0),
                },
                400,
                "invalid_order_size",
                Some("0.00 is not a valid size"),
            ),
            (
                Refusal::PostOnlyCross {
                    best: Price::from_units(5_600).unwrap(),
                },
                400,
                "invalid_order",
                Some("post only cross"),
            ),
            (
                Refusal::MarketInactive(ticker),
                400,
                "MARKET_INACTIVE",
                Some("KXTEST-26NOV21-A is not open for trading"),
            ),
            (
                Refusal::ExchangePaused,
                400,
                "EXCHANGE_PAUSED",
                Some("the exchange is paused"),
            ),
            (
                Refusal::TickerMismatch,
                400,
                "order_ticker_mismatch",
                Some("the order is of another market"),
            ),
        ] {
            let error = ApiError::from(refusal);
            assert_eq!(error.status().as_u16(), status);
            assert_eq!(error.body().code(), Some(code));
            assert_eq!(error.body().details(), details);
        }
    }
}
