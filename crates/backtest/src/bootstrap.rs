//! How sure the figures of a run are: bootstrap intervals of its Sharpe ratio and total P&L.
//!
//! Days are drawn with replacement in blocks, so that a good week drawn stays a good week: the stationary bootstrap of
//! Politis & Romano (1994), "The Stationary Bootstrap", JASA 89(428), with blocks of geometric length, and their circular
//! block bootstrap (1992) with blocks of fixed length; both wrap around the end, so every day is drawn equally often.
//! Drawing days one by one (Efron 1979) is there for comparison. Intervals are percentile intervals.

use std::num::NonZeroU32;

use kmi_domain::{Money, risk};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::metrics::DailyPnl;

/// How days are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resampling {
    /// One by one: right when days do not depend on each other.
    Independent,
    /// Blocks of this many days.
    CircularBlock(NonZeroU32),
    /// Blocks of geometric length with this mean in days, at least 1.
    Stationary {
        /// Mean block length in days; below 1 counts as 1.
        mean_length: f64,
    },
    /// Stationary with a mean length of the cube root of the number of days: the rate that minimises the error of the
    /// variance (Politis & White 2004), with its constant left at one.
    Automatic,
}

/// What to draw, how often, from which seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BootstrapSettings {
    /// How days are drawn.
    pub resampling: Resampling,
    /// Resampled histories; 1 000 or more for steady limits.
    pub replicates: u32,
    /// Share of resampled histories inside the interval, between 0 and 1.
    pub confidence: f64,
    /// Seed of the generator: the same seed gives the same interval.
    pub seed: u64,
}

impl Default for BootstrapSettings {
    /// Stationary with automatic length, 2 000 histories, 95 %, seed 1994.
    fn default() -> BootstrapSettings {
        BootstrapSettings {
            resampling: Resampling::Automatic,
            replicates: 2_000,
            confidence: 0.95,
            seed: 1994,
        }
    }
}

/// Why there is no interval.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BootstrapError {
    /// A confidence that is no share.
    #[error("confidence {0} is not between 0 and 1")]
    Confidence(f64),
    /// Fewer histories than limits can be read from.
    #[error("{0} replicates are fewer than 100")]
    Replicates(u32),
}

/// Percentile interval, both ends drawn values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval<T> {
    /// Lower limit.
    pub low: T,
    /// Upper limit.
    pub high: T,
}

/// What the resampled histories say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BootstrapIntervals {
    /// What was drawn and how.
    pub settings: BootstrapSettings,
    /// Mean block length used, in days.
    pub block_length: f64,
    /// Days in the history.
    pub days: usize,
    /// Of the Sharpe ratio. `None` when fewer than two days were booked or no resampled history varied.
    pub sharpe: Option<Interval<f64>>,
    /// Resampled histories that had no Sharpe ratio, all days being equal; they are left out of its interval.
    pub without_sharpe: u32,
    /// Of the total P&L after fees. `None` without a day.
    pub total_pnl: Option<Interval<Money>>,
    /// Share of resampled histories that lost money; `None` without a day.
    pub share_losing: Option<f64>,
}

/// Intervals of the Sharpe ratio and the total P&L of `daily`.
///
/// # Errors
/// When the settings make no sense.
pub fn bootstrap(
    daily: &[DailyPnl],
    settings: BootstrapSettings,
) -> Result<BootstrapIntervals, BootstrapError> {
    if !(settings.confidence > 0.0 && settings.confidence < 1.0) {
        return Err(BootstrapError::Confidence(settings.confidence));
    }
    if settings.replicates < 100 {
        return Err(BootstrapError::Replicates(settings.replicates));
    }
    let days = daily.len();
    let mut drawn = Drawn::default();
    if days > 0 {
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        let mut picks = Vec::with_capacity(days);
        for _ in 0..settings.replicates {
            draw(&mut rng, settings.resampling, days, &mut picks);
            drawn.count(daily, &picks);
        }
    }
    Ok(drawn.intervals(settings, days))
}

/// Statistics of the resampled histories.
#[derive(Default)]
struct Drawn {
    sharpes: Vec<f64>,
    totals: Vec<Money>,
}

impl Drawn {
    fn count(&mut self, daily: &[DailyPnl], picks: &[usize]) {
        let dollars: Vec<f64> = picks.iter().map(|&day| daily[day].pnl.dollars()).collect();
        self.totals.push(picks.iter().map(|&day| daily[day].pnl).sum());
        self.sharpes.extend(risk::sharpe_of_dollars(&dollars));
    }

    fn intervals(mut self, settings: BootstrapSettings, days: usize) -> BootstrapIntervals {
        self.sharpes.sort_by(f64::total_cmp);
        self.totals.sort_unstable();
        let losing = self.totals.iter().filter(|total| total.is_negative()).count();
        let missing = self.totals.len() - self.sharpes.len();
        BootstrapIntervals {
            settings,
            block_length: mean_length(settings.resampling, days),
            days,
            sharpe: percentiles(&self.sharpes, settings.confidence),
            without_sharpe: u32::try_from(missing).unwrap_or(u32::MAX),
            total_pnl: percentiles(&self.totals, settings.confidence),
            share_losing: (!self.totals.is_empty()).then(|| losing as f64 / self.totals.len() as f64),
        }
    }
}

fn mean_length(resampling: Resampling, days: usize) -> f64 {
    match resampling {
        Resampling::Independent => 1.0,
        Resampling::CircularBlock(length) => f64::from(length.get()),
        Resampling::Stationary { mean_length } => mean_length.max(1.0),
        Resampling::Automatic => (days as f64).cbrt().max(1.0),
    }
}

