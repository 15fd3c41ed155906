//! Series and events.

use kmi_domain::{CollateralReturn, Event, FeeType, Market, Series};
use serde::{Deserialize, Serialize};

use super::field::{FieldError, Named, named};
use super::{MarketBody, Scalar, to_json};

/// An event object, of any generation, without the markets that some endpoints nest in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct EventBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub event_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub series_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub sub_title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub subtitle: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub category: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub mutually_exclusive: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub collateral_return_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub strike_date: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub strike_period: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub fee_type_override: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub fee_multiplier_override: Scalar<'a>,
}

/// A series object.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct SeriesBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub title: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub category: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub frequency: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub fee_type: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub fee_multiplier: Scalar<'a>,
}

/// `GET /events/{event_ticker}`: the event and its markets side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventResponse<'a> {
    /// The event.
    #[serde(borrow)]
    pub event: EventBody<'a>,
    /// Its markets.
    #[serde(borrow, default)]
    pub markets: Vec<MarketBody<'a>>,
}

/// A fee type, where it is one this platform charges by. The market-maker programme's own word means that the public
/// schedule does not say, which is what `None` says.
pub(crate) fn fee_type(leaf: Named<'_, '_>) -> Result<Option<FeeType>, FieldError> {
    match leaf.present() {
        None => Ok(None),
        Some(leaf) if leaf.str()? == "margin_market_maker_program_fees" => Ok(None),
        Some(leaf) => leaf.word().map(Some),
    }
}

impl EventBody<'_> {
    /// The event without its markets, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_event(&self) -> Result<Event, FieldError> {
        let collateral_return = named!(self, collateral_return_type)
            .present()
            .map_or(Ok(CollateralReturn::None), Named::word)?;
        let sub_title = match named!(self, sub_title).str_or_empty()? {
            empty if empty.is_empty() => named!(self, subtitle).str_or_empty()?,
            text => text,
        };
        Ok(Event {
            ticker: named!(self, event_ticker).name()?,
            series: named!(self, series_ticker).name()?,
            title: named!(self, title).str_or_empty()?,
            sub_title,
            category: named!(self, category).optional_str()?,
            mutually_exclusive: named!(self, mutually_exclusive)
                .optional_bool()?
                .unwrap_or(collateral_return == CollateralReturn::Mecnet),
            collateral_return,
            strike_date: named!(self, strike_date).optional_time()?,
            fee_type_override: fee_type(named!(self, fee_type_override))?,
            fee_multiplier_override: named!(self, fee_multiplier_override).optional_multiplier()?,
        })
    }
}

impl EventBody<'static> {
    /// The event as the exchange writes it today, without markets.
    pub fn from_event(event: &Event) -> EventBody<'static> {
        EventBody {
            event_ticker: Scalar::text(&event.ticker),
            series_ticker: Scalar::text(&event.series),
            title: Scalar::text(&event.title),
            sub_title: Scalar::text(&event.sub_title),
            category: Scalar::optional(event.category.as_ref()),
            mutually_exclusive: Scalar::Bool(event.mutually_exclusive),
            collateral_return_type: Scalar::text(event.collateral_return),
            strike_date: Scalar::optional(event.strike_date),
            fee_type_override: Scalar::optional(event.fee_type_override),
            fee_multiplier_override: event.fee_multiplier_override.map_or(Scalar::Absent, multiplier),
            ..EventBody::default()
        }
    }
}

/// The factor as a plain number, as the exchange writes it.
fn multiplier(factor: kmi_domain::FeeMultiplier) -> Scalar<'static> {
    let millionths = i64::from(factor.millionths());
    if millionths % 1_000_000 == 0 {
        Scalar::Int(millionths / 1_000_000)
    } else {
        Scalar::Float(millionths as f64 / 1e6)
    }
}

/// Body of `GET /events/{event_ticker}`, current generation, in one line without a line end.
pub fn encode_event_body(event: &Event, markets: &[Market]) -> String {
    to_json(&EventResponse {
        event: EventBody::from_event(event),
        markets: markets.iter().map(MarketBody::from_market).collect(),
    })
}

impl SeriesBody<'_> {
    /// The series, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_series(&self) -> Result<Series, FieldError> {
        Ok(Series {
            ticker: named!(self, ticker).name()?,
            title: named!(self, title).optional_str()?,
            category: named!(self, category).optional_str()?,
            frequency: named!(self, frequency).optional_str()?,
            fee_type: fee_type(named!(self, fee_type))?,
            fee_multiplier: named!(self, fee_multiplier).optional_multiplier()?,
        })
    }
}

impl SeriesBody<'static> {
    /// The series as the exchange writes it today.
    pub fn from_series(series: &Series) -> SeriesBody<'static> {
        SeriesBody {
            ticker: Scalar::text(&series.ticker),
            title: Scalar::optional(series.title.as_ref()),
            category: Scalar::optional(series.category.as_ref()),
            frequency: Scalar::optional(series.frequency.as_ref()),
            fee_type: Scalar::optional(series.fee_type),
            fee_multiplier: series.fee_multiplier.map_or(Scalar::Absent, multiplier),
        }
    }
}

/// One series object, current generation, in one line without a line end.
pub fn encode_series(series: &Series) -> String {
    to_json(&SeriesBody::from_series(series))
}
