//! What each counter of a replay counts, on captures made up for it.

use kmi_domain::Side;
use kmi_kalshi::replay::{Replay, SequenceRule, Sync};

fn snapshot(seq: u64, ticker: &str, yes: &str, no: &str) -> String {
    format!(
        r#"{{"recv_ms":1,"event":{{"type":"orderbook_snapshot","sid":1,"seq":{seq},"msg":{{"market_ticker":"{ticker}","yes_dollars_fp":{yes},"no_dollars_fp":{no}}}}}}}"#
    )
}

fn delta(seq: u64, ticker: &str, side: &str, price: &str, change: &str) -> String {
    format!(
        r#"{{"recv_ms":1,"event":{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{"market_ticker":"{ticker}","price_dollars":"{price}","delta_fp":"{change}","side":"{side}","ts_ms":1}}}}}}"#
    )
}

/// Replays files of lines.
fn replay(rule: SequenceRule, files: &[&[String]]) -> Replay {
    let mut replay = Replay::new(rule);
    for lines in files {
        replay.begin_file();
        replay.feed_block(lines.join("\n").as_bytes());
    }
    replay
}

const ONE_BID: &str = r#"[["0.4000","10.00"]]"#;

#[test]
fn frames_are_counted_by_kind_and_garbage_as_malformed() {
    let lines = [
        snapshot(1, "A", ONE_BID, "[]"),
        delta(2, "A", "no", "0.5000", "3.00"),
        r#"{"type":"trade","sid":2,"seq":1,"msg":{"trade_id":"t","market_ticker":"A","yes_price_dollars":"0.40","count_fp":"1","taker_outcome_side":"no","ts_ms":1}}"#.to_owned(),
        r#"{"type":"ticker","sid":3,"msg":{"market_ticker":"A"}}"#.to_owned(),
        r#"{"type":"subscribed","id":1,"msg":{"channel":"trade","sid":2}}"#.to_owned(),
        r#"{"type":"something_new","sid":9,"seq":4,"msg":{}}"#.to_owned(),
        String::new(),
        "garbage".to_owned(),
        r#"{"type":"orderbook_delta","sid":1,"seq":3,"msg":{"market_ticker":"A","price_dollars":"1.01","delta_fp":"1","side":"no"}}"#.to_owned(),
    ];

    let counts = replay(SequenceRule::Strict, &[&lines]).counts();

    assert_eq!(
        (counts.frames, counts.snapshots, counts.deltas, counts.trades),
        (6, 1, 1, 1)
    );
    assert_eq!(
        (counts.tickers, counts.other, counts.malformed, counts.gaps),
        (1, 2, 2, 0)
    );
}

