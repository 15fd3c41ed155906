//! Bets a share of the bankroll on any model of the probability.

use std::time::Duration;

use kmi_domain::{Money, Quantity, Side};

use super::buying::{Stake, bet_on, held_of, offered, order_up_to, position_if_filled, worst_price};
use super::models::{Ewma, ProbabilityModel, RecalibratedPrice};
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

    /// What it believes.
    pub fn model(&self) -> &M {
        &self.model
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
    use std::collections::BTreeMap;

    use super::super::models::BeliefTable;
    use super::super::testing::{Desk, buys, params};
    use super::*;

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
}
