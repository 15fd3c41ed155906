//! How often prices came true: a recalibration of the price learned from settled markets.
//!
//! The favourite-longshot bias (Griffith 1949; Snowberg & Wolfers 2010, "Explaining the Favorite-Longshot Bias", JPE 118)
//! is that long shots win less often than their price says and favourites more often. What was learned is always shrunk
//! towards the price: a handful of markets must not overrule it.

use kmi_domain::Price;
use kmi_domain::scoring::BinEdges;

/// A recalibration.
#[derive(Clone, Debug)]
pub(super) enum Calibrator {
    /// Shift of the price, by bin.
    Bins(Bins),
    /// logit p' = a + b × logit p.
    Logit(Logit),
}

/// The words of the parameter that chooses one.
pub(super) const CURVES: &[&str] = &["bins", "logit"];

impl Calibrator {
    /// The calibrator of a word of [`CURVES`], as strong as `prior` markets that came out as priced; a bin speaks from
    /// `min_count` markets on, and so does the curve.
    pub(super) fn new(curve: &str, prior: f64, min_count: u64) -> Calibrator {
        match curve {
            "logit" => Calibrator::Logit(Logit::new(prior, min_count)),
            _ => Calibrator::Bins(Bins::new(prior, min_count)),
        }
    }

    /// Learns how a market came out that had YES at `price`.
    pub(super) fn learn(&mut self, price: Price, came_true: bool) {
        match self {
            Calibrator::Bins(bins) => bins.learn(price, came_true),
            Calibrator::Logit(logit) => logit.learn(price, came_true),
        }
    }

    /// Probability of YES at `price`; `None` where too little was learned to differ from the price.
    pub(super) fn probability(&self, price: Price) -> Option<f64> {
        match self {
            Calibrator::Bins(bins) => bins.probability(price),
            Calibrator::Logit(logit) => logit.probability(price),
        }
    }
}

/// Hit rates by bin of price.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    prior: f64,
    min_count: u64,
    /// Those of the calibration table.
    edges: BinEdges,
    cells: Vec<Bin>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    n: u64,
    yes: u64,
    prices: f64,
}

impl Bins {
    fn new(prior: f64, min_count: u64) -> Bins {
        let edges = BinEdges::default();
        Bins {
            cells: vec![Bin::default(); edges.len()],
            edges,
            prior,
            min_count,
        }
    }

    fn learn(&mut self, price: Price, came_true: bool) {
        let bin = &mut self.cells[self.edges.bin_of(price.into())];
        bin.n += 1;
        bin.yes += u64::from(came_true);
        bin.prices += price.probability();
    }

    /// The price, shifted by what its bin's hit rate exceeded its mean price by, as if `prior` more markets had come out
    /// exactly as priced.
    fn probability(&self, price: Price) -> Option<f64> {
        let bin = self.cells[self.edges.bin_of(price.into())];
        if bin.n < self.min_count.max(1) {
            return None;
        }
        let shift = (bin.yes as f64 - bin.prices) / (bin.n as f64 + self.prior);
        Some((price.probability() + shift).clamp(0.0, 1.0))
    }
}

/// Platt scaling (Platt 1999) of log odds, held near the identity by a normal prior on both coefficients; refitted by
/// Newton's method when asked after learning.
#[derive(Clone, Debug)]
pub(super) struct Logit {
    prior: f64,
    min_count: u64,
    /// Counts of (no, yes) by price in whole cents, which keeps refitting cheap however many markets there were.
    counts: Vec<(u64, u64)>,
    n: u64,
    fitted: (f64, f64),
}

impl Logit {
    fn new(prior: f64, min_count: u64) -> Logit {
        Logit {
            prior,
            min_count,
            counts: vec![(0, 0); 101],
            n: 0,
            fitted: (0.0, 1.0),
        }
    }

    fn learn(&mut self, price: Price, came_true: bool) {
        let count = &mut self.counts[usize::from(price.units() + 50) / 100];
        if came_true {
            count.1 += 1;
        } else {
            count.0 += 1;
        }
        self.n += 1;
        // From the last fit a few steps suffice.
        self.fit(3);
    }

    /// The price, shifted by what the curve adds to it; near 0 and 1, where log odds are held, by what it adds there. So
    /// the identity is one everywhere.
    fn probability(&self, price: Price) -> Option<f64> {
        if self.n < self.min_count.max(1) {
            return None;
        }
        let (intercept, slope) = self.fitted;
        let odds = log_odds(price.probability());
        let shift = logistic(intercept + slope * odds) - logistic(odds);
        Some((price.probability() + shift).clamp(0.0, 1.0))
    }

