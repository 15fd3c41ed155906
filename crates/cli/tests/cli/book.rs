use serde_json::{Value, json};

use crate::support::{Desk, gz};

fn frame(recv_ms: u64, kind: &str, seq: Option<u64>, msg: &Value) -> String {
    let mut event = json!({"type": kind, "sid": 1, "msg": msg});
    if let Some(seq) = seq {
        event["seq"] = seq.into();
    }
    format!("{}\n", json!({"recv_ms": recv_ms, "event": event}))
}

fn snapshot(seq: u64) -> String {
    let msg = json!({"market_ticker": "M", "market_id": "x", "yes_dollars_fp": [["0.4000", "10.00"], ["0.3900", "5.00"]],
        "no_dollars_fp": [["0.5500", "7.50"]]});
    frame(1, "orderbook_snapshot", Some(seq), &msg)
}

fn delta(seq: u64, side: &str, price: &str, change: &str) -> String {
    let msg = json!({"market_ticker": "M", "market_id": "x", "price_dollars": price, "delta_fp": change, "side": side,
        "ts": "2026-01-01T00:00:00Z", "ts_ms": 1_767_225_600_000_u64});
    frame(2, "orderbook_delta", Some(seq), &msg)
}

fn trade(seq: u64, id: &str) -> String {
    let msg = json!({"trade_id": id, "market_ticker": "M", "yes_price_dollars": "0.4500", "no_price_dollars": "0.5500",
        "count_fp": "1.00", "taker_side": "yes", "ts": 1_767_225_600, "ts_ms": 1_767_225_600_000_u64});
    frame(3, "trade", Some(seq), &msg)
}

fn replay(desk: &Desk, content: &str, mode: &str) -> Value {
    let path = desk.write("capture.jsonl.gz", gz(content));
    desk.json(&["book", "replay", path.to_str().unwrap(), "--seq", mode])
}

#[test]
fn a_book_is_rebuilt_from_snapshot_and_deltas() {
    let desk = Desk::new();
    let capture = snapshot(1) + &delta(2, "yes", "0.4100", "3.00") + &delta(3, "yes", "0.4000", "-10.00");

    let counts = replay(&desk, &capture, "strict");

    assert_eq!(
        (&counts["frames"], &counts["snapshots"], &counts["deltas"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(
        counts["markets"],
        json!([{"ticker": "M", "state": "synced", "yes_bid": "0.4100", "no_bid": "0.5500", "yes_levels": 2,
            "no_levels": 1, "yes_contracts": "8.00", "no_contracts": "7.50"}])
    );
    assert!(counts["frames_per_s"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_gap_makes_books_stale_until_their_snapshot_in_strict_and_is_only_counted_in_ignore() {
    let desk = Desk::new();
    let capture = snapshot(1)
        + &delta(3, "yes", "0.4100", "3.00")
        + &delta(4, "yes", "0.4100", "3.00")
        + &snapshot(5)
        + &delta(6, "yes", "0.4200", "1.00");

    let strict = replay(&desk, &capture, "strict");
    assert_eq!((&strict["gaps"], &strict["stale_deltas"]), (&json!(1), &json!(2)));
    assert_eq!(strict["markets"][0]["yes_bid"], "0.4200");

    let ignore = replay(&desk, &capture, "ignore");
    assert_eq!((&ignore["gaps"], &ignore["stale_deltas"]), (&json!(1), &json!(0)));
}

#[test]
fn odd_frames_are_counted_by_kind() {
    let desk = Desk::new();
    let capture = delta(1, "yes", "0.4000", "1.00")
        + &snapshot(2)
        + &delta(3, "no", "0.5500", "-8.00")
        + &snapshot(4)
        + &delta(5, "no", "0.6100", "1.00")
        + "not a frame\n"
        + &frame(9, "subscribed", None, &json!({"channel": "x", "sid": 1}));

    let counts = replay(&desk, &capture, "strict");

    assert_eq!(counts["before_snapshot"], 1);
    assert_eq!(counts["negative_levels"], 1);
    assert_eq!(counts["crossed"], 1);
    assert_eq!(counts["malformed"], 1);
    assert_eq!(counts["other"], 1);
}

#[test]
fn a_capture_is_imported_once_and_says_whether_it_is_complete() {
    let desk = Desk::new();
    let whole = desk.write(
        "whole.jsonl",
        snapshot(1) + &delta(2, "yes", "0.4100", "3.00") + &trade(3, "t1"),
    );
    let holed = desk.write(
        "holed.jsonl",
        snapshot(1) + &delta(7, "yes", "0.4100", "2.00") + &trade(8, "t2"),
    );

    let (code, report) = desk.import(&whole);
    assert_eq!(code, 0, "{report}");
    assert_eq!(
        (&report["files"][0]["kind"], &report["totals"]["frames"]),
        (&json!("capture"), &json!(3))
    );
    assert_eq!(report["files"][0]["completeness"], "complete");
    let (_, report) = desk.import(&holed);
    assert_eq!(report["files"][0]["completeness"], "filtered");

    let (code, again) = desk.import(&whole);
    assert_eq!((code, &again["files"][0]["inserted"]), (0, &json!(0)));
    assert_eq!(again["totals"]["frames"], 0);
}
