//! Lengths of candles and where they end: [`Period`].

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Length of a candle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Period {
    /// `period_interval` 1.
    Minute,
    /// 60, ending on the hour.
    Hour,
    /// 1440, ending at midnight in New York, as measured in recorded daily candles: one day a year has 23 hours and one 25.
    Day,
}

const MICROS_PER_MINUTE: i64 = 60_000_000;
const MINUTES_PER_DAY: i64 = 1440;

impl Period {
    /// Of so many minutes: 1, 60 or 1440.
    pub const fn of_minutes(minutes: u32) -> Option<Period> {
        match minutes {
            1 => Some(Period::Minute),
            60 => Some(Period::Hour),
            1440 => Some(Period::Day),
            _ => None,
        }
    }

    /// `period_interval`.
    pub const fn minutes(self) -> u32 {
        match self {
            Period::Minute => 1,
            Period::Hour => 60,
            Period::Day => 1440,
        }
    }

    /// End, in minutes since 1970, of the period that `time` lies in. The end itself belongs to the period.
    pub(super) fn end_of(self, time: Timestamp) -> u32 {
        let minute = minute_at_or_after(time);
        match self {
            Period::Minute => minute,
            Period::Hour => minute.next_multiple_of(60),
            Period::Day => new_york_midnight_at_or_after(minute),
        }
    }
}

/// The first whole minute since 1970 not before `time`; 0 for what is earlier.
fn minute_at_or_after(time: Timestamp) -> u32 {
    let minutes = time.micros().saturating_sub(1).div_euclid(MICROS_PER_MINUTE) + 1;
    u32::try_from(minutes.max(0)).unwrap_or(u32::MAX / 2)
}

/// The last whole minute since 1970 not after `time`.
pub(super) fn minute_before(time: Timestamp) -> u32 {
    let minutes = time.micros().div_euclid(MICROS_PER_MINUTE);
    u32::try_from(minutes.max(0)).unwrap_or(u32::MAX / 2)
}

/// The instant of a minute since 1970.
pub(super) fn instant(minute: u32) -> Timestamp {
    Timestamp::from_seconds(i64::from(minute) * 60)
}

fn new_york_midnight_at_or_after(minute: u32) -> u32 {
    let mut day = (i64::from(minute) - 300).div_euclid(MINUTES_PER_DAY);
    while new_york_midnight(day) < i64::from(minute) {
        day += 1;
    }
    u32::try_from(new_york_midnight(day).max(0)).unwrap_or(u32::MAX)
}

/// The minute at which day `day` since 1970 begins in New York: 4:00 UTC in summer, 5:00 in winter.
///
/// Summer time runs from the second Sunday of March to the first of November, at 2:00, so that the midnight of the first of
/// these days is still winter's and that of the second still summer's.
fn new_york_midnight(day: i64) -> i64 {
    let year = year_of(day);
    let begins = sunday_from(day_of(year, 3, 8));
    let ends = sunday_from(day_of(year, 11, 1));
    let offset = if begins < day && day <= ends { 240 } else { 300 };
    day * MINUTES_PER_DAY + offset
}

/// The first Sunday not before `day`; day 0 was a Thursday.
const fn sunday_from(day: i64) -> i64 {
    day + (3 - day).rem_euclid(7)
}

/// Days from 1970-01-01 to a date, by Howard Hinnant's `days_from_civil`.
const fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

const fn year_of(day: i64) -> i64 {
    // Never too late, and early by a year for each 1,500 or so.
    let mut year = 1970 + (day - 1).div_euclid(366);
    while day_of(year + 1, 1, 1) <= day {
        year += 1;
    }
    year
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(period: Period, time: &str) -> String {
        instant(period.end_of(time.parse().unwrap())).to_string()
    }

    #[test]
    fn the_end_belongs_to_the_period() {
        assert_eq!(
            end(Period::Minute, "2026-08-07T21:27:00Z"),
            "2026-08-07T21:27:00Z"
        );
        assert_eq!(
            end(Period::Minute, "2026-08-07T21:27:00.000001Z"),
            "2026-08-07T21:28:00Z"
        );
        assert_eq!(end(Period::Hour, "2026-08-07T21:00:00Z"), "2026-08-07T21:00:00Z");
        assert_eq!(end(Period::Hour, "2026-08-07T21:00:01Z"), "2026-08-07T22:00:00Z");
    }

    #[test]
    fn a_day_ends_at_midnight_in_new_york_whatever_the_season() {
        assert_eq!(end(Period::Day, "2026-08-07T03:00:00Z"), "2026-08-07T04:00:00Z");
        assert_eq!(end(Period::Day, "2026-08-07T04:00:01Z"), "2026-08-08T04:00:00Z");
        assert_eq!(end(Period::Day, "2026-01-15T04:30:00Z"), "2026-01-15T05:00:00Z");
        // Clocks go back on 2025-11-02: that day has 25 hours.
        assert_eq!(end(Period::Day, "2025-11-02T03:59:00Z"), "2025-11-02T04:00:00Z");
        assert_eq!(end(Period::Day, "2025-11-02T12:00:00Z"), "2025-11-03T05:00:00Z");
        // And forward on 2026-03-08: 23 hours.
        assert_eq!(end(Period::Day, "2026-03-08T05:00:01Z"), "2026-03-09T04:00:00Z");
        assert_eq!(end(Period::Day, "2026-03-08T05:00:00Z"), "2026-03-08T05:00:00Z");
    }

    #[test]
    fn times_that_nobody_lives_in_do_no_harm() {
        for period in [Period::Minute, Period::Hour, Period::Day] {
            let first = period.end_of(Timestamp::from_micros(i64::MIN));
            let last = period.end_of(Timestamp::from_micros(i64::MAX));
            assert!(first < 1_440 && first < last);
        }
    }

    #[test]
    fn years_are_told_from_days() {
        for (date, day, year) in [
            ("1970-01-01", 0, 1970),
            ("1999-12-31", 10_956, 1999),
            ("2000-01-01", 10_957, 2000),
            ("2024-12-31", 20_088, 2024),
            ("2025-01-01", 20_089, 2025),
            ("2026-11-21", 20_778, 2026),
        ] {
            assert_eq!(year_of(day), year, "{date}");
        }
        assert_eq!(day_of(2026, 11, 21), 20_778);
        assert_eq!(day_of(2000, 1, 1), 10_957);
    }
}
