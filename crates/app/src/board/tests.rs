//! What the board shows.

mod support;
mod sweeps;
