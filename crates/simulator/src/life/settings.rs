//! How much life there is: [`LifeSettings`].

use serde::{Deserialize, Serialize};

/// What kind of life is wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LifeSettings {
    /// Everything that happens follows from it, the exchange's books and the times at which life is lived on.
    pub seed: u64,
    /// Markets that are open at any time, at least one. Of quarter-hours the next one is listed half a minute ahead.
    pub markets: u32,
    /// Acts per second over all markets: somebody requotes, takes, rests an order or looks and leaves. Above zero.
    pub pace: f64,
    /// Seconds of the invented world per second of the exchange's clock, 1 to 100,000: at 60 a quarter-hour market lasts 15
    /// seconds. Timers and schedules run faster, the traders do not.
    pub time_scale: u32,
}

impl LifeSettings {
    /// Markets of a demonstration.
    pub const MARKETS: u32 = 200;
    /// Fewest and most seconds of the world per second of the clock.
    pub const TIME_SCALES: std::ops::RangeInclusive<u32> = 1..=100_000;

    /// So many markets at the usual pace: 120 acts per second over 200 markets, growing more slowly than their number, about
    /// 1,900 over 20,000.
    pub fn new(seed: u64, markets: u32) -> LifeSettings {
        LifeSettings {
            seed,
            markets,
            pace: 120.0 * libm::pow(f64::from(markets.max(1)) / f64::from(Self::MARKETS), 0.6),
            time_scale: 1,
        }
    }

    /// The settings with every value inside its range.
    pub(super) fn bounded(mut self) -> LifeSettings {
        self.markets = self.markets.max(1);
        self.time_scale = self
            .time_scale
            .clamp(*Self::TIME_SCALES.start(), *Self::TIME_SCALES.end());
        if self.pace.is_nan() || self.pace < 0.001 {
            self.pace = 0.001;
        }
        self
    }
}

impl Default for LifeSettings {
    /// A demonstration, seed 42.
    fn default() -> LifeSettings {
        LifeSettings::new(42, Self::MARKETS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_pace_grows_more_slowly_than_the_markets() {
        assert!((LifeSettings::new(1, 200).pace - 120.0).abs() < 1e-9);
        let pace = LifeSettings::new(1, 20_000).pace;
        assert!((1_900.0..1_903.0).contains(&pace), "{pace}");
    }

    #[test]
    fn impossible_settings_are_drawn_into_their_ranges() {
        let wild = LifeSettings {
            seed: 1,
            markets: 0,
            pace: f64::NAN,
            time_scale: 0,
        };
        let tame = wild.bounded();
        assert_eq!((tame.markets, tame.time_scale), (1, 1));
        assert!(tame.pace > 0.0);
    }
}
