//! B1: how many recorded frames a single core turns from bytes into books with their best quotes, against `serde_json`.
//!
//! `serde_json alone` decodes the same lines into borrowed structs of text and numbers and does nothing with them; a second
//! reference puts its values into the same books. The figures count only if both sides end with equal books.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench program reports on them"
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench stops at what it does not expect"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use kmi_domain::book::OrderBook;
use kmi_domain::{Level, Price, Quantity, Side};
use kmi_kalshi::recording::{self, Chunk};
use kmi_kalshi::replay::{Replay, SequenceRule};
use serde::Deserialize;

const TARGET: f64 = 4_000_000.0;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "recv_ms")]
    _recv_ms: u64,
    #[serde(borrow)]
    event: Event<'a>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "sid")]
    _sid: u64,
    #[serde(rename = "seq", default)]
    _seq: u64,
    #[serde(borrow)]
    msg: Msg<'a>,
}

#[derive(Deserialize)]
struct Msg<'a> {
    market_ticker: &'a str,
    #[serde(default)]
    price_dollars: &'a str,
    #[serde(default)]
    delta_fp: &'a str,
    #[serde(default)]
    side: &'a str,
    #[serde(default, rename = "ts_ms")]
    _ts_ms: u64,
    #[serde(borrow, default)]
    yes_dollars_fp: Vec<(&'a str, &'a str)>,
    #[serde(borrow, default)]
    no_dollars_fp: Vec<(&'a str, &'a str)>,
}

fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    block.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn ours(files: &[Vec<u8>]) -> Replay {
    let mut replay = Replay::new(SequenceRule::Ignore);
    for file in files {
        replay.begin_file();
        replay.feed_block(file);
    }
    replay
}

fn serde_alone(files: &[Vec<u8>]) -> u64 {
    let mut frames = 0;
    for line in files.iter().flat_map(|file| lines(file)) {
        black_box(serde_json::from_slice::<Line<'_>>(line).expect("a frame"));
        frames += 1;
    }
    frames
}

/// The same books by the plainest code, to check ours against.
fn plain_books(files: &[Vec<u8>]) -> BTreeMap<String, OrderBook> {
    let mut books: BTreeMap<String, OrderBook> = BTreeMap::new();
    for line in files.iter().flat_map(|file| lines(file)) {
        let line: Line<'_> = serde_json::from_slice(line).expect("a frame");
        let msg = &line.event.msg;
        match line.event.kind {
            "orderbook_snapshot" => {
                let levels = |list: &[(&str, &str)]| -> Vec<Level> {
                    let level = |(price, quantity): &(&str, &str)| Level {
                        price: price.parse().unwrap(),
                        quantity: quantity.parse().unwrap(),
                    };
                    list.iter().map(level).collect()
                };
                let (yes, no) = (levels(&msg.yes_dollars_fp), levels(&msg.no_dollars_fp));
                let book = books.entry(msg.market_ticker.to_owned()).or_default();
                book.replace(yes.into_iter(), no.into_iter());
            }
            "orderbook_delta" => {
                let side = if msg.side == "yes" { Side::Yes } else { Side::No };
                let (price, change): (Price, Quantity) =
                    (msg.price_dollars.parse().unwrap(), msg.delta_fp.parse().unwrap());
                if let Some(book) = books.get_mut(msg.market_ticker)
                    && book.apply(side, price, change).is_err()
                {
                    book.remove(side, price);
                }
            }
            _ => {}
        }
    }
    books
}

fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("KMI_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let data = shared.join("data");
    data.is_dir().then_some(data)
}

fn captures(folder: &Path, prefix: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(prefix) && name.ends_with(".gz")
    });
    paths.sort();
    let read = |path: &PathBuf| {
        let mut lines = recording::open_lines(path).unwrap();
        let mut bytes = Vec::new();
        while let Some(Chunk::Bytes(block)) = lines.next_block().unwrap() {
            bytes.extend_from_slice(block);
        }
        bytes
    };
    paths.iter().map(read).collect()
}

