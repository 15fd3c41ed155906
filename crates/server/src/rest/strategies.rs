//! `/api/v1/strategies`.

use axum::response::Response;
use http::HeaderMap;
use kmi_backtest::strategy::strategies as all;
use serde::Serialize;
use utoipa::ToSchema;

use super::reading;
use crate::error::ApiError;
use crate::view::Page;

/// A strategy that can be run.
#[derive(Serialize, ToSchema)]
struct Strategy {
    /// Name.
    name: &'static str,
    /// What it does.
    doc: &'static str,
    /// Its parameters.
    params: Vec<Param>,
}

/// A parameter of a strategy.
#[derive(Serialize, ToSchema)]
struct Param {
    /// Name.
    name: &'static str,
    /// Type.
    r#type: &'static str,
    /// Unit.
    unit: &'static str,
    /// Values it takes.
    range: String,
    /// Value when none is given.
    default: &'static str,
    /// What it does.
    doc: &'static str,
}

/// Strategies that can be run, with their parameters.
#[utoipa::path(
    get,
    path = "/api/v1/strategies",
    operation_id = "list_strategies",
    tag = "backtests",
    responses((status = 200, description = "All strategies.", body = Page<Strategy>))
)]
pub(super) async fn strategies(headers: HeaderMap) -> Result<Response, ApiError> {
    let all = all();
    let items = all.iter().map(|strategy| Strategy {
        name: strategy.name,
        doc: strategy.doc,
        params: strategy
            .params
            .iter()
            .map(|param| Param {
                name: param.name,
                r#type: param.kind.name(),
                unit: param.kind.unit(),
                range: param.kind.range(),
                default: param.default,
                doc: param.doc,
            })
            .collect(),
    });
    reading(&headers, &Page::whole(items.collect()))
}
