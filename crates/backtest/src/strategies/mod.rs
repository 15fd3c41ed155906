//! The strategies that come with the workbench.

use crate::strategy::StrategyDescription;

mod buying;
pub mod calibration_edge;
mod calibrator;
pub mod fixed_horizon;
pub mod mean_reversion;
pub mod momentum;
mod swing;

#[cfg(test)]
mod testing;

/// Every strategy's description; one line each.
pub(crate) fn all() -> Vec<StrategyDescription> {
    vec![
        calibration_edge::DESCRIPTION,
        fixed_horizon::DESCRIPTION,
        mean_reversion::DESCRIPTION,
        momentum::DESCRIPTION,
    ]
}
