//! Where one market trades: the domain's matching engine and the three kinds of account that meet in it.

use kmi_domain::matching::{AccountId, Event, Matcher, NewOrder, OrderId};
use kmi_domain::{BookSide, Price, Quantity, Side, TickGrid, Timestamp};

/// Quotes on both sides.
const MAKER: AccountId = AccountId(1);
/// Rests single orders inside the spread.
const PATIENT: AccountId = AccountId(2);
/// Takes what rests.
const TAKER: AccountId = AccountId(3);

/// One market and what happened in it that was not told yet.
#[derive(Debug)]
pub(super) struct Floor {
    matcher: Matcher,
    next_order: u64,
    events: Vec<Event>,
}

impl Floor {
    pub(super) fn new(grid: TickGrid) -> Floor {
        Floor {
            matcher: Matcher::new(grid),
            next_order: 1,
            events: Vec::new(),
        }
    }

    pub(super) fn grid(&self) -> &TickGrid {
        self.matcher.grid()
    }

    /// Best YES bid and ask.
    pub(super) fn touch(&self) -> (Option<Price>, Option<Price>) {
        let best = |side| self.matcher.best(side).map(|level| level.price);
        (best(BookSide::Bid), best(BookSide::Ask))
    }

    /// Replaces the market maker's quotes by these; one that would trade at once is left out.
    pub(super) fn quote(&mut self, quotes: &[(BookSide, Price, Quantity)], now: Timestamp) {
        // The market is never closed here, the only reason for which this is refused.
        let _ = self.matcher.cancel_account(MAKER, &mut self.events);
        for &(side, price, quantity) in quotes {
            let order = NewOrder::on(side, self.number(), MAKER, price, quantity).post_only();
            self.submit(order, now);
        }
    }

    /// Rests one order until `expiration`; left out if it would trade at once.
    pub(super) fn rest(
        &mut self,
        (side, price, quantity): (BookSide, Price, Quantity),
        expiration: Timestamp,
        now: Timestamp,
    ) {
        let order = NewOrder::on(side, self.number(), PATIENT, price, quantity);
        self.submit(order.post_only().expiring(expiration), now);
    }

    /// Buys contracts of `side` at once, as far as there are any at YES prices up to `limit` (down to it for NO).
    pub(super) fn take(&mut self, side: Side, limit: Price, quantity: Quantity, now: Timestamp) {
        let order = NewOrder::on(side.book_side(), self.number(), TAKER, limit, quantity);
        self.submit(order.immediate_or_cancel(), now);
    }

    /// What happened since the last call, in order.
    pub(super) fn news(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn number(&mut self) -> OrderId {
        let number = OrderId(self.next_order);
        self.next_order += 1;
        number
    }

    /// A refusal changes nothing: people try, and sometimes may not.
    fn submit(&mut self, order: NewOrder, now: Timestamp) {
        let _ = self.matcher.submit(now, order, &mut self.events);
    }
}
