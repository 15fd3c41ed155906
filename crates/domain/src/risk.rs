//! Risk: Sharpe, Sortino, drawdown, hit rate, profit factor, value at risk, expected shortfall.
//!
//! Amounts stay exact as long as they are amounts ([`Money`]); ratios are `f64`. Days are UTC, the riskless rate is zero.

mod tail;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Sub;

use crate::time::Timestamp;
use crate::units::Money;

pub use tail::{Confidence, expected_shortfall, value_at_risk};

/// Periods in a year for ratios of daily P&L: prediction markets trade every day.
pub const DAYS_PER_YEAR: f64 = 365.0;

/// P&L of every UTC day from the first to the last booking, days without one counted as zero. The order of `bookings`
/// does not matter; empty when there are none.
pub fn daily_pnl(bookings: impl IntoIterator<Item = (Timestamp, Money)>) -> Vec<Money> {
    let mut by_day: BTreeMap<i64, Money> = BTreeMap::new();
    for (time, pnl) in bookings {
        *by_day.entry(time.day()).or_default() += pnl;
    }
    let (Some((&first, _)), Some((&last, _))) = (by_day.first_key_value(), by_day.last_key_value()) else {
        return Vec::new();
    };
    (first..=last)
        .map(|day| by_day.get(&day).copied().unwrap_or_default())
        .collect()
}

/// Running sum of `bookings` in order of time, one point for each time that has any, counted from zero before the first.
/// The order of `bookings` does not matter.
pub fn equity_curve(bookings: impl IntoIterator<Item = (Timestamp, Money)>) -> Vec<(Timestamp, Money)> {
    let mut by_time: BTreeMap<Timestamp, Money> = BTreeMap::new();
    for (time, pnl) in bookings {
        *by_time.entry(time).or_default() += pnl;
    }
    let mut equity = Money::ZERO;
    by_time
        .into_iter()
        .map(|(time, pnl)| {
            equity += pnl;
            (time, equity)
        })
        .collect()
}

/// Annualised Sharpe ratio of daily P&L: mean / standard deviation (n − 1) × √[`DAYS_PER_YEAR`].
///
/// `None` under two days or when every day is the same.
pub fn sharpe(daily: &[Money]) -> Option<f64> {
    sharpe_of_dollars(&dollars(daily))
}

/// [`sharpe`] of P&L already in dollars, for resampled series.
pub fn sharpe_of_dollars(daily: &[f64]) -> Option<f64> {
    // Compared before any rounding, as the mean of equal numbers may differ from them in the last bit.
    let all_equal = daily
        .windows(2)
        .all(|pair| pair[0].partial_cmp(&pair[1]) == Some(Ordering::Equal));
    if daily.len() < 2 || all_equal {
        return None;
    }
    let mean = mean(daily);
    let squares: f64 = daily.iter().map(|day| (day - mean).powi(2)).sum();
    let deviation = (squares / (daily.len() - 1) as f64).sqrt();
    ratio(mean * DAYS_PER_YEAR.sqrt(), deviation)
}

/// Annualised Sortino ratio of daily P&L: mean / √(mean of min(0, day)²) × √[`DAYS_PER_YEAR`].
///
/// `None` under two days or without a losing day.
pub fn sortino(daily: &[Money]) -> Option<f64> {
    sortino_of_dollars(&dollars(daily))
}

/// [`sortino`] of P&L already in dollars, for resampled series.
pub fn sortino_of_dollars(daily: &[f64]) -> Option<f64> {
    if daily.len() < 2 {
        return None;
    }
    let squares: f64 = daily.iter().map(|day| day.min(0.0).powi(2)).sum();
    let downside = (squares / daily.len() as f64).sqrt();
    ratio(mean(daily) * DAYS_PER_YEAR.sqrt(), downside)
}

/// The largest fall of an equity curve from a peak before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawdown<T> {
    /// Peak less trough, above zero.
    pub fall: T,
    /// Index of the peak; `None` for the start of the curve, before its first point.
    pub peak: Option<usize>,
    /// Index of the trough.
    pub trough: usize,
}

/// Largest fall of a curve that starts at zero before its first point; the earliest of equal ones. `None` if it never
/// falls.
pub fn max_drawdown(curve: &[Money]) -> Option<Drawdown<Money>> {
    largest_fall(Money::ZERO, curve)
}

/// [`max_drawdown`] of a curve already in dollars, for resampled series.
pub fn max_drawdown_of_dollars(curve: &[f64]) -> Option<Drawdown<f64>> {
    largest_fall(0.0, curve)
}

fn largest_fall<T: Copy + PartialOrd + Sub<Output = T>>(start: T, curve: &[T]) -> Option<Drawdown<T>> {
    let mut peak = (start, None);
    let mut worst: Option<Drawdown<T>> = None;
    for (index, point) in curve.iter().copied().enumerate() {
        if point > peak.0 {
            peak = (point, Some(index));
        }
        let fall = peak.0 - point;
        if point < peak.0 && worst.is_none_or(|worst| fall > worst.fall) {
            worst = Some(Drawdown {
                fall,
                peak: peak.1,
                trough: index,
            });
        }
    }
    worst
}

/// Share of results above zero; `None` without results.
pub fn hit_rate(results: &[Money]) -> Option<f64> {
    let wins = results.iter().filter(|result| result.is_positive()).count();
    ratio(wins as f64, results.len() as f64)
}

