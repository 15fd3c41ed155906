//! What the board shows.

mod books;
mod demand;
mod freshness;
mod lifecycle;
mod many;
mod mended;
mod queries;
mod support;
mod sweeps;
