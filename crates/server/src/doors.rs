//! What the doors open to: [`Doors`].

use std::fmt;
use std::sync::Arc;

use kmi_app::board::Board;
use kmi_app::ingest::IngestMonitor;
use kmi_domain::Timestamp;
use kmi_kalshi::clock::Clock;
use kmi_kalshi::rest::Client;
use kmi_storage::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::{Auth, LocalToken};
use crate::gate::RateLimits;
use crate::rest::{Budget, Fragments, Pages, Runs};
use crate::slots::Slots;
use crate::{AuthMode, DoorSettings};

/// Which exchange this is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExchangeKind {
    /// One of ours: no money at all.
    Simulator,
    /// The exchange's own demo: mock money.
    Demo,
    /// The exchange.
    Prod,
}

impl ExchangeKind {
    /// `simulator`, `demo` or `prod`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ExchangeKind::Simulator => "simulator",
            ExchangeKind::Demo => "demo",
            ExchangeKind::Prod => "prod",
        }
    }
}

impl fmt::Display for ExchangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What doors are made of.
pub struct DoorParts {
    /// All markets as they stand.
    pub board: Board,
    /// What is kept.
    pub store: Store,
    /// How ingest is doing.
    pub ingest: IngestMonitor,
    /// The exchange, for what the board does not know: books, older trades, cache misses of the relay. Without it that is answered with
    /// `KALSHI_UNAVAILABLE`.
    pub rest: Option<Client>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Entropy of this start, drawn from the system: keys of sessions and one-time links come from it.
    pub entropy: [u8; 32],
    /// What programs of this machine show, from its file.
    pub token: LocalToken,
    /// Which exchange this is about.
    pub exchange: ExchangeKind,
    /// Where `/metrics` is rendered from, if metrics are recorded.
    pub metrics: Option<PrometheusHandle>,
    /// How they are set up.
    pub settings: DoorSettings,
}

/// Why there are no doors.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The mode does not exist yet.
    #[error("auth.mode: accounts does not exist yet; local is the only mode there is")]
    NoAccounts,
    /// A host or origin that no request can name.
    #[error("{key}: {value:?} {rule}")]
    Setting {
        /// Which setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        rule: &'static str,
    },
}

/// What the doors open to. Cheap to clone; clones are the same doors.
#[derive(Clone)]
pub struct Doors {
    inner: Arc<Inner>,
}

/// What [`Doors`] hold; for the rooms of this crate.
pub struct Inner {
    pub(crate) board: Board,
    pub(crate) store: Store,
    pub(crate) ingest: IngestMonitor,
    pub(crate) rest: Option<Client>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) exchange: ExchangeKind,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) settings: DoorSettings,
    pub(crate) auth: Auth,
    pub(crate) rates: Option<RateLimits>,
    /// Questions to the exchange.
    pub(crate) budget: Budget,
    /// Markets as JSON.
    pub(crate) fragments: Fragments,
    /// Pages of markets.
    pub(crate) pages: Pages,
    /// Backtests that run.
    pub(crate) runs: Runs,
    /// Whose turn it is to calibrate.
    pub(crate) calibrating: Semaphore,
    /// Room for event streams and relay sockets.
    pub(crate) slots: Slots,
    /// Told when the server stops, so that streams can say good-bye.
    pub(crate) stopping: CancellationToken,
    /// When these doors were made.
    pub(crate) started: Timestamp,
    /// What event ids begin with: their numbers begin anew with every start.
    epoch: String,
}

impl std::ops::Deref for Doors {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors")
            .field("exchange", &self.exchange)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Doors {
    /// Makes them; nobody is let in before [`serve`](crate::serve()).
    ///
    /// # Errors
    /// [`DoorError`] for settings that cannot be.
    pub fn new(parts: DoorParts) -> Result<Doors, DoorError> {
        if parts.settings.auth == AuthMode::Accounts {
            return Err(DoorError::NoAccounts);
        }
        crate::gate::check_names(&parts.settings)?;
        let started = parts.clock.now();
        Ok(Doors {
            inner: Arc::new(Inner {
                auth: Auth::new(parts.entropy, parts.token, &parts.settings),
                rates: parts.settings.rate.map(RateLimits::new),
                budget: Budget::new(parts.settings.relay_misses_per_second),
                fragments: Fragments::default(),
                pages: Pages::default(),
                runs: Runs::new(parts.settings.backtests),
                calibrating: Semaphore::new(1),
                slots: Slots::new(parts.settings.streams, parts.settings.streams_per_address),
                stopping: CancellationToken::new(),
                board: parts.board,
                store: parts.store,
                ingest: parts.ingest,
                rest: parts.rest,
                clock: parts.clock,
                exchange: parts.exchange,
                metrics: parts.metrics,
                settings: parts.settings,
                epoch: format!("{:x}", started.micros()),
                started,
            }),
        })
    }

    /// A link that begins a session, once and for a while: `http://127.0.0.1:8000/session/begin?token=…`. `address` is where the server
    /// listens.
    pub fn session_link(&self, address: std::net::SocketAddr) -> String {
        let token = self.inner.auth.new_link(self.inner.clock.now());
        format!("http://{address}/session/begin?token={token}")
    }

    /// What event ids begin with: another at every start.
    pub(crate) fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}
