//! What readers of the hub see.

mod reading;
mod support;
