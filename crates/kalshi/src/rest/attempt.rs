//! One attempt: tokens, signature, request out, answer in.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, StatusCode};
use http_body_util::Full;
use kmi_domain::Timestamp;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::judge::{Kind, judge};
use super::{Auth, Call, Error, Request};
use crate::limit::{AcquireError, Lane};

/// A request that has its tokens and its signature, and has not left: see [`Request::prepare`].
///
/// It is sent once, or dropped; its tokens are spent. A signature is good for some 30 s, so [`Request::not_after`] holds here too.
/// Reads are not repeated either.
#[must_use = "nothing is sent until it is sent"]
#[derive(Debug)]
pub struct Prepared {
    pub(super) request: Request,
    pub(super) attempt: Attempt,
}

/// What goes out.
#[derive(Debug)]
pub(super) struct Attempt {
    lane: Lane,
    message: http::Request<Full<Bytes>>,
    signed_at: Option<Timestamp>,
    latest: Option<Instant>,
}

impl Prepared {
    /// The time of the signature, by the client's clock; `None` of a public request.
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.attempt.signed_at
    }

    /// Sends it and decodes the answer's JSON.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (status, body) = self.request.go(&self.request.call(), self.attempt).await?;
        self.request.decode(status, &body)
    }

    /// Sends it and wants no more than a success.
    ///
    /// # Errors
    /// As [`send`](Prepared::send), but for answers that cannot be decoded.
    pub async fn send_empty(self) -> Result<(), Error> {
        let call = self.request.call();
        self.request.go(&call, self.attempt).await.map(|_| ())
    }
}

impl Request {
    /// An attempt that leaves by `latest`, if it leaves.
    pub(super) async fn attempt(
        &self,
        call: &Call,
        latest: Option<Instant>,
    ) -> Result<(StatusCode, Bytes), Error> {
        let attempt = self.ready(call, latest).await?;
        self.go(call, attempt).await
    }

    /// Waits for tokens, then signs: a signature is good for seconds only.
    pub(super) async fn ready(&self, call: &Call, latest: Option<Instant>) -> Result<Attempt, Error> {
        let (lane, cost) = self.price();
        let limiter = &self.client.shared.limiter;
        limiter
            .acquire_by(latest, lane, self.priority, cost)
            .await
            .map_err(|source| throttled(call, source))?;
        let (message, signed_at) = self.signed(call).await?;
        Ok(Attempt {
            lane,
            message,
            signed_at,
            latest,
        })
    }

    pub(super) async fn go(&self, call: &Call, attempt: Attempt) -> Result<(StatusCode, Bytes), Error> {
        let shared = &self.client.shared;
        if attempt.latest.is_some_and(|latest| Instant::now() > latest) {
            return Err(throttled(call, AcquireError::TooLate));
        }
        let outcome = shared.transport.attempt(attempt.message, attempt.latest).await;
        let result = judge(self.kind(), call, outcome);
        if let Err(Error::TooManyRequests(_)) = &result {
            shared.limiter.drain(attempt.lane);
        }
        result
    }

    /// Who pays for it, and how many tokens.
    fn price(&self) -> (Lane, u64) {
        let shared = &self.client.shared;
        let below_base = &self.path[shared.base.path.len()..];
        let cost = || shared.limiter.cost(self.method.as_str(), below_base, self.items);
        match self.kind() {
            Kind::Read if below_base == "/portfolio/balance" => (Lane::Balance, 1),
            Kind::Read => (Lane::Read, cost()),
            Kind::Write => (Lane::Write, cost()),
        }
    }

    /// The request as it goes out, signed as of now.
    async fn signed(&self, call: &Call) -> Result<(http::Request<Full<Bytes>>, Option<Timestamp>), Error> {
        let mut request = self.unsigned();
        let mut signed_at = None;
        if self.auth == Auth::Private {
            let account = self.client.shared.account.as_ref();
            let account = account.ok_or_else(|| Error::NoKey { call: call.clone() })?;
            let now = account.clock.now();
            let headers = account
                .signer
                .headers(now.millis(), self.method.as_str(), &self.path)
                .await
                .map_err(|source| Error::Sign {
                    call: call.clone(),
                    source,
                })?;
            for (name, value) in headers.pairs() {
                let mut value = HeaderValue::from_str(&value).map_err(|_| Error::Argument {
                    what: "key id",
                    why: "cannot stand in a header".to_owned(),
                })?;
                value.set_sensitive(true);
                request = request.header(name, value);
            }
            signed_at = Some(now);
        }
        let body = Full::new(self.body.clone().unwrap_or_default());
        let request = request.body(body).map_err(|error| Error::Argument {
            what: "request",
            why: error.to_string(),
        })?;
        Ok((request, signed_at))
    }

    fn unsigned(&self) -> http::request::Builder {
        let mut url = format!("{}{}", self.client.shared.base.origin, self.path);
        if !self.query.is_empty() {
            url.push('?');
            url.push_str(&self.query);
        }
        let mut request = http::Request::builder()
            .method(&self.method)
            .uri(url)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("kmi-kalshi/", env!("CARGO_PKG_VERSION")));
        if self.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request
    }
}

fn throttled(call: &Call, source: AcquireError) -> Error {
    Error::Throttled {
        call: call.clone(),
        source,
    }
}
