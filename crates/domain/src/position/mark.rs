//! Marks: the price an open position is valued at, and where it came from.

use std::num::NonZeroU16;

use super::Position;
use crate::side::Side;
use crate::units::{Money, Price, Quantity};

/// Value of one contract, in half ticks of $0.00005, so that a mid between neighbouring prices is exact.
///
/// Always of the contract held: a YES mark values YES, its complement NO.
// Kept one above the half ticks, so that an absent mark takes no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(NonZeroU16);

impl Mark {
    const HALF_TICKS_OF_A_DOLLAR: u16 = 20_000;

    const fn from_half_ticks(half_ticks: u16) -> Mark {
        Mark(NonZeroU16::MIN.saturating_add(half_ticks))
    }

    /// A mark at a price.
    #[must_use]
    pub const fn at(price: Price) -> Mark {
        Self::from_half_ticks(2 * price.units())
    }

    /// The mark half-way between two prices.
    #[must_use]
    pub const fn mid(bid: Price, ask: Price) -> Mark {
        Self::from_half_ticks(bid.units() + ask.units())
    }

    /// Half ticks of $0.00005, 0 to 20 000.
    #[must_use]
    pub const fn half_ticks(self) -> u16 {
        self.0.get() - 1
    }

    /// The mark of the opposite contract.
    #[must_use]
    pub const fn complement(self) -> Mark {
        Self::from_half_ticks(Self::HALF_TICKS_OF_A_DOLLAR - self.half_ticks())
    }

    /// The mark in dollars.
    #[must_use]
    pub fn per_contract(self) -> Money {
        Money::from_micros(i64::from(self.half_ticks()) * 50)
    }

    /// What `quantity` contracts (zero or more) are worth: (bid + ask) × quantity / 2.
    ///
    /// Exact but for half a millionth of a dollar, when an odd half tick meets an odd hundredth of a contract: that
    /// half is dropped, so that a position is never worth more than the mark says.
    #[must_use]
    pub fn value_of(self, quantity: Quantity) -> Money {
        Money::from_micros((i64::from(self.half_ticks()) * quantity.units()) >> 1)
    }
}

/// What is publicly known of a market's price, in YES prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quote {
    /// Best YES bid.
    pub yes_bid: Option<Price>,
    /// Best YES ask, the complement of the best NO bid.
    pub yes_ask: Option<Price>,
    /// Price of the last trade.
    pub last: Option<Price>,
}

/// Which mark an account wants; where it is missing, the next best is taken, and [`MarkSource`] says which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MarkPolicy {
    /// Mid where both sides are quoted, else last, else cost.
    #[default]
    Mid,
    /// Last trade, else mid, else cost.
    Last,
    /// The bid that would close the position (YES bid for YES, NO bid for NO), else last, else cost.
    ClosingBid,
}

/// Where a mark came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkSource {
    /// Half-way between bid and ask.
    Mid,
    /// The last trade.
    Last,
    /// The bid that would close the position.
    ClosingBid,
    /// None was known: the position stands at its cost.
    Cost,
}

impl MarkSource {
    /// The word clients see: `mid`, `last`, `closing_bid`, `cost`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            MarkSource::Mid => "mid",
            MarkSource::Last => "last",
            MarkSource::ClosingBid => "closing_bid",
            MarkSource::Cost => "cost",
        }
    }
}

impl Quote {
    /// The mark for a holder of `side`; `None` when nothing is known, and the position stands at its cost.
    #[must_use]
    pub fn mark(self, policy: MarkPolicy, side: Side) -> Option<(Mark, MarkSource)> {
        let of_side = |yes: Mark| match side {
            Side::Yes => yes,
            Side::No => yes.complement(),
        };
        let mid = || {
            let (bid, ask) = (self.yes_bid?, self.yes_ask?);
            Some((of_side(Mark::mid(bid, ask)), MarkSource::Mid))
        };
        let last = || Some((of_side(Mark::at(self.last?)), MarkSource::Last));
        let closing_bid = || {
            let bid = match side {
                Side::Yes => self.yes_bid?,
                Side::No => self.yes_ask?.complement(),
            };
            Some((Mark::at(bid), MarkSource::ClosingBid))
        };
        match policy {
            MarkPolicy::Mid => mid().or_else(last),
            MarkPolicy::Last => last().or_else(mid),
            MarkPolicy::ClosingBid => closing_bid().or_else(last),
        }
    }

    /// The marks for holders of either side.
    #[must_use]
    pub fn marks(self, policy: MarkPolicy) -> SideMarks {
        let of = |side| self.mark(policy, side).map(|(mark, _)| mark);
        SideMarks {
            yes: of(Side::Yes),
            no: of(Side::No),
        }
    }
}

/// What one contract of each side of a market is valued at; `None` stands at cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SideMarks {
    /// Value of YES.
    pub yes: Option<Mark>,
    /// Value of NO.
    pub no: Option<Mark>,
}

