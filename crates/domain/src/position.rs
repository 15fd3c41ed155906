//! Positions: netting, average cost, realized and unrealized P&L, settlement.
//!
//! YES and NO of one market net to one signed number: + YES, − NO. Selling YES at P is buying NO at 1 − P, so a position
//! looks the same whichever way it was reached. Realized P&L leaves fees out; they are summed apart.

mod mark;
mod sheet;

use crate::market::MarketResult;
use crate::side::{Action, BookSide, Side};
use crate::units::{Money, Price, Quantity};

pub use mark::{Mark, MarkPolicy, MarkSource, Quote, SideMarks, Valuation};
pub use sheet::{PositionSheet, Revaluation, Row};

/// What is held in one market, what it cost, and what closing parts of it brought.
///
/// The cost pool is exact in $0.000001: a fill that closes part of the position takes the floored share of the pool with
/// it and the rest stays, so that whatever the order of fills, nothing is lost and the last contract takes all that is
/// left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Position {
    quantity: Quantity,
    cost: Money,
    realized: Money,
    fees: Money,
}

/// What one fill or settlement did to a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PositionChange {
    /// Contracts of the former position that ended; zero or more.
    pub closed: Quantity,
    /// Contracts newly held; zero or more. Both are above zero when the position crossed to the other side.
    pub opened: Quantity,
    /// Change of cash before fees: proceeds of what closed less the cost of what opened.
    pub cash: Money,
    /// P&L of what closed, before fees.
    pub realized: Money,
}

/// A position as kept somewhere contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestorePositionError {
    /// The pool of what was paid is below zero.
    #[error("cost {0} is below zero")]
    NegativeCost(Money),
    /// Nothing is held, yet it cost something.
    #[error("cost is {0} although nothing is held")]
    CostOfNothing(Money),
    /// More was paid than the contracts can ever pay back.
    #[error("cost {cost} is more than $1 for each of {quantity} contracts")]
    CostAboveParity {
        /// What it is said to have cost.
        cost: Money,
        /// What is held.
        quantity: Quantity,
    },
}

impl Position {
    /// Nothing held, nothing earned.
    pub const FLAT: Position = Position {
        quantity: Quantity::ZERO,
        cost: Money::ZERO,
        realized: Money::ZERO,
        fees: Money::ZERO,
    };

    /// A position as it was kept.
    ///
    /// # Errors
    /// [`RestorePositionError`] when the parts contradict each other.
    pub fn restored(
        quantity: Quantity,
        cost: Money,
        realized: Money,
        fees: Money,
    ) -> Result<Position, RestorePositionError> {
        if cost.is_negative() {
            return Err(RestorePositionError::NegativeCost(cost));
        }
        if quantity.is_zero() && !cost.is_zero() {
            return Err(RestorePositionError::CostOfNothing(cost));
        }
        if cost > Price::ONE * quantity.abs() {
            return Err(RestorePositionError::CostAboveParity { cost, quantity });
        }
        Ok(Position {
            quantity,
            cost,
            realized,
            fees,
        })
    }

    /// Contracts held: + YES, − NO.
    #[must_use]
    pub const fn quantity(self) -> Quantity {
        self.quantity
    }

    /// Which contract is held; `None` when flat.
    #[must_use]
    pub const fn side(self) -> Option<Side> {
        match self.quantity.units() {
            0 => None,
            1.. => Some(Side::Yes),
            _ => Some(Side::No),
        }
    }

    /// What the contracts now held cost, before fees; zero or more.
    #[must_use]
    pub const fn cost(self) -> Money {
        self.cost
    }

    /// P&L of everything closed so far, before fees.
    #[must_use]
    pub const fn realized(self) -> Money {
        self.realized
    }

    /// Fees paid so far, rebates deducted.
    #[must_use]
    pub const fn fees(self) -> Money {
        self.fees
    }

    /// Realized P&L after fees. Fees of what is still open count at once.
    #[must_use]
    pub fn realized_after_fees(self) -> Money {
        self.realized - self.fees
    }

    /// Average price paid per contract held, to the nearest $0.000001 (half up); `None` when flat. For show: the exact
    /// figure is the pool, [`cost`](Self::cost).
    #[must_use]
    #[expect(
        clippy::missing_panics_doc,
        reason = "the pool never exceeds a dollar per contract"
    )]
    pub fn average_price(self) -> Option<Money> {
        let units = i128::from(self.quantity.units().unsigned_abs());
        (units != 0).then(|| {
            let micros = (i128::from(self.cost.micros()) * 200 + units) / (2 * units);
            Money::from_micros(i64::try_from(micros).expect("a price per contract is at most a dollar"))
        })
    }

    /// Books a fill of `quantity` (zero or more) contracts on one side of the YES book at `yes_price`, for which `fee` was
    /// paid.
    pub fn apply(
        &mut self,
        book_side: BookSide,
        yes_price: Price,
        quantity: Quantity,
        fee: Money,
    ) -> PositionChange {
        let gained = book_side.outcome();
        let price = match gained {
            Side::Yes => yes_price,
            Side::No => yes_price.complement(),
        };
        let closable = match self.side() {
            Some(held) if held != gained => self.quantity.abs(),
            _ => Quantity::ZERO,
        };
        let closed = quantity.min(closable);
        // Gaining one contract while holding the opposite one makes a pair worth $1, which the exchange pays out at once.
        let mut change = self.close(closed, price.complement());
        change.opened = quantity - closed;
        let cost = price * change.opened;
        change.cash -= cost;
        self.quantity += match gained {
            Side::Yes => change.opened,
            Side::No => -change.opened,
        };
        self.cost += cost;
        self.fees += fee;
        change
    }

    /// Books a fill told in the words of an order: `action` on contracts of `side` at the price of that side.
    pub fn apply_order(
        &mut self,
        side: Side,
        action: Action,
        price: Price,
        quantity: Quantity,
        fee: Money,
    ) -> PositionChange {
        let yes_price = match side {
            Side::Yes => price,
            Side::No => price.complement(),
        };
        self.apply(BookSide::of(side, action), yes_price, quantity, fee)
    }

    /// Pays out the whole position by the market's result, exactly: rounding the payout to a balance's precision is
    /// [`settlement_fee`](crate::fees::settlement_fee)'s part, and `fee` books it.
    pub fn settle(&mut self, result: MarketResult, fee: Money) -> PositionChange {
        self.fees += fee;
        match self.side() {
            Some(side) => self.close(self.quantity.abs(), result.payout(side)),
            None => PositionChange::default(),
        }
    }

    /// Ends `closed` contracts, at most what is held, at `price` each of the contract held.
    fn close(&mut self, closed: Quantity, price: Price) -> PositionChange {
        if closed.is_zero() {
            return PositionChange::default();
        }
        let share = share_of(self.cost, closed, self.quantity.abs());
        let proceeds = price * closed;
        let realized = proceeds - share;
        self.cost -= share;
        self.quantity += if self.quantity.is_positive() {
            -closed
        } else {
            closed
        };
        self.realized += realized;
        PositionChange {
            closed,
            opened: Quantity::ZERO,
            cash: proceeds,
            realized,
        }
    }
}

/// The part of a pool that belongs to `part` of `whole` contracts, floored to $0.000001.
fn share_of(pool: Money, part: Quantity, whole: Quantity) -> Money {
    let micros = i128::from(pool.micros()) * i128::from(part.units()) / i128::from(whole.units());
    Money::from_micros(i64::try_from(micros).expect("a part of the pool is no larger than the pool"))
}

#[cfg(test)]
mod tests;
