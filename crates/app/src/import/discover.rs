//! Which files there are, what they hold, and in what order to take them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kmi_kalshi::recording::{self, Recording, RecordingKind};
use walkdir::WalkDir;

use super::FileReport;

/// A file that is some recording.
pub(super) struct Found {
    pub path: PathBuf,
    pub recording: Recording,
    pub place: usize,
}

/// Opens every file named, or below a folder named, and sorts them by what they hold: the catalogue first. A file that
/// cannot be opened or recognised becomes its report.
pub(super) fn discover(paths: &[PathBuf]) -> Vec<Result<Found, Box<FileReport>>> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        for file in files_of(path) {
            let identity = file.as_ref().ok().and_then(|path| path.canonicalize().ok());
            // The same file named twice is read once.
            if identity.is_none_or(|identity| seen.insert(identity)) {
                files.push(file);
            }
        }
    }
    let mut found: Vec<_> = files
        .into_iter()
        .enumerate()
        .map(|(place, file)| open(place, file))
        .collect();
    found.sort_by_key(|file| match file {
        Err(_) => (RecordingKind::Series, 0),
        Ok(found) => (found.recording.kind(), found.place),
    });
    found
}

/// Endings a recording may have, before those of compression; anything else in a folder is left alone.
const ENDINGS: [&str; 5] = ["json", "jsonl", "ndjson", "csv", "capture"];

/// The file itself, or the recordings below a folder in order of their paths.
fn files_of(path: &Path) -> Vec<Result<PathBuf, Box<FileReport>>> {
    if path.is_file() {
        return vec![Ok(path.to_owned())];
    }
    WalkDir::new(path)
        .sort_by_file_name()
        .into_iter()
        .filter_map(|entry| match entry {
            Ok(entry) => {
                (entry.file_type().is_file() && is_recording(entry.path())).then(|| Ok(entry.into_path()))
            }
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

fn is_recording(path: &Path) -> bool {
    let plain = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz" | "zst") => path.file_stem().map(Path::new),
        _ => Some(path),
    };
    let ending = plain.and_then(Path::extension).and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending))
}

fn open(place: usize, file: Result<PathBuf, Box<FileReport>>) -> Result<Found, Box<FileReport>> {
    let placed = |report: Box<FileReport>| Box::new(FileReport { place, ..*report });
    let path = file.map_err(placed)?;
    match recording::open(&path) {
        Ok(recording) => Ok(Found {
            path,
            recording,
            place,
        }),
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

/// An error with its causes, each once: some name their source in their own words already.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_walked_in_order_for_recordings_only_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b.jsonl.gz",
            "a.json",
            "notes.md",
            "sub/c.csv",
            "d.zst",
            "picture.png",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "not looked at").unwrap();
        }
        let twice = [folder.path().to_owned(), folder.path().join("a.json")];

        let mut reports: Vec<_> = discover(&twice)
            .into_iter()
            .map(|file| file.err().expect("none of them is a recording"))
            .collect();

        reports.sort_by_key(|report| report.place);
        let names: Vec<_> = reports
            .iter()
            .map(|report| report.path.rsplit('/').next().unwrap())
            .collect();
        assert_eq!(names, ["a.json", "b.jsonl.gz", "c.csv"]);
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
