//! Many positions revalued at once: columns ordered by market instead of objects.

use super::{Mark, Position, SideMarks};
use crate::units::{Money, Quantity};

/// A position's place in a [`PositionSheet`]; it stays the same when others are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    market: u32,
    slot: u32,
}

impl Row {
    /// Number of its market.
    #[must_use]
    pub const fn market(self) -> u32 {
        self.market
    }
}

/// Positions of any number of accounts, each with the number of its market, and what they are worth at the last marks.
///
/// Markets are numbered by the caller from 0 without large holes. The rows of one market lie side by side, so that a tick
/// touches little memory and a revaluation of everything reads straight through it. A row is never removed: a position that
/// became flat counts for nothing. Before its market is revalued for the first time a row stands at its cost.
#[derive(Clone, Debug, Default)]
pub struct PositionSheet {
    /// Where the rows of a market begin; one more entry than markets.
    starts: Vec<usize>,
    quantities: Vec<Quantity>,
    costs: Vec<Money>,
    unrealized: Vec<Money>,
}

/// Sums over positions at their marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Revaluation {
    /// What they cost.
    pub cost: Money,
    /// Value less cost, before fees.
    pub unrealized: Money,
}

impl Revaluation {
    /// What they are worth; a position without a mark stands at its cost.
    #[must_use]
    pub fn value(self) -> Money {
        self.cost + self.unrealized
    }
}

impl PositionSheet {
    /// An empty sheet.
    #[must_use]
    pub fn new() -> PositionSheet {
        PositionSheet::default()
    }

    /// A sheet of many positions, each with the number of its market, and the row of each in the order given. Much faster
    /// than adding them one by one.
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    #[must_use]
    pub fn of(positions: &[(u32, Position)]) -> (PositionSheet, Vec<Row>) {
        let markets = positions.iter().map(|(market, _)| *market as usize + 1).max();
        let mut counts = vec![0u32; markets.unwrap_or(0)];
        let rows: Vec<Row> = positions
            .iter()
            .map(|(market, _)| {
                let count = &mut counts[*market as usize];
                let row = Row {
                    market: *market,
                    slot: *count,
                };
                *count += 1;
                row
            })
            .collect();
        let mut starts = vec![0];
        for count in counts {
            starts.push(starts[starts.len() - 1] + count as usize);
        }
        let mut sheet = PositionSheet {
            starts,
            quantities: vec![Quantity::ZERO; positions.len()],
            costs: vec![Money::ZERO; positions.len()],
            unrealized: vec![Money::ZERO; positions.len()],
        };
        for (row, (_, position)) in rows.iter().zip(positions) {
            sheet.update(*row, *position);
        }
        (sheet, rows)
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.quantities.len()
    }

