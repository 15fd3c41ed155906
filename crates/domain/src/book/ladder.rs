//! One side of a book: quantities by tick, the best one known.

use crate::market::Level;
use crate::units::{Price, Quantity};

/// Ticks per page of the ladder. Small, so that a market quoted in tenths of a cent pays only for the prices it uses.
const PAGE: usize = 16;
/// Ticks per word of the occupancy bitmap.
const WORD: usize = 64;

/// Distance between neighbouring ticks; a ladder only ever gets finer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Step {
    #[default]
    Cent,
    DeciCent,
    CentiCent,
}

impl Step {
    /// In units of $0.0001.
    const fn units(self) -> u16 {
        match self {
            Step::Cent => 100,
            Step::DeciCent => 10,
            Step::CentiCent => 1,
        }
    }

    /// Ticks from $0 to $1, both counted.
    const fn ticks(self) -> usize {
        10_000 / self.units() as usize + 1
    }

    /// The coarsest step on which `price` lies.
    fn of(price: Price) -> Step {
        [Step::Cent, Step::DeciCent]
            .into_iter()
            .find(|step| price.units().is_multiple_of(step.units()))
            .unwrap_or(Step::CentiCent)
    }

    /// Number of the tick at `price`; `None` between two ticks.
    #[inline]
    fn tick(self, price: Price) -> Option<usize> {
        let units = usize::from(price.units());
        // One arm per step, so that each division is by a constant.
        let (tick, step) = match self {
            Step::Cent => (units / 100, 100),
            Step::DeciCent => (units / 10, 10),
            Step::CentiCent => (units, 1),
        };
        (tick * step == units).then_some(tick)
    }

    /// Price of a tick.
    #[inline]
    fn price(self, tick: usize) -> Price {
        u16::try_from(tick * usize::from(self.units()))
            .ok()
            .and_then(Price::from_units)
            .expect("ticks end at one dollar")
    }
}

/// Bids of one side.
///
/// `pages` maps a tick's page to where its quantities lie in `quantities`; 0 is "no such page", and stands for a page of
/// zeros at the front, so that reading needs no test. `occupied` has one bit per tick with a quantity above zero.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Ladder {
    step: Step,
    best: Option<usize>,
    pages: Vec<u16>,
    quantities: Vec<i64>,
    occupied: Vec<u64>,
}

impl Ladder {
    /// Removes every level, keeping the memory.
    pub(super) fn clear(&mut self) {
        self.best = None;
        self.quantities.fill(0);
        self.occupied.fill(0);
    }

    /// Makes `quantity`, zero or more, rest at `price`; gives what rested before.
    #[inline]
    pub(super) fn set(&mut self, price: Price, quantity: Quantity) -> Quantity {
        let (tick, slot) = match self.slot(price) {
            Some(found) => found,
            None if quantity.is_zero() => return Quantity::ZERO,
            None => self.make_slot(price),
        };
        let before = Quantity::from_units(self.quantities[slot]);
        self.write(tick, slot, quantity.units());
        before
    }

    /// Adds a signed change; gives what rests then, or, unchanged, what rested when that is too little.
    #[inline]
    pub(super) fn add(&mut self, price: Price, delta: Quantity) -> Result<Quantity, Quantity> {
        let (tick, slot) = match self.slot(price) {
            Some(found) => found,
            None if delta.is_negative() => return Err(Quantity::ZERO),
            None => self.make_slot(price),
        };
        let present = self.quantities[slot];
        let next = present.saturating_add(delta.units());
        if next < 0 {
            return Err(Quantity::from_units(present));
        }
        self.write(tick, slot, next);
        Ok(Quantity::from_units(next))
    }

    /// Contracts at a price.
    #[inline]
    pub(super) fn quantity_at(&self, price: Price) -> Quantity {
        self.slot(price).map_or(Quantity::ZERO, |(_, slot)| {
            Quantity::from_units(self.quantities[slot])
        })
    }

