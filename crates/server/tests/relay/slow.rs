//! Who reads slowly, or not at all: nobody else is delayed, and nothing false is told.

use kmi_app::board::BoardSettings;
use kmi_domain::book::OrderBook;
use kmi_domain::{Price, Quantity, Side};
use kmi_kalshi::ws::{Body, ErrorCode};

use super::support::{House, Opening, Socket, within};

/// Far more than a connection's buffers on both sides hold: some 250 bytes each.
const CHANGES: u32 = 60_000;

async fn small_ring() -> House {
    House::open(Opening {
        board: BoardSettings {
            ring: 1_024,
            ..BoardSettings::default()
        },
        ..Opening::default()
    })
    .await
}

fn at(number: u32) -> Price {
    Price::from_units(u16::try_from(100 + 100 * (number % 90)).unwrap()).unwrap()
}

/// Tells `CHANGES` changes of a book, each of one contract more, slowly enough for who reads.
async fn change_a_lot(
    house: &House,
    reader: &mut Socket,
    book: &mut OrderBook,
    mut count: impl FnMut(&Body),
) {
    let one = Quantity::from_units(100);
    for batch in 0..CHANGES / 100 {
        for number in 0..100 {
            let price = at(batch * 100 + number);
            book.apply(Side::Yes, price, one).unwrap();
            house.delta("KX-1", Side::Yes, price, one);
            house.trade("KX-1", &format!("{batch}-{number}"));
        }
        for _ in 0..100 {
            count(&reader.hear().await.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_reading_delays_nobody_and_gets_the_book_anew() {
    let house = small_ring().await;
    house.list(&["KX-1"]);
    house.snapshot("KX-1", &[("0.01", "1")], &[("0.02", "5")]);
    let subscribe =
        r#"{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"],"market_ticker":"KX-1"}}"#;
    let mut stuck = house.connect_narrow().await;
    let mut reader = house.connect().await;
    for socket in [&mut stuck, &mut reader] {
        socket.ask(subscribe).await;
        assert!(matches!(socket.hear().await.body, Body::OrderbookSnapshot(_)));
    }
    let mut book = OrderBook::new();
    book.apply(Side::Yes, at(0), Quantity::from_units(100)).unwrap();
    let mut deltas = 0;
    let mut snapshots = 0;

    change_a_lot(&house, &mut reader, &mut book, |body| match body {
        Body::OrderbookDelta(_) => deltas += 1,
        Body::OrderbookSnapshot(_) => snapshots += 1,
        _ => {}
    })
    .await;

    // The one that read heard everything while the other heard nothing.
    assert_eq!((deltas, snapshots), (CHANGES, 0));
    let (heard, anew) = catch_up(&mut stuck, &book).await;
    assert!(heard < CHANGES, "{heard} of {CHANGES} changes were kept for it");
    assert!(anew > 0, "nothing was told anew");
}

/// Reads until the book is as it should be; counts messages and books told anew. Every `seq` is the next.
async fn catch_up(socket: &mut Socket, wanted: &OrderBook) -> (u32, u32) {
    let mut book = OrderBook::new();
    book.apply(Side::Yes, at(0), Quantity::from_units(100)).unwrap();
    let (mut heard, mut anew, mut seq) = (0, 0, 1);
    let is_wanted = |book: &OrderBook| book.levels(Side::Yes).eq(wanted.levels(Side::Yes));
    within(async {
        while !is_wanted(&book) {
            let message = socket.hear().await;
            seq += 1;
            heard += 1;
            assert_eq!(message.seq, Some(seq));
            match message.body {
                Body::OrderbookDelta(delta) => {
                    book.apply(delta.side, delta.price_dollars, delta.delta_fp)
                        .unwrap();
                }
                Body::OrderbookSnapshot(snapshot) => {
                    anew += 1;
                    book.replace(
                        snapshot.yes_dollars_fp.into_iter(),
                        snapshot.no_dollars_fp.into_iter(),
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
    (heard, anew)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trades_that_cannot_be_said_again_end_the_subscription() {
    let house = small_ring().await;
    house.list(&["KX-1"]);
    house.snapshot("KX-1", &[("0.01", "1")], &[]);
    let mut stuck = house.connect_narrow().await;
    let mut reader = house.connect().await;
    for socket in [&mut stuck, &mut reader] {
        socket
            .ask(r#"{"id":1,"cmd":"subscribe","params":{"channels":["trade"]}}"#)
            .await;
    }
    let mut trades = 0;

    change_a_lot(&house, &mut reader, &mut OrderBook::new(), |_| trades += 1).await;

    assert_eq!(trades, CHANGES);
    let (mut heard, mut seq) = (0, 0);
    let last = within(async {
        loop {
            let message = stuck.hear().await;
            seq += 1;
            assert_eq!(message.seq, Some(seq));
            match message.body {
                Body::Trade(_) => heard += 1,
                other => return other,
            }
        }
    })
    .await;
    let Body::Error(refusal) = last else {
        panic!("{last:?}")
    };
    assert_eq!(refusal.code, ErrorCode::BufferOverflow);
    assert!(heard < CHANGES, "{heard} of {CHANGES} trades were kept for it");
    // It may begin anew, as a subscription of another number.
    let again = r#"{"id":2,"cmd":"subscribe","params":{"channels":["trade"]}}"#;
    assert_eq!(stuck.ask(again).await["msg"]["sid"], 2);
    house.trade("KX-1", "new");
    assert_eq!(stuck.hear().await.seq, Some(1));
}
