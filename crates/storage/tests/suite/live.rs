//! What a live source needs: one exchange, one holder of a lease, batches kept once, gaps told once.

use std::time::Duration;

use kmi_domain::{MarketStatus, Quantity, Timestamp};
use kmi_storage::{
    Batch, Fence, GapClosing, GapEnd, GapKey, GapKind, GapQuery, GapState, Kept, Lease, MarketSnapshot,
    NewGap, PollCycle, SnapshotSource, StorageError, Store, TradeSource,
};

use crate::house::{House, at, event, market, price, ticker, trade};

const TTL: Duration = Duration::from_secs(10);

/// Seconds into the second of January 2026.
fn second(second: i64) -> Timestamp {
    at("2026-01-02T00:00:00Z").plus_seconds(second)
}

async fn taken(store: &Store, holder: &str, now: Timestamp) -> Option<Lease> {
    store.acquire_lease("poller", holder, now, TTL).await.unwrap()
}

pub(crate) fn snapshot(market: &str, time: Timestamp, bid: &str) -> MarketSnapshot {
    MarketSnapshot {
        ticker: ticker(market),
        time,
        source: SnapshotSource::Poll,
        sequence: None,
        yes_bid: Some(price(bid)),
        yes_ask: None,
        yes_bid_size: Some(Quantity::from_units(150)),
        yes_ask_size: None,
        last_price: None,
        volume: Some(Quantity::from_units(7)),
        open_interest: None,
    }
}

fn cycle(lease: &Lease, number: u64) -> PollCycle {
    PollCycle {
        fence: lease.fence(),
        number,
        holder: lease.holder.clone(),
        started: second(5 * number.cast_signed()),
        ended: second(5 * number.cast_signed() + 1),
        markets: 20_000,
        changed: 17,
        pages: 20,
        errors: 1,
        first_error: Some("429".to_owned()),
        interval_ms: 7_500,
        wanted_interval_ms: 5_000,
    }
}

