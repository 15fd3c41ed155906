//! Bets a share of the bankroll on any model of the probability.

use std::collections::BTreeMap;
use std::time::Duration;

use kmi_domain::{Money, Price, Quantity, Side, Ticker, Timestamp};

use super::buying::{Stake, bet_on, held_of, offered, order_up_to, position_if_filled, worst_price};
use super::calibrator::Calibrator;
use crate::strategy::{
    Event, Intents, MarketId, ParamError, ParamKind, ParamSpec, Params, Strategy, StrategyDescription, View,
};

/// Name, parameters and constructor.
pub const DESCRIPTION: StrategyDescription = StrategyDescription {
    name: "kelly_model",
    doc: "From horizon before the close on, looks every so often at what a model says of the probability, buys the contract that \
          is worth more than it costs up to a share of Kelly's stake, and holds it to settlement.",
    params: &[
        ParamSpec {
            name: "model",
            kind: ParamKind::Choice(&["recalibrated", "ewma"]),
            default: "recalibrated",
            doc: "What gives the probability: the price recalibrated by settled markets, or its average weighted towards the recent.",
        },
        ParamSpec {
            name: "half_life",
            kind: ParamKind::Duration,
            default: "2h",
            doc: "ewma: after this long a print counts half.",
        },
        ParamSpec {
            name: "shrinkage",
            kind: ParamKind::Number { min: 0.0, max: 1e6 },
            default: "50",
            doc: "recalibrated: number of markets that came out as priced, imagined beside those seen.",
        },
        ParamSpec {
            name: "min_count",
            kind: ParamKind::Count {
                min: 1,
                max: 1_000_000,
            },
            default: "100",
            doc: "recalibrated: markets that must have settled before it is believed.",
        },
        ParamSpec {
            name: "horizon",
            kind: ParamKind::Duration,
            default: "12h",
            doc: "How long before the close it first looks.",
        },
        ParamSpec {
            name: "every",
            kind: ParamKind::Duration,
            default: "2h",
            doc: "Time between looks.",
        },
        ParamSpec {
            name: "stop_before_close",
            kind: ParamKind::Duration,
            default: "1h",
            doc: "How long before the close it last looks.",
        },
        ParamSpec {
            name: "min_edge",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: "0.02",
            doc: "Least expected profit per contract after the fee, in dollars.",
        },
        ParamSpec {
            name: "kelly_fraction",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: "0.25",
            doc: "Share of Kelly's stake to hold.",
        },
        ParamSpec {
            name: "bankroll",
            kind: ParamKind::Money,
            default: "1000",
            doc: "Dollars at the start; cash spent and received since is counted.",
        },
        ParamSpec {
            name: "max_fraction",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: "0.05",
            doc: "Largest share of the bankroll in one market.",
        },
        ParamSpec {
            name: "patience",
            kind: ParamKind::Duration,
            default: "30m",
            doc: "How long an order waits for a price that leaves min_edge.",
        },
    ],
    build: |params| {
        Ok(match params.choice("model") {
            "ewma" => Box::new(KellyModel::new(params, Ewma::new(params.duration("half_life")))?),
            _ => Box::new(KellyModel::new(
                params,
                RecalibratedPrice::new(
                    params.number("shrinkage"),
                    params.count("min_count"),
                    params.duration("horizon"),
                ),
            )?),
        })
    },
};

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

/// Holds a share of Kelly's stake in what a model thinks is cheap. Never sells: a belief that turned is left to settle, and the
/// other side is not bought against it.
#[derive(Clone, Debug)]
pub struct KellyModel<M> {
    model: M,
    horizon: Duration,
    every: Duration,
    stop_before_close: Duration,
    min_edge: f64,
    stake: Stake,
    patience: Duration,
    /// Cash at the start, against which gains and losses are counted.
    cash_at_start: Money,
}

