//! Events between the connection and their reader, bounded by what they are about.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use kmi_domain::Ticker;
use tokio::sync::Notify;

use super::config::Bounds;
use super::message::Body;
use super::{Channel, Event, EventKind};

/// What bounds an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of a market's book: dropped together, mended by snapshots.
    Book,
    /// Best quotes: the newest of a market takes the place of the one before.
    Ticker,
    /// Public and in sequence: new ones are dropped, and the reader is told.
    Tape,
    /// Of one's own account: never dropped.
    Own,
    /// Of the connection and its subscriptions: never dropped, and counted with what is one's own.
    Control,
}

/// An event and the channel on which its message came, which its type alone does not always tell.
#[derive(Debug)]
pub(super) struct Routed {
    pub(super) event: Event,
    pub(super) channel: Option<Channel>,
}

impl Routed {
    fn kind(&self) -> Kind {
        let EventKind::Message(message) = &self.event.kind else {
            return Kind::Control;
        };
        match &message.body {
            Body::OrderbookSnapshot(_) | Body::OrderbookDelta(_) => Kind::Book,
            Body::Ticker(_) => Kind::Ticker,
            _ if self.channel().is_private() => Kind::Own,
            _ => Kind::Tape,
        }
    }

    /// The channel to name when a message is dropped.
    fn channel(&self) -> Channel {
        let of_type = || self.event.message().and_then(|message| message.body.channel());
        self.channel.or_else(of_type).unwrap_or(Channel::MarketLifecycle)
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It waits for the reader.
    Kept,
    /// It was dropped with all other undelivered messages of books: all books are out of date.
    BooksDropped,
    /// It was dropped; for the first time since the reader kept up.
    TapeDropped(Channel),
    /// It was dropped, as others before.
    Dropped,
}

enum Entry {
    Event(Kind, Box<Event>),
    /// Its event is in `Inner::tickers`, the newest there is.
    Ticker(Ticker),
}

#[derive(Default)]
struct Inner {
    entries: VecDeque<Entry>,
    tickers: HashMap<Ticker, Box<Event>>,
    books: usize,
    tape: usize,
    own: usize,
    /// Messages of books were dropped, and the reader has not come to where it is told so.
    books_dropped: bool,
    /// Channels with dropped messages of the tape since the reader last kept up.
    lagging: BTreeSet<Channel>,
    writer_gone: bool,
    reader_gone: bool,
}

struct Shared {
    inner: Mutex<Inner>,
    bounds: Bounds,
    /// Something came, or the writer went.
    filled: Notify,
    /// Something was taken, or the reader went.
    taken: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing panics while it is held, and what it holds would be sound even so.
        self.inner
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The writing end.
pub(super) struct Writer(Arc<Shared>);

/// The events of a client, in order. Dropping it leaves the client running, with nobody told.
///
/// Events wait here for their reader, within [`Bounds`]: messages of books are dropped together and mended by snapshots, tickers are
/// conflated (the newest of a market takes the place of the one before, at its place), trades and lifecycles are dropped and
/// the reader is told, one's own fills, orders and positions are never dropped: the network waits, and at last is cut off.
pub struct Events(Arc<Shared>);

/// Both ends.
pub(super) fn channel(bounds: Bounds) -> (Writer, Events) {
    let shared = Arc::new(Shared {
        inner: Mutex::default(),
        bounds,
        filled: Notify::new(),
        taken: Notify::new(),
    });
    (Writer(Arc::clone(&shared)), Events(shared))
}

impl Inner {
    fn push(&mut self, routed: Routed, bounds: &Bounds) -> Pushed {
        let kind = routed.kind();
        match kind {
            Kind::Ticker => return self.push_ticker(Box::new(routed.event)),
            Kind::Book if self.books >= bounds.books => {
                self.drop_books();
                return Pushed::BooksDropped;
            }
            Kind::Book if self.books_dropped => return Pushed::Dropped,
            Kind::Book => self.books += 1,
            // Nothing more of a channel is kept once something was dropped, so that the reader knows where the hole begins.
            Kind::Tape if self.tape >= bounds.tape || self.lagging.contains(&routed.channel()) => {
                return self.drop_tape(routed.channel());
            }
            Kind::Tape => self.tape += 1,
            Kind::Own | Kind::Control => self.own += 1,
        }
        self.entries.push_back(Entry::Event(kind, Box::new(routed.event)));
        Pushed::Kept
    }

