//! Where the P&L came from.

use std::collections::BTreeMap;

use kmi_domain::{Money, Price};

use super::{Report, TradedMarket};

/// Markets that share a series or a band of prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Series, or band as `0.10 to 0.20`.
    pub key: String,
    /// Markets traded.
    pub markets: u64,
    /// Those with a P&L above zero before fees.
    pub wins: u64,
    /// Fills.
    pub fills: u64,
    /// Fees.
    pub fees: Money,
    /// P&L after fees.
    pub pnl: Money,
}

impl Group {
    fn new(key: String) -> Group {
        Group {
            key,
            markets: 0,
            wins: 0,
            fills: 0,
            fees: Money::ZERO,
            pnl: Money::ZERO,
        }
    }

    fn count(&mut self, market: &TradedMarket) {
        self.markets += 1;
        self.wins += u64::from(market.booking.is_win());
        self.fills += market.fills;
        self.fees += market.booking.fees;
        self.pnl += market.booking.pnl();
    }

    /// `wins / markets`.
    #[must_use]
    pub fn win_rate(&self) -> Option<f64> {
        (self.markets > 0).then(|| self.wins as f64 / self.markets as f64)
    }
}

/// One group per series, by name; markets of an unknown series are under `unknown`.
#[must_use]
pub fn by_series(report: &Report) -> Vec<Group> {
    grouped(report, |market| {
        market
            .series
            .as_ref()
            .map_or_else(|| "unknown".to_owned(), |series| series.as_str().to_owned())
    })
}

/// One group per tenth of a dollar of the YES price of the first fill, cheapest first; empty bands are left out.
#[must_use]
pub fn by_price_band(report: &Report) -> Vec<Group> {
    grouped(report, |market| band(market.first_yes_price))
}

fn band(price: Price) -> String {
    let tenth = (price.units() / 1_000).min(9);
    format!(
        "{:.2} to {:.2}",
        f64::from(tenth) / 10.0,
        f64::from(tenth + 1) / 10.0
    )
}

fn grouped(report: &Report, key: impl Fn(&TradedMarket) -> String) -> Vec<Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for market in &report.markets {
        let key = key(market);
        groups
            .entry(key.clone())
            .or_insert_with(|| Group::new(key))
            .count(market);
    }
    groups.into_values().collect()
}

/// The `count` markets that gained most, best first, and the `count` that lost most, worst first. A market without a gain is
/// never among the best, one without a loss never among the worst.
#[must_use]
pub fn extremes(report: &Report, count: usize) -> (Vec<&TradedMarket>, Vec<&TradedMarket>) {
    let mut sorted: Vec<&TradedMarket> = report.markets.iter().collect();
    sorted.sort_by(|a, b| {
        let by_pnl = b.booking.pnl().cmp(&a.booking.pnl());
        by_pnl.then_with(|| a.ticker().cmp(b.ticker()))
    });
    let gained = |market: &&&TradedMarket| market.booking.pnl().is_positive();
    let lost = |market: &&&TradedMarket| market.booking.pnl().is_negative();
    (
        sorted.iter().take_while(gained).take(count).copied().collect(),
        sorted
            .iter()
            .rev()
            .take_while(lost)
            .take(count)
            .copied()
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::small_report;
    use super::*;

    #[test]
    fn groups_add_up_to_the_whole() {
        let report = small_report();
        for groups in [by_series(&report), by_price_band(&report)] {
            let pnl: Money = groups.iter().map(|group| group.pnl).sum();
            let markets: u64 = groups.iter().map(|group| group.markets).sum();
            assert_eq!((pnl, markets), (report.metrics.total_pnl, 3));
        }
        let series: Vec<String> = by_series(&report).into_iter().map(|group| group.key).collect();
        assert_eq!(series, ["RAIN", "SNOW"]);
    }

    #[test]
    fn bands_are_tenths_of_a_dollar_and_the_last_holds_one_dollar() {
        assert_eq!(band("0.0999".parse().unwrap()), "0.00 to 0.10");
        assert_eq!(band("0.10".parse().unwrap()), "0.10 to 0.20");
        assert_eq!(band(Price::ONE), "0.90 to 1.00");
    }

    #[test]
    fn the_best_gained_and_the_worst_lost() {
        let report = small_report();
        let (best, worst) = extremes(&report, 5);

        let names = |markets: Vec<&TradedMarket>| -> Vec<String> {
            markets
                .into_iter()
                .map(|market| market.ticker().to_string())
                .collect()
        };
        assert_eq!(names(best), ["RAIN-A", "SNOW-C"]);
        assert_eq!(names(worst), ["RAIN-B"]);
    }
}
