//! A move to the archive that stops at any step loses nothing and doubles nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use kmi_domain::{PublicTrade, Quantity, Side, Timestamp};

use super::roll::{PLANS, Step};
use crate::{Ids, ImportMeta, StorageError, Store, StoreLocation, TradeQuery};

fn trade(number: i64) -> PublicTrade {
    PublicTrade {
        id: format!("t{number}").parse().unwrap(),
        ticker: "A-1".parse().unwrap(),
        time: Timestamp::from_micros(number * 40_000_000_000),
        yes_price: "0.42".parse().unwrap(),
        quantity: Quantity::ONE,
        taker: Side::Yes,
        is_block: false,
    }
}

async fn take(store: &Store, trades: &[PublicTrade]) -> u64 {
    let meta = ImportMeta {
        path: "trades".to_owned(),
        content_hash: None,
        at: Timestamp::from_micros(0),
    };
    let mut import = store.begin_import(meta).await.unwrap();
    let put = import.put_trades(trades).await.unwrap();
    import.commit("trades", 0, 0).await.unwrap();
    put.inserted
}

async fn read(store: &Store) -> Vec<PublicTrade> {
    let query = TradeQuery {
        ids: Ids::Read,
        ..TradeQuery::default()
    };
    let stream = store.trades(query).await.unwrap();
    let tickers = stream.tickers().clone();
    let all = stream.collect().await.unwrap();
    (0..all.len())
        .map(|place| all.trade(place, &tickers).unwrap())
        .collect()
}

/// The one file of the only day there is.
fn only_file(folder: &std::path::Path) -> std::path::PathBuf {
    let day = folder.join("archive/trades/day=1970-01-01");
    let mut files = std::fs::read_dir(day).unwrap();
    files.next().unwrap().unwrap().path()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_stops_anywhere_loses_nothing_and_doubles_nothing() {
    let trades: Vec<_> = (0..6).map(trade).collect();
    for stop in [Step::Written, Step::Verified, Step::Recorded] {
        let folder = tempfile::tempdir().unwrap();
        let location = StoreLocation::in_folder(folder.path());
        let store = Store::open(location.clone()).await.unwrap();
        assert_eq!(take(&store, &trades).await, 6);
        let before = Timestamp::from_day(2);

        let left = folder.path().join("left");
        let gate = |step| {
            if step == stop {
                std::fs::copy(only_file(folder.path()), &left).unwrap();
                Err(StorageError::Stopped)
            } else {
                Ok(())
            }
        };
        store.roll_through(before, &gate).await.unwrap_err();
        assert!(
            store.verify_archive().await.unwrap().is_sound(),
            "a failure takes the file back"
        );
        // A crash has no time for that.
        let hash = blake3::hash(&std::fs::read(&left).unwrap()).to_hex();
        let path = format!("trades/day=1970-01-01/part-{}.parquet", &hash[..16]);
        std::fs::rename(left, store.location().archive().join(path)).unwrap();
        drop(store);

        let store = Store::open(location).await.unwrap();
        assert_eq!(read(&store).await, trades, "after stopping at {stop:?}");
        assert_eq!(store.verify_archive().await.unwrap().orphans.len(), 1);
        store.roll(before).await.unwrap();
        assert_eq!(read(&store).await, trades, "after going on from {stop:?}");
        assert!(
            store.verify_archive().await.unwrap().is_sound(),
            "the file left behind was used"
        );
        assert_eq!(take(&store, &trades).await, 0);
    }
}

/// A trade that arrives while its day is moved.
fn late(number: u32) -> PublicTrade {
    PublicTrade {
        id: format!("late{number}").parse().unwrap(),
        ..trade(1)
    }
}

/// Moves the first day while a trade arrives in each of the first `arrivals` attempts.
async fn roll_while_arriving(store: &Store, arrivals: u32) -> Result<crate::RollReport, StorageError> {
    let attempts = AtomicU32::new(0);
    let gate = |step| {
        let attempt = if step == Step::Verified {
            attempts.fetch_add(1, Ordering::Relaxed)
        } else {
            u32::MAX
        };
        if attempt < arrivals {
            let store = store.clone();
            let arrived = std::thread::spawn(move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(take(&store, &[late(attempt)]))
            });
            assert_eq!(arrived.join().unwrap(), 1);
        }
        Ok(())
    };
    store.roll_through(Timestamp::from_day(1), &gate).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_arrive_during_a_move_are_moved_too() {
    let folder = tempfile::tempdir().unwrap();
    let location = StoreLocation::in_folder(folder.path());
    let store = Store::open(location).await.unwrap();
    take(&store, &[trade(0)]).await;

    let report = roll_while_arriving(&store, 2).await.unwrap();

    assert_eq!(report.rows(crate::ArchiveKind::Trades), 3);
    assert_eq!(read(&store).await, [trade(0), late(0), late(1)]);
    assert!(store.verify_archive().await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_keep_arriving_stop_a_move_and_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let location = StoreLocation::in_folder(folder.path());
    let store = Store::open(location).await.unwrap();
    take(&store, &[trade(0)]).await;

    let error = roll_while_arriving(&store, u32::MAX).await.unwrap_err();

    assert!(matches!(error, StorageError::Changed { .. }), "{error:?}");
    assert_eq!(read(&store).await, [trade(0), late(0), late(1), late(2)]);
    assert!(
        store.verify_archive().await.unwrap().is_sound(),
        "no file is left"
    );
}

#[tokio::test]
async fn a_day_is_cut_where_its_rows_are() {
    let folder = tempfile::tempdir().unwrap();
    let location = StoreLocation::in_folder(folder.path());
    let store = Store::open(location).await.unwrap();
    // One a second for a minute from one in the morning, and one at noon.
    let seconds = (3_600..3_660).chain([43_200]);
    let trades: Vec<_> = seconds
        .map(|second| PublicTrade {
            id: format!("s{second}").parse().unwrap(),
            time: Timestamp::from_seconds(second),
            ..trade(0)
        })
        .collect();
    take(&store, &trades).await;

    assert_eq!(store.pieces(&PLANS[0], 0, 100).await.unwrap().len(), 1);
    let pieces = store.pieces(&PLANS[0], 0, 10).await.unwrap();

    let inside = |from: i64, to: i64| {
        let within = trades
            .iter()
            .filter(|trade| (from..to).contains(&trade.time.micros()));
        within.count()
    };
    let counts: Vec<_> = pieces.iter().map(|piece| inside(piece.from, piece.to)).collect();
    assert_eq!(counts.iter().sum::<usize>(), 61, "every row is in one of them");
    assert!(counts.iter().all(|count| (1..=10).contains(count)), "{counts:?}");
    assert!(pieces.is_sorted_by(|a, b| a.to <= b.from));
    let report = store.roll(Timestamp::from_day(1)).await.unwrap();
    assert_eq!(report.rows(crate::ArchiveKind::Trades), 61);
}
