//! Which filters of `GET /markets` go together: what a server refuses, and what it then chooses by.

use kmi_domain::{MarketStatus, Timestamp};

use super::{MarketsQuery, MveFilter, StatusFilter};

/// Filters of `GET /markets` that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MarketsRefusal {
    /// Times of two kinds.
    #[error("timestamp filters {0} and {1} are mutually exclusive")]
    TwoTimes(&'static str, &'static str),
    /// A time with a status it does not go with.
    #[error("{time} filters cannot be combined with status {status}")]
    TimeWithStatus {
        /// `created`, `close`, `settled` or `updated`.
        time: &'static str,
        /// The status asked for.
        status: &'static str,
    },
    /// Changes of metadata are listed by themselves.
    #[error("updated filters cannot be combined with {0}")]
    UpdatedWith(&'static str),
    /// Changes of metadata of a series are listed without combos only.
    #[error("updated filters with series_ticker require mve_filter=exclude")]
    UpdatedSeriesWithCombos,
}

/// The time of a market by which a query chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketTime {
    /// When it was listed.
    Created,
    /// When it closes.
    Close,
    /// When it was paid.
    Settled,
    /// When its metadata changed.
    Updated,
}

/// A span of one of a market's times, both ends inclusive; an absent end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeFilter {
    /// Which time.
    pub time: MarketTime,
    /// At or after.
    pub from: Option<Timestamp>,
    /// At or before.
    pub to: Option<Timestamp>,
}

impl MarketTime {
    const fn name(self) -> &'static str {
        match self {
            MarketTime::Created => "created",
            MarketTime::Close => "close",
            MarketTime::Settled => "settled",
            MarketTime::Updated => "updated",
        }
    }

    const fn goes_with(self, status: StatusFilter) -> bool {
        match self {
            MarketTime::Created => matches!(status, StatusFilter::Unopened | StatusFilter::Open),
            MarketTime::Close => matches!(status, StatusFilter::Closed),
            MarketTime::Settled => matches!(status, StatusFilter::Settled),
            MarketTime::Updated => false,
        }
    }
}

impl TimeFilter {
    /// Whether a market with this time, if it has it, is one of those wanted.
    pub fn contains(&self, time: Option<Timestamp>) -> bool {
        time.is_some_and(|time| {
            self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to)
        })
    }
}

impl StatusFilter {
    /// Whether a market that stands at `status` is one of those the word names.
    pub const fn covers(self, status: MarketStatus) -> bool {
        match self {
            StatusFilter::Unopened => matches!(status, MarketStatus::Initialized),
            StatusFilter::Open => matches!(status, MarketStatus::Active),
            StatusFilter::Paused => matches!(status, MarketStatus::Inactive),
            StatusFilter::Closed => matches!(
                status,
                MarketStatus::Closed
                    | MarketStatus::Determined
                    | MarketStatus::Disputed
                    | MarketStatus::Amended
            ),
            StatusFilter::Settled => matches!(status, MarketStatus::Finalized),
        }
    }
}

impl MarketsQuery {
    /// The one kind of time the query chooses by, if it does.
    ///
    /// # Errors
    /// [`MarketsRefusal`] for filters that the exchange does not take together.
    pub fn time_filter(&self) -> Result<Option<TimeFilter>, MarketsRefusal> {
        let ranges = [
            (MarketTime::Created, self.min_created_ts, self.max_created_ts),
            (MarketTime::Close, self.min_close_ts, self.max_close_ts),
            (MarketTime::Settled, self.min_settled_ts, self.max_settled_ts),
            (MarketTime::Updated, self.min_updated_ts, self.max_updated_ts),
        ];
        let mut given = ranges
            .into_iter()
            .filter(|(_, from, to)| from.is_some() || to.is_some());
        let first = given.next();
        if let (Some((one, ..)), Some((other, ..))) = (first, given.next()) {
            return Err(MarketsRefusal::TwoTimes(one.name(), other.name()));
        }
        let Some((time, from, to)) = first else {
            return Ok(None);
        };
        if let Some(status) = self.status.filter(|status| !time.goes_with(*status)) {
            return Err(MarketsRefusal::TimeWithStatus {
                time: time.name(),
                status: status.as_str(),
            });
        }
        if time == MarketTime::Updated {
            self.check_updated()?;
        }
        Ok(Some(TimeFilter { time, from, to }))
    }

    fn check_updated(&self) -> Result<(), MarketsRefusal> {
        let excludes_combos = matches!(self.mve_filter, Some(MveFilter::Exclude));
        let other = [
            ("event_ticker", self.event_ticker.is_some()),
            ("tickers", !self.tickers.is_empty()),
            ("mve_filter=only", self.mve_filter.is_some() && !excludes_combos),
        ];
        if let Some((name, _)) = other.into_iter().find(|(_, is_given)| *is_given) {
            return Err(MarketsRefusal::UpdatedWith(name));
        }
        if self.series_ticker.is_some() && !excludes_combos {
            return Err(MarketsRefusal::UpdatedSeriesWithCombos);
        }
        Ok(())
    }
}
