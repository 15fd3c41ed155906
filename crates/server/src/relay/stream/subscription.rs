//! One subscription of a connection: what it covers, where it has got to, what it is still owed.
//!
//! Each has a reader of the hub, which costs nothing while it does not read. A client that is so slow that the hub forgets what it was
//! to hear next has fallen behind: of quotes it gets the latest, of books it gets them whole, with the next `seq`; trades and
//! lifecycles end with error 25, for nobody can say them again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};

use kmi_app::board::{Board, MarketId, MarketState, Watch};
use kmi_app::hub::{Batch, Format, Happening, Interest, Kinds, MarketSet, Published, Reader};
use kmi_domain::book::BookState;
use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::ws::Channel;
use kmi_kalshi::ws::message::{Body, OrderbookDelta, Subscribed};

use super::debts::Debts;
use super::encode;
use super::outgoing::{Envelope, Outgoing};

/// A subscription to a channel.
pub(super) struct Subscription {
    pub(super) sid: u64,
    pub(super) channel: Channel,
    /// `ok` replies do not name all the markets.
    pub(super) is_terse: bool,
    format: Format,
    coverage: Coverage,
    /// Number of its last message.
    seq: u64,
    board: Board,
    reader: Reader,
    /// Events taken from the reader and not told yet, 1,024 at most.
    batch: std::vec::IntoIter<Arc<Published>>,
    /// Markets whose book or quotes are to be told as they stand, before anything new.
    owed: Debts,
    /// When the last event that was told happened.
    told: Timestamp,
}

/// What a subscription covers.
enum Coverage {
    /// Everything, now and later.
    Everything,
    /// These markets.
    Markets(BTreeMap<MarketId, Covered>),
}

/// A market that is covered.
struct Covered {
    ticker: Ticker,
    /// Only of `orderbook_delta`.
    book: Option<Followed>,
}

/// A book that is followed for a client.
struct Followed {
    place: BookPlace,
    _watch: Watch,
}

/// How far a client has got with a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BookPlace {
    /// It is owed the book as it stands.
    Owed,
    /// The book is out of sync: the next snapshot of the exchange goes to the client.
    Awaited,
    /// It has everything up to an event of the hub.
    UpTo {
        /// Number of the event.
        number: u64,
        /// The market's clock as the last whole book told it.
        clock: Option<u64>,
    },
}

/// How a look for something to tell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// There is nothing more to tell.
    All,
    /// There is, but first must be written what there is.
    Enough,
    /// It has fallen behind with what cannot be said again.
    Broken,
}

/// The server follows as many books as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooManyBooks;

impl Subscription {
    /// A subscription that covers nothing yet.
    pub(super) fn new(channel: Channel, sid: u64, board: &Board, format: Format) -> Subscription {
        let hub = board.hub();
        let interest = Interest {
            kinds: kinds(channel),
            markets: Some(MarketSet::new()),
        };
        Subscription {
            sid,
            channel,
            is_terse: false,
            format,
            coverage: Coverage::Markets(BTreeMap::new()),
            seq: 0,
            reader: hub.reader(hub.last(), interest),
            board: board.clone(),
            batch: Vec::new().into_iter(),
            owed: Debts::default(),
            told: Timestamp::MIN,
        }
    }

    /// The number of its next message; `None` where the channel has none.
    pub(super) fn next_seq(&mut self) -> Option<u64> {
        self.seq += 1;
        self.channel.is_sequenced().then_some(self.seq)
    }

    /// As replies name it.
    pub(super) fn named(&self) -> Subscribed {
        Subscribed {
            channel: self.channel.as_str().to_owned(),
            sid: self.sid,
        }
    }

    /// Markets it names.
    pub(super) fn markets(&self) -> usize {
        match &self.coverage {
            Coverage::Everything => 0,
            Coverage::Markets(markets) => markets.len(),
        }
    }

    /// Their tickers, in order; `None` when it covers everything.
    pub(super) fn tickers(&self) -> Option<Vec<String>> {
        match &self.coverage {
            Coverage::Everything => None,
            Coverage::Markets(markets) => {
                let mut tickers: Vec<String> = markets
                    .values()
                    .map(|covered| covered.ticker.to_string())
                    .collect();
                tickers.sort();
                Some(tickers)
            }
        }
    }

    /// Covers everything from now on.
    pub(super) fn cover_everything(&mut self) {
        self.coverage = Coverage::Everything;
        self.reader.interest_mut().markets = None;
    }

    /// Covers these markets too, unless it covers everything; returns those that are new to it.
    ///
    /// # Errors
    /// [`TooManyBooks`], with none of them covered.
    pub(super) fn cover(&mut self, markets: Vec<(MarketId, Ticker)>) -> Result<Vec<MarketId>, TooManyBooks> {
        let Coverage::Markets(covered) = &mut self.coverage else {
            return Ok(Vec::new());
        };
        let mut fresh = Vec::new();
        for (market, ticker) in markets {
            if !covered.contains_key(&market) {
                let book = followed(&self.board, self.channel, &ticker)?;
                fresh.push((market, Covered { ticker, book }));
            }
        }
        let interest = self.reader.interest_mut().markets.get_or_insert_default();
        let ids: Vec<MarketId> = fresh.iter().map(|(market, _)| *market).collect();
        // Interest first, then the book as it stands: what happens in between is in both and sorted out by number.
        interest.extend(ids.iter().copied());
        covered.extend(fresh);
        if self.channel == Channel::OrderbookDelta {
            self.owed.extend(ids.iter().copied());
        }
        Ok(ids)
    }

