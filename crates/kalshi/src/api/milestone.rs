//! Milestones: things that happen in the world, games above all, which events are about.

use std::collections::BTreeMap;

use kmi_domain::{EventTicker, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::amount::{list, option_rfc3339, or_default, rfc3339};
use super::page::{Cursor, PageLimits, page};
use super::query::{Rfc3339, query};

/// Something that happens in the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Milestone {
    /// Id.
    pub id: String,
    /// Category.
    #[serde(default)]
    pub category: String,
    /// Kind: `football_game`, …
    #[serde(default, rename = "type")]
    pub kind: String,
    /// When it begins.
    #[serde(with = "rfc3339")]
    pub start_date: Timestamp,
    /// When it ends, where known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub end_date: Option<Timestamp>,
    /// Tickers of events that have to do with it.
    #[serde(default, with = "list")]
    pub related_event_tickers: Vec<String>,
    /// Title.
    #[serde(default)]
    pub title: String,
    /// What people are told about it.
    #[serde(default)]
    pub notification_message: String,
    /// Its id at the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// Its id at each source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ids: Option<BTreeMap<String, String>>,
    /// Details, by kind.
    #[serde(default, deserialize_with = "or_default")]
    pub details: Map<String, Value>,
    /// Tickers of events that are about nothing else.
    #[serde(default, with = "list")]
    pub primary_event_tickers: Vec<String>,
    /// Last change.
    #[serde(with = "rfc3339")]
    pub last_updated_ts: Timestamp,
}

/// `GET /milestones/{milestone_id}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MilestoneResponse {
    /// The milestone.
    pub milestone: Milestone,
}

query! {
    /// `GET /milestones`. A limit is required.
    pub struct MilestonesQuery {
        /// Milestones on a page, [`MilestonesQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Beginning at or after.
        pub minimum_start_date: Option<Rfc3339>,
        /// Of this category only.
        pub category: Option<String>,
        /// Of this competition only.
        pub competition: Option<String>,
        /// With this id at the source only.
        pub source_id: Option<String>,
        /// Of this kind only.
        pub kind as "type": Option<String>,
        /// Related to this event only.
        pub related_event_ticker: Option<EventTicker>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Changed at or after.
        pub min_updated_ts: Option<Timestamp>,
    }
}

impl MilestonesQuery {
    /// Milestones on a page; the exchange has no default, ours is what a client sends.
    pub const LIMITS: PageLimits = PageLimits {
        max: 500,
        default: 100,
    };
}

page! {
    /// A page of milestones.
    MilestonesPage { milestones: Milestone } of MilestonesQuery
}
