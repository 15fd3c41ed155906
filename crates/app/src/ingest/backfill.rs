//! Missed trades, fetched by REST: [`Backfiller`].
//!
//! Every time for which trades may be missing becomes a row in `data_gaps`, is asked for, and its row says how that ended. A window is
//! asked for once it is over by [`overlap`](super::BackfillSettings::overlap), because the exchange's reads lag behind its stream, and
//! widened by as much, because clocks differ; trades known already are known by their ids. Who comes to lead asks for what came since
//! the last recorded cycle, and for whatever is still open. While the exchange does not answer a gap stays open and is tried again, later
//! and later; of one with too many trades the newest are fetched and the rest is an open gap of its own, which is taken up next. Given up
//! for good is only what happened longer ago than [`reach`](super::BackfillSettings::reach) when a process comes to lead, and a moment
//! with more trades than [`max_pages`](super::BackfillSettings::max_pages) have.
//!
//! Without a stream trades are asked for every ten seconds, and no row says until when that went well: a crash after reads failed for
//! longer than that may lose those in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{PublicTrade, Timestamp};
use kmi_kalshi::api::trade::TradesQuery;
use kmi_kalshi::rest;
use kmi_storage::{Batch, Fence, GapClosing, GapEnd, GapKey, GapKind, NewGap, StorageError, TradeSource};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::metrics;
use super::shared::Shared;
use crate::hub::Link;

/// Holes that wait, at most; one more stays open in the database until the next look there.
const WAITING: usize = 256;
/// Gaps that are remembered as not to be tried now, at most; the oldest are forgotten first, and tried again.
const REMEMBERED: usize = 10_000;
/// Before a gap is looked at again that was filled or given up: that it was may be on its way to the database. One that is open after this
/// was not filled after all.
const ENDED: Duration = Duration::from_mins(10);
/// Before a gap is tried again for which the exchange did not answer; doubles up to `LATEST`.
const LATER: Duration = Duration::from_secs(30);
/// Longest time before such a gap is tried again.
const LATEST: Duration = Duration::from_mins(30);
/// Between two looks at gaps that are open in the database.
const LOOK: Duration = Duration::from_mins(1);
/// Between two looks for new trades while there is no stream.
const WITHOUT_STREAM: Duration = Duration::from_secs(10);
/// Between two pages, so that sweeps keep half of the tokens.
const PAUSE: Duration = Duration::from_millis(100);
/// Before another try after the exchange did not answer; doubles up to `LONGEST`.
const FIRST: Duration = Duration::from_secs(1);
/// Longest wait before another try.
const LONGEST: Duration = Duration::from_secs(30);
/// How much earlier than the last recorded cycle something may be missing: what was on its way to the database then.
const ON_ITS_WAY: Duration = Duration::from_secs(10);

/// A time for which trades may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// Last instant known to be whole.
    pub(super) from: Timestamp,
    /// First instant whole again.
    pub(super) to: Timestamp,
    /// Why, in words for people.
    pub(super) reason: String,
}

/// The way to the [`Backfiller`]. Cloning copies a handle.
#[derive(Clone, Debug)]
pub(super) struct Backfilling {
    sender: mpsc::Sender<Hole>,
    /// Beginnings of holes that go on, or wait to be filled: nobody but the stream knows when they end. At most one goes on and `WAITING`
    /// wait.
    own: Arc<Mutex<BTreeSet<Timestamp>>>,
}

/// Both ends of the way to a [`Backfiller`].
pub(super) fn channel() -> (Backfilling, mpsc::Receiver<Hole>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let own = Arc::default();
    (Backfilling { sender, own }, receiver)
}

impl Backfilling {
    /// A hole goes on since then: whatever the database says of it, it is not over.
    pub(super) fn goes_on(&self, from: Timestamp) {
        self.own.lock().insert(from);
    }

    /// Asks for what is missing, which is a gap in the database already, or on its way there. When too much waits, it is found there later.
    pub(super) fn fill(&self, hole: Hole) {
        let from = hole.from;
        self.goes_on(from);
        if let Err(error) = self.sender.try_send(hole) {
            self.forget(from);
            tracing::warn!(%error, "a hole in the trades waits in the database only");
        }
    }

    /// A hole is over, and is either filled or somebody else's.
    pub(super) fn forget(&self, from: Timestamp) {
        self.own.lock().remove(&from);
    }

    fn has(&self, from: Timestamp) -> bool {
        self.own.lock().contains(&from)
    }
}

