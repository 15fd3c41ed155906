//! Where candles end: [`end_of`]. The exchange's days end at midnight in New York.

use kmi_domain::Timestamp;

const MINUTES_PER_DAY: i64 = 1440;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// End of the period of so many minutes that `time` lies in; the end itself belongs to the period. Periods of a day end at
/// midnight in New York, as measured in the exchange's own daily candles: one a year has 23 hours and one 25. All others end
/// at whole multiples of their length since 1970.
pub(super) fn end_of(time: Timestamp, period_min: u32) -> Timestamp {
    let minute = time.micros().saturating_sub(1).div_euclid(MICROS_PER_MINUTE) + 1;
    let end = match i64::from(period_min.max(1)) {
        MINUTES_PER_DAY => new_york_midnight_at_or_after(minute),
        length => minute.saturating_add((length - minute.rem_euclid(length)) % length),
    };
    Timestamp::from_micros(end.saturating_mul(MICROS_PER_MINUTE))
}

/// When the period that ends at `end` began: that instant belongs to the one before.
pub(super) fn start_of(end: Timestamp, period_min: u32) -> Timestamp {
    if i64::from(period_min) == MINUTES_PER_DAY {
        // More than any day is long, then on to the next midnight after that.
        let before = end.plus_micros(-26 * 60 * MICROS_PER_MINUTE);
        let start = end_of(before, period_min);
        let next = end_of(start.plus_micros(1), period_min);
        return if next < end { next } else { start };
    }
    end.plus_micros(-i64::from(period_min.max(1)) * MICROS_PER_MINUTE)
}

fn new_york_midnight_at_or_after(minute: i64) -> i64 {
    let mut day = (minute - 300).div_euclid(MINUTES_PER_DAY);
    while new_york_midnight(day) < minute {
        day += 1;
    }
    new_york_midnight(day)
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

    fn end(time: &str, period_min: u32) -> String {
        end_of(time.parse().unwrap(), period_min).to_string()
    }

    fn midnight(time: &str) -> String {
        end(time, 1440)
    }

    #[test]
    fn the_end_belongs_to_the_period() {
        assert_eq!(end("2026-08-07T21:27:00Z", 1), "2026-08-07T21:27:00Z");
        assert_eq!(end("2026-08-07T21:27:00.000001Z", 1), "2026-08-07T21:28:00Z");
        assert_eq!(end("2026-08-07T21:00:00Z", 60), "2026-08-07T21:00:00Z");
        assert_eq!(end("2026-08-07T21:00:01Z", 60), "2026-08-07T22:00:00Z");
    }

    #[test]
    fn a_period_begins_where_the_one_before_ends() {
        let start = |end: &str, period_min| start_of(end.parse().unwrap(), period_min).to_string();
        assert_eq!(start("2026-08-07T21:00:00Z", 60), "2026-08-07T20:00:00Z");
        assert_eq!(start("2026-08-08T04:00:00Z", 1440), "2026-08-07T04:00:00Z");
        assert_eq!(
            start("2025-11-03T05:00:00Z", 1440),
            "2025-11-02T04:00:00Z",
            "25 hours"
        );
        assert_eq!(
            start("2026-03-09T04:00:00Z", 1440),
            "2026-03-08T05:00:00Z",
            "23 hours"
        );
    }

    #[test]
    fn a_day_ends_at_midnight_in_new_york_whatever_the_season() {
        assert_eq!(midnight("2026-08-07T03:00:00Z"), "2026-08-07T04:00:00Z");
        assert_eq!(midnight("2026-08-07T04:00:00.000001Z"), "2026-08-08T04:00:00Z");
        assert_eq!(midnight("2026-01-15T04:30:00Z"), "2026-01-15T05:00:00Z");
        // Clocks go back on 2025-11-02: that day has 25 hours.
        assert_eq!(midnight("2025-11-02T03:59:00Z"), "2025-11-02T04:00:00Z");
        assert_eq!(midnight("2025-11-02T12:00:00Z"), "2025-11-03T05:00:00Z");
        // And forward on 2026-03-08: 23 hours.
        assert_eq!(midnight("2026-03-08T05:00:01Z"), "2026-03-09T04:00:00Z");
        assert_eq!(midnight("2026-03-08T05:00:00Z"), "2026-03-08T05:00:00Z");
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
