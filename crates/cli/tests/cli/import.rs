use serde_json::{Value, json};

use crate::support::{Desk, Finished, cents_market, cents_trade, event_body, gz, small_world};

#[test]
fn a_folder_is_taken_in_once() {
    let desk = Desk::new();
    let world = small_world(&desk);

    let (code, first) = desk.import(&world);
    assert_eq!(code, 0);
    let totals = &first["totals"];
    assert_eq!(
        (
            &totals["series"],
            &totals["events"],
            &totals["markets"],
            &totals["trades"]
        ),
        (&json!(1), &json!(1), &json!(2), &json!(8))
    );
    let trades = file(&first, "trades.jsonl");
    assert_eq!(
        (&trades["kind"], &trades["rows"], &trades["inserted"]),
        (&json!("trades"), &json!(8), &json!(8))
    );
    assert_eq!(
        (&trades["without_market"], &trades["duplicates"]),
        (&json!(1), &json!(0))
    );

    let (code, second) = desk.import(&world);
    assert_eq!(code, 0);
    for report in second["files"].as_array().unwrap() {
        assert_eq!(report["inserted"], 0, "{report}");
        assert_eq!(report["duplicates"], report["rows"], "{report}");
    }
    assert_eq!(second["totals"]["trades"], 0);
}

#[test]
fn both_generations_and_every_packing_say_the_same() {
    let desk = Desk::new();
    small_world(&desk);
    let cents = cents_trade("c1", "S-E1-A", "2024-01-01T10:00:00Z", 33, 2, "yes");
    let dollars = json!({
        "trade_id": "d1", "ticker": "S-E1-A", "created_time": "2024-01-01T10:00:00.5Z", "yes_price_dollars": "0.3350",
        "no_price_dollars": "0.6650", "count_fp": "2.50", "taker_outcome_side": "yes", "taker_book_side": "bid",
        "taker_side": "yes", "is_block_trade": false
    });
    desk.write("world/more/a.jsonl.gz", gz(&cents));
    desk.write(
        "world/more/b.json",
        json!({"_metadata": {}, "response": {"trades": [dollars], "cursor": ""}}).to_string(),
    );
    desk.write(
        "world/more/c.jsonl.zst",
        zstd::encode_all(cents.as_bytes(), 3).unwrap(),
    );
    desk.write(
        "world/more/d.csv",
        "trade_id,ticker,created_time,yes_price_dollars,count_fp,taker_side\ne1,S-E1-B,2024-01-01T10:00:00Z,0.1000,1.00,no\n",
    );

    let (code, report) = desk.import(&desk.path("world"));

    assert_eq!(code, 0, "{report}");
    assert_eq!(report["totals"]["trades"], 11);
    let duplicates: u64 = ["a.jsonl.gz", "c.jsonl.zst"]
        .iter()
        .map(|name| file(&report, name)["duplicates"].as_u64().unwrap())
        .sum();
    assert_eq!(duplicates, 1, "the same trade came twice, packed differently");
}

#[test]
fn a_market_never_goes_backwards_in_its_life() {
    let desk = Desk::new();
    let close = "2024-01-02T00:00:00Z";
    let mut open = cents_market("S-E1-A", "S-E1", close, "");
    open["status"] = "active".into();
    let settled = desk.write(
        "settled.json",
        event_body("S-E1", "S", "W", &[cents_market("S-E1-A", "S-E1", close, "yes")]),
    );
    let earlier = desk.write("earlier.json", event_body("S-E1", "S", "W", &[open]));
    desk.import(&settled);

    let (code, report) = desk.import(&earlier);

    assert_eq!(code, 0);
    assert_eq!(report["files"][0]["inserted"], 0);
    let trade = desk.write(
        "trade.jsonl",
        cents_trade("t", "S-E1-A", "2024-01-01T01:00:00Z", 50, 1, "yes"),
    );
    desk.import(&trade);
    assert_eq!(desk.json(&["calibrate"])["n"], 1, "the result is still there");
}

#[test]
fn files_in_a_folder_are_told_by_content_and_the_rest_is_passed_over() {
    let desk = Desk::new();
    let trade = |id| cents_trade(id, "S-E1-A", "2024-01-01T10:00:00Z", 33, 2, "yes");
    desk.write("mixed/no-ending", trade("a"));
    desk.write("mixed/trades.gz", gz(trade("b")));
    desk.write("mixed/UPPER.JSONL", trade("c"));
    desk.write("mixed/README.md", "# Words about the data\n");

    let (code, report) = desk.import(&desk.path("mixed"));

    assert_eq!(code, 0, "{report}");
    assert_eq!(report["totals"]["trades"], 3);
    assert_eq!(file(&report, "README.md")["kind"], "skipped");
}

#[test]
fn a_frame_among_other_objects_is_rejected_not_lost() {
    let desk = Desk::new();
    let market = cents_market("S-E1-A", "S-E1", "2024-01-02T00:00:00Z", "yes");
    let frame = r#"{"recv_ms":1,"event":{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"S-E1-A"}}}"#;
    let path = desk.write(
        "both.jsonl",
        event_body("S-E1", "S", "W", &[market]) + frame + "\n",
    );

    let (code, report) = desk.import(&path);

    assert_eq!(
        (code, &report["files"][0]["rejected"]),
        (0, &json!(1)),
        "{report}"
    );
    assert_eq!(report["files"][0]["first_rejections"][0]["line"], 2);
}

#[test]
fn more_files_than_a_process_may_hold_open_are_taken_in() {
    let desk = Desk::new();
    for n in 0..300 {
        desk.write(
            &format!("many/{n:04}.jsonl"),
            cents_trade(&n.to_string(), "M", "2024-01-01T10:00:00Z", 33, 2, "yes"),
        );
    }
    let kmi = desk.command(&["import", desk.path("many").to_str().unwrap(), "--json"]);
    let mut limited = std::process::Command::new("sh");
    limited
        .args(["-c", "ulimit -n 64; exec \"$@\"", "sh"])
        .arg(kmi.get_program())
        .args(kmi.get_args());

    let finished = Finished::from(limited.output().unwrap());

    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(finished.document()["totals"]["trades"], 300);
}

/// The report of the file whose path ends with `name`.
fn file<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"].as_str().unwrap().ends_with(name))
        .unwrap_or_else(|| panic!("{name} is not in {report}"))
}
