//! The scanner and `serde_json` agree on every line: recorded, made up, and damaged.

mod common;

use kmi_kalshi::frame::{CaptureLine, Scanner};
use kmi_kalshi::recording::{self, Chunk};
use proptest::prelude::*;

/// One line of every kind and generation the scanner has a short way for, and some it has none for.
const LINES: [&str; 14] = [
    r#"{"recv_ms":1700000000123,"event":{"type":"orderbook_delta","sid":1,"seq":7,"msg":{"market_ticker":"KXT-1","market_id":"0b5d6c2e-0000-4000-8000-00000000abcd","price_dollars":"0.1100","delta_fp":"28.00","side":"no","ts":"2026-08-10T21:46:09.379425Z","ts_ms":1700000000120}}}"#,
    r#"{"type":"orderbook_delta","sid":1,"seq":8,"msg":{"side":"yes","delta_fp":"-0.50","price_dollars":"0.0010","market_ticker":"KXT-2","clock":4,"ts_ms":1}}"#,
    r#"{"type":"orderbook_delta","sid":1,"seq":9,"msg":{"market_ticker":"KXT-3","price":96,"delta":-54,"side":"yes"}}"#,
    r#"{"type":"orderbook_delta","sid":1,"seq":9,"msg":{"market_ticker":"KXT-3","price":96,"price_dollars":"0.9600","delta":-54,"side":"yes"}}"#,
    r#"{"type":"orderbook_delta","sid":1,"seq":9,"msg":{"market_ticker":"KXT-3","price":96,"delta":-54,"side":"yes","ts":"2024-01-01T00:00:00Z"}}"#,
    r#"{"msg":{"market_ticker":"KXT-4","price_dollars":"0.50","delta_fp":"3","side":"no"},"seq":3,"sid":2,"type":"orderbook_delta"}"#,
    r#"{"recv_ms":5,"event":{"type":"trade","sid":2,"seq":5,"msg":{"trade_id":"t-1","market_ticker":"KXT-1","yes_price_dollars":"0.4400","no_price_dollars":"0.5600","count_fp":"1.00","taker_side":"no","taker_outcome_side":"no","taker_book_side":"ask","is_block_trade":false,"ts":1700000000,"ts_ms":1700000000123}}}"#,
    r#"{"type":"trade","sid":2,"seq":5,"msg":{"market_ticker":"KXT-1","yes_price":44,"no_price":56,"count":3,"taker_side":"no","ts":1700000000}}"#,
    r#"{"recv_ms":9,"event":{"type":"ticker","sid":3,"msg":{"market_ticker":"KXT-1","price_dollars":"0.6800","yes_bid_dollars":"0.0000","yes_ask_dollars":"0.6900","yes_bid_size_fp":"0.00","yes_ask_size_fp":"10.00","last_trade_size_fp":"1.06","volume_fp":"73.58","open_interest_fp":"44.34","dollar_volume":3,"dollar_open_interest":2,"ts":1700000000,"ts_ms":1700000000123,"time":"2026-05-11T12:17:33Z"}}}"#,
    r#"{"type":"ticker","sid":3,"msg":{"market_ticker":"KXT-1","price":48,"yes_bid":45,"yes_ask":53,"volume":33,"open_interest":20,"ts_ms":7}}"#,
    r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXT-1","yes_dollars_fp":[["0.0100","475.00"]]}}"#,
    r#"{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{"market_ticker":"KXT-1","yes":[[42,13]],"no":null}}"#,
    r#"{"id":1,"type":"subscribed","msg":{"channel":"trade","sid":1}}"#,
    r#"{ "recv_ms" : 1 , "event" : { "type" : "orderbook_delta" , "sid" : 1 , "seq" : 1 , "msg" : { "market_ticker" : "KXT-1" , "price_dollars" : "1.0000" , "delta_fp" : "1.5" , "side" : "yes" } } } "#,
];

fn agree(scanner: &mut Scanner, line: &[u8]) {
    let ours = scanner.parse(line);
    let theirs = CaptureLine::parse(line);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(line)),
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{ours:?} against {theirs:?}: {}", String::from_utf8_lossy(line)),
    }
}

fn taught() -> Scanner {
    let mut scanner = Scanner::new();
    for line in LINES {
        agree(&mut scanner, line.as_bytes());
    }
    scanner
}

#[test]
fn every_made_up_line_is_a_frame_read_alike_before_and_after_learning() {
    let mut scanner = taught();
    for line in LINES {
        assert!(CaptureLine::parse(line.as_bytes()).is_ok(), "{line}");
        agree(&mut scanner, line.as_bytes());
    }
}

