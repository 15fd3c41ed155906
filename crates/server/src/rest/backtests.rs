//! `/api/v1/backtests`: starting, following, reading and deleting backtests.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kmi_app::backtest::{
    BacktestError, BacktestRequest, Fees, IncompleteCaptures, LookaheadCheck, kept_backtest,
};
use kmi_backtest::feed::DataKind;
use kmi_backtest::strategy::{find_strategy, strategies};
use kmi_domain::flow::QueueModel;
use kmi_domain::{Money, SeriesTicker, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::body::Body;
use super::fields::{Fields, Name};
use super::runs::{Phase, Run};
use super::{cursor, reading};
use crate::Doors;
use crate::auth::Known;
use crate::error::ApiError;
use crate::view::{Decimal, Error, Page, text};

/// Scrambled futures of a look-ahead check.
const CUTS: usize = 8;
/// Longest latency, in milliseconds.
const MAX_LATENCY_MS: u32 = 60_000;

/// What to run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BacktestOrder {
    /// Strategy; `/api/v1/strategies` lists them.
    #[schema(schema_with = strategy_names)]
    strategy: String,
    /// Its parameters; what is not given has its default.
    #[serde(default)]
    #[schema(example = json!({"horizon": "12h", "side": "yes"}))]
    params: BTreeMap<String, ParamText>,
    /// Only markets of these series; empty for all.
    #[serde(default)]
    #[schema(max_items = 100, value_type = Vec<crate::openapi::TickerText>)]
    series: Vec<String>,
    /// Only markets that close at this time or later.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::Time>)]
    from: Option<String>,
    /// Only markets that close before this time.
    #[serde(default)]
    #[schema(value_type = Option<crate::openapi::Time>)]
    to: Option<String>,
    /// What orders are filled against.
    #[serde(default)]
    data: DataWord,
    /// What becomes of captures that may lack frames.
    #[serde(default)]
    incomplete: IncompleteWord,
    /// Whether fees are charged.
    #[serde(default)]
    fees: FeesWord,
    /// Where own orders stand in queues.
    #[serde(default)]
    queue: QueueWord,
    /// Milliseconds from a decision to the exchange.
    #[serde(default)]
    #[schema(maximum = 60000, default = 0)]
    latency_ms: u32,
    /// Whether to prove that the strategy does not see the future.
    #[serde(default)]
    #[schema(default = false)]
    check_lookahead: bool,
    /// Seed of the bootstrap and of the look-ahead check.
    #[serde(default)]
    #[schema(default = 0, maximum = 4_294_967_295_u64)]
    seed: u32,
}

fn strategy_names() -> Object {
    let names = strategies();
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("Strategy; `/api/v1/strategies` tells their parameters."))
        .enum_values(Some(names.iter().map(|strategy| strategy.name)))
        .build()
}

/// A parameter's value: a text, or a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ParamText {
    /// As it would be given on the command line.
    Text(String),
    /// A number.
    Number(serde_json::Number),
}

impl PartialSchema for ParamText {
    fn schema() -> RefOr<Schema> {
        let types = SchemaType::from_iter([Type::String, Type::Number]);
        ObjectBuilder::new()
            .schema_type(types)
            .description(Some(
                "A parameter's value: a text as on the command line, or a number.",
            ))
            .into()
    }
}

