//! `/api/v1/trades` and the trades of one market.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use kmi_domain::{Ticker, TradeId};
use kmi_storage::TapeQuery;
use utoipa::IntoParams;

use super::fields::{Fields, Name};
use super::{cursor, reading};
use crate::Doors;
use crate::error::ApiError;
use crate::view::trade::TradeView;
use crate::view::{Error, Page, Source};

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `wanted` reads")]
struct TradesParams {
    /// Executed at this time or later.
    #[param(value_type = Option<crate::openapi::Time>)]
    from: Option<String>,
    /// Executed before this time.
    #[param(value_type = Option<crate::openapi::Time>)]
    to: Option<String>,
    /// Trades on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<crate::openapi::CursorText>)]
    cursor: Option<String>,
}

/// Public trades of all markets, newest first.
///
/// From what is kept: the newest appear with the next batch that is written, some seconds after they happened.
#[utoipa::path(
    get,
    path = "/api/v1/trades",
    operation_id = "list_trades",
    tag = "trades",
    params(
        ("ticker" = Option<crate::openapi::TickerText>, Query, description = "Only of this market."),
        TradesParams
    ),
    responses(
        (status = 200, description = "A page of trades.", body = Page<TradeView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn all(
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let ticker = fields.one("ticker")?;
    page(&doors, ticker, fields, &headers).await
}

/// Public trades of a market, newest first.
///
/// The newest come from memory. While the database does not answer, memory alone has them: some dozens of each market.
#[utoipa::path(
    get,
    path = "/api/v1/markets/{ticker}/trades",
    operation_id = "list_trades_of_market",
    tag = "trades",
    params(("ticker" = crate::openapi::TickerText, Path, description = "Name of the market."), TradesParams),
    responses(
        (status = 200, description = "A page of trades.", body = Page<TradeView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 503, description = "The database does not answer, and memory does not have all of the page.", body = Error),
    )
)]
pub(super) async fn of_market(
    State(doors): State<Doors>,
    Name(ticker): Name<Ticker>,
    fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    page(&doors, Some(ticker), fields, &headers).await
}

async fn page(
    doors: &Doors,
    ticker: Option<Ticker>,
    mut fields: Fields,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let cursor = fields.text("cursor")?;
    let limit = fields.number("limit", 1..=1_000)?.unwrap_or(100);
    let query = TapeQuery {
        before: cursor.as_deref().map(cursor::trade).transpose()?,
        from: fields.time("from")?,
        to: fields.time("to")?,
        // One more than fits tells whether there is a next page.
        limit: limit + 1,
        ticker,
    };
    fields.end()?;
    let mut trades = from_memory(doors, &query);
    match doors.kept(doors.store.recent_trades(&query)).await {
        Ok(kept) => merge(
            &mut trades,
            kept.iter().map(|trade| TradeView::new(trade, Source::Cache)),
        ),
        // What is in memory can be read all the same, if it has all of the page.
        Err(_) if trades.len() > limit as usize || goes_back_far_enough(doors, &query) => {}
        Err(refusal) => return Err(refusal),
    }
    let limit = limit as usize;
    let more = trades.len() > limit;
    trades.truncate(limit);
    let next_cursor = trades
        .last()
        .filter(|_| more)
        .map(|last| cursor::of_trade(last.executed_at, &last.id));
    reading(
        headers,
        &Page {
            items: trades,
            next_cursor,
        },
    )
}

fn from_memory(doors: &Doors, query: &TapeQuery) -> Vec<TradeView> {
    let Some(ticker) = &query.ticker else {
        return Vec::new();
    };
    let wanted = |trade: &TradeView| {
        let place = (trade.executed_at, trade.id.as_str());
        query.from.is_none_or(|from| trade.executed_at >= from)
            && query.to.is_none_or(|to| trade.executed_at < to)
            && query
                .before
                .as_ref()
                .is_none_or(|(time, id)| place < (*time, id.as_str()))
    };
    let trades = doors.board.trades(ticker, usize::MAX);
    let views = trades.iter().map(|trade| TradeView::of_stream(trade));
    views.filter(wanted).collect()
}

/// Whether memory begins before what is asked for.
fn goes_back_far_enough(doors: &Doors, query: &TapeQuery) -> bool {
    let (Some(ticker), Some(from)) = (&query.ticker, query.from) else {
        return false;
    };
    let trades = doors.board.trades(ticker, usize::MAX);
    let mut views = trades.iter().map(|trade| TradeView::of_stream(trade));
    views.any(|trade| trade.executed_at < from)
}

/// Adds trades that are not there yet, and puts all in order.
fn merge(trades: &mut Vec<TradeView>, more: impl Iterator<Item = TradeView>) {
    let known: BTreeSet<TradeId> = trades.iter().map(|trade| trade.id.clone()).collect();
    trades.extend(more.filter(|trade| !known.contains(&trade.id)));
    trades.sort_by(|a, b| (b.executed_at, b.id.as_str()).cmp(&(a.executed_at, a.id.as_str())));
}