impl<M: ProbabilityModel> KellyModel<M> {
    /// A model, and the other parameters of [`DESCRIPTION`].
    ///
    /// # Errors
    /// [`ParamError::Conflict`] when there is no look between `horizon` and `stop_before_close`, or no time between looks.
    pub fn new(params: &Params, model: M) -> Result<KellyModel<M>, ParamError> {
        let (horizon, every) = (params.duration("horizon"), params.duration("every"));
        let stop_before_close = params.duration("stop_before_close");
        if stop_before_close > horizon {
            return Err(ParamError::Conflict {
                names: "stop_before_close, horizon",
                rule: "stop_before_close must not be above horizon",
            });
        }
        if every < Duration::from_secs(1) {
            return Err(ParamError::Conflict {
                names: "every",
                rule: "looks must be at least a second apart",
            });
        }
        Ok(KellyModel {
            model,
            horizon,
            every,
            stop_before_close,
            min_edge: params.number("min_edge"),
            stake: Stake {
                bankroll: params.money("bankroll"),
                kelly: params.number("kelly_fraction"),
                max_fraction: params.number("max_fraction"),
            },
            patience: params.duration("patience"),
            cash_at_start: Money::ZERO,
        })
    }

    fn look(&self, market: MarketId, view: &View<'_>, intents: &mut Intents) -> Option<()> {
        let close = view.market(market).close_time?;
        let next = view.now().plus(self.every);
        if next <= close.minus(self.stop_before_close) {
            intents.set_timer(next, u64::from(market.0));
        }
        let yes = self
            .model
            .probability(market, view)
            .filter(|yes| (0.0..=1.0).contains(yes))?;
        if view.open_orders(market).is_empty() {
            for side in [Side::Yes, Side::No] {
                self.buy_if_cheap(market, side, yes, view, intents);
            }
        }
        Some(())
    }

    /// Buys `side`, believing in YES with probability `yes`, up to the stake that deserves.
    fn buy_if_cheap(
        &self,
        market: MarketId,
        side: Side,
        yes: f64,
        view: &View<'_>,
        intents: &mut Intents,
    ) -> Option<()> {
        let fees = view.market(market).fees;
        let bet = bet_on(side, offered(view, market, side)?, yes, fees)?;
        let held = held_of(side, position_if_filled(view, market));
        if bet.expected_value() < self.min_edge || held.is_negative() {
            return None;
        }
        // Cash lacks what is tied up in contracts, so the stake errs on the small side while much is held.
        let stake = Stake {
            bankroll: self.stake.bankroll + view.cash() - self.cash_at_start,
            ..self.stake
        };
        let missing = stake.contracts(&bet, fees) - held;
        let worst = worst_price(view, market, side, yes, self.min_edge)?;
        let order = order_up_to(view, market, side, worst, missing)?;
        if missing >= Quantity::ONE {
            intents.place(order.until(view.now().plus(self.patience)));
        }
        Some(())
    }
}

