//! P&L by UTC date.

use kmi_domain::{Money, Timestamp, risk};

use super::Booking;

/// P&L after fees of one UTC date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyPnl {
    /// Days since 1970-01-01; see [`Timestamp::from_day`].
    pub day: i64,
    /// Sum of what was booked that day; zero on a day without a booking.
    pub pnl: Money,
}

impl DailyPnl {
    /// Midnight UTC that begins the day.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        Timestamp::from_day(self.day)
    }
}

/// P&L of every UTC date from the first booking to the last, days without a booking included as zero.
///
/// The order of `bookings` does not matter. Empty without bookings.
#[must_use]
pub fn daily_pnl(bookings: &[Booking]) -> Vec<DailyPnl> {
    let first = bookings
        .iter()
        .map(|booking| booking.time.day())
        .min()
        .unwrap_or(0);
    risk::daily_pnl(bookings.iter().map(|booking| (booking.time, booking.pnl())))
        .into_iter()
        .zip(first..)
        .map(|(pnl, day)| DailyPnl { day, pnl })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::booking;
    use super::*;

    #[test]
    fn days_without_a_booking_count_as_zero() {
        let bookings = [
            booking("2026-08-12T00:00:00Z", "-0.50", "0.01"),
            booking("2026-08-10T23:59:59Z", "1.00", "0.02"),
            booking("2026-08-10T00:00:00Z", "0.25", "0"),
        ];

        let daily = daily_pnl(&bookings);

        let amounts: Vec<String> = daily.iter().map(|day| day.pnl.to_string()).collect();
        assert_eq!(amounts, ["1.2300", "0.0000", "-0.5100"]);
        assert_eq!(daily[1].start().date(), "2026-08-11");
    }

    #[test]
    fn no_bookings_are_no_days() {
        assert!(daily_pnl(&[]).is_empty());
    }
}
