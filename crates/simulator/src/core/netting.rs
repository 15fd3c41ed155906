//! What the holdings of an event pay in every outcome.

use kmi_domain::exposure::{Holding, Joint, worst_case};
use kmi_domain::{Money, Price, Quantity};

/// A market of an event, as far as netting sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// Paid: a YES was worth this.
    Paid(Price),
    /// Not paid yet; so many contracts are held: + YES, − NO.
    Open(Quantity),
}

/// The least that the open legs of an exclusive event pay, whatever comes, given what is known.
///
/// YES values of exclusive markets add up to a dollar at most; what those paid have left of it, one of the open ones may get.
/// The least is reached at a corner of what is possible, so scalar values in between can pay no less.
pub(super) fn guaranteed_exclusive(legs: impl Iterator<Item = Leg>) -> Money {
    let mut left = Price::ONE.units();
    let mut open = Vec::new();
    for leg in legs {
        match leg {
            Leg::Paid(value) => left = left.saturating_sub(value.units()),
            Leg::Open(quantity) => open.push(holding(quantity)),
        }
    }
    least(&open, Joint::AtMostOne, Price::ZERO, price(left))
}

/// The same for thresholds, given from the easiest to the hardest: their YES values never rise along the list.
pub(super) fn guaranteed_thresholds(legs: impl Iterator<Item = Leg>) -> Money {
    let mut sum = Money::ZERO;
    let mut above = Price::ONE;
    let mut open = Vec::new();
    for leg in legs {
        match leg {
            Leg::Open(quantity) => open.push(holding(quantity)),
            Leg::Paid(value) => {
                sum += least(&open, Joint::Thresholds, value.min(above), above);
                above = value.min(above);
                open.clear();
            }
        }
    }
    sum + least(&open, Joint::Thresholds, Price::ZERO, above)
}

/// The least payout when YES values lie between `low` and `high`, and those that reach `high` come as `joint` says.
fn least(open: &[Holding], joint: Joint, low: Price, high: Price) -> Money {
    let contracts = |holding: &Holding| holding.quantity;
    let all_no: Quantity = open
        .iter()
        .map(|holding| (-contracts(holding)).max(Quantity::ZERO))
        .sum();
    let gain: Quantity = open.iter().map(contracts).sum();
    let all_no = Price::ONE * all_no;
    let worst_gain = quantity_of(worst_case(open, joint).payout - all_no);
    all_no + low * gain + price(high.units() - low.units()) * worst_gain
}

fn holding(quantity: Quantity) -> Holding {
    Holding {
        quantity,
        cost: Money::ZERO,
    }
}

/// Contracts that pay so much at a dollar each; exact, because all payouts are whole contracts of 0.01.
fn quantity_of(dollars: Money) -> Quantity {
    Quantity::from_units(dollars.micros() / (Price::ONE * Quantity::from_units(1)).micros())
}

fn price(units: u16) -> Price {
    Price::from_units(units).expect("a part of a dollar is a price")
}
