//! One side of the book: a level per tick and a bitmap that finds the best one.

use super::slab::Slot;
use crate::side::BookSide;
use crate::units::{Price, Quantity};

/// Orders of one price, oldest first, as a linked list through the slab.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct PriceLevel {
    pub(super) head: Option<Slot>,
    pub(super) tail: Option<Slot>,
    /// Contracts of all of them.
    pub(super) total: Quantity,
}

/// Levels of one side, by rank: rank 0 is the best price there can be, so that the best level is always the lowest rank.
///
/// Levels are allocated with the first order, one per `step`; a market in whole cents takes 101 of them.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Ladder {
    side: BookSide,
    /// Units of $0.0001 per rank; divides one dollar and every price that rests.
    step: u16,
    levels: Vec<PriceLevel>,
    /// One bit per level that holds orders, and one bit per word of those.
    words: Vec<u64>,
    summary: [u64; 3],
}

impl Ladder {
    pub(super) const fn new(side: BookSide, step: u16) -> Ladder {
        Ladder {
            side,
            step,
            levels: Vec::new(),
            words: Vec::new(),
            summary: [0; 3],
        }
    }

    pub(super) const fn step(&self) -> u16 {
        self.step
    }

    /// Rank of a price; prices off the step round towards the better one, which only tests of crossing may do.
    pub(super) fn rank(&self, price: Price) -> usize {
        let distance = match self.side {
            BookSide::Bid => price.complement(),
            BookSide::Ask => price,
        };
        usize::from(distance.units() / self.step)
    }

    pub(super) fn price(&self, rank: usize) -> Price {
        let units = u16::try_from(rank * usize::from(self.step)).expect("a rank lies within one dollar");
        let distance = Price::from_units(units).expect("a rank lies within one dollar");
        match self.side {
            BookSide::Bid => distance.complement(),
            BookSide::Ask => distance,
        }
    }

    /// Lowest rank that holds orders.
    pub(super) fn best(&self) -> Option<usize> {
        for (index, bits) in self.summary.iter().enumerate() {
            if *bits != 0 {
                let word = index * 64 + bits.trailing_zeros() as usize;
                return Some(word * 64 + self.words[word].trailing_zeros() as usize);
            }
        }
        None
    }

    /// Ranks that hold orders, best first.
    pub(super) fn ranks(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(word, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                if bits == 0 {
                    return None;
                }
                let bit = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                Some(word * 64 + bit)
            })
        })
    }

    /// Levels that hold orders, best first, with their prices.
    pub(super) fn levels(&self) -> impl Iterator<Item = (Price, &PriceLevel)> {
        self.ranks().map(|rank| (self.price(rank), &self.levels[rank]))
    }

    /// The level at `rank`, empty where nothing was ever allocated.
    pub(super) fn level(&self, rank: usize) -> PriceLevel {
        self.levels.get(rank).copied().unwrap_or_default()
    }

    pub(super) fn level_mut(&mut self, rank: usize) -> &mut PriceLevel {
        if self.levels.is_empty() {
            let ranks = usize::from(Price::ONE.units() / self.step) + 1;
            self.levels.resize(ranks, PriceLevel::default());
            self.words.resize(ranks.div_ceil(64), 0);
        }
        &mut self.levels[rank]
    }

    /// Notes that the level at `rank` holds orders.
    pub(super) fn mark(&mut self, rank: usize) {
        self.words[rank / 64] |= 1 << (rank % 64);
        self.summary[rank / 4_096] |= 1 << (rank / 64 % 64);
    }

    /// Notes that the level at `rank` is empty.
    pub(super) fn unmark(&mut self, rank: usize) {
        let word = &mut self.words[rank / 64];
        *word &= !(1 << (rank % 64));
        if *word == 0 {
            self.summary[rank / 4_096] &= !(1 << (rank / 64 % 64));
        }
    }

    /// The same levels on a finer step, which must divide the present one.
    pub(super) fn refined(&self, step: u16) -> Ladder {
        let mut finer = Ladder::new(self.side, step);
        for (price, level) in self.levels() {
            let rank = finer.rank(price);
            *finer.level_mut(rank) = *level;
            finer.mark(rank);
        }
        finer
    }
}
