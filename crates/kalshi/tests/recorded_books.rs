//! Books replayed from the recorded captures come out as they are known to.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod common;

use std::path::{Path, PathBuf};

use kmi_kalshi::recording::{self, Chunk};
use kmi_kalshi::replay::{Replay, ReplayCounts, SequenceRule};

fn captures(folder: &Path) -> Vec<PathBuf> {
    let mut found = common::files(folder);
    found.retain(|path| path.to_string_lossy().ends_with(".jsonl.gz"));
    found
}

/// Captures with and without gaps, told by their names.
fn by_gaps(files: Vec<PathBuf>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    files.into_iter().partition(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("gaps")
    })
}

fn replay(files: &[PathBuf], rule: SequenceRule) -> ReplayCounts {
    let mut replay = Replay::new(rule);
    for path in files {
        replay.begin_file();
        let mut lines = recording::open_lines(path).unwrap();
        while let Some(block) = lines.next_block().unwrap() {
            match block {
                Chunk::Bytes(bytes) => replay.feed_block(bytes),
                Chunk::TooLong => replay.feed_too_long(),
            }
        }
    }
    replay.counts()
}

#[test]
fn complete_bitcoin_captures_have_neither_gaps_nor_negative_levels() {
    let Some(data) = common::shared_data() else { return };

    let (_, files) = by_gaps(captures(&data.join("btc15m")));
    let counts = replay(&files, SequenceRule::Strict);

    assert_eq!((counts.gaps, counts.negative_levels, counts.malformed), (0, 0, 0));
    assert_eq!(counts.stale_deltas, 0);
    if common::are_known("complete bitcoin captures", &files, 8, 7_012_989) {
        assert_eq!(counts.frames, 477_184);
        assert_eq!((counts.crossed, counts.before_snapshot), (24, 0));
    }
}

#[test]
fn a_capture_with_gaps_goes_stale_or_negative() {
    let Some(data) = common::shared_data() else { return };

    let (files, _) = by_gaps(captures(&data.join("btc15m")));
    for file in files {
        let file = std::slice::from_ref(&file);
        let strict = replay(file, SequenceRule::Strict);
        let ignore = replay(file, SequenceRule::Ignore);

        assert!(strict.gaps > 0, "{file:?}");
        assert_eq!((strict.malformed, ignore.malformed), (0, 0), "{file:?}");
        assert_eq!(strict.negative_levels, 0, "{file:?}");
        let name = file[0].file_name().unwrap().to_string_lossy();
        if name == "gaps-20260511.jsonl.gz" && common::are_known(&name, file, 1, 951_977) {
            assert_eq!((strict.gaps, strict.stale_deltas), (4, 461));
            assert_eq!(ignore.negative_levels, 222);
        }
    }
}

#[test]
fn filtered_gold_captures_are_sound_when_jumps_are_ignored() {
    let Some(data) = common::shared_data() else { return };

    let files = captures(&data.join("gold15m/captures"));
    let counts = replay(&files, SequenceRule::Ignore);

    assert_eq!(counts.malformed, 0);
    if common::are_known("gold captures", &files, 25, 21_435_326) {
        assert_eq!(
            (counts.deltas, counts.snapshots, counts.trades),
            (1_408_802, 69, 32_947)
        );
        assert_eq!(
            (counts.gaps, counts.negative_levels, counts.crossed),
            (577_485, 0, 0)
        );
    }
}
