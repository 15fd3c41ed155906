//! What each call costs in tokens of the rate limit.

use serde::{Deserialize, Serialize};

use super::amount::list;

/// `GET /account/endpoint_costs`: public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointCosts {
    /// Tokens of a call that is not listed.
    pub default_cost: u32,
    /// Calls that cost something else.
    #[serde(default, with = "list")]
    pub endpoint_costs: Vec<EndpointCost>,
}

/// What one call costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointCost {
    /// HTTP method, upper case.
    pub method: String,
    /// Path from the root, its parameters in the exchange's own notation.
    pub path: String,
    /// Tokens.
    pub cost: u32,
}
