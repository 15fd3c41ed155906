//! `kmi calibrate`: how well prices foretold results.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use kmi_app::calibrate::{
    BinReport, CalibrationReport, CalibrationRequest, Grouping, ScoreReport, calibrate,
};
use kmi_domain::scoring::BinEdges;

use crate::WrongUse;
use crate::args::{CalibrateArgs, GroupBy};
use crate::config::Config;
use crate::output;

pub(crate) async fn run(config: &Config, args: CalibrateArgs, as_json: bool) -> Result<()> {
    let edges = match &args.bins {
        None => BinEdges::default(),
        Some(text) => match text.parse() {
            Ok(edges) => edges,
            Err(error) => bail!(WrongUse(format!("--bins {text}: {error}"))),
        },
    };
    let store = super::open(config).await?;
    let request = CalibrationRequest {
        horizon: args.horizon,
        series: args.selection.series,
        categories: args.category,
        from: args.selection.from,
        to: args.selection.to,
        by: args.by.map(|by| match by {
            GroupBy::Category => Grouping::Category,
            GroupBy::Series => Grouping::Series,
        }),
        edges,
    };
    let report = calibrate(&store, &request).await?;
    if as_json {
        output::json(&report)
    } else {
        output::text(&page(&report))
    }
}

fn page(report: &CalibrationReport) -> String {
    let mut page = format!(
        "Calibration {} before the close: {} markets ({} without a result, {} without a trade by then)\n\n",
        hours(report.horizon_s),
        output::count(report.n),
        output::count(report.skipped.no_result),
        output::count(report.skipped.no_trade_before_horizon),
    );
    page += &bins(&report.bins);
    page += &figures(&report.scores);
    if !report.incomplete_captures.is_empty() {
        page += &format!(
            "\nSome trades come from captures that may lack frames: {}\n",
            report.incomplete_captures.join(", ")
        );
    }
    for group in &report.groups {
        let key = if group.key.is_empty() {
            "(unknown)"
        } else {
            &group.key
        };
        let _ = writeln!(page, "\n{key}: {} markets\n", output::count(group.n));
        page += &bins(&group.bins);
        page += &figures(&group.scores);
    }
    page
}

fn bins(bins: &[BinReport]) -> String {
    let columns = ["price", "markets", "mean price", "came true", "95 % interval", ""];
    let mut table = output::table(&columns, &[1, 2, 3]);
    for bin in bins {
        let range = format!("{:.2} – {:.2}", bin.lo, bin.hi);
        let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{share:.4}"));
        let interval = match (bin.ci_low, bin.ci_high) {
            (Some(low), Some(high)) => format!("{low:.4} – {high:.4}"),
            _ => "–".to_owned(),
        };
        table.add_row([
            range,
            output::count(bin.n),
            share(bin.mean_price),
            share(bin.hit_rate),
            interval,
            verdict(bin).to_owned(),
        ]);
    }
    format!("{table}\n")
}

/// Whether the mean price lies in the interval of what happened.
fn verdict(bin: &BinReport) -> &'static str {
    match (bin.mean_price, bin.ci_low, bin.ci_high) {
        (Some(mean), Some(low), _) if mean < low => "priced too low",
        (Some(mean), _, Some(high)) if mean > high => "priced too high",
        _ => "",
    }
}

fn figures(scores: &ScoreReport) -> String {
    let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.6}"));
    format!(
        "\nBrier score {} = reliability {} − resolution {} + uncertainty {} + within bins {}\n\
         log loss {}   calibration error {}   came true {}\n",
        figure(scores.brier),
        figure(scores.reliability),
        figure(scores.resolution),
        figure(scores.uncertainty),
        figure(scores.within_bin),
        figure(scores.log_loss),
        figure(scores.ece),
        figure(scores.base_rate),
    )
}

fn hours(seconds: u64) -> String {
    match (seconds / 3_600, seconds % 3_600) {
        (hours, 0) => format!("{hours} h"),
        (0, rest) => format!("{} min", rest / 60),
        (hours, rest) => format!("{hours} h {} min", rest / 60),
    }
}
