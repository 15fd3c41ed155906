//! The exchange in a box: matching, ledger, life, faults and Kalshi's API in front.
//!
//! - [`core`]: the exchange as a pure function. [`life`]: who trades there by themselves, from a seed. [`records`]: what is
//!   remembered of it.
//! - [`engine`]: the running exchange around the pure one; clock, lock, journal, fan-out. [`faults`]: what goes wrong on demand.
//! - [`server`]: the REST API and the admin door. [`stream`]: the WebSocket side. [`venue`]: all of it together, ready to be
//!   served.
//! - [`replay`]: recorded captures as the market data of their markets.
//! - [`storm`]: random commands, and the proof that they lose nothing. [`drill`]: every fault against our own client, and the proof
//!   that it ends up knowing what the exchange knows.
//! - [`history`] makes a recorded past of whole events, from opening to settlement, as an importer would find it on disk.

pub mod core;
pub mod drill;
pub mod engine;
pub mod faults;
pub mod history;
pub mod life;
pub mod records;
pub mod replay;
pub mod server;
pub mod storm;
pub mod stream;
pub mod venue;
pub mod views;

mod world;
