//! Quotes as they stood when something changed: [`MarketSnapshot`], written by the thousand.

use kmi_domain::{Price, Quantity, Ticker, Timestamp};

use crate::catalogue::price;
use crate::entity::market_snapshots;
use crate::import::TickerIds;
use crate::row::{Table, damaged};
use crate::session::Session;
use crate::{StorageError, Store};

/// How a snapshot reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum SnapshotSource {
    /// Regular polling.
    Poll,
    /// The live stream.
    WebSocket,
    /// Fetched later to close a gap.
    Backfill,
}

impl SnapshotSource {
    const ALL: [SnapshotSource; 3] = [
        SnapshotSource::Poll,
        SnapshotSource::WebSocket,
        SnapshotSource::Backfill,
    ];

    /// Word used in the archive and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            SnapshotSource::Poll => "poll",
            SnapshotSource::WebSocket => "websocket",
            SnapshotSource::Backfill => "backfill",
        }
    }

    /// The source of a word.
    pub(crate) fn from_word(word: &str) -> Option<SnapshotSource> {
        SnapshotSource::ALL
            .into_iter()
            .find(|source| source.as_str() == word)
    }

    fn number(self) -> i64 {
        match self {
            SnapshotSource::Poll => 0,
            SnapshotSource::WebSocket => 1,
            SnapshotSource::Backfill => 2,
        }
    }
}

/// The archive's word for a source.
pub(crate) fn word(source: i64) -> &'static str {
    let known = SnapshotSource::ALL
        .into_iter()
        .find(|known| known.number() == source);
    known.unwrap_or(SnapshotSource::Poll).as_str()
}

/// Quotes of a market at an instant. One per market, instant and source is kept.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MarketSnapshot {
    /// Market.
    pub ticker: Ticker,
    /// When.
    pub time: Timestamp,
    /// How it reached us.
    pub source: SnapshotSource,
    /// Sequence number of the stream, where there is one.
    pub sequence: Option<i64>,
    /// Best YES bid.
    pub yes_bid: Option<Price>,
    /// Best YES ask.
    pub yes_ask: Option<Price>,
    /// Contracts at the best YES bid.
    pub yes_bid_size: Option<Quantity>,
    /// Contracts at the best YES ask.
    pub yes_ask_size: Option<Quantity>,
    /// Last trade.
    pub last_price: Option<Price>,
    /// Contracts traded ever.
    pub volume: Option<Quantity>,
    /// Contracts held.
    pub open_interest: Option<Quantity>,
}

const SNAPSHOTS: Table = market_snapshots::Model::TABLE;

impl MarketSnapshot {
    /// A row of the database, its market named.
    pub(crate) fn from_row(
        ticker: Ticker,
        row: &market_snapshots::Model,
    ) -> Result<MarketSnapshot, StorageError> {
        let source = SnapshotSource::ALL
            .into_iter()
            .find(|source| source.number() == i64::from(row.source))
            .ok_or_else(|| damaged(SNAPSHOTS.name, format!("source {}", row.source)))?;
        let some_price = |units: Option<i16>| {
            units
                .map(|units| price(SNAPSHOTS.name, i64::from(units)))
                .transpose()
        };
        Ok(MarketSnapshot {
            ticker,
            time: Timestamp::from_micros(row.time),
            source,
            sequence: row.sequence,
            yes_bid: some_price(row.yes_bid)?,
            yes_ask: some_price(row.yes_ask)?,
            yes_bid_size: row.yes_bid_size.map(Quantity::from_units),
            yes_ask_size: row.yes_ask_size.map(Quantity::from_units),
            last_price: some_price(row.last_price)?,
            volume: row.volume.map(Quantity::from_units),
            open_interest: row.open_interest.map(Quantity::from_units),
        })
    }
}

impl Store {
    /// Keeps snapshots, all or none, and looks at nothing else: the quickest way in. Returns how many were new. Unlike
    /// [`Store::keep`] it takes snapshots again that were archived meanwhile.
    ///
    /// # Errors
    /// [`StorageError`]; then none was kept.
    pub async fn write_snapshots(&self, snapshots: &[MarketSnapshot]) -> Result<u64, StorageError> {
        let mut slot = self.inner.live.lock().await;
        // Taken out, so that after an error the next batch starts from nothing.
        let mut writer = slot.take().unwrap_or_default();
        let mut session = self.live_session(&mut writer).await?;
        let inserted = put(&mut session, &mut writer.ids, snapshots.iter()).await?;
        writer.stay(session.commit_and_stay().await?);
        *slot = Some(writer);
        Ok(inserted)
    }
}

/// Adds snapshots; says how many were new.
pub(crate) async fn put(
    session: &mut Session,
    ids: &mut TickerIds,
    snapshots: impl Iterator<Item = &MarketSnapshot> + Clone,
) -> Result<u64, StorageError> {
    let order = in_order(session, ids, snapshots).await?;
    let lines = order.iter().map(|(key, snapshot)| line(*key, snapshot));
    session.insert_integers(&SNAPSHOTS, lines).await
}

/// A snapshot as a row of its table, nothing in it but integers.
type Line = [Option<i64>; SNAPSHOTS.columns.len()];

/// What makes a row unique: market, time and source.
type Key = (i64, i64, i64);

/// Snapshots in the order of the table's key, so that pages fill one after the other; of several with one key the last.
async fn in_order<'a>(
    session: &mut Session,
    ids: &mut TickerIds,
    snapshots: impl Iterator<Item = &'a MarketSnapshot> + Clone,
) -> Result<Vec<(Key, &'a MarketSnapshot)>, StorageError> {
    let mut order = Vec::new();
    if !numbered(ids, snapshots.clone(), &mut order) {
        let tickers = snapshots.clone().map(|snapshot| &snapshot.ticker);
        ids.learn(session, tickers).await?;
        order.clear();
        numbered(ids, snapshots, &mut order);
    }
    order.sort_by_key(|(key, _)| *key);
    // Of equal keys the order is that in which they came.
    order.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            earlier.1 = later.1;
        }
        same
    });
    Ok(order)
}

/// Snapshots with their keys; false at the first whose market has no number yet.
fn numbered<'a>(
    ids: &TickerIds,
    snapshots: impl Iterator<Item = &'a MarketSnapshot>,
    order: &mut Vec<(Key, &'a MarketSnapshot)>,
) -> bool {
    for snapshot in snapshots {
        let Some(number) = ids.get(&snapshot.ticker) else {
            return false;
        };
        let key = (number, snapshot.time.micros(), snapshot.source.number());
        order.push((key, snapshot));
    }
    true
}

fn line((number, time, source): Key, snapshot: &MarketSnapshot) -> Line {
    let price = |price: Option<Price>| price.map(|price| i64::from(price.units()));
    let count = |count: Option<Quantity>| count.map(Quantity::units);
    [
        Some(number),
        Some(time),
        Some(source),
        snapshot.sequence,
        price(snapshot.yes_bid),
        price(snapshot.yes_ask),
        count(snapshot.yes_bid_size),
        count(snapshot.yes_ask_size),
        price(snapshot.last_price),
        count(snapshot.volume),
        count(snapshot.open_interest),
    ]
}
