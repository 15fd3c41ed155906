//! Where a page ended, as a text that means nothing to the client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kmi_domain::{Timestamp, TradeId};

use crate::error::ApiError;

/// A place in a list by time.
pub(crate) fn of_time(time: Timestamp) -> String {
    URL_SAFE_NO_PAD.encode(time.micros().to_string())
}

/// The time a cursor stands for.
pub(crate) fn time(cursor: &str) -> Result<Timestamp, ApiError> {
    let micros = text(cursor)?.parse().map_err(|_| bad(cursor))?;
    Ok(Timestamp::from_micros(micros))
}

/// A place in a list of trades.
pub(crate) fn of_trade(time: Timestamp, id: &TradeId) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {id}", time.micros()))
}

/// The trade a cursor stands for.
pub(crate) fn trade(cursor: &str) -> Result<(Timestamp, TradeId), ApiError> {
    let text = text(cursor)?;
    let (micros, id) = text.split_once(' ').ok_or_else(|| bad(cursor))?;
    let micros = micros.parse().map_err(|_| bad(cursor))?;
    let id = TradeId::new(id).map_err(|_| bad(cursor))?;
    Ok((Timestamp::from_micros(micros), id))
}

/// A place in a list by name.
pub(crate) fn of_name(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

/// The name a cursor stands for.
pub(crate) fn text(cursor: &str) -> Result<String, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad(cursor))?;
    String::from_utf8(bytes).map_err(|_| bad(cursor))
}

/// Cuts a list, newest first, to a page; `time` orders it. Of those that share the time of the last, all are on the page or none is, so that
/// the next page, which begins before that time, misses none.
pub(crate) fn cut<T>(items: &mut Vec<T>, limit: usize, time: impl Fn(&T) -> Timestamp) -> Option<String> {
    if items.len() <= limit {
        return None;
    }
    let beyond = time(&items[limit]);
    items.truncate(limit);
    let whole = items.iter().rposition(|item| time(item) != beyond);
    // A page of one instant only: cutting it to nothing would be an end that is none.
    if let Some(last) = whole {
        items.truncate(last + 1);
    }
    items.last().map(|last| of_time(time(last)))
}

pub(crate) fn bad(cursor: &str) -> ApiError {
    ApiError::field("cursor", cursor, "is no next_cursor of this list")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn a_cursor_comes_back_as_it_went_and_others_are_refused() {
        let id = TradeId::new("a-1").unwrap();
        assert_eq!(trade(&of_trade(at(7), &id)).unwrap(), (at(7), id));
        assert_eq!(time(&of_time(at(-7))).unwrap(), at(-7));
        for cursor in ["", "!", "abc", "%20", "AAAA"] {
            assert!(time(cursor).is_err(), "{cursor}");
            assert!(trade(cursor).is_err(), "{cursor}");
        }
    }

    #[test]
    fn a_page_does_not_end_within_an_instant() {
        let mut items = vec![at(9), at(8), at(7), at(7), at(6)];
        assert_eq!(cut(&mut items, 3, |time| *time), Some(of_time(at(8))));
        assert_eq!(items, [at(9), at(8)]);

        let mut items = vec![at(9), at(8), at(7)];
        assert_eq!(cut(&mut items, 3, |time| *time), None);
        assert_eq!(items.len(), 3);

        let mut items = vec![at(9), at(9), at(9)];
        assert_eq!(cut(&mut items, 2, |time| *time), Some(of_time(at(9))));
        assert_eq!(items.len(), 2);
    }
}
