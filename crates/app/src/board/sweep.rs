//! What REST tells the board: sweeps, single markets, events and series.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{EventTicker, MarketStatus, Ticker, Timestamp};
use kmi_kalshi::api;

use super::catalogue::{Catalogue, Slot};
use super::freshness::{is_newer, later};
use super::{Board, DayAgo, MarketId, MarketState, Quote, Source, body, search};
use crate::hub::Happening;

/// How often a market that should be open but is on no sweep is asked for.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// How often a market that is past its close is asked for.
const ASK_CLOSED_AGAIN: Duration = Duration::from_mins(5);

/// A full look at the open markets, or part of one.
#[derive(Debug)]
pub struct Sweep {
    /// When the page was asked for, by our clock; what the stream told later than this is newer and stays.
    pub asked: Timestamp,
    /// Markets on it.
    pub markets: Vec<api::market::Market>,
}

/// What a sweep changed.
#[derive(Debug, Default)]
pub struct Swept {
    /// Markets whose quotes or totals differ from what the board had, new ones included.
    pub quotes: Vec<Arc<MarketState>>,
    /// Markets that are new or whose metadata changed.
    pub metadata: Vec<Arc<MarketState>>,
    /// Markets that are as the board had them.
    pub unchanged: usize,
}

/// How a body came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// On a page of open markets.
    Page,
    /// Alone, because it was asked for by name.
    Single,
}

impl Board {
    /// Takes part of a sweep. A market that the stream told of after the page was asked for keeps what the stream told; the others
    /// get their quotes, told where they changed, and otherwise only a new `as_of`.
    pub fn take_sweep(&self, sweep: Sweep) -> Swept {
        let mut swept = Swept::default();
        let _turn = self.write(sweep.asked);
        for body in sweep.markets {
            self.take_body(body, sweep.asked, Answer::Page, &mut swept);
        }
        swept
    }

    /// Takes a market that was asked for by name, at `asked`.
    pub fn take_market(&self, body: api::market::Market, asked: Timestamp) -> Swept {
        let mut swept = Swept::default();
        let _turn = self.write(asked);
        self.take_body(body, asked, Answer::Single, &mut swept);
        swept
    }

    /// A full sweep ended at `at`. Markets settled for as long as the settings say leave the board.
    pub fn end_sweep(&self, at: Timestamp) {
        self.inner.pulse.sweep(at);
        let latest = at.minus(self.inner.settings.keep_settled);
        let settled: Vec<MarketId> = {
            let catalogue = self.inner.catalogue.read();
            let slots = catalogue.slots();
            let gone = slots.filter(|(_, slot)| slot.ended.is_some_and(|ended| ended <= latest));
            gone.map(|(id, _)| id).collect()
        };
        self.forget(&settled);
    }

    /// Takes a market off the board, because the exchange does not know it any more. Who watches it is told: that its book is stale, and
    /// the market as what was kept from before. Should it come back, it has its number again, unless ten thousand names came or left since.
    pub fn forget_market(&self, ticker: &Ticker) {
        self.forget(self.id(ticker).as_slice());
    }

    /// Markets not settled that were on no page asked for since `since`, those asked about longest ago first: to be asked for by name
    /// ([`Board::take_market`]). One that was asked for is not named again for a minute, or five once it is closed; one that is yet
    /// to open is not named.
    pub fn missing_from_sweep(&self, since: Timestamp) -> Vec<Ticker> {
        let now = self.time();
        let catalogue = self.inner.catalogue.read();
        let mut missing: Vec<(Timestamp, Ticker)> = catalogue
            .slots()
            .filter(|(_, slot)| slot.swept < since)
            .filter_map(|(_, slot)| {
                let market = slot.market.as_ref()?;
                slot.is_due(market.status(now), now)
                    .then(|| (slot.read, market.ticker().clone()))
            })
            .collect();
        missing.sort();
        missing.into_iter().map(|(_, ticker)| ticker).collect()
    }

    /// Takes events; those known already are replaced, and their markets told anew where that changes them. Markets nested in them are
    /// not taken.
    pub fn take_events(&self, events: Vec<api::event::Event>) {
        let _turn = self.write(Timestamp::MIN);
        let mut changed = Vec::new();
        {
            let mut catalogue = self.inner.catalogue.write();
            for mut event in events {
                event.markets = None;
                let ticker = event.event_ticker.clone();
                changed.extend(catalogue.put_event(event).map(|()| ticker));
            }
        }
        self.relink(&changed);
    }

