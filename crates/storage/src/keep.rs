//! What a live source brings, in one transaction: [`Batch`].

use kmi_domain::{Event, Market, PublicTrade, Series};
use sea_orm::DbBackend;

use crate::archive::Archive;
use crate::import::{Archived, Put, TickerIds, TradeSource};
use crate::session::{PostgresSession, Session, Use, Worker};
use crate::{Fence, GapClosing, MarketSnapshot, NewGap, PollCycle, StorageError, Store};
use crate::{catalogue, cycles, gaps, import, lease, snapshots};

/// What one cycle of polling, or a moment of the stream, brings. Any part may be empty.
///
/// It can be written to a file in a binary form and read back by the same version, to wait out an outage.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Batch {
    /// Quotes of markets of which something changed.
    pub snapshots: Vec<MarketSnapshot>,
    /// Public trades, and how each reached us.
    pub trades: Vec<(PublicTrade, TradeSource)>,
    /// Series.
    pub series: Vec<Series>,
    /// Events; a series not known yet begins as its name and the event's category.
    pub events: Vec<Event>,
    /// Markets as they are now, each with the JSON it was read from, which is kept when the metadata differ from all before.
    pub markets: Vec<(Market, String)>,
    /// The cycle that brought it.
    pub cycle: Option<PollCycle>,
    /// Gaps noticed.
    pub gaps: Vec<NewGap>,
    /// Gaps that end with what this batch brings.
    pub closed_gaps: Vec<GapClosing>,
    /// Lease under which it is written; a cycle's counts too. `None`: whoever comes may write.
    pub fence: Option<Fence>,
}

impl Batch {
    /// True when there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.snapshots.is_empty()
            && self.trades.is_empty()
            && self.series.is_empty()
            && self.events.is_empty()
            && self.markets.is_empty()
            && self.cycle.is_none()
            && self.gaps.is_empty()
            && self.closed_gaps.is_empty()
    }

    /// First and last day of its trades and snapshots.
    fn days(&self) -> Option<(i64, i64)> {
        let trades = self.trades.iter().map(|(trade, _)| trade.time);
        let snapshots = self.snapshots.iter().map(|snapshot| snapshot.time);
        let bounds = trades.chain(snapshots).fold(None, |bounds, time| {
            let (first, last) = bounds.unwrap_or((time, time));
            Some((first.min(time), last.max(time)))
        });
        bounds.map(|(first, last)| (first.day(), last.day()))
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Snapshots that were new.
    pub snapshots: u64,
    /// Trades. Whether their markets are in the catalogue is not looked at.
    pub trades: Put,
    /// Series.
    pub series: Put,
    /// Events.
    pub events: Put,
    /// Markets.
    pub markets: Put,
    /// 1 when the cycle was new.
    pub cycles: u64,
    /// Gaps that were new or learnt their end.
    pub gaps: u64,
    /// Gaps that ended.
    pub closed_gaps: u64,
}

/// What writing batches keeps from one to the next.
#[derive(Default)]
pub(crate) struct LiveWriter {
    pub(crate) ids: TickerIds,
    /// The embedded database's connection, between two transactions.
    worker: Option<Worker>,
}

impl LiveWriter {
    /// Remembers a connection for the next batch.
    pub(crate) fn stay(&mut self, worker: Option<Worker>) {
        self.worker = worker;
    }
}

impl Store {
    /// Keeps a batch, all or nothing; durable when it returns (SQLite: against a crash of the program, and after the next
    /// checkpoint against a loss of power). The same batch again changes nothing, also where its days were archived
    /// meanwhile. Waits at most five seconds for another writer.
    ///
    /// # Errors
    /// [`StorageError::LeaseLost`] when the lease has passed on: then throw the batch away, someone else has it. Where
    /// [`StorageError::is_outage`] holds, the same batch may be given again later: it may have been kept, or not.
    pub async fn keep(&self, batch: &Batch) -> Result<Kept, StorageError> {
        let mut slot = self.inner.live.lock().await;
        // Taken out, so that after an error the next batch starts from nothing.
        let mut writer = slot.take().unwrap_or_default();
        self.learn(&mut writer, batch).await?;
        let mut session = self.live_session(&mut writer).await?;
        let kept = write(&mut session, &mut writer.ids, &self.inner.archive, batch).await?;
        writer.stay(session.commit_and_stay().await?);
        *slot = Some(writer);
        Ok(kept)
    }

