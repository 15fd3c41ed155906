//! Lists of markets: which filters go together, and what they let through.

use std::collections::BTreeSet;

use kmi_domain::matching::MarketId;
use kmi_domain::{EventTicker, MarketStatus, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api::market::{HistoricalMarketsQuery, MarketsPage, MarketsQuery, MveFilter, StatusFilter};

use super::{Views, parts};
use crate::core::MarketState;
use crate::records::query::{Era, TimeRange};
use crate::records::{Listing, Page, PageRequest};

/// Filters of `GET /markets` that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketsRefusal {
    /// Times of two kinds.
    #[error("timestamp filters {0} and {1} are mutually exclusive")]
    TwoTimes(&'static str, &'static str),
    /// A time with a status it does not go with.
    #[error("{time} filters cannot be combined with status {status}")]
    TimeWithStatus {
        /// `created`, `close`, `settled` or `updated`.
        time: &'static str,
        /// The status asked for.
        status: &'static str,
    },
    /// Changes of metadata are listed by themselves.
    #[error("updated filters cannot be combined with {0}")]
    UpdatedWith(&'static str),
    /// Changes of metadata of a series are listed without combos only.
    #[error("updated filters with series_ticker require mve_filter=exclude")]
    UpdatedSeriesWithCombos,
}

/// By which time markets are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChosenBy {
    Created,
    Close,
    Settled,
    Updated,
}

impl ChosenBy {
    const fn name(self) -> &'static str {
        match self {
            ChosenBy::Created => "created",
            ChosenBy::Close => "close",
            ChosenBy::Settled => "settled",
            ChosenBy::Updated => "updated",
        }
    }

    fn of(self, market: &MarketState) -> Option<Timestamp> {
        match self {
            ChosenBy::Created => Some(market.created),
            ChosenBy::Close => Some(market.spec.close_time),
            ChosenBy::Settled => market.settled_time,
            ChosenBy::Updated => Some(market.updated),
        }
    }

    const fn goes_with(self, status: StatusFilter) -> bool {
        match self {
            ChosenBy::Created => matches!(status, StatusFilter::Unopened | StatusFilter::Open),
            ChosenBy::Close => matches!(status, StatusFilter::Closed),
            ChosenBy::Settled => matches!(status, StatusFilter::Settled),
            ChosenBy::Updated => false,
        }
    }
}

/// Whether a market that stands at `status` is one of those a filter word names.
pub(super) const fn has_status(status: MarketStatus, wanted: StatusFilter) -> bool {
    match wanted {
        StatusFilter::Unopened => matches!(status, MarketStatus::Initialized),
        StatusFilter::Open => matches!(status, MarketStatus::Active),
        StatusFilter::Paused => matches!(status, MarketStatus::Inactive),
        StatusFilter::Closed => matches!(
            status,
            MarketStatus::Closed | MarketStatus::Determined | MarketStatus::Disputed | MarketStatus::Amended
        ),
        StatusFilter::Settled => matches!(status, MarketStatus::Finalized),
    }
}

/// The one kind of time a query chooses by.
fn chosen_by(query: &MarketsQuery) -> Result<Option<(ChosenBy, TimeRange)>, MarketsRefusal> {
    let ranges = [
        (ChosenBy::Created, query.min_created_ts, query.max_created_ts),
        (ChosenBy::Close, query.min_close_ts, query.max_close_ts),
        (ChosenBy::Settled, query.min_settled_ts, query.max_settled_ts),
        (ChosenBy::Updated, query.min_updated_ts, query.max_updated_ts),
    ];
    let mut given = ranges
        .into_iter()
        .filter(|(_, from, to)| from.is_some() || to.is_some());
    let first = given.next();
    if let (Some((one, ..)), Some((other, ..))) = (first, given.next()) {
        return Err(MarketsRefusal::TwoTimes(one.name(), other.name()));
    }
    let Some((time, from, to)) = first else {
        return Ok(None);
    };
    if let Some(status) = query.status.filter(|status| !time.goes_with(*status)) {
        return Err(MarketsRefusal::TimeWithStatus {
            time: time.name(),
            status: status.as_str(),
        });
    }
    if time == ChosenBy::Updated {
        check_updated(query)?;
    }
    Ok(Some((time, TimeRange { from, to })))
}

fn check_updated(query: &MarketsQuery) -> Result<(), MarketsRefusal> {
    let excludes_combos = matches!(query.mve_filter, Some(MveFilter::Exclude));
    let other = [
        ("event_ticker", query.event_ticker.is_some()),
        ("tickers", !query.tickers.0.is_empty()),
        ("mve_filter=only", query.mve_filter.is_some() && !excludes_combos),
    ];
    if let Some((name, _)) = other.into_iter().find(|(_, is_given)| *is_given) {
        return Err(MarketsRefusal::UpdatedWith(name));
    }
    if query.series_ticker.is_some() && !excludes_combos {
        return Err(MarketsRefusal::UpdatedSeriesWithCombos);
    }
    Ok(())
}

impl Views<'_> {
    /// `GET /markets`: the latest listed first. There are no combos here, so `mve_filter=only` finds nothing.
    ///
    /// # Errors
    /// [`MarketsRefusal`] for filters that the exchange does not take together.
    pub fn markets(&self, query: &MarketsQuery, page: &PageRequest) -> Result<MarketsPage, MarketsRefusal> {
        let time = chosen_by(query)?;
        let is_wanted = |market: &MarketState| {
            !matches!(query.mve_filter, Some(MveFilter::Only))
                && query
                    .status
                    .is_none_or(|wanted| has_status(market.status, wanted))
                && time.is_none_or(|(by, range)| by.of(market).is_some_and(|time| range.contains(time)))
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
