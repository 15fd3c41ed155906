//! What the exchange charges for a fill: the [`FeeSchedule`] of a series, and the rounding of every balance change.
//!
//! A fill costs up to three things, kept apart in [`FillFee`]: the trade fee of the schedule, the rounding fee that
//! brings the balance back to its precision, and now and then a rebate of rounding fees overpaid in the same order.
//!
//! # Which price, which side
//! The price is that of the contract traded: buying YES and selling YES take the YES price, buying NO and selling NO the NO
//! price. The trade fee does not care, as P × (1 − P) is the same for both. The rounding fee does not care either: a
//! sale of YES at P may be booked as revenue C × P or as a purchase of NO that costs C × (1 − P), because the two differ
//! by C × $1, a whole number of cents for any quantity of 0.01 contract. What it does care about is the direction:
//! paying an amount and receiving it leave different remainders.
//!
//! Source: Kalshi's API documentation, "Fee Rounding"; `tests/real_fills.rs` recomputes fees it really charged.

mod rounding;

use crate::market::{Event, FeeMultiplier, FeeType, Series};
use crate::time::Timestamp;
use crate::units::{Money, Price, Quantity};

pub use rounding::{
    BalancePrecision, FillFee, OrderFees, fee_of_buy, fee_of_sale, rounding_fee, settlement_fee,
};

/// Who a fill's party was: the one who rested, or the one who crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Role {
    /// The order rested in the book.
    Maker,
    /// The order crossed the book.
    Taker,
}

/// Fee per dollar of C × P × (1 − P), before the series' multiplier, in millionths: 0.07 is 70 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FeeRate(u32);

impl FeeRate {
    /// Nothing: makers of most series.
    pub const NONE: FeeRate = FeeRate(0);
    /// 0.07: takers everywhere.
    pub const TAKER: FeeRate = FeeRate(70_000);
    /// 0.0175, a quarter of the taker rate: makers of series with maker fees.
    pub const MAKER_QUARTER: FeeRate = FeeRate(17_500);
    /// 0.035, half of the taker rate: makers of combos.
    pub const MAKER_HALF: FeeRate = FeeRate(35_000);

    /// Millionths of one.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

/// The series charges by a schedule the exchange does not publish (`flat`), so no fee can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fee_type flat: the exchange does not publish this schedule, so the fee is unknown")]
pub struct UnpublishedSchedule;

/// How one market charges: kind and factor, after any override of its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FeeSchedule {
    /// Kind of schedule.
    pub fee_type: FeeType,
    /// Factor on the rate.
    pub multiplier: FeeMultiplier,
}

impl FeeSchedule {
    /// Takers pay the plain rate, makers nothing: what holds where a series says nothing else.
    pub const STANDARD: FeeSchedule = FeeSchedule {
        fee_type: FeeType::Quadratic,
        multiplier: FeeMultiplier::ONE,
    };

    /// The schedule of an event's markets: the event's overrides, else what the series says, else [`Self::STANDARD`].
    #[must_use]
    pub fn of(series: Option<&Series>, event: Option<&Event>) -> FeeSchedule {
        let fee_type = event
            .and_then(|event| event.fee_type_override)
            .or_else(|| series.and_then(|series| series.fee_type));
        let multiplier = event
            .and_then(|event| event.fee_multiplier_override)
            .or_else(|| series.and_then(|series| series.fee_multiplier));
        FeeSchedule {
            fee_type: fee_type.unwrap_or(Self::STANDARD.fee_type),
            multiplier: multiplier.unwrap_or(Self::STANDARD.multiplier),
        }
    }

    /// The schedule at `now` of a market whose fees are waived until `waived_until` (exclusive): nothing while the
    /// waiver lasts, whatever the kind.
    ///
    /// Rounding fees stay: they come from the balance's precision, not from the schedule.
    #[must_use]
    pub fn with_waiver(self, waived_until: Option<Timestamp>, now: Timestamp) -> FeeSchedule {
        match waived_until {
            Some(until) if now < until => FeeSchedule {
                fee_type: FeeType::Quadratic,
                multiplier: FeeMultiplier::from_millionths(0),
            },
            _ => self,
        }
    }

