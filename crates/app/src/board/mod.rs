//! All markets in memory, as they stand: [`Board`].
//!
//! Ingest writes, everybody else reads; every change is told by the [`Hub`]. Nothing here waits for a database or a network. What
//! the board shows says how old it is and where it came from, and books are handed out only while they are known to be in sync.

mod book;
mod query;
mod state;
mod uuid;
mod write;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api;
use kmi_kalshi::ws::message::Trade;
use parking_lot::RwLock;

pub use book::{BookPicture, Demand, Watch};
pub use query::{BoardPage, BoardQuery, Group, GroupBy, Sort, StatusFilter};
pub use state::{MarketId, MarketState, Quote, Source};
pub use write::{Sweep, Swept};

use crate::hub::{ConnectionStatus, Hub, Link};

/// How a board is set up.
#[derive(Clone, Debug)]
pub struct BoardSettings {
    /// Events the hub remembers for readers that fall behind. Default 16,384.
    pub ring: usize,
    /// Recent trades kept of each market. Default 50.
    pub trades: usize,
    /// Age from which what is shown counts as stale. Default 15 s, three intervals of the poller.
    pub stale_after: Duration,
    /// How long a book is kept up to date after its last watcher left. Default 30 s.
    pub linger: Duration,
}

impl Default for BoardSettings {
    fn default() -> BoardSettings {
        BoardSettings {
            ring: 16_384,
            trades: 50,
            stale_after: Duration::from_secs(15),
            linger: Duration::from_secs(30),
        }
    }
}

/// All markets as they stand. Cheap to clone; clones are the same board.
#[derive(Clone, Debug)]
pub struct Board {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: BoardSettings,
    hub: Hub,
    state: RwLock<State>,
    demand: Demand,
}

#[derive(Debug)]
struct State {
    markets: Vec<Arc<MarketState>>,
    by_ticker: BTreeMap<Ticker, MarketId>,
    trades: BTreeMap<MarketId, VecDeque<Arc<Trade>>>,
    books: BTreeMap<MarketId, book::Kept>,
    events: BTreeMap<EventTicker, Arc<api::event::Event>>,
    series: BTreeMap<SeriesTicker, Arc<api::series::Series>>,
    exchange: Option<Arc<api::exchange::ExchangeStatus>>,
    connection: ConnectionStatus,
    swept: Option<Timestamp>,
    heard: Option<Timestamp>,
    uuids: uuid::Uuids,
}

impl Board {
    /// An empty board.
    pub fn new(settings: BoardSettings) -> Board {
        let state = State {
            markets: Vec::new(),
            by_ticker: BTreeMap::new(),
            trades: BTreeMap::new(),
            books: BTreeMap::new(),
            events: BTreeMap::new(),
            series: BTreeMap::new(),
            exchange: None,
            connection: ConnectionStatus {
                link: Link::Off,
                since: Timestamp::MIN,
            },
            swept: None,
            heard: None,
            uuids: uuid::Uuids::default(),
        };
        Board {
            inner: Arc::new(Inner {
                hub: Hub::new(settings.ring),
                demand: Demand::new(settings.linger),
                settings,
                state: RwLock::new(state),
            }),
        }
    }

    /// Where changes are told.
    pub fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// How many markets it holds.
    pub fn len(&self) -> usize {
        self.inner.state.read().markets.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number under which the board knows a market.
    pub fn id(&self, ticker: &Ticker) -> Option<MarketId> {
        self.inner.state.read().by_ticker.get(ticker).copied()
    }

    /// A market as it stands.
    pub fn market(&self, ticker: &Ticker) -> Option<Arc<MarketState>> {
        let state = self.inner.state.read();
        let id = state.by_ticker.get(ticker)?;
        state.markets.get(id.place()).cloned()
    }

    /// An event.
    pub fn event(&self, ticker: &EventTicker) -> Option<Arc<api::event::Event>> {
        self.inner.state.read().events.get(ticker).cloned()
    }

    /// All events, by name.
    pub fn events(&self) -> Vec<Arc<api::event::Event>> {
        self.inner.state.read().events.values().cloned().collect()
    }

    /// A series.
    pub fn series(&self, ticker: &SeriesTicker) -> Option<Arc<api::series::Series>> {
        self.inner.state.read().series.get(ticker).cloned()
    }

    /// All series, by name.
    pub fn all_series(&self) -> Vec<Arc<api::series::Series>> {
        self.inner.state.read().series.values().cloned().collect()
    }

    /// The newest trades of a market, newest first, `limit` at most; no more than the board keeps.
    pub fn trades(&self, ticker: &Ticker, limit: usize) -> Vec<Arc<Trade>> {
        let state = self.inner.state.read();
        let kept = state.by_ticker.get(ticker).and_then(|id| state.trades.get(id));
        kept.map(|trades| trades.iter().take(limit).cloned().collect())
            .unwrap_or_default()
    }

    /// What the exchange last said of itself.
    pub fn exchange_status(&self) -> Option<Arc<api::exchange::ExchangeStatus>> {
        self.inner.state.read().exchange.clone()
    }

    /// Our connection to the exchange's stream.
    pub fn connection(&self) -> ConnectionStatus {
        self.inner.state.read().connection.clone()
    }

    /// When the last full sweep ended, if there was one.
    pub fn swept(&self) -> Option<Timestamp> {
        self.inner.state.read().swept
    }

    /// When the stream last said anything, if it ever did.
    pub fn heard(&self) -> Option<Timestamp> {
        self.inner.state.read().heard
    }

    /// When what is shown of the market was last known to be right: when it was last told or swept, or, while the stream has been
    /// connected ever since, when the stream last said anything.
    pub fn as_of(&self, market: &MarketState) -> Timestamp {
        let state = self.inner.state.read();
        let unbroken = state.connection.link == Link::Connected && market.as_of >= state.connection.since;
        match state.heard {
            Some(heard) if unbroken => heard.max(market.as_of),
            _ => market.as_of,
        }
    }

    /// Whether what is shown of the market is too old to be called live at `now`.
    pub fn is_stale(&self, market: &MarketState, now: Timestamp) -> bool {
        let age = now.micros_since(self.as_of(market));
        u128::try_from(age).is_ok_and(|age| age > self.inner.settings.stale_after.as_micros())
    }
}
