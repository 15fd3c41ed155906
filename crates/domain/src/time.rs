//! Instants as integers: [`Timestamp`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Instant in UTC, in microseconds since 1970-01-01: the exchange's own finest digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timestamp(i64);

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a length of time such as 500ms, 30s, 15m, 12h or 7d")]
pub struct ParseDurationError;

/// Reads `500ms`, `30s`, `15m`, `12h`, `7d` or several of them together, largest first: `1h30m`.
///
/// # Errors
/// Anything else, a missing unit, or more than about 290 years.
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last_unit = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest[..digits].parse().map_err(|_| ParseDurationError)?;
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit_ms: u64 = match &rest[digits..digits + letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(ParseDurationError),
        };
        if unit_ms >= last_unit {
            return Err(ParseDurationError);
        }
        last_unit = unit_ms;
        total = count
            .checked_mul(unit_ms)
            .and_then(|ms| total.checked_add(ms))
            .ok_or(ParseDurationError)?;
        rest = &rest[digits + letters..];
    }
    // Microseconds of it must fit a signed timestamp.
    if text.is_empty() || total > i64::MAX as u64 / 1_000 {
        return Err(ParseDurationError);
    }
    Ok(Duration::from_millis(total))
}

/// A text that is no RFC 3339 instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an RFC 3339 time")]
pub struct ParseTimestampError;

impl Timestamp {
    /// Before everything recorded.
    pub const MIN: Timestamp = Timestamp(i64::MIN);
    /// After everything recorded.
    pub const MAX: Timestamp = Timestamp(i64::MAX);

    const MICROS_PER_DAY: i64 = 86_400_000_000;

    /// Instant of `micros` microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    /// Instant of `millis` milliseconds since the epoch; saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis.saturating_mul(1_000))
    }

    /// Instant of `seconds` since the epoch; saturates.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Seconds since the epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Days since the epoch, rounded down: the UTC date.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(Self::MICROS_PER_DAY)
    }

    /// Midnight UTC that begins day `day` since the epoch.
    #[must_use]
    pub const fn from_day(day: i64) -> Timestamp {
        Timestamp(day.saturating_mul(Self::MICROS_PER_DAY))
    }

    /// The UTC date as `2026-08-10`.
    #[must_use]
    pub fn date(self) -> String {
        jiff::Timestamp::from_microsecond(self.0).map_or_else(
            |_| self.0.to_string(),
            |instant| instant.strftime("%Y-%m-%d").to_string(),
        )
    }

    /// This instant moved by signed microseconds; saturates.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros))
    }

    /// This instant moved by signed seconds; saturates.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Timestamp {
        self.plus_micros(seconds.saturating_mul(1_000_000))
    }

    /// This instant moved back by `span`; saturates.
    #[must_use]
    pub fn minus(self, span: Duration) -> Timestamp {
        Timestamp(
            self.0
                .saturating_sub_unsigned(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }

    /// This instant moved on by `span`; saturates.
    #[must_use]
    pub fn plus(self, span: Duration) -> Timestamp {
        Timestamp(
            self.0
                .saturating_add_unsigned(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        )
    }

    /// Microseconds from `earlier` to this instant; saturates.
    #[must_use]
    pub const fn micros_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// RFC 3339 with any offset; digits past the microsecond are cut off.
    fn from_str(text: &str) -> Result<Timestamp, ParseTimestampError> {
        if let Some(micros) = parse_utc(text.as_bytes()) {
            return Ok(Timestamp(micros));
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| ParseTimestampError)?;
        Ok(Timestamp(instant.as_microsecond()))
    }
}

/// The exchange's own form, `2026-08-10T21:46:09.379425Z`, read without a general parser: imports read it by the million.
fn parse_utc(text: &[u8]) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to)?.iter().try_fold(0, |value, byte| {
            byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'))
        })
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if text.len() < 20 || *text.last()? != b'Z' || separators.iter().any(|&(at, byte)| text[at] != byte) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let days_in_month = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 31,
    };
    let valid = (1..=12).contains(&month)
        && (1..=days_in_month).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    let mut micros = 0;
    if text[19] == b'.' {
        let fraction = &text[20..text.len() - 1];
        if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        for place in 0..6 {
            micros = micros * 10 + fraction.get(place).map_or(0, |byte| i64::from(byte - b'0'));
        }
    } else if text.len() != 20 {
        return None;
    }
    // Days from the civil calendar: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some((days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000 + micros)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many fractional digits as there are: `2024-08-16T15:59:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant}"),
            Err(_) => write!(f, "{}us", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchanges_form_reads_as_the_general_parser_reads_it() {
        for text in [
            "2026-08-10T21:46:09.379425Z",
            "2024-02-29T00:00:00Z",
            "1999-12-31T23:59:59.5Z",
            "0001-01-01T00:00:00Z",
        ] {
            let general: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(text.parse(), Ok(Timestamp(general.as_microsecond())), "{text}");
            assert_eq!(
                parse_utc(text.as_bytes()),
                Some(general.as_microsecond()),
                "{text}"
            );
        }
        assert_eq!(
            "2026-08-10T17:46:09-04:00".parse(),
            Ok("2026-08-10T21:46:09Z".parse::<Timestamp>().unwrap())
        );
        for bad in [
            "",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-08-10",
            "2026-08-10T21:46:09",
            "yesterday",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn durations_read_units_largest_first() {
        assert_eq!(parse_duration("12h"), Ok(Duration::from_hours(12)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        for bad in [
            "",
            "12",
            "h",
            "1.5h",
            "-1h",
            "30m1h",
            "1h1h",
            "12 h",
            "99999999999999d",
        ] {
            assert_eq!(parse_duration(bad), Err(ParseDurationError), "{bad:?}");
        }
    }

    #[test]
    fn instants_print_the_digits_they_have() {
        for text in [
            "2024-08-16T15:59:00Z",
            "2024-08-16T15:59:00.25Z",
            "2024-08-16T15:59:00.000001Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_day_of_an_instant_before_the_epoch_is_the_one_it_lies_in() {
        assert_eq!(Timestamp::from_micros(-1).day(), -1);
        assert_eq!(Timestamp::from_day(-1).date(), "1969-12-31");
    }
}
