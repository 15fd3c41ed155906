//! A run as a JSON document: what `kmi backtest run` and `show` print.

use std::collections::BTreeMap;
use std::time::Duration;

use kmi_backtest::bootstrap::BootstrapIntervals;
use kmi_backtest::lookahead::LookaheadReport;
use kmi_backtest::metrics::EquityPoint;
use kmi_backtest::report::{Report, Trade, notes};
use kmi_domain::{Money, Price, Quantity, Ticker, Timestamp};
use serde::Serialize;

use crate::json;

/// One run, whole.
#[derive(Clone, Debug, Serialize)]
pub struct BacktestDocument {
    /// Id it is kept under.
    pub id: String,
    /// When it was run.
    #[serde(serialize_with = "json::text")]
    pub created_at: Timestamp,
    /// Strategy.
    pub strategy: String,
    /// Parameters as text, defaults included.
    pub params: BTreeMap<String, String>,
    /// Start of the selection by close time; null when open.
    #[serde(serialize_with = "json::text_or_null")]
    pub from: Option<Timestamp>,
    /// End of the selection; null when open.
    #[serde(serialize_with = "json::text_or_null")]
    pub to: Option<Timestamp>,
    /// Markets selected.
    pub markets: u64,
    /// Markets with at least one fill that settled.
    pub markets_traded: u64,
    /// Input events read.
    pub events: u64,
    /// Orders placed.
    pub orders: u64,
    /// Of them, refused.
    pub refused: u64,
    /// Fills.
    pub fills: u64,
    /// Markets with a P&L before fees above zero.
    pub wins: u64,
    /// P&L after fees.
    #[serde(serialize_with = "json::text")]
    pub total_pnl: Money,
    /// Fees.
    #[serde(serialize_with = "json::text")]
    pub fees: Money,
    /// Sum of price × count of fills.
    #[serde(serialize_with = "json::text")]
    pub turnover: Money,
    /// Of daily P&L, × √365; null under two days or without variation.
    pub sharpe: Option<f64>,
    /// The same over downside deviation.
    pub sortino: Option<f64>,
    /// Largest fall of the equity curve, in dollars.
    #[serde(serialize_with = "json::text")]
    pub max_drawdown: Money,
    /// Wins / markets traded.
    pub win_rate: Option<f64>,
    /// Gains over losses of markets, after fees.
    pub profit_factor: Option<f64>,
    /// How sure the figures are; null without a day.
    pub intervals: Option<IntervalDocument>,
    /// Cumulative P&L, one point a booking time.
    pub equity_curve: Vec<EquityDocument>,
    /// What the run rests on.
    pub provenance: ProvenanceDocument,
    /// What to keep in mind when reading it.
    pub notes: Vec<String>,
    /// Proof that the strategy does not see the future; null when not asked for.
    pub lookahead: Option<LookaheadDocument>,
    /// Seconds the event loop took.
    pub seconds: f64,
    /// Events / seconds.
    pub events_per_s: f64,
    /// Every fill, oldest first; left out by `kmi backtest run`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trades: Vec<TradeDocument>,
}

/// A point of the equity curve.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct EquityDocument {
    #[serde(serialize_with = "json::text")]
    t: Timestamp,
    #[serde(serialize_with = "json::text")]
    value: Money,
}

/// Bootstrap intervals of the daily P&L.
#[derive(Clone, Debug, Serialize)]
pub struct IntervalDocument {
    confidence: f64,
    replicates: u32,
    block_length_days: f64,
    days: usize,
    sharpe_low: Option<f64>,
    sharpe_high: Option<f64>,
    #[serde(serialize_with = "json::text_or_null")]
    total_pnl_low: Option<Money>,
    #[serde(serialize_with = "json::text_or_null")]
    total_pnl_high: Option<Money>,
    share_losing: Option<f64>,
}

/// What a run rests on.
#[derive(Clone, Debug, Serialize)]
pub struct ProvenanceDocument {
    data: String,
    fills: String,
    fees: String,
    latency: String,
    seed: Option<u64>,
    incomplete_captures: Vec<String>,
    #[serde(serialize_with = "json::text_or_null")]
    first_event: Option<Timestamp>,
    #[serde(serialize_with = "json::text_or_null")]
    last_event: Option<Timestamp>,
}

/// What the look-ahead check came to.
#[derive(Clone, Debug, Serialize)]
pub struct LookaheadDocument {
    /// No decision depended on the future.
    pub passed: bool,
    /// Decisions of the run.
    pub decisions: usize,
    /// Decisions compared over all cuts.
    pub compared: usize,
    /// Instants after which the future was scrambled.
    pub cuts: Vec<String>,
    /// First difference of each cut that had one, in words.
    pub found: Vec<String>,
}

