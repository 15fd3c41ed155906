//! One stream: [`Live`].

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use kmi_app::board::{BookPicture, MarketId, MarketState, TooManyBooks, Watch};
use kmi_app::hub::{Batch, Format, Happening, Interest, Published, Reader};
use kmi_domain::Ticker;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::encode::{self, Part};
use super::params::{Snapshot, Wanted};
use crate::Doors;
use crate::error::ApiError;
use crate::slots::Slot;

/// Bytes of events put together before they are handed on.
const PIECE: usize = 32_768;
/// Markets in one part of a snapshot.
const PART: usize = 50;

/// One stream of one client.
pub(super) struct Live {
    doors: Doors,
    wanted: Wanted,
    reader: Reader,
    heartbeat: Interval,
    /// Keeps the books up to date that are told of.
    watches: Vec<Watch>,
    /// Named markets that the board does not know yet.
    unknown: Vec<Ticker>,
    /// Number of the last event that is in each book told whole: what is told again up to there would be counted twice.
    told: BTreeMap<MarketId, u64>,
    state: State,
    _slot: Slot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A snapshot is due.
    Behind,
    /// A snapshot of all markets goes out in parts: the next begins with this number, all end with that.
    Telling { next: u32, last: u32 },
    /// Goes on with what happens.
    Following,
    /// Said good-bye.
    Ended,
}

/// What came of looking for markets that were unknown.
struct Resolved {
    /// There are some.
    came: bool,
    /// Why not all of them could be taken in.
    full: Option<TooManyBooks>,
}

/// What woke a stream.
enum Woken {
    Batch(Batch),
    Heartbeat,
    Stopping,
}

impl Live {
    pub(super) fn new(
        doors: Doors,
        wanted: Wanted,
        last: Option<&str>,
        slot: Slot,
    ) -> Result<Live, ApiError> {
        let newest = doors.board.hub().last();
        let resumed = last
            .and_then(|last| place(&doors, last))
            .filter(|place| *place <= newest);
        let period = doors.settings.heartbeat;
        let mut heartbeat = tokio::time::interval_at(Instant::now() + period, period);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let interest = Interest {
            kinds: wanted.kinds,
            markets: wanted.tickers.as_ref().map(|_| [].into_iter().collect()),
        };
        let mut live = Live {
            reader: doors.board.hub().reader(resumed.unwrap_or(newest), interest),
            state: if resumed.is_some() {
                State::Following
            } else {
                State::Behind
            },
            unknown: wanted.tickers.clone().unwrap_or_default(),
            watches: Vec::new(),
            told: BTreeMap::new(),
            heartbeat,
            wanted,
            doors,
            _slot: slot,
        };
        if let Some(full) = live.resolve().full {
            return Err(ApiError::too_many(full.to_string(), 10));
        }
        Ok(live)
    }