    /// A transaction for what comes live; on SQLite on the connection of the one before.
    pub(crate) async fn live_session(&self, writer: &mut LiveWriter) -> Result<Session, StorageError> {
        if self.inner.orm.get_database_backend() != DbBackend::Sqlite {
            let pool = self.inner.orm.get_postgres_connection_pool();
            return Ok(Session::Postgres(
                PostgresSession::begin(pool, &self.inner.name).await?,
            ));
        }
        if let Some(worker) = writer.worker.take_if(|worker| worker.is_in_place()) {
            worker.run(|db| db.execute_batch("BEGIN IMMEDIATE")).await?;
            return Ok(Session::Sqlite(worker));
        }
        writer.worker = None;
        let location = &self.inner.location;
        let (file, limit) = (location.market_db(), location.size_limit_bytes);
        let worker = Worker::open(file, limit, Use::Live, "BEGIN IMMEDIATE").await?;
        Ok(Session::Sqlite(worker))
    }

    /// Numbers the tickers of a batch. On PostgreSQL in a transaction of its own: an import may have numbered the same ones
    /// and not be done, and two long transactions waiting for each other's names would never end.
    async fn learn(&self, writer: &mut LiveWriter, batch: &Batch) -> Result<(), StorageError> {
        let tickers = batch.snapshots.iter().map(|snapshot| &snapshot.ticker);
        let tickers = tickers.chain(batch.trades.iter().map(|(trade, _)| &trade.ticker));
        let tickers = tickers.chain(batch.markets.iter().map(|(market, _)| &market.ticker));
        let unknown = writer.ids.unknown(tickers);
        if unknown.is_empty() {
            return Ok(());
        }
        let mut session = self.live_session(writer).await?;
        writer.ids.learn_all(&mut session, unknown).await?;
        writer.stay(session.commit_and_stay().await?);
        Ok(())
    }
}

async fn write(
    session: &mut Session,
    ids: &mut TickerIds,
    archive: &Archive,
    batch: &Batch,
) -> Result<Kept, StorageError> {
    let mut kept = Kept::default();
    if let Some(days) = batch.days() {
        session.hold_off_archiving().await?;
        let mut archived = Archived::for_batch(archive.clone(), session, days).await?;
        let late = archived.snapshots(&batch.snapshots).await?;
        let new = batch.snapshots.iter().filter(|snapshot| !late.holds(snapshot));
        kept.snapshots = snapshots::put(session, ids, new).await?;
        let trades = batch.trades.iter().map(|(trade, source)| (trade, *source));
        let trades: Vec<_> = trades.collect();
        let new = import::put_trades(session, ids, &mut archived, &trades).await?;
        kept.trades.inserted = new.values().sum();
        kept.trades.duplicates = trades.len() as u64 - kept.trades.inserted;
    }
    kept.series = import::put_series(session, &batch.series).await?;
    kept.events = import::put_events(session, &batch.events).await?;
    kept.markets = import::put_markets(session, ids, &batch.markets, catalogue::merge_live).await?;
    for gap in &batch.gaps {
        kept.gaps += gaps::open(session, gap).await?;
    }
    for closing in &batch.closed_gaps {
        kept.closed_gaps += gaps::close(session, closing).await?;
    }
    // Last, so that a takeover waits for the commit only.
    if let Some(fence) = &batch.fence {
        lease::check(session, fence).await?;
    }
    if let Some(cycle) = &batch.cycle {
        if batch.fence.as_ref() != Some(&cycle.fence) {
            lease::check(session, &cycle.fence).await?;
        }
        kept.cycles = cycles::put(session, cycle).await?;
    }
    Ok(kept)
}
