//! Rounding of balance changes: the rounding fee of a fill, and the rebate of what an order overpaid.

use super::{FeeSchedule, Role, UnpublishedSchedule};
use crate::units::{Money, Price, Quantity};

/// How finely the exchange keeps a member's balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BalancePrecision {
    /// $0.0001: direct members, since 2026-05-28.
    #[default]
    Centicent,
    /// $0.01: everyone else.
    Cent,
}

impl BalancePrecision {
    /// The smallest amount of such a balance.
    #[must_use]
    pub const fn step(self) -> Money {
        match self {
            BalancePrecision::Centicent => Money::CENTICENT,
            BalancePrecision::Cent => Money::CENT,
        }
    }
}

/// What one fill cost beside the price, each part zero or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FillFee {
    /// Fee of the schedule, a multiple of $0.0001.
    pub trade_fee: Money,
    /// What brought the balance back to its precision, less than one step of it.
    pub rounding_fee: Money,
    /// Rounding fees of the same order given back, a multiple of $0.01.
    pub rebate: Money,
}

impl FillFee {
    /// Trade fee + rounding fee − rebate; zero or more.
    #[must_use]
    pub fn total(self) -> Money {
        self.charged() - self.rebate
    }

    /// Trade fee + rounding fee: what the exchange reports as a fill's `fee_cost`, in which rebates show nowhere.
    #[must_use]
    pub fn charged(self) -> Money {
        self.trade_fee + self.rounding_fee
    }
}

/// What is taken so that `revenue` (signed: negative when paying) less `trade_fee` becomes a multiple of the precision:
/// the balance changes by the difference, floored.
#[must_use]
pub fn rounding_fee(revenue: Money, trade_fee: Money, precision: BalancePrecision) -> Money {
    let change = revenue - trade_fee;
    change - change.floor_to(precision.step())
}

/// What is kept back of a settlement `payout` so that a multiple of the precision is credited: the sub-step remainder,
/// which only scalar results and fractional contracts leave.
#[must_use]
pub fn settlement_fee(payout: Money, precision: BalancePrecision) -> Money {
    rounding_fee(payout, Money::ZERO, precision)
}

/// Fees of the first (or only) fill of an order that buys `quantity` of a contract at `price`, that contract's price.
///
/// # Errors
/// [`UnpublishedSchedule`] for `flat`.
pub fn fee_of_buy(
    price: Price,
    quantity: Quantity,
    schedule: FeeSchedule,
    role: Role,
    precision: BalancePrecision,
) -> Result<FillFee, UnpublishedSchedule> {
    let trade_fee = schedule.trade_fee(price, quantity, role)?;
    Ok(OrderFees::new(precision).charge(-(price * quantity), trade_fee))
}

/// Fees of the first (or only) fill of an order that sells `quantity` of a contract at `price`, that contract's price.
///
/// The same whether the contracts were held or the sale opens the opposite position, as the module says.
///
/// # Errors
/// [`UnpublishedSchedule`] for `flat`.
pub fn fee_of_sale(
    price: Price,
    quantity: Quantity,
    schedule: FeeSchedule,
    role: Role,
    precision: BalancePrecision,
) -> Result<FillFee, UnpublishedSchedule> {
    let trade_fee = schedule.trade_fee(price, quantity, role)?;
    Ok(OrderFees::new(precision).charge(price * quantity, trade_fee))
}

/// Charges the fills of one order, as maker and as taker together, and remembers the rounding fees paid.
///
/// When they exceed $0.01 a cent is given back, so that many small fills cost nearly what one large fill would. A cent that
/// would make a fill's total negative waits for the next fill: the exchange promises a total of at least zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OrderFees {
    precision: BalancePrecision,
    accumulated: Money,
}

impl OrderFees {
    /// A new order: nothing paid yet.
    #[must_use]
    pub const fn new(precision: BalancePrecision) -> OrderFees {
        Self::resumed(precision, Money::ZERO)
    }

    /// An order whose rounding fees so far, less rebates, are `accumulated`.
    #[must_use]
    pub const fn resumed(precision: BalancePrecision, accumulated: Money) -> OrderFees {
        OrderFees {
            precision,
            accumulated,
        }
    }

