//! One full look at the open markets: [`Sweeper`].

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::api::market::{Market, MarketsQuery, MveFilter, StatusFilter};
use kmi_kalshi::rest;
use kmi_storage::{Batch, Fence, MarketSnapshot, SnapshotSource};

use crate::board::{Sweep, Swept};
use crate::ingest::rows;
use crate::ingest::settings::Combos;
use crate::ingest::shared::Shared;

/// Most pages of one sweep: a million markets. Beyond it the sweep counts as failed.
const PAGES: u64 = 1_000;
/// Markets asked about by name after one sweep, at most; more after the next.
const ASKED: usize = 2_000;

/// Sweeps.
#[derive(Debug)]
pub(super) struct Sweeper {
    shared: Arc<Shared>,
    /// Markets of the sweep under way: while it lasts one may move from one page to another.
    seen: HashSet<Ticker>,
}

/// What is kept of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Nothing: it is for our own board.
    Nothing,
    /// What changed since the sweep before.
    Changes(Fence),
    /// Everything: it is the first under this lease, and who had it before may have missed something.
    Everything(Fence),
}

/// What a sweep has found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Markets seen, those seen twice counted once.
    pub(super) markets: u64,
    /// Markets whose quotes or metadata changed.
    pub(super) changed: u64,
    /// Pages read.
    pub(super) pages: u64,
    /// Quotes to keep.
    pub(super) snapshots: Vec<MarketSnapshot>,
}

/// Why a sweep saw less than every market.
#[derive(Debug, thiserror::Error)]
pub(super) enum SweepError {
    /// A page could not be had.
    #[error(transparent)]
    Rest(#[from] rest::Error),
    /// The list did not come to its end.
    #[error("the list of markets has more than {PAGES} pages")]
    Endless,
    /// It took too long.
    #[error("took longer than {0:?}")]
    TooLong(Duration),
}

impl Keep {
    fn fence(&self) -> Option<&Fence> {
        match self {
            Keep::Nothing => None,
            Keep::Changes(fence) | Keep::Everything(fence) => Some(fence),
        }
    }
}

impl Sweeper {
    pub(super) fn new(shared: Arc<Shared>) -> Sweeper {
        Sweeper {
            shared,
            seen: HashSet::new(),
        }
    }

    /// Reads all open markets page by page; each goes on the board as it comes. When it ends well, markets that were open and are
    /// not listed any more are wanted.
    ///
    /// # Errors
    /// When a page could not be had; the markets of the pages before are on the board, and `found` has them.
    pub(super) async fn run(&mut self, keep: &Keep, found: &mut Found) -> Result<(), SweepError> {
        self.seen.clear();
        let started = self.shared.clock.now();
        let combos = self.shared.settings.combos;
        let mut query = MarketsQuery {
            limit: Some(MarketsQuery::LIMITS.max),
            status: Some(StatusFilter::Open),
            mve_filter: (combos == Combos::Excluded).then_some(MveFilter::Exclude),
            ..MarketsQuery::default()
        };
        loop {
            let asked = self.shared.clock.now();
            let page = self.shared.rest.markets_page(&query).await?;
            found.pages += 1;
            self.take(page.markets, asked, keep, found).await;
            match page.cursor.next() {
                None => break,
                Some(_) if found.pages >= PAGES => return Err(SweepError::Endless),
                cursor => query.cursor = cursor,
            }
        }
        self.shared.board.end_sweep(self.shared.clock.now());
        self.shared.swept.send_modify(|sweeps| *sweeps += 1);
        self.want_missing(started);
        self.shared.wants.events(self.shared.board.unknown_events());
        Ok(())
    }

    async fn take(&mut self, markets: Vec<Market>, asked: Timestamp, keep: &Keep, found: &mut Found) {
        for market in &markets {
            found.markets += u64::from(self.seen.insert(market.ticker.clone()));
        }
        let mut batch = Batch {
            fence: keep.fence().cloned(),
            ..Batch::default()
        };
        if let Keep::Everything(_) = keep {
            batch.markets.extend(markets.iter().filter_map(rows::metadata));
            let all = markets.iter();
            let all = all.map(|market| rows::snapshot_of_body(market, asked));
            found.snapshots.extend(all);
        }
        let swept = self.shared.board.take_sweep(Sweep { asked, markets });
        found.changed += changed(&swept);
        if let Keep::Changes(_) = keep {
            let metadata = swept.metadata.iter();
            let metadata = metadata.filter_map(|market| rows::metadata(&market.whole_body()));
            batch.markets.extend(metadata);
            let quotes = swept.quotes.iter();
            let quotes = quotes.map(|market| rows::snapshot(market, SnapshotSource::Poll));
            found.snapshots.extend(quotes);
        }
        // Metadata are large: they go page by page, so that they never wait for the end of a sweep in memory.
        if !batch.markets.is_empty() {
            self.shared.writing.put(batch).await;
        }
    }

    /// Markets that were open and are not listed as open any more have closed, paused, or gone: only asking tells.
    fn want_missing(&self, since: Timestamp) {
        let mut missing = self.shared.board.missing_from_sweep(since);
        missing.truncate(ASKED);
        if !missing.is_empty() {
            tracing::debug!(markets = missing.len(), "are not listed as open any more");
            self.shared.wants.markets(missing);
        }
    }
}

/// Markets of which anything changed.
fn changed(swept: &Swept) -> u64 {
    let all = swept.quotes.iter().chain(&swept.metadata);
    let all: BTreeSet<_> = all.map(|market| market.id).collect();
    all.len() as u64
}
