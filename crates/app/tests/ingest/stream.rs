//! The stream: what it brings, and how what it lost is healed.

use std::time::Duration;

use kmi_app::hub::Link;
use kmi_domain::Ticker;
use kmi_simulator::faults::FaultKind;
use kmi_storage::{GapState, TradeSource};

use super::exchange::{Exchange, fault};
use super::memory::Memory;
use super::rig::{Rig, Wish, until};

/// Everybody's books, watched.
fn watch_all(rig: &Rig, tickers: &[Ticker]) -> Vec<kmi_app::board::Watch> {
    let demand = rig.board.demand();
    tickers
        .iter()
        .map(|ticker| demand.watch(ticker.clone()).unwrap())
        .collect()
}

/// Until board and database are as the exchange is.
async fn until_equal(rig: &Rig, exchange: &Exchange, memory: &Memory, tickers: &[Ticker]) {
    for ticker in tickers {
        until("a book is as at the exchange", async || {
            rig.has_book(exchange, ticker).await
        })
        .await;
    }
    let theirs = exchange.trades().await;
    assert!(!theirs.is_empty(), "without trades nothing is shown");
    until("every trade is kept", async || memory.trade_ids() == theirs).await;
    until("no gap is open", async || {
        memory.gaps().iter().all(|gap| gap.state == GapState::Filled)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn board_and_database_are_as_the_exchange_after_a_storm() {
    let exchange = Exchange::open(11, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("a full sweep", async || rig.status().poller.last_full.is_some()).await;
    let tickers: Vec<Ticker> = exchange.open_markets().await.into_keys().take(8).collect();
    let _watches = watch_all(&rig, &tickers);
    for round in 0..6 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        exchange
            .suffer(match round % 3 {
                0 => fault(FaultKind::Disconnect, 1),
                1 => fault(FaultKind::SkipSeq, 3),
                _ => fault(FaultKind::Status, 4).on("GET", "/markets"),
            })
            .await;
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    exchange.fall_silent().await;
    until_equal(&rig, &exchange, &memory, &tickers).await;
    assert!(rig.status().stream.gaps > 0);
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_broken_connection_missed_is_filled_in_and_said_to_be() {
    let exchange = Exchange::open(12, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("trades are heard", async || memory.trade_ids().len() > 5).await;
    // Cut again and again, so that some trades are missed for certain.
    for _ in 0..5 {
        exchange.suffer(fault(FaultKind::Disconnect, 1)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    until("it is connected again", async || {
        rig.board.connection().link == Link::Connected
    })
    .await;
    exchange.fall_silent().await;
    until_equal(&rig, &exchange, &memory, &[]).await;
    let filled = memory.with(|db| {
        db.trades
            .values()
            .filter(|(_, source)| *source == TradeSource::Backfill)
            .count()
    });
    assert!(filled > 0, "nothing was missed");
    assert!(
        memory
            .gaps()
            .iter()
            .any(|gap| gap.reason.contains("no connection"))
    );
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn trades_of_before_the_first_start_are_fetched() {
    let exchange = Exchange::open(13, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    tokio::time::sleep(Duration::from_mins(1)).await;
    let before = exchange.trades().await;
    assert!(!before.is_empty());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("they are kept", async || before.is_subset(&memory.trade_ids())).await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_stream_trades_are_polled() {
    let exchange = Exchange::open(14, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let mut wish = Wish::new(&exchange, memory.clone(), &spool);
    wish.has_stream = false;
    let rig = wish.start();
    tokio::time::sleep(Duration::from_secs(30)).await;
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("every trade is kept", async || memory.trade_ids() == theirs).await;
    assert_eq!(rig.board.connection().link, Link::Off);
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_book_is_followed_while_watched_and_for_as_long_as_it_lingers() {
    let exchange = Exchange::open(15, 20, 20.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("a full sweep", async || rig.status().poller.last_full.is_some()).await;
    let ticker = exchange.open_markets().await.into_keys().next().unwrap();
    assert!(rig.board.book(&ticker).is_none());
    let watch = rig.board.demand().watch(ticker.clone()).unwrap();
    until("its book comes", async || rig.has_book(&exchange, &ticker).await).await;
    drop(watch);
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(rig.status().stream.books, 1, "it lingers");
    until("it is let go", async || rig.board.book(&ticker).is_none()).await;
    assert_eq!(rig.status().stream.books, 0);
    rig.end().await;
}
