//! Who owes what after fills: [`Clearing`], the smallest ledger that shows that nothing is lost.

use std::collections::BTreeMap;

use super::event::Fill;
use super::order::AccountId;
use crate::side::BookSide;
use crate::units::{Money, Price, Quantity};

/// An account in one market's ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ClearingAccount {
    /// Free money; below zero if more was traded than deposited, for nothing is refused here.
    pub cash: Money,
    /// Signed contracts: + YES, − NO.
    pub position: Quantity,
}

/// Cash, contracts and collateral of one market.
///
/// Each contract held is one half of a YES and NO pair that $1 of collateral stands behind: opening pays the price of one's
/// half in, closing takes the dollar of a pair out. So [`Clearing::total`] changes by deposits only and positions add up to
/// zero, whatever is traded, in exact integers. Orders are not collateralised here; that is an account ledger's work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Clearing {
    accounts: BTreeMap<AccountId, ClearingAccount>,
    collateral: Money,
    fees: Money,
}

impl Clearing {
    /// Without accounts.
    pub fn new() -> Clearing {
        Clearing::default()
    }

    /// Adds money to an account.
    pub fn deposit(&mut self, account: AccountId, amount: Money) {
        self.accounts.entry(account).or_default().cash += amount;
    }

    /// An account; empty if it never did anything.
    pub fn account(&self, account: AccountId) -> ClearingAccount {
        self.accounts.get(&account).copied().unwrap_or_default()
    }

    /// Money held against open contracts: $1 for each YES, and so for each NO.
    pub const fn collateral(&self) -> Money {
        self.collateral
    }

    /// Fees taken.
    pub const fn fees(&self) -> Money {
        self.fees
    }

    /// Cash, collateral and fees together.
    pub fn total(&self) -> Money {
        let cash: Money = self.accounts.values().map(|account| account.cash).sum();
        cash + self.collateral + self.fees
    }

    /// Contracts held as YES, which are as many as those held as NO.
    pub fn open_interest(&self) -> Quantity {
        let long = |account: &ClearingAccount| account.position.max(Quantity::ZERO);
        self.accounts.values().map(long).sum()
    }

    /// Sum of all signed positions: zero.
    pub fn net_position(&self) -> Quantity {
        self.accounts.values().map(|account| account.position).sum()
    }

    /// Books a fill; `fee` says what the party on a side of the book is charged for it.
    pub fn book(&mut self, fill: &Fill, fee: impl Fn(&Fill, BookSide) -> Money) {
        for side in [BookSide::Bid, BookSide::Ask] {
            let charged = fee(fill, side);
            let account = self.accounts.entry(fill.party(side).account).or_default();
            let (change, held_opposite) = match side {
                BookSide::Bid => (fill.quantity, -account.position),
                BookSide::Ask => (-fill.quantity, account.position),
            };
            let closed = held_opposite.clamp(Quantity::ZERO, fill.quantity);
            let paid = fill.price_for(side) * fill.quantity;
            let released = Price::ONE * closed;
            account.position += change;
            account.cash += released - paid - charged;
            self.collateral += paid - released;
            self.fees += charged;
        }
    }

    /// Pays every contract out of the collateral: YES gets `yes_value`, NO the rest of the dollar. Nothing is left.
    pub fn settle(&mut self, yes_value: Price) {
        for account in self.accounts.values_mut() {
            let value = if account.position.is_negative() {
                yes_value.complement()
            } else {
                yes_value
            };
            let payout = value * account.position.abs();
            account.cash += payout;
            self.collateral -= payout;
            account.position = Quantity::ZERO;
        }
    }
}
