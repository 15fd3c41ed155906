//! The figures of one run.

use kmi_domain::{Money, Price, Quantity, risk};

use super::{Booking, DailyPnl, EquityPoint, daily_pnl, equity_curve, max_drawdown};

/// Sum of price × count over fills, at the price of the side traded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnover(pub Money);

impl Turnover {
    /// Counts one fill.
    pub fn add(&mut self, price: Price, quantity: Quantity) {
        self.0 += price * quantity.abs();
    }
}

/// The figures of one run, all of them functions of its bookings and fills.
#[derive(Clone, Debug, PartialEq)]
pub struct Metrics {
    /// Markets traded: those with a booking.
    pub markets_traded: u64,
    /// Markets whose P&L before fees is above zero.
    pub wins: u64,
    /// `wins / markets_traded`, 0 to 1; `None` when nothing was traded.
    pub win_rate: Option<f64>,
    /// Share of traded markets with a P&L after fees above zero, 0 to 1.
    pub hit_rate: Option<f64>,
    /// P&L after fees.
    pub total_pnl: Money,
    /// Fees paid.
    pub fees: Money,
    /// Sum of price × count over fills.
    pub turnover: Money,
    /// Mean over standard deviation (n − 1) of daily P&L, × √365. `None` under two days or without variation.
    pub sharpe: Option<f64>,
    /// Mean over downside deviation √(mean of min(0, x)²) of daily P&L, × √365. `None` under two days or without a loss.
    pub sortino: Option<f64>,
    /// Largest fall of the equity curve from its peak, in dollars: zero or positive.
    pub max_drawdown: Money,
    /// Gains over losses of the markets, after fees. `None` without a loss.
    pub profit_factor: Option<f64>,
    /// Mean P&L after fees of the markets that gained, in dollars.
    pub average_win: Option<f64>,
    /// Mean P&L after fees of the markets that lost, in dollars: negative.
    pub average_loss: Option<f64>,
    /// P&L of every UTC date from first to last booking.
    pub daily: Vec<DailyPnl>,
    /// Cumulative P&L, one point per booking time.
    pub equity_curve: Vec<EquityPoint>,
}

impl Metrics {
    /// Figures of the markets booked, whose fills turned over `turnover`.
    #[must_use]
    pub fn new(bookings: &[Booking], turnover: Turnover) -> Metrics {
        let daily = daily_pnl(bookings);
        let by_day: Vec<Money> = daily.iter().map(|day| day.pnl).collect();
        let by_market: Vec<Money> = bookings.iter().map(Booking::pnl).collect();
        let equity_curve = equity_curve(bookings);
        let wins = bookings.iter().filter(|booking| booking.is_win()).count();
        Metrics {
            markets_traded: bookings.len() as u64,
            wins: wins as u64,
            win_rate: share(wins, bookings.len()),
            hit_rate: risk::hit_rate(&by_market),
            total_pnl: by_market.iter().copied().sum(),
            fees: bookings.iter().map(|booking| booking.fees).sum(),
            turnover: turnover.0,
            sharpe: risk::sharpe(&by_day),
            sortino: risk::sortino(&by_day),
            max_drawdown: max_drawdown(&equity_curve),
            profit_factor: risk::profit_factor(&by_market),
            average_win: mean_of(&by_market, Money::is_positive),
            average_loss: mean_of(&by_market, Money::is_negative),
            daily,
            equity_curve,
        }
    }
}

/// Mean in dollars of the P&Ls that count; `None` when none does.
fn mean_of(pnls: &[Money], counts: impl Fn(Money) -> bool) -> Option<f64> {
    let counted: Vec<Money> = pnls.iter().copied().filter(|&pnl| counts(pnl)).collect();
    let sum: Money = counted.iter().copied().sum();
    (!counted.is_empty()).then(|| sum.dollars() / counted.len() as f64)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::super::testing::booking;
    use super::*;

    fn close(left: Option<f64>, right: f64) -> bool {
        left.is_some_and(|left| (left - right).abs() < 1e-12)
    }

    #[test]
    fn the_figures_of_three_days_by_hand() {
        let mut turnover = Turnover::default();
        turnover.add("0.60".parse().unwrap(), Quantity::from_contracts(5));
        turnover.add("0.25".parse().unwrap(), Quantity::from_contracts(4));
        let metrics = Metrics::new(
            &[
                booking("2026-08-10T10:00:00Z", "2.10", "0.10"),
                booking("2026-08-12T10:00:00Z", "0.05", "0.10"),
                booking("2026-08-12T11:00:00Z", "-0.90", "0.05"),
            ],
            turnover,
        );

        // Days: 2, 0, -1. Mean 1/3, squared deviations 25/9 + 1/9 + 16/9 = 14/3, variance 7/3.
        assert!(close(
            metrics.sharpe,
            (1.0 / 3.0) / (7.0_f64 / 3.0).sqrt() * 365_f64.sqrt()
        ));
        assert!(close(
            metrics.sortino,
            (1.0 / 3.0) / (1.0_f64 / 3.0).sqrt() * 365_f64.sqrt()
        ));
        assert_eq!((metrics.markets_traded, metrics.wins), (3, 2));
        assert!(close(metrics.win_rate, 2.0 / 3.0) && close(metrics.hit_rate, 1.0 / 3.0));
        assert!(close(metrics.profit_factor, 2.0) && close(metrics.average_loss, -0.5));
        assert!(close(metrics.average_win, 2.0));
        let money = [
            metrics.total_pnl,
            metrics.fees,
            metrics.turnover,
            metrics.max_drawdown,
        ];
        assert_eq!(
            money.map(|m| m.to_string()),
            ["1.0000", "0.2500", "4.0000", "1.0000"]
        );
    }

    #[test]
    fn ratios_need_two_days_and_a_risk_to_divide_by() {
        let one_day = [
            booking("2026-08-10T10:00:00Z", "2", "0"),
            booking("2026-08-10T11:00:00Z", "-1", "0"),
        ];
        let metrics = Metrics::new(&one_day, Turnover::default());
        assert_eq!((metrics.sharpe, metrics.sortino), (None, None));

        let only_gains = [
            booking("2026-08-10T10:00:00Z", "2", "0"),
            booking("2026-08-11T11:00:00Z", "2", "0"),
        ];
        let metrics = Metrics::new(&only_gains, Turnover::default());
        assert_eq!(
            (metrics.sharpe, metrics.sortino, metrics.profit_factor),
            (None, None, None)
        );
    }

    #[test]
    fn a_run_that_traded_nothing_has_no_rates() {
        let metrics = Metrics::new(&[], Turnover::default());

        assert_eq!(
            (metrics.win_rate, metrics.hit_rate, metrics.sharpe),
            (None, None, None)
        );
        assert_eq!(metrics.total_pnl, Money::ZERO);
        assert!(metrics.equity_curve.is_empty());
    }
}
