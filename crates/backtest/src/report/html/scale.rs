//! Round numbers for axes.

/// Up to about `count` round values that cover `low..=high`, ends included; one value when both are equal.
pub(super) fn ticks(low: f64, high: f64, count: u32) -> Vec<f64> {
    let step = round_step((high - low) / f64::from(count.max(1)));
    let (first, last) = ((low / step).floor(), (high / step).ceil());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a handful of steps, not negative"
    )]
    let steps = (last - first).min(50.0) as u32;
    (0..=steps).map(|i| (first + f64::from(i)) * step).collect()
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `rough`; one where `rough` is no positive number.
fn round_step(rough: f64) -> f64 {
    if !(rough.is_finite() && rough > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&step| step >= rough * 0.999_999)
        .unwrap_or(10.0 * power)
}

/// A linear map from a domain to a range of pixels; the middle where the domain is a point.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    pub(super) domain: (f64, f64),
    pub(super) range: (f64, f64),
}

impl Scale {
    /// Pixel of `value`.
    pub(super) fn at(self, value: f64) -> f64 {
        let width = self.domain.1 - self.domain.0;
        let share = if width > 0.0 {
            (value - self.domain.0) / width
        } else {
            0.5
        };
        self.range.0 + share * (self.range.1 - self.range.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        assert_eq!(ticks(-3.2, 19.1, 4), [-10.0, 0.0, 10.0, 20.0]);
        assert_eq!(ticks(0.0, 1.0, 4), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(ticks(0.0, 0.0, 4), [0.0]);
    }

    #[test]
    fn a_point_is_drawn_in_the_middle() {
        let scale = Scale {
            domain: (3.0, 3.0),
            range: (0.0, 100.0),
        };
        assert!((scale.at(3.0) - 50.0).abs() < 1e-9);
    }
}
