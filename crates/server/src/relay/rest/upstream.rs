//! Asking the exchange for what the board does not know: [`Upstream`], a cache with a budget.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kmi_domain::Timestamp;
use kmi_kalshi::clock::Clock;
use kmi_kalshi::limit::{Bucket, BucketSpec};
use kmi_kalshi::rest::{Auth, Client, Error};
use moka::Expiry;
use moka::future::Cache;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::Refused;

/// What one question costs, unless the exchange lists another cost; for the budget all cost the same.
const COST: u64 = 10;
/// How long a caller waits for the exchange, repeats included.
const PATIENCE: Duration = Duration::from_secs(5);

/// The exchange, asked as little as possible.
pub(in crate::relay) struct Upstream {
    client: Option<Client>,
    clock: Arc<dyn Clock>,
    budget: Mutex<Bucket>,
    kept: Cache<String, Kept>,
}

/// What the exchange answered, and when.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    answer: Result<Bytes, Refused>,
    pub(super) at: Timestamp,
    keep: Duration,
}

struct UntilOld;

impl Expiry<String, Kept> for UntilOld {
    fn expire_after_create(&self, _: &String, kept: &Kept, _: std::time::Instant) -> Option<Duration> {
        Some(kept.keep)
    }
}

impl Upstream {
    /// Asks through `client`, if there is one, within `budget`, and keeps at most `bytes` of answers.
    pub(in crate::relay) fn new(
        client: Option<Client>,
        clock: Arc<dyn Clock>,
        budget: BucketSpec,
        bytes: u64,
    ) -> Upstream {
        let kept = Cache::builder()
            .max_capacity(bytes)
            .weigher(|path: &String, kept: &Kept| {
                let body = kept.answer.as_ref().map_or(256, Bytes::len);
                u32::try_from(path.len() + body).unwrap_or(u32::MAX)
            })
            .expire_after(UntilOld)
            .build();
        Upstream {
            client,
            budget: Mutex::new(Bucket::full(budget, clock.now())),
            clock,
            kept,
        }
    }

    /// The answer to `GET path?query`, at most `keep` old. Whoever asks the same at the same time waits for the same answer.
    ///
    /// # Errors
    /// The exchange's refusal, which is kept like an answer; 429 when the budget is spent, 503 when the exchange cannot be asked.
    pub(super) async fn get(
        &self,
        path: &[&str],
        query: Vec<(&str, String)>,
        keep: Duration,
    ) -> Result<(Bytes, Timestamp), Refused> {
        let key = key_of(path, &query);
        let kept = self
            .kept
            .try_get_with(key, self.ask(path, query, keep))
            .await
            .map_err(|failed: Arc<Refused>| Refused::clone(&failed))?;
        kept.answer.map(|body| (body, kept.at))
    }

    async fn ask(&self, path: &[&str], query: Vec<(&str, String)>, keep: Duration) -> Result<Kept, Refused> {
        let Some(client) = &self.client else {
            return Err(Refused::unavailable("the relay has no exchange to ask"));
        };
        let at = self.clock.now();
        if self.budget.lock().take(at, COST).is_err() {
            return Err(Refused::too_many_requests());
        }
        let request = query
            .into_iter()
            .fold(client.get(Auth::Public, path), |request, (name, value)| {
                request.param(name, value)
            });
        let answer = tokio::time::timeout(
            PATIENCE,
            request
                .not_after(Instant::now() + PATIENCE)
                .send::<Box<RawValue>>(),
        );
        let answer = match answer.await {
            Ok(Ok(json)) => Ok(Bytes::from(String::from(Box::<str>::from(json)))),
            Ok(Err(error)) => Err(refusal_of(&error)),
            Err(_) => Err(Refused::unavailable("the exchange did not answer in time")),
        };
        match answer {
            Err(refused) if refused.is_failure() => Err(refused),
            answer => Ok(Kept { answer, at, keep }),
        }
    }
}

fn refusal_of(error: &Error) -> Refused {
    tracing::debug!(%error, "the exchange did not answer the relay");
    match error {
        Error::Throttled { .. } => Refused::too_many_requests(),
        // A segment that would change which path it is names nothing.
        Error::Argument { .. } => Refused::not_found(),
        Error::Undecodable(_) => Refused::unavailable("the exchange's answer was not understood"),
        other => other.refusal().map_or_else(
            || Refused::unavailable("the exchange cannot be reached"),
            Refused::of_exchange,
        ),
    }
}

/// Segments and parameters, kept apart by characters that neither tickers nor ids have.
fn key_of(path: &[&str], query: &[(&str, String)]) -> String {
    let mut key = path.join("\u{0}");
    for (name, value) in query {
        key.push('\u{1}');
        key.push_str(name);
        key.push('\u{2}');
        key.push_str(value);
    }
    key
}
