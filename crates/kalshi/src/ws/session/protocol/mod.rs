//! The protocol without the network: what is wanted and what came, in; commands and events, out. Time is an argument.

mod books;
mod data;
mod feed;
mod overdue;
mod replies;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use kmi_domain::Ticker;
use tokio::sync::watch;
use tokio::time::Instant;

use self::feed::{Action, Feed, Phase, WithSnapshots};
use self::told::Outbox;
pub(super) use self::told::Told;
use crate::ws::config::{Config, NoPrices, Timeouts};
use crate::ws::{
    Channel, Command, CommandBody, EventKind, Markets, SubscribeParams, SubscriptionState, UnsubscribeParams,
    UpdateAction, UpdateParams,
};

/// A subscription that lasted as long is not taken to fail again and again.
const STABLE: Duration = Duration::from_mins(1);

#[derive(Debug)]
struct InFlight {
    channel: Channel,
    action: Action,
    deadline: Instant,
}

/// Everything known of the subscriptions of one client, over all its connections.
#[derive(Debug)]
pub(super) struct Protocol {
    timeouts: Timeouts,
    no_prices: NoPrices,
    chunk: usize,
    feeds: BTreeMap<Channel, Feed>,
    by_sid: HashMap<u64, Channel>,
    /// Subscriptions of this connection that have ended; what still comes of them is nobody's.
    retired: HashSet<u64>,
    in_flight: BTreeMap<u64, InFlight>,
    last_id: u64,
    is_connected: bool,
    /// When the first subscription of this connection was confirmed.
    confirmed_at: Option<Instant>,
    /// Not while the reader is too slow for books.
    snapshots: WithSnapshots,
    /// Something may be to be asked.
    is_dirty: bool,
    /// Whether replies share the data's counter, as far as known.
    shared_counter: bool,
    events: Outbox,
}

impl Protocol {
    pub(super) fn new(config: &Config) -> Protocol {
        Protocol {
            timeouts: config.timeouts,
            no_prices: config.no_prices,
            chunk: config
                .bounds
                .markets_per_command
                .clamp(1, (config.bounds.books / 2).max(1)),
            feeds: BTreeMap::new(),
            by_sid: HashMap::new(),
            retired: HashSet::new(),
            in_flight: BTreeMap::new(),
            last_id: 0,
            is_connected: false,
            confirmed_at: None,
            snapshots: WithSnapshots::Yes,
            is_dirty: false,
            shared_counter: false,
            events: Outbox::default(),
        }
    }

    /// What happened since this was asked last, in order.
    pub(super) fn take_events(&mut self) -> Vec<Told> {
        self.events.take()
    }

    // ---- what is wanted ----

