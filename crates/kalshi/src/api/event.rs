//! Events, their metadata, and changes of what they charge.

use kmi_domain::{CollateralReturn, EventTicker, FeeMultiplier, SeriesTicker, Ticker, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ExchangeIndex;
use super::amount::{list, option_multiplier, option_rfc3339, rfc3339, text};
use super::market::{Market, StatusFilter};
use super::milestone::Milestone;
use super::page::{Cursor, PageLimits, Paged, PagedQuery, page};
use super::query::{Commas, query};
use super::series::{FeeTypeWord, SettlementSource};
use super::side::unknown;
use super::word::word;
use crate::wire::FieldError;

word! {
    /// How collateral is netted across an event's markets.
    pub enum CollateralReturnWord {
        /// Not at all.
        None = "",
        /// At most one market resolves yes.
        Mecnet = "MECNET",
        /// Outcomes are ordered thresholds.
        Direcnet = "DIRECNET",
    }
}

impl From<CollateralReturn> for CollateralReturnWord {
    fn from(kind: CollateralReturn) -> CollateralReturnWord {
        CollateralReturnWord::from(kind.as_str())
    }
}

/// A question with one or more markets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Name.
    #[serde(with = "text")]
    pub event_ticker: EventTicker,
    /// Series it belongs to.
    #[serde(with = "text")]
    pub series_ticker: SeriesTicker,
    /// Short title.
    #[serde(default)]
    pub sub_title: String,
    /// Title.
    #[serde(default)]
    pub title: String,
    /// How collateral is netted across its markets.
    pub collateral_return_type: CollateralReturnWord,
    /// True when at most one market resolves yes.
    pub mutually_exclusive: bool,
    /// Category; deprecated, the series tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The date it is about; either this or the period.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub strike_date: Option<Timestamp>,
    /// The span it is about, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strike_period: Option<String>,
    /// Its markets, where asked for nested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markets: Option<Vec<Market>>,
    /// Details, by product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_metadata: Option<Map<String, Value>>,
    /// Who says how it came out.
    #[serde(default, with = "list")]
    pub settlement_sources: Vec<SettlementSource>,
    /// Last change.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_rfc3339")]
    pub last_updated_ts: Option<Timestamp>,
    /// How it charges where it differs from its series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee_type_override: Option<FeeTypeWord>,
    /// Factor on the fee rate where it differs from its series'.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "option_multiplier")]
    pub fee_multiplier_override: Option<FeeMultiplier>,
    /// Shard it trades on.
    #[serde(default)]
    pub exchange_index: ExchangeIndex,
}

/// `GET /events/{event_ticker}`: the markets stand beside the event, or nested in it where that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventResponse {
    /// The event.
    pub event: Event,
    /// Its markets; empty when they are nested or not wanted.
    #[serde(default, with = "list")]
    pub markets: Vec<Market>,
}

query! {
    /// `GET /events/{event_ticker}`.
    pub struct EventQuery {
        /// Without markets.
        pub exclude_markets: Option<bool>,
        /// Markets inside the event instead of beside it.
        pub with_nested_markets: Option<bool>,
    }
}

query! {
    /// `GET /events`: without combos. An event matches a status when any of its markets does.
    pub struct EventsQuery {
        /// Events on a page, [`EventsQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// With their markets.
        pub with_nested_markets: Option<bool>,
        /// With the milestones they are related to.
        pub with_milestones: Option<bool>,
        /// Where any of their markets stands; paused is not taken here.
        pub status: Option<StatusFilter>,
        /// Of this series only.
        pub series_ticker: Option<SeriesTicker>,
        /// These events only.
        pub tickers: Commas<EventTicker>,
        /// With a market that closes at or after.
        pub min_close_ts: Option<Timestamp>,
        /// Changed at or after.
        pub min_updated_ts: Option<Timestamp>,
    }
}

impl EventsQuery {
    /// Events on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 200,
        default: 200,
    };
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventsPage {
    /// The events of this page.
    #[serde(default, with = "list")]
    pub events: Vec<Event>,
    /// Milestones related to them, where asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestones: Option<Vec<Milestone>>,
    /// Where the next page starts; empty on the last.
    #[serde(default)]
    pub cursor: Cursor,
}

impl Paged for EventsPage {
    type Item = Event;

    /// The milestones are lost: ask page by page for those.
    fn into_page(self) -> (Vec<Event>, Cursor) {
        (self.events, self.cursor)
    }
}

impl PagedQuery for EventsQuery {
    type Page = EventsPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}

