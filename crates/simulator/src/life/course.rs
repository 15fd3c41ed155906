//! What comes by itself: questions are asked, open, close and are decided.

use kmi_domain::{MarketResult, Timestamp};
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::lanes::Lane;
use super::listing::{self, Times};
use super::question::Question;
use super::stall::{Bustle, Stall};
use super::{FAVOUR_SIGMA, Life, PATHS, USUAL_WEIGHT, makers};
use crate::core::{Command, Payment, Reply};
use crate::world::chance::Chance;
use crate::world::plan::Plan;

/// Something that comes by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Due {
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
    /// Does the first thing that is due; false when nothing is.
    pub(super) fn do_next_due(&mut self, desk: &mut Desk) -> bool {
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
    pub(super) fn ask(&mut self, desk: &mut Desk, lane: u32, after: Timestamp) {
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
    pub(super) fn world(&self, clock: Timestamp) -> Timestamp {
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
