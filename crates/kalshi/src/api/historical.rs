//! Where the live tier ends and the historical one begins.

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::amount::{option_rfc3339, rfc3339};

/// `GET /historical/cutoff`: rows older than these instants come from `/historical` only, later ones from the live calls only.
/// Events and series are always live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalCutoff {
    /// For markets and their candlesticks, by when they were paid.
    #[serde(with = "rfc3339")]
    pub market_settled_ts: Timestamp,
    /// For trades and fills, by when they were executed.
    #[serde(with = "rfc3339")]
    pub trades_created_ts: Timestamp,
    /// For orders, by when they were cancelled or executed; resting ones are always live.
    #[serde(with = "rfc3339")]
    pub orders_updated_ts: Timestamp,
    /// For positions, by their last change.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub market_positions_last_updated_ts: Option<Timestamp>,
}
