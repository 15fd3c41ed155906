//! Asking the store and the exchange, without waiting for either for long.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::StatusCode;
use kmi_app::ingest::DatabaseHealth;
use kmi_kalshi::rest;
use kmi_storage::StorageError;
use tokio::time::Instant;

use crate::Doors;
use crate::error::{ApiError, Code, Retry, chain};

/// Longest wait for the store.
const STORE: Duration = Duration::from_secs(10);
/// Longest wait until a request to the exchange leaves.
const EXCHANGE: Duration = Duration::from_secs(2);

/// Questions we may put to the exchange for others: a share below the poller's.
pub(crate) struct Budget {
    limiter: Option<DefaultDirectRateLimiter>,
}

impl Budget {
    pub(crate) fn new(per_second: u32) -> Budget {
        let quota = NonZeroU32::new(per_second).map(Quota::per_second);
        Budget {
            limiter: quota.map(RateLimiter::direct),
        }
    }
}

impl Doors {
    /// What the store says; refused at once while it is known to be down.
    pub(crate) async fn kept<T>(
        &self,
        asked: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, ApiError> {
        if let DatabaseHealth::Down { reason, .. } = self.ingest.status().database.health {
            return Err(store_down(&reason));
        }
        match tokio::time::timeout(STORE, asked).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(store_down("no answer in time")),
        }
    }

    /// What the exchange says, within the budget.
    pub(crate) async fn asked<T, F: Future<Output = Result<T, rest::Error>>>(
        &self,
        ask: impl FnOnce(rest::Client) -> F,
    ) -> Result<T, ApiError> {
        let Some(client) = &self.rest else {
            return Err(ApiError::exchange("no exchange is configured for questions"));
        };
        let within = self
            .budget
            .limiter
            .as_ref()
            .is_some_and(|limiter| limiter.check().is_ok());
        if !within {
            metrics::counter!("kmi_exchange_questions_refused_total").increment(1);
            let message = "this would have to be asked of the exchange, and enough is asked already";
            return Err(ApiError::too_many(message, 1));
        }
        metrics::counter!("kmi_exchange_questions_total").increment(1);
        let client = client.not_after(Instant::now() + EXCHANGE);
        ask(client).await.map_err(|error| match error.status() {
            Some(404) => ApiError::not_found("such thing at the exchange"),
            _ => ApiError::exchange(chain(&error)),
        })
    }
}

fn store_down(cause: &str) -> ApiError {
    let mut error = ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Code::StorageUnavailable,
        "the database does not answer; what is in memory can still be read",
    );
    error.retry = Retry::After(5);
    error.cause = Some(cause.into());
    error
}
