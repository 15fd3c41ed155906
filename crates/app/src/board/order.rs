//! Orders of markets, kept for a moment: [`Orders`].
//!
//! To choose and sort 20,000 markets takes a millisecond or two, a page out of them a few microseconds. So the order of a query is kept for
//! [`AGE`], and no longer than until markets come or go or what queries choose by changes; what is shown is always read anew.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kmi_domain::{EventTicker, MarketStatus, SeriesTicker, Ticker, Timestamp};
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use super::catalogue::{Catalogue, Slot};
use super::search::{self, Rank, Words};
use super::{Board, BoardQuery, MarketId, MarketState, Sort};

/// Oldest order that is shown.
const AGE: Duration = Duration::from_millis(250);

/// Orders kept, at most; the one not used for longest goes.
const KEPT: usize = 64;

/// Markets in all of them together, at most: 16 bytes each.
const KEPT_MARKETS: usize = 250_000;

/// Slots looked at in one go, so that nobody waits long for the catalogue.
const STRIDE: u32 = 2_048;

/// What a query chooses by and its order, without the page; in a normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Filter {
    search: String,
    statuses: Vec<MarketStatus>,
    series: Vec<SeriesTicker>,
    events: Vec<EventTicker>,
    categories: Vec<String>,
    tickers: Vec<Ticker>,
    sort: Sort,
}

/// A market's place in an order. Ordered by rank and value; equal ones stand by name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) value: i64,
    pub(super) id: MarketId,
    pub(super) rank: u8,
}

/// Markets that fit a filter, sorted.
#[derive(Debug)]
pub(super) struct Order {
    /// Which query it is of, for cursors.
    pub(super) query: u32,
    pub(super) entries: Box<[Entry]>,
    /// Names by number, for what stands equal.
    names: Arc<Names>,
    shape: u64,
    made: Instant,
}

/// Names of all markets, and their places in the order of names, by number.
#[derive(Debug, Default)]
struct Names {
    joined: u64,
    places: Box<[u32]>,
    tickers: Box<[Option<Ticker>]>,
}

/// The orders that were asked for lately.
#[derive(Debug, Default)]
pub(super) struct Orders {
    kept: Mutex<HashMap<Filter, Arc<Kept>>>,
    names: Mutex<Arc<Names>>,
    uses: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    query: u32,
    order: RwLock<Option<Arc<Order>>>,
    making: Mutex<()>,
    used: AtomicU64,
}

impl Filter {
    pub(super) fn of(query: &BoardQuery) -> Filter {
        Filter {
            search: search::normal(&query.search),
            statuses: sorted(query.statuses.iter().map(|filter| filter.0).collect()),
            series: sorted(query.series.clone()),
            events: sorted(query.events.clone()),
            categories: sorted(query.categories.iter().map(|word| word.to_lowercase()).collect()),
            tickers: sorted(query.tickers.clone()),
            sort: query.sort,
        }
    }

    /// A number that two different filters hardly share.
    fn fingerprint(&self) -> u32 {
        let hash = blake3::hash(format!("{self:?}").as_bytes());
        hash.as_bytes()
            .first_chunk()
            .map_or(0, |bytes| u32::from_be_bytes(*bytes))
    }

    fn fits(&self, market: &MarketState, now: Timestamp) -> bool {
        let any = |is_empty: bool, is_in: bool| is_empty || is_in;
        let has_status = || self.statuses.contains(&market.status(now));
        let is_of_series = || {
            market
                .series_ticker()
                .is_some_and(|series| self.series.contains(series))
        };
        let is_of_category = || {
            let category = market.category().unwrap_or_default();
            self.categories
                .iter()
                .any(|wanted| equal_in_lower_case(category, wanted))
        };
        any(
            self.tickers.is_empty(),
            self.tickers.binary_search(market.ticker()).is_ok(),
        ) && any(
            self.events.is_empty(),
            self.events.contains(&market.body.event_ticker),
        ) && (self.statuses.is_empty() || has_status())
            && (self.series.is_empty() || is_of_series())
            && (self.categories.is_empty() || is_of_category())
    }

    /// The markets to look at, where they are named.
    fn named(&self, catalogue: &Catalogue) -> Option<Vec<MarketId>> {
        if !self.tickers.is_empty() {
            return Some(
                self.tickers
                    .iter()
                    .filter_map(|ticker| catalogue.id(ticker))
                    .collect(),
            );
        }
        let of_events = || {
            self.events
                .iter()
                .flat_map(|event| catalogue.ids_of(event))
                .copied()
        };
        (!self.events.is_empty()).then(|| of_events().collect())
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list.dedup();
    list
}

fn equal_in_lower_case(text: &str, lower: &str) -> bool {
    text.chars().flat_map(char::to_lowercase).eq(lower.chars())
}

impl Sort {
    /// What a market is sorted by, smallest first.
    fn value(self, market: &MarketState, now: Timestamp) -> i64 {
        let body = &market.body;
        match self {
            Sort::Volume24h => -market.quote.volume_24h.units(),
            Sort::Volume => -market.quote.volume.units(),
            Sort::OpenInterest => -market.quote.open_interest.units(),
            Sort::Movement => -i64::from(market.movement().unwrap_or(0).abs()),
            Sort::ClosingSoon => match body.close_time {
                Some(close) if close > now => close.micros(),
                // Behind those that are to close: the latest first.
                Some(close) => i64::MAX - close.micros().max(0) - 1,
                None => i64::MAX,
            },
            Sort::Newest => body
                .created_time
                .or(body.open_time)
                .map_or(i64::MAX, |time| -time.micros()),
            Sort::Ticker => 0,
        }
    }
}

impl Order {
    /// The first place behind a market that stood so.
    pub(super) fn behind(&self, rank: u8, value: i64, ticker: &Ticker) -> usize {
        self.entries.partition_point(|entry| {
            let name = || self.names.tickers.get(entry.id.place()).and_then(Option::as_ref);
            (entry.rank, entry.value)
                .cmp(&(rank, value))
                .then_with(|| name().cmp(&Some(ticker)))
                .is_le()
        })
    }
}

impl Orders {
    /// The order of a filter, at most [`AGE`] and the time of making one old.
    pub(super) fn of(&self, board: &Board, filter: &Filter) -> Arc<Order> {
        let kept = self.kept(filter);
        kept.used
            .store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let shape = || board.inner.shape.load(Ordering::Acquire);
        let current = kept.order.read().clone();
        let now_shape = shape();
        if let Some(order) = current.as_ref().filter(|order| order.is_good(now_shape)) {
            return Arc::clone(order);
        }
        let _making = match (kept.making.try_lock(), current) {
            (Some(making), _) => making,
            // Another is at it: what there is will do, unless it lacks a market.
            (None, Some(order)) if order.shape == now_shape => return order,
            (None, _) => kept.making.lock(),
        };
        if let Some(order) = kept.order.read().clone().filter(|order| order.is_good(shape())) {
            return order;
        }
        let order = Arc::new(self.make(board, filter, kept.query));
        *kept.order.write() = Some(Arc::clone(&order));
        order
    }

