//! A finished run made readable: terminal text, CSV of trades, and one HTML file that needs nothing else.
//!
//! A [`Report`] holds every number once; [`text`], [`csv`] and [`html`] only lay them out. All three are pure.

mod breakdown;
mod build;
mod calibration;
pub mod csv;
mod format;
pub mod html;
mod notes;
pub mod text;

pub use breakdown::{Group, by_price_band, by_series, extremes};
pub use build::About;
pub use calibration::calibration;
pub use notes::notes;

use std::collections::BTreeMap;

use kmi_domain::{
    Action, EventTicker, MarketResult, Money, Price, Quantity, SeriesTicker, Side, Ticker, Timestamp,
};

use crate::bootstrap::BootstrapIntervals;
use crate::metrics::{Booking, Metrics};

/// Everything known of one run but its id and its speed, which whoever ran it adds.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Name of the strategy.
    pub strategy: String,
    /// Parameters as text, defaults included, by name.
    pub params: BTreeMap<String, String>,
    /// Start of the selection by `close_time`, inclusive; `None` when open.
    pub from: Option<Timestamp>,
    /// End of the selection by `close_time`, exclusive; `None` when open.
    pub to: Option<Timestamp>,
    /// Orders the strategy placed.
    pub orders: u64,
    /// Figures.
    pub metrics: Metrics,
    /// How sure they are; `None` when not asked for.
    pub intervals: Option<BootstrapIntervals>,
    /// Markets traded and settled, by settlement time, then ticker.
    pub markets: Vec<TradedMarket>,
    /// Fills, oldest first.
    pub trades: Vec<Trade>,
    /// What the run rests on.
    pub provenance: Provenance,
}

/// What a run rests on: which data, which model of the exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Markets selected, traded or not.
    pub markets: u64,
    /// Input events the loop saw.
    pub events: u64,
    /// First input event.
    pub first_event: Option<Timestamp>,
    /// Last input event.
    pub last_event: Option<Timestamp>,
    /// What the input was, in words: `trade tape`, `order books and trades`.
    pub data: String,
    /// Names of the captures marked `filtered`: their books may lack changes.
    pub incomplete: Vec<String>,
    /// Fee schedule, in words.
    pub fees: String,
    /// Fill model, in words.
    pub fills: String,
    /// Delay from decision to exchange, in words.
    pub latency: String,
    /// Seed of whatever chance there was.
    pub seed: Option<u64>,
    /// Orders the simulated exchange refused.
    pub refused: u64,
    /// Markets traded that never settled within the run: they are in no figure.
    pub unsettled: u64,
    /// What the contracts still held in them cost, with fees.
    pub unsettled_cost: Money,
}

/// A settled market with at least one fill.
#[derive(Clone, Debug, PartialEq)]
pub struct TradedMarket {
    /// Booked P&L.
    pub booking: Booking,
    /// Event; `None` where the recording does not say.
    pub event: Option<EventTicker>,
    /// Series; `None` where the event is unknown.
    pub series: Option<SeriesTicker>,
    /// What YES means, in words; may be empty.
    pub title: String,
    /// Result.
    pub result: MarketResult,
    /// Number of fills.
    pub fills: u64,
    /// Contracts traded, both ways.
    pub contracts: Quantity,
    /// YES price of the first fill: what the market thought when the strategy came.
    pub first_yes_price: Price,
}

impl TradedMarket {
    /// Market.
    #[must_use]
    pub const fn ticker(&self) -> &Ticker {
        &self.booking.ticker
    }
}

/// One fill and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Market.
    pub ticker: Ticker,
    /// When it filled.
    pub time: Timestamp,
    /// Contract named.
    pub side: Side,
    /// Bought or sold.
    pub action: Action,
    /// Who crossed.
    pub liquidity: Liquidity,
    /// Price of the side named.
    pub price: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// Fee charged.
    pub fee: Money,
    /// When its market settled.
    pub settled: Option<Timestamp>,
    /// How its market came out; `None` where unknown.
    pub result: Option<MarketResult>,
    /// Its part of the market's P&L after fees: the payout of the side, less the price, times the contracts (the other
    /// way round for a sale), less the fee. The parts add up to the whole exactly. `None` without a result.
    pub pnl: Option<Money>,
}

impl Trade {
    /// YES price, whichever side is named.
    #[must_use]
    pub const fn yes_price(&self) -> Price {
        match self.side {
            Side::Yes => self.price,
            Side::No => self.price.complement(),
        }
    }

    /// The part of a market's P&L after fees that a fill makes, its market having come out as `result`.
    #[must_use]
    pub fn settled_pnl(&self, result: MarketResult) -> Money {
        let payout = result.payout(self.side) * self.quantity;
        let paid = self.price * self.quantity;
        match self.action {
            Action::Buy => payout - paid - self.fee,
            Action::Sell => paid - payout - self.fee,
        }
    }
}

/// Who crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liquidity {
    /// The order rested.
    Maker,
    /// The order crossed.
    Taker,
}

impl Liquidity {
    /// `maker` or `taker`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Liquidity::Maker => "maker",
            Liquidity::Taker => "taker",
        }
    }
}

/// Markets by ticker.
fn index(report: &Report) -> BTreeMap<&Ticker, &TradedMarket> {
    report
        .markets
        .iter()
        .map(|market| (market.ticker(), market))
        .collect()
}

/// `yes`, `no`, `scalar`, or nothing.
fn result_word(result: Option<MarketResult>) -> &'static str {
    result.map_or("", MarketResult::as_str)
}

/// `2026-08-01 to 2026-09-01`, open ends in words.
fn period(report: &Report) -> String {
    let date = |time: Option<Timestamp>, open: &str| time.map_or_else(|| open.to_owned(), Timestamp::date);
    format!(
        "{} to {}",
        date(report.from, "start of data"),
        date(report.to, "end of data")
    )
}

#[cfg(test)]
pub(crate) mod testing;
