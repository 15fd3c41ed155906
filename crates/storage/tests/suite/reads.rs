//! What is asked for again and again: histories, the tape, candles, the catalogue.

use kmi_domain::{Candle, Ohlc, Price, PublicTrade, Quantity, Timestamp};
use kmi_storage::{
    BacktestRecord, Batch, EventQuery, GapClosing, GapEnd, GapKey, GapKind, MarketSnapshot, NewGap,
    SnapshotSource, TapeQuery, TradeSource,
};

use crate::house::{House, at, event, market, meta, price, ticker, trade};
use crate::live::snapshot;

/// `quote("2T10:00:00", "0.42")` of market `A-1` on a day of January 2026.
fn quote(time: &str, bid: &str) -> MarketSnapshot {
    snapshot("A-1", at(&format!("2026-01-0{time}Z")), bid)
}

async fn keep(house: &House, snapshots: Vec<MarketSnapshot>, trades: &[PublicTrade]) {
    let trades = trades
        .iter()
        .cloned()
        .map(|trade| (trade, TradeSource::WebSocket));
    let batch = Batch {
        snapshots,
        trades: trades.collect(),
        ..Batch::default()
    };
    house.store.keep(&batch).await.unwrap();
}

pub(crate) async fn a_history_goes_back_into_the_archive(house: House) {
    let quotes: Vec<_> = [
        "1T01:00:00",
        "1T23:00:00",
        "2T08:00:00",
        "3T09:00:00",
        "3T10:00:00",
    ]
    .into_iter()
    .zip(["0.40", "0.41", "0.42", "0.43", "0.44"])
    .map(|(time, bid)| quote(time, bid))
    .collect();
    let others = vec![snapshot("B-1", at("2026-01-01T12:00:00Z"), "0.90")];
    keep(&house, [quotes.clone(), others].concat(), &[]).await;
    house.store.roll(at("2026-01-03T00:00:00Z")).await.unwrap();
    // Late into a day that was moved, and of another source at an instant that is there.
    let late = quote("1T12:00:00", "0.50");
    let streamed = MarketSnapshot {
        source: SnapshotSource::WebSocket,
        ..quotes[4].clone()
    };
    keep(&house, vec![late.clone(), streamed.clone()], &[]).await;

    let newest_first = [
        streamed,
        quotes[4].clone(),
        quotes[3].clone(),
        quotes[2].clone(),
        quotes[1].clone(),
        late,
        quotes[0].clone(),
    ];
    let history = async |from: Option<&str>, to: Option<&str>, limit| {
        let bound = |time: &str| at(&format!("2026-01-0{time}Z"));
        let market = ticker("A-1");
        let found = house
            .store
            .history(&market, from.map(bound), to.map(bound), limit);
        found.await.unwrap()
    };
    assert_eq!(history(None, None, 100).await, newest_first);
    for limit in 0..7 {
        assert_eq!(history(None, None, limit).await, newest_first[..limit as usize]);
    }
    let middle = history(Some("1T12:00:00"), Some("3T09:00:00"), 100).await;
    assert_eq!(middle, newest_first[3..6], "from is in it, to is not");
    let latest = house.store.latest_snapshots().await.unwrap();
    assert_eq!(
        latest,
        newest_first[..1],
        "what is archived has been quiet for days"
    );
}

pub(crate) async fn the_tape_is_paged_from_hot_to_archived(house: House) {
    let trades = [
        trade("t1", "A-1", "1T10:00:00", "0.41"),
        trade("t2", "B-1", "1T11:00:00", "0.42"),
        trade("t3", "A-1", "2T10:00:00", "0.43"),
        trade("t4", "A-1", "2T10:00:00", "0.44"),
        trade("t5", "B-1", "3T10:00:00", "0.45"),
        trade("t6b", "A-1", "3T11:00:00", "0.46"),
    ];
    keep(&house, vec![], &trades).await;
    house.store.roll(at("2026-01-03T00:00:00Z")).await.unwrap();
    let mut newest_first = trades.clone();
    newest_first.reverse();

    let mut paged = Vec::new();
    let mut query = TapeQuery {
        limit: 2,
        ..TapeQuery::default()
    };
    loop {
        let page = house.store.recent_trades(&query).await.unwrap();
        let Some(last) = page.last() else {
            break;
        };
        query.before = Some((last.time, last.id.clone()));
        paged.extend(page);
    }
    assert_eq!(paged, newest_first);
    let of_market = TapeQuery {
        ticker: Some(ticker("A-1")),
        to: Some(at("2026-01-03T11:00:00Z")),
        from: Some(at("2026-01-01T10:00:00Z")),
        ..TapeQuery::default()
    };
    let found = house.store.recent_trades(&of_market).await.unwrap();
    assert_eq!(found, [trades[3].clone(), trades[2].clone(), trades[0].clone()]);
    let unknown = TapeQuery {
        ticker: Some(ticker("Z-1")),
        ..TapeQuery::default()
    };
    assert_eq!(house.store.recent_trades(&unknown).await.unwrap(), []);
}

