//! The open store: [`Store`].

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, EntityTrait};
use sea_orm_migration::MigratorTrait;

use crate::archive::Archive;
use crate::keep::LiveWriter;
use crate::migration::Migrator;
use crate::row::{Rows, Value};
use crate::session::{PostgresSession, SHORT_WAIT, Session, Use, Worker};
use crate::{StorageError, StoreLocation, entity};

/// PostgreSQL schema of the market data; the ledger gets its own.
const SCHEMA: &str = "market";
/// Longest wait for a connection when a store is opened.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Connections of the pool; one is for what comes live, the others are for readers.
const CONNECTIONS: u32 = 16;

/// Everything kept: the market database and the archive beside it. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) location: StoreLocation,
    pub(crate) name: String,
    pub(crate) orm: DatabaseConnection,
    pub(crate) archive: Archive,
    /// Recordings begun.
    pub(crate) recordings: std::sync::atomic::AtomicU64,
    /// Held while days are moved to the archive.
    pub(crate) rolling: tokio::sync::Mutex<()>,
    pub(crate) live: tokio::sync::Mutex<Option<LiveWriter>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.inner.name).finish()
    }
}

/// One step of the database's shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    /// Name, which begins with its date.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

impl Store {
    /// Opens the store, making folder, database and archive where there are none and bringing an older database up to
    /// date.
    ///
    /// # Errors
    /// [`StorageError::Newer`] for a database of a later program, [`StorageError::Unavailable`] where no server answers,
    /// [`StorageError::Denied`] without rights, and what else the names say.
    pub async fn open(location: StoreLocation) -> Result<Store, StorageError> {
        let orm = connect(&location).await?;
        let name = location.name();
        bring_up_to_date(&orm, &location).await?;
        let archive = Archive::open(&location.archive())?;
        Ok(Store {
            inner: Arc::new(Inner {
                location,
                name,
                orm,
                archive,
                recordings: std::sync::atomic::AtomicU64::new(0),
                rolling: tokio::sync::Mutex::new(()),
                live: tokio::sync::Mutex::new(None),
            }),
        })
    }

    /// Every step of the database's shape and whether it was applied, without applying any: where there is no database none
    /// is made.
    ///
    /// # Errors
    /// As for [`Store::open`].
    pub async fn migration_status(location: &StoreLocation) -> Result<Vec<MigrationState>, StorageError> {
        let applied = applied_to(location).await?;
        refuse_unknown(&applied, &location.name())?;
        let files = Migrator::get_migration_files();
        Ok(files
            .iter()
            .map(|file| MigrationState {
                name: file.name().to_owned(),
                applied: applied.iter().any(|applied| applied == file.name()),
            })
            .collect())
    }

    /// Where it was opened.
    pub fn location(&self) -> &StoreLocation {
        &self.inner.location
    }

    /// Name for messages, without any password.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// A value of the database's own facts (`format`, later `exchange`).
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, StorageError> {
        let row = entity::meta::Entity::find_by_id(key.to_owned())
            .one(&self.inner.orm)
            .await;
        Ok(row.map_err(|source| self.orm_error(source))?.map(|row| row.value))
    }

    /// Ends all connections; what is being written is undone.
    ///
    /// # Errors
    /// When the database does not let go.
    pub async fn close(self) -> Result<(), StorageError> {
        self.inner.live.lock().await.take();
        let closed = self.inner.orm.close_by_ref().await;
        closed.map_err(|source| self.orm_error(source))
    }

    pub(crate) fn orm_error(&self, source: DbErr) -> StorageError {
        StorageError::orm(&self.inner.name, source)
    }

    /// A transaction that writes; waits for other writers.
    pub(crate) async fn writer(&self) -> Result<Session, StorageError> {
        self.session("BEGIN IMMEDIATE", true).await
    }

