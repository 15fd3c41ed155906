//! Expected value, Kelly's stake and growth of buying a contract, fees included.

use crate::fees::{FeeSchedule, Role, UnpublishedSchedule};
use crate::side::Side;
use crate::units::{Money, Price, Quantity};

/// A belief about one side against what that side costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bet {
    /// The contract bought.
    pub side: Side,
    /// Its price.
    pub price: Price,
    /// Probability that it pays, 0 to 1.
    pub belief: f64,
    /// Price and fee of one contract, in dollars: also the belief at which the bet breaks even.
    pub cost: f64,
}

impl Bet {
    /// Buying `side` at `price`, believing in YES with `yes_belief`, as `role` under `schedule`.
    ///
    /// # Errors
    /// [`UnpublishedSchedule`] when the fee is unknown.
    pub fn new(
        side: Side,
        price: Price,
        yes_belief: f64,
        schedule: FeeSchedule,
        role: Role,
    ) -> Result<Bet, UnpublishedSchedule> {
        let belief = match side {
            Side::Yes => yes_belief,
            Side::No => 1.0 - yes_belief,
        };
        Ok(Bet {
            side,
            price,
            belief,
            cost: cost_per_contract(price, schedule, role)?,
        })
    }

    /// Expected profit of one contract after fees, in dollars.
    #[must_use]
    pub fn expected_value(&self) -> f64 {
        self.belief - self.cost
    }

    /// Expected profit per dollar paid.
    #[must_use]
    pub fn expected_return(&self) -> f64 {
        self.expected_value() / self.cost
    }

    /// [`kelly_fraction`] of this bet.
    #[must_use]
    pub fn kelly_fraction(&self) -> f64 {
        kelly_fraction(self.belief, self.cost)
    }

    /// [`growth_rate`] of this bet.
    #[must_use]
    pub fn growth_rate(&self, fraction: f64) -> f64 {
        growth_rate(self.belief, self.cost, fraction)
    }
}

/// Price and fee of one contract in dollars, without the fee's rounding, which vanishes in larger orders.
///
/// # Errors
/// [`UnpublishedSchedule`] when the fee is unknown.
pub fn cost_per_contract(
    price: Price,
    schedule: FeeSchedule,
    role: Role,
) -> Result<f64, UnpublishedSchedule> {
    let rate = f64::from(schedule.rate(role)?.millionths()) / 1e6;
    let factor = f64::from(schedule.multiplier.millionths()) / 1e6;
    let p = price.probability();
    Ok(p + rate * factor * p * (1.0 - p))
}

/// The better of buying YES at `yes_ask` and NO at `no_ask`, for a taker who believes in YES with `yes_belief`: the one with
/// the larger expected value, if that is above zero.
///
/// # Errors
/// [`UnpublishedSchedule`] when the fee is unknown.
pub fn better_bet(
    yes_belief: f64,
    yes_ask: Option<Price>,
    no_ask: Option<Price>,
    schedule: FeeSchedule,
) -> Result<Option<Bet>, UnpublishedSchedule> {
    let mut chosen: Option<Bet> = None;
    for (side, ask) in [(Side::Yes, yes_ask), (Side::No, no_ask)] {
        let Some(price) = ask else { continue };
        let bet = Bet::new(side, price, yes_belief, schedule, Role::Taker)?;
        let edge = bet.expected_value();
        if edge > 0.0 && chosen.is_none_or(|other| edge > other.expected_value()) {
            chosen = Some(bet);
        }
    }
    Ok(chosen)
}

