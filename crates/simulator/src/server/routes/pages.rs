//! Long lists, read in short looks.

use kmi_kalshi::api::page::Cursor;

use crate::records::PageRequest;
use crate::server::answer::ApiError;
use crate::server::call::Call;
use crate::views::Views;

/// Reads a page of a list in looks of at most `step` rows, between which commands may happen: a thousand bodies made in one
/// look would hold up orders for milliseconds. Cursors make it one list all the same.
pub(super) fn gather<T>(
    call: &Call,
    page: &PageRequest,
    step: usize,
    look: impl Fn(&Views<'_>, &PageRequest) -> Result<(Vec<T>, Cursor), ApiError>,
) -> Result<(Vec<T>, Cursor), ApiError> {
    let mut rows = Vec::new();
    let mut cursor = page.cursor.clone();
    loop {
        let part = PageRequest {
            limit: step.min(page.limit - rows.len()),
            cursor,
        };
        let (found, next) = call.views(|views| look(views, &part))?;
        rows.extend(found);
        if next.is_last() || rows.len() >= page.limit {
            return Ok((rows, next));
        }
        cursor = Some(next.as_str().to_owned());
    }
}
