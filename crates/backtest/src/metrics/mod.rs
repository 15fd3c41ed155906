//! What a run was worth: daily P&L, Sharpe and Sortino ratios, equity curve, drawdown, hit rate, turnover.
//!
//! Everything starts from [`Booking`]s: a market's P&L after fees, booked once, at its settlement. The definitions are
//! those the `kmi backtest` contract promises, so that a few lines of any language recompute them.

mod curve;
mod daily;
mod summary;

pub use curve::{EquityPoint, drawdown_curve, equity_curve, max_drawdown};
pub use daily::{DailyPnl, daily_pnl};
pub use summary::{Metrics, Turnover};

use kmi_domain::{Money, Ticker, Timestamp};

/// One market's P&L, booked when it settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// When it is booked: the settlement, which a backtest takes to be the market's `close_time`.
    pub time: Timestamp,
    /// Market.
    pub ticker: Ticker,
    /// Payouts and sales less what was paid, before fees.
    pub gross: Money,
    /// Fees of all its fills.
    pub fees: Money,
}

impl Booking {
    /// What people call P&L: after fees.
    #[must_use]
    pub fn pnl(&self) -> Money {
        self.gross - self.fees
    }

    /// True for a win as the contract counts it: P&L above zero before fees.
    #[must_use]
    pub const fn is_win(&self) -> bool {
        self.gross.is_positive()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A booking of `gross` less `fees` dollars at an RFC 3339 time.
    pub(crate) fn booking(time: &str, gross: &str, fees: &str) -> Booking {
        Booking {
            time: time.parse().unwrap(),
            ticker: "MARKET".parse().unwrap(),
            gross: gross.parse().unwrap(),
            fees: fees.parse().unwrap(),
        }
    }
}
