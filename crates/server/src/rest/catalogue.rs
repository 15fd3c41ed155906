//! `/api/v1/events` and `/api/v1/series`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use kmi_domain::{EventTicker, SeriesTicker};
use kmi_kalshi::api;
use utoipa::IntoParams;

use super::fields::{Fields, Name};
use super::{cursor, reading};
use crate::Doors;
use crate::error::ApiError;
use crate::view::catalogue::{EventView, Seen, SeriesView};
use crate::view::{Error, Page};

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `events` reads")]
struct EventsParams {
    /// Only of these series.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::TickerText>>)]
    series: Option<Vec<String>>,
    /// Only of these categories.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::Word>>)]
    category: Option<Vec<String>>,
    /// Words that must all occur in ticker or titles.
    #[param(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    search: Option<String>,
    /// Events on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<crate::openapi::CursorText>)]
    cursor: Option<String>,
}

/// Events of the markets on the board, by ticker.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "list_events",
    tag = "catalogue",
    params(EventsParams),
    responses(
        (status = 200, description = "A page of events.", body = Page<EventView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
    )
)]
pub(super) async fn events(
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let series: Vec<SeriesTicker> = fields.list("series")?;
    let categories: Vec<String> = fields.list("category")?;
    let words = words(&mut fields)?;
    let page = Slice::read(&mut fields)?;
    fields.end()?;
    let seen = seen(&doors);
    let views = doors.board.events().into_iter().filter(|event| {
        let text = format!("{} {} {}", event.event_ticker, event.title, event.sub_title).to_lowercase();
        (series.is_empty() || series.contains(&event.series_ticker))
            && words.iter().all(|word| text.contains(word))
    });
    let views = views.map(|event| view(&doors, &event, seen)).filter(|event| {
        let of = |category: &String| event.category.as_ref() == Some(category);
        categories.is_empty() || categories.iter().any(of)
    });
    reading(&headers, &page.cut(views, |event| &event.ticker))
}

/// One event.
#[utoipa::path(
    get,
    path = "/api/v1/events/{ticker}",
    operation_id = "get_event",
    tag = "catalogue",
    params(("ticker" = crate::openapi::TickerText, Path, description = "Name of the event.")),
    responses(
        (status = 200, description = "The event.", body = EventView),
        (status = 404, description = "There is none of that name among those known.", body = Error),
    )
)]
pub(super) async fn event(
    State(doors): State<Doors>,
    Name(ticker): Name<EventTicker>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let event = doors.board.event(&ticker);
    let event = event.ok_or_else(|| ApiError::not_found(format!("event {ticker}")))?;
    reading(&headers, &view(&doors, &event, seen(&doors)))
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `series_list` reads")]
struct SeriesParams {
    /// Only of these categories.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::Word>>)]
    category: Option<Vec<String>>,
    /// Words that must all occur in ticker or title.
    #[param(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    search: Option<String>,
    /// Series on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<crate::openapi::CursorText>)]
    cursor: Option<String>,
}

/// Series, by ticker.
#[utoipa::path(
    get,
    path = "/api/v1/series",
    operation_id = "list_series",
    tag = "catalogue",
    params(SeriesParams),
    responses(
        (status = 200, description = "A page of series.", body = Page<SeriesView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
    )
)]
pub(super) async fn series_list(
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let categories: Vec<String> = fields.list("category")?;
    let words = words(&mut fields)?;
    let page = Slice::read(&mut fields)?;
    fields.end()?;
    let seen = seen(&doors);
    let views = doors.board.all_series().into_iter().filter(|series| {
        let text = format!("{} {}", series.ticker, series.title).to_lowercase();
        (categories.is_empty() || categories.contains(&series.category))
            && words.iter().all(|word| text.contains(word))
    });
    let views = views.map(|series| SeriesView::new(&series, seen));
    reading(&headers, &page.cut(views, |series| &series.ticker))
}

/// One series.
#[utoipa::path(
    get,
    path = "/api/v1/series/{ticker}",
    operation_id = "get_series",
    tag = "catalogue",
    params(("ticker" = crate::openapi::TickerText, Path, description = "Name of the series.")),
    responses(
        (status = 200, description = "The series.", body = SeriesView),
        (status = 404, description = "There is none of that name among those known.", body = Error),
    )
)]
pub(super) async fn series(
    State(doors): State<Doors>,
    Name(ticker): Name<SeriesTicker>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let series = doors.board.series(&ticker);
    let series = series.ok_or_else(|| ApiError::not_found(format!("series {ticker}")))?;
    reading(&headers, &SeriesView::new(&series, seen(&doors)))
}

fn view(doors: &Doors, event: &Arc<api::event::Event>, seen: Seen) -> EventView {
    let series = doors.board.series(&event.series_ticker);
    EventView::new(event, series.as_deref(), seen)
}

/// When the catalogue was looked at: it comes with the sweeps and with the stream's news of it.
fn seen(doors: &Doors) -> Seen {
    let freshness = doors.board.freshness();
    let connected = freshness.connected_since.is_some();
    let told = freshness.heard.filter(|_| connected);
    let at = doors.board.swept().into_iter().chain(told).max();
    let at = at.unwrap_or(doors.started);
    Seen {
        at,
        stale: at.plus(freshness.stale_after) < doors.now(),
    }
}

fn words(fields: &mut Fields) -> Result<Vec<String>, ApiError> {
    let search = fields.text("search")?.unwrap_or_default();
    if search.chars().count() > 200 {
        return Err(ApiError::field("search", &search, "has at most 200 characters"));
    }
    Ok(search.split_whitespace().map(str::to_lowercase).collect())
}

/// Which part of a list by name.
struct Slice {
    limit: usize,
    after: Option<String>,
}

impl Slice {
    fn read(fields: &mut Fields) -> Result<Slice, ApiError> {
        let limit = fields.number("limit", 1..=1_000)?.unwrap_or(100) as usize;
        let after = fields.text("cursor")?.as_deref().map(cursor::text).transpose()?;
        Ok(Slice { limit, after })
    }

    /// The page of a list that is in order of name.
    fn cut<T>(&self, items: impl Iterator<Item = T>, name: impl Fn(&T) -> &String) -> Page<T> {
        let behind = |item: &T| self.after.as_ref().is_none_or(|after| name(item) > after);
        let mut items: Vec<T> = items.filter(behind).take(self.limit + 1).collect();
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next_cursor = items
            .last()
            .filter(|_| more)
            .map(|last| cursor::of_name(name(last)));
        Page { items, next_cursor }
    }
}
