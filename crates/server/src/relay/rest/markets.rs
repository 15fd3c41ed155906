//! Markets: `GET /markets` and `GET /markets/{ticker}`.
//!
//! The board knows the open markets, combos excepted, and whatever else it has seen lately. It answers when it knows all that is asked
//! for: open markets without combos (`status=open&mve_filter=exclude`), or markets named by ticker. Cursors of its pages say so, and
//! are answered by it again. Everything else the exchange is asked, and the board's quotes are laid over its answer.

use std::sync::Arc;
use std::time::Duration;

use kmi_app::board::{self, Board, BoardQuery, MarketState, Sort, Source};
use kmi_domain::{MarketStatus, Ticker, Timestamp};
use kmi_kalshi::api::market::{MarketResponse, MarketsPage, MarketsQuery, MveFilter, StatusFilter};
use kmi_kalshi::api::page::Cursor;
use kmi_kalshi::api::query::Query as _;

use super::answer::{self, Age, Freshness};
use super::{Answered, Call, live};

/// How long the exchange's answers are kept.
const KEEP: Duration = Duration::from_secs(1);
/// Tickers a filter may have.
const MAX_TICKERS: usize = 100;
/// A sweep older than this says nothing of which markets are open.
const SWEPT_WITHIN: Duration = Duration::from_mins(1);
/// What cursors of the board's pages begin with.
const OURS: &str = "board.";

/// A page of markets.
pub(super) async fn list(call: &Call) -> Answered {
    let params = &call.params;
    let query: MarketsQuery = params.read()?;
    params.at_most("tickers", &query.tickers, MAX_TICKERS)?;
    let limit = params.limit(query.limit, MarketsQuery::LIMITS)?;
    query
        .time_filter()
        .map_err(|refusal| params.refuse("filters", refusal))?;
    let board = call.relay.shared.board();
    if let Some(page) = of_board(board, &query, limit, call.relay.shared.now()) {
        return answer::ok(&page, Freshness::live(Source::Poll, board.swept()));
    }
    let (body, at) = call.upstream().get(&["markets"], query.pairs(), KEEP).await?;
    let fresh = Freshness::live(Source::Cache, at);
    let Ok(mut page) = serde_json::from_slice::<MarketsPage>(&body) else {
        return Ok(answer::raw(body, fresh));
    };
    live::refresh(&call.relay, &mut page.markets, at);
    answer::ok(&page, fresh)
}

/// The page, if the board knows all of it.
fn of_board(board: &Board, query: &MarketsQuery, limit: usize, now: Timestamp) -> Option<MarketsPage> {
    let after = match &query.cursor {
        None => None,
        Some(cursor) => Some(cursor.as_str().strip_prefix(OURS)?.to_owned()),
    };
    if query.time_filter().ok()?.is_some() {
        return None;
    }
    if query.tickers.is_empty() {
        open(board, query, limit, after, now)
    } else {
        named(board, query, limit, after.as_deref(), now)
    }
}

/// Open markets without combos, by ticker.
fn open(
    board: &Board,
    query: &MarketsQuery,
    limit: usize,
    after: Option<String>,
    now: Timestamp,
) -> Option<MarketsPage> {
    let is_known = query.status == Some(StatusFilter::Open) && query.mve_filter == Some(MveFilter::Exclude);
    let swept = board.swept()?;
    let is_recent = u128::try_from(now.micros_since(swept)).is_ok_and(|age| age <= SWEPT_WITHIN.as_micros());
    // A listing that began here goes on here, even while the poller pauses: no other cursor would fit.
    if !is_known || !(is_recent || after.is_some()) {
        return None;
    }
    let page = board
        .query(&BoardQuery {
            statuses: vec![board::StatusFilter(MarketStatus::Active)],
            series: query.series_ticker.iter().cloned().collect(),
            events: query.event_ticker.iter().cloned().collect(),
            sort: Sort::Ticker,
            limit,
            cursor: after,
            ..BoardQuery::default()
        })
        // A cursor the board has not given is the exchange's to judge.
        .ok()?;
    Some(MarketsPage {
        markets: page.markets.iter().map(|market| live::body_of(market)).collect(),
        cursor: page
            .next_cursor
            .map(|cursor| Cursor::new(format!("{OURS}{cursor}")))
            .into(),
    })
}

