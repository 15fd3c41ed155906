//! Finding markets: [`BoardQuery`].

use std::collections::BTreeMap;
use std::sync::Arc;

use kmi_domain::{EventTicker, MarketStatus, Quantity, SeriesTicker, Ticker};

use super::cursor::{BadCursor, Cursor};
use super::order::Filter;
use super::{Board, MarketState};

/// Most markets on a page.
pub const MAX_PAGE: usize = 1_000;

/// Which markets, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BoardQuery {
    /// Words and ticker parts that must all occur in ticker, titles or category of the market, its event or series; case does not
    /// matter. Empty: all. The market whose ticker it is comes first, then those whose ticker begins with it.
    pub search: String,
    /// Only of these states; empty: all.
    pub statuses: Vec<StatusFilter>,
    /// Only of these series; empty: all.
    pub series: Vec<SeriesTicker>,
    /// Only of these events; empty: all.
    pub events: Vec<EventTicker>,
    /// Only of these categories, in any case; empty: all.
    pub categories: Vec<String>,
    /// Only these markets; empty: all.
    pub tickers: Vec<Ticker>,
    /// Order; ties by ticker.
    pub sort: Sort,
    /// Markets on a page, from 1 to [`MAX_PAGE`]; what lies outside counts as the nearest.
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
    /// Largest change of price in a day first, up or down.
    Movement,
    /// Closing soonest first; behind them those that have closed, the latest first.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name of the group; empty for markets of which it is not known.
    pub key: String,
    /// Markets in it that fit the query.
    pub markets: usize,
    /// Contracts they traded in the last day.
    pub volume_24h: Quantity,
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
    /// A page of the markets that fit, in an order at most 250 ms old, each as it is now.
    ///
    /// Pages one after the other neither skip nor repeat a market that keeps its place, however others move, come and go.
    ///
    /// # Errors
    /// [`BadCursor`] when the cursor is not one this query has given.
    pub fn query(&self, query: &BoardQuery) -> Result<BoardPage, BadCursor> {
        let order = self.inner.orders.of(self, &Filter::of(query));
        let first = match &query.cursor {
            None => 0,
            Some(text) => {
                let cursor = Cursor::read(text, order.query)?;
                order.behind(cursor.rank, cursor.value, &cursor.ticker)
            }
        };
        let limit = query.limit.clamp(1, MAX_PAGE);
        let rest = order.entries.get(first..).unwrap_or_default();
        let catalogue = self.inner.catalogue.read();
        let mut markets = Vec::with_capacity(limit.min(rest.len()));
        let mut last = None;
        for (place, entry) in rest.iter().enumerate() {
            if markets.len() == limit {
                break;
            }
            // One that left meanwhile makes room for the next.
            if let Some(market) = catalogue.market(entry.id) {
                last = Some((place, entry, market.ticker().clone()));
                markets.push(market);
            }
        }
        let next_cursor = last
            .filter(|(place, _, _)| place + 1 < rest.len())
            .map(|(_, entry, ticker)| Cursor {
                query: order.query,
                rank: entry.rank,
                value: entry.value,
                ticker,
            });
        Ok(BoardPage {
            markets,
            total: order.entries.len(),
            next_cursor: next_cursor.map(|cursor| cursor.to_text()),
        })
    }

    /// The markets that fit by groups, those that trade most first; page and cursor do not matter.
    pub fn groups(&self, query: &BoardQuery, by: GroupBy) -> Vec<Group> {
        let order = self.inner.orders.of(self, &Filter::of(query));
        let mut groups: BTreeMap<String, (usize, Quantity)> = BTreeMap::new();
        for entry in &order.entries {
            let Some(market) = self.market_by_id(entry.id) else {
                continue;
            };
            let key = match by {
                GroupBy::Category => market.category(),
                GroupBy::Series => market.series_ticker().map(SeriesTicker::as_str),
                GroupBy::Event => Some(market.body.event_ticker.as_str()),
            };
            let key = key.unwrap_or_default();
            if !groups.contains_key(key) {
                groups.insert(key.to_owned(), (0, Quantity::ZERO));
            }
            if let Some((markets, volume)) = groups.get_mut(key) {
                *markets += 1;
                *volume = volume.saturating_add(market.quote.volume_24h);
            }
        }
        let group = |(key, (markets, volume_24h))| Group {
            key,
            markets,
            volume_24h,
        };
        let mut groups: Vec<Group> = groups.into_iter().map(group).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.volume_24h));
        groups
    }
}
