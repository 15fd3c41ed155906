//! The rarer messages: life of markets and events, fees, reference prices.

use kmi_domain::{
    CollateralReturn, EventTicker, FeeMultiplier, FeeType, MarketResult, SeriesTicker, TickGrid, Ticker,
    Timestamp,
};

use crate::wire::event::fee_type;
use crate::wire::field::{Fault, FieldError, Named, named, price};
use crate::wire::market::grid;
use crate::wire::{
    EventFeeUpdateBody, EventLifecycleBody, LifecycleBody, LifecycleMetadataBody, ReferenceValueBody,
};

/// What happened to a market. None tells of trading that begins or ends on schedule: those times are known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LifecycleKind {
    /// Listed.
    Created,
    /// Resumed; every resting order was cancelled.
    Activated,
    /// Paused.
    Deactivated,
    /// Its close moved.
    CloseDateUpdated,
    /// Has a result.
    Determined,
    /// Paid out.
    Settled,
    /// Its price grid changed.
    PriceLevelStructureUpdated,
    /// Strike or subtitle changed.
    MetadataUpdated,
}

const KINDS: [(&str, LifecycleKind); 8] = [
    ("created", LifecycleKind::Created),
    ("activated", LifecycleKind::Activated),
    ("deactivated", LifecycleKind::Deactivated),
    ("close_date_updated", LifecycleKind::CloseDateUpdated),
    ("determined", LifecycleKind::Determined),
    ("settled", LifecycleKind::Settled),
    (
        "price_level_structure_updated",
        LifecycleKind::PriceLevelStructureUpdated,
    ),
    ("metadata_updated", LifecycleKind::MetadataUpdated),
];

/// A turn in a market's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// Market.
    pub ticker: Ticker,
    /// What happened.
    pub kind: LifecycleKind,
    /// First instant of trading.
    pub open_time: Option<Timestamp>,
    /// Last instant of trading.
    pub close_time: Option<Timestamp>,
    /// When the result was found.
    pub determined_time: Option<Timestamp>,
    /// When it was paid.
    pub settled_time: Option<Timestamp>,
    /// The result.
    pub result: Option<MarketResult>,
    /// Whether it is paused.
    pub is_deactivated: Option<bool>,
    /// Its new grid.
    pub grid: Option<TickGrid>,
    /// What was told of a new market, or of changed metadata.
    pub metadata: Option<LifecycleMetadata>,
}

/// Metadata inside a lifecycle message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifecycleMetadata {
    /// Event of a new market.
    pub event: Option<EventTicker>,
    /// Title.
    pub title: Option<String>,
    /// What YES means.
    pub yes_sub_title: Option<String>,
    /// What NO means.
    pub no_sub_title: Option<String>,
    /// Primary rules.
    pub rules_primary: Option<String>,
    /// How the strike is read.
    pub strike_type: Option<String>,
    /// Lower strike, as written.
    pub floor_strike: Option<String>,
    /// Upper strike, as written.
    pub cap_strike: Option<String>,
}

/// A new event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLifecycle {
    /// Event.
    pub ticker: EventTicker,
    /// Its series.
    pub series: SeriesTicker,
    /// Title.
    pub title: String,
    /// Short title.
    pub sub_title: String,
    /// How collateral is netted across its markets.
    pub collateral_return: CollateralReturn,
    /// The date it is about.
    pub strike_date: Option<Timestamp>,
}

/// An event's own fees; `None` gives back the series'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFeeUpdate {
    /// Event.
    pub ticker: EventTicker,
    /// Fee type.
    pub fee_type: Option<FeeType>,
    /// Fee multiplier.
    pub fee_multiplier: Option<FeeMultiplier>,
}

/// A price of something outside the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceValue {
    /// Index or underlying.
    pub name: String,
    /// Dollars, as written; the one-second index message hides it in `data`.
    pub value_usd: Option<String>,
    /// When its source published it.
    pub source_time: Option<Timestamp>,
    /// When the exchange received it.
    pub received_time: Option<Timestamp>,
    /// The source's own message.
    pub data: Option<String>,
    /// Average over the last 60 seconds, as written.
    pub average_60s: Option<String>,
}

