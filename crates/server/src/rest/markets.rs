//! `/api/v1/markets`: all markets on the board, and one.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::HeaderMap;
use kmi_app::board::{BoardQuery, GroupBy, Sort, StatusFilter};
use kmi_domain::{MarketStatus, Ticker};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::answer::{Reading, tag};
use super::fields::{Fields, Name};
use crate::Doors;
use crate::error::ApiError;
use crate::view::market::{self, MarketGroup, MarketView};
use crate::view::{Error, Page};

/// Words for states, the exchange's filter words among them.
const STATUSES: [(&str, MarketStatus); 12] = [
    ("initialized", MarketStatus::Initialized),
    ("unopened", MarketStatus::Initialized),
    ("active", MarketStatus::Active),
    ("open", MarketStatus::Active),
    ("inactive", MarketStatus::Inactive),
    ("paused", MarketStatus::Inactive),
    ("closed", MarketStatus::Closed),
    ("determined", MarketStatus::Determined),
    ("disputed", MarketStatus::Disputed),
    ("amended", MarketStatus::Amended),
    ("finalized", MarketStatus::Finalized),
    ("settled", MarketStatus::Finalized),
];

const SORTS: [(&str, Sort); 7] = [
    ("volume_24h", Sort::Volume24h),
    ("volume", Sort::Volume),
    ("open_interest", Sort::OpenInterest),
    ("movement", Sort::Movement),
    ("closing_soon", Sort::ClosingSoon),
    ("newest", Sort::Newest),
    ("ticker", Sort::Ticker),
];

const GROUPS: [(&str, GroupBy); 3] = [
    ("category", GroupBy::Category),
    ("series", GroupBy::Series),
    ("event", GroupBy::Event),
];

/// Longest text to search for.
const MAX_SEARCH: usize = 200;

/// What may be asked of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `wanted` reads")]
struct MarketsParams {
    /// Only of these states. `open`, `paused`, `unopened` and `settled` are the exchange's words for `active`, `inactive`, `initialized` and
    /// `finalized`.
    #[param(inline, style = Form, explode = false, max_items = 12)]
    status: Option<Vec<StatusWord>>,
    /// Only of these series.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::TickerText>>)]
    series: Option<Vec<String>>,
    /// Only of these events.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::TickerText>>)]
    event: Option<Vec<String>>,
    /// Only of these categories.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::Word>>)]
    category: Option<Vec<String>>,
    /// Only these markets.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::TickerText>>)]
    tickers: Option<Vec<String>>,
    /// Words that must all occur in ticker, titles or category.
    #[param(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    search: Option<String>,
    /// Order; `volume_24h` unless asked otherwise.
    #[param(inline)]
    sort: Option<SortWord>,
    /// Markets on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 1024, value_type = Option<crate::openapi::CursorText>)]
    cursor: Option<String>,
    /// Count the markets that fit by groups instead of listing them; `sort`, `limit` and `cursor` do not matter then.
    #[param(inline)]
    group: Option<GroupWord>,
}

/// Where a market stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes `STATUSES`")]
enum StatusWord {
    Initialized,
    Unopened,
    Active,
    Open,
    Inactive,
    Paused,
    Closed,
    Determined,
    Disputed,
    Amended,
    Finalized,
    Settled,
}

/// Orders of markets.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes `SORTS`")]
enum SortWord {
    #[schema(rename = "volume_24h")]
    Volume24h,
    Volume,
    OpenInterest,
    Movement,
    ClosingSoon,
    Newest,
    Ticker,
}

/// What markets are grouped by.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes `GROUPS`")]
enum GroupWord {
    Category,
    Series,
    Event,
}

/// Markets, or groups of them.
struct Listed;

impl PartialSchema for Listed {
    fn schema() -> RefOr<Schema> {
        // Any of them, not one: an empty list is both.
        AnyOfBuilder::new()
            .item(<Page<MarketView> as PartialSchema>::schema())
            .item(<Page<MarketGroup> as PartialSchema>::schema())
            .description(Some("Markets, or groups of them."))
            .into()
    }
}

impl ToSchema for Listed {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Market".to_owned(), MarketView::schema()));
        MarketView::schemas(schemas);
        schemas.push(("MarketGroup".to_owned(), MarketGroup::schema()));
        MarketGroup::schemas(schemas);
    }
}

/// Markets on the board, most traded in the last day first unless asked otherwise.
///
/// Pages are at most 20 ms old, their order at most 250 ms; each market says as of when it is true.
#[utoipa::path(
    get,
    path = "/api/v1/markets",
    operation_id = "list_markets",
    tag = "markets",
    params(MarketsParams),
    responses(
        (status = 200, description = "A page of markets, or all groups.", body = Listed),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
    )
)]
pub(super) async fn list(
    State(doors): State<Doors>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = query.unwrap_or_default();
    let page = doors.pages.get(&query, || page(&doors, &query))?;
    Ok(page.answer(&headers))
}

