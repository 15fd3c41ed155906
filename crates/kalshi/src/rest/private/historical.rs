//! The account's older records, past the cut-off of `GET /historical/cutoff`.

use futures::Stream;

use super::MAX_PAGES;
use crate::api::orders::{HistoricalOrdersQuery, Order};
use crate::api::portfolio::{Fill, HistoricalFillsQuery, HistoricalPositionsQuery, MarketPosition};
use crate::rest::{Auth, Client, Error};

impl Client {
    /// Older fills, newest first, page after page: `GET /historical/fills`. Scope `read`; 10 read tokens a page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn historical_fills(
        &self,
        query: HistoricalFillsQuery,
    ) -> impl Stream<Item = Result<Fill, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["historical", "fills"]);
        request.list(query, MAX_PAGES)
    }

    /// Orders that ended before the cut-off, newest first, page after page: `GET /historical/orders`. Scope `read`; 10 read
    /// tokens a page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn historical_orders(
        &self,
        query: HistoricalOrdersQuery,
    ) -> impl Stream<Item = Result<Order, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["historical", "orders"]);
        request.list(query, MAX_PAGES)
    }

    /// Settled positions past the cut-off, page after page: `GET /historical/positions`. Scope `read`; 10 read tokens a page.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn historical_positions(
        &self,
        query: HistoricalPositionsQuery,
    ) -> impl Stream<Item = Result<MarketPosition, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["historical", "positions"]);
        request.list(query, MAX_PAGES)
    }
}
