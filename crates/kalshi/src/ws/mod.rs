//! The WebSocket protocol: what both sides say ([`Command`], [`ServerMessage`]), and the client.
//!
//! A [`Client`] keeps one connection, makes it anew when it breaks, and its subscriptions with it; what it hears comes in order
//! from [`Events`]. It counts the messages of every sequenced channel and says what was lost ([`EventKind::Gap`]); books that lost
//! something are told stale and get a new snapshot. [`books::BookKeeper`] makes books of the events, and hands them out only in
//! sync. [`raw`] gives the frames as they came.

pub mod books;
mod channel;
mod client;
mod command;
mod config;
mod error_code;
mod event;
pub mod message;
mod queue;
pub mod raw;
mod session;

pub use channel::{Channel, MarketFilter, UnknownChannel};
pub use client::{Client, ClientClosed, Markets, Parts, SubscribeError, Subscription, SubscriptionState};
pub use command::{
    Command, CommandBody, CommandRefused, SubscribeParams, UnsubscribeParams, UpdateAction, UpdateParams,
};
pub use config::{Backoff, Bounds, Config, NoPrices, Timeouts};
pub use error_code::ErrorCode;
pub use event::{ConnectionState, Disconnect, Event, EventKind};
pub use message::{Body, MessageError, ServerMessage};
pub use queue::Events;
