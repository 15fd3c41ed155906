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

mod desk;
mod lanes;
mod listing;
mod makers;
mod names;
mod question;
mod settings;
mod slab;
pub mod soak;
mod stall;
mod takers;
mod weights;

use std::collections::BTreeMap;

use kmi_domain::MarketResult;
use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use self::desk::Desk;
use self::lanes::{Lane, lanes};
use self::listing::Times;
use self::question::Question;
use self::slab::Slab;
use self::stall::{Bustle, MAKERS, Stall};
use self::takers::Reach;
use self::weights::Weights;
use crate::core::{Command, Event, Exchange, Payment, Reply, UserId};
use crate::world::chance::Chance;
use crate::world::plan::Plan;

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

/// Users of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct People {
    makers: [UserId; MAKERS],
    patient: UserId,
    informed: UserId,
    crowd: UserId,
}

/// Something that comes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Due {
    /// A lane asks its next question: the one that is open just after this time of the world.
    Ask { lane: u32, after: Timestamp },
    /// A question's markets open.
    Open(u32),
    /// A question's markets are closed.
    Close(u32),
    /// A question's result is known.
    Decide(u32),
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

    /// Somebody acts somewhere.
    fn act(&mut self, desk: &mut Desk, people: People) {
        let total = self.weights.total();
        if total == 0 {
            return;
        }
        // A remainder is uneven by less than the total in 2⁶², and one draw is taken whatever happens.
        let number = self.weights.at(self.picks.bits() % total);
        let world = self.world(desk.now);
        let Some(stall) = self.stalls.get_mut(number) else {
            return;
        };
        let Some(question) = self.questions.get_mut(stall.question) else {
            return;
        };
        question.advance(world);
        if !desk.exchange.market(stall.market).is_active() {
            return;
        }
        let hands = &mut self.hands;
        let worth = question.hidden.worth(stall.claim);
        match hands.uniform() {
            u if u < 0.900 => {
                let maker = u8::try_from(hands.index(usize::from(stall.bustle.makers()))).unwrap_or(0);
                let belief = question.belief(maker, stall.claim, hands);
                let user = people.makers[usize::from(maker)];
                makers::requote(desk, stall, (maker, user), belief, hands);
            }
            u if u < 0.945 => takers::take_anyhow(desk, stall, people.crowd, Reach::Near, hands),
            u if u < 0.975 => takers::take_with_knowledge(desk, stall, people.informed, worth, hands),
            u if u < 0.998 => takers::wait_inside(desk, stall, people.patient, hands),
            _ => takers::take_anyhow(desk, stall, people.crowd, Reach::Far, hands),
        }
    }

    /// Does the first thing that is due; false when nothing is.
    fn do_next_due(&mut self, desk: &mut Desk) -> bool {
        let Some(entry) = self
            .agenda
            .first_entry()
            .filter(|entry| entry.key().0 <= desk.now)
        else {
            return false;
        };
        match entry.remove() {
            Due::Ask { lane, after } => {
                // After a long silence the questions that came and went meanwhile are not asked.
                let after = after.max(self.world(desk.now));
                self.ask(desk, lane, after);
                let _ = desk.apply(&Command::Advance);
            }
            Due::Open(question) => self.open(desk, question),
            Due::Close(question) => self.close(question),
            Due::Decide(question) => self.decide(desk, question),
        }
        true
    }

    /// Lists the event of a lane that is open just after a time of the world.
    fn ask(&mut self, desk: &mut Desk, lane: u32, after: Timestamp) {
        let Some(&this) = self.lanes.get(lane as usize) else {
            return;
        };
        let plan = this.plan(after);
        let mut paths = Chance::new(self.settings.seed, PATHS + self.asked);
        self.asked += 1;
        let (soonest, latest) = this.verdict_s();
        let verdict = plan.close.plus_seconds(paths.between(soonest, latest));
        let times = Times {
            open: self.clock(plan.open),
            close: self.clock(plan.close),
            verdict: self.clock(verdict),
            settlement_timer_s: (this.settlement_timer_s() / self.settings.time_scale).max(1),
        };
        let next = Due::Ask {
            lane,
            after: plan.close,
        };
        self.schedule(self.clock(plan.close.plus_seconds(-this.lead_s())), next);
        if desk
            .apply(&Command::ListEvent(listing::event_spec(&plan, times)))
            .is_err()
        {
            // Somebody listed an event of this name; the lane goes on with its next one.
            return;
        }
        let question = self.list_markets(desk, this, &plan, times, paths);
        self.schedule(times.open.max(desk.now), Due::Open(question));
        self.schedule(times.close, Due::Close(question));
        self.schedule(times.verdict, Due::Decide(question));
    }

    fn list_markets(
        &mut self,
        desk: &mut Desk,
        lane: Lane,
        plan: &Plan,
        times: Times,
        mut paths: Chance,
    ) -> u32 {
        let favour = lane.interest() * paths.about(1.0, FAVOUR_SIGMA);
        let asked = Question::new(plan, lane, paths);
        let opening: Vec<f64> = plan
            .outcomes
            .iter()
            .map(|outcome| asked.hidden.worth(outcome.claim))
            .collect();
        let question = self.questions.insert(asked);
        for (outcome, p) in plan.outcomes.iter().zip(opening) {
            let spec = listing::market_spec(plan, &outcome.market, times);
            let Ok(Reply::Market(market)) = desk.apply(&Command::ListMarket(spec)) else {
                continue;
            };
            // Long shots are less talked about.
            let share = favour / self.usual_interest * (0.3 + 1.6 * libm::sqrt(p * (1.0 - p)));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped above zero"
            )]
            let weight = (USUAL_WEIGHT * share).clamp(1.0, 1e6) as u32;
            let stall = self.stalls.insert(Stall {
                market,
                ticker: outcome.market.ticker.clone(),
                question,
                claim: outcome.claim,
                lots: plan.lots,
                bustle: Bustle::of(share),
                weight,
                quotes: Vec::new(),
            });
            if let Some(question) = self.questions.get_mut(question) {
                question.stalls.push(stall);
            }
        }
        question
    }

    /// Makers quote, and from now on people act.
    fn open(&mut self, desk: &mut Desk, number: u32) {
        let world = self.world(desk.now);
        let (Some(people), Some(question)) = (self.people, self.questions.get_mut(number)) else {
            return;
        };
        question.advance(world);
        for place in question.stalls.clone() {
            let Some(stall) = self.stalls.get_mut(place) else {
                continue;
            };
            self.weights.set(place, stall.weight);
            for (maker, user) in (0..stall.bustle.makers()).zip(people.makers) {
                let belief = question.belief(maker, stall.claim, &mut self.hands);
                makers::requote(desk, stall, (maker, user), belief, &mut self.hands);
            }
        }
    }

    /// Nobody acts any more; the exchange has closed the markets by itself.
    fn close(&mut self, number: u32) {
        let Some(question) = self.questions.get(number) else {
            return;
        };
        for place in &question.stalls {
            self.weights.set(*place, 0);
            if let Some(stall) = self.stalls.get_mut(*place) {
                stall.quotes = Vec::new();
            }
        }
    }

    /// Tells the results and forgets the question.
    fn decide(&mut self, desk: &mut Desk, number: u32) {
        let Some(mut question) = self.questions.remove(number) else {
            return;
        };
        question.resolve();
        for place in &question.stalls {
            self.weights.set(*place, 0);
            let Some(stall) = self.stalls.remove(*place) else {
                continue;
            };
            let told = |result| Command::Determine {
                market: stall.ticker.clone(),
                result,
                payment: Payment::AfterTimer,
            };
            if desk.apply(&told(question.result(stall.claim))).is_err() {
                // Somebody decided this market, or another of the event for yes; if there is none yet, the result is no.
                let _ = desk.apply(&told(MarketResult::No));
            }
        }
    }

    fn schedule(&mut self, time: Timestamp, due: Due) {
        self.agenda.insert((time, self.scheduled), due);
        self.scheduled += 1;
    }

    /// Time of the world at a time of the clock.
    fn world(&self, clock: Timestamp) -> Timestamp {
        let passed = clock.micros_since(self.founded);
        self.founded
            .plus_micros(passed.saturating_mul(i64::from(self.settings.time_scale)))
    }

    /// Time of the clock at a time of the world.
    fn clock(&self, world: Timestamp) -> Timestamp {
        let passed = world.micros_since(self.founded);
        self.founded
            .plus_micros(passed.div_euclid(i64::from(self.settings.time_scale)))
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

impl People {
    fn open(desk: &mut Desk) -> Option<People> {
        let mut makers = [UserId(0); MAKERS];
        for (maker, name) in makers
            .iter_mut()
            .zip(["house maker 1", "house maker 2", "house maker 3"])
        {
            *maker = desk.open_trader(name)?;
        }
        Some(People {
            makers,
            patient: desk.open_trader("house patient")?,
            informed: desk.open_trader("house informed")?,
            crowd: desk.open_trader("house crowd")?,
        })
    }
}

#[cfg(test)]
mod tests;
