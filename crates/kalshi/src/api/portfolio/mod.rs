//! What an account has: balance, positions, fills, settlements, money paid in and out.

mod balance;
mod cash;
mod fills;
mod positions;
mod settlements;

pub use balance::{
    Allocation, Allocations, Balance, BalanceQuery, IndexedBalance, RestingMarginReservation,
    RestingOrderValue, SetAllocations,
};
pub use cash::{
    Deposit, DepositsPage, DepositsQuery, PaymentStatus, PaymentType, Withdrawal, WithdrawalsPage,
    WithdrawalsQuery,
};
pub use fills::{Fill, FillsPage, FillsQuery, HistoricalFillsQuery};
pub use positions::{
    CountFilter, EventPosition, HistoricalPositionsQuery, MarketPosition, PositionsPage, PositionsQuery,
    SettlementStatus,
};
pub use settlements::{Settlement, SettlementResult, SettlementsPage, SettlementsQuery};

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::amount;

/// Answer to `GET /exchange/user_data_timestamp`: how old what the private reads say may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDataTimestamp {
    /// Everything of the account up to this time is in the reads.
    #[serde(with = "amount::rfc3339")]
    pub as_of_time: Timestamp,
}

/// Answer to `GET /communications/id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunicationsId {
    /// Public id of the account, by which others know it in requests for quotes.
    pub communications_id: String,
}

/// A body without content, `{}`: what changing a group or an allocation answers with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}
