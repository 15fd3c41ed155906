//! Routes that only the exchange can answer: what may be asked, and how long an answer is kept.

use std::time::Duration;

use kmi_app::board::Source;
use kmi_domain::Timestamp;
use kmi_kalshi::api::candle::{BatchCandlesQuery, CandlesQuery, Period};
use kmi_kalshi::api::event::{EventFeeChangesQuery, MultivariateEventsQuery};
use kmi_kalshi::api::incentive::IncentivesQuery;
use kmi_kalshi::api::market::{HistoricalMarketsQuery, MveFilter};
use kmi_kalshi::api::milestone::MilestonesQuery;
use kmi_kalshi::api::page::PageLimits;
use kmi_kalshi::api::query::{NoQuery, Query};
use kmi_kalshi::api::series::{SeriesFeeChangesQuery, SeriesListQuery};
use kmi_kalshi::api::structured_target::StructuredTargetsQuery;
use kmi_kalshi::api::trade::TradesQuery;

use super::answer::{self, Freshness};
use super::params::Params;
use super::{Answered, Call, Handler, Refused, Route};

/// Parameters a route may have that has no typed query, and the length of each.
const MAX_LOOSE: usize = 200;
const MAX_LOOSE_CHARS: usize = 256;
/// Tickers a filter may have.
const MAX_TICKERS: usize = 100;

/// The query as it goes to the exchange: known parameters in one order, so that equal questions are equal texts.
type Written = Result<Vec<(&'static str, String)>, Refused>;

/// How a route is forwarded.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// How long an answer is kept.
    keep: Duration,
    query: QueryRule,
}

#[derive(Clone, Copy)]
enum QueryRule {
    /// Read, checked and written again.
    Typed(fn(&Params) -> Written),
    /// Passed on as it came, within bounds.
    Loose,
}

/// The routes.
pub(super) fn routes() -> impl Iterator<Item = Route> {
    ROUTES.into_iter().map(|(path, operation, seconds, query)| Route {
        path,
        operation,
        handler: Handler::Forward(Rule {
            keep: Duration::from_secs(seconds),
            query,
        }),
    })
}

/// Path, operation, seconds an answer is kept, and what may be asked.
#[rustfmt::skip]
const ROUTES: [(&str, &str, u64, QueryRule); 33] = [
    ("/exchange/schedule", "GetExchangeSchedule", 60, QueryRule::Typed(plain::<NoQuery>)),
    ("/exchange/user_data_timestamp", "GetUserDataTimestamp", 1, QueryRule::Typed(plain::<NoQuery>)),
    ("/series", "GetSeriesList", 60, QueryRule::Typed(plain::<SeriesListQuery>)),
    ("/series/fee_changes", "GetSeriesFeeChanges", 60, QueryRule::Typed(plain::<SeriesFeeChangesQuery>)),
    ("/series/{series_ticker}/markets/{ticker}/candlesticks", "GetMarketCandlesticks", 5, QueryRule::Typed(candles)),
    ("/series/{series_ticker}/events/{ticker}/candlesticks", "GetMarketCandlesticksByEvent", 5, QueryRule::Typed(candles)),
    ("/markets/candlesticks", "BatchGetMarketCandlesticks", 5, QueryRule::Typed(batch_candles)),
    ("/markets/trades", "GetTrades", 1, QueryRule::Typed(trades)),
    ("/events/multivariate", "GetMultivariateEvents", 5, QueryRule::Typed(multivariate_events)),
    ("/events/fee_changes", "GetEventFeeChanges", 60, QueryRule::Typed(event_fee_changes)),
    ("/events/{event_ticker}/metadata", "GetEventMetadata", 60, QueryRule::Typed(plain::<NoQuery>)),
    ("/historical/cutoff", "GetHistoricalCutoff", 60, QueryRule::Typed(plain::<NoQuery>)),
    ("/historical/trades", "GetTradesHistorical", 60, QueryRule::Typed(trades)),
    ("/historical/markets", "GetHistoricalMarkets", 60, QueryRule::Typed(historical_markets)),
    ("/historical/markets/{ticker}", "GetHistoricalMarket", 60, QueryRule::Typed(plain::<NoQuery>)),
    ("/historical/markets/{ticker}/candlesticks", "GetMarketCandlesticksHistorical", 60, QueryRule::Typed(candles)),
    ("/milestones", "GetMilestones", 30, QueryRule::Typed(milestones)),
    ("/milestones/{milestone_id}", "GetMilestone", 30, QueryRule::Typed(plain::<NoQuery>)),
    ("/structured_targets", "GetStructuredTargets", 60, QueryRule::Typed(structured_targets)),
    ("/structured_targets/{structured_target_id}", "GetStructuredTarget", 60, QueryRule::Typed(plain::<NoQuery>)),
    ("/search/tags_by_categories", "GetTagsForSeriesCategories", 300, QueryRule::Typed(plain::<NoQuery>)),
    ("/search/filters_by_sport", "GetFiltersForSports", 300, QueryRule::Typed(plain::<NoQuery>)),
    ("/incentive_programs", "GetIncentivePrograms", 60, QueryRule::Typed(incentives)),
    ("/account/endpoint_costs", "GetAccountEndpointCosts", 300, QueryRule::Typed(plain::<NoQuery>)),
    ("/multivariate_event_collections", "GetMultivariateEventCollections", 60, QueryRule::Loose),
    ("/multivariate_event_collections/{collection_ticker}", "GetMultivariateEventCollection", 60, QueryRule::Loose),
    ("/live_data/milestone/{milestone_id}", "GetLiveDataByMilestone", 1, QueryRule::Loose),
    ("/live_data/milestone/{milestone_id}/game_stats", "GetGameStats", 1, QueryRule::Loose),
    ("/live_data/{type}/milestone/{milestone_id}", "GetLiveData", 1, QueryRule::Loose),
    ("/live_data/batch", "GetLiveDatas", 1, QueryRule::Loose),
    ("/live_data/events/{event_ticker}", "GetEventLiveData", 1, QueryRule::Loose),
    ("/live_data/weather/{city}", "GetWeatherIndex", 1, QueryRule::Loose),
    ("/live_data/weather/{city}/calibrations", "GetWeatherIndexCalibrations", 60, QueryRule::Loose),
];

