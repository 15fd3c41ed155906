//! The WebSocket protocol: what both sides say ([`Command`], [`ServerMessage`]), and the client.

mod channel;
mod command;
mod error_code;
pub mod message;

pub use channel::{Channel, MarketFilter, UnknownChannel};
pub use command::{
    Command, CommandBody, CommandRefused, SubscribeParams, UnsubscribeParams, UpdateAction, UpdateParams,
};
pub use error_code::ErrorCode;
pub use message::{Body, MessageError, ServerMessage};
