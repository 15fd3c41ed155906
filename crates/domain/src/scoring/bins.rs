//! Calibration bins and Wilson's interval.

use std::str::FromStr;

use super::Sums;
use crate::probability::{ParseProbabilityError, Probability};

/// Quantile of the normal distribution for 95 % two-sided.
pub const WILSON_Z: f64 = 1.959_964;

/// Edges of bins that cover 0 to 1: a bin holds lo ≤ p < hi, the last one also p = 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinEdges(Vec<Probability>);

/// Why numbers are no bin edges.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BinEdgesError {
    /// Not a probability.
    #[error("edge {0:?} {1}")]
    Edge(String, ParseProbabilityError),
    /// Fewer than two edges, or the first is not 0 or the last not 1.
    #[error("edges go from 0 to 1")]
    NotCovering,
    /// An edge that is not above the one before it.
    #[error("edge {0} is not above the one before it")]
    NotAscending(Probability),
}

impl BinEdges {
    /// Checks and keeps edges.
    ///
    /// # Errors
    /// [`BinEdgesError`] unless they ascend from 0 to 1.
    pub fn new(edges: Vec<Probability>) -> Result<BinEdges, BinEdgesError> {
        if edges.len() < 2
            || edges.first() != Some(&Probability::ZERO)
            || edges.last() != Some(&Probability::ONE)
        {
            return Err(BinEdgesError::NotCovering);
        }
        match edges.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(BinEdgesError::NotAscending(pair[1])),
            None => Ok(BinEdges(edges)),
        }
    }

    /// Number of bins.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one bin")]
    pub fn len(&self) -> usize {
        self.0.len() - 1
    }

    /// Lower and upper edge of each bin, in order.
    pub fn bins(&self) -> impl Iterator<Item = (Probability, Probability)> {
        self.0.windows(2).map(|pair| (pair[0], pair[1]))
    }

    /// Index of the bin that holds `p`.
    #[must_use]
    pub fn bin_of(&self, p: Probability) -> usize {
        let edges_at_or_below = self.0.partition_point(|edge| *edge <= p);
        (edges_at_or_below - 1).min(self.len() - 1)
    }
}

impl Default for BinEdges {
    /// 0, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, 1: finer at the ends, where most prices of history lie.
    fn default() -> BinEdges {
        let hundredths = [0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100];
        BinEdges(
            hundredths
                .into_iter()
                .filter_map(|percent| Probability::from_billionths(percent * 10_000_000))
                .collect(),
        )
    }
}

impl FromStr for BinEdges {
    type Err = BinEdgesError;

    /// Comma-separated decimals: `0,0.05,0.5,1`.
    fn from_str(text: &str) -> Result<BinEdges, BinEdgesError> {
        let edges = text
            .split(',')
            .map(|edge| {
                let edge = edge.trim();
                edge.parse()
                    .map_err(|error| BinEdgesError::Edge(edge.to_owned(), error))
            })
            .collect::<Result<_, _>>()?;
        BinEdges::new(edges)
    }
}

/// One line of a calibration table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationBin {
    /// Lowest forecast it holds.
    pub lo: Probability,
    /// First forecast beyond it (the last bin holds 1 itself).
    pub hi: Probability,
    /// Number of forecasts.
    pub n: u64,
    /// How many of them came true.
    pub hits: u64,
    /// Means and interval; `None` in an empty bin.
    pub rates: Option<BinRates>,
}

/// What the forecasts of a bin said, and what happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinRates {
    /// Mean forecast: for prices, the mean price.
    pub mean_price: f64,
    /// Share that came true.
    pub hit_rate: f64,
    /// Lower end of the 95 % Wilson interval of the hit rate.
    pub ci_low: f64,
    /// Upper end.
    pub ci_high: f64,
}

impl CalibrationBin {
    pub(super) fn of(lo: Probability, hi: Probability, sums: Sums) -> CalibrationBin {
        let count = |n: i128| u64::try_from(n).expect("counts are sums of u64 that fit the scorer");
        let (n, hits) = (count(sums.n), count(sums.hits));
        let rates = wilson_interval(hits, n).map(|(ci_low, ci_high)| BinRates {
            mean_price: sums.forecasts as f64 / (n as f64 * super::ONE as f64),
            hit_rate: hits as f64 / n as f64,
            ci_low,
            ci_high,
        });
        CalibrationBin {
            lo,
            hi,
            n,
            hits,
            rates,
        }
    }
}

/// Wilson's 95 % score interval for `hits` out of `n`; `None` when `n` is zero. Exactly 0 without a hit at the lower end,
/// exactly 1 without a miss at the upper.
///
/// Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
#[must_use]
pub fn wilson_interval(hits: u64, n: u64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let (rate, count) = (hits as f64 / n as f64, n as f64);
    let z_squared = WILSON_Z * WILSON_Z;
    let scale = 1.0 + z_squared / count;
    let center = (rate + z_squared / (2.0 * count)) / scale;
    let half = WILSON_Z * (rate * (1.0 - rate) / count + z_squared / (4.0 * count * count)).sqrt() / scale;
    let low = if hits == 0 { 0.0 } else { center - half };
    let high = if hits == n { 1.0 } else { center + half };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_their_lower_edge_and_the_last_holds_one() {
        let edges = BinEdges::default();
        let bin = |p: &str| edges.bin_of(p.parse().unwrap());

        assert_eq!(edges.len(), 12);
        assert_eq!((bin("0"), bin("0.0499"), bin("0.05"), bin("0.1")), (0, 0, 1, 2));
        assert_eq!((bin("0.9499"), bin("0.95"), bin("1")), (10, 11, 11));
    }

    #[test]
    fn edges_that_leave_a_hole_are_refused_by_rule() {
        let refused = |text: &str| text.parse::<BinEdges>().unwrap_err();

        assert_eq!("0, 0.5, 1".parse::<BinEdges>().unwrap().len(), 2);
        assert_eq!(refused("0.1,1"), BinEdgesError::NotCovering);
        assert_eq!(refused("0"), BinEdgesError::NotCovering);
        assert!(matches!(refused("0,0.5,0.5,1"), BinEdgesError::NotAscending(_)));
        assert_eq!(refused("0,x,1").to_string(), "edge \"x\" is not a number");
        assert_eq!(refused("0,2").to_string(), "edge \"2\" 2 is outside 0 to 1");
    }

    #[test]
    fn wilson_intervals_match_hand_computed_ones() {
        let close = |interval: Option<(f64, f64)>, low: f64, high: f64| {
            interval.is_some_and(|(l, h)| (l - low).abs() < 1e-6 && (h - high).abs() < 1e-6)
        };
        // n = 10, 5 hits: 0.5 ± 1.959964 √(0.025 + 0.0096036…) / 1.38414589.
        assert!(close(wilson_interval(5, 10), 0.236_593_1, 0.763_406_9));
        // n = 10, no hit: 0 to z² / (n + z²).
        assert!(close(wilson_interval(0, 10), 0.0, 0.277_532_8));
        assert!(close(wilson_interval(10, 10), 0.722_467_2, 1.0));
        assert_eq!(wilson_interval(0, 0), None);
    }
}
