//! Whether a capture has every frame of its subscriptions.

use std::collections::BTreeMap;

/// What a capture can be relied on for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Completeness {
    /// Sequence numbers go up by one within every subscription.
    Complete,
    /// They jump: frames were lost, or only some markets of the subscription were kept.
    Filtered,
}

impl Completeness {
    /// `complete` or `filtered`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Completeness::Complete => "complete",
            Completeness::Filtered => "filtered",
        }
    }
}

/// How a sequence number stands to the one before it in its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first of its subscription.
    First,
    /// One more than the last.
    Next,
    /// Anything else.
    Jump,
}

/// Last sequence number of every subscription of one connection.
#[derive(Clone, Debug, Default)]
pub struct SequenceTracker {
    last: BTreeMap<u64, u64>,
    /// The subscription seen last and its number, kept out of the map: nearly every frame is of the same one.
    hot: Option<(u64, u64)>,
    jumps: u64,
}

impl SequenceTracker {
    /// Takes note of a frame and says how it follows.
    #[inline]
    pub fn note(&mut self, sid: u64, seq: u64) -> Step {
        if let Some((hot, last)) = &mut self.hot
            && *hot == sid
        {
            let step = if seq == last.wrapping_add(1) {
                Step::Next
            } else {
                Step::Jump
            };
            *last = seq;
            self.jumps += u64::from(step == Step::Jump);
            return step;
        }
        self.note_other(sid, seq)
    }

    fn note_other(&mut self, sid: u64, seq: u64) -> Step {
        if let Some((hot, last)) = self.hot {
            self.last.insert(hot, last);
        }
        let step = match self.last.get(&sid) {
            None => Step::First,
            Some(last) if seq == last.wrapping_add(1) => Step::Next,
            Some(_) => Step::Jump,
        };
        self.jumps += u64::from(step == Step::Jump);
        self.hot = Some((sid, seq));
        step
    }

    /// Number of jumps so far.
    pub fn jumps(&self) -> u64 {
        self.jumps
    }

    /// What the frames so far can be relied on for.
    pub fn completeness(&self) -> Completeness {
        if self.jumps == 0 {
            Completeness::Complete
        } else {
            Completeness::Filtered
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subscription_counts_on_its_own() {
        let mut tracker = SequenceTracker::default();
        let steps = [(1, 7), (2, 1), (1, 8), (2, 2), (2, 4), (1, 9)].map(|(sid, seq)| tracker.note(sid, seq));

        assert_eq!(
            steps,
            [
                Step::First,
                Step::First,
                Step::Next,
                Step::Next,
                Step::Jump,
                Step::Next
            ]
        );
        assert_eq!(tracker.completeness(), Completeness::Filtered);
        assert_eq!(tracker.jumps(), 1);
    }
}
