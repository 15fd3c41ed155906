//! Pages of lists: an opaque [`Cursor`] says where the next one starts.

use serde::{Deserialize, Deserializer, Serialize};

/// Where the next page starts: opaque, and empty on the last page, where it is still written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// There is no next page.
    pub const LAST: Cursor = Cursor(String::new());

    /// A cursor as the server gave it, or as a server makes it.
    pub fn new(text: impl Into<String>) -> Cursor {
        Cursor(text.into())
    }

    /// The text, empty on the last page.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when there is no next page.
    pub fn is_last(&self) -> bool {
        self.0.is_empty()
    }

    /// This cursor unless it is the last page's: what a query for the next page carries.
    pub fn next(self) -> Option<Cursor> {
        (!self.is_last()).then_some(self)
    }
}

impl From<Option<Cursor>> for Cursor {
    fn from(cursor: Option<Cursor>) -> Cursor {
        cursor.unwrap_or(Cursor::LAST)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    /// `null` is the last page, too. Lists whose field may be absent add `#[serde(default)]`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cursor, D::Error> {
        Ok(Cursor(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

/// An answer that is one page of a list.
pub trait Paged {
    /// What the list holds.
    type Item;

    /// The items of this page, and where the next one starts.
    fn into_page(self) -> (Vec<Self::Item>, Cursor);
}

/// A query of which every page is asked with the same filters and the cursor of the page before.
pub trait PagedQuery: super::query::Query + Clone {
    /// The answer to it.
    type Page: Paged;

    /// Asks for the page that starts at `cursor`.
    fn set_cursor(&mut self, cursor: Cursor);
}

/// How many items a page may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Most that may be asked for; more is refused, not cut.
    pub max: u32,
    /// What a query without a limit gets.
    pub default: u32,
}

/// Declares the answer to a list call, `{"trades": […], "cursor": "…"}`, and joins it to its query, which must have a field
/// `cursor`.
macro_rules! page {
    ($(#[$doc:meta])* $page:ident { $items:ident: $item:ty } of $query:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $page {
            /// The items of this page.
            #[serde(default, with = "crate::api::amount::list")]
            pub $items: Vec<$item>,
            /// Where the next page starts; empty on the last.
            #[serde(default)]
            pub cursor: $crate::api::page::Cursor,
        }

        impl $crate::api::page::Paged for $page {
            type Item = $item;

            fn into_page(self) -> (Vec<$item>, $crate::api::page::Cursor) {
                (self.$items, self.cursor)
            }
        }

        impl $crate::api::page::PagedQuery for $query {
            type Page = $page;

            fn set_cursor(&mut self, cursor: $crate::api::page::Cursor) {
                self.cursor = cursor.next();
            }
        }
    };
}
pub(crate) use page;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_has_an_empty_cursor_that_is_written() {
        assert_eq!(serde_json::to_string(&Cursor::LAST).unwrap(), r#""""#);
        assert_eq!(serde_json::from_str::<Cursor>("null").unwrap(), Cursor::LAST);
        assert_eq!(Cursor::LAST.next(), None);
        assert_eq!(Cursor::new("abc").next(), Some(Cursor::new("abc")));
    }
}
