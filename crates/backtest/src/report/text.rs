//! The terminal's report: plain text, no colours, under a hundred columns.

use std::fmt::Write;

use super::breakdown::{Group, by_price_band, by_series, extremes};
use super::format::{dollars, percent, ratio, signed_dollars, thousands};
use super::{Report, TradedMarket, notes};
use crate::bootstrap::BootstrapIntervals;

/// Rows of the breakdown by series before the rest is summed up.
const SERIES_SHOWN: usize = 12;

/// Best and worst markets listed.
const EXTREMES_SHOWN: usize = 5;

/// The whole report as text: figures, breakdowns, best and worst markets, notes.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = heading(report);
    text.push_str(&figures(report));
    let mut series = by_series(report);
    if series.len() > 1 {
        series.sort_by_key(|group| std::cmp::Reverse(group.pnl));
        text.push_str(&groups("By series", &series));
    }
    text.push_str(&groups("By YES price of the first fill", &by_price_band(report)));
    let (best, worst) = extremes(report, EXTREMES_SHOWN);
    text.push_str(&markets("Best markets", &best));
    text.push_str(&markets("Worst markets", &worst));
    text.push_str("\nNotes\n");
    for note in notes(report) {
        text.push_str(&wrapped(&note));
    }
    text
}

fn heading(report: &Report) -> String {
    let mut text = format!("{}  {}\n", report.strategy, super::period(report));
    for (name, value) in &report.params {
        _ = writeln!(text, "  {name} = {value}");
    }
    text.push('\n');
    text
}

fn figures(report: &Report) -> String {
    let metrics = &report.metrics;
    let rows = [
        (
            "P&L after fees",
            signed_dollars(metrics.total_pnl),
            total_interval(report.intervals.as_ref()),
        ),
        (
            "Fees",
            dollars(metrics.fees),
            format!("turnover {}", dollars(metrics.turnover)),
        ),
        (
            "Sharpe ratio",
            ratio(metrics.sharpe),
            sharpe_interval(report.intervals.as_ref()),
        ),
        ("Sortino ratio", ratio(metrics.sortino), String::new()),
        ("Max drawdown", dollars(metrics.max_drawdown), String::new()),
        (
            "Win rate",
            percent(metrics.win_rate),
            format!(
                "{} of {} markets traded, {} selected",
                thousands(metrics.wins),
                thousands(metrics.markets_traded),
                thousands(report.provenance.markets)
            ),
        ),
        ("Profit factor", ratio(metrics.profit_factor), average(report)),
        (
            "Fills",
            thousands(report.trades.len() as u64),
            format!(
                "{} orders, {} events seen",
                thousands(report.orders),
                thousands(report.provenance.events)
            ),
        ),
    ];
    rows.iter()
        .fold(String::new(), |mut text, (name, value, remark)| {
            _ = writeln!(text, "{}", format!("{name:<16}{value:>14}   {remark}").trim_end());
            text
        })
}

fn average(report: &Report) -> String {
    let dollars = |value: Option<f64>| {
        value.map_or_else(
            || "–".to_owned(),
            |value| format!("{value:+.4}").replace('-', "−"),
        )
    };
    let metrics = &report.metrics;
    format!(
        "average win {}, loss {}",
        dollars(metrics.average_win),
        dollars(metrics.average_loss)
    )
}

fn sharpe_interval(intervals: Option<&BootstrapIntervals>) -> String {
    match intervals.and_then(|intervals| Some((intervals.sharpe?, intervals.settings.confidence))) {
        Some((sharpe, confidence)) => format!(
            "{:.0} % interval {} to {}",
            confidence * 100.0,
            ratio(Some(sharpe.low)),
            ratio(Some(sharpe.high))
        ),
        None => String::new(),
    }
}

fn total_interval(intervals: Option<&BootstrapIntervals>) -> String {
    match intervals.and_then(|intervals| Some((intervals.total_pnl?, intervals.settings.confidence))) {
        Some((total, confidence)) => format!(
            "{:.0} % interval {} to {}",
            confidence * 100.0,
            signed_dollars(total.low),
            signed_dollars(total.high)
        ),
        None => String::new(),
    }
}

fn groups(title: &str, groups: &[Group]) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{title}\n");
    _ = writeln!(
        text,
        "  {:<28}{:>8}{:>9}{:>8}{:>11}{:>13}",
        "", "markets", "win rate", "fills", "fees", "P&L"
    );
    for group in groups.iter().take(SERIES_SHOWN) {
        _ = writeln!(
            text,
            "  {:<28}{:>8}{:>9}{:>8}{:>11}{:>13}",
            shortened(&group.key, 28),
            thousands(group.markets),
            percent(group.win_rate()),
            thousands(group.fills),
            dollars(group.fees),
            signed_dollars(group.pnl)
        );
    }
    if groups.len() > SERIES_SHOWN {
        _ = writeln!(text, "  and {} more", groups.len() - SERIES_SHOWN);
    }
    text
}

fn markets(title: &str, markets: &[&TradedMarket]) -> String {
    if markets.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{title}\n");
    for market in markets {
        let line = format!(
            "  {:>11}  {:<32} {:<4} {}",
            signed_dollars(market.booking.pnl()),
            shortened(market.ticker().as_str(), 32),
            market.result.as_str(),
            shortened(&market.title, 40)
        );
        _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// At most `width` characters, the last an ellipsis when cut. Control characters, which a terminal would obey, are dropped.
fn shortened(text: &str, width: usize) -> String {
    let clean: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
    if clean.len() <= width {
        return clean.into_iter().collect();
    }
    clean[..width - 1].iter().chain(&['…']).collect()
}

/// A note as indented lines of at most 96 columns.
fn wrapped(note: &str) -> String {
    let mut text = String::new();
    let mut line = "  -".to_owned();
    for word in note.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 96 {
            _ = writeln!(text, "{line}");
            "   ".clone_into(&mut line);
        }
        line.push(' ');
        line.push_str(word);
    }
    _ = writeln!(text, "{line}");
    text
}

#[cfg(test)]
mod tests {
    use super::super::testing::small_report;
    use super::*;

    #[test]
    fn the_figures_stand_at_the_top_in_plain_words() {
        let text = render(&small_report());

        assert!(
            text.starts_with("momentum  2026-08-01 to end of data\n  lookback = 2h\n"),
            "{text}"
        );
        assert!(text.contains("P&L after fees          −$0.38"), "{text}");
        assert!(text.contains("2 of 3 markets traded, 12 selected"), "{text}");
        assert!(text.contains("Worst markets\n       −$1.82  RAIN-B"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_a_hundred_columns() {
        for line in render(&small_report()).lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn a_title_cannot_move_the_cursor() {
        assert_eq!(shortened("a\u{1b}[2Jb", 10), "a[2Jb");
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}