    fn kept(&self, filter: &Filter) -> Arc<Kept> {
        let mut all = self.kept.lock();
        if let Some(kept) = all.get(filter) {
            return Arc::clone(kept);
        }
        let size = |kept: &Kept| kept.order.read().as_ref().map_or(0, |order| order.entries.len());
        while all.len() >= KEPT || all.values().map(|kept| size(kept)).sum::<usize>() > KEPT_MARKETS {
            let oldest = all
                .iter()
                .min_by_key(|(_, kept)| kept.used.load(Ordering::Relaxed));
            let Some(oldest) = oldest.map(|(filter, _)| filter.clone()) else {
                break;
            };
            all.remove(&oldest);
        }
        let kept = Arc::new(Kept {
            query: filter.fingerprint(),
            order: RwLock::new(None),
            making: Mutex::new(()),
            used: AtomicU64::new(self.uses.load(Ordering::Relaxed)),
        });
        all.insert(filter.clone(), Arc::clone(&kept));
        kept
    }

    fn make(&self, board: &Board, filter: &Filter, query: u32) -> Order {
        // Before the look at the markets: what changes meanwhile makes it stale at once.
        let shape = board.inner.shape.load(Ordering::Acquire);
        let made = Instant::now();
        let names = self.names(board);
        let now = board.time();
        let words = Words::new(&filter.search);
        let mut entries = Vec::new();
        let mut look = |id: MarketId, slot: &Slot| {
            let market = slot.market.as_ref().filter(|market| filter.fits(market, now));
            let place = names.places.get(id.place());
            if let (Some(market), Some(place)) = (market, place)
                && let Some(rank) = words.rank(&slot.texts)
            {
                let value = filter.sort.value(market, now);
                entries.push((rank, value, *place, id));
            }
        };
        board.look_at_slots(filter, names.places.len(), &mut look);
        entries.sort_unstable();
        let entry = |(rank, value, _, id): (Rank, i64, u32, MarketId)| Entry {
            value,
            id,
            rank: rank as u8,
        };
        Order {
            query,
            entries: entries.into_iter().map(entry).collect(),
            names,
            shape,
            made,
        }
    }

    /// Names as they are now.
    fn names(&self, board: &Board) -> Arc<Names> {
        let mut names = self.names.lock();
        let catalogue = board.inner.catalogue.read();
        if names.joined != catalogue.joined() {
            *names = Arc::new(Names::of(&catalogue));
        }
        Arc::clone(&names)
    }
}

impl Board {
    /// Looks at the slots of the markets a filter names, else at the first `all`.
    fn look_at_slots(&self, filter: &Filter, all: usize, look: &mut impl FnMut(MarketId, &Slot)) {
        let mut look_at = |catalogue: &Catalogue, ids: &mut dyn Iterator<Item = MarketId>| {
            for id in ids {
                if let Some(slot) = catalogue.slot(id) {
                    look(id, &slot);
                }
            }
        };
        let catalogue = self.inner.catalogue.read();
        if let Some(ids) = filter.named(&catalogue) {
            look_at(&catalogue, &mut ids.into_iter());
            return;
        }
        drop(catalogue);
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        for first in (0..all).step_by(STRIDE as usize) {
            let stride = (first..all.min(first + STRIDE)).map(MarketId);
            look_at(&self.inner.catalogue.read(), &mut stride.into_iter());
        }
    }
}

impl Order {
    fn is_good(&self, shape: u64) -> bool {
        self.shape == shape && self.made.elapsed() < AGE
    }
}

impl Names {
    fn of(catalogue: &Catalogue) -> Names {
        let name = |slot: &Slot| slot.market.as_ref().map(|market| market.ticker().clone());
        let tickers: Box<[Option<Ticker>]> = catalogue.slots().map(|(_, slot)| name(&slot)).collect();
        let mut by_name: Vec<(&Option<Ticker>, usize)> = tickers.iter().zip(0..).collect();
        by_name.sort_unstable();
        let mut places = vec![0; tickers.len()].into_boxed_slice();
        for ((_, id), place) in by_name.into_iter().zip(0..) {
            places[id] = place;
        }
        Names {
            joined: catalogue.joined(),
            places,
            tickers,
        }
    }
}