impl ToSchema for ParamText {}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $target:ty { $($(#[$about:meta])* $word:ident => $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        enum $name { $($(#[$about])* $word,)* }

        impl From<$name> for $target {
            fn from(word: $name) -> $target {
                match word { $($name::$word => $value,)* }
            }
        }
    };
}

words! {
    /// What orders are filled against.
    DataWord: DataKind {
        /// Public trades.
        #[default]
        Tape => DataKind::Tape,
        /// Recorded order books.
        Book => DataKind::Books,
    }
}
words! {
    /// What becomes of captures that may lack frames.
    IncompleteWord: IncompleteCaptures {
        /// They are left out.
        #[default]
        LeaveOut => IncompleteCaptures::LeaveOut,
        /// They are taken all the same.
        Take => IncompleteCaptures::Take,
    }
}
words! {
    /// Whether fees are charged.
    FeesWord: Fees {
        /// The exchange's current schedule.
        #[default]
        Current => Fees::Current,
        /// None.
        None => Fees::None,
    }
}
words! {
    /// Where own orders stand in queues.
    QueueWord: QueueModel {
        /// Behind all others.
        #[default]
        Back => QueueModel::Back,
        /// Before all others.
        Front => QueueModel::Front,
        /// Cancels are spread over the queue.
        Proportional => QueueModel::Proportional,
    }
}

/// A line of the list.
#[derive(Debug, Serialize, ToSchema)]
struct BacktestLine {
    /// Id.
    id: String,
    /// `running`, `failed` or `done`.
    status: &'static str,
    /// When it was started.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    created_at: Timestamp,
    /// Strategy.
    strategy: String,
    /// Its parameters, as text.
    params: Value,
    /// How far it is, while it runs.
    progress: Option<Progress>,
    /// Why it failed.
    failure: Option<String>,
    /// P&L after fees, once done.
    #[schema(value_type = Option<Decimal>)]
    total_pnl: Option<String>,
    /// Fees, once done.
    #[schema(value_type = Option<Decimal>)]
    fees: Option<String>,
    /// Fills, once done.
    fills: Option<u64>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Progress {
    /// `loading` (reads history), `running` (trades) or `saving` (sums up).
    phase: &'static str,
    /// Milliseconds since it was started.
    elapsed_ms: u64,
}

/// A backtest: while it runs or after it failed as in the list, once done the whole document with every fill.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what `one` answers")]
struct Backtest {
    /// Id.
    id: String,
    /// `running`, `failed` or `done`.
    status: String,
    /// When it was started.
    #[schema(format = DateTime)]
    created_at: String,
    /// Strategy.
    strategy: String,
    /// Its parameters, as text.
    params: BTreeMap<String, String>,
}

/// Backtests, newest first: those that run or failed since the start, and those kept.
#[utoipa::path(
    get,
    path = "/api/v1/backtests",
    operation_id = "list_backtests",
    tag = "backtests",
    security(("session" = []), ("token" = [])),
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Backtests on a page; default 100."),
        ("cursor" = Option<crate::openapi::CursorText>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of backtests.", body = Page<BacktestLine>),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 401, description = "Needs a session or the local token.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn list(
    _: Known,
    State(doors): State<Doors>,
    mut fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let limit = fields.number("limit", 1..=1_000)?.unwrap_or(100) as usize;
    let before = fields.text("cursor")?.as_deref().map(cursor::time).transpose()?;
    fields.end()?;
    let mut lines: Vec<BacktestLine> = doors.runs.all().iter().map(BacktestLine::of_run).collect();
    for kept in doors.kept(doors.store.list_backtests()).await? {
        if lines.iter().all(|line| line.id != kept.id) {
            lines.push(BacktestLine::done(kept));
        }
    }
    lines.retain(|line| before.is_none_or(|before| line.created_at < before));
    lines.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let next_cursor = cursor::cut(&mut lines, limit, |line| line.created_at);
    reading(
        &headers,
        &Page {
            items: lines,
            next_cursor,
        },
    )
}

/// Runs a backtest in the background; `GET` of the address in `location` follows it.
#[utoipa::path(
    post,
    path = "/api/v1/backtests",
    operation_id = "start_backtest",
    tag = "backtests",
    security(("session" = [], "csrf" = []), ("token" = [])),
    request_body(content = BacktestOrder, description = "What to run."),
    responses(
        (status = 202, description = "It runs.", body = BacktestLine, headers(("location" = String, description = "Where it can be followed."))),
        (status = 400, description = "A field breaks its rule.", body = Error),
        (status = 401, description = "Needs a session or the local token.", body = Error),
        (status = 403, description = "The token against forged requests is missing.", body = Error),
        (status = 413, description = "The body is too long.", body = Error),
        (status = 415, description = "The body is not JSON.", body = Error),
        (status = 429, description = "As many run as may at once.", body = Error),
    )
)]
pub(super) async fn start(
    State(doors): State<Doors>,
    fields: Fields,
    Body(order): Body<BacktestOrder>,
) -> Result<Response, ApiError> {
    fields.end()?;
    let request = request(&doors, &order)?;
    let Some(run) = doors.runs.start(&doors, request) else {
        return Err(ApiError::too_many("as many backtests run as may at once", 5));
    };
    let location = format!("/api/v1/backtests/{}", run.id);
    let location = HeaderValue::from_str(&location).map_err(ApiError::internal)?;
    let body = axum::Json(BacktestLine::of_run(&run));
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], body).into_response())
}

