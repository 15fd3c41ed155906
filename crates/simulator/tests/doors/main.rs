//! The doors, through real connections with signed requests: every error path with its status and body, limits with paused
//! time, malformed everything.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod accounts;
mod admin;
mod authentication;
mod faults;
mod hostile;
mod limits;
mod orders;
mod own_client;
mod routes;
mod support;
