//! Quotes as they stood when something changed: [`MarketSnapshot`], written by the thousand.

use kmi_domain::{Price, Quantity, Ticker, Timestamp};
use sea_orm::DbBackend;

use crate::entity::market_snapshots;
use crate::import::TickerIds;
use crate::row::{Rows, Table, Value};
use crate::session::{PostgresSession, Session, Worker};
use crate::{StorageError, Store};

/// How a snapshot reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SnapshotSource {
    /// Regular polling.
    Poll,
    /// The live stream.
    WebSocket,
    /// Fetched later to close a gap.
    Backfill,
}

impl SnapshotSource {
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
    match source {
        1 => "websocket",
        2 => "backfill",
        _ => "poll",
    }
}

/// Quotes of a market at an instant. One per market, instant and source is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What writing snapshots keeps from batch to batch.
pub(crate) struct SnapshotWriter {
    ids: TickerIds,
    worker: Option<Worker>,
}

const SNAPSHOTS: Table = market_snapshots::Model::TABLE;

impl Store {
    /// Keeps snapshots, all or none; durable when it returns (SQLite: against a crash of the program, and after the next
    /// checkpoint against a loss of power). Returns how many were new.
    ///
    /// # Errors
    /// [`StorageError`]; then none was kept.
    pub async fn write_snapshots(&self, snapshots: &[MarketSnapshot]) -> Result<u64, StorageError> {
        let mut slot = self.inner.snapshots.lock().await;
        // Taken out, so that after an error the next batch starts from nothing.
        let writer = slot.take().unwrap_or_else(|| SnapshotWriter {
            ids: TickerIds::default(),
            worker: None,
        });
        let (writer, inserted) = match self.inner.orm.get_database_backend() {
            DbBackend::Sqlite => self.write_to_sqlite(writer, snapshots).await?,
            _ => self.write_to_postgres(writer, snapshots).await?,
        };
        *slot = Some(writer);
        Ok(inserted)
    }

    async fn write_to_sqlite(
        &self,
        mut writer: SnapshotWriter,
        snapshots: &[MarketSnapshot],
    ) -> Result<(SnapshotWriter, u64), StorageError> {
        let worker = if let Some(worker) = writer.worker.take() {
            worker.run(|db| db.execute_batch("BEGIN IMMEDIATE")).await?;
            worker
        } else {
            let location = &self.inner.location;
            Worker::open(location.market_db(), location.size_limit_bytes, "BEGIN IMMEDIATE").await?
        };
        let mut session = Session::Sqlite(worker);
        let rows = rows(&mut session, &mut writer.ids, snapshots).await?;
        let inserted = session.insert_new(&SNAPSHOTS, rows).await?.values().sum();
        if let Session::Sqlite(worker) = session {
            worker.run(|db| db.execute_batch("COMMIT")).await?;
            writer.worker = Some(worker);
        }
        Ok((writer, inserted))
    }

    async fn write_to_postgres(
        &self,
        mut writer: SnapshotWriter,
        snapshots: &[MarketSnapshot],
    ) -> Result<(SnapshotWriter, u64), StorageError> {
        let pool = self.inner.orm.get_postgres_connection_pool();
        let mut session = Session::Postgres(PostgresSession::begin(pool, &self.inner.name).await?);
        let rows = rows(&mut session, &mut writer.ids, snapshots).await?;
        session.execute("SAVEPOINT plain", vec![]).await?;
        let inserted = match copy(&mut session, &rows).await {
            Ok(inserted) => inserted,
            // A row was there already: go the longer way, which skips it.
            Err(error) if is_duplicate(&error) => {
                session.execute("ROLLBACK TO SAVEPOINT plain", vec![]).await?;
                session.insert_new(&SNAPSHOTS, rows).await?.values().sum()
            }
            Err(error) => return Err(error),
        };
        session.commit().await?;
        Ok((writer, inserted))
    }
}

async fn copy(session: &mut Session, rows: &Rows) -> Result<u64, StorageError> {
    if let Session::Postgres(session) = session {
        session.copy(SNAPSHOTS.name, &SNAPSHOTS, rows).await?;
    }
    Ok(rows.len() as u64)
}

fn is_duplicate(error: &StorageError) -> bool {
    let StorageError::Database { source, .. } = error else {
        return false;
    };
    source
        .downcast_ref::<sea_orm::sqlx::Error>()
        .and_then(|error| error.as_database_error())
        .is_some_and(sea_orm::sqlx::error::DatabaseError::is_unique_violation)
}

/// Rows in the order of the table's key, so that pages fill one after the other.
async fn rows(
    session: &mut Session,
    ids: &mut TickerIds,
    snapshots: &[MarketSnapshot],
) -> Result<Rows, StorageError> {
    ids.learn(session, snapshots.iter().map(|snapshot| &snapshot.ticker))
        .await?;
    let mut order: Vec<(i64, i64, &MarketSnapshot)> = snapshots
        .iter()
        .map(|snapshot| (ids.number(&snapshot.ticker), snapshot.time.micros(), snapshot))
        .collect();
    order.sort_by_key(|(number, time, _)| (*number, *time));
    let price =
        |price: Option<Price>| price.map_or(Value::Null, |price| Value::Int(i64::from(price.units())));
    let count = |count: Option<Quantity>| count.map_or(Value::Null, |count| Value::Int(count.units()));
    let mut rows = Rows::with_capacity(SNAPSHOTS.columns.len(), snapshots.len());
    for (number, time, snapshot) in order {
        rows.push([
            Value::Int(number),
            Value::Int(time),
            Value::Int(snapshot.source.number()),
            snapshot.sequence.map_or(Value::Null, Value::Int),
            price(snapshot.yes_bid),
            price(snapshot.yes_ask),
            count(snapshot.yes_bid_size),
            count(snapshot.yes_ask_size),
            price(snapshot.last_price),
            count(snapshot.volume),
            count(snapshot.open_interest),
        ]);
    }
    Ok(rows)
}
