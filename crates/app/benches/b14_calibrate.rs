//! B14: calibration over 780,000 trades from the archive, next to the same from the database.
//!
//! On the recorded weather markets where `KMI_SHARED` or `../shared` has them, else on a synthetic history of the same size.
//! Prints one JSON line; the figure counts only because both answers are equal.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to say"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kmi_app::Stopwatch;
use kmi_app::calibrate::{CalibrationReport, CalibrationRequest, calibrate};
use kmi_app::import::{BadLines, ImportRequest, import};
use kmi_app::synth::write_history;
use kmi_domain::Timestamp;
use kmi_domain::scoring::BinEdges;
use kmi_simulator::history::Params;
use kmi_storage::{Store, StoreLocation};
use serde_json::json;

/// Most seconds it should take.
const TARGET_S: f64 = 0.5;

fn main() {
    let runs = runs();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (case, recordings) = recordings(folder.path());
        let hot = filled(folder.path().join("hot"), &recordings).await;
        let archived = filled(folder.path().join("archived"), &recordings).await;
        archived.roll(Timestamp::MAX).await.unwrap();
        let trades = archived
            .counts()
            .await
            .unwrap()
            .archive
            .values()
            .map(|(_, rows)| rows)
            .max()
            .copied()
            .unwrap();
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        for _ in 0..runs {
            let (from_archive, took) = timed(&archived).await;
            ours.push(took);
            let (from_database, took) = timed(&hot).await;
            reference.push(took);
            assert_eq!(
                from_archive, from_database,
                "archive and database give the same calibration"
            );
        }
        let line = json!({
            "id": "B14", "case": case, "unit": "s", "value": median(&ours), "runs": ours, "target": TARGET_S,
            "reference": {"name": "the same from SQLite", "value": median(&reference), "runs": reference},
            "check": format!("every digit equal from archive and database; {trades} trades"),
        });
        println!("{line}");
    });
}

fn runs() -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--runs");
    arguments.nth(1).and_then(|count| count.parse().ok()).unwrap_or(5)
}

/// Recorded weather where there is any, else an invented history of about as many trades.
fn recordings(folder: &Path) -> (&'static str, PathBuf) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared = std::env::var_os("KMI_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let weather = shared.join("data/weather");
    if weather.is_dir() {
        return ("recorded weather, 12 h", weather);
    }
    let made = folder.join("synthetic");
    let params = Params {
        markets: 4_000,
        acts_per_market: 400.0,
        ..Params::default()
    };
    write_history(&made, 14, &params).unwrap();
    ("synthetic, 12 h", made)
}

async fn filled(data_dir: PathBuf, recordings: &Path) -> Store {
    let store = Store::open(StoreLocation::in_folder(data_dir)).await.unwrap();
    let request = ImportRequest {
        paths: vec![recordings.to_owned()],
        bad_lines: BadLines::Refuse,
        at: Timestamp::from_micros(0),
    };
    let start = Instant::now();
    let elapsed = || start.elapsed();
    let report = import(&store, &request, &(), Stopwatch::new(&elapsed)).await;
    assert!(report.is_whole(), "{report:?}");
    store
}

async fn timed(store: &Store) -> (CalibrationReport, f64) {
    let request = CalibrationRequest {
        horizon: Duration::from_hours(12),
        series: Vec::new(),
        categories: Vec::new(),
        from: None,
        to: None,
        by: None,
        edges: BinEdges::default(),
    };
    let start = Instant::now();
    let report = calibrate(store, &request).await.unwrap();
    (report, start.elapsed().as_secs_f64())
}

fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
