//! Bars of trades, and the crossing of two moving averages over them.

use std::time::Duration;

use kmi_domain::fees::{FeeSchedule, Role, UnpublishedSchedule};
use kmi_domain::{Money, Price, Quantity, Timestamp};

use crate::feed::{FeedEvent, FeedKind};
use crate::strategy::MarketId;

/// The last price of each period of one market, from the period of its first print to that of its last. A period without a
/// print has the price of the one before it. Events must be in order of time.
///
/// # Panics
/// When they are not.
#[must_use]
pub fn closes(events: &[FeedEvent], market: MarketId, period: Duration) -> Vec<Price> {
    let micros = i64::try_from(period.as_micros()).unwrap_or(i64::MAX).max(1);
    let bar_of = |time: Timestamp| time.micros().div_euclid(micros);
    let mut closes: Vec<Price> = Vec::new();
    let mut first = None;
    for event in events.iter().filter(|event| event.market == market) {
        let FeedKind::Trade { price, .. } = event.kind else {
            continue;
        };
        let bar = bar_of(event.time);
        let since_first = bar - *first.get_or_insert(bar);
        let before = closes.last().copied().unwrap_or(price);
        let count = usize::try_from(since_first).expect("events are in order of time") + 1;
        closes.resize(count.max(closes.len()), before);
        if let Some(last) = closes.last_mut() {
            *last = price;
        }
    }
    closes
}

/// Closing prices with their running sums, so that any moving average is one subtraction; exact.
#[derive(Clone, Debug)]
pub struct BarSums {
    closes: Vec<Price>,
    /// `sums[i]` is the sum of the first `i` closes, in units of $0.0001.
    sums: Vec<u64>,
}

impl BarSums {
    /// Sums up closes in order of time.
    #[must_use]
    pub fn new(closes: Vec<Price>) -> BarSums {
        let mut sums = Vec::with_capacity(closes.len() + 1);
        sums.push(0);
        let mut sum = 0;
        for close in &closes {
            sum += u64::from(close.units());
            sums.push(sum);
        }
        BarSums { closes, sums }
    }

    /// Number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.closes.len()
    }

    /// True without a bar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.closes.is_empty()
    }

    /// The closes, in order of time.
    #[must_use]
    pub fn closes(&self) -> &[Price] {
        &self.closes
    }
}

/// Why two averages cannot cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrossoverError {
    /// An average over no bars.
    #[error("an average needs at least one bar")]
    EmptyWindow,
    /// Nothing to buy.
    #[error("the quantity is not above zero")]
    NoQuantity,
    /// Nobody knows what a trade costs.
    #[error(transparent)]
    FeesUnknown(#[from] UnpublishedSchedule),
}

/// Buys YES at the close of the bar in which the fast average rises above the slow one, and sells at the close of the bar in
/// which it falls below; both as a taker, at most one lot held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossover {
    fast: usize,
    slow: usize,
    quantity: Quantity,
    fees: FeeSchedule,
}

/// What a crossover came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CrossoverResult {
    /// Purchases, a last one that is still held included.
    pub entries: u64,
    /// Sales.
    pub exits: u64,
    /// P&L before fees; what is still held counts at the last close.
    pub gross: Money,
    /// Fees paid.
    pub fees: Money,
}

impl Crossover {
    /// Averages over `fast` and `slow` bars.
    ///
    /// # Errors
    /// [`CrossoverError`] names the rule.
    pub fn new(
        fast: usize,
        slow: usize,
        quantity: Quantity,
        fees: FeeSchedule,
    ) -> Result<Crossover, CrossoverError> {
        if fast == 0 || slow == 0 {
            return Err(CrossoverError::EmptyWindow);
        }
        if !quantity.is_positive() {
            return Err(CrossoverError::NoQuantity);
        }
        fees.rate(Role::Taker)?;
        Ok(Crossover {
            fast,
            slow,
            quantity,
            fees,
        })
    }

    /// Runs over the bars. A bar sees itself and those before it alone.
    #[must_use]
    pub fn run(&self, bars: &BarSums) -> CrossoverResult {
        let longest = self.fast.max(self.slow);
        let mut result = CrossoverResult::default();
        if bars.len() <= longest {
            return result;
        }
        let (fast, slow) = (self.fast as u64, self.slow as u64);
        // The ends of both windows move together, so the sums are read as three parallel runs.
        let now = &bars.sums[longest..];
        let fast_start = &bars.sums[longest - self.fast..];
        let slow_start = &bars.sums[longest - self.slow..];
        let mut before = None;
        let mut entry: Option<Price> = None;
        for (at, ((now, fast_start), slow_start)) in now.iter().zip(fast_start).zip(slow_start).enumerate() {
            // Sums times the other's length compare as the averages do, without a division.
            let order = ((now - fast_start) * slow).cmp(&((now - slow_start) * fast));
            if let Some(before) = before.replace(order)
                && before != order
            {
                let close = bars.closes[longest - 1 + at];
                entry = self.cross(order, close, entry, &mut result);
            }
        }
        if let (Some(entry), Some(last)) = (entry, bars.closes.last()) {
            result.gross += *last * self.quantity - entry * self.quantity;
        }
        result
    }

