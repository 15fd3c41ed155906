//! What a strategy may ask for.

use std::time::Duration;

use kmi_domain::flow::TimeInForce;
use kmi_domain::{BookSide, Price, Quantity, Side, Timestamp};

use super::market::MarketId;

/// A strategy's own number for one of its orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId {
    /// Market it is for.
    pub market: MarketId,
    /// 0, 1, 2, … over all orders of the run, in order of placing.
    pub number: u64,
}

/// An order, in YES prices: buying NO at q is an ask at 1 − q. Plain is good till canceled, without expiration, and may
/// trade at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Market.
    pub market: MarketId,
    /// Side of the YES book.
    pub side: BookSide,
    /// Worst YES price acceptable, on the market's grid. $1 for a bid and $0 for an ask mean any price; on books what such an
    /// order does not get at once is canceled, on a tape it waits for prints.
    pub limit: Price,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Refused if it would trade at once; always a maker.
    pub post_only: bool,
    /// When what remains of it is canceled.
    pub expires: Option<Timestamp>,
}

impl NewOrder {
    /// Buys YES (or sells NO) at `limit`, a YES price, or less.
    #[must_use]
    pub const fn bid(market: MarketId, limit: Price, quantity: Quantity) -> NewOrder {
        Self::on(market, BookSide::Bid, limit, quantity)
    }

    /// Sells YES (or buys NO) at `limit`, a YES price, or more.
    #[must_use]
    pub const fn ask(market: MarketId, limit: Price, quantity: Quantity) -> NewOrder {
        Self::on(market, BookSide::Ask, limit, quantity)
    }

    /// Buys the contract of `side` at `limit`, that contract's price, or less.
    #[must_use]
    pub const fn buy(market: MarketId, side: Side, limit: Price, quantity: Quantity) -> NewOrder {
        match side {
            Side::Yes => Self::bid(market, limit, quantity),
            Side::No => Self::ask(market, limit.complement(), quantity),
        }
    }

    /// Buys the contract of `side` at any price: on books what is on offer now, on a tape from the next prints.
    #[must_use]
    pub const fn buy_at_any_price(market: MarketId, side: Side, quantity: Quantity) -> NewOrder {
        Self::buy(market, side, Price::ONE, quantity)
    }

    const fn on(market: MarketId, side: BookSide, limit: Price, quantity: Quantity) -> NewOrder {
        NewOrder {
            market,
            side,
            limit,
            quantity,
            time_in_force: TimeInForce::GoodTillCanceled,
            post_only: false,
            expires: None,
        }
    }

    /// Cancels what does not fill at once.
    #[must_use]
    pub const fn immediate_or_cancel(mut self) -> NewOrder {
        self.time_in_force = TimeInForce::ImmediateOrCancel;
        self
    }

    /// Fills whole at once or not at all.
    #[must_use]
    pub const fn fill_or_kill(mut self) -> NewOrder {
        self.time_in_force = TimeInForce::FillOrKill;
        self
    }

    /// Rests, or is refused.
    #[must_use]
    pub const fn post_only(mut self) -> NewOrder {
        self.post_only = true;
        self
    }

    /// Cancels what remains at `expires`.
    #[must_use]
    pub const fn until(mut self, expires: Timestamp) -> NewOrder {
        self.expires = Some(expires);
        self
    }
}

/// One thing asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Place an order.
    Place {
        /// Its number.
        id: ClientOrderId,
        /// The order.
        order: NewOrder,
    },
    /// Cancel what remains of an order.
    Cancel {
        /// Its number.
        id: ClientOrderId,
    },
    /// Change an order: a better or worse limit or more contracts go to the back of the queue, fewer contracts keep the
    /// place in it.
    Amend {
        /// Its number.
        id: ClientOrderId,
        /// New limit, a YES price.
        limit: Price,
        /// New total quantity, counting what has filled.
        quantity: Quantity,
    },
    /// Ring at a time.
    SetTimer {
        /// When; a time already past rings at once.
        at: Timestamp,
        /// Number to ring with.
        token: u64,
    },
}

/// Takes what a strategy asks for, in order.
#[derive(Debug, Default)]
pub struct Intents {
    queue: Vec<Intent>,
    placed: u64,
}

impl Intents {
    /// An empty list; the first order placed will be number 0.
    #[must_use]
    pub fn new() -> Intents {
        Intents::default()
    }

    /// Places an order and returns the number it will be known by.
    pub fn place(&mut self, order: NewOrder) -> ClientOrderId {
        let id = ClientOrderId {
            market: order.market,
            number: self.placed,
        };
        self.placed += 1;
        self.queue.push(Intent::Place { id, order });
        id
    }

    /// Cancels what remains of an order. Harmless when nothing does.
    pub fn cancel(&mut self, id: ClientOrderId) {
        self.queue.push(Intent::Cancel { id });
    }

    /// Changes limit (a YES price) and total quantity (counting what has filled) of an order.
    pub fn amend(&mut self, id: ClientOrderId, limit: Price, quantity: Quantity) {
        self.queue.push(Intent::Amend { id, limit, quantity });
    }

    /// Asks for [`Event::Timer`](super::Event::Timer) at `at`, after every input event up to and including that instant.
    pub fn set_timer(&mut self, at: Timestamp, token: u64) {
        self.queue.push(Intent::SetTimer { at, token });
    }

    /// Asks for [`Event::Timer`](super::Event::Timer) `span` after `now`.
    pub fn set_timer_after(&mut self, now: Timestamp, span: Duration, token: u64) {
        self.set_timer(now.plus(span), token);
    }

    /// True when nothing was asked for since the last drain.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// What was asked for since the last drain, oldest first.
    #[must_use]
    pub fn pending(&self) -> &[Intent] {
        &self.queue
    }

    /// Orders placed so far.
    #[must_use]
    pub const fn placed(&self) -> u64 {
        self.placed
    }

    /// Hands out and forgets what was asked for, oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = Intent> + '_ {
        self.queue.drain(..)
    }
}
