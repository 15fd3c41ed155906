//! Proof that a strategy does not see the future: change the future, and nothing it decided before may change.

use kmi_domain::{MarketResult, Timestamp};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::engine::{RunConfig, RunError, run};
use crate::feed::{Dataset, FeedKind};
use crate::strategy::{Event, Intent, Intents, Strategy, View};

/// Something a strategy asked for, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The strategy's clock.
    pub time: Timestamp,
    /// What it asked for.
    pub intent: Intent,
}

/// A decision that was different when only the future was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookaheadFound {
    /// Everything after this was changed.
    pub cut: Timestamp,
    /// Place among the decisions of the run, from 0.
    pub index: usize,
    /// What it decides on the data as recorded; `None` when it decides less.
    pub recorded: Option<Decision>,
    /// What it decides with another future; `None` when it decides less.
    pub scrambled: Option<Decision>,
}

/// What a check came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookaheadReport {
    /// Decisions of the run on the data as recorded.
    pub decisions: usize,
    /// The cuts tried, in order.
    pub cuts: Vec<Timestamp>,
    /// Decisions compared, over all cuts.
    pub compared: usize,
    /// The first difference of each cut that had one.
    pub found: Vec<LookaheadFound>,
}

impl LookaheadReport {
    /// True when no decision depended on the future.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.found.is_empty()
    }
}

/// Writes down what another strategy asks for.
#[derive(Debug)]
pub struct Recorder<S> {
    inner: S,
    decisions: Vec<Decision>,
}

impl<S: Strategy> Recorder<S> {
    /// Records `inner`.
    pub const fn new(inner: S) -> Recorder<S> {
        Recorder {
            inner,
            decisions: Vec::new(),
        }
    }

    /// What was asked for so far, in order.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    fn note(&mut self, time: Timestamp, intents: &Intents) {
        let decided = intents.pending().iter().map(|intent| Decision {
            time,
            intent: *intent,
        });
        self.decisions.extend(decided);
    }
}

impl<S: Strategy> Strategy for Recorder<S> {
    fn start(&mut self, view: &View<'_>, intents: &mut Intents) {
        self.inner.start(view, intents);
        self.note(view.now(), intents);
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        self.inner.on_event(event, view, intents);
        if !intents.is_empty() {
            self.note(view.now(), intents);
        }
    }
}

/// Runs a strategy on the data as recorded and, for each of `cuts` instants spread evenly over the events, on the same data
/// with everything after the instant scrambled, and compares all it decided up to the instant.
///
/// `build` is given the data of each run, so that a strategy that holds on to it, and peeks, is caught. Scrambled means:
/// what the later events say is shuffled among them (their times and markets stay), prices change with it, and every
/// result that becomes known later is flipped. A strategy that peeks far is caught by any cut; one that peeks at the very
/// next event only just before a cut, so many cuts find more.
///
/// # Errors
/// As [`run`].
pub fn check_lookahead<S: Strategy>(
    data: &Dataset,
    config: &RunConfig,
    cuts: usize,
    seed: u64,
    build: impl Fn(&Dataset) -> S,
) -> Result<LookaheadReport, RunError> {
    let decide = |data: &Dataset| {
        let mut recorder = Recorder::new(build(data));
        run(data, &mut recorder, config).map(|_| recorder.decisions)
    };
    let recorded = decide(data)?;
    let mut report = LookaheadReport {
        decisions: recorded.len(),
        cuts: cut_times(data, cuts),
        compared: 0,
        found: Vec::new(),
    };
    for (number, &cut) in (0..).zip(&report.cuts) {
        let scrambled = decide(&scramble(data, cut, seed.wrapping_add(number)))?;
        let (recorded, scrambled) = (until(&recorded, cut), until(&scrambled, cut));
        report.compared += recorded.len();
        report.found.extend(first_difference(cut, recorded, scrambled));
    }
    Ok(report)
}

/// Times of events that part the data evenly; each once.
fn cut_times(data: &Dataset, cuts: usize) -> Vec<Timestamp> {
    let events = data.events();
    let mut times: Vec<Timestamp> = (1..=cuts)
        .filter_map(|cut| events.get(events.len() * cut / (cuts + 1)))
        .map(|event| event.time)
        .collect();
    times.dedup();
    times
}

/// The decisions made at or before `cut`.
fn until(decisions: &[Decision], cut: Timestamp) -> &[Decision] {
    &decisions[..decisions.partition_point(|decision| decision.time <= cut)]
}

fn first_difference(cut: Timestamp, recorded: &[Decision], scrambled: &[Decision]) -> Option<LookaheadFound> {
    let longest = recorded.len().max(scrambled.len());
    (0..longest)
        .find(|&index| recorded.get(index) != scrambled.get(index))
        .map(|index| LookaheadFound {
            cut,
            index,
            recorded: recorded.get(index).copied(),
            scrambled: scrambled.get(index).copied(),
        })
}

