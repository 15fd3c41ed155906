//! Exact amounts: [`Price`], [`Quantity`] and [`Money`], integers whose units multiply without rounding.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};
use std::str::FromStr;

/// What one contract trades at, counted in $0.0001: `$0.5600` is 5 600 units.
///
/// Never below $0 or above $1, which is why a YES price can be read as a probability. Any such value is a `Price`; which of
/// them a market takes orders at, its [`TickGrid`](crate::TickGrid) knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Price(u16);

impl Price {
    /// Nothing, what a losing contract settles at.
    pub const ZERO: Price = Price(0);
    /// One dollar, what a winning contract settles at.
    pub const ONE: Price = Price(10_000);

    /// Price of `units` ten-thousandths of a dollar; `None` above one dollar.
    #[must_use]
    pub const fn from_units(units: u16) -> Option<Price> {
        if units <= Self::ONE.0 {
            Some(Price(units))
        } else {
            None
        }
    }

    /// Price of whole cents, as the exchange sent them until early 2026; `None` above 100.
    #[must_use]
    pub const fn from_cents(cents: u8) -> Option<Price> {
        // The widest u8 is 255 cents, so the product stays inside u16.
        Self::from_units(cents as u16 * 100)
    }

    /// Ten-thousandths of a dollar, 0 to 10 000.
    #[must_use]
    pub const fn units(self) -> u16 {
        self.0
    }

    /// What the other contract costs, since the pair always pays one dollar.
    #[must_use]
    pub const fn complement(self) -> Price {
        Price(Self::ONE.0 - self.0)
    }

    /// The price as a probability, 0.0 to 1.0. For statistics only.
    #[must_use]
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// The closest price to a probability; clamps to `[$0, $1]`, and NaN gives `None`.
    #[must_use]
    pub fn nearest(probability: f64) -> Option<Price> {
        if probability.is_nan() {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 0..=10000 just before"
        )]
        let units = (probability.clamp(0.0, 1.0) * 10_000.0).round() as u16;
        Some(Price(units))
    }

    /// This price moved by signed `units` of $0.0001; `None` outside `[$0, $1]`.
    #[must_use]
    pub fn checked_offset(self, units: i32) -> Option<Price> {
        let moved = i32::from(self.0).checked_add(units)?;
        u16::try_from(moved).ok().and_then(Self::from_units)
    }

    /// What one contract at this price costs.
    #[must_use]
    pub const fn per_contract(self) -> Money {
        Money(self.0 as i64 * 100)
    }
}

impl Mul<Quantity> for Price {
    type Output = Money;

    /// Exact: units of $0.0001 times units of 0.01 contract are units of $0.000001.
    fn mul(self, quantity: Quantity) -> Money {
        Money(i64::from(self.0) * quantity.0)
    }
}

/// Number of contracts, in hundredths: one contract is 100. Signed, so that it also serves as a change and as a position
/// (+ YES, − NO).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Quantity(i64);

impl Quantity {
    /// No contracts.
    pub const ZERO: Quantity = Quantity(0);
    /// One contract.
    pub const ONE: Quantity = Quantity(100);
    /// The largest quantity accepted from outside, ten billion contracts: a price times it still fits [`Money`] with room to
    /// add a thousand of them.
    pub const MAX: Quantity = Quantity(1_000_000_000_000);

    /// Quantity of `units` hundredths of a contract.
    #[must_use]
    pub const fn from_units(units: i64) -> Quantity {
        Quantity(units)
    }

    /// Quantity of whole contracts, as the exchange counted them until early 2026.
    #[must_use]
    pub const fn from_contracts(contracts: i32) -> Quantity {
        Quantity(contracts as i64 * 100)
    }

    /// Hundredths of a contract.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// Contracts as a float. For statistics only.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics only")]
    pub fn contracts(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// True when nothing is left.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// True below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The same number of contracts without a sign.
    #[must_use]
    pub const fn abs(self) -> Quantity {
        Quantity(self.0.abs())
    }

    /// Sum, or `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Quantity) -> Option<Quantity> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Quantity(sum)),
            None => None,
        }
    }
}

/// Amount of dollars, in millionths; signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Money(i64);

