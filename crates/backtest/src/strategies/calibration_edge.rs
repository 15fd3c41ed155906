//! Trades against the favourite-longshot bias: learns how often prices came true, then buys what is priced wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use kmi_domain::{Money, Price, Quantity, Side, Timestamp};

use super::buying::{Stake, bet_on, offered, order_up_to, worst_price};
use super::calibrator::{CURVES, Calibrator};
use crate::strategy::{
    Event, Intents, MarketId, ParamError, ParamKind, ParamSpec, Params, Strategy, StrategyDescription, View,
};

const SHARE: ParamKind = ParamKind::Number { min: 0.0, max: 1.0 };

/// Name, parameters and constructor.
pub const DESCRIPTION: StrategyDescription = StrategyDescription {
    name: "calibration_edge",
    doc: "Favourite-longshot: in the first part of the period learns how often prices a fixed time before the close came true; \
          in the rest buys YES or NO where the recalibrated price beats the market by min_edge after the fee, and holds it to \
          settlement. It only ever learns from markets already settled.",
    params: &[
        ParamSpec {
            name: "horizon",
            kind: ParamKind::Duration,
            default: "12h",
            doc: "How long before the close it looks, both to learn and to trade.",
        },
        ParamSpec {
            name: "train_fraction",
            kind: SHARE,
            default: "0.6667",
            doc: "Share of the time from the first close to the last during which it only learns.",
        },
        ParamSpec {
            name: "learning",
            kind: ParamKind::Choice(&["walk_forward", "frozen"]),
            default: "walk_forward",
            doc: "Whether it goes on learning from markets settled while it trades.",
        },
        ParamSpec {
            name: "curve",
            kind: ParamKind::Choice(CURVES),
            default: "bins",
            doc: "Recalibration: a shift by bin of price, or a line in log odds.",
        },
        ParamSpec {
            name: "shrinkage",
            kind: ParamKind::Number { min: 0.0, max: 1e6 },
            default: "50",
            doc: "Number of markets that came out as priced, imagined beside those seen.",
        },
        ParamSpec {
            name: "min_count",
            kind: ParamKind::Count {
                min: 1,
                max: 1_000_000,
            },
            default: "30",
            doc: "Markets a bin (or the line) must have seen before it is believed.",
        },
        ParamSpec {
            name: "min_edge",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: "0.02",
            doc: "Least expected profit per contract after the fee, in dollars.",
        },
        ParamSpec {
            name: "patience",
            kind: ParamKind::Duration,
            default: "1h",
            doc: "How long an order waits for a price that leaves min_edge.",
        },
        ParamSpec {
            name: "quantity",
            kind: ParamKind::Quantity,
            default: "1",
            doc: "Contracts per market; the most, when kelly_fraction is above 0.",
        },
        ParamSpec {
            name: "kelly_fraction",
            kind: SHARE,
            default: "0",
            doc: "Share of Kelly's stake to buy; 0 always buys the quantity.",
        },
        ParamSpec {
            name: "bankroll",
            kind: ParamKind::Money,
            default: "1000",
            doc: "Dollars Kelly's stake is a share of.",
        },
    ],
    build: |params| Ok(Box::new(CalibrationEdge::new(params)?)),
};

/// Learns a calibration, then trades on it.
#[derive(Clone, Debug)]
pub struct CalibrationEdge {
    horizon: Duration,
    train_fraction: f64,
    learns_on: bool,
    calibrator: Calibrator,
    min_edge: f64,
    patience: Duration,
    quantity: Quantity,
    stake: Option<Stake>,
    /// From when on it trades; `None` before the start or when no market closes.
    split: Option<Timestamp>,
    /// YES price of each market at its horizon, until it settles.
    seen: BTreeMap<MarketId, Price>,
}

impl CalibrationEdge {
    /// From the parameters of [`DESCRIPTION`].
    ///
    /// # Errors
    /// [`ParamError::Conflict`] when a stake is to be a share of no bankroll.
    pub fn new(params: &Params) -> Result<CalibrationEdge, ParamError> {
        let (kelly, bankroll) = (params.number("kelly_fraction"), params.money("bankroll"));
        if kelly > 0.0 && bankroll == Money::ZERO {
            return Err(ParamError::Conflict {
                names: "kelly_fraction, bankroll",
                rule: "a share of Kelly's stake needs a bankroll above 0",
            });
        }
        Ok(CalibrationEdge {
            horizon: params.duration("horizon"),
            train_fraction: params.number("train_fraction"),
            learns_on: params.choice("learning") == "walk_forward",
            calibrator: Calibrator::new(
                params.choice("curve"),
                params.number("shrinkage"),
                params.count("min_count"),
            ),
            min_edge: params.number("min_edge"),
            patience: params.duration("patience"),
            quantity: params.quantity("quantity"),
            stake: (kelly > 0.0).then_some(Stake {
                bankroll,
                kelly,
                max_fraction: 1.0,
            }),
            split: None,
            seen: BTreeMap::new(),
        })
    }

    fn look(&mut self, market: MarketId, view: &View<'_>, intents: &mut Intents) {
        let Some(last) = view.last_trade(market) else {
            return;
        };
        self.seen.insert(market, last.price);
        if self.split.is_none_or(|split| view.now() < split) {
            return;
        }
        let Some(yes) = self.calibrator.probability(last.price) else {
            return;
        };
        for side in [Side::Yes, Side::No] {
            self.buy_if_cheap(market, side, yes, view, intents);
        }
    }

