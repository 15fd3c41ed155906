//! The bad tail of past results: historical value at risk and expected shortfall.

use crate::units::Money;

/// Share of results that should not be worse than the value at risk, in basis points: 95 % is 9 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(u16);

impl Confidence {
    /// 95 %.
    pub const P95: Confidence = Confidence(9_500);
    /// 99 %.
    pub const P99: Confidence = Confidence(9_900);

    /// A confidence of `basis_points`; `None` outside 1 to 9 999.
    #[must_use]
    pub const fn from_basis_points(basis_points: u16) -> Option<Confidence> {
        match basis_points {
            1..=9_999 => Some(Confidence(basis_points)),
            _ => None,
        }
    }

    /// Share of the tail beyond it, in basis points.
    const fn tail(self) -> u128 {
        10_000 - self.0 as u128
    }
}

/// Historical value at risk: the smallest loss that at least `confidence` of the results did not exceed. Positive for a
/// loss, negative when even that result was a gain; `None` without results.
///
/// An order statistic, so always one of the results: of n, number ⌊(1 − c) × n⌋ + 1 from the worst, without
/// interpolation. The other conventions lie between it and its neighbour.
pub fn value_at_risk(results: &[Money], confidence: Confidence) -> Option<Money> {
    let sorted = worst_first(results);
    let (beyond, _) = tail_of(sorted.len(), confidence);
    sorted.get(beyond).map(|result| -*result)
}

/// Expected shortfall in dollars: the mean loss of the worst (1 − c) × n results, the last of them counted by the fraction
/// that belongs to the tail. Positive for a loss, never less than [`value_at_risk`]; `None` without results.
///
/// Source: Acerbi and Tasche (2002), "On the coherence of expected shortfall".
pub fn expected_shortfall(results: &[Money], confidence: Confidence) -> Option<f64> {
    let sorted = worst_first(results);
    let (beyond, fraction) = tail_of(sorted.len(), confidence);
    let edge = sorted.get(beyond)?;
    // In basis points of a result, so that the whole sum is exact.
    let whole: i128 = sorted[..beyond]
        .iter()
        .map(|result| i128::from(result.micros()))
        .sum();
    let weighted = whole * 10_000 + i128::from(edge.micros()) * i128::from(fraction);
    let weight = confidence.tail() as f64 * sorted.len() as f64;
    Some(-(weighted as f64) / weight / 1e6)
}

fn worst_first(results: &[Money]) -> Vec<Money> {
    let mut sorted = results.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Size of the tail of `n` results: whole results, and basis points of the next.
fn tail_of(n: usize, confidence: Confidence) -> (usize, u16) {
    let basis_points = confidence.tail() * n as u128;
    let whole = usize::try_from(basis_points / 10_000).expect("the tail is smaller than the whole");
    let fraction = u16::try_from(basis_points % 10_000).expect("a remainder of ten thousand");
    (whole, fraction)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn results(dollars: impl IntoIterator<Item = i64>) -> Vec<Money> {
        dollars.into_iter().map(Money::from_dollars).collect()
    }

    fn confidence(basis_points: u16) -> Confidence {
        Confidence::from_basis_points(basis_points).unwrap()
    }

    #[test]
    fn the_value_at_risk_of_a_hundred_results_is_the_sixth_worst() {
        // Losses 1 to 100: at most 5 of them exceed 95; the five worst, 96 to 100, average 98.
        let hundred = results((1..=100).map(|loss| -loss));

        assert_eq!(
            value_at_risk(&hundred, Confidence::P95),
            Some(Money::from_dollars(95))
        );
        assert_eq!(expected_shortfall(&hundred, Confidence::P95), Some(98.0));
    }

    #[test]
    fn a_tail_smaller_than_one_result_is_the_worst_one() {
        let ten = results([5, -2, 7, -9, 1, 1, 1, 1, 1, 1]);

        assert_eq!(value_at_risk(&ten, Confidence::P95), Some(Money::from_dollars(9)));
        assert_eq!(expected_shortfall(&ten, Confidence::P95), Some(9.0));
        // 15 % of ten: the worst whole, and half of the next: (9 + 1) / 1.5.
        assert_eq!(
            value_at_risk(&ten, confidence(8_500)),
            Some(Money::from_dollars(2))
        );
        assert_eq!(expected_shortfall(&ten, confidence(8_500)), Some(10.0 / 1.5));
    }

    #[test]
    fn nothing_is_at_risk_without_results_and_gains_are_negative_losses() {
        assert_eq!(value_at_risk(&[], Confidence::P99), None);
        assert_eq!(expected_shortfall(&[], Confidence::P99), None);
        assert_eq!(
            value_at_risk(&results([3, 4]), Confidence::P99),
            Some(Money::from_dollars(-3))
        );
        assert_eq!(Confidence::from_basis_points(0), None);
        assert_eq!(Confidence::from_basis_points(10_000), None);
    }

    proptest! {
        #[test]
        fn shortfall_is_at_least_the_value_at_risk_and_never_punishes_pooling(
            pairs in prop::collection::vec((-1_000i64..1_000, -1_000i64..1_000), 1..60),
            basis_points in 1u16..10_000,
        ) {
            let confidence = confidence(basis_points);
            let one = results(pairs.iter().map(|pair| pair.0));
            let other = results(pairs.iter().map(|pair| pair.1));
            let both = results(pairs.iter().map(|pair| pair.0 + pair.1));
            let shortfall = |results: &[Money]| expected_shortfall(results, confidence).unwrap();

            let at_risk = value_at_risk(&one, confidence).unwrap();
            prop_assert!(shortfall(&one) >= at_risk.dollars() - 1e-9);
            prop_assert!(shortfall(&both) <= shortfall(&one) + shortfall(&other) + 1e-9);
            let worse = one.iter().filter(|result| -**result > at_risk).count();
            prop_assert!(worse as u128 * 10_000 <= confidence.tail() * one.len() as u128);
        }
    }
}
