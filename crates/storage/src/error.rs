//! Why something could not be kept or read: [`StorageError`].

use std::path::{Path, PathBuf};

use sea_orm::{DbErr, RuntimeErr, sqlx};

/// What failed, by who can do something about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The disk, the quota, or the size limit given at opening is used up; nothing of the batch was kept.
    #[error("no space left in {what}")]
    Full {
        /// Database or file.
        what: String,
        /// What the system said.
        source: BoxError,
    },
    /// A file or folder may not be read or written, or a database user lacks a right.
    #[error("no right to use {what}")]
    Denied {
        /// Database, file or folder.
        what: String,
        /// What the system said.
        source: BoxError,
    },
    /// The database server is not there, or the connection was lost; what was not committed is gone.
    #[error("{what} does not answer")]
    Unavailable {
        /// Database, its password left out.
        what: String,
        /// What the driver said.
        source: BoxError,
    },
    /// Someone else held the write lock for longer than the wait.
    #[error("{what} is being written by another process")]
    Busy {
        /// Database.
        what: String,
        /// What the driver said.
        source: BoxError,
    },
    /// The database belongs to another exchange; what they say must not be mixed.
    #[error("{what} holds data of {found}, not of {wanted}")]
    OtherExchange {
        /// Database.
        what: String,
        /// Exchange it belongs to.
        found: String,
        /// Exchange that was asked for.
        wanted: String,
    },
    /// Another process has taken over; what was to be written is its business now.
    #[error("lease {lease} of epoch {epoch} has passed on")]
    LeaseLost {
        /// Name of the lease.
        lease: String,
        /// Epoch it was held under.
        epoch: i64,
    },
    /// Written by a later version of this program.
    #[error("{what} is of a newer format ({found}); this program is too old for it")]
    Newer {
        /// Database.
        what: String,
        /// First migration this program does not know.
        found: String,
    },
    /// A PostgreSQL before 15.
    #[error("{what} runs PostgreSQL {found}; 15 or later is needed")]
    OldServer {
        /// Database.
        what: String,
        /// Its version.
        found: String,
    },
    /// The database URL is none we can use.
    #[error("database URL: {0}")]
    Url(String),
    /// A stored value or file is not what was written.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// Table or file.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Rows arrived while a day was moved to the archive; nothing was moved, try again.
    #[error("{what} changed while it was being archived")]
    Changed {
        /// Kind and day.
        what: String,
    },
    /// A file could not be read or written.
    #[error("{path}")]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A Parquet file could not be read or written.
    #[error("{path}")]
    Parquet {
        /// File.
        path: PathBuf,
        /// What the reader said.
        source: parquet::errors::ParquetError,
    },
    /// Any other answer of the database.
    #[error("{what}")]
    Database {
        /// Database.
        what: String,
        /// What the driver said.
        source: BoxError,
    },
    /// A background thread ended early; a bug.
    #[error("a storage thread stopped")]
    Stopped,
}

