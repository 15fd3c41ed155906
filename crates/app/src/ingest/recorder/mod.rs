//! Recording of order books: [`Recorder`], from the stream's frames to pieces in the archive.
//!
//! Each recorded series has a piece under way, which becomes part of the archive with its certificates at the end of every
//! [`recorded_piece`](super::IngestSettings::recorded_piece), when ingest ends, and when another process takes over. A piece begins with
//! the books as they stand, so that it can be replayed by itself. It is certified until the last moment at which the stream was known to
//! be good: what a stalled connection may have kept from us is in no certificate. What is lost is said: in the piece, in its certificates,
//! and by a gap, also where a piece itself is lost. After a crash recording begins anew, and the time since the last certificate is a gap.

mod archive;
mod market;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kmi_domain::{SeriesTicker, Ticker, Timestamp};
use kmi_storage::{Batch, BookChange, BookEntry, GapClosing, GapEnd, GapKey, GapKind, NewGap};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::keeper::Piece;
use super::metrics;
use super::shared::Shared;
use archive::Archive;
use market::Market;

/// Frames that wait for the recorder; beyond it the stream waits, and at last says what it lost.
const WAITING: usize = 65_536;
/// Between two looks at the clock, for series in which nothing happens.
const LOOK: Duration = Duration::from_secs(1);
/// Longest time for the last pieces when ingest ends.
const LAST: Duration = Duration::from_secs(2);

/// The way to a [`Recorder`].
pub(super) type Frames = mpsc::Sender<BookEntry>;

/// Both ends of the way to a [`Recorder`].
pub(super) fn channel() -> (Frames, mpsc::Receiver<BookEntry>) {
    mpsc::channel(WAITING)
}

/// A piece under way, or one that has ended and waits for the database.
struct Open {
    /// Nobody shares it: the lock is only there because its writer may not be looked at from two threads.
    piece: Mutex<Box<dyn Piece>>,
    from: Timestamp,
    /// Markets of which something is in it.
    markets: BTreeSet<Ticker>,
}

/// Records books.
pub(super) struct Recorder {
    shared: Arc<Shared>,
    frames: mpsc::Receiver<BookEntry>,
    series_of: BTreeMap<Ticker, SeriesTicker>,
    markets: BTreeMap<Ticker, Market>,
    pieces: BTreeMap<SeriesTicker, Open>,
    /// The way into the database, for which nothing here waits.
    archive: Archive,
    /// When the pieces under way end.
    ends: Timestamp,
    /// Until when everything that was to be recorded is known to be.
    good: Timestamp,
    leads: bool,
    /// Markets of which it was looked up since when they were not recorded.
    noted: BTreeSet<Ticker>,
}

impl Recorder {
    pub(super) fn new(shared: Arc<Shared>, frames: mpsc::Receiver<BookEntry>) -> Recorder {
        let now = shared.clock.now();
        let ends = next_end(now, shared.settings.recorded_piece);
        Recorder {
            archive: Archive::new(Arc::clone(&shared)),
            shared,
            frames,
            series_of: BTreeMap::new(),
            markets: BTreeMap::new(),
            pieces: BTreeMap::new(),
            ends,
            good: now,
            leads: false,
            noted: BTreeSet::new(),
        }
    }