/// One fill.
#[derive(Clone, Debug, Serialize)]
pub struct TradeDocument {
    #[serde(serialize_with = "json::text")]
    ticker: Ticker,
    #[serde(serialize_with = "json::text")]
    executed_at: Timestamp,
    side: &'static str,
    action: String,
    #[serde(serialize_with = "json::text")]
    price: Price,
    #[serde(serialize_with = "json::text")]
    quantity: Quantity,
    #[serde(serialize_with = "json::text")]
    fee: Money,
    is_taker: bool,
    #[serde(serialize_with = "json::text_or_null")]
    settled_at: Option<Timestamp>,
    result: Option<&'static str>,
    #[serde(serialize_with = "json::text_or_null")]
    pnl: Option<Money>,
}

impl BacktestDocument {
    pub(super) fn new(
        id: &str,
        at: Timestamp,
        report: &Report,
        fills: u64,
        took: Duration,
        lookahead: Option<LookaheadDocument>,
    ) -> BacktestDocument {
        let metrics = &report.metrics;
        let provenance = &report.provenance;
        let seconds = took.as_secs_f64();
        BacktestDocument {
            id: id.to_owned(),
            created_at: at,
            strategy: report.strategy.clone(),
            params: report.params.clone(),
            from: report.from,
            to: report.to,
            markets: provenance.markets,
            markets_traded: metrics.markets_traded,
            events: provenance.events,
            orders: report.orders,
            refused: provenance.refused,
            fills,
            wins: metrics.wins,
            total_pnl: metrics.total_pnl,
            fees: metrics.fees,
            turnover: metrics.turnover,
            sharpe: metrics.sharpe,
            sortino: metrics.sortino,
            max_drawdown: metrics.max_drawdown,
            win_rate: metrics.win_rate,
            profit_factor: metrics.profit_factor,
            intervals: report.intervals.as_ref().map(IntervalDocument::from),
            equity_curve: metrics.equity_curve.iter().map(EquityDocument::from).collect(),
            provenance: ProvenanceDocument {
                data: provenance.data.clone(),
                fills: provenance.fills.clone(),
                fees: provenance.fees.clone(),
                latency: provenance.latency.clone(),
                seed: provenance.seed,
                incomplete_captures: provenance.incomplete.clone(),
                first_event: provenance.first_event,
                last_event: provenance.last_event,
            },
            notes: notes(report),
            lookahead,
            seconds,
            events_per_s: if seconds > 0.0 {
                (provenance.events as f64 / seconds).round()
            } else {
                0.0
            },
            trades: report.trades.iter().map(TradeDocument::from).collect(),
        }
    }

    /// The same without its trades, which may be many.
    #[must_use]
    pub fn without_trades(&self) -> BacktestDocument {
        BacktestDocument {
            trades: Vec::new(),
            ..self.clone()
        }
    }
}

impl From<&EquityPoint> for EquityDocument {
    fn from(point: &EquityPoint) -> EquityDocument {
        EquityDocument {
            t: point.time,
            value: point.value,
        }
    }
}

impl From<&BootstrapIntervals> for IntervalDocument {
    fn from(intervals: &BootstrapIntervals) -> IntervalDocument {
        IntervalDocument {
            confidence: intervals.settings.confidence,
            replicates: intervals.settings.replicates,
            block_length_days: intervals.block_length,
            days: intervals.days,
            sharpe_low: intervals.sharpe.map(|sharpe| sharpe.low),
            sharpe_high: intervals.sharpe.map(|sharpe| sharpe.high),
            total_pnl_low: intervals.total_pnl.map(|pnl| pnl.low),
            total_pnl_high: intervals.total_pnl.map(|pnl| pnl.high),
            share_losing: intervals.share_losing,
        }
    }
}

impl From<&LookaheadReport> for LookaheadDocument {
    fn from(report: &LookaheadReport) -> LookaheadDocument {
        LookaheadDocument {
            passed: report.is_clean(),
            decisions: report.decisions,
            compared: report.compared,
            cuts: report.cuts.iter().map(ToString::to_string).collect(),
            found: report
                .found
                .iter()
                .map(|found| {
                    format!(
                        "after {}: decision {} was {:?}, with another future {:?}",
                        found.cut, found.index, found.recorded, found.scrambled
                    )
                })
                .collect(),
        }
    }
}

impl From<&Trade> for TradeDocument {
    fn from(trade: &Trade) -> TradeDocument {
        TradeDocument {
            ticker: trade.ticker.clone(),
            executed_at: trade.time,
            side: trade.side.as_str(),
            action: trade.action.to_string(),
            price: trade.price,
            quantity: trade.quantity,
            fee: trade.fee,
            is_taker: trade.liquidity == kmi_backtest::report::Liquidity::Taker,
            settled_at: trade.settled,
            result: trade.result.map(kmi_domain::MarketResult::as_str),
            pnl: trade.pnl,
        }
    }
}
