//! Forms that only WebSocket messages have, as modules for `#[serde(with = "…")]`; the rest is in [`crate::api::amount`].

use std::borrow::Cow;

use kmi_domain::{BookSide, Level, Price, Quantity, Side};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serializer, de};

use crate::api::amount;
use crate::wire::Scalar;

/// `yes` or `no`.
pub(super) mod side {
    use super::{Deserializer, Serializer, Side, de, option_side};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(in crate::ws::message) fn serialize<S: Serializer>(
        side: &Side,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(side.as_str())
    }

    pub(in crate::ws::message) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Side, D::Error> {
        option_side::deserialize(deserializer)?.ok_or_else(|| de::Error::custom("is missing"))
    }
}

/// Makes the module of a side that may be absent, `null` or empty.
macro_rules! option_side {
    ($(#[$doc:meta])* $option:ident: $type:ident { $($word:literal => $side:ident),* }) => {
        $(#[$doc])*
        pub(super) mod $option {
            use super::{$type, Cow, Deserialize, Deserializer, Serializer, de};

            #[expect(clippy::ref_option, reason = "serde calls it so")]
            pub(in crate::ws::message) fn serialize<S: Serializer>(side: &Option<$type>, serializer: S) -> Result<S::Ok, S::Error> {
                match side {
                    Some(side) => serializer.serialize_str(side.as_str()),
                    None => serializer.serialize_none(),
                }
            }

            pub(in crate::ws::message) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
                let word = <Option<Cow<'de, str>>>::deserialize(deserializer)?;
                match word.as_deref() {
                    None | Some("") => Ok(None),
                    $(Some($word) => Ok(Some($type::$side)),)*
                    Some(other) => Err(de::Error::unknown_variant(other, &[$($word),*])),
                }
            }
        }
    };
}

option_side! {
    /// `yes` or `no`, or nothing.
    option_side: Side { "yes" => Yes, "no" => No }
}
option_side! {
    /// `bid` or `ask`, or nothing.
    option_book_side: BookSide { "bid" => Bid, "ask" => Ask }
}

/// Reads for fields that nothing depends on, deprecated ones: what cannot be read is `None`, like what is not there, and does not
/// take the rest of the message with it.
pub(super) mod if_readable {
    use super::{Deserialize, Deserializer, Scalar, Side};

    /// `yes` or `no`.
    pub(in crate::ws::message) fn side<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Side>, D::Error> {
        Ok(match Scalar::deserialize(deserializer)? {
            Scalar::Text(word) if word == "yes" => Some(Side::Yes),
            Scalar::Text(word) if word == "no" => Some(Side::No),
            _ => None,
        })
    }

    /// Any text.
    pub(in crate::ws::message) fn text<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<String>, D::Error> {
        Ok(match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => Some(text.into_owned()),
            _ => None,
        })
    }

    /// `true` or `false`.
    pub(in crate::ws::message) fn flag<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<bool>, D::Error> {
        Ok(match Scalar::deserialize(deserializer)? {
            Scalar::Bool(flag) => Some(flag),
            _ => None,
        })
    }
}

/// One level as it stands in a list: `["0.0800", "300.00"]`.
#[derive(serde::Deserialize)]
struct Pair(
    #[serde(with = "amount::dollars")] Price,
    #[serde(with = "amount::count")] Quantity,
);

/// Levels of one side, `[["0.0800","300.00"],…]`.
pub(super) mod levels {
    use super::{Deserialize, Deserializer, Level, Pair, SerializeSeq, Serializer};

    pub(in crate::ws::message) fn serialize<S: Serializer>(
        levels: &[Level],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(levels.len()))?;
        for level in levels {
            list.serialize_element(&[level.price.to_string(), level.quantity.to_string()])?;
        }
        list.end()
    }

    /// `null` is an empty side.
    pub(in crate::ws::message) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Level>, D::Error> {
        let pairs = <Option<Vec<Pair>>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(pairs
            .into_iter()
            .map(|Pair(price, quantity)| Level { price, quantity })
            .collect())
    }
}
