//! Moving days to the archive and reading them as if they had never moved.

use std::collections::BTreeSet;

use kmi_domain::{Level, Market, MarketResult, Quantity, Side, Timestamp};
use kmi_storage::{
    ArchiveKind, BookChange, BookEntry, BookQuery, CaptureRecord, Completeness, Ids, TradeQuery,
};

use crate::house::{House, at, meta, price, settled, ticker, trade};

pub(crate) async fn a_rolled_day_reads_as_it_did_before(house: House) {
    let trades = [
        trade("t1", "A-1", "2T10:00:00", "0.42"),
        trade("t2b", "B-1", "2T10:00:00", "0.0001"),
        trade("t3", "A-1", "3T10:00:00", "0.44"),
        trade("t4", "A-1", "4T10:00:00", "0.45"),
    ];
    house.take(&trades).await;

    let report = house.store.roll(at("2026-01-04T12:00:00Z")).await.unwrap();

    assert_eq!((report.files.len(), report.rows(ArchiveKind::Trades)), (2, 3));
    assert_eq!(
        house.store.counts().await.unwrap().tables["public_trades"],
        1,
        "the day is not over"
    );
    assert_eq!(house.trades().await, trades);
    assert!(house.store.verify_archive().await.unwrap().is_sound());
    assert_eq!(house.store.archive_files().await.unwrap(), report.files);
    assert!(report.files[0].path.starts_with("trades/day=2026-01-02/part-"));
    assert!(
        house
            .store
            .roll(at("2026-01-04T12:00:00Z"))
            .await
            .unwrap()
            .files
            .is_empty()
    );
}

pub(crate) async fn an_archived_trade_is_still_a_duplicate(house: House) {
    let trades = [
        trade("t1", "A-1", "2T10:00:00", "0.42"),
        trade("t2", "A-1", "3T10:00:00", "0.43"),
    ];
    house.take(&trades).await;
    house.store.roll(at("2026-01-03T00:00:00Z")).await.unwrap();

    assert_eq!(house.take(&trades).await, (0, 2, 0));
    assert_eq!(house.trades().await, trades);
}

pub(crate) async fn older_trades_after_a_roll_join_their_day(house: House) {
    let middle = trade("t2", "A-1", "2T10:00:00", "0.42");
    house.take(std::slice::from_ref(&middle)).await;
    house.store.roll(at("2026-01-03T00:00:00Z")).await.unwrap();
    let before = trade("t1", "A-1", "2T10:00:00", "0.41");
    let after = trade("t3", "A-1", "2T10:00:00", "0.43");
    assert_eq!(house.take(&[after.clone(), before.clone()]).await, (2, 0, 2));
    let expected = [before, middle, after];

    assert_eq!(
        house.trades().await,
        expected,
        "archived and hot rows of one day, by id"
    );
    house.store.roll(at("2026-01-03T00:00:00Z")).await.unwrap();

    assert_eq!(house.trades().await, expected, "two files of one day");
    assert_eq!(house.store.archive_files().await.unwrap().len(), 2);
    let without_ids = house
        .store
        .trades(TradeQuery::default())
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    assert_eq!(without_ids.price, [4_100, 4_200, 4_300]);
    assert!(without_ids.ids.is_empty());
    assert_eq!(TradeQuery::default().ids, Ids::Skip);
}

pub(crate) async fn metadata_of_settled_markets_moves_and_is_not_taken_again(house: House) {
    let over = settled("A-1", "A", "2026-01-02T10:00:00Z", MarketResult::Yes);
    let open = Market {
        result: None,
        status: kmi_domain::MarketStatus::Closed,
        ..settled("A-2", "A", "2026-01-02T10:00:00Z", MarketResult::Yes)
    };
    let reports = [(over, "{\"a\":1}".to_owned()), (open, "{\"a\":2}".to_owned())];
    for moved in [1, 0] {
        let mut import = house.store.begin_import(meta("markets")).await.unwrap();
        import.put_markets(&reports).await.unwrap();
        import.commit("markets", 2, 0).await.unwrap();
        let report = house.store.roll(at("2026-01-04T00:00:00Z")).await.unwrap();
        assert_eq!(report.rows(ArchiveKind::Markets), moved);
    }
    assert!(house.store.verify_archive().await.unwrap().is_sound());
    assert_eq!(
        house
            .store
            .markets(&kmi_storage::MarketQuery::default())
            .await
            .unwrap()
            .len(),
        2
    );
}

