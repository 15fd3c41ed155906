//! Which prices a market takes: [`TickGrid`].

use crate::units::Price;

/// Prices from `start` to `end` inclusive in steps of `step`, as the exchange's `price_ranges` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PriceRange {
    /// Lowest price of the range.
    pub start: Price,
    /// Highest price of the range.
    pub end: Price,
    /// Distance between neighbours, above zero.
    pub step: Price,
}

/// Why ranges make no grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TickGridError {
    /// No range at all.
    #[error("price_ranges is empty")]
    Empty,
    /// A step of zero.
    #[error("price_ranges[{0}].step is zero")]
    ZeroStep(usize),
    /// A range that ends before it starts.
    #[error("price_ranges[{0}] ends before it starts")]
    Reversed(usize),
    /// A width that is no multiple of the step.
    #[error("price_ranges[{0}] is not a whole number of steps wide")]
    Uneven(usize),
    /// A range that does not begin where the one before it ended.
    #[error("price_ranges[{0}] does not begin where the one before ends")]
    Gap(usize),
}

/// Valid order prices of a market, from its `price_ranges`; the structure's name is only a label.
///
/// A price is on the grid when it lies strictly between $0 and $1 and on a step of the range that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TickGrid {
    ranges: Vec<PriceRange>,
}

const fn units(units: u16) -> Price {
    match Price::from_units(units) {
        Some(price) => price,
        None => panic!("a grid constant lies within one dollar"),
    }
}

impl TickGrid {
    /// Checks ranges: ascending, touching, each a whole number of steps wide.
    ///
    /// # Errors
    /// [`TickGridError`] names the range and the rule.
    pub fn new(ranges: Vec<PriceRange>) -> Result<TickGrid, TickGridError> {
        if ranges.is_empty() {
            return Err(TickGridError::Empty);
        }
        for (index, range) in ranges.iter().enumerate() {
            if range.step == Price::ZERO {
                return Err(TickGridError::ZeroStep(index));
            }
            let Some(width) = range.end.units().checked_sub(range.start.units()) else {
                return Err(TickGridError::Reversed(index));
            };
            if !width.is_multiple_of(range.step.units()) {
                return Err(TickGridError::Uneven(index));
            }
            if index > 0 && ranges[index - 1].end != range.start {
                return Err(TickGridError::Gap(index));
            }
        }
        Ok(TickGrid { ranges })
    }

    /// One step everywhere.
    fn uniform(step: u16) -> TickGrid {
        TickGrid {
            ranges: vec![PriceRange {
                start: Price::ZERO,
                end: Price::ONE,
                step: units(step),
            }],
        }
    }

    /// `edge` steps below `low` and above $1 − `low`, `center` steps between.
    fn tapered(low: u16, edge: u16, center: u16) -> TickGrid {
        let (low, high) = (units(low), units(10_000 - low));
        let range = |start, end, step| PriceRange {
            start,
            end,
            step: units(step),
        };
        TickGrid {
            ranges: vec![
                range(Price::ZERO, low, edge),
                range(low, high, center),
                range(high, Price::ONE, edge),
            ],
        }
    }

    /// Whole cents, the grid of all history before sub-cent prices.
    #[must_use]
    pub fn linear_cent() -> TickGrid {
        Self::uniform(100)
    }

    /// The ranges behind a known `price_level_structure` label, for bodies that carry the label alone; `None` if unknown.
    ///
    /// Source: exchange notes §5: `linear_cent`, `deci_cent`, `tapered_deci_cent` and the `center_X_edge_Y_cent` family
    /// with steps whole .01, half .005, quint .002, deci .001, centi .0001 and edges below .10 and above .90, but below
    /// .01 and above .99 for `center_deci_edge_centi_cent`.
    #[must_use]
    pub fn from_label(label: &str) -> Option<TickGrid> {
        match label {
            "linear_cent" => Some(Self::linear_cent()),
            "deci_cent" => Some(Self::uniform(10)),
            "tapered_deci_cent" => Some(Self::tapered(1_000, 10, 100)),
            _ => {
                let (center, edge) = label
                    .strip_prefix("center_")?
                    .strip_suffix("_cent")?
                    .split_once("_edge_")?;
                let step = |name| match name {
                    "whole" => Some(100),
                    "half" => Some(50),
                    "quint" => Some(20),
                    "deci" => Some(10),
                    "centi" => Some(1),
                    _ => None,
                };
                let low = if (center, edge) == ("deci", "centi") {
                    100
                } else {
                    1_000
                };
                Some(Self::tapered(low, step(edge)?, step(center)?))
            }
        }
    }

    /// The ranges, ascending.
    #[must_use]
    pub fn ranges(&self) -> &[PriceRange] {
        &self.ranges
    }

