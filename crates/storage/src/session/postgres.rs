//! A transaction on PostgreSQL: COPY into a temporary table, then set-based statements.

use sea_orm::sqlx::{
    self, Column, Postgres, Row as _, Transaction, TypeInfo, ValueRef as _,
    postgres::{PgArguments, PgPool, PgRow},
    query::Query,
};

use super::{NewRows, copy};
use crate::StorageError;
use crate::row::{Rows, Table, Value, Width};

/// Key of the advisory lock that makes imports and archiving take turns, as SQLite's write lock does.
const WRITERS: i64 = 0x6b6d_695f_7772_6974;
/// Key of the advisory lock between those who write rows as they come (shared) and those who archive days (alone).
const DAYS: i64 = 0x6b6d_695f_6461_7973;
/// Rows up to which arrays in one statement beat a temporary table, which costs the server a dozen catalogue rows.
const ARRAYS: usize = 8_192;

/// An open transaction.
pub(crate) struct PostgresSession {
    transaction: Transaction<'static, Postgres>,
    name: String,
}

impl PostgresSession {
    /// Begins a transaction that writes; waits for other writers.
    pub(crate) async fn writer(pool: &PgPool, name: &str) -> Result<PostgresSession, StorageError> {
        let mut session = Self::begin(pool, name).await?;
        let wait = format!("SET LOCAL lock_timeout = '{}s'", super::BUSY_WAIT.as_secs());
        session.execute(&wait, &[]).await?;
        session
            .query("SELECT 1 FROM pg_advisory_xact_lock($1)", &[Value::Int(WRITERS)])
            .await?;
        Ok(session)
    }

    pub(super) async fn hold_off_archiving(&mut self) -> Result<(), StorageError> {
        let sql = "SELECT 1 FROM pg_advisory_xact_lock_shared($1)";
        self.query(sql, &[Value::Int(DAYS)]).await.map(drop)
    }

    pub(super) async fn hold_off_live_writers(&mut self) -> Result<(), StorageError> {
        let sql = "SELECT 1 FROM pg_advisory_xact_lock($1)";
        self.query(sql, &[Value::Int(DAYS)]).await.map(drop)
    }

    /// Begins a transaction that reads one unchanging state.
    pub(crate) async fn reader(pool: &PgPool, name: &str) -> Result<PostgresSession, StorageError> {
        let mut session = Self::begin(pool, name).await?;
        session
            .execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", &[])
            .await?;
        Ok(session)
    }

    /// Begins a transaction as the server's defaults have it.
    pub(crate) async fn begin(pool: &PgPool, name: &str) -> Result<PostgresSession, StorageError> {
        let transaction = pool
            .begin()
            .await
            .map_err(|source| StorageError::sqlx(name, source))?;
        Ok(PostgresSession {
            transaction,
            name: name.to_owned(),
        })
    }

    fn error(&self) -> impl Fn(sqlx::Error) -> StorageError + use<> {
        let name = self.name.clone();
        move |source| StorageError::sqlx(&name, source)
    }

    /// COPY of encoded rows straight into a table. They are encoded while the server takes in what was sent before.
    async fn copy(
        &mut self,
        target: &str,
        table: &Table,
        chunks: impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), StorageError> {
        let error = self.error();
        let sql = format!(
            "COPY {target} ({}) FROM STDIN (FORMAT binary)",
            table.column_list()
        );
        let mut sink = self.transaction.copy_in_raw(&sql).await.map_err(&error)?;
        for chunk in chunks {
            sink.send(chunk).await.map_err(&error)?;
        }
        sink.finish().await.map_err(&error)?;
        Ok(())
    }

    pub(super) async fn insert_integers<const N: usize>(
        &mut self,
        table: &Table,
        rows: impl ExactSizeIterator<Item = [Option<i64>; N]> + Clone,
    ) -> Result<u64, StorageError> {
        self.execute("SAVEPOINT plain", &[]).await?;
        let count = rows.len();
        let chunks = copy::integer_chunks(rows.clone(), table.columns);
        match self.copy(table.name, table, chunks).await {
            Ok(()) => Ok(count as u64),
            // A row was there already: go the longer way, which skips it.
            Err(error) if is_duplicate(&error) => {
                self.execute("ROLLBACK TO SAVEPOINT plain", &[]).await?;
                let mut longer = Rows::with_capacity(N, count);
                for row in rows {
                    longer.push(row.into_iter().map(|value| value.map_or(Value::Null, Value::Int)));
                }
                Ok(self.insert_new(table, &longer).await?.values().sum())
            }
            Err(error) => Err(error),
        }
    }

    /// COPY into an empty temporary table of the same columns, whose name it returns.
    async fn stage(&mut self, table: &Table, rows: &Rows) -> Result<String, StorageError> {
        let stage = format!("stage_{}", table.name);
        let create = format!(
            "CREATE TEMP TABLE IF NOT EXISTS {stage} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA",
            table.column_list(),
            table.name
        );
        self.execute(&create, &[]).await?;
        self.execute(&format!("TRUNCATE {stage}"), &[]).await?;
        let chunks = copy::chunks(rows, table.columns);
        self.copy(&stage, table, chunks).await?;
        Ok(stage)
    }