fn entry(frame: u64, market: &str, received: &str, change: BookChange) -> BookEntry {
    BookEntry {
        ticker: ticker(market),
        received: at(received),
        time: frame.is_multiple_of(2).then(|| at("2026-01-02T09:59:59.5Z")),
        sid: Some(2),
        seq: (frame != 3).then_some(u64::from(u32::MAX) + frame),
        frame,
        change,
    }
}

fn level(at: &str, contracts: &str) -> Level {
    Level {
        price: price(at),
        quantity: contracts.parse().unwrap(),
    }
}

/// A capture over midnight, its clock jumping back once.
pub(crate) fn frames() -> Vec<BookEntry> {
    let delta = |quantity: &str| BookChange::Delta {
        side: Side::No,
        price: price("0.5650"),
        quantity: quantity.parse::<Quantity>().unwrap(),
    };
    let first = BookChange::Snapshot {
        yes: vec![level("0.4", "2548.49"), level("0.41", "1")],
        no: vec![level("0.0010", "3")],
    };
    let empty = BookChange::Snapshot {
        yes: vec![],
        no: vec![],
    };
    let print = BookChange::Trade {
        id: "t9".parse().unwrap(),
        yes_price: price("0.44"),
        quantity: Quantity::ONE,
        taker: Side::Yes,
        is_block: true,
    };
    vec![
        entry(0, "A-1", "2026-01-02T23:59:59.1Z", first.clone()),
        entry(1, "B-1", "2026-01-02T23:59:59.3Z", empty.clone()),
        entry(2, "A-1", "2026-01-02T23:59:59.2Z", delta("-7.25")),
        entry(3, "A-1", "2026-01-03T00:00:00.1Z", print),
        entry(5, "A-1", "2026-01-02T23:59:59.9Z", delta("8")),
        entry(6, "B-1", "2026-01-03T00:00:01Z", first),
        entry(7, "A-1", "2026-01-03T00:00:02Z", empty),
    ]
}

pub(crate) fn record(hash: &str, frames: &[BookEntry]) -> CaptureRecord {
    let tickers: BTreeSet<_> = frames.iter().map(|entry| entry.ticker.clone()).collect();
    CaptureRecord {
        hash: hash.to_owned(),
        path: "capture.jsonl.gz".to_owned(),
        first_time: frames.first().map(|entry| entry.received),
        last_time: frames.last().map(|entry| entry.received),
        frames: 8,
        snapshots: 4,
        deltas: 2,
        trades: 1,
        completeness: Completeness::Filtered,
        tickers: tickers.into_iter().collect(),
    }
}

async fn take_capture(house: &House, hash: &str, frames: &[BookEntry]) -> bool {
    let mut import = house.store.begin_import(meta(hash)).await.unwrap();
    let new = import.begin_capture(hash).await.unwrap();
    if new {
        for chunk in frames.chunks(2) {
            import.put_book(chunk).await.unwrap();
        }
        let record = record(hash, frames);
        import.end_capture(&record).await.unwrap();
        import.commit("capture", 8, 0).await.unwrap();
        assert_eq!(house.store.capture(hash).await.unwrap(), Some(record));
    }
    new
}

async fn books(house: &House, query: BookQuery) -> Vec<BookEntry> {
    house.store.books(query).await.unwrap().collect().await.unwrap()
}

