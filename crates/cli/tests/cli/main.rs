//! The `kmi` binary, started for real: what it prints, what it keeps, what it refuses.
#![allow(missing_docs, reason = "tests are sentences")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod backtest;
mod bad_input;
mod book;
mod calibrate;
mod demo;
mod exchange;
mod fee;
mod house;
mod import;
mod keeping;
mod serve;
mod support;
mod venue;
