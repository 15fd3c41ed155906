//! `/api/v1/calibration`.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use kmi_app::calibrate::{CalibrationRequest, Grouping, calibrate};
use kmi_domain::scoring::BinEdges;
use kmi_domain::time::parse_duration;
use utoipa::{IntoParams, ToSchema};

use super::fields::Fields;
use super::reading;
use crate::Doors;
use crate::error::ApiError;
use crate::view::Error;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `calibration` reads")]
struct CalibrationParams {
    /// How long before the close the price is taken: `30m`, `12h`, `7d`.
    #[param(default = "12h", pattern = r"^[1-9]\d{0,3}(ms|s|m|h|d)$")]
    horizon: Option<String>,
    /// Only markets of these series.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::TickerText>>)]
    series: Option<Vec<String>>,
    /// Only markets of these categories.
    #[param(style = Form, explode = false, max_items = 100, value_type = Option<Vec<crate::openapi::Word>>)]
    category: Option<Vec<String>>,
    /// Only markets that close at this time or later.
    #[param(value_type = Option<crate::openapi::Time>)]
    from: Option<String>,
    /// Only markets that close before this time.
    #[param(value_type = Option<crate::openapi::Time>)]
    to: Option<String>,
    /// One more table for each group.
    #[param(inline)]
    by: Option<ByWord>,
    /// Edges of the price bins, ascending from 0 to 1.
    #[param(style = Form, explode = false, min_items = 2, max_items = 100, example = json!([0, 0.25, 0.5, 0.75, 1]))]
    bins: Option<Vec<f64>>,
}

/// What markets are grouped by.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes `BY`")]
enum ByWord {
    Category,
    Series,
}

const BY: [(&str, Grouping); 2] = [("category", Grouping::Category), ("series", Grouping::Series)];

/// A calibration table with its scores; scores are null without any market.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the report of `app`")]
struct Calibration {
    /// Seconds before the close at which the price was taken.
    horizon_s: u64,
    /// Markets judged.
    n: u64,
    /// Markets left out, by reason.
    skipped: Skipped,
    #[schema(inline)]
    #[serde(flatten)]
    scores: Scores,
    /// One line a bin, empty ones too.
    bins: Vec<CalibrationBin>,
    /// Captures that may lack trades of the markets judged.
    incomplete_captures: Vec<String>,
    /// One table a group; empty unless asked for.
    groups: Vec<CalibrationGroup>,
}

/// Markets selected but not judged.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the report of `app`")]
struct Skipped {
    /// No result, or one that is neither yes nor no.
    no_result: u64,
    /// No public trade by the instant the price is taken.
    no_trade_before_horizon: u64,
}

/// Figures over some markets; all null without any.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the report of `app`")]
struct Scores {
    /// Mean squared error of the price.
    brier: Option<f64>,
    /// Murphy's reliability; smaller is better.
    reliability: Option<f64>,
    /// Murphy's resolution; larger is better.
    resolution: Option<f64>,
    /// Base rate × (1 − base rate).
    uncertainty: Option<f64>,
    /// What the bins hide of the Brier score.
    within_bin: Option<f64>,
    /// Mean of −ln of the probability given to what happened.
    log_loss: Option<f64>,
    /// Expected calibration error.
    ece: Option<f64>,
    /// Share of markets that came out yes.
    base_rate: Option<f64>,
}

/// One bin; means are null in an empty one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the report of `app`")]
struct CalibrationBin {
    /// Lowest price it holds.
    lo: f64,
    /// First price beyond it.
    hi: f64,
    /// Markets in it.
    n: u64,
    /// Their mean price.
    mean_price: Option<f64>,
    /// Share of them that came out yes.
    hit_rate: Option<f64>,
    /// Lower end of its 95 % interval.
    ci_low: Option<f64>,
    /// Upper end.
    ci_high: Option<f64>,
}

/// The table of one group.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the report of `app`")]
struct CalibrationGroup {
    /// Category or series; empty where unknown.
    key: String,
    /// Markets judged.
    n: u64,
    #[schema(inline)]
    #[serde(flatten)]
    scores: Scores,
    /// Its bins.
    bins: Vec<CalibrationBin>,
}

/// How well prices foretold results, over the settled markets that are kept.
///
/// Made anew each time from all that is kept; one at a time.
#[utoipa::path(
    get,
    path = "/api/v1/calibration",
    operation_id = "get_calibration",
    tag = "research",
    params(CalibrationParams),
    responses(
        (status = 200, description = "The table.", body = Calibration),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 429, description = "One is being made already.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn calibration(
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let horizon = fields.text("horizon")?.unwrap_or_else(|| "12h".to_owned());
    let horizon = parse_duration(&horizon).map_err(|error| ApiError::field("horizon", &horizon, error))?;
    let edges: Vec<String> = fields.list("bins")?;
    let edges = if edges.is_empty() {
        BinEdges::default()
    } else {
        let edges = edges.join(",");
        edges
            .parse()
            .map_err(|error| ApiError::field("bins", &edges, error))?
    };
    let request = CalibrationRequest {
        horizon,
        series: fields.list("series")?,
        categories: fields.list("category")?,
        from: fields.time("from")?,
        to: fields.time("to")?,
        by: fields.word("by", &BY)?,
        edges,
    };
    fields.end()?;
    let Ok(_turn) = doors.calibrating.try_acquire() else {
        return Err(ApiError::too_many(
            "a calibration is being made; one at a time",
            1,
        ));
    };
    let report = doors.kept(calibrate(&doors.store, &request)).await?;
    reading(&headers, &report)
}