    /// True without a row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.quantities.is_empty()
    }

    /// Adds a position in market number `market`, moving the rows of all later markets.
    ///
    /// # Panics
    /// When the position exceeds [`Quantity::MAX`], or a market has four billion rows.
    pub fn insert(&mut self, market: u32, position: Position) -> Row {
        let market_index = market as usize;
        let known = self.starts.len().max(market_index + 2);
        self.starts.resize(known, self.len());
        let at = self.starts[market_index + 1];
        let slot = u32::try_from(at - self.starts[market_index]).expect("fewer rows than four billion");
        self.quantities.insert(at, Quantity::ZERO);
        self.costs.insert(at, Money::ZERO);
        self.unrealized.insert(at, Money::ZERO);
        for start in &mut self.starts[market_index + 1..] {
            *start += 1;
        }
        let row = Row { market, slot };
        self.update(row, position);
        row
    }

    /// Replaces what a row holds; until the next revaluation it stands at its cost.
    ///
    /// # Panics
    /// When the position exceeds [`Quantity::MAX`], which the sums rely on, or the row is another sheet's.
    pub fn update(&mut self, row: Row, position: Position) {
        assert!(
            position.quantity().abs() <= Quantity::MAX,
            "{} contracts are more than a sheet can add up",
            position.quantity()
        );
        let index = self.index_of(row);
        self.quantities[index] = position.quantity();
        self.costs[index] = position.cost();
        self.unrealized[index] = Money::ZERO;
    }

    /// Unrealized P&L of a row at the marks of the last revaluation.
    ///
    /// # Panics
    /// When the row is another sheet's.
    #[must_use]
    pub fn unrealized(&self, row: Row) -> Money {
        self.unrealized[self.index_of(row)]
    }

    /// Number of rows of one market.
    #[must_use]
    pub fn rows_in(&self, market: u32) -> usize {
        self.range_of(market as usize).len()
    }

    /// Values every row at its market's marks and returns the sums.
    ///
    /// `marks` is indexed by market number; markets beyond its end have no mark.
    ///
    /// # Panics
    /// When the sums exceed what [`Money`] holds, nine trillion dollars.
    pub fn revalue(&mut self, marks: &[SideMarks]) -> Revaluation {
        let mut sums = Sums::default();
        for market in 0..self.starts.len().saturating_sub(1) {
            let marks = marks.get(market).copied().unwrap_or_default();
            self.revalue_range(self.range_of(market), marks, &mut sums);
        }
        sums.finish()
    }

    /// Values one market's rows, as after a tick of it, and returns their sums.
    ///
    /// # Panics
    /// When the sums exceed what [`Money`] holds.
    pub fn revalue_market(&mut self, market: u32, marks: SideMarks) -> Revaluation {
        let mut sums = Sums::default();
        self.revalue_range(self.range_of(market as usize), marks, &mut sums);
        sums.finish()
    }

    fn range_of(&self, market: usize) -> std::ops::Range<usize> {
        match (self.starts.get(market), self.starts.get(market + 1)) {
            (Some(start), Some(end)) => *start..*end,
            _ => 0..0,
        }
    }

    fn index_of(&self, row: Row) -> usize {
        let range = self.range_of(row.market as usize);
        assert!(
            (row.slot as usize) < range.len(),
            "the row belongs to another sheet"
        );
        range.start + row.slot as usize
    }

    fn revalue_range(&mut self, range: std::ops::Range<usize>, marks: SideMarks, sums: &mut Sums) {
        let quantities = self.quantities[range.clone()].chunks(Sums::ROWS_AT_ONCE);
        let costs = self.costs[range.clone()].chunks(Sums::ROWS_AT_ONCE);
        let unrealized = self.unrealized[range].chunks_mut(Sums::ROWS_AT_ONCE);
        for ((quantities, costs), unrealized) in quantities.zip(costs).zip(unrealized) {
            sums.add(match marks {
                SideMarks {
                    yes: Some(yes),
                    no: Some(no),
                } => revalue_marked(quantities, costs, unrealized, yes, no),
                _ => revalue_any(quantities, costs, unrealized, marks),
            });
        }
    }
}

/// Values rows of a market with both marks: the usual case, without a branch so that it runs at the memory's pace.
fn revalue_marked(
    quantities: &[Quantity],
    costs: &[Money],
    unrealized: &mut [Money],
    yes: Mark,
    no: Mark,
) -> Revaluation {
    let (yes, no) = (i64::from(yes.half_ticks()), i64::from(no.half_ticks()));
    let mut sums = Revaluation::default();
    for ((quantity, cost), unrealized) in quantities.iter().zip(costs).zip(unrealized) {
        let units = quantity.units();
        // All ones for NO: picks the mark and takes the sign away.
        let is_no = units >> 63;
        let half_ticks = yes ^ ((yes ^ no) & is_no);
        let contracts = (units ^ is_no) - is_no;
        let gain = Money::from_micros((half_ticks * contracts) >> 1) - *cost;
        *unrealized = gain;
        sums.cost += *cost;
        sums.unrealized += gain;
    }
    sums
}

/// Values rows of a market that lacks a mark.
fn revalue_any(
    quantities: &[Quantity],
    costs: &[Money],
    unrealized: &mut [Money],
    marks: SideMarks,
) -> Revaluation {
    let mut sums = Revaluation::default();
    for ((quantity, cost), unrealized) in quantities.iter().zip(costs).zip(unrealized) {
        let value = marks
            .of(*quantity)
            .map_or(*cost, |mark| mark.value_of(quantity.abs()));
        *unrealized = value - *cost;
        sums.cost += *cost;
        sums.unrealized += *unrealized;
    }
    sums
}

/// Wide running sums: a million rows of the largest position overflow 64 bits.
#[derive(Default)]
struct Sums {
    cost: i128,
    unrealized: i128,
}

impl Sums {
    /// Rows whose sums certainly fit 64 bits: each is at most $1 × [`Quantity::MAX`], 10¹⁶ millionths.
    const ROWS_AT_ONCE: usize = 512;

    fn add(&mut self, part: Revaluation) {
        self.cost += i128::from(part.cost.micros());
        self.unrealized += i128::from(part.unrealized.micros());
    }

