//! Bars of many markets, only where there are some, bounded in all: [`Sparse`].

use std::collections::VecDeque;

use kmi_domain::matching::MarketId;
use serde::{Deserialize, Serialize};

use crate::records::limits::CandleLimits;

/// A thing that ends at some minute since 1970.
pub(super) trait Bar: Copy {
    fn end(&self) -> u32;
}

/// Bars by market in order of their ends, at most so many in all.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sparse<T> {
    lanes: Vec<Lane<T>>,
    /// Markets of the bars kept, oldest bar first, so that the oldest of all is found at once.
    order: VecDeque<MarketId>,
    limits: CandleLimits,
}

/// Bars of one market.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Lane<T> {
    bars: VecDeque<T>,
    /// The last one dropped, so that what came before the first bar kept is known.
    dropped: Option<T>,
}

impl<T> Default for Lane<T> {
    fn default() -> Lane<T> {
        Lane {
            bars: VecDeque::new(),
            dropped: None,
        }
    }
}

/// What is known of the bars up to some minute.
pub(super) enum UpTo<T> {
    /// This is the last of them.
    Last(T),
    /// There was none.
    Nothing,
    /// They are no longer kept.
    Forgotten,
}

impl<T> UpTo<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> UpTo<U> {
        match self {
            UpTo::Last(bar) => UpTo::Last(change(bar)),
            UpTo::Nothing => UpTo::Nothing,
            UpTo::Forgotten => UpTo::Forgotten,
        }
    }

    pub(super) fn known(self) -> Option<T> {
        match self {
            UpTo::Last(bar) => Some(bar),
            UpTo::Nothing | UpTo::Forgotten => None,
        }
    }

    pub(super) const fn is_forgotten(&self) -> bool {
        matches!(self, UpTo::Forgotten)
    }
}

impl<T: Bar> Sparse<T> {
    pub(super) const fn new(limits: CandleLimits) -> Sparse<T> {
        Sparse {
            lanes: Vec::new(),
            order: VecDeque::new(),
            limits,
        }
    }

    /// The market's bar that ends at `end`, a new one where there is none. A bar later than `end` is taken for it: time does
    /// not go back.
    pub(super) fn at(&mut self, market: MarketId, end: u32, new: impl FnOnce() -> T) -> &mut T {
        if self.lanes.len() <= market.index() {
            self.lanes.resize_with(market.index() + 1, Lane::default);
        }
        let is_there = self.lanes[market.index()]
            .bars
            .back()
            .is_some_and(|bar| bar.end() >= end);
        if !is_there {
            self.drop_old(end);
            self.lanes[market.index()].bars.push_back(new());
            self.order.push_back(market);
        }
        let bars = &mut self.lanes[market.index()].bars;
        bars.back_mut().expect("one was just there or pushed")
    }

    fn drop_old(&mut self, now: u32) {
        while let Some(oldest) = self.order.front() {
            let lane = &mut self.lanes[oldest.index()];
            let end = lane.bars.front().map_or(0, Bar::end);
            let is_kept = self.order.len() < self.limits.total.max(1) && end + self.limits.minutes >= now;
            if is_kept {
                break;
            }
            lane.dropped = lane.bars.pop_front();
            self.order.pop_front();
        }
    }

    /// Bars of a market whose end lies in `[from, to]`, oldest first.
    pub(super) fn between(
        &self,
        market: MarketId,
        from: u32,
        to: u32,
    ) -> impl DoubleEndedIterator<Item = &T> {
        self.lanes.get(market.index()).into_iter().flat_map(move |lane| {
            let start = lane.bars.partition_point(|bar| bar.end() < from);
            let end = lane.bars.partition_point(|bar| bar.end() <= to);
            lane.bars.range(start.min(end)..end)
        })
    }

    /// The last bar of a market that ends at `minute` or before.
    pub(super) fn up_to(&self, market: MarketId, minute: u32) -> UpTo<T> {
        let Some(lane) = self.lanes.get(market.index()) else {
            return UpTo::Nothing;
        };
        let count = lane.bars.partition_point(|bar| bar.end() <= minute);
        match (count.checked_sub(1), lane.dropped) {
            (Some(index), _) => UpTo::Last(lane.bars[index]),
            (None, Some(bar)) if bar.end() <= minute => UpTo::Last(bar),
            (None, Some(_)) => UpTo::Forgotten,
            (None, None) => UpTo::Nothing,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}
