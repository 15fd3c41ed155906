//! Who polls: one of several, and another when that one is gone.

use std::time::Duration;

use kmi_app::ingest::PollerState;
use kmi_simulator::faults::FaultKind;

use super::exchange::{Exchange, fault};
use super::memory::Memory;
use super::rig::{Rig, Wish, until};

fn two(exchange: &Exchange, memory: &Memory, spools: &[tempfile::TempDir; 2]) -> [Rig; 2] {
    [("one", &spools[0]), ("two", &spools[1])].map(|(holder, spool)| {
        let mut wish = Wish::new(exchange, memory.clone(), spool);
        wish.holder = holder;
        wish.start()
    })
}

fn leads(rig: &Rig) -> bool {
    matches!(rig.status().poller.state, PollerState::Leading { .. })
}

#[tokio::test(start_paused = true)]
async fn of_two_one_polls_and_the_other_takes_over_within_ten_seconds_of_its_death() {
    let exchange = Exchange::open(21, 20, 60.0).await;
    let (memory, spools) = (
        Memory::default(),
        [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()],
    );
    let [one, two] = two(&exchange, &memory, &spools);
    until("cycles come", async || memory.cycles().len() >= 4).await;
    assert!(leads(&one) != leads(&two), "one of them leads");
    let (leader, standby) = if leads(&one) { (one, two) } else { (two, one) };
    assert!(standby.board.swept().is_some(), "the other keeps its board");
    let died = exchange.engine.now();
    leader.kill();
    until("the other takes over", async || {
        memory.cycles().iter().any(|cycle| cycle.fence.epoch == 2)
    })
    .await;
    let first = memory
        .cycles()
        .into_iter()
        .find(|cycle| cycle.fence.epoch == 2)
        .unwrap();
    assert!(
        first.started.micros_since(died) < 10_000_000,
        "it took {} µs",
        first.started.micros_since(died)
    );
    exchange.fall_silent().await;
    let theirs = exchange.trades().await;
    until("no trade is lost between them", async || {
        memory.trade_ids() == theirs
    })
    .await;
    standby.end().await;
    let cycles = memory.cycles();
    assert!(
        cycles.windows(2).all(|pair| pair[0].ended <= pair[1].started),
        "no two at once"
    );
}

#[tokio::test(start_paused = true)]
async fn who_ends_well_gives_the_lease_back_at_once() {
    let exchange = Exchange::open(22, 10, 20.0).await;
    let (memory, spools) = (
        Memory::default(),
        [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()],
    );
    let [one, two] = two(&exchange, &memory, &spools);
    until("cycles come", async || memory.cycles().len() >= 2).await;
    let (leader, standby) = if leads(&one) { (one, two) } else { (two, one) };
    leader.end().await;
    assert!(memory.with(|db| db.lease.is_none()), "it is free");
    let freed = exchange.engine.now();
    until("the other leads", async || leads(&standby)).await;
    assert!(exchange.engine.now().micros_since(freed) < 3_000_000);
    standby.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_slept_through_the_end_of_its_lease_writes_nothing() {
    let exchange = Exchange::open(23, 10, 20.0).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("cycles come", async || memory.cycles().len() >= 2).await;
    // As if it had been stopped for a while: another took the lease meanwhile.
    let epoch = memory.with(|db| {
        let lease = db.lease.as_mut().unwrap();
        lease.epoch += 1;
        lease.holder = "another".to_owned();
        lease.expires = lease.expires.plus(Duration::from_mins(1));
        lease.epoch
    });
    let (cycles, keeps) = memory.with(|db| (db.cycles.len(), db.keeps));
    until("it notices", async || !leads(&rig)).await;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(
        memory.with(|db| (db.cycles.len(), db.keeps)),
        (cycles, keeps),
        "epoch {epoch} is not its own"
    );
    until("it says who leads", async || {
        rig.status().poller.state
            == PollerState::Standby {
                holder: Some("another".to_owned()),
            }
    })
    .await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_standby_sees_after_a_reconnect_what_it_missed() {
    let exchange = Exchange::open(24, 20, 60.0).await;
    let (memory, spools) = (
        Memory::default(),
        [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()],
    );
    let [one, two] = two(&exchange, &memory, &spools);
    until("cycles come", async || memory.cycles().len() >= 2).await;
    let (leader, standby) = if leads(&one) { (one, two) } else { (two, one) };
    let swept = standby.board.swept().unwrap();
    let connections = standby.status().stream.connections;
    exchange.suffer(fault(FaultKind::Disconnect, 1)).await;
    until("it is connected again", async || {
        standby.status().stream.connections > connections
    })
    .await;
    let reconnected = exchange.engine.now();
    until("it sweeps", async || standby.board.swept() > Some(swept)).await;
    let waited = exchange.engine.now().micros_since(reconnected);
    assert!(waited < 5_000_000, "it sweeps at once, not after {waited} µs");
    leader.end().await;
    standby.end().await;
}
