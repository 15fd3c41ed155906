//! Strategies over recorded history: [`run_backtest`], and the results kept of it.

mod clocks;
mod data;
mod document;

use std::time::Duration;

use kmi_backtest::bootstrap::{BootstrapError, BootstrapSettings};
use kmi_backtest::engine::{Catalogue, FeeMode, RunConfig, RunError, run};
use kmi_backtest::feed::{DataKind, Dataset};
use kmi_backtest::latency::Latency;
use kmi_backtest::lookahead::check_lookahead;
use kmi_backtest::report::{About, Provenance, Report};
use kmi_backtest::result::RunResult;
use kmi_backtest::strategy::{ParamError, Params, StrategyDescription};
use kmi_domain::flow::QueueModel;
use kmi_domain::{SeriesTicker, Timestamp};
use kmi_storage::{BacktestFill, BacktestRecord, StorageError, Store};

use crate::Stopwatch;
use crate::describe::describe;
use data::Loaded;

pub use document::{BacktestDocument, LookaheadDocument, TradeDocument};

/// Which strategy to run, on what, how.
#[derive(Clone, Debug)]
pub struct BacktestRequest {
    /// Id the result is kept under.
    pub id: String,
    /// When it is run.
    pub at: Timestamp,
    /// Strategy.
    pub strategy: StrategyDescription,
    /// Its parameters.
    pub params: Params,
    /// Only markets of these series; empty for all.
    pub series: Vec<SeriesTicker>,
    /// First close time wanted.
    pub from: Option<Timestamp>,
    /// First close time no longer wanted.
    pub to: Option<Timestamp>,
    /// What orders are filled against.
    pub data: DataKind,
    /// What becomes of captures that may lack frames.
    pub incomplete: IncompleteCaptures,
    /// Whether fees are charged.
    pub fees: Fees,
    /// Where own orders stand in queues.
    pub queue: QueueModel,
    /// Time from a decision to the exchange.
    pub latency: Duration,
    /// Whether to prove that the strategy does not see the future.
    pub lookahead: LookaheadCheck,
    /// Seed of the bootstrap and of the look-ahead check.
    pub seed: u64,
}

/// What becomes of captures whose sequence has jumps: frames were lost, or belong to markets that were not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncompleteCaptures {
    /// Nobody trades on a book that may be wrong: they are left out, and the result says so.
    LeaveOut,
    /// They are taken for captures of some markets of a larger subscription, and the result says so.
    Take,
}

/// Whether fees are charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fees {
    /// No fees.
    None,
    /// The exchange's current schedule with the market's multiplier, 1 where unknown.
    Current,
}

/// Whether to rerun with the future scrambled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookaheadCheck {
    /// No.
    Skip,
    /// Yes, with this many cuts.
    Cuts(usize),
}

