//! Models of a market's probability, for strategies that bet on any of them.

use std::collections::BTreeMap;
use std::time::Duration;

use kmi_domain::{Price, Ticker, Timestamp};

use super::calibrator::Calibrator;
use crate::strategy::{Event, MarketId, View};

/// Says how likely YES is. It may learn from every event, and from nothing else.
pub trait ProbabilityModel {
    /// Told once, before the first event.
    fn start(&mut self, view: &View<'_>) {
        let _ = view;
    }

    /// Told of every event, before any question about the same instant.
    fn observe(&mut self, event: &Event, view: &View<'_>) {
        let _ = (event, view);
    }

    /// Probability of YES, 0 to 1; `None` where it does not know. Values outside count as not knowing.
    fn probability(&self, market: MarketId, view: &View<'_>) -> Option<f64>;
}

/// Beliefs by ticker from outside: a forecast, a poll, another model's output read by the caller.
///
/// Whether they were known at the time they are used is the caller's to answer for: the look-ahead check cannot see where they
/// came from.
#[derive(Clone, Debug, Default)]
pub struct BeliefTable(pub BTreeMap<Ticker, f64>);

impl ProbabilityModel for BeliefTable {
    fn probability(&self, market: MarketId, view: &View<'_>) -> Option<f64> {
        self.0.get(&view.market(market).ticker).copied()
    }
}

/// The last price, corrected by how often such prices came true in markets already settled.
#[derive(Clone, Debug)]
pub struct RecalibratedPrice {
    calibrator: Calibrator,
    horizon: Duration,
    /// YES price of each market at its horizon: the last print not after it.
    at_horizon: BTreeMap<MarketId, Price>,
}

impl RecalibratedPrice {
    /// A model that learns prices `horizon` before the close, as strong as `shrinkage` markets that came out as priced, silent
    /// until `min_count` have settled.
    #[must_use]
    pub fn new(shrinkage: f64, min_count: u64, horizon: Duration) -> RecalibratedPrice {
        RecalibratedPrice {
            calibrator: Calibrator::new("logit", shrinkage, min_count),
            horizon,
            at_horizon: BTreeMap::new(),
        }
    }
}

impl ProbabilityModel for RecalibratedPrice {
    fn observe(&mut self, event: &Event, view: &View<'_>) {
        match *event {
            Event::Trade(trade) => {
                let close = view.market(trade.market).close_time;
                if close.is_some_and(|close| trade.time <= close.minus(self.horizon)) {
                    self.at_horizon.insert(trade.market, trade.price);
                }
            }
            Event::Settled { market, result } => {
                if let (Some(price), Some(came_true)) = (self.at_horizon.remove(&market), result.outcome()) {
                    self.calibrator.learn(price, came_true);
                }
            }
            Event::Book { .. } | Event::Order(_) | Event::Timer { .. } => {}
        }
    }

    fn probability(&self, market: MarketId, view: &View<'_>) -> Option<f64> {
        self.calibrator.probability(view.last_trade(market)?.price)
    }
}

/// The average of a market's prints, each weighted by its contracts and by how recent it is.
#[derive(Clone, Debug)]
pub struct Ewma {
    half_life: Duration,
    averages: BTreeMap<MarketId, Average>,
}

#[derive(Clone, Copy, Debug)]
struct Average {
    as_of: Timestamp,
    weight: f64,
    weighted: f64,
}

impl Ewma {
    /// An average in which a print counts half after `half_life`.
    #[must_use]
    pub fn new(half_life: Duration) -> Ewma {
        Ewma {
            half_life,
            averages: BTreeMap::new(),
        }
    }

    fn kept(&self, from: Timestamp, to: Timestamp) -> f64 {
        let half_lives = to.micros_since(from) as f64 / (self.half_life.as_micros() as f64).max(1.0);
        0.5_f64.powf(half_lives)
    }
}

impl ProbabilityModel for Ewma {
    fn observe(&mut self, event: &Event, _view: &View<'_>) {
        match *event {
            Event::Trade(trade) => {
                let before = self.averages.get(&trade.market).copied().unwrap_or(Average {
                    as_of: trade.time,
                    weight: 0.0,
                    weighted: 0.0,
                });
                let kept = self.kept(before.as_of, trade.time);
                let contracts = trade.quantity.contracts();
                let after = Average {
                    as_of: trade.time,
                    weight: before.weight * kept + contracts,
                    weighted: before.weighted * kept + contracts * trade.price.probability(),
                };
                self.averages.insert(trade.market, after);
            }
            Event::Settled { market, .. } => _ = self.averages.remove(&market),
            Event::Book { .. } | Event::Order(_) | Event::Timer { .. } => {}
        }
    }

    fn probability(&self, market: MarketId, _view: &View<'_>) -> Option<f64> {
        let average = self.averages.get(&market)?;
        (average.weight > 0.0).then(|| average.weighted / average.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::super::kelly_model::{DESCRIPTION, KellyModel};
    use super::super::testing::{Desk, params};
    use super::*;
    use kmi_domain::MarketResult;

    fn betting_on<M: ProbabilityModel>(model: M) -> KellyModel<M> {
        KellyModel::new(&params(&DESCRIPTION, &[]), model).unwrap()
    }

    #[test]
    fn the_average_halves_a_prints_weight_every_half_life() {
        let mut desk = Desk::tape(1);
        let mut strategy = betting_on(Ewma::new(Duration::from_hours(1)));
        desk.print(&mut strategy, 0, "0.20");
        desk.wait(7_200);
        desk.print(&mut strategy, 0, "0.60");

        let average = strategy.model().averages[&MarketId(0)];

        // (0.20 × ¼ + 0.60) / (¼ + 1) = 0.52
        assert!((average.weighted / average.weight - 0.52).abs() < 1e-12);
    }

    #[test]
    fn the_recalibrated_price_learns_only_what_has_settled() {
        let mut desk = Desk::tape(60);
        desk.until_close(100_000);
        let model = RecalibratedPrice::new(5.0, 50, Duration::from_hours(12));
        let mut strategy = betting_on(model);
        for market in 0..60 {
            desk.print(&mut strategy, market, "0.30");
        }
        let price = "0.30".parse().unwrap();
        for market in 0..49 {
            desk.settle(&mut strategy, market, MarketResult::No);
            assert_eq!(strategy.model().calibrator.probability(price), None);
        }
        desk.settle(&mut strategy, 49, MarketResult::No);

        assert!(strategy.model().calibrator.probability(price).unwrap() < 0.15);
    }
}
