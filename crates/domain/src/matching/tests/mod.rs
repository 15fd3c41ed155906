//! Hand-computed cases and properties of the engine, through its public doors.

mod support;

mod clearing_rules;
mod flow;
mod group_rules;
mod lifecycle_rules;
mod matching_rules;
mod naive;
mod naive_market;
mod properties;
