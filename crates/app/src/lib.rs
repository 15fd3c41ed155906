//! The use cases: taking recordings in, calibration, backtests, synthetic history.
//!
//! Each takes a request and gives a report; what the command line, and later the server, print is that report. Clocks
//! are arguments: a [`Timestamp`](kmi_domain::Timestamp) for when something happened, a [`Stopwatch`] for how long it took.

pub mod backtest;
pub mod board;
pub mod calibrate;
mod captures;
mod describe;
pub mod hub;
pub mod import;
pub mod ingest;
mod json;
mod stopwatch;
pub mod synth;

pub use stopwatch::Stopwatch;
