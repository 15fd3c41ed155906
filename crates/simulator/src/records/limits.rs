//! How much is remembered, how old it may get before it is history, and how far reads lag: [`Limits`], [`HistoryAges`],
//! [`Lag`].

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Most that is kept of each kind. What comes first goes first, and nothing says that it went.
///
/// With the defaults an hour of 500 events a second over 20,000 markets (90 of them trades) took 102 MB when measured, three
/// hours 300 MB. At the bounds, public trades and candles fill 520 MB, and what vectors keep spare comes on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Public trades of all markets together, 90 bytes each.
    pub trades: usize,
    /// Orders of one user that are over, about 300 bytes each. Resting ones are bounded by the exchange.
    pub finished_orders_per_user: usize,
    /// Fills of one user, about 200 bytes each.
    pub fills_per_user: usize,
    /// Settlements of one user, 150 bytes each; as many settled positions.
    pub settlements_per_user: usize,
    /// Deposits of one user.
    pub deposits_per_user: usize,
    /// Candles of a minute, an hour and a day.
    pub candles: [CandleLimits; 3],
    /// Events that wait for the lag to pass. More than these, and the oldest are shown early.
    pub pending: usize,
}

/// Most candles that are kept of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandleLimits {
    /// Candles of all markets together, 24 bytes each, and 44 more for those with trades.
    pub total: usize,
    /// Minutes after which a candle is dropped whatever the total.
    pub minutes: u32,
}

const DAY: u32 = 24 * 60;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            trades: 2_000_000,
            finished_orders_per_user: 200_000,
            fills_per_user: 200_000,
            settlements_per_user: 100_000,
            deposits_per_user: 10_000,
            candles: [
                // An hour longer than a day, so that what was a day ago is known to the minute. Of 20,000 lively markets
                // the total holds three hours; then it is known to the hour.
                CandleLimits {
                    total: 3_000_000,
                    minutes: DAY + 60,
                },
                CandleLimits {
                    total: 1_500_000,
                    minutes: 90 * DAY,
                },
                CandleLimits {
                    total: 500_000,
                    minutes: 4 * 365 * DAY,
                },
            ],
            pending: 200_000,
        }
    }
}

/// Ages at which rows pass from the live routes to the historical ones, in seconds. A row is served by exactly one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAges {
    /// Since a market's settlement.
    pub markets_s: i64,
    /// Since a trade or fill.
    pub trades_s: i64,
    /// Since an order was filled whole or canceled.
    pub orders_s: i64,
    /// Since a position's settlement.
    pub positions_s: i64,
}

impl Default for HistoryAges {
    /// Three months, and two weeks for orders, as announced for 2026-09-24.
    fn default() -> HistoryAges {
        let day = i64::from(DAY) * 60;
        HistoryAges {
            markets_s: 90 * day,
            trades_s: 90 * day,
            orders_s: 14 * day,
            positions_s: 90 * day,
        }
    }
}

impl HistoryAges {
    /// The cut-offs at `now`.
    pub const fn cutoffs(&self, now: Timestamp) -> Cutoffs {
        Cutoffs {
            markets_settled: now.plus_seconds(-self.markets_s),
            trades_created: now.plus_seconds(-self.trades_s),
            orders_updated: now.plus_seconds(-self.orders_s),
            positions_updated: now.plus_seconds(-self.positions_s),
        }
    }
}

/// Rows from before these instants are history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cutoffs {
    /// Markets, by settlement: `market_settled_ts`.
    pub markets_settled: Timestamp,
    /// Trades and fills: `trades_created_ts`.
    pub trades_created: Timestamp,
    /// Orders that are over, by their end: `orders_updated_ts`.
    pub orders_updated: Timestamp,
    /// Settled positions, by settlement: `market_positions_last_updated_ts`.
    pub positions_updated: Timestamp,
}

/// How far private reads are behind, in microseconds. None by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Orders and fills.
    pub orders_micros: i64,
    /// Positions and settlements.
    pub positions_micros: i64,
}

impl Lag {
    /// As measured at Kalshi: orders 0.4 s, positions 1 s.
    pub const MEASURED: Lag = Lag {
        orders_micros: 400_000,
        positions_micros: 1_000_000,
    };

    /// The same lag for everything.
    pub const fn of_micros(micros: i64) -> Lag {
        Lag {
            orders_micros: micros,
            positions_micros: micros,
        }
    }
}
