//! Sweeps: what they bring, when they begin, and what happens when the exchange does not answer.

use std::time::Duration;

use kmi_app::ingest::PollerState;
use kmi_kalshi::limit::{BucketSpec, Limits};
use kmi_simulator::faults::FaultKind;

use super::exchange::{Exchange, fault};
use super::memory::Memory;
use super::rig::{Wish, until};

#[tokio::test(start_paused = true)]
async fn a_sweep_brings_every_open_market_with_its_event_and_series() {
    let (exchange, memory, spool) = (
        Exchange::open(1, 40, 20.0).await,
        Memory::default(),
        tempfile::tempdir().unwrap(),
    );
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("a full sweep is recorded", async || {
        memory.cycles().iter().any(|cycle| cycle.errors == 0)
    })
    .await;
    let open = exchange.open_markets().await;
    until("all open markets are kept", async || {
        memory.with(|db| open.keys().all(|ticker| db.markets.contains_key(ticker)))
    })
    .await;
    assert!(open.keys().all(|ticker| rig.board.market(ticker).is_some()));
    until("every event and series is known", async || {
        open.values().all(|market| {
            let event = rig.board.event(&market.event_ticker);
            event.is_some_and(|event| rig.board.series(&event.series_ticker).is_some())
        })
    })
    .await;
    until("they are kept, too", async || {
        memory.with(|db| !db.events.is_empty() && !db.series.is_empty())
    })
    .await;
    until("the exchange was asked whether it is open", async || {
        rig.status().exchange.active == Some(true)
    })
    .await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn sweeps_begin_at_multiples_of_the_interval_and_each_is_recorded_once() {
    let (exchange, memory, spool) = (
        Exchange::open(2, 20, 20.0).await,
        Memory::default(),
        tempfile::tempdir().unwrap(),
    );
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("twenty cycles", async || memory.cycles().len() >= 20).await;
    rig.end().await;
    let cycles = memory.cycles();
    let first = cycles[0].started;
    for (place, cycle) in cycles.iter().enumerate() {
        assert_eq!(cycle.number, place as u64 + 1);
        assert_eq!(cycle.errors, 0);
        let micros = cycle.started.micros_since(first);
        // The clock is tokio's own and stands still while anything can go on: what is left is its millisecond.
        let off = (micros - 5_000_000 * i64::try_from(place).unwrap()).abs();
        assert!(off <= 2_000, "cycle {} began {off} µs off its time", cycle.number);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_sweep_is_recorded_with_its_reason_and_the_next_tick_tries_again() {
    let (exchange, memory, spool) = (
        Exchange::open(3, 20, 20.0).await,
        Memory::default(),
        tempfile::tempdir().unwrap(),
    );
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("a full sweep", async || rig.status().poller.last_full.is_some()).await;
    // Sweeps ask again once; the learner asks as well.
    exchange
        .suffer(fault(FaultKind::Status, 12).on("GET", "/markets"))
        .await;
    until("a failed one", async || {
        memory.cycles().iter().any(|cycle| cycle.errors > 0)
    })
    .await;
    let failed = memory
        .cycles()
        .into_iter()
        .find(|cycle| cycle.errors > 0)
        .unwrap();
    assert!(failed.first_error.is_some_and(|error| error.contains("500")));
    assert!(rig.status().poller.failed_cycles >= 1);
    assert!(
        rig.board.swept().is_some_and(|swept| swept <= failed.started),
        "half a sweep is no sweep"
    );
    until("one is full again", async || {
        rig.board.swept().is_some_and(|swept| swept > failed.ended)
    })
    .await;
    let numbers: Vec<u64> = memory.cycles().iter().map(|cycle| cycle.number).collect();
    assert!(
        numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "every one is recorded"
    );
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_stretch_the_interval_and_it_comes_back() {
    let (exchange, memory, spool) = (
        Exchange::open(4, 20, 20.0).await,
        Memory::default(),
        tempfile::tempdir().unwrap(),
    );
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("a full sweep", async || rig.status().poller.last_full.is_some()).await;
    let mut storm = fault(FaultKind::Status, 1_000_000).on("GET", "/markets");
    storm.status = Some(429);
    exchange.suffer(storm).await;
    until("it stretches", async || {
        rig.status().poller.interval >= Duration::from_secs(20)
    })
    .await;
    exchange.faults.clear();
    until("it comes back", async || {
        rig.status().poller.interval == Duration::from_secs(5)
    })
    .await;
    rig.end().await;
    assert!(memory.cycles().iter().any(kmi_storage::PollCycle::is_stretched));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_allows_no_more_stretches_the_interval() {
    let (exchange, memory, spool) = (
        Exchange::open(5, 20, 20.0).await,
        Memory::default(),
        tempfile::tempdir().unwrap(),
    );
    // A page every seven seconds.
    let limits = Limits {
        read: BucketSpec {
            refill_rate: 1,
            capacity: 10,
        },
        ..Limits::basic()
    };
    let mut wish = Wish::new(&exchange, memory.clone(), &spool);
    wish.limits = limits;
    wish.has_stream = false;
    let rig = wish.start();
    until("it stretches", async || {
        rig.status().poller.interval > Duration::from_secs(5)
    })
    .await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_market_that_closes_is_asked_about_and_shown_as_it_is() {
    let exchange = Exchange::open_at_scale(6, 20, 20.0, 20).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let mut wish = Wish::new(&exchange, memory.clone(), &spool);
    // Only the poller tells here.
    wish.has_stream = false;
    let rig = wish.start();
    until("a full sweep", async || rig.status().poller.last_full.is_some()).await;
    let soonest = exchange
        .open_markets()
        .await
        .into_values()
        .min_by_key(|market| market.close_time)
        .unwrap();
    let closes = soonest.close_time.unwrap();
    let wait = closes.micros_since(exchange.engine.now()).max(0).unsigned_abs();
    tokio::time::sleep(Duration::from_micros(wait)).await;
    until("it is shown as closed", async || {
        let market = rig.board.market(&soonest.ticker).unwrap();
        market.body.status.as_str() != "active"
    })
    .await;
    until("it is kept as closed", async || {
        memory.with(|db| db.markets[&soonest.ticker].status.as_str() != "active")
    })
    .await;
    assert!(matches!(
        rig.status().poller.state,
        PollerState::Leading { epoch: 1, .. }
    ));
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_closed_while_nobody_looked_is_learned_at_the_next_start() {
    let exchange = Exchange::open_at_scale(7, 20, 20.0, 20).await;
    let (memory, spool) = (Memory::default(), tempfile::tempdir().unwrap());
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("a full sweep", async || rig.status().poller.last_full.is_some()).await;
    let open = exchange.open_markets().await;
    let soonest = open.into_values().min_by_key(|market| market.close_time).unwrap();
    until("it is kept", async || {
        memory.with(|db| db.markets.contains_key(&soonest.ticker))
    })
    .await;
    rig.end().await;
    let wait = soonest.close_time.unwrap().micros_since(exchange.engine.now());
    tokio::time::sleep(Duration::from_micros(wait.max(0).unsigned_abs()) + Duration::from_mins(2)).await;
    let rig = Wish::new(&exchange, memory.clone(), &spool).start();
    until("it is kept as closed", async || {
        memory.with(|db| db.markets[&soonest.ticker].status.is_past_close())
    })
    .await;
    rig.end().await;
}

#[tokio::test(start_paused = true)]
async fn old_days_move_to_the_archive_while_sweeps_go_on() {
    let (exchange, memory, spool) = (
        Exchange::open(8, 10, 10.0).await,
        Memory::default(),
        tempfile::tempdir().unwrap(),
    );
    let mut wish = Wish::new(&exchange, memory.clone(), &spool);
    wish.settings.retention.hot = Some(Duration::from_hours(48));
    let rig = wish.start();
    until("it was asked for", async || {
        memory.with(|db| !db.pruned.is_empty())
    })
    .await;
    let (rolled, pruned) = memory.with(|db| (db.rolled[0], db.pruned[0]));
    let now = exchange.engine.now();
    let hours = |time: kmi_domain::Timestamp| now.micros_since(time) / 3_600_000_000;
    assert_eq!((hours(rolled), hours(pruned)), (48, 90 * 24));
    rig.end().await;
}
