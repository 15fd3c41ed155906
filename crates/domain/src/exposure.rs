//! Exposure: the money lost in the worst outcome, of positions whose markets exclude or imply each other too; and the
//! collateral that open orders tie up.
//!
//! Results are taken to be yes or no. A market that settles at a scalar value lies between the two, so its own worst case
//! holds; across an exclusive event scalar values may break the exclusion, and with it the netting.

mod collateral;

use crate::market::Event;
use crate::position::Position;
use crate::units::{Money, Price, Quantity};

pub use collateral::{Collateral, OpenOrder, collateral};

/// A position as far as exposure needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Holding {
    /// Contracts: + YES, − NO.
    pub quantity: Quantity,
    /// What they cost.
    pub cost: Money,
}

impl From<Position> for Holding {
    fn from(position: Position) -> Holding {
        Holding {
            quantity: position.quantity(),
            cost: position.cost(),
        }
    }
}

impl Holding {
    /// What it pays if its market resolves no.
    fn payout_if_no(self) -> Money {
        Price::ONE * (-self.quantity).max(Quantity::ZERO)
    }

    /// What it pays more (or less, when negative) if its market resolves yes instead: $1 for every YES, −$1 for every NO.
    fn gain_if_yes(self) -> Money {
        Price::ONE * self.quantity
    }
}

/// Which results of some markets can come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Joint {
    /// The markets listed are all of an event's, and exactly one resolves yes.
    ExactlyOne,
    /// At most one of the markets listed resolves yes: also right for some markets of an exclusive event.
    AtMostOne,
    /// The markets are thresholds listed from the easiest to the hardest: one that resolves yes takes all before it along.
    Thresholds,
    /// Nothing is known: each market may come out either way.
    Independent,
}

impl Joint {
    /// What holds for any selection of an event's markets: [`Joint::AtMostOne`] when it is exclusive, else
    /// [`Joint::Independent`]. That thresholds are ordered, and how, only the caller can know.
    #[must_use]
    pub fn of(event: &Event) -> Joint {
        if event.mutually_exclusive {
            Joint::AtMostOne
        } else {
            Joint::Independent
        }
    }
}

/// Results that make an outcome the worst; markets by their index in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// None of the markets resolves yes.
    AllNo,
    /// Only this one does.
    OnlyYes(usize),
    /// This many thresholds, the easiest, resolve yes.
    FirstYes(usize),
    /// Every market goes against its holding.
    AllAgainst,
}

/// The worst that can come of some holdings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorstCase {
    /// The least that is paid out in any outcome, guaranteed therefore: what an exchange that nets may return at once.
    pub payout: Money,
    /// What the holdings cost.
    pub cost: Money,
    /// The first of the outcomes that pay the least.
    pub scenario: Scenario,
}

impl WorstCase {
    /// Money lost in the worst outcome, before fees; below zero when even that one gains.
    #[must_use]
    pub fn loss(self) -> Money {
        self.cost - self.payout
    }
}

/// The worst outcome for `holdings`, one per market, whose results come together as `joint` says.
///
/// Time and room linear in the number of holdings. For [`Joint::Thresholds`] their order matters.
#[must_use]
pub fn worst_case(holdings: &[Holding], joint: Joint) -> WorstCase {
    let all_no: Money = holdings.iter().map(|holding| holding.payout_if_no()).sum();
    let gains = holdings.iter().map(|holding| holding.gain_if_yes());
    let (scenario, payout) = match joint {
        Joint::Independent => (Scenario::AllAgainst, Money::ZERO),
        Joint::ExactlyOne => least(only_yes(gains, all_no)).unwrap_or((Scenario::AllNo, all_no)),
        Joint::AtMostOne => lesser((Scenario::AllNo, all_no), least(only_yes(gains, all_no))),
        Joint::Thresholds => {
            let first_yes = gains.enumerate().scan(all_no, |payout, (index, gain)| {
                *payout += gain;
                Some((Scenario::FirstYes(index + 1), *payout))
            });
            lesser((Scenario::AllNo, all_no), least(first_yes))
        }
    };
    WorstCase {
        payout,
        cost: holdings.iter().map(|holding| holding.cost).sum(),
        scenario,
    }
}

/// Sum of the losses in the worst outcomes of groups that have nothing to do with each other, so that all may come at once.
/// A group that gains in every outcome takes away from it.
#[must_use]
pub fn total_exposure<'a>(groups: impl IntoIterator<Item = (&'a [Holding], Joint)>) -> Money {
    groups
        .into_iter()
        .map(|(holdings, joint)| worst_case(holdings, joint).loss())
        .sum()
}

fn only_yes(gains: impl Iterator<Item = Money>, all_no: Money) -> impl Iterator<Item = (Scenario, Money)> {
    gains
        .enumerate()
        .map(move |(index, gain)| (Scenario::OnlyYes(index), all_no + gain))
}

fn least(outcomes: impl Iterator<Item = (Scenario, Money)>) -> Option<(Scenario, Money)> {
    outcomes.min_by_key(|(_, payout)| *payout)
}