    /// Records until the stream has ended, and then what is under way.
    pub(super) async fn run(mut self) {
        let mut recorded = self.shared.recorded.subscribe();
        let mut leadership = self.shared.leadership.clone();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let leads = leadership.borrow_and_update().fence.is_some();
            self.lead(leads).await;
            tokio::select! {
                frame = self.frames.recv() => match frame {
                    Some(frame) => self.take(frame).await,
                    None => break,
                },
                Ok(()) = recorded.changed() => self.choose(&recorded.borrow_and_update()),
                Ok(()) = leadership.changed() => {}
                _ = looks.tick() => self.look().await,
            }
        }
        self.learn_good();
        self.end_pieces(self.good).await;
        let lost = self.archive.finish(LAST).await;
        if lost > 0 {
            tracing::error!(
                pieces = lost,
                "the last pieces of the recording are lost: the database is out"
            );
        }
    }

    fn choose(&mut self, recorded: &BTreeMap<SeriesTicker, BTreeSet<Ticker>>) {
        self.series_of = recorded
            .iter()
            .flat_map(|(series, tickers)| tickers.iter().map(|ticker| (ticker.clone(), series.clone())))
            .collect();
        let chosen = &self.series_of;
        self.markets.retain(|ticker, _| chosen.contains_key(ticker));
        self.noted.retain(|ticker| chosen.contains_key(ticker));
        self.tell();
    }

    /// Who leads records; the others keep the books, so that they can go on at once.
    async fn lead(&mut self, leads: bool) {
        if self.leads && !leads {
            self.learn_good();
            self.end_pieces(self.good).await;
            self.noted.clear();
        }
        self.leads = leads;
    }

    async fn take(&mut self, frame: BookEntry) {
        let Some(series) = self.series_of.get(&frame.ticker).cloned() else {
            return;
        };
        let is_gap = matches!(frame.change, BookChange::Gap);
        if !is_gap {
            self.good = self.good.max(frame.received);
        }
        if frame.received >= self.ends {
            self.end_pieces(self.ends.min(self.good)).await;
        }
        // A gap begins none: the books as they stood are not known to be right any more.
        if self.leads && !is_gap && !self.pieces.contains_key(&series) {
            self.begin(&series, frame.received).await;
        }
        let market = self.markets.entry(frame.ticker.clone()).or_default();
        let was_lost = market.lost_since();
        if !market.take(&frame) {
            return;
        }
        let lost = market.lost_since();
        let (ticker, at) = (frame.ticker.clone(), frame.received);
        self.record(&series, frame).await;
        // A gap that is told accounts for the time before it.
        self.good = self.good.max(at);
        match (was_lost, lost) {
            (None, Some(since)) => {
                note(
                    &self.shared,
                    &ticker,
                    since,
                    None,
                    "frames of the stream were lost",
                )
                .await;
            }
            (Some(since), None) => {
                note(
                    &self.shared,
                    &ticker,
                    since,
                    Some(at),
                    "frames of the stream were lost",
                )
                .await;
            }
            _ => {}
        }
        if self.leads && self.noted.insert(ticker.clone()) {
            let is_looked_up = self.archive.note_absence(ticker.clone(), at);
            if !is_looked_up {
                tracing::warn!(%ticker, "whether its recording has a hole is not known: the database is out for too long");
            }
        }
    }

    async fn record(&mut self, series: &SeriesTicker, frame: BookEntry) {
        let Some(open) = self.pieces.get_mut(series) else {
            return;
        };
        let at = frame.received;
        if !open.markets.contains(&frame.ticker) {
            open.markets.insert(frame.ticker.clone());
        }
        match open.piece.get_mut().push(frame) {
            Ok(()) => {
                metrics::recorded();
                self.shared.monitor.update(|status| status.recorder.frames += 1);
            }
            Err(error) => {
                tracing::error!(%error, %series, "a piece of the recording cannot be written and is lost");
                if let Some(lost) = self.pieces.remove(series) {
                    note_lost(&self.shared, &lost, at).await;
                }
            }
        }
    }

    /// Learns until when everything is recorded: the stream has handed over all frames it got before it last heard something, and none of
    /// them waits here.
    fn learn_good(&mut self) {
        let heard = self.shared.board.heard();
        if let Some(heard) = heard.filter(|_| self.frames.is_empty()) {
            self.good = self.good.max(heard);
        }
    }

    /// A new piece, with the books of its series as they stand.
    async fn begin(&mut self, series: &SeriesTicker, at: Timestamp) {
        let name = format!("live recording of {series} by {}", self.shared.holder);
        let piece = Open {
            piece: Mutex::new(self.shared.keeper.begin_recording(&name)),
            from: at,
            markets: BTreeSet::new(),
        };
        self.pieces.insert(series.clone(), piece);
        let of_series = self.markets.iter();
        let books: Vec<BookEntry> = of_series
            .filter(|(ticker, _)| self.series_of.get(*ticker) == Some(series))
            .filter_map(|(ticker, market)| {
                Some(BookEntry {
                    ticker: ticker.clone(),
                    received: at,
                    time: None,
                    sid: None,
                    seq: None,
                    frame: 0,
                    change: market.whole()?,
                })
            })
            .collect();
        for book in books {
            self.record(series, book).await;
        }
    }

    /// Ends all pieces under way: what is recorded after belongs to the next.
    async fn end_pieces(&mut self, until: Timestamp) {
        for (series, piece) in std::mem::take(&mut self.pieces) {
            if let Err(lost) = self.archive.store(piece, until) {
                tracing::error!(%series, %until, "a piece of the recording is lost: the database is out for too long");
                note_lost(&self.shared, &lost, until).await;
            }
        }
        self.ends = next_end(
            self.shared.clock.now().max(until),
            self.shared.settings.recorded_piece,
        );
    }

    async fn look(&mut self) {
        self.learn_good();
        // A little later, as the frames of that time may be on their way. While the stream is silent they go on: what it says next tells until
        // when they were whole.
        if self.good >= self.ends.plus(LOOK) {
            self.end_pieces(self.ends).await;
        }
    }

    fn tell(&self) {
        let markets = self.series_of.len();
        self.shared
            .monitor
            .update(|status| status.recorder.markets = markets);
    }
}

/// A piece that will never be in the archive: its time is a gap of its markets.
async fn note_lost(shared: &Shared, lost: &Open, until: Timestamp) {
    for ticker in &lost.markets {
        note(
            shared,
            ticker,
            lost.from,
            Some(until),
            "a piece of the recording was lost",
        )
        .await;
    }
}

/// Notes a gap; one that has an end is over for good, as books of the past cannot be asked for.
async fn note(shared: &Shared, ticker: &Ticker, from: Timestamp, to: Option<Timestamp>, reason: &str) {
    let Some(fence) = shared.fence() else { return };
    let key = GapKey {
        kind: GapKind::Books,
        ticker: Some(ticker.clone()),
        from,
    };
    let closing = to.map(|to| GapClosing {
        key: key.clone(),
        to: Some(to),
        at: to,
        end: GapEnd::Unfillable {
            reason: format!("{reason}; books of the past cannot be asked for"),
        },
    });
    let batch = Batch {
        gaps: vec![NewGap {
            key,
            to,
            reason: reason.to_owned(),
        }],
        closed_gaps: closing.into_iter().collect(),
        fence: Some(fence),
        ..Batch::default()
    };
    shared.writing.put(batch).await;
}

/// The next whole multiple of a piece since midnight.
fn next_end(now: Timestamp, piece: Duration) -> Timestamp {
    let piece = i64::try_from(piece.as_micros()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_micros((now.micros().div_euclid(piece) + 1).saturating_mul(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_at_quarters_of_an_hour() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let quarter = Duration::from_mins(15);
        assert_eq!(
            next_end(at("2026-11-21T05:07:00Z"), quarter),
            at("2026-11-21T05:15:00Z")
        );
        assert_eq!(
            next_end(at("2026-11-21T05:15:00Z"), quarter),
            at("2026-11-21T05:30:00Z")
        );
    }
}
