//! Equity over time and its falls.

use kmi_domain::{Money, Timestamp, risk};

use super::Booking;

/// Cumulative P&L after fees once everything booked at `time` is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EquityPoint {
    /// Booking time.
    pub time: Timestamp,
    /// P&L after fees since the start, which was zero.
    pub value: Money,
}

/// One point per distinct booking time, oldest first; before the first the equity is zero.
#[must_use]
pub fn equity_curve(bookings: &[Booking]) -> Vec<EquityPoint> {
    risk::equity_curve(bookings.iter().map(|booking| (booking.time, booking.pnl())))
        .into_iter()
        .map(|(time, value)| EquityPoint { time, value })
        .collect()
}

/// How far below its running peak the equity stands at each point: zero or negative.
///
/// The peak starts at zero, so a run that only loses is under water from its first booking.
#[must_use]
pub fn drawdown_curve(curve: &[EquityPoint]) -> Vec<EquityPoint> {
    let mut peak = Money::ZERO;
    curve
        .iter()
        .map(|point| {
            peak = peak.max(point.value);
            EquityPoint {
                time: point.time,
                value: point.value - peak,
            }
        })
        .collect()
}

/// Largest fall from the running peak, in dollars: zero or positive.
#[must_use]
pub fn max_drawdown(curve: &[EquityPoint]) -> Money {
    let values: Vec<Money> = curve.iter().map(|point| point.value).collect();
    risk::max_drawdown(&values).map_or(Money::ZERO, |drawdown| drawdown.fall)
}

#[cfg(test)]
mod tests {
    use super::super::testing::booking;
    use super::*;

    fn run() -> Vec<EquityPoint> {
        equity_curve(&[
            booking("2026-08-10T10:00:00Z", "2", "0"),
            booking("2026-08-10T11:00:00Z", "-3", "0.50"),
            booking("2026-08-10T11:00:00Z", "1", "0"),
            booking("2026-08-10T12:00:00Z", "-1", "0"),
            booking("2026-08-11T12:00:00Z", "4", "0"),
        ])
    }

    #[test]
    fn bookings_of_one_time_are_one_point() {
        let values: Vec<String> = run().iter().map(|point| point.value.to_string()).collect();

        assert_eq!(values, ["2.0000", "-0.5000", "-1.5000", "2.5000"]);
    }

    #[test]
    fn drawdown_is_the_largest_fall_from_a_peak_that_starts_at_zero() {
        assert_eq!(max_drawdown(&run()).to_string(), "3.5000");
        let losing = equity_curve(&[booking("2026-08-10T10:00:00Z", "-0.75", "0")]);
        assert_eq!(max_drawdown(&losing).to_string(), "0.7500");
        assert_eq!(max_drawdown(&[]), Money::ZERO);
    }
}
