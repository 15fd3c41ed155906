//! The database goes away and comes back: nothing is lost up to the bound, and what is lost beyond it is said.

use std::time::Duration;

use kmi_app::ingest::DatabaseHealth;
use kmi_storage::{GapKind, GapState};

use super::exchange::Exchange;
use super::memory::Memory;
use super::rig::{Wish, until};

#[tokio::test(start_paused = true)]
async fn what_comes_while_the_database_is_out_is_written_when_it_returns() {
    let exchange = Exchange::open(31, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    memory.set_out(true);
    until("it is said to be out", async || {
        matches!(rig.status().database.health, DatabaseHealth::Down { .. })
    })
    .await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(rig.status().database.spooled_rows > 0);
    assert!(
        rig.board
            .swept()
            .is_some_and(|swept| exchange.engine.now().micros_since(swept) < 10_000_000),
        "the board lives on"
    );
    memory.set_out(false);
    until("it is up", async || {
        rig.status().database.health == DatabaseHealth::Up
    })
    .await;
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("every trade is kept", async || memory.trade_ids() == theirs).await;
    until("the spool is empty", async || {
        rig.status().database.spooled_rows == 0
    })
    .await;
    rig.end().await;
    let cycles = memory.cycles();
    for pair in cycles.windows(2) {
        assert_eq!(
            pair[0].number + 1,
            pair[1].number,
            "every cycle is there, those of the outage too"
        );
    }
    assert_eq!(memory.with(|db| db.cycles.len()), cycles.len());
    let left: Vec<_> = std::fs::read_dir(spool.path().join("spool")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(start_paused = true)]
async fn the_spool_outlives_a_crash() {
    let exchange = Exchange::open(32, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    memory.set_out(true);
    until("rows wait", async || rig.status().database.spooled_rows > 100).await;
    let (rows, last) = (
        rig.status().database.spooled_rows,
        rig.status().poller.last_cycle.unwrap().number,
    );
    rig.kill();
    memory.set_out(false);
    let mut wish = Wish::new(&exchange, memory.clone(), &spool);
    wish.holder = "two";
    let rig = wish.start();
    assert!(rig.status().database.spooled_rows >= rows);
    until("they are written", async || {
        rig.status().database.spooled_rows == 0
    })
    .await;
    until("its last cycle but one is there", async || {
        memory.with(|db| db.cycles.contains_key(&(1, last - 1)))
    })
    .await;
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("every trade is kept", async || memory.trade_ids() == theirs).await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn beyond_the_bound_of_the_spool_quotes_are_dropped_counted_and_a_gap() {
    let exchange = Exchange::open(33, 40, 200.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let mut wish = Wish::new(&exchange, memory.clone(), &spool);
    wish.settings.writer.spool_max_bytes = 60_000;
    let rig = wish.start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    memory.set_out(true);
    until("rows are lost", async || rig.status().database.lost_rows > 0).await;
    assert!(rig.status().database.spooled_bytes <= 60_000);
    tokio::time::sleep(Duration::from_secs(20)).await;
    memory.set_out(false);
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("every trade is kept, by back-fill if need be", async || {
        memory.trade_ids() == theirs
    })
    .await;
    until("the hole in the quotes is a gap with an end", async || {
        memory
            .gaps()
            .iter()
            .any(|gap| gap.key.kind == GapKind::Snapshots && gap.to.is_some())
    })
    .await;
    let open = |gap: &kmi_storage::Gap| gap.key.kind == GapKind::Trades && gap.state == GapState::Open;
    until("no gap in the trades is open", async || {
        !memory.gaps().iter().any(open)
    })
    .await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_done_once() {
    let exchange = Exchange::open(34, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    memory.with(|db| db.loses_every = 3);
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 10).await;
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("every trade is kept", async || memory.trade_ids() == theirs).await;
    memory.with(|db| db.loses_every = 0);
    until("nothing waits", async || {
        let database = rig.status().database;
        database.health == DatabaseHealth::Up && database.spooled_rows == 0
    })
    .await;
    rig.end().await;
    // What comes twice under one name and differs would have been noticed by the database.
    let numbers: Vec<u64> = memory.cycles().iter().map(|cycle| cycle.number).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "{numbers:?}"
    );
    assert!(memory.gaps().iter().all(|gap| gap.state == GapState::Filled));
}
