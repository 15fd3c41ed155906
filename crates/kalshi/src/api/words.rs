//! The words of requests for the domain's enums: modules for `#[serde(with = "…")]`.
//!
//! A request holds one of the words or is refused. Answers may hold words added since: they use [`super::word`]'s enums.

use std::borrow::Cow;

use kmi_domain::BookSide;
use kmi_domain::matching::{SelfTradePrevention, TimeInForce};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $type:ty { $($variant:path = $word:literal,)* }) => {
        $(#[$doc])*
        pub mod $name {
            use super::*;

            /// The words, in the order of the specification.
            pub const WORDS: &[&str] = &[$($word),*];

            /// The exchange's word for `value`.
            pub const fn as_str(value: $type) -> &'static str {
                match value {
                    $($variant => $word,)*
                }
            }

            /// What `word` means, if it is one of the words.
            pub fn read(word: &str) -> Option<$type> {
                match word {
                    $($word => Some($variant),)*
                    _ => None,
                }
            }

            /// Writes the word.
            ///
            /// # Errors
            /// The serializer's own.
            pub fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(as_str(*value))
            }

            /// Reads the word.
            ///
            /// # Errors
            /// Anything but a string with one of the words.
            pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let word = Cow::<'de, str>::deserialize(deserializer)?;
                read(&word).ok_or_else(|| match word.len() {
                    0..=64 => D::Error::unknown_variant(&word, WORDS),
                    _ => D::Error::unknown_variant("…", WORDS),
                })
            }
        }
    };
}

words! {
    /// Side of the YES book: `bid`, `ask`.
    book_side: BookSide { BookSide::Bid = "bid", BookSide::Ask = "ask", }
}
words! {
    /// How long an order works.
    time_in_force: TimeInForce {
        TimeInForce::FillOrKill = "fill_or_kill",
        TimeInForce::GoodTillCanceled = "good_till_canceled",
        TimeInForce::ImmediateOrCancel = "immediate_or_cancel",
    }
}
words! {
    /// What happens when an order meets one of its own account.
    self_trade_prevention: SelfTradePrevention {
        SelfTradePrevention::TakerAtCross = "taker_at_cross",
        SelfTradePrevention::Maker = "maker",
    }
}
