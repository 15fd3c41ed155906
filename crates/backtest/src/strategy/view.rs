//! What a strategy may look at: markets, what was last seen of them, its own orders, contracts and cash.

use kmi_domain::book::OrderBook;
use kmi_domain::flow::{BookFlow, NetBook, TimeInForce};
use kmi_domain::position::Position;
use kmi_domain::{BookSide, Money, Price, Quantity, Timestamp};

use super::event::Trade;
use super::intent::ClientOrderId;
use super::market::{MarketId, MarketInfo};

/// How far an own order has come, as far as the strategy knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStage {
    /// On its way to the exchange.
    Sent,
    /// At the exchange.
    Open,
}

/// An own order that is not known to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its number.
    pub id: ClientOrderId,
    /// Side of the YES book.
    pub side: BookSide,
    /// Limit, a YES price.
    pub limit: Price,
    /// Contracts not filled yet.
    pub remaining: Quantity,
    /// Contracts filled.
    pub filled: Quantity,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// When it was sent.
    pub sent: Timestamp,
    /// How far it has come.
    pub stage: OrderStage,
}

/// What a strategy has seen of one market so far.
#[derive(Clone, Debug, Default)]
pub struct MarketView {
    /// Last public print.
    pub last_trade: Option<Trade>,
    /// Contracts held, by average cost.
    pub position: Position,
    /// Own open orders, oldest first.
    pub orders: Vec<OpenOrder>,
}

/// Where a view's books are kept.
#[derive(Clone, Copy, Debug)]
pub enum Books<'a> {
    /// There are none: the data is a trade tape.
    None,
    /// The exchange's own, when nothing delays them.
    Exchange(&'a [BookFlow]),
    /// The trader's copies, one per market.
    Copies(&'a [NetBook]),
}

/// Everything a strategy may look at, as of [`View::now`].
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    now: Timestamp,
    markets: &'a [MarketInfo],
    seen: &'a [MarketView],
    books: Books<'a>,
    cash: Money,
}

impl<'a> View<'a> {
    /// A view of these parts; `markets` and `seen` are of one length, and so are the books, if any.
    #[inline]
    #[must_use]
    pub fn new(
        now: Timestamp,
        markets: &'a [MarketInfo],
        seen: &'a [MarketView],
        books: Books<'a>,
        cash: Money,
    ) -> View<'a> {
        View {
            now,
            markets,
            seen,
            books,
            cash,
        }
    }

    /// The strategy's clock. Nothing later than this is in the view.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// All markets of the run; a [`MarketId`] is an index into them.
    #[must_use]
    pub fn markets(&self) -> &'a [MarketInfo] {
        self.markets
    }

    /// Numbers of all markets.
    pub fn market_ids(&self) -> impl Iterator<Item = MarketId> + use<> {
        (0..).map(MarketId).take(self.markets.len())
    }

    /// One market.
    ///
    /// # Panics
    /// When no market of the run has this number.
    #[must_use]
    pub fn market(&self, market: MarketId) -> &'a MarketInfo {
        &self.markets[market.index()]
    }

    /// Last public print of a market; `None` before the first.
    ///
    /// # Panics
    /// When no market of the run has this number.
    #[must_use]
    pub fn last_trade(&self, market: MarketId) -> Option<Trade> {
        self.seen[market.index()].last_trade
    }

    /// A market's book, when the data has books and this one is in sync: as recorded, without own orders and without the
    /// contracts own orders took from it. When news is delayed, what came to resting own orders is still shown.
    #[inline]
    #[must_use]
    pub fn book(&self, market: MarketId) -> Option<&'a OrderBook> {
        match self.books {
            Books::None => None,
            Books::Exchange(flows) => flows.get(market.index())?.book(),
            Books::Copies(books) => books.get(market.index())?.book(),
        }
    }

    /// True when the data has order books, so that orders queue and walk them; false on a trade tape.
    #[must_use]
    pub fn has_books(&self) -> bool {
        !matches!(self.books, Books::None)
    }

    /// Contracts held in a market, what they cost, and what was realized.
    ///
    /// # Panics
    /// When no market of the run has this number.
    #[must_use]
    pub fn holding(&self, market: MarketId) -> Position {
        self.seen[market.index()].position
    }

    /// Signed contracts held in a market: + YES, − NO.
    ///
    /// # Panics
    /// When no market of the run has this number.
    #[must_use]
    pub fn position(&self, market: MarketId) -> Quantity {
        self.holding(market).quantity()
    }

    /// Own open orders in a market, oldest first.
    ///
    /// # Panics
    /// When no market of the run has this number.
    #[must_use]
    pub fn open_orders(&self, market: MarketId) -> &'a [OpenOrder] {
        &self.seen[market.index()].orders
    }

    /// An own order; `None` once it is gone.
    #[must_use]
    pub fn order(&self, id: ClientOrderId) -> Option<&'a OpenOrder> {
        self.open_orders(id.market).iter().find(|order| order.id == id)
    }

    /// Cash: what the run began with, less what was paid for contracts and fees, plus what was received. Not a limit.
    #[must_use]
    pub fn cash(&self) -> Money {
        self.cash
    }
}
