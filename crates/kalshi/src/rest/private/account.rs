//! Limits of the account.

use crate::api::account::{AccountLimits, VolumeProgress, VolumeProgressResponse};
use crate::rest::{Auth, Client, Error};

impl Client {
    /// Tier and token buckets: `GET /account/limits`. Scope `read`; 10 read tokens. What [`Client::limiter`] should be set to.
    ///
    /// # Errors
    /// As any read.
    pub async fn account_limits(&self) -> Result<AccountLimits, Error> {
        self.get(Auth::Private, &["account", "limits"]).send().await
    }

    /// Asks for tier Advanced, for good: `POST /account/api_usage_level/upgrade`. Scope `write`; 30 write tokens.
    ///
    /// # Errors
    /// 403 unless one of the account's last 100 orders came by the API.
    pub async fn upgrade_usage_level(&self) -> Result<(), Error> {
        let request = self.post(&["account", "api_usage_level", "upgrade"]);
        request.send_empty().await
    }

    /// How much was traded, and how much the next tiers ask for: `GET /account/api_usage_level/volume_progress`. Scope `read`;
    /// 10 read tokens.
    ///
    /// # Errors
    /// As any read.
    pub async fn volume_progress(&self) -> Result<Vec<VolumeProgress>, Error> {
        let path = ["account", "api_usage_level", "volume_progress"];
        let answer: VolumeProgressResponse = self.get(Auth::Private, &path).send().await?;
        Ok(answer.volume_progress)
    }
}
