//! The markets of a run, numbered densely.

use kmi_domain::fees::FeeSchedule;
use kmi_domain::{Category, EventTicker, SeriesTicker, TickGrid, Ticker, Timestamp};

/// Number of a market within one run, 0, 1, 2, …: its place in [`View::markets`](super::View::markets).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarketId(pub u32);

impl MarketId {
    /// As an index.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a trader knows of a market from the catalogue. The result is not in it: that is told by
/// [`Event::Settled`](super::Event::Settled).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketInfo {
    /// Name.
    pub ticker: Ticker,
    /// Event, where known.
    pub event: Option<EventTicker>,
    /// Series, where known.
    pub series: Option<SeriesTicker>,
    /// Category of the event, where known.
    pub category: Option<Category>,
    /// Markets with the same number belong to one event of which at most one market resolves yes; `None` outside of such
    /// events.
    pub exclusive_group: Option<u32>,
    /// First instant of trading, where known.
    pub open_time: Option<Timestamp>,
    /// Last instant of trading; nothing fills at or after it. A market without one never closes within the run.
    ///
    /// It is the one recorded last: that of a market which closed early was known only when it did, so a strategy that looks
    /// at it before knows the future, and the look-ahead check, which changes only events and results, cannot see that.
    pub close_time: Option<Timestamp>,
    /// Valid order prices.
    pub grid: TickGrid,
    /// How it charges.
    pub fees: FeeSchedule,
}
