//! The event loop: recorded markets merged in time, one strategy among them.
//!
//! Time is the exchange's. At one instant things happen in this order: markets close and orders expire; recorded events, in
//! the order of the data; news reaches the strategy; its orders reach the exchange; its timers ring; results are told. Orders
//! sent without latency reach the exchange at once, before the next recorded event. A market's recorded events at or after
//! its close are counted and otherwise ignored, so nothing fills there.

mod agenda;
mod exchange;
mod snapshot;
#[cfg(test)]
mod tests;
mod trader;

use std::collections::VecDeque;

use kmi_domain::flow::QueueModel;
use kmi_domain::{Money, Timestamp};

use crate::feed::{DataKind, Dataset, FeedEvent, MarketEnd};
use crate::latency::{Latency, Line};
use crate::result::RunResult;
use crate::strategy::{Books, Event, Intent, Intents, MarketId, MarketInfo, Strategy, View};
use agenda::{Action, Agenda, Phase};
use exchange::{Exchange, Public};
use trader::Trader;

/// Which fees a run charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FeeMode {
    /// None.
    None,
    /// The trade fee of the exchange's current schedule, rounded up to $0.0001 per fill.
    TradeFee,
    /// All the exchange charges now: the trade fee and the rounding to $0.0001 of the balance, with its rebates. Differs
    /// from [`FeeMode::TradeFee`] only where price × count is no multiple of $0.0001.
    #[default]
    Current,
}

/// How a run is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunConfig {
    /// Where own orders stand in queues that no recording shows.
    pub queue: QueueModel,
    /// How long messages take.
    pub latency: Latency,
    /// What fills cost.
    pub fees: FeeMode,
    /// Cash at the beginning. Shown to strategies, not a limit: orders beyond it are taken.
    pub cash: Money,
}

impl Default for RunConfig {
    /// Back of the queue, no latency, current fees, $10,000.
    fn default() -> RunConfig {
        RunConfig {
            queue: QueueModel::Back,
            latency: Latency::default(),
            fees: FeeMode::Current,
            cash: Money::from_dollars(10_000),
        }
    }
}

/// Why a run has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The strategy answers its own answers without end.
    #[error("the strategy asked for more than {MAX_INTENTS_PER_INSTANT} things at {at}")]
    Runaway {
        /// When.
        at: Timestamp,
    },
    /// Events are not in order.
    #[error("event {index} at {time} comes after one at {before}")]
    OutOfOrder {
        /// Place of the event, from 0.
        index: u64,
        /// Its time.
        time: Timestamp,
        /// Time of the event before it.
        before: Timestamp,
    },
    /// An event of a market that is not in the run.
    #[error("event {index} is of market {}, which the run does not have", .market.0)]
    UnknownMarket {
        /// Place of the event, from 0.
        index: u64,
        /// Market.
        market: MarketId,
    },
}

/// Most things a strategy may ask for at one instant, apart from those asked for in [`Strategy::start`].
pub const MAX_INTENTS_PER_INSTANT: u32 = 1_000_000;

/// Runs a strategy over a dataset.
///
/// # Errors
/// [`RunError`] for events out of order and for a strategy that never comes to rest.
pub fn run<S: Strategy + ?Sized>(
    data: &Dataset,
    strategy: &mut S,
    config: &RunConfig,
) -> Result<RunResult, RunError> {
    let catalogue = Catalogue {
        kind: data.kind(),
        markets: data.markets(),
        ends: data.ends(),
    };
    run_feed(catalogue, data.events().iter().copied(), strategy, config)
}

/// The markets of a run and how they end.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue<'a> {
    /// What the events are.
    pub kind: DataKind,
    /// The markets, by [`MarketId`].
    pub markets: &'a [MarketInfo],
    /// How they end, by [`MarketId`]; as many.
    pub ends: &'a [MarketEnd],
}

/// Runs a strategy over events that come in order of time, however many; they are not kept.
///
/// # Errors
/// [`RunError`] for events out of order and for a strategy that never comes to rest.
pub fn run_feed<S: Strategy + ?Sized>(
    catalogue: Catalogue<'_>,
    events: impl IntoIterator<Item = FeedEvent>,
    strategy: &mut S,
    config: &RunConfig,
) -> Result<RunResult, RunError> {
    let mut run = Run::new(catalogue, strategy, config);
    run.start();
    for event in events {
        run.feed(&event)?;
    }
    run.finish()
}

/// Something on its way to the strategy.
#[derive(Clone, Copy, Debug)]
enum News {
    Public(FeedEvent),
    Private(Event),
}

