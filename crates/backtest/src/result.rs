//! What a run did, as raw facts: fills, and what each market came to.

use kmi_domain::position::Position;
use kmi_domain::{MarketResult, Money, Quantity, Timestamp};

use crate::metrics::{Booking, Turnover};
use crate::strategy::{Fill, MarketId, MarketInfo};

/// What one traded market came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketOutcome {
    /// Market.
    pub market: MarketId,
    /// Own fills in it.
    pub fills: u64,
    /// Signed contracts held into the settlement (+ YES, − NO), or still held where there was none.
    pub held: Quantity,
    /// Sum of price × count over its fills, at the price of the contract gained.
    pub turnover: Money,
    /// Fees of all its fills.
    pub fees: Money,
    /// Its settlement; `None` where the market has no result or did not close within the run.
    pub settlement: Option<Settlement>,
    /// Contracts, cost, realized P&L as they stood before the settlement.
    pub position: Position,
}

/// A market's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// When it is booked: the market's close.
    pub time: Timestamp,
    /// How it came out.
    pub result: MarketResult,
    /// What the contracts held paid.
    pub payout: Money,
    /// P&L of the market before fees: payout and sales less what was paid.
    pub gross: Money,
}

impl MarketOutcome {
    /// True when it settled with a P&L before fees above zero.
    #[must_use]
    pub fn is_win(&self) -> bool {
        self.settlement
            .is_some_and(|settlement| settlement.gross.is_positive())
    }
}

/// What a run did. The same input, strategy and seed give the same result to the byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunResult {
    /// Markets selected.
    pub markets: u64,
    /// Input events the loop saw.
    pub events: u64,
    /// Orders placed, refused ones too.
    pub orders: u64,
    /// Orders the exchange would not have.
    pub refused: u64,
    /// Own fills in order of time.
    pub fills: Vec<Fill>,
    /// Every market with at least one fill, in order of market number.
    pub outcomes: Vec<MarketOutcome>,
}

impl RunResult {
    /// P&L of every settled market, in order of time, then of market number: what the metrics start from.
    #[must_use]
    pub fn bookings(&self, markets: &[MarketInfo]) -> Vec<Booking> {
        let mut bookings: Vec<Booking> = self
            .outcomes
            .iter()
            .filter_map(|outcome| {
                let settlement = outcome.settlement?;
                Some(Booking {
                    time: settlement.time,
                    ticker: markets[outcome.market.index()].ticker.clone(),
                    gross: settlement.gross,
                    fees: outcome.fees,
                })
            })
            .collect();
        bookings.sort_by_key(|booking| booking.time);
        bookings
    }

    /// Sum of price × count over all fills.
    #[must_use]
    pub fn turnover(&self) -> Turnover {
        Turnover(self.outcomes.iter().map(|outcome| outcome.turnover).sum())
    }

    /// Markets traded that never settled within the run; their P&L is in no booking.
    pub fn unsettled(&self) -> impl Iterator<Item = &MarketOutcome> {
        self.outcomes
            .iter()
            .filter(|outcome| outcome.settlement.is_none())
    }

    /// P&L after fees of all settled markets.
    #[must_use]
    pub fn total_pnl(&self) -> Money {
        self.outcomes
            .iter()
            .filter_map(|outcome| Some(outcome.settlement?.gross - outcome.fees))
            .sum()
    }
}
