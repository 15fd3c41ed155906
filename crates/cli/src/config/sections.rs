//! What can be set, section by section. The words beside each key are those of `kmi.example.toml` and of the schema.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use kmi_domain::SeriesTicker;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything `kmi` can be told in a file. Every key may be left out; flags and the environment (`KMI_SECTION__KEY`) win over it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[schemars(title = "kmi configuration")]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where data lies.
    pub storage: StorageConfig,
    /// The exchange that is followed, recorded and asked.
    pub exchange: ExchangeConfig,
    /// The doors of `kmi serve` and `kmi demo`.
    pub server: ServerConfig,
    /// What is taken in, and how long it stays.
    pub poller: PollerConfig,
    /// Who may come in.
    pub auth: AuthConfig,
    /// The market data in the exchange's own protocol.
    pub relay: RelayConfig,
    /// What is logged.
    pub log: LogConfig,
}

/// Where data lies.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StorageConfig {
    /// Folder of the database file, the archive, the spool and the secrets. Without it: the platform's data directory. Flag
    /// `--data-dir`.
    #[schemars(example = &"/var/lib/kmi")]
    pub data_dir: Option<PathBuf>,
    /// PostgreSQL 15 or later to use instead of the database file. Also read from plain `DATABASE_URL`.
    #[schemars(example = &"postgres://kmi:password@localhost/kmi")]
    pub database_url: Option<Secret>,
}

/// The exchange that is followed, recorded and asked.
///
/// Without addresses `kmi serve` and `kmi poll` follow Kalshi's production exchange by its public REST API. The stream
/// needs a key, public as its channels are; without one the poller is all there is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ExchangeConfig {
    /// REST API. Demo: `https://external-api.demo.kalshi.co/trade-api/v2`.
    #[schemars(example = &"https://external-api.kalshi.com/trade-api/v2")]
    pub rest_url: Option<String>,
    /// WebSocket; never derived from the other, as their hosts differ. Demo: `wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2`.
    #[schemars(example = &"wss://external-api-ws.kalshi.com/trade-api/ws/v2")]
    pub ws_url: Option<String>,
    /// Id of the key that reads market data. One that may only read is enough.
    #[schemars(example = &"a952bcbe-ec3b-4b5b-b8f9-11dae589608c")]
    pub key_id: Option<String>,
    /// Its private key, a PEM file.
    #[schemars(example = &"/etc/kmi/market-data.pem")]
    pub private_key_path: Option<PathBuf>,
}

/// The doors of `kmi serve` and `kmi demo`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerConfig {
    /// Port to listen on; 0 takes a free one. Flag `--port`.
    pub port: u16,
    /// Address to listen on. In mode `local` a loopback address: `127.0.0.1` or `::1`.
    #[schemars(with = "String")]
    pub host: IpAddr,
    /// Further names under which this server may be called, beside its own address and `localhost`: what a request's `Host`
    /// must be, with the port where it is not 80 or 443.
    pub allowed_hosts: Vec<String>,
    /// Origins of other pages that may read from this server (CORS), exactly as browsers send them: `https://desk.example:8443`.
    pub cors: Vec<String>,
    /// Requests a second that one address may make, on average.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requests_per_second: u32,
    /// Requests that one address may make at once, after a pause.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requests_burst: u32,
    /// Connections at once, streams included; the next one waits to be accepted.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: u32,
    /// Event streams and relay sockets at once; a further one is refused.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub streams: u32,
}

impl Default for ServerConfig {
    fn default() -> ServerConfig {
        ServerConfig {
            port: 8000,
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allowed_hosts: Vec::new(),
            cors: Vec::new(),
            requests_per_second: 1_000,
            requests_burst: 2_000,
            connections: 2_048,
            streams: 1_500,
        }
    }
}

/// What is taken in, and how long it stays.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PollerConfig {
    /// Seconds between the beginnings of two full sweeps of all open markets. When the exchange's limits do not allow it, it
    /// stretches, and says so.
    #[schemars(range(min = 0.1, max = 3_600))]
    pub interval_s: f64,
    /// Whether combos (markets on several events at once) are swept too; they are most of what the exchange lists.
    pub combos: CombosConfig,
    /// Series whose order books are recorded to the archive, with a certificate of completeness per market and hour.
    #[schemars(with = "Vec<String>")]
    pub recorded: Vec<SeriesTicker>,
    /// Days that trades and snapshots stay in the database before they move to the archive, or `"forever"`.
    pub keep_days: KeepDays,
    /// Megabytes of the spool, where rows wait while the database is out. When it is full new quotes are dropped, counted, and noted
    /// as a gap.
    #[schemars(range(min = 16, max = 1_000_000))]
    pub spool_max_mb: u64,
    /// Hours back for which missed trades are fetched after a pause, at most; what is older is noted as a gap.
    #[schemars(range(min = 0, max = 2_160))]
    pub backfill_hours: u32,
}

impl Default for PollerConfig {
    fn default() -> PollerConfig {
        PollerConfig {
            interval_s: 5.0,
            combos: CombosConfig::Excluded,
            recorded: Vec::new(),
            keep_days: KeepDays::Days(30),
            spool_max_mb: 1_024,
            backfill_hours: 6,
        }
    }
}

impl PollerConfig {
    /// Between the beginnings of two sweeps.
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_secs_f64(self.interval_s)
    }
}

/// Whether combos are swept too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CombosConfig {
    /// They are left out.
    Excluded,
    /// They are swept like all others.
    Included,
}

/// How long rows stay in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "a number of days from 1 to 36,500, or \"forever\"")]
pub(crate) enum KeepDays {
    /// So many days; then they move to the archive.
    Days(#[schemars(range(min = 1, max = 36_500))] u32),
    /// They never move by themselves.
    Forever(Forever),
}

/// The word for no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Forever {
    /// No end.
    Forever,
}

/// Who may come in.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AuthConfig {
    /// `local`: one user on this machine, without a password; the session begins with the one-time link that is printed at start.
    /// `accounts` (users with passwords) is for a later version, and refused until then.
    pub mode: AuthMode,
    /// Keys (Fernet, 32 bytes in URL-safe base64) that encrypt credentials of the exchange; the first encrypts, all decrypt. This
    /// version keeps no credentials, so it takes them and uses them for nothing.
    pub encryption_keys: Vec<Secret>,
}

/// Who may come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthMode {
    /// One user on this machine, without a password.
    #[default]
    Local,
    /// Users with passwords; for a later version.
    Accounts,
}

/// The market data in the exchange's own protocol.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RelayConfig {
    /// Whether it is open to all who reach this server, without session or token. Without it: open when the exchange is a
    /// simulator, closed when it is a real one.
    #[schemars(example = false)]
    pub public: Option<bool>,
}

/// What is logged, on standard error.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// `tracing` filter, such as `info,kmi_app=debug`. Without it: `info` for `kmi serve` and `kmi poll`, `warn` for all else.
    #[schemars(example = &"info")]
    pub filter: Option<String>,
    /// Lines for people, or one JSON object a line.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Text that is never printed.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
