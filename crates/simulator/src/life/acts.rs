//! Who does what, and how often: [`Act`].

use super::desk::Desk;
use super::people::People;
use super::takers::Reach;
use super::{Life, makers, takers};

/// Something somebody does in one market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// A market maker looks again and moves its quotes.
    Requote,
    /// Somebody takes a little for reasons of their own.
    Take,
    /// Somebody who knows takes what is too cheap, or leaves.
    Look,
    /// Somebody rests an order inside the spread.
    Wait,
    /// Somebody takes a lot, whatever it costs.
    Sweep,
}

/// How often each happens, in a thousand.
const SHARES: [(Act, u32); 5] = [
    (Act::Requote, 900),
    (Act::Take, 45),
    (Act::Look, 30),
    (Act::Wait, 23),
    (Act::Sweep, 2),
];

impl Act {
    /// The act on which a number of 0 to 999 falls; the first for any above.
    fn at(mut number: u32) -> Act {
        for (act, share) in SHARES {
            if number < share {
                return act;
            }
            number -= share;
        }
        Act::Requote
    }
}

impl Life {
    /// Somebody acts somewhere.
    pub(super) fn act(&mut self, desk: &mut Desk, people: People) {
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
        match Act::at(u32::try_from(hands.index(1_000)).unwrap_or(0)) {
            Act::Requote => {
                let maker = u8::try_from(hands.index(usize::from(stall.bustle.makers()))).unwrap_or(0);
                let belief = question.belief(maker, stall.claim, hands);
                let user = people.makers[usize::from(maker)];
                makers::requote(desk, stall, (maker, user), belief, hands);
            }
            Act::Look => {
                let worth = question.hidden.worth(stall.claim);
                takers::take_with_knowledge(desk, stall, people.informed, worth, hands);
            }
            Act::Take => takers::take_anyhow(desk, stall, people.crowd, Reach::Near, hands),
            Act::Sweep => takers::take_anyhow(desk, stall, people.crowd, Reach::Far, hands),
            Act::Wait => takers::wait_inside(desk, stall, people.patient, hands),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_acts_make_a_whole() {
        assert_eq!(SHARES.iter().map(|(_, share)| share).sum::<u32>(), 1_000);
        assert_eq!(Act::at(899), Act::Requote);
        assert_eq!(Act::at(900), Act::Take);
        assert_eq!(Act::at(999), Act::Sweep);
    }
}
