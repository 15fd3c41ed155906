//! Sides as words.

use kmi_domain::{BookSide, Side};

use super::word::word;
use crate::wire::field::{Fault, FieldError};

word! {
    /// Which contract, in a body.
    pub enum SideWord {
        /// YES.
        Yes = "yes",
        /// NO.
        No = "no",
    }
}

word! {
    /// Side of the YES book, in a body.
    pub enum BookSideWord {
        /// Buys YES.
        Bid = "bid",
        /// Sells YES.
        Ask = "ask",
    }
}

impl SideWord {
    /// The contract; `None` for a word added since.
    pub fn side(&self) -> Option<Side> {
        match self {
            SideWord::Yes => Some(Side::Yes),
            SideWord::No => Some(Side::No),
            SideWord::Other(_) => None,
        }
    }

    /// The contract, as the field `field` of a body tells it.
    pub(crate) fn required(&self, field: &'static str) -> Result<Side, FieldError> {
        self.side()
            .ok_or_else(|| unknown(field, self.as_str(), Self::KNOWN))
    }
}

impl BookSideWord {
    /// The side; `None` for a word added since.
    pub fn side(&self) -> Option<BookSide> {
        match self {
            BookSideWord::Bid => Some(BookSide::Bid),
            BookSideWord::Ask => Some(BookSide::Ask),
            BookSideWord::Other(_) => None,
        }
    }
}

/// The error of a word that has no meaning here.
pub(crate) fn unknown(field: &'static str, word: &str, known: &[&str]) -> FieldError {
    FieldError::new(
        field,
        Fault::UnknownWord {
            value: format!("{word:?}"),
            words: known.join(" "),
        },
    )
}

impl From<Side> for SideWord {
    fn from(side: Side) -> SideWord {
        match side {
            Side::Yes => SideWord::Yes,
            Side::No => SideWord::No,
        }
    }
}

impl From<BookSide> for BookSideWord {
    fn from(side: BookSide) -> BookSideWord {
        match side {
            BookSide::Bid => BookSideWord::Bid,
            BookSide::Ask => BookSideWord::Ask,
        }
    }
}
