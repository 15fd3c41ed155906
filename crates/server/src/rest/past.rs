//! What was: history of quotes, and candles.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use kmi_domain::{Candle, Ticker, Timestamp};
use kmi_kalshi::api::candle::{CandlesQuery, Period};
use utoipa::{IntoParams, ToSchema};

use super::fields::{Fields, Name};
use super::{cursor, reading};
use crate::Doors;
use crate::error::ApiError;
use crate::view::past::{CandleView, SnapshotView};
use crate::view::{Error, Page, Source};

/// Candles in one answer, at most.
const MAX_CANDLES: i64 = 5_000;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `history` reads")]
struct HistoryParams {
    /// Quotes of this time or later.
    #[param(value_type = Option<crate::openapi::Time>)]
    from: Option<String>,
    /// Quotes before this time.
    #[param(value_type = Option<crate::openapi::Time>)]
    to: Option<String>,
    /// Snapshots on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<crate::openapi::CursorText>)]
    cursor: Option<String>,
}

/// Quotes of a market as they stood whenever something changed, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/markets/{ticker}/history",
    operation_id = "get_market_history",
    tag = "markets",
    params(("ticker" = crate::openapi::TickerText, Path, description = "Name of the market."), HistoryParams),
    responses(
        (status = 200, description = "A page of snapshots.", body = Page<SnapshotView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn history(
    State(doors): State<Doors>,
    Name(ticker): Name<Ticker>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let from = fields.time("from")?;
    let to = fields.time("to")?;
    let limit = fields.number("limit", 1..=1_000)?.unwrap_or(100);
    let before = fields.text("cursor")?.as_deref().map(cursor::time).transpose()?;
    fields.end()?;
    let to = to.into_iter().chain(before).min();
    let mut found = doors
        .kept(doors.store.history(&ticker, from, to, limit + 1))
        .await?;
    let next_cursor = cursor::cut(&mut found, limit as usize, |snapshot| snapshot.time);
    reading(
        &headers,
        &Page {
            items: found.iter().map(SnapshotView::from).collect(),
            next_cursor,
        },
    )
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `candles` reads")]
struct CandlesParams {
    /// Length of a period; an hour unless asked otherwise.
    #[param(inline)]
    period: Option<PeriodWord>,
    /// Candles that end at this time or later; default 100 periods before `to`. At most 5,000 periods lie between.
    #[param(value_type = Option<crate::openapi::Time>)]
    from: Option<String>,
    /// Candles that end at this time or earlier; default now.
    #[param(value_type = Option<crate::openapi::Time>)]
    to: Option<String>,
}

/// Length of a period.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `PERIODS`")]
enum PeriodWord {
    #[schema(rename = "1m")]
    Minute,
    #[schema(rename = "1h")]
    Hour,
    #[schema(rename = "1d")]
    Day,
}

const PERIODS: [(&str, Period); 3] = [("1m", Period::Minute), ("1h", Period::Hour), ("1d", Period::Day)];

/// Candles of a market, oldest first.
///
/// Computed from the quotes and trades kept; where there are none, asked of the exchange.
#[utoipa::path(
    get,
    path = "/api/v1/markets/{ticker}/candles",
    operation_id = "get_market_candles",
    tag = "markets",
    params(("ticker" = crate::openapi::TickerText, Path, description = "Name of the market."), CandlesParams),
    responses(
        (status = 200, description = "All candles of the span.", body = Page<CandleView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 429, description = "The exchange would have to be asked, and was asked enough.", body = Error),
        (status = 502, description = "The exchange did not answer.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn candles(
    State(doors): State<Doors>,
    Name(ticker): Name<Ticker>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let period = fields.word("period", &PERIODS)?.unwrap_or(Period::Hour);
    let seconds = i64::from(period.minutes()) * 60;
    let to = fields.time("to")?.unwrap_or_else(|| doors.now());
    let from = fields
        .time("from")?
        .unwrap_or_else(|| to.plus_seconds(-100 * seconds));
    fields.end()?;
    if from > to {
        return Err(ApiError::field("from", &from.to_string(), "is not after to"));
    }
    if to.micros_since(from) / 1_000_000 / seconds > MAX_CANDLES {
        let rule = "is at most 5,000 periods before to";
        return Err(ApiError::field("from", &from.to_string(), rule));
    }
    let kept = doors
        .kept(doors.store.candles(&ticker, period.minutes(), from, to))
        .await?;
    let now = doors.now();
    let (candles, source) = if kept.is_empty() {
        (
            of_exchange(&doors, &ticker, period, from, to).await?,
            Source::Poll,
        )
    } else {
        (kept, Source::Cache)
    };
    let items = candles.iter().map(|candle| CandleView::new(candle, now, source));
    reading(&headers, &Page::whole(items.collect()))
}

/// The exchange's own candles; none of a market that neither it nor the board knows.
async fn of_exchange(
    doors: &Doors,
    ticker: &Ticker,
    period: Period,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Candle>, ApiError> {
    let market = doors.board.market(ticker);
    let Some(series) = market.as_ref().and_then(|market| market.series_ticker()).cloned() else {
        return Ok(Vec::new());
    };
    if doors.rest.is_none() {
        return Ok(Vec::new());
    }
    let query = CandlesQuery::new(from, to, period);
    let asked = doors.asked(async |client| client.candlesticks(&series, ticker, &query).await);
    let candles = match asked.await {
        Ok(candles) => candles,
        Err(refusal) if refusal.status.as_u16() == 404 => Vec::new(),
        Err(refusal) => return Err(refusal),
    };
    let candles = candles
        .iter()
        .map(|candle| candle.to_domain(ticker.clone(), period));
    Ok(candles.collect())
}
