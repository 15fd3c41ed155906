//! Every recorded file beside the repository is taken whole: no rejection, a kind for each. Exact figures are checked where the
//! files are the ones they were taken from.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{are_known, files};
use kmi_kalshi::recording::{self, Completeness, Record, RecordingKind};

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    series: u64,
    events: u64,
    markets: u64,
    trades: u64,
    candles: u64,
    frames: u64,
    ignored: u64,
}

/// Reads a file through; a rejection anywhere fails the test.
fn count(path: &Path) -> (RecordingKind, Option<Completeness>, Counts) {
    let mut recording = recording::open(path).unwrap();
    let mut counts = Counts::default();
    for item in &mut recording {
        let item = item.unwrap();
        let record = item
            .record
            .unwrap_or_else(|error| panic!("{} line {}: {error}", path.display(), error.line));
        *match record {
            Record::Series(_) => &mut counts.series,
            Record::Event(_) => &mut counts.events,
            Record::Market(_) => &mut counts.markets,
            Record::Trade(_) => &mut counts.trades,
            Record::Candle(_) => &mut counts.candles,
            Record::Frame(_) => &mut counts.frames,
            Record::Ignored(_) => &mut counts.ignored,
        } += 1;
    }
    assert_eq!(recording.bytes_read(), recording.bytes_total());
    (recording.kind(), recording.completeness(), counts)
}

/// All records of one folder's files of one kind.
fn total(paths: &[std::path::PathBuf], expected: RecordingKind) -> Counts {
    let mut total = Counts::default();
    for path in paths {
        let (kind, _, counts) = count(path);
        assert_eq!(kind, expected, "{}", path.display());
        total.events += counts.events;
        total.markets += counts.markets;
        total.trades += counts.trades;
        total.frames += counts.frames;
        total.ignored += counts.ignored;
    }
    total
}

/// Files whose name begins with `prefix` and ends with `suffix`.
fn named(folder: &Path, prefix: &str, suffix: &str) -> Vec<std::path::PathBuf> {
    let mut found = files(folder);
    found.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(prefix) && name.ends_with(suffix)
    });
    found
}

#[test]
fn weather_events_and_trades_are_taken_whole() {
    let Some(data) = common::shared_data() else { return };

    let paths = named(&data.join("weather"), "events", "");
    let counts = total(&paths, RecordingKind::Events);
    if are_known("weather events", &paths, 1, 200_086) {
        assert_eq!((counts.events, counts.markets), (676, 4_056));
    }
    let paths = named(&data.join("weather"), "trades", "");
    let counts = total(&paths, RecordingKind::Trades);
    if are_known("weather trades", &paths, 1, 26_999_152) {
        assert_eq!(counts.trades, 779_430);
    }
}

#[test]
fn gold_events_markets_and_captures_are_taken_whole() {
    let Some(data) = common::shared_data() else { return };
    let gold = data.join("gold15m");

    let paths = named(&gold, "", ".csv");
    let counts = total(&paths, RecordingKind::Markets);
    if are_known("gold markets", &paths, 1, 5_019) {
        assert_eq!(counts.markets, 24);
    }
    for path in files(&gold.join("events")) {
        let (kind, _, counts) = count(&path);
        assert_eq!((kind, counts.events), (RecordingKind::Events, 1));
        assert!(counts.markets > 0, "{}", path.display());
    }
    let paths = files(&gold.join("captures"));
    let counts = total(&paths, RecordingKind::Capture);
    if are_known("gold captures", &paths, 25, 21_435_326) {
        assert_eq!(counts.frames, 1_408_802 + 69 + 32_947);
    }
}

#[test]
fn bitcoin_captures_are_complete_but_for_those_named_after_their_gaps() {
    let Some(data) = common::shared_data() else { return };
    let bitcoin = data.join("btc15m");

    for path in named(&bitcoin, "", ".jsonl.gz") {
        let (kind, completeness, _) = count(&path);
        let has_gaps = path.file_name().unwrap().to_string_lossy().starts_with("gaps");
        let expected = if has_gaps {
            Completeness::Filtered
        } else {
            Completeness::Complete
        };
        assert_eq!(
            (kind, completeness),
            (RecordingKind::Capture, Some(expected)),
            "{}",
            path.display()
        );
    }
    let paths = named(&bitcoin, "", ".json");
    let counts = total(&paths, RecordingKind::Markets);
    if are_known("bitcoin results", &paths, 1, 12_566) {
        assert_eq!(counts.markets, 106);
    }
}

#[test]
fn recorded_answers_are_taken_whole_in_any_envelope() {
    let Some(data) = common::shared_data() else { return };

    let paths = files(&data.join("rest"));
    let mut found = BTreeMap::new();
    for path in &paths {
        let (kind, _, counts) = count(path);
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        println!("{name}: {kind} {counts:?}");
        assert_ne!(kind, RecordingKind::Empty, "{name}");
        found.insert(name, (kind, counts));
    }
    if !are_known("recorded answers", &paths, 28, 1_253_287) {
        return;
    }
    let (kind, counts) = &found["series_candlesticks_response"];
    assert_eq!((*kind, counts.candles), (RecordingKind::Candles, 90));
    let (kind, counts) = &found["candlesticks_mlb"];
    assert_eq!(*kind, RecordingKind::Candles);
    assert!(counts.candles > 0);
    assert_eq!(found["series_list_response"].1.series, 241);
    assert_eq!(found["trades_list_response"].1.trades, 5);
    for ignored in [
        "create_order_response",
        "exchange_status_response",
        "order_group_single_response",
        "price_grids",
    ] {
        assert_eq!(found[ignored].0, RecordingKind::Ignored, "{ignored}");
    }
}

#[test]
fn the_recorded_fills_are_recognised_and_passed_over() {
    let Some(data) = common::shared_data() else { return };

    let mut paths = files(&data);
    paths.retain(|path| path.file_name().is_some_and(|name| name == "fees.csv"));
    let counts = total(&paths, RecordingKind::Ignored);
    if are_known("recorded fills", &paths, 1, 724) {
        assert_eq!(counts.ignored, 20);
    }
}
