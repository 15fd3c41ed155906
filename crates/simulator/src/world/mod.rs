//! The invented world behind both the recorded past and the living exchange: chance, hidden values and the questions asked.

pub(crate) mod chance;
pub(crate) mod hidden;
pub(crate) mod plan;
pub(crate) mod questions;
