//! Series, and changes of what they charge.

use kmi_domain::{FeeMultiplier, FeeType, Quantity, SeriesTicker, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ExchangeIndex;
use super::amount::{list, multiplier, option_count, option_rfc3339, rfc3339, text};
use super::query::{Commas, query};
use super::word::word;

word! {
    /// How a series charges.
    pub enum FeeTypeWord {
        /// Takers pay, makers do not.
        Quadratic = "quadratic",
        /// Makers pay a quarter of the taker rate.
        QuadraticWithMakerFees = "quadratic_with_maker_fees",
        /// Makers pay half of the taker rate.
        QuadraticWithComboMakerFees = "quadratic_with_combo_maker_fees",
        /// A schedule the exchange does not publish.
        Flat = "flat",
    }
}

impl FeeTypeWord {
    /// The fee type; `None` for a word added since.
    pub fn fee_type(&self) -> Option<FeeType> {
        self.as_str().parse().ok()
    }
}

impl From<FeeType> for FeeTypeWord {
    fn from(fee_type: FeeType) -> FeeTypeWord {
        FeeTypeWord::from(fee_type.as_str())
    }
}

/// A recurring kind of event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name.
    #[serde(with = "text")]
    pub ticker: SeriesTicker,
    /// How often: `daily`, `custom`, …
    #[serde(default)]
    pub frequency: String,
    /// Title.
    #[serde(default)]
    pub title: String,
    /// Category.
    #[serde(default)]
    pub category: String,
    /// All categories it is found under.
    #[serde(default, with = "list")]
    pub categories: Vec<String>,
    /// Tags.
    #[serde(default, with = "list")]
    pub tags: Vec<String>,
    /// Who says how it came out.
    #[serde(default, with = "list")]
    pub settlement_sources: Vec<SettlementSource>,
    /// Address of the filing.
    #[serde(default)]
    pub contract_url: String,
    /// Address of the terms.
    #[serde(default)]
    pub contract_terms_url: String,
    /// Details, by product; only where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_metadata: Option<Map<String, Value>>,
    /// How it charges.
    pub fee_type: FeeTypeWord,
    /// Factor on the fee rate.
    #[serde(with = "multiplier")]
    pub fee_multiplier: FeeMultiplier,
    /// Who else may not trade it.
    #[serde(default, with = "list")]
    pub additional_prohibitions: Vec<String>,
    /// Contracts traded over all its events; only where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_count")]
    pub volume_fp: Option<Quantity>,
    /// Last change.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub last_updated_ts: Option<Timestamp>,
    /// Shard it trades on.
    #[serde(default)]
    pub exchange_index: ExchangeIndex,
}

/// Who says how a market came out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementSource {
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// `GET /series/{series_ticker}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesResponse {
    /// The series.
    pub series: Series,
}

/// `GET /series`: all of them, not paged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesListResponse {
    /// The series.
    #[serde(default, with = "list")]
    pub series: Vec<Series>,
}

query! {
    /// `GET /series/{series_ticker}`.
    pub struct SeriesQuery {
        /// Tell the volume, too.
        pub include_volume: Option<bool>,
    }
}

query! {
    /// `GET /series`.
    pub struct SeriesListQuery {
        /// Of this category only.
        pub category: Option<String>,
        /// With these tags only.
        pub tags: Commas<String>,
        /// Tell product metadata, too.
        pub include_product_metadata: Option<bool>,
        /// Tell the volume, too.
        pub include_volume: Option<bool>,
        /// Changed at or after.
        pub min_updated_ts: Option<Timestamp>,
    }
}

/// A change of what a series charges, past or to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesFeeChange {
    /// Id.
    pub id: String,
    /// The series.
    #[serde(with = "text")]
    pub series_ticker: SeriesTicker,
    /// How it charges from then on.
    pub fee_type: FeeTypeWord,
    /// Factor on the fee rate from then on.
    #[serde(with = "multiplier")]
    pub fee_multiplier: FeeMultiplier,
    /// From when.
    #[serde(with = "rfc3339")]
    pub scheduled_ts: Timestamp,
}

/// `GET /series/fee_changes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesFeeChangesResponse {
    /// The changes.
    #[serde(default, with = "list")]
    pub series_fee_change_arr: Vec<SeriesFeeChange>,
}

query! {
    /// `GET /series/fee_changes`.
    pub struct SeriesFeeChangesQuery {
        /// Of this series only.
        pub series_ticker: Option<SeriesTicker>,
        /// Past changes, too.
        pub show_historical: Option<bool>,
    }
}

impl Series {
    /// The series as the domain has it; a fee type added since is unknown.
    pub fn to_domain(&self) -> kmi_domain::Series {
        let told = |text: &String| (!text.is_empty()).then(|| text.clone());
        kmi_domain::Series {
            ticker: self.ticker.clone(),
            title: told(&self.title),
            category: told(&self.category),
            frequency: told(&self.frequency),
            fee_type: self.fee_type.fee_type(),
            fee_multiplier: Some(self.fee_multiplier),
        }
    }
}

impl From<&kmi_domain::Series> for Series {
    /// The body; a series with unknown fees charges as most do.
    fn from(series: &kmi_domain::Series) -> Series {
        let category = series.category.clone().unwrap_or_default();
        Series {
            ticker: series.ticker.clone(),
            frequency: series.frequency.clone().unwrap_or_default(),
            title: series.title.clone().unwrap_or_default(),
            categories: series.category.iter().cloned().collect(),
            category,
            tags: Vec::new(),
            settlement_sources: Vec::new(),
            contract_url: String::new(),
            contract_terms_url: String::new(),
            product_metadata: None,
            fee_type: series.fee_type.unwrap_or(FeeType::Quadratic).into(),
            fee_multiplier: series.fee_multiplier.unwrap_or(FeeMultiplier::ONE),
            additional_prohibitions: Vec::new(),
            volume_fp: None,
            last_updated_ts: None,
            exchange_index: 0,
        }
    }
}
