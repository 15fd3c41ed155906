//! Taking other people's recordings in: [`import`].
//!
//! `kalshi` decodes, `storage` keeps, and this decides: which files, in what order, what becomes of a bad line or a
//! file that cannot be read through. One file is one transaction; a reader thread decodes while the store writes, and a
//! bounded channel between them keeps memory bounded.

mod capture;
mod discover;
mod report;
mod take;

use std::path::PathBuf;

use kmi_domain::Timestamp;
use kmi_storage::Store;

use crate::Stopwatch;

pub use report::{FileReport, ImportReport, KindCounts, LineRejection, Totals};

/// What to take in, and how strictly.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// Files, and folders to walk.
    pub paths: Vec<PathBuf>,
    /// What a bad line does.
    pub bad_lines: BadLines,
    /// When the import began.
    pub at: Timestamp,
}

/// What a bad line does to its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLines {
    /// It is counted, reported and skipped.
    Skip,
    /// It is an error: the file is rolled back whole.
    Refuse,
}

/// Told how an import comes along; every method may be ignored.
pub trait ImportProgress: Send + Sync {
    /// A file of `bytes` begins.
    fn begin(&self, path: &str, bytes: u64) {
        let _ = (path, bytes);
    }
    /// So much of it was read, holding so many objects.
    fn advance(&self, bytes: u64, rows: u64) {
        let _ = (bytes, rows);
    }
    /// It is done, or given up.
    fn end(&self, report: &FileReport) {
        let _ = report;
    }
}

/// Nobody looks.
impl ImportProgress for () {}

/// Takes every file in, each whole or not at all. What cannot be read or kept is named in its report; the others go on.
///
/// Catalogue files (series, events, markets) come before candles, trades and captures, whatever the order of `paths`,
/// so that a trade meets its market.
pub async fn import(
    store: &Store,
    request: &ImportRequest,
    progress: &dyn ImportProgress,
    watch: Stopwatch<'_>,
) -> ImportReport {
    let found = discover::discover(&request.paths);
    let mut report = ImportReport::default();
    let series_before = series_count(store).await;
    for file in found {
        let file = match file {
            Ok(file) => file,
            Err(report_of_failure) => {
                progress.end(&report_of_failure);
                report.add(*report_of_failure);
                continue;
            }
        };
        let file_report = take::take(store, file, request, progress).await;
        progress.end(&file_report);
        report.add(file_report);
    }
    report.totals.series = series_count(store).await.saturating_sub(series_before);
    report.files.sort_by_key(|file| file.place);
    report.seconds = watch.elapsed().as_secs_f64();
    report
}

/// Series known; events name series that no file describes, so they are counted where they are kept.
async fn series_count(store: &Store) -> u64 {
    match store.counts().await {
        Ok(counts) => counts.tables.get("series").copied().unwrap_or(0),
        // A store that does not answer says so again, and louder, when the next file is begun.
        Err(_) => 0,
    }
}
