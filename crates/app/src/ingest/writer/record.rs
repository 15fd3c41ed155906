//! A batch as the spool has it: postcard of plain values.

use kmi_domain::{Event, Market, Price, PublicTrade, Quantity, Series, Ticker, Timestamp};
use kmi_storage::{
    Batch, Fence, GapClosing, GapEnd, GapKey, GapKind, MarketSnapshot, NewGap, PollCycle, SnapshotSource,
    TradeSource,
};
use serde::{Deserialize, Serialize};

/// A batch, without its fence: what was seen under a lease stays true when the lease has passed on. A cycle keeps its own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    snapshots: Vec<Snapshot>,
    trades: Vec<(PublicTrade, u8)>,
    series: Vec<Series>,
    events: Vec<Event>,
    markets: Vec<(Market, String)>,
    cycle: Option<Cycle>,
    gaps: Vec<Opened>,
    closed_gaps: Vec<Closed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Snapshot {
    ticker: Ticker,
    time: Timestamp,
    source: u8,
    sequence: Option<i64>,
    yes_bid: Option<Price>,
    yes_ask: Option<Price>,
    yes_bid_size: Option<Quantity>,
    yes_ask_size: Option<Quantity>,
    last_price: Option<Price>,
    volume: Option<Quantity>,
    open_interest: Option<Quantity>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Cycle {
    lease: String,
    epoch: i64,
    number: u64,
    holder: String,
    started: Timestamp,
    ended: Timestamp,
    markets: u64,
    changed: u64,
    pages: u64,
    errors: u64,
    first_error: Option<String>,
    interval_ms: u64,
    wanted_interval_ms: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Key {
    kind: u8,
    ticker: Option<Ticker>,
    from: Timestamp,
}

#[derive(Debug, Serialize, Deserialize)]
struct Opened {
    key: Key,
    to: Option<Timestamp>,
    reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Closed {
    key: Key,
    to: Option<Timestamp>,
    at: Timestamp,
    end: End,
}

#[derive(Debug, Serialize, Deserialize)]
enum End {
    Filled { source: String, rows: u64 },
    Unfillable { reason: String },
}

const SNAPSHOT_SOURCES: [SnapshotSource; 3] = [
    SnapshotSource::Poll,
    SnapshotSource::WebSocket,
    SnapshotSource::Backfill,
];
const TRADE_SOURCES: [TradeSource; 4] = [
    TradeSource::Import,
    TradeSource::WebSocket,
    TradeSource::Poll,
    TradeSource::Backfill,
];
const GAP_KINDS: [GapKind; 3] = [GapKind::Trades, GapKind::Books, GapKind::Snapshots];

/// Place of a value in its list.
fn number<T: PartialEq>(values: &[T], value: &T) -> u8 {
    let place = values.iter().position(|known| known == value);
    place
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

/// Value of a place; `None` for a place no version of this program wrote.
fn value<T: Copy>(values: &[T], number: u8) -> Option<T> {
    values.get(usize::from(number)).copied()
}

impl Record {
    /// Takes a batch apart.
    pub(super) fn of(batch: Batch) -> Record {
        Record {
            snapshots: batch.snapshots.into_iter().map(Snapshot::from).collect(),
            trades: batch
                .trades
                .into_iter()
                .map(|(trade, source)| (trade, number(&TRADE_SOURCES, &source)))
                .collect(),
            series: batch.series,
            events: batch.events,
            markets: batch.markets,
            cycle: batch.cycle.map(Cycle::from),
            gaps: batch.gaps.into_iter().map(Opened::from).collect(),
            closed_gaps: batch.closed_gaps.into_iter().map(Closed::from).collect(),
        }
    }

    /// Puts it together again; `None` when it holds a value this program never wrote.
    pub(super) fn into_batch(self) -> Option<Batch> {
        let trade = |(trade, source)| Some((trade, value(&TRADE_SOURCES, source)?));
        Some(Batch {
            snapshots: self
                .snapshots
                .into_iter()
                .map(Snapshot::read)
                .collect::<Option<_>>()?,
            trades: self.trades.into_iter().map(trade).collect::<Option<_>>()?,
            series: self.series,
            events: self.events,
            markets: self.markets,
            cycle: self.cycle.map(Cycle::read),
            gaps: self.gaps.into_iter().map(Opened::read).collect::<Option<_>>()?,
            closed_gaps: self
                .closed_gaps
                .into_iter()
                .map(Closed::read)
                .collect::<Option<_>>()?,
            fence: None,
        })
    }
}

impl From<MarketSnapshot> for Snapshot {
    fn from(snapshot: MarketSnapshot) -> Snapshot {
        Snapshot {
            ticker: snapshot.ticker,
            time: snapshot.time,
            source: number(&SNAPSHOT_SOURCES, &snapshot.source),
            sequence: snapshot.sequence,
            yes_bid: snapshot.yes_bid,
            yes_ask: snapshot.yes_ask,
            yes_bid_size: snapshot.yes_bid_size,
            yes_ask_size: snapshot.yes_ask_size,
            last_price: snapshot.last_price,
            volume: snapshot.volume,
            open_interest: snapshot.open_interest,
        }
    }
}

impl Snapshot {
    fn read(self) -> Option<MarketSnapshot> {
        Some(MarketSnapshot {
            ticker: self.ticker,
            time: self.time,
            source: value(&SNAPSHOT_SOURCES, self.source)?,
            sequence: self.sequence,
            yes_bid: self.yes_bid,
            yes_ask: self.yes_ask,
            yes_bid_size: self.yes_bid_size,
            yes_ask_size: self.yes_ask_size,
            last_price: self.last_price,
            volume: self.volume,
            open_interest: self.open_interest,
        })
    }
}

impl From<PollCycle> for Cycle {
    fn from(cycle: PollCycle) -> Cycle {
        Cycle {
            lease: cycle.fence.lease,
            epoch: cycle.fence.epoch,
            number: cycle.number,
            holder: cycle.holder,
            started: cycle.started,
            ended: cycle.ended,
            markets: cycle.markets,
            changed: cycle.changed,
            pages: cycle.pages,
            errors: cycle.errors,
            first_error: cycle.first_error,
            interval_ms: cycle.interval_ms,
            wanted_interval_ms: cycle.wanted_interval_ms,
        }
    }
}

impl Cycle {
    fn read(self) -> PollCycle {
        PollCycle {
            fence: Fence {
                lease: self.lease,
                epoch: self.epoch,
            },
            number: self.number,
            holder: self.holder,
            started: self.started,
            ended: self.ended,
            markets: self.markets,
            changed: self.changed,
            pages: self.pages,
            errors: self.errors,
            first_error: self.first_error,
            interval_ms: self.interval_ms,
            wanted_interval_ms: self.wanted_interval_ms,
        }
    }
}

impl From<GapKey> for Key {
    fn from(key: GapKey) -> Key {
        Key {
            kind: number(&GAP_KINDS, &key.kind),
            ticker: key.ticker,
            from: key.from,
        }
    }
}

impl Key {
    fn read(self) -> Option<GapKey> {
        Some(GapKey {
            kind: value(&GAP_KINDS, self.kind)?,
            ticker: self.ticker,
            from: self.from,
        })
    }
}

impl From<NewGap> for Opened {
    fn from(gap: NewGap) -> Opened {
        Opened {
            key: gap.key.into(),
            to: gap.to,
            reason: gap.reason,
        }
    }
}

impl Opened {
    fn read(self) -> Option<NewGap> {
        Some(NewGap {
            key: self.key.read()?,
            to: self.to,
            reason: self.reason,
        })
    }
}

impl From<GapClosing> for Closed {
    fn from(closing: GapClosing) -> Closed {
        Closed {
            key: closing.key.into(),
            to: closing.to,
            at: closing.at,
            end: match closing.end {
                GapEnd::Filled { source, rows } => End::Filled { source, rows },
                GapEnd::Unfillable { reason } => End::Unfillable { reason },
            },
        }
    }
}

impl Closed {
    fn read(self) -> Option<GapClosing> {
        Some(GapClosing {
            key: self.key.read()?,
            to: self.to,
            at: self.at,
            end: match self.end {
                End::Filled { source, rows } => GapEnd::Filled { source, rows },
                End::Unfillable { reason } => GapEnd::Unfillable { reason },
            },
        })
    }
}
