//! Series, events, markets, and what else there is to look up: public.

use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::{EventTicker, SeriesTicker};
use kmi_kalshi::api::event::{
    EventFeeChangesPage, EventFeeChangesQuery, EventMetadata, EventQuery, EventResponse, EventsPage,
    EventsQuery, MarketMetadata, MultivariateEventsPage, MultivariateEventsQuery,
};
use kmi_kalshi::api::incentive::{IncentivesPage, IncentivesQuery};
use kmi_kalshi::api::market::{
    HistoricalMarketsQuery, MarketResponse, MarketsPage, MarketsQuery, MveFilter, StatusFilter,
};
use kmi_kalshi::api::page::{Cursor, PageLimits};
use kmi_kalshi::api::search::{FiltersBySport, TagsByCategories};
use kmi_kalshi::api::series::{
    SeriesFeeChangesQuery, SeriesFeeChangesResponse, SeriesListQuery, SeriesQuery, SeriesResponse,
};
use serde_json::json;

use super::pages::gather;
use crate::core::EventState;
use crate::records::query::Era;
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};
use crate::views::Views;

/// Markets read in one look.
const MARKETS_STEP: usize = 50;
/// Events read in one look, without and with their markets.
const EVENTS_STEP: usize = 50;
const NESTED_STEP: usize = 5;
/// Tickers a filter may have.
const MAX_TICKERS: usize = 100;

pub(super) fn operations() -> Vec<Operation> {
    let public = Operation::public;
    vec![
        public("GetSeriesList", "/series", series_list),
        public("GetSeries", "/series/{series_ticker}", series),
        public("GetSeriesFeeChanges", "/series/fee_changes", series_fee_changes),
        public("GetEvents", "/events", events),
        public(
            "GetMultivariateEvents",
            "/events/multivariate",
            multivariate_events,
        ),
        public("GetEventFeeChanges", "/events/fee_changes", event_fee_changes),
        public("GetEvent", "/events/{event_ticker}", event),
        public(
            "GetEventMetadata",
            "/events/{event_ticker}/metadata",
            event_metadata,
        ),
        public("GetMarkets", "/markets", markets),
        public("GetMarket", "/markets/{ticker}", market),
        public("GetHistoricalCutoff", "/historical/cutoff", historical_cutoff),
        public("GetHistoricalMarkets", "/historical/markets", historical_markets),
        public(
            "GetHistoricalMarket",
            "/historical/markets/{ticker}",
            historical_market,
        ),
        public(
            "GetTagsForSeriesCategories",
            "/search/tags_by_categories",
            tags_by_categories,
        ),
        public("GetFiltersForSports", "/search/filters_by_sport", |_| {
            Answer::ok(&FiltersBySport {
                filters_by_sports: BTreeMap::new(),
                sport_ordering: Vec::new(),
            })
        }),
        public("GetIncentivePrograms", "/incentive_programs", incentive_programs),
        public(
            "GetMultivariateEventCollections",
            "/multivariate_event_collections",
            collections,
        ),
    ]
}

fn series_list(call: &Call) -> Answered {
    let query: SeriesListQuery = call.query.read()?;
    Answer::ok(&call.views(|views| views.series_list(&query)))
}

fn series(call: &Call) -> Answered {
    let ticker: SeriesTicker = call.parsed_part("series_ticker")?;
    let query: SeriesQuery = call.query.read()?;
    let series = call
        .views(|views| {
            let series = views.exchange.series_of(&ticker)?;
            Some(match query.include_volume {
                Some(true) => views.series_with_volume(series),
                _ => views.series(series),
            })
        })
        .ok_or_else(ApiError::not_found)?;
    Answer::ok(&SeriesResponse { series })
}

/// Fees never change here.
fn series_fee_changes(call: &Call) -> Answered {
    let _: SeriesFeeChangesQuery = call.query.read()?;
    Answer::ok(&SeriesFeeChangesResponse {
        series_fee_change_arr: Vec::new(),
    })
}

/// Fees never change here.
fn event_fee_changes(call: &Call) -> Answered {
    let query: EventFeeChangesQuery = call.query.read()?;
    call.query
        .page(query.limit, query.cursor, EventFeeChangesQuery::LIMITS)?;
    Answer::ok(&EventFeeChangesPage {
        event_fee_changes: Vec::new(),
        cursor: Cursor::LAST,
    })
}

fn events(call: &Call) -> Answered {
    let query: EventsQuery = call.query.read()?;
    if query.status == Some(StatusFilter::Paused) {
        return Err(call
            .query
            .refuse("status", "must be one of unopened, open, closed, settled"));
    }
    call.query.at_most("tickers", &query.tickers, MAX_TICKERS)?;
    let page = call
        .query
        .page(query.limit, query.cursor.clone(), EventsQuery::LIMITS)?;
    let step = match query.with_nested_markets {
        Some(true) => NESTED_STEP,
        _ => EVENTS_STEP,
    };
    let (events, cursor) = gather(call, &page, step, |views, page| {
        let part = views.events(&query, page);
        Ok((part.events, part.cursor))
    })?;
    let milestones = match query.with_milestones {
        Some(true) => Some(super::milestones::of_events(
            call,
            events.iter().map(|event| &event.event_ticker),
        )),
        _ => None,
    };
    Answer::ok(&EventsPage {
        events,
        milestones,
        cursor,
    })
}

