//! Recorded input: markets and their events, merged in time.

use kmi_domain::{MarketResult, Price, PublicTrade, Quantity, Side, Timestamp, TradeId};

use crate::strategy::{MarketId, MarketInfo};

/// What a recording of a market is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// Trades alone.
    #[default]
    Tape,
    /// Order book snapshots, deltas and trades.
    Books,
}

/// One recorded event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedEvent {
    /// When it happened.
    pub time: Timestamp,
    /// Market.
    pub market: MarketId,
    /// What happened.
    pub kind: FeedKind,
}

/// What a recorded event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedKind {
    /// A print made on the book; block trades are left out.
    Trade {
        /// YES price.
        price: Price,
        /// Contracts.
        quantity: Quantity,
        /// The contract the taker gained.
        taker: Side,
    },
    /// A signed change of a level.
    Delta {
        /// Side of the level.
        side: Side,
        /// Price of the level, that of the side's contract.
        price: Price,
        /// Change of the contracts that rest there.
        change: Quantity,
    },
    /// A level's new quantity; nothing deletes it. Also one level of a snapshot.
    Level {
        /// Side of the level.
        side: Side,
        /// Price of the level, that of the side's contract.
        price: Price,
        /// Contracts that rest there now.
        quantity: Quantity,
    },
    /// A snapshot begins: the market's next `levels` events are its [`FeedKind::Level`]s.
    Snapshot {
        /// How many levels follow.
        levels: u32,
    },
    /// Something was missed: the book is out of sync until the next snapshot.
    Gap,
}

/// How a market ended; kept from strategies until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketEnd {
    /// Its result, where it has one.
    pub result: Option<MarketResult>,
    /// When the result became known, where recorded; strategies are told then, or at the close if that is later.
    pub settled_time: Option<Timestamp>,
}

/// Markets and their events in order: what a run is made on. Never changed by runs, so many may share it.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    kind: DataKind,
    markets: Vec<MarketInfo>,
    ends: Vec<MarketEnd>,
    events: Vec<FeedEvent>,
}

impl Dataset {
    /// What the events are.
    #[must_use]
    pub fn kind(&self) -> DataKind {
        self.kind
    }

    /// The markets, by [`MarketId`].
    #[must_use]
    pub fn markets(&self) -> &[MarketInfo] {
        &self.markets
    }

    /// How the markets ended, by [`MarketId`].
    #[must_use]
    pub fn ends(&self) -> &[MarketEnd] {
        &self.ends
    }

    /// The events, in order.
    #[must_use]
    pub fn events(&self) -> &[FeedEvent] {
        &self.events
    }

    pub(crate) fn ends_mut(&mut self) -> &mut [MarketEnd] {
        &mut self.ends
    }

    pub(crate) fn events_mut(&mut self) -> &mut [FeedEvent] {
        &mut self.events
    }
}

/// Collects markets and events in any order.
///
/// Events are sorted by time. Of one time, trades pushed with their id come in byte order of the ids, before everything
/// pushed without; that keeps the order in which it was pushed, which is the one the exchange sent it in.
#[derive(Clone, Debug, Default)]
pub struct DatasetBuilder {
    data: Dataset,
    /// Ids of the events that have one, by place: tapes are large, and most runs have all or none.
    ids: Vec<Option<TradeId>>,
}

impl DatasetBuilder {
    /// Nothing yet.
    #[must_use]
    pub fn new(kind: DataKind) -> DatasetBuilder {
        DatasetBuilder {
            data: Dataset {
                kind,
                ..Dataset::default()
            },
            ids: Vec::new(),
        }
    }

    /// Adds a market and returns its number.
    ///
    /// # Panics
    /// Beyond four billion markets.
    pub fn add_market(&mut self, info: MarketInfo, end: MarketEnd) -> MarketId {
        let number = u32::try_from(self.data.markets.len()).expect("markets are numbered in 32 bits");
        self.data.markets.push(info);
        self.data.ends.push(end);
        MarketId(number)
    }

    /// Adds a trade of a tape.
    pub fn push_trade(&mut self, market: MarketId, trade: &PublicTrade) {
        self.push(FeedEvent {
            time: trade.time,
            market,
            kind: FeedKind::Trade {
                price: trade.yes_price,
                quantity: trade.quantity,
                taker: trade.taker,
            },
        });
        // Filled up to this event only now, so that captures keep no list of nothing.
        self.ids.resize(self.data.events.len() - 1, None);
        self.ids.push(Some(trade.id.clone()));
    }

    /// Adds an event in the order in which the exchange sent it.
    pub fn push(&mut self, event: FeedEvent) {
        self.data.events.push(event);
    }

    /// Events so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.events.len()
    }

    /// True before the first event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.events.is_empty()
    }

    /// Sorts and hands over.
    #[must_use]
    pub fn build(mut self) -> Dataset {
        let events = &mut self.data.events;
        if self.ids.is_empty() {
            events.sort_by_key(|event| event.time);
            return self.data;
        }
        self.ids.resize(events.len(), None);
        let mut keyed: Vec<(FeedEvent, Option<TradeId>)> = events.drain(..).zip(self.ids).collect();
        keyed.sort_by(|(left, left_id), (right, right_id)| {
            let ids = || match (left_id, right_id) {
                (Some(left), Some(right)) => left.cmp(right),
                (left, right) => right.is_some().cmp(&left.is_some()),
            };
            left.time.cmp(&right.time).then_with(ids)
        });
        events.extend(keyed.into_iter().map(|(event, _)| event));
        self.data
    }
}
