//! What takers and makers earned, by the price they paid.

use super::BinEdges;
use crate::fees::{FeeSchedule, Role, UnpublishedSchedule};
use crate::market::MarketResult;
use crate::probability::Probability;
use crate::side::Side;
use crate::units::{Money, Price, Quantity};

/// Sums over the contracts one role bought in a bin of prices and held to settlement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct RoleReturns {
    /// Number of trades.
    pub trades: u64,
    /// Contracts bought.
    pub contracts: Quantity,
    /// What they cost.
    pub cost: Money,
    /// What they paid at settlement.
    pub payout: Money,
    /// Trade fees.
    pub fees: Money,
}

impl RoleReturns {
    /// Payout less cost.
    #[must_use]
    pub fn pnl_before_fees(self) -> Money {
        self.payout - self.cost
    }

    /// Profit per dollar paid, before fees; `None` when nothing was paid.
    #[must_use]
    pub fn return_before_fees(self) -> Option<f64> {
        self.per_dollar(self.pnl_before_fees())
    }

    /// Profit per dollar paid, after fees; `None` when nothing was paid.
    #[must_use]
    pub fn return_after_fees(self) -> Option<f64> {
        self.per_dollar(self.pnl_before_fees() - self.fees)
    }

    fn per_dollar(self, profit: Money) -> Option<f64> {
        self.cost
            .is_positive()
            .then(|| profit.dollars() / self.cost.dollars())
    }

    fn add(&mut self, price: Price, quantity: Quantity, payout: Price, fee: Money) {
        self.trades += 1;
        self.contracts += quantity;
        self.cost += price * quantity;
        self.payout += payout * quantity;
        self.fees += fee;
    }
}

/// Returns of public trades by price: every trade has a taker who gained one contract and a maker who gained the other, each
/// counted in the bin of the price it paid for its own.
///
/// Sums are exact, so the order of the trades does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeReturns {
    edges: BinEdges,
    takers: Vec<RoleReturns>,
    makers: Vec<RoleReturns>,
}

impl TradeReturns {
    /// No trades yet.
    #[must_use]
    pub fn new(edges: BinEdges) -> TradeReturns {
        let empty = vec![RoleReturns::default(); edges.len()];
        TradeReturns {
            takers: empty.clone(),
            makers: empty,
            edges,
        }
    }

    /// Counts a trade of `quantity` at `yes_price` in which the taker gained `taker`, in a market that came out as `result`
    /// and charges by `schedule`.
    ///
    /// # Errors
    /// [`UnpublishedSchedule`] for `flat`; nothing is counted then.
    pub fn add(
        &mut self,
        taker: Side,
        yes_price: Price,
        quantity: Quantity,
        result: MarketResult,
        schedule: FeeSchedule,
    ) -> Result<(), UnpublishedSchedule> {
        let taker_fee = schedule.trade_fee(yes_price, quantity, Role::Taker)?;
        let maker_fee = schedule.trade_fee(yes_price, quantity, Role::Maker)?;
        let price_of = |side| match side {
            Side::Yes => yes_price,
            Side::No => yes_price.complement(),
        };
        let maker = taker.opposite();
        for (cells, side, fee) in [
            (&mut self.takers, taker, taker_fee),
            (&mut self.makers, maker, maker_fee),
        ] {
            let price = price_of(side);
            cells[self.edges.bin_of(Probability::from(price))].add(price, quantity, result.payout(side), fee);
        }
        Ok(())
    }

    /// Sums of one role in every bin, in order: lower edge, upper edge, sums.
    pub fn by_price(&self, role: Role) -> impl Iterator<Item = (Probability, Probability, RoleReturns)> {
        let cells = match role {
            Role::Taker => &self.takers,
            Role::Maker => &self.makers,
        };
        self.edges
            .bins()
            .zip(cells)
            .map(|((lo, hi), cell)| (lo, hi, *cell))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bins_in_use(returns: &TradeReturns, role: Role) -> Vec<(String, RoleReturns)> {
        returns
            .by_price(role)
            .filter(|(_, _, cell)| cell.trades > 0)
            .map(|(lo, _, cell)| (lo.to_string(), cell))
            .collect()
    }

    #[test]
    fn each_party_is_counted_at_the_price_it_paid() {
        let mut returns = TradeReturns::new(BinEdges::default());
        let price: Price = "0.04".parse().unwrap();
        let ten = Quantity::from_contracts(10);

        returns
            .add(Side::Yes, price, ten, MarketResult::No, FeeSchedule::STANDARD)
            .unwrap();

        // The taker loses 0.40 and the fee of 0.0269 (0.02688 up); the maker paid 9.60 for 10.
        let takers = bins_in_use(&returns, Role::Taker);
        assert_eq!((takers.len(), takers[0].0.as_str()), (1, "0"));
        assert_eq!(takers[0].1.pnl_before_fees().to_string(), "-0.4000");
        assert_eq!(takers[0].1.fees.to_string(), "0.0269");
        assert_eq!(takers[0].1.return_before_fees(), Some(-1.0));
        let makers = bins_in_use(&returns, Role::Maker);
        assert_eq!((makers.len(), makers[0].0.as_str()), (1, "0.95"));
        assert_eq!(makers[0].1.pnl_before_fees().to_string(), "0.4000");
        assert_eq!(makers[0].1.return_after_fees(), Some(0.4 / 9.6));
    }

    proptest! {
        #[test]
        fn what_takers_lose_makers_gain_before_fees(
            trades in prop::collection::vec((any::<bool>(), 0u16..=10_000, 1i64..100_000, 0u16..=10_000), 0..40),
        ) {
            let mut returns = TradeReturns::new(BinEdges::default());
            for (yes, price, units, value) in trades {
                let side = if yes { Side::Yes } else { Side::No };
                let [price, value] = [price, value].map(|units| Price::from_units(units).unwrap());
                returns
                    .add(side, price, Quantity::from_units(units), MarketResult::Scalar(value), FeeSchedule::STANDARD)
                    .unwrap();
            }
            let sum = |role| returns.by_price(role).map(|(_, _, cell)| cell.pnl_before_fees()).sum::<Money>();
            prop_assert_eq!(sum(Role::Taker), -sum(Role::Maker));
        }
    }
}
