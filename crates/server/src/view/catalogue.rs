//! Events and series as clients see them.

use kmi_domain::Timestamp;
use kmi_kalshi::api;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Source, text, text_or_null};

/// A question with one or more markets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// Name.
    pub(crate) ticker: String,
    /// Series it belongs to.
    pub(crate) series_ticker: String,
    /// Title.
    pub(crate) title: String,
    /// Short title.
    pub(crate) subtitle: String,
    /// Category; null where unknown.
    pub(crate) category: Option<String>,
    /// Whether at most one of its markets resolves yes.
    pub(crate) mutually_exclusive: bool,
    /// The date it is about; null where it is about none.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    pub(crate) strike_date: Option<Timestamp>,
    /// Last change at the exchange, where told; else when we looked last.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    pub(crate) as_of: Timestamp,
    /// How it is known.
    pub(crate) source: Source,
    /// Whether it may have changed since without our knowing.
    pub(crate) stale: bool,
}

impl EventView {
    /// As it is known.
    pub(crate) fn new(
        event: &api::event::Event,
        series: Option<&api::series::Series>,
        seen: Seen,
    ) -> EventView {
        let said = event.category.as_deref().filter(|word| !word.is_empty());
        let of_series = series.map(|series| series.category.as_str());
        EventView {
            ticker: event.event_ticker.to_string(),
            series_ticker: event.series_ticker.to_string(),
            title: event.title.clone(),
            subtitle: event.sub_title.clone(),
            category: said
                .or(of_series)
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
            mutually_exclusive: event.mutually_exclusive,
            strike_date: event.strike_date,
            as_of: event.last_updated_ts.unwrap_or(seen.at),
            source: Source::Poll,
            stale: seen.stale,
        }
    }
}

/// A recurring kind of event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Series)]
pub(crate) struct SeriesView {
    /// Name.
    pub(crate) ticker: String,
    /// Title.
    pub(crate) title: String,
    /// Category; empty where unknown.
    pub(crate) category: String,
    /// Tags.
    pub(crate) tags: Vec<String>,
    /// How often: `daily`, `custom`, …
    pub(crate) frequency: String,
    /// How it charges, in the exchange's word.
    pub(crate) fee_type: String,
    /// Factor on the fee rate.
    pub(crate) fee_multiplier: f64,
    /// Last change at the exchange, where told; else when we looked last.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    pub(crate) as_of: Timestamp,
    /// How it is known.
    pub(crate) source: Source,
    /// Whether it may have changed since without our knowing.
    pub(crate) stale: bool,
}

impl SeriesView {
    /// As it is known.
    pub(crate) fn new(series: &api::series::Series, seen: Seen) -> SeriesView {
        SeriesView {
            ticker: series.ticker.to_string(),
            title: series.title.clone(),
            category: series.category.clone(),
            tags: series.tags.clone(),
            frequency: series.frequency.clone(),
            fee_type: series.fee_type.as_str().to_owned(),
            fee_multiplier: f64::from(series.fee_multiplier.millionths()) / 1e6,
            as_of: series.last_updated_ts.unwrap_or(seen.at),
            source: Source::Poll,
            stale: seen.stale,
        }
    }
}

/// When the catalogue was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// When the last full sweep ended.
    pub(crate) at: Timestamp,
    /// Whether that is too long ago.
    pub(crate) stale: bool,
}
