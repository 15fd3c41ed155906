//! Chance from a seed: the few distributions the invented world needs, the same on every machine.
//!
//! Transcendental functions come from `libm`, written in Rust, because the platform's own may differ in the last bit and a
//! seed has to give the same bytes everywhere.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Generator of one event: events draw from separate streams of one seed, so that none disturbs another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn new(seed: u64, stream: u64) -> Chance {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Chance(rng)
    }

    /// Uniform on [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// True with probability `p`.
    pub(crate) fn happens(&mut self, p: f64) -> bool {
        self.uniform() < p
    }

    /// Uniform on `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// Uniform on `0..count`; `count` must be above zero.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        self.0.random_range(0..count)
    }

    /// 62 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random::<u64>() >> 2
    }

    /// Log-normal with this median; `sigma` is the standard deviation of its logarithm.
    pub(crate) fn about(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Standard normal. Source: Box and Muller (1958), one of the pair.
    pub(crate) fn normal(&mut self) -> f64 {
        // 1 − u lies in (0, 1], so the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.uniform()));
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }
}

/// Probability that a standard normal lies below `z`.
pub(crate) fn normal_below(z: f64) -> f64 {
    0.5 * libm::erfc(-z / std::f64::consts::SQRT_2)
}

/// `p` with its log-odds multiplied by `slope`; certainties stay certain.
pub(crate) fn bend(p: f64, slope: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return p;
    }
    let odds = libm::exp(-slope * libm::log(p / (1.0 - p)));
    1.0 / (1.0 + odds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_seed_differ_and_each_repeats() {
        let draw = |seed, stream| Chance::new(seed, stream).bits();
        assert_eq!(draw(1, 0), draw(1, 0));
        assert_ne!(draw(1, 0), draw(1, 1));
        assert_ne!(draw(1, 0), draw(2, 0));
    }

    #[test]
    fn the_normal_distribution_has_its_known_quantiles() {
        assert!((normal_below(0.0) - 0.5).abs() < 1e-15);
        assert!((normal_below(1.959_964) - 0.975).abs() < 1e-7);
        let mut chance = Chance::new(7, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| chance.normal()).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn a_slope_below_one_lifts_long_shots_and_lowers_favourites() {
        assert!((bend(0.5, 0.8) - 0.5).abs() < 1e-12);
        assert!(bend(0.05, 0.8) > 0.05 && bend(0.95, 0.8) < 0.95);
        assert!((bend(0.05, 0.8) + bend(0.95, 0.8) - 1.0).abs() < 1e-12);
        assert_eq!((bend(0.0, 0.8), bend(1.0, 0.8)), (0.0, 1.0));
    }
}
