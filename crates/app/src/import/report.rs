//! What became of each file.

use kmi_storage::Put;
use serde::Serialize;

/// What an import did, as `kmi import --json` prints it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ImportReport {
    /// Every file, in the order the paths name them.
    pub files: Vec<FileReport>,
    /// New rows over all files.
    pub totals: Totals,
    /// How long it took.
    pub seconds: f64,
}

impl ImportReport {
    /// True when every file was read through and kept.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.files.iter().all(|file| file.error.is_none())
    }

    pub(super) fn add(&mut self, file: FileReport) {
        if file.error.is_none() {
            self.totals.events += file.kinds.events;
            self.totals.markets += file.kinds.markets;
            self.totals.trades += file.kinds.trades;
            self.totals.candles += file.kinds.candles;
            self.totals.frames += file.kinds.frames;
        }
        self.files.push(file);
    }
}

/// New rows, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Series, those that only their events name included.
    pub series: u64,
    /// Events.
    pub events: u64,
    /// Markets.
    pub markets: u64,
    /// Public trades, those from captures included.
    pub trades: u64,
    /// Candles.
    pub candles: u64,
    /// Frames of captures.
    pub frames: u64,
}

/// What became of one file. All counts but `rows`, `ignored` and `rejected` are zero when `error` is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FileReport {
    /// The file.
    pub path: String,
    /// What it mostly holds: `series`, `events`, `markets`, `trades`, `candles`, `capture`, `ignored`, `empty`; null when it
    /// could not be recognised.
    pub kind: Option<&'static str>,
    /// Objects, rows or frames in it, bad ones included.
    pub rows: u64,
    /// Of them, kept because they were not known.
    pub inserted: u64,
    /// Of them, known and now better known: a later state of a market, a missing field filled in.
    pub updated: u64,
    /// Of them, known already.
    pub duplicates: u64,
    /// Recognised, but no public history: orders, books at one moment, tickers and replies inside a capture.
    pub ignored: u64,
    /// New trades whose market is not known (yet); they are kept.
    pub without_market: u64,
    /// Bad lines or objects, skipped.
    pub rejected: u64,
    /// The first of them.
    pub first_rejections: Vec<LineRejection>,
    /// New rows by kind.
    pub kinds: KindCounts,
    /// Of a capture: `complete` when its sequence is contiguous, else `filtered`.
    pub completeness: Option<&'static str>,
    /// Why the file was rolled back whole; null when it was kept.
    pub error: Option<String>,
    /// Where the paths name it.
    #[serde(skip)]
    pub(super) place: usize,
}

/// New rows of one file, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindCounts {
    /// Events.
    pub events: u64,
    /// Markets.
    pub markets: u64,
    /// Public trades.
    pub trades: u64,
    /// Candles.
    pub candles: u64,
    /// Frames of a capture not seen before.
    pub frames: u64,
}

/// A bad line and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineRejection {
    /// Line of the decompressed file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Bad lines reported by name; the rest are only counted.
const NAMED_REJECTIONS: usize = 10;

impl FileReport {
    pub(super) fn reject(&mut self, line: u64, reason: String) {
        self.rejected += 1;
        if self.first_rejections.len() < NAMED_REJECTIONS {
            self.first_rejections.push(LineRejection { line, reason });
        }
    }

    pub(super) fn count(&mut self, put: Put) {
        self.inserted += put.inserted;
        self.updated += put.updated;
        self.duplicates += put.duplicates;
        self.without_market += put.without_market;
    }

    /// The same file, rolled back: nothing of it was kept.
    pub(super) fn rolled_back(self, error: String) -> FileReport {
        FileReport {
            inserted: 0,
            updated: 0,
            duplicates: 0,
            without_market: 0,
            kinds: KindCounts::default(),
            completeness: None,
            error: Some(error),
            ..self
        }
    }
}
