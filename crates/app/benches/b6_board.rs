//! B6, the board's part: pages of 100 markets out of 20,000 while 5,800 updates a second come in.
//!
//! Four queries in turn (by volume, by movement, a search, page after page), on one thread, with another that writes. Every page is checked to
//! be in the order it was asked for.

#![recursion_limit = "256"]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{MARKETS, PAGE, all_series, at, events, median, page, runs, update};
use kmi_app::board::{Board, BoardQuery, BoardSettings, Sort, Sweep};
use serde_json::json;

/// Least pages a second.
const TARGET: f64 = 20_000.0;

fn main() {
    let board = Board::new(BoardSettings::default());
    board.take_series(all_series());
    board.take_events(events());
    for place in 0..MARKETS / PAGE {
        board.take_sweep(Sweep {
            asked: at(0),
            markets: page(place, 0),
        });
    }
    let mut pages = Vec::new();
    let (mut slowest, mut written) = (Vec::new(), 0);
    for _ in 0..runs() {
        let stop = AtomicBool::new(false);
        let updates = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| write(&board, &stop, &updates));
            let (rate, p999) = read(&board);
            pages.push(rate);
            slowest.push(p999);
            stop.store(true, Ordering::Relaxed);
        });
        written += updates.load(Ordering::Relaxed);
    }
    let line = json!({
        "id": "B6", "case": "pages of 100 from the board", "unit": "pages/s", "value": median(&pages), "runs": pages, "target": TARGET,
        "check": format!("every page in order; {written} updates came in meanwhile; p99.9 {:.0} µs", median(&slowest)),
    });
    println!("{line}");
}

/// 5,800 updates a second, in packets of 29.
fn write(board: &Board, stop: &AtomicBool, updates: &AtomicUsize) {
    let start = Instant::now();
    for packet in 0_u32.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        for number in 0..29 {
            let number = packet as usize * 29 + number;
            board.take_ticker(&update(number), at(10 + number / 5_800));
            updates.fetch_add(1, Ordering::Relaxed);
        }
        let due = Duration::from_millis(5) * (packet + 1);
        std::thread::sleep(due.saturating_sub(start.elapsed()));
    }
}

/// Pages a second over two seconds, and how many µs the slowest of a thousand takes.
fn read(board: &Board) -> (f64, f64) {
    let query = |search: &str, sort| BoardQuery {
        search: search.to_owned(),
        sort,
        limit: 100,
        ..BoardQuery::default()
    };
    let mut queries = [
        query("", Sort::Volume24h),
        query("", Sort::Movement),
        query("temp city 7", Sort::Volume24h),
        query("", Sort::Ticker),
    ];
    let start = Instant::now();
    let mut times = Vec::new();
    while start.elapsed() < Duration::from_secs(2) {
        for query in &mut queries {
            let asked = Instant::now();
            let page = board.query(query).expect("the cursor is ours");
            times.push(asked.elapsed().as_secs_f64() * 1e6);
            assert!(!page.markets.is_empty());
            if query.sort == Sort::Ticker {
                assert!(page.markets.is_sorted_by(|a, b| a.ticker() < b.ticker()));
                query.cursor = page.next_cursor;
            }
        }
    }
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    (rate, times[times.len() * 999 / 1_000])
}
