//! On a real database, and the real clock: SQLite, and PostgreSQL where one is to be had.

use std::collections::BTreeSet;
use std::time::Duration;

use kmi_app::ingest::{DatabaseHealth, IngestSettings, PollerState};
use kmi_domain::{SeriesTicker, Ticker};
use kmi_simulator::faults::FaultKind;
use kmi_storage::{
    BookCertificate, CertificateQuery, GapKind, GapQuery, GapState, Ids, Store, StoreLocation, TradeQuery,
    throwaway,
};

use super::exchange::{Exchange, fault};
use super::rig::{Rig, Wish, until};

/// Everything faster than in life, so that tests are short.
fn brisk(settings: &mut IngestSettings) {
    settings.interval = Duration::from_millis(500);
    settings.metadata_interval = Duration::from_secs(1);
    settings.writer.flush_every = Duration::from_millis(100);
    settings.writer.retry_first = Duration::from_millis(100);
    settings.writer.retry_cap = Duration::from_millis(500);
    settings.backfill.overlap = Duration::from_millis(500);
}

fn start(
    exchange: &Exchange,
    store: &Store,
    spool: &tempfile::TempDir,
    adjust: impl FnOnce(&mut IngestSettings),
) -> Rig {
    let mut wish = Wish::new(exchange, store.clone(), spool);
    brisk(&mut wish.settings);
    adjust(&mut wish.settings);
    wish.start()
}

async fn kept_trades(store: &Store) -> Vec<String> {
    let query = TradeQuery {
        ids: Ids::Read,
        ..TradeQuery::default()
    };
    let batches = store.trades(query).await.unwrap();
    let batch = batches.collect().await.unwrap();
    batch.ids.iter().map(ToString::to_string).collect()
}

/// Every trade of the exchange is kept, and none twice.
async fn until_whole(exchange: &Exchange, store: &Store) {
    let theirs = exchange.trades().await;
    assert!(!theirs.is_empty(), "without trades nothing is shown");
    until("every trade is kept", async || {
        kept_trades(store).await.len() >= theirs.len()
    })
    .await;
    let mut ours = kept_trades(store).await;
    ours.sort();
    assert_eq!(ours, theirs.into_iter().collect::<Vec<_>>());
}