    /// The next piece of the stream; `None` after the good-bye.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        match self.state {
            State::Ended => return None,
            State::Behind => return Some(self.snapshot()),
            State::Telling { next, last } => return Some(self.part(next, last)),
            State::Following => {}
        }
        loop {
            let woken = tokio::select! {
                biased;
                () = self.doors.stopping.cancelled() => Woken::Stopping,
                _ = self.heartbeat.tick() => Woken::Heartbeat,
                batch = self.reader.next() => Woken::Batch(batch),
            };
            match woken {
                Woken::Stopping => return Some(self.goodbye()),
                Woken::Heartbeat => return Some(self.beat()),
                Woken::Batch(Batch::Lapped { .. }) => return Some(self.snapshot()),
                Woken::Batch(Batch::Events(events)) => {
                    let piece = self.piece(&events);
                    if !piece.is_empty() {
                        return Some(piece);
                    }
                }
            }
        }
    }

    /// As many events as a piece holds. For the rest the reader goes back, so that nothing is held for a client that does not read.
    fn piece(&mut self, events: &[Arc<Published>]) -> Bytes {
        let encode = |event: &Published| encode::published(&self.doors, event);
        let mut events = events.iter().filter(|event| !self.is_told(event)).peekable();
        let Some(first) = events.next() else {
            return Bytes::new();
        };
        let first = first.encoded(Format::Own, encode);
        if events.peek().is_none() {
            return first.clone();
        }
        let mut piece = Vec::with_capacity(PIECE);
        piece.extend_from_slice(first);
        for event in events {
            let text = event.encoded(Format::Own, encode);
            if piece.len() + text.len() > PIECE {
                let interest = self.reader.interest_mut().clone();
                self.reader = self.doors.board.hub().reader(event.number - 1, interest);
                break;
            }
            piece.extend_from_slice(text);
        }
        piece.into()
    }

    /// Whether it is a change of a book that was told whole with that change in it.
    fn is_told(&self, event: &Published) -> bool {
        let of_book = matches!(
            event.what,
            Happening::BookDelta(_) | Happening::BookSnapshot(_) | Happening::BookStale
        );
        let told = event.market.and_then(|market| self.told.get(&market));
        of_book && told.is_some_and(|told| event.number <= *told)
    }

    /// All that is wanted, as it stands; the stream goes on from there.
    fn snapshot(&mut self) -> Bytes {
        // The place first: what happens while the board is read comes again as an event, rather than not at all.
        let number = self.doors.board.hub().last();
        let interest = self.reader.interest_mut().clone();
        self.reader = self.doors.board.hub().reader(number, interest);
        if self.wanted.tells_all() {
            let all = self.doors.board.current(&Interest::default());
            let last = all.iter().map(|market| market.id.0).max().unwrap_or(0);
            return self.part(0, last);
        }
        self.state = State::Following;
        let (markets, books) = match self.wanted.snapshot {
            Snapshot::None => (Vec::new(), Vec::new()),
            Snapshot::Full => (self.markets(), self.books()),
        };
        self.told = books.iter().map(|book| (book.id, book.number)).collect();
        let data = encode::snapshot(&self.doors, &markets, &books, &self.unknown, Part::Last);
        self.event("snapshot", number, &data)
    }

    /// Some of all markets, by their numbers, so that nothing but a number is held between two parts.
    fn part(&mut self, mut next: u32, last: u32) -> Bytes {
        let mut markets = Vec::with_capacity(PART);
        while next <= last && markets.len() < PART {
            markets.extend(self.doors.board.market_by_id(MarketId(next)));
            next += 1;
        }
        let part = if next > last { Part::Last } else { Part::More };
        let data = encode::snapshot(&self.doors, &markets, &[], &[], part);
        if part == Part::More {
            self.state = State::Telling { next, last };
            let mut text = Vec::with_capacity(data.len() + 160);
            // Without an id: who loses the connection now has not seen all, and must not go on from here.
            encode::unnumbered(
                &mut text,
                "snapshot",
                self.reader.place(),
                self.doors.now(),
                &data,
            );
            return text.into();
        }
        self.state = State::Following;
        self.event("snapshot", self.reader.place(), &data)
    }

    fn markets(&self) -> Vec<Arc<MarketState>> {
        let tickers = self
            .wanted
            .tickers
            .iter()
            .flatten()
            .filter(|_| self.wanted.kinds.markets);
        tickers
            .filter_map(|ticker| self.doors.board.market(ticker))
            .collect()
    }

    fn books(&self) -> Vec<BookPicture> {
        let watched = self
            .wanted
            .tickers
            .iter()
            .flatten()
            .filter(|_| self.wanted.kinds.books);
        watched
            .filter_map(|ticker| self.doors.board.book(ticker))
            .collect()
    }

    /// Takes in markets that have come to be known. Those whose book cannot be watched now stay unknown, to be tried again.
    fn resolve(&mut self) -> Resolved {
        let board = &self.doors.board;
        let mut found = Vec::new();
        self.unknown.retain(|ticker| match board.id(ticker) {
            Some(id) => {
                found.push((ticker.clone(), id));
                false
            }
            None => true,
        });
        let mut found = found.into_iter();
        let mut came = false;
        while let Some((ticker, id)) = found.next() {
            if self.wanted.kinds.books {
                match board.demand().watch(ticker.clone()) {
                    Ok(watch) => self.watches.push(watch),
                    Err(full) => {
                        self.unknown.push(ticker);
                        self.unknown.extend(found.map(|(ticker, _)| ticker));
                        return Resolved {
                            came,
                            full: Some(full),
                        };
                    }
                }
            }
            if let Some(markets) = &mut self.reader.interest_mut().markets {
                markets.insert(id);
            }
            came = true;
        }
        Resolved { came, full: None }
    }

    fn beat(&mut self) -> Bytes {
        let came = !self.unknown.is_empty() && self.resolve().came;
        if came {
            return self.snapshot();
        }
        self.event("heartbeat", self.reader.place(), b"{}")
    }

    fn goodbye(&mut self) -> Bytes {
        self.state = State::Ended;
        self.event(
            "connection_status",
            self.reader.place(),
            b"{\"state\":\"closing\"}",
        )
    }

    fn event(&self, name: &str, number: u64, data: &[u8]) -> Bytes {
        let mut text = Vec::with_capacity(data.len() + 160);
        encode::event(&mut text, &self.doors, name, number, self.doors.now(), data);
        text.into()
    }
}

/// The place an id of ours stands for, if it is of this start.
fn place(doors: &Doors, id: &str) -> Option<u64> {
    let (epoch, number) = id.split_once(':')?;
    (epoch == doors.epoch()).then(|| number.parse().ok())?
}