    /// Buys `side`, believing in YES with probability `yes`, if that is worth it.
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
        if bet.expected_value() < self.min_edge {
            return None;
        }
        let quantity = match self.stake {
            Some(stake) => stake.contracts(&bet, fees).min(self.quantity),
            None => self.quantity,
        };
        let worst = worst_price(view, market, side, yes, self.min_edge)?;
        let order = order_up_to(view, market, side, worst, quantity)?;
        if quantity.is_positive() {
            intents.place(order.until(view.now().plus(self.patience)));
        }
        Some(())
    }

    fn settled(&mut self, market: MarketId, came_true: Option<bool>, now: Timestamp) {
        let learns = self.learns_on || self.split.is_some_and(|split| now < split);
        if let (Some(price), Some(came_true), true) = (self.seen.remove(&market), came_true, learns) {
            self.calibrator.learn(price, came_true);
        }
    }
}

impl Strategy for CalibrationEdge {
    fn start(&mut self, view: &View<'_>, intents: &mut Intents) {
        let closes = || view.markets().iter().filter_map(|market| market.close_time);
        for market in view.market_ids() {
            if let Some(close) = view.market(market).close_time {
                intents.set_timer(close.minus(self.horizon), u64::from(market.0));
            }
        }
        self.split = closes().min().zip(closes().max()).map(|(first, last)| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a share of a span of time, so within it"
            )]
            let learning = (last.micros_since(first) as f64 * self.train_fraction) as i64;
            first.plus_micros(learning)
        });
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        match *event {
            Event::Timer { token } => {
                if let Ok(number) = u32::try_from(token) {
                    self.look(MarketId(number), view, intents);
                }
            }
            Event::Settled { market, result } => self.settled(market, result.outcome(), view.now()),
            Event::Trade(_) | Event::Book { .. } | Event::Order(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Desk, Placed, buys, params};
    use super::*;
    use kmi_domain::MarketResult;

    /// Forty markets that close an hour apart, all last traded at `price` early on; every tenth comes out yes. Returns what
    /// was ordered in the market that closes last.
    fn orders_in_the_last(given: &[(&str, &str)], price: &str) -> Vec<Placed> {
        let mut desk = Desk::tape(40);
        let start = desk.now;
        for (market, hour) in desk.markets.iter_mut().zip(1..) {
            market.close_time = Some(start.plus_seconds(hour * 3_600));
        }
        let mut strategy = CalibrationEdge::new(&params(&DESCRIPTION, given)).unwrap();
        desk.start(&mut strategy);
        for market in 0..40 {
            assert_eq!(desk.print(&mut strategy, market, price), []);
        }
        let mut orders = Vec::new();
        for market in 0..40 {
            orders.extend(desk.ring_after(&mut strategy, 3_600));
            let result = if market % 10 == 0 {
                MarketResult::Yes
            } else {
                MarketResult::No
            };
            desk.settle(&mut strategy, market, result);
        }
        orders.retain(|placed| placed.id.market == MarketId(39));
        orders
    }

    const SHORT: [(&str, &str); 3] = [("horizon", "30m"), ("shrinkage", "0"), ("min_count", "20")];

    #[test]
    fn it_buys_no_where_long_shots_won_too_rarely() {
        // 39 markets at 0.30, 4 of them yes: YES is worth 4/39 = 0.1026, NO 0.8974. After the fee, 0.07 × 0.86 × 0.14 = 0.0084
        // at 0.86, NO leaves 0.0290; at 0.87 (0.0079) it leaves 0.0195.
        let orders = orders_in_the_last(&SHORT, "0.30");

        assert_eq!(
            buys(&orders),
            [("no".to_owned(), "0.8600".to_owned(), "1.00".to_owned())]
        );
        assert!(orders[0].order.expires.is_some());
    }

    #[test]
    fn it_stays_out_where_prices_came_true_or_the_edge_is_small() {
        assert_eq!(orders_in_the_last(&SHORT, "0.11"), []);
        let demanding = [SHORT[0], SHORT[1], SHORT[2], ("min_edge", "0.25")];
        assert_eq!(orders_in_the_last(&demanding, "0.30"), []);
    }

    #[test]
    fn a_bin_seen_too_rarely_is_not_believed() {
        let given = [SHORT[0], SHORT[1], ("min_count", "40")];

        assert_eq!(orders_in_the_last(&given, "0.30"), []);
    }

    #[test]
    fn frozen_learning_stops_at_the_split() {
        // The split is at 0.6667 of the hours 1 to 40: 26 markets have closed by then, fewer than wanted.
        let frozen = [SHORT[0], SHORT[1], ("min_count", "28"), ("learning", "frozen")];
        assert_eq!(orders_in_the_last(&frozen, "0.30"), []);
        let walking = [
            SHORT[0],
            SHORT[1],
            ("min_count", "28"),
            ("learning", "walk_forward"),
        ];
        assert_eq!(orders_in_the_last(&walking, "0.30").len(), 1);
    }

    #[test]
    fn kellys_stake_is_capped_by_the_quantity() {
        // Chance 0.8974, cost 0.70 + 0.0147: Kelly 0.1827 / 0.2853 = 0.6405; a tenth of $100 of it is $6.40, 8.96 contracts.
        let kelly = [
            SHORT[0],
            SHORT[1],
            SHORT[2],
            ("kelly_fraction", "0.1"),
            ("bankroll", "100"),
            ("quantity", "50"),
        ];
        assert_eq!(buys(&orders_in_the_last(&kelly, "0.30"))[0].2, "8.00");
        let capped = [
            kelly[0],
            kelly[1],
            kelly[2],
            kelly[3],
            kelly[4],
            ("quantity", "5"),
        ];
        assert_eq!(buys(&orders_in_the_last(&capped, "0.30"))[0].2, "5.00");
        assert!(
            CalibrationEdge::new(&params(
                &DESCRIPTION,
                &[("kelly_fraction", "1"), ("bankroll", "0")]
            ))
            .is_err()
        );
    }
}