impl SideMarks {
    /// The mark for a signed quantity: + YES, − NO.
    #[must_use]
    pub const fn of(self, quantity: Quantity) -> Option<Mark> {
        if quantity.is_negative() { self.no } else { self.yes }
    }
}

/// What an open position is worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Valuation {
    /// Value of one contract held; `None` when it stands at cost or nothing is held.
    pub mark: Option<Mark>,
    /// Where the mark came from.
    pub source: MarkSource,
    /// Value of the whole position.
    pub value: Money,
    /// Value less cost, before fees.
    pub unrealized: Money,
}

impl Position {
    /// Values the position at the current quote.
    #[must_use]
    pub fn valued(self, quote: Quote, policy: MarkPolicy) -> Valuation {
        let marked = self.side().and_then(|side| quote.mark(policy, side));
        let (mark, source) = match marked {
            Some((mark, source)) => (Some(mark), source),
            None => (None, MarkSource::Cost),
        };
        let value = mark.map_or(self.cost(), |mark| mark.value_of(self.quantity().abs()));
        Valuation {
            mark,
            source,
            value,
            unrealized: value - self.cost(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::side::BookSide;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    fn quote(yes_bid: &str, yes_ask: &str, last: &str) -> Quote {
        Quote {
            yes_bid: yes_bid.parse().ok(),
            yes_ask: yes_ask.parse().ok(),
            last: last.parse().ok(),
        }
    }

    fn holding(book_side: BookSide, yes_price: &str, quantity: &str) -> Position {
        let mut position = Position::FLAT;
        position.apply(
            book_side,
            price(yes_price),
            quantity.parse().unwrap(),
            Money::ZERO,
        );
        position
    }

    #[test]
    fn a_mid_between_two_ticks_is_exact() {
        // (0.4400 + 0.4601) / 2 = 0.45005; three contracts are 1.35015, and 0.03 of one 0.0135015, floored.
        let mark = Mark::mid(price("0.4400"), price("0.4601"));
        let value = |quantity: &str| mark.value_of(quantity.parse().unwrap()).to_string();

        assert_eq!(mark.per_contract().to_string(), "0.450050");
        assert_eq!(value("3"), "1.350150");
        assert_eq!(value("0.03"), "0.013501");
        assert_eq!(mark.complement().per_contract().to_string(), "0.549950");
        assert_eq!(size_of::<Option<Mark>>(), 2);
    }

    #[test]
    fn the_mark_falls_back_and_says_so() {
        let yes = |quote: Quote, policy| quote.mark(policy, Side::Yes).map(|(_, source)| source);
        let (full, one_sided, silent) = (
            quote("0.40", "0.44", "0.50"),
            quote("0.40", "", "0.50"),
            quote("", "", ""),
        );

        assert_eq!(yes(full, MarkPolicy::Mid), Some(MarkSource::Mid));
        assert_eq!(yes(one_sided, MarkPolicy::Mid), Some(MarkSource::Last));
        assert_eq!(yes(full, MarkPolicy::Last), Some(MarkSource::Last));
        assert_eq!(
            yes(quote("0.40", "0.44", ""), MarkPolicy::Last),
            Some(MarkSource::Mid)
        );
        assert_eq!(
            yes(one_sided, MarkPolicy::ClosingBid),
            Some(MarkSource::ClosingBid)
        );
        assert_eq!(yes(silent, MarkPolicy::Mid), None);
        let held = holding(BookSide::Bid, "0.30", "10");
        let valued = held.valued(silent, MarkPolicy::Mid);
        assert_eq!(
            (valued.source, valued.unrealized),
            (MarkSource::Cost, Money::ZERO)
        );
    }

    #[test]
    fn either_side_is_closed_into_its_own_bid() {
        let quote = quote("0.40", "0.44", "0.50");
        let unrealized = |position: Position| {
            let valued = position.valued(quote, MarkPolicy::ClosingBid);
            (valued.value.to_string(), valued.unrealized.to_string())
        };

        // YES bought at 0.30 sells at 0.40; NO bought at 0.70 sells at 0.56.
        assert_eq!(
            unrealized(holding(BookSide::Bid, "0.30", "10")),
            ("4.0000".into(), "1.0000".into())
        );
        assert_eq!(
            unrealized(holding(BookSide::Ask, "0.30", "10")),
            ("5.6000".into(), "-1.4000".into())
        );
    }

    proptest! {
        #[test]
        fn a_pair_is_never_worth_more_than_its_dollar(
            prices in (0u16..=10_000, 0u16..=10_000),
            units in 0i64..=1_000_000_000_000,
        ) {
            let [bid, ask] = [prices.0, prices.1].map(|units| Price::from_units(units).unwrap());
            let (mark, quantity) = (Mark::mid(bid, ask), Quantity::from_units(units));
            let pair = mark.value_of(quantity) + mark.complement().value_of(quantity);
            let short = Price::ONE * quantity - pair;
            prop_assert!(short == Money::ZERO || short == Money::from_micros(1));
            prop_assert_eq!(Mark::at(bid).value_of(quantity), bid * quantity);
        }
    }
}
