//! Where data lives: [`StoreLocation`].

use std::path::{Path, PathBuf};

use crate::StorageError;

/// A data directory, and a PostgreSQL server where one is used instead of the embedded database.
///
/// The archive and everything else that is a file lies in the data directory in both cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreLocation {
    /// Folder of `market.db` and `archive/`; made if absent.
    pub data_dir: PathBuf,
    /// `postgres://…`; `None` for SQLite in the data directory.
    pub database_url: Option<String>,
    /// Most bytes `market.db` may grow to; past it writes fail as on a full disk. `None`: as the disk allows.
    pub size_limit_bytes: Option<u64>,
}

impl StoreLocation {
    /// SQLite and archive in a folder.
    pub fn in_folder(data_dir: impl Into<PathBuf>) -> StoreLocation {
        StoreLocation {
            data_dir: data_dir.into(),
            database_url: None,
            size_limit_bytes: None,
        }
    }

    /// PostgreSQL at a URL, archive in a folder.
    pub fn on_server(data_dir: impl Into<PathBuf>, url: impl Into<String>) -> StoreLocation {
        StoreLocation {
            database_url: Some(url.into()),
            ..StoreLocation::in_folder(data_dir)
        }
    }

    /// The embedded database's file.
    pub fn market_db(&self) -> PathBuf {
        self.data_dir.join("market.db")
    }

    /// The archive's folder.
    pub fn archive(&self) -> PathBuf {
        self.data_dir.join("archive")
    }

    /// Name for messages: the file, or the URL without its password.
    pub fn name(&self) -> String {
        match &self.database_url {
            None => self.market_db().display().to_string(),
            Some(url) => without_password(url),
        }
    }

    pub(crate) fn make_folder(&self) -> Result<(), StorageError> {
        make_folder(&self.data_dir)
    }
}

pub(crate) fn make_folder(path: &Path) -> Result<(), StorageError> {
    std::fs::create_dir_all(path).map_err(|source| StorageError::io(path, source))
}

/// `postgres://user:secret@host/db?password=secret` as `postgres://user@host/db`.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "the database".to_owned();
    };
    let before_options = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    // A password may itself hold `?` or `#`, so the user ends at the last `@` of all.
    match rest.rsplit_once('@') {
        None => format!("{scheme}://{}", before_options(rest)),
        // That `@` may as well be one of an option's value, which may be the password.
        Some((user, _)) if user.contains('?') && user.contains('=') => format!("{scheme}://…"),
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}@{}", before_options(host))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_reaches_a_message() {
        let name = |url: &str| StoreLocation::on_server("d", url).name();
        assert_eq!(
            name("postgres://kmi:s3c@ret@db:5432/kmi"),
            "postgres://kmi@db:5432/kmi"
        );
        assert_eq!(name("postgres://db/kmi?password=secret"), "postgres://db/kmi");
        assert_eq!(name("postgres://u:hunter2#x@h"), "postgres://u@h");
        assert_eq!(name("postgres://u:hun?ter2@h/db?a=b"), "postgres://u@h/db");
        assert_eq!(name("postgres://db/kmi?password=hunt@er2"), "postgres://…");
        assert_eq!(name("secret"), "the database");
    }
}
