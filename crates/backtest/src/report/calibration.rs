//! Were the prices traded at right? Predicted against happened, over the markets traded.

use kmi_domain::scoring::{BinEdges, CalibrationBin, Scorer};

use super::Report;

/// Calibration of the YES price of each traded market's first fill, in the bins of the calibration table, empty ones too;
/// markets without a yes or no are left out.
#[must_use]
pub fn calibration(report: &Report) -> Vec<CalibrationBin> {
    let mut scorer = Scorer::new();
    for market in &report.markets {
        if let Some(outcome) = market.result.outcome() {
            scorer.add(market.first_yes_price, outcome.into());
        }
    }
    scorer.calibration(&BinEdges::default()).bins
}

#[cfg(test)]
mod tests {
    use super::super::testing::small_report;
    use super::*;

    #[test]
    fn each_market_counts_once_at_its_first_price() {
        let bins = calibration(&small_report());

        let seen: Vec<(String, u64, u64)> = bins
            .iter()
            .filter(|bin| bin.n > 0)
            .map(|bin| (bin.lo.to_string(), bin.n, bin.hits))
            .collect();
        let expected = [("0.1", 1, 1), ("0.4", 1, 1), ("0.5", 1, 0)];
        assert_eq!(seen, expected.map(|(lo, n, hits)| (lo.to_owned(), n, hits)));
    }
}