impl Money {
    /// No money.
    pub const ZERO: Money = Money(0);
    /// One dollar.
    pub const DOLLAR: Money = Money(1_000_000);
    /// The exchange's balance precision for direct members since 2026-05-28, $0.0001.
    pub const CENTICENT: Money = Money(100);
    /// One cent.
    pub const CENT: Money = Money(10_000);

    /// Amount of `micros` millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Money {
        Money(micros)
    }

    /// Amount of whole cents.
    #[must_use]
    pub const fn from_cents(cents: i64) -> Money {
        Money(cents * 10_000)
    }

    /// Amount of whole dollars.
    #[must_use]
    pub const fn from_dollars(dollars: i64) -> Money {
        Money(dollars * 1_000_000)
    }

    /// Millionths of a dollar.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Dollars as a float. For statistics only.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics only")]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Largest multiple of `step` not above this amount; `step` must be positive.
    #[must_use]
    pub const fn floor_to(self, step: Money) -> Money {
        Money(self.0.div_euclid(step.0) * step.0)
    }

    /// Smallest multiple of `step` not below this amount; `step` must be positive.
    #[must_use]
    pub const fn ceil_to(self, step: Money) -> Money {
        Money(-((-self.0).div_euclid(step.0) * step.0))
    }

    /// True at nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True above nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// True below nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Sum, or `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Money) -> Option<Money> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Money(sum)),
            None => None,
        }
    }
}

macro_rules! additive {
    ($($amount:ident),*) => {$(
        impl $amount {
            /// Sum, or the furthest amount there is: for totals that only ever grow.
            #[must_use]
            pub const fn saturating_add(self, other: $amount) -> $amount {
                $amount(self.0.saturating_add(other.0))
            }
        }
        impl Add for $amount {
            type Output = $amount;
            fn add(self, other: $amount) -> $amount {
                $amount(self.0 + other.0)
            }
        }
        impl Sub for $amount {
            type Output = $amount;
            fn sub(self, other: $amount) -> $amount {
                $amount(self.0 - other.0)
            }
        }
        impl AddAssign for $amount {
            fn add_assign(&mut self, other: $amount) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $amount {
            fn sub_assign(&mut self, other: $amount) {
                self.0 -= other.0;
            }
        }
        impl Neg for $amount {
            type Output = $amount;
            fn neg(self) -> $amount {
                $amount(-self.0)
            }
        }
        impl Sum for $amount {
            fn sum<I: Iterator<Item = $amount>>(amounts: I) -> $amount {
                amounts.fold($amount(0), Add::add)
            }
        }
    )*};
}

additive!(Quantity, Money);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// Something other than an optional sign, digits and one point.
    #[error("is not a decimal number")]
    NotDecimal,
    /// More decimals than the unit holds (trailing zeros are fine).
    #[error("has more than {0} decimals")]
    TooPrecise(u32),
    /// Outside the range of the unit.
    #[error("is out of range")]
    OutOfRange,
}

/// Reads `-12.34` as an integer of `10^-decimals`, exactly.
fn parse_decimal(text: &str, decimals: u32) -> Result<i64, ParseAmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return Err(ParseAmountError::NotDecimal);
    }
    let mut value: i64 = 0;
    let mut push = |digit: u8| -> Result<(), ParseAmountError> {
        value = value
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(i64::from(digit)))
            .ok_or(ParseAmountError::OutOfRange)?;
        Ok(())
    };
    let digit = |byte: u8| {
        if byte.is_ascii_digit() {
            Ok(byte - b'0')
        } else {
            Err(ParseAmountError::NotDecimal)
        }
    };
    for byte in whole.bytes() {
        push(digit(byte)?)?;
    }
    let mut seen = 0;
    for byte in fraction.bytes() {
        let digit = digit(byte)?;
        if seen < decimals {
            push(digit)?;
            seen += 1;
        } else if digit != 0 {
            return Err(ParseAmountError::TooPrecise(decimals));
        }
    }
    for _ in seen..decimals {
        push(0)?;
    }
    Ok(if negative { -value } else { value })
}

impl FromStr for Price {
    type Err = ParseAmountError;

    /// Dollars with up to four decimals: `0.56`, `0.5600`, `1`.
    fn from_str(text: &str) -> Result<Price, ParseAmountError> {
        let units = parse_decimal(text, 4)?;
        u16::try_from(units)
            .ok()
            .and_then(Price::from_units)
            .ok_or(ParseAmountError::OutOfRange)
    }
}

