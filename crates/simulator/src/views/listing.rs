//! Lists of markets: what their filters let through.

use std::collections::BTreeSet;

use kmi_domain::matching::MarketId;
use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api::market::{
    HistoricalMarketsQuery, MarketTime, MarketsPage, MarketsQuery, MarketsRefusal, MveFilter,
};

use super::{Views, parts};
use crate::core::MarketState;
use crate::records::query::Era;
use crate::records::{Listing, Page, PageRequest};

/// The time of a market by which a query chooses.
fn time_of(market: &MarketState, time: MarketTime) -> Option<Timestamp> {
    match time {
        MarketTime::Created => Some(market.created),
        MarketTime::Close => Some(market.spec.close_time),
        MarketTime::Settled => market.settled_time,
        MarketTime::Updated => Some(market.updated),
    }
}

impl Views<'_> {
    /// `GET /markets`: the latest listed first. There are no combos here, so `mve_filter=only` finds nothing.
    ///
    /// # Errors
    /// [`MarketsRefusal`] for filters that the exchange does not take together.
    pub fn markets(&self, query: &MarketsQuery, page: &PageRequest) -> Result<MarketsPage, MarketsRefusal> {
        let chosen = query.time_filter()?;
        let is_wanted = |market: &MarketState| {
            !matches!(query.mve_filter, Some(MveFilter::Only))
                && query.status.is_none_or(|wanted| wanted.covers(market.status))
                && chosen.is_none_or(|chosen| chosen.contains(time_of(market, chosen.time)))
        };
        let named = Named {
            tickers: &query.tickers.0,
            event: query.event_ticker.as_ref(),
            series: query.series_ticker.as_ref(),
        };
        Ok(self.list(named, page, Era::Live, is_wanted))
    }

    /// `GET /historical/markets`: the latest listed first.
    pub fn historical_markets(&self, query: &HistoricalMarketsQuery, page: &PageRequest) -> MarketsPage {
        let named = Named {
            tickers: &query.tickers.0,
            event: query.event_ticker.as_ref(),
            series: query.series_ticker.as_ref(),
        };
        self.list(named, page, Era::Historical, |_| true)
    }

    fn list(
        &self,
        named: Named<'_>,
        page: &PageRequest,
        era: Era,
        is_wanted: impl Fn(&MarketState) -> bool,
    ) -> MarketsPage {
        let end = page.position(Listing::Markets).unwrap_or(u64::MAX);
        let rows = self
            .candidates(named, end)
            .filter(|market| named.matches(market) && self.era(market) == era && is_wanted(market))
            .map(|market| (market.number(), market.id));
        let ids = Page::take(Listing::Markets, page.limit, rows);
        let (markets, cursor) = parts(ids.map(|market| self.market(market)));
        MarketsPage { markets, cursor }
    }

    /// Markets below number `end` among which all that are named are, the latest listed first.
    fn candidates(&self, named: Named<'_>, end: u64) -> Box<dyn Iterator<Item = &MarketState> + '_> {
        let exchange = self.exchange;
        let ids: BTreeSet<MarketId> = match named {
            Named {
                tickers: [],
                event: None,
                series: None,
            } => {
                let end = end.min(exchange.markets().count() as u64);
                let numbers = (0..end).rev();
                return Box::new(numbers.filter_map(|number| exchange.market_of_number(number)));
            }
            Named {
                tickers: [],
                event: Some(event),
                ..
            } => exchange.markets_of(event).map(|market| market.id).collect(),
            Named {
                tickers: [],
                series: Some(series),
                ..
            } => {
                let events = exchange.events_of(series);
                events.flat_map(|event| event.markets.iter().copied()).collect()
            }
            Named { tickers, .. } => {
                let ids = tickers.iter().map(|ticker| exchange.market_id(ticker.as_str()));
                ids.flatten().collect()
            }
        };
        let states = ids.into_iter().rev().map(|market| exchange.market(market));
        Box::new(states.filter(move |market| market.number() < end))
    }
}

/// Markets chosen by name.
#[derive(Clone, Copy)]
struct Named<'q> {
    /// Any of these, if there are some.
    tickers: &'q [Ticker],
    event: Option<&'q EventTicker>,
    series: Option<&'q SeriesTicker>,
}

impl Named<'_> {
    fn matches(&self, market: &MarketState) -> bool {
        self.event.is_none_or(|event| *event == market.spec.event)
            && self.series.is_none_or(|series| *series == market.series)
    }
}