    /// A transaction that writes a few rows, which waits for others on the same rows only (on SQLite for any writer), and
    /// not for long.
    pub(crate) async fn short_writer(&self) -> Result<Session, StorageError> {
        let inner = &self.inner;
        if inner.orm.get_database_backend() == DbBackend::Sqlite {
            let (file, limit) = (inner.location.market_db(), inner.location.size_limit_bytes);
            let worker = Worker::open(file, limit, Use::Live, "BEGIN IMMEDIATE").await?;
            return Ok(Session::Sqlite(worker));
        }
        let pool = inner.orm.get_postgres_connection_pool();
        Ok(Session::Postgres(
            PostgresSession::begin(pool, &inner.name).await?,
        ))
    }

    /// Rows of one statement that writes.
    pub(crate) async fn single(&self, sql: &str, values: Vec<Value>) -> Result<Rows, StorageError> {
        let mut session = self.short_writer().await?;
        let rows = session.query(sql, values).await?;
        session.commit().await?;
        Ok(rows)
    }

    /// A transaction that reads one unchanging state.
    pub(crate) async fn reader(&self) -> Result<Session, StorageError> {
        self.session("BEGIN", false).await
    }

    async fn session(&self, begin: &'static str, writes: bool) -> Result<Session, StorageError> {
        let inner = &self.inner;
        if inner.orm.get_database_backend() == DbBackend::Sqlite {
            let limit = inner.location.size_limit_bytes;
            let worker = Worker::open(inner.location.market_db(), limit, Use::Bulk, begin).await?;
            return Ok(Session::Sqlite(worker));
        }
        let pool = inner.orm.get_postgres_connection_pool();
        let session = if writes {
            PostgresSession::writer(pool, &inner.name).await?
        } else {
            PostgresSession::reader(pool, &inner.name).await?
        };
        Ok(Session::Postgres(session))
    }
}

async fn connect(location: &StoreLocation) -> Result<DatabaseConnection, StorageError> {
    location.make_folder()?;
    let name = location.name();
    let Some(url) = &location.database_url else {
        return connect_sqlite(&location.market_db(), &name).await;
    };
    let orm = connect_postgres(url, &name).await?;
    // Two processes may open a fresh database at once; CREATE SCHEMA is not safe against that by itself.
    let create = format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}");
    if let Err(source) = orm.execute_unprepared(&create).await {
        orm.execute_unprepared(&format!("SELECT 1 FROM pg_namespace WHERE nspname = '{SCHEMA}'"))
            .await
            .map_err(|_| StorageError::orm(&name, source))?;
    }
    Ok(orm)
}

/// Steps applied to a database, which is only looked at.
async fn applied_to(location: &StoreLocation) -> Result<Vec<String>, StorageError> {
    let name = location.name();
    let orm = match &location.database_url {
        None if !location.market_db().exists() => return Ok(Vec::new()),
        None => connect_sqlite(&location.market_db(), &name).await?,
        Some(url) => connect_postgres(url, &name).await?,
    };
    let failed = |source| StorageError::orm(&name, source);
    let steps = sea_orm_migration::SchemaManager::new(&orm)
        .has_table("seaql_migrations")
        .await;
    let applied = if steps.map_err(failed)? {
        let models = Migrator::get_migration_models(&orm).await.map_err(failed)?;
        models.into_iter().map(|model| model.version).collect()
    } else {
        Vec::new()
    };
    orm.close_by_ref().await.map_err(failed)?;
    Ok(applied)
}

async fn connect_sqlite(path: &Path, name: &str) -> Result<DatabaseConnection, StorageError> {
    // Made by the standard library first, so that a missing right is told as what it is.
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| StorageError::io(path, source))?;
    let file = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options
        .max_connections(CONNECTIONS)
        .sqlx_logging(false)
        .acquire_timeout(SHORT_WAIT)
        .map_sqlx_sqlite_opts(move |options| {
            use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
            options
                .in_memory(false)
                .shared_cache(false)
                .filename(&file)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Normal)
                .foreign_keys(true)
                .busy_timeout(crate::session::BUSY_WAIT)
        });
    Database::connect(options)
        .await
        .map_err(|source| StorageError::orm(name, source))
}

