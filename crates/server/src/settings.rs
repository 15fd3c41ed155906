//! How the doors are set up: [`DoorSettings`].

use std::num::NonZeroU32;
use std::time::Duration;

/// How the doors are set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorSettings {
    /// Who is let in. Default [`AuthMode::Local`].
    pub auth: AuthMode,
    /// Names besides `127.0.0.1`, `localhost` and `[::1]` under which this server may be asked, each with its port: `desk.example:8000`.
    /// Default none.
    pub hosts: Vec<String>,
    /// Origins besides our own whose pages may ask, each whole: `http://localhost:5173`. Default none.
    pub cors_origins: Vec<String>,
    /// Requests of one address, `None` for no limit. Default 1,000 a second, 2,000 at once.
    pub rate: Option<RateLimit>,
    /// Connections at a time; more wait to be accepted. Default 2,048.
    pub connections: usize,
    /// Bytes of a request's body. Default 65,536.
    pub body_bytes: usize,
    /// Longest time to make an answer; streams are not bound by it. Default 30 s.
    pub timeout: Duration,
    /// Longest time in which a client that has something coming takes none of it, before it is cut off. Default 60 s.
    pub stall: Duration,
    /// Time from the stop to the end, whatever clients do. Default 8 s.
    pub grace: Duration,
    /// Event streams and relay sockets in all. Default 1,500.
    pub streams: usize,
    /// Event streams and relay sockets of one address. Default 1,500: in local mode there is one address.
    pub streams_per_address: usize,
    /// Between two heartbeats of an event stream. Default 15 s.
    pub heartbeat: Duration,
    /// How long a session lasts without use. Default 24 h.
    pub session: Duration,
    /// How long a link that begins a session is good for. Default 10 min.
    pub link: Duration,
    /// Backtests running at once; more are refused. Default 2.
    pub backtests: usize,
    /// Who may use the relay. Default [`RelayAccess::Session`].
    pub relay: RelayAccess,
    /// Requests a second the relay may make of the exchange when it does not know an answer itself. Default 2.
    pub relay_misses_per_second: u32,
}

impl Default for DoorSettings {
    fn default() -> DoorSettings {
        DoorSettings {
            auth: AuthMode::Local,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            rate: Some(RateLimit::default()),
            connections: 2_048,
            body_bytes: 65_536,
            timeout: Duration::from_secs(30),
            stall: Duration::from_mins(1),
            grace: Duration::from_secs(8),
            streams: 1_500,
            streams_per_address: 1_500,
            heartbeat: Duration::from_secs(15),
            session: Duration::from_hours(24),
            link: Duration::from_mins(10),
            backtests: 2,
            relay: RelayAccess::Session,
            relay_misses_per_second: 2,
        }
    }
}

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMode {
    /// Whoever is on this machine and has the one-time link or the token file. Binds to loopback only.
    Local,
    /// Users with passwords; does not exist yet.
    Accounts,
}

/// Who may use the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayAccess {
    /// Who has a session or the local token.
    Session,
    /// Everybody who gets as far as the gate.
    Public,
}

/// How often one address may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

impl Default for RateLimit {
    fn default() -> RateLimit {
        RateLimit {
            per_second: NonZeroU32::new(1_000).expect("not zero"),
            burst: NonZeroU32::new(2_000).expect("not zero"),
        }
    }
}
