//! The embedded database on a thread of its own: SQLite's driver blocks, and a transaction belongs to one connection.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use tokio::sync::oneshot;

use super::NewRows;
use crate::StorageError;
use crate::row::{Rows, Table, Value};

/// Longest wait for another writer.
pub(crate) const BUSY_WAIT: Duration = Duration::from_secs(30);
/// Longest wait of those who bring what just happened: there is more to come, and leases run out.
pub(crate) const SHORT_WAIT: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Files coming in, long reads: they may wait, and get 64 MiB for pages.
    Bulk,
    /// What just happened: there is not much of it, and more to come. It gets 32 MiB, since it stays open.
    Live,
}

impl Use {
    fn wait(self) -> Duration {
        match self {
            Use::Bulk => BUSY_WAIT,
            Use::Live => SHORT_WAIT,
        }
    }

    fn cache_kib(self) -> u32 {
        match self {
            Use::Bulk => 64 * 1024,
            Use::Live => 32 * 1024,
        }
    }
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A connection that takes one job after the other; ends, undoing what was not committed, when dropped.
pub(crate) struct Worker {
    jobs: mpsc::Sender<Job>,
    name: String,
    /// Which file it is, by device and number: the name may come to mean another.
    file: Option<(u64, u64)>,
}

impl Worker {
    /// Opens the file and runs `begin`.
    pub(crate) async fn open(
        path: PathBuf,
        size_limit: Option<u64>,
        purpose: Use,
        begin: &'static str,
    ) -> Result<Worker, StorageError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (opened, answer) = oneshot::channel();
        let name = path.display().to_string();
        std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(move || match connect(&path, size_limit, purpose) {
                Err(error) => drop(opened.send(Err(error))),
                Ok(mut connection) => {
                    drop(opened.send(Ok(())));
                    for job in queue {
                        job(&mut connection);
                    }
                }
            })
            .map_err(|source| StorageError::io(Path::new(&name), source))?;
        let opened = answer.await.map_err(|_| StorageError::Stopped)?;
        opened.map_err(|source| unopened(&name, source))?;
        let file = identity(Path::new(&name));
        let worker = Worker { jobs, name, file };
        worker.run(move |db| db.execute_batch(begin)).await?;
        Ok(worker)
    }

    /// False when the file was moved away or another took its place: what would be written goes where nobody looks.
    pub(crate) fn is_in_place(&self) -> bool {
        identity(Path::new(&self.name)) == self.file
    }

    /// Runs `job` on the connection.
    pub(crate) async fn run<T, F>(&self, job: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (done, answer) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| drop(done.send(job(connection))));
        self.jobs.send(job).map_err(|_| StorageError::Stopped)?;
        let answer = answer.await.map_err(|_| StorageError::Stopped)?;
        answer.map_err(|source| StorageError::sqlite(&self.name, source))
    }
}

/// A file that is not there is a matter of time; one that is there and does not open is one of rights.
fn unopened(name: &str, source: rusqlite::Error) -> StorageError {
    if Path::new(name).exists() {
        return StorageError::sqlite(name, source);
    }
    StorageError::Unavailable {
        what: name.to_owned(),
        source: Box::new(source),
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path)
        .ok()
        .map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}

fn connect(path: &Path, size_limit: Option<u64>, purpose: Use) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(purpose.wait())?;
    connection.pragma_update(None, "cache_size", -i64::from(purpose.cache_kib()))?;
    connection.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 8192",
    )?;
    if let Some(limit) = size_limit {
        let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = i64::try_from(limit).unwrap_or(i64::MAX) / page.max(1);
        connection.query_row(&format!("PRAGMA max_page_count = {}", pages.max(1)), [], |_| {
            Ok(())
        })?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

fn placeholders(count: usize) -> String {
    (1..=count)
        .map(|n| format!("?{n}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Adds the rows whose key is not there yet, one prepared statement for all.
pub(super) fn insert_new(db: &Connection, table: &Table, rows: &Rows) -> rusqlite::Result<NewRows> {
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
        table.name,
        table.column_list(),
        placeholders(rows.width),
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut new = NewRows::new();
    for row in rows.values.chunks_exact(rows.width) {
        if statement.execute(params_from_iter(row))? > 0 {
            let group = match row.first() {
                Some(Value::Int(number)) => *number,
                _ => 0,
            };
            *new.entry(group).or_default() += 1;
        }
    }
    Ok(new)
}

/// Adds the rows whose key is not there yet, and says how many: values go to the statement without a detour.
pub(super) fn insert_integers<const N: usize>(
    db: &Connection,
    table: &Table,
    rows: &[[Option<i64>; N]],
) -> rusqlite::Result<u64> {
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
        table.name,
        table.column_list(),
        placeholders(N),
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut new = 0;
    for row in rows {
        for (value, place) in row.iter().zip(1..) {
            statement.raw_bind_parameter(place, value)?;
        }
        new += statement.raw_execute()? as u64;
    }
    Ok(new)
}

/// Adds rows or replaces those of the same key.
pub(super) fn upsert(db: &Connection, table: &Table, rows: &Rows) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
        table.name,
        table.column_list(),
        placeholders(rows.width),
        table.key.join(", "),
        table.assignments(),
    );
    let mut statement = db.prepare_cached(&sql)?;
    for row in rows.values.chunks_exact(rows.width) {
        statement.execute(params_from_iter(row))?;
    }
    Ok(())
}

/// Runs the same query for every key.
pub(super) fn find(db: &Connection, sql: &str, keys: &[Value]) -> rusqlite::Result<Rows> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = Rows::new(statement.column_count());
    for key in keys {
        collect(statement.query([key])?, &mut rows)?;
    }
    Ok(rows)
}

/// Runs a query.
pub(crate) fn query(db: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<Rows> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = Rows::new(statement.column_count());
    collect(statement.query(params_from_iter(values))?, &mut rows)?;
    Ok(rows)
}

/// Runs a statement.
pub(super) fn execute(db: &Connection, sql: &str, values: &[Value]) -> rusqlite::Result<u64> {
    let touched = db.prepare_cached(sql)?.execute(params_from_iter(values))?;
    Ok(touched as u64)
}

fn collect(mut found: rusqlite::Rows<'_>, rows: &mut Rows) -> rusqlite::Result<()> {
    while let Some(row) = found.next()? {
        for column in 0..rows.width {
            rows.values.push(match row.get_ref(column)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                other => Value::Text(other.as_str()?.into()),
            });
        }
    }
    Ok(())
}
