//! What there is to search by: tags of categories, filters of sports.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::amount::{list, or_default};

/// `GET /search/tags_by_categories`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagsByCategories {
    /// Tags of each category.
    #[serde(default, deserialize_with = "lists")]
    pub tags_by_categories: BTreeMap<String, Vec<String>>,
}

/// `GET /search/filters_by_sport`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiltersBySport {
    /// Filters of each sport.
    #[serde(default, deserialize_with = "or_default")]
    pub filters_by_sports: BTreeMap<String, SportFilters>,
    /// The sports in the order they are shown.
    #[serde(default, with = "list")]
    pub sport_ordering: Vec<String>,
}

/// Filters of one sport.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SportFilters {
    /// Kinds of questions.
    #[serde(default, with = "list")]
    pub scopes: Vec<String>,
    /// Kinds of questions of each competition.
    #[serde(default, deserialize_with = "or_default")]
    pub competitions: BTreeMap<String, Scopes>,
}

/// Kinds of questions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes {
    /// Their names.
    #[serde(default, with = "list")]
    pub scopes: Vec<String>,
}

/// A category without tags may have `null` for a list.
fn lists<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    let lists: BTreeMap<String, Option<Vec<String>>> = BTreeMap::deserialize(deserializer)?;
    Ok(lists
        .into_iter()
        .map(|(key, list)| (key, list.unwrap_or_default()))
        .collect())
}
