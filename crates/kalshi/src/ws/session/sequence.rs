//! Sequence numbers of one subscription.

/// What a number says about the messages before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is missing.
    Next,
    /// It was here before, or comes late: everything up to it has been dealt with.
    Repeated,
    /// Messages are missing.
    Gap {
        /// Number that should have come.
        expected: u64,
    },
}

/// Numbers below the last one in a row after which the exchange is taken to have begun anew.
const REPEATS: u32 = 64;

/// Sequence numbers of one subscription, from 1.
///
/// Replies to commands carry numbers too, and it is not known whether they come from the same counter. `shared` is what has been
/// learned of it: false until a reply turns out to have taken a number, that is, until after a reply with the next number the
/// data goes on with the one after. That could also be a loss, so that it counts as one the first time; once learned it is
/// trusted, and unlearned when data takes a reply's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    last: u64,
    /// Replies since `last` that would each be next if they shared the counter.
    replies: u64,
    repeats: u32,
}

impl Sequence {
    /// Takes note of a message.
    pub(super) fn data(&mut self, seq: u64, shared: &mut bool) -> Step {
        if seq <= self.last {
            self.repeats += 1;
            if self.repeats < REPEATS {
                return Step::Repeated;
            }
        }
        let expected = self.last + 1;
        let with_replies = expected + self.replies;
        let step = if seq == expected {
            if self.replies > 0 {
                *shared = false;
            }
            Step::Next
        } else if seq == with_replies && *shared {
            Step::Next
        } else {
            *shared |= seq == with_replies;
            Step::Gap { expected }
        };
        *self = Sequence {
            last: seq,
            ..Sequence::default()
        };
        step
    }

    /// Takes note of a reply to a command.
    pub(super) fn reply(&mut self, seq: u64) {
        if seq == self.last + self.replies + 1 {
            self.replies += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(shared: &mut bool, numbers: &[(char, u64)]) -> Vec<Step> {
        let mut sequence = Sequence::default();
        let mut steps = Vec::new();
        for (kind, seq) in numbers {
            match kind {
                'd' => steps.push(sequence.data(*seq, shared)),
                _ => sequence.reply(*seq),
            }
        }
        steps
    }

    #[test]
    fn a_jump_is_a_gap_and_what_was_seen_is_repeated() {
        let steps = run(
            &mut false,
            &[('d', 1), ('d', 2), ('d', 2), ('d', 5), ('d', 4), ('d', 6)],
        );
        assert_eq!(
            steps,
            [
                Step::Next,
                Step::Next,
                Step::Repeated,
                Step::Gap { expected: 3 },
                Step::Repeated,
                Step::Next
            ]
        );
    }

    #[test]
    fn the_first_number_is_one() {
        assert_eq!(run(&mut false, &[('d', 2)]), [Step::Gap { expected: 1 }]);
    }

    #[test]
    fn replies_that_share_the_counter_cost_one_gap_and_then_none() {
        let mut shared = false;
        let steps = run(
            &mut shared,
            &[('d', 1), ('r', 2), ('d', 3), ('r', 4), ('r', 5), ('d', 6)],
        );
        assert_eq!(steps, [Step::Next, Step::Gap { expected: 2 }, Step::Next]);
        assert!(shared);
    }

    #[test]
    fn replies_with_a_counter_of_their_own_cost_nothing() {
        let mut shared = false;
        let steps = run(
            &mut shared,
            &[
                ('d', 1),
                ('d', 2),
                ('r', 1),
                ('d', 3),
                ('r', 4),
                ('d', 4),
                ('d', 5),
            ],
        );
        assert_eq!(steps, [Step::Next; 5]);
        assert!(!shared);
    }

    #[test]
    fn a_loss_beside_a_reply_is_still_a_gap() {
        let mut shared = true;
        let steps = run(&mut shared, &[('d', 1), ('r', 3), ('d', 4)]);
        assert_eq!(steps, [Step::Next, Step::Gap { expected: 2 }]);
    }

    #[test]
    fn data_with_a_replys_number_unlearns() {
        let mut shared = true;
        assert_eq!(run(&mut shared, &[('d', 1), ('r', 2), ('d', 2)]), [Step::Next; 2]);
        assert!(!shared);
    }

    #[test]
    fn an_exchange_that_begins_anew_is_followed_after_a_while() {
        let mut numbers = vec![('d', 1), ('d', 200)];
        numbers.extend((1..=70).map(|seq| ('d', seq)));
        let steps = run(&mut false, &numbers);
        assert_eq!(steps[2 + 62], Step::Repeated);
        assert!(matches!(steps[2 + 63], Step::Gap { .. }));
        assert_eq!(steps[2 + 64], Step::Next);
    }
}
