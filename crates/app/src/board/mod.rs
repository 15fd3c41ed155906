//! All markets in memory, as they stand: [`Board`].
//!
//! Ingest writes, everybody else reads; every change is told by the [`Hub`]. Nothing here waits for a database or a network. What
//! the board shows says how old it is and where it came from, and books are handed out only while they are known to be in sync.
//!
//! Writers take turns, so that what is told stands in the order in which it happened, and each stores before it tells: who reads
//! [`Hub::last`] and then the board sees everything up to that event. Readers hold the lock of one market at a time, for as long
//! as it takes to copy a pointer. The board reads no clock; its time is the latest instant it was told ([`Board::time`]).

mod body;
mod book;
mod cached;
mod catalogue;
mod cursor;
mod demand;
mod freshness;
mod lifecycle;
mod order;
mod query;
mod search;
mod state;
mod stream;
mod sweep;
mod trades;
mod uuid;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api;
use kmi_kalshi::ws::message::Trade;
use parking_lot::{Mutex, MutexGuard, RwLock};

pub use book::BookPicture;
pub use cursor::BadCursor;
pub use demand::{Demand, TooManyBooks, Watch};
pub use freshness::Freshness;
pub use query::{BoardPage, BoardQuery, Group, GroupBy, MAX_PAGE, Sort, StatusFilter};
pub use state::{DayAgo, MarketId, MarketState, Quote, Source};
pub use stream::{FollowUp, Taken};
pub use sweep::{Sweep, Swept};

use crate::hub::{Hub, HubSettings, Interest};
use catalogue::Catalogue;

/// How a board is set up.
#[derive(Clone, Debug)]
pub struct BoardSettings {
    /// Events the hub remembers for readers that fall behind. Default 16,384.
    pub ring: usize,
    /// Bytes of events and their encodings the hub remembers. Default 16 MiB.
    pub ring_bytes: usize,
    /// Recent trades kept of each market. Default 50.
    pub trades: usize,
    /// Recent trades kept of all markets together. Default 50,000, about 10 MB.
    pub all_trades: usize,
    /// Age from which what is shown counts as stale. Default 15 s, three intervals of the poller.
    pub stale_after: Duration,
    /// How long a book is kept up to date after its last watcher left. Default 30 s.
    pub linger: Duration,
    /// Books followed at once, those that linger included. Default 2,000.
    pub books: usize,
    /// How long a settled market stays. Default 1 h.
    pub keep_settled: Duration,
}

