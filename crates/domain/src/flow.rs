//! Own orders against a recorded flow: queue positions and fills.
//!
//! A recording is what happened without us. This module says what would have become of own orders in it, on two kinds of
//! recordings: [`BookFlow`] has the book's deltas and the trades, [`TapeFlow`] the trades alone. The backtester and the
//! exchange simulator's replay both use it, so they give the same fills. What it never does is give more than the recording
//! shows: makers share the printed or arriving contracts, takers the displayed ones, and no contract is given twice.
//!
//! # Rules of a book
//! - **Taking.** An order that crosses walks the recorded levels from the best. What it took stays gone: as many contracts
//!   of that level count as taken until the level shrinks below that number, and then all that is left of it does. So new
//!   contracts at a level are to be had, the old ones never again.
//!   The book that [`BookFlow::book`] shows is without them.
//! - **Waiting.** An order that rests joins its level behind everything displayed there ([`QueueModel::Front`]: before it).
//!   A print at its price eats the contracts ahead first, then fills it; a print at a worse price (the taker went through
//!   its level) fills it at once; each print is shared out by price, then arrival. Fills are at the order's own limit.
//! - **Arriving.** Contracts that arrive on the other side at a price the order would have met fill it too, but only those
//!   that find nobody else: the exchange shows an order's own level before the levels it takes away, so for a moment the
//!   recorded book is crossed or locked. As many of the arriving contracts as others display at prices that meet them are
//!   theirs; the print of those tells whom they fill.
//! - **Any price.** An order at $1 (an ask at $0) accepts any price. No book has such a level, so it never rests: what it
//!   does not get at once is canceled, however long it was to work, and post-only it is refused.
//! - **Leaving.** Contracts leave a level by a print or by a cancel. The exchange tells of a print twice, as a negative
//!   delta and as a trade, usually in this order and in the same millisecond; within a millisecond they count as one, and
//!   a delta after its print does so whenever it comes. What remains was canceled, and the [`QueueModel`] says from where.
//!   For the same reason an order meets no print of the millisecond in which it joined.
//! - **Out of sync** nothing is accepted, and resting orders wait; the next snapshot may cut the queue ahead, never lengthen
//!   it. What a snapshot shows beyond what its level last held counts as arriving; what was taken stays gone.
//! - Own orders never trade with each other: an order stops, and its rest is canceled, where it meets a resting own order.
//!   So does fill-or-kill: what it got before that stands.
//!
//! # Rules of a tape
//! See [`TapeFlow`].

mod book_flow;
mod net_book;
mod order;
mod resting;
mod tape_flow;

pub use crate::matching::{CancelReason, OrderId, TimeInForce};
pub use book_flow::BookFlow;
pub use net_book::NetBook;
pub use order::{AmendRefusal, FlowEvent, FlowFill, FlowOrder, QueueModel, Refusal};
pub use tape_flow::TapeFlow;

#[cfg(test)]
mod tests;
