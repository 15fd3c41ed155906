//! Live recordings of books: in the archive as captures are, with certificates that a replay proves.

use kmi_domain::book::OrderBook;
use kmi_domain::{Level, Quantity, Side, Timestamp};
use kmi_storage::{BookChange, BookEntry, BookQuery, CertificateQuery, Completeness, book_hash};

use crate::house::{House, at, price, ticker};

/// A frame of a market so many seconds after nine in the morning.
fn entry(market: &str, second: i64, seq: u64, change: BookChange) -> BookEntry {
    BookEntry {
        ticker: ticker(market),
        received: nine().plus_seconds(second),
        time: Some(nine().plus_seconds(second)),
        sid: (seq > 0).then_some(4),
        seq: (seq > 0).then_some(seq),
        frame: 0,
        change,
    }
}

fn nine() -> Timestamp {
    at("2026-01-02T09:00:00Z")
}

fn level(contracts: i32) -> Level {
    Level {
        price: price("0.40"),
        quantity: Quantity::from_contracts(contracts),
    }
}

fn whole(contracts: i32) -> BookChange {
    BookChange::Snapshot {
        yes: vec![level(contracts)],
        no: vec![],
    }
}

fn grows(contracts: i32) -> BookChange {
    BookChange::Delta {
        side: Side::Yes,
        price: price("0.40"),
        quantity: Quantity::from_contracts(contracts),
    }
}

fn traded(id: &str) -> BookChange {
    BookChange::Trade {
        id: id.parse().unwrap(),
        yes_price: price("0.40"),
        quantity: Quantity::ONE,
        taker: Side::No,
        is_block: false,
    }
}

fn of(contracts: i32) -> String {
    let mut book = OrderBook::new();
    book.replace([level(contracts)].into_iter(), std::iter::empty());
    book_hash(&book)
}

fn piece() -> Vec<BookEntry> {
    vec![
        entry("A-1", 0, 10, whole(5)),
        entry("B-1", 0, 11, whole(7)),
        entry("A-1", 5, 12, grows(1)),
        entry("A-1", 6, 0, traded("t1")),
        entry("B-1", 7, 0, BookChange::Gap),
        entry("B-1", 8, 20, whole(9)),
        entry("A-1", 3_599, 21, grows(-3)),
        entry("B-1", 3_600, 22, grows(1)),
    ]
}

pub(crate) async fn a_recording_is_proved_by_replay(house: House) {
    let store = &house.store;
    let mut recording = store.begin_recording("live, session 1");
    for entry in piece() {
        recording.push(entry).unwrap();
    }
    let until = nine().plus_seconds(5_400);
    let recorded = recording.finish(until).await.unwrap().unwrap();

    assert_eq!(
        recorded.capture.completeness,
        Completeness::Filtered,
        "B-1 was lost"
    );
    assert_eq!((recorded.capture.frames, recorded.capture.trades), (8, 1));
    assert_eq!(recorded.capture.tickers, [ticker("A-1"), ticker("B-1")]);
    let told: Vec<_> = recorded
        .certificates
        .iter()
        .map(|it| {
            (
                it.ticker.as_str(),
                it.first_seq,
                it.last_seq,
                it.frames,
                it.gaps,
                it.book_hash.clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("A-1", Some(10), Some(21), 3, 0, Some(of(3))),
            ("B-1", Some(11), Some(20), 2, 1, Some(of(9))),
            ("B-1", Some(22), Some(22), 1, 0, Some(of(10))),
        ]
    );
    let ends: Vec<_> = recorded
        .certificates
        .iter()
        .map(|it| it.to.micros_since(nine()) / 1_000_000)
        .collect();
    assert_eq!(ends, [3_600, 3_600, 5_400]);
    let whole = |it: &kmi_storage::BookCertificate| it.completeness() == Completeness::Complete;
    assert_eq!(
        recorded.certificates.iter().map(whole).collect::<Vec<_>>(),
        [true, false, true]
    );

    let read = store
        .books(BookQuery::default())
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();
    let numbered = |(frame, entry)| BookEntry { frame, ..entry };
    assert_eq!(read, (0..).zip(piece()).map(numbered).collect::<Vec<_>>());
    assert_eq!(store.captures().await.unwrap(), [recorded.capture]);
    let mut kept = store.certificates(&CertificateQuery::default()).await.unwrap();
    kept.sort_by_key(|it| it.hour);
    assert_eq!(kept, recorded.certificates);
    let report = store.verify_archive().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.certificates, 3);
}

pub(crate) async fn a_false_certificate_is_found(house: House) {
    let store = &house.store;
    let mut recording = store.begin_recording("live");
    for entry in piece() {
        recording.push(entry).unwrap();
    }
    let recorded = recording
        .finish(nine().plus_seconds(3_700))
        .await
        .unwrap()
        .unwrap();
    let mut boastful = recorded.certificates[1].clone();
    boastful.gaps = 0;
    store.put_certificate(&boastful).await.unwrap();

    let report = store.verify_archive().await.unwrap();

    assert_eq!(report.certificates, 2);
    let reasons: Vec<_> = report
        .damaged
        .iter()
        .map(|finding| finding.reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        ["certificate of B-1 at 2026-01-02T09:00:00Z: gaps is 1, not 0"]
    );
    let of_market = CertificateQuery {
        ticker: Some(ticker("B-1")),
        from: Some(nine()),
        to: Some(nine().plus_seconds(3_600)),
        ..CertificateQuery::default()
    };
    assert_eq!(store.certificates(&of_market).await.unwrap(), [boastful]);
}

pub(crate) async fn pieces_may_be_under_way_at_once_and_are_kept_once(house: House) {
    let store = &house.store;
    let mut first = store.begin_recording("live");
    let mut second = store.begin_recording("live");
    let mut empty = store.begin_recording("live");
    first.push(entry("A-1", 0, 1, whole(1))).unwrap();
    second.push(entry("A-1", 1, 2, whole(2))).unwrap();
    first.push(entry("A-1", 2, 3, grows(1))).unwrap();
    let until = nine().plus_seconds(10);
    for piece in [&mut first, &mut second] {
        let once = piece.finish(until).await.unwrap();
        assert_eq!(piece.finish(until).await.unwrap(), once, "asked again");
        piece.push(entry("A-1", 3, 4, grows(1))).unwrap_err();
    }
    assert_eq!(empty.finish(until).await.unwrap(), None);
    assert_eq!(store.captures().await.unwrap().len(), 2);
    assert_eq!(store.archive_files().await.unwrap().len(), 2);
    let report = store.verify_archive().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.certificates, 2);
}
