//! The REST client.
//!
//! [`Client::builder`] takes the base URL and, for private routes, a [`Signer`] and a
//! [`Clock`]; the typed calls are methods of [`Client`]. What has no typed call yet can be asked for with
//! [`Client::get`], [`Client::post`], [`Client::put`] and [`Client::delete`].
//!
//! **Reads** are repeated when that may help: no connection, a lost answer, 429, 5xx; a bounded number of times, after waits that
//! double, with jitter. **Writes are sent once and never again**, whatever happens: [`Error::class`] says whether the request was
//! certainly not executed or may have been. A write whose future is dropped while it runs is of unknown outcome too.
//!
//! Before anything is sent the request waits for its tokens, cancels ahead of everything else; see [`crate::limit`]. How long a
//! request may be put off, by that and by connecting, [`Client::not_after`] and [`Request::not_after`] say; when it was signed,
//! before it leaves, [`Request::prepare`].

mod attempt;
mod builder;
mod catalogue;
mod error;
mod exchange;
mod historical;
mod judge;
mod limits;
mod market_data;
mod page;
mod private;
mod request;
mod retry;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use kmi_domain::Timestamp;
use tokio::time::Instant;

pub use attempt::Prepared;
pub use builder::{BuildError, Builder};
pub use error::{Call, Class, Error, Failure, Refusal, Undecodable, UnknownCause};
pub use page::{CursorError, Page, paginate};
pub use request::{Auth, Request};
pub use retry::RetryPolicy;

use crate::clock::Clock;
use crate::limit::Limiter;
use crate::sign::Signer;

/// Most pages the typed streams follow: ten million rows, where a page holds a thousand. [`Request::list`] takes other bounds.
pub const MAX_PAGES: usize = 10_000;

/// Bounds on the time of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included. Default 5 s.
    pub connect: Duration,
    /// For a whole attempt, from asking for a connection to the last byte of the answer. Default 15 s.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(15),
        }
    }
}

/// A client of one exchange, with or without an account. Cloning copies a pointer; clones share connections and tokens.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    not_after: Option<Instant>,
}

struct Shared {
    base: Base,
    account: Option<Account>,
    transport: transport::Transport,
    limiter: Limiter,
    retry: RetryPolicy,
    jitter: retry::Jitter,
}

/// Who signs, and at what times.
struct Account {
    signer: Signer,
    clock: Arc<dyn Clock>,
}

/// The base URL in its two halves.
#[derive(Clone, Debug)]
struct Base {
    /// Scheme and host: `https://external-api.kalshi.com`.
    origin: String,
    /// Path without a slash at the end: `/trade-api/v2`.
    path: String,
}

impl Client {
    /// Begins a client of the exchange at `base_url`, such as `https://external-api.kalshi.com/trade-api/v2`.
    pub fn builder(base_url: impl Into<String>) -> Builder {
        Builder::new(base_url.into())
    }

    /// A `GET` of the path whose segments are given, below the base URL: `&["markets", ticker]`. Segments are percent-encoded.
    pub fn get(&self, auth: Auth, path: &[&str]) -> Request {
        Request::new(self.clone(), Method::GET, auth, path)
    }

    /// A `POST`, always signed.
    pub fn post(&self, path: &[&str]) -> Request {
        Request::new(self.clone(), Method::POST, Auth::Private, path)
    }

    /// A `PUT`, always signed.
    pub fn put(&self, path: &[&str]) -> Request {
        Request::new(self.clone(), Method::PUT, Auth::Private, path)
    }

    /// A `DELETE`, always signed.
    pub fn delete(&self, path: &[&str]) -> Request {
        Request::new(self.clone(), Method::DELETE, Auth::Private, path)
    }

    /// The key that signs, if there is one.
    pub fn signer(&self) -> Option<&Signer> {
        self.shared.account.as_ref().map(|account| &account.signer)
    }

    /// A client whose requests are all [`not_after`](Request::not_after) that moment, typed calls included. It shares everything
    /// with this one.
    #[must_use]
    pub fn not_after(&self, latest: Instant) -> Client {
        Client {
            shared: Arc::clone(&self.shared),
            not_after: Some(latest),
        }
    }

    /// The buckets that requests are paid from. [`Limiter::set`] gives them the account's real sizes.
    pub fn limiter(&self) -> &Limiter {
        &self.shared.limiter
    }

    /// The time by the client's clock, which only one with an account has.
    pub fn now(&self) -> Option<Timestamp> {
        self.shared.account.as_ref().map(|account| account.clock.now())
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.shared.base)
            .field("signer", &self.signer())
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}
