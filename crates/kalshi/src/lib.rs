//! What the exchange sends and others have kept of it, read into domain types: JSON of all generations, frames, recordings.

pub mod frame;
pub mod recording;
pub mod replay;
pub mod wire;