pub(crate) async fn a_capture_comes_back_frame_by_frame(house: House) {
    assert!(take_capture(&house, "c0ffee", &frames()).await);

    assert_eq!(books(&house, BookQuery::default()).await, frames());
    let of_b = BookQuery {
        tickers: Some(vec![ticker("B-1")]),
        ..BookQuery::default()
    };
    let expected: Vec<_> = frames()
        .into_iter()
        .filter(|entry| entry.ticker == ticker("B-1"))
        .collect();
    assert_eq!(books(&house, of_b).await, expected);
    assert_eq!(
        house.store.archive_files().await.unwrap().len(),
        2,
        "one for each day"
    );
    assert!(house.store.verify_archive().await.unwrap().is_sound());
}

pub(crate) async fn captures_are_merged_by_receipt(house: House) {
    let shifted: Vec<_> = frames()
        .into_iter()
        .map(|entry| BookEntry {
            received: entry.received.plus_micros(50_000),
            ..entry
        })
        .collect();
    take_capture(&house, "aaaa", &frames()).await;
    take_capture(&house, "bbbb", &shifted).await;

    let merged = books(&house, BookQuery::default()).await;
    assert_eq!(merged.len(), 14);
    let of = |query: &[BookEntry]| query.iter().map(|entry| entry.frame).collect::<Vec<_>>();
    assert_eq!(of(&merged), [0, 0, 1, 2, 1, 2, 3, 5, 3, 5, 6, 6, 7, 7]);
    let second = BookQuery {
        captures: Some(vec!["bbbb".to_owned()]),
        from: Some(Timestamp::from_micros(shifted[5].received.micros())),
        ..BookQuery::default()
    };
    assert_eq!(books(&house, second).await, shifted[5..]);
}

pub(crate) async fn a_capture_is_taken_in_once(house: House) {
    assert!(take_capture(&house, "c0ffee", &frames()).await);
    assert!(!take_capture(&house, "c0ffee", &frames()).await);
    assert_eq!(books(&house, BookQuery::default()).await.len(), 7);

    let mut import = house.store.begin_import(meta("again")).await.unwrap();
    import.begin_capture("dead").await.unwrap();
    import.put_book(&frames()).await.unwrap();
    drop(import);
    assert_eq!(house.store.captures().await.unwrap().len(), 1);
    assert!(
        house.store.verify_archive().await.unwrap().is_sound(),
        "nothing half-written is left"
    );
}

pub(crate) async fn damage_is_found_and_named(house: House) {
    house
        .take(&[
            trade("t1", "A-1", "2T10:00:00", "0.42"),
            trade("t2", "A-1", "3T10:00:00", "0.42"),
            trade("t3", "A-1", "4T10:00:00", "0.42"),
        ])
        .await;
    let report = house.store.roll(at("2026-01-05T00:00:00Z")).await.unwrap();
    let archive = house.folder.path().join("archive");
    let file = |place: usize| archive.join(&report.files[place].path);
    let mut bytes = std::fs::read(file(0)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file(0), bytes).unwrap();
    std::fs::remove_file(file(1)).unwrap();
    let stranger = archive.join("trades/day=2026-01-04/part-stranger.parquet");
    std::fs::copy(file(2), &stranger).unwrap();

    let report = house.store.verify_archive().await.unwrap();

    let findings: Vec<_> = report
        .damaged
        .iter()
        .map(|finding| (finding.file.clone(), finding.reason.as_str()))
        .collect();
    assert_eq!(
        findings,
        [
            (file(0), "its bytes are not those written"),
            (file(1), "the file is missing")
        ]
    );
    assert_eq!(report.orphans, [stranger]);
    assert_eq!((report.files, report.rows), (3, 1));
    let read = house
        .store
        .trades(TradeQuery::default())
        .await
        .unwrap()
        .collect()
        .await;
    assert!(read.is_err(), "a gap in history is never passed over");
}