impl Default for BoardSettings {
    fn default() -> BoardSettings {
        BoardSettings {
            ring: 16_384,
            ring_bytes: 16 << 20,
            trades: 50,
            all_trades: 50_000,
            stale_after: Duration::from_secs(15),
            linger: Duration::from_secs(30),
            books: 2_000,
            keep_settled: Duration::from_hours(1),
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
    /// Held by whoever changes something, from before it is stored until it is told.
    writing: Mutex<()>,
    catalogue: RwLock<Catalogue>,
    trades: RwLock<trades::Trades>,
    /// Books change and are told under this lock, so that a book read under it goes with the number of the last event.
    books: RwLock<BTreeMap<MarketId, book::Kept>>,
    uuids: RwLock<uuid::Uuids>,
    exchange: RwLock<Option<Arc<api::exchange::ExchangeStatus>>>,
    pulse: freshness::Pulse,
    demand: Demand,
    orders: order::Orders,
    /// Counts changes of which markets there are and of what queries choose by.
    shape: AtomicU64,
}

impl Board {
    /// An empty board.
    pub fn new(settings: BoardSettings) -> Board {
        let hub = Hub::with(HubSettings {
            events: settings.ring,
            bytes: settings.ring_bytes,
        });
        Board {
            inner: Arc::new(Inner {
                hub,
                writing: Mutex::new(()),
                catalogue: RwLock::default(),
                trades: RwLock::new(trades::Trades::new(settings.trades, settings.all_trades)),
                books: RwLock::default(),
                uuids: RwLock::default(),
                exchange: RwLock::default(),
                pulse: freshness::Pulse::new(),
                demand: Demand::new(settings.linger, settings.books),
                orders: order::Orders::default(),
                shape: AtomicU64::new(0),
                settings,
            }),
        }
    }

    /// Where changes are told.
    pub fn hub(&self) -> &Hub {
        &self.inner.hub
    }

    /// How many markets it holds.
    pub fn len(&self) -> usize {
        self.inner.catalogue.read().len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number under which the board knows a market.
    pub fn id(&self, ticker: &Ticker) -> Option<MarketId> {
        self.inner.catalogue.read().id(ticker)
    }

    /// A market as it stands.
    pub fn market(&self, ticker: &Ticker) -> Option<Arc<MarketState>> {
        let catalogue = self.inner.catalogue.read();
        catalogue.market(catalogue.id(ticker)?)
    }

    /// A market as it stands, by its number.
    pub fn market_by_id(&self, id: MarketId) -> Option<Arc<MarketState>> {
        self.inner.catalogue.read().market(id)
    }

    /// The markets of an interest as they stand, by number: what a reader that was lapped, or is new, begins with. Take the place in the hub
    /// before.
    pub fn current(&self, interest: &Interest) -> Vec<Arc<MarketState>> {
        let catalogue = self.inner.catalogue.read();
        match &interest.markets {
            Some(markets) => markets.iter().filter_map(|id| catalogue.market(id)).collect(),
            None => catalogue.markets().collect(),
        }
    }

    /// The markets of an event, by name.
    pub fn markets_of(&self, event: &EventTicker) -> Vec<Arc<MarketState>> {
        let catalogue = self.inner.catalogue.read();
        let ids = catalogue.ids_of(event).iter();
        let mut markets: Vec<_> = ids.filter_map(|id| catalogue.market(*id)).collect();
        markets.sort_by(|a, b| a.ticker().cmp(b.ticker()));
        markets
    }

    /// An event.
    pub fn event(&self, ticker: &EventTicker) -> Option<Arc<api::event::Event>> {
        self.inner.catalogue.read().event(ticker).cloned()
    }

    /// All events, by name.
    pub fn events(&self) -> Vec<Arc<api::event::Event>> {
        self.inner.catalogue.read().events().cloned().collect()
    }

    /// A series.
    pub fn series(&self, ticker: &SeriesTicker) -> Option<Arc<api::series::Series>> {
        self.inner.catalogue.read().series(ticker).cloned()
    }

    /// All series, by name.
    pub fn all_series(&self) -> Vec<Arc<api::series::Series>> {
        self.inner.catalogue.read().all_series().cloned().collect()
    }

    /// Events that markets name and nobody has told of, by name: to be asked for.
    pub fn unknown_events(&self) -> Vec<EventTicker> {
        self.inner.catalogue.read().unknown_events()
    }

    /// The newest trades of a market, newest first, `limit` at most; no more than the board keeps.
    pub fn trades(&self, ticker: &Ticker, limit: usize) -> Vec<Arc<Trade>> {
        let id = self.id(ticker);
        id.map(|id| self.inner.trades.read().newest(id, limit))
            .unwrap_or_default()
    }

    /// What the exchange last said of itself.
    pub fn exchange_status(&self) -> Option<Arc<api::exchange::ExchangeStatus>> {
        self.inner.exchange.read().clone()
    }

    /// Takes what the exchange says of itself.
    pub fn take_exchange_status(&self, status: api::exchange::ExchangeStatus) {
        *self.inner.exchange.write() = Some(Arc::new(status));
    }

    /// The latest instant it was told, by our clock; the board's own idea of now.
    pub fn time(&self) -> Timestamp {
        self.inner.pulse.time()
    }

    /// Begins a change that is told: see [`Writing`].
    fn write(&self, at: Timestamp) -> Writing<'_> {
        self.inner.pulse.tick(at);
        Writing {
            _turn: self.inner.writing.lock(),
            waker: Waker { hub: &self.inner.hub },
        }
    }

    /// Says that queries have to choose anew.
    fn reshape(&self) {
        self.inner.shape.fetch_add(1, Ordering::Release);
    }
}

/// A writer's turn. Ended, it wakes those who want what was told.
struct Writing<'a> {
    // Dropped first: nobody is woken under the lock.
    _turn: MutexGuard<'a, ()>,
    #[expect(dead_code, reason = "works by being dropped")]
    waker: Waker<'a>,
}

struct Waker<'a> {
    hub: &'a Hub,
}

impl Drop for Waker<'_> {
    fn drop(&mut self) {
        self.hub.wake();
    }
}
