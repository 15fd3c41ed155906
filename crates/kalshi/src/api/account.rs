//! What an account may ask for: tier, token buckets, progress towards the next tier.

use kmi_domain::{Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::amount;
use super::transfers::ExchangeInstance;

/// Answer to `GET /account/limits`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLimits {
    /// Tier, in lower case: `basic`, `advanced`, `expert`, `premier`, `paragon`, `prime`, `prestige`.
    pub usage_tier: String,
    /// Bucket of reads.
    pub read: BucketLimit,
    /// Bucket of writes.
    pub write: BucketLimit,
    /// What the tier rests on.
    #[serde(default, with = "amount::list")]
    pub grants: Vec<UsageGrant>,
}

/// A token bucket: every request takes its cost, and one that finds too little is refused with 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketLimit {
    /// Tokens that come in per second, evenly.
    pub refill_rate: u32,
    /// Most tokens it holds.
    pub bucket_capacity: u32,
}

/// A tier that was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageGrant {
    /// Where.
    pub exchange_instance: ExchangeInstance,
    /// Tier.
    pub level: String,
    /// Until when, to the second; `None` for good.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_unix_seconds"
    )]
    pub expires_ts: Option<Timestamp>,
    /// `volume` (earned by trading) or `manual` (given).
    pub source: String,
}

/// Answer to `GET /account/api_usage_level/volume_progress`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeProgressResponse {
    /// As last computed.
    #[serde(default, with = "amount::list")]
    pub volume_progress: Vec<VolumeProgress>,
}

/// How much was traded, and how much the tiers ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeProgress {
    /// When this was computed, to the second.
    #[serde(with = "amount::unix_seconds")]
    pub computed_ts: Timestamp,
    /// Contracts traded in the 30 days before.
    #[serde(with = "amount::count")]
    pub trailing_30d_volume_fp: Quantity,
    /// What the tiers ask for.
    #[serde(default, with = "amount::list")]
    pub goals: Vec<VolumeGoal>,
}

/// What a tier asks for, in contracts of 30 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeGoal {
    /// Tier.
    pub level: String,
    /// To get it.
    #[serde(with = "amount::count")]
    pub earn_volume_goal_fp: Quantity,
    /// To keep it.
    #[serde(with = "amount::count")]
    pub keep_volume_goal_fp: Quantity,
}
