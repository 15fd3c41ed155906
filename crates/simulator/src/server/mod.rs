//! The exchange's doors: Kalshi's REST API and WebSocket in front of an [`Engine`].
//!
//! [`Server`] makes a router and serves it to any listener. Every operation goes the same way: who asks (signature, clock
//! window, scope), whether their bucket holds enough tokens, whether a fault strikes, the body within its bounds, the handler,
//! and the answer in the shapes Kalshi answers in.

mod admin;
mod answer;
mod auth;
mod body;
mod call;
mod config;
mod dispatch;
mod gate;
mod operation;
mod params;
mod patient;
mod pipe;
mod refusal;
mod routes;
mod scope;
mod serve;
mod tier;
mod ws;

use std::sync::Arc;

use axum::Router;
use axum::serve::Listener;
use tokio_util::sync::CancellationToken;

use crate::core::UserId;
use crate::engine::Engine;
use crate::faults::Faults;
use crate::stream::Streams;
use answer::ApiError;
use auth::Keys;
use gate::{Gate, Lane, Payer};

pub use config::{AdminPeers, Bounds, Config};
pub use pipe::{Pipe, PipeListener, pipe};
pub use serve::PeerAddress;
pub use tier::{Tier, UnknownTier};

/// Where the REST API lives.
pub const REST_PATH: &str = "/trade-api/v2";
/// Where the WebSocket lives.
pub const WS_PATH: &str = "/trade-api/ws/v2";
/// Where the admin door lives.
pub const ADMIN_PATH: &str = "/admin";

/// The HTTP side of an exchange. Cloning copies a handle.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

/// What every request shares.
struct Shared {
    engine: Engine,
    faults: Faults,
    config: Config,
    keys: Keys,
    gate: Gate,
    streams: Streams,
}

impl Server {
    /// Doors for `engine`. Must be called within a tokio runtime, whose clock refills the token buckets
    /// and which runs the task that feeds the streams.
    pub fn new(engine: Engine, faults: Faults, config: Config) -> Server {
        let gate = Gate::new(config.default_tier, config.stranger_tier);
        let streams = Streams::start(&engine, &faults, config.control_seq);
        Server {
            shared: Arc::new(Shared {
                engine,
                faults,
                config,
                keys: Keys::default(),
                gate,
                streams,
            }),
        }
    }

    /// Puts a user on an API usage tier. Not journaled: after a restart they are on the default tier again.
    pub fn set_tier(&self, user: UserId, tier: Tier) {
        self.shared.gate.set_tier(user, tier);
    }

    /// The routes, for servers of one's own; peers are then taken to be on this machine.
    pub fn router(&self) -> Router {
        dispatch::router(&self.shared)
    }

    /// Serves everyone who connects to `listener` until `stop` is canceled, then lets requests in flight finish.
    ///
    /// TCP listeners should set `TCP_NODELAY` on what they accept, or answers wait for each other.
    pub async fn serve<L>(&self, listener: L, stop: CancellationToken)
    where
        L: Listener,
        L::Addr: PeerAddress,
    {
        let bounds = self.shared.config.bounds;
        serve::serve(listener, self.router(), bounds, stop).await;
        self.shared.streams.stop(bounds.farewell).await;
    }
}

impl Shared {
    /// Takes tokens, or refuses with 429.
    fn bill(&self, payer: Payer, lane: Lane, cost: u64) -> Result<(), ApiError> {
        if self.gate.admit(payer, lane, cost) {
            Ok(())
        } else {
            Err(kmi_kalshi::api::code::ErrorAnswer::too_many_requests().into())
        }
    }
}
