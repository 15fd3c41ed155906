//! Scores of forecasts against what happened: Brier with Murphy's decomposition, log loss, calibration bins, ECE; and what
//! takers and makers earned by price.
//!
//! Everything is computed from exact integer sums gathered by forecast, in order of the forecast: the same forecasts give
//! the same digits in whatever order they were added, and scorers of parts merge into the scorer of the whole.

mod bins;
mod returns;

use std::collections::BTreeMap;

use crate::probability::Probability;

pub use bins::{BinEdges, BinEdgesError, BinRates, CalibrationBin, WILSON_Z, wilson_interval};
pub use returns::{RoleReturns, TradeReturns};

/// Billionths of the smallest probability log loss reckons with, 10⁻⁶.
const LOG_LOSS_FLOOR: u32 = 1_000;

/// How often one forecast came true and how often not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    hits: u64,
    misses: u64,
}

/// Gathers forecasts and outcomes, up to a billion of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scorer {
    tallies: BTreeMap<Probability, Tally>,
}

/// Scores over bins: a calibration table and, where there was any forecast, the figures over all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Number of forecasts.
    pub n: u64,
    /// All bins in order, empty ones too.
    pub bins: Vec<CalibrationBin>,
    /// Figures over all forecasts; `None` without any.
    pub scores: Option<Scores>,
}

/// How good a set of forecasts was. Brier = reliability − resolution + uncertainty + within-bin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Mean of (p − y)²: 0 is perfect, 0.25 is what one half always scores.
    pub brier: f64,
    /// How far bins' hit rates lie from their mean forecasts, squared; 0 is perfectly calibrated.
    pub reliability: f64,
    /// How far bins' hit rates lie from the base rate, squared; larger is better.
    pub resolution: f64,
    /// Base rate × (1 − base rate): the score of always forecasting it.
    pub uncertainty: f64,
    /// What the bins hide: variance of forecasts within bins less twice their covariance with outcomes.
    pub within_bin: f64,
    /// Mean of −ln(probability given to what happened, at least 10⁻⁶).
    pub log_loss: f64,
    /// Expected calibration error: mean distance of a bin's hit rate from its mean forecast, weighted by forecasts.
    pub ece: f64,
    /// Share of outcomes that were yes.
    pub base_rate: f64,
    /// Mean forecast.
    pub mean_forecast: f64,
    /// Share of forecasts whose likelier outcome happened; one half counts as half.
    pub accuracy: f64,
}

impl Scores {
    /// 1 − Brier / uncertainty: above zero is better than always forecasting the base rate. `None` when all outcomes
    /// were the same.
    #[must_use]
    pub fn brier_skill(&self) -> Option<f64> {
        (self.uncertainty > 0.0).then(|| 1.0 - self.brier / self.uncertainty)
    }
}

/// Exact sums over some forecasts p with outcomes y, in billionths (squares in 10⁻¹⁸).
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    n: i128,
    hits: i128,
    /// Σ p
    forecasts: i128,
    /// Σ p²
    squares: i128,
    /// Σ p × y
    products: i128,
}

const ONE: i128 = Probability::ONE.billionths() as i128;
const ONE_SQUARED: f64 = 1e18;

impl Sums {
    fn add(&mut self, forecast: Probability, tally: Tally) {
        let p = i128::from(forecast.billionths());
        let hits = i128::from(tally.hits);
        let n = hits + i128::from(tally.misses);
        self.n += n;
        self.hits += hits;
        self.forecasts += n * p;
        self.squares += n * p * p;
        self.products += hits * p;
    }

    fn merge(&mut self, other: Sums) {
        self.n += other.n;
        self.hits += other.hits;
        self.forecasts += other.forecasts;
        self.squares += other.squares;
        self.products += other.products;
    }

    /// Σ (p − y)²
    fn squared_errors(self) -> i128 {
        self.squares - 2 * ONE * self.products + self.hits * ONE * ONE
    }

    /// Σ p − Σ y
    fn excess(self) -> i128 {
        self.forecasts - self.hits * ONE
    }

    /// n × (Σ (p − mean p)² − 2 Σ (p − mean p)(y − mean y)), an integer.
    fn hidden_spread(self) -> i128 {
        let variance = self.n * self.squares - self.forecasts * self.forecasts;
        let covariance = self.n * self.products - self.forecasts * self.hits;
        variance - 2 * ONE * covariance
    }
}

impl Scorer {
    /// Without forecasts.
    #[must_use]
    pub fn new() -> Scorer {
        Scorer::default()
    }

    /// Adds one forecast and how the question came out.
    pub fn add(&mut self, forecast: impl Into<Probability>, outcome: Outcome) {
        let tally = self.tallies.entry(forecast.into()).or_default();
        match outcome {
            Outcome::Yes => tally.hits += 1,
            Outcome::No => tally.misses += 1,
        }
    }

