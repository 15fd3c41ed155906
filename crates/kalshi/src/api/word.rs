//! Words of a list that may grow: the exchange adds some without notice, so that an unknown one is kept as it came.

/// An enum of the exchange's words that [`word!`] declared.
pub(crate) trait Word: Sized {
    /// The words known when this was written.
    fn known() -> &'static [&'static str];

    /// True unless the exchange has added the word since.
    fn is_known(&self) -> bool;
}

/// Declares an enum of the exchange's words with a variant `Other` for those it has added since.
///
/// ```ignore
/// word! {
///     /// Why it happened.
///     pub enum Reason {
///         /// Traded.
///         Trade = "Trade",
///     }
/// }
/// ```
macro_rules! word {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
            /// A word the exchange has added since, as it came.
            Other(String),
        }

        impl $name {
            /// The words known when this was written, in the order of the variants.
            pub const KNOWN: &'static [&'static str] = &[$($word),*];

            /// The exchange's word.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $word,)*
                    $name::Other(word) => word,
                }
            }

            /// True unless the exchange has added the word since this was written.
            pub fn is_known(&self) -> bool {
                !matches!(self, $name::Other(_))
            }
        }

        impl $crate::api::word::Word for $name {
            fn known() -> &'static [&'static str] {
                Self::KNOWN
            }

            fn is_known(&self) -> bool {
                self.is_known()
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> $name {
                match word {
                    $($word => $name::$variant,)*
                    other => $name::Other(other.to_owned()),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(word: &str) -> Result<$name, Self::Err> {
                Ok($name::from(word))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let word = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok($name::from(word.as_ref()))
            }
        }
    };
}
pub(crate) use word;

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro under test makes public items")]
mod tests {
    word! {
        /// Fruit.
        pub enum Fruit {
            /// Red.
            Apple = "apple",
        }
    }

    #[test]
    fn an_unknown_word_is_kept_as_it_came() {
        let fruits: Vec<Fruit> = serde_json::from_str(r#"["apple","pear"]"#).unwrap();
        assert_eq!(fruits, [Fruit::Apple, Fruit::Other("pear".to_owned())]);
        assert_eq!(serde_json::to_string(&fruits).unwrap(), r#"["apple","pear"]"#);
        assert!(fruits[0].is_known() && !fruits[1].is_known());
        assert_eq!(Fruit::KNOWN, ["apple"]);
    }
}