/// The data with another future after `cut`.
fn scramble(data: &Dataset, cut: Timestamp, seed: u64) -> Dataset {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut data = data.clone();
    let close_times: Vec<Option<Timestamp>> = data.markets().iter().map(|market| market.close_time).collect();
    for (end, close_time) in data.ends_mut().iter_mut().zip(close_times) {
        if close_time.max(end.settled_time).is_none_or(|known| known > cut) {
            end.result = end.result.map(flip);
        }
    }
    let events = data.events_mut();
    let first = events.partition_point(|event| event.time <= cut);
    let later = &mut events[first..];
    let mut said: Vec<FeedKind> = later.iter().map(|event| event.kind).collect();
    said.shuffle(&mut chance);
    for (event, said) in later.iter_mut().zip(said) {
        event.kind = mirror(said, chance.random());
    }
    data
}

fn flip(result: MarketResult) -> MarketResult {
    match result {
        MarketResult::Yes => MarketResult::No,
        MarketResult::No => MarketResult::Yes,
        MarketResult::Scalar(value) => MarketResult::Scalar(value.complement()),
    }
}

/// Half of all events say the opposite contract: even a future in which nothing moves looks different then.
fn mirror(kind: FeedKind, mirrored: bool) -> FeedKind {
    match kind {
        FeedKind::Trade {
            price,
            quantity,
            taker,
        } if mirrored => FeedKind::Trade {
            price: price.complement(),
            quantity,
            taker: taker.opposite(),
        },
        FeedKind::Delta { side, price, change } if mirrored => FeedKind::Delta {
            side: side.opposite(),
            price,
            change,
        },
        FeedKind::Level {
            side,
            price,
            quantity,
        } if mirrored => FeedKind::Level {
            side: side.opposite(),
            price,
            quantity,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::fixed_horizon;
    use crate::strategy::{MarketId, NewOrder, Params};
    use crate::testing::{Scenery, at};
    use kmi_domain::{Quantity, Side};

    fn scenery() -> Dataset {
        let mut scenery = Scenery::tape();
        for number in 0..6_i64 {
            let result = if number % 2 == 0 { "yes" } else { "no" };
            let market = scenery.market(&format!("M{number}"), 100 + number * 50, result);
            for second in 0..40 {
                let cents = 5 + (second * 7 + number * 11) % 90;
                scenery.print(
                    market,
                    number * 50 + second * 2,
                    &format!("0.{cents:02}"),
                    3,
                    Side::Yes,
                );
            }
        }
        scenery.build()
    }

    fn check<S: Strategy>(cuts: usize, build: impl Fn(&Dataset) -> S) -> LookaheadReport {
        check_lookahead(&scenery(), &RunConfig::default(), cuts, 42, build).unwrap()
    }

    #[test]
    fn an_honest_strategy_decides_the_same_whatever_comes() {
        let specs = fixed_horizon::DESCRIPTION.params;
        let params = Params::parse(specs, [("horizon", "50s"), ("max_price", "0.99")]).unwrap();
        let report = check(5, |_| fixed_horizon::FixedHorizon::new(&params).unwrap());

        assert!(report.is_clean(), "{report:?}");
        assert_eq!(report.cuts.len(), 5);
        assert!(report.decisions > 6 && report.compared > 6);
    }

    /// Buys at each print whatever the results, which it holds on to, say will win.
    struct Peeker(Vec<Option<MarketResult>>);

    impl Strategy for Peeker {
        fn on_event(&mut self, event: &Event, _view: &View<'_>, intents: &mut Intents) {
            if let Event::Trade(trade) = event
                && self.0[trade.market.index()] == Some(MarketResult::Yes)
            {
                intents.place(NewOrder::buy_at_any_price(trade.market, Side::Yes, Quantity::ONE));
            }
        }
    }

    #[test]
    fn a_strategy_that_knows_results_is_caught() {
        let report = check(5, |data| {
            Peeker(data.ends().iter().map(|end| end.result).collect())
        });

        assert!(!report.is_clean());
        let found = report.found[0];
        assert!(found.recorded != found.scrambled);
    }

    /// Buys when the next print, which it holds on to, is higher.
    struct NextPrint {
        prints: Vec<(MarketId, FeedKind)>,
        seen: usize,
    }

    impl Strategy for NextPrint {
        fn on_event(&mut self, event: &Event, _view: &View<'_>, intents: &mut Intents) {
            let Event::Trade(trade) = event else { return };
            self.seen += 1;
            if let Some((market, FeedKind::Trade { price, .. })) = self.prints.get(self.seen)
                && *market == trade.market
                && *price > trade.price
            {
                intents.place(NewOrder::buy_at_any_price(*market, Side::Yes, Quantity::ONE));
            }
        }
    }

    #[test]
    fn a_strategy_that_knows_the_next_print_is_caught() {
        let report = check(60, |data| NextPrint {
            prints: data
                .events()
                .iter()
                .map(|event| (event.market, event.kind))
                .collect(),
            seen: 0,
        });

        // Only the print right after a cut is seen too early, so most cuts do not show it: hence the many.
        assert!(!report.is_clean());
        assert!(report.found.iter().all(|found| found.cut >= at(0)));
    }
}