/// Fills `picks` with `days` day numbers.
fn draw(rng: &mut ChaCha8Rng, resampling: Resampling, days: usize, picks: &mut Vec<usize>) {
    picks.clear();
    let length = mean_length(resampling, days);
    let mut left = 0_u32;
    let mut day = 0;
    while picks.len() < days {
        let starts_block = match resampling {
            Resampling::CircularBlock(_) => left == 0,
            _ => picks.is_empty() || rng.random::<f64>() < 1.0 / length,
        };
        if starts_block {
            day = rng.random_range(0..days);
            if let Resampling::CircularBlock(fixed) = resampling {
                left = fixed.get();
            }
        } else {
            day = (day + 1) % days;
        }
        left = left.saturating_sub(1);
        picks.push(day);
    }
}

/// The interval that leaves (1 − confidence)/2 of the sorted values outside at each end.
fn percentiles<T: Copy>(sorted: &[T], confidence: f64) -> Option<Interval<T>> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length, so within it"
    )]
    let at = |share: f64| sorted[((share * last as f64).round() as usize).min(last)];
    let outside = (1.0 - confidence) / 2.0;
    Some(Interval {
        low: at(outside),
        high: at(1.0 - outside),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn days(dollars: &[f64]) -> Vec<DailyPnl> {
        dollars
            .iter()
            .zip(20_000..)
            .map(|(&pnl, day)| DailyPnl {
                day,
                #[expect(clippy::cast_possible_truncation, reason = "small test amounts")]
                pnl: Money::from_micros((pnl * 1e6) as i64),
            })
            .collect()
    }

    fn with(resampling: Resampling) -> BootstrapSettings {
        BootstrapSettings {
            resampling,
            ..BootstrapSettings::default()
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_interval() {
        let daily = days(&[1.0, -0.5, 0.25, 2.0, -1.0, 0.0, 0.5]);
        let settings = BootstrapSettings::default();

        assert_eq!(bootstrap(&daily, settings), bootstrap(&daily, settings));
        let other = BootstrapSettings { seed: 7, ..settings };
        assert_ne!(
            bootstrap(&daily, settings).unwrap().sharpe,
            bootstrap(&daily, other).unwrap().sharpe
        );
    }

    #[test]
    fn blocks_as_long_as_the_history_draw_its_total_every_time() {
        let daily = days(&[1.0, -0.5, 0.25, 2.0]);
        let whole = Resampling::CircularBlock(NonZeroU32::new(4).unwrap());

        let total = bootstrap(&daily, with(whole)).unwrap().total_pnl.unwrap();

        assert_eq!(
            (total.low.to_string(), total.high.to_string()),
            ("2.7500".into(), "2.7500".into())
        );
    }

    #[test]
    fn the_spread_of_independent_totals_is_that_of_theory() {
        // 400 days of ±1: the total has mean 0 and deviation 20, so 95 % lie within about ±39.2.
        let daily = days(
            &(0..400)
                .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
                .collect::<Vec<_>>(),
        );

        let drawn = bootstrap(&daily, with(Resampling::Independent)).unwrap();

        let total = drawn.total_pnl.unwrap();
        assert!((total.low.dollars() + 39.2).abs() < 4.0, "{total:?}");
        assert!((total.high.dollars() - 39.2).abs() < 4.0, "{total:?}");
        let sharpe = drawn.sharpe.unwrap();
        // Sharpe of iid days has deviation √(365/400).
        assert!(
            (sharpe.high - 1.96 * (365.0_f64 / 400.0).sqrt()).abs() < 0.2,
            "{sharpe:?}"
        );
    }

    #[test]
    fn blocks_keep_runs_of_days_together() {
        // Forty good days, forty bad days: totals spread wider when drawn in blocks than one by one.
        let daily = days(
            &(0..200)
                .map(|i| if i / 40 % 2 == 0 { 1.0 } else { -1.0 })
                .collect::<Vec<_>>(),
        );
        let width = |resampling| {
            let total = bootstrap(&daily, with(resampling)).unwrap().total_pnl.unwrap();
            (total.high - total.low).dollars()
        };

        let blocks = width(Resampling::Stationary { mean_length: 10.0 });

        assert!(blocks > 1.5 * width(Resampling::Independent), "{blocks}");
    }

    #[test]
    fn histories_too_short_have_no_interval() {
        let none = bootstrap(&[], BootstrapSettings::default()).unwrap();
        assert_eq!(
            (none.sharpe, none.total_pnl, none.share_losing),
            (None, None, None)
        );
        let one = bootstrap(&days(&[1.0]), BootstrapSettings::default()).unwrap();
        assert_eq!((one.sharpe, one.without_sharpe), (None, 2_000));
        assert_eq!(one.total_pnl.unwrap().low, Money::DOLLAR);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let settings = BootstrapSettings {
            confidence: 1.0,
            ..BootstrapSettings::default()
        };
        assert_eq!(bootstrap(&[], settings), Err(BootstrapError::Confidence(1.0)));
        let settings = BootstrapSettings {
            replicates: 99,
            ..BootstrapSettings::default()
        };
        assert_eq!(bootstrap(&[], settings), Err(BootstrapError::Replicates(99)));
    }

    proptest! {
        #[test]
        fn every_history_drawn_has_as_many_days_as_the_real_one(
            days in 1_usize..60, seed: u64, length in 1_u32..80, kind in 0..3,
        ) {
            let resampling = match kind {
                0 => Resampling::Independent,
                1 => Resampling::CircularBlock(NonZeroU32::new(length).unwrap()),
                _ => Resampling::Stationary { mean_length: f64::from(length) },
            };
            let mut picks = Vec::new();
            draw(&mut ChaCha8Rng::seed_from_u64(seed), resampling, days, &mut picks);
            prop_assert_eq!(picks.len(), days);
            prop_assert!(picks.iter().all(|&day| day < days));
        }
    }
}
