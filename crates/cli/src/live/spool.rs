//! Which folder of the spool is this process's: [`SpoolPlace`].
//!
//! A spool serves one database and one process, and what one left behind when it was killed must be written by the next. So each
//! database has numbered places, each with a lock, and whoever starts takes the fullest that is free.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Processes on one database that may each have a spool in one data directory.
const PLACES: u32 = 64;

/// A place that is ours as long as this lives.
#[derive(Debug)]
pub(crate) struct SpoolPlace {
    /// Folder of the spool.
    pub(crate) folder: PathBuf,
    _lock: File,
}

impl SpoolPlace {
    /// Takes a place below `data_dir` for the database of this name.
    ///
    /// # Errors
    /// When a folder cannot be made, or all places are taken.
    pub(crate) fn take(data_dir: &Path, database: &str) -> Result<SpoolPlace> {
        let root = data_dir.join("spool").join(folder_name(database));
        fs::create_dir_all(&root).with_context(|| root.display().to_string())?;
        let mut places: Vec<(u64, PathBuf)> = (0..PLACES)
            .map(|number| root.join(number.to_string()))
            .map(|folder| (bytes_in(&folder), folder))
            .collect();
        // The fullest first, and of those alike the first; sorting keeps their order.
        places.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        for (_, folder) in places {
            let path = folder.with_extension("lock");
            let lock = File::create(&path).with_context(|| path.display().to_string())?;
            if lock.try_lock().is_ok() {
                fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
                return Ok(SpoolPlace { folder, _lock: lock });
            }
        }
        anyhow::bail!(
            "{}: all {PLACES} places are in use by other processes",
            root.display()
        )
    }
}

/// Bytes of all spools below `data_dir`, for those who look from outside.
pub(crate) fn bytes_waiting(data_dir: &Path) -> u64 {
    let databases = fs::read_dir(data_dir.join("spool"))
        .into_iter()
        .flatten()
        .flatten();
    let places = databases.flat_map(|database| fs::read_dir(database.path()).into_iter().flatten().flatten());
    places.map(|place| bytes_in(&place.path())).sum()
}

/// Bytes of the files in a folder; 0 where there is none.
fn bytes_in(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .filter(fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}

/// A database's name as a folder's: letters, digits and what joins them, at most a hundred.
fn folder_name(database: &str) -> String {
    if !database.contains("://") {
        return "sqlite".to_owned();
    }
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    database.chars().map(plain).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_starts_takes_the_fullest_free_place() {
        let folder = tempfile::tempdir().unwrap();
        let name = |place: &SpoolPlace| place.folder.file_name().unwrap().to_owned();
        let first = SpoolPlace::take(folder.path(), "market.db").unwrap();
        let second = SpoolPlace::take(folder.path(), "market.db").unwrap();
        assert_eq!((name(&first), name(&second)), ("0".into(), "1".into()));
        fs::write(second.folder.join("left"), b"behind").unwrap();
        assert_eq!(bytes_waiting(folder.path()), 6);
        drop((first, second));

        let heir = SpoolPlace::take(folder.path(), "market.db").unwrap();
        assert_eq!(name(&heir), "1");
        let other = SpoolPlace::take(folder.path(), "postgres://kmi@db/kmi").unwrap();
        assert_eq!(name(&other), "0");
        assert!(other.folder.parent().unwrap().ends_with("postgres---kmi-db-kmi"));
    }
}