/// Markets by name, if the board knows every one of them well enough.
fn named(
    board: &Board,
    query: &MarketsQuery,
    limit: usize,
    after: Option<&str>,
    now: Timestamp,
) -> Option<MarketsPage> {
    let mut tickers: Vec<&Ticker> = query.tickers.iter().collect();
    tickers.sort();
    tickers.dedup();
    let known: Option<Vec<Arc<MarketState>>> = tickers
        .into_iter()
        .map(|ticker| board.market(ticker).filter(|market| knows(board, market, now)))
        .collect();
    let wanted = |market: &&Arc<MarketState>| {
        let body = &market.body;
        let has_status = |filter: StatusFilter| body.status.status().is_some_and(|it| filter.covers(it));
        let is_combo = body.mve_collection_ticker.is_some();
        query.status.is_none_or(has_status)
            && query
                .event_ticker
                .as_ref()
                .is_none_or(|event| *event == body.event_ticker)
            && query
                .mve_filter
                .is_none_or(|filter| is_combo == (filter == MveFilter::Only))
            && after.is_none_or(|after| body.ticker.as_str() > after)
    };
    let known = known?;
    if let Some(series) = &query.series_ticker {
        let of_series = |market: &Arc<MarketState>| {
            let event = market.event.as_ref()?;
            Some(event.series_ticker == *series)
        };
        // Without its event nobody here knows a market's series.
        let all: Option<Vec<bool>> = known.iter().map(of_series).collect();
        if !all?.into_iter().all(|fits| fits) {
            return None;
        }
    }
    let mut fitting: Vec<&Arc<MarketState>> = known.iter().filter(wanted).collect();
    let has_more = fitting.len() > limit;
    fitting.truncate(limit);
    let last = fitting.last().filter(|_| has_more);
    Some(MarketsPage {
        cursor: last
            .map(|market| Cursor::new(format!("{OURS}{}", market.body.ticker)))
            .into(),
        markets: fitting.into_iter().map(|market| live::body_of(market)).collect(),
    })
}

/// One market: from the board while that is live, and when the exchange cannot be asked, labelled with its age.
pub(super) async fn one(call: &Call) -> Answered {
    let ticker: Ticker = call.name(1)?;
    let shared = &call.relay.shared;
    let now = shared.now();
    let market = shared.board().market(&ticker);
    if let Some(market) = market
        .as_ref()
        .filter(|market| knows(shared.board(), market, now))
    {
        return of_state(call, market, now);
    }
    match call
        .upstream()
        .get(&["markets", ticker.as_str()], Vec::new(), KEEP)
        .await
    {
        Ok((body, at)) => Ok(answer::raw(body, Freshness::live(Source::Cache, at))),
        Err(refused) => match market.filter(|_| refused.is_failure()) {
            Some(market) => of_state(call, &market, now),
            None => Err(refused),
        },
    }
}

fn of_state(call: &Call, market: &MarketState, now: Timestamp) -> Answered {
    let body = MarketResponse {
        market: live::body_of(market),
    };
    answer::ok(&body, live::freshness(call.relay.shared.board(), market, now))
}

/// Whether the board may speak for a market: it is live, and not past a close that nobody has told the board of.
fn knows(board: &Board, market: &MarketState, now: Timestamp) -> bool {
    let is_open = market.body.status.status() == Some(MarketStatus::Active);
    let is_past = market.body.close_time.is_some_and(|close| close <= now);
    live::freshness(board, market, now).age == Age::Live && is_open && !is_past
}
