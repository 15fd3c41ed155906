//! The handles of a client: [`Client`] and [`Subscription`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::Ticker;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot, watch};

use super::message::Refusal;
use super::raw::RawTee;
use super::session::{Order, Session};
use super::{Channel, Config, ConnectionState, Events};
use crate::clock::Clock;
use crate::connect::{Dialer, Tcp, TlsError};
use crate::sign::Signer;

/// Orders of handles that wait for the client, at most; more wait with their callers.
const ORDERS: usize = 64;
/// Longest time for a connection of TCP, and of TLS on it.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// What a client is made of besides its [`Config`].
pub struct Parts {
    /// Opens the stream.
    pub dialer: Dialer,
    /// Signs every handshake: the exchange wants it even for public channels.
    pub signer: Signer,
    /// Tells the time of day, for signatures and for [`Event::received`](super::Event::received).
    pub clock: Arc<dyn Clock>,
    /// Of the chance in waiting times.
    pub seed: u64,
    /// Where every frame goes as it came, if anywhere.
    pub raw: Option<RawTee>,
}

impl Parts {
    /// Over TCP, with TLS where the address is `wss`, connecting within 5 s.
    ///
    /// # Errors
    /// When the TLS library does not start.
    pub fn new(signer: Signer, clock: impl Clock, seed: u64) -> Result<Parts, TlsError> {
        Ok(Parts {
            dialer: Dialer::new(Arc::new(Tcp), CONNECT_WITHIN)?,
            signer,
            clock: Arc::new(clock),
            seed,
            raw: None,
        })
    }
}

/// A connection to the exchange that is made anew whenever it breaks, with its subscriptions.
///
/// Cloning copies pointers. The client runs until [`Client::close`], or until every handle, of subscriptions too, is gone.
#[derive(Clone, Debug)]
pub struct Client {
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<ConnectionState>,
}

/// What a subscription covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Markets {
    /// Every market; `orderbook_delta` refuses that.
    All,
    /// These.
    Of(BTreeSet<Ticker>),
}

/// Where a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// The exchange has not confirmed what is wanted yet, or there is no connection.
    Pending,
    /// It is as wanted.
    Active {
        /// Its number on this connection.
        sid: u64,
    },
    /// The exchange refuses it; asking for other markets tries again.
    Refused(Refusal),
    /// It was ended by its owner, or covers no market any more.
    Ended,
}

/// A subscription to a channel. It lives on, through every connection, until [`Subscription::unsubscribe`]; dropping a handle
/// changes nothing. A client has one per channel: handles of the same channel are the same.
#[derive(Clone, Debug)]
pub struct Subscription {
    channel: Channel,
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<SubscriptionState>,
}

/// The client was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client is closed")]
pub struct ClientClosed;

/// Why a subscription is not as wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// The exchange refuses it.
    #[error("refused with {}: {}", .0.code, .0.msg)]
    Refused(Refusal),
    /// It was ended by its owner, or covers no market any more.
    #[error("the subscription was ended")]
    Ended,
    /// The client was closed.
    #[error(transparent)]
    Closed(#[from] ClientClosed),
}

impl Markets {
    /// These markets.
    pub fn of(tickers: impl IntoIterator<Item = Ticker>) -> Markets {
        Markets::Of(tickers.into_iter().collect())
    }
}

