//! `/api/v1`: our own REST API.
//!
//! What the board knows is answered from memory, database or no database; what was is read from the store, and refused as
//! `STORAGE_UNAVAILABLE` while that does not answer; what neither knows is asked of the exchange, within a budget.

mod answer;
mod backtests;
mod body;
mod book;
mod calibration;
mod catalogue;
mod cursor;
mod fields;
mod fragments;
mod kept;
mod markets;
mod pages;
mod past;
mod quality;
mod runs;
mod status;
mod strategies;
mod trades;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use answer::{Reading, reading, tag};
pub(crate) use fields::Fields;
pub(crate) use fragments::Fragments;
pub(crate) use kept::Budget;
pub(crate) use markets::as_event as market_json;
pub(crate) use pages::Pages;
pub(crate) use runs::Runs;

use crate::Doors;

/// All routes, with what the OpenAPI document says of them.
pub(crate) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(markets::list))
        .routes(routes!(markets::one))
        .routes(routes!(past::history))
        .routes(routes!(past::candles))
        .routes(routes!(book::book))
        .routes(routes!(trades::of_market))
        .routes(routes!(trades::all))
        .routes(routes!(catalogue::events))
        .routes(routes!(catalogue::event))
        .routes(routes!(catalogue::series_list))
        .routes(routes!(catalogue::series))
        .routes(routes!(status::status))
        .routes(routes!(quality::gaps))
        .routes(routes!(quality::certificates))
        .routes(routes!(quality::cycles))
        .routes(routes!(strategies::strategies))
        .routes(routes!(calibration::calibration))
        .routes(routes!(backtests::list, backtests::start))
        .routes(routes!(backtests::one, backtests::remove))
        .routes(routes!(crate::sse::markets))
}
