use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn level(at: &str, contracts: i32) -> Level {
    Level {
        price: price(at),
        quantity: Quantity::from_contracts(contracts),
    }
}

fn book(yes: &[(&str, i32)], no: &[(&str, i32)]) -> OrderBook {
    let mut book = OrderBook::new();
    let levels = |side: &[(&str, i32)]| side.iter().map(|(at, n)| level(at, *n)).collect::<Vec<_>>();
    book.replace(levels(yes).into_iter(), levels(no).into_iter());
    book
}

#[test]
fn an_ask_is_the_complement_of_the_best_opposite_bid() {
    let book = book(&[("0.44", 10), ("0.40", 5)], &[("0.54", 7), ("0.10", 1)]);

    assert_eq!(book.best_bid(Side::Yes), Some(level("0.44", 10)));
    assert_eq!(book.best_ask(Side::Yes), Some(level("0.46", 7)));
    assert_eq!(book.best_ask(Side::No), Some(level("0.56", 10)));
    assert_eq!(book.spread(), Some("0.02".parse().unwrap()));
    assert_eq!(book.double_mid(), Some(9_000));
    assert_eq!(book.total(Side::Yes), Quantity::from_contracts(15));
    assert!(!book.is_crossed());
}

#[test]
fn a_one_sided_book_has_no_spread_and_an_empty_one_no_quotes() {
    let one_sided = book(&[("0.44", 10)], &[]);
    assert_eq!(
        (
            one_sided.spread(),
            one_sided.double_mid(),
            one_sided.best_ask(Side::Yes)
        ),
        (None, None, None)
    );
    assert!(OrderBook::new().is_empty() && !one_sided.is_empty());
    assert_eq!(OrderBook::new().levels(Side::No).next(), None);
}

#[test]
fn a_finer_price_refines_the_ladder_and_loses_nothing() {
    let mut book = book(&[("0.44", 10), ("0.40", 5), ("1", 1), ("0", 2)], &[]);
    book.set(Side::Yes, price("0.4450"), Quantity::ONE);
    book.set(Side::Yes, price("0.4451"), Quantity::ONE);
    book.set(Side::Yes, price("0.9999"), Quantity::ZERO);

    let prices: Vec<String> = book.levels(Side::Yes).map(|l| l.price.to_string()).collect();
    assert_eq!(
        prices,
        ["1.0000", "0.4451", "0.4450", "0.4400", "0.4000", "0.0000"]
    );
    assert_eq!(book.level_count(Side::Yes), 6);
    assert_eq!(book.depth(Side::Yes, 1).count(), 1);
}

#[test]
fn a_level_never_goes_below_nothing() {
    let mut book = book(&[("0.44", 10)], &[]);
    let before = book.clone();

    let refused = book.apply(Side::Yes, price("0.44"), Quantity::from_contracts(-11));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "-11.00 at yes 0.4400 where only 10.00 rest"
    );
    assert!(
        book.apply(Side::No, price("0.4455"), Quantity::from_contracts(-1))
            .is_err()
    );
    assert_eq!(book, before);
    assert_eq!(
        book.apply(Side::Yes, price("0.44"), Quantity::from_contracts(-10)),
        Ok(Quantity::ZERO)
    );
    assert!(book.is_empty());
}

#[test]
fn touching_is_not_crossing() {
    assert!(!book(&[("0.44", 1)], &[("0.56", 1)]).is_crossed());
    assert!(book(&[("0.45", 1)], &[("0.56", 1)]).is_crossed());
}

#[test]
fn a_book_is_handed_out_only_in_sync() {
    let mut synced = SyncedBook::new();
    let none = || std::iter::empty::<Level>();
    let at = price("0.44");
    assert_eq!(
        synced.apply(Side::Yes, at, Quantity::ONE),
        Err(ApplyError::NotSynced(BookState::AwaitingSnapshot))
    );
    synced.mark_stale();
    assert_eq!(synced.state(), BookState::AwaitingSnapshot);

    synced.snapshot([level("0.44", 2)].into_iter(), none());
    assert_eq!(
        synced.apply(Side::Yes, at, Quantity::ONE),
        Ok(Quantity::from_contracts(3))
    );
    assert!(synced.book().is_some());

    assert!(matches!(
        synced.apply(Side::Yes, at, Quantity::from_contracts(-4)),
        Err(ApplyError::Negative(_))
    ));
    assert_eq!((synced.state(), synced.book()), (BookState::Stale, None));

    synced.snapshot(none(), none());
    assert!(synced.book().is_some_and(OrderBook::is_empty));
}

/// The obvious book, to compare with.
#[derive(Default)]
struct Naive(BTreeMap<(bool, Price), i64>);

impl Naive {
    fn levels(&self, side: Side) -> Vec<Level> {
        self.0
            .iter()
            .rev()
            .filter(|((yes, _), _)| *yes == (side == Side::Yes))
            .map(|((_, price), quantity)| Level {
                price: *price,
                quantity: Quantity::from_units(*quantity),
            })
            .collect()
    }
}

fn any_price() -> impl Strategy<Value = Price> {
    prop_oneof![
        8 => (0_u16..=100).prop_map(|cents| cents * 100),
        2 => (0_u16..=1_000).prop_map(|deci| deci * 10),
        1 => 0_u16..=10_000,
    ]
    .prop_map(|units| Price::from_units(units).unwrap())
}

proptest! {
    #[test]
    fn the_ladder_does_what_a_sorted_map_does(
        updates in prop::collection::vec((any::<bool>(), any_price(), -30_i64..60, any::<bool>()), 1..200)
    ) {
        let (mut book, mut naive) = (OrderBook::new(), Naive::default());
        for (yes, price, amount, absolute) in updates {
            let side = if yes { Side::Yes } else { Side::No };
            let present = naive.0.get(&(yes, price)).copied().unwrap_or(0);
            prop_assert_eq!(book.quantity_at(side, price), Quantity::from_units(present));
            let next = if absolute {
                book.set(side, price, Quantity::from_units(amount));
                amount.max(0)
            } else {
                let applied = book.apply(side, price, Quantity::from_units(amount));
                prop_assert_eq!(applied.is_ok(), present + amount >= 0);
                if applied.is_ok() { present + amount } else { present }
            };
            if next == 0 {
                naive.0.remove(&(yes, price));
            } else {
                naive.0.insert((yes, price), next);
            }
            for side in [Side::Yes, Side::No] {
                let levels = naive.levels(side);
                prop_assert_eq!(book.best_bid(side), levels.first().copied());
                prop_assert_eq!(book.level_count(side), levels.len());
                prop_assert_eq!(book.levels(side).collect::<Vec<_>>(), levels);
            }
        }
    }
}
