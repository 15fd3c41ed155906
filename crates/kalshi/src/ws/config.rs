//! How a client connects, waits and bounds: [`Config`].

use std::time::Duration;

/// Everything about a client that is not its key, its clock or its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the exchange listens: `wss://external-api-ws.kalshi.com/trade-api/ws/v2`. Its host is not the REST one.
    pub url: String,
    /// In which prices the exchange is asked to tell the NO side of books.
    pub no_prices: NoPrices,
    /// How long to wait between connections.
    pub backoff: Backoff,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How much to hold, and to ask, at most.
    pub bounds: Bounds,
}

/// In which prices the exchange tells the NO side of books. Whatever is asked for, events carry NO prices: the client converts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoPrices {
    /// `use_yes_price: true`, the only form the exchange says it will keep.
    #[default]
    InYes,
    /// `use_yes_price: false`, as recordings have it: what [`raw`](crate::ws::raw) frames should be for a capture to replay.
    InNo,
}

/// Waiting between connections: doubling from `first` to `cap`, each shortened or lengthened by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure. Default 2 s.
    pub first: Duration,
    /// Longest. Default 32 s.
    pub cap: Duration,
    /// How far chance moves a wait either way, in per cent of it. Default 20, 100 at most.
    pub jitter_percent: u32,
    /// Failures in a row after which the client is [`Failed`](crate::ws::ConnectionState::Failed) and only probes. Default 5.
    pub failures: u32,
    /// Between probes. Default 60 s.
    pub probe: Duration,
    /// How long a connection must serve for the count of failures to begin anew: from its first confirmed subscription, and not
    /// when it is given up for a reply or for snapshots that do not come. Time of silence does not count. Default 10 s.
    pub stable_after: Duration,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For signing, connecting and the handshake together. Default 10 s.
    pub handshake: Duration,
    /// For the reply to a command, after which the connection is given up. Default 10 s.
    pub command: Duration,
    /// For a snapshot, after which it is asked for, and at last the subscription made anew. Default 10 s.
    pub snapshot: Duration,
    /// Between a refused command that may succeed later and its next attempt; doubling up to 32 times. Default 1 s.
    pub retry: Duration,
    /// For one frame to be written. Default 10 s.
    pub write: Duration,
    /// Of silence, after which a ping is sent. Default 15 s; the exchange pings every 10 s, some feeds never.
    pub ping: Duration,
    /// Of silence, after which the connection is given up. Default 30 s.
    pub silence: Duration,
    /// For a reader of events to make room for one's own fills and orders, after which the connection is given up. Default 10 s.
    pub stall: Duration,
}

/// How much to hold, and to ask, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Undelivered messages of books; beyond it all of them are dropped, the books are stale, and snapshots are asked for when the
    /// reader has caught up. Default 65,536; at least twice the markets subscribed.
    pub books: usize,
    /// Undelivered trades, lifecycles and the like; beyond it new ones are dropped and the reader is told. Default 65,536.
    pub tape: usize,
    /// Undelivered messages of one's own account, and of the connection; beyond it nothing more is read from the network, and no
    /// connection made. Default 16,384.
    pub own: usize,
    /// Bytes of one message; a longer one ends the connection. Default 64 MiB, the exchange's own limit.
    pub message_bytes: usize,
    /// Commands a second, as many at once after a pause; at least 1. Default 50; the exchange takes 10,000.
    pub commands_per_second: u32,
    /// Markets named in one command; more are split over several. Default 500.
    pub markets_per_command: usize,
}

impl Config {
    /// The defaults, for the exchange at `url`.
    pub fn new(url: impl Into<String>) -> Config {
        Config {
            url: url.into(),
            no_prices: NoPrices::default(),
            backoff: Backoff::default(),
            timeouts: Timeouts::default(),
            bounds: Bounds::default(),
        }
    }
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            first: Duration::from_secs(2),
            cap: Duration::from_secs(32),
            jitter_percent: 20,
            failures: 5,
            probe: Duration::from_mins(1),
            stable_after: Duration::from_secs(10),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            handshake: Duration::from_secs(10),
            command: Duration::from_secs(10),
            snapshot: Duration::from_secs(10),
            retry: Duration::from_secs(1),
            write: Duration::from_secs(10),
            ping: Duration::from_secs(15),
            silence: Duration::from_secs(30),
            stall: Duration::from_secs(10),
        }
    }
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            books: 65_536,
            tape: 65_536,
            own: 16_384,
            message_bytes: 64 << 20,
            commands_per_second: 50,
            markets_per_command: 500,
        }
    }
}
