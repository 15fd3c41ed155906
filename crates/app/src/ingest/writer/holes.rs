//! What the writer had to drop: [`Holes`], which become gaps in the database.

use std::time::Duration;

use kmi_domain::Timestamp;
use kmi_storage::{Batch, GapClosing, GapEnd, GapKey, GapKind, NewGap};

/// Rows that were dropped, by kind and time.
#[derive(Debug, Default)]
pub(super) struct Holes {
    snapshots: Option<Span>,
    trades: Option<Span>,
    /// Whether anything else was dropped, such as metadata; those have no gaps, they are sent again.
    others: bool,
    /// Beginning of the latest gap in the trades made of a hole: the next has another.
    used: Option<Timestamp>,
}

/// When what was dropped happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// The oldest of what was dropped first, by which the gap is known.
    first: Timestamp,
    /// The oldest of all.
    earliest: Timestamp,
}

impl Span {
    fn widen(span: &mut Option<Span>, from: Timestamp) {
        let span = span.get_or_insert(Span {
            first: from,
            earliest: from,
        });
        span.earliest = span.earliest.min(from);
    }
}

/// What a batch has of what cannot be had again, and since when; for when it is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    snapshots: Option<Timestamp>,
    trades: Option<Timestamp>,
}

impl Contents {
    pub(super) fn of(batch: &Batch) -> Contents {
        Contents {
            snapshots: batch.snapshots.iter().map(|row| row.time).min(),
            trades: batch.trades.iter().map(|(trade, _)| trade.time).min(),
        }
    }
}

impl Holes {
    /// Quotes of a batch were dropped.
    pub(super) fn drop_snapshots(&mut self, contents: Contents) {
        if let Some(from) = contents.snapshots {
            Span::widen(&mut self.snapshots, from);
        }
    }

    /// A whole batch was dropped.
    pub(super) fn drop_all(&mut self, contents: Contents) {
        self.drop_snapshots(contents);
        if let Some(from) = contents.trades {
            self.drop_trades(from);
        }
        self.others = true;
    }

    /// Whatever happened since then may have been dropped.
    pub(super) fn drop_since(&mut self, from: Timestamp) {
        Span::widen(&mut self.snapshots, from);
        self.drop_trades(from);
        self.others = true;
    }

    fn drop_trades(&mut self, mut from: Timestamp) {
        if self.trades.is_none() && self.used == Some(from) {
            // A gap of that name has its end already.
            from = from.minus(Duration::from_micros(1));
        }
        Span::widen(&mut self.trades, from);
    }

    /// Whether nothing was dropped.
    pub(super) fn is_empty(&self) -> bool {
        self.snapshots.is_none() && self.trades.is_none() && !self.others
    }

    /// Gaps that go on, told with whatever is spooled: so that they are known after a crash too.
    pub(super) fn open(&self) -> Vec<NewGap> {
        let all = [
            (GapKind::Snapshots, self.snapshots),
            (GapKind::Trades, self.trades),
        ];
        let open = all.into_iter().filter_map(|(kind, span)| Some((kind, span?)));
        open.map(|(kind, span)| gap(kind, span.first, None)).collect()
    }

    /// Ends all holes: what was dropped becomes gaps that have an end.
    pub(super) fn close(&mut self, to: Timestamp) -> Vec<NewGap> {
        let mut gaps = Vec::new();
        for (kind, span) in [
            (GapKind::Snapshots, self.snapshots),
            (GapKind::Trades, self.trades),
        ] {
            let Some(span) = span else { continue };
            gaps.push(gap(kind, span.first, Some(to.max(span.first))));
            if span.earliest < span.first {
                gaps.push(gap(kind, span.earliest, Some(span.first)));
            }
        }
        *self = Holes {
            used: self.trades.map(|span| span.first).or(self.used),
            ..Holes::default()
        };
        gaps
    }

    /// Takes away from a batch that gaps in the trades were filled of which trades were dropped. They stay open, and are filled again.
    pub(super) fn contradict(&self, batch: &mut Batch) {
        if let Some(span) = self.trades {
            batch.closed_gaps.retain(|closing| !is_false(span, closing));
        }
    }
}

fn is_false(span: Span, closing: &GapClosing) -> bool {
    closing.key.kind == GapKind::Trades
        && matches!(closing.end, GapEnd::Filled { .. })
        && closing.to.is_none_or(|to| to.plus(WIDENED) >= span.earliest)
}

/// By how much at most what was fetched for a gap is later than its end.
const WIDENED: Duration = Duration::from_mins(1);

fn gap(kind: GapKind, from: Timestamp, to: Option<Timestamp>) -> NewGap {
    let key = GapKey {
        kind,
        ticker: None,
        from,
    };
    let reason = "rows were dropped: the spool was full or damaged, or the database refused them".to_owned();
    NewGap { key, to, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn trades(from: i64) -> Contents {
        Contents {
            snapshots: None,
            trades: Some(at(from)),
        }
    }

    fn spans(gaps: &[NewGap]) -> Vec<(i64, Option<i64>)> {
        let spans = gaps.iter();
        spans
            .map(|gap| (gap.key.from.seconds(), gap.to.map(Timestamp::seconds)))
            .collect()
    }

    fn filled(from: i64, to: i64) -> GapClosing {
        GapClosing {
            key: gap(GapKind::Trades, at(from), None).key,
            to: Some(at(to)),
            at: at(to),
            end: GapEnd::Filled {
                source: "backfill".to_owned(),
                rows: 1,
            },
        }
    }

    #[test]
    fn a_hole_covers_the_oldest_of_what_was_dropped_and_keeps_its_name() {
        let mut holes = Holes::default();
        holes.drop_all(trades(500));
        assert_eq!(spans(&holes.open()), [(500, None)]);
        // Back-fill brings the newest first.
        holes.drop_all(trades(400));
        holes.drop_all(trades(450));
        assert_eq!(spans(&holes.open()), [(500, None)]);
        assert_eq!(spans(&holes.close(at(600))), [(500, Some(600)), (400, Some(500))]);
        assert!(holes.is_empty());
    }

    #[test]
    fn the_same_trades_dropped_again_are_a_gap_of_another_name() {
        let mut holes = Holes::default();
        holes.drop_all(trades(500));
        let first = holes.close(at(600));
        holes.drop_all(trades(500));
        let second = holes.close(at(700));
        assert_ne!(first[0].key, second[0].key);
        assert_eq!(second[0].to, Some(at(700)));
    }

    #[test]
    fn a_gap_whose_trades_were_dropped_is_not_filled() {
        let mut holes = Holes::default();
        let mut batch = Batch {
            closed_gaps: vec![filled(300, 400), filled(900, 1_000)],
            ..Batch::default()
        };
        let whole = batch.clone();
        holes.contradict(&mut batch);
        assert_eq!(batch, whole, "nothing was dropped");
        holes.drop_all(trades(800));
        holes.contradict(&mut batch);
        assert_eq!(batch.closed_gaps, [filled(300, 400)]);
    }
}