async fn cycles_are_whole(store: &Store) {
    let mut cycles = store.poll_cycles(10_000).await.unwrap();
    cycles.reverse();
    assert!(cycles.len() > 2);
    for pair in cycles.windows(2) {
        assert_eq!(
            pair[0].number + 1,
            pair[1].number,
            "each cycle once, and all of them"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_that_is_full_for_a_while_loses_nothing() {
    let exchange = Exchange::open(41, 20, 60.0).await;
    let folder = tempfile::tempdir().unwrap();
    let location = |limit| StoreLocation {
        data_dir: folder.path().to_owned(),
        database_url: None,
        size_limit_bytes: limit,
    };
    let store = Store::open(location(None)).await.unwrap();
    let rig = start(&exchange, &store, &folder, |_| {});
    until("cycles come", async || {
        store.poll_cycles(9).await.unwrap().len() >= 2
    })
    .await;
    rig.end().await;
    store.close().await.unwrap();

    // The same files, with room for a few more pages only.
    let bytes = std::fs::metadata(folder.path().join("market.db")).unwrap().len();
    let full = Store::open(location(Some(bytes + 8_192))).await.unwrap();
    let rig = start(&exchange, &full, &folder, |_| {});
    until("it is full", async || {
        matches!(rig.status().database.health, DatabaseHealth::Down { .. })
    })
    .await;
    until("rows wait", async || rig.status().database.spooled_rows > 200).await;
    rig.end().await;
    full.close().await.unwrap();

    // Room again, and another process: what waits in the spool comes first.
    let store = Store::open(location(None)).await.unwrap();
    let rig = start(&exchange, &store, &folder, |_| {});
    assert!(rig.status().database.spooled_rows > 0);
    until("the spool is empty", async || {
        rig.status().database.spooled_rows == 0
    })
    .await;
    exchange.fall_silent().await;
    until_whole(&exchange, &store).await;
    assert_eq!(rig.status().database.lost_rows, 0);
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_leaves_every_trade_once_and_every_gap_ended() {
    let exchange = Exchange::open(42, 20, 60.0).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreLocation::in_folder(folder.path()))
        .await
        .unwrap();
    let rig = start(&exchange, &store, &folder, |_| {});
    until("cycles come", async || {
        store.poll_cycles(9).await.unwrap().len() >= 2
    })
    .await;
    for kind in [FaultKind::Disconnect, FaultKind::SkipSeq, FaultKind::Disconnect] {
        // Before the fault, which may strike at once.
        let before = rig.status().stream.gaps + rig.status().stream.connections;
        exchange.suffer(fault(kind, 1)).await;
        until("it was noticed", async || {
            rig.status().stream.gaps + rig.status().stream.connections > before
        })
        .await;
    }
    exchange.fall_silent().await;
    until_whole(&exchange, &store).await;
    until("no gap is open", async || {
        let open = GapQuery {
            kind: Some(GapKind::Trades),
            state: Some(GapState::Open),
            ..GapQuery::default()
        };
        store.gaps(&open).await.unwrap().is_empty()
    })
    .await;
    rig.end().await;
    cycles_are_whole(&store).await;
    assert_eq!(store.lease("poller").await.unwrap(), None, "it was given back");
}

/// Two of them on one database: the one that leads, and the other.
async fn takeover(exchange: &Exchange, store: &Store, spools: [tempfile::TempDir; 2]) {
    let [one, two] = [("one", &spools[0]), ("two", &spools[1])].map(|(holder, spool)| {
        let mut wish = Wish::new(exchange, store.clone(), spool);
        brisk(&mut wish.settings);
        wish.settings.lease.ttl = Duration::from_secs(2);
        wish.settings.lease.renew = Duration::from_millis(500);
        wish.holder = holder;
        wish.start()
    });
    until("cycles come", async || {
        store.poll_cycles(9).await.unwrap().len() >= 3
    })
    .await;
    let leads = |rig: &Rig| matches!(rig.status().poller.state, PollerState::Leading { .. });
    assert!(leads(&one) != leads(&two), "one of them leads");
    let (leader, standby) = if leads(&one) { (one, two) } else { (two, one) };
    leader.kill();
    until("the other takes over", async || {
        let latest = store.poll_cycles(1).await.unwrap();
        latest.iter().any(|cycle| cycle.fence.epoch == 2)
    })
    .await;
    exchange.fall_silent().await;
    until_whole(exchange, store).await;
    standby.end().await;
    let cycles = store.poll_cycles(10_000).await.unwrap();
    let names: BTreeSet<_> = cycles
        .iter()
        .map(|cycle| (cycle.fence.epoch, cycle.number))
        .collect();
    assert_eq!(names.len(), cycles.len(), "none twice");
    assert!(
        cycles.windows(2).all(|pair| pair[1].ended <= pair[0].started),
        "no two at once"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_standby_takes_over_from_one_that_was_killed() {
    let exchange = Exchange::open(45, 20, 60.0).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreLocation::in_folder(folder.path()))
        .await
        .unwrap();
    takeover(
        &exchange,
        &store,
        [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_standby_takes_over_from_one_that_was_killed() {
    let Some(url) = throwaway::postgres_database() else {
        return;
    };
    let exchange = Exchange::open(46, 20, 60.0).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreLocation::on_server(folder.path(), url))
        .await
        .unwrap();
    takeover(
        &exchange,
        &store,
        [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_and_starts_loses_nothing() {
    let Some(mut server) = throwaway::postgres_server() else {
        return;
    };
    let exchange = Exchange::open(44, 20, 60.0).await;
    let folder = tempfile::tempdir().unwrap();
    let location = StoreLocation::on_server(folder.path(), server.database());
    let store = Store::open(location).await.unwrap();
    let rig = start(&exchange, &store, &folder, |_| {});
    until("cycles come", async || {
        store.poll_cycles(9).await.unwrap().len() >= 2
    })
    .await;
    server.stop();
    until("it is noticed", async || {
        matches!(rig.status().database.health, DatabaseHealth::Down { .. })
    })
    .await;
    let cycles = rig.status().poller.cycles;
    until("sweeps go on", async || rig.status().poller.cycles > cycles + 2).await;
    assert!(rig.status().database.spooled_rows > 0);
    server.start();
    until("the spool is empty", async || {
        rig.status().database.spooled_rows == 0
    })
    .await;
    exchange.fall_silent().await;
    until_whole(&exchange, &store).await;
    rig.end().await;
    cycles_are_whole(&store).await;
}

async fn certificates(store: &Store) -> Vec<BookCertificate> {
    store.certificates(&CertificateQuery::default()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_books_come_to_the_archive_with_certificates_that_hold() {
    let exchange = Exchange::open(43, 20, 60.0).await;
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(StoreLocation::in_folder(folder.path()))
        .await
        .unwrap();
    let series = series_of_most(&exchange).await;
    let record = |settings: &mut IngestSettings| {
        settings.recorded = vec![series.clone()];
        settings.recorded_piece = Duration::from_secs(3);
    };
    let rig = start(&exchange, &store, &folder, record);
    until("frames are recorded", async || rig.status().recorder.frames > 50).await;
    until("pieces end", async || rig.status().recorder.certificates > 2).await;
    exchange.fall_silent().await;
    let tickers: Vec<Ticker> = rig.board.demand().followed();
    assert!(tickers.is_empty(), "nobody watches");
    rig.end().await;

    let told = certificates(&store).await;
    assert!(!told.is_empty());
    let end = told.iter().map(|certificate| certificate.to).max();
    for certificate in told.iter().filter(|certificate| Some(certificate.to) == end) {
        let book = exchange.book(&certificate.ticker).await;
        assert_eq!(
            certificate.book_hash,
            Some(kmi_storage::book_hash(&book)),
            "{}",
            certificate.ticker
        );
    }
    assert!(told.iter().all(|certificate| certificate.gaps == 0));
    let report = store.verify_archive().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.certificates, told.len() as u64, "each is proved by replay");

    // A crash, and a start after it: the time between is named.
    exchange.speak_again().await;
    let rig = start(&exchange, &store, &folder, record);
    until("it records again", async || rig.status().recorder.frames > 0).await;
    let books = GapQuery {
        kind: Some(GapKind::Books),
        ..GapQuery::default()
    };
    until("the hole is named", async || {
        !store.gaps(&books).await.unwrap().is_empty()
    })
    .await;
    let gap = store.gaps(&books).await.unwrap().remove(0);
    assert_eq!(gap.state, GapState::Unfillable);
    assert!(told.iter().any(|certificate| certificate.to == gap.key.from));
    rig.kill();
}

/// The series with most open markets.
async fn series_of_most(exchange: &Exchange) -> SeriesTicker {
    let mut counts = std::collections::BTreeMap::new();
    for market in exchange.open_markets().await.into_values() {
        *counts.entry(exchange.series_of(&market).await).or_insert(0) += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).unwrap().0
}
