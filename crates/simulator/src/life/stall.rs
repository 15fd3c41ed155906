//! One market as the traders see it: [`Stall`], how busy it is and who quotes in it.

use kmi_domain::matching::{MarketId, OrderId};
use kmi_domain::{BookSide, Price, Quantity, Ticker};
use serde::{Deserialize, Serialize};

use crate::world::chance::Chance;
use crate::world::hidden::Claim;
use crate::world::plan::Lots;

/// A market people trade in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stall {
    pub(super) market: MarketId,
    pub(super) ticker: Ticker,
    /// Number of its question.
    pub(super) question: u32,
    pub(super) claim: Claim,
    pub(super) lots: Lots,
    pub(super) bustle: Bustle,
    /// In how many draws somebody acts here, in comparison; see `Weights`.
    pub(super) weight: u32,
    /// What the makers rest, as far as they know.
    pub(super) quotes: Vec<Quote>,
}

/// An order of a market maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Quote {
    pub(super) maker: u8,
    pub(super) side: BookSide,
    pub(super) price: Price,
    pub(super) order: OrderId,
}

/// How busy a market is: most are quiet, few are crowded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Bustle {
    Quiet,
    Lively,
    Crowded,
}

impl Bustle {
    /// Of a market whose weight is so many times the average.
    pub(super) fn of(share: f64) -> Bustle {
        if share > 3.0 {
            Bustle::Crowded
        } else if share > 0.6 {
            Bustle::Lively
        } else {
            Bustle::Quiet
        }
    }

    /// Market makers, at most [`MAKERS`].
    pub(super) const fn makers(self) -> u8 {
        match self {
            Bustle::Quiet => 1,
            Bustle::Lively => 2,
            Bustle::Crowded => 3,
        }
    }

    /// Levels each of them quotes on a side.
    pub(super) const fn levels(self) -> u8 {
        match self {
            Bustle::Quiet => 2,
            Bustle::Lively => 3,
            Bustle::Crowded => 5,
        }
    }

    /// Least and most distance of a best quote from what its maker believes, in dollars, at even odds.
    pub(super) const fn half_spread(self) -> (f64, f64) {
        match self {
            Bustle::Quiet => (0.014, 0.03),
            Bustle::Lively => (0.007, 0.016),
            Bustle::Crowded => (0.004, 0.009),
        }
    }

    /// Median contracts of a quote.
    pub(super) const fn size(self) -> f64 {
        match self {
            Bustle::Quiet => 25.0,
            Bustle::Lively => 90.0,
            Bustle::Crowded => 350.0,
        }
    }
}

/// Market makers there are.
pub(super) const MAKERS: usize = 3;

impl Stall {
    /// An amount of about `median` contracts, whole unless the market trades parts and people there like them.
    pub(super) fn amount(&self, median: f64, hands: &mut Chance) -> Quantity {
        let hundredths = 100.0 * hands.about(median, 0.7).clamp(0.05, 1e6);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "clamped between five and a hundred million"
        )]
        let hundredths = hundredths as i64;
        match self.lots {
            Lots::Fractional if hands.happens(0.4) => Quantity::from_units(hundredths),
            _ => Quantity::from_units((hundredths / 100).max(1) * 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_markets_are_crowded_and_have_more_of_everything() {
        assert_eq!(
            [0.1, 1.0, 9.0].map(Bustle::of),
            [Bustle::Quiet, Bustle::Lively, Bustle::Crowded]
        );
        for pair in [Bustle::Quiet, Bustle::Lively, Bustle::Crowded].windows(2) {
            assert!(pair[0].makers() < pair[1].makers() && pair[0].levels() < pair[1].levels());
            assert!(pair[0].size() < pair[1].size() && pair[0].half_spread().1 > pair[1].half_spread().1);
        }
        assert_eq!(usize::from(Bustle::Crowded.makers()), MAKERS);
    }
}
