//! `/api/v1/data-quality` and the cycles of the poller.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use kmi_storage::{CertificateQuery, GapKind, GapQuery, GapState};
use utoipa::{IntoParams, ToSchema};

use super::fields::Fields;
use super::{cursor, reading};
use crate::Doors;
use crate::error::ApiError;
use crate::view::quality::{CertificateView, CycleView, GapView};
use crate::view::{Error, Page};

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `gaps` reads")]
struct GapsParams {
    /// Only of this kind.
    #[param(inline)]
    kind: Option<KindWord>,
    /// Only those that concern this market, which those of all markets do.
    #[param(value_type = Option<crate::openapi::TickerText>)]
    ticker: Option<String>,
    /// Only in this state.
    #[param(inline)]
    state: Option<StateWord>,
    /// Only those that had not ended by this time.
    #[param(value_type = Option<crate::openapi::Time>)]
    from: Option<String>,
    /// Only those that began before this time.
    #[param(value_type = Option<crate::openapi::Time>)]
    to: Option<String>,
    /// Gaps on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<crate::openapi::CursorText>)]
    cursor: Option<String>,
}

/// What is missing.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes `KINDS`")]
enum KindWord {
    Trades,
    Books,
    Snapshots,
}

/// What became of a gap.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes `STATES`")]
enum StateWord {
    Open,
    Filled,
    Unfillable,
}

const KINDS: [(&str, GapKind); 3] = [
    ("trades", GapKind::Trades),
    ("books", GapKind::Books),
    ("snapshots", GapKind::Snapshots),
];

const STATES: [(&str, GapState); 3] = [
    ("open", GapState::Open),
    ("filled", GapState::Filled),
    ("unfillable", GapState::Unfillable),
];

/// Spans in which something may be missing from what is kept, those that began last first.
#[utoipa::path(
    get,
    path = "/api/v1/data-quality/gaps",
    operation_id = "list_gaps",
    tag = "data quality",
    params(GapsParams),
    responses(
        (status = 200, description = "A page of gaps.", body = Page<GapView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn gaps(
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let limit = fields.number("limit", 1..=1_000)?.unwrap_or(100);
    let before = fields.text("cursor")?.as_deref().map(cursor::time).transpose()?;
    let query = GapQuery {
        kind: fields.word("kind", &KINDS)?,
        ticker: fields.one("ticker")?,
        state: fields.word("state", &STATES)?,
        from: fields.time("from")?,
        to: fields.time("to")?.into_iter().chain(before).min(),
        limit: limit + 1,
    };
    fields.end()?;
    let mut found = doors.kept(doors.store.gaps(&query)).await?;
    let next_cursor = cursor::cut(&mut found, limit as usize, |gap| gap.key.from);
    reading(
        &headers,
        &Page {
            items: found.iter().map(GapView::from).collect(),
            next_cursor,
        },
    )
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `certificates` reads")]
struct CertificatesParams {
    /// Only of this market.
    #[param(value_type = Option<crate::openapi::TickerText>)]
    ticker: Option<String>,
    /// Only of hours that begin at this time or later.
    #[param(value_type = Option<crate::openapi::Time>)]
    from: Option<String>,
    /// Only of hours that begin before this time.
    #[param(value_type = Option<crate::openapi::Time>)]
    to: Option<String>,
    /// Certificates on a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<crate::openapi::CursorText>)]
    cursor: Option<String>,
}

/// What recordings of order books say of themselves, by market and hour, the latest hour first. `kmi archive verify` proves them by replay.
#[utoipa::path(
    get,
    path = "/api/v1/data-quality/certificates",
    operation_id = "list_certificates",
    tag = "data quality",
    params(CertificatesParams),
    responses(
        (status = 200, description = "A page of certificates.", body = Page<CertificateView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn certificates(
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let limit = fields.number("limit", 1..=1_000)?.unwrap_or(100);
    let before = fields.text("cursor")?.as_deref().map(cursor::time).transpose()?;
    let query = CertificateQuery {
        ticker: fields.one("ticker")?,
        capture: None,
        from: fields.time("from")?,
        to: fields.time("to")?.into_iter().chain(before).min(),
        limit: limit + 1,
    };
    fields.end()?;
    let mut found = doors.kept(doors.store.certificates(&query)).await?;
    let next_cursor = cursor::cut(&mut found, limit as usize, |certificate| certificate.hour);
    reading(
        &headers,
        &Page {
            items: found.iter().map(CertificateView::from).collect(),
            next_cursor,
        },
    )
}

/// The latest sweeps of the poller, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/poller/cycles",
    operation_id = "list_poll_cycles",
    tag = "data quality",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Cycles to list; default 100.")),
    responses(
        (status = 200, description = "The latest cycles; all of them on this one page.", body = Page<CycleView>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn cycles(
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let limit = fields.number("limit", 1..=1_000)?.unwrap_or(100);
    fields.end()?;
    let found = doors.kept(doors.store.poll_cycles(limit)).await?;
    reading(
        &headers,
        &Page::whole(found.iter().map(CycleView::from).collect()),
    )
}
