//! Whether every public trade was heard: [`Tape`].

use kmi_domain::Timestamp;

use crate::ingest::backfill::Hole;

/// Keeps account of the times when trades may have been missed.
#[derive(Debug)]
pub(super) struct Tape {
    /// When the stream last said anything.
    heard: Timestamp,
    /// Since when trades may be missing, and why; `None` while every one is heard.
    hole: Option<(Timestamp, String)>,
    /// What ends the hole.
    ends: Ends,
}

/// What ends a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// The next confirmation of the subscription.
    Subscribed,
    /// The next trade: then the reader has caught up.
    Trade,
}

impl Tape {
    /// At `start` nothing was heard yet.
    pub(super) fn new(start: Timestamp) -> Tape {
        Tape {
            heard: start,
            hole: Some((start, "the stream was not connected yet".to_owned())),
            ends: Ends::Subscribed,
        }
    }

    /// The stream said something, so that everything before has been heard, unless there is a hole.
    pub(super) fn hear(&mut self, at: Timestamp) {
        self.heard = self.heard.max(at);
    }

    /// Since when the hole is that goes on now.
    pub(super) fn hole(&self) -> Option<(Timestamp, &str)> {
        self.hole.as_ref().map(|(from, reason)| (*from, reason.as_str()))
    }

    /// The subscription is gone. True when that begins a hole.
    pub(super) fn lose(&mut self, reason: impl Into<String>) -> bool {
        self.ends = Ends::Subscribed;
        self.begin(reason)
    }

    /// We read too slowly, and trades are dropped until we have caught up. True when that begins a hole.
    pub(super) fn lag(&mut self) -> bool {
        if self.hole.is_none() {
            self.ends = Ends::Trade;
        }
        self.begin("the stream was read too slowly")
    }

    fn begin(&mut self, reason: impl Into<String>) -> bool {
        let is_new = self.hole.is_none();
        if is_new {
            self.hole = Some((self.heard, reason.into()));
        }
        is_new
    }

    /// Messages were lost in between, and no more are: a hole that is over already.
    pub(super) fn skip(&self, at: Timestamp, reason: String) -> Hole {
        Hole {
            from: self.heard.min(at),
            to: at,
            reason,
        }
    }

    /// The subscription is confirmed: every trade from now on is heard.
    pub(super) fn subscribed(&mut self, at: Timestamp) -> Option<Hole> {
        self.end(at)
    }

    /// A trade was heard.
    pub(super) fn traded(&mut self, at: Timestamp) -> Option<Hole> {
        (self.ends == Ends::Trade).then(|| self.end(at)).flatten()
    }

    fn end(&mut self, at: Timestamp) -> Option<Hole> {
        self.heard = self.heard.max(at);
        let (from, reason) = self.hole.take()?;
        Some(Hole {
            from,
            to: at.max(from),
            reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn span(hole: Option<Hole>) -> Option<(i64, i64)> {
        hole.map(|hole| (hole.from.seconds(), hole.to.seconds()))
    }

    #[test]
    fn a_connection_lost_is_a_hole_from_the_last_word_to_the_next_subscription() {
        let mut tape = Tape::new(at(100));
        assert_eq!(span(tape.subscribed(at(101))), Some((100, 101)));
        tape.hear(at(110));
        assert!(tape.lose("gone"));
        assert!(!tape.lose("still gone"), "one hole, told once");
        assert_eq!(tape.traded(at(111)), None, "a trade does not end it");
        assert_eq!(span(tape.subscribed(at(120))), Some((110, 120)));
        assert_eq!(tape.subscribed(at(121)), None);
    }

    #[test]
    fn lag_ends_with_the_next_trade() {
        let mut tape = Tape::new(at(0));
        tape.subscribed(at(1));
        tape.hear(at(10));
        assert!(tape.lag());
        assert_eq!(span(tape.traded(at(15))), Some((10, 15)));
        assert_eq!(tape.traded(at(16)), None);
    }

    #[test]
    fn lag_within_a_lost_connection_does_not_end_it_early() {
        let mut tape = Tape::new(at(0));
        assert!(!tape.lag());
        assert_eq!(tape.traded(at(5)), None);
        assert_eq!(span(tape.subscribed(at(9))), Some((0, 9)));
    }

    #[test]
    fn a_connection_lost_while_lagging_ends_with_the_subscription() {
        let mut tape = Tape::new(at(0));
        tape.subscribed(at(1));
        tape.lag();
        tape.lose("gone");
        assert_eq!(tape.traded(at(5)), None);
        assert_eq!(span(tape.subscribed(at(9))), Some((1, 9)));
    }
}
