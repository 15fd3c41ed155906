//! Snapshots come as a run of events; they are good only when whole.

use std::collections::BTreeMap;

use kmi_domain::{Level, Side};

use crate::feed::{FeedEvent, FeedKind};
use crate::strategy::MarketId;

/// The levels of a snapshot so far.
#[derive(Debug, Default)]
pub(super) struct Levels {
    left: u32,
    pub(super) yes: Vec<Level>,
    pub(super) no: Vec<Level>,
}

/// What an event was to the snapshots being collected.
#[derive(Debug)]
pub(super) enum Collected {
    /// Nothing: an event of its own.
    Other,
    /// Part of one that is not whole yet.
    Part,
    /// The last part.
    Whole(Levels),
}

/// Snapshots being collected, by market. Empty nearly always.
#[derive(Debug, Default)]
pub(super) struct Collector {
    open: BTreeMap<MarketId, Levels>,
}

impl Collector {
    #[inline]
    pub(super) fn collect(&mut self, event: &FeedEvent) -> Collected {
        match event.kind {
            FeedKind::Snapshot { levels } => self.begin(event.market, levels),
            FeedKind::Level {
                side,
                price,
                quantity,
            } if !self.open.is_empty() => self.add(event.market, side, Level { price, quantity }),
            _ => Collected::Other,
        }
    }

    #[cold]
    fn begin(&mut self, market: MarketId, levels: u32) -> Collected {
        if levels == 0 {
            self.open.remove(&market);
            return Collected::Whole(Levels::default());
        }
        let begun = Levels {
            left: levels,
            ..Levels::default()
        };
        self.open.insert(market, begun);
        Collected::Part
    }

    #[cold]
    fn add(&mut self, market: MarketId, side: Side, level: Level) -> Collected {
        let Some(levels) = self.open.get_mut(&market) else {
            return Collected::Other;
        };
        match side {
            Side::Yes => levels.yes.push(level),
            Side::No => levels.no.push(level),
        }
        levels.left -= 1;
        if levels.left > 0 {
            return Collected::Part;
        }
        self.open
            .remove(&market)
            .map_or(Collected::Part, Collected::Whole)
    }
}
