//! Small captures, and where real ones lie.

use std::fs;
use std::path::{Path, PathBuf};

use kmi_kalshi::replay::SequenceRule;
use serde_json::{Value, json};

use crate::replay::{Step, Timeline};

pub(super) fn capture(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn line(recv_ms: u64, kind: &str, seq: u64, msg: &Value) -> String {
    format!(r#"{{"recv_ms":{recv_ms},"event":{{"type":"{kind}","sid":1,"seq":{seq},"msg":{msg}}}}}"#) + "\n"
}

pub(super) fn snapshot(ticker: &str, seq: u64, yes: &[(&str, &str)], no: &[(&str, &str)]) -> String {
    let msg = json!({"market_ticker": ticker, "market_id": "x", "yes_dollars_fp": yes, "no_dollars_fp": no});
    line(1, "orderbook_snapshot", seq, &msg)
}

pub(super) fn delta(ticker: &str, seq: u64, ms: u64, side: &str, price: &str, change: &str) -> String {
    let msg = json!({"market_ticker": ticker, "market_id": "x", "price_dollars": price, "delta_fp": change,
        "side": side, "ts_ms": ms});
    line(ms, "orderbook_delta", seq, &msg)
}

pub(super) fn trade(
    ticker: &str,
    seq: u64,
    ms: u64,
    id: &str,
    price: &str,
    count: &str,
    taker: &str,
) -> String {
    let msg = json!({"trade_id": id, "market_ticker": ticker, "yes_price_dollars": price, "count_fp": count,
        "taker_side": taker, "ts": ms / 1_000, "ts_ms": ms});
    line(ms, "trade", seq, &msg)
}

pub(super) fn steps_of(files: &[PathBuf], rule: SequenceRule) -> Vec<Step> {
    let mut timeline = Timeline::open(files, rule).unwrap();
    std::iter::from_fn(|| timeline.next_step().unwrap()).collect()
}

/// Recorded data beside the repository, if it is there.
pub(super) fn shared_data() -> Option<PathBuf> {
    let shared = std::env::var_os("KMI_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let data = shared.join("data");
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: no ../shared/data");
    None
}
