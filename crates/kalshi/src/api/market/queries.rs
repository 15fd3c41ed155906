//! Queries that list markets.

use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};

use super::Market;
use crate::api::page::{Cursor, PageLimits, PagedQuery, page};
use crate::api::query::{Commas, filter_word, query};

filter_word! {
    /// Which markets a list call wants, by where they stand: other words than the `status` of an answer. Events have no word
    /// for [`StatusFilter::Paused`].
    pub enum StatusFilter ("unopened, open, paused, closed or settled") {
        /// Listed, not yet open: `initialized` in an answer.
        Unopened = "unopened",
        /// Trading: `active`.
        Open = "open",
        /// Paused while open: `inactive`.
        Paused = "paused",
        /// Past its close and not yet paid: `closed`, `determined`, `disputed`, `amended`.
        Closed = "closed",
        /// Paid out: `finalized`.
        Settled = "settled",
    }
}

filter_word! {
    /// Whether combos are listed.
    pub enum MveFilter ("only or exclude") {
        /// Combos only.
        Only = "only",
        /// No combos.
        Exclude = "exclude",
    }
}

query! {
    /// `GET /markets`. Filters by time go with some statuses only: created with unopened and open, close with closed, settled
    /// with settled; updated with none, and besides it only `mve_filter=exclude` and a series. The exchange refuses the rest.
    pub struct MarketsQuery {
        /// Markets on a page, [`MarketsQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this event only.
        pub event_ticker: Option<EventTicker>,
        /// Of this series only.
        pub series_ticker: Option<SeriesTicker>,
        /// Listed at or after.
        pub min_created_ts: Option<Timestamp>,
        /// Listed at or before.
        pub max_created_ts: Option<Timestamp>,
        /// Metadata changed at or after.
        pub min_updated_ts: Option<Timestamp>,
        /// Metadata changed at or before.
        pub max_updated_ts: Option<Timestamp>,
        /// Closing at or before.
        pub max_close_ts: Option<Timestamp>,
        /// Closing at or after.
        pub min_close_ts: Option<Timestamp>,
        /// Paid at or after.
        pub min_settled_ts: Option<Timestamp>,
        /// Paid at or before.
        pub max_settled_ts: Option<Timestamp>,
        /// Where they stand.
        pub status: Option<StatusFilter>,
        /// These markets only.
        pub tickers: Commas<Ticker>,
        /// With or without combos.
        pub mve_filter: Option<MveFilter>,
    }
}

query! {
    /// `GET /historical/markets`: markets paid before the cut-off.
    pub struct HistoricalMarketsQuery {
        /// Markets on a page, [`HistoricalMarketsQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// These markets only.
        pub tickers: Commas<Ticker>,
        /// Of this event only.
        pub event_ticker: Option<EventTicker>,
        /// Of this series only.
        pub series_ticker: Option<SeriesTicker>,
        /// Without combos; `only` is not taken here.
        pub mve_filter: Option<MveFilter>,
    }
}

page! {
    /// A page of markets.
    MarketsPage { markets: Market } of MarketsQuery
}

impl PagedQuery for HistoricalMarketsQuery {
    type Page = MarketsPage;

    fn set_cursor(&mut self, cursor: Cursor) {
        self.cursor = cursor.next();
    }
}

impl MarketsQuery {
    /// Markets on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

impl HistoricalMarketsQuery {
    /// Markets on a page.
    pub const LIMITS: PageLimits = MarketsQuery::LIMITS;
}