    /// Highest level.
    #[inline]
    pub(super) fn best(&self) -> Option<Level> {
        self.best.map(|tick| self.level(tick))
    }

    /// Levels from the highest down.
    pub(super) fn levels(&self) -> Levels<'_> {
        let word = self.best.map_or(0, |tick| tick / WORD);
        Levels {
            ladder: self,
            word,
            bits: self.occupied.get(word).copied().unwrap_or(0),
        }
    }

    /// Number of levels.
    pub(super) fn level_count(&self) -> usize {
        self.occupied.iter().map(|bits| bits.count_ones() as usize).sum()
    }

    #[inline]
    fn level(&self, tick: usize) -> Level {
        let slot = usize::from(self.pages[tick / PAGE]) * PAGE + tick % PAGE;
        Level {
            price: self.step.price(tick),
            quantity: Quantity::from_units(self.quantities[slot]),
        }
    }

    /// Tick of a price and where its quantity lies, if it has a place yet.
    #[inline]
    fn slot(&self, price: Price) -> Option<(usize, usize)> {
        let tick = self.step.tick(price)?;
        let page = usize::from(*self.pages.get(tick / PAGE)?);
        (page != 0).then_some((tick, page * PAGE + tick % PAGE))
    }

    #[inline]
    fn write(&mut self, tick: usize, slot: usize, quantity: i64) {
        self.quantities[slot] = quantity;
        let word = &mut self.occupied[tick / WORD];
        let bit = 1_u64 << (tick % WORD);
        if quantity > 0 {
            *word |= bit;
            self.best = self.best.max(Some(tick));
        } else {
            *word &= !bit;
            if self.best == Some(tick) {
                self.best = self.next_below(tick);
            }
        }
    }

    /// Highest occupied tick of the word that holds `tick` and those below it.
    #[inline]
    fn next_below(&self, tick: usize) -> Option<usize> {
        let words = &self.occupied[..=tick / WORD];
        let word = words.iter().rposition(|bits| *bits != 0)?;
        Some(word * WORD + words[word].ilog2() as usize)
    }

    /// Makes a place for a price that has none, refining the ladder first when the price lies between its ticks.
    #[cold]
    fn make_slot(&mut self, price: Price) -> (usize, usize) {
        if self.step.tick(price).is_none() {
            self.refine(Step::of(price));
            // A level kept before may share the new price's page.
            if let Some(found) = self.slot(price) {
                return found;
            }
        }
        if self.pages.is_empty() {
            self.pages = vec![0; self.step.ticks().div_ceil(PAGE)];
            self.occupied = vec![0; self.step.ticks().div_ceil(WORD)];
            self.quantities = vec![0; PAGE];
        }
        let tick = self.step.tick(price).expect("the ladder was refined to hold it");
        let page = self.quantities.len() / PAGE;
        self.quantities.extend([0; PAGE]);
        self.pages[tick / PAGE] = u16::try_from(page).expect("a dollar has 626 pages at most");
        (tick, page * PAGE + tick % PAGE)
    }

    #[cold]
    fn refine(&mut self, step: Step) {
        let coarse = std::mem::take(self);
        self.step = step;
        for level in coarse.levels() {
            self.set(level.price, level.quantity);
        }
    }
}

/// Bids of one side of a book, best first.
#[derive(Clone, Debug)]
pub struct Levels<'a> {
    ladder: &'a Ladder,
    word: usize,
    bits: u64,
}

impl Iterator for Levels<'_> {
    type Item = Level;

    fn next(&mut self) -> Option<Level> {
        while self.bits == 0 {
            self.word = self.word.checked_sub(1)?;
            self.bits = self.ladder.occupied[self.word];
        }
        let bit = self.bits.ilog2() as usize;
        self.bits &= !(1 << bit);
        Some(self.ladder.level(self.word * WORD + bit))
    }
}
