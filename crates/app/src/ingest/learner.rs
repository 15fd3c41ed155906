//! What a sweep of open markets does not tell: [`Learner`].
//!
//! Markets that closed or that somebody came upon, metadata as it changes, events and series. One request at a time, with a pause
//! between them, so that sweeps keep most of the tokens: at most five a second.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api::event::{Event, EventsQuery, MultivariateEventsQuery};
use kmi_kalshi::api::market::{Market, MarketsQuery, MveFilter, StatusFilter};
use kmi_kalshi::api::query::Commas;
use kmi_kalshi::api::series::{Series, SeriesListQuery, SeriesQuery};
use kmi_kalshi::rest;
use kmi_storage::{Batch, SnapshotSource};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::rows;
use super::settings::Combos;
use super::shared::Shared;

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(200);
/// Before what is newly wanted is asked for, so that what comes together is asked together.
const GATHER: Duration = Duration::from_millis(200);
/// Markets, and events, of one request.
const NAMES: usize = 100;
/// Most pages of one list: 40,000 events, or 200,000 changed markets.
const PAGES: u32 = 200;
/// Unknown series up to which each is asked for alone; more are learned from the list of all.
const SINGLE_SERIES: usize = 10;
/// Before a name that the exchange does not know is asked for again.
const UNKNOWN: Duration = Duration::from_mins(10);
/// Between two answers without a market, before it counts as gone: one answer may lag behind.
const GONE: Duration = Duration::from_mins(1);
/// Names the exchange did not know that are remembered, at most.
const REMEMBERED: usize = 20_000;
/// Changes are asked for from this much before the last answer on, as the clocks differ.
const OVERLAP: Duration = Duration::from_mins(2);
/// How far back changes are asked for after an absence, at most.
const LONGEST_ABSENCE: Duration = Duration::from_hours(14 * 24);
/// How much earlier changes are asked for again when rows were dropped.
const AFTER_LOSS: Duration = Duration::from_hours(6);
/// Longest wait for the first sweep, before the events are listed.
const FIRST_SWEEP: Duration = Duration::from_secs(10);

/// Asks about what sweeps do not tell.
pub(super) struct Learner {
    shared: Arc<Shared>,
    /// When changes were last asked for.
    refreshed: Timestamp,
    unknown_events: BTreeMap<EventTicker, Instant>,
    unknown_series: BTreeMap<SeriesTicker, Instant>,
    /// Markets on the board that an answer left out, and when one did first.
    left_out: BTreeMap<Ticker, Instant>,
    /// Whether all open events were listed under the lease held now.
    listed: bool,
    /// What [`Writing::losses`](super::writer::Writing::losses) was when they were.
    losses: u64,
}

impl Learner {
    pub(super) fn new(shared: Arc<Shared>) -> Learner {
        Learner {
            refreshed: shared.clock.now(),
            shared,
            unknown_events: BTreeMap::new(),
            unknown_series: BTreeMap::new(),
            left_out: BTreeMap::new(),
            listed: false,
            losses: 0,
        }
    }

