//! Own orders against a recorded flow: queue positions and fills.

mod book_flow;
mod order;

pub use book_flow::BookFlow;
pub use order::{CancelReason, TimeInForce};
