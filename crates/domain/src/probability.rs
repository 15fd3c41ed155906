//! Probability: what prices imply, what a bet is expected to bring, how much of a bankroll to stake.
//!
//! Beliefs and ratios are `f64` from 0 to 1; [`Probability`] is a forecast kept exactly, to be scored.

mod belief;
mod implied;
mod kelly;

pub use belief::{ParseProbabilityError, Probability};
pub use implied::{Devig, devig, implied_probability, microprice, overround};
pub use kelly::{Bet, Purchase, better_bet, cost_per_contract, growth_rate, kelly_fraction, kelly_quantity};
