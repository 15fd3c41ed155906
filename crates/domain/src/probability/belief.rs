//! [`Probability`]: a forecast as an exact number.

use std::fmt;
use std::str::FromStr;

use crate::units::Price;

/// Probability of an event, in billionths: 0.25 is 250 000 000.
///
/// Every [`Price`] is one exactly, and a model's forecast is to nine decimals. Being an integer, forecasts add up to
/// the same scores in whatever order they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Probability(u32);

/// Why a text is no probability.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParseProbabilityError {
    /// No number at all.
    #[error("is not a number")]
    NotANumber,
    /// Below zero or above one.
    #[error("{0} is outside 0 to 1")]
    OutOfRange(f64),
}

impl Probability {
    /// It will not happen.
    pub const ZERO: Probability = Probability(0);
    /// It will.
    pub const ONE: Probability = Probability(1_000_000_000);

    /// Probability of `billionths`; `None` above one.
    #[must_use]
    pub const fn from_billionths(billionths: u32) -> Option<Probability> {
        if billionths <= Self::ONE.0 {
            Some(Probability(billionths))
        } else {
            None
        }
    }

    /// `value` to nine decimals; `None` outside 0 to 1 and for NaN.
    #[must_use]
    pub fn new(value: f64) -> Option<Probability> {
        if !(0.0..=1.0).contains(&value) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between zero and a billion"
        )]
        let billionths = (value * f64::from(Self::ONE.0)).round() as u32;
        Some(Probability(billionths))
    }

    /// Billionths of one.
    #[must_use]
    pub const fn billionths(self) -> u32 {
        self.0
    }

    /// Probability that it does not happen.
    #[must_use]
    pub const fn complement(self) -> Probability {
        Probability(Self::ONE.0 - self.0)
    }

    /// As a float, 0.0 to 1.0.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ONE.0)
    }
}

impl From<Price> for Probability {
    /// A YES price read as the probability it implies, exactly.
    fn from(price: Price) -> Probability {
        Probability(u32::from(price.units()) * 100_000)
    }
}

impl FromStr for Probability {
    type Err = ParseProbabilityError;

    /// A decimal from 0 to 1, kept to nine decimals.
    fn from_str(text: &str) -> Result<Probability, ParseProbabilityError> {
        let value: f64 = text.parse().map_err(|_| ParseProbabilityError::NotANumber)?;
        if value.is_nan() {
            return Err(ParseProbabilityError::NotANumber);
        }
        Probability::new(value).ok_or(ParseProbabilityError::OutOfRange(value))
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_f64(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_lies_between_zero_and_one_to_nine_decimals() {
        assert_eq!("0.05".parse(), Ok(Probability(50_000_000)));
        assert_eq!(
            Probability::new(1.0 / 3.0).map(Probability::billionths),
            Some(333_333_333)
        );
        assert_eq!(
            "1.5".parse::<Probability>(),
            Err(ParseProbabilityError::OutOfRange(1.5))
        );
        assert_eq!(
            "NaN".parse::<Probability>(),
            Err(ParseProbabilityError::NotANumber)
        );
        assert_eq!("x".parse::<Probability>(), Err(ParseProbabilityError::NotANumber));
        assert_eq!(Probability::new(-0.1), None);
        assert_eq!(Probability(50_000_000).complement().to_string(), "0.95");
        let price: Price = "0.1234".parse().unwrap();
        assert_eq!(Probability::from(price), Probability(123_400_000));
    }
}
