//! Matching engine: price-time priority over YES and NO as one book.
//!
//! - [`Matcher`] is the engine of one market: orders in, [`Event`]s out. It knows nothing of money, fees or positions.
//! - [`Exchange`] is the thin part over many markets that order groups need, because a group's orders may lie in several.
//! - [`Clearing`] is a small ledger of cash, collateral and contracts that shows that fills conserve both.
//!
//! Every order is a bid or an ask in YES prices; a NO order is the mirrored one. Time and ids are arguments and nothing
//! depends on the order of a hash map, so the same commands give the same events to the byte. Events are appended to a
//! buffer that the caller owns and clears.
//!
//! What may surprise:
//! - An order whose expiration has come never trades: every [`Matcher::submit`] and [`Matcher::amend`] expires first.
//! - Order groups are checked between commands, not between the fills of one: a fill-or-kill order stays whole, and a group
//!   may exceed its limit by what one incoming order took.
//! - A grid may be refined or coarsened while orders rest. They stay where they are; only new prices are checked.
//!
//! ```
//! use kmi_domain::matching::{AccountId, Matcher, NewOrder, OrderId};
//! use kmi_domain::{Quantity, TickGrid, Timestamp};
//!
//! let mut market = Matcher::new(TickGrid::linear_cent());
//! let mut events = Vec::new();
//! let now = Timestamp::from_seconds(0);
//! let (maker, taker) = (AccountId(1), AccountId(2));
//!
//! let ask = NewOrder::ask(OrderId(1), maker, "0.56".parse()?, Quantity::from_contracts(10));
//! market.submit(now, ask, &mut events)?;
//! let bid = NewOrder::bid(OrderId(2), taker, "0.60".parse()?, Quantity::from_contracts(4)).immediate_or_cancel();
//! let placed = market.submit(now, bid, &mut events)?;
//!
//! assert_eq!(placed.filled, Quantity::from_contracts(4));
//! assert_eq!(placed.notional, "2.24".parse()?);
//! assert_eq!(market.best_ask().map(|level| level.quantity), Some(Quantity::from_contracts(6)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod amend;
mod cancel;
mod clearing;
mod error;
mod event;
mod exchange;
mod groups;
mod ladder;
mod matcher;
mod order;
mod slab;
mod slots;
mod taker;
mod view;

#[cfg(test)]
mod tests;

pub use amend::{Amendment, ExpirationChange};
pub use clearing::{Clearing, ClearingAccount};
pub use error::{AmendError, CancelError, Decrease, GroupError, PlaceError, SubmitError};
pub use event::{CancelReason, Event, Fill, FillParty, LevelChange, Queue};
pub use exchange::{Exchange, ExchangeEvent, MarketId};
pub use groups::{
    GROUP_WINDOW_MICROS, GroupEvent, MAX_GROUP_LIMIT, MAX_GROUPS_PER_ACCOUNT, OrderGroup, OrderGroups,
    TriggerCause,
};
pub use matcher::{MarketState, Matcher};
pub use order::{
    AccountId, GroupId, NewOrder, OrderId, OrderStatus, Placed, RestingOrder, SelfTradePrevention,
    TimeInForce, TradeSequence,
};
