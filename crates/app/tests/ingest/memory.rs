//! A database in memory: it keeps the promises of the real one, can be out, and lives on the paused clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kmi_app::ingest::{Keeper, Piece};
use kmi_domain::{Market, PublicTrade, Ticker, Timestamp};
use kmi_storage::{
    Batch, BookEntry, Fence, Gap, GapClosing, GapEnd, GapKey, GapKind, GapState, Kept, Lease, NewGap,
    PollCycle, Pruned, RollReport, SnapshotSource, StorageError, TradeSource,
};
use parking_lot::Mutex;

/// A database that tests can take away. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    inner: Arc<Mutex<Inner>>,
}

/// What is wrong with it, besides being out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Writing panics.
    KeepBreaks,
    /// Renewing the lease panics.
    RenewBreaks,
    /// Writes begun now are never answered.
    KeepHangs,
    /// Batches with this cycle are refused.
    RefusesCycle(u64),
    /// All batches are.
    RefusesAll,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) mood: Mood,
    pub(crate) is_out: bool,
    /// Of so many writes that are done, one answer is lost; 0 for none.
    pub(crate) loses_every: u64,
    pub(crate) keeps: u64,
    pub(crate) tries: u64,
    pub(crate) duplicates: u64,
    pub(crate) lease: Option<Lease>,
    epochs: i64,
    pub(crate) trades: BTreeMap<String, (PublicTrade, TradeSource)>,
    pub(crate) snapshots: BTreeSet<(Ticker, Timestamp, SnapshotSource)>,
    pub(crate) markets: BTreeMap<Ticker, Market>,
    pub(crate) events: BTreeSet<String>,
    pub(crate) series: BTreeSet<String>,
    pub(crate) cycles: BTreeMap<(i64, u64), PollCycle>,
    pub(crate) gaps: BTreeMap<GapKey, Gap>,
    pub(crate) rolled: Vec<Timestamp>,
    pub(crate) pruned: Vec<Timestamp>,
}

impl Memory {
    /// Looks inside, or changes something.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut Inner) -> R) -> R {
        look(&mut self.inner.lock())
    }

    /// Takes the database away, or gives it back.
    pub(crate) fn set_out(&self, is_out: bool) {
        self.with(|inner| inner.is_out = is_out);
    }

    /// Ids of all trades.
    pub(crate) fn trade_ids(&self) -> BTreeSet<String> {
        self.with(|inner| inner.trades.keys().cloned().collect())
    }

    /// Cycles in the order in which they began.
    pub(crate) fn cycles(&self) -> Vec<PollCycle> {
        let mut cycles: Vec<PollCycle> = self.with(|inner| inner.cycles.values().cloned().collect());
        cycles.sort_by_key(|cycle| cycle.started);
        cycles
    }

    /// Gaps in trades, by when they began.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        self.with(|inner| inner.gaps.values().cloned().collect())
    }

    fn answer<R>(&self, act: impl FnOnce(&mut Inner) -> Result<R, StorageError>) -> Result<R, StorageError> {
        let mut inner = self.inner.lock();
        inner.tries += 1;
        if inner.is_out {
            return Err(taken_away());
        }
        act(&mut inner)
    }
}

fn refused() -> StorageError {
    StorageError::Damaged {
        what: "memory".to_owned(),
        reason: "the test wants it so".to_owned(),
    }
}

fn taken_away() -> StorageError {
    StorageError::Unavailable {
        what: "memory".to_owned(),
        source: "taken away".into(),
    }
}

impl Inner {
    fn check(&self, fence: &Fence) -> Result<(), StorageError> {
        let holds = self.lease.as_ref().is_some_and(|lease| lease.fence() == *fence);
        if holds {
            return Ok(());
        }
        Err(StorageError::LeaseLost {
            lease: fence.lease.clone(),
            epoch: fence.epoch,
        })
    }

    fn open(&mut self, gap: &NewGap) {
        let known = self.gaps.entry(gap.key.clone()).or_insert_with(|| Gap {
            key: gap.key.clone(),
            to: gap.to,
            reason: gap.reason.clone(),
            state: GapState::Open,
            closed: None,
            source: None,
            rows: None,
        });
        known.to = known.to.or(gap.to);
    }

    fn close(&mut self, closing: &GapClosing) {
        let Some(gap) = self.gaps.get_mut(&closing.key) else {
            return;
        };
        if gap.state == GapState::Filled {
            return;
        }
        gap.to = gap.to.or(closing.to);
        gap.closed = Some(closing.at);
        match &closing.end {
            GapEnd::Filled { rows, .. } => (gap.state, gap.rows) = (GapState::Filled, Some(*rows)),
            GapEnd::Unfillable { .. } => gap.state = GapState::Unfillable,
        }
    }
}

/// A recording that is thrown away: they are tried on a real database.
struct Nothing;

#[async_trait]
impl Piece for Nothing {
    fn push(&mut self, _entry: BookEntry) -> Result<(), StorageError> {
        Ok(())
    }