    /// Covers these markets no more. What covers everything has no single markets to take away.
    pub(super) fn uncover(&mut self, markets: &[(MarketId, Ticker)]) {
        if let Coverage::Markets(covered) = &mut self.coverage {
            let interest = self.reader.interest_mut().markets.get_or_insert_default();
            for (market, _) in markets {
                if covered.remove(market).is_some() {
                    interest.remove(*market);
                }
            }
            self.owed.forgive(markets.iter().map(|(market, _)| *market));
        }
    }

    /// Owes the state of those of the markets that it covers.
    pub(super) fn owe(&mut self, markets: impl IntoIterator<Item = MarketId>) {
        for market in markets {
            let covered = match &mut self.coverage {
                Coverage::Everything => true,
                Coverage::Markets(covered) => match covered.get_mut(&market) {
                    Some(Covered { book: Some(book), .. }) => {
                        book.place = BookPlace::Owed;
                        true
                    }
                    Some(_) => true,
                    None => false,
                },
            };
            if covered {
                self.owed.push(market);
            }
        }
    }

    /// Tells what there is to tell, as much as is written at once.
    pub(super) fn tell(&mut self, out: &mut Outgoing) -> Told {
        let is_late = self.batch.len() > 0;
        loop {
            if out.is_enough() {
                return Told::Enough;
            }
            if let Some(market) = self.owed.pop() {
                self.pay(market, out);
            } else if let Some(event) = self.batch.next() {
                if self.channel == Channel::Trade && matches!(event.what, Happening::TradesLost) {
                    return Told::Broken;
                }
                self.tell_event(&event, is_late, out);
                self.told = event.at;
            } else {
                match self.reader.now() {
                    None => return Told::All,
                    Some(batch) => {
                        if self.take(batch) == Told::Broken {
                            return Told::Broken;
                        }
                    }
                }
            }
        }
    }

    /// Waits for something to tell; `Broken` when that came too late.
    pub(super) fn poll_news(&mut self, context: &mut Context<'_>) -> Poll<Told> {
        let batch = {
            let next = std::pin::pin!(self.reader.next());
            std::task::ready!(next.poll(context))
        };
        Poll::Ready(self.take(batch))
    }

    fn take(&mut self, batch: Batch) -> Told {
        match batch {
            Batch::Events(events) => {
                self.batch = events.into_iter();
                Told::Enough
            }
            Batch::Lapped { .. } => self.fall_behind(),
        }
    }

    /// What was to be told next is forgotten.
    fn fall_behind(&mut self) -> Told {
        metrics::counter!("kmi_relay_lapses_total", "channel" => self.channel.as_str()).increment(1);
        match self.channel {
            Channel::OrderbookDelta => {
                self.owed.clear();
                if let Coverage::Markets(markets) = &self.coverage {
                    let all: Vec<MarketId> = markets.keys().copied().collect();
                    self.owe(all);
                }
                Told::Enough
            }
            Channel::Ticker => {
                let since = self.told;
                let changed = self.board.current(self.reader.interest());
                let changed = changed.iter().filter(|market| market.as_of >= since);
                self.owed.clear();
                self.owed.extend(changed.map(|market| market.id));
                Told::Enough
            }
            _ => Told::Broken,
        }
    }

    /// Tells what is owed of a market.
    fn pay(&mut self, market: MarketId, out: &mut Outgoing) {
        match self.channel {
            Channel::OrderbookDelta => self.pay_book(market, out),
            Channel::Ticker if self.covers(Some(market)) => {
                if let Some(market) = self.board.market_by_id(market) {
                    let body = encode::ticker(&market, &self.board);
                    self.send(&body, out);
                }
            }
            _ => {}
        }
    }

    fn pay_book(&mut self, market: MarketId, out: &mut Outgoing) {
        let Coverage::Markets(markets) = &mut self.coverage else {
            return;
        };
        let Some(Covered {
            ticker,
            book: Some(followed),
        }) = markets.get_mut(&market)
        else {
            return;
        };
        // Something newer may have been told since it was owed.
        if followed.place != BookPlace::Owed {
            return;
        }
        let picture = self.board.book(ticker);
        let synced = picture.filter(|picture| picture.state == BookState::Synced);
        let Some((picture, book)) = synced.and_then(|mut picture| {
            let book = picture.book.take()?;
            Some((picture, book))
        }) else {
            followed.place = BookPlace::Awaited;
            return;
        };
        followed.place = BookPlace::UpTo {
            number: picture.number,
            clock: picture.clock,
        };
        let body = encode::snapshot(&picture, &book, self.format, &self.board);
        self.send(&body, out);
    }