/// Key of the gap of all markets' trades since then.
pub(super) fn key(from: Timestamp) -> GapKey {
    GapKey {
        kind: GapKind::Trades,
        ticker: None,
        from,
    }
}

/// Fetches missed trades.
pub(super) struct Backfiller {
    shared: Arc<Shared>,
    inbox: mpsc::Receiver<Hole>,
    /// Since when this process leads.
    led_since: Option<Timestamp>,
    /// Until when trades were fetched while there was no stream.
    polled: Option<Timestamp>,
    /// Gaps that are not to be taken up now, by their beginning.
    held: BTreeMap<Timestamp, Held>,
}

/// A gap that is not to be taken up now.
#[derive(Clone, Copy, Debug)]
struct Held {
    until: Instant,
    /// How long the wait was.
    wait: Duration,
}

/// Why a window was not fetched to its end.
#[derive(Debug, thiserror::Error)]
enum FillError {
    #[error("the exchange did not answer {0} times: {1}")]
    Silent(u32, rest::Error),
    #[error("more than {pages} pages; those before {before} were left out")]
    TooMuch {
        pages: u32,
        rows: u64,
        before: Timestamp,
    },
    #[error("another process leads")]
    Outrun,
}

impl Backfiller {
    pub(super) fn new(shared: Arc<Shared>, inbox: mpsc::Receiver<Hole>) -> Backfiller {
        Backfiller {
            shared,
            inbox,
            led_since: None,
            polled: None,
            held: BTreeMap::new(),
        }
    }

