//! Heading, headline figures, provenance and notes.

use std::fmt::Write;

use super::super::format::{dollars, escape, percent, ratio, signed_dollars, thousands};
use super::super::notes::return_on_turnover;
use super::super::{Report, notes as notes_of, period};
use kmi_domain::{Money, Timestamp};

pub(super) fn header(report: &Report) -> String {
    let mut chips = String::new();
    for (name, value) in &report.params {
        _ = write!(
            chips,
            "<li><span>{}</span> {}</li>",
            escape(&name.replace('_', " ")),
            escape(value)
        );
    }
    let quality = if report.provenance.incomplete.is_empty() {
        ""
    } else {
        "<p class=\"badge warn\">Incomplete data: see the notes</p>"
    };
    format!(
        "<header>\n<p class=\"eyebrow\">Backtest</p>\n<h1>{}</h1>\n<p class=\"period\">{} · {} markets selected, {} \
         traded</p>\n{quality}<ul class=\"chips\" aria-label=\"Parameters\">{chips}</ul>\n</header>\n",
        escape(&report.strategy.replace('_', " ")),
        escape(&period(report)),
        thousands(report.provenance.markets),
        thousands(report.metrics.markets_traded),
    )
}

pub(super) fn figures(report: &Report) -> String {
    let metrics = &report.metrics;
    let tone = tone(metrics.total_pnl);
    let on_turnover = return_on_turnover(metrics.total_pnl, metrics.turnover);
    let tiles = [
        tile("Sharpe ratio", &ratio(metrics.sharpe), &sharpe_interval(report)),
        tile(
            "Sortino ratio",
            &ratio(metrics.sortino),
            "downside deviation only",
        ),
        tile(
            "Max drawdown",
            &dollars(metrics.max_drawdown),
            "largest fall from a peak",
        ),
        tile(
            "Win rate",
            &percent(metrics.win_rate),
            &format!(
                "{} of {} markets",
                thousands(metrics.wins),
                thousands(metrics.markets_traded)
            ),
        ),
        tile(
            "Profit factor",
            &ratio(metrics.profit_factor),
            "gains over losses, after fees",
        ),
        tile(
            "Turnover",
            &dollars(metrics.turnover),
            &format!("{} fills", thousands(report.trades.len() as u64)),
        ),
        tile("Fees", &dollars(metrics.fees), &fee_share(report)),
        tile(
            "Return on turnover",
            &percent(on_turnover),
            "P&amp;L over dollars traded",
        ),
    ]
    .concat();
    format!(
        "<section class=\"figures\" aria-label=\"Headline figures\">\n<div class=\"tile hero\"><h2>P&amp;L after fees</h2>\
         <p class=\"value {tone}\" title=\"{} dollars exactly\">{}</p><p class=\"sub\">{}</p></div>\n{tiles}</section>\n",
        metrics.total_pnl,
        signed_dollars(metrics.total_pnl),
        pnl_interval(report),
    )
}

/// `gain`, `loss` or `flat`, for colour beside the sign.
pub(super) fn tone(amount: Money) -> &'static str {
    if amount.is_positive() {
        "gain"
    } else if amount.is_negative() {
        "loss"
    } else {
        "flat"
    }
}

fn tile(name: &str, value: &str, sub: &str) -> String {
    format!(
        "<div class=\"tile\"><h2>{name}</h2><p class=\"value\">{value}</p><p class=\"sub\">{sub}</p></div>\n"
    )
}

fn fee_share(report: &Report) -> String {
    let gross = report.metrics.total_pnl + report.metrics.fees;
    format!("P&amp;L before fees {}", signed_dollars(gross))
}

fn sharpe_interval(report: &Report) -> String {
    let sharpe = report.intervals.as_ref().and_then(|intervals| intervals.sharpe);
    match (sharpe, &report.intervals) {
        (Some(sharpe), Some(intervals)) => format!(
            "{:.0} % interval {} to {}",
            intervals.settings.confidence * 100.0,
            ratio(Some(sharpe.low)),
            ratio(Some(sharpe.high))
        ),
        _ => format!("{} days, yearly rate", report.metrics.daily.len()),
    }
}

fn pnl_interval(report: &Report) -> String {
    let total = report
        .intervals
        .as_ref()
        .and_then(|intervals| intervals.total_pnl);
    match (total, &report.intervals) {
        (Some(total), Some(intervals)) => format!(
            "{:.0} % interval {} to {}",
            intervals.settings.confidence * 100.0,
            signed_dollars(total.low),
            signed_dollars(total.high)
        ),
        _ => "payouts and sales less cost and fees".to_owned(),
    }
}

pub(super) fn provenance(report: &Report) -> String {
    let provenance = &report.provenance;
    // To the minute: the exact instants are in the CSV.
    let minute = |time: Option<Timestamp>| {
        let text = time.map(|time| time.to_string()).unwrap_or_default();
        text.get(..16)
            .map_or_else(|| "–".to_owned(), |minute| minute.replace('T', " "))
    };
    let mut rows = vec![
        ("Markets selected by close time", period(report)),
        ("Input", provenance.data.clone()),
        (
            "First and last input event, UTC",
            format!(
                "{} to {}",
                minute(provenance.first_event),
                minute(provenance.last_event)
            ),
        ),
        ("Input events seen", thousands(provenance.events)),
        ("Orders placed", thousands(report.orders)),
        ("Fees", provenance.fees.clone()),
        ("Fill model", provenance.fills.clone()),
        ("Latency", provenance.latency.clone()),
        (
            "Captures marked incomplete",
            thousands(provenance.incomplete.len() as u64),
        ),
    ];
    rows.extend(provenance.seed.map(|seed| ("Seed", seed.to_string())));
    if let Some(intervals) = &report.intervals {
        rows.push((
            "Intervals",
            format!(
                "percentiles of {} histories drawn from {} days in blocks of {:.1} days on average, seed {}",
                thousands(u64::from(intervals.settings.replicates)),
                intervals.days,
                intervals.block_length,
                intervals.settings.seed
            ),
        ));
    }
    let params = rows_of(
        report
            .params
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    format!(
        "<section class=\"pair\">\n<div class=\"card\"><h2>Parameters</h2><dl>{params}</dl></div>\n\
         <div class=\"card\"><h2>Where this comes from</h2><dl>{}</dl></div>\n</section>\n",
        rows_of(rows.into_iter())
    )
}

fn rows_of<'a>(rows: impl Iterator<Item = (&'a str, String)>) -> String {
    rows.fold(String::new(), |mut text, (name, value)| {
        let value = if value.is_empty() { "–" } else { value.as_str() };
        _ = write!(
            text,
            "<div><dt>{}</dt><dd>{}</dd></div>",
            escape(name),
            escape(value)
        );
        text
    })
}

pub(super) fn notes(report: &Report) -> String {
    let items = notes_of(report).iter().fold(String::new(), |mut text, note| {
        _ = write!(text, "<li>{}</li>", escape(note));
        text
    });
    format!("<section class=\"card notes\">\n<h2>Before you believe it</h2>\n<ul>{items}</ul>\n</section>\n")
}
