use serde_json::{Value, json};

use crate::support::{Desk, cents_market, event_body, gz};

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

/// A market that closes yes, and a capture of it whose recorder's clock is four seconds ahead of the exchange's.
fn recorded_market(desk: &Desk, seq_of_trade: u64) {
    let close = "2026-01-02T00:00:00Z";
    let market = cents_market("M", "E", close, "yes");
    desk.import(&desk.write("event.jsonl", event_body("E", "S", "W", &[market])));
    let at = |ms: u64| 1_767_225_600_000 + ms;
    let book = json!({"market_ticker": "M", "yes_dollars_fp": [["0.4000", "10.00"]], "no_dollars_fp": [["0.5000", "10.00"]]});
    let delta = json!({"market_ticker": "M", "price_dollars": "0.5000", "delta_fp": "-6.00", "side": "no", "ts_ms": at(1_000)});
    let trade = json!({"trade_id": "t", "market_ticker": "M", "yes_price_dollars": "0.5000", "no_price_dollars": "0.5000",
        "count_fp": "6.00", "taker_side": "yes", "ts_ms": at(1_000)});
    let later = json!({"market_ticker": "M", "price_dollars": "0.4100", "delta_fp": "5.00", "side": "yes",
        "ts_ms": at(43_200_001)});
    let capture = frame(at(5_000), "orderbook_snapshot", Some(1), &book)
        + &frame(at(5_001), "orderbook_delta", Some(2), &delta)
        + &frame(at(5_001), "trade", Some(seq_of_trade), &trade)
        + &frame(at(43_204_001), "orderbook_delta", Some(seq_of_trade + 1), &later);
    let (code, report) = desk.import(&desk.write("capture.jsonl", capture));
    assert_eq!(code, 0, "{report}");
}

const ON_BOOKS: [&str; 14] = [
    "backtest",
    "run",
    "--strategy",
    "fixed_horizon",
    "--data",
    "book",
    "--param",
    "side=yes",
    "--param",
    "min_price=0.40",
    "--param",
    "max_price=0.60",
    "--param",
    "quantity=3",
];

#[test]
fn a_backtest_walks_the_recorded_book_whatever_the_recorders_clock_says() {
    let desk = Desk::new();
    recorded_market(&desk, 3);

    let result = desk.json(&ON_BOOKS);

    // Twelve hours before the close 4 contracts are left at 0.50; three cost 1.50 and 0.07 × 3 × 0.25 = 0.0525 of fees.
    assert_eq!(
        (&result["fills"], &result["turnover"]),
        (&json!(1), &json!("1.5000")),
        "{result}"
    );
    assert_eq!(
        (&result["fees"], &result["total_pnl"]),
        (&json!("0.0525"), &json!("1.4475"))
    );
}

#[test]
fn captures_that_may_lack_frames_are_left_out_unless_asked_for_and_named_either_way() {
    let desk = Desk::new();
    recorded_market(&desk, 9);

    let strict = desk.json(&ON_BOOKS);
    assert_eq!(strict["fills"], 0);
    assert!(
        strict["notes"][0].as_str().unwrap().contains("capture.jsonl"),
        "{}",
        strict["notes"]
    );

    let ignore = desk.json(&[&ON_BOOKS[..], &["--seq", "ignore"]].concat());
    assert_eq!(ignore["fills"], 1);
    assert_eq!(
        ignore["provenance"]["incomplete_captures"],
        json!(["capture.jsonl"])
    );
}

#[test]
fn strict_import_refuses_a_bad_frame_of_a_capture() {
    let desk = Desk::new();
    let bad = json!({"trade_id": "", "market_ticker": "M", "yes_price_dollars": "0.4500", "count_fp": "1.00",
        "taker_side": "yes", "ts_ms": 1_767_225_600_000_u64});
    let path = desk.write("bad.jsonl", snapshot(1) + &frame(3, "trade", Some(2), &bad));

    let finished = desk.run(&["import", "--strict", path.to_str().unwrap(), "--json"]);

    assert_eq!(finished.code, 1);
    assert!(
        finished.document()["files"][0]["error"]
            .as_str()
            .unwrap()
            .contains("line 2")
    );
}