/// Sum of the gains over the sum of the losses, above one when money was made; `None` without a loss.
pub fn profit_factor(results: &[Money]) -> Option<f64> {
    let sum = |sign: fn(Money) -> bool| -> Money { results.iter().copied().filter(|r| sign(*r)).sum() };
    ratio(
        sum(Money::is_positive).dollars(),
        (-sum(Money::is_negative)).dollars(),
    )
}

fn dollars(amounts: &[Money]) -> Vec<f64> {
    amounts.iter().map(|amount| amount.dollars()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn ratio(above: f64, below: f64) -> Option<f64> {
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dollars(amounts: &[i64]) -> Vec<Money> {
        amounts
            .iter()
            .map(|dollars| Money::from_dollars(*dollars))
            .collect()
    }

    fn close(left: Option<f64>, right: f64) -> bool {
        left.is_some_and(|left| (left - right).abs() < 1e-12)
    }

    #[test]
    fn quiet_days_between_bookings_count() {
        let at = |day, hour: i64| Timestamp::from_day(day).plus_seconds(hour * 3_600);
        let bookings = [
            (at(20_003, 1), Money::from_dollars(5)),
            (at(20_000, 23), Money::from_dollars(1)),
            (at(20_000, 0), Money::from_dollars(2)),
            (at(20_003, 1), Money::from_dollars(-9)),
        ];

        assert_eq!(daily_pnl(bookings), dollars(&[3, 0, 0, -4]));
        assert_eq!(
            equity_curve(bookings),
            [(at(20_000, 0), 2), (at(20_000, 23), 3), (at(20_003, 1), -1)]
                .map(|(time, sum)| (time, Money::from_dollars(sum)))
        );
        assert!(daily_pnl([]).is_empty() && equity_curve([]).is_empty());
    }

    #[test]
    fn sharpe_and_sortino_are_annualised_over_every_day() {
        // Mean 1, deviations 0, 2, -2: standard deviation √(8 / 2) = 2; downside √(1 / 3).
        let daily = dollars(&[1, 3, -1]);

        assert!(close(sharpe(&daily), 365f64.sqrt() / 2.0));
        assert!(close(sortino(&daily), 365f64.sqrt() * 3f64.sqrt()));
    }

    #[test]
    fn too_little_spread_gives_no_ratio() {
        assert_eq!(sharpe(&dollars(&[7])), None);
        assert_eq!(sharpe(&[Money::CENT; 3]), None);
        assert_eq!(sortino(&dollars(&[-7])), None);
        assert_eq!(sortino(&dollars(&[1, 2])), None);
        assert_eq!((sharpe(&[]), sortino(&[])), (None, None));
        assert!(close(sortino(&dollars(&[-1, -1])), -(365f64.sqrt())));
    }

    #[test]
    fn drawdown_is_the_largest_fall_from_a_peak_before_it() {
        let fall = |points: &[i64]| {
            max_drawdown(&dollars(points)).map(|d| (d.fall.micros() / 1_000_000, d.peak, d.trough))
        };
        assert_eq!(fall(&[2, 5, 3, 6, 1, 9, 5]), Some((5, Some(3), 4)));
        assert_eq!(fall(&[-3, -1, -4]), Some((4, None, 2)));
        assert_eq!(fall(&[1, 1, 2]), None);
        assert_eq!(fall(&[]), None);
        assert_eq!(max_drawdown_of_dollars(&[0.5, 0.25]).map(|d| d.fall), Some(0.25));
    }

    #[test]
    fn hits_and_profit_factor_look_at_the_sign_of_each_result() {
        let results = dollars(&[4, -1, 0, 2, -2]);
        assert_eq!(hit_rate(&results), Some(0.4));
        assert_eq!(profit_factor(&results), Some(2.0));
        assert_eq!(profit_factor(&dollars(&[1])), None);
        assert_eq!(hit_rate(&[]), None);
    }

    proptest! {
        #[test]
        fn scaling_every_day_leaves_the_ratios(
            daily in prop::collection::vec(-1_000_000i64..1_000_000, 2..50),
            factor in 2i64..1_000,
        ) {
            let plain: Vec<Money> = daily.iter().map(|day| Money::from_micros(*day)).collect();
            let scaled: Vec<Money> = daily.iter().map(|day| Money::from_micros(day * factor)).collect();
            for measure in [sharpe, sortino] {
                match (measure(&plain), measure(&scaled)) {
                    (Some(one), Some(other)) => prop_assert!((one - other).abs() <= 1e-6 * one.abs().max(1.0)),
                    (one, other) => prop_assert_eq!(one, other),
                }
            }
        }

        #[test]
        fn drawdown_is_what_comparing_every_pair_finds(points in prop::collection::vec(-100i64..100, 0..40)) {
            let curve = dollars(&points);
            let with_start: Vec<i64> = std::iter::once(0).chain(points.iter().copied()).collect();
            let worst = (0..with_start.len())
                .flat_map(|peak| (peak..with_start.len()).map(move |trough| (peak, trough)))
                .map(|(peak, trough)| with_start[peak] - with_start[trough])
                .max()
                .unwrap_or(0);
            let found = max_drawdown(&curve).map_or(0, |drawdown| drawdown.fall.micros() / 1_000_000);
            prop_assert_eq!(found, worst);
        }
    }
}
