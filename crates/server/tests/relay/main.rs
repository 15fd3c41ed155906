//! The relay, served for real and asked over sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod access;
mod books;
mod channels;
mod rest;
mod slow;
mod support;