    /// Takes series; those known already are replaced, and the markets told anew where that changes them.
    pub fn take_series(&self, series: Vec<api::series::Series>) {
        let _turn = self.write(Timestamp::MIN);
        let events = {
            let mut catalogue = self.inner.catalogue.write();
            let mut changed = HashSet::new();
            for one in series {
                let ticker = one.ticker.clone();
                changed.extend(catalogue.put_series(one).map(|()| ticker));
            }
            catalogue.retell_events_of(&changed)
        };
        self.relink(&events);
    }

    /// Gives the markets of these events their event, series and what they are found by.
    pub(super) fn relink(&self, events: &[EventTicker]) {
        let catalogue = self.inner.catalogue.read();
        for ticker in events {
            let event = catalogue.event(ticker);
            let series = event.and_then(|event| catalogue.series_of(event));
            for id in catalogue.ids_of(ticker) {
                let Some(mut slot) = catalogue.slot(*id) else {
                    continue;
                };
                slot.texts[1] = catalogue.event_text(ticker);
                let told = slot.change(|market| {
                    market.event = event.cloned();
                    market.series.clone_from(&series);
                });
                drop(slot);
                self.tell(told);
            }
        }
        if !events.is_empty() {
            self.reshape();
        }
    }

    /// Tells a market as it is now.
    pub(super) fn tell(&self, market: Option<Arc<MarketState>>) {
        if let Some(market) = market {
            let at = self.time();
            self.inner
                .hub
                .append(at, Some(market.id), Happening::Market(market));
        }
    }

    /// Puts a market that was not there on the board.
    pub(super) fn join(
        &self,
        mut body: api::market::Market,
        as_of: Timestamp,
        source: Source,
    ) -> Arc<MarketState> {
        body::compact(&mut body);
        let mut catalogue = self.inner.catalogue.write();
        let id = catalogue.number(&body.ticker);
        let (event_ticker, event_text) = catalogue.join(id, &body.event_ticker);
        let rules = std::mem::take(&mut body.rules_secondary);
        let rules_secondary = catalogue.share_rules(&event_ticker, &rules);
        body.event_ticker = event_ticker;
        let event = catalogue.event(&body.event_ticker).cloned();
        let series = event.as_ref().and_then(|event| catalogue.series_of(event));
        let text = search::of_market(&body);
        let market = Arc::new(MarketState {
            id,
            event,
            series,
            rules_secondary,
            quote: Quote::of_body(&body),
            day_ago: DayAgo::of_body(&body),
            as_of,
            changed: None,
            source,
            version: catalogue.slot(id).map_or(0, |slot| slot.versions) + 1,
            body: Arc::new(body),
        });
        if let Some(mut slot) = catalogue.slot(id) {
            slot.market = Some(Arc::clone(&market));
            slot.texts = [text, event_text];
            slot.note_end(as_of);
        }
        drop(catalogue);
        self.reshape();
        market
    }

    fn take_body(&self, body: api::market::Market, asked: Timestamp, answer: Answer, swept: &mut Swept) {
        let catalogue = self.inner.catalogue.read();
        let slot = catalogue.id(&body.ticker).and_then(|id| catalogue.slot(id));
        let Some(mut slot) = slot.filter(|slot| slot.market.is_some()) else {
            drop(catalogue);
            let market = self.join(body, asked, Source::Poll);
            let catalogue = self.inner.catalogue.read();
            if let Some(mut slot) = catalogue.slot(market.id) {
                slot.note(asked, answer);
            }
            self.tell(Some(Arc::clone(&market)));
            swept.metadata.push(Arc::clone(&market));
            swept.quotes.push(market);
            return;
        };
        slot.note(asked, answer);
        let change = slot.take(body, asked, &catalogue);
        let market = slot.market.clone();
        drop(slot);
        drop(catalogue);
        if change.metadata {
            self.reshape();
            swept.metadata.extend(market.clone());
        }
        if change.quote {
            swept.quotes.extend(market.clone());
        }
        if change.metadata || change.quote {
            self.tell(market);
        } else {
            swept.unchanged += 1;
        }
    }

