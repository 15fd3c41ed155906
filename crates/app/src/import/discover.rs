//! Which files there are, what they hold, and in what order to take them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kmi_kalshi::recording::{self, RecordingError, RecordingKind};
use walkdir::WalkDir;

use super::FileReport;
use crate::describe::describe;

/// A file that is some recording.
pub(super) struct Found {
    pub path: PathBuf,
    pub kind: RecordingKind,
    pub place: usize,
}

/// Looks into every file named, or below a folder named, and sorts them by what they hold: the catalogue first. A file that
/// cannot be opened or recognised becomes its report. No file stays open.
pub(super) fn discover(paths: &[PathBuf]) -> Vec<Result<Found, Box<FileReport>>> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        for file in files_of(path) {
            let identity = file.as_ref().ok().and_then(|file| file.path.canonicalize().ok());
            // The same file named twice is read once.
            if identity.is_none_or(|identity| seen.insert(identity)) {
                files.push(file);
            }
        }
    }
    let mut found: Vec<_> = files
        .into_iter()
        .enumerate()
        .map(|(place, file)| look(place, file))
        .collect();
    found.sort_by_key(|file| match file {
        Err(_) => (RecordingKind::Series, 0),
        Ok(found) => (found.kind, found.place),
    });
    found
}

/// A file that may be a recording.
struct Candidate {
    path: PathBuf,
    expected: Expected,
}

/// Whether a file ought to be a recording.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// It was named, or its name ends like one: if it is none, that is an error.
    Recording,
    /// It merely lies in a folder: if it is none, it is passed over.
    Anything,
}

/// Endings of recordings, before those of compression.
const ENDINGS: [&str; 5] = ["json", "jsonl", "ndjson", "csv", "capture"];

/// The file itself, or all files below a folder in order of their paths.
fn files_of(path: &Path) -> Vec<Result<Candidate, Box<FileReport>>> {
    if path.is_file() {
        return vec![Ok(Candidate {
            path: path.to_owned(),
            expected: Expected::Recording,
        })];
    }
    WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| match entry {
            Ok(entry) => entry.file_type().is_file().then(|| {
                let expected = expected(entry.path());
                Ok(Candidate {
                    path: entry.into_path(),
                    expected,
                })
            }),
            Err(error) => {
                let path = error.path().unwrap_or(path).to_owned();
                let reason = error
                    .io_error()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                Some(Err(failure(
                    &path,
                    format!("{}: cannot be read: {reason}", path.display()),
                )))
            }
        })
        .collect()
}

fn expected(path: &Path) -> Expected {
    let plain = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz" | "zst") => path.file_stem().map(Path::new),
        _ => Some(path),
    };
    let ending = plain.and_then(Path::extension).and_then(|ending| ending.to_str());
    match ending {
        Some(ending) if ENDINGS.contains(&ending.to_ascii_lowercase().as_str()) => Expected::Recording,
        _ => Expected::Anything,
    }
}

fn look(place: usize, file: Result<Candidate, Box<FileReport>>) -> Result<Found, Box<FileReport>> {
    let placed = |report: Box<FileReport>| Box::new(FileReport { place, ..*report });
    let Candidate { path, expected } = file.map_err(placed)?;
    match recording::open(&path) {
        Ok(recording) => Ok(Found {
            kind: recording.kind(),
            path,
            place,
        }),
        Err(RecordingError::UnknownFormat { .. }) if expected == Expected::Anything => {
            Err(Box::new(FileReport {
                path: path.display().to_string(),
                kind: Some("skipped"),
                place,
                ..FileReport::default()
            }))
        }
        Err(error) => Err(placed(failure(&path, describe(&error)))),
    }
}

fn failure(path: &Path, error: String) -> Box<FileReport> {
    Box::new(FileReport {
        path: path.display().to_string(),
        error: Some(error),
        ..FileReport::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_walked_in_order_by_content_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let trade = r#"{"trade_id":"t","ticker":"M","created_time":"2024-01-01T00:00:00Z","yes_price":1,"count":1,"taker_side":"no"}"#;
        for (name, content) in [
            ("b.jsonl", "not looked at"),
            ("a.json", "not looked at"),
            ("notes.md", "# Notes"),
            ("sub/c.csv", "neither,nor"),
            ("sub/unusual-name", trade),
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let twice = [folder.path().to_owned(), folder.path().join("a.json")];

        let mut found: Vec<_> = discover(&twice)
            .into_iter()
            .map(|file| match file {
                Ok(found) => (found.place, found.kind.as_str()),
                Err(report) => (report.place, report.kind.unwrap_or("error")),
            })
            .collect();

        found.sort_unstable();
        assert_eq!(
            found,
            [
                (0, "error"),
                (1, "error"),
                (2, "skipped"),
                (3, "error"),
                (4, "trades")
            ]
        );
    }

    #[test]
    fn a_path_that_is_not_there_is_a_report_that_names_it() {
        let reports = discover(&[PathBuf::from("no/such/place")]);

        let Err(report) = &reports[0] else {
            panic!("nothing is there")
        };
        assert!(report.error.as_ref().unwrap().contains("no/such/place"));
    }
}