    /// Fills holes until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.fill_all() => {}
        }
    }

    async fn fill_all(&mut self) {
        let mut leadership = self.shared.leadership.clone();
        let mut looks = interval(LOOK);
        let mut polls = interval(WITHOUT_STREAM);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        polls.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut led = None;
        loop {
            let fence = leadership.borrow_and_update().fence.clone();
            if let Some(fence) = fence.filter(|fence| led.as_ref() != Some(fence)) {
                self.catch_up(fence.epoch).await;
                led = Some(fence);
            }
            tokio::select! {
                Ok(()) = leadership.changed() => {}
                Some(hole) = self.inbox.recv() => {
                    let from = hole.from;
                    self.fill(hole).await;
                    self.shared.backfilling.forget(from);
                }
                _ = looks.tick() => self.take_up_open().await,
                _ = polls.tick() => self.poll().await,
            }
        }
    }

    /// What came between the last recorded cycle, whoever made it, and now.
    async fn catch_up(&mut self, epoch: i64) {
        let now = self.shared.clock.now();
        (self.led_since, self.polled) = (Some(now), Some(now));
        let settings = self.shared.settings.backfill;
        let reach = now.minus(settings.reach);
        let last = self
            .ask_database(|keeper| async move { keeper.last_cycle_before(epoch).await })
            .await;
        let known = last.flatten().map(|cycle| cycle.ended.minus(ON_ITS_WAY));
        let hole = |from, reason: &str| Hole {
            from,
            to: now,
            reason: reason.to_owned(),
        };
        match known {
            Some(known) if known >= reach => {
                self.fill(hole(known.min(now), "nobody was taking them in")).await;
            }
            Some(known) => {
                let reason = format!("longer ago than {:?} before the start", settings.reach);
                self.give_up(known, reach, reason).await;
                self.fill(hole(reach, "nobody was taking them in")).await;
            }
            None => self.fill(hole(reach, "before the first start")).await,
        }
        self.take_up_open().await;
    }

    async fn ask_database<T, F>(&self, ask: impl Fn(Arc<dyn super::Keeper>) -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StorageError>>,
    {
        loop {
            match ask(Arc::clone(&self.shared.keeper)).await {
                Ok(found) => return Some(found),
                Err(error) if self.shared.fence().is_some() => {
                    tracing::debug!(%error, "the database is asked again for what is missing");
                    sleep(LONGEST).await;
                }
                Err(_) => return None,
            }
        }
    }

    /// Gaps that an earlier process left open, that found no place in the queue, or for which the exchange did not answer.
    async fn take_up_open(&mut self) {
        if self.shared.fence().is_none() || self.shared.monitor.status().database.spooled_rows > 0 {
            return;
        }
        let Ok(open) = self.shared.keeper.open_trade_gaps().await else {
            return;
        };
        for gap in open {
            let is_held = self.is_held(gap.key.from) || gap.key.ticker.is_some();
            // One that goes on ends when the stream that noticed it says so; of an earlier process, that was its end.
            let is_own = self.shared.backfilling.has(gap.key.from);
            let to = gap.to.or_else(|| self.abandoned(gap.key.from));
            if let Some(to) = to.filter(|_| !is_held && !is_own) {
                let (from, reason) = (gap.key.from, gap.reason);
                self.fill(Hole { from, to, reason }).await;
            }
        }
    }

    /// End of a gap that nobody will end, since who noticed it does not lead any more.
    fn abandoned(&self, from: Timestamp) -> Option<Timestamp> {
        self.led_since.filter(|since| from < *since)
    }

    /// While there is no stream, new trades are asked for now and then.
    async fn poll(&mut self) {
        let link = self.shared.board.connection().link;
        let (Some(fence), Some(polled)) = (self.shared.fence(), self.polled) else {
            return;
        };
        if !matches!(link, Link::Off | Link::Failed { .. }) {
            self.polled = Some(self.shared.clock.now());
            return;
        }
        let now = self.shared.clock.now();
        match self.window(polled, now, TradeSource::Poll, &fence).await {
            Ok(_) => self.polled = Some(now),
            Err(error) => tracing::debug!(%error, "new trades could not be had"),
        }
    }

    async fn fill(&mut self, hole: Hole) {
        let Some(fence) = self.shared.fence() else { return };
        self.count(|backfill| backfill.pending += 1);
        let opened = NewGap {
            key: key(hole.from),
            to: Some(hole.to),
            reason: hole.reason.clone(),
        };
        self.put(Batch {
            gaps: vec![opened],
            fence: Some(fence.clone()),
            ..Batch::default()
        })
        .await;
        self.wait_until(hole.to.plus(self.shared.settings.backfill.overlap))
            .await;
        let filled = self
            .window(hole.from, hole.to, TradeSource::Backfill, &fence)
            .await;
        self.count(|backfill| backfill.pending -= 1);
        let ended = match filled {
            Err(FillError::Outrun) => return,
            Err(error @ FillError::Silent(..)) => {
                let wait = self.hold_longer(hole.from);
                tracing::warn!(from = %hole.from, to = %hole.to, %error, ?wait, "a hole in the trades stays open and is tried again");
                return;
            }
            Err(FillError::TooMuch { pages, rows, before }) if before > hole.from && before < hole.to => {
                tracing::warn!(from = %hole.from, to = %hole.to, pages, %before, "of a hole in the trades the first part is left for later");
                self.filled(rows, Some(rest(&hole, before)))
            }
            Ok(rows) => {
                tracing::info!(from = %hole.from, to = %hole.to, rows, "filled a hole in the trades");
                self.filled(rows, None)
            }
            Err(error) => {
                tracing::warn!(from = %hole.from, to = %hole.to, %error, "a hole in the trades stays");
                self.count_unfillable();
                let reason = error.to_string();
                (GapEnd::Unfillable { reason }, None)
            }
        };
        self.hold(hole.from, ENDED);
        self.close(hole.from, hole.to, ended, fence).await;
    }

    fn filled(&self, rows: u64, rest: Option<NewGap>) -> (GapEnd, Option<NewGap>) {
        self.count(|backfill| backfill.filled += 1);
        metrics::gap_ended("filled");
        let source = TradeSource::Backfill.as_str().to_owned();
        (GapEnd::Filled { source, rows }, rest)
    }

    fn count_unfillable(&self) {
        metrics::gap_ended("unfillable");
        self.count(|backfill| backfill.unfillable += 1);
    }

    fn is_held(&self, from: Timestamp) -> bool {
        self.held
            .get(&from)
            .is_some_and(|held| Instant::now() < held.until)
    }

    fn hold(&mut self, from: Timestamp, wait: Duration) {
        if self.held.len() >= REMEMBERED {
            self.held.pop_first();
        }
        let until = Instant::now() + wait;
        self.held.insert(from, Held { until, wait });
    }

    /// Holds a gap for twice as long as the last time, and says how long.
    fn hold_longer(&mut self, from: Timestamp) -> Duration {
        let before = self.held.get(&from);
        let wait = before.map_or(LATER, |held| (held.wait * 2).min(LATEST));
        self.hold(from, wait);
        wait
    }

    /// Notes a gap that is not even tried.
    async fn give_up(&mut self, from: Timestamp, to: Timestamp, reason: String) {
        let Some(fence) = self.shared.fence() else { return };
        self.count_unfillable();
        self.hold(from, ENDED);
        let opened = NewGap {
            key: key(from),
            to: Some(to),
            reason: reason.clone(),
        };
        self.put(Batch {
            gaps: vec![opened],
            fence: Some(fence.clone()),
            ..Batch::default()
        })
        .await;
        self.close(from, to, (GapEnd::Unfillable { reason }, None), fence)
            .await;
    }

    /// Ends a gap; what is left of it is noted at the same time.
    async fn close(
        &self,
        from: Timestamp,
        to: Timestamp,
        (end, rest): (GapEnd, Option<NewGap>),
        fence: Fence,
    ) {
        let closing = GapClosing {
            key: key(from),
            to: Some(to),
            at: self.shared.clock.now(),
            end,
        };
        self.put(Batch {
            gaps: rest.into_iter().collect(),
            closed_gaps: vec![closing],
            fence: Some(fence),
            ..Batch::default()
        })
        .await;
    }

    /// Fetches the trades of a window, newest first, and hands them over page by page. Gives how many there were.
    async fn window(
        &self,
        from: Timestamp,
        to: Timestamp,
        source: TradeSource,
        fence: &Fence,
    ) -> Result<u64, FillError> {
        let settings = self.shared.settings.backfill;
        let mut query = TradesQuery {
            limit: Some(TradesQuery::LIMITS.max),
            min_ts: Some(from.minus(settings.overlap)),
            // Whole seconds, rounded down: one more covers the last one.
            max_ts: Some(to.plus(settings.overlap).plus(Duration::from_secs(1))),
            ..TradesQuery::default()
        };
        let mut rows = 0;
        for pages in 1.. {
            let page = self.page(&query).await?;
            let oldest = page.trades.last().map(|trade| trade.created_time);
            let trades = page.trades.iter().filter_map(known).map(|trade| (trade, source));
            let batch = Batch {
                trades: trades.collect(),
                fence: Some(fence.clone()),
                ..Batch::default()
            };
            if self.shared.fence().as_ref() != Some(fence) {
                return Err(FillError::Outrun);
            }
            let fetched = batch.trades.len() as u64;
            rows += fetched;
            metrics::backfilled(fetched);
            self.count(|backfill| backfill.trades += fetched);
            self.put(batch).await;
            query.cursor = page.cursor.next();
            if query.cursor.is_none() {
                break;
            }
            if pages >= settings.max_pages {
                let before = oldest.unwrap_or(from);
                return Err(FillError::TooMuch { pages, rows, before });
            }
            sleep(PAUSE).await;
        }
        Ok(rows)
    }

    /// One page, however often it must be asked for, within bounds.
    async fn page(&self, query: &TradesQuery) -> Result<kmi_kalshi::api::trade::TradesPage, FillError> {
        let mut wait = FIRST;
        for attempt in 1.. {
            match self.shared.rest.trades_page(query).await {
                Ok(page) => return Ok(page),
                Err(error) if attempt >= self.shared.settings.backfill.attempts.max(1) => {
                    return Err(FillError::Silent(attempt, error));
                }
                Err(error) => tracing::debug!(%error, attempt, "missed trades are asked for again"),
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST);
        }
        unreachable!("attempts come to their bound")
    }

    async fn put(&self, batch: Batch) {
        self.shared.writing.put(batch).await;
    }

    async fn wait_until(&self, time: Timestamp) {
        let micros = time.micros_since(self.shared.clock.now());
        sleep(Duration::from_micros(u64::try_from(micros).unwrap_or_default())).await;
    }

    fn count(&self, change: impl FnOnce(&mut super::BackfillStatus)) {
        self.shared.monitor.update(|status| change(&mut status.backfill));
    }
}

/// The first part of a hole, when only what came after was fetched. Its name differs from that of the hole, which is filled by then.
fn rest(hole: &Hole, before: Timestamp) -> NewGap {
    NewGap {
        key: key(hole.from.minus(Duration::from_micros(1))),
        to: Some(before),
        reason: format!("{}; more trades than are fetched at once", hole.reason),
    }
}

/// A trade this program understands.
fn known(trade: &kmi_kalshi::api::trade::Trade) -> Option<PublicTrade> {
    let read = trade.to_domain();
    read.inspect_err(|error| tracing::warn!(id = %trade.trade_id, %error, "a trade is not kept"))
        .ok()
}
