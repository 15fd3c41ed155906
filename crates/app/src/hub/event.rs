//! What is told: [`Published`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use kmi_domain::Timestamp;
use kmi_kalshi::ws::Body;
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot, Trade};

use super::interest::Kinds;
use crate::board::{MarketId, MarketState};

/// One event, with its place in the ring.
#[derive(Debug)]
pub struct Published {
    /// Place: 1, 2, 3, …, for as long as the process runs.
    pub number: u64,
    /// When we learned of it, by our clock.
    pub at: Timestamp,
    /// Market it is about, if about one.
    pub market: Option<MarketId>,
    /// What happened.
    pub what: Happening,
    encoded: [OnceLock<Bytes>; Format::COUNT],
    /// Bytes of the events around it, to which its encodings are added.
    held: Arc<AtomicUsize>,
}

/// What happened.
#[derive(Debug)]
pub enum Happening {
    /// Quotes, totals, status or metadata of a market changed. Conflated: only the latest matters.
    Market(Arc<MarketState>),
    /// A book as a whole: the first of a market, or after something was missed. NO side in NO prices.
    BookSnapshot(Box<OrderbookSnapshot>),
    /// One level of a book changed. Sequenced: all of them since the snapshot matter. NO side in NO prices.
    BookDelta(Box<OrderbookDelta>),
    /// The book of the market is out of sync until its next snapshot.
    BookStale,
    /// A public trade. Sequenced.
    Trade(Arc<Trade>),
    /// Trades of any market may be missing between the one told before and the next: the exchange's stream lost them. They are fetched for
    /// the database, and told nobody again.
    TradesLost,
    /// A market or event came, changed or went, in the exchange's own words ([`Body::MarketLifecycle`], [`Body::EventLifecycle`],
    /// [`Body::EventFeeUpdate`]). Sequenced.
    Lifecycle(Box<Body>),
    /// Our own connection to the exchange came or went.
    Connection(ConnectionStatus),
}

/// Formats of the doors. Each event has room for each, filled by the first who needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Our own JSON, as SSE sends it.
    Own,
    /// The exchange's `msg`.
    Relay,
    /// The exchange's `msg` with the NO side of books in YES prices (`use_yes_price`).
    RelayYesPrices,
}

impl Format {
    pub(crate) const COUNT: usize = 3;
}

/// How we are connected to the exchange's stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionStatus {
    /// Whether there is a connection.
    pub link: Link,
    /// Since when.
    pub since: Timestamp,
}

/// Whether there is a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// There is one.
    Connected,
    /// There is none, and one is being made.
    Reconnecting {
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// After how long.
        next_in: Duration,
        /// Why there is none.
        reason: String,
    },
    /// There is none after several attempts; the poller carries on alone, and it is tried now and then.
    Failed {
        /// Why.
        reason: String,
        /// When it is tried next.
        next_in: Duration,
    },
    /// No stream is configured: the poller is all there is.
    Off,
}

impl Link {
    /// `connected`, `reconnecting`, `failed` or `off`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Link::Connected => "connected",
            Link::Reconnecting { .. } => "reconnecting",
            Link::Failed { .. } => "failed",
            Link::Off => "off",
        }
    }
}

impl Happening {
    /// The one kind it is of.
    pub(super) fn kind(&self) -> Kinds {
        let none = Kinds::default();
        match self {
            Happening::Market(_) => Kinds {
                markets: true,
                ..none
            },
            Happening::BookSnapshot(_) | Happening::BookDelta(_) | Happening::BookStale => {
                Kinds { books: true, ..none }
            }
            Happening::Trade(_) | Happening::TradesLost => Kinds { trades: true, ..none },
            Happening::Lifecycle(_) => Kinds {
                lifecycle: true,
                ..none
            },
            Happening::Connection(_) => Kinds {
                connection: true,
                ..none
            },
        }
    }

    /// Whether a later event of the same market outdates it.
    pub(super) const fn is_conflated(&self) -> bool {
        matches!(self, Happening::Market(_))
    }

    /// About how many bytes it keeps alive, what the board shares with it not counted.
    fn weight(&self) -> usize {
        match self {
            Happening::Market(_) => size_of::<MarketState>(),
            Happening::BookSnapshot(book) => {
                let levels = book.yes_dollars_fp.len() + book.no_dollars_fp.len();
                size_of::<OrderbookSnapshot>() + levels * size_of::<kmi_domain::Level>()
            }
            Happening::BookDelta(_) => size_of::<OrderbookDelta>() + 128,
            Happening::Trade(_) => size_of::<Trade>() + 128,
            Happening::Lifecycle(_) => 2_048,
            Happening::BookStale | Happening::TradesLost | Happening::Connection(_) => 128,
        }
    }
}

impl Published {
    pub(super) fn new(
        number: u64,
        at: Timestamp,
        market: Option<MarketId>,
        what: Happening,
        held: &Arc<AtomicUsize>,
    ) -> Published {
        held.fetch_add(size_of::<Published>() + what.weight(), Ordering::Relaxed);
        Published {
            number,
            at,
            market,
            what,
            encoded: Default::default(),
            held: Arc::clone(held),
        }
    }

    /// The event in a format: made by `encode` the first time, shared from then on. Who asks for the same at the same time waits
    /// for it; nobody else does.
    pub fn encoded(&self, format: Format, encode: impl FnOnce(&Published) -> Bytes) -> &Bytes {
        self.encoded[format as usize].get_or_init(|| {
            let bytes = encode(self);
            self.held.fetch_add(bytes.len(), Ordering::Relaxed);
            bytes
        })
    }
}