    /// Learns until `stop`.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.learn() => {}
        }
    }

    async fn learn(&mut self) {
        let shared = Arc::clone(&self.shared);
        // The first sweep has the tokens to itself; without one, the events are worth knowing all the same.
        let _ = timeout(
            FIRST_SWEEP,
            shared.swept.subscribe().wait_for(|sweeps| *sweeps > 0),
        )
        .await;
        let mut leadership = shared.leadership.clone();
        let mut ticks = interval(shared.settings.metadata_interval.max(PAUSE));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut led = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => self.refresh().await,
                () = shared.wants.news() => {
                    sleep(GATHER).await;
                    self.serve().await;
                }
                Ok(()) = leadership.changed() => {}
            }
            let fence = leadership.borrow_and_update().fence.clone();
            if let Some(fence) = fence.filter(|fence| led.as_ref() != Some(fence)) {
                self.catch_up(fence.epoch).await;
                led = Some(fence);
            }
        }
    }

    /// Who comes to lead asks for everything that changed since somebody else led, or since nobody did: markets that closed
    /// meanwhile are on no sweep.
    async fn catch_up(&mut self, epoch: i64) {
        self.listed = false;
        let now = self.shared.clock.now();
        let last = match self.shared.keeper.last_cycle_before(epoch).await {
            Ok(last) => last.map_or(now, |cycle| cycle.ended),
            Err(error) => {
                tracing::warn!(%error, "since when metadata may have changed is not known");
                now
            }
        };
        self.refreshed = self
            .refreshed
            .min(last)
            .minus(OVERLAP)
            .max(now.minus(LONGEST_ABSENCE));
        self.refresh().await;
    }

    /// What is looked at now and then.
    async fn refresh(&mut self) {
        let losses = self.shared.writing.losses();
        if self.losses != losses {
            // Some of it may have been dropped on its way to the database.
            (self.listed, self.losses) = (false, losses);
            self.refreshed = self.refreshed.minus(AFTER_LOSS);
        }
        if !self.listed {
            match self.list_events().await {
                Ok(()) => self.listed = true,
                Err(error) => tracing::warn!(%error, "the events could not be listed"),
            }
        }
        let board = &self.shared.board;
        // Those that came back by a sweep, or left with their end, are not asked for by name again.
        self.left_out
            .retain(|market, since| since.elapsed() < UNKNOWN && board.market(market).is_some());
        if let Err(error) = self.changes().await {
            tracing::warn!(%error, "changed metadata could not be had");
        }
        for series in self.shared.settings.recorded.clone() {
            if let Err(error) = self.recorded(&series).await {
                tracing::warn!(%error, %series, "markets to record could not be listed");
            }
        }
        self.serve().await;
    }

    /// Asks about what is wanted, until nothing is or the exchange does not answer.
    async fn serve(&mut self) {
        loop {
            let markets = self.shared.wants.take_markets(NAMES);
            let events = self.wanted_events();
            if markets.is_empty() && events.is_empty() {
                if self.shared.wants.is_empty() {
                    break;
                }
                continue;
            }
            let asked = self.ask(markets.clone(), &events).await;
            if let Err(error) = asked {
                tracing::debug!(%error, "what is wanted could not be had; it is asked for later");
                self.shared.wants.markets(markets);
                self.shared.wants.events(events);
                break;
            }
        }
        if let Err(error) = self.learn_series().await {
            tracing::debug!(%error, "series could not be had");
        }
    }

    fn wanted_events(&mut self) -> Vec<EventTicker> {
        let unknown = &mut self.unknown_events;
        unknown.retain(|_, asked| asked.elapsed() < UNKNOWN);
        let mut events = self.shared.wants.take_events(NAMES);
        let board = &self.shared.board;
        // Many were wanted before all were listed.
        events.retain(|event| !unknown.contains_key(event) && board.event(event).is_none());
        events
    }

    async fn ask(&mut self, markets: Vec<Ticker>, events: &[EventTicker]) -> Result<(), rest::Error> {
        if !markets.is_empty() {
            let query = MarketsQuery {
                limit: Some(MarketsQuery::LIMITS.max),
                tickers: markets.clone().into(),
                ..MarketsQuery::default()
            };
            let found = self.markets(query).await?;
            for market in &markets {
                if found.contains(market) {
                    self.left_out.remove(market);
                } else {
                    self.leave_out(market);
                }
            }
        }
        if !events.is_empty() {
            let found = self.events_named(events).await?;
            for event in events.iter().filter(|event| !found.contains(*event)) {
                if self.unknown_events.len() < REMEMBERED {
                    self.unknown_events.insert(event.clone(), Instant::now());
                }
            }
        }
        Ok(())
    }

    /// An answer left a market out: the second time it is gone.
    fn leave_out(&mut self, market: &Ticker) {
        if self.shared.board.market(market).is_none() {
            self.left_out.remove(market);
            return;
        }
        let since = *self.left_out.entry(market.clone()).or_insert_with(Instant::now);
        if since.elapsed() >= GONE {
            tracing::info!(ticker = %market, "the exchange does not know the market any more");
            self.left_out.remove(market);
            self.shared.board.forget_market(market);
        }
    }

    async fn events_named(&mut self, events: &[EventTicker]) -> Result<BTreeSet<EventTicker>, rest::Error> {
        let query = EventsQuery {
            limit: Some(EventsQuery::LIMITS.max),
            tickers: events.iter().cloned().collect(),
            ..EventsQuery::default()
        };
        sleep(PAUSE).await;
        let mut found = self.shared.rest.events_page(&query).await?.events;
        let mut names: BTreeSet<EventTicker> = found.iter().map(|event| event.event_ticker.clone()).collect();
        let combos: Commas<EventTicker> = events
            .iter()
            .filter(|event| !names.contains(*event))
            .cloned()
            .collect();
        // Combos are not among the events.
        if self.shared.settings.combos == Combos::Included && !combos.is_empty() {
            let query = MultivariateEventsQuery {
                limit: Some(MultivariateEventsQuery::LIMITS.max),
                tickers: combos,
                ..MultivariateEventsQuery::default()
            };
            sleep(PAUSE).await;
            found.extend(self.shared.rest.multivariate_events_page(&query).await?.events);
            names.extend(found.iter().map(|event| event.event_ticker.clone()));
        }
        self.take_events(found).await;
        Ok(names)
    }

    async fn list_events(&mut self) -> Result<(), rest::Error> {
        let mut query = EventsQuery {
            limit: Some(EventsQuery::LIMITS.max),
            status: Some(StatusFilter::Open),
            ..EventsQuery::default()
        };
        for _ in 0..PAGES {
            let page = self.shared.rest.events_page(&query).await?;
            self.take_events(page.events).await;
            query.cursor = page.cursor.next();
            if query.cursor.is_none() {
                break;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Markets whose metadata changed since this was asked last.
    async fn changes(&mut self) -> Result<(), rest::Error> {
        let asked = self.shared.clock.now();
        let excludes = self.shared.settings.combos == Combos::Excluded;
        let query = MarketsQuery {
            limit: Some(MarketsQuery::LIMITS.max),
            min_updated_ts: Some(self.refreshed.minus(OVERLAP)),
            mve_filter: excludes.then_some(MveFilter::Exclude),
            ..MarketsQuery::default()
        };
        self.markets(query).await?;
        self.refreshed = asked;
        Ok(())
    }

    /// Open markets of a series that is recorded.
    async fn recorded(&mut self, series: &SeriesTicker) -> Result<(), rest::Error> {
        let query = MarketsQuery {
            limit: Some(MarketsQuery::LIMITS.max),
            series_ticker: Some(series.clone()),
            status: Some(StatusFilter::Open),
            ..MarketsQuery::default()
        };
        let open = self.markets(query).await?;
        self.shared.recorded.send_if_modified(|all| {
            let before = all.insert(series.clone(), open.clone());
            before.as_ref() != Some(&open)
        });
        Ok(())
    }

    /// Reads a list of markets, takes them, and gives their names.
    async fn markets(&mut self, mut query: MarketsQuery) -> Result<BTreeSet<Ticker>, rest::Error> {
        let mut names = BTreeSet::new();
        for _ in 0..PAGES {
            sleep(PAUSE).await;
            let asked = self.shared.clock.now();
            let page = self.shared.rest.markets_page(&query).await?;
            names.extend(page.markets.iter().map(|market| market.ticker.clone()));
            self.take_markets(page.markets, asked).await;
            query.cursor = page.cursor.next();
            if query.cursor.is_none() {
                break;
            }
        }
        Ok(names)
    }

    /// Takes markets; all of them are given to the database, which keeps what differs from before: the board may have learned a change
    /// from the stream already.
    async fn take_markets(&self, markets: Vec<Market>, asked: Timestamp) {
        let board = &self.shared.board;
        let fence = self.shared.fence();
        let mut batch = Batch {
            fence,
            ..Batch::default()
        };
        let excludes = self.shared.settings.combos == Combos::Excluded;
        for market in markets {
            if excludes && market.mve_collection_ticker.is_some() {
                self.shared.wants.ignore(market.ticker);
                continue;
            }
            if batch.fence.is_some() {
                batch.markets.extend(rows::metadata(&market));
            }
            let swept = board.take_market(market, asked);
            let quotes = swept.quotes.iter();
            batch
                .snapshots
                .extend(quotes.map(|market| rows::snapshot(market, SnapshotSource::Poll)));
        }
        self.shared.wants.events(board.unknown_events());
        if batch.fence.is_some() {
            self.shared.writing.put(batch).await;
        }
    }

    async fn take_events(&self, events: Vec<Event>) {
        if let Some(fence) = self.shared.fence() {
            let known = events.iter().filter_map(|event| {
                let domain = event.to_domain();
                domain
                    .inspect_err(
                        |error| tracing::warn!(event = %event.event_ticker, %error, "is shown but not kept"),
                    )
                    .ok()
            });
            let batch = Batch {
                events: known.collect(),
                fence: Some(fence),
                ..Batch::default()
            };
            self.shared.writing.put(batch).await;
        }
        self.shared.board.take_events(events);
    }

    /// Learns the series of events that are known.
    async fn learn_series(&mut self) -> Result<(), rest::Error> {
        let unknown = &mut self.unknown_series;
        unknown.retain(|_, asked| asked.elapsed() < UNKNOWN);
        let board = &self.shared.board;
        let events = board.events();
        let names: BTreeSet<SeriesTicker> = events.iter().map(|event| event.series_ticker.clone()).collect();
        let wanted: Vec<SeriesTicker> = names
            .into_iter()
            .filter(|name| board.series(name).is_none() && !unknown.contains_key(name))
            .collect();
        if wanted.len() > SINGLE_SERIES {
            sleep(PAUSE).await;
            let all = self.shared.rest.series_list(&SeriesListQuery::default()).await?;
            self.take_series(all).await;
        } else {
            for name in &wanted {
                sleep(PAUSE).await;
                match self.shared.rest.series(name, &SeriesQuery::default()).await {
                    Ok(series) => self.take_series(vec![series]).await,
                    Err(rest::Error::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        for name in wanted {
            if self.shared.board.series(&name).is_none() && self.unknown_series.len() < REMEMBERED {
                self.unknown_series.insert(name, Instant::now());
            }
        }
        Ok(())
    }

    async fn take_series(&self, series: Vec<Series>) {
        if let Some(fence) = self.shared.fence() {
            let batch = Batch {
                series: series.iter().map(Series::to_domain).collect(),
                fence: Some(fence),
                ..Batch::default()
            };
            self.shared.writing.put(batch).await;
        }
        self.shared.board.take_series(series);
    }
}
