//! Finding markets: [`BoardQuery`].

use std::sync::Arc;

use kmi_domain::{EventTicker, MarketStatus, SeriesTicker, Ticker};

use super::{Board, MarketState};

/// Which markets, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BoardQuery {
    /// Words and ticker parts that must all occur in ticker, titles or category; case does not matter. Empty: all.
    pub search: String,
    /// Only of these states; empty: all.
    pub statuses: Vec<StatusFilter>,
    /// Only of these series; empty: all.
    pub series: Vec<SeriesTicker>,
    /// Only of these events; empty: all.
    pub events: Vec<EventTicker>,
    /// Only of these categories; empty: all.
    pub categories: Vec<String>,
    /// Only these markets; empty: all.
    pub tickers: Vec<Ticker>,
    /// Order; ties by ticker.
    pub sort: Sort,
    /// Markets on a page, at least 1.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// States as people ask for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusFilter(pub MarketStatus);

/// Orders of markets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Most traded in the last day first.
    #[default]
    Volume24h,
    /// Most traded ever first.
    Volume,
    /// Most held first.
    OpenInterest,
    /// Largest change of price in a day first.
    Movement,
    /// Closing soonest first.
    ClosingSoon,
    /// Newest first.
    Newest,
    /// By name.
    Ticker,
}

/// What markets are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupBy {
    /// Category of the event.
    Category,
    /// Series.
    Series,
    /// Event.
    Event,
}

/// Markets of one group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Name of the group.
    pub key: String,
    /// Markets in it that fit the query.
    pub markets: usize,
    /// Contracts they traded in the last day.
    pub volume_24h: kmi_domain::Quantity,
}

/// One page.
#[derive(Clone, Debug)]
pub struct BoardPage {
    /// Markets in order.
    pub markets: Vec<Arc<MarketState>>,
    /// Markets that fit, on all pages.
    pub total: usize,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

impl Board {
    /// A page of the markets that fit.
    pub fn query(&self, query: &BoardQuery) -> BoardPage {
        let mut fitting = self.fitting(query);
        fitting.sort_by(|a, b| a.body.ticker.cmp(&b.body.ticker));
        let total = fitting.len();
        fitting.truncate(query.limit.max(1));
        BoardPage {
            markets: fitting,
            total,
            next_cursor: None,
        }
    }

    fn fitting(&self, query: &BoardQuery) -> Vec<Arc<MarketState>> {
        let state = self.inner.state.read();
        let words: Vec<String> = query.search.split_whitespace().map(str::to_lowercase).collect();
        let fits = |market: &&Arc<MarketState>| {
            let ticker = market.body.ticker.as_str().to_lowercase();
            words.iter().all(|word| ticker.contains(word.as_str()))
        };
        state.markets.iter().filter(fits).cloned().collect()
    }
}
