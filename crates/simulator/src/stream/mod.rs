//! The exchange's stream: WebSocket connections, what they subscribe to, and what they are told.
//!
//! Bounds: 2,000 connections, 200 of one user; 500,000 markets, 131,072 messages and 32 MiB waiting for each; 256 MiB waiting
//! for all; commands of at most 4 MiB, 10,000 a second, 32 MiB waiting. A market-data subscription that falls behind ends with error 25; a
//! connection that does not read what it is told of its own account is closed, as that is never dropped. Silence of 30
//! seconds, or a write that takes as long, ends a connection.

mod audience;
mod commands;
mod connection;
mod encode;
mod hub;
mod message;
mod outbox;
mod subscription;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::ws::WebSocket;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::core::{Account, Subaccount, UserId};
use crate::engine::Engine;
use crate::faults::Faults;
use audience::ConnectionId;
use hub::{Hub, Notice};
use outbox::{Backlog, Outbox};

/// Largest message accepted from a client.
pub const MAX_COMMAND_BYTES: usize = 4 << 20;
/// Connections one user may have, as at Kalshi by default.
pub const MAX_CONNECTIONS_OF_USER: usize = 200;
/// Connections in all.
pub const MAX_CONNECTIONS: usize = 2_000;
/// Commands waiting for the hub; a client that sends more waits.
const NOTICES: usize = 4_096;
/// Bytes of commands waiting for the hub, for all connections together.
const NOTICE_BYTES: usize = 32 << 20;

/// Who is at the other end, as the handshake's signature proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whose key it was.
    pub user: UserId,
    /// The user's name.
    pub account_name: String,
    /// Only this subaccount, if the key is locked to one.
    pub only: Option<Subaccount>,
}

impl Member {
    fn may_see(&self, account: Account) -> bool {
        account.user == self.user && self.only.is_none_or(|only| only == account.subaccount)
    }
}

/// What the `seq` of `ok` and `unsubscribed` is, which Kalshi leaves open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ControlSeq {
    /// The next number of the subscription's messages.
    #[default]
    Counted,
    /// The number of its last message once more.
    Repeated,
}

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooManyConnections {
    /// The user has its share.
    #[error("no more than {MAX_CONNECTIONS_OF_USER} connections of one user")]
    OfUser,
    /// The exchange has all it takes.
    #[error("no more than {MAX_CONNECTIONS} connections")]
    InAll,
}

/// All connections. Cloning copies a handle.
#[derive(Clone)]
pub struct Streams {
    shared: Arc<Shared>,
}

struct Shared {
    notices: mpsc::Sender<Notice>,
    backlog: Backlog,
    numbers: AtomicU64,
    connected: Mutex<BTreeMap<UserId, usize>>,
    room: Arc<Semaphore>,
    stop: CancellationToken,
    left: Notify,
}

/// A place for one connection, given back when it is dropped.
pub struct Place {
    streams: Streams,
    user: UserId,
}

impl Streams {
    /// Starts the task that tells everybody what happens.
    pub fn start(engine: &Engine, faults: &Faults, control_seq: ControlSeq) -> Streams {
        let (notices, receiver) = mpsc::channel(NOTICES);
        let feed = engine.feed();
        let hub = Hub::new(engine.clone(), faults.clone(), control_seq);
        let stop = CancellationToken::new();
        tokio::spawn(hub.run(feed, receiver, stop.clone()));
        Streams {
            shared: Arc::new(Shared {
                notices,
                backlog: Backlog::default(),
                numbers: AtomicU64::new(0),
                connected: Mutex::default(),
                room: Arc::new(Semaphore::new(NOTICE_BYTES)),
                stop,
                left: Notify::new(),
            }),
        }
    }

    /// Takes a place before the handshake is answered.
    ///
    /// # Errors
    /// [`TooManyConnections`].
    pub fn reserve(&self, user: UserId) -> Result<Place, TooManyConnections> {
        let mut connected = self.shared.connected.lock();
        if connected.values().sum::<usize>() >= MAX_CONNECTIONS {
            return Err(TooManyConnections::InAll);
        }
        let own = connected.entry(user).or_default();
        if *own >= MAX_CONNECTIONS_OF_USER {
            return Err(TooManyConnections::OfUser);
        }
        *own += 1;
        Ok(Place {
            streams: self.clone(),
            user,
        })
    }

    /// Says goodbye to everyone and waits until they are gone, or so long.
    pub async fn stop(&self, farewell: Duration) {
        self.shared.stop.cancel();
        let everyone_left = async {
            loop {
                let left = self.shared.left.notified();
                if self.connections() == 0 {
                    return;
                }
                left.await;
            }
        };
        // Whoever stays longer is cut off when the process ends.
        let _ = tokio::time::timeout(farewell, everyone_left).await;
    }

    /// Connections now.
    pub fn connections(&self) -> usize {
        self.shared.connected.lock().values().sum()
    }

    /// Bytes waiting to be sent, for all connections.
    pub fn backlog_bytes(&self) -> usize {
        self.shared.backlog.bytes()
    }
}

impl Place {
    /// Serves a connection until either end is done with it.
    pub async fn serve(self, socket: WebSocket, member: Member) {
        let shared = &self.streams.shared;
        if shared.stop.is_cancelled() {
            return;
        }
        let id = ConnectionId(shared.numbers.fetch_add(1, Ordering::Relaxed));
        let outbox = Arc::new(Outbox::new(shared.backlog.clone()));
        let joined = Notice::Join(id, member, Arc::clone(&outbox));
        if shared.notices.send(joined).await.is_ok() {
            connection::serve(socket, id, &outbox, &shared.notices, &shared.room).await;
            // A hub that is gone needs no goodbye.
            let _ = shared.notices.send(Notice::Leave(id)).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connected = self.streams.shared.connected.lock();
        if let Some(own) = connected.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                connected.remove(&self.user);
            }
        }
        self.streams.shared.left.notify_waiters();
    }
}
