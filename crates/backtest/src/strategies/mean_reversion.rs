//! Bets that a price far from its recent mean comes back.

use std::collections::{BTreeMap, VecDeque};

use kmi_domain::Side;

use super::swing::{HOLD, MAX_POSITION, PATIENCE, QUANTITY, SLIPPAGE, STOP_BEFORE_CLOSE, Signal, Swing};
use crate::strategy::{
    Event, Intents, MarketId, ParamError, ParamKind, ParamSpec, Params, Strategy, StrategyDescription, View,
};

/// Name, parameters and constructor.
pub const DESCRIPTION: StrategyDescription = StrategyDescription {
    name: "mean_reversion",
    doc: "When a print lies entry_z standard deviations from the mean of the prints before it, buys the contract that became \
          cheap; sells it again when the price is back within exit_z, or after hold.",
    params: &[
        ParamSpec {
            name: "window",
            kind: ParamKind::Count { min: 3, max: 10_000 },
            default: "20",
            doc: "Prints the mean and deviation are of, the newest not among them.",
        },
        ParamSpec {
            name: "entry_z",
            kind: ParamKind::Number { min: 0.1, max: 100.0 },
            default: "3",
            doc: "Distance from the mean that opens a position, in standard deviations.",
        },
        ParamSpec {
            name: "exit_z",
            kind: ParamKind::Number { min: 0.0, max: 100.0 },
            default: "0.5",
            doc: "Distance from the mean within which it is closed, in standard deviations.",
        },
        ParamSpec {
            name: "min_move",
            kind: ParamKind::Price,
            default: "0.05",
            doc: "Least distance from the mean that opens a position, in dollars: below two fees nothing is left.",
        },
        QUANTITY,
        MAX_POSITION,
        HOLD,
        SLIPPAGE,
        PATIENCE,
        STOP_BEFORE_CLOSE,
    ],
    build: |params| Ok(Box::new(MeanReversion::new(params)?)),
};

/// Buys what fell too far below its rolling mean, YES or NO.
///
/// The idea is that of statistical arbitrage on one series (Poterba & Summers 1988, "Mean Reversion in Stock Prices"): a large
/// print moves a thin market further than its news. A settled question does not come back, hence the stop before the close.
#[derive(Clone, Debug)]
pub struct MeanReversion {
    window: usize,
    entry_z: f64,
    exit_z: f64,
    min_move: f64,
    swing: Swing,
    prints: BTreeMap<MarketId, VecDeque<f64>>,
}

impl MeanReversion {
    /// From the parameters of [`DESCRIPTION`].
    ///
    /// # Errors
    /// [`ParamError::Conflict`] when it would leave before it enters, or enter with more than it may hold.
    pub fn new(params: &Params) -> Result<MeanReversion, ParamError> {
        let (entry_z, exit_z) = (params.number("entry_z"), params.number("exit_z"));
        if exit_z >= entry_z {
            return Err(ParamError::Conflict {
                names: "exit_z, entry_z",
                rule: "exit_z must be below entry_z",
            });
        }
        Ok(MeanReversion {
            window: usize::try_from(params.count("window")).unwrap_or(usize::MAX),
            entry_z,
            exit_z,
            min_move: params.price("min_move").probability(),
            swing: Swing::new(params)?,
            prints: BTreeMap::new(),
        })
    }

    /// What a print says, given those before it; afterwards it is one of them.
    fn signal(&mut self, market: MarketId, price: f64) -> Signal {
        let prints = self.prints.entry(market).or_default();
        let standing = (prints.len() == self.window).then(|| distance(prints, price));
        prints.push_back(price);
        if prints.len() > self.window {
            prints.pop_front();
        }
        match standing {
            Some((away, z)) if z.abs() >= self.entry_z && away.abs() >= self.min_move => {
                Signal::Enter(if away > 0.0 { Side::No } else { Side::Yes })
            }
            Some((_, z)) if z.abs() <= self.exit_z => Signal::Exit,
            _ => Signal::Keep,
        }
    }
}

