use std::sync::Arc;

use http::Uri;

use super::retry::{Jitter, RetryPolicy};
use super::transport::Transport;
use super::{Account, Base, Client, Shared, Timeouts};
use crate::clock::Clock;
use crate::connect::{Connect, Dialer, Tcp, TlsError};
use crate::limit::{Limiter, Limits, WaitBounds};
use crate::sign::Signer;

/// Largest answer taken unless [`Builder::max_answer_bytes`] says otherwise: 32 MiB. A page of 1,000 markets has about 3 MB.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The base URL is not of the form `http(s)://host[:port]/path`, without query or fragment.
    #[error("{url:?} is no base URL: {why}")]
    BaseUrl {
        /// As given.
        url: String,
        /// The rule it breaks.
        why: &'static str,
    },
    /// TLS does not start.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Builds a [`Client`].
#[must_use]
pub struct Builder {
    base_url: String,
    account: Option<Account>,
    connector: Arc<dyn Connect>,
    tls: Option<Arc<rustls::ClientConfig>>,
    timeouts: Timeouts,
    limits: Limits,
    waits: WaitBounds,
    retry: RetryPolicy,
    jitter_seed: u64,
    max_answer_bytes: usize,
}

impl Builder {
    pub(super) fn new(base_url: String) -> Builder {
        Builder {
            base_url,
            account: None,
            connector: Arc::new(Tcp),
            tls: None,
            timeouts: Timeouts::default(),
            limits: Limits::basic(),
            waits: WaitBounds::default(),
            retry: RetryPolicy::default(),
            jitter_seed: 0,
            max_answer_bytes: MAX_ANSWER_BYTES,
        }
    }

    /// Signs private requests with `signer`, at the times `clock` tells.
    pub fn account(mut self, signer: Signer, clock: impl Clock) -> Builder {
        self.account = Some(Account {
            signer,
            clock: Arc::new(clock),
        });
        self
    }

    /// Opens streams with `connector` instead of TCP. TLS still goes on top where the base URL is `https`.
    pub fn connector(mut self, connector: impl Connect) -> Builder {
        self.connector = Arc::new(connector);
        self
    }

    /// Uses `config` for TLS instead of Mozilla's roots.
    pub fn tls(mut self, config: Arc<rustls::ClientConfig>) -> Builder {
        self.tls = Some(config);
        self
    }

    /// Bounds the time of each attempt.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Builder {
        self.timeouts = timeouts;
        self
    }

    /// Tokens to begin with: those of the Basic tier unless told otherwise. What the account really has,
    /// [`Client::refresh_limits`] asks the exchange.
    pub fn limits(mut self, limits: Limits) -> Builder {
        self.limits = limits;
        self
    }

    /// How long and how many requests may wait for tokens.
    pub fn waits(mut self, waits: WaitBounds) -> Builder {
        self.waits = waits;
        self
    }

    /// How reads are repeated.
    pub fn retry(mut self, retry: RetryPolicy) -> Builder {
        self.retry = retry;
        self
    }

    /// Seed of the jitter in waits, 0 by default. Processes with the same seed come back in step, so give each its own.
    pub fn jitter_seed(mut self, seed: u64) -> Builder {
        self.jitter_seed = seed;
        self
    }

    /// Largest answer taken, in bytes; 32 MiB by default.
    pub fn max_answer_bytes(mut self, bytes: usize) -> Builder {
        self.max_answer_bytes = bytes;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// When the base URL is none, or TLS does not start.
    pub fn build(self) -> Result<Client, BuildError> {
        let base = Base::parse(&self.base_url)?;
        let dialer = match self.tls {
            Some(config) => Dialer::with_tls(self.connector, self.timeouts.connect, config),
            None => Dialer::new(self.connector, self.timeouts.connect)?,
        };
        let shared = Shared {
            base,
            account: self.account,
            transport: Transport::new(dialer, self.timeouts.request, self.max_answer_bytes),
            limiter: Limiter::new(self.limits, self.waits),
            retry: self.retry,
            jitter: Jitter::seeded(self.jitter_seed),
        };
        Ok(Client {
            shared: Arc::new(shared),
            not_after: None,
        })
    }
}

impl Base {
    fn parse(url: &str) -> Result<Base, BuildError> {
        let wrong = |why| BuildError::BaseUrl {
            url: url.to_owned(),
            why,
        };
        if url.contains(['?', '#', '@']) {
            return Err(wrong("it has a query, a fragment or a user"));
        }
        let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("it has no scheme or no host"));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(wrong("its scheme is neither http nor https"));
        }
        Ok(Base {
            origin: format!("{scheme}://{authority}"),
            path: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Base;

    #[test]
    fn a_base_url_is_taken_apart() {
        let base = Base::parse("https://external-api.kalshi.com/trade-api/v2/").unwrap();
        assert_eq!(
            (base.origin.as_str(), base.path.as_str()),
            ("https://external-api.kalshi.com", "/trade-api/v2")
        );
        let base = Base::parse("http://127.0.0.1:8100").unwrap();
        assert_eq!(
            (base.origin.as_str(), base.path.as_str()),
            ("http://127.0.0.1:8100", "")
        );
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for url in [
            "",
            "kalshi.com",
            "ftp://kalshi.com/",
            "https://kalshi.com/?a=b",
            "https://u:p@kalshi.com/",
            "/trade-api/v2",
        ] {
            assert!(Base::parse(url).is_err(), "{url}");
        }
    }
}