impl<M: ProbabilityModel> Strategy for KellyModel<M> {
    fn start(&mut self, view: &View<'_>, intents: &mut Intents) {
        self.model.start(view);
        self.cash_at_start = view.cash();
        for market in view.market_ids() {
            if let Some(close) = view.market(market).close_time {
                intents.set_timer(close.minus(self.horizon), u64::from(market.0));
            }
        }
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        self.model.observe(event, view);
        if let Event::Timer { token } = *event
            && let Ok(number) = u32::try_from(token)
        {
            self.look(MarketId(number), view, intents);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Desk, buys, params};
    use super::*;
    use kmi_domain::MarketResult;

    fn with_table(yes: f64, given: &[(&str, &str)]) -> KellyModel<BeliefTable> {
        let table = BTreeMap::from([("M0".parse().unwrap(), yes)]);
        KellyModel::new(&params(&DESCRIPTION, given), BeliefTable(table)).unwrap()
    }

    #[test]
    fn it_buys_a_quarter_of_kellys_stake_at_a_price_that_leaves_the_edge() {
        let mut desk = Desk::tape(1);
        let mut strategy = with_table(0.60, &[("max_fraction", "1")]);
        desk.start(&mut strategy);
        desk.print(&mut strategy, 0, "0.50");

        let orders = desk.ring_after(&mut strategy, 43_200);

        // Cost 0.50 + 0.0175; Kelly 0.0825 / 0.4825 = 0.17098; a quarter of it of $1000 is $42.75: 82 contracts at 0.5175.
        // The edge of 0.02 is left up to 0.56: 0.60 − 0.56 − 0.0172 = 0.0228; at 0.57 only 0.0128.
        assert_eq!(
            buys(&orders),
            [("yes".to_owned(), "0.5600".to_owned(), "82.00".to_owned())]
        );
    }

    #[test]
    fn it_adds_up_to_the_stake_and_never_buys_both_sides() {
        let mut desk = Desk::tape(1);
        let mut strategy = with_table(0.60, &[("max_fraction", "0.0259"), ("every", "1h")]);
        desk.start(&mut strategy);
        desk.print(&mut strategy, 0, "0.50");
        // $25.90 of $1000 at 0.5175 are 50 contracts.
        let orders = desk.ring_after(&mut strategy, 43_200);
        assert_eq!(buys(&orders)[0].2, "50.00");
        desk.fill_part(&mut strategy, &orders[0], "0.50", Quantity::from_contracts(45));
        assert_eq!(
            desk.ring_after(&mut strategy, 3_600),
            [],
            "five are still on order"
        );
        desk.fill_part(&mut strategy, &orders[0], "0.50", Quantity::from_contracts(5));
        assert_eq!(desk.ring_after(&mut strategy, 3_600), [], "the stake is held");
        desk.print(&mut strategy, 0, "0.80");
        assert_eq!(
            desk.ring_after(&mut strategy, 3_600),
            [],
            "NO is cheap now, but YES is held"
        );
    }

    #[test]
    fn without_an_opinion_or_an_edge_it_does_nothing() {
        for yes in [f64::NAN, 1.5, 0.52] {
            let mut desk = Desk::tape(2);
            let mut strategy = with_table(yes, &[]);
            desk.start(&mut strategy);
            desk.print(&mut strategy, 0, "0.50");
            desk.print(&mut strategy, 1, "0.50");
            assert_eq!(desk.ring_after(&mut strategy, 86_400), []);
        }
    }

    #[test]
    fn the_average_halves_a_prints_weight_every_half_life() {
        let mut desk = Desk::tape(1);
        let mut strategy =
            KellyModel::new(&params(&DESCRIPTION, &[]), Ewma::new(Duration::from_hours(1))).unwrap();
        desk.print(&mut strategy, 0, "0.20");
        desk.wait(7_200);
        desk.print(&mut strategy, 0, "0.60");

        let average = strategy.model.averages[&MarketId(0)];

        // (0.20 × ¼ + 0.60) / (¼ + 1) = 0.52
        assert!((average.weighted / average.weight - 0.52).abs() < 1e-12);
    }

    #[test]
    fn the_recalibrated_price_learns_only_what_has_settled() {
        let mut desk = Desk::tape(60);
        desk.until_close(100_000);
        let model = RecalibratedPrice::new(5.0, 50, Duration::from_hours(12));
        let mut strategy = KellyModel::new(&params(&DESCRIPTION, &[]), model).unwrap();
        for market in 0..60 {
            desk.print(&mut strategy, market, "0.30");
        }
        let price = "0.30".parse().unwrap();
        for market in 0..49 {
            desk.settle(&mut strategy, market, MarketResult::No);
            assert_eq!(strategy.model.calibrator.probability(price), None);
        }
        desk.settle(&mut strategy, 49, MarketResult::No);

        assert!(strategy.model.calibrator.probability(price).unwrap() < 0.15);
    }
}
