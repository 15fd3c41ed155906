//! The exchange that is followed: [`Followed`].

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use kmi_kalshi::connect::{Connect, Dialer, Tcp};
use kmi_kalshi::sign::Signer;
use kmi_kalshi::{rest, ws};

use super::identity::{Address, Asker, PROD_REST_URL, PROD_WS_URL};
use crate::WrongUse;
use crate::commands::now;
use crate::config::Config;

/// Longest time to open a stream to the exchange.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// The exchange that is followed, and the key to its stream.
pub(crate) struct Followed {
    /// Its REST API.
    pub(crate) rest_url: String,
    /// What its address says of it.
    pub(crate) address: Address,
    /// What the stream's address says, where there is one.
    stream: Option<Address>,
    ws_url: Option<String>,
    signer: Option<Signer>,
}

/// Clients of the exchange.
pub(crate) struct Clients {
    /// REST; clones share one account of tokens.
    pub(crate) rest: rest::Client,
    /// Stream, where there is an address and a key.
    pub(crate) stream: Option<(ws::Config, ws::Parts)>,
}

impl Followed {
    /// The exchange the configuration names, or production.
    ///
    /// # Errors
    /// What does not go together, and a key that cannot be read.
    pub(crate) fn of(config: &Config) -> Result<Followed> {
        config.check_live().map_err(|error| WrongUse(error.to_string()))?;
        let exchange = &config.exchange;
        let (rest_url, ws_url) = match &exchange.rest_url {
            Some(rest_url) => (rest_url.clone(), exchange.ws_url.clone()),
            None => (PROD_REST_URL.to_owned(), Some(PROD_WS_URL.to_owned())),
        };
        let address =
            Address::of(&rest_url).map_err(|error| WrongUse(format!("exchange.rest_url: {error}")))?;
        let stream = ws_url.as_deref().map(Address::of).transpose();
        let stream = stream.map_err(|error| WrongUse(format!("exchange.ws_url: {error}")))?;
        if stream.as_ref().is_some_and(|stream| !address.fits_stream(stream)) {
            let other = WrongUse(format!(
                "exchange.ws_url: is of another exchange than exchange.rest_url, {}",
                address.place
            ));
            return Err(other.into());
        }
        let signer = match (&exchange.key_id, &exchange.private_key_path) {
            (Some(id), Some(path)) => {
                let at = || format!("exchange.private_key_path: {}", path.display());
                let pem = std::fs::read_to_string(path).with_context(at)?;
                Some(Signer::from_pem(id.as_str(), &pem).with_context(at)?)
            }
            _ => None,
        };
        Ok(Followed {
            rest_url,
            address,
            stream,
            ws_url,
            signer,
        })
    }

    /// Who ask the exchange which it is: of REST, and of the stream where that is elsewhere.
    ///
    /// # Errors
    /// When there is no such client.
    pub(crate) fn askers(&self) -> Result<Vec<Asker>> {
        let mut askers = vec![self.address.asker()?];
        let stream = self.stream.as_ref().filter(|_| self.signer.is_some());
        if let Some(stream) = stream.filter(|stream| stream.place != self.address.place) {
            askers.push(stream.asker()?);
        }
        Ok(askers)
    }

    /// What is missing for a stream, if there is none.
    pub(crate) fn no_stream(&self) -> Option<&'static str> {
        match (&self.ws_url, &self.signer) {
            (None, _) => Some("exchange.ws_url is not set"),
            (_, None) => Some("exchange.key_id and exchange.private_key_path are not set"),
            _ => None,
        }
    }

    /// Clients that connect by `connector`.
    ///
    /// # Errors
    /// When TLS does not start.
    pub(crate) fn clients(&self, connector: Arc<dyn Connect>, seed: u64) -> Result<Clients> {
        let shared = Arc::clone(&connector);
        let mut builder = rest::Client::builder(&self.rest_url)
            .connector(move |host: &str, port: u16| shared.connect(host, port))
            .jitter_seed(seed);
        if let Some(signer) = &self.signer {
            builder = builder.account(signer.clone(), now);
        }
        let rest = builder.build().context("exchange.rest_url")?;
        let stream = match (&self.ws_url, &self.signer) {
            (Some(url), Some(signer)) => {
                let parts = ws::Parts {
                    dialer: Dialer::new(connector, CONNECT_WITHIN)?,
                    signer: signer.clone(),
                    clock: Arc::new(now),
                    seed,
                    raw: None,
                };
                Some((ws::Config::new(url.clone()), parts))
            }
            _ => None,
        };
        Ok(Clients { rest, stream })
    }

    /// Whether it has a key.
    pub(crate) fn has_key(&self) -> bool {
        self.signer.is_some()
    }

    /// The connector of an exchange that need not be asked which it is.
    pub(crate) fn tcp() -> Arc<dyn Connect> {
        Arc::new(Tcp)
    }
}
