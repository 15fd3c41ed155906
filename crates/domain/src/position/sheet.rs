//! Many positions revalued at once: columns instead of objects.

use super::{Position, SideMarks};
use crate::units::{Money, Quantity};

/// A position's place in a [`PositionSheet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row(u32);

impl Row {
    /// Index into the columns.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Positions of any number of accounts in columns, each with the number of its market.
///
/// Markets are numbered by the caller from 0 without large holes. Rows never move; a position that became flat keeps its
/// row and counts for nothing. One market's rows are found without a search.
#[derive(Clone, Debug, Default)]
pub struct PositionSheet {
    markets: Vec<u32>,
    quantities: Vec<Quantity>,
    costs: Vec<Money>,
    rows_of: Vec<Vec<Row>>,
}

/// Sums over positions at their marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revaluation {
    /// What they are worth; a position without a mark stands at its cost.
    pub value: Money,
    /// What they cost.
    pub cost: Money,
}

impl Revaluation {
    /// Value less cost, before fees.
    #[must_use]
    pub fn unrealized(self) -> Money {
        self.value - self.cost
    }
}

impl PositionSheet {
    /// An empty sheet.
    #[must_use]
    pub fn new() -> PositionSheet {
        PositionSheet::default()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.markets.len()
    }

    /// True without a row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.markets.is_empty()
    }

    /// Adds a position in market number `market`.
    ///
    /// # Panics
    /// Beyond four billion rows.
    pub fn push(&mut self, market: u32, position: Position) -> Row {
        let row = Row(u32::try_from(self.len()).expect("a sheet holds fewer than four billion rows"));
        self.markets.push(market);
        self.quantities.push(position.quantity());
        self.costs.push(position.cost());
        let market = market as usize;
        if self.rows_of.len() <= market {
            self.rows_of.resize_with(market + 1, Vec::new);
        }
        self.rows_of[market].push(row);
        row
    }

    /// Replaces what a row holds; its market stays.
    pub fn update(&mut self, row: Row, position: Position) {
        self.quantities[row.index()] = position.quantity();
        self.costs[row.index()] = position.cost();
    }

    /// Rows of one market, in the order they were added.
    #[must_use]
    pub fn rows_of(&self, market: u32) -> &[Row] {
        self.rows_of.get(market as usize).map_or(&[], Vec::as_slice)
    }

    /// Values every row at its market's marks, writes each row's unrealized P&L to `unrealized`, and returns the sums.
    ///
    /// `marks` is indexed by market number; markets beyond its end have no mark.
    ///
    /// # Panics
    /// When the sums exceed what [`Money`] holds, nine trillion dollars.
    pub fn revalue(&self, marks: &[SideMarks], unrealized: &mut Vec<Money>) -> Revaluation {
        let mut sums = Sums::default();
        unrealized.clear();
        unrealized.extend(self.markets.iter().zip(&self.quantities).zip(&self.costs).map(
            |((market, quantity), cost)| {
                let marks = marks.get(*market as usize).copied().unwrap_or_default();
                sums.add(marks, *quantity, *cost)
            },
        ));
        sums.finish()
    }

    /// Values one market's rows, as after a tick of it, writes their unrealized P&L into the rows of `unrealized`, and
    /// returns the sums.
    ///
    /// # Panics
    /// When `unrealized` is shorter than the sheet, or the sums exceed what [`Money`] holds.
    pub fn revalue_market(&self, market: u32, marks: SideMarks, unrealized: &mut [Money]) -> Revaluation {
        let mut sums = Sums::default();
        for row in self.rows_of(market) {
            let index = row.index();
            unrealized[index] = sums.add(marks, self.quantities[index], self.costs[index]);
        }
        sums.finish()
    }
}

/// Wide running sums: a million rows of the largest position overflow 64 bits.
#[derive(Default)]
struct Sums {
    value: i128,
    cost: i128,
}

impl Sums {
    /// Counts one row and returns its unrealized P&L.
    fn add(&mut self, marks: SideMarks, quantity: Quantity, cost: Money) -> Money {
        let value = marks
            .of(quantity)
            .map_or(cost, |mark| mark.value_of(quantity.abs()));
        self.value += i128::from(value.micros());
        self.cost += i128::from(cost.micros());
        value - cost
    }