impl LifecycleBody<'_> {
    /// The turn, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_lifecycle(&self) -> Result<Lifecycle, FieldError> {
        Ok(Lifecycle {
            ticker: named!(self, market_ticker).name()?,
            kind: self.kind()?,
            open_time: named!(self, open_ts).optional_seconds()?,
            close_time: named!(self, close_ts).optional_seconds()?,
            determined_time: named!(self, determination_ts).optional_seconds()?,
            settled_time: named!(self, settled_ts).optional_seconds()?,
            result: self.result()?,
            is_deactivated: named!(self, is_deactivated).optional_bool()?,
            grid: self.grid()?,
            metadata: self.metadata()?,
        })
    }

    fn kind(&self) -> Result<LifecycleKind, FieldError> {
        let leaf = named!(self, event_type).required()?;
        let word = leaf.str()?;
        KINDS
            .iter()
            .find(|(name, _)| *name == word)
            .map(|(_, kind)| *kind)
            .ok_or_else(|| {
                leaf.error(Fault::UnknownWord {
                    value: leaf.value.to_string(),
                    words: KINDS.map(|(name, _)| name).join(" "),
                })
            })
    }

    fn result(&self) -> Result<Option<MarketResult>, FieldError> {
        let value = price(
            named!(self, settlement_value),
            named!(self, settlement_value_dollars),
        )?;
        let Some(leaf) = named!(self, result).present() else {
            return Ok(None);
        };
        match leaf.str()? {
            "yes" => Ok(Some(MarketResult::Yes)),
            "no" => Ok(Some(MarketResult::No)),
            "scalar" => Ok(value.map(MarketResult::Scalar)),
            _ => Err(leaf.error(Fault::UnknownWord {
                value: leaf.value.to_string(),
                words: "yes no scalar".to_owned(),
            })),
        }
    }

    fn grid(&self) -> Result<Option<TickGrid>, FieldError> {
        if let Some(ranges) = self.price_ranges.as_ref().filter(|ranges| !ranges.is_empty()) {
            return grid(ranges).map(Some);
        }
        let label = named!(self, price_level_structure).optional_str()?;
        Ok(label.and_then(|label| TickGrid::from_label(&label)))
    }

    /// Of `additional_metadata`, or of a `metadata_updated` message itself.
    fn metadata(&self) -> Result<Option<LifecycleMetadata>, FieldError> {
        if let Some(body) = &self.additional_metadata {
            let inside = |error: FieldError| error.within("additional_metadata");
            return body.to_metadata().map(Some).map_err(inside);
        }
        let metadata = LifecycleMetadata {
            yes_sub_title: named!(self, yes_sub_title).optional_str()?,
            strike_type: named!(self, strike_type).optional_str()?,
            floor_strike: named!(self, floor_strike).optional_number_text()?,
            cap_strike: named!(self, cap_strike).optional_number_text()?,
            ..LifecycleMetadata::default()
        };
        Ok(Some(metadata).filter(|told| *told != LifecycleMetadata::default()))
    }
}

impl LifecycleMetadataBody<'_> {
    fn to_metadata(&self) -> Result<LifecycleMetadata, FieldError> {
        Ok(LifecycleMetadata {
            event: named!(self, event_ticker).optional_name()?,
            title: named!(self, title).optional_str()?,
            yes_sub_title: named!(self, yes_sub_title).optional_str()?,
            no_sub_title: named!(self, no_sub_title).optional_str()?,
            rules_primary: named!(self, rules_primary).optional_str()?,
            strike_type: named!(self, strike_type).optional_str()?,
            floor_strike: named!(self, floor_strike).optional_number_text()?,
            cap_strike: named!(self, cap_strike).optional_number_text()?,
        })
    }
}

impl EventLifecycleBody<'_> {
    /// The event, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_event_lifecycle(&self) -> Result<EventLifecycle, FieldError> {
        Ok(EventLifecycle {
            ticker: named!(self, event_ticker).name()?,
            series: named!(self, series_ticker).name()?,
            title: named!(self, title).str_or_empty()?,
            sub_title: named!(self, subtitle).str_or_empty()?,
            collateral_return: named!(self, collateral_return_type)
                .present()
                .map_or(Ok(CollateralReturn::None), Named::word)?,
            strike_date: named!(self, strike_date).optional_seconds()?,
        })
    }
}

impl EventFeeUpdateBody<'_> {
    /// The update, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_update(&self) -> Result<EventFeeUpdate, FieldError> {
        Ok(EventFeeUpdate {
            ticker: named!(self, event_ticker).name()?,
            fee_type: fee_type(named!(self, fee_type_override))?,
            fee_multiplier: named!(self, fee_multiplier_override).optional_multiplier()?,
        })
    }
}

impl ReferenceValueBody<'_> {
    /// The price, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_value(&self) -> Result<ReferenceValue, FieldError> {
        let name = match named!(self, index_id).present() {
            Some(index) => index,
            None => named!(self, underlying_ticker)
                .present()
                .ok_or(FieldError::missing("index_id"))?,
        };
        let average = self
            .avg_60s_data
            .as_ref()
            .map(|average| named!(average, value).optional_number_text());
        Ok(ReferenceValue {
            name: name.str()?.to_owned(),
            value_usd: named!(self, value_usd).optional_number_text()?,
            source_time: named!(self, source_ts_ms).optional_millis()?,
            received_time: named!(self, received_at).optional_millis()?,
            data: named!(self, data).optional_str()?,
            average_60s: average
                .transpose()
                .map_err(|error| error.within("avg_60s_data"))?
                .flatten(),
        })
    }
}
