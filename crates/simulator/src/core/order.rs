//! An order in the book, and what it may still cost.

use kmi_domain::exposure::{OpenOrder, collateral};
use kmi_domain::fees::{BalancePrecision, FeeSchedule, OrderFees, Role};
use kmi_domain::{BookSide, Money, Price, Quantity};
use serde::{Deserialize, Serialize};

use super::account::Tied;
use super::event::OrderState;

/// An order that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WorkingOrder {
    pub(super) state: OrderState,
    pub(super) post_only: bool,
    pub(super) fees: OrderFees,
}

impl WorkingOrder {
    pub(super) fn new(state: OrderState, post_only: bool) -> WorkingOrder {
        WorkingOrder {
            state,
            post_only,
            fees: OrderFees::new(BalancePrecision::Centicent),
        }
    }

    pub(super) const fn open(&self) -> OpenOrder {
        OpenOrder {
            side: self.state.side,
            yes_price: self.state.price,
            remaining: self.state.remaining,
        }
    }
}

/// Price of the contract that a side of the YES book gains.
pub(super) const fn price_of_gain(side: BookSide, yes_price: Price) -> Price {
    match side {
        BookSide::Bid => yes_price,
        BookSide::Ask => yes_price.complement(),
    }
}

/// What these orders of one market may still cost beside this position, fees included.
pub(super) fn tied(position: Quantity, orders: &[OpenOrder], schedule: FeeSchedule) -> Tied {
    let fees: Money = orders.iter().map(|order| fee_reserve(*order, schedule)).sum();
    Tied {
        covered: collateral(position, orders).reserved() + fees,
        uncovered: collateral(Quantity::ZERO, orders).reserved() + fees,
    }
}

/// The most an order can be charged while it rests, however it is filled.
///
/// A maker fills at its own price, in parts of 0.01 contract at worst. The trade fee of a part is rounded up to $0.0001, and
/// rounding up is subadditive, so charging every hundredth by itself is the most. The rounding fee of a part is less than
/// $0.0001 and a multiple of the greatest common divisor of that and the price; at a whole-cent price it is nothing. Rebates
/// are left aside. In cent markets without maker fees the bound is zero.
pub(super) fn fee_reserve(order: OpenOrder, schedule: FeeSchedule) -> Money {
    let hundredth = Quantity::from_units(1);
    let price = price_of_gain(order.side, order.yes_price);
    let trade_fee = schedule
        .trade_fee(price, hundredth, Role::Maker)
        .unwrap_or(Money::ZERO);
    let rounding =
        Money::CENTICENT.micros() - common_divisor(i64::from(price.units()), Money::CENTICENT.micros());
    Money::from_micros((trade_fee.micros() + rounding) * order.remaining.units())
}

const fn common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