fn corners(open: &str, high: &str, low: &str, close: &str) -> Ohlc {
    Ohlc {
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
    }
}

pub(crate) async fn candles_take_in_their_end_and_begin_with_what_stood(house: House) {
    let quote = |time: &str, bid: Option<&str>, ask: Option<&str>, held: i64| MarketSnapshot {
        yes_bid: bid.map(price),
        yes_ask: ask.map(price),
        open_interest: Some(Quantity::from_units(held)),
        ..quote(time, "0.10")
    };
    let of = |quantity: i64, trade: PublicTrade| PublicTrade {
        quantity: Quantity::from_units(quantity),
        ..trade
    };
    let quotes = vec![
        quote("1T22:30:00", Some("0.40"), Some("0.44"), 100),
        // The end of an hour belongs to it.
        quote("2T10:00:00", Some("0.41"), Some("0.44"), 200),
        quote("2T10:30:00", None, Some("0.60"), 300),
        quote("2T10:40:00", Some("0.42"), None, 400),
        quote("2T13:00:00.000001", Some("0.45"), Some("0.46"), 500),
    ];
    let trades = [
        trade("t1", "A-1", "1T22:00:00", "0.39"),
        of(100, trade("t2", "A-1", "2T10:00:00.000001", "0.50")),
        of(200, trade("t3", "A-1", "2T10:59:00", "0.53")),
        of(100, trade("t4", "A-1", "2T11:00:00", "0.48")),
        of(150, trade("t5", "A-1", "2T12:00:00", "0.49")),
    ];
    keep(&house, quotes, &trades).await;
    house.store.roll(at("2026-01-02T00:00:00Z")).await.unwrap();
    let candle = |end: &str| Candle {
        ticker: ticker("A-1"),
        period_min: 60,
        end: at(&format!("2026-01-02T{end}Z")),
        yes_bid: None,
        yes_ask: None,
        price: None,
        mean: None,
        previous: Some(price("0.39")),
        volume: Quantity::ZERO,
        open_interest: Quantity::from_units(400),
    };
    let expected = [
        Candle {
            yes_bid: Some(corners("0.40", "0.41", "0.40", "0.41")),
            yes_ask: Some(corners("0.44", "0.44", "0.44", "0.44")),
            open_interest: Quantity::from_units(200),
            ..candle("10:00:00")
        },
        Candle {
            yes_bid: Some(corners("0.41", "0.42", "0", "0.42")),
            yes_ask: Some(corners("0.44", "1", "0.44", "1")),
            price: Some(corners("0.50", "0.53", "0.48", "0.48")),
            // (100 × 0.50 + 200 × 0.53 + 100 × 0.48) / 400
            mean: Some(price("0.51")),
            volume: Quantity::from_units(400),
            ..candle("11:00:00")
        },
        Candle {
            yes_bid: Some(corners("0.42", "0.42", "0.42", "0.42")),
            yes_ask: Some(corners("1", "1", "1", "1")),
            price: Some(corners("0.49", "0.49", "0.49", "0.49")),
            mean: Some(price("0.49")),
            previous: Some(price("0.48")),
            volume: Quantity::from_units(150),
            ..candle("12:00:00")
        },
    ];
    let candles = async |period_min, from: &str, to: &str| {
        let (from, to) = (format!("2026-01-0{from}Z"), format!("2026-01-0{to}Z"));
        let market = ticker("A-1");
        let found = house.store.candles(&market, period_min, at(&from), at(&to));
        found.await.unwrap()
    };
    // The last quote lies in the hour that ends at two.
    assert_eq!(candles(60, "2T10:00:00", "2T13:59:59").await, expected);
    assert_eq!(candles(60, "2T10:00:01", "2T12:00:00").await, expected[1..]);
    assert_eq!(candles(60, "2T12:00:00", "2T11:00:00").await, []);
    // A day ends at midnight in New York, five in the morning in winter.
    let days = candles(1440, "2T00:00:00", "3T05:00:00").await;
    let ends: Vec<_> = days.iter().map(|day| (day.end, day.volume)).collect();
    assert_eq!(
        ends,
        [
            (at("2026-01-02T05:00:00Z"), Quantity::from_units(150)),
            (at("2026-01-03T05:00:00Z"), Quantity::from_units(550)),
        ]
    );
    // What the exchange summed up itself takes the place of ours.
    let theirs = Candle {
        volume: Quantity::from_units(9_900),
        ..expected[1].clone()
    };
    let mut import = house.store.begin_import(meta("candles")).await.unwrap();
    import.put_candles(std::slice::from_ref(&theirs)).await.unwrap();
    import.commit("candles", 1, 0).await.unwrap();
    assert_eq!(candles(60, "2T11:00:00", "2T11:00:00").await, [theirs]);
}