struct Run<'a, S: ?Sized> {
    catalogue: Catalogue<'a>,
    strategy: &'a mut S,
    exchange: Exchange<'a>,
    trader: Trader,
    agenda: Agenda,
    intents: Intents,
    /// Emptied into before the strategy is called again; kept for its memory.
    asked: Vec<Intent>,
    order_line: Line,
    data_line: Line,
    to_exchange: VecDeque<(Timestamp, Intent)>,
    to_trader: VecDeque<(Timestamp, News)>,
    /// News that takes no time.
    told: VecDeque<Event>,
    now: Timestamp,
    /// When something else than the next recorded event is due.
    next_due: Timestamp,
    events: u64,
    /// How many things were asked for at which instant.
    instant: (Timestamp, i64),
    runaway: Option<Timestamp>,
}

impl<'a, S: Strategy + ?Sized> Run<'a, S> {
    fn new(catalogue: Catalogue<'a>, strategy: &'a mut S, config: &RunConfig) -> Run<'a, S> {
        let mut agenda = Agenda::default();
        for (number, market) in (0..).zip(catalogue.markets) {
            if let Some(close_time) = market.close_time {
                agenda.add(close_time, Action::Close(MarketId(number)));
            }
        }
        let next_due = agenda.next_time();
        Run {
            exchange: Exchange::new(catalogue, config),
            trader: Trader::new(catalogue, config),
            catalogue,
            strategy,
            agenda,
            intents: Intents::new(),
            asked: Vec::new(),
            order_line: Line::new(config.latency.order, &config.latency, 0),
            data_line: Line::new(config.latency.data, &config.latency, 1),
            to_exchange: VecDeque::new(),
            to_trader: VecDeque::new(),
            told: VecDeque::new(),
            now: Timestamp::MIN,
            next_due,
            events: 0,
            instant: (Timestamp::MIN, 0),
            runaway: None,
        }
    }

    fn start(&mut self) {
        let view = view(
            self.now,
            self.catalogue,
            &self.exchange,
            &self.trader,
            &self.data_line,
        );
        self.strategy.start(&view, &mut self.intents);
        // However many markets there are, what is asked for at the start is no loop.
        let at_start =
            i64::try_from(self.intents.pending().len()).expect("what is asked for is kept in memory");
        self.instant = (self.now, -at_start);
        self.send();
        self.tell_all();
    }

    #[inline]
    fn feed(&mut self, event: &FeedEvent) -> Result<(), RunError> {
        if event.time < self.now || event.market.index() >= self.catalogue.markets.len() {
            return Err(self.refuse(event));
        }
        if event.time >= self.next_due {
            self.catch_up(event.time);
        }
        self.now = event.time;
        self.events += 1;
        let public = self.exchange.feed(event);
        if self.exchange.has_news() {
            self.pass_on();
        }
        if !self.data_line.is_instant() {
            // A copy of the book needs every event, whether or not it makes news.
            if public != Public::Closed {
                self.delay(News::Public(*event));
            }
            return Ok(());
        }
        self.tell_all();
        match public {
            Public::Trade(trade) => self.notify(&Event::Trade(trade)),
            Public::Book => self.notify(&Event::Book { market: event.market }),
            Public::Closed | Public::Part | Public::Nothing => {}
        }
        self.tell_all();
        Ok(())
    }

    #[cold]
    fn refuse(&self, event: &FeedEvent) -> RunError {
        let index = self.events;
        if event.market.index() >= self.catalogue.markets.len() {
            return RunError::UnknownMarket {
                index,
                market: event.market,
            };
        }
        RunError::OutOfOrder {
            index,
            time: event.time,
            before: self.now,
        }
    }

    fn finish(mut self) -> Result<RunResult, RunError> {
        let end = self.catalogue.ends.iter().filter_map(|end| end.settled_time);
        let closes = self
            .catalogue
            .markets
            .iter()
            .filter_map(|market| market.close_time);
        let end = end.chain(closes).fold(self.now, Timestamp::max);
        // News of the last events still arrives; timers and orders set after that have nothing to meet.
        let latest = self.data_line.latest_arrival(end);
        while let Some((time, phase)) = self.next() {
            if time > latest || self.runaway.is_some() {
                break;
            }
            self.step(time, phase);
        }
        match self.runaway {
            Some(at) => Err(RunError::Runaway { at }),
            None => Ok(self.exchange.into_result(self.events, self.intents.placed())),
        }
    }

    /// Does what is due before the recorded events of `time`.
    #[cold]
    fn catch_up(&mut self, time: Timestamp) {
        while let Some((due, phase)) = self.next() {
            if (due, phase) >= (time, Phase::Feed) {
                break;
            }
            self.step(due, phase);
        }
        self.next_due = self.next().map_or(Timestamp::MAX, |(due, _)| due);
    }

    /// What is due next.
    fn next(&self) -> Option<(Timestamp, Phase)> {
        let news = self.to_trader.front().map(|(time, _)| (*time, Phase::News));
        let orders = self.to_exchange.front().map(|(time, _)| (*time, Phase::Orders));
        [self.agenda.next(), news, orders].into_iter().flatten().min()
    }

    fn step(&mut self, time: Timestamp, phase: Phase) {
        self.now = self.now.max(time);
        match phase {
            Phase::News => {
                if let Some((_, news)) = self.to_trader.pop_front() {
                    self.arrive(news);
                }
            }
            Phase::Orders => {
                if let Some((_, intent)) = self.to_exchange.pop_front() {
                    self.exchange.receive(self.now, intent);
                    self.pass_on();
                }
            }
            _ => {
                if let Some(action) = self.agenda.take() {
                    self.act(action);
                }
            }
        }
        self.tell_all();
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Close(market) => {
                self.exchange.close(self.now, market);
                self.pass_on();
                let end = self.catalogue.ends[market.index()];
                if end.result.is_some() {
                    let told = end.settled_time.map_or(self.now, |settled| settled.max(self.now));
                    self.schedule(told, Action::Settle(market));
                }
            }
            Action::Expire(market) => {
                self.exchange.expire(self.now, market);
                self.pass_on();
            }
            Action::Settle(market) => {
                if let Some(result) = self.catalogue.ends[market.index()].result {
                    self.tell(Event::Settled { market, result });
                }
            }
            Action::Ring(token) => self.notify(&Event::Timer { token }),
        }
    }

    fn schedule(&mut self, time: Timestamp, action: Action) {
        self.agenda.add(time, action);
        self.next_due = self.next_due.min(time);
    }

    /// Sends on what the exchange says of own orders.
    #[cold]
    fn pass_on(&mut self) {
        while let Some(news) = self.exchange.next_news() {
            if let Some((time, market)) = news.expiry {
                self.schedule(time, Action::Expire(market));
            }
            self.tell(Event::Order(news.update));
        }
    }

    fn tell(&mut self, event: Event) {
        if self.data_line.is_instant() {
            self.told.push_back(event);
        } else {
            self.delay(News::Private(event));
        }
    }

    fn delay(&mut self, news: News) {
        let arrival = self.data_line.arrival(self.now);
        self.to_trader.push_back((arrival, news));
        self.next_due = self.next_due.min(arrival);
    }

    #[inline]
    fn tell_all(&mut self) {
        while let Some(event) = self.told.pop_front() {
            self.notify(&event);
        }
    }

    /// Delayed news reaches the strategy.
    fn arrive(&mut self, news: News) {
        match news {
            News::Private(event) => self.notify(&event),
            News::Public(event) => {
                if let Some(event) = self.trader.copy(&event) {
                    self.notify(&event);
                }
            }
        }
    }

    /// Shows the strategy an event and does what it asks for.
    #[inline]
    fn notify(&mut self, event: &Event) {
        self.trader.observe(event);
        let view = view(
            self.now,
            self.catalogue,
            &self.exchange,
            &self.trader,
            &self.data_line,
        );
        self.strategy.on_event(event, &view, &mut self.intents);
        if !self.intents.is_empty() {
            self.send();
        }
    }

    #[cold]
    fn send(&mut self) {
        let mut asked = std::mem::take(&mut self.asked);
        asked.extend(self.intents.drain());
        for intent in asked.drain(..) {
            if self.is_runaway() {
                break;
            }
            self.send_one(intent);
        }
        self.asked = asked;
    }

    fn is_runaway(&mut self) -> bool {
        if self.instant.0 != self.now {
            self.instant = (self.now, 0);
        }
        self.instant.1 += 1;
        if self.instant.1 > i64::from(MAX_INTENTS_PER_INSTANT) {
            self.runaway = Some(self.now);
        }
        self.runaway.is_some()
    }

    fn send_one(&mut self, intent: Intent) {
        match intent {
            Intent::SetTimer { at, token } => {
                self.schedule(at.max(self.now), Action::Ring(token));
                return;
            }
            Intent::Place { id, order } => {
                self.exchange.register(id, &order);
                self.trader.sent(self.now, id, &order);
            }
            Intent::Cancel { .. } | Intent::Amend { .. } => {}
        }
        if self.order_line.is_instant() {
            self.exchange.receive(self.now, intent);
            self.pass_on();
        } else {
            let arrival = self.order_line.arrival(self.now);
            self.to_exchange.push_back((arrival, intent));
            self.next_due = self.next_due.min(arrival);
        }
    }
}

/// What the strategy sees.
#[inline]
fn view<'v>(
    now: Timestamp,
    catalogue: Catalogue<'v>,
    exchange: &'v Exchange<'_>,
    trader: &'v Trader,
    data_line: &Line,
) -> View<'v> {
    let books = if data_line.is_instant() {
        exchange.books()
    } else {
        match catalogue.kind {
            DataKind::Tape => Books::None,
            DataKind::Books => Books::Copies(trader.books()),
        }
    };
    View::new(now, catalogue.markets, trader.seen(), books, trader.cash())
}