    /// True when an order may be placed at `price`.
    #[must_use]
    pub fn contains(&self, price: Price) -> bool {
        price != Price::ZERO
            && price != Price::ONE
            && self.ranges.iter().any(|range| {
                range.start <= price
                    && price <= range.end
                    && (price.units() - range.start.units()).is_multiple_of(range.step.units())
            })
    }

    /// Finest step of any range: every price on the grid is a multiple away from any other.
    #[must_use]
    pub fn finest_step(&self) -> Price {
        self.ranges
            .iter()
            .map(|range| range.step)
            .fold(Price::ONE, Price::min)
    }

    /// Highest valid order price at or below `price`; `None` when there is none.
    #[must_use]
    pub fn at_or_below(&self, price: Price) -> Option<Price> {
        let below_one = price.min(units(9_999));
        self.ranges
            .iter()
            .rev()
            .filter(|range| range.start <= below_one)
            .map(|range| {
                let capped = below_one.min(range.end);
                units(capped.units() - (capped.units() - range.start.units()) % range.step.units())
            })
            .find(|price| *price > Price::ZERO)
    }

    /// Lowest valid order price at or above `price`; `None` when there is none.
    #[must_use]
    pub fn at_or_above(&self, price: Price) -> Option<Price> {
        let above_zero = price.max(units(1));
        self.ranges
            .iter()
            .filter(|range| range.end >= above_zero)
            .map(|range| {
                let from = above_zero.max(range.start).units() - range.start.units();
                units(range.start.units() + from.div_ceil(range.step.units()) * range.step.units())
            })
            .find(|price| *price < Price::ONE)
    }

    /// Next valid price above `price`; `None` at the top.
    #[must_use]
    pub fn up(&self, price: Price) -> Option<Price> {
        self.at_or_above(price.checked_offset(1)?)
    }

    /// Next valid price below `price`; `None` at the bottom.
    #[must_use]
    pub fn down(&self, price: Price) -> Option<Price> {
        self.at_or_below(price.checked_offset(-1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn every_known_structure_has_its_steps() {
        let cases = [
            ("linear_cent", "0.5000", "0.5100"),
            ("deci_cent", "0.5000", "0.5010"),
            ("tapered_deci_cent", "0.0990", "0.1000"),
            ("tapered_deci_cent", "0.1000", "0.1100"),
            ("tapered_deci_cent", "0.9000", "0.9010"),
            ("center_half_edge_deci_cent", "0.5000", "0.5050"),
            ("center_half_edge_deci_cent", "0.0500", "0.0510"),
            ("center_quint_edge_centi_cent", "0.0500", "0.0501"),
            ("center_whole_edge_half_cent", "0.0500", "0.0550"),
            ("center_deci_edge_centi_cent", "0.0500", "0.0510"),
            ("center_deci_edge_centi_cent", "0.0050", "0.0051"),
            ("center_deci_edge_centi_cent", "0.9900", "0.9901"),
        ];
        for (label, from, to) in cases {
            let grid = TickGrid::from_label(label).unwrap();
            assert!(grid.contains(price(from)), "{label} {from}");
            assert_eq!(grid.up(price(from)), Some(price(to)), "{label} up from {from}");
            assert_eq!(grid.down(price(to)), Some(price(from)), "{label} down from {to}");
            assert_eq!(TickGrid::new(grid.ranges().to_vec()), Ok(grid));
        }
        assert_eq!(TickGrid::from_label("center_tiny_edge_deci_cent"), None);
    }

    #[test]
    fn nothing_and_one_dollar_are_never_order_prices() {
        let grid = TickGrid::linear_cent();
        assert!(!grid.contains(Price::ZERO) && !grid.contains(Price::ONE));
        assert_eq!(grid.down(price("0.0100")), None);
        assert_eq!(grid.up(price("0.9900")), None);
        assert_eq!(grid.at_or_below(Price::ONE), Some(price("0.9900")));
        assert_eq!(grid.at_or_above(Price::ZERO), Some(price("0.0100")));
        assert!(!grid.contains(price("0.5050")));
    }

    #[test]
    fn broken_ranges_are_refused_by_number_and_rule() {
        let range = |start, end, step| PriceRange {
            start: price(start),
            end: price(end),
            step: price(step),
        };
        assert_eq!(TickGrid::new(vec![]), Err(TickGridError::Empty));
        assert_eq!(
            TickGrid::new(vec![range("0", "1", "0")]),
            Err(TickGridError::ZeroStep(0))
        );
        assert_eq!(
            TickGrid::new(vec![range("0.5", "0.1", "0.01")]),
            Err(TickGridError::Reversed(0))
        );
        assert_eq!(
            TickGrid::new(vec![range("0", "0.105", "0.01")]),
            Err(TickGridError::Uneven(0))
        );
        assert_eq!(
            TickGrid::new(vec![range("0", "0.1", "0.01"), range("0.2", "1", "0.01")]),
            Err(TickGridError::Gap(1))
        );
    }
}