/// One market.
///
/// One that is not on the board, because it was settled long ago, is asked of the exchange.
#[utoipa::path(
    get,
    path = "/api/v1/markets/{ticker}",
    operation_id = "get_market",
    tag = "markets",
    params(("ticker" = crate::openapi::TickerText, Path, description = "Name of the market.")),
    responses(
        (status = 200, description = "The market.", body = MarketView),
        (status = 404, description = "There is none of that name.", body = Error),
        (status = 429, description = "The exchange would have to be asked, and was asked enough.", body = Error),
        (status = 502, description = "The exchange did not answer.", body = Error),
    )
)]
pub(super) async fn one(
    State(doors): State<Doors>,
    Name(ticker): Name<Ticker>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let now = doors.now();
    let mut body = Vec::with_capacity(1_024);
    let mut hasher = blake3::Hasher::new();
    if let Some(state) = doors.board.market(&ticker) {
        let told = doors.fragments.of(&state, now);
        let freshness = doors.board.freshness();
        market::whole(&mut body, &state, &told, &freshness, now);
        // Ages are no part of the tag: a market that has not changed is the same market, however lately that was confirmed.
        let stale = freshness.is_stale(&state, now);
        hasher
            .update(&told)
            .update(&[u8::from(stale), state.source as u8]);
    } else {
        let found = doors.asked(async |client| client.market(&ticker).await).await;
        let found = found.map_err(|error| match error.status.as_u16() {
            404 => ApiError::not_found(format!("market {ticker}")),
            _ => error,
        })?;
        let told = market::told_of_body(&found);
        market::finish(&mut body, &told, &now.to_string(), "poll", false);
        hasher.update(&told);
    }
    let reading = Reading {
        body: body.into(),
        tag: tag(hasher.finalize()),
    };
    Ok(reading.answer(&headers))
}

fn page(doors: &Doors, query: &str) -> Result<Reading, ApiError> {
    let mut fields = Fields::of(query)?;
    let group = fields.word("group", &GROUPS)?;
    let wanted = wanted(&mut fields)?;
    fields.end()?;
    match group {
        Some(by) => groups(doors, &wanted, by),
        None => markets(doors, &wanted),
    }
}

fn wanted(fields: &mut Fields) -> Result<BoardQuery, ApiError> {
    let search = fields.text("search")?.unwrap_or_default();
    if search.chars().count() > MAX_SEARCH {
        return Err(ApiError::field("search", &search, "has at most 200 characters"));
    }
    let cursor = fields.text("cursor")?;
    if cursor.as_ref().is_some_and(|cursor| cursor.len() > 1_024) {
        return Err(super::cursor::bad("longer than any"));
    }
    let statuses = fields.words("status", &STATUSES)?;
    Ok(BoardQuery {
        search,
        statuses: statuses.into_iter().map(StatusFilter).collect(),
        series: fields.list("series")?,
        events: fields.list("event")?,
        categories: fields.list("category")?,
        tickers: fields.list("tickers")?,
        sort: fields.word("sort", &SORTS)?.unwrap_or_default(),
        limit: fields.number("limit", 1..=1_000)?.unwrap_or(100) as usize,
        cursor,
    })
}

fn markets(doors: &Doors, query: &BoardQuery) -> Result<Reading, ApiError> {
    let page = doors
        .board
        .query(query)
        .map_err(|_| super::cursor::bad(query.cursor.as_deref().unwrap_or_default()))?;
    let (now, freshness) = (doors.now(), doors.board.freshness());
    let mut body = Vec::with_capacity(page.markets.len() * 768 + 64);
    let mut hasher = blake3::Hasher::new();
    // Nearly all of a page are as old as the stream's last word.
    let mut last = (kmi_domain::Timestamp::MIN, String::new());
    body.extend_from_slice(b"{\"items\":[");
    for (place, state) in page.markets.iter().enumerate() {
        if place > 0 {
            body.push(b',');
        }
        let told = doors.fragments.of(state, now);
        let as_of = freshness.as_of(state);
        if last.0 != as_of {
            last = (as_of, as_of.to_string());
        }
        let stale = freshness.is_stale(state, now);
        market::finish(&mut body, &told, &last.1, state.source.as_str(), stale);
        hasher
            .update(&state.id.0.to_le_bytes())
            .update(&state.version.to_le_bytes());
        hasher.update(&[u8::from(stale), state.source as u8, state.status(now) as u8]);
    }
    body.extend_from_slice(b"],\"next_cursor\":");
    match &page.next_cursor {
        Some(cursor) => market::string(&mut body, cursor),
        None => body.extend_from_slice(b"null"),
    }
    body.push(b'}');
    hasher.update(page.next_cursor.as_deref().unwrap_or_default().as_bytes());
    Ok(Reading {
        body: body.into(),
        tag: tag(hasher.finalize()),
    })
}

fn groups(doors: &Doors, query: &BoardQuery, by: GroupBy) -> Result<Reading, ApiError> {
    let groups = doors
        .board
        .groups(query, by)
        .into_iter()
        .map(|group| MarketGroup {
            key: group.key,
            markets: group.markets,
            volume_24h: group.volume_24h,
        });
    Reading::of(&Page::whole(groups.collect()))
}

/// What is said of a market as an event of a stream.
pub(crate) fn as_event(doors: &Doors, state: &kmi_app::board::MarketState) -> Vec<u8> {
    let now = doors.now();
    let told = doors.fragments.of(state, now);
    let mut body = Vec::with_capacity(told.len() + 96);
    market::whole(&mut body, state, &told, &doors.board.freshness(), now);
    body
}