/// Share of the bankroll to stake on a contract that pays $1 with probability `p` and costs `cost` dollars, fee included.
///
/// Kelly's (p − cost) / (1 − cost). Zero without an edge, never a short; zero too when the cost leaves nothing to win.
/// Source: Kelly (1956), "A New Interpretation of Information Rate".
#[must_use]
pub fn kelly_fraction(p: f64, cost: f64) -> f64 {
    if cost < 1.0 {
        ((p - cost) / (1.0 - cost)).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Expected growth of the bankroll's logarithm per bet when `fraction` of it is staked: p ln(1 + f (1 − c) / c) +
/// (1 − p) ln(1 − f).
///
/// `fraction` from 0 to 1, `cost` above zero. Minus infinity when everything may be lost.
#[must_use]
pub fn growth_rate(p: f64, cost: f64, fraction: f64) -> f64 {
    // Zero times minus infinity is not a number, though an outcome that cannot happen costs nothing.
    let weigh = |weight: f64, wealth: f64| if weight > 0.0 { weight * wealth.ln() } else { 0.0 };
    weigh(p, 1.0 + fraction * (1.0 - cost) / cost) + weigh(1.0 - p, 1.0 - fraction)
}

/// What an order for a Kelly stake would buy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Purchase {
    /// Contracts, a multiple of the lot; zero without an edge.
    pub quantity: Quantity,
    /// Price × quantity and trade fee: at most the stake.
    pub cost: Money,
}

/// Contracts to buy with `multiple` (0 to 1; a half is "half Kelly") of the Kelly stake out of `bankroll`, rounded down to
/// whole `lot`s (above zero).
///
/// # Errors
/// [`UnpublishedSchedule`] when the fee is unknown.
pub fn kelly_quantity(
    bet: &Bet,
    bankroll: Money,
    multiple: f64,
    lot: Quantity,
    schedule: FeeSchedule,
    role: Role,
) -> Result<Purchase, UnpublishedSchedule> {
    let stake = Stake::of(bet, bankroll, multiple);
    let mut units = stake
        .most_lots(bet.cost, lot)
        .min(Quantity::MAX.units() / lot.units())
        * lot.units();
    // The exact cost decides, its fee rounded up.
    while units > 0 {
        let quantity = Quantity::from_units(units);
        let cost = bet.price * quantity + schedule.trade_fee(bet.price, quantity, role)?;
        if cost <= stake.0 {
            return Ok(Purchase { quantity, cost });
        }
        units -= lot.units();
    }
    Ok(Purchase::default())
}

/// Money set aside for one bet.
struct Stake(Money);

impl Stake {
    /// To the nearest $0.000001; nothing without an edge.
    fn of(bet: &Bet, bankroll: Money, multiple: f64) -> Stake {
        let share = bet.kelly_fraction() * multiple.clamp(0.0, 1.0);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "at most the bankroll, which is an i64; not a number becomes zero"
        )]
        let micros = (share * bankroll.micros().max(0) as f64).round() as i64;
        Stake(Money::from_micros(micros))
    }

    /// Lots that it buys at `cost` dollars a contract, and one more where the division may have come out a hair short.
    fn most_lots(&self, cost: f64, lot: Quantity) -> i64 {
        if self.0.is_zero() || cost <= 0.0 {
            return 0;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float beyond i64 saturates, and the caller caps it"
        )]
        let lots = (self.0.dollars() / cost / lot.contracts()).floor() as i64;
        lots.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FREE: FeeSchedule = FeeSchedule {
        fee_type: crate::market::FeeType::Quadratic,
        multiplier: crate::market::FeeMultiplier::from_millionths(0),
    };

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    #[test]
    fn a_bet_breaks_even_at_price_and_fee() {
        // 0.40 + 0.07 × 0.24 = 0.4168; a belief of 0.5 is worth 0.0832, on 0.5832 to win.
        let bet = Bet::new(Side::Yes, price("0.40"), 0.5, FeeSchedule::STANDARD, Role::Taker).unwrap();

        assert!(near(bet.cost, 0.4168));
        assert!(near(bet.expected_value(), 0.0832));
        assert!(near(bet.kelly_fraction(), 0.0832 / 0.5832));
        assert!(near(bet.expected_return(), 0.0832 / 0.4168));
        let maker = cost_per_contract(price("0.40"), FeeSchedule::STANDARD, Role::Maker);
        assert!(near(maker.unwrap(), 0.40));
    }

    #[test]
    fn kelly_without_fees_is_edge_over_odds() {
        assert!(near(kelly_fraction(0.6, 0.5), 0.2));
        assert!(near(kelly_fraction(1.0, 0.5), 1.0));
        assert!(near(kelly_fraction(0.4, 0.5), 0.0));
        assert!(near(kelly_fraction(0.9, 1.0), 0.0));
        assert!(near(kelly_fraction(0.9, 1.01), 0.0));
        // 0.6 ln 1.2 + 0.4 ln 0.8
        assert!(near(growth_rate(0.6, 0.5, 0.2), 0.020_135_513_550_688_873));
        assert!(near(growth_rate(0.6, 0.5, 0.0), 0.0));
        assert!(growth_rate(0.6, 0.5, 1.0).is_infinite());
        assert!(near(growth_rate(1.0, 0.5, 1.0), 2f64.ln()));
    }

    #[test]
    fn the_better_side_is_bet_on_and_none_without_an_edge() {
        let better = |belief| {
            better_bet(
                belief,
                Some(price("0.42")),
                Some(price("0.60")),
                FeeSchedule::STANDARD,
            )
            .unwrap()
            .map(|bet| bet.side)
        };
        assert_eq!(better(0.50), Some(Side::Yes));
        assert_eq!(better(0.30), Some(Side::No));
        // 0.42 and its fee of 0.0171 are above 0.43; so are 0.60 and 0.0168 above 0.57.
        assert_eq!(better(0.43), None);
        assert_eq!(better_bet(0.9, None, None, FeeSchedule::STANDARD), Ok(None));
    }

    #[test]
    fn the_stake_is_spent_in_whole_lots() {
        // Half Kelly of $1,000: 0.5 × 0.2 × 1,000 = $100 at 0.50 are 200 contracts.
        let bet = Bet::new(Side::Yes, price("0.50"), 0.6, FREE, Role::Taker).unwrap();
        let buy =
            |lot| kelly_quantity(&bet, Money::from_dollars(1_001), 0.5, lot, FREE, Role::Taker).unwrap();
        assert_eq!(buy(Quantity::ONE).quantity, Quantity::from_contracts(200));
        assert_eq!(buy(Quantity::from_units(1)).quantity.to_string(), "200.20");
        assert_eq!(buy(Quantity::from_contracts(1_000)), Purchase::default());
        assert_eq!(buy(Quantity::ONE).cost, Money::from_dollars(100));
    }

    proptest! {
        #[test]
        fn no_other_fraction_grows_faster_than_kellys(
            p in 0.0f64..=1.0,
            cost in 0.01f64..0.99,
            other in 0.0f64..=1.0,
        ) {
            let best = growth_rate(p, cost, kelly_fraction(p, cost));
            prop_assert!(best >= growth_rate(p, cost, other) - 1e-12);
            prop_assert!(best >= -1e-12);
        }

        #[test]
        fn believing_in_no_is_not_believing_in_yes(units in 1u16..10_000, belief in 0.0f64..=1.0) {
            let price = Price::from_units(units).unwrap();
            let bet = |side, belief| Bet::new(side, price, belief, FeeSchedule::STANDARD, Role::Taker).unwrap();
            let (yes, no) = (bet(Side::Yes, belief), bet(Side::No, 1.0 - belief));
            prop_assert!(near(yes.expected_value(), no.expected_value()));
            prop_assert!((yes.kelly_fraction() - no.kelly_fraction()).abs() < 1e-6);
        }

        #[test]
        fn a_purchase_never_costs_more_than_its_stake(
            units in 1u16..10_000,
            belief in 0.0f64..=1.0,
            micros in 0i64..1_000_000_000,
            lot in 1i64..1_000,
        ) {
            let price = Price::from_units(units).unwrap();
            let schedule = FeeSchedule::STANDARD;
            let bet = Bet::new(Side::Yes, price, belief, schedule, Role::Taker).unwrap();
            let bankroll = Money::from_micros(micros);
            let lot = Quantity::from_units(lot);
            let purchase = kelly_quantity(&bet, bankroll, 1.0, lot, schedule, Role::Taker).unwrap();
            let stake = Stake::of(&bet, bankroll, 1.0).0;
            let cost = |quantity| {
                price * quantity + schedule.trade_fee(price, quantity, Role::Taker).unwrap()
            };
            prop_assert!(stake <= bankroll);
            prop_assert_eq!(purchase.cost, cost(purchase.quantity));
            prop_assert!(purchase.cost <= stake);
            prop_assert_eq!(purchase.quantity.units() % lot.units(), 0);
            prop_assert!(cost(purchase.quantity + lot) > stake);
        }
    }
}