    fn tell_event(&mut self, event: &Published, is_late: bool, out: &mut Outgoing) {
        let is_news = match (self.channel, &event.what) {
            (Channel::Ticker, Happening::Market(market)) => {
                self.covers(event.market) && !(is_late && self.is_outdated(market))
            }
            (Channel::Trade, Happening::Trade(_)) => self.covers(event.market),
            (Channel::OrderbookDelta, Happening::BookDelta(delta)) => self.is_next_of_book(event, delta),
            (Channel::OrderbookDelta, Happening::BookSnapshot(_) | Happening::BookStale) => {
                self.is_new_book(event) && !matches!(event.what, Happening::BookStale)
            }
            (Channel::MultivariateMarketLifecycle, Happening::Lifecycle(body)) => is_of_combo(body),
            (Channel::MarketLifecycle, Happening::Lifecycle(body)) => !is_of_combo(body),
            _ => false,
        };
        if !is_news {
            return;
        }
        let seq = self.next_seq();
        let envelope = Envelope {
            kind: kind(&event.what),
            sid: self.sid,
            seq,
        };
        out.message(envelope, encode::msg(event, self.format, &self.board));
    }

    /// A message made for this client alone.
    fn send(&mut self, body: &Body, out: &mut Outgoing) {
        let envelope = Envelope {
            kind: body.kind(),
            sid: self.sid,
            seq: self.next_seq(),
        };
        out.message(envelope, &encode::written(body));
    }

    fn covers(&self, market: Option<MarketId>) -> bool {
        match &self.coverage {
            Coverage::Everything => true,
            Coverage::Markets(markets) => market.is_some_and(|market| markets.contains_key(&market)),
        }
    }

    /// Whether a quote has changed again while it waited to be written.
    fn is_outdated(&self, market: &MarketState) -> bool {
        let now = self.board.market_by_id(market.id);
        now.is_some_and(|now| now.version > market.version)
    }

    fn place(&mut self, market: Option<MarketId>) -> Option<&mut BookPlace> {
        let Coverage::Markets(markets) = &mut self.coverage else {
            return None;
        };
        let book = markets.get_mut(&market?)?.book.as_mut()?;
        Some(&mut book.place)
    }

    /// Whether a change is the next the client needs; notes that it gets it.
    fn is_next_of_book(&mut self, event: &Published, delta: &OrderbookDelta) -> bool {
        let owed = match self.place(event.market) {
            Some(BookPlace::UpTo { number, clock }) if event.number > *number => {
                // One order may change several levels at one clock. A book that was told in between has that clock already, and a
                // client passes over what is no later: it gets the whole book once more.
                if delta.clock.is_none() || delta.clock > *clock {
                    *number = event.number;
                    return true;
                }
                event.market
            }
            _ => None,
        };
        self.owe(owed);
        false
    }

    /// Whether the book is whole again, or out of sync, since what the client has; notes which.
    fn is_new_book(&mut self, event: &Published) -> bool {
        match self.place(event.market) {
            None => false,
            Some(BookPlace::UpTo { number, .. }) if event.number <= *number => false,
            Some(place) => {
                *place = match &event.what {
                    Happening::BookSnapshot(snapshot) => BookPlace::UpTo {
                        number: event.number,
                        clock: snapshot.clock,
                    },
                    _ => BookPlace::Awaited,
                };
                true
            }
        }
    }
}

/// Follows the book of a market, where the channel is about books.
fn followed(board: &Board, channel: Channel, ticker: &Ticker) -> Result<Option<Followed>, TooManyBooks> {
    if channel != Channel::OrderbookDelta {
        return Ok(None);
    }
    let watch = board.demand().watch(ticker.clone()).map_err(|_| TooManyBooks)?;
    Ok(Some(Followed {
        place: BookPlace::Owed,
        _watch: watch,
    }))
}

/// What a channel wants to hear of.
fn kinds(channel: Channel) -> Kinds {
    let none = Kinds::default();
    match channel {
        Channel::OrderbookDelta => Kinds { books: true, ..none },
        Channel::Ticker => Kinds {
            markets: true,
            ..none
        },
        Channel::Trade => Kinds { trades: true, ..none },
        Channel::MarketLifecycle | Channel::MultivariateMarketLifecycle => Kinds {
            lifecycle: true,
            ..none
        },
        _ => none,
    }
}

fn is_of_combo(body: &Body) -> bool {
    matches!(body, Body::MultivariateMarketLifecycle(_))
}

fn kind(what: &Happening) -> &str {
    match what {
        Happening::Market(_) => "ticker",
        Happening::BookSnapshot(_) => "orderbook_snapshot",
        Happening::BookDelta(_) => "orderbook_delta",
        Happening::Trade(_) => "trade",
        Happening::Lifecycle(body) => body.kind(),
        Happening::BookStale | Happening::TradesLost | Happening::Connection(_) => "",
    }
}