    fn fit(&mut self, steps: u32) {
        for _ in 0..steps {
            let (intercept, slope) = self.fitted;
            // Penalty: `prior` pseudo-markets at one half, each worth 1/4 of information, pull to a = 0 and b = 1;
            // a trace of them always does, or a perfect record would have no fit.
            let weight = self.prior.max(0.001) / 4.0;
            let mut gradient = (weight * intercept, weight * (slope - 1.0));
            let mut hessian = (weight, 0.0, weight);
            for (cents, &(no, yes)) in (0_u32..).zip(&self.counts) {
                let n = (no + yes) as f64;
                if n == 0.0 {
                    continue;
                }
                let x = log_odds(f64::from(cents) / 100.0);
                let p = logistic(intercept + slope * x);
                let (error, spread) = (n * p - yes as f64, n * p * (1.0 - p));
                gradient = (gradient.0 + error, gradient.1 + error * x);
                hessian = (
                    hessian.0 + spread,
                    hessian.1 + spread * x,
                    hessian.2 + spread * x * x,
                );
            }
            let determinant = hessian.0 * hessian.2 - hessian.1 * hessian.1;
            let step = (
                (hessian.2 * gradient.0 - hessian.1 * gradient.1) / determinant,
                (hessian.0 * gradient.1 - hessian.1 * gradient.0) / determinant,
            );
            self.fitted = (
                intercept - step.0.clamp(-1.0, 1.0),
                slope - step.1.clamp(-1.0, 1.0),
            );
        }
    }
}

/// Log odds, of a probability kept half a cent away from 0 and 1.
pub(super) fn log_odds(p: f64) -> f64 {
    let p = p.clamp(0.005, 0.995);
    (p / (1.0 - p)).ln()
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn taught(curve: &str) -> Calibrator {
        let mut calibrator = Calibrator::new(curve, 20.0, 30);
        for i in 0..80 {
            calibrator.learn(price("0.15"), i % 16 == 0);
            calibrator.learn(price("0.85"), i % 16 != 0);
        }
        calibrator
    }

    #[test]
    fn a_bin_shifts_the_price_by_its_shrunken_surprise() {
        // 80 markets at 0.15, 5 of them yes: 7 too few; with 20 more as priced the shift is −7 / 100.
        let probability = taught("bins").probability(price("0.18")).unwrap();
        assert!((probability - 0.11).abs() < 1e-12, "{probability}");
    }

    #[test]
    fn a_bin_that_saw_too_little_says_nothing() {
        assert_eq!(taught("bins").probability(price("0.55")), None);
        assert_eq!(Calibrator::new("logit", 20.0, 1).probability(price("0.55")), None);
    }

    #[test]
    fn the_curve_makes_long_shots_longer_and_favourites_safer() {
        let calibrator = taught("logit");
        let (low, high) = (
            calibrator.probability(price("0.15")),
            calibrator.probability(price("0.85")),
        );
        assert!(low.unwrap() < 0.11 && high.unwrap() > 0.89, "{low:?} {high:?}");
        assert!(
            (low.unwrap() + high.unwrap() - 1.0).abs() < 1e-6,
            "symmetric data, symmetric curve"
        );
        let middle = calibrator.probability(price("0.50")).unwrap();
        assert!((middle - 0.5).abs() < 1e-6);
    }

    #[test]
    fn an_unmoved_curve_is_the_price_itself_at_the_ends_too() {
        let mut logit = Logit::new(20.0, 0);
        logit.n = 1;
        for at in ["0.001", "0.25", "0.999"] {
            let (probability, price) = (logit.probability(price(at)).unwrap(), price(at).probability());
            assert!((probability - price).abs() < 1e-12, "{probability}");
        }
    }

    #[test]
    fn no_shrinkage_means_none() {
        // Three of ten at 0.50 came true.
        let mut calibrator = Calibrator::new("logit", 0.0, 1);
        for i in 0..10 {
            calibrator.learn(price("0.50"), i < 3);
        }
        let probability = calibrator.probability(price("0.50")).unwrap();
        assert!((probability - 0.3).abs() < 1e-3, "{probability}");
    }

    #[test]
    fn markets_that_come_out_as_priced_leave_the_price_alone() {
        for curve in CURVES {
            let mut calibrator = Calibrator::new(curve, 10.0, 30);
            for i in 0..1_000 {
                calibrator.learn(price("0.20"), i % 5 == 0);
                calibrator.learn(price("0.60"), i % 5 < 3);
            }
            let probability = calibrator.probability(price("0.20")).unwrap();
            assert!((probability - 0.20).abs() < 0.005, "{curve}: {probability}");
        }
    }
}