query! {
    /// `GET /events/multivariate`: events of combos.
    pub struct MultivariateEventsQuery {
        /// Events on a page, [`MultivariateEventsQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this series only; not together with a collection.
        pub series_ticker: Option<SeriesTicker>,
        /// Of this collection only; not together with a series.
        pub collection_ticker: Option<String>,
        /// These events only.
        pub tickers: Commas<EventTicker>,
        /// With their markets.
        pub with_nested_markets: Option<bool>,
    }
}

impl MultivariateEventsQuery {
    /// Events on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 200,
        default: 100,
    };
}

page! {
    /// A page of events of combos.
    MultivariateEventsPage { events: Event } of MultivariateEventsQuery
}

/// `GET /events/{event_ticker}/metadata`: how it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMetadata {
    /// Address of its picture.
    #[serde(default)]
    pub image_url: String,
    /// Address of the picture it is featured with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub featured_image_url: Option<String>,
    /// How its markets are shown.
    #[serde(default, with = "list")]
    pub market_details: Vec<MarketMetadata>,
    /// Who says how it came out.
    #[serde(default, with = "list")]
    pub settlement_sources: Vec<SettlementSource>,
    /// Competition it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub competition: Option<String>,
    /// Part of the competition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub competition_scope: Option<String>,
}

/// How a market is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketMetadata {
    /// The market.
    #[serde(with = "text")]
    pub market_ticker: Ticker,
    /// Address of its picture.
    #[serde(default)]
    pub image_url: String,
    /// Its colour, `#RRGGBB`.
    #[serde(default)]
    pub color_code: String,
}

/// A change of what an event charges. Both overrides are `null` where the series' own charges come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFeeChange {
    /// Id.
    pub id: String,
    /// The event.
    #[serde(with = "text")]
    pub event_ticker: EventTicker,
    /// Its series.
    #[serde(with = "text")]
    pub series_ticker: SeriesTicker,
    /// How it charges from then on.
    #[serde(default)]
    pub fee_type_override: Option<FeeTypeWord>,
    /// Factor on the fee rate from then on.
    #[serde(default, with = "option_multiplier")]
    pub fee_multiplier_override: Option<FeeMultiplier>,
    /// From when.
    #[serde(with = "rfc3339")]
    pub scheduled_ts: Timestamp,
}

query! {
    /// `GET /events/fee_changes`.
    pub struct EventFeeChangesQuery {
        /// Of this event only.
        pub event_ticker: Option<EventTicker>,
        /// Changes on a page, [`EventFeeChangesQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
    }
}

impl EventFeeChangesQuery {
    /// Changes on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

page! {
    /// A page of changes.
    EventFeeChangesPage { event_fee_changes: EventFeeChange } of EventFeeChangesQuery
}

impl Event {
    /// The event as the domain has it, without markets; a fee type added since is unknown.
    ///
    /// # Errors
    /// [`FieldError`] when the way of netting is a word added since: to guess it would be to guess what an account must hold.
    pub fn to_domain(&self) -> Result<kmi_domain::Event, FieldError> {
        let netting = self.collateral_return_type.as_str();
        Ok(kmi_domain::Event {
            ticker: self.event_ticker.clone(),
            series: self.series_ticker.clone(),
            title: self.title.clone(),
            sub_title: self.sub_title.clone(),
            category: self.category.clone().filter(|category| !category.is_empty()),
            mutually_exclusive: self.mutually_exclusive,
            collateral_return: netting
                .parse()
                .map_err(|_| unknown("collateral_return_type", netting, CollateralReturnWord::KNOWN))?,
            strike_date: self.strike_date,
            fee_type_override: self.fee_type_override.as_ref().and_then(FeeTypeWord::fee_type),
            fee_multiplier_override: self.fee_multiplier_override,
        })
    }
}

impl From<&kmi_domain::Event> for Event {
    fn from(event: &kmi_domain::Event) -> Event {
        Event {
            event_ticker: event.ticker.clone(),
            series_ticker: event.series.clone(),
            sub_title: event.sub_title.clone(),
            title: event.title.clone(),
            collateral_return_type: event.collateral_return.into(),
            mutually_exclusive: event.mutually_exclusive,
            category: event.category.clone(),
            strike_date: event.strike_date,
            strike_period: None,
            markets: None,
            product_metadata: None,
            settlement_sources: Vec::new(),
            last_updated_ts: None,
            fee_type_override: event.fee_type_override.map(FeeTypeWord::from),
            fee_multiplier_override: event.fee_multiplier_override,
            exchange_index: 0,
        }
    }
}