#[test]
fn the_final_book_is_the_snapshot_and_every_change_since() {
    let lines = [
        snapshot(1, "B", ONE_BID, "[]"),
        snapshot(2, "A", ONE_BID, r#"[["0.5000","2.00"]]"#),
        delta(3, "A", "yes", "0.4100", "1.50"),
        delta(4, "A", "yes", "0.4000", "-10.00"),
    ];

    let replay = replay(SequenceRule::Strict, &[&lines]);
    let books = replay.books();

    assert_eq!([books[0].ticker, books[1].ticker], ["A", "B"]);
    assert_eq!(books[0].state, Sync::Synced);
    assert_eq!(books[0].bid(Side::Yes).unwrap().price.to_string(), "0.4100");
    assert_eq!((books[0].levels(Side::Yes), books[0].levels(Side::No)), (1, 1));
    assert_eq!(books[0].contracts(Side::Yes).to_string(), "1.50");
}

#[test]
fn a_gap_makes_the_books_of_its_subscription_stale_until_their_snapshots() {
    let lines = [
        snapshot(1, "A", ONE_BID, "[]"),
        snapshot(2, "B", ONE_BID, "[]"),
        delta(4, "A", "yes", "0.4000", "1.00"),
        delta(5, "B", "yes", "0.4000", "1.00"),
        snapshot(6, "A", ONE_BID, "[]"),
        delta(7, "A", "yes", "0.4000", "1.00"),
    ];

    let strict = replay(SequenceRule::Strict, &[&lines]);
    assert_eq!((strict.counts().gaps, strict.counts().stale_deltas), (1, 2));
    assert_eq!(
        [strict.books()[0].state, strict.books()[1].state],
        [Sync::Synced, Sync::Stale]
    );
    assert_eq!(strict.books()[0].contracts(Side::Yes).to_string(), "11.00");
    assert_eq!(strict.books()[1].contracts(Side::Yes).to_string(), "10.00");

    let ignore = replay(SequenceRule::Ignore, &[&lines]);
    assert_eq!((ignore.counts().gaps, ignore.counts().stale_deltas), (1, 0));
    assert_eq!(ignore.books()[1].contracts(Side::Yes).to_string(), "11.00");
}

#[test]
fn a_snapshot_that_is_itself_the_frame_after_a_gap_is_good() {
    let lines = [
        snapshot(1, "A", ONE_BID, "[]"),
        snapshot(9, "A", ONE_BID, "[]"),
        delta(10, "A", "yes", "0.4000", "1.00"),
    ];

    let counts = replay(SequenceRule::Strict, &[&lines]).counts();

    assert_eq!((counts.gaps, counts.stale_deltas), (1, 0));
}

#[test]
fn a_gap_leaves_the_books_of_other_subscriptions_alone() {
    let other = delta(5, "A", "yes", "0.4000", "1.00").replace("\"sid\":1", "\"sid\":2");
    let lines = [
        snapshot(1, "A", ONE_BID, "[]"),
        other.replace("\"seq\":5", "\"seq\":1").replace("\"A\"", "\"B\""),
        other.replace("\"A\"", "\"B\""),
        delta(2, "A", "yes", "0.4000", "1.00"),
    ];

    let counts = replay(SequenceRule::Strict, &[&lines]).counts();

    assert_eq!(
        (counts.gaps, counts.stale_deltas, counts.before_snapshot),
        (1, 0, 2)
    );
}

#[test]
fn a_new_file_is_a_new_connection() {
    let first = [snapshot(1, "A", ONE_BID, "[]")];
    let second = [delta(7, "A", "yes", "0.4000", "1.00")];

    let strict = replay(SequenceRule::Strict, &[&first, &second]);
    assert_eq!(
        (
            strict.counts().gaps,
            strict.counts().stale_deltas,
            strict.counts().before_snapshot
        ),
        (0, 1, 0)
    );
    assert_eq!(strict.books()[0].state, Sync::Stale);

    let ignore = replay(SequenceRule::Ignore, &[&first, &second]);
    assert_eq!(ignore.counts().stale_deltas, 0);
    assert_eq!(ignore.books()[0].contracts(Side::Yes).to_string(), "11.00");
}

#[test]
fn a_change_before_any_snapshot_is_counted_and_not_applied() {
    for rule in [SequenceRule::Strict, SequenceRule::Ignore] {
        let replay = replay(rule, &[&[delta(1, "A", "yes", "0.4000", "1.00")]]);

        assert_eq!(replay.counts().before_snapshot, 1);
        assert_eq!(
            (replay.books()[0].state, replay.books()[0].levels(Side::Yes)),
            (Sync::Stale, 0)
        );
    }
}

#[test]
fn a_level_below_nothing_makes_the_book_stale_or_goes_away() {
    let lines = [
        snapshot(1, "A", ONE_BID, "[]"),
        delta(2, "A", "yes", "0.4000", "-10.01"),
        delta(3, "A", "yes", "0.3000", "1.00"),
    ];

    let strict = replay(SequenceRule::Strict, &[&lines]);
    assert_eq!(
        (strict.counts().negative_levels, strict.counts().stale_deltas),
        (1, 1)
    );
    assert_eq!(strict.books()[0].state, Sync::Stale);

    let ignore = replay(SequenceRule::Ignore, &[&lines]);
    assert_eq!(
        (ignore.counts().negative_levels, ignore.counts().stale_deltas),
        (1, 0)
    );
    assert_eq!(
        ignore.books()[0].bid(Side::Yes).unwrap().price.to_string(),
        "0.3000"
    );
}

#[test]
fn a_book_whose_best_bids_exceed_a_dollar_is_crossed_for_as_long_as_they_do() {
    let lines = [
        snapshot(1, "A", ONE_BID, r#"[["0.6000","5.00"]]"#),
        delta(2, "A", "yes", "0.4100", "1.00"),
        delta(3, "A", "yes", "0.1000", "1.00"),
        delta(4, "A", "no", "0.6000", "-5.00"),
    ];

    assert_eq!(replay(SequenceRule::Strict, &[&lines]).counts().crossed, 2);
}
