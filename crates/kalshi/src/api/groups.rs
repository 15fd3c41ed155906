//! Order groups: a limit on what all their orders together may fill within 15 seconds. A group that exceeds it is triggered: its
//! orders are canceled, and it takes no new ones until it is reset.

use kmi_domain::Quantity;
use serde::{Deserialize, Serialize};

use super::query::query;
use super::{amount, request};

/// Most contracts a limit may be.
pub const MAX_CONTRACTS_LIMIT: u32 = 1_000_000;

/// A group to be created. Body of `POST /portfolio/order_groups/create`; 201 answers with [`CreatedOrderGroup`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOrderGroup {
    /// Subaccount, 0 to 63; the primary one when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subaccount: Option<u8>,
    /// The limit as a JSON integer. One of the two is given; if both, they agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contracts_limit: Option<i64>,
    /// The limit as a fixed-point string.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "request::option_fixed"
    )]
    pub contracts_limit_fp: Option<Quantity>,
    /// Shard its orders trade on; 0 when not given. It takes orders of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange_index: Option<i32>,
}

impl CreateOrderGroup {
    /// A group of the primary subaccount on a shard, for orders that together fill at most `contracts` (1 to 1,000,000) within
    /// 15 seconds.
    pub fn new(contracts: u32, exchange_index: i32) -> CreateOrderGroup {
        CreateOrderGroup {
            contracts_limit: Some(i64::from(contracts)),
            exchange_index: Some(exchange_index),
            ..CreateOrderGroup::default()
        }
    }

    /// The same, on a subaccount, 0 to 63.
    #[must_use]
    pub fn subaccount(self, number: u8) -> CreateOrderGroup {
        CreateOrderGroup {
            subaccount: Some(number),
            ..self
        }
    }

    /// The limit in whole contracts.
    ///
    /// # Errors
    /// When there is none, two that differ, or one that is no limit.
    pub fn limit(&self) -> Result<u32, LimitError> {
        limit(self.contracts_limit, self.contracts_limit_fp)
    }
}

/// A group's new limit. Body of `PUT /portfolio/order_groups/{order_group_id}/limit`; 200 answers with `{}`.
///
/// A limit below what the group filled within the last 15 seconds triggers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateOrderGroupLimit {
    /// The limit as a JSON integer. One of the two is given; if both, they agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contracts_limit: Option<i64>,
    /// The limit as a fixed-point string.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "request::option_fixed"
    )]
    pub contracts_limit_fp: Option<Quantity>,
}

impl UpdateOrderGroupLimit {
    /// At most `contracts` (1 to 1,000,000) within 15 seconds.
    pub fn new(contracts: u32) -> UpdateOrderGroupLimit {
        UpdateOrderGroupLimit {
            contracts_limit: Some(i64::from(contracts)),
            contracts_limit_fp: None,
        }
    }

    /// The limit in whole contracts.
    ///
    /// # Errors
    /// When there is none, two that differ, or one that is no limit.
    pub fn limit(&self) -> Result<u32, LimitError> {
        limit(self.contracts_limit, self.contracts_limit_fp)
    }
}

/// Why a request says no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Neither field is there.
    #[error("contracts_limit or contracts_limit_fp is missing")]
    Missing,
    /// Both are there and differ.
    #[error("contracts_limit and contracts_limit_fp differ")]
    Differ,
    /// Not a whole number of contracts from 1 to 1,000,000.
    #[error("contracts_limit: {0} is not a whole number of contracts from 1 to {MAX_CONTRACTS_LIMIT}")]
    Outside(Quantity),
}

fn limit(whole: Option<i64>, fixed: Option<Quantity>) -> Result<u32, LimitError> {
    let whole = whole.map(|contracts| Quantity::from_units(contracts.saturating_mul(100)));
    let limit = match (whole, fixed) {
        (None, None) => return Err(LimitError::Missing),
        (Some(whole), Some(fixed)) if whole != fixed => return Err(LimitError::Differ),
        (Some(limit), _) | (None, Some(limit)) => limit,
    };
    let contracts = u32::try_from(limit.units() / 100).ok();
    contracts
        .filter(|contracts| limit.units() % 100 == 0 && (1..=MAX_CONTRACTS_LIMIT).contains(contracts))
        .ok_or(LimitError::Outside(limit))
}

/// A group that was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedOrderGroup {
    /// Its id.
    pub order_group_id: String,
    /// Subaccount that owns it.
    #[serde(default)]
    pub subaccount: u8,
    /// Shard its orders trade on.
    #[serde(default)]
    pub exchange_index: i32,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderGroup {
    /// Its id.
    pub id: String,
    /// The limit, contracts within 15 seconds.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_count"
    )]
    pub contracts_limit_fp: Option<Quantity>,
    /// Whether reaching the limit cancels its orders.
    pub is_auto_cancel_enabled: bool,
    /// Shard its orders trade on.
    #[serde(default)]
    pub exchange_index: i32,
}

/// Answer to `GET /portfolio/order_groups`, which has no pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderGroups {
    /// The groups.
    #[serde(default, with = "amount::list")]
    pub order_groups: Vec<OrderGroup>,
}

/// Answer to `GET /portfolio/order_groups/{order_group_id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderGroupDetail {
    /// Whether reaching the limit cancels its orders.
    pub is_auto_cancel_enabled: bool,
    /// The limit, contracts within 15 seconds.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "amount::option_count"
    )]
    pub contracts_limit_fp: Option<Quantity>,
    /// Ids of its orders.
    #[serde(default, with = "amount::list")]
    pub orders: Vec<String>,
    /// Shard its orders trade on.
    #[serde(default)]
    pub exchange_index: i32,
}

query! {
    /// Parameters of `GET /portfolio/order_groups` and `GET …/{order_group_id}`.
    pub struct OrderGroupsQuery {
        /// Of this subaccount only; of all when not given.
        pub subaccount: Option<u32>,
    }
}

query! {
    /// Parameters of deleting, resetting, triggering a group and of changing its limit.
    pub struct OrderGroupQuery {
        /// Subaccount that owns it; the primary one when not given.
        pub subaccount: Option<u32>,
        /// Shard its orders trade on; 0 when not given.
        pub exchange_index: Option<i64>,
    }
}