    async fn finish(&mut self, _until: Timestamp) -> Result<usize, StorageError> {
        Ok(0)
    }
}

#[async_trait]
impl Keeper for Memory {
    async fn keep(&self, batch: &Batch) -> Result<Kept, StorageError> {
        let cycle = batch.cycle.as_ref().map(|cycle| cycle.number);
        match self.with(|inner| inner.mood) {
            Mood::KeepBreaks => panic!("it breaks, as the test wants"),
            Mood::KeepHangs => return std::future::pending().await,
            Mood::RefusesAll => return Err(refused()),
            Mood::RefusesCycle(number) if cycle == Some(number) => return Err(refused()),
            _ => {}
        }
        self.answer(|inner| {
            for fence in batch
                .fence
                .iter()
                .chain(batch.cycle.as_ref().map(|cycle| &cycle.fence))
            {
                inner.check(fence)?;
            }
            inner.keeps += 1;
            for (trade, source) in &batch.trades {
                let known = inner.trades.contains_key(trade.id.as_str());
                inner.duplicates += u64::from(known);
                inner
                    .trades
                    .entry(trade.id.to_string())
                    .or_insert((trade.clone(), *source));
            }
            let snapshots = batch.snapshots.iter();
            inner
                .snapshots
                .extend(snapshots.map(|row| (row.ticker.clone(), row.time, row.source)));
            inner.markets.extend(
                batch
                    .markets
                    .iter()
                    .map(|(market, _)| (market.ticker.clone(), market.clone())),
            );
            inner
                .events
                .extend(batch.events.iter().map(|event| event.ticker.to_string()));
            inner
                .series
                .extend(batch.series.iter().map(|series| series.ticker.to_string()));
            if let Some(cycle) = &batch.cycle {
                let before = inner
                    .cycles
                    .insert((cycle.fence.epoch, cycle.number), cycle.clone());
                assert!(
                    before.is_none_or(|before| before == *cycle),
                    "a cycle came twice, and differs"
                );
            }
            batch.gaps.iter().for_each(|gap| inner.open(gap));
            batch.closed_gaps.iter().for_each(|closing| inner.close(closing));
            if inner.loses_every > 0 && inner.keeps.is_multiple_of(inner.loses_every) {
                return Err(taken_away());
            }
            Ok(Kept::default())
        })
    }

    async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Option<Lease>, StorageError> {
        self.answer(|inner| {
            if inner.lease.as_ref().is_some_and(|lease| lease.expires > now) {
                return Ok(None);
            }
            inner.epochs += 1;
            inner.lease = Some(Lease {
                name: name.to_owned(),
                holder: holder.to_owned(),
                epoch: inner.epochs,
                acquired: now,
                expires: now.plus(ttl),
            });
            Ok(inner.lease.clone())
        })
    }

    async fn renew(&self, lease: &Lease, now: Timestamp, ttl: Duration) -> Result<bool, StorageError> {
        assert_ne!(
            self.with(|inner| inner.mood),
            Mood::RenewBreaks,
            "as the test wants"
        );
        self.answer(|inner| {
            let held = inner.lease.as_mut().filter(|held| held.epoch == lease.epoch);
            Ok(held.map(|held| held.expires = now.plus(ttl)).is_some())
        })
    }

    async fn release(&self, lease: &Lease) -> Result<(), StorageError> {
        self.answer(|inner| {
            inner.lease.take_if(|held| held.epoch == lease.epoch);
            Ok(())
        })
    }

    async fn lease(&self, _name: &str) -> Result<Option<Lease>, StorageError> {
        self.answer(|inner| Ok(inner.lease.clone()))
    }

    async fn last_cycle_before(&self, epoch: i64) -> Result<Option<PollCycle>, StorageError> {
        self.answer(|inner| {
            let before = inner.cycles.values().filter(|cycle| cycle.fence.epoch < epoch);
            Ok(before.max_by_key(|cycle| cycle.started).cloned())
        })
    }

    async fn open_trade_gaps(&self) -> Result<Vec<Gap>, StorageError> {
        self.answer(|inner| {
            let open = |gap: &&Gap| gap.state == GapState::Open && gap.key.kind == GapKind::Trades;
            Ok(inner.gaps.values().filter(open).cloned().collect())
        })
    }

    async fn roll(&self, before: Timestamp) -> Result<RollReport, StorageError> {
        self.answer(|inner| {
            inner.rolled.push(before);
            Ok(RollReport::default())
        })
    }

    async fn prune(&self, before: Timestamp) -> Result<Pruned, StorageError> {
        self.answer(|inner| {
            inner.pruned.push(before);
            Ok(Pruned::default())
        })
    }

    fn begin_recording(&self, _name: &str) -> Box<dyn Piece> {
        Box::new(Nothing)
    }

    async fn recorded_until(&self, _ticker: &Ticker) -> Result<Option<Timestamp>, StorageError> {
        Ok(None)
    }
}
