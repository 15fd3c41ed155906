//! What a strategy is told.

use kmi_domain::fees::Role;
use kmi_domain::flow::CancelReason;
use kmi_domain::{BookSide, MarketResult, Money, Price, Quantity, Side, Timestamp};

use super::intent::ClientOrderId;
use super::market::MarketId;

/// Something a strategy is told of, after the view shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A public print; also that of an own fill.
    Trade(Trade),
    /// A market's book changed. A snapshot is one event, told when it is whole.
    Book {
        /// Market.
        market: MarketId,
    },
    /// News of an own order.
    Order(OrderUpdate),
    /// A timer set by [`Intents::set_timer`](super::Intents::set_timer) rang.
    Timer {
        /// The number it was set with.
        token: u64,
    },
    /// A market's result became known, at or after its close; own contracts were paid.
    Settled {
        /// Market.
        market: MarketId,
        /// How it came out.
        result: MarketResult,
    },
}

/// A public print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Market.
    pub market: MarketId,
    /// When it was executed.
    pub time: Timestamp,
    /// YES price.
    pub price: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// The contract its taker gained.
    pub taker: Side,
}

/// News of one own order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderUpdate {
    /// Order.
    pub order: ClientOrderId,
    /// What happened.
    pub kind: UpdateKind,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateKind {
    /// The exchange has it. Told before any fill.
    Accepted,
    /// The exchange would not have it; it is gone.
    Refused(RefuseReason),
    /// Part or all of it filled. It is gone when nothing remains.
    Filled(Fill),
    /// Limit or quantity changed.
    Amended {
        /// New limit, a YES price.
        limit: Price,
        /// New total quantity, counting what has filled.
        quantity: Quantity,
    },
    /// What remained of it was canceled; it is gone.
    Canceled(CancelReason),
    /// A cancel or an amendment came too late or asked for nothing valid; the order is as it was.
    Unchanged,
}

/// Why an order was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefuseReason {
    /// The market is not open any more.
    MarketClosed,
    /// The limit is on no tick, and not $0 or $1 ("any price") either.
    OffGrid,
    /// No contracts, or fewer.
    NoQuantity,
    /// Its expiration lies in the past.
    Expired,
    /// Post-only, and it would have traded at once.
    WouldCross,
    /// The book is not in sync, so nobody knows what it would have met.
    BookNotSynced,
    /// No market has this number.
    UnknownMarket,
    /// The market charges by a schedule the exchange does not publish, so its cost cannot be told.
    FeesUnknown,
}

/// An own execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Order.
    pub order: ClientOrderId,
    /// Market.
    pub market: MarketId,
    /// When it was executed.
    pub time: Timestamp,
    /// Side of the YES book the order was on: a bid gained YES, an ask NO.
    pub side: BookSide,
    /// YES price.
    pub price: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// What the exchange charged for it.
    pub fee: Money,
    /// Rested or crossed.
    pub role: Role,
}

impl Fill {
    /// The contract gained.
    #[must_use]
    pub const fn outcome(&self) -> Side {
        self.side.outcome()
    }

    /// Price of the contract gained.
    #[must_use]
    pub const fn outcome_price(&self) -> Price {
        match self.side {
            BookSide::Bid => self.price,
            BookSide::Ask => self.price.complement(),
        }
    }
}
