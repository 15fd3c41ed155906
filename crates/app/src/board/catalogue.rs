//! Which markets, events and series there are: [`Catalogue`].

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use kmi_domain::{EventTicker, SeriesTicker, Ticker, Timestamp};
use kmi_kalshi::api;
use parking_lot::{Mutex, MutexGuard};

use super::search::{self, Text};
use super::{MarketId, MarketState};

/// Names that keep their number though no market of theirs is on the board, at most: those that left, and those only heard of.
const NAMES: usize = 10_000;

/// Markets by number and name, events, series, and how they belong together.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    slots: Vec<Mutex<Slot>>,
    by_ticker: HashMap<Ticker, MarketId>,
    /// Names that came to be without a market, oldest first; some may have one by now.
    bare: VecDeque<(Ticker, MarketId)>,
    events: BTreeMap<EventTicker, Known>,
    series: BTreeMap<SeriesTicker, Arc<api::series::Series>>,
    markets: usize,
    /// Counts markets that came or went.
    joined: u64,
}

/// An event that was told of, or that a market names.
#[derive(Debug)]
struct Known {
    body: Option<Arc<api::event::Event>>,
    /// What it is found by.
    text: Text,
    /// The secondary rules a market of it had last, for the others to share.
    rules: Mutex<Arc<str>>,
    markets: Vec<MarketId>,
}

/// Where a market stands on the board.
#[derive(Debug)]
pub(super) struct Slot {
    /// The market; `None` while only its name is known, and after it left.
    pub(super) market: Option<Arc<MarketState>>,
    /// What it is found by, its own and its event's.
    pub(super) texts: [Text; 2],
    /// When the last sweep that it was on was asked for.
    pub(super) swept: Timestamp,
    /// When the last answer about it alone was asked for.
    pub(super) read: Timestamp,
    /// When the stream last told its quotes.
    pub(super) quoted: Timestamp,
    /// When the stream last told what became of it.
    pub(super) lived: Timestamp,
    /// When it was seen to be settled.
    pub(super) ended: Option<Timestamp>,
    /// Versions of the market that were told before it left, the telling of its end included.
    pub(super) versions: u64,
}

impl Slot {
    fn new() -> Slot {
        Slot {
            market: None,
            texts: [search::nothing(), search::nothing()],
            swept: Timestamp::MIN,
            read: Timestamp::MIN,
            quoted: Timestamp::MIN,
            lived: Timestamp::MIN,
            ended: None,
            versions: 0,
        }
    }
}

impl Catalogue {
    pub(super) fn len(&self) -> usize {
        self.markets
    }

    /// Counts markets that came or went.
    pub(super) fn joined(&self) -> u64 {
        self.joined
    }

    pub(super) fn id(&self, ticker: &Ticker) -> Option<MarketId> {
        self.by_ticker.get(ticker).copied()
    }

