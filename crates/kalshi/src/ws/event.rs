//! What a client tells its reader: [`Event`].

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use kmi_domain::{Ticker, Timestamp};

use super::message::{Refusal, ServerMessage};
use super::{Channel, ErrorCode, MessageError};
use crate::connect::ConnectError;
use crate::sign::SignError;

/// Something that happened, in the order in which it did.
#[derive(Debug)]
pub struct Event {
    /// When, by the client's clock.
    pub received: Timestamp,
    /// On which of the client's connections, counted from 1; 0 before the first.
    pub connection: u64,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug)]
pub enum EventKind {
    /// The connection came or went. Whatever was known by messages is out of date from [`ConnectionState::Reconnecting`] on.
    State(ConnectionState),
    /// The exchange confirmed a subscription.
    Subscribed {
        /// Channel.
        channel: Channel,
        /// Its subscription on this connection.
        sid: u64,
    },
    /// A subscription ended as it was asked to.
    Unsubscribed {
        /// Channel.
        channel: Channel,
    },
    /// The exchange refuses a subscription, or these of its markets; they are not asked for again.
    Refused {
        /// Channel.
        channel: Channel,
        /// Markets refused; none when it is the subscription.
        tickers: Vec<Ticker>,
        /// Why.
        refusal: Refusal,
    },
    /// The exchange ended a subscription (10, 25); it is being made anew, and what it told is out of date.
    Ended {
        /// Channel.
        channel: Channel,
        /// Why.
        code: ErrorCode,
    },
    /// The exchange complains about something no command of ours caused.
    Complaint(Refusal),
    /// Messages of a sequenced channel were lost: books are out of date until their next snapshots, which have been asked for; trades
    /// are to be fetched by REST.
    Gap {
        /// Channel.
        channel: Channel,
        /// Number that should have come.
        expected: u64,
        /// Number that came.
        got: u64,
    },
    /// The reader was too slow and messages of a channel were dropped: books are out of date until their next snapshots, which
    /// are asked for once the reader has caught up; trades and the like are to be fetched by REST. More may be dropped until
    /// half the bound is free again.
    Lagged {
        /// Channel.
        channel: Channel,
    },
    /// These books are out of date, for another reason than the above: a broken message, or because the reader said so.
    Stale {
        /// Markets.
        tickers: Vec<Ticker>,
    },
    /// No snapshots of these books come, though others' do: they stay out of date, and are asked for again now and then, ever more
    /// rarely. Told once, until one comes.
    Missing {
        /// Markets.
        tickers: Vec<Ticker>,
    },
    /// A subscription covers these markets no longer, as it was asked to; their books are not kept up to date any more.
    Removed {
        /// Channel.
        channel: Channel,
        /// Markets.
        tickers: Vec<Ticker>,
    },
    /// A message that cannot be read; it counts as lost.
    Undecodable(Arc<MessageError>),
    /// A message of a channel. The NO side of books is in NO prices.
    Message(Box<ServerMessage>),
}

/// Whether there is a connection.
#[derive(Clone, Debug)]
pub enum ConnectionState {
    /// The first connection is being made.
    Connecting,
    /// There is one; subscriptions are being made anew on it.
    Connected,
    /// There is none.
    Reconnecting {
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// After how long.
        delay: Duration,
        /// Why there is none.
        reason: Arc<Disconnect>,
    },
    /// There is none, after several attempts or because the key was refused; it is still tried now and then.
    Failed {
        /// Why.
        reason: Arc<Disconnect>,
        /// When it is tried next.
        probe_in: Duration,
    },
    /// The client was closed.
    Closed,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Disconnect {
    /// None came about.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The handshake could not be signed.
    #[error("the handshake could not be signed")]
    Sign(#[from] SignError),
    /// The exchange refused the handshake.
    #[error("the exchange refused the handshake with {status}: {body}")]
    Refused {
        /// Status of its answer; 401 means the key, its signature or our clock.
        status: StatusCode,
        /// Beginning of its answer.
        body: String,
    },
    /// The handshake took too long.
    #[error("no handshake within {0:?}")]
    HandshakeTimedOut(Duration),
    /// The exchange said good-bye.
    #[error("the exchange closed the connection ({code}) {reason}")]
    Closed {
        /// Its code, 1005 if it gave none.
        code: u16,
        /// Its words.
        reason: String,
    },
    /// The stream broke, or what came over it was no WebSocket.
    #[error("the connection broke")]
    Broken(#[source] Box<tokio_tungstenite::tungstenite::Error>),
    /// Nothing came, not even the reply to a ping.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    /// A frame could not be written.
    #[error("nothing could be written for {0:?}")]
    WriteTimedOut(Duration),
    /// A command was not answered.
    #[error("no reply to {command} within {waited:?}")]
    NoReply {
        /// Its name.
        command: &'static str,
        /// How long was waited.
        waited: Duration,
    },
    /// The books of a subscription could not be brought in sync.
    #[error("books stayed out of sync through {0} subscriptions")]
    NoSnapshots(u32),
    /// The reader of events, or of raw frames, made no room.
    #[error("the reader made no room for {0:?}")]
    Stalled(Duration),
}

impl Disconnect {
    /// Whether trying again soon is no use: the exchange does not accept the key.
    pub fn is_refusal_of_key(&self) -> bool {
        matches!(self, Disconnect::Refused { status, .. }
            if *status == StatusCode::UNAUTHORIZED || *status == StatusCode::FORBIDDEN)
            || matches!(self, Disconnect::Sign(_))
    }

    /// How long a connection served well that ended so, `lasted` after its first subscription was confirmed.
    pub(super) fn served(&self, lasted: Duration) -> Duration {
        match self {
            Disconnect::NoReply { .. } | Disconnect::NoSnapshots(_) => Duration::ZERO,
            Disconnect::Silent(silence) => lasted.saturating_sub(*silence),
            _ => lasted,
        }
    }
}

impl Event {
    /// The message, if it is one.
    pub fn message(&self) -> Option<&ServerMessage> {
        match &self.kind {
            EventKind::Message(message) => Some(message),
            _ => None,
        }
    }
}