    /// Adds all forecasts of another scorer.
    pub fn merge(&mut self, other: &Scorer) {
        for (forecast, tally) in &other.tallies {
            let own = self.tallies.entry(*forecast).or_default();
            own.hits += tally.hits;
            own.misses += tally.misses;
        }
    }

    /// Number of forecasts.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.tallies.values().map(|tally| tally.hits + tally.misses).sum()
    }

    /// The calibration table over `edges`, and all scores.
    #[must_use]
    pub fn calibration(&self, edges: &BinEdges) -> Calibration {
        let sums = self.sums_by_bin(edges);
        let bins = edges
            .bins()
            .zip(&sums)
            .map(|((lo, hi), sums)| CalibrationBin::of(lo, hi, *sums))
            .collect();
        Calibration {
            n: self.n(),
            bins,
            scores: self.scores(&sums),
        }
    }

    fn sums_by_bin(&self, edges: &BinEdges) -> Vec<Sums> {
        let mut sums = vec![Sums::default(); edges.len()];
        for (forecast, tally) in &self.tallies {
            sums[edges.bin_of(*forecast)].add(*forecast, *tally);
        }
        sums
    }

    fn scores(&self, bins: &[Sums]) -> Option<Scores> {
        let mut all = Sums::default();
        for bin in bins {
            all.merge(*bin);
        }
        if all.n == 0 {
            return None;
        }
        let n = all.n as f64;
        // Terms that divide by a bin's own count are added in order of the bins; empty bins have none.
        let over_bins = |term: &dyn Fn(Sums) -> f64| -> f64 {
            bins.iter().filter(|bin| bin.n > 0).map(|bin| term(*bin)).sum()
        };
        let base_rate = all.hits as f64 / n;
        Some(Scores {
            brier: all.squared_errors() as f64 / (n * ONE_SQUARED),
            reliability: over_bins(&|bin| (bin.excess() * bin.excess()) as f64 / bin.n as f64)
                / (n * ONE_SQUARED),
            resolution: over_bins(&|bin| {
                let distance = bin.hits * all.n - all.hits * bin.n;
                (distance * distance) as f64 / bin.n as f64
            }) / (n * n * n),
            uncertainty: (all.hits * (all.n - all.hits)) as f64 / (n * n),
            within_bin: over_bins(&|bin| bin.hidden_spread() as f64 / bin.n as f64) / (n * ONE_SQUARED),
            log_loss: self.total_log_loss() / n,
            ece: bins.iter().map(|bin| bin.excess().abs()).sum::<i128>() as f64 / (n * ONE as f64),
            base_rate,
            mean_forecast: all.forecasts as f64 / (n * ONE as f64),
            accuracy: self.twice_right() as f64 / (2.0 * n),
        })
    }

    fn total_log_loss(&self) -> f64 {
        let loss_of = |given: Probability| {
            let clipped = given.billionths().max(LOG_LOSS_FLOOR);
            -(f64::from(clipped) / ONE as f64).ln()
        };
        self.tallies
            .iter()
            .map(|(forecast, tally)| {
                tally.hits as f64 * loss_of(*forecast) + tally.misses as f64 * loss_of(forecast.complement())
            })
            .sum()
    }

    /// Twice the number of forecasts whose likelier outcome happened.
    fn twice_right(&self) -> u64 {
        self.tallies
            .iter()
            .map(|(forecast, tally)| match forecast.cmp(&forecast.complement()) {
                std::cmp::Ordering::Greater => 2 * tally.hits,
                std::cmp::Ordering::Less => 2 * tally.misses,
                std::cmp::Ordering::Equal => tally.hits + tally.misses,
            })
            .sum()
    }
}

/// How a yes-or-no question came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It happened.
    Yes,
    /// It did not.
    No,
}

impl From<bool> for Outcome {
    fn from(happened: bool) -> Outcome {
        if happened { Outcome::Yes } else { Outcome::No }
    }
}

impl<P: Into<Probability>> Extend<(P, Outcome)> for Scorer {
    fn extend<I: IntoIterator<Item = (P, Outcome)>>(&mut self, forecasts: I) {
        for (forecast, outcome) in forecasts {
            self.add(forecast, outcome);
        }
    }
}

impl<P: Into<Probability>> FromIterator<(P, Outcome)> for Scorer {
    fn from_iter<I: IntoIterator<Item = (P, Outcome)>>(forecasts: I) -> Scorer {
        let mut scorer = Scorer::new();
        scorer.extend(forecasts);
        scorer
    }
}

#[cfg(test)]
mod tests;
