//! Where a page ended, as text: [`Cursor`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kmi_domain::Ticker;

/// Form of the text; another begins with another number.
const FORM: u8 = 1;

/// Bytes before the ticker: form, query, rank, value.
const HEAD: usize = 1 + 4 + 1 + 8;

/// Bytes by which a text that was not made here is recognised.
const CHECK: usize = 4;

/// The text is no cursor of this query: it was not made by it, or its words, filters or order changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is not one of this query")]
pub struct BadCursor;

/// The last market of a page by what it was sorted by, so that the next page goes on behind it wherever others have moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Which query it is of.
    pub(super) query: u32,
    pub(super) rank: u8,
    pub(super) value: i64,
    pub(super) ticker: Ticker,
}

impl Cursor {
    pub(super) fn to_text(&self) -> String {
        let mut bytes = vec![FORM];
        bytes.extend(self.query.to_be_bytes());
        bytes.push(self.rank);
        bytes.extend(self.value.to_be_bytes());
        bytes.extend(self.ticker.as_str().as_bytes());
        bytes.extend(check(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor of a query.
    pub(super) fn read(text: &str, query: u32) -> Result<Cursor, BadCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadCursor)?;
        let (body, told) = bytes.split_last_chunk::<CHECK>().ok_or(BadCursor)?;
        if *told != check(body) {
            return Err(BadCursor);
        }
        let cursor = Cursor::of(body).ok_or(BadCursor)?;
        if cursor.query == query {
            Ok(cursor)
        } else {
            Err(BadCursor)
        }
    }

    fn of(body: &[u8]) -> Option<Cursor> {
        let (head, ticker) = body.split_at_checked(HEAD)?;
        let (form, head) = head.split_first()?;
        let (query, head) = head.split_first_chunk()?;
        let (rank, value) = head.split_first()?;
        let ticker = std::str::from_utf8(ticker).ok()?.parse().ok()?;
        (*form == FORM).then_some(Cursor {
            query: u32::from_be_bytes(*query),
            rank: *rank,
            value: i64::from_be_bytes(value.try_into().ok()?),
            ticker,
        })
    }
}

fn check(bytes: &[u8]) -> [u8; CHECK] {
    let hash = blake3::hash(bytes);
    let mut check = [0; CHECK];
    check.copy_from_slice(&hash.as_bytes()[..CHECK]);
    check
}
