//! Structured targets: teams, players, candidates, which strikes of markets name.

use std::collections::BTreeMap;

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::amount::option_rfc3339;
use super::page::{Cursor, PageLimits, page};
use super::query::{Repeated, query};

/// Something a strike can name. The exchange requires none of its fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StructuredTarget {
    /// Id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Kind: `football_team`, …
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "type")]
    pub kind: Option<String>,
    /// Details, by kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Map<String, Value>>,
    /// Its id at the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// Its id at each source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_ids: Option<BTreeMap<String, String>>,
    /// Last change.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub last_updated_ts: Option<Timestamp>,
}

/// `GET /structured_targets/{structured_target_id}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StructuredTargetResponse {
    /// The target.
    #[serde(default)]
    pub structured_target: StructuredTarget,
}

query! {
    /// `GET /structured_targets`.
    pub struct StructuredTargetsQuery {
        /// These targets only.
        pub ids: Repeated<String>,
        /// Of this kind only.
        pub kind as "type": Option<String>,
        /// Of this competition only.
        pub competition: Option<String>,
        /// Targets on a page, [`StructuredTargetsQuery::LIMITS`].
        pub page_size: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
    }
}

impl StructuredTargetsQuery {
    /// Targets on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 2_000,
        default: 100,
    };
}

page! {
    /// A page of structured targets.
    StructuredTargetsPage { structured_targets: StructuredTarget } of StructuredTargetsQuery
}
