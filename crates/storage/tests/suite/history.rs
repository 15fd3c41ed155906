//! Trades, candles, snapshots and backtests.

use kmi_domain::{Action, Candle, Money, Ohlc, Quantity, Side};
use kmi_storage::{BacktestFill, BacktestRecord, MarketSnapshot, SnapshotSource, TradeQuery};

use crate::house::{House, at, event, market, meta, price, ticker, trade};

pub(crate) async fn trades_come_back_by_time_and_then_by_id(house: House) {
    let first = trade("t-b", "A-1", "2T10:00:00", "0.42");
    let twin = trade("t-a", "B-1", "2T10:00:00", "0.58");
    let upper = trade("T-z", "B-1", "2T10:00:00", "0.01");
    let later = trade("t-0", "A-1", "2T10:00:00.000001", "1");

    assert_eq!(house.take(&[later.clone(), first.clone()]).await, (2, 0, 2));
    assert_eq!(house.take(&[twin.clone(), upper.clone()]).await, (2, 0, 2));

    // Bytes: upper case before lower, whatever the language of the machine says.
    assert_eq!(house.trades().await, [upper, twin, first, later]);
}

pub(crate) async fn a_stream_keeps_to_its_markets_and_times(house: House) {
    let trades = [
        trade("t1", "A-1", "2T10:00:00", "0.42"),
        trade("t2", "B-1", "2T11:00:00", "0.42"),
        trade("t3", "A-1", "3T10:00:00", "0.42"),
        trade("t4", "C-1", "3T11:00:00", "0.42"),
    ];
    house.take(&trades).await;

    let query = TradeQuery {
        tickers: Some(vec![ticker("C-1"), ticker("A-1"), ticker("NEVER")]),
        ..TradeQuery::default()
    };
    let stream = house.store.trades(query.clone()).await.unwrap();
    assert_eq!(
        stream.tickers()[..],
        [ticker("C-1"), ticker("A-1"), ticker("NEVER")]
    );
    let batch = stream.collect().await.unwrap();
    assert_eq!(batch.market, [1, 1, 0]);
    assert!(batch.ids.is_empty(), "ids were not asked for");
    let query = TradeQuery {
        from: Some(at("2026-01-02T10:00:00Z")),
        to: Some(at("2026-01-03T11:00:00Z")),
        ..query
    };
    assert_eq!(house.query(query).await, [trades[0].clone(), trades[2].clone()]);

    let mut import = house.store.begin_import(meta("events")).await.unwrap();
    import.put_events(&[event("A", "KXA")]).await.unwrap();
    let mut of_event = market("A-1");
    of_event.event = Some("A".parse().unwrap());
    import.put_markets(&[(of_event, "{}".to_owned())]).await.unwrap();
    import.commit("events", 1, 0).await.unwrap();
    let query = TradeQuery {
        series: vec!["KXA".parse().unwrap()],
        ..TradeQuery::default()
    };
    assert_eq!(house.query(query).await, [trades[0].clone(), trades[2].clone()]);
}

pub(crate) async fn the_same_file_twice_inserts_nothing(house: House) {
    let trades = [
        trade("t1", "A-1", "2T10:00:00", "0.42"),
        trade("t2", "A-1", "2T10:00:00", "0.43"),
        trade("t1", "A-1", "2T10:00:00", "0.42"),
    ];

    assert_eq!(house.take(&trades).await, (2, 1, 2));
    let counts = house.store.counts().await.unwrap();
    assert_eq!(house.take(&trades).await, (0, 3, 0));

    assert_eq!(house.store.counts().await.unwrap(), counts);
    assert_eq!(house.trades().await, trades[..2]);
}

pub(crate) async fn a_dropped_import_leaves_nothing(house: House) {
    let before = house.store.counts().await.unwrap();
    let mut import = house.store.begin_import(meta("trades")).await.unwrap();
    import.put_events(&[event("A", "KXA")]).await.unwrap();
    import
        .put_trades(&[trade("t1", "A-1", "2T10:00:00", "0.42")])
        .await
        .unwrap();
    drop(import);

    assert_eq!(house.store.counts().await.unwrap(), before);
    assert_eq!(
        house.take(&[trade("t1", "A-1", "2T10:00:00", "0.42")]).await,
        (1, 0, 1)
    );
}

