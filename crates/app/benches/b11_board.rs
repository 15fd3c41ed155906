//! B11, the board alone: memory of 20,000 markets with events and series, after sweeps as they come over the wire, with the
//! stream's updates told, each of them encoded, the ring full and the trades kept.
//!
//! Prints two JSON lines: everything of the board's, and bodies, events and series alone. The figures are what the process holds
//! over what it held before; they count because every market is found, by its name and by its text.

#![recursion_limit = "256"]

mod common;

use bytes::Bytes;
use common::{MARKETS, PAGE, all_series, at, events, page, update};
use kmi_app::board::{Board, BoardQuery, BoardSettings, Sort, Sweep};
use kmi_app::hub::{Batch, Format, Interest, Kinds};
use kmi_domain::{Price, PublicTrade, Quantity, Side};
use kmi_kalshi::ws::message::Trade;
use serde_json::json;

/// Most MB of the whole server.
const TARGET_MB: f64 = 120.0;

fn main() {
    let before = resident_mb();
    let board = Board::new(BoardSettings::default());
    sweep(&board, 0);
    board.take_series(all_series());
    board.take_events(events());
    let filled = resident_mb() - before;
    for number in 1..=10 {
        sweep(&board, number);
    }
    tell(&board);
    trade(&board);
    let lived = resident_mb() - before;
    check(&board);
    for (case, value) in [
        ("board of 20,000 markets", lived),
        ("board of 20,000 markets, just filled", filled),
    ] {
        let line = json!({
            "id": "B11", "case": case, "unit": "MB", "value": value, "target": TARGET_MB,
            "check": format!(
                "{MARKETS} markets found by name and by text; {:.1} MB of it remembered events", mb(board.hub().bytes())),
        });
        println!("{line}");
    }
}

fn mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// What the process holds, in millions of bytes.
fn resident_mb() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("Linux tells what a process holds");
    let resident: usize = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .expect("the second number");
    mb(resident * 4_096)
}

fn sweep(board: &Board, number: usize) {
    for place in 0..MARKETS / PAGE {
        board.take_sweep(Sweep {
            asked: at(number * 5),
            markets: page(place, number),
        });
    }
    board.end_sweep(at(number * 5 + 1));
}

/// 60,000 updates, each written as JSON twice.
fn tell(board: &Board) {
    let interest = Interest {
        kinds: Kinds::ALL,
        markets: None,
    };
    let mut reader = board.hub().reader(board.hub().last(), interest);
    for number in 0..60_000 {
        board.take_ticker(&update(number), at(100 + number / 5_800));
        if let Some(Batch::Events(events)) = reader.now() {
            for event in events {
                event.encoded(Format::Own, |_| Bytes::from(vec![b'x'; 700]));
                event.encoded(Format::Relay, |_| Bytes::from(vec![b'x'; 400]));
            }
        }
    }
}

/// 150,000 trades.
fn trade(board: &Board) {
    for number in 0..150_000_usize {
        let trade = PublicTrade {
            id: format!("00000000-0000-4000-8000-{number:012}")
                .parse()
                .expect("an id"),
            ticker: common::ticker(number * 7919 % MARKETS).parse().expect("a ticker"),
            time: at(200),
            yes_price: Price::from_cents(40).expect("a price"),
            quantity: Quantity::ONE,
            taker: Side::Yes,
            is_block: false,
        };
        board.take_trade(Trade::from(&trade), at(200));
    }
}

fn check(board: &Board) {
    assert_eq!(board.len(), MARKETS);
    let query = BoardQuery {
        search: "climate KXHIGHBENCH".to_owned(),
        sort: Sort::Ticker,
        limit: 10,
        ..BoardQuery::default()
    };
    assert_eq!(board.query(&query).map(|page| page.total), Ok(MARKETS));
    for market in 0..MARKETS {
        let ticker = common::ticker(market).parse().expect("a ticker");
        assert!(board.market(&ticker).is_some_and(|market| market.event.is_some()));
    }
}