    pub(super) async fn insert_new(&mut self, table: &Table, rows: &Rows) -> Result<NewRows, StorageError> {
        let group = match rows.values.first() {
            Some(Value::Int(_)) => table.columns[0].0,
            _ => "0",
        };
        let insert = |source: &str| {
            format!(
                "WITH new AS (INSERT INTO {} ({columns}) SELECT {columns} FROM {source} ON CONFLICT DO NOTHING
                 RETURNING {group} AS number) SELECT CAST(number AS BIGINT), COUNT(*) FROM new GROUP BY 1",
                table.name,
                columns = table.column_list(),
            )
        };
        let found = self.with_rows(table, rows, insert).await?;
        let mut new = NewRows::new();
        for mut row in found.into_rows() {
            let (group, count): (i64, i64) = (row.take()?, row.take()?);
            new.insert(group, count.unsigned_abs());
        }
        Ok(new)
    }

    pub(super) async fn upsert(&mut self, table: &Table, rows: &Rows) -> Result<(), StorageError> {
        let upsert = |source: &str| {
            format!(
                "INSERT INTO {} ({columns}) SELECT {columns} FROM {source} ON CONFLICT ({}) DO UPDATE SET {}",
                table.name,
                table.key.join(", "),
                table.assignments(),
                columns = table.column_list(),
            )
        };
        self.with_rows(table, rows, upsert).await.map(drop)
    }

    /// Runs a statement on rows sent along: as arrays where they are few, else from a temporary table.
    async fn with_rows(
        &mut self,
        table: &Table,
        rows: &Rows,
        statement: impl Fn(&str) -> String,
    ) -> Result<Rows, StorageError> {
        if rows.len() > ARRAYS {
            let stage = self.stage(table, rows).await?;
            return self.query(&statement(&stage), &[]).await;
        }
        let arrays = table
            .columns
            .iter()
            .enumerate()
            .map(|(index, (_, width))| match width {
                Width::Text => format!("${}::text[]", index + 1),
                _ => format!("${}::int8[]", index + 1),
            });
        let arrays = arrays.collect::<Vec<_>>().join(", ");
        let sql = statement(&format!("UNNEST({arrays}) AS sent ({})", table.column_list()));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for (index, (_, width)) in table.columns.iter().enumerate() {
            let column = rows.values.iter().skip(index).step_by(rows.width.max(1));
            query = match width {
                Width::Text => query.bind(column.map(text).collect::<Vec<_>>()),
                _ => query.bind(column.map(integer).collect::<Vec<_>>()),
            };
        }
        let error = self.error();
        let found = query.fetch_all(&mut *self.transaction).await.map_err(error)?;
        rows_of(&found).map_err(self.error())
    }

    pub(super) async fn find(&mut self, sql: &str, keys: &[Value]) -> Result<Rows, StorageError> {
        let error = self.error();
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
        let query = match keys.first() {
            Some(Value::Int(_)) => query.bind(keys.iter().filter_map(integer).collect::<Vec<_>>()),
            _ => query.bind(keys.iter().filter_map(text).collect::<Vec<_>>()),
        };
        let found = query.fetch_all(&mut *self.transaction).await.map_err(error)?;
        rows_of(&found).map_err(self.error())
    }

    pub(crate) async fn query(&mut self, sql: &str, values: &[Value]) -> Result<Rows, StorageError> {
        let error = self.error();
        let query = bind(sql, values);
        let found = query.fetch_all(&mut *self.transaction).await.map_err(error)?;
        rows_of(&found).map_err(self.error())
    }

    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, StorageError> {
        let error = self.error();
        let query = bind(sql, values);
        let done = query.execute(&mut *self.transaction).await.map_err(error)?;
        Ok(done.rows_affected())
    }

    pub(crate) async fn commit(self) -> Result<(), StorageError> {
        let error = self.error();
        self.transaction.commit().await.map_err(error)
    }
}

fn is_duplicate(error: &StorageError) -> bool {
    let StorageError::Database { source, .. } = error else {
        return false;
    };
    source
        .downcast_ref::<sqlx::Error>()
        .and_then(|error| error.as_database_error())
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

fn bind(sql: &str, values: &[Value]) -> Query<'static, Postgres, PgArguments> {
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()));
    for value in values {
        query = match value {
            Value::Null => query.bind(None::<i64>),
            Value::Int(number) => query.bind(*number),
            Value::Text(text) => query.bind(text.to_string()),
        };
    }
    query
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn rows_of(found: &[PgRow]) -> Result<Rows, sqlx::Error> {
    let mut rows = Rows::new(found.first().map_or(0, |row| row.columns().len()));
    for row in found {
        for (index, column) in row.columns().iter().enumerate() {
            rows.values.push(value(row, index, column.type_info().name())?);
        }
    }
    Ok(rows)
}

fn value(row: &PgRow, index: usize, kind: &str) -> Result<Value, sqlx::Error> {
    if row.try_get_raw(index)?.is_null() {
        return Ok(Value::Null);
    }
    Ok(match kind {
        "INT8" => Value::Int(row.try_get(index)?),
        "INT4" => Value::Int(i64::from(row.try_get::<i32, _>(index)?)),
        "INT2" => Value::Int(i64::from(row.try_get::<i16, _>(index)?)),
        _ => Value::Text(row.try_get::<String, _>(index)?.into_boxed_str()),
    })
}
