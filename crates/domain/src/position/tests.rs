use proptest::prelude::*;

use super::*;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// Books `buy yes 3 at 0.99` and the like, for no fee.
fn after(fills: &[&str]) -> Position {
    let mut position = Position::FLAT;
    for fill in fills {
        let words: Vec<&str> = fill.split(' ').collect();
        let side = if words[1] == "yes" { Side::Yes } else { Side::No };
        let action = if words[0] == "buy" {
            Action::Buy
        } else {
            Action::Sell
        };
        position.apply_order(side, action, price(words[4]), quantity(words[2]), Money::ZERO);
    }
    position
}

#[test]
fn purchases_pool_their_cost() {
    let position = after(&["buy yes 2 at 0.99", "buy yes 1 at 0.52"]);

    assert_eq!(position.quantity(), quantity("3"));
    assert_eq!(position.cost(), money("2.5"));
    assert_eq!(position.average_price(), Some(money("0.833333")));
}

#[test]
fn a_sale_takes_its_floored_share_of_the_pool_and_the_last_one_the_rest() {
    // The pool of 2.50 for three: a third is 0.833333, floored; then half of 1.666667, floored; then 0.833334.
    let mut position = after(&["buy yes 2 at 0.99", "buy yes 1 at 0.52"]);

    let mut realized = || {
        position
            .apply(BookSide::Ask, price("0.90"), Quantity::ONE, Money::ZERO)
            .realized
    };

    assert_eq!(
        [realized(), realized(), realized()],
        [money("0.066667"), money("0.066667"), money("0.066666")]
    );
    assert_eq!((position.cost(), position.side()), (Money::ZERO, None));
    assert_eq!(position.realized(), money("0.2"));
}

#[test]
fn buying_the_other_side_nets_and_crosses_zero() {
    let mut position = after(&["buy yes 10 at 0.40"]);

    let change = position.apply_order(
        Side::No,
        Action::Buy,
        price("0.55"),
        quantity("15"),
        money("0.26"),
    );

    // Ten pairs pay $10 for the 4.00 and 5.50 they cost; five NO stay, for 2.75.
    assert_eq!((change.closed, change.opened), (quantity("10"), quantity("5")));
    assert_eq!((change.cash, change.realized), (money("1.75"), money("0.5")));
    assert_eq!(
        (position.quantity(), position.cost()),
        (quantity("-5"), money("2.75"))
    );
    assert_eq!(position.side(), Some(Side::No));
    assert_eq!(position.realized_after_fees(), money("0.24"));
}

#[test]
fn selling_yes_is_buying_no_at_the_complement() {
    assert_eq!(after(&["sell yes 7 at 0.30"]), after(&["buy no 7 at 0.70"]));
    assert_eq!(
        after(&["buy yes 7 at 0.30", "sell yes 3 at 0.31"]),
        after(&["sell no 7 at 0.70", "buy no 3 at 0.69"])
    );
}

#[test]
fn settlement_pays_a_dollar_nothing_or_the_scalar_value() {
    let settle = |fill, result| {
        let mut position = after(&[fill]);
        let change = position.settle(result, Money::ZERO);
        assert_eq!((position.quantity(), position.cost()), Default::default());
        (change.cash, change.realized)
    };
    let scalar = MarketResult::Scalar(price("0.5970"));

    assert_eq!(
        settle("buy yes 10 at 0.40", MarketResult::Yes),
        (money("10"), money("6"))
    );
    assert_eq!(
        settle("buy yes 10 at 0.40", MarketResult::No),
        (Money::ZERO, money("-4"))
    );
    assert_eq!(
        settle("buy no 10 at 0.40", MarketResult::No),
        (money("10"), money("6"))
    );
    assert_eq!(
        settle("buy yes 10.60 at 0.40", scalar),
        (money("6.3282"), money("2.0882"))
    );
    assert_eq!(
        settle("buy no 10.60 at 0.40", scalar),
        (money("4.2718"), money("0.0318"))
    );
    assert_eq!(
        Position::FLAT.clone().settle(scalar, Money::ZERO),
        PositionChange::default()
    );
}

