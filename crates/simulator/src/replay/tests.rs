//! Captures, made by hand and real.

mod fills;
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kmi_domain::{BookSide, Level, Side};
use kmi_kalshi::recording::{Chunk, open_lines};
use kmi_kalshi::replay::{Replay, SequenceRule};

use super::{Captures, Speed, Timeline};
use crate::core::{Exchange, Recorded, Rules};
use crate::engine::{Clock, Engine, Settings};
use support::{capture, delta, shared_data, snapshot, steps_of, trade};

/// Levels of both sides, YES bids first, each in its contract's prices.
type Book = (Vec<Level>, Vec<Level>);

/// The books as `kmi book replay` has them at the end.
fn books_of(files: &[PathBuf], rule: SequenceRule) -> BTreeMap<String, Book> {
    let mut replay = Replay::new(rule);
    for file in files {
        replay.begin_file();
        let mut lines = open_lines(file).unwrap();
        while let Some(chunk) = lines.next_block().unwrap() {
            if let Chunk::Bytes(block) = chunk {
                replay.feed_block(block);
            }
        }
    }
    let levels = |book: &kmi_domain::book::OrderBook, side| book.levels(side).collect::<Vec<_>>();
    replay
        .books()
        .into_iter()
        .map(|held| {
            let book = (levels(held.book, Side::Yes), levels(held.book, Side::No));
            (held.ticker.to_owned(), book)
        })
        .collect()
}

fn served(exchange: &Exchange, ticker: &str) -> Book {
    let market = exchange.market_id(ticker).unwrap();
    let no = exchange.levels(market, BookSide::Ask).map(|level| Level {
        price: level.price.complement(),
        ..level
    });
    (exchange.levels(market, BookSide::Bid).collect(), no.collect())
}

/// Plays captures to an engine as fast as can be.
async fn play(files: &[PathBuf], rule: SequenceRule) -> (Engine, Captures) {
    let captures = Captures::survey(files.to_vec(), rule).unwrap();
    let now = captures.span().0;
    let engine = Engine::in_memory(&Settings::new(Rules::measured(1), now), Clock::starting(now));
    let speed = Speed::new(0.0);
    captures
        .list(&engine, captures.close_time(now, speed))
        .await
        .unwrap();
    captures.play(&engine, speed).await.unwrap();
    (engine, captures)
}

async fn ends_with_the_books_of_a_replay(files: &[PathBuf], rule: SequenceRule) {
    let (engine, captures) = play(files, rule).await;
    let expected = books_of(files, rule);
    assert!(!expected.is_empty());
    for (ticker, book) in expected {
        let served = engine.read(|view| served(view.exchange, &ticker));
        assert_eq!(served, book, "{ticker}");
    }
    let volume = engine.read(|view| {
        let markets = view.exchange.markets();
        markets.filter(|market| market.last_trade.is_some()).count()
    });
    let traded = captures.markets().iter().filter(|market| market.trades > 0);
    assert_eq!(volume, traded.count());
}

/// Two markets of one subscription, with a jump in the middle.
fn with_a_jump() -> String {
    [
        snapshot("A-1-X", 1, &[("0.4000", "10.00")], &[("0.5500", "5.00")]),
        snapshot("A-1-Y", 2, &[("0.2000", "10.00")], &[("0.7000", "5.00")]),
        delta("A-1-X", 3, 1_000, "yes", "0.4100", "3.00"),
        delta("A-1-X", 5, 2_000, "yes", "0.4200", "3.00"),
        delta("A-1-Y", 6, 2_500, "yes", "0.2000", "-20.00"),
        snapshot("A-1-X", 7, &[("0.4300", "1.00")], &[("0.5500", "5.00")]),
        delta("A-1-X", 8, 3_000, "no", "0.5500", "-5.00"),
        delta("A-1-Y", 9, 3_500, "no", "0.7100", "1.00"),
    ]
    .concat()
}

#[tokio::test]
async fn the_last_books_are_those_of_a_replay_by_either_rule() {
    let folder = tempfile::tempdir().unwrap();
    let file = capture(folder.path(), "a.jsonl", &with_a_jump());
    for rule in [SequenceRule::Strict, SequenceRule::Ignore] {
        ends_with_the_books_of_a_replay(std::slice::from_ref(&file), rule).await;
    }
}

#[tokio::test]
async fn real_captures_end_with_the_books_of_a_replay() {
    let Some(data) = shared_data() else { return };
    let bitcoin = data.join("btc15m/20260514T134028Z.jsonl.gz");
    ends_with_the_books_of_a_replay(&[bitcoin], SequenceRule::Strict).await;
    let gold = data.join("gold15m/captures/KXGOLD15M-26AUG101900-00.2026-08-10.jsonl.gz");
    ends_with_the_books_of_a_replay(&[gold], SequenceRule::Ignore).await;
}

