//! The exchange itself: whether it is open, when it will be, and how fresh private data are.

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::ExchangeIndex;
use super::amount::{list, option_rfc3339, rfc3339};
pub use super::portfolio::UserDataTimestamp;

/// `GET /exchange/status`; also the body of 500, 503 and 504 of that call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeStatus {
    /// False during maintenance: no change of any kind, cancels included.
    pub exchange_active: bool,
    /// False during a trading pause: no new orders and no amendments, cancels go.
    pub trading_active: bool,
    /// Whether cash moves between shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intra_exchange_transfers_active: Option<bool>,
    /// When it is expected back; `null` while it is up.
    #[serde(default, with = "option_rfc3339")]
    pub exchange_estimated_resume_time: Option<Timestamp>,
    /// The same for each shard.
    #[serde(default, with = "list")]
    pub exchange_index_statuses: Vec<ShardStatus>,
}

/// Whether one shard is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardStatus {
    /// The shard.
    pub exchange_index: ExchangeIndex,
    /// What trades on it.
    #[serde(default)]
    pub description: String,
    /// As [`ExchangeStatus::exchange_active`].
    pub exchange_active: bool,
    /// As [`ExchangeStatus::trading_active`].
    pub trading_active: bool,
    /// Whether cash moves to and from it.
    #[serde(default)]
    pub intra_exchange_transfers_active: bool,
}

/// `GET /exchange/schedule`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleResponse {
    /// The schedule.
    pub schedule: Schedule,
}

/// When the exchange is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Weekly hours, each for a span of dates.
    #[serde(default, with = "list")]
    pub standard_hours: Vec<WeeklySchedule>,
    /// Exceptions.
    #[serde(default, with = "list")]
    pub maintenance_windows: Vec<MaintenanceWindow>,
}

/// Hours of each weekday, Eastern Time, from one date to another. A day with several sessions has pauses between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklySchedule {
    /// From when they hold.
    #[serde(with = "rfc3339")]
    pub start_time: Timestamp,
    /// Until when.
    #[serde(with = "rfc3339")]
    pub end_time: Timestamp,
    /// Sessions of Mondays.
    #[serde(default, with = "list")]
    pub monday: Vec<Session>,
    /// Sessions of Tuesdays.
    #[serde(default, with = "list")]
    pub tuesday: Vec<Session>,
    /// Sessions of Wednesdays.
    #[serde(default, with = "list")]
    pub wednesday: Vec<Session>,
    /// Sessions of Thursdays.
    #[serde(default, with = "list")]
    pub thursday: Vec<Session>,
    /// Sessions of Fridays.
    #[serde(default, with = "list")]
    pub friday: Vec<Session>,
    /// Sessions of Saturdays.
    #[serde(default, with = "list")]
    pub saturday: Vec<Session>,
    /// Sessions of Sundays.
    #[serde(default, with = "list")]
    pub sunday: Vec<Session>,
}

/// One session of a day, `00:00` to `00:00` for all of it, Eastern Time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Opening, `HH:MM`.
    pub open_time: String,
    /// Close, `HH:MM`; `00:00` is the end of the day.
    pub close_time: String,
}

impl Session {
    /// From opening to close, both `HH:MM`.
    pub fn new(open_time: &str, close_time: &str) -> Session {
        Session {
            open_time: open_time.to_owned(),
            close_time: close_time.to_owned(),
        }
    }
}

/// A span in which the exchange is closed out of turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaintenanceWindow {
    /// From.
    #[serde(with = "rfc3339")]
    pub start_datetime: Timestamp,
    /// To.
    #[serde(with = "rfc3339")]
    pub end_datetime: Timestamp,
}