    fn finish(self) -> Revaluation {
        let money =
            |micros| Money::from_micros(i64::try_from(micros).expect("sums are below nine trillion dollars"));
        Revaluation {
            value: money(self.value),
            cost: money(self.cost),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::position::{MarkPolicy, Quote};
    use crate::side::BookSide;
    use crate::units::Price;

    fn price(units: u16) -> Price {
        Price::from_units(units).unwrap()
    }

    fn position(side: BookSide, yes_price: u16, units: i64) -> Position {
        let mut position = Position::FLAT;
        position.apply(side, price(yes_price), Quantity::from_units(units), Money::ZERO);
        position
    }

    #[test]
    fn a_tick_revalues_only_its_market() {
        let mut sheet = PositionSheet::new();
        let yes = sheet.push(0, position(BookSide::Bid, 3_000, 1_000));
        let other = sheet.push(1, position(BookSide::Bid, 5_000, 1_000));
        let no = sheet.push(0, position(BookSide::Ask, 3_000, 1_000));
        let marks = Quote {
            last: Some(price(4_000)),
            ..Quote::default()
        }
        .marks(MarkPolicy::Last);
        let mut unrealized = vec![Money::ZERO; 3];

        let sums = sheet.revalue_market(0, marks, &mut unrealized);

        assert_eq!(sheet.rows_of(0), [yes, no]);
        assert_eq!(
            unrealized,
            [Money::from_dollars(1), Money::ZERO, Money::from_dollars(-1)]
        );
        assert_eq!(sums.unrealized(), Money::ZERO);
        assert_eq!(sums.cost, Money::from_dollars(10));
        sheet.update(other, Position::FLAT);
        assert_eq!(
            sheet.revalue(&[marks], &mut unrealized).value,
            Money::from_dollars(10)
        );
        assert_eq!(unrealized[other.index()], Money::ZERO);
    }

    proptest! {
        #[test]
        fn the_sheet_values_as_each_position_alone(
            rows in prop::collection::vec((0u32..5, any::<bool>(), 0u16..=10_000, 0i64..=1_000_000), 0..50),
            quotes in prop::collection::vec((prop::option::of(0u16..=10_000), prop::option::of(0u16..=10_000)), 0..5),
        ) {
            let quotes: Vec<Quote> = quotes
                .into_iter()
                .map(|(bid, ask)| Quote { yes_bid: bid.map(price), yes_ask: ask.map(price), last: None })
                .collect();
            let mut sheet = PositionSheet::new();
            let positions: Vec<(u32, Position)> = rows
                .into_iter()
                .map(|(market, bid, price, units)| {
                    let side = if bid { BookSide::Bid } else { BookSide::Ask };
                    (market, position(side, price, units))
                })
                .collect();
            for (market, position) in &positions {
                sheet.push(*market, *position);
            }
            for policy in [MarkPolicy::Mid, MarkPolicy::ClosingBid] {
                let marks: Vec<SideMarks> = quotes.iter().map(|quote| quote.marks(policy)).collect();
                let alone: Vec<Money> = positions
                    .iter()
                    .map(|(market, position)| {
                        let quote = quotes.get(*market as usize).copied().unwrap_or_default();
                        position.valued(quote, policy).unrealized
                    })
                    .collect();
                let mut unrealized = Vec::new();
                let sums = sheet.revalue(&marks, &mut unrealized);
                prop_assert_eq!(&unrealized, &alone);
                prop_assert_eq!(sums.unrealized(), alone.iter().copied().sum::<Money>());

                let mut by_market = vec![Money::ZERO; sheet.len()];
                let mut total = Money::ZERO;
                for market in 0..5 {
                    let marks = marks.get(market as usize).copied().unwrap_or_default();
                    total += sheet.revalue_market(market, marks, &mut by_market).unrealized();
                }
                prop_assert_eq!(by_market, alone);
                prop_assert_eq!(total, sums.unrealized());
            }
        }
    }
}