#[test]
fn a_kept_position_that_contradicts_itself_is_refused() {
    let restored = |units, cost| Position::restored(quantity(units), money(cost), Money::ZERO, Money::ZERO);

    assert!(restored("-5", "2.75").is_ok());
    assert_eq!(
        restored("5", "-1"),
        Err(RestorePositionError::NegativeCost(money("-1")))
    );
    assert_eq!(
        restored("0", "1"),
        Err(RestorePositionError::CostOfNothing(money("1")))
    );
    assert!(matches!(
        restored("-5", "5.000001"),
        Err(RestorePositionError::CostAboveParity { .. })
    ));
}

fn fills() -> impl Strategy<Value = Vec<(BookSide, Price, Quantity)>> {
    let fill = (any::<bool>(), 0u16..=10_000, 0i64..=100_000).prop_map(|(bid, price, units)| {
        let side = if bid { BookSide::Bid } else { BookSide::Ask };
        (
            side,
            Price::from_units(price).unwrap(),
            Quantity::from_units(units),
        )
    });
    prop::collection::vec(fill, 0..60)
}

proptest! {
    #[test]
    fn cash_is_realized_pnl_less_open_cost_whatever_the_fills(fills in fills()) {
        let mut position = Position::FLAT;
        let (mut cash, mut held) = (Money::ZERO, Quantity::ZERO);
        // What a till counts: paid and received in YES terms, with $1 of collateral for every contract sold short.
        let mut till = Money::ZERO;
        for (side, price, quantity) in fills {
            let change = position.apply(side, price, quantity, Money::ZERO);
            cash += change.cash;
            let sign = if side == BookSide::Bid { quantity } else { -quantity };
            held += sign;
            till -= price * sign;

            prop_assert_eq!(change.closed + change.opened, quantity);
            prop_assert_eq!(position.quantity(), held);
            prop_assert_eq!(cash, position.realized() - position.cost());
            let collateral = Price::ONE * (-held).max(Quantity::ZERO);
            prop_assert_eq!(cash, till - collateral);
            prop_assert!(!position.cost().is_negative());
            prop_assert!(position.cost() <= Price::ONE * held.abs());
            prop_assert!(!held.is_zero() || position.cost().is_zero());
        }
    }

    #[test]
    fn settlement_pays_exactly_what_the_result_says(fills in fills(), scalar in 0u16..=10_000) {
        let mut open = Position::FLAT;
        for (side, price, quantity) in fills {
            open.apply(side, price, quantity, Money::ZERO);
        }
        let scalar = MarketResult::Scalar(Price::from_units(scalar).unwrap());
        for result in [MarketResult::Yes, MarketResult::No, scalar] {
            let mut position = open;
            let change = position.settle(result, Money::ZERO);
            let due = match open.side() {
                Some(side) => result.payout(side) * open.quantity().abs(),
                None => Money::ZERO,
            };
            prop_assert_eq!(change.cash, due);
            prop_assert_eq!(position.realized(), open.realized() + due - open.cost());
            prop_assert_eq!((position.quantity(), position.cost()), (Quantity::ZERO, Money::ZERO));
        }
    }

    #[test]
    fn selling_in_any_split_realizes_the_same(
        bought in 1i64..=100_000,
        prices in (0u16..=10_000, 0u16..=10_000),
        splits in prop::collection::vec(1i64..=100_000, 0..20),
    ) {
        let (buy, sell) = (Price::from_units(prices.0).unwrap(), Price::from_units(prices.1).unwrap());
        let whole = Quantity::from_units(bought);
        let mut position = Position::FLAT;
        position.apply(BookSide::Bid, buy, whole, Money::ZERO);
        let mut left = whole;
        for units in splits {
            let part = Quantity::from_units(units).min(left);
            position.apply(BookSide::Ask, sell, part, Money::ZERO);
            left -= part;
        }
        position.apply(BookSide::Ask, sell, left, Money::ZERO);

        prop_assert_eq!(position.realized(), sell * whole - buy * whole);
        prop_assert_eq!(position.side(), None);
    }

    #[test]
    fn the_mirrored_market_mirrors_the_position(fills in fills()) {
        let (mut position, mut mirrored) = (Position::FLAT, Position::FLAT);
        for (side, price, quantity) in fills {
            let change = position.apply(side, price, quantity, Money::CENT);
            let mirror = mirrored.apply(side.opposite(), price.complement(), quantity, Money::CENT);
            prop_assert_eq!(change, mirror);
        }
        prop_assert_eq!(position.quantity(), -mirrored.quantity());
        prop_assert_eq!(position.cost(), mirrored.cost());
        prop_assert_eq!(position.realized_after_fees(), mirrored.realized_after_fees());
    }
}
