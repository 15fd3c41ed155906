//! The doors, opened on loopback and called by a client. Modules are named after what they ask for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod asked;
mod backtests;
mod book;
mod catalogue;
mod gate;
mod health;
mod history;
mod markets;
mod pages;
mod session;
mod sse;
mod stopping;
mod support;