/// Why a backtest has no result.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// The store does not answer or is damaged.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The run came to no end.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Parameters that do not fit together.
    #[error(transparent)]
    Params(#[from] ParamError),
    /// No interval could be computed.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
    /// A kept result is not what was written.
    #[error("backtest {id} is damaged: {source}")]
    Damaged {
        /// Which.
        id: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The thread of the run died, which is a bug.
    #[error("the run died")]
    Died,
}

/// A run, kept, with everything there is to show of it.
#[derive(Clone, Debug)]
pub struct FinishedBacktest {
    /// What `kmi backtest show --json` prints.
    pub document: BacktestDocument,
    /// What text, CSV and HTML are made from.
    pub report: Report,
    /// Why the result could not be kept; `None` when it was.
    pub not_kept: Option<String>,
}

/// Loads the selected history, runs the strategy over it and keeps the result.
///
/// # Errors
/// [`BacktestError`]; then there is no result. One that cannot be kept says so in [`FinishedBacktest::not_kept`].
pub async fn run_backtest(
    store: &Store,
    request: BacktestRequest,
    watch: impl Fn() -> Duration + Send + Sync + 'static,
) -> Result<FinishedBacktest, BacktestError> {
    let loaded = data::load(store, &request).await?;
    let finished = tokio::task::spawn_blocking(move || {
        run_loaded(&request, &loaded, Stopwatch::new(&watch)).map(|f| (request, f))
    });
    let (request, mut finished) = finished.await.map_err(|_| BacktestError::Died)??;
    // A result that took an hour is shown even if it cannot be kept.
    if let Err(error) = store.save_backtest(&record(&request, &finished)?).await {
        finished.not_kept = Some(describe(&error));
    }
    Ok(finished)
}

/// A kept result with its trades; `None` when there is none of that id.
///
/// # Errors
/// [`BacktestError::Damaged`] when it cannot be read any more, [`BacktestError::Storage`] when the store does not answer.
pub async fn kept_backtest(store: &Store, id: &str) -> Result<Option<serde_json::Value>, BacktestError> {
    let Some(record) = store.backtest(id).await? else {
        return Ok(None);
    };
    match serde_json::from_str(&record.document) {
        Ok(document) => Ok(Some(document)),
        Err(source) => Err(BacktestError::Damaged {
            id: id.to_owned(),
            source,
        }),
    }
}

fn run_loaded(
    request: &BacktestRequest,
    loaded: &Loaded,
    watch: Stopwatch<'_>,
) -> Result<FinishedBacktest, BacktestError> {
    let config = config(request);
    let mut strategy = (request.strategy.build)(&request.params)?;
    let (result, took) = watch.time(|| run(&loaded.data, strategy.as_mut(), &config));
    let mut result = result?;
    // Trades of markets that are not in the catalogue, or have no result to book, are read and passed over.
    result.events += loaded.passed_over;
    result.markets += loaded.unsettled;
    let lookahead = lookahead(request, &loaded.data, &config)?;
    let report = report(request, loaded, &config, &result)?;
    let mut document = BacktestDocument::new(
        &request.id,
        request.at,
        &report,
        result.fills.len() as u64,
        took,
        lookahead,
    );
    if !loaded.left_out.is_empty() {
        document.notes.insert(
            0,
            format!(
                "{} captures of the selected markets may lack frames and were left out: {}.",
                loaded.left_out.len(),
                loaded.left_out.join(", ")
            ),
        );
    }
    Ok(FinishedBacktest {
        document,
        report,
        not_kept: None,
    })
}

fn config(request: &BacktestRequest) -> RunConfig {
    let fees = match request.fees {
        Fees::None => FeeMode::None,
        // Its contract is a fee anyone can recompute by hand: the trade fee alone, without the balance's rounding.
        Fees::Current if request.strategy.name == "fixed_horizon" => FeeMode::TradeFee,
        Fees::Current => FeeMode::Current,
    };
    RunConfig {
        queue: request.queue,
        latency: Latency {
            order: request.latency,
            seed: request.seed,
            ..Latency::default()
        },
        fees,
        ..RunConfig::default()
    }
}

fn lookahead(
    request: &BacktestRequest,
    data: &Dataset,
    config: &RunConfig,
) -> Result<Option<LookaheadDocument>, BacktestError> {
    let LookaheadCheck::Cuts(cuts) = request.lookahead else {
        return Ok(None);
    };
    let build = |_: &Dataset| {
        (request.strategy.build)(&request.params).expect("it was built from these parameters before")
    };
    let report = check_lookahead(data, config, cuts, request.seed, build)?;
    Ok(Some(LookaheadDocument::from(&report)))
}

fn report(
    request: &BacktestRequest,
    loaded: &Loaded,
    config: &RunConfig,
    result: &RunResult,
) -> Result<Report, BacktestError> {
    let about = About {
        strategy: request.strategy.name.to_owned(),
        params: request.params.to_text(),
        from: request.from,
        to: request.to,
        titles: loaded.titles.clone(),
        provenance: provenance(request, loaded, config),
        bootstrap: Some(BootstrapSettings {
            seed: request.seed,
            ..BootstrapSettings::default()
        }),
    };
    let catalogue = Catalogue {
        kind: loaded.data.kind(),
        markets: loaded.data.markets(),
        ends: loaded.data.ends(),
    };
    Ok(Report::of(result, catalogue, about)?)
}

fn provenance(request: &BacktestRequest, loaded: &Loaded, config: &RunConfig) -> Provenance {
    let (data, fills) = match request.data {
        DataKind::Tape => ("public trades", "next prints at their price, up to their count"),
        DataKind::Books => (
            "recorded order books and trades",
            "takers walk the book, makers wait in its queue",
        ),
    };
    let queue = match request.queue {
        QueueModel::Front => "first in the queue",
        QueueModel::Back => "last in the queue",
        QueueModel::Proportional => "cancels spread over the queue",
    };
    let fees = match config.fees {
        FeeMode::None => "none",
        FeeMode::TradeFee => "the exchange's current trade fee, rounded up to $0.0001 per fill",
        FeeMode::Current => "the exchange's current schedule, with the balance's rounding and its rebates",
    };
    let events = loaded.data.events();
    Provenance {
        first_event: events.first().map(|event| event.time),
        last_event: events.last().map(|event| event.time),
        data: data.to_owned(),
        incomplete: loaded.incomplete.clone(),
        fees: fees.to_owned(),
        fills: if request.data == DataKind::Books {
            format!("{fills}; {queue}")
        } else {
            fills.to_owned()
        },
        latency: format!("{} ms from decision to exchange", request.latency.as_millis()),
        seed: Some(request.seed),
        ..Provenance::default()
    }
}

fn record(request: &BacktestRequest, finished: &FinishedBacktest) -> Result<BacktestRecord, BacktestError> {
    let to_json = |source| BacktestError::Damaged {
        id: request.id.clone(),
        source,
    };
    let report = &finished.report;
    Ok(BacktestRecord {
        id: request.id.clone(),
        created: request.at,
        strategy: report.strategy.clone(),
        params: serde_json::to_string(&report.params).map_err(to_json)?,
        pnl: report.metrics.total_pnl,
        fees: report.metrics.fees,
        document: serde_json::to_string(&finished.document).map_err(to_json)?,
        fills: report
            .trades
            .iter()
            .map(|trade| BacktestFill {
                time: trade.time,
                ticker: trade.ticker.clone(),
                side: trade.side,
                action: trade.action,
                price: trade.price,
                quantity: trade.quantity,
                fee: trade.fee,
                is_taker: trade.liquidity == kmi_backtest::report::Liquidity::Taker,
            })
            .collect(),
    })
}
