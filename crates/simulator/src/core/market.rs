//! The catalogue as it stands: series, events and markets.

use kmi_domain::fees::FeeSchedule;
use kmi_domain::matching::MarketId;
use kmi_domain::{
    CollateralReturn, MarketResult, MarketStatus, Money, Price, Quantity, SeriesTicker, Ticker, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::ids::Shard;
use super::spec::{EventSpec, MarketSpec, SeriesSpec};

/// A series as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesState {
    /// As it was listed.
    pub spec: SeriesSpec,
    /// When it was listed.
    pub created: Timestamp,
    /// Numbers of its events, in order of listing; see [`Exchange::events_of`](super::Exchange::events_of).
    pub(super) events: Vec<u32>,
}

/// An event as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventState {
    /// As it was listed.
    pub spec: EventSpec,
    /// Shard of its series, where its markets trade.
    pub shard: Shard,
    /// How its markets charge: its own overrides, else its series'.
    pub fees: FeeSchedule,
    /// When it was listed.
    pub created: Timestamp,
    /// Its markets, in order of listing.
    pub markets: Vec<MarketId>,
    /// Its markets from the easiest threshold to the hardest; empty unless collateral is netted by order.
    pub(super) thresholds: Vec<MarketId>,
}

impl EventState {
    /// True when at most one of its markets can resolve yes.
    pub const fn is_mutually_exclusive(&self) -> bool {
        matches!(self.spec.collateral_return, CollateralReturn::Mecnet)
    }

    /// True when what its positions pay in any outcome is given back.
    pub(super) const fn is_netted(&self) -> bool {
        !matches!(self.spec.collateral_return, CollateralReturn::None)
    }
}

/// The last trade of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastTrade {
    /// YES price.
    pub price: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// When.
    pub time: Timestamp,
}

/// A market as it stands. Its book is asked of the [`Exchange`](super::Exchange).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketState {
    /// Number, which the matching engine uses too.
    pub id: MarketId,
    /// As it was listed, with the close, the structure and the grid it has now.
    pub spec: MarketSpec,
    /// Series it belongs to.
    pub series: SeriesTicker,
    /// Shard it trades on.
    pub shard: Shard,
    /// How it charges, fee waiver left aside.
    pub fees: FeeSchedule,
    /// Where it stands in its life.
    pub status: MarketStatus,
    /// How it came out, once determined.
    pub result: Option<MarketResult>,
    /// When it was listed.
    pub created: Timestamp,
    /// When its life, grid or close changed last.
    pub updated: Timestamp,
    /// When trading ended, once it did.
    pub closed_time: Option<Timestamp>,
    /// When its result was known.
    pub determined_time: Option<Timestamp>,
    /// When it was paid.
    pub settled_time: Option<Timestamp>,
    /// One more with each change of its book.
    pub clock: u64,
    /// The last trade.
    pub last_trade: Option<LastTrade>,
    /// Contracts traded, ever.
    pub volume: Quantity,
    /// Σ YES price × contracts traded, ever.
    pub notional: Money,
    /// Contracts held as YES, which are as many as those held as NO.
    pub open_interest: Quantity,
    /// Number of its event.
    pub(super) event: u32,
}

impl MarketState {
    /// Name.
    pub const fn ticker(&self) -> &Ticker {
        &self.spec.ticker
    }

    /// Number for [`IdSpace::Market`](super::IdSpace::Market).
    pub const fn number(&self) -> u64 {
        self.id.index() as u64
    }

    /// True while orders are taken.
    pub fn is_active(&self) -> bool {
        self.status == MarketStatus::Active
    }
}
