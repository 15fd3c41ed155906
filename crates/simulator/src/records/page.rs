//! Lists a page at a time: [`Page`], [`PageRequest`] and the cursors between them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which page is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Most rows on it, at least 1; the doors know each route's maximum.
    pub limit: usize,
    /// Where the page before ended. A text that is no cursor of this list asks for the first page, as at Kalshi.
    pub cursor: Option<String>,
}

impl PageRequest {
    /// The first page.
    pub const fn first(limit: usize) -> PageRequest {
        PageRequest { limit, cursor: None }
    }

    /// The page after one that ended with `cursor`.
    pub const fn after(limit: usize, cursor: String) -> PageRequest {
        PageRequest {
            limit,
            cursor: Some(cursor),
        }
    }

    /// Key of the last row of the page before; `None` asks for the first.
    pub(crate) fn position(&self, listing: Listing) -> Option<u64> {
        listing.decode(self.cursor.as_deref()?)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// Its rows.
    pub items: Vec<T>,
    /// Asks for the next page; empty on the last.
    pub cursor: String,
}

impl<T> Page<T> {
    /// Takes a page from `rows`, which begin after the request's cursor and bear their keys.
    ///
    /// A key never changes and never comes to stand before one already given out, so that rows that arrive between pages
    /// neither repeat a row nor hide one.
    pub(crate) fn take(listing: Listing, limit: usize, rows: impl Iterator<Item = (u64, T)>) -> Page<T> {
        let mut items = Vec::new();
        let mut last = 0;
        for (key, row) in rows {
            if items.len() == limit.max(1) {
                return Page {
                    items,
                    cursor: listing.encode(last),
                };
            }
            last = key;
            items.push(row);
        }
        Page {
            items,
            cursor: String::new(),
        }
    }

    /// The same page with each row as something else.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            cursor: self.cursor,
        }
    }
}

/// What a cursor is of; those of one list mean nothing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    Trades = 1,
    Orders = 2,
    Fills = 3,
    Settlements = 4,
    /// One list for each settlement status asked for, as the specification wants.
    Unsettled = 5,
    Settled = 6,
    AllPositions = 7,
    Deposits = 8,
    Markets = 9,
    Events = 10,
}

impl Listing {
    /// 1 byte of kind, 8 of key, 4 of check, in base64.
    fn encode(self, key: u64) -> String {
        let mut bytes = [0; 13];
        bytes[0] = self as u8;
        bytes[1..9].copy_from_slice(&key.to_be_bytes());
        let check = check(&bytes[..9]);
        bytes[9..].copy_from_slice(&check.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn decode(self, text: &str) -> Option<u64> {
        let bytes: [u8; 13] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (body, sum) = bytes.split_at(9);
        let key = u64::from_be_bytes(body[1..].try_into().ok()?);
        (body[0] == self as u8 && sum == check(body).to_be_bytes()).then_some(key)
    }
}

/// FNV-1a: tells a cursor from a text that only looks like one.
fn check(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_page_has_an_empty_cursor() {
        let page = Page::take(Listing::Trades, 2, [(9, 'a'), (8, 'b')].into_iter());
        assert_eq!(
            (page.items.as_slice(), page.cursor.as_str()),
            (&['a', 'b'][..], "")
        );
        let page = Page::take(Listing::Trades, 2, [(9, 'a'), (8, 'b'), (7, 'c')].into_iter());
        assert_eq!(page.items, ['a', 'b']);
        assert_eq!(
            PageRequest::after(2, page.cursor).position(Listing::Trades),
            Some(8)
        );
    }

    #[test]
    fn garbage_and_cursors_of_another_list_ask_for_the_first_page() {
        let other = Listing::Fills.encode(5);
        for text in ["", "garbage", "AAAAAAAAAAAAAAAAAA", other.as_str(), "ä"] {
            assert_eq!(
                PageRequest::after(1, text.to_owned()).position(Listing::Orders),
                None,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_cursor_keeps_any_key(key: u64) {
            prop_assert_eq!(Listing::Orders.decode(&Listing::Orders.encode(key)), Some(key));
        }
    }
}