    /// The averages changed order at a close. Returns the price of what is held then.
    #[cold]
    fn cross(
        &self,
        order: std::cmp::Ordering,
        close: Price,
        entry: Option<Price>,
        result: &mut CrossoverResult,
    ) -> Option<Price> {
        match (order, entry) {
            (std::cmp::Ordering::Greater, None) => {
                result.entries += 1;
                result.fees += self.fee(close);
                Some(close)
            }
            (std::cmp::Ordering::Less, Some(bought)) => {
                result.exits += 1;
                result.fees += self.fee(close);
                result.gross += close * self.quantity - bought * self.quantity;
                None
            }
            _ => entry,
        }
    }

    fn fee(&self, price: Price) -> Money {
        self.fees
            .trade_fee(price, self.quantity, Role::Taker)
            .expect("a crossover has a published schedule")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Scenery, contracts, price};
    use kmi_domain::Side;
    use proptest::prelude::*;

    fn crossover(fast: usize, slow: usize) -> Crossover {
        Crossover::new(fast, slow, contracts(1), FeeSchedule::STANDARD).unwrap()
    }

    fn cents(closes: &[u8]) -> BarSums {
        BarSums::new(closes.iter().map(|c| Price::from_cents(*c).unwrap()).collect())
    }

    #[test]
    fn averages_that_cross_buy_and_sell_at_the_close() {
        // Of one and two bars: at 40 below, at 50 above (50 > 45), at 45 below (45 < 47.5), at 60 above until the end.
        let result = crossover(1, 2).run(&cents(&[50, 40, 50, 45, 60, 61]));

        assert_eq!((result.entries, result.exits), (2, 1));
        assert_eq!(result.gross.to_string(), "-0.0400");
        // 0.07 × (0.25 + 0.2475 + 0.24), each rounded up: 0.0175, 0.0174, 0.0168.
        assert_eq!(result.fees.to_string(), "0.0517");
    }

    #[test]
    fn too_few_bars_trade_nothing() {
        assert_eq!(crossover(1, 2).run(&cents(&[50, 60])), CrossoverResult::default());
        assert_eq!(
            Crossover::new(0, 2, contracts(1), FeeSchedule::STANDARD),
            Err(CrossoverError::EmptyWindow)
        );
    }

    #[test]
    fn a_bar_without_a_print_keeps_the_price_before() {
        let mut scenery = Scenery::tape();
        let market = scenery.market("RAIN", 1_000, "yes");
        let other = scenery.market("SNOW", 1_000, "yes");
        for (second, at) in [(61, "0.40"), (119, "0.42"), (250, "0.50"), (251, "0.51")] {
            scenery.print(market, second, at, 1, Side::Yes);
            scenery.print(other, second, "0.99", 1, Side::Yes);
        }
        let data = scenery.build();

        let closes = closes(data.events(), market, Duration::from_mins(1));

        assert_eq!(closes, ["0.42", "0.42", "0.42", "0.51"].map(price));
    }

    /// The same by averages of floats, bar by bar.
    fn naive(closes: &[u8], fast: usize, slow: usize) -> (u64, u64) {
        let average = |end: usize, n: usize| {
            closes[end + 1 - n..=end]
                .iter()
                .map(|c| f64::from(*c))
                .sum::<f64>()
                / n as f64
        };
        let (mut entries, mut exits, mut held) = (0, 0, false);
        for end in fast.max(slow)..closes.len() {
            let above = |end| average(end, fast) > average(end, slow) + 1e-9;
            let below = |end| average(end, fast) < average(end, slow) - 1e-9;
            if above(end) && !above(end - 1) && !held {
                (entries, held) = (entries + 1, true);
            } else if below(end) && !below(end - 1) && held {
                (exits, held) = (exits + 1, false);
            }
        }
        (entries, exits)
    }

    proptest! {
        #[test]
        fn running_sums_cross_where_averages_do(
            closes in prop::collection::vec(1_u8..100, 0..80), fast in 1_usize..6, slow in 1_usize..12,
        ) {
            let result = crossover(fast, slow).run(&cents(&closes));
            prop_assert_eq!((result.entries, result.exits), naive(&closes, fast, slow));
        }
    }
}