impl FromStr for Quantity {
    type Err = ParseAmountError;

    /// Contracts with up to two decimals, at most [`Quantity::MAX`] either way: `12`, `3.14`, `-0.50`.
    fn from_str(text: &str) -> Result<Quantity, ParseAmountError> {
        let quantity = Quantity(parse_decimal(text, 2)?);
        if quantity.abs() > Quantity::MAX {
            Err(ParseAmountError::OutOfRange)
        } else {
            Ok(quantity)
        }
    }
}

impl FromStr for Money {
    type Err = ParseAmountError;

    /// Dollars with up to six decimals: `-0.8820`, `12`, `0.064780`.
    fn from_str(text: &str) -> Result<Money, ParseAmountError> {
        parse_decimal(text, 6).map(Money)
    }
}

impl fmt::Display for Price {
    /// Four decimals, as the exchange writes them: `0.5600`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / 10_000, self.0 % 10_000)
    }
}

impl fmt::Display for Quantity {
    /// Two decimals: `3.14`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", units / 100, units % 100)
    }
}

impl fmt::Display for Money {
    /// Four decimals, or six where the amount needs them: `-0.8820`, `0.064780`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let (dollars, rest) = (micros / 1_000_000, micros % 1_000_000);
        if rest % 100 == 0 {
            write!(f, "{sign}{dollars}.{:04}", rest / 100)
        } else {
            write!(f, "{sign}{dollars}.{rest:06}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_times_a_quantity_is_exact_money() {
        let price: Price = "0.0130".parse().unwrap();
        let quantity: Quantity = "71.94".parse().unwrap();

        assert_eq!((price * quantity).to_string(), "0.935220");
    }

    #[test]
    fn prices_read_every_precision_the_exchange_writes_and_refuse_the_rest() {
        assert_eq!("0.56".parse(), Ok(Price(5_600)));
        assert_eq!("1".parse(), Ok(Price::ONE));
        assert_eq!("0.010000".parse(), Ok(Price(100)));
        assert_eq!("1.0001".parse::<Price>(), Err(ParseAmountError::OutOfRange));
        assert_eq!("-0.01".parse::<Price>(), Err(ParseAmountError::OutOfRange));
        assert_eq!("0.00001".parse::<Price>(), Err(ParseAmountError::TooPrecise(4)));
        for bad in [
            "", ".", "-", "1e-2", "0x1", " 0.5", "0.5 ", "+0.5", "0.5.0", "NaN",
        ] {
            assert_eq!(bad.parse::<Price>(), Err(ParseAmountError::NotDecimal), "{bad:?}");
        }
    }

    #[test]
    fn amounts_print_what_they_parse() {
        for text in ["0.0000", "-0.8820", "0.064780", "12.0000", "-0.000001"] {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), text);
        }
        for text in ["0.00", "-0.50", "3.14", "9000000.00"] {
            assert_eq!(text.parse::<Quantity>().unwrap().to_string(), text);
        }
        assert_eq!(
            "99999999999.00".parse::<Quantity>(),
            Err(ParseAmountError::OutOfRange)
        );
        assert_eq!(
            "99999999999999999999".parse::<Money>(),
            Err(ParseAmountError::OutOfRange)
        );
    }

    #[test]
    fn rounding_goes_down_or_up_for_debts_too() {
        let debt = Money::from_micros(-150);
        assert_eq!(debt.floor_to(Money::CENTICENT), Money::from_micros(-200));
        assert_eq!(debt.ceil_to(Money::CENTICENT), Money::from_micros(-100));
        assert_eq!(
            Money::from_micros(101).ceil_to(Money::CENTICENT),
            Money::from_micros(200)
        );
        assert_eq!(
            Money::from_micros(200).ceil_to(Money::CENTICENT),
            Money::from_micros(200)
        );
    }

    #[test]
    fn the_nearest_price_clamps_and_refuses_nan() {
        assert_eq!(Price::nearest(0.12344), Some(Price(1_234)));
        assert_eq!(Price::nearest(7.0), Some(Price::ONE));
        assert_eq!(Price::nearest(f64::NAN), None);
    }
}