pub(crate) async fn trades_without_a_market_are_kept_and_counted(house: House) {
    let mut import = house.store.begin_import(meta("both")).await.unwrap();
    import
        .put_markets(&[(market("A-1"), "{}".to_owned())])
        .await
        .unwrap();
    let put = import
        .put_trades(&[
            trade("t1", "A-1", "2T10:00:00", "0.42"),
            trade("t2", "GONE-1", "2T10:00:00", "0.42"),
            trade("t3", "GONE-1", "2T10:00:01", "0.42"),
        ])
        .await
        .unwrap();
    assert_eq!((put.inserted, put.without_market), (3, 2));

    // The market arrives after all: what follows has one.
    import
        .put_markets(&[(market("GONE-1"), "{}".to_owned())])
        .await
        .unwrap();
    let put = import
        .put_trades(&[trade("t4", "GONE-1", "2T10:00:02", "0.42")])
        .await
        .unwrap();
    assert_eq!((put.inserted, put.without_market), (1, 0));
    import.commit("both", 6, 0).await.unwrap();
    assert_eq!(house.trades().await.len(), 4);
}

pub(crate) async fn candles_are_kept_once(house: House) {
    let flat = |text: &str| Ohlc {
        open: price(text),
        high: price(text),
        low: price(text),
        close: price(text),
    };
    let candle = Candle {
        ticker: ticker("A-1"),
        period_min: 60,
        end: at("2026-01-02T10:00:00Z"),
        yes_bid: Some(flat("0.41")),
        yes_ask: Some(flat("0.43")),
        price: None,
        mean: None,
        previous: Some(price("0.4")),
        volume: Quantity::ZERO,
        open_interest: Quantity::from_contracts(7),
    };
    for expected in [(1, 0), (0, 1)] {
        let mut import = house.store.begin_import(meta("candles")).await.unwrap();
        let put = import.put_candles(std::slice::from_ref(&candle)).await.unwrap();
        import.commit("candles", 1, 0).await.unwrap();
        assert_eq!((put.inserted, put.duplicates), expected);
    }
}

pub(crate) async fn snapshots_are_kept_once_per_market_instant_and_source(house: House) {
    let snapshot = |market: &str, time: &str| MarketSnapshot {
        ticker: ticker(market),
        time: at(time),
        source: SnapshotSource::Poll,
        sequence: None,
        yes_bid: Some(price("0.41")),
        yes_ask: None,
        yes_bid_size: Some(Quantity::from_contracts(3)),
        yes_ask_size: None,
        last_price: None,
        volume: Some(Quantity::ZERO),
        open_interest: None,
    };
    let one = snapshot("A-1", "2026-01-02T10:00:00Z");
    let two = snapshot("B-1", "2026-01-02T10:00:00Z");
    let three = snapshot("A-1", "2026-01-02T10:00:05Z");

    assert_eq!(
        house
            .store
            .write_snapshots(&[two.clone(), one.clone()])
            .await
            .unwrap(),
        2
    );
    assert_eq!(house.store.write_snapshots(&[one, three, two]).await.unwrap(), 1);
    assert_eq!(house.store.counts().await.unwrap().tables["market_snapshots"], 3);

    let report = house.store.roll(at("2026-01-03T00:00:00Z")).await.unwrap();
    assert_eq!(report.rows(kmi_storage::ArchiveKind::Snapshots), 3);
    assert_eq!(house.store.counts().await.unwrap().tables["market_snapshots"], 0);
    assert!(house.store.verify_archive().await.unwrap().is_sound());
}

pub(crate) async fn a_backtest_comes_back_as_it_was_saved(house: House) {
    let fill = BacktestFill {
        time: at("2026-01-02T10:00:00Z"),
        ticker: ticker("A-1"),
        side: Side::No,
        action: Action::Buy,
        price: price("0.42"),
        quantity: Quantity::ONE,
        fee: Money::from_micros(17_100),
        is_taker: true,
    };
    let record = BacktestRecord {
        id: "b1".to_owned(),
        created: at("2026-01-02T00:00:00Z"),
        strategy: "fixed_horizon".to_owned(),
        params: r#"{"horizon":"12h"}"#.to_owned(),
        pnl: Money::from_micros(-882_000),
        fees: Money::from_micros(3_482_000),
        document: r#"{"id":"b1"}"#.to_owned(),
        fills: vec![fill.clone(), fill],
    };
    let later = BacktestRecord {
        id: "b2".to_owned(),
        created: at("2026-01-03T00:00:00Z"),
        fills: vec![],
        ..record.clone()
    };
    house.store.save_backtest(&record).await.unwrap();
    house.store.save_backtest(&later).await.unwrap();

    assert_eq!(house.store.backtest("b1").await.unwrap(), Some(record));
    assert_eq!(house.store.backtest("b3").await.unwrap(), None);
    let list = house.store.list_backtests().await.unwrap();
    let lines: Vec<_> = list.iter().map(|line| (line.id.as_str(), line.fills)).collect();
    assert_eq!(lines, [("b2", 0), ("b1", 2)]);
}