    fn push_ticker(&mut self, event: Box<Event>) -> Pushed {
        let Some(ticker) = event.message().and_then(|message| message.body.ticker()).cloned() else {
            return Pushed::Dropped;
        };
        if self.tickers.insert(ticker.clone(), event).is_none() {
            self.entries.push_back(Entry::Ticker(ticker));
        }
        Pushed::Kept
    }

    fn drop_books(&mut self) {
        self.entries
            .retain(|entry| !matches!(entry, Entry::Event(Kind::Book, _)));
        self.books = 0;
        self.books_dropped = true;
    }

    fn drop_tape(&mut self, channel: Channel) -> Pushed {
        if self.lagging.insert(channel) {
            Pushed::TapeDropped(channel)
        } else {
            Pushed::Dropped
        }
    }

    fn pop(&mut self, bounds: &Bounds) -> Option<Event> {
        let event = match self.entries.pop_front()? {
            Entry::Ticker(ticker) => self.tickers.remove(&ticker)?,
            Entry::Event(kind, event) => {
                match kind {
                    Kind::Book => self.books -= 1,
                    Kind::Tape => self.tape -= 1,
                    Kind::Own | Kind::Control => self.own -= 1,
                    Kind::Ticker => {}
                }
                event
            }
        };
        if let EventKind::Lagged {
            channel: Channel::OrderbookDelta,
        } = event.kind
        {
            self.books_dropped = false;
        }
        if self.tape <= bounds.tape / 2 {
            self.lagging.clear();
        }
        Some(*event)
    }
}

impl Writer {
    /// Puts an event at the end, or drops it as its kind is dropped.
    pub(super) fn push(&self, routed: Routed) -> Pushed {
        let mut inner = self.0.lock();
        if inner.reader_gone {
            return Pushed::Kept;
        }
        let pushed = inner.push(routed, &self.0.bounds);
        drop(inner);
        self.0.filled.notify_one();
        pushed
    }

    /// Whether the reader has so many undelivered messages of its own account, or of the connection, that no more should be read.
    pub(super) fn is_full(&self) -> bool {
        let inner = self.0.lock();
        !inner.reader_gone && inner.own >= self.0.bounds.own
    }

    /// Whether the reader has come to where it was told that messages of books were dropped.
    pub(super) fn has_caught_up(&self) -> bool {
        let inner = self.0.lock();
        inner.reader_gone || !inner.books_dropped
    }

    /// Waits until the reader has taken something since this was called last.
    pub(super) async fn taken(&self) {
        self.0.taken.notified().await;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.lock().writer_gone = true;
        self.0.filled.notify_one();
    }
}

impl Events {
    /// The next event; `None` when the client was closed and everything was read.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.try_next() {
                return Some(event);
            }
            if self.0.lock().writer_gone {
                return self.try_next();
            }
            self.0.filled.notified().await;
        }
    }

    /// The next event, if it has come.
    pub fn try_next(&mut self) -> Option<Event> {
        let event = self.0.lock().pop(&self.0.bounds);
        if event.is_some() {
            self.0.taken.notify_one();
        }
        event
    }

    /// Number of events that wait.
    pub fn len(&self) -> usize {
        self.0.lock().entries.len()
    }

    /// True when none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.reader_gone = true;
        inner.entries.clear();
        inner.tickers.clear();
        (inner.books, inner.tape, inner.own) = (0, 0, 0);
        drop(inner);
        self.0.taken.notify_one();
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
