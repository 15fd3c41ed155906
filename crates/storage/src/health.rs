//! How the store is doing: [`Store::counts`] and [`Store::health`].

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::{ArchiveKind, StorageError, Store};

/// How much is kept, hot and archived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of every table of the database.
    pub tables: BTreeMap<&'static str, u64>,
    /// Files and rows of the archive, by kind.
    pub archive: BTreeMap<ArchiveKind, (u64, u64)>,
}

/// What an engineer asks first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// Version of the database's own program.
    pub version: String,
    /// Format of what is kept.
    pub format: Option<String>,
    /// What the database found wrong with itself; empty when sound. PostgreSQL is not asked.
    pub problems: Vec<String>,
}

/// Longest wait for a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);

const TABLES: [&str; 16] = [
    "tickers",
    "series",
    "events",
    "markets",
    "market_metadata",
    "public_trades",
    "candles",
    "market_snapshots",
    "captures",
    "imports",
    "archive_files",
    "backtests",
    "leases",
    "poll_cycles",
    "data_gaps",
    "book_certificates",
];

impl Store {
    /// How much is kept.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn counts(&self) -> Result<Counts, StorageError> {
        let mut session = self.reader().await?;
        let mut counts = Counts::default();
        for table in TABLES {
            let found = session
                .query(&format!("SELECT COUNT(*) FROM {table}"), vec![])
                .await?;
            if let Some(mut row) = found.into_rows().next() {
                counts.tables.insert(table, row.take::<i64>()?.unsigned_abs());
            }
        }
        for file in self.archive_files().await? {
            let (files, rows) = counts.archive.entry(file.kind).or_default();
            *files += 1;
            *rows += file.rows;
        }
        Ok(counts)
    }

    /// Whether the database answers, asked as cheaply as can be and for two seconds at most. On SQLite also whether the
    /// file is still there.
    ///
    /// # Errors
    /// What kept it from answering; [`StorageError::is_outage`] holds.
    pub async fn ping(&self) -> Result<(), StorageError> {
        let location = &self.inner.location;
        if location.database_url.is_none() {
            let file = location.market_db();
            std::fs::metadata(&file).map_err(|source| self.unavailable(source))?;
        }
        let asked = tokio::time::timeout(PATIENCE, self.texts("SELECT 'here'")).await;
        asked.map_err(|source| self.unavailable(source))?.map(drop)
    }

    fn unavailable(&self, source: impl std::error::Error + Send + Sync + 'static) -> StorageError {
        StorageError::Unavailable {
            what: self.name().to_owned(),
            source: Box::new(source),
        }
    }

    /// How the database is doing.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn health(&self) -> Result<Health, StorageError> {
        let sqlite = self.inner.orm.get_database_backend() == DbBackend::Sqlite;
        let version = if sqlite {
            "SELECT sqlite_version()"
        } else {
            "SHOW server_version"
        };
        let mut problems = Vec::new();
        if sqlite {
            problems = self.texts("PRAGMA quick_check").await?;
            problems.retain(|line| line != "ok");
        }
        Ok(Health {
            database: if sqlite { "sqlite" } else { "postgres" },
            version: self.texts(version).await?.into_iter().next().unwrap_or_default(),
            format: self.meta("format").await?,
            problems,
        })
    }

    async fn texts(&self, sql: &str) -> Result<Vec<String>, StorageError> {
        let backend = self.inner.orm.get_database_backend();
        let rows = self
            .inner
            .orm
            .query_all_raw(Statement::from_string(backend, sql))
            .await;
        let rows = rows.map_err(|source| self.orm_error(source))?;
        let texts = rows.iter().map(|row| row.try_get_by_index(0));
        texts
            .collect::<Result<_, _>>()
            .map_err(|source| self.orm_error(source))
    }
}