    /// Rounding fees paid and not given back.
    #[must_use]
    pub const fn accumulated(self) -> Money {
        self.accumulated
    }

    /// Charges one fill that brought `revenue` (signed: negative when paying) and owes `trade_fee`.
    pub fn charge(&mut self, revenue: Money, trade_fee: Money) -> FillFee {
        let mut fee = FillFee {
            trade_fee,
            rounding_fee: rounding_fee(revenue, trade_fee, self.precision),
            rebate: Money::ZERO,
        };
        self.accumulated += fee.rounding_fee;
        while self.accumulated > Money::CENT && fee.total() >= Money::CENT {
            self.accumulated -= Money::CENT;
            fee.rebate += Money::CENT;
        }
        fee
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::market::FeeMultiplier;

    fn buy(price: &str, quantity: &str, precision: BalancePrecision) -> FillFee {
        fee_of_buy(
            price.parse().unwrap(),
            quantity.parse().unwrap(),
            FeeSchedule::STANDARD,
            Role::Taker,
            precision,
        )
        .unwrap()
    }

    fn texts(fee: FillFee) -> [String; 3] {
        [fee.trade_fee, fee.rounding_fee, fee.total()].map(|money| money.to_string())
    }

    /// Three equal purchases of one order at cent precision: their rebates, totals, and what stays accumulated.
    fn three_fills(price: &str, quantity: &str) -> ([String; 3], [String; 3], String) {
        let (price, quantity): (Price, Quantity) = (price.parse().unwrap(), quantity.parse().unwrap());
        let trade_fee = FeeSchedule::STANDARD
            .trade_fee(price, quantity, Role::Taker)
            .unwrap();
        let mut order = OrderFees::new(BalancePrecision::Cent);
        let fills = [(); 3].map(|()| order.charge(-(price * quantity), trade_fee));
        (
            fills.map(|fee| fee.rebate.to_string()),
            fills.map(|fee| fee.total().to_string()),
            order.accumulated().to_string(),
        )
    }

    #[test]
    fn a_purchase_ends_on_a_multiple_of_the_balance_precision() {
        // 71.94 × 0.0130 = 0.935220, fee 0.0647: 0.999920 becomes 1.0000.
        assert_eq!(
            texts(buy("0.0130", "71.94", BalancePrecision::Centicent)),
            ["0.0647", "0.000080", "0.064780"]
        );
        // In whole cents 0.0550 + 0.0037 becomes 0.06.
        assert_eq!(
            texts(buy("0.0550", "1", BalancePrecision::Cent)),
            ["0.0037", "0.0013", "0.0050"]
        );
    }

    #[test]
    fn a_sale_rounds_what_is_received_down() {
        // 0.03 × 0.3301 = 0.009903; 0.07 × 0.03 × 0.3301 × 0.6699 = 0.00046…, so 0.009403 comes in as 0.0094.
        let fee = fee_of_sale(
            "0.3301".parse().unwrap(),
            "0.03".parse().unwrap(),
            FeeSchedule::STANDARD,
            Role::Taker,
            BalancePrecision::Centicent,
        )
        .unwrap();
        assert_eq!(texts(fee), ["0.0005", "0.000003", "0.000503"]);
    }

    #[test]
    fn an_order_gets_a_cent_back_each_time_its_rounding_fees_exceed_one() {
        // 1 at 0.15: fee 0.0090 (0.008925 up), cost and fee 0.1590 → 0.16: 0.0010 of rounding a fill.
        assert_eq!(three_fills("0.15", "1").2, "0.0030");
        // 0.30 at 0.50: fee 0.0053 (0.00525 up), 0.1553 → 0.16: rounding 0.0047; 0.0141 exceeds a cent at the third.
        let (rebates, totals, left) = three_fills("0.50", "0.30");
        assert_eq!(rebates, ["0.0000", "0.0000", "0.0100"]);
        assert_eq!(totals, ["0.0100", "0.0100", "0.0000"]);
        assert_eq!(left, "0.0041");
        // 0.03 at 0.3301: 0.009903 + 0.0005 → 0.02: rounding 0.009597.
        let (rebates, totals, left) = three_fills("0.3301", "0.03");
        assert_eq!(rebates, ["0.0000", "0.0100", "0.0100"]);
        assert_eq!(totals, ["0.010097", "0.000097", "0.000097"]);
        assert_eq!(left, "0.008791");
    }

    #[test]
    fn exactly_one_cent_of_rounding_is_not_yet_given_back() {
        let revenue = Money::from_micros(-5_000);
        let mut order = OrderFees::new(BalancePrecision::Cent);
        assert_eq!(order.charge(revenue, Money::CENT).rebate, Money::ZERO);
        assert_eq!(order.charge(revenue, Money::CENT).rebate, Money::ZERO);
        assert_eq!(order.accumulated(), Money::CENT);
        assert_eq!(order.charge(revenue, Money::CENT).rebate, Money::CENT);
    }

    #[test]
    fn a_rebate_waits_for_a_fill_that_can_bear_it() {
        let mut order = OrderFees::resumed(BalancePrecision::Centicent, Money::from_micros(9_990));
        let small = order.charge(Money::from_micros(-50), Money::CENTICENT);
        assert_eq!(
            (small.rebate, small.total()),
            (Money::ZERO, Money::from_micros(150))
        );
        let large = order.charge(Money::ZERO, Money::from_cents(2));
        assert_eq!((large.rebate, large.total()), (Money::CENT, Money::CENT));
        assert_eq!(order.accumulated(), Money::from_micros(40));
    }

    #[test]
    fn a_scalar_payout_keeps_back_what_no_balance_can_hold() {
        // 10.60 × 0.5970 = 6.3282.
        let payout = Money::from_micros(6_328_200);
        assert_eq!(
            settlement_fee(payout, BalancePrecision::Cent),
            Money::from_micros(8_200)
        );
        assert_eq!(settlement_fee(payout, BalancePrecision::Centicent), Money::ZERO);
    }

    fn precisions() -> impl Strategy<Value = BalancePrecision> {
        prop_oneof![Just(BalancePrecision::Centicent), Just(BalancePrecision::Cent)]
    }

    proptest! {
        #[test]
        fn balances_stay_on_their_precision_and_fees_at_zero_or_more(
            precision in precisions(),
            fills in prop::collection::vec((0u16..=10_000, -500_000i64..=500_000, any::<bool>()), 1..40),
        ) {
            let schedule = FeeSchedule {
                fee_type: crate::market::FeeType::QuadraticWithMakerFees,
                multiplier: FeeMultiplier::from_millionths(500_000),
            };
            let mut order = OrderFees::new(precision);
            let (mut rounding, mut rebates) = (Money::ZERO, Money::ZERO);
            for (price, units, takes) in fills {
                let (price, quantity) = (Price::from_units(price).unwrap(), Quantity::from_units(units));
                let role = if takes { Role::Taker } else { Role::Maker };
                let revenue = price * quantity;
                let fee = order.charge(revenue, schedule.trade_fee(price, quantity, role).unwrap());

                let balance = revenue - fee.total();
                prop_assert_eq!(balance, balance.floor_to(precision.step()));
                prop_assert!(!fee.rounding_fee.is_negative() && fee.rounding_fee < precision.step());
                prop_assert!(!fee.total().is_negative());
                rounding += fee.rounding_fee;
                rebates += fee.rebate;
                prop_assert_eq!(order.accumulated(), rounding - rebates);
                prop_assert!(!order.accumulated().is_negative());
            }
        }

        #[test]
        fn selling_yes_rounds_as_buying_no_does(
            precision in precisions(),
            price in 0u16..=10_000,
            units in 0i64..=1_000_000_000,
        ) {
            let (price, quantity) = (Price::from_units(price).unwrap(), Quantity::from_units(units));
            let sale = fee_of_sale(price, quantity, FeeSchedule::STANDARD, Role::Taker, precision);
            let buy = fee_of_buy(price.complement(), quantity, FeeSchedule::STANDARD, Role::Taker, precision);
            prop_assert_eq!(sale, buy);
        }
    }
}