pub(crate) async fn a_database_belongs_to_one_exchange(house: House) {
    assert_eq!(house.store.exchange().await.unwrap(), None);
    house.store.claim_exchange("simulator:7").await.unwrap();
    house.store.claim_exchange("simulator:7").await.unwrap();

    let error = house.store.claim_exchange("prod").await.unwrap_err();

    let StorageError::OtherExchange { found, wanted, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((found.as_str(), wanted.as_str()), ("simulator:7", "prod"));
    assert!(!error.is_outage());
    assert_eq!(
        house.store.exchange().await.unwrap().as_deref(),
        Some("simulator:7")
    );
}

pub(crate) async fn a_lease_has_one_holder_and_passes_on_when_it_ends(house: House) {
    let store = &house.store;
    let first = taken(store, "a", second(0)).await.unwrap();
    assert_eq!((first.epoch, first.expires), (1, second(10)));
    assert_eq!(taken(store, "b", second(9)).await, None, "it is held");
    assert!(store.renew_lease(&first, second(9), TTL).await.unwrap());
    assert_eq!(taken(store, "b", second(18)).await, None, "it was renewed");
    assert_eq!(store.lease("poller").await.unwrap().unwrap().holder, "a");

    let second_holder = taken(store, "b", second(19)).await.unwrap();

    assert_eq!(second_holder.epoch, 2, "its end has come");
    assert!(!store.renew_lease(&first, second(19), TTL).await.unwrap());
    store.release_lease(&first).await.unwrap();
    assert_eq!(store.lease("poller").await.unwrap().unwrap().holder, "b");
    store.release_lease(&second_holder).await.unwrap();
    assert_eq!(store.lease("poller").await.unwrap(), None);
    assert!(!store.renew_lease(&second_holder, second(20), TTL).await.unwrap());
    let third = taken(store, "c", second(20)).await.unwrap();
    assert_eq!(third.epoch, 3, "epochs are never given out twice");
}

pub(crate) async fn of_many_who_want_a_lease_one_gets_it(house: House) {
    for round in 0..5 {
        let now = second(100 * round);
        let mut tries = Vec::new();
        for holder in 0..8 {
            // Stores of their own, as processes have.
            let store = Store::open(house.store.location().clone()).await.unwrap();
            tries.push(tokio::spawn(async move {
                taken(&store, &format!("holder {holder}"), now).await
            }));
        }
        let mut epochs = Vec::new();
        for attempt in tries {
            epochs.extend(attempt.await.unwrap().map(|lease| lease.epoch));
        }
        assert_eq!(epochs, [round + 1]);
    }
}

pub(crate) async fn a_cycle_is_kept_once_and_only_by_the_holder(house: House) {
    let store = &house.store;
    let old = taken(store, "a", second(0)).await.unwrap();
    assert!(store.record_cycle(&cycle(&old, 0)).await.unwrap());
    assert!(!store.record_cycle(&cycle(&old, 0)).await.unwrap());
    let new = taken(store, "b", second(10)).await.unwrap();

    let late = Batch {
        snapshots: vec![snapshot("A-1", second(5), "0.42")],
        cycle: Some(cycle(&old, 1)),
        ..Batch::default()
    };
    let error = store.keep(&late).await.unwrap_err();

    assert!(
        matches!(&error, StorageError::LeaseLost { lease, epoch: 1 } if lease == "poller"),
        "{error:?}"
    );
    assert!(!error.is_outage());
    let unfenced = Batch {
        cycle: None,
        fence: Some(Fence {
            lease: "poller".to_owned(),
            epoch: 1,
        }),
        ..late
    };
    store.keep(&unfenced).await.unwrap_err();
    assert_eq!(store.counts().await.unwrap().tables["market_snapshots"], 0);
    assert!(store.record_cycle(&cycle(&new, 0)).await.unwrap());
    assert!(store.record_cycle(&cycle(&new, 1)).await.unwrap());
    let kept = store.poll_cycles(2).await.unwrap();
    assert_eq!(kept, [cycle(&new, 1), cycle(&new, 0)]);
    assert!(kept[0].is_stretched());
}

/// Everything a batch can hold.
fn full_batch(lease: &Lease) -> Batch {
    let gap = NewGap {
        key: GapKey {
            kind: GapKind::Trades,
            ticker: None,
            from: second(1),
        },
        to: Some(second(3)),
        reason: "reconnect".to_owned(),
    };
    let mut listed = market("A-1");
    listed.event = Some("A".parse().unwrap());
    Batch {
        snapshots: vec![
            snapshot("B-1", second(2), "0.42"),
            snapshot("A-1", second(2), "0.40"),
            snapshot("A-1", second(2), "0.41"),
        ],
        trades: vec![
            (trade("t2", "A-1", "2T00:00:02", "0.42"), TradeSource::WebSocket),
            (trade("t1", "C-1", "2T00:00:01", "0.43"), TradeSource::Backfill),
        ],
        series: vec![],
        events: vec![event("A", "S")],
        markets: vec![(listed, "{}".to_owned())],
        cycle: Some(cycle(lease, 0)),
        closed_gaps: vec![GapClosing {
            key: gap.key.clone(),
            to: None,
            at: second(4),
            end: GapEnd::Filled {
                source: "backfill".to_owned(),
                rows: 1,
            },
        }],
        gaps: vec![gap],
        fence: Some(lease.fence()),
    }
}

pub(crate) async fn the_same_batch_twice_changes_nothing(house: House) {
    let store = &house.store;
    let lease = taken(store, "a", second(0)).await.unwrap();
    let batch = full_batch(&lease);

    let first = store.keep(&batch).await.unwrap();

    assert_eq!((first.snapshots, first.trades.inserted), (2, 2));
    assert_eq!((first.events.inserted, first.markets.inserted), (1, 1));
    assert_eq!((first.cycles, first.gaps, first.closed_gaps), (1, 1, 1));
    let before = store.counts().await.unwrap();
    let again = store.keep(&batch).await.unwrap();
    assert_eq!(
        (again.snapshots, again.trades.inserted, again.trades.duplicates),
        (0, 0, 2)
    );
    assert_eq!((again.events.duplicates, again.markets.duplicates), (1, 1));
    assert_eq!((again.cycles, again.gaps, again.closed_gaps), (0, 0, 0));
    assert_eq!(store.counts().await.unwrap(), before);
    assert_eq!(before.tables["imports"], 0);
    assert_eq!(store.keep(&Batch::default()).await.unwrap(), Kept::default());
}

pub(crate) async fn rows_of_archived_days_are_not_taken_again(house: House) {
    let store = &house.store;
    let lease = taken(store, "a", second(0)).await.unwrap();
    let batch = full_batch(&lease);
    store.keep(&batch).await.unwrap();
    store.roll(second(86_400)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().tables["market_snapshots"], 0);

    let again = store.keep(&batch).await.unwrap();

    assert_eq!((again.snapshots, again.trades.inserted), (0, 0));
    let late = Batch {
        snapshots: vec![snapshot("A-1", second(7), "0.50")],
        trades: vec![(trade("t9", "A-1", "2T00:00:07", "0.50"), TradeSource::Backfill)],
        ..Batch::default()
    };
    let kept = store.keep(&late).await.unwrap();
    assert_eq!((kept.snapshots, kept.trades.inserted), (1, 1));
    assert_eq!(house.trades().await.len(), 3);
}

pub(crate) async fn a_live_report_replaces_quotes_and_pauses_end(house: House) {
    let store = &house.store;
    let report = |status, bid: Option<&str>| {
        let mut report = market("A-1");
        report.status = status;
        report.volume = Some(Quantity::ONE);
        report.yes_bid = bid.map(price);
        Batch {
            markets: vec![(report, "{}".to_owned())],
            ..Batch::default()
        }
    };
    let kept = async || {
        let found = store.markets(&kmi_storage::MarketQuery::default()).await.unwrap();
        let market = found[0].market.clone();
        (market.status, market.yes_bid)
    };
    store
        .keep(&report(MarketStatus::Inactive, Some("0.40")))
        .await
        .unwrap();
    store
        .keep(&report(MarketStatus::Active, Some("0.45")))
        .await
        .unwrap();
    assert_eq!(kept().await, (MarketStatus::Active, Some(price("0.45"))));
    store.keep(&report(MarketStatus::Finalized, None)).await.unwrap();
    assert_eq!(kept().await, (MarketStatus::Finalized, None));
    store.keep(&report(MarketStatus::Active, None)).await.unwrap();
    assert_eq!(kept().await.0, MarketStatus::Finalized, "a read that lags");
}

pub(crate) async fn a_gap_is_told_once_and_ends_once(house: House) {
    let store = &house.store;
    let key = |kind, market: Option<&str>, from| GapKey {
        kind,
        ticker: market.map(ticker),
        from: second(from),
    };
    let gap = |key: &GapKey, to: Option<i64>| NewGap {
        key: key.clone(),
        to: to.map(second),
        reason: "connection lost".to_owned(),
    };
    let all = key(GapKind::Trades, None, 10);
    assert!(store.open_gap(&gap(&all, None)).await.unwrap());
    assert!(!store.open_gap(&gap(&all, None)).await.unwrap());
    assert!(
        store.open_gap(&gap(&all, Some(20))).await.unwrap(),
        "its end is news"
    );
    assert!(!store.open_gap(&gap(&all, Some(30))).await.unwrap());
    let book = key(GapKind::Books, Some("A-1"), 40);
    store.open_gap(&gap(&book, None)).await.unwrap();
    let other = key(GapKind::Books, Some("B-1"), 50);
    store.open_gap(&gap(&other, None)).await.unwrap();

    let given_up = GapClosing {
        key: all.clone(),
        to: Some(second(99)),
        at: second(60),
        end: GapEnd::Unfillable {
            reason: "too old".to_owned(),
        },
    };
    assert!(store.close_gap(&given_up).await.unwrap());
    let filled = GapClosing {
        end: GapEnd::Filled {
            source: "historical".to_owned(),
            rows: 12,
        },
        ..given_up.clone()
    };
    assert!(
        store.close_gap(&filled).await.unwrap(),
        "one given up may be filled"
    );
    assert!(
        !store.close_gap(&given_up).await.unwrap(),
        "one filled stays filled"
    );

    let of = async |query: GapQuery| {
        let found = store.gaps(&query).await.unwrap();
        found.into_iter().map(|gap| gap.key).collect::<Vec<_>>()
    };
    let everything = GapQuery::default();
    assert_eq!(
        of(everything.clone()).await,
        [other.clone(), book.clone(), all.clone()]
    );
    let of_market = GapQuery {
        ticker: Some(ticker("A-1")),
        ..everything.clone()
    };
    assert_eq!(of(of_market).await, [book.clone(), all.clone()]);
    let open_books = GapQuery {
        kind: Some(GapKind::Books),
        state: Some(GapState::Open),
        limit: 1,
        ..everything.clone()
    };
    assert_eq!(of(open_books).await, [other]);
    let early = GapQuery {
        from: Some(second(19)),
        to: Some(second(40)),
        ..everything.clone()
    };
    assert_eq!(of(early).await, [all]);
    let whole = store.gaps(&everything).await.unwrap();
    let last = whole.last().unwrap();
    assert_eq!((last.to, last.closed), (Some(second(20)), Some(second(60))));
    assert_eq!(
        (last.state, last.source.as_deref(), last.rows),
        (GapState::Filled, Some("historical"), Some(12))
    );
}

pub(crate) async fn days_are_archived_while_others_write(house: House) {
    let store = house.store.clone();
    let rows = |from: i64, count: i64| -> Vec<_> {
        let row = |number| snapshot(&format!("M-{}", number % 50), second(number), "0.42");
        (from..from + count).map(row).collect()
    };
    store.write_snapshots(&rows(0, 20_000)).await.unwrap();
    let writer = tokio::spawn({
        let store = Store::open(store.location().clone()).await.unwrap();
        async move {
            let mut written = 0;
            // Into the day that is moved, and into the one after it.
            for round in 0..40 {
                let batch = Batch {
                    snapshots: [rows(20_000 + round * 25, 25), rows(90_000 + round * 25, 25)].concat(),
                    ..Batch::default()
                };
                written += store.keep(&batch).await.unwrap().snapshots;
            }
            written
        }
    });
    let mut moved = 0;
    while !writer.is_finished() {
        match store.roll(second(86_400)).await {
            Ok(report) => moved += report.files.iter().map(|file| file.rows).sum::<u64>(),
            Err(error) => assert!(matches!(error, StorageError::Changed { .. }), "{error:?}"),
        }
    }
    assert_eq!(writer.await.unwrap(), 2_000);
    moved += store
        .roll(second(86_400))
        .await
        .unwrap()
        .files
        .iter()
        .map(|file| file.rows)
        .sum::<u64>();
    assert_eq!(moved, 21_000);
    let counts = store.counts().await.unwrap();
    assert_eq!(counts.tables["market_snapshots"], 1_000, "the day after stays");
    assert!(store.verify_archive().await.unwrap().is_sound());
}
