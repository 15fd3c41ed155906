use std::collections::BTreeSet;
use std::future::Future;

use futures::Stream;

use super::{Call, Error};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What it lists, in the exchange's order.
    pub items: Vec<T>,
    /// Where the next page begins; empty on the last one.
    pub cursor: String,
}

/// Why a list does not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CursorError {
    /// A cursor came back that was followed before.
    #[error("the exchange gave the same cursor twice")]
    Repeated,
    /// More pages than the caller allows.
    #[error("there are more than {0} pages")]
    TooManyPages(usize),
}

/// Every item of a list, page after page, each asked for when the one before is used up.
///
/// `fetch` gets the cursor of the page wanted, `None` for the first. The stream ends after the page whose cursor is empty, or with
/// its first error: that of `fetch`, or [`Error::Cursor`] when a cursor comes back that was followed before, or after `max_pages`
/// pages with more to come. Empty pages in between are passed over.
pub fn paginate<T, F, Fut>(
    call: Call,
    max_pages: usize,
    mut fetch: F,
) -> impl Stream<Item = Result<T, Error>> + Send
where
    T: Send,
    F: FnMut(Option<String>) -> Fut + Send,
    Fut: Future<Output = Result<Page<T>, Error>> + Send,
{
    async_stream::try_stream! {
        let mut followed = BTreeSet::new();
        let mut cursor = None;
        for _ in 0..max_pages {
            let page = fetch(cursor).await?;
            for item in page.items {
                yield item;
            }
            if page.cursor.is_empty() {
                return;
            }
            if !followed.insert(page.cursor.clone()) {
                Err(Error::Cursor { call: call.clone(), source: CursorError::Repeated })?;
            }
            cursor = Some(page.cursor);
        }
        Err(Error::Cursor { call, source: CursorError::TooManyPages(max_pages) })?;
    }
}
