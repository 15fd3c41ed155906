//! Parts that break, and a database that hangs or refuses: it is noticed, and said.

use std::time::Duration;

use kmi_app::ingest::DatabaseHealth;
use kmi_simulator::faults::FaultKind;
use kmi_storage::{GapKind, GapState};

use super::exchange::{Exchange, fault};
use super::memory::{Memory, Mood};
use super::rig::{Wish, until};

#[tokio::test(start_paused = true)]
async fn a_writer_that_breaks_ends_everything() {
    let exchange = Exchange::open(41, 10, 20.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    memory.with(|db| db.mood = Mood::KeepBreaks);
    // Nobody asked it to stop.
    let ended = tokio::time::timeout(Duration::from_mins(3), rig.ingest.finished()).await;
    assert!(ended.is_ok(), "it goes on without a writer");
}

#[tokio::test(start_paused = true)]
async fn an_election_that_breaks_ends_everything() {
    let exchange = Exchange::open(42, 10, 20.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    memory.with(|db| db.mood = Mood::RenewBreaks);
    let ended = tokio::time::timeout(Duration::from_mins(3), rig.ingest.finished()).await;
    assert!(ended.is_ok(), "it goes on without an election");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_does_not_answer_is_out_and_nothing_is_lost() {
    let exchange = Exchange::open(43, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    memory.with(|db| db.mood = Mood::KeepHangs);
    until("it is said to be out", async || {
        matches!(rig.status().database.health, DatabaseHealth::Down { .. })
    })
    .await;
    assert!(rig.status().database.spooled_rows > 0);
    // The write that hangs is given up, as it never ends.
    memory.with(|db| db.mood = Mood::Well);
    until("all is written", async || {
        let database = rig.status().database;
        database.health == DatabaseHealth::Up && database.spooled_rows == 0
    })
    .await;
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("every trade is kept", async || memory.trade_ids() == theirs).await;
    assert_eq!(rig.status().database.lost_rows, 0);
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_refused_is_put_aside_and_noted_and_the_others_are_kept() {
    let exchange = Exchange::open(44, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    let bad = memory.cycles().last().unwrap().number + 2;
    memory.with(|db| db.mood = Mood::RefusesCycle(bad));
    until("it is dropped", async || rig.status().database.lost_rows > 0).await;
    until("those after it are written", async || {
        memory.with(|db| db.cycles.contains_key(&(1, bad + 1))) && rig.status().database.spooled_rows == 0
    })
    .await;
    assert!(!memory.with(|db| db.cycles.contains_key(&(1, bad))));
    let before = memory.with(|db| db.cycles[&(1, bad - 1)].started);
    let after = memory.with(|db| db.cycles[&(1, bad + 1)].started);
    until("its quotes are a gap from the time of the cycle on", async || {
        memory.gaps().iter().any(|gap| {
            gap.key.kind == GapKind::Snapshots
                && (before..after).contains(&gap.key.from)
                && gap.to.is_some_and(|to| to >= after)
        })
    })
    .await;
    let aside = std::fs::read_dir(spool.path().join("spool")).unwrap();
    let aside = aside.filter(|entry| entry.as_ref().unwrap().path().extension().unwrap() == "refused");
    assert_eq!(aside.count(), 1);
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_database_that_refuses_everything_does_not_empty_the_spool() {
    let exchange = Exchange::open(45, 20, 60.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    memory.with(|db| db.mood = Mood::RefusesAll);
    until("one is put aside", async || rig.status().database.lost_rows > 0).await;
    let lost = rig.status().database.lost_rows;
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(
        rig.status().database.lost_rows,
        lost,
        "the next waits twice as long"
    );
    memory.with(|db| db.mood = Mood::Well);
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("every trade is kept, by back-fill if need be", async || {
        memory.trade_ids() == theirs
    })
    .await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn trades_that_the_exchange_does_not_give_at_start_are_had_later() {
    let exchange = Exchange::open(46, 20, 20.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    tokio::time::sleep(Duration::from_mins(1)).await;
    let before = exchange.trades().await;
    assert!(!before.is_empty());
    let mut wish = Wish::new(&exchange, memory.clone(), &spool);
    wish.settings.backfill.attempts = 1;
    exchange
        .suffer(fault(FaultKind::Status, 4).on("GET", "/markets/trades"))
        .await;
    let rig = wish.start();
    until("they are kept", async || before.is_subset(&memory.trade_ids())).await;
    until("no gap is open, and none was given up", async || {
        memory.gaps().iter().all(|gap| gap.state == GapState::Filled)
    })
    .await;
    assert_eq!(rig.status().backfill.unfillable, 0);
    rig.end().await;
}