/// Asks the exchange, or remembers.
pub(super) async fn answer(call: &Call, rule: Rule) -> Answered {
    let query: Vec<(&str, String)> = match rule.query {
        QueryRule::Typed(write) => write(&call.params)?,
        QueryRule::Loose => loose(&call.params)?,
    };
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let (body, at) = call.upstream().get(&path, query, rule.keep).await?;
    Ok(answer::raw(body, Freshness::live(Source::Cache, at)))
}

/// What no typed query stands for is passed on as it came.
fn loose(params: &Params) -> Result<Vec<(&str, String)>, Refused> {
    let pairs = params.pairs();
    params.at_most("query", pairs, MAX_LOOSE)?;
    let too_long = pairs
        .iter()
        .find(|(name, value)| name.len() > MAX_LOOSE_CHARS || value.len() > MAX_LOOSE_CHARS);
    if too_long.is_some() {
        return Err(params.refuse("query", "is too long"));
    }
    Ok(pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()))
        .collect())
}

fn plain<Q: Query>(params: &Params) -> Written {
    Ok(params.read::<Q>()?.pairs())
}

/// A list whose limit must be at least 1.
fn list<Q: Query>(params: &Params, query: &Q, limit: Option<u32>, limits: PageLimits) -> Written {
    if limit == Some(0) {
        return Err(params.refuse("limit", "must be at least 1"));
    }
    params.limit(limit, limits)?;
    Ok(query.pairs())
}

fn trades(params: &Params) -> Written {
    let query: TradesQuery = params.read()?;
    params.limit(query.limit, TradesQuery::LIMITS)?;
    Ok(query.pairs())
}

fn historical_markets(params: &Params) -> Written {
    let query: HistoricalMarketsQuery = params.read()?;
    params.at_most("tickers", &query.tickers, MAX_TICKERS)?;
    if query.mve_filter == Some(MveFilter::Only) {
        return Err(params.refuse("mve_filter", "must be exclude"));
    }
    params.limit(query.limit, HistoricalMarketsQuery::LIMITS)?;
    Ok(query.pairs())
}

fn multivariate_events(params: &Params) -> Written {
    let query: MultivariateEventsQuery = params.read()?;
    list(params, &query, query.limit, MultivariateEventsQuery::LIMITS)
}

fn event_fee_changes(params: &Params) -> Written {
    let query: EventFeeChangesQuery = params.read()?;
    list(params, &query, query.limit, EventFeeChangesQuery::LIMITS)
}

fn milestones(params: &Params) -> Written {
    let query: MilestonesQuery = params.read()?;
    list(params, &query, query.limit, MilestonesQuery::LIMITS)
}

fn incentives(params: &Params) -> Written {
    let query: IncentivesQuery = params.read()?;
    list(params, &query, query.limit, IncentivesQuery::LIMITS)
}

/// Here the limit is called `page_size`.
fn structured_targets(params: &Params) -> Written {
    let query: StructuredTargetsQuery = params.read()?;
    let limits = StructuredTargetsQuery::LIMITS;
    if query.page_size.is_some_and(|size| size == 0 || size > limits.max) {
        return Err(params.refuse("page_size", format_args!("must be 1 to {}", limits.max)));
    }
    Ok(query.pairs())
}

fn candles(params: &Params) -> Written {
    let query: CandlesQuery = params.read()?;
    check_span(params, query.start_ts, query.end_ts, query.period_interval)?;
    Ok(query.pairs())
}

fn batch_candles(params: &Params) -> Written {
    let query: BatchCandlesQuery = params.read()?;
    if query.market_tickers.is_empty() {
        return Err(params.refuse("market_tickers", "is required"));
    }
    params.at_most(
        "market_tickers",
        &query.market_tickers,
        BatchCandlesQuery::MAX_TICKERS,
    )?;
    check_span(params, query.start_ts, query.end_ts, query.period_interval)?;
    Ok(query.pairs())
}

fn check_span(
    params: &Params,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    period: Option<Period>,
) -> Result<(), Refused> {
    let (Some(start), Some(end)) = (start, end) else {
        let missing = if start.is_none() { "start_ts" } else { "end_ts" };
        return Err(params.refuse(missing, "is required"));
    };
    if period.is_none() {
        return Err(params.refuse("period_interval", "is required"));
    }
    if start > end {
        return Err(params.refuse("start_ts", "must not be after end_ts"));
    }
    Ok(())
}
