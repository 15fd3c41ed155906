//! The exchange in a box: matching, ledger, life, faults and Kalshi's API in front.
//!
//! [`life`] lists markets and trades in them, from a seed, inside the exchange. [`history`] makes a recorded past of whole events, from opening to settlement, as an importer would find it on disk.

pub mod core;
pub mod engine;
pub mod faults;
pub mod history;
pub mod life;
pub mod records;

mod world;
pub mod stream;