pub(crate) async fn an_import_that_fails_leaves_no_file(house: House) {
    // The second day has nowhere to go, once the first is at its place.
    let archive = house.folder.path().join("archive");
    std::fs::create_dir_all(archive.join("book")).unwrap();
    let blocked = archive.join("book/day=2026-01-03");
    std::fs::write(&blocked, "in the way").unwrap();
    let mut import = house.store.begin_import(meta("blocked")).await.unwrap();
    import.begin_capture("aaaa").await.unwrap();
    import.put_book(&frames()).await.unwrap();
    import.end_capture(&record("aaaa", &frames())).await.unwrap_err();
    drop(import);
    std::fs::remove_file(blocked).unwrap();
    assert!(house.store.verify_archive().await.unwrap().is_sound());

    let mut import = house.store.begin_import(meta("given up")).await.unwrap();
    import.begin_capture("bbbb").await.unwrap();
    import.put_book(&frames()).await.unwrap();
    import.end_capture(&record("bbbb", &frames())).await.unwrap();
    drop(import);
    assert!(house.store.verify_archive().await.unwrap().is_sound());

    assert!(take_capture(&house, "c0ffee", &frames()).await);
    assert_eq!(books(&house, BookQuery::default()).await, frames());
    assert!(house.store.verify_archive().await.unwrap().is_sound());
}

/// Removes the files of a capture, so that whoever opens one fails.
async fn lose(house: &House, hash: &str) {
    for file in house.store.archive_files().await.unwrap() {
        if file.capture.as_deref() == Some(hash) {
            std::fs::remove_file(house.folder.path().join("archive").join(file.path)).unwrap();
        }
    }
}

pub(crate) async fn captures_of_other_markets_stay_closed(house: House) {
    let only = |market: &str| {
        let frames = frames().into_iter();
        let frames = frames.filter(|entry| entry.ticker == ticker(market));
        frames.collect::<Vec<_>>()
    };
    take_capture(&house, "aaaa", &only("A-1")).await;
    take_capture(&house, "bbbb", &only("B-1")).await;
    lose(&house, "bbbb").await;

    let of_a = BookQuery {
        tickers: Some(vec![ticker("A-1"), ticker("C-1")]),
        ..BookQuery::default()
    };
    assert_eq!(books(&house, of_a).await, only("A-1"));
}

pub(crate) async fn a_later_capture_is_opened_when_its_time_has_come(house: House) {
    let delta = |frame: u64, start: &str| BookEntry {
        received: at(start).plus_micros(frame.cast_signed()),
        ..entry(
            frame,
            "A-1",
            start,
            BookChange::Delta {
                side: Side::Yes,
                price: price("0.4"),
                quantity: Quantity::ONE,
            },
        )
    };
    let early: Vec<_> = (0..9_000)
        .map(|frame| delta(frame, "2026-01-02T10:00:00Z"))
        .collect();
    // Later, but first by hash.
    let late: Vec<_> = (0..10)
        .map(|frame| delta(frame, "2026-01-02T11:00:00Z"))
        .collect();
    take_capture(&house, "bbbb", &early).await;
    take_capture(&house, "aaaa", &late).await;
    let all = books(&house, BookQuery::default()).await;
    assert_eq!(all, [early.clone(), late].concat());
    lose(&house, "aaaa").await;

    let mut stream = house.store.books(BookQuery::default()).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(first, early[..first.len()]);
    assert!(stream.collect().await.is_err(), "a gap is never passed over");
}

pub(crate) async fn a_file_being_written_is_no_orphan(house: House) {
    let mut import = house.store.begin_import(meta("under way")).await.unwrap();
    import.begin_capture("aaaa").await.unwrap();
    import.put_book(&frames()).await.unwrap();
    let staging = house.folder.path().join("archive/.staging");
    assert_eq!(std::fs::read_dir(&staging).unwrap().count(), 2);
    let left = staging.join("book-20455-dead-1");
    std::fs::write(&left, "half a file").unwrap();

    assert_eq!(house.store.verify_archive().await.unwrap().orphans, [left]);
}
