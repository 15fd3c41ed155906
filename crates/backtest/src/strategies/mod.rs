//! The strategies that come with the workbench.

use crate::strategy::StrategyDescription;

mod buying;
pub mod calibration_edge;
mod calibrator;
pub mod event_arbitrage;
pub mod fixed_horizon;
pub mod kelly_model;
pub mod market_maker;
pub mod mean_reversion;
pub mod models;
pub mod momentum;
mod swing;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

/// Every strategy's description; one line each.
pub(crate) fn all() -> Vec<StrategyDescription> {
    vec![
        calibration_edge::DESCRIPTION,
        event_arbitrage::DESCRIPTION,
        fixed_horizon::DESCRIPTION,
        kelly_model::DESCRIPTION,
        market_maker::DESCRIPTION,
        mean_reversion::DESCRIPTION,
        momentum::DESCRIPTION,
    ]
}
