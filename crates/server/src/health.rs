//! `/health`, `/health/ready` and `/metrics`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use kmi_app::hub::Link;
use kmi_app::ingest::{DatabaseHealth, PollerState};
use kmi_domain::Timestamp;
use serde::Serialize;

use crate::Doors;
use crate::error::ApiError;

/// Routes of health.
pub(crate) fn router() -> Router<Doors> {
    Router::new()
        .route("/health", get(health))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
}

/// How it is, in a few words.
#[derive(Debug, Serialize)]
struct Health {
    /// `healthy`, `degraded` (serves what it has) or `unhealthy` (has nothing to serve).
    status: &'static str,
    /// `connected` or `disconnected`.
    database: &'static str,
    /// `active`, `paused`, `closed`, `unreachable` or `unknown`.
    exchange: &'static str,
    /// `connected`, `reconnecting`, `failed` or `off`.
    stream: &'static str,
    /// `leading`, `standby` or `off`.
    poller: &'static str,
    /// Markets in memory.
    markets: usize,
    /// Seconds since the stream last said anything; null if it never did.
    stream_age_s: Option<i64>,
    /// Seconds since the last full sweep; null before the first.
    sweep_age_s: Option<i64>,
    /// Rows that wait for the database.
    spooled_rows: u64,
    /// Seconds since the start.
    uptime_s: i64,
}

async fn health(State(doors): State<Doors>) -> Response {
    let health = look(&doors);
    let code = match health.status {
        "unhealthy" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (code, no_store, Json(health)).into_response()
}

/// Whether requests should be sent here: there are markets to show, and the server is not about to stop.
async fn ready(State(doors): State<Doors>) -> Response {
    let reason = if doors.stopping.is_cancelled() {
        Some("stopping")
    } else if doors.board.is_empty() {
        Some("no markets yet")
    } else {
        None
    };
    let code = match reason {
        None => StatusCode::OK,
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let body = Json(serde_json::json!({"ready": reason.is_none(), "reason": reason}));
    (code, no_store, body).into_response()
}

async fn metrics(State(doors): State<Doors>) -> Result<Response, ApiError> {
    let Some(recorder) = &doors.metrics else {
        return Err(ApiError::not_found("record of metrics in this process"));
    };
    let status = doors.ingest.status();
    metrics::gauge!("kmi_board_markets").set(doors.board.len() as f64);
    metrics::gauge!("kmi_hub_last_event").set(doors.board.hub().last() as f64);
    metrics::gauge!("kmi_database_up").set(match status.database.health {
        DatabaseHealth::Up => 1.0,
        DatabaseHealth::Down { .. } => 0.0,
    });
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, recorder.render()).into_response())
}

fn look(doors: &Doors) -> Health {
    let (now, status) = (doors.now(), doors.ingest.status());
    let age = |at: Option<Timestamp>| at.map(|at| now.micros_since(at).max(0) / 1_000_000);
    let connection = doors.board.connection();
    let database = match status.database.health {
        DatabaseHealth::Up => "connected",
        DatabaseHealth::Down { .. } => "disconnected",
    };
    let freshness = doors.board.freshness();
    let newest = doors.board.heard().into_iter().chain(doors.board.swept()).max();
    let is_fresh = newest.is_some_and(|newest| newest.plus(freshness.stale_after) >= now);
    let exchange = match (status.exchange.active, status.exchange.trading) {
        _ if newest.is_some() && !is_fresh => "unreachable",
        (None, _) => "unknown",
        (Some(false), _) => "closed",
        (Some(true), Some(false)) => "paused",
        (Some(true), _) => "active",
    };
    let all_well =
        database == "connected" && is_fresh && matches!(connection.link, Link::Connected | Link::Off);
    Health {
        status: match (doors.board.is_empty(), all_well) {
            (true, _) => "unhealthy",
            (false, true) => "healthy",
            (false, false) => "degraded",
        },
        database,
        exchange,
        stream: connection.link.as_str(),
        poller: match status.poller.state {
            PollerState::Leading { .. } => "leading",
            PollerState::Standby { .. } => "standby",
            PollerState::Off => "off",
        },
        markets: doors.board.len(),
        stream_age_s: age(doors.board.heard()),
        sweep_age_s: age(doors.board.swept()),
        spooled_rows: status.database.spooled_rows,
        uptime_s: now.micros_since(doors.started) / 1_000_000,
    }
}