#[test]
fn names_and_prices_are_labels_made_of_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let text = snapshot(
        "KXBTC15M-26MAY130945-45",
        1,
        &[("0.0010", "1.00")],
        &[("0.0500", "1.00")],
    ) + &trade("LONELY", 2, 1_000, "t", "0.5000", "1.00", "yes");
    let file = capture(folder.path(), "a.jsonl", &text);
    let captures = Captures::survey(vec![file], SequenceRule::Strict).unwrap();
    let of = |number: usize| {
        let market = &captures.markets()[number];
        let (series, event) = market.labels();
        (
            series.to_string(),
            event.to_string(),
            market.structure().0.to_owned(),
        )
    };
    let text = |parts: [&str; 3]| (parts[0].to_owned(), parts[1].to_owned(), parts[2].to_owned());
    assert_eq!(
        of(0),
        text(["KXBTC15M", "KXBTC15M-26MAY130945", "tapered_deci_cent"])
    );
    assert_eq!(of(1), text(["LONELY", "LONELY", "linear_cent"]));
}

#[test]
fn a_snapshot_takes_its_place_between_its_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    // The recorder's clock is five seconds ahead of the exchange's.
    let text = snapshot("M", 1, &[("0.4000", "10.00")], &[]).replace("\"recv_ms\":1,", "\"recv_ms\":6000,")
        + &delta("M", 2, 1_000, "yes", "0.4000", "1.00").replace("\"recv_ms\":1000,", "\"recv_ms\":6001,");
    let steps = steps_of(&[capture(folder.path(), "a.jsonl", &text)], SequenceRule::Strict);
    let times: Vec<i64> = steps.iter().map(|step| step.at.millis()).collect();
    assert_eq!(times, [1_000, 1_000]);
}

#[test]
fn a_frame_in_two_captures_of_one_connection_is_played_once() {
    let folder = tempfile::tempdir().unwrap();
    let text = [
        snapshot("M", 1, &[("0.4000", "10.00")], &[]),
        trade("M", 2, 1_000, "t", "0.4000", "1.00", "no"),
        delta("M", 3, 1_000, "yes", "0.4000", "-1.00"),
    ]
    .concat();
    let files = [
        capture(folder.path(), "a.jsonl", &text),
        capture(folder.path(), "b.jsonl", &text),
    ];
    let steps = steps_of(&files, SequenceRule::Strict);
    assert_eq!(steps.len(), 3);
    assert!(!steps.iter().any(|step| step.recorded == Recorded::Gap));
}

#[test]
fn another_capture_begins_with_a_gap_or_goes_on_where_jumps_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let begin = snapshot("M", 1, &[("0.4000", "10.00")], &[]);
    let files = [
        capture(folder.path(), "a.jsonl", &begin),
        capture(
            folder.path(),
            "b.jsonl",
            &delta("M", 1, 9_000, "yes", "0.4000", "1.00"),
        ),
    ];
    let gaps = |rule| {
        let steps = steps_of(&files, rule);
        steps.iter().filter(|step| step.recorded == Recorded::Gap).count()
    };
    assert_eq!((gaps(SequenceRule::Strict), gaps(SequenceRule::Ignore)), (1, 0));
}

#[test]
fn nothing_to_replay_and_no_file_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let empty = capture(folder.path(), "a.jsonl", "not a frame\n");
    let told = Captures::survey(vec![empty], SequenceRule::Strict).unwrap_err();
    assert!(told.to_string().contains("no order book"), "{told}");
    let none: PathBuf = Path::new(folder.path()).join("none.jsonl");
    assert!(Captures::survey(vec![none.clone()], SequenceRule::Strict).is_err());
    assert!(Timeline::open(&[none], SequenceRule::Strict).is_err());
}

#[tokio::test(start_paused = true)]
async fn at_sixty_times_the_speed_a_minute_takes_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let text = [
        snapshot("M", 1, &[("0.4000", "10.00")], &[]),
        delta("M", 2, 1_000, "yes", "0.4000", "1.00"),
        delta("M", 3, 61_000, "yes", "0.4000", "1.00"),
    ]
    .concat();
    let file = capture(folder.path(), "a.jsonl", &text);
    let captures = Captures::survey(vec![file], SequenceRule::Strict).unwrap();
    let now = captures.span().0;
    let engine = Engine::in_memory(&Settings::new(Rules::measured(1), now), Clock::starting(now));
    let speed = Speed::new(60.0);
    captures
        .list(&engine, captures.close_time(now, speed))
        .await
        .unwrap();
    let began = tokio::time::Instant::now();
    captures.play(&engine, speed).await.unwrap();
    let took = began.elapsed().as_millis();
    assert!((1_000..1_100).contains(&took), "{took} ms");
}
