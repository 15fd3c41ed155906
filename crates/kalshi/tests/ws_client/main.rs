//! The WebSocket client against an exchange played by hand, over in-process pipes and a clock that stands still.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod books;
mod connection;
mod fake;
mod random;
mod slow;
mod subscriptions;
