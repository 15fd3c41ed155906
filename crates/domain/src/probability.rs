//! Probability: what prices imply, what a bet is expected to bring, how much of a bankroll to stake.

mod belief;

pub use belief::{ParseProbabilityError, Probability};
