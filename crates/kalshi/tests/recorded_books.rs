//! Books replayed from the recorded captures come out as they are known to.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod common;

use std::path::{Path, PathBuf};

use kmi_kalshi::recording::{self, Chunk};
use kmi_kalshi::replay::{Replay, ReplayCounts, SequenceRule};

fn captures(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(prefix) && name.ends_with(".jsonl.gz")
        })
        .collect();
    found.sort();
    found
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
fn eight_complete_bitcoin_captures_have_neither_gaps_nor_negative_levels() {
    let Some(data) = common::shared_data() else { return };

    let files = captures(&data.join("btc15m"), "2026");
    let counts = replay(&files, SequenceRule::Strict);

    assert_eq!(files.len(), 8);
    assert_eq!(counts.frames, 477_184);
    assert_eq!((counts.gaps, counts.negative_levels, counts.malformed), (0, 0, 0));
    assert_eq!(
        (counts.crossed, counts.stale_deltas, counts.before_snapshot),
        (24, 0, 0)
    );
}

#[test]
fn a_capture_with_gaps_goes_stale_or_negative() {
    let Some(data) = common::shared_data() else { return };

    let files = captures(&data.join("btc15m"), "gaps-20260511");
    let strict = replay(&files, SequenceRule::Strict);
    let ignore = replay(&files, SequenceRule::Ignore);

    assert_eq!((strict.gaps, strict.stale_deltas, strict.malformed), (4, 461, 0));
    assert_eq!((ignore.negative_levels, ignore.malformed), (222, 0));
}

#[test]
fn filtered_gold_captures_are_sound_when_jumps_are_ignored() {
    let Some(data) = common::shared_data() else { return };

    let files = captures(&data.join("gold15m/captures"), "");
    let counts = replay(&files, SequenceRule::Ignore);

    assert_eq!(files.len(), 25);
    assert_eq!(
        (counts.deltas, counts.snapshots, counts.trades),
        (1_408_802, 69, 32_947)
    );
    assert_eq!(
        (counts.gaps, counts.negative_levels, counts.crossed),
        (577_485, 0, 0)
    );
    assert_eq!(counts.malformed, 0);
}
