//! Bodies of today's REST API, typed and owned: a client reads them, a server that speaks the same API writes them.
//!
//! Written, a body has every field the exchange's specification requires, in its form: dollars as strings with four
//! decimals, counts as strings with two. Read, it is tolerant: unknown fields are passed over, unknown words are kept as they
//! came ([`word`]), numbers are taken where strings belong and the other way round. Recordings of earlier generations are for
//! [`crate::wire`].
//!
//! - [`amount`]: how amounts and times stand in JSON. [`page`]: cursors. [`query`]: parameters of list calls.
//! - [`side`]: sides. [`error`]: refusals.
//! - Public: [`exchange`], [`series`], [`event`], [`market`], [`orderbook`], [`trade`], [`candle`], [`historical`],
//!   [`milestone`], [`structured_target`], [`search`], [`incentive`], [`endpoint_cost`].
//! - [`request`]: how strictly requests are read. [`code`]: codes of refusals and the answers they come in.
//! - [`drift`]: what the exchange's specification says that this crate was not written for.
//! - Private: [`orders`], [`groups`] of orders, [`portfolio`], [`transfers`] and subaccounts, [`account`] limits, API [`keys`].

pub mod account;
pub mod amount;
pub mod candle;
pub mod code;
pub mod drift;
pub mod endpoint_cost;
pub mod error;
pub mod event;
pub mod exchange;
pub mod groups;
pub mod historical;
pub mod incentive;
pub mod keys;
pub mod market;
pub mod milestone;
pub mod orderbook;
pub mod orders;
pub mod page;
pub mod portfolio;
pub mod query;
pub mod request;
pub mod search;
pub mod series;
pub mod side;
pub mod structured_target;
pub mod trade;
pub mod transfers;
pub mod word;
pub mod words;

/// Number of a shard of the exchange: 0 the default, others by kind of market. Cash is kept per shard.
pub type ExchangeIndex = u32;
