//! Nothing of another exchange gets in: [`Guard`].
//!
//! An exchange on this machine may be stopped and another started at its address at any time. So whoever is connected to is asked first
//! which it is, every time, be it for REST or for the stream, and the database must be that one's.

use std::io;
use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use kmi_kalshi::connect::{BoxStream, Connect, Tcp};
use kmi_kalshi::rest;
use kmi_storage::{StorageError, Store};
use tokio_util::sync::CancellationToken;

use super::identity::Asker;

/// Connects to an exchange that is the right one.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Of REST, then of the stream where that is elsewhere.
    askers: Vec<Asker>,
    store: Store,
    /// Which exchange it was found to be, and the database to belong to.
    known: OnceLock<String>,
    /// Told when it turns out to be another.
    stop: CancellationToken,
    refusal: OnceLock<String>,
}

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuardError {
    /// The exchange does not answer; it may later.
    #[error("the exchange does not say which it is")]
    Exchange(#[source] rest::Error),
    /// The database does not answer, or belongs to another exchange.
    #[error(transparent)]
    Database(#[from] StorageError),
    /// It was another before.
    #[error(
        "the exchange is {found}, and was {was} before: exchange.rest_url and exchange.ws_url must be of one, and stay so"
    )]
    Changed {
        /// Which it was.
        was: String,
        /// Which it is.
        found: String,
    },
}

impl GuardError {
    /// Whether the same may succeed later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            GuardError::Exchange(_) => true,
            GuardError::Database(error) => !matches!(error, StorageError::OtherExchange { .. }),
            GuardError::Changed { .. } => false,
        }
    }
}

impl Guard {
    /// One that asks `askers`, of REST first, holds `store` to it, and cancels `stop` when another exchange takes its place.
    pub(crate) fn new(askers: Vec<Asker>, store: Store, stop: CancellationToken) -> Guard {
        Guard {
            shared: Arc::new(Shared {
                askers,
                store,
                known: OnceLock::new(),
                stop,
                refusal: OnceLock::new(),
            }),
        }
    }

    /// Asks all, and makes the database that exchange's if it was nobody's.
    ///
    /// # Errors
    /// [`GuardError`].
    pub(crate) async fn check(&self) -> Result<(), GuardError> {
        for asker in &self.shared.askers {
            self.check_one(asker).await?;
        }
        Ok(())
    }

    /// Which exchange it was found to be.
    pub(crate) fn found(&self) -> Option<&str> {
        self.shared.known.get().map(String::as_str)
    }

    async fn check_one(&self, asker: &Asker) -> Result<(), GuardError> {
        let shared = &self.shared;
        let found = asker.ask().await.map_err(GuardError::Exchange)?;
        if let Some(known) = shared.known.get() {
            return if *known == found {
                Ok(())
            } else {
                let was = known.clone();
                Err(GuardError::Changed { was, found })
            };
        }
        shared.store.claim_exchange(&found).await?;
        // Two connections may be made at once; then both found the same, or the database would have refused one.
        shared.known.get_or_init(|| found);
        Ok(())
    }

    /// Why it made the program stop, if it did.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.shared.refusal.get().map(String::as_str)
    }

    async fn admit(&self, host: &str, port: u16) -> io::Result<()> {
        let askers = &self.shared.askers;
        let asked = match askers.iter().find(|asker| asker.is_about(host, port)) {
            Some(asker) => self.check_one(asker).await,
            None => self.check().await,
        };
        let Err(error) = asked else {
            return Ok(());
        };
        if !error.may_pass() {
            tracing::error!(%error, "stopping: nothing of another exchange may be mixed in");
            self.shared.refusal.get_or_init(|| error.to_string());
            self.shared.stop.cancel();
        }
        Err(io::Error::other(error))
    }
}

impl Connect for Guard {
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<BoxStream>> {
        let (guard, stream) = (self.clone(), Tcp.connect(host, port));
        let host = host.to_owned();
        Box::pin(async move {
            guard.admit(&host, port).await?;
            stream.await
        })
    }
}
