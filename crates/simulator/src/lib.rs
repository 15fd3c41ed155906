//! Seeded exchange life around hidden probabilities, matched by the domain's engine.
//!
//! Pure: no clock, no ambient entropy, no I/O. [`history`] makes a recorded past of whole events, from opening to
//! settlement, as an importer would find it on disk.

pub mod history;
