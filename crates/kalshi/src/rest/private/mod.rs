//! Typed calls of private routes. All are signed; what a key may call depends on its scopes.

mod account;
mod groups;
mod historical;
mod keys;
mod orders;
mod portfolio;
mod transfers;

/// Most pages a stream of the account's own records follows before it ends with an error: ten million rows.
const MAX_PAGES: usize = 10_000;
