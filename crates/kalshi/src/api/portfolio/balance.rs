//! `GET /portfolio/balance`, `GET /portfolio/summary/total_resting_order_value`, `/portfolio/target_balance_allocation`.

use kmi_domain::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::query::query;
use crate::api::word::word;
use crate::api::{amount, request};

/// Cash and what the positions are worth. Summed over all shards unless the query names one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Cash in whole cents, cut off: `balance_dollars` is exact.
    #[serde(with = "amount::cents")]
    pub balance: Money,
    /// Cash, to $0.0001.
    #[serde(with = "amount::money4")]
    pub balance_dollars: Money,
    /// What the positions are worth, in whole cents, cut off.
    #[serde(with = "amount::cents")]
    pub portfolio_value: Money,
    /// When the balance changed last.
    #[serde(with = "amount::unix_seconds")]
    pub updated_ts: Timestamp,
    /// Cash of each shard; empty for a key locked to a subaccount. **Collateral is per shard**: cash on one buys nothing on
    /// another.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "amount::list")]
    pub balance_breakdown: Vec<IndexedBalance>,
}

/// An amount on one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedBalance {
    /// Shard.
    pub exchange_index: i32,
    /// Amount.
    #[serde(with = "amount::money4")]
    pub balance: Money,
}

query! {
    /// Parameters of `GET /portfolio/balance`.
    pub struct BalanceQuery {
        /// Subaccount, 0 to 63; the primary one when not given.
        pub subaccount: Option<u32>,
        /// On this shard only; summed over all when not given.
        pub exchange_index: Option<i64>,
    }
}

/// Answer to `GET /portfolio/summary/total_resting_order_value`, meant for clearing members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestingOrderValue {
    /// Value of all resting orders in whole cents, cut off.
    #[serde(with = "amount::cents")]
    pub total_resting_order_value: Money,
    /// The same for each shard, exact.
    #[serde(default, with = "amount::list")]
    pub resting_order_value_breakdown: Vec<IndexedBalance>,
}

word! {
    /// What an automatic rebalancing between shards leaves behind for resting orders.
    pub enum RestingMarginReservation {
        /// Nothing.
        None = "none",
        /// The largest commitment of one side of one market.
        Max = "max",
        /// What all resting orders need together.
        Sum = "sum",
    }
}

/// Share of the cash that a shard is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Shard.
    pub exchange_index: u32,
    /// Percent, 0 to 100.
    pub percent: u32,
}

/// Answer to `GET /portfolio/target_balance_allocation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocations {
    /// Shares of the shards; empty where nothing is rebalanced.
    #[serde(default, with = "amount::list")]
    pub allocations: Vec<Allocation>,
    /// What is left behind for resting orders.
    pub resting_margin_reservation: RestingMarginReservation,
}

/// Shares to be kept from now on. Body of `POST /portfolio/target_balance_allocation`; 200 answers with `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAllocations {
    /// Shares of the shards, 100 together; none ends the rebalancing.
    pub allocations: Vec<Allocation>,
    /// What is left behind for resting orders; `sum` when not given.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "request::option_known"
    )]
    pub resting_margin_reservation: Option<RestingMarginReservation>,
}