    pub(super) fn subscribe(
        &mut self,
        channel: Channel,
        markets: Markets,
    ) -> watch::Receiver<SubscriptionState> {
        let markets = Feed::effective(channel, markets);
        self.is_dirty = true;
        let chunk = self.chunk;
        let feed = match self.feeds.entry(channel) {
            std::collections::btree_map::Entry::Occupied(entry) => {
                let feed = entry.into_mut();
                feed.want(markets);
                feed
            }
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Feed::new(channel, markets, chunk))
            }
        };
        feed.set_state(SubscriptionState::Pending);
        feed.state.subscribe()
    }

    pub(super) fn add_markets(&mut self, channel: Channel, tickers: Vec<Ticker>) {
        self.is_dirty = true;
        if let Some(feed) = self.feeds.get_mut(&channel) {
            feed.want(Markets::of(tickers));
            feed.set_state(SubscriptionState::Pending);
        }
    }

    pub(super) fn delete_markets(&mut self, channel: Channel, tickers: &[Ticker]) {
        self.is_dirty = true;
        if let Some(feed) = self.feeds.get_mut(&channel) {
            // What was never asked for on this connection is gone at once, the rest with the command or the connection.
            let reached = reached(&self.in_flight, feed);
            let gone = feed.unwant(tickers);
            let tickers: Vec<Ticker> = gone.into_iter().filter(|one| !reached.contains(one)).collect();
            if !tickers.is_empty() {
                self.events.push(EventKind::Removed { channel, tickers });
            }
            feed.set_state(SubscriptionState::Pending);
            feed.rest_if_off();
        }
    }

    pub(super) fn unsubscribe(&mut self, channel: Channel) {
        self.is_dirty = true;
        if let Some(feed) = self.feeds.get_mut(&channel) {
            feed.wanted = Markets::none();
            feed.set_state(SubscriptionState::Pending);
            if feed.rest_if_off() {
                self.events.push(EventKind::Unsubscribed { channel });
            }
        }
    }

    /// The reader found these books wrong.
    pub(super) fn refresh(&mut self, tickers: &[Ticker]) {
        self.is_dirty = true;
        if let Some(feed) = self.feeds.get_mut(&Channel::OrderbookDelta) {
            let tickers = feed.books.ask(tickers);
            if !tickers.is_empty() {
                self.events.push(EventKind::Stale { tickers });
            }
        }
    }

    /// The reader was too slow: every book is out of date, and none is asked for before [`Protocol::resume_books`].
    pub(super) fn pause_books(&mut self) {
        self.snapshots = WithSnapshots::No;
        if let Some(feed) = self.feeds.get_mut(&Channel::OrderbookDelta) {
            feed.books.ask_all();
            Self::abandon_snapshots(&mut self.in_flight, feed);
        }
        self.events.push(EventKind::Lagged {
            channel: Channel::OrderbookDelta,
        });
    }

    pub(super) fn is_paused(&self) -> bool {
        self.snapshots == WithSnapshots::No
    }

    pub(super) fn resume_books(&mut self) {
        self.snapshots = WithSnapshots::Yes;
        self.is_dirty = true;
    }

    // ---- the connection ----

    pub(super) fn connected(&mut self) {
        self.is_connected = true;
        self.is_dirty = true;
    }

    pub(super) fn disconnected(&mut self) {
        self.is_connected = false;
        self.confirmed_at = None;
        self.by_sid.clear();
        self.retired.clear();
        self.last_id = 0;
        for feed in self.feeds.values_mut() {
            let channel = feed.channel;
            let reached = reached(&self.in_flight, feed);
            let rested = *feed.state.borrow() == SubscriptionState::Ended;
            feed.reset();
            feed.retry_at = None;
            feed.end_at = None;
            feed.resubscribed = 0;
            feed.chunk = self.chunk;
            if let Some(refusal) = &feed.refused {
                feed.set_state(SubscriptionState::Refused(refusal.clone()));
            } else if feed.rest_if_off() {
                // Its end was asked for, or was going to be.
                if !rested {
                    self.events.push(EventKind::Unsubscribed { channel });
                }
            } else if let Markets::Of(wanted) = &feed.wanted {
                let tickers: Vec<Ticker> = reached.difference(wanted).cloned().collect();
                if !tickers.is_empty() {
                    self.events.push(EventKind::Removed { channel, tickers });
                }
            }
        }
        self.in_flight.clear();
    }

    /// Since when this connection, made at `connected`, is of use: from its first confirmed subscription, if any is wanted.
    pub(super) fn serves_since(&self, connected: Instant) -> Option<Instant> {
        let is_idle = self.feeds.values().all(|feed| feed.wanted.is_none());
        self.confirmed_at.or(is_idle.then_some(connected))
    }

    /// The next command to send, which is then in flight.
    pub(super) fn next_command(&mut self, now: Instant) -> Option<Command> {
        if !self.is_dirty || !self.is_connected {
            return None;
        }
        let next = self
            .feeds
            .values()
            .find_map(|feed| Some((feed.channel, feed.next_action(now, self.snapshots)?)));
        let Some((channel, action)) = next else {
            self.is_dirty = false;
            self.settle();
            return None;
        };
        Some(self.launch(channel, action, now))
    }

    /// Tells the handles of subscriptions that are as wanted.
    fn settle(&self) {
        for feed in self.feeds.values() {
            if let (Phase::On(sid), None) = (feed.phase, feed.in_flight)
                && feed.wanted == feed.covered
            {
                feed.set_state(SubscriptionState::Active { sid });
            }
        }
    }

    fn launch(&mut self, channel: Channel, action: Action, now: Instant) -> Command {
        self.last_id += 1;
        let id = self.last_id;
        let body = command(channel, &action, self.no_prices);
        let feed = self.feeds.get_mut(&channel).expect("the action is of this feed");
        feed.in_flight = Some(id);
        let snapshots_by = now + self.timeouts.snapshot;
        match &action {
            Action::Subscribe(markets) => {
                feed.phase = Phase::Asked(None);
                if let (Channel::OrderbookDelta, Markets::Of(tickers)) = (channel, markets) {
                    feed.books.expect(tickers, snapshots_by);
                }
            }
            Action::Unsubscribe(sid) => {
                feed.phase = Phase::Ending(*sid);
                let tickers = feed.books.tickers();
                if !tickers.is_empty() {
                    self.events.push(EventKind::Stale { tickers });
                }
            }
            Action::Add(_, tickers) if channel == Channel::OrderbookDelta => {
                feed.books.expect(tickers, snapshots_by);
            }
            Action::Delete(_, tickers) => {
                feed.books.remove(tickers);
                let tickers = tickers.clone();
                self.events.push(EventKind::Removed { channel, tickers });
            }
            Action::Snapshot(_, tickers) => feed.books.asked(tickers, snapshots_by),
            Action::Add(..) => {}
        }
        let deadline = now + self.timeouts.command;
        self.in_flight.insert(
            id,
            InFlight {
                channel,
                action,
                deadline,
            },
        );
        Command { id, body }
    }
}