/// Distance of `price` from the mean of `prints`, in dollars and in standard deviations (n − 1). Prints all alike count as
/// spread by a hundredth of a cent, so that any move away from them is a large one.
fn distance(prints: &VecDeque<f64>, price: f64) -> (f64, f64) {
    let n = prints.len() as f64;
    let mean = prints.iter().sum::<f64>() / n;
    let variance = prints.iter().map(|print| (print - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (price - mean, (price - mean) / variance.sqrt().max(1e-4))
}

impl Strategy for MeanReversion {
    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        match event {
            Event::Trade(trade) => {
                let signal = self.signal(trade.market, trade.price.probability());
                self.swing.act(trade.market, signal, view, intents);
            }
            Event::Order(update) => {
                self.swing
                    .on_update(update.order.market, &update.kind, view, intents);
            }
            Event::Timer { token } => self.swing.on_timer(*token, view, intents),
            Event::Settled { market, .. } => _ = self.prints.remove(market),
            Event::Book { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Desk, buys, params};
    use super::*;
    use kmi_domain::Quantity;

    fn strategy(given: &[(&str, &str)]) -> MeanReversion {
        MeanReversion::new(&params(&DESCRIPTION, given)).unwrap()
    }

    #[test]
    fn a_spike_is_sold_and_its_return_bought_back() {
        let mut desk = Desk::tape(1);
        let mut strategy = strategy(&[("window", "4"), ("entry_z", "2"), ("min_move", "0.05")]);
        for price in ["0.40", "0.42", "0.40", "0.42"] {
            assert_eq!(desk.print(&mut strategy, 0, price), []);
        }

        // Mean 0.41, deviation 0.0115: 0.55 is twelve of them away, so NO is cheap at 0.45, up to 0.47.
        let orders = desk.print(&mut strategy, 0, "0.55");
        assert_eq!(
            buys(&orders),
            [("no".to_owned(), "0.4700".to_owned(), "1.00".to_owned())]
        );

        desk.fill(&mut strategy, &orders[0], "0.55");
        assert_eq!(desk.position(0), Quantity::from_contracts(-1));
        // Before it 0.42, 0.40, 0.42, 0.55: mean 0.4475, deviation 0.069, so 0.52 is one of them away.
        assert_eq!(desk.print(&mut strategy, 0, "0.52"), []);
        // Then 0.40, 0.42, 0.55, 0.52: mean 0.4725, deviation 0.074, so 0.46 is back.
        let orders = desk.print(&mut strategy, 0, "0.46");
        assert_eq!(
            buys(&orders),
            [("yes".to_owned(), "1.0000".to_owned(), "1.00".to_owned())]
        );
    }

    #[test]
    fn a_position_is_closed_when_its_time_is_up() {
        let mut desk = Desk::tape(1);
        let mut strategy = strategy(&[("window", "3"), ("hold", "1h")]);
        for price in ["0.40", "0.40", "0.40"] {
            desk.print(&mut strategy, 0, price);
        }
        let orders = desk.print(&mut strategy, 0, "0.30");
        assert_eq!(buys(&orders)[0].0, "yes");
        desk.fill(&mut strategy, &orders[0], "0.30");

        assert_eq!(desk.ring_after(&mut strategy, 3_599), []);
        let orders = desk.ring_after(&mut strategy, 1);
        assert_eq!(buys(&orders)[0].0, "no");
    }

    #[test]
    fn an_exit_that_is_working_when_the_time_is_up_is_waited_for() {
        let mut desk = Desk::tape(1);
        let mut strategy = strategy(&[("window", "3"), ("hold", "1h")]);
        for price in ["0.40", "0.40", "0.40"] {
            desk.print(&mut strategy, 0, price);
        }
        let orders = desk.print(&mut strategy, 0, "0.30");
        desk.fill(&mut strategy, &orders[0], "0.30");
        let exit = desk.print(&mut strategy, 0, "0.37");
        assert_eq!(buys(&exit)[0].0, "no");

        assert_eq!(desk.ring_after(&mut strategy, 3_600), []);
        assert_eq!(desk.fill(&mut strategy, &exit[0], "0.37"), []);
        assert_eq!(desk.position(0), Quantity::ZERO);
    }

    #[test]
    fn nothing_is_opened_near_the_close_or_twice_at_once() {
        let mut desk = Desk::tape(1);
        let mut strategy = strategy(&[("window", "3")]);
        for price in ["0.40", "0.40", "0.40"] {
            desk.print(&mut strategy, 0, price);
        }
        assert_eq!(desk.print(&mut strategy, 0, "0.30").len(), 1);
        assert_eq!(
            desk.print(&mut strategy, 0, "0.20"),
            [],
            "one order is still working"
        );

        let mut late = Desk::tape(1);
        late.until_close(3_000);
        let mut strategy = self::strategy(&[("window", "3")]);
        for price in ["0.40", "0.40", "0.40", "0.30"] {
            assert_eq!(late.print(&mut strategy, 0, price), []);
        }
    }

    #[test]
    fn thresholds_that_contradict_each_other_are_refused() {
        let error =
            MeanReversion::new(&params(&DESCRIPTION, &[("exit_z", "3"), ("entry_z", "2")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "parameters exit_z, entry_z: exit_z must be below entry_z"
        );
    }
}
