//! What happens, told to many: [`Hub`], a ring of events that any number of readers follow at their own pace.
//!
//! A publisher appends and wakes; it never waits for a reader and holds nothing for one. A [`Reader`] has a place in the ring and an
//! [`Interest`], and pulls what came since in batches, so a reader that does not read costs its place and nothing else. Only
//! readers that want an event are woken for it, once until they look. Who falls behind the ring is told so ([`Batch::Lapped`]) and
//! takes up again from the board: quotes are conflated (latest wins), books need a snapshot, trades are missing and must be said to be.
//! Trades lost before they came here are told as such ([`Happening::TradesLost`]) where the board is told (`Board::lose_trades`); ingest does not do so yet.
//!
//! An event is put into a format once, by whoever needs it first ([`Published::encoded`]); no lock of the hub is held meanwhile.
//! The ring is bounded in events and in bytes, encodings included ([`HubSettings`]); at either bound the oldest events go.

mod event;
mod interest;
mod reader;
mod ring;
mod segment;
mod wakes;

#[cfg(test)]
mod tests;

pub use event::{ConnectionStatus, Format, Happening, Link, Published};
pub use interest::{Interest, Kinds, MarketSet};
pub use reader::{Batch, Reader};
pub use ring::{Hub, HubSettings};