/// Markets that the exchange covers, or was asked to, and whose end it was not asked for.
fn reached(in_flight: &BTreeMap<u64, InFlight>, feed: &Feed) -> BTreeSet<Ticker> {
    let mut reached = match &feed.covered {
        Markets::Of(covered) => covered.clone(),
        Markets::All => BTreeSet::new(),
    };
    match feed
        .in_flight
        .and_then(|id| in_flight.get(&id))
        .map(|flight| &flight.action)
    {
        Some(Action::Subscribe(Markets::Of(tickers))) => reached.extend(tickers.iter().cloned()),
        Some(Action::Add(_, tickers)) => reached.extend(tickers.iter().cloned()),
        Some(Action::Delete(_, tickers)) => reached.retain(|ticker| !tickers.contains(ticker)),
        _ => {}
    }
    reached
}

/// The command that does it.
fn command(channel: Channel, action: &Action, no_prices: NoPrices) -> CommandBody {
    let update = |action, sid: &u64, tickers: &Vec<Ticker>| {
        CommandBody::UpdateSubscription(UpdateParams {
            send_initial_snapshot: (channel == Channel::Ticker && action == UpdateAction::AddMarkets)
                .then_some(true),
            ..UpdateParams::new(action, *sid, tickers.iter().cloned())
        })
    };
    match action {
        Action::Subscribe(markets) => CommandBody::Subscribe(subscription(channel, markets, no_prices)),
        Action::Unsubscribe(sid) => CommandBody::Unsubscribe(UnsubscribeParams { sids: vec![*sid] }),
        Action::Add(sid, tickers) => update(UpdateAction::AddMarkets, sid, tickers),
        Action::Delete(sid, tickers) => update(UpdateAction::DeleteMarkets, sid, tickers),
        Action::Snapshot(sid, tickers) => update(UpdateAction::GetSnapshot, sid, tickers),
    }
}

/// `use_yes_price` is always said, since its default is announced to change; lists of markets are not wanted back.
fn subscription(channel: Channel, markets: &Markets, no_prices: NoPrices) -> SubscribeParams {
    let params = match markets {
        Markets::All => SubscribeParams::of(channel),
        Markets::Of(tickers) => SubscribeParams {
            skip_ticker_ack: Some(true),
            ..SubscribeParams::markets(channel, tickers.iter().cloned())
        },
    };
    SubscribeParams {
        use_yes_price: (channel == Channel::OrderbookDelta).then_some(no_prices == NoPrices::InYes),
        send_initial_snapshot: (channel == Channel::Ticker && *markets != Markets::All).then_some(true),
        ..params
    }
}

impl Markets {
    /// No market at all: nothing is wanted.
    pub(super) fn none() -> Markets {
        Markets::Of(BTreeSet::new())
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Markets::Of(tickers) if tickers.is_empty())
    }
}