async fn connect_postgres(url: &str, name: &str) -> Result<DatabaseConnection, StorageError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(StorageError::Url(
            "must begin with postgres:// or postgresql://".to_owned(),
        ));
    }
    // Parsed here first: the driver's errors repeat what they could not parse, password and all.
    if PgConnectOptions::from_str(url).is_err() {
        return Err(StorageError::Url(
            "is none like postgres://user:password@host:port/database".to_owned(),
        ));
    }
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(CONNECTIONS)
        .sqlx_logging(false)
        .connect_timeout(CONNECT_WAIT)
        .acquire_timeout(SHORT_WAIT)
        .set_schema_search_path(SCHEMA)
        .map_sqlx_postgres_opts(|options| {
            // Of who waits longer, each says so itself.
            options.options([("lock_timeout", format!("{}s", SHORT_WAIT.as_secs()))])
        });
    let orm = Database::connect(options)
        .await
        .map_err(|source| StorageError::orm(name, source))?;
    refuse_old_server(&orm, name).await?;
    Ok(orm)
}

async fn refuse_old_server(orm: &DatabaseConnection, name: &str) -> Result<(), StorageError> {
    let statement = sea_orm::Statement::from_string(DbBackend::Postgres, "SHOW server_version_num");
    let row = orm
        .query_one_raw(statement)
        .await
        .map_err(|source| StorageError::orm(name, source))?;
    let found: String = match row {
        Some(row) => row
            .try_get_by_index(0)
            .map_err(|source| StorageError::orm(name, source))?,
        None => String::new(),
    };
    if found.parse::<u32>().is_ok_and(|version| version < 150_000) {
        return Err(StorageError::OldServer {
            what: name.to_owned(),
            found,
        });
    }
    Ok(())
}

/// Applies what is missing; processes that open the same fresh store take turns.
async fn bring_up_to_date(orm: &DatabaseConnection, location: &StoreLocation) -> Result<(), StorageError> {
    let name = location.name();
    if is_up_to_date(orm, &name).await? {
        return Ok(());
    }
    let path = location.data_dir.join(".migrate.lock");
    let io = |source| StorageError::io(&path, source);
    let lock = std::fs::File::create(&path).map_err(io)?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
    let lock = lock.await.map_err(|_| StorageError::Stopped)?.map_err(io)?;
    // The lock file is of this machine; on a server others may be at it too.
    let turn = if orm.get_database_backend() == DbBackend::Postgres {
        Some(PostgresSession::writer(orm.get_postgres_connection_pool(), &name).await?)
    } else {
        None
    };
    refuse_newer(orm, &name).await?;
    Migrator::up(orm, None)
        .await
        .map_err(|source| StorageError::orm(&name, source))?;
    if let Some(turn) = turn {
        turn.commit().await?;
    }
    drop(lock);
    Ok(())
}

async fn applied(orm: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    Migrator::install(orm).await?;
    let models = Migrator::get_migration_models(orm).await?;
    Ok(models.into_iter().map(|model| model.version).collect())
}

/// Whether nothing is missing; asked without any lock, so that opening does not wait for an import to end.
async fn is_up_to_date(orm: &DatabaseConnection, name: &str) -> Result<bool, StorageError> {
    // Without a list of steps all are missing; any other trouble shows again under the lock.
    let Ok(models) = Migrator::get_migration_models(orm).await else {
        return Ok(false);
    };
    let applied: Vec<String> = models.into_iter().map(|model| model.version).collect();
    refuse_unknown(&applied, name)?;
    let known = Migrator::get_migration_files();
    Ok(known
        .iter()
        .all(|known| applied.iter().any(|applied| applied == known.name())))
}

async fn refuse_newer(orm: &DatabaseConnection, name: &str) -> Result<(), StorageError> {
    let applied = applied(orm)
        .await
        .map_err(|source| StorageError::orm(name, source))?;
    refuse_unknown(&applied, name)
}

fn refuse_unknown(applied: &[String], name: &str) -> Result<(), StorageError> {
    let known = Migrator::get_migration_files();
    match applied
        .iter()
        .find(|applied| !known.iter().any(|known| known.name() == applied.as_str()))
    {
        Some(found) => Err(StorageError::Newer {
            what: name.to_owned(),
            found: found.clone(),
        }),
        None => Ok(()),
    }
}
