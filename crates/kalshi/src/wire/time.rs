//! Judging times: RFC 3339 texts, seconds and milliseconds, all of them between 1970 and 9999.

use kmi_domain::Timestamp;

use super::Scalar;
use super::field::{FieldError, Named};

/// The last millisecond of the year 9999: beyond it RFC 3339 has no text, and a count of microseconds soon overflows.
const LAST_MILLIS: i64 = 253_402_300_799_999;

/// The first second of year one, the zero of the exchange's clock library: how it writes "never".
const NEVER_SECONDS: i64 = -62_135_596_800;

const RANGE: &str = "a time between 1970 and 9999";
const RFC_3339: &str = "an RFC 3339 time";

/// The instant of `millis` since the epoch; `None` outside 1970 to 9999.
#[inline]
pub(crate) fn from_millis(millis: i64) -> Option<Timestamp> {
    (0..=LAST_MILLIS)
        .contains(&millis)
        .then(|| Timestamp::from_millis(millis))
}

impl Named<'_, '_> {
    /// An RFC 3339 instant between 1970 and 9999. The exchange writes "never" as the first second of year one, which reads as
    /// `None`.
    pub(crate) fn optional_time(self) -> Result<Option<Timestamp>, FieldError> {
        let Some(leaf) = self.present() else {
            return Ok(None);
        };
        let Scalar::Text(text) = leaf.value else {
            return Err(self.not_a(RFC_3339));
        };
        if text.starts_with("0001-01-01T00:00:00") {
            return Ok(None);
        }
        let time: Timestamp = text.parse().map_err(|_| self.not_a(RFC_3339))?;
        from_millis(time.millis())
            .map(|_| Some(time))
            .ok_or_else(|| self.not_a(RANGE))
    }

    /// Milliseconds since the epoch, 1970 to 9999; "never" reads as `None`.
    pub(crate) fn optional_millis(self) -> Result<Option<Timestamp>, FieldError> {
        self.optional_instant(1)
    }

    /// Seconds since the epoch, 1970 to 9999; "never" reads as `None`.
    pub(crate) fn optional_seconds(self) -> Result<Option<Timestamp>, FieldError> {
        self.optional_instant(1_000)
    }

    fn optional_instant(self, millis_per_unit: i64) -> Result<Option<Timestamp>, FieldError> {
        let Some(count) = self.optional_int()? else {
            return Ok(None);
        };
        let millis = count.saturating_mul(millis_per_unit);
        if millis == NEVER_SECONDS * 1_000 {
            return Ok(None);
        }
        from_millis(millis).map(Some).ok_or_else(|| self.not_a(RANGE))
    }
}
