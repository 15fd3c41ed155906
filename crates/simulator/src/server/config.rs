//! How the doors are set: [`Config`].

use std::time::Duration;

use super::tier::Tier;
use crate::stream::ControlSeq;

/// Settings of the HTTP side. The default is what Kalshi does, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How far a request's timestamp may lie behind the exchange's clock.
    pub oldest_signature: Duration,
    /// How far it may lie ahead of it.
    pub newest_signature: Duration,
    /// Tier of users who were put on no other.
    pub default_tier: Tier,
    /// Tier of those who read public data unsigned, told apart by their address.
    pub stranger_tier: Tier,
    /// What the `seq` of replies on a stream is.
    pub control_seq: ControlSeq,
    /// Who may use the admin door.
    pub admin: AdminPeers,
    /// Which exchange this is, as the admin door tells it; `None`: `simulator:SEED`. What keeps its data apart from any other's goes by it.
    pub identity: Option<String>,
    /// What a connection and a request may take.
    pub bounds: Bounds,
}

/// Who may use the admin door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminPeers {
    /// This machine only.
    Loopback,
    /// Anyone who reaches it: for simulated networks, where everybody has an address of their own.
    Anyone,
    /// Nobody.
    Nobody,
}

/// What a connection and a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at once, streams included; the next one waits to be accepted.
    pub connections: usize,
    /// Time for the head of a request, also between two requests on one connection.
    pub header_time: Duration,
    /// Fields of a request's head; more is 431.
    pub headers: usize,
    /// Bytes of a request's head, the path with its query included; more is 431. At least 8,192.
    pub head_bytes: usize,
    /// Bytes of a request's body; more is 413.
    pub body_bytes: usize,
    /// Bytes read past that, and thrown away, so that the sender gets to read the 413.
    pub discarded_bytes: u64,
    /// Time for the body of a request; longer is 408.
    pub body_time: Duration,
    /// Time a peer may take nothing of what is being written to it; then it is cut off.
    pub write_time: Duration,
    /// Time requests in flight have to finish when the server stops.
    pub farewell: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            oldest_signature: Duration::from_secs(15),
            newest_signature: Duration::from_secs(30),
            default_tier: Tier::Basic,
            stranger_tier: Tier::Basic,
            control_seq: ControlSeq::default(),
            admin: AdminPeers::Loopback,
            identity: None,
            bounds: Bounds::default(),
        }
    }
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            connections: 4_096,
            header_time: Duration::from_secs(30),
            headers: 100,
            head_bytes: 65_536,
            body_bytes: 1 << 20,
            discarded_bytes: 256 << 20,
            body_time: Duration::from_secs(10),
            write_time: Duration::from_secs(30),
            farewell: Duration::from_secs(5),
        }
    }
}
