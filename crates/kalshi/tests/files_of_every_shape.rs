//! Files of every shape, and of no shape at all.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::io::Write;
use std::path::Path;

use kmi_kalshi::recording::{self, Completeness, IgnoredBody, Item, Record, RecordingError, RecordingKind};

const TRADE: &str = r#"{"trade_id":"t1","ticker":"KXA-1","count":6,"created_time":"2024-01-02T03:04:05Z","yes_price":15,"no_price":85,"taker_side":"no"}"#;
const EVENT: &str = r#"{"event":{"event_ticker":"KXA","series_ticker":"KX","title":"A?"},"markets":[{"ticker":"KXA-1","status":"active"},{"ticker":"KXA-2","status":"active"}]}"#;
const FRAME: &str = r#"{"recv_ms":7,"event":{"type":"orderbook_delta","sid":1,"seq":1,"msg":{"market_ticker":"KXA-1","price_dollars":"0.4","delta_fp":"1","side":"no"}}}"#;

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn items(path: &Path) -> (RecordingKind, Vec<Item>) {
    let recording = recording::open(path).unwrap();
    let kind = recording.kind();
    (kind, recording.map(Result::unwrap).collect())
}

/// One word per record, the reason of a rejection with its line.
fn told(bytes: &[u8]) -> (RecordingKind, Vec<String>) {
    let file = file(bytes);
    let (kind, items) = items(file.path());
    let word = |item: Item| match item.record {
        Ok(Record::Series(series)) => format!("series {}", series.ticker),
        Ok(Record::Event(event)) => format!("event {}", event.ticker),
        Ok(Record::Market(market)) => format!("market {}", market.ticker),
        Ok(Record::Trade(trade)) => format!("trade {}", trade.id),
        Ok(Record::Candle(candle)) => format!(
            "candle {} {}m {}",
            candle.ticker,
            candle.period_min,
            candle.end.seconds()
        ),
        Ok(Record::Frame(line)) => format!("frame {:?}", line.frame.seq),
        Ok(Record::Ignored(body)) => format!("ignored {body:?}"),
        Err(rejection) => format!("line {}: {rejection}", rejection.line),
    };
    (kind, items.into_iter().map(word).collect())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compression_is_told_by_the_first_bytes_and_members_are_read_on() {
    let line = format!("{TRADE}\n");
    let two_members = [gzip(line.as_bytes()), gzip(line.replace("t1", "t2").as_bytes())].concat();
    let zst = zstd::encode_all(line.as_bytes(), 3).unwrap();

    assert_eq!(
        told(&two_members),
        (
            RecordingKind::Trades,
            vec!["trade t1".to_owned(), "trade t2".to_owned()]
        )
    );
    assert_eq!(told(&zst), (RecordingKind::Trades, vec!["trade t1".to_owned()]));
}

#[test]
fn a_cut_off_file_is_an_error_and_not_its_beginning() {
    let mut lines = String::new();
    for number in 0..20_000 {
        lines.push_str(&TRADE.replace("t1", &format!("t{number}-{}", number * 7_919)));
        lines.push('\n');
    }
    let gz = gzip(lines.as_bytes());
    let zst = zstd::encode_all(lines.as_bytes(), 3).unwrap();
    for whole in [gz, zst] {
        let file = file(&whole[..whole.len() - 20]);
        let error = match recording::open(file.path()) {
            Ok(mut recording) => recording.find_map(Result::err),
            Err(error) => Some(error),
        };
        assert!(matches!(error, Some(RecordingError::Read { .. })), "{error:?}");
        assert!(error.unwrap().to_string().contains("cannot be read through"));
    }
}

#[test]
fn a_bad_line_is_rejected_with_its_number_and_the_others_are_taken() {
    let deep = "[".repeat(100_000);
    let lines = [
        TRADE,
        "garbage",
        &TRADE.replace("15", "101"),
        "",
        r#"{"hello":"world"}"#,
        r#"{"trade_id":NaN}"#,
        &format!(r#"{{"trade_id":"t","ticker":"A","x":{deep}"#),
        &TRADE.replace(":6", ":1e999"),
        &TRADE.replace("t1", "t9"),
    ]
    .join("\n");
    let mut bytes = lines.into_bytes();
    bytes.extend(b"\n{\"trade_id\":\"\xff\"}\n");

    let (kind, told) = told(&bytes);

    assert_eq!(kind, RecordingKind::Trades);
    assert_eq!(told[0], "trade t1");
    assert!(
        told[1].starts_with("line 2: is not JSON of the exchange: "),
        "{}",
        told[1]
    );
    assert_eq!(told[2], "line 3: yes_price: 101 is outside 0..100 cents");
    assert_eq!(told[3], "line 5: is no object of the exchange's API");
    assert!(told[4].starts_with("line 6: is not JSON"), "{}", told[4]);
    assert!(told[5].starts_with("line 7: is not JSON"), "{}", told[5]);
    assert!(told[6].starts_with("line 8: is not JSON"), "{}", told[6]);
    assert_eq!(told[7], "trade t9");
    assert_eq!(told[8], "line 10: is not UTF-8");
}

#[test]
fn a_file_whose_only_line_is_bad_is_of_its_kind_all_the_same() {
    let (kind, told) = told(TRADE.replace("15", "101").as_bytes());

    assert_eq!(kind, RecordingKind::Trades);
    assert_eq!(told, ["line 1: yes_price: 101 is outside 0..100 cents"]);
}

#[test]
fn a_file_of_something_else_is_an_error_that_says_what_was_expected() {
    for bytes in [
        &b"hello world\nthis is prose\n"[..],
        b"a,b,c\n1,2,3\n",
        br#"{"hello":"world"}"#,
        b"[1,2,3]",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\x00\x01\x02\x03",
    ] {
        let file = file(bytes);
        let error = recording::open(file.path()).unwrap_err();
        assert!(matches!(error, RecordingError::UnknownFormat { .. }), "{error}");
        assert!(error.to_string().contains("unknown format; expected a capture"));
    }
    let broken = file(b"{\n \"event\": {\n");
    let error = recording::open(broken.path()).unwrap_err();
    assert!(matches!(error, RecordingError::NotJson { .. }), "{error}");
    let error = recording::open(Path::new("no/such/file")).unwrap_err();
    assert!(
        error.to_string().starts_with("no/such/file: cannot be opened"),
        "{error}"
    );
}

#[test]
fn an_empty_file_is_empty_and_an_empty_page_is_of_its_kind() {
    assert_eq!(told(b""), (RecordingKind::Empty, vec![]));
    assert_eq!(
        told(b"{\n\"trades\": [],\n\"cursor\": \"\"\n}"),
        (RecordingKind::Trades, vec![])
    );
}

#[test]
fn an_empty_page_in_one_line_is_of_its_kind_too() {
    for (page, kind) in [
        (r#"{"trades":[],"cursor":""}"#, RecordingKind::Trades),
        (r#"{"markets":[],"cursor":""}"#, RecordingKind::Markets),
        (
            r#"{"events":[],"cursor":"","milestones":[]}"#,
            RecordingKind::Events,
        ),
        (r#"{"ticker":"A","candlesticks":[]}"#, RecordingKind::Candles),
        (
            r#"{"markets":[{"market_ticker":"A","candlesticks":[]}]}"#,
            RecordingKind::Candles,
        ),
        (
            r#"{"market_tickers":[],"market_candlesticks":[]}"#,
            RecordingKind::Candles,
        ),
    ] {
        assert_eq!(told(page.as_bytes()), (kind, vec![]), "{page}");
        let spread = page.replacen('{', "{\n", 1);
        assert_eq!(told(spread.as_bytes()), (kind, vec![]), "{spread}");
    }
}

#[test]
fn empty_pages_among_lines_are_no_rejections() {
    let empty = r#"{"trades":[],"cursor":""}"#;
    let full = format!("{{\"trades\":[{TRADE}],\"cursor\":\"c\"}}");
    let text = format!("{empty}\n{full}\n{empty}\n\n{empty}\ngarbage\n");

    let (kind, told) = told(text.as_bytes());

    assert_eq!((kind, told.len()), (RecordingKind::Trades, 2));
    assert_eq!(told[0], "trade t1");
    assert!(told[1].starts_with("line 6: is not JSON"), "{}", told[1]);
}

#[test]
fn an_event_comes_before_its_markets_in_any_envelope() {
    let expected = vec![
        "event KXA".to_owned(),
        "market KXA-1".to_owned(),
        "market KXA-2".to_owned(),
    ];
    let nested = r#"[{"event_ticker":"KXA","series_ticker":"KX","title":"A?","markets":[{"ticker":"KXA-1","status":"active"},{"ticker":"KXA-2","status":"active"}]}]"#;
    for text in [
        EVENT.to_owned(),
        format!("{{\n\"_metadata\":{{\"ticker\":\"KXA\"}},\n\"response\":{EVENT}}}"),
        format!("{{\n\"fetched_at_ms\":5,\"response\":{EVENT},\"status\":200,\"url\":\"x\"}}"),
        format!("[\n{EVENT}\n]"),
        format!("\u{feff}{EVENT}"),
        r#"{"markets":[{"ticker":"KXA-1","status":"active"},{"ticker":"KXA-2","status":"active"}],"event":{"event_ticker":"KXA","series_ticker":"KX"}}"#.to_owned(),
        nested.to_owned(),
        format!(r#"{{"events":{nested},"cursor":"x","milestones":[]}}"#),
    ] {
        let (kind, told) = told(text.as_bytes());
        assert_eq!((kind, told), (RecordingKind::Events, expected.clone()), "{text}");
    }
}

#[test]
fn pages_and_maps_and_single_objects_are_looked_into() {
    let series =
        r#"{"ticker":"KX","frequency":"daily","title":"X","fee_type":"quadratic","fee_multiplier":1}"#;
    assert_eq!(
        told(format!("{{\"payloads\":{{\"KX\":{{\"series\":{series}}}}}}}").as_bytes()).1,
        ["series KX"]
    );
    assert_eq!(
        told(format!("{{\"series\":[{series}]}}").as_bytes()).1,
        ["series KX"]
    );
    assert_eq!(
        told(format!("{{\"trades\":[{TRADE},{TRADE}],\"cursor\":\"c\"}}").as_bytes()).1,
        ["trade t1", "trade t1"]
    );
    assert_eq!(
        told(br#"{"market":{"ticker":"KXA-1","status":"active"}}"#).1,
        ["market KXA-1"]
    );
    assert_eq!(
        told(br#"{"orderbook_fp":{"yes_dollars":[],"no_dollars":[]}}"#),
        (
            RecordingKind::Ignored,
            vec![format!("ignored {:?}", IgnoredBody::OrderBook)]
        )
    );
}

#[test]
fn candles_know_their_market_and_period_from_what_surrounds_them() {
    let candle = |end: i64| format!(r#"{{"end_period_ts":{end},"volume":0,"open_interest":0}}"#);
    let two = format!("[{},{}]", candle(3_600), candle(7_200));
    for (text, expected) in [
        (
            format!(
                r#"{{"_metadata":{{"ticker":"A","period_interval":60}},"response":{{"candlesticks":{two}}}}}"#
            ),
            ["candle A 60m 3600", "candle A 60m 7200"],
        ),
        (
            format!(r#"{{"ticker":"A","candlesticks":{two}}}"#),
            ["candle A 60m 3600", "candle A 60m 7200"],
        ),
        (
            format!(r#"{{"markets":[{{"market_ticker":"A","candlesticks":{two}}}]}}"#),
            ["candle A 60m 3600", "candle A 60m 7200"],
        ),
        (
            format!(r#"{{"markets":{{"A":{{"period_interval":1,"candlesticks":{two}}}}}}}"#),
            ["candle A 1m 3600", "candle A 1m 7200"],
        ),
        (
            format!(
                r#"{{"market_tickers":["A","B"],"period_interval":60,"market_candlesticks":[[{}],[{}]]}}"#,
                candle(3_600),
                candle(60)
            ),
            ["candle A 60m 3600", "candle B 60m 60"],
        ),
    ] {
        assert_eq!(told(text.as_bytes()).1, expected, "{text}");
    }
    let alone = format!(r#"{{"ticker":"A","candlesticks":[{}]}}"#, candle(60));
    assert_eq!(told(alone.as_bytes()).1, ["line 1: period_interval: missing"]);
}

#[test]
fn tables_are_read_by_their_header() {
    let markets = "window,event_ticker,close_time,status,result,title\nA,E,2026-08-10T22:00:00Z,finalized,no,\"a, \"\"b\"\"\nc\"\nB,E,,finalized,\nC,E,soon,finalized,yes,\n";
    let (kind, rows) = told(markets.as_bytes());
    assert_eq!(kind, RecordingKind::Markets);
    assert_eq!(rows[0], "market A");
    assert_eq!(rows[1], "line 4: row has 5 cells, the header has 6");
    assert_eq!(rows[2], r#"line 5: close_time: "soon" is not an RFC 3339 time"#);

    let trades = "trade_id,ticker,yes_price,count,created_time,taker_side\nt1,A,15,6,2024-01-02T03:04:05Z,no\nt2,A,0.1550,6.50,2024-01-02T03:04:05Z,no\n\"t3,A,1\n";
    let (kind, rows) = told(trades.as_bytes());
    assert_eq!(kind, RecordingKind::Trades);
    assert_eq!(rows, ["trade t1", "trade t2", "line 4: row is not well quoted"]);

    let fills = "count,yes_price,outcome_side,is_taker,fee_cost\n1,0.5,yes,true,0.0175\n";
    assert_eq!(
        told(fills.as_bytes()),
        (RecordingKind::Ignored, vec!["ignored Fill".to_owned()])
    );
}

#[test]
fn a_table_may_write_its_integers_with_a_decimal() {
    let text = "trade_id,ticker,yes_price,no_price,count,created_time,taker_side\n\
                t1,A,1.0,99.0,6.0,2024-01-02T03:04:05Z,no\nt2,A,1.0000,,6.0,2024-01-02T03:04:05Z,no\n";
    let file = file(text.as_bytes());
    let prices: Vec<_> = items(file.path())
        .1
        .into_iter()
        .map(|item| match item.record.unwrap() {
            Record::Trade(trade) => (trade.yes_price.units(), trade.quantity.to_string()),
            other => panic!("{other:?}"),
        })
        .collect();

    assert_eq!(prices, [(100, "6.00".to_owned()), (10_000, "6.00".to_owned())]);
}

#[test]
fn a_capture_is_complete_when_its_sequence_is() {
    for (next, completeness) in [("2", Completeness::Complete), ("3", Completeness::Filtered)] {
        let text = format!(
            "{FRAME}\n{}\n",
            FRAME.replace("\"seq\":1", &format!("\"seq\":{next}"))
        );
        let file = file(text.as_bytes());
        let mut recording = recording::open(file.path()).unwrap();
        let frames = recording
            .by_ref()
            .map(Result::unwrap)
            .filter(|item| item.record.is_ok())
            .count();

        assert_eq!((recording.kind(), frames), (RecordingKind::Capture, 2));
        assert_eq!(recording.completeness(), Some(completeness));
    }
    let bare = FRAME.replace(r#"{"recv_ms":7,"event":"#, "");
    let bare = bare.strip_suffix('}').unwrap();
    assert_eq!(told(format!("{bare}\nnot json\n{bare}").as_bytes()).1.len(), 3);
}
