//! What quotes say about probabilities, alone and over an exclusive event.

use crate::position::{MarkPolicy, Quote};
use crate::side::Side;
use crate::units::{Price, Quantity};

/// Probability of YES that a quote implies: the mid where both sides are quoted, else the last trade; `None` where neither
/// is known.
#[must_use]
pub fn implied_probability(quote: Quote) -> Option<f64> {
    quote
        .mark(MarkPolicy::Mid, Side::Yes)
        .map(|(mark, _)| f64::from(mark.half_ticks()) / 20_000.0)
}

/// The mid weighted by the opposite side's size: closer to the ask when more is bid, so a better guess of the next mid.
///
/// `None` unless both sides hold something.
#[must_use]
pub fn microprice(bid: (Price, Quantity), ask: (Price, Quantity)) -> Option<f64> {
    let (bid_size, ask_size) = (bid.1.contracts(), ask.1.contracts());
    (bid_size > 0.0 && ask_size > 0.0)
        .then(|| (bid.0.probability() * ask_size + ask.0.probability() * bid_size) / (bid_size + ask_size))
}

/// How far the implied probabilities of outcomes that exclude each other exceed one; below zero when they fall short.
#[must_use]
pub fn overround(implied: &[f64]) -> f64 {
    implied.iter().sum::<f64>() - 1.0
}

/// How implied probabilities are brought to a sum of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Devig {
    /// Each divided by their sum.
    #[default]
    Proportional,
    /// Each raised to the one power that makes them sum to one: takes more from long shots, as their prices carry more of
    /// the margin (favourite-longshot bias).
    Power,
}

/// Probabilities of outcomes of which exactly one happens, from what their prices imply: non-negative, summing to one. Where
/// none of them may happen, that is an outcome too and belongs into the list.
///
/// `None` when an input is outside 0 to 1 or not a number, when all are zero, and for [`Devig::Power`] when a price of one
/// leaves nothing to others above zero.
#[must_use]
pub fn devig(implied: &[f64], method: Devig) -> Option<Vec<f64>> {
    let sum: f64 = implied.iter().sum();
    if sum <= 0.0 || !implied.iter().all(|p| (0.0..=1.0).contains(p)) {
        return None;
    }
    let scaled = match method {
        Devig::Proportional => implied.to_vec(),
        Devig::Power => {
            let power = power_to_one(implied)?;
            implied.iter().map(|p| p.powf(power)).collect()
        }
    };
    // After a power search this only takes away its last rounding error.
    let sum: f64 = scaled.iter().sum();
    Some(scaled.into_iter().map(|p| p / sum).collect())
}

/// The k > 0 for which Σ pᵏ = 1, by bisection; `None` where there is none.
fn power_to_one(implied: &[f64]) -> Option<f64> {
    let positive = implied.iter().filter(|p| **p > 0.0).count();
    let certain = implied.iter().filter(|p| **p >= 1.0).count();
    // The sum falls from the number of positive prices at k = 0 to the number of certain ones as k grows.
    match (positive, certain) {
        (1, 1) => return Some(1.0),
        (0 | 1, _) | (_, 1..) => return None,
        _ => {}
    }
    let sum_at = |power: f64| {
        implied
            .iter()
            .filter(|p| **p > 0.0)
            .map(|p| p.powf(power))
            .sum::<f64>()
    };
    let (mut low, mut high) = (0.0, 1.0);
    while sum_at(high) > 1.0 {
        (low, high) = (high, high * 2.0);
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if sum_at(middle) > 1.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn near(left: &[f64], right: &[f64]) -> bool {
        left.len() == right.len() && left.iter().zip(right).all(|(l, r)| (l - r).abs() < 1e-9)
    }

    #[test]
    fn a_quote_implies_its_mid_and_else_the_last_trade() {
        let mut quote = Quote {
            yes_bid: Some(price("0.40")),
            yes_ask: Some(price("0.43")),
            last: Some(price("0.10")),
        };
        assert_eq!(implied_probability(quote), Some(0.415));
        quote.yes_bid = None;
        assert_eq!(implied_probability(quote), Some(0.10));
        assert_eq!(implied_probability(Quote::default()), None);
    }

    #[test]
    fn the_microprice_leans_to_the_thinner_side() {
        let contracts = Quantity::from_contracts;
        let micro = microprice((price("0.40"), contracts(30)), (price("0.50"), contracts(10)));
        assert!(near(&[micro.unwrap()], &[0.475]));
        assert_eq!(
            microprice((price("0.40"), Quantity::ZERO), (price("0.50"), contracts(1))),
            None
        );
    }

    #[test]
    fn the_margin_is_taken_out() {
        let implied = [0.55, 0.35, 0.20];
        assert!((overround(&implied) - 0.1).abs() < 1e-12);
        assert!(near(
            &devig(&implied, Devig::Proportional).unwrap(),
            &[0.5, 0.35 / 1.1, 0.2 / 1.1]
        ));
        // 0.5² + 0.5² + 0.7071…² = 1: the power is two.
        let root = 0.5f64.sqrt();
        assert!(near(
            &devig(&[0.5, 0.5, root], Devig::Power).unwrap(),
            &[0.25, 0.25, 0.5]
        ));
        assert_eq!(devig(&[0.0, 0.0], Devig::Proportional), None);
        assert_eq!(devig(&[1.0, 0.2], Devig::Power), None);
        assert_eq!(devig(&[0.5, f64::NAN], Devig::Proportional), None);
        assert_eq!(devig(&[1.0, 0.0], Devig::Power), Some(vec![1.0, 0.0]));
    }

    proptest! {
        #[test]
        fn devigged_probabilities_sum_to_one_and_keep_their_order(
            implied in prop::collection::vec(0.001f64..0.999, 2..12),
        ) {
            for method in [Devig::Proportional, Devig::Power] {
                let fair = devig(&implied, method).unwrap();
                prop_assert!((fair.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                prop_assert!(fair.iter().all(|p| (0.0..=1.0).contains(p)));
                for (left, right) in implied.iter().zip(&fair).zip(implied.iter().zip(&fair).skip(1)) {
                    prop_assert!(left.0 < right.0 || left.1 >= right.1);
                }
            }
        }
    }
}
