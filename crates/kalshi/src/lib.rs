//! Kalshi's API as a library: typed REST and WebSocket clients of today's generation, and what others have kept of earlier
//! ones, read into domain types.
//!
//! The integer types of amounts, and tickers, are those of [`domain`].
//!
//! - [`api`]: bodies of today's REST API, the same for a client and for a server that speaks it.
//! - [`rest`] and [`ws`]: the clients. [`sign`]: keys and signatures. [`limit`]: the exchange's token buckets. [`connect`] and
//!   [`clock`]: what both stand on.
//! - [`wire`], [`frame`], [`recording`], [`replay`]: JSON, frames and captures of every generation, decoded with tolerance.

pub mod api;
pub mod clock;
pub mod connect;
pub mod frame;
pub mod limit;
pub mod recording;
pub mod replay;
pub mod rest;
pub mod sign;
pub mod wire;
pub mod ws;

pub use kmi_domain as domain;

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