fn lesser(one: (Scenario, Money), other: Option<(Scenario, Money)>) -> (Scenario, Money) {
    match other {
        Some(other) if other.1 < one.1 => other,
        _ => one,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holding(contracts: i32, dollars: &str) -> Holding {
        Holding {
            quantity: Quantity::from_contracts(contracts),
            cost: dollars.parse().unwrap(),
        }
    }

    fn worst(holdings: &[Holding], joint: Joint) -> (String, Scenario) {
        let worst = worst_case(holdings, joint);
        (worst.loss().to_string(), worst.scenario)
    }

    #[test]
    fn no_on_several_exclusive_outcomes_can_lose_only_once() {
        // NO on three outcomes at 0.60, 0.70, 0.80: two of them pay for certain.
        let holdings = [holding(-10, "6"), holding(-10, "7"), holding(-10, "8")];

        assert_eq!(
            worst(&holdings, Joint::ExactlyOne),
            ("1.0000".into(), Scenario::OnlyYes(0))
        );
        assert_eq!(
            worst(&holdings, Joint::AtMostOne),
            ("1.0000".into(), Scenario::OnlyYes(0))
        );
        assert_eq!(
            worst(&holdings, Joint::Independent),
            ("21.0000".into(), Scenario::AllAgainst)
        );
        assert_eq!(
            worst_case(&holdings, Joint::AtMostOne).payout,
            Money::from_dollars(20)
        );
    }

    #[test]
    fn yes_on_every_outcome_is_safe_only_if_one_must_come() {
        let holdings = [holding(10, "3"), holding(10, "3"), holding(10, "3")];

        assert_eq!(
            worst(&holdings, Joint::ExactlyOne),
            ("-1.0000".into(), Scenario::OnlyYes(0))
        );
        assert_eq!(
            worst(&holdings, Joint::AtMostOne),
            ("9.0000".into(), Scenario::AllNo)
        );
    }

    #[test]
    fn a_spread_between_thresholds_pays_at_least_one_of_its_legs() {
        // YES above 70 at 0.60 and NO above 75 at 0.70: in every outcome at least one pays.
        let spread = [holding(10, "6"), holding(-10, "7")];
        // The other way round both may lose: above 70 but not above 75.
        let reverse = [holding(-10, "4"), holding(10, "3")];

        assert_eq!(
            worst(&spread, Joint::Thresholds),
            ("3.0000".into(), Scenario::AllNo)
        );
        assert_eq!(
            worst(&reverse, Joint::Thresholds),
            ("7.0000".into(), Scenario::FirstYes(1))
        );
    }

    #[test]
    fn groups_without_a_bond_add_up_and_nothing_held_loses_nothing() {
        let safe = [holding(10, "3"), holding(10, "3"), holding(10, "3")];
        let single = [holding(5, "2")];
        let groups: [(&[Holding], Joint); 3] = [
            (&safe, Joint::ExactlyOne),
            (&single, Joint::Independent),
            (&[], Joint::ExactlyOne),
        ];
        assert_eq!(total_exposure(groups), Money::from_dollars(1));
    }

    /// The payout when the markets in `yes` resolve yes, counted one by one.
    fn payout(holdings: &[Holding], yes: u32) -> i64 {
        holdings
            .iter()
            .enumerate()
            .map(|(index, holding)| {
                let units = holding.quantity.units();
                let wins = if yes >> index & 1 == 1 {
                    units > 0
                } else {
                    units < 0
                };
                if wins { units.abs() * 10_000 } else { 0 }
            })
            .sum()
    }

    fn possible(joint: Joint, yes: u32, markets: usize) -> bool {
        match joint {
            Joint::ExactlyOne => yes.is_power_of_two() || markets == 0,
            Joint::AtMostOne => yes.count_ones() <= 1,
            Joint::Thresholds => yes.trailing_ones() == yes.count_ones(),
            Joint::Independent => true,
        }
    }

    fn results_of(scenario: Scenario, holdings: &[Holding]) -> u32 {
        match scenario {
            Scenario::AllNo => 0,
            Scenario::OnlyYes(index) => 1 << index,
            Scenario::FirstYes(count) => (1 << count) - 1,
            Scenario::AllAgainst => (0..holdings.len())
                .filter(|index| holdings[*index].quantity.is_negative())
                .map(|index| 1 << index)
                .sum(),
        }
    }

    proptest! {
        #[test]
        fn the_worst_case_is_the_least_of_all_possible_outcomes(
            rows in prop::collection::vec((-100_000i64..=100_000, 0i64..=100_000_000), 0..8),
        ) {
            let holdings: Vec<Holding> = rows
                .into_iter()
                .map(|(units, micros)| Holding {
                    quantity: Quantity::from_units(units),
                    cost: Money::from_micros(micros),
                })
                .collect();
            let cost: i64 = holdings.iter().map(|holding| holding.cost.micros()).sum();
            for joint in [Joint::ExactlyOne, Joint::AtMostOne, Joint::Thresholds, Joint::Independent] {
                let least = (0..1u32 << holdings.len())
                    .filter(|yes| possible(joint, *yes, holdings.len()))
                    .map(|yes| payout(&holdings, yes))
                    .min()
                    .unwrap();
                let worst = worst_case(&holdings, joint);
                prop_assert_eq!(worst.loss().micros(), cost - least, "{:?}", joint);
                let results = results_of(worst.scenario, &holdings);
                prop_assert!(possible(joint, results, holdings.len()));
                prop_assert_eq!(payout(&holdings, results), least);
            }
        }
    }
}
