//! `/api/v1/markets/{ticker}/orderbook`.

use crate::support::{PATIENCE, served, ticker};

const MARKET: &str = "KXHIGH-26NOV21-T60";
const PATH: &str = "/api/v1/markets/KXHIGH-26NOV21-T60/orderbook";

#[tokio::test]
async fn a_book_nobody_watched_is_watched_and_waited_for() {
    let served = served().await;
    served.list(&[(MARKET, "0.4000", "0.4400", "1.00")]);
    served.connect();
    let board = served.board.clone();
    let mut changes = board.demand().changes();

    let (answer, ()) = tokio::join!(served.get(PATH), async {
        tokio::time::timeout(PATIENCE, async {
            while !board.demand().wanted().contains(&ticker(MARKET)) {
                changes.changed().await.unwrap();
            }
        })
        .await
        .expect("the book is wanted");
        served.whole_book(MARKET);
    });

    let book = answer.json();
    assert_eq!(answer.status, 200, "{book}");
    assert_eq!(
        book["yes"],
        serde_json::json!([
            {"price": "0.4200", "quantity": "13.00"}, {"price": "0.4000", "quantity": "5.00"}
        ])
    );
    assert_eq!(book["no"][0]["price"], "0.5500");
    assert_eq!(
        (&book["yes_bid"], &book["yes_ask"]),
        (&"0.4200".into(), &"0.4500".into())
    );
    assert_eq!(
        (&book["spread"], &book["state"]),
        (&"0.0300".into(), &"synced".into())
    );
    assert_eq!(
        (&book["source"], &book["stale"]),
        (&"websocket".into(), &false.into())
    );
    assert_eq!(book["sequence"], served.board.hub().last());
    assert_eq!(served.board.demand().followed(), [ticker(MARKET)], "it lingers");
}

#[tokio::test]
async fn a_book_that_lost_something_is_the_last_known_and_says_so() {
    let served = served().await;
    served.list(&[(MARKET, "0.4000", "0.4400", "1.00")]);
    served.connect();
    served.whole_book(MARKET);
    served.change_book(MARKET, "0.4200", "-3.00");
    served.board.mark_books_stale(&[ticker(MARKET)], served.now());

    let book = served.get(&format!("{PATH}?depth=1")).await.json();

    assert_eq!((&book["state"], &book["stale"]), (&"stale".into(), &true.into()));
    assert_eq!(
        book["yes"],
        serde_json::json!([{"price": "0.4200", "quantity": "10.00"}])
    );
}

#[tokio::test]
async fn without_stream_and_exchange_there_is_no_book() {
    let served = served().await;
    served.list(&[(MARKET, "0.4000", "0.4400", "1.00")]);

    let answer = served.get(PATH).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (502, "KALSHI_UNAVAILABLE")
    );
    assert_eq!(answer.json()["error"]["retryable"], true);

    let answer = served.get(&format!("{PATH}?depth=0")).await;
    assert_eq!(answer.json()["error"]["details"]["field"], "depth");
}