/// A capture made up from a seed, for machines without recorded ones.
fn synthetic() -> Vec<Vec<u8>> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut text = String::new();
    let ticker = "KXSYNTH-26JAN01-T1";
    let id = "00000000-0000-4000-8000-000000000000";
    writeln!(text, r#"{{"recv_ms":1700000000000,"event":{{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{{"market_ticker":"{ticker}","market_id":"{id}"}}}}}}"#).unwrap();
    let mut resting = [0u64; 200];
    for seq in 2..500_002u64 {
        let level = next(200);
        let held = &mut resting[usize::try_from(level).unwrap()];
        let change = if *held > 0 && next(2) == 0 {
            let taken = 1 + next(*held);
            *held -= taken;
            format!("-{}.{:02}", taken / 100, taken % 100)
        } else {
            let added = 1 + next(50_000);
            *held += added;
            format!("{}.{:02}", added / 100, added % 100)
        };
        // YES and NO bids stay below fifty cents, so that the book never crosses.
        let (side, price) = if level < 100 {
            ("yes", level)
        } else {
            ("no", level - 100)
        };
        let (ms, price) = (1_700_000_000_000 + seq, price * 49);
        writeln!(text, r#"{{"recv_ms":{ms},"event":{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{"market_ticker":"{ticker}","market_id":"{id}","price_dollars":"0.{price:04}","delta_fp":"{change}","side":"{side}","ts":"2026-01-01T00:00:00.{:06}Z","ts_ms":{ms}}}}}}}"#, seq % 1_000_000).unwrap();
    }
    vec![text.into_bytes()]
}

/// Time on the wall, and on the processor where the system tells it: other programs take away only the former.
struct Clock {
    started: Instant,
    on_processor_ns: Option<u64>,
}

impl Clock {
    fn start() -> Clock {
        Clock {
            started: Instant::now(),
            on_processor_ns: on_processor_ns(),
        }
    }

    fn seconds(&self) -> (f64, f64) {
        let wall = self.started.elapsed().as_secs_f64();
        let spent = on_processor_ns()
            .zip(self.on_processor_ns)
            .map(|(now, then)| (now - then) as f64 / 1e9);
        (wall, spent.unwrap_or(wall))
    }
}

fn on_processor_ns() -> Option<u64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split_whitespace().next()?.parse().ok()
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn list(figures: &[f64]) -> String {
    let figures: Vec<String> = figures.iter().map(|figure| format!("{figure:.0}")).collect();
    format!("[{}]", figures.join(","))
}

fn measure(case: &str, files: &[Vec<u8>], runs: usize) {
    let expected = plain_books(files);
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    let (mut mine_on_cpu, mut theirs_on_cpu) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let clock = Clock::start();
        let replay = black_box(ours(files));
        let (wall, cpu) = clock.seconds();
        let counts = replay.counts();
        assert_eq!(counts.malformed, 0);
        mine.push(counts.frames as f64 / wall);
        mine_on_cpu.push(counts.frames as f64 / cpu);
        let books = replay.books();
        assert_eq!(books.len(), expected.len());
        assert!(
            books.iter().all(|book| expected[book.ticker] == *book.book),
            "books differ"
        );

        let clock = Clock::start();
        let frames = black_box(serde_alone(files));
        let (wall, cpu) = clock.seconds();
        theirs.push(frames as f64 / wall);
        theirs_on_cpu.push(frames as f64 / cpu);
        assert_eq!(frames, counts.frames);
    }
    println!(
        r#"{{"id":"B1","case":"{case}","unit":"frames/s","value":{:.0},"runs":{},"per_cpu_second":{:.0},"target":{TARGET:.0},"reference":{{"name":"serde_json alone","value":{:.0},"runs":{},"per_cpu_second":{:.0}}},"check":"final books of all {} markets equal those of a plain serde_json replay, no malformed frame"}}"#,
        median(&mine),
        list(&mine),
        median(&mine_on_cpu),
        median(&theirs),
        list(&theirs),
        median(&theirs_on_cpu),
        expected.len(),
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runs = arguments.iter().position(|argument| argument == "--runs");
    let runs = runs
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(5);
    let only = arguments
        .iter()
        .position(|argument| argument == "--case")
        .and_then(|at| arguments.get(at + 1));
    let wanted = |case: &str| only.is_none_or(|only| case.starts_with(only.as_str()));
    let Some(data) = shared() else {
        eprintln!("no ../shared/data: measuring on a made-up capture");
        return measure("synthetic capture", &synthetic(), runs);
    };
    if wanted("gold") {
        measure(
            "gold captures",
            &captures(&data.join("gold15m/captures"), ""),
            runs,
        );
    }
    if wanted("bitcoin") {
        measure("bitcoin captures", &captures(&data.join("btc15m"), "2026"), runs);
    }
}
