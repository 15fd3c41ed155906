//! Names the exchange gives: tickers and ids, cheap to clone, valid by construction.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is no ticker or id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Longer than any the exchange gives.
    #[error("is longer than {MAX_LENGTH} characters")]
    TooLong,
    /// White space, a control character, or one outside ASCII.
    #[error("contains {0:?}")]
    Forbidden(char),
}

/// Longest ticker or id accepted; the longest seen is about 60.
pub const MAX_LENGTH: usize = 128;

fn check(text: &str) -> Result<(), ParseIdError> {
    if text.is_empty() {
        return Err(ParseIdError::Empty);
    }
    if text.len() > MAX_LENGTH {
        return Err(ParseIdError::TooLong);
    }
    match text.chars().find(|c| !c.is_ascii_graphic()) {
        Some(c) => Err(ParseIdError::Forbidden(c)),
        None => Ok(()),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 1 to 128 visible ASCII characters. Ordered by bytes. Cloning copies a pointer.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and keeps `text`.
            ///
            /// # Errors
            /// When it is empty, longer than [`MAX_LENGTH`] or holds anything but visible ASCII.
            pub fn new(text: impl Into<Arc<str>>) -> Result<$name, ParseIdError> {
                let text = text.into();
                check(&text)?;
                Ok($name(text))
            }

            /// The text as the exchange wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<$name, ParseIdError> {
                $name::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    };
}

name!(
    /// Name of a market: `KXHIGHNY-24JAN01-T60`. Never taken apart: its event and series are fields of the market.
    Ticker
);
name!(
    /// Name of an event: `KXHIGHNY-24JAN01`.
    EventTicker
);
name!(
    /// Name of a series: `KXHIGHNY`.
    SeriesTicker
);
name!(
    /// Id of a public trade, a UUID in practice; equal times are ordered by its bytes.
    TradeId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_is_visible_ascii_of_bounded_length() {
        assert_eq!(
            Ticker::new("KXHIGHNY-24JAN01-B73.5").unwrap().as_str(),
            "KXHIGHNY-24JAN01-B73.5"
        );
        assert_eq!(Ticker::new(""), Err(ParseIdError::Empty));
        assert_eq!(Ticker::new("A B"), Err(ParseIdError::Forbidden(' ')));
        assert_eq!(Ticker::new("É"), Err(ParseIdError::Forbidden('É')));
        assert_eq!(Ticker::new("x".repeat(129)), Err(ParseIdError::TooLong));
    }
}