impl Client {
    /// Starts a client, which connects at once. What it hears comes from [`Events`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn connect(config: Config, parts: Parts) -> (Client, Events) {
        let (writer, events) = super::queue::channel(config.bounds);
        let (orders, inbox) = mpsc::channel(ORDERS);
        let (state_sender, state) = watch::channel(ConnectionState::Connecting);
        let rng = StdRng::seed_from_u64(parts.seed);
        tokio::spawn(Session::new(config, parts, rng, writer, inbox, state_sender).run());
        (Client { orders, state }, events)
    }

    /// Subscribes to a channel, or, if that was done before, to more markets of it. Of channels that take no markets it covers
    /// everything. This does not wait for the exchange: see [`Subscription::confirmed`].
    ///
    /// # Errors
    /// When the client was closed.
    pub async fn subscribe(&self, channel: Channel, markets: Markets) -> Result<Subscription, ClientClosed> {
        let (reply, state) = oneshot::channel();
        send(
            &self.orders,
            Order::Subscribe {
                channel,
                markets,
                reply,
            },
        )
        .await?;
        Ok(Subscription {
            channel,
            orders: self.orders.clone(),
            state: state.await.map_err(|_| ClientClosed)?,
        })
    }

    /// Asks for new snapshots of these books, because the reader found them wrong. They are told stale until then.
    ///
    /// # Errors
    /// When the client was closed.
    pub async fn refresh_books(&self, tickers: Vec<Ticker>) -> Result<(), ClientClosed> {
        send(&self.orders, Order::Refresh(tickers)).await
    }

    /// Whether there is a connection now.
    pub fn state(&self) -> ConnectionState {
        self.state.borrow().clone()
    }

    /// Waits until there is a connection, or there cannot be one.
    ///
    /// # Errors
    /// When the client was closed.
    pub async fn connected(&mut self) -> Result<(), ClientClosed> {
        let found = self
            .state
            .wait_for(|state| matches!(state, ConnectionState::Connected | ConnectionState::Closed))
            .await;
        match found.as_deref() {
            Ok(ConnectionState::Connected) => Ok(()),
            _ => Err(ClientClosed),
        }
    }

    /// Closes the connection and ends the client; returns when it is gone.
    pub async fn close(mut self) {
        // An error says that it is gone already.
        let _ = send(&self.orders, Order::Close).await;
        let _ = self
            .state
            .wait_for(|state| matches!(state, ConnectionState::Closed))
            .await;
    }
}

impl Subscription {
    /// The channel.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// Where it stands now.
    pub fn state(&self) -> SubscriptionState {
        self.state.borrow().clone()
    }

    /// Covers these markets too; the others go on undisturbed.
    ///
    /// # Errors
    /// When the client was closed.
    pub async fn add_markets(&self, tickers: Vec<Ticker>) -> Result<(), ClientClosed> {
        let channel = self.channel;
        send(&self.orders, Order::Add { channel, tickers }).await
    }

    /// Covers these markets no longer; the others go on undisturbed. When none is left the subscription rests until some are added.
    ///
    /// # Errors
    /// When the client was closed.
    pub async fn delete_markets(&self, tickers: Vec<Ticker>) -> Result<(), ClientClosed> {
        let channel = self.channel;
        send(&self.orders, Order::Delete { channel, tickers }).await
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the client was closed.
    pub async fn unsubscribe(self) -> Result<(), ClientClosed> {
        let channel = self.channel;
        send(&self.orders, Order::Unsubscribe { channel }).await
    }

    /// Waits until the exchange has confirmed all that was wanted when this was called; gives its number on this connection. Without
    /// a connection that may take long.
    ///
    /// # Errors
    /// When the exchange refuses it, or it was ended.
    pub async fn confirmed(&mut self) -> Result<u64, SubscribeError> {
        let found = self
            .state
            .wait_for(|state| *state != SubscriptionState::Pending)
            .await;
        match found.as_deref() {
            Ok(SubscriptionState::Active { sid }) => Ok(*sid),
            Ok(SubscriptionState::Refused(refusal)) => Err(SubscribeError::Refused(refusal.clone())),
            Ok(SubscriptionState::Ended | SubscriptionState::Pending) => Err(SubscribeError::Ended),
            Err(_) => Err(ClientClosed.into()),
        }
    }
}

async fn send(orders: &mpsc::Sender<Order>, order: Order) -> Result<(), ClientClosed> {
    orders.send(order).await.map_err(|_| ClientClosed)
}
