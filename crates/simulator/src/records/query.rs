//! What lists can be asked for. The HTTP doors read query strings into these.

use std::collections::BTreeSet;

use kmi_domain::Timestamp;
use kmi_domain::matching::{MarketId, OrderId};

use crate::core::{OrderStatus, Shard, Subaccount, UserId};

/// A span of time, both ends inclusive; an absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// `min_ts`.
    pub from: Option<Timestamp>,
    /// `max_ts`.
    pub to: Option<Timestamp>,
}

impl TimeRange {
    /// Whether `time` lies in it.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to)
    }
}

/// Which markets' rows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Markets {
    /// All.
    #[default]
    All,
    /// These; none at all where a ticker named no market.
    Only(BTreeSet<MarketId>),
}

impl Markets {
    /// Whether `market` is among them.
    pub fn contains(&self, market: MarketId) -> bool {
        match self {
            Markets::All => true,
            Markets::Only(some) => some.contains(&market),
        }
    }
}

/// Which routes ask: live or historical ones. Each row belongs to one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Era {
    /// `/markets`, `/portfolio`.
    #[default]
    Live,
    /// `/historical`.
    Historical,
}

impl Era {
    /// Whether it serves a row that ended at `time`, given the cut-off; `None` has not ended and is live.
    pub fn serves(self, time: Option<Timestamp>, cutoff: Timestamp) -> bool {
        let historical = time.is_some_and(|time| time < cutoff);
        historical == (self == Era::Historical)
    }
}

/// Public trades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TradeFilter {
    /// Of one market.
    pub market: Option<MarketId>,
    /// By time of the trade.
    pub time: TimeRange,
    /// Which routes ask.
    pub era: Era,
}

/// Orders of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFilter {
    /// Whose.
    pub user: UserId,
    /// Of one subaccount.
    pub subaccount: Option<Subaccount>,
    /// On one shard.
    pub shard: Option<Shard>,
    /// In which markets.
    pub markets: Markets,
    /// Where they stand.
    pub status: Option<OrderStatus>,
    /// By time of creation.
    pub time: TimeRange,
    /// Which routes ask.
    pub era: Era,
}

impl OrderFilter {
    /// All live orders of a user.
    pub fn of(user: UserId) -> OrderFilter {
        OrderFilter {
            user,
            subaccount: None,
            shard: None,
            markets: Markets::All,
            status: None,
            time: TimeRange::default(),
            era: Era::Live,
        }
    }
}

/// Fills of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillFilter {
    /// Whose.
    pub user: UserId,
    /// Of one subaccount.
    pub subaccount: Option<Subaccount>,
    /// On one shard.
    pub shard: Option<Shard>,
    /// In which markets.
    pub markets: Markets,
    /// Of one order.
    pub order: Option<OrderId>,
    /// By time.
    pub time: TimeRange,
    /// Which routes ask.
    pub era: Era,
}

impl FillFilter {
    /// All live fills of a user.
    pub fn of(user: UserId) -> FillFilter {
        FillFilter {
            user,
            subaccount: None,
            shard: None,
            markets: Markets::All,
            order: None,
            time: TimeRange::default(),
            era: Era::Live,
        }
    }
}

/// Settlements of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettlementFilter {
    /// Whose.
    pub user: UserId,
    /// Of one subaccount.
    pub subaccount: Option<Subaccount>,
    /// In which markets.
    pub markets: Markets,
    /// By time.
    pub time: TimeRange,
}

impl SettlementFilter {
    /// All settlements of a user.
    pub fn of(user: UserId) -> SettlementFilter {
        SettlementFilter {
            user,
            subaccount: None,
            markets: Markets::All,
            time: TimeRange::default(),
        }
    }
}

/// `settlement_status` of positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Settlement {
    /// `unsettled`.
    #[default]
    Unsettled,
    /// `settled`.
    Settled,
    /// `all`.
    All,
}

/// A number that must not be zero: `count_filter` of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonZero {
    /// Contracts held.
    Position,
    /// Money spent.
    TotalTraded,
}

/// Positions of a subaccount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionFilter {
    /// Whose.
    pub user: UserId,
    /// Of which subaccount.
    pub subaccount: Subaccount,
    /// On one shard.
    pub shard: Option<Shard>,
    /// In which markets.
    pub markets: Markets,
    /// Paid or not. The historical routes have settled ones only.
    pub settlement: Settlement,
    /// Those where any of these is not zero; all where empty.
    pub non_zero: Vec<NonZero>,
    /// Which routes ask.
    pub era: Era,
}

impl PositionFilter {
    /// Unsettled positions of a user's primary account.
    pub const fn of(user: UserId) -> PositionFilter {
        PositionFilter {
            user,
            subaccount: Subaccount::PRIMARY,
            shard: None,
            markets: Markets::All,
            settlement: Settlement::Unsettled,
            non_zero: Vec::new(),
            era: Era::Live,
        }
    }
}
