//! One HTML file with everything in it: works offline, light and dark, on a phone, and prints.
//!
//! Nothing is loaded from anywhere: styles, script and data are inline, and the page's own content security policy forbids
//! the rest. Without scripts everything is there but hovering, sorting and filtering.

mod charts;
mod scale;
mod sections;
mod tables;

use super::Report;
use super::format::escape;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The whole page. Every text from outside is escaped.
#[must_use]
pub fn render(report: &Report) -> String {
    let body = [
        sections::header(report),
        sections::figures(report),
        charts::equity(report),
        charts::periods(report),
        charts::calibration(report),
        tables::breakdowns(report),
        tables::extremes(report),
        tables::trades(report),
        sections::provenance(report),
        sections::notes(report),
    ]
    .concat();
    let title = escape(&report.strategy);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'\">\n\
         <title>{title}: backtest</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         <script type=\"application/json\" id=\"data\">{}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        charts::data(report)
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::small_report;
    use super::*;

    #[test]
    fn nothing_is_loaded_from_anywhere() {
        let page = render(&small_report());

        for outside in ["http://", "https://", "src=", "@import", "url(", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn text_from_outside_is_never_markup() {
        let mut report = small_report();
        report.strategy = "<script>alert(1)</script>".to_owned();
        report.params.insert("p\"".to_owned(), "</td><img>".to_owned());

        let page = render(&report);

        assert_eq!(page.matches("<script").count(), 2);
        assert!(!page.contains("<img>") && !page.contains("<of>") && !page.contains("gold <2200>"));
        assert!(page.contains("&lt;/td&gt;&lt;img&gt;"));
    }

    #[test]
    fn a_run_that_traded_nothing_still_makes_a_page() {
        let mut report = small_report();
        report.trades.clear();
        report.markets.clear();
        report.metrics = crate::metrics::Metrics::new(&[], crate::metrics::Turnover::default());
        report.intervals = None;

        let page = render(&report);

        assert!(page.contains("Nothing was traded"));
        let shown = page.split("<script").next().unwrap();
        assert!(!shown.contains("NaN") && !shown.contains("inf<") && !shown.contains("inf "));
    }

    #[test]
    fn a_long_list_of_trades_is_cut_and_says_so() {
        let mut report = small_report();
        let trade = report.trades[0].clone();
        report.trades = vec![trade; 3_500];

        let page = render(&report);

        assert!(page.contains("2,500 in between are not shown"));
        assert!(page.matches("<tr").count() < 1_100);
    }
}
