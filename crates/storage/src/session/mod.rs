//! One transaction on either database, for what moves rows by the thousand: prepared statements on SQLite, COPY on
//! PostgreSQL, the same few verbs for both.

mod copy;
mod postgres;
mod worker;

use std::collections::BTreeMap;

pub(crate) use postgres::PostgresSession;
pub(crate) use worker::{BUSY_WAIT, SHORT_WAIT, Use, Worker};

use crate::StorageError;
use crate::row::{Rows, Table, Value};

/// An open transaction; dropping it undoes everything.
pub(crate) enum Session {
    /// The embedded database, on a thread of its own.
    Sqlite(Worker),
    /// A server.
    Postgres(PostgresSession),
}

/// New rows by the number in their first column (0 where that is no number).
pub(crate) type NewRows = BTreeMap<i64, u64>;

impl Session {
    /// Adds the rows whose key is not there yet.
    pub(crate) async fn insert_new(
        &mut self,
        table: &'static Table,
        rows: Rows,
    ) -> Result<NewRows, StorageError> {
        if rows.is_empty() {
            return Ok(NewRows::new());
        }
        match self {
            Session::Sqlite(worker) => worker.run(move |db| worker::insert_new(db, table, &rows)).await,
            Session::Postgres(session) => session.insert_new(table, &rows).await,
        }
    }

    /// Adds rows of nothing but integers whose key is not there yet, and says how many: the quickest way. Meant for rows
    /// that are nearly always new.
    pub(crate) async fn insert_integers<const N: usize>(
        &mut self,
        table: &'static Table,
        rows: impl ExactSizeIterator<Item = [Option<i64>; N]> + Clone,
    ) -> Result<u64, StorageError> {
        if rows.len() == 0 {
            return Ok(0);
        }
        match self {
            Session::Sqlite(worker) => {
                let rows: Vec<_> = rows.collect();
                worker
                    .run(move |db| worker::insert_integers(db, table, &rows))
                    .await
            }
            Session::Postgres(session) => session.insert_integers(table, rows).await,
        }
    }

    /// Adds rows, or replaces those of the same key.
    pub(crate) async fn upsert(&mut self, table: &'static Table, rows: Rows) -> Result<(), StorageError> {
        if rows.is_empty() {
            return Ok(());
        }
        match self {
            Session::Sqlite(worker) => worker.run(move |db| worker::upsert(db, table, &rows)).await,
            Session::Postgres(session) => session.upsert(table, &rows).await,
        }
    }

    /// `select` (which ends in `WHERE column`) for every key given.
    pub(crate) async fn find(&mut self, select: &str, keys: Vec<Value>) -> Result<Rows, StorageError> {
        if keys.is_empty() {
            return Ok(Rows::default());
        }
        match self {
            Session::Sqlite(worker) => {
                let sql = format!("{select} = $1");
                worker.run(move |db| worker::find(db, &sql, &keys)).await
            }
            Session::Postgres(session) => session.find(&format!("{select} = ANY($1)"), &keys).await,
        }
    }

    /// Rows of a query; parameters are `$1`, `$2`, … in the order they appear.
    pub(crate) async fn query(&mut self, sql: &str, values: Vec<Value>) -> Result<Rows, StorageError> {
        match self {
            Session::Sqlite(worker) => {
                let sql = sql.to_owned();
                worker.run(move |db| worker::query(db, &sql, &values)).await
            }
            Session::Postgres(session) => session.query(sql, &values).await,
        }
    }

    /// Runs a statement and says how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &str, values: Vec<Value>) -> Result<u64, StorageError> {
        match self {
            Session::Sqlite(worker) => {
                let sql = sql.to_owned();
                worker.run(move |db| worker::execute(db, &sql, &values)).await
            }
            Session::Postgres(session) => session.execute(sql, &values).await,
        }
    }

    /// Keeps days from being moved to the archive until this transaction ends. On SQLite being the only writer does.
    pub(crate) async fn hold_off_archiving(&mut self) -> Result<(), StorageError> {
        match self {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(session) => session.hold_off_archiving().await,
        }
    }

    /// Waits for those who write days that are to be moved, and holds others off until this transaction ends.
    pub(crate) async fn hold_off_live_writers(&mut self) -> Result<(), StorageError> {
        match self {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(session) => session.hold_off_live_writers().await,
        }
    }

    /// Makes it all durable.
    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        self.commit_and_stay().await.map(drop)
    }

    /// Makes it all durable; the embedded database's connection is given back, ready for another transaction.
    pub(crate) async fn commit_and_stay(self) -> Result<Option<Worker>, StorageError> {
        match self {
            Session::Sqlite(worker) => {
                worker.run(|db| db.execute_batch("COMMIT")).await?;
                Ok(Some(worker))
            }
            Session::Postgres(session) => session.commit().await.map(|()| None),
        }
    }
}
