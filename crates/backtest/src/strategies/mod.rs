//! The strategies that come with the workbench.

use crate::strategy::StrategyDescription;

pub mod fixed_horizon;

/// Every strategy's description; one line each.
pub(crate) fn all() -> Vec<StrategyDescription> {
    vec![fixed_horizon::DESCRIPTION]
}
