//! Sequence numbers of one subscription.

use std::ops::Range;

/// What a number says about the messages before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is missing.
    Next,
    /// It is the last one again, or one just told missing that comes late: it has been dealt with.
    Repeated,
    /// Messages are missing.
    Gap {
        /// Number that should have come.
        expected: u64,
    },
    /// The numbers went back: whatever was known is not to be trusted, nor is this message.
    Back {
        /// Number that should have come.
        expected: u64,
    },
}

/// Sequence numbers of one subscription, from 1.
///
/// Replies to commands carry numbers too, and it is not known whether they come from the same counter. `shared` is what has been
/// learned of it: false until a reply turns out to have taken a number, that is, until after a reply with the next number the
/// data goes on with the one after. That could also be a loss, so that it counts as one the first time; once learned it is
/// trusted, and unlearned when data takes a reply's number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    last: u64,
    /// Replies since `last` that would each be next if they shared the counter.
    replies: u64,
    /// Numbers that the gap just before `last` left out: told missing, so that coming late they are no news.
    skipped: Range<u64>,
}

impl Sequence {
    /// Takes note of a message.
    pub(super) fn data(&mut self, seq: u64, shared: &mut bool) -> Step {
        if (self.last > 0 && seq == self.last) || self.skipped.contains(&seq) {
            return Step::Repeated;
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
        } else if seq < expected {
            Step::Back { expected }
        } else {
            *shared |= seq == with_replies;
            Step::Gap { expected }
        };
        let skipped = match step {
            Step::Gap { .. } => expected..seq,
            _ => 0..0,
        };
        *self = Sequence {
            last: seq,
            replies: 0,
            skipped,
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
    fn numbers_that_go_back_are_told_at_once_and_followed() {
        let steps = run(&mut false, &[('d', 1), ('d', 2), ('d', 3), ('d', 1), ('d', 2)]);
        assert_eq!(steps[3..], [Step::Back { expected: 4 }, Step::Next]);
    }

    #[test]
    fn a_number_left_out_long_ago_goes_back() {
        let steps = run(&mut false, &[('d', 1), ('d', 4), ('d', 3), ('d', 5), ('d', 2)]);
        assert_eq!(
            steps[1..],
            [
                Step::Gap { expected: 2 },
                Step::Repeated,
                Step::Next,
                Step::Back { expected: 6 }
            ]
        );
    }
}