/// One backtest, with progress while it runs and everything once it is done.
#[utoipa::path(
    get,
    path = "/api/v1/backtests/{id}",
    operation_id = "get_backtest",
    tag = "backtests",
    security(("session" = []), ("token" = [])),
    params(("id" = crate::openapi::IdText, Path, description = "Its id.")),
    responses(
        (status = 200, description = "The backtest.", body = Backtest),
        (status = 401, description = "Needs a session or the local token.", body = Error),
        (status = 404, description = "There is none of that id.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn one(
    _: Known,
    State(doors): State<Doors>,
    Name(id): Name<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Some(run) = doors.runs.get(&id) {
        return reading(&headers, &BacktestLine::of_run(&run));
    }
    let kept = async {
        match kept_backtest(&doors.store, &id).await {
            Err(BacktestError::Storage(error)) => Err(error),
            other => Ok(other),
        }
    };
    let document = doors.kept(kept).await?.map_err(ApiError::internal)?;
    let mut document = document.ok_or_else(|| ApiError::not_found("such backtest"))?;
    if let Value::Object(document) = &mut document {
        document.insert("status".to_owned(), json!("done"));
    }
    reading(&headers, &document)
}

/// Deletes a backtest; one that runs is ended.
#[utoipa::path(
    delete,
    path = "/api/v1/backtests/{id}",
    operation_id = "delete_backtest",
    tag = "backtests",
    security(("session" = [], "csrf" = []), ("token" = [])),
    params(("id" = crate::openapi::IdText, Path, description = "Its id.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, description = "Needs a session or the local token.", body = Error),
        (status = 403, description = "The token against forged requests is missing.", body = Error),
        (status = 404, description = "There is none of that id.", body = Error),
        (status = 503, description = "The database does not answer.", body = Error),
    )
)]
pub(super) async fn remove(
    State(doors): State<Doors>,
    Name(id): Name<String>,
) -> Result<StatusCode, ApiError> {
    let ran = doors.runs.remove(&id);
    let was_kept = doors.kept(doors.store.delete_backtest(&id)).await;
    match was_kept {
        _ if ran => Ok(StatusCode::NO_CONTENT),
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(ApiError::not_found("such backtest")),
        Err(refusal) => Err(refusal),
    }
}

fn request(doors: &Doors, order: &BacktestOrder) -> Result<BacktestRequest, ApiError> {
    let strategy = find_strategy(&order.strategy).map_err(|error| {
        ApiError::field("strategy", &order.strategy, format!("is none of {}", error.known))
    })?;
    let given: Vec<(&str, String)> = order
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_text()))
        .collect();
    let wrong = |error: &dyn std::fmt::Display| ApiError::field("params", "", error);
    let params = strategy
        .parse(given.iter().map(|(name, value)| (*name, value.as_str())))
        .map_err(|error| wrong(&error))?;
    // Parameters that are each right but do not fit together show when the strategy is built.
    (strategy.build)(&params).map_err(|error| wrong(&error))?;
    if order.latency_ms > MAX_LATENCY_MS {
        let given = order.latency_ms.to_string();
        return Err(ApiError::field("latency_ms", &given, "is at most 60000"));
    }
    let now = doors.now();
    Ok(BacktestRequest {
        id: doors.auth.uuid(now),
        at: now,
        strategy,
        params,
        series: series(&order.series)?,
        from: time("from", order.from.as_deref())?,
        to: time("to", order.to.as_deref())?,
        data: order.data.into(),
        incomplete: order.incomplete.into(),
        fees: order.fees.into(),
        queue: order.queue.into(),
        latency: Duration::from_millis(u64::from(order.latency_ms)),
        lookahead: if order.check_lookahead {
            LookaheadCheck::Cuts(CUTS)
        } else {
            LookaheadCheck::Skip
        },
        seed: u64::from(order.seed),
    })
}

fn series(given: &[String]) -> Result<Vec<SeriesTicker>, ApiError> {
    if given.len() > super::fields::MAX_LIST {
        return Err(ApiError::field("series", "", "holds at most 100 names"));
    }
    let parse = |text: &String| {
        text.parse()
            .map_err(|error| ApiError::field("series", text, error))
    };
    given.iter().map(parse).collect()
}

fn time(name: &str, given: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let parse = |text: &str| text.parse().map_err(|error| ApiError::field(name, text, error));
    given.map(parse).transpose()
}

impl ParamText {
    fn to_text(&self) -> String {
        match self {
            ParamText::Text(text) => text.clone(),
            ParamText::Number(number) => number.to_string(),
        }
    }
}

impl BacktestLine {
    fn of_run(run: &Run) -> BacktestLine {
        let progress = Progress {
            phase: match run.phase() {
                Phase::Loading => "loading",
                Phase::Running => "running",
                Phase::Saving => "saving",
            },
            elapsed_ms: u64::try_from(run.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        BacktestLine {
            id: run.id.clone(),
            status: if run.failed.is_some() { "failed" } else { "running" },
            created_at: run.created,
            strategy: run.strategy.clone(),
            params: json!(run.params),
            progress: run.failed.is_none().then_some(progress),
            failure: run.failed.clone(),
            total_pnl: None,
            fees: None,
            fills: None,
        }
    }

    fn done(kept: kmi_storage::BacktestListing) -> BacktestLine {
        let amount = |money: Money| Some(money.to_string());
        BacktestLine {
            id: kept.id,
            status: "done",
            created_at: kept.created,
            strategy: kept.strategy,
            params: serde_json::from_str(&kept.params).unwrap_or(Value::Null),
            progress: None,
            failure: None,
            total_pnl: amount(kept.pnl),
            fees: amount(kept.fees),
            fills: Some(kept.fills),
        }
    }
}
