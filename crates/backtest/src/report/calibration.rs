//! Were the prices traded at right? Predicted against happened, over the markets traded.

use super::Report;

/// Traded markets whose first price lay in one bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// Markets.
    pub n: u64,
    /// Mean YES price of their first fills.
    pub mean_price: f64,
    /// Share that came out yes.
    pub hit_rate: f64,
    /// Lower end of the Wilson 95 % interval of the hit rate.
    pub ci_low: f64,
    /// Upper end.
    pub ci_high: f64,
}

/// Calibration of the YES price of each traded market's first fill, in tenths of a dollar; empty bins are left out, and so
/// are markets without a yes or no.
#[must_use]
pub fn calibration(report: &Report) -> Vec<CalibrationBin> {
    let mut bins = [(0_u64, 0_u64, 0.0_f64); 10];
    for market in &report.markets {
        let Some(outcome) = market.result.and_then(kmi_domain::MarketResult::outcome) else {
            continue;
        };
        let bin = &mut bins[usize::from(market.first_yes_price.units() / 1_000).min(9)];
        bin.0 += 1;
        bin.1 += u64::from(outcome);
        bin.2 += market.first_yes_price.probability();
    }
    bins.iter()
        .filter(|bin| bin.0 > 0)
        .map(|&(n, yes, prices)| {
            let (ci_low, ci_high) = wilson(yes, n);
            CalibrationBin {
                n,
                mean_price: prices / n as f64,
                hit_rate: yes as f64 / n as f64,
                ci_low,
                ci_high,
            }
        })
        .collect()
}

fn wilson(yes: u64, n: u64) -> (f64, f64) {
    let (z, n) = (1.959_964_f64, n as f64);
    let p = yes as f64 / n;
    let centre = p + z * z / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    (
        ((centre - half) / whole).max(0.0),
        ((centre + half) / whole).min(1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::small_report;
    use super::*;

    #[test]
    fn each_market_counts_once_at_its_first_price() {
        let bins = calibration(&small_report());

        let seen: Vec<(u64, f64, f64)> = bins
            .iter()
            .map(|bin| (bin.n, bin.mean_price, bin.hit_rate))
            .collect();
        assert_eq!(seen, [(1, 0.10, 1.0), (1, 0.40, 1.0), (1, 0.50, 0.0)]);
        // Wilson for 1 of 1: low = 1 / (1 + z²) = 0.2065.
        assert!((bins[0].ci_low - 0.206_549).abs() < 1e-5 && (bins[0].ci_high - 1.0).abs() < 1e-12);
    }
}
