//! Bets that a price on the move keeps moving.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use kmi_domain::{Side, Timestamp};

use super::swing::{HOLD, MAX_POSITION, PATIENCE, QUANTITY, SLIPPAGE, STOP_BEFORE_CLOSE, Signal, Swing};
use crate::strategy::{
    Event, Intents, MarketId, ParamError, ParamKind, ParamSpec, Params, Strategy, StrategyDescription, View,
};

/// Name, parameters and constructor.
pub const DESCRIPTION: StrategyDescription = StrategyDescription {
    name: "momentum",
    doc: "When the price moved by entry_move over lookback, buys the contract that is rising; sells it again when the move over \
          lookback has shrunk to exit_move, or after hold.",
    params: &[
        ParamSpec {
            name: "lookback",
            kind: ParamKind::Duration,
            default: "1h",
            doc: "Span over which the move is measured.",
        },
        ParamSpec {
            name: "entry_move",
            kind: ParamKind::Price,
            default: "0.08",
            doc: "Move of the YES price, either way, that opens a position, in dollars.",
        },
        ParamSpec {
            name: "exit_move",
            kind: ParamKind::Price,
            default: "0.00",
            doc: "Move at or below which, either way, it is closed, in dollars.",
        },
        QUANTITY,
        MAX_POSITION,
        HOLD,
        SLIPPAGE,
        PATIENCE,
        STOP_BEFORE_CLOSE,
    ],
    build: |params| Ok(Box::new(Momentum::new(params)?)),
};

/// Follows moves over a span of time (Jegadeesh & Titman 1993, "Returns to Buying Winners and Selling Losers", JF 48).
///
/// The move is the newest print against the last one at least `lookback` old; until there is one, there is no signal.
#[derive(Clone, Debug)]
pub struct Momentum {
    lookback: Duration,
    entry_move: i32,
    exit_move: i32,
    swing: Swing,
    prints: BTreeMap<MarketId, VecDeque<(Timestamp, i32)>>,
}

impl Momentum {
    /// From the parameters of [`DESCRIPTION`].
    ///
    /// # Errors
    /// [`ParamError::Conflict`] when it would leave as soon as it enters, or enter with more than it may hold.
    pub fn new(params: &Params) -> Result<Momentum, ParamError> {
        let (entry, exit) = (params.price("entry_move"), params.price("exit_move"));
        if exit >= entry {
            return Err(ParamError::Conflict {
                names: "exit_move, entry_move",
                rule: "exit_move must be below entry_move",
            });
        }
        Ok(Momentum {
            lookback: params.duration("lookback"),
            entry_move: i32::from(entry.units()),
            exit_move: i32::from(exit.units()),
            swing: Swing::new(params)?,
            prints: BTreeMap::new(),
        })
    }

    /// What a print says; `price` in units of $0.0001.
    fn signal(&mut self, market: MarketId, time: Timestamp, price: i32) -> Signal {
        let prints = self.prints.entry(market).or_default();
        prints.push_back((time, price));
        let since = time.minus(self.lookback);
        // The newest print not younger than the span stays at the front as what to compare with.
        while prints.get(1).is_some_and(|&(second, _)| second <= since) {
            prints.pop_front();
        }
        let Some(&(_, before)) = prints.front().filter(|&&(first, _)| first <= since) else {
            return Signal::Keep;
        };
        let moved = price - before;
        if moved.abs() >= self.entry_move {
            Signal::Enter(if moved > 0 { Side::Yes } else { Side::No })
        } else if moved.abs() <= self.exit_move {
            Signal::Exit
        } else {
            Signal::Keep
        }
    }
}

impl Strategy for Momentum {
    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        match event {
            Event::Trade(trade) => {
                let signal = self.signal(trade.market, trade.time, i32::from(trade.price.units()));
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

    fn strategy(given: &[(&str, &str)]) -> Momentum {
        Momentum::new(&params(&DESCRIPTION, given)).unwrap()
    }

    #[test]
    fn a_rise_over_the_span_buys_yes_and_its_end_sells_it() {
        let mut desk = Desk::tape(1);
        let mut strategy = strategy(&[("lookback", "10m"), ("entry_move", "0.05"), ("exit_move", "0.01")]);
        assert_eq!(desk.print(&mut strategy, 0, "0.40"), []);
        desk.wait(300);
        assert_eq!(
            desk.print(&mut strategy, 0, "0.47"),
            [],
            "five minutes are no ten"
        );
        desk.wait(300);

        let orders = desk.print(&mut strategy, 0, "0.46");
        assert_eq!(
            buys(&orders),
            [("yes".to_owned(), "0.4800".to_owned(), "1.00".to_owned())]
        );
        desk.fill(&mut strategy, &orders[0], "0.46");
        desk.wait(300);

        // Ten minutes before it was 0.47.
        let orders = desk.print(&mut strategy, 0, "0.46");
        assert_eq!(
            buys(&orders),
            [("no".to_owned(), "1.0000".to_owned(), "1.00".to_owned())]
        );
    }

    #[test]
    fn a_fall_buys_no_until_the_most_that_may_be_held() {
        let mut desk = Desk::tape(1);
        let mut strategy = strategy(&[("lookback", "10m"), ("quantity", "2"), ("max_position", "3")]);
        desk.print(&mut strategy, 0, "0.60");
        desk.wait(600);
        let orders = desk.print(&mut strategy, 0, "0.50");
        desk.fill(&mut strategy, &orders[0], "0.50");
        let orders = desk.print(&mut strategy, 0, "0.49");
        assert_eq!(
            buys(&orders),
            [("no".to_owned(), "0.5300".to_owned(), "1.00".to_owned())]
        );
        desk.fill(&mut strategy, &orders[0], "0.49");

        assert_eq!(desk.print(&mut strategy, 0, "0.40"), []);
        assert_eq!(desk.position(0), Quantity::from_contracts(-3));
    }

    #[test]
    fn a_turn_closes_before_it_opens_the_other_way() {
        let mut desk = Desk::tape(1);
        let mut strategy = strategy(&[("lookback", "10m")]);
        desk.print(&mut strategy, 0, "0.40");
        desk.wait(600);
        let orders = desk.print(&mut strategy, 0, "0.50");
        desk.fill(&mut strategy, &orders[0], "0.50");
        desk.wait(600);

        let orders = desk.print(&mut strategy, 0, "0.30");

        assert_eq!(
            buys(&orders),
            [("no".to_owned(), "1.0000".to_owned(), "1.00".to_owned())]
        );
    }
}
