//! Fills as CSV, one line each (RFC 4180, line feed).

use std::fmt::{self, Write};

use super::{Report, Trade};

/// First line of every file.
pub const HEADER: &str =
    "time,market,event,series,side,action,liquidity,price,quantity,cost,fee,settled,result,pnl";

/// All fills, oldest first: amounts in dollars and contracts as exact decimals, times in RFC 3339 UTC, absent values empty.
///
/// `cost` is price × quantity before the fee; `pnl` is the fill's part of its market's P&L after fees, and the column adds
/// up to the run's.
#[must_use]
pub fn trades(report: &Report) -> String {
    let mut text = String::new();
    // A string takes every line, so there is no error to pass on.
    _ = write(report, &mut text);
    text
}

/// Writes what [`trades`] returns, line by line.
///
/// # Errors
/// When `out` refuses a line.
pub fn write(report: &Report, out: &mut impl Write) -> fmt::Result {
    writeln!(out, "{HEADER}")?;
    let markets = super::index(report);
    for trade in &report.trades {
        let market = markets.get(&trade.ticker);
        let event = market
            .and_then(|market| market.event.as_ref())
            .map(ToString::to_string);
        let series = market
            .and_then(|market| market.series.as_ref())
            .map(ToString::to_string);
        line(
            out,
            trade,
            &event.unwrap_or_default(),
            &series.unwrap_or_default(),
        )?;
    }
    Ok(())
}

fn line(out: &mut impl Write, trade: &Trade, event: &str, series: &str) -> fmt::Result {
    let settled = trade.settled.map(|time| time.to_string()).unwrap_or_default();
    let pnl = trade.pnl.map(|pnl| pnl.to_string()).unwrap_or_default();
    writeln!(
        out,
        "{},{},{},{},{},{},{},{},{},{},{},{settled},{},{pnl}",
        trade.time,
        field(trade.ticker.as_str()),
        field(event),
        field(series),
        trade.side,
        trade.action,
        trade.liquidity.as_str(),
        trade.price,
        trade.quantity,
        trade.price * trade.quantity,
        trade.fee,
        super::result_word(trade.result),
    )
}

/// Quotes what would break a line. A name that a spreadsheet would run as a formula gets an apostrophe in front.
fn field(text: &str) -> String {
    let safe = if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if safe.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", safe.replace('"', "\"\""))
    } else {
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::small_report;
    use super::*;
    use kmi_domain::Money;

    #[test]
    fn a_fill_is_one_line_of_exact_numbers() {
        let text = trades(&small_report());
        let lines: Vec<&str> = text.lines().collect();

        assert_eq!(lines[0], HEADER);
        assert_eq!(
            lines[2],
            "2026-08-10T11:00:00Z,RAIN-B,,RAIN,no,buy,taker,0.9000,2.00,1.8000,0.0200,2026-08-12T00:00:00Z,yes,-1.8200"
        );
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn the_pnl_column_adds_up_to_the_run() {
        let report = small_report();
        let sum: Money = trades(&report)
            .lines()
            .skip(1)
            .map(|line| line.rsplit(',').next().unwrap().parse::<Money>().unwrap())
            .sum();

        assert_eq!(sum, report.metrics.total_pnl);
    }

    #[test]
    fn names_cannot_break_a_line_or_run_in_a_spreadsheet() {
        assert_eq!(field("A,\"B\""), "\"A,\"\"B\"\"\"");
        assert_eq!(field("=1+1"), "'=1+1");
    }
}
