//! The life inside the exchange: [`Life`] lists series, events and markets, trades in them as users of the house, and settles
//! them, for ever.
//!
//! Behind each event stands a hidden path; what its markets are worth are probabilities given that path, so they add up to one
//! over exclusive outcomes and are calibrated at every instant. Market makers quote around noisy views of it, takers with and
//! without knowledge trade against them. When an event closes the next one of its lane is listed; its result follows a little
//! later from the path, and the exchange's timer pays it.
//!
//! Pure: all chance comes from the seed, all time from the caller. The same settings, times and commands of others give the
//! same events. What is asked, when, and how it ends depends on the seed and the times alone, never on anybody's orders.

mod acts;
mod course;
mod desk;
mod lanes;
mod listing;
mod makers;
mod names;
mod people;
mod question;
mod settings;
mod slab;
pub mod soak;
mod stall;
mod takers;
mod weights;

use std::collections::BTreeMap;

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use self::course::Due;
use self::desk::Desk;
use self::lanes::{Lane, lanes};
use self::people::People;
use self::question::Question;
use self::slab::Slab;
use self::stall::Stall;
use self::weights::Weights;
use crate::core::{Command, Event, Exchange};
use crate::world::chance::Chance;

pub use self::settings::LifeSettings;

/// Streams of the seed: which market is next, and what people do there; the paths of events follow from the third on.
const PICKS: u64 = 0;
const HANDS: u64 = 1;
const PATHS: u64 = 2;

/// Most events listed, closed or decided in one call of [`Life::live`]; the others wait for the next call.
const DUE_PER_CALL: usize = 64;
/// Longest time, in seconds, whose acts are made up for; after a longer silence the rest are left out.
const LONGEST_SILENCE_S: f64 = 1.0;
/// Acts at the founding, so that the first to look finds last prices and volumes: per market, and at most.
const FOUNDING_ACTS_PER_MARKET: u64 = 10;
const FOUNDING_ACTS: u64 = 2_000;
/// Weight of a market of average interest.
const USUAL_WEIGHT: f64 = 100.0;
/// Spread of interest among events of one kind, as the standard deviation of its logarithm: a few are on everybody's lips.
const FAVOUR_SIGMA: f64 = 1.1;

/// Everything the exchange's own people know and intend; to be kept and restored together with the [`Exchange`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Life {
    settings: LifeSettings,
    /// When it began; the time of the world is that of the clock then.
    founded: Timestamp,
    /// Until when it was lived.
    lived: Timestamp,
    /// Acts due but not whole yet, below one.
    owed: f64,
    picks: Chance,
    hands: Chance,
    /// Events ever listed; each has a stream of its own.
    asked: u64,
    lanes: Vec<Lane>,
    /// Mean interest over all markets.
    usual_interest: f64,
    questions: Slab<Question>,
    stalls: Slab<Stall>,
    weights: Weights,
    /// What comes by itself, by time and number.
    agenda: BTreeMap<(Timestamp, u64), Due>,
    scheduled: u64,
    people: Option<People>,
}

impl Life {
    /// A life that has not begun; values outside their ranges are drawn into them.
    pub fn new(settings: LifeSettings, now: Timestamp) -> Life {
        let settings = settings.bounded();
        let lanes = lanes(settings.markets);
        Life {
            founded: now,
            lived: now,
            owed: 0.0,
            picks: Chance::new(settings.seed, PICKS),
            hands: Chance::new(settings.seed, HANDS),
            asked: 0,
            usual_interest: usual_interest(&lanes),
            lanes,
            questions: Slab::default(),
            stalls: Slab::default(),
            weights: Weights::default(),
            agenda: BTreeMap::new(),
            scheduled: 0,
            people: None,
            settings,
        }
    }

    /// What it was made from.
    pub fn settings(&self) -> &LifeSettings {
        &self.settings
    }

    /// Opens the house's users, lists everything that is open at `now`, and lets makers quote. To be called once, on an
    /// exchange that knows none of it; a second call does nothing.
    pub fn found(&mut self, now: Timestamp, exchange: &mut Exchange, events: &mut Vec<Event>) {
        if self.people.is_some() {
            return;
        }
        (self.founded, self.lived) = (now, now);
        let mut desk = Desk {
            now,
            exchange,
            events,
        };
        self.people = People::open(&mut desk);
        let mut listed = None;
        for lane in self.lanes.clone() {
            let spec = listing::series_spec(&lane.plan(now));
            // Lanes of one series follow each other, mostly; the others are refused as known already.
            if listed.as_ref() != Some(&spec.ticker) {
                listed = Some(spec.ticker.clone());
                let _ = desk.apply(&Command::ListSeries(spec));
            }
        }
        for lane in 0..u32::try_from(self.lanes.len()).unwrap_or(u32::MAX) {
            self.ask(&mut desk, lane, now);
        }
        let _ = desk.apply(&Command::Advance);
        while self.do_next_due(&mut desk) {}
        if let Some(people) = self.people {
            let markets = u64::from(self.settings.markets);
            for _ in 0..(markets * FOUNDING_ACTS_PER_MARKET).min(FOUNDING_ACTS) {
                self.act(&mut desk, people);
            }
        }
    }

    /// Lives on until `now`: lists, closes and decides what is due, then lets people act. Does a bounded amount of work;
    /// does nothing before [`Life::found`].
    pub fn live(&mut self, now: Timestamp, exchange: &mut Exchange, events: &mut Vec<Event>) {
        let Some(people) = self.people else { return };
        let mut desk = Desk {
            now,
            exchange,
            events,
        };
        let _ = desk.apply(&Command::Advance);
        if !desk.exchange.trading_active() {
            // What is due waits for the end of the pause, and nobody could replace what they canceled now.
            self.lived = self.lived.max(now);
            return;
        }
        for _ in 0..DUE_PER_CALL {
            if !self.do_next_due(&mut desk) {
                break;
            }
        }
        for _ in 0..self.acts_until(now) {
            self.act(&mut desk, people);
        }
    }

    /// Markets that people trade in now.
    pub fn open_markets(&self) -> usize {
        self.stalls
            .iter()
            .filter(|(number, _)| self.weights.get(*number) > 0)
            .count()
    }

    /// Whole acts due by `now`; the rest is owed.
    fn acts_until(&mut self, now: Timestamp) -> u64 {
        let passed = now.micros_since(self.lived).max(0) as f64 / 1e6;
        self.lived = self.lived.max(now);
        let due = self.owed + self.settings.pace * passed.min(LONGEST_SILENCE_S);
        let whole = libm::floor(due);
        self.owed = due - whole;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number above zero"
        )]
        let whole = whole as u64;
        whole
    }
}

/// Mean interest over the markets of these lanes, at least a little.
fn usual_interest(lanes: &[Lane]) -> f64 {
    let markets: f64 = lanes.iter().map(|lane| f64::from(lane.markets())).sum();
    let interest: f64 = lanes
        .iter()
        .map(|lane| f64::from(lane.markets()) * lane.interest())
        .sum();
    // The mean of a log-normal variable is above its median.
    let lift = libm::exp(FAVOUR_SIGMA * FAVOUR_SIGMA / 2.0);
    (interest / markets.max(1.0) * lift).max(1e-6)
}

#[cfg(test)]
mod tests;