    fn forget(&self, markets: &[MarketId]) {
        if markets.is_empty() {
            return;
        }
        let _turn = self.write(Timestamp::MIN);
        for id in markets {
            let left = self.inner.catalogue.write().leave(*id);
            self.tell_end_of(left);
            self.inner.trades.write().forget(*id);
            self.drop_book(*id);
            self.inner.uuids.write().forget(*id);
        }
        self.reshape();
    }
}

impl Board {
    /// Tells that a market is not looked after any more, unless it had come to its end.
    fn tell_end_of(&self, left: Option<Arc<MarketState>>) {
        let is_final = |market: &MarketState| market.body.status.status() == Some(MarketStatus::Finalized);
        self.tell(left.filter(|market| !is_final(market)).map(|mut market| {
            let last = Arc::make_mut(&mut market);
            last.version += 1;
            last.source = Source::Cache;
            market
        }));
    }
}

/// What of a market changed.
struct Change {
    quote: bool,
    metadata: bool,
}

impl Slot {
    /// Changes the market to its next version, and returns it.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut MarketState)) -> Option<Arc<MarketState>> {
        let market = Arc::make_mut(self.market.as_mut()?);
        market.version += 1;
        change(market);
        self.market.clone()
    }

    /// Notes when it was settled, the first time it is seen to be.
    pub(super) fn note_end(&mut self, at: Timestamp) {
        let status = self
            .market
            .as_ref()
            .and_then(|market| market.body.status.status());
        if status == Some(MarketStatus::Finalized) {
            self.ended.get_or_insert(at);
        }
    }

    fn note(&mut self, asked: Timestamp, answer: Answer) {
        let last = match answer {
            Answer::Page => &mut self.swept,
            Answer::Single => &mut self.read,
        };
        *last = later(*last, asked);
    }

    /// Whether a market of this status, missing from sweeps, is to be asked for.
    fn is_due(&self, status: MarketStatus, now: Timestamp) -> bool {
        let again = match status {
            MarketStatus::Initialized | MarketStatus::Finalized => return false,
            MarketStatus::Active | MarketStatus::Inactive => ASK_AGAIN,
            _ => ASK_CLOSED_AGAIN,
        };
        // Not asked for since it vanished, or long enough ago.
        self.read <= self.swept || self.read.plus(again) <= now
    }

    /// Takes a body that was asked for at `asked`, as far as the stream has not told newer things.
    fn take(&mut self, mut body: api::market::Market, asked: Timestamp, catalogue: &Catalogue) -> Change {
        let Some(known) = self.market.as_ref() else {
            return Change {
                quote: false,
                metadata: false,
            };
        };
        let quote_is_older = is_newer(self.quoted, asked);
        let quote = if quote_is_older {
            Quote {
                volume_24h: body.volume_24h_fp,
                ..known.quote.clone()
            }
        } else {
            known.quote.swept(&body)
        };
        let day_ago = DayAgo::of_body(&body);
        let rules = std::mem::take(&mut body.rules_secondary);
        let metadata = !is_newer(self.lived, asked)
            && !is_setback(known, &body)
            && (*rules != *known.rules_secondary || body::differ_in_metadata(&known.body, &mut body));
        let change = Change {
            quote: quote != known.quote,
            metadata,
        };
        if metadata {
            body.event_ticker = known.body.event_ticker.clone();
            body::compact(&mut body);
            self.texts[0] = search::of_market(&body);
        }
        let is_same = !change.quote && !metadata && day_ago == known.day_ago;
        if let Some(market) = self.market.as_mut().map(Arc::make_mut) {
            market.version += u64::from(!is_same);
            if !quote_is_older {
                market.as_of = later(market.as_of, asked);
                market.source = Source::Poll;
                market.changed = market.changed.filter(|_| !change.quote);
            }
            market.quote = quote;
            market.day_ago = day_ago;
            if metadata {
                market.rules_secondary = catalogue.share_rules(&body.event_ticker, &rules);
                market.body = Arc::new(body);
            }
        }
        self.note_end(asked);
        change
    }
}

/// Whether the body goes back behind an end that is known: lists of open markets show some for a while after their end.
fn is_setback(known: &MarketState, body: &api::market::Market) -> bool {
    let has_result = known.body.status.status() >= Some(MarketStatus::Determined);
    let is_open = body.status.status().is_some_and(|status| !status.is_past_close());
    has_result && is_open
}
