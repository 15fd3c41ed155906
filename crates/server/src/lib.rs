//! The doors to the use cases of `app`: REST with its OpenAPI document, server-sent events, the relay in the exchange's own protocol,
//! health and metrics. Thin: extract, call one use case, convert. Our own JSON is defined here and nowhere else.
//!
//! [`Doors`] is what they open to; [`serve()`] lets people in. Everything that is asked passes one gate first (`gate`): who asks, from which page, how
//! often; every refusal has one shape ([`error`]). In local mode, the only one there is so far, the doors open to this machine alone.

mod auth;
mod docs;
mod doors;
pub mod error;
mod gate;
mod health;
mod home;
mod meters;
mod openapi;
mod relay;
mod rest;
mod router;
mod serve;
mod settings;
mod slots;
mod sse;
mod view;

pub use auth::{LocalToken, LocalTokenError};
pub use doors::{DoorError, DoorParts, Doors, ExchangeKind};
pub use meters::install_metrics;
pub use openapi::openapi_json;
pub use serve::{ServeError, serve};
pub use settings::{AuthMode, DoorSettings, RateLimit, RelayAccess};
