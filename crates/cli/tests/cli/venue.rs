//! `kmi exchange`, `kmi record` and `kmi doctor --spec`, against each other.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Desk;

/// An exchange that is stopped after the test.
struct House {
    process: Child,
    /// Its first line.
    told: Value,
}

impl House {
    fn open(desk: &Desk, args: &[&str]) -> House {
        let fixed = ["exchange", "--port", "0", "--json"];
        let mut process = desk
            .command(&[&fixed, args].concat())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let told = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        House { process, told }
    }

    fn word(&self, pointer: &str) -> &str {
        self.told.pointer(pointer).unwrap().as_str().unwrap()
    }

    fn get(&self, path: &str) -> Value {
        let address = self.word("/rest").strip_prefix("http://").unwrap();
        let (host, base) = address.split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "GET /{base}{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }

    /// All pages of public trades.
    fn trade_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/markets/trades?limit=1000&cursor={cursor}"));
            let trades = page["trades"].as_array().unwrap();
            ids.extend(
                trades
                    .iter()
                    .map(|trade| trade["trade_id"].as_str().unwrap().to_owned()),
            );
            page["cursor"]
                .as_str()
                .unwrap_or_default()
                .clone_into(&mut cursor);
            if cursor.is_empty() {
                return ids;
            }
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Waits until something is so, ten seconds at most.
fn wait_for(mut is_so: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(10);
    while Instant::now() < until {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

fn line(seq: u64, kind: &str, msg: &Value) -> String {
    format!("{{\"recv_ms\":{seq},\"event\":{{\"type\":\"{kind}\",\"sid\":1,\"seq\":{seq},\"msg\":{msg}}}}}\n")
}

/// A book of two levels and five trades.
fn capture(desk: &Desk) -> PathBuf {
    let mut frames = line(
        1,
        "orderbook_snapshot",
        &json!({"market_ticker": "KXREC-1-A", "yes_dollars_fp": [["0.4000", "10.00"]], "no_dollars_fp": [["0.5500", "5.00"]]}),
    );
    for seq in 2..7 {
        frames += &line(
            seq,
            "trade",
            &json!({"trade_id": format!("recorded-{seq}"), "market_ticker": "KXREC-1-A", "yes_price_dollars": "0.4500",
                "count_fp": "1.00", "taker_side": "yes", "ts": 1, "ts_ms": 1_000 + seq}),
        );
    }
    frames += &line(
        7,
        "orderbook_delta",
        &json!({"market_ticker": "KXREC-1-A", "side": "no", "price_dollars": "0.5500", "delta_fp": "-5.00", "ts_ms": 2_000}),
    );
    desk.write("replayed.jsonl", frames)
}

#[test]
fn a_capture_is_served_with_its_last_book_and_every_trade_once() {
    let desk = Desk::new();
    let file = capture(&desk);
    let house = House::open(&desk, &["--replay", text(&file), "--speed", "0"]);
    assert!(wait_for(|| house.trade_ids().len() == 5));
    let ids: BTreeSet<String> = house.trade_ids().into_iter().collect();
    let expected: BTreeSet<String> = (2..7).map(|seq| format!("recorded-{seq}")).collect();
    assert_eq!(ids, expected);
    let book = || house.get("/markets/KXREC-1-A/orderbook")["orderbook_fp"].clone();
    let last = json!({"yes_dollars": [["0.4000", "10.00"]], "no_dollars": []});
    assert!(wait_for(|| book() == last), "{}", book());
    // Without --markets there is no other market.
    let markets = house.get("/markets?status=open");
    assert_eq!(markets["markets"].as_array().unwrap().len(), 1);
}

#[test]
fn a_journal_and_a_replay_exclude_each_other() {
    let desk = Desk::new();
    let file = capture(&desk);
    let finished = desk.run(&["exchange", "--replay", text(&file), "--state", "x"]);
    assert_eq!(finished.code, 2, "{}", finished.stderr);
    assert!(finished.stderr.contains("--state"), "{}", finished.stderr);
}

#[test]
fn what_was_recorded_replays_without_a_gap_and_can_be_imported() {
    let desk = Desk::new();
    let house = House::open(&desk, &["--markets", "30", "--pace", "300"]);
    let markets = house.get("/markets?status=open&limit=5");
    let tickers: Vec<&str> = markets["markets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|market| market["ticker"].as_str().unwrap())
        .collect();
    let out = desk.path("live.jsonl.gz");
    let mut args = vec!["record", "--out", text(&out), "--for", "2s"];
    args.extend(["--ws-url", house.word("/ws")]);
    args.extend(["--key-id", house.word("/accounts/0/key_id")]);
    args.extend(["--key", house.word("/accounts/0/private_key_path")]);
    args.extend(tickers.iter().flat_map(|ticker| ["--ticker", ticker]));

    let recorded = desk.json(&args);

    assert_eq!(recorded["gaps"], 0, "{recorded}");
    assert_eq!(recorded["snapshots"], tickers.len(), "{recorded}");
    let replayed = desk.json(&["book", "replay", text(&out)]);
    for count in ["frames", "snapshots", "deltas", "trades", "gaps"] {
        assert_eq!(replayed[count], recorded[count], "{count}: {replayed}");
    }
    assert_eq!(
        (
            &replayed["malformed"],
            &replayed["negative_levels"],
            &replayed["crossed"]
        ),
        (&json!(0), &json!(0), &json!(0))
    );
    for book in replayed["markets"].as_array().unwrap() {
        assert_eq!(book["state"], "synced", "{book}");
    }
    let (code, report) = desk.import(&out);
    assert_eq!(code, 0, "{report}");

    // What is there is not overwritten.
    let again = desk.run(&args);
    assert_eq!(again.code, 1);
    assert!(again.stderr.contains("live.jsonl.gz"), "{}", again.stderr);
}

#[test]
fn recording_without_an_address_or_with_a_wrong_key_says_so() {
    let desk = Desk::new();
    let finished = desk.run(&["record", "--out", text(&desk.path("a.jsonl"))]);
    assert_eq!(finished.code, 2);
    assert!(finished.stderr.contains("exchange.ws_url"), "{}", finished.stderr);
    assert!(!desk.path("a.jsonl").exists());

    let house = House::open(&desk, &["--markets", "0"]);
    let finished = desk.run(&[
        "record",
        "--out",
        text(&desk.path("b.jsonl")),
        "--ws-url",
        house.word("/ws"),
        "--key-id",
        "nobody",
        "--key",
        house.word("/accounts/0/private_key_path"),
    ]);
    assert_eq!(finished.code, 1);
    assert!(finished.stderr.contains("401"), "{}", finished.stderr);
}

#[test]
fn a_specification_that_differs_is_told_and_fails() {
    let desk = Desk::new();
    let spec = desk.write(
        "spec.yaml",
        "openapi: 3.0.0\ninfo: {title: Small, version: 9.9.9}\npaths:\n  /markets/new:\n    get: {operationId: New, responses: {}}\n",
    );
    let finished = desk.run(&["doctor", "--spec", text(&spec), "--json"]);
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    let document = finished.document();
    assert_eq!(
        (&document["specification"], &document["harmless"]),
        (&json!("openapi"), &json!(false))
    );
    let differences = document["differences"].as_array().unwrap();
    let told = |subject: &str| {
        differences
            .iter()
            .find(|difference| difference["subject"] == subject)
            .unwrap_or_else(|| panic!("{subject}: {document}"))
    };
    // A new operation does no harm, one that is gone does.
    assert_eq!(told("GET /markets/new")["harmless"], true);
    assert_eq!(told("GET /markets/{ticker}/orderbook")["harmless"], false);
    let page = desk.run(&["doctor", "--spec", text(&spec)]);
    assert!(page.stdout.contains("GET /markets/new"), "{}", page.stdout);

    let nothing = desk.write("nothing.yaml", "a: 1\n");
    assert_eq!(desk.run(&["doctor", "--spec", text(&nothing)]).code, 1);
}

#[test]
fn the_exchanges_own_specifications_hold_nothing_harmful() {
    let shared = std::env::var_os("KMI_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let desk = Desk::new();
    for name in ["openapi.yaml", "asyncapi.yaml"] {
        let path = shared.join("kalshi").join(name);
        if fs::metadata(&path).is_err() {
            println!("skipped: no ../shared/kalshi/{name}");
            continue;
        }
        let document = desk.json(&["doctor", "--spec", text(&path)]);
        assert_eq!(document["harmless"], true, "{document}");
    }
}
