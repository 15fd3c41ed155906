//! Order books: the REST body and the level lists it shares with the stream.

use kmi_domain::{Level, Price, Quantity};
use serde::{Deserialize, Serialize};

use super::Scalar;
use super::field::{Fault, FieldError, Named};

/// Levels as they came: `[[42, 13]]` or `[["0.4200", "13.00"]]`, ascending; `null` and an absent key are an empty side.
pub type LevelList<'a> = Option<Vec<Vec<Scalar<'a>>>>;

/// `GET /markets/{ticker}/orderbook`: the book stands under `orderbook` (cents, later with dollars beside them) or
/// `orderbook_fp` (dollars).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct OrderbookBody<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub orderbook: Option<OrderbookSides<'a>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub orderbook_fp: Option<OrderbookSides<'a>>,
}

/// Both sides of a book, bids only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct OrderbookSides<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub yes: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub no: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub yes_dollars: LevelList<'a>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub no_dollars: LevelList<'a>,
}

/// Bids on YES and on NO, as listed: ascending, best last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookLevels {
    /// Bids on YES.
    pub yes: Vec<Level>,
    /// Bids on NO, in NO prices.
    pub no: Vec<Level>,
}

impl OrderbookBody<'_> {
    /// The levels of both sides, checked; empty where the body has none.
    ///
    /// # Errors
    /// [`FieldError`] names the list, the level and the rule.
    pub fn to_levels(&self) -> Result<BookLevels, FieldError> {
        let Some(sides) = self.orderbook_fp.as_ref().or(self.orderbook.as_ref()) else {
            return Err(FieldError::missing("orderbook_fp"));
        };
        Ok(BookLevels {
            yes: side(&[("yes_dollars", &sides.yes_dollars)], ("yes", &sides.yes))?,
            no: side(&[("no_dollars", &sides.no_dollars)], ("no", &sides.no))?,
        })
    }
}

impl OrderbookBody<'static> {
    /// The body of today's generation; an empty side is an empty array.
    pub fn from_levels(levels: &BookLevels) -> OrderbookBody<'static> {
        let list = |levels: &[Level]| {
            let pair = |level: &Level| vec![Scalar::text(level.price), Scalar::text(level.quantity)];
            Some(levels.iter().map(pair).collect())
        };
        OrderbookBody {
            orderbook: None,
            orderbook_fp: Some(OrderbookSides {
                yes_dollars: list(&levels.yes),
                no_dollars: list(&levels.no),
                ..OrderbookSides::default()
            }),
        }
    }
}

/// One side out of the lists a body may carry: the first present list of dollars, checked against the list of cents where both
/// list the same number of levels (rounding to cents can merge levels, so other lengths prove nothing).
pub(crate) fn side(
    dollars: &[(&'static str, &LevelList<'_>)],
    cents: (&'static str, &LevelList<'_>),
) -> Result<Vec<Level>, FieldError> {
    let rough = cents
        .1
        .as_ref()
        .map(|list| levels(cents.0, list, |leaf: Named<'_, '_>| leaf.cents()))
        .transpose()?;
    let Some((name, list)) = dollars
        .iter()
        .find_map(|(name, list)| Some((*name, (*list).as_ref()?)))
    else {
        return Ok(rough.unwrap_or_default());
    };
    let exact = levels(name, list, |leaf: Named<'_, '_>| leaf.dollars())?;
    if let Some(rough) = rough.filter(|rough| rough.len() == exact.len()) {
        for (index, (rough, exact)) in rough.iter().zip(&exact).enumerate() {
            let apart = rough.price.units().abs_diff(exact.price.units()) >= 100
                || (rough.quantity - exact.quantity).abs() >= Quantity::ONE;
            if apart {
                return Err(FieldError::new(
                    format!("{}[{index}]", cents.0),
                    Fault::Contradicts {
                        value: format!("{} x {}", rough.price, rough.quantity),
                        other_field: name,
                        other: format!("{} x {}", exact.price, exact.quantity),
                    },
                ));
            }
        }
    }
    Ok(exact)
}

fn levels(
    name: &'static str,
    list: &[Vec<Scalar<'_>>],
    price: fn(Named<'_, '_>) -> Result<Price, FieldError>,
) -> Result<Vec<Level>, FieldError> {
    let level = |(index, pair): (usize, &Vec<Scalar<'_>>)| {
        let [price_leaf, count_leaf] = pair.as_slice() else {
            return Err(FieldError::new(
                format!("{name}[{index}]"),
                Fault::NotA {
                    value: format!("{} values", pair.len()),
                    kind: "a [price, count] pair",
                },
            ));
        };
        let at = |value| Named { key: name, value };
        let place = |error: FieldError| FieldError::new(format!("{name}[{index}]"), error.fault);
        Ok(Level {
            price: price(at(price_leaf)).map_err(place)?,
            quantity: at(count_leaf).quantity().map_err(place)?,
        })
    };
    list.iter().enumerate().map(level).collect()
}