/// A source of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl StorageError {
    /// True when nothing is wrong with what was asked: the same may work later, once the server is back, another writer is
    /// done, or the disk has room again.
    pub fn is_outage(&self) -> bool {
        match self {
            StorageError::Full { .. }
            | StorageError::Denied { .. }
            | StorageError::Unavailable { .. }
            | StorageError::Busy { .. }
            | StorageError::Io { .. } => true,
            StorageError::OtherExchange { .. }
            | StorageError::LeaseLost { .. }
            | StorageError::Newer { .. }
            | StorageError::OldServer { .. }
            | StorageError::Url(_)
            | StorageError::Damaged { .. }
            | StorageError::Changed { .. }
            | StorageError::Parquet { .. }
            | StorageError::Database { .. }
            | StorageError::Stopped => false,
        }
    }

    /// Sorts a file system error by who can act on it.
    pub(crate) fn io(path: &Path, source: std::io::Error) -> StorageError {
        let what = path.display().to_string();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StorageError::Full {
                what,
                source: Box::new(source),
            },
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                StorageError::Denied {
                    what,
                    source: Box::new(source),
                }
            }
            _ => StorageError::Io {
                path: path.to_owned(),
                source,
            },
        }
    }

    /// Sorts an error of the Parquet writer or reader; a full disk hides inside it.
    pub(crate) fn parquet(path: &Path, source: parquet::errors::ParquetError) -> StorageError {
        if let parquet::errors::ParquetError::External(inner) = source {
            return match inner.downcast::<std::io::Error>() {
                Ok(io) => StorageError::io(path, *io),
                Err(inner) => StorageError::Parquet {
                    path: path.to_owned(),
                    source: parquet::errors::ParquetError::External(inner),
                },
            };
        }
        StorageError::Parquet {
            path: path.to_owned(),
            source,
        }
    }

    /// Sorts an error of the embedded database's own driver.
    pub(crate) fn sqlite(what: &str, source: rusqlite::Error) -> StorageError {
        let code = source.sqlite_error_code();
        let (what, source) = (what.to_owned(), Box::new(source));
        match code {
            Some(rusqlite::ErrorCode::DiskFull) => StorageError::Full { what, source },
            Some(
                rusqlite::ErrorCode::PermissionDenied
                | rusqlite::ErrorCode::ReadOnly
                | rusqlite::ErrorCode::CannotOpen,
            ) => StorageError::Denied { what, source },
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                StorageError::Busy { what, source }
            }
            Some(rusqlite::ErrorCode::SystemIoFailure) => StorageError::Unavailable { what, source },
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                StorageError::Damaged {
                    what,
                    reason: source.to_string(),
                }
            }
            _ => StorageError::Database { what, source },
        }
    }

    /// Sorts an error of the driver below SeaORM.
    pub(crate) fn sqlx(what: &str, source: sqlx::Error) -> StorageError {
        let kind = Kind::of(&source);
        kind.error(what, Box::new(source))
    }

    /// Sorts an error of SeaORM.
    pub(crate) fn orm(what: &str, source: DbErr) -> StorageError {
        let kind = match &source {
            DbErr::Conn(RuntimeErr::SqlxError(inner))
            | DbErr::Exec(RuntimeErr::SqlxError(inner))
            | DbErr::Query(RuntimeErr::SqlxError(inner)) => Kind::of(inner),
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Kind::Unavailable,
            _ => Kind::Other,
        };
        kind.error(what, Box::new(source))
    }
}

/// What an error of the driver comes down to.
#[derive(Clone, Copy)]
enum Kind {
    Full,
    Denied,
    Unavailable,
    Busy,
    Damaged,
    Other,
}

impl Kind {
    fn of(error: &sqlx::Error) -> Kind {
        match error {
            sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Kind::Full,
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Kind::Unavailable,
            sqlx::Error::Database(answer) => match answer.code().as_deref() {
                // PostgreSQL's SQLSTATE, then SQLite's result codes.
                Some("53100" | "13") => Kind::Full,
                Some("42501" | "28000" | "28P01" | "3" | "8" | "14") => Kind::Denied,
                // A standby that took over and is not writable yet, out of memory, an error of its disk.
                Some("25006" | "53000" | "53200" | "53300" | "53400" | "58000" | "58030" | "10") => {
                    Kind::Unavailable
                }
                // Waited too long, chosen to break a deadlock, told to stop: the same may work the next time.
                Some("55P03" | "40001" | "40P01" | "57014" | "5" | "6" | "517") => Kind::Busy,
                Some("XX001" | "XX002" | "11" | "26") => Kind::Damaged,
                Some(code) if code.starts_with("57P") || code.starts_with("08") => Kind::Unavailable,
                _ => Kind::Other,
            },
            _ => Kind::Other,
        }
    }

    fn error(self, what: &str, source: BoxError) -> StorageError {
        let what = what.to_owned();
        match self {
            Kind::Full => StorageError::Full { what, source },
            Kind::Denied => StorageError::Denied { what, source },
            Kind::Unavailable => StorageError::Unavailable { what, source },
            Kind::Busy => StorageError::Busy { what, source },
            Kind::Damaged => StorageError::Damaged {
                what,
                reason: source.to_string(),
            },
            Kind::Other => StorageError::Database { what, source },
        }
    }
}
