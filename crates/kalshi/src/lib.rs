//! The exchange's API as a library: wire types of every generation and captures.

pub mod frame;
pub mod recording;
pub mod replay;
pub mod wire;