    pub(super) fn slot(&self, id: MarketId) -> Option<MutexGuard<'_, Slot>> {
        self.slots.get(id.place()).map(Mutex::lock)
    }

    pub(super) fn market(&self, id: MarketId) -> Option<Arc<MarketState>> {
        self.slot(id)?.market.clone()
    }

    /// All slots by number, those without a market too.
    pub(super) fn slots(&self) -> impl Iterator<Item = (MarketId, MutexGuard<'_, Slot>)> {
        (0_u32..).map(MarketId).zip(self.slots.iter().map(Mutex::lock))
    }

    /// All markets by number.
    pub(super) fn markets(&self) -> impl Iterator<Item = Arc<MarketState>> + '_ {
        self.slots().filter_map(|(_, slot)| slot.market.clone())
    }

    pub(super) fn ids_of(&self, event: &EventTicker) -> &[MarketId] {
        self.events.get(event).map_or(&[], |known| &known.markets)
    }

    pub(super) fn event(&self, ticker: &EventTicker) -> Option<&Arc<api::event::Event>> {
        self.events.get(ticker)?.body.as_ref()
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Arc<api::event::Event>> {
        self.events.values().filter_map(|known| known.body.as_ref())
    }

    pub(super) fn unknown_events(&self) -> Vec<EventTicker> {
        let unknown = self.events.iter().filter(|(_, known)| known.body.is_none());
        unknown.map(|(ticker, _)| ticker.clone()).collect()
    }

    pub(super) fn series(&self, ticker: &SeriesTicker) -> Option<&Arc<api::series::Series>> {
        self.series.get(ticker)
    }

    pub(super) fn all_series(&self) -> impl Iterator<Item = &Arc<api::series::Series>> {
        self.series.values()
    }

    /// The series of an event.
    pub(super) fn series_of(&self, event: &api::event::Event) -> Option<Arc<api::series::Series>> {
        self.series.get(&event.series_ticker).cloned()
    }

    /// The number of a name; a new one for a new name.
    pub(super) fn number(&mut self, ticker: &Ticker) -> MarketId {
        if let Some(id) = self.id(ticker) {
            return id;
        }
        let id =
            MarketId(u32::try_from(self.slots.len()).expect("a process sees fewer than 4 billion markets"));
        self.slots.push(Mutex::new(Slot::new()));
        self.by_ticker.insert(ticker.clone(), id);
        self.remember(ticker.clone(), id);
        id
    }

    /// Notes a name that has no market; in exchange for the oldest at the bound.
    fn remember(&mut self, ticker: Ticker, id: MarketId) {
        self.bare.push_back((ticker, id));
        if self.bare.len() <= NAMES {
            return;
        }
        if let Some((ticker, id)) = self.bare.pop_front()
            && self.id(&ticker) == Some(id)
            && self.market(id).is_none()
        {
            self.by_ticker.remove(&ticker);
        }
    }

    /// Notes that a market has come to the board, under its event; gives the event's name and text to share.
    pub(super) fn join(&mut self, id: MarketId, event: &EventTicker) -> (EventTicker, Text) {
        self.markets += 1;
        self.joined += 1;
        let known = self.events.entry(event.clone()).or_insert_with(Known::unknown);
        known.markets.push(id);
        let text = Arc::clone(&known.text);
        let name = self.events.get_key_value(event).map_or(event, |(name, _)| name);
        (name.clone(), text)
    }

    /// Secondary rules of a market of an event, in one place in memory with those of its other markets where they are the same.
    pub(super) fn share_rules(&self, event: &EventTicker, rules: &str) -> Arc<str> {
        let Some(known) = self.events.get(event) else {
            return Arc::from(rules);
        };
        let mut shared = known.rules.lock();
        if **shared != *rules {
            *shared = Arc::from(rules);
        }
        Arc::clone(&shared)
    }

    /// Takes an event; `None` when that is how it is known already.
    pub(super) fn put_event(&mut self, event: api::event::Event) -> Option<()> {
        let series = self.series_of(&event);
        let known = self
            .events
            .entry(event.event_ticker.clone())
            .or_insert_with(Known::unknown);
        if known.body.as_deref() == Some(&event) {
            return None;
        }
        known.text = search::of_event(&event, series.as_deref());
        known.body = Some(Arc::new(event));
        Some(())
    }

    /// Takes a series; `None` when that is how it is known already.
    pub(super) fn put_series(&mut self, series: api::series::Series) -> Option<()> {
        if self.series.get(&series.ticker).map(Arc::as_ref) == Some(&series) {
            return None;
        }
        self.series.insert(series.ticker.clone(), Arc::new(series));
        Some(())
    }

    /// Events of these series, with their texts made anew.
    pub(super) fn retell_events_of(&mut self, changed: &HashSet<SeriesTicker>) -> Vec<EventTicker> {
        let mut told = Vec::new();
        for (ticker, known) in &mut self.events {
            let event = known
                .body
                .as_ref()
                .filter(|event| changed.contains(&event.series_ticker));
            if let Some(event) = event {
                let series = self.series.get(&event.series_ticker);
                known.text = search::of_event(event, series.map(Arc::as_ref));
                told.push(ticker.clone());
            }
        }
        told
    }

    /// The text an event is found by.
    pub(super) fn event_text(&self, event: &EventTicker) -> Text {
        self.events
            .get(event)
            .map_or_else(search::nothing, |known| Arc::clone(&known.text))
    }

    /// Takes a market off the board, and its event with the last of its markets; gives it as it was. Its name keeps its number for now, and
    /// no other gets it.
    pub(super) fn leave(&mut self, id: MarketId) -> Option<Arc<MarketState>> {
        let market = self.slots.get_mut(id.place())?.get_mut().market.take()?;
        *self.slots[id.place()].get_mut() = Slot {
            versions: market.version + 1,
            ..Slot::new()
        };
        self.remember(market.ticker().clone(), id);
        self.markets -= 1;
        self.joined += 1;
        let event = &market.body.event_ticker;
        if let Some(known) = self.events.get_mut(event) {
            known.markets.retain(|other| *other != id);
            if known.markets.is_empty() {
                self.events.remove(event);
            }
        }
        Some(market)
    }
}

impl Known {
    fn unknown() -> Known {
        Known {
            body: None,
            text: search::nothing(),
            rules: Mutex::new(search::nothing()),
            markets: Vec::new(),
        }
    }
}