pub(crate) async fn the_catalogue_is_read_by_name_and_page(house: House) {
    let store = &house.store;
    let mut named = market("A-1");
    named.event = Some("A".parse().unwrap());
    let mut other = event("C", "T");
    other.category = Some("Politics".to_owned());
    let batch = Batch {
        events: vec![event("B", "S"), event("A", "S"), other],
        markets: vec![(named, "{}".to_owned())],
        ..Batch::default()
    };
    store.keep(&batch).await.unwrap();
    let series = store.series_list().await.unwrap();
    let all: Vec<_> = series.iter().map(|series| series.ticker.as_str()).collect();
    assert_eq!(all, ["S", "T"]);
    assert_eq!(
        store.series(&"S".parse().unwrap()).await.unwrap().as_ref(),
        series.first()
    );
    let found = async |query: EventQuery| {
        let events = store.events(&query).await.unwrap();
        events
            .into_iter()
            .map(|event| event.ticker.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(EventQuery::default()).await, ["A", "B", "C"]);
    let of_series = EventQuery {
        series: Some("S".parse().unwrap()),
        after: Some("A".parse().unwrap()),
        ..EventQuery::default()
    };
    assert_eq!(found(of_series).await, ["B"]);
    let of_category = EventQuery {
        category: Some("Climate and Weather".to_owned()),
        limit: 1,
        ..EventQuery::default()
    };
    assert_eq!(found(of_category).await, ["A"]);
    assert_eq!(
        store.event(&"B".parse().unwrap()).await.unwrap(),
        Some(event("B", "S"))
    );
    assert_eq!(store.event(&"Z".parse().unwrap()).await.unwrap(), None);
    let record = store.market(&ticker("A-1")).await.unwrap().unwrap();
    assert_eq!(record.event, Some(event("A", "S")));
    assert_eq!(store.market(&ticker("A-2")).await.unwrap(), None);
}

pub(crate) async fn a_backtest_is_removed_whole(house: House) {
    let record = BacktestRecord {
        id: "b1".to_owned(),
        created: at("2026-01-01T00:00:00Z"),
        strategy: "s".to_owned(),
        params: "{}".to_owned(),
        pnl: kmi_domain::Money::ZERO,
        fees: kmi_domain::Money::ZERO,
        document: "{}".to_owned(),
        fills: vec![kmi_storage::BacktestFill {
            time: at("2026-01-01T00:00:00Z"),
            ticker: ticker("A-1"),
            side: kmi_domain::Side::Yes,
            action: kmi_domain::Action::Buy,
            price: Price::ONE,
            quantity: Quantity::ONE,
            fee: kmi_domain::Money::ZERO,
            is_taker: true,
        }],
    };
    house.store.save_backtest(&record).await.unwrap();
    assert!(house.store.delete_backtest("b1").await.unwrap());
    assert!(!house.store.delete_backtest("b1").await.unwrap());
    assert_eq!(house.store.backtest("b1").await.unwrap(), None);
    // Saved again it has its own fills, not those of before.
    house.store.save_backtest(&record).await.unwrap();
    assert_eq!(house.store.backtest("b1").await.unwrap(), Some(record));
}

pub(crate) async fn what_was_filled_long_ago_is_forgotten(house: House) {
    let store = &house.store;
    let gap = |from: i64| NewGap {
        key: GapKey {
            kind: GapKind::Trades,
            ticker: None,
            from: Timestamp::from_seconds(from),
        },
        to: None,
        reason: "restart".to_owned(),
    };
    for from in 0..3 {
        store.open_gap(&gap(from)).await.unwrap();
    }
    let filled = |from: i64, at: i64| GapClosing {
        key: gap(from).key,
        to: None,
        at: Timestamp::from_seconds(at),
        end: GapEnd::Filled {
            source: "backfill".to_owned(),
            rows: 0,
        },
    };
    store.close_gap(&filled(1, 50)).await.unwrap();
    store.close_gap(&filled(2, 60)).await.unwrap();

    let pruned = store.prune(Timestamp::from_seconds(60)).await.unwrap();

    assert_eq!((pruned.cycles, pruned.gaps), (0, 1));
    assert_eq!(store.counts().await.unwrap().tables["data_gaps"], 2);
    store.ping().await.unwrap();
}
