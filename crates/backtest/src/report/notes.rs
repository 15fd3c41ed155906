//! What a reader should know before believing a run.

use kmi_domain::Money;

use super::Report;
use super::format::{dollars, percent, thousands};

/// Days of P&L below which a yearly ratio says little.
const FEW_DAYS: usize = 60;

/// Warnings and limits that apply to this run, most serious first. Never empty: the last two apply to every backtest.
#[must_use]
pub fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(incomplete(report));
    notes.extend(fees(report));
    notes.extend(interval(report));
    notes.extend(few_days(report));
    notes.extend(concentration(report));
    notes.extend(unsettled(report));
    notes.extend(refused(report));
    notes.push(
        "Fills meet recorded orders and trades as if our own had not changed them: market impact is not modelled, and a \
         larger quantity would have done worse."
            .to_owned(),
    );
    notes.push(
        "Past results under assumed fills. Parameters chosen after looking at this same period flatter it; judge a strategy \
         on days its parameters have not seen."
            .to_owned(),
    );
    notes
}

fn incomplete(report: &Report) -> Option<String> {
    let names = &report.provenance.incomplete;
    (!names.is_empty()).then(|| {
        format!(
            "Incomplete data: {} of the captures behind this run {} marked filtered (their sequence numbers jump), so their \
             books may lack changes: {}.",
            names.len(),
            if names.len() == 1 { "is" } else { "are" },
            listed(names)
        )
    })
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn fees(report: &Report) -> Option<String> {
    (report.provenance.fees == "none").then(|| {
        "No fees were charged. The exchange charges takers up to 1.75 cents a contract; run with current fees before \
         believing a profit."
            .to_owned()
    })
}

fn interval(report: &Report) -> Option<String> {
    let sharpe = report.intervals.as_ref()?.sharpe?;
    let confidence = format!("{:.0} %", report.intervals.as_ref()?.settings.confidence * 100.0);
    if sharpe.low > 0.0 {
        return None;
    }
    Some(if sharpe.high < 0.0 {
        format!(
            "The {confidence} interval of the Sharpe ratio lies below zero: this loses money, and not by bad luck alone."
        )
    } else {
        format!(
            "The {confidence} interval of the Sharpe ratio includes zero: this run does not show that the strategy earns anything."
        )
    })
}

fn few_days(report: &Report) -> Option<String> {
    let days = report.metrics.daily.len();
    (1..FEW_DAYS).contains(&days).then(|| {
        format!(
            "Only {days} day{} of P&L: a yearly ratio from so few says little.",
            if days == 1 { "" } else { "s" }
        )
    })
}

fn concentration(report: &Report) -> Option<String> {
    let best = report.markets.iter().max_by_key(|market| market.booking.pnl())?;
    let total = report.metrics.total_pnl;
    (total.is_positive() && best.booking.pnl() + best.booking.pnl() > total && report.markets.len() > 1).then(
        || {
            format!(
                "One market, {}, makes {} of the whole P&L.",
                best.ticker(),
                percent(Some(best.booking.pnl().dollars() / total.dollars()))
            )
        },
    )
}

fn unsettled(report: &Report) -> Option<String> {
    let count = report.provenance.unsettled;
    (count > 0).then(|| {
        format!(
            "Traded but never settled within the run: {} markets, holding contracts that cost {} with fees. They are in no \
             figure above.",
            thousands(count),
            dollars(report.provenance.unsettled_cost)
        )
    })
}

fn refused(report: &Report) -> Option<String> {
    let refused = report.provenance.refused;
    (refused > 0).then(|| {
        format!(
            "The simulated exchange refused {} of {} orders.",
            thousands(refused),
            thousands(report.orders)
        )
    })
}

/// P&L after fees per dollar turned over, `None` without turnover.
pub(super) fn return_on_turnover(pnl: Money, turnover: Money) -> Option<f64> {
    turnover.is_positive().then(|| pnl.dollars() / turnover.dollars())
}

#[cfg(test)]
mod tests {
    use super::super::testing::small_report;
    use super::*;

    #[test]
    fn incomplete_data_comes_first() {
        let notes = notes(&small_report());

        assert!(
            notes[0].starts_with("Incomplete data: 1 of the captures"),
            "{notes:?}"
        );
        assert!(
            notes
                .iter()
                .any(|note| note == "Only 3 days of P&L: a yearly ratio from so few says little.")
        );
    }

    #[test]
    fn a_run_without_fees_is_called_one() {
        let mut report = small_report();
        report.provenance.incomplete.clear();
        report.provenance.fees = "none".to_owned();

        assert!(notes(&report)[0].starts_with("No fees were charged."));
    }

    #[test]
    fn one_market_that_makes_the_result_is_named() {
        // The run lost 0.38 in all, of which +1.18 is no share; without the losing market it is 1.18 of 1.44.
        let mut report = small_report();
        assert!(!notes(&report).iter().any(|note| note.starts_with("One market")));
        report.metrics.total_pnl = "1.44".parse().unwrap();

        assert!(
            notes(&report)
                .iter()
                .any(|note| note == "One market, RAIN-A, makes 81.9 % of the whole P&L.")
        );
    }
}