/// There are no combos here.
fn multivariate_events(call: &Call) -> Answered {
    let query: MultivariateEventsQuery = call.query.read()?;
    call.query
        .page(query.limit, query.cursor, MultivariateEventsQuery::LIMITS)?;
    Answer::ok(&MultivariateEventsPage {
        events: Vec::new(),
        cursor: Cursor::LAST,
    })
}

fn event(call: &Call) -> Answered {
    let query: EventQuery = call.query.read()?;
    let body = look_at_event(call, |views, event| {
        if query.with_nested_markets == Some(true) {
            return EventResponse {
                event: views.event_with_markets(event),
                markets: Vec::new(),
            };
        }
        match query.exclude_markets {
            Some(true) => EventResponse {
                event: views.event(event),
                markets: Vec::new(),
            },
            _ => views.event_beside_markets(event),
        }
    })?;
    Answer::ok(&body)
}

fn event_metadata(call: &Call) -> Answered {
    let body = look_at_event(call, |views, event| EventMetadata {
        image_url: String::new(),
        featured_image_url: None,
        market_details: event
            .markets
            .iter()
            .map(|market| MarketMetadata {
                market_ticker: views.exchange.market(*market).ticker().clone(),
                image_url: String::new(),
                color_code: String::new(),
            })
            .collect(),
        settlement_sources: Vec::new(),
        competition: None,
        competition_scope: None,
    })?;
    Answer::ok(&body)
}

fn look_at_event<R>(call: &Call, look: impl FnOnce(&Views<'_>, &EventState) -> R) -> Result<R, ApiError> {
    let ticker: EventTicker = call.parsed_part("event_ticker")?;
    call.views(|views| views.exchange.event(&ticker).map(|event| look(views, event)))
        .ok_or_else(ApiError::not_found)
}

fn markets(call: &Call) -> Answered {
    let query: MarketsQuery = call.query.read()?;
    call.query.at_most("tickers", &query.tickers, MAX_TICKERS)?;
    let page = call
        .query
        .page_or_default(query.limit, query.cursor.clone(), MarketsQuery::LIMITS)?;
    let (markets, cursor) = gather(call, &page, MARKETS_STEP, |views, page| {
        let part = views
            .markets(&query, page)
            .map_err(|refusal| call.query.refuse("filters", refusal))?;
        Ok((part.markets, part.cursor))
    })?;
    Answer::ok(&MarketsPage { markets, cursor })
}

fn historical_cutoff(call: &Call) -> Answered {
    let look = |views: &Views<'_>| views.historical_cutoff();
    Answer::ok(&call.views(look))
}

fn historical_markets(call: &Call) -> Answered {
    let query: HistoricalMarketsQuery = call.query.read()?;
    call.query.at_most("tickers", &query.tickers, MAX_TICKERS)?;
    if query.mve_filter == Some(MveFilter::Only) {
        return Err(call.query.refuse("mve_filter", "must be exclude"));
    }
    let page =
        call.query
            .page_or_default(query.limit, query.cursor.clone(), HistoricalMarketsQuery::LIMITS)?;
    let (markets, cursor) = gather(call, &page, MARKETS_STEP, |views, page| {
        let part = views.historical_markets(&query, page);
        Ok((part.markets, part.cursor))
    })?;
    Answer::ok(&MarketsPage { markets, cursor })
}

fn market(call: &Call) -> Answered {
    market_of_era(call, Era::Live)
}

fn historical_market(call: &Call) -> Answered {
    market_of_era(call, Era::Historical)
}

fn market_of_era(call: &Call, era: Era) -> Answered {
    let market = call.market_in_path()?;
    let body = call.views(|views| (views.era_of(market) == era).then(|| views.market(market)));
    Answer::ok(&MarketResponse {
        market: body.ok_or_else(ApiError::not_found)?,
    })
}

fn tags_by_categories(call: &Call) -> Answered {
    let tags = call.read(|view| {
        let mut tags: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for series in view.exchange.series() {
            let of_category = tags.entry(series.spec.category.clone()).or_default();
            of_category.extend(series.spec.tags.iter().cloned());
        }
        tags
    });
    Answer::ok(&TagsByCategories {
        tags_by_categories: tags
            .into_iter()
            .map(|(category, tags)| (category, tags.into_iter().collect()))
            .collect(),
    })
}

/// Nobody is paid for quoting here.
fn incentive_programs(call: &Call) -> Answered {
    let query: IncentivesQuery = call.query.read()?;
    call.query
        .page(query.limit, query.cursor, IncentivesQuery::LIMITS)?;
    Answer::ok(&IncentivesPage {
        incentive_programs: Vec::new(),
        next_cursor: Cursor::LAST,
    })
}

/// There are no combos here.
fn collections(call: &Call) -> Answered {
    const LIMITS: PageLimits = PageLimits {
        max: 200,
        default: 200,
    };
    let query: MultivariateEventsQuery = call.query.read()?;
    call.query.page(query.limit, query.cursor, LIMITS)?;
    Answer::ok(&json!({"multivariate_contracts": [], "cursor": ""}))
}
