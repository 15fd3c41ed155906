//! An event people trade in, and what nobody in it sees: [`Question`].

use kmi_domain::{MarketResult, Price, Timestamp};
use serde::{Deserialize, Serialize};

use super::lanes::{Kind, Lane};
use super::stall::MAKERS;
use crate::world::chance::Chance;
use crate::world::hidden::{Claim, Hidden, News};
use crate::world::plan::Plan;

/// A listed event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) hidden: Hidden,
    /// What the path draws from: nothing else does, so that no order of anybody changes a result.
    pub(super) paths: Chance,
    /// By how much each maker is mistaken about the path, in standard deviations of what is still unknown.
    mistakes: [f64; MAKERS],
    /// Numbers of its markets' stalls.
    pub(super) stalls: Vec<u32>,
    /// When nothing more is unknown, in the time of the world.
    known_by: Timestamp,
}

/// How much of a mistake stays when a maker looks again, and how much comes anew: 0.04 in the long run.
const MEMORY: f64 = 0.97;
const SURPRISE: f64 = 0.01;

impl Question {
    /// The hidden life of a plan, run on to its opening: some things are known by then, so that no two events of a kind open
    /// alike.
    pub(super) fn new(plan: &Plan, lane: Lane, mut paths: Chance) -> Question {
        let length = plan.known_by.micros_since(plan.open);
        // At the opening a coin is where it is at the opening, and nothing else is known.
        let before = match lane.kind {
            Kind::Coin => 0,
            _ => length / 2,
        };
        let news = (0..paths.index(4))
            .map(|_| News {
                at: paths.uniform(),
                size: 0.03 + 0.12 * paths.uniform(),
            })
            .collect();
        let mut hidden = Hidden::with_news(plan.open.plus_micros(-before), plan.known_by, news);
        hidden.advance(plan.open, &mut paths);
        Question {
            hidden,
            paths,
            mistakes: [0.0; MAKERS],
            stalls: Vec::with_capacity(plan.outcomes.len()),
            known_by: plan.known_by,
        }
    }

    /// Lets the path run to a time of the world.
    pub(super) fn advance(&mut self, world: Timestamp) {
        self.hidden.advance(world, &mut self.paths);
    }

    /// What a maker believes a claim is worth, looking at it anew.
    pub(super) fn belief(&mut self, maker: u8, claim: Claim, hands: &mut Chance) -> f64 {
        let mistake = &mut self.mistakes[usize::from(maker) % MAKERS];
        *mistake = MEMORY * *mistake + SURPRISE * hands.normal();
        self.hidden.worth_to_one_mistaken_by(*mistake, claim)
    }

    /// Lets everything come out; then [`Question::result`] is final.
    pub(super) fn resolve(&mut self) {
        self.advance(self.known_by);
    }

    /// How a claim comes out: its worth as it stands, which is certain once everything is known.
    pub(super) fn result(&self, claim: Claim) -> MarketResult {
        let worth = self.hidden.worth(claim);
        match claim {
            Claim::Within(_) if worth > 0.5 => MarketResult::Yes,
            Claim::Within(_) => MarketResult::No,
            // A share of exactly nothing or everything would be no share.
            Claim::Share { .. } => {
                let share = worth.clamp(0.001, 0.999);
                MarketResult::Scalar(Price::nearest(share).expect("a share is a number"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::lanes::lanes;

    #[test]
    fn results_come_as_often_as_they_were_likely_at_the_opening() {
        let mut bins = [(0.0, 0.0, 0.0); 5];
        let weather = lanes(200)
            .into_iter()
            .find(|lane| lane.kind == Kind::Weather)
            .unwrap();
        let plan = weather.plan("2026-11-21T10:00:00Z".parse().unwrap());
        for stream in 0..4_000 {
            let mut question = Question::new(&plan, weather, Chance::new(5, stream));
            let claims: Vec<Claim> = plan.outcomes.iter().map(|outcome| outcome.claim).collect();
            let opening: Vec<f64> = claims.iter().map(|claim| question.hidden.worth(*claim)).collect();
            assert!((opening.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            question.resolve();
            let results: Vec<MarketResult> = claims.iter().map(|claim| question.result(*claim)).collect();
            assert_eq!(
                results
                    .iter()
                    .filter(|result| **result == MarketResult::Yes)
                    .count(),
                1
            );
            // One market per event, so that the draws are independent.
            let market = usize::try_from(stream).unwrap() % claims.len();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a probability times five"
            )]
            let bin = &mut bins[((opening[market] * 5.0) as usize).min(4)];
            let yes = f64::from(u8::from(results[market] == MarketResult::Yes));
            *bin = (bin.0 + opening[market], bin.1 + yes, bin.2 + 1.0);
        }
        for (said, came, count) in bins {
            // Four standard deviations of a binomial count at even odds.
            let bound = 4.0 * 0.5 * libm::sqrt(count);
            assert!(
                (said - came).abs() <= bound,
                "{said} said, {came} came, of {count}"
            );
        }
    }

    #[test]
    fn a_share_of_points_settles_between_nothing_and_a_dollar() {
        let share = lanes(200)
            .into_iter()
            .find(|lane| lane.kind == Kind::Share)
            .unwrap();
        let plan = share.plan("2026-11-21T10:00:00Z".parse().unwrap());
        let mut question = Question::new(&plan, share, Chance::new(5, 0));
        question.resolve();
        let MarketResult::Scalar(value) = question.result(plan.outcomes[0].claim) else {
            panic!("a share is paid as a share");
        };
        assert!(Price::ZERO < value && value < Price::ONE);
    }
}
