//! Ingest against the exchange in a box: over pipes, on a clock that is paused where no real database is involved.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so best by ending"
)]

mod broken;
mod exchange;
mod lease;
mod memory;
mod outage;
mod poller;
mod real;
mod rig;
mod stream;
