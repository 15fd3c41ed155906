//! Calls about the exchange itself.

use super::{Auth, Client, Error};
use crate::api::endpoint_cost::EndpointCosts;
use crate::api::exchange::{ExchangeStatus, Schedule, ScheduleResponse};

impl Client {
    /// Whether the exchange is open, and each of its shards: `GET /exchange/status`, public.
    ///
    /// # Errors
    /// See [`Error`]. While the exchange is down its answer is a 5xx, which is an error here, after the client's retries.
    pub async fn exchange_status(&self) -> Result<ExchangeStatus, Error> {
        self.get(Auth::Public, &["exchange", "status"]).send().await
    }

    /// When the exchange is open: `GET /exchange/schedule`, public. Hours are Eastern Time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn exchange_schedule(&self) -> Result<Schedule, Error> {
        let answer: ScheduleResponse = self.get(Auth::Public, &["exchange", "schedule"]).send().await?;
        Ok(answer.schedule)
    }

    /// What calls cost in tokens: `GET /account/endpoint_costs`, public. [`Client::refresh_limits`] counts by it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn endpoint_costs(&self) -> Result<EndpointCosts, Error> {
        self.get(Auth::Public, &["account", "endpoint_costs"])
            .send()
            .await
    }
}
