//! Pages of markets, put together once for all who ask for the same within a moment: [`Pages`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use super::answer::Reading;
use crate::error::ApiError;

/// How long a page is good. What is on it says as of when it is true, so that this moment is not hidden.
const GOOD: Duration = Duration::from_millis(20);
/// Pages kept; then all are forgotten, for they are nearly all of no use any more.
const MOST: usize = 256;

/// The latest page of each query.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    kept: RwLock<HashMap<Box<str>, Arc<Slot>>>,
}

#[derive(Debug, Default)]
struct Slot {
    page: Mutex<Option<(Instant, Reading)>>,
}

impl Pages {
    /// The page of a query, from a moment ago or made by `make`; others who want the same wait for it rather than make it too.
    pub(crate) fn get(
        &self,
        query: &str,
        make: impl FnOnce() -> Result<Reading, ApiError>,
    ) -> Result<Reading, ApiError> {
        let known = self.kept.read().get(query).cloned();
        let slot = known.unwrap_or_else(|| self.slot(query));
        let mut page = slot.page.lock();
        if let Some((made, reading)) = page.as_ref()
            && made.elapsed() < GOOD
        {
            return Ok(reading.clone());
        }
        let reading = make()?;
        *page = Some((Instant::now(), reading.clone()));
        Ok(reading)
    }

    fn slot(&self, query: &str) -> Arc<Slot> {
        let mut kept = self.kept.write();
        if kept.len() >= MOST {
            kept.clear();
        }
        Arc::clone(kept.entry(query.into()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderValue;

    use super::*;

    fn page(text: &'static str) -> Reading {
        Reading {
            body: Bytes::from_static(text.as_bytes()),
            tag: HeaderValue::from_static("W/\"a\""),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_made_once_in_twenty_milliseconds() {
        let pages = Pages::default();

        assert_eq!(pages.get("a", || Ok(page("1"))).unwrap().body, "1");
        tokio::time::advance(Duration::from_millis(19)).await;
        assert_eq!(pages.get("a", || Ok(page("2"))).unwrap().body, "1");
        assert_eq!(pages.get("b", || Ok(page("3"))).unwrap().body, "3");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(pages.get("a", || Ok(page("4"))).unwrap().body, "4");
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_not_kept_and_pages_are_bounded() {
        let pages = Pages::default();

        assert!(pages.get("a", || Err(ApiError::invalid("no"))).is_err());
        assert_eq!(pages.get("a", || Ok(page("1"))).unwrap().body, "1");
        for number in 0..1_000 {
            pages.get(&number.to_string(), || Ok(page("1"))).unwrap();
        }
        assert!(pages.kept.read().len() <= MOST);
    }
}
