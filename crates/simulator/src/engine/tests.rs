use std::path::Path;
use std::time::Duration;

use kmi_domain::Timestamp;

use super::journal::JournalError;
use super::{Engine, Origin, Settings};
use crate::core::{Account, Command, Reply, Rules, Shard};
use crate::life::LifeSettings;

const FOUNDED: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn settings(seed: u64) -> Settings {
    let mut settings = Settings::new(Rules::measured(seed), FOUNDED);
    settings.life = Some(LifeSettings::new(seed, 20));
    settings
}

fn open(path: &Path) -> (Engine, Origin) {
    Engine::open(path, &settings(7), FOUNDED).unwrap()
}

/// Number and hash of everything that happened.
fn history(engine: &Engine) -> (u64, String) {
    engine.read(|view| (view.log.count(), view.log.hash()))
}

async fn live(engine: &Engine, ticks: u32) {
    for _ in 0..ticks {
        tokio::time::advance(Duration::from_millis(50)).await;
        engine.tick();
    }
}

async fn open_user(engine: &Engine, name: &str) -> Account {
    let command = Command::OpenUser {
        name: name.to_owned(),
        is_house: false,
    };
    match engine.submit(command).await {
        Ok(Reply::User(user)) => Account::primary(user),
        other => panic!("a user was opened: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_exchange_goes_on_where_its_journal_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let (engine, origin) = open(&path);
    assert_eq!(origin, Origin::Founded);
    let account = open_user(&engine, "demo").await;
    live(&engine, 40).await;
    let before = history(&engine);
    assert!(before.0 > 100, "{} events", before.0);
    drop(engine);

    let (engine, origin) = open(&path);
    let Origin::Restored { replayed, torn } = origin else {
        panic!("the journal was there")
    };
    assert_eq!((replayed, torn), (41, 0));
    assert_eq!(history(&engine), before);
    let cash = engine.read(|view| view.exchange.cash(account, Shard::MAIN));
    assert_eq!(cash, Rules::measured(7).opening_balance);
    live(&engine, 1).await;
    assert!(history(&engine).0 >= before.0);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_saves_going_through_the_journal_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let (engine, _) = open(&path);
    live(&engine, 30).await;
    engine.snapshot().await.unwrap();
    live(&engine, 3).await;
    let before = history(&engine);
    drop(engine);

    let (engine, origin) = open(&path);
    assert_eq!(origin, Origin::Restored { replayed: 3, torn: 0 });
    assert_eq!(history(&engine), before);
    drop(engine);

    // Without the snapshot the journal alone gives the same.
    std::fs::remove_file(super::journal::snapshot_path(&path)).unwrap();
    let (engine, origin) = open(&path);
    assert_eq!(
        origin,
        Origin::Restored {
            replayed: 33,
            torn: 0
        }
    );
    assert_eq!(history(&engine), before);
}

#[tokio::test(start_paused = true)]
async fn a_journal_belongs_to_one_exchange() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    drop(open(&path));
    let Err(JournalError::OtherSettings { difference, .. }) = Engine::open(&path, &settings(8), FOUNDED)
    else {
        panic!("another seed is another exchange")
    };
    assert_eq!(difference, "seed 7 instead of 8");
}

#[tokio::test(start_paused = true)]
async fn the_exchanges_time_never_goes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state");
    let (engine, _) = open(&path);
    live(&engine, 20).await;
    let before = engine.now();
    drop(engine);
    // The wall clock was set back meanwhile.
    let (engine, _) = Engine::open(&path, &settings(7), Timestamp::from_seconds(0)).unwrap();
    assert!(engine.now() >= before);
}

#[tokio::test(start_paused = true)]
async fn everything_that_happens_is_told_once_and_in_order() {
    let engine = Engine::in_memory(&settings(7), super::Clock::starting(FOUNDED));
    let before = history(&engine).0;
    let mut feed = engine.feed();
    live(&engine, 20).await;
    open_user(&engine, "demo").await;
    let (mut told, mut last) = (0, FOUNDED);
    while let Ok(batch) = feed.try_recv() {
        assert!(batch.now >= last && !batch.events.is_empty());
        last = batch.now;
        told += batch.events.len() as u64;
    }
    assert_eq!(told, history(&engine).0 - before);
}