    /// The rate `role` pays, before the multiplier.
    ///
    /// # Errors
    /// [`UnpublishedSchedule`] for `flat`: never silently zero.
    pub const fn rate(self, role: Role) -> Result<FeeRate, UnpublishedSchedule> {
        match (self.fee_type, role) {
            (FeeType::Flat, _) => Err(UnpublishedSchedule),
            (_, Role::Taker) => Ok(FeeRate::TAKER),
            (FeeType::Quadratic, Role::Maker) => Ok(FeeRate::NONE),
            (FeeType::QuadraticWithMakerFees, Role::Maker) => Ok(FeeRate::MAKER_QUARTER),
            (FeeType::QuadraticWithComboMakerFees, Role::Maker) => Ok(FeeRate::MAKER_HALF),
        }
    }

    /// The trade fee of one fill of `quantity` at `price`; see [`trade_fee`].
    ///
    /// # Errors
    /// [`UnpublishedSchedule`] for `flat`.
    pub fn trade_fee(
        self,
        price: Price,
        quantity: Quantity,
        role: Role,
    ) -> Result<Money, UnpublishedSchedule> {
        let rate = self.rate(role)?;
        Ok(trade_fee(price, quantity, rate, self.multiplier))
    }
}

/// Rate × multiplier × C × P × (1 − P), rounded up to the next $0.0001.
///
/// The same for both contracts and for buying and selling; the sign of `quantity` does not matter.
///
/// # Panics
/// Only for a `quantity` far beyond [`Quantity::MAX`], which nothing parsed can be.
#[must_use]
pub fn trade_fee(price: Price, quantity: Quantity, rate: FeeRate, multiplier: FeeMultiplier) -> Money {
    // Units multiply: rate 10⁻⁶, multiplier 10⁻⁶, C 10⁻², P and 1 − P 10⁻⁴ each: together 10⁻²².
    const PER_CENTICENT: u128 = 1_000_000_000_000_000_000;
    // At most 7·10⁴ × 4.3·10⁹ × 10¹² × 2.5·10⁷, far inside 128 bits.
    let exact = u128::from(rate.0)
        * u128::from(multiplier.millionths())
        * u128::from(quantity.units().unsigned_abs())
        * u128::from(price.units())
        * u128::from(price.complement().units());
    let centicents = exact.div_ceil(PER_CENTICENT);
    let micros =
        i64::try_from(centicents * 100).expect("the fee of at most Quantity::MAX contracts fits Money");
    Money::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An exact fraction, kept in lowest terms: the oracle shares no arithmetic with the code it checks.
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Ratio {
        above: i128,
        below: i128,
    }

    impl Ratio {
        fn new(above: i128, below: i128) -> Ratio {
            let (mut a, mut b) = (above.abs(), below.abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            let divisor = a.max(1) * below.signum();
            Ratio {
                above: above / divisor,
                below: below / divisor,
            }
        }

        fn times(self, other: Ratio) -> Ratio {
            Ratio::new(self.above * other.above, self.below * other.below)
        }

        fn minus(self, other: Ratio) -> Ratio {
            Ratio::new(
                self.above * other.below - other.above * self.below,
                self.below * other.below,
            )
        }

        fn ceil(self) -> i128 {
            -(-self.above).div_euclid(self.below)
        }
    }

    fn oracle(price: Price, quantity: Quantity, rate: Ratio, multiplier: FeeMultiplier) -> Money {
        let p = Ratio::new(i128::from(price.units()), 10_000);
        let count = Ratio::new(i128::from(quantity.units()), 100);
        let factor = Ratio::new(i128::from(multiplier.millionths()), 1_000_000);
        let dollars = rate
            .times(factor)
            .times(count)
            .times(p)
            .times(Ratio::new(1, 1).minus(p));
        let centicents = dollars.times(Ratio::new(10_000, 1)).ceil();
        Money::from_micros(i64::try_from(centicents * 100).unwrap())
    }

    fn fee(price: &str, quantity: &str, schedule: FeeSchedule, role: Role) -> String {
        schedule
            .trade_fee(price.parse().unwrap(), quantity.parse().unwrap(), role)
            .unwrap()
            .to_string()
    }

    #[test]
    fn takers_pay_seven_percent_of_the_variance_rounded_up() {
        // 0.07 × 0.52 × 0.48 = 0.017472; 0.07 × 0.99 × 0.01 = 0.000693; 0.07 × 71.94 × 0.013 × 0.987 = 0.06461…
        let taker = |price, quantity| fee(price, quantity, FeeSchedule::STANDARD, Role::Taker);
        assert_eq!(taker("0.52", "1"), "0.0175");
        assert_eq!(taker("0.99", "1"), "0.0007");
        assert_eq!(taker("0.0130", "71.94"), "0.0647");
        assert_eq!(taker("0", "100"), "0.0000");
        assert_eq!(taker("1", "100"), "0.0000");
        assert_eq!(taker("0.5", "100"), "1.7500");
    }

    #[test]
    fn makers_pay_by_the_kind_of_their_series() {
        let maker = |fee_type| {
            let schedule = FeeSchedule {
                fee_type,
                multiplier: FeeMultiplier::ONE,
            };
            fee("0.5", "100", schedule, Role::Maker)
        };
        assert_eq!(maker(FeeType::Quadratic), "0.0000");
        assert_eq!(maker(FeeType::QuadraticWithMakerFees), "0.4375");
        assert_eq!(maker(FeeType::QuadraticWithComboMakerFees), "0.8750");
    }

    #[test]
    fn an_unpublished_schedule_is_an_error_for_both_roles() {
        let flat = FeeSchedule {
            fee_type: FeeType::Flat,
            multiplier: FeeMultiplier::ONE,
        };
        assert_eq!(flat.rate(Role::Taker), Err(UnpublishedSchedule));
        assert_eq!(flat.rate(Role::Maker), Err(UnpublishedSchedule));
    }

    #[test]
    fn a_waiver_lifts_the_trade_fee_until_it_expires() {
        let flat = FeeSchedule {
            fee_type: FeeType::Flat,
            multiplier: FeeMultiplier::ONE,
        };
        let until = Timestamp::from_micros(1_000);
        let before = flat.with_waiver(Some(until), Timestamp::from_micros(999));
        assert_eq!(fee("0.5", "100", before, Role::Taker), "0.0000");
        assert_eq!(flat.with_waiver(Some(until), until), flat);
        assert_eq!(flat.with_waiver(None, until), flat);
    }

    #[test]
    fn an_event_overrides_its_series_and_the_standard_fills_the_rest() {
        let series = Series {
            ticker: "KXS".parse().unwrap(),
            title: None,
            category: None,
            frequency: None,
            fee_type: Some(FeeType::QuadraticWithMakerFees),
            fee_multiplier: Some(FeeMultiplier::from_millionths(500_000)),
        };
        let half = FeeSchedule::of(Some(&series), None);
        assert_eq!(fee("0.5", "100", half, Role::Taker), "0.8750");
        assert_eq!(half.rate(Role::Maker), Ok(FeeRate::MAKER_QUARTER));
        assert_eq!(FeeSchedule::of(None, None), FeeSchedule::STANDARD);
    }

    proptest! {
        #[test]
        fn the_trade_fee_is_what_rational_arithmetic_says(
            price in 0u16..=10_000,
            units in 0i64..=1_000_000_000_000,
            millionths in 0u32..=1_000_000_000,
        ) {
            let price = Price::from_units(price).unwrap();
            let quantity = Quantity::from_units(units);
            let multiplier = FeeMultiplier::from_millionths(millionths);
            for (rate, exact) in [
                (FeeRate::TAKER, Ratio::new(7, 100)),
                (FeeRate::MAKER_QUARTER, Ratio::new(7, 400)),
                (FeeRate::MAKER_HALF, Ratio::new(7, 200)),
                (FeeRate::NONE, Ratio::new(0, 1)),
            ] {
                let fee = trade_fee(price, quantity, rate, multiplier);
                prop_assert_eq!(fee, oracle(price, quantity, exact, multiplier));
                prop_assert_eq!(fee, trade_fee(price.complement(), -quantity, rate, multiplier));
            }
        }
    }
}
