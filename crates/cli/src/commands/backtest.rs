//! `kmi backtest`: strategies over recorded history.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use kmi_app::backtest::{
    BacktestRequest, Fees, FinishedBacktest, IncompleteCaptures, LookaheadCheck, LookaheadDocument,
    kept_backtest, run_backtest,
};
use kmi_backtest::feed::DataKind;
use kmi_backtest::report::{csv, html, text};
use kmi_backtest::strategy::{StrategyDescription, find_strategy, strategies};
use kmi_domain::flow::QueueModel;
use kmi_storage::Store;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::WrongUse;
use crate::args::{BacktestCommand, DataArg, FeesArg, QueueArg, RunArgs, SeqArg};
use crate::config::Config;
use crate::output;

/// Instants after which the look-ahead check scrambles the future.
const LOOKAHEAD_CUTS: usize = 8;

pub(crate) async fn run(config: &Config, command: BacktestCommand, as_json: bool) -> Result<ExitCode> {
    match command {
        BacktestCommand::Run(args) if args.strategy == "list" => list_strategies(as_json)?,
        BacktestCommand::Run(args) => return run_strategy(config, *args, as_json).await,
        BacktestCommand::List { limit } => list(&super::open(config).await?, limit, as_json).await?,
        BacktestCommand::Show { id } => show(&super::open(config).await?, &id, as_json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list_strategies(as_json: bool) -> Result<()> {
    let all = strategies();
    if as_json {
        let all: Vec<_> = all.iter().map(strategy_document).collect();
        return output::json(&json!({"strategies": all}));
    }
    let mut page = String::new();
    for strategy in &all {
        page += &format!("{}\n  {}\n", strategy.name, strategy.doc);
        let mut table = output::table(&["parameter", "type", "unit", "default", "range", ""], &[]);
        for param in strategy.params {
            let (kind, unit) = (param.kind.name(), param.kind.unit());
            table.add_row([
                param.name,
                kind,
                unit,
                param.default,
                &param.kind.range(),
                param.doc,
            ]);
        }
        page += &format!("{table}\n\n");
    }
    output::text(&page)
}

fn strategy_document(strategy: &StrategyDescription) -> Value {
    let params: Vec<_> = strategy
        .params
        .iter()
        .map(|param| {
            json!({
                "name": param.name,
                "type": param.kind.name(),
                "unit": param.kind.unit(),
                "range": param.kind.range(),
                "default": param.default,
                "doc": param.doc,
            })
        })
        .collect();
    json!({"name": strategy.name, "doc": strategy.doc, "params": params})
}

async fn run_strategy(config: &Config, args: RunArgs, as_json: bool) -> Result<ExitCode> {
    let request = request(&args)?;
    // Made before the run, so that a place that cannot be written to is known at once.
    let html_file = args.html.as_deref().map(create).transpose()?;
    let csv_file = args.csv.as_deref().map(create).transpose()?;
    let store = super::open(config).await?;
    let start = Instant::now();
    let finished = run_backtest(&store, request, move || start.elapsed()).await?;
    if let Some((path, file)) = html_file {
        write(&path, file, &html::render(&finished.report))?;
    }
    if let Some((path, file)) = csv_file {
        write(&path, file, &csv::trades(&finished.report))?;
    }
    if as_json {
        output::json(&finished.document.without_trades())?;
    } else {
        output::text(&page(&finished))?;
    }
    if let Some(reason) = &finished.not_kept {
        eprintln!("kmi: the result could not be kept: {reason}");
    }
    let peeks = finished
        .document
        .lookahead
        .as_ref()
        .is_some_and(|check| !check.passed);
    Ok(if peeks {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn request(args: &RunArgs) -> Result<BacktestRequest> {
    let wrong = |error: &dyn std::fmt::Display| WrongUse(error.to_string());
    let strategy = find_strategy(&args.strategy).map_err(|error| wrong(&error))?;
    let given = args
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let params = strategy.parse(given).map_err(|error| wrong(&error))?;
    // Parameters that are each right but do not fit together show when the strategy is built.
    (strategy.build)(&params).map_err(|error| wrong(&error))?;
    Ok(BacktestRequest {
        id: Uuid::now_v7().to_string(),
        at: super::now(),
        strategy,
        params,
        series: args.selection.series.clone(),
        from: args.selection.from,
        to: args.selection.to,
        data: match args.data {
            DataArg::Tape => DataKind::Tape,
            DataArg::Book => DataKind::Books,
        },
        incomplete: match args.seq {
            SeqArg::Strict => IncompleteCaptures::LeaveOut,
            SeqArg::Ignore => IncompleteCaptures::Take,
        },
        fees: match args.fees {
            FeesArg::None => Fees::None,
            FeesArg::Current => Fees::Current,
        },
        queue: match args.queue {
            QueueArg::Front => QueueModel::Front,
            QueueArg::Back => QueueModel::Back,
            QueueArg::Proportional => QueueModel::Proportional,
        },
        latency: args.latency,
        lookahead: if args.check_lookahead {
            LookaheadCheck::Cuts(LOOKAHEAD_CUTS)
        } else {
            LookaheadCheck::Skip
        },
        seed: args.seed,
    })
}

fn page(finished: &FinishedBacktest) -> String {
    let document = &finished.document;
    let mut page = text::render(&finished.report);
    if let Some(check) = &document.lookahead {
        page += &format!("\n{}\n", lookahead(check));
    }
    for note in document.notes.iter().filter(|note| note.contains("left out")) {
        page += &format!("\n{note} Take them with --seq ignore.\n");
    }
    let kept = if finished.not_kept.is_some() {
        "NOT kept"
    } else {
        "Kept"
    };
    page += &format!(
        "\n{kept} as {}. {} events in {:.2} s.\n",
        document.id,
        output::count(document.events),
        document.seconds
    );
    page
}

fn lookahead(check: &LookaheadDocument) -> String {
    if check.passed {
        return format!(
            "Look-ahead check passed: {} decisions compared over {} scrambled futures, none differs.",
            output::count(check.compared as u64),
            check.cuts.len()
        );
    }
    format!(
        "LOOK-AHEAD FOUND: this strategy sees the future.\n  {}",
        check.found.join("\n  ")
    )
}

async fn list(store: &Store, limit: u64, as_json: bool) -> Result<()> {
    let mut kept = store.list_backtests().await?;
    kept.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if as_json {
        let items: Vec<_> = kept
            .iter()
            .map(|kept| {
                json!({
                    "id": kept.id,
                    "created_at": kept.created.to_string(),
                    "strategy": kept.strategy,
                    "params": serde_json::from_str::<Value>(&kept.params).unwrap_or(Value::Null),
                    "total_pnl": kept.pnl.to_string(),
                    "fees": kept.fees.to_string(),
                    "fills": kept.fills,
                })
            })
            .collect();
        return output::json(&json!({"items": items, "next_cursor": null}));
    }
    let mut table = output::table(&["id", "run", "strategy", "P&L", "fees", "fills"], &[3, 4, 5]);
    for kept in &kept {
        table.add_row([
            kept.id.clone(),
            kept.created.to_string(),
            kept.strategy.clone(),
            kept.pnl.to_string(),
            kept.fees.to_string(),
            output::count(kept.fills),
        ]);
    }
    output::text(&table.to_string())
}

async fn show(store: &Store, id: &str, as_json: bool) -> Result<()> {
    let id = &full_id(store, id).await?;
    let document = kept_backtest(store, id)
        .await?
        .with_context(|| format!("no backtest {id}"))?;
    if as_json {
        return output::json(&document);
    }
    let mut table = output::table(&["", ""], &[]);
    for (key, value) in document.as_object().into_iter().flatten() {
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => format!("{} (whole with --json)", output::count(items.len() as u64)),
            other => other.to_string(),
        };
        table.add_row([key.clone(), shown]);
    }
    output::text(&table.to_string())
}

/// The one kept id that ends with `given`.
async fn full_id(store: &Store, given: &str) -> Result<String> {
    let kept = store.list_backtests().await?;
    let mut matching = kept
        .into_iter()
        .map(|kept| kept.id)
        .filter(|id| id.ends_with(given));
    match (matching.next(), matching.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => bail!("more than one backtest ends with {given}"),
        (None, _) => bail!("no backtest {given}; `kmi backtest list` names those there are"),
    }
}

fn create(path: &Path) -> Result<(PathBuf, File)> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok((path.to_owned(), file))
}

fn write(path: &Path, mut file: File, content: &str) -> Result<()> {
    file.write_all(content.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))
}