#[test]
fn times_out_of_range_are_refused_by_field_before_and_after_learning() {
    let mut scanner = taught();
    for (from, field, to) in [
        ("\"recv_ms\":1700000000123", "recv_ms", "9223372036854775807"),
        ("\"recv_ms\":1700000000123", "recv_ms", "253402300800000"),
        ("\"recv_ms\":1700000000123", "recv_ms", "-1"),
        ("\"ts_ms\":1700000000120", "ts_ms", "253402300800000"),
        ("\"ts_ms\":1700000000120", "ts_ms", "-9223372036854775808"),
    ] {
        let line = LINES[0].replace(from, &format!("\"{field}\":{to}"));
        let error = scanner.parse(line.as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{field}: {to} is not a time between 1970 and 9999")
        );
    }
    for last in ["0", "253402300799999"] {
        let line = LINES[0].replace("1700000000123", last);
        agree(&mut scanner, line.as_bytes());
        let received = scanner.parse(line.as_bytes()).unwrap().received.unwrap();
        assert_eq!(received.millis().to_string(), last);
    }
}

#[test]
fn every_single_byte_put_in_the_place_of_another_is_read_alike() {
    let mut scanner = taught();
    for line in LINES {
        for position in 0..line.len() {
            for byte in [
                b'"', b'\\', b'0', b'9', b'-', b'.', b'e', b'}', b',', b' ', b'\n', 0x00, 0x80, b'x',
            ] {
                let mut damaged = line.as_bytes().to_vec();
                damaged[position] = byte;
                agree(&mut scanner, &damaged);
            }
            let mut shorter = line.as_bytes().to_vec();
            shorter.remove(position);
            agree(&mut scanner, &shorter);
            agree(&mut scanner, &line.as_bytes()[..position]);
        }
    }
}

proptest! {
    #[test]
    fn values_put_in_the_place_of_others_are_read_alike(
        which in 0..LINES.len(),
        nth in 0usize..16,
        value in prop::sample::select(vec![
            "0", "-0", "01", "-62135596800", "-62135596800000", "253402300799999", "253402300800000", "999999999999999999", "1.5", "1e3", "-7", "9223372036854775807", "9223372036854775808", "18446744073709551616",
            "null", "true", "\"\"", "\"0.5\"", "\"0.12345\"", "\"0.500000\"", "\".5\"", "\"5.\"", "\"1.0001\"", "\"-0.1\"",
            "\"10000000000.00\"", "\"-10000000000\"", "\"yes\"", "\"maybe\"", "\"A B\"", "\"\\u0041\"", "\"é\"", "[1]", "{}",
        ]),
    ) {
        let line = LINES[which];
        let mut scanner = taught();
        let places: Vec<usize> = line.match_indices(':').map(|(at, _)| at + 1).collect();
        let start = places[nth % places.len()];
        let length = line[start..].find([',', '}']).unwrap_or(0);
        let changed = format!("{}{value}{}", &line[..start], &line[start + length..]);
        agree(&mut scanner, changed.as_bytes());
    }

    #[test]
    fn lines_with_bytes_cut_out_or_doubled_are_read_alike(
        which in 0..LINES.len(), from in 0usize..300, length in 0usize..40, doubled: bool,
    ) {
        let line = LINES[which].as_bytes();
        let from = from % line.len();
        let to = (from + length).min(line.len());
        let mut changed = line[..from].to_vec();
        if doubled {
            changed.extend(&line[from..to]);
            changed.extend(&line[from..to]);
        }
        changed.extend(&line[to..]);
        agree(&mut taught(), &changed);
    }
}

#[test]
fn every_recorded_line_is_read_alike_whole_and_damaged() {
    let Some(data) = common::shared_data() else { return };

    for folder in ["gold15m/captures", "btc15m"] {
        let mut paths = common::files(&data.join(folder));
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "gz"));
        for path in paths {
            let mut scanner = Scanner::new();
            let mut lines = recording::open_lines(&path).unwrap();
            let mut number = 0usize;
            while let Some(Chunk::Bytes(line)) = lines.next_line().unwrap() {
                agree(&mut scanner, line);
                number += 1;
                if number.is_multiple_of(16) {
                    let mut damaged = line.to_vec();
                    let place = number.wrapping_mul(2_654_435_761) % damaged.len();
                    damaged[place] = b"0\"9-}x\\."[number / 16 % 8];
                    agree(&mut scanner, &damaged);
                }
            }
        }
    }
}
