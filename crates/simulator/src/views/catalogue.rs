//! Series and events.

use kmi_domain::Quantity;
use kmi_kalshi::api::ExchangeIndex;
use kmi_kalshi::api::event::{Event, EventResponse, EventsPage, EventsQuery};
use kmi_kalshi::api::market::Market;
use kmi_kalshi::api::series::{FeeTypeWord, Series, SeriesListQuery, SeriesListResponse};

use super::{Views, parts};
use crate::core::{EventState, SeriesState};
use crate::records::query::Era;
use crate::records::{Listing, Page, PageRequest};

impl Views<'_> {
    /// A series, without the volume of its events.
    pub fn series(&self, series: &SeriesState) -> Series {
        let spec = &series.spec;
        Series {
            ticker: spec.ticker.clone(),
            frequency: spec.frequency.clone(),
            title: spec.title.clone(),
            category: spec.category.clone(),
            categories: vec![spec.category.clone()],
            tags: spec.tags.clone(),
            settlement_sources: Vec::new(),
            contract_url: String::new(),
            contract_terms_url: String::new(),
            product_metadata: None,
            fee_type: FeeTypeWord::from(spec.fee_type),
            fee_multiplier: spec.fee_multiplier,
            additional_prohibitions: Vec::new(),
            volume_fp: None,
            last_updated_ts: Some(series.created),
            exchange_index: ExchangeIndex::from(spec.shard.index()),
        }
    }

    /// A series with the contracts traded over all its events. Walks its markets.
    pub fn series_with_volume(&self, series: &SeriesState) -> Series {
        let events = self.exchange.events_of(&series.spec.ticker);
        let markets = events.flat_map(|event| &event.markets);
        let volume: Quantity = markets.map(|market| self.exchange.market(*market).volume).sum();
        Series {
            volume_fp: Some(volume),
            ..self.series(series)
        }
    }

    /// `GET /series`: by ticker. A series matches tags if it has any of them.
    pub fn series_list(&self, query: &SeriesListQuery) -> SeriesListResponse {
        let has_tag = |series: &SeriesState| {
            let tags = &query.tags.0;
            tags.is_empty() || tags.iter().any(|tag| series.spec.tags.contains(tag))
        };
        let matching = self.exchange.series().filter(|series| {
            query
                .category
                .as_ref()
                .is_none_or(|category| *category == series.spec.category)
                && query.min_updated_ts.is_none_or(|time| time <= series.created)
                && has_tag(series)
        });
        let body = |series| match query.include_volume {
            Some(true) => self.series_with_volume(series),
            _ => self.series(series),
        };
        SeriesListResponse {
            series: matching.map(body).collect(),
        }
    }

    /// An event without its markets.
    pub fn event(&self, event: &EventState) -> Event {
        let spec = &event.spec;
        let series = self.exchange.series_of(&spec.series);
        Event {
            event_ticker: spec.ticker.clone(),
            series_ticker: spec.series.clone(),
            sub_title: spec.sub_title.clone(),
            title: spec.title.clone(),
            collateral_return_type: spec.collateral_return.into(),
            mutually_exclusive: event.is_mutually_exclusive(),
            category: series.map(|series| series.spec.category.clone()),
            strike_date: spec.strike_date,
            strike_period: None,
            markets: None,
            product_metadata: None,
            settlement_sources: Vec::new(),
            last_updated_ts: Some(event.created),
            fee_type_override: spec.fee_type_override.map(FeeTypeWord::from),
            fee_multiplier_override: spec.fee_multiplier_override,
            exchange_index: ExchangeIndex::from(event.shard.index()),
        }
    }

    /// An event with its markets inside, historical ones left out.
    pub fn event_with_markets(&self, event: &EventState) -> Event {
        Event {
            markets: Some(self.live_markets_of(event)),
            ..self.event(event)
        }
    }

    /// `GET /events/{event_ticker}` in its plain form: the markets beside the event, historical ones left out.
    pub fn event_beside_markets(&self, event: &EventState) -> EventResponse {
        EventResponse {
            event: self.event(event),
            markets: self.live_markets_of(event),
        }
    }

    fn live_markets_of(&self, event: &EventState) -> Vec<Market> {
        let live = event
            .markets
            .iter()
            .filter(|market| self.era_of(**market) == Era::Live);
        live.map(|market| self.market(*market)).collect()
    }

    /// `GET /events`: the latest listed first. An event has a status if any of its markets has it.
    pub fn events(&self, query: &EventsQuery, page: &PageRequest) -> EventsPage {
        let end = page.position(Listing::Events).unwrap_or(u64::MAX);
        let all: Vec<(u64, &EventState)> = (0..end).zip(self.exchange.events()).collect();
        let matching = all
            .into_iter()
            .rev()
            .filter(|(_, event)| self.is_listed(event, query));
        let body = |event: &EventState| match query.with_nested_markets {
            Some(true) => self.event_with_markets(event),
            _ => self.event(event),
        };
        let (events, cursor) = parts(Page::take(Listing::Events, page.limit, matching).map(body));
        EventsPage {
            events,
            milestones: None,
            cursor,
        }
    }

    fn is_listed(&self, event: &EventState, query: &EventsQuery) -> bool {
        let spec = &event.spec;
        let markets = || event.markets.iter().map(|market| self.exchange.market(*market));
        query
            .series_ticker
            .as_ref()
            .is_none_or(|series| *series == spec.series)
            && (query.tickers.0.is_empty() || query.tickers.0.contains(&spec.ticker))
            && query.min_updated_ts.is_none_or(|time| time <= event.created)
            && query
                .status
                .is_none_or(|wanted| markets().any(|market| wanted.covers(market.status)))
            && query
                .min_close_ts
                .is_none_or(|time| markets().any(|market| time <= market.spec.close_time))
    }
}
