//! Own orders against a recorded flow: queue positions and fills.

mod book_flow;

pub use crate::matching::{CancelReason, TimeInForce};
pub use book_flow::BookFlow;
