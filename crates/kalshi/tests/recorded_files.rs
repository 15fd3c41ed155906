//! Every recorded file beside the repository is taken whole.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kmi_kalshi::recording::{self, Completeness, Record, RecordingKind};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

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

#[test]
fn weather_events_and_trades_are_taken_whole() {
    let Some(data) = common::shared_data() else { return };

    let (kind, _, counts) = count(&data.join("weather/events.jsonl.gz"));
    assert_eq!(kind, RecordingKind::Events);
    assert_eq!((counts.events, counts.markets), (676, 4_056));

    let (kind, _, counts) = count(&data.join("weather/trades.jsonl.gz"));
    assert_eq!(kind, RecordingKind::Trades);
    assert_eq!(counts.trades, 779_430);
}

#[test]
fn gold_events_markets_and_captures_are_taken_whole() {
    let Some(data) = common::shared_data() else { return };

    let (kind, _, counts) = count(&data.join("gold15m/markets.csv"));
    assert_eq!((kind, counts.markets), (RecordingKind::Markets, 24));
    let mut frames = 0;
    for path in files(&data.join("gold15m/events")) {
        let (kind, _, counts) = count(&path);
        assert_eq!(
            (kind, counts.events, counts.markets),
            (RecordingKind::Events, 1, 1)
        );
    }
    for path in files(&data.join("gold15m/captures")) {
        let (kind, completeness, counts) = count(&path);
        assert_eq!(kind, RecordingKind::Capture);
        assert!(
            completeness == Some(Completeness::Filtered) || counts.frames == 5,
            "{}",
            path.display()
        );
        frames += counts.frames;
    }
    assert_eq!(frames, 1_408_802 + 69 + 32_947);
}

#[test]
fn bitcoin_captures_are_complete_but_for_the_two_named_after_their_gaps() {
    let Some(data) = common::shared_data() else { return };

    for path in files(&data.join("btc15m")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (kind, completeness, counts) = count(&path);
        if name == "results.json" {
            assert_eq!((kind, counts.markets), (RecordingKind::Markets, 106));
            continue;
        }
        let expected = if name.starts_with("gaps") {
            Completeness::Filtered
        } else {
            Completeness::Complete
        };
        assert_eq!(
            (kind, completeness),
            (RecordingKind::Capture, Some(expected)),
            "{name}"
        );
    }
}

#[test]
fn recorded_answers_are_taken_whole_in_any_envelope() {
    let Some(data) = common::shared_data() else { return };

    let mut found = BTreeMap::new();
    for path in files(&data.join("rest")) {
        let (kind, _, counts) = count(&path);
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        println!("{name}: {kind} {counts:?}");
        found.insert(name, (kind, counts));
    }
    let (kind, counts) = &found["series_candlesticks_response"];
    assert_eq!((*kind, counts.candles), (RecordingKind::Candles, 90));
    let (kind, counts) = &found["candlesticks_mlb"];
    assert_eq!(*kind, RecordingKind::Candles);
    assert!(counts.candles > 0);
    let (_, counts) = &found["series_list_response"];
    assert_eq!(counts.series, 241);
    let (_, counts) = &found["trades_list_response"];
    assert_eq!(counts.trades, 5);
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

    let (kind, _, counts) = count(&data.join("fees.csv"));
    assert_eq!((kind, counts.ignored), (RecordingKind::Ignored, 20));
}