    fn finish(self) -> Revaluation {
        let money =
            |micros| Money::from_micros(i64::try_from(micros).expect("sums are below nine trillion dollars"));
        Revaluation {
            cost: money(self.cost),
            unrealized: money(self.unrealized),
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
        let yes = sheet.insert(0, position(BookSide::Bid, 3_000, 1_000));
        let other = sheet.insert(1, position(BookSide::Bid, 5_000, 1_000));
        let no = sheet.insert(0, position(BookSide::Ask, 3_000, 1_000));
        let marks = Quote {
            last: Some(price(4_000)),
            ..Quote::default()
        }
        .marks(MarkPolicy::Last);

        let sums = sheet.revalue_market(0, marks);

        let unrealized = [yes, no, other].map(|row| sheet.unrealized(row));
        assert_eq!(
            unrealized,
            [Money::from_dollars(1), Money::from_dollars(-1), Money::ZERO]
        );
        assert_eq!(
            (sums.cost, sums.unrealized),
            (Money::from_dollars(10), Money::ZERO)
        );
        assert_eq!((sheet.rows_in(0), sheet.rows_in(1), sheet.rows_in(7)), (2, 1, 0));
        sheet.update(other, Position::FLAT);
        assert_eq!(sheet.revalue(&[marks]).value(), Money::from_dollars(10));
        assert_eq!(PositionSheet::new().revalue(&[marks]), Revaluation::default());
    }

    #[test]
    fn sums_of_the_largest_positions_do_not_overflow_on_the_way() {
        // Six hundred times $10 billion of YES at $0 and NO at $1: together what the YES cost.
        let largest = |side| position(side, 10_000, Quantity::MAX.units());
        let rows: Vec<(u32, Position)> = (0..600).map(|_| (0, largest(BookSide::Bid))).collect();
        let (mut sheet, _) = PositionSheet::of(&rows);
        let marks = SideMarks {
            yes: Some(Mark::at(Price::ZERO)),
            no: Some(Mark::at(Price::ONE)),
        };
        assert_eq!(
            sheet.revalue(&[marks]).unrealized,
            Money::from_dollars(-6_000_000_000_000)
        );
    }

    #[test]
    #[should_panic(expected = "the row belongs to another sheet")]
    fn a_row_of_another_sheet_is_refused() {
        let row = PositionSheet::new().insert(3, Position::FLAT);
        let _ = PositionSheet::new().unrealized(row);
    }

    proptest! {
        #[test]
        fn the_sheet_values_as_each_position_alone(
            rows in prop::collection::vec((0u32..5, any::<bool>(), 0u16..=10_000, 0i64..=1_000_000), 0..50),
            quotes in prop::collection::vec((prop::option::of(0u16..=10_000), prop::option::of(0u16..=10_000)), 0..5),
            cut in 0usize..50,
        ) {
            let quotes: Vec<Quote> = quotes
                .into_iter()
                .map(|(bid, ask)| Quote { yes_bid: bid.map(price), yes_ask: ask.map(price), last: None })
                .collect();
            let positions: Vec<(u32, Position)> = rows
                .into_iter()
                .map(|(market, bid, price, units)| {
                    let side = if bid { BookSide::Bid } else { BookSide::Ask };
                    (market, position(side, price, units))
                })
                .collect();
            // Some rows at once, the others one by one.
            let (at_once, later) = positions.split_at(cut.min(positions.len()));
            let (mut sheet, mut rows) = PositionSheet::of(at_once);
            rows.extend(later.iter().map(|(market, position)| sheet.insert(*market, *position)));
            prop_assert_eq!(sheet.len(), positions.len());

            for policy in [MarkPolicy::Mid, MarkPolicy::ClosingBid] {
                let marks: Vec<SideMarks> = quotes.iter().map(|quote| quote.marks(policy)).collect();
                let alone: Vec<Money> = positions
                    .iter()
                    .map(|(market, position)| {
                        let quote = quotes.get(*market as usize).copied().unwrap_or_default();
                        position.valued(quote, policy).unrealized
                    })
                    .collect();
                let of_rows = |sheet: &PositionSheet| -> Vec<Money> {
                    rows.iter().map(|row| sheet.unrealized(*row)).collect()
                };
                let sums = sheet.revalue(&marks);
                prop_assert_eq!(of_rows(&sheet), alone.clone());
                prop_assert_eq!(sums.unrealized, alone.iter().copied().sum::<Money>());
                prop_assert_eq!(sums.cost, positions.iter().map(|(_, position)| position.cost()).sum::<Money>());

                let mut ticked = PositionSheet::of(&positions).0;
                let mut total = Money::ZERO;
                for market in 0..5 {
                    let marks = marks.get(market as usize).copied().unwrap_or_default();
                    total += ticked.revalue_market(market, marks).unrealized;
                }
                prop_assert_eq!(total, sums.unrealized);
            }
        }
    }
}
