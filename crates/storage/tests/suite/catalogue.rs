//! Series, events and markets, told of several times and in several ways.

use kmi_domain::{
    CollateralReturn, Event, FeeMultiplier, FeeType, Market, MarketResult, MarketStatus, Price, Quantity,
    Series, TickGrid,
};
use kmi_storage::{MarketQuery, Put, ResultFilter};

use crate::house::{House, at, event, market, meta, price, settled};

async fn tell(house: &House, reports: &[Market]) -> Put {
    let reports: Vec<_> = reports
        .iter()
        .map(|market| (market.clone(), format!("{{\"status\":\"{}\"}}", market.status)))
        .collect();
    let mut import = house.store.begin_import(meta("markets")).await.unwrap();
    let put = import.put_markets(&reports).await.unwrap();
    import.commit("markets", reports.len() as u64, 0).await.unwrap();
    put
}

async fn known(house: &House) -> Vec<Market> {
    let records = house.store.markets(&MarketQuery::default()).await.unwrap();
    records.into_iter().map(|record| record.market).collect()
}

pub(crate) async fn an_event_brings_its_series(house: House) {
    let series = Series {
        ticker: "KXA".parse().unwrap(),
        title: Some("All of A".to_owned()),
        category: None,
        frequency: Some("daily".to_owned()),
        fee_type: Some(kmi_domain::FeeType::Quadratic),
        fee_multiplier: Some(kmi_domain::FeeMultiplier::ONE),
    };
    let mut import = house.store.begin_import(meta("events")).await.unwrap();
    assert_eq!(import.put_events(&[event("A", "KXA")]).await.unwrap().inserted, 1);
    assert_eq!(import.put_series(&[series]).await.unwrap().updated, 1);
    assert_eq!(
        import.put_events(&[event("A", "KXA")]).await.unwrap().duplicates,
        1
    );
    let mut of_event = market("A-1");
    of_event.event = Some("A".parse().unwrap());
    import.put_markets(&[(of_event, "{}".to_owned())]).await.unwrap();
    import.commit("events", 1, 0).await.unwrap();

    let records = house.store.markets(&MarketQuery::default()).await.unwrap();
    let [record] = &records[..] else {
        panic!("{records:?}")
    };
    let series = record.series.as_ref().unwrap();
    assert_eq!(series.title.as_deref(), Some("All of A"));
    assert_eq!(
        series.category.as_deref(),
        Some("Climate and Weather"),
        "from the event"
    );
    assert_eq!(record.category(), Some("Climate and Weather"));
    assert_eq!(record.event, Some(event("A", "KXA")));
    assert_eq!(
        record.fee_multiplier().unwrap().millionths(),
        500_000,
        "the event overrides"
    );
    assert!(record.is_exclusive());
}

pub(crate) async fn reports_of_a_market_add_up_in_any_order(house: House) {
    let born = Market {
        title: "old title".to_owned(),
        open_time: Some(at("2026-01-01T00:00:00Z")),
        updated_time: Some(at("2026-01-01T00:00:00Z")),
        ..market("A-1")
    };
    let over = Market {
        title: "new title".to_owned(),
        updated_time: Some(at("2026-01-03T00:00:00Z")),
        ..settled("A-1", "A", "2026-01-02T00:00:00Z", MarketResult::Yes)
    };
    let expected = Market {
        open_time: born.open_time,
        ..over.clone()
    };

    assert_eq!(tell(&house, std::slice::from_ref(&over)).await.inserted, 1);
    assert_eq!(tell(&house, std::slice::from_ref(&born)).await.updated, 1);
    assert_eq!(known(&house).await, std::slice::from_ref(&expected));
    for reports in [[born.clone(), over.clone()], [over, born]] {
        let put = tell(&house, &reports).await;
        assert_eq!((put.inserted, put.updated, put.duplicates), (0, 0, 2));
    }
    assert_eq!(known(&house).await, [expected]);
    let metadata = house.store.counts().await.unwrap().tables["market_metadata"];
    assert_eq!(metadata, 2, "the JSON of both states, each once");
}

pub(crate) async fn a_report_without_a_time_never_takes_anything_back(house: House) {
    let over = settled("A-1", "A", "2026-01-02T00:00:00Z", MarketResult::No);
    let stale = Market {
        title: "a title at last".to_owned(),
        ..market("A-1")
    };
    tell(&house, std::slice::from_ref(&over)).await;
    tell(&house, &[stale]).await;

    let expected = Market {
        title: "a title at last".to_owned(),
        ..over
    };
    assert_eq!(known(&house).await, [expected]);
}

pub(crate) async fn every_field_of_a_market_survives(house: House) {
    let full = Market {
        title: "Will it? \"83° or below\"\n".to_owned(),
        yes_sub_title: "83° or below".to_owned(),
        no_sub_title: "84° or above".to_owned(),
        open_time: Some(at("2026-01-01T00:00:00.000001Z")),
        status: MarketStatus::Determined,
        settled_time: Some(at("2026-01-02T01:00:00Z")),
        expected_expiration_time: Some(at("2026-01-02T00:30:00Z")),
        settlement_timer_s: Some(3600),
        grid: TickGrid::from_label("tapered_deci_cent").unwrap(),
        price_level_structure: Some("tapered_deci_cent".to_owned()),
        yes_bid: Some(Price::ZERO),
        yes_ask: Some(Price::ONE),
        yes_bid_size: Some(Quantity::from_units(1)),
        yes_ask_size: Some(Quantity::from_units(123_456_789)),
        last_price: Some(price("0.0001")),
        volume: Some(Quantity::from_contracts(5)),
        volume_24h: Some(Quantity::ZERO),
        open_interest: Some(Quantity::from_contracts(4)),
        strike_type: Some("between".to_owned()),
        floor_strike: Some("83.5".to_owned()),
        cap_strike: Some("84".to_owned()),
        rules_primary: "If …, then …".to_owned(),
        updated_time: Some(at("2026-01-02T00:30:00Z")),
        ..settled(
            "A-1",
            "A",
            "2026-01-02T00:00:00Z",
            MarketResult::Scalar(price("0.3750")),
        )
    };
    tell(&house, std::slice::from_ref(&full)).await;
    assert_eq!(known(&house).await, [full]);
}

pub(crate) async fn markets_are_found_by_series_category_close_and_result(house: House) {
    let mut import = house.store.begin_import(meta("events")).await.unwrap();
    let mut other = event("B", "KXB");
    other.category = Some("Crypto".to_owned());
    import.put_events(&[event("A", "KXA"), other]).await.unwrap();
    import.commit("events", 2, 0).await.unwrap();
    tell(
        &house,
        &[
            settled("A-1", "A", "2026-01-02T00:00:00Z", MarketResult::Yes),
            settled(
                "A-2",
                "A",
                "2026-01-03T00:00:00Z",
                MarketResult::Scalar(price("0.5")),
            ),
            settled("B-1", "B", "2026-01-03T00:00:00Z", MarketResult::No),
            market("C-1"),
        ],
    )
    .await;
    let all = MarketQuery::default();
    let cases = [
        (all.clone(), "A-1 A-2 B-1 C-1"),
        (
            MarketQuery {
                series: vec!["KXA".parse().unwrap()],
                ..all.clone()
            },
            "A-1 A-2",
        ),
        (
            MarketQuery {
                categories: vec!["Crypto".to_owned()],
                ..all.clone()
            },
            "B-1",
        ),
        (
            MarketQuery {
                result: ResultFilter::WithResult,
                ..all.clone()
            },
            "A-1 A-2 B-1",
        ),
        (
            MarketQuery {
                result: ResultFilter::YesOrNo,
                ..all.clone()
            },
            "A-1 B-1",
        ),
        (
            MarketQuery {
                close_from: Some(at("2026-01-03T00:00:00Z")),
                ..all.clone()
            },
            "A-2 B-1",
        ),
        (
            MarketQuery {
                close_to: Some(at("2026-01-03T00:00:00Z")),
                ..all.clone()
            },
            "A-1",
        ),
        (
            MarketQuery {
                tickers: Some(vec!["C-1".parse().unwrap()]),
                ..all
            },
            "C-1",
        ),
    ];
    for (query, expected) in cases {
        let found = house.store.markets(&query).await.unwrap();
        let names: Vec<_> = found.iter().map(|record| record.market.ticker.as_str()).collect();
        assert_eq!(names.join(" "), expected, "{query:?}");
    }
}

pub(crate) async fn quotes_that_are_gone_do_not_stay(house: House) {
    let quoted = Market {
        yes_bid: Some(price("0.41")),
        yes_bid_size: Some(Quantity::ONE),
        yes_ask: Some(price("0.43")),
        last_price: Some(price("0.42")),
        volume: Some(Quantity::from_contracts(5)),
        updated_time: Some(at("2026-01-01T00:00:00Z")),
        ..market("A-1")
    };
    let partial = Market {
        title: "a title".to_owned(),
        updated_time: Some(at("2026-01-02T00:00:00Z")),
        ..market("A-1")
    };
    let one_sided = Market {
        yes_ask: Some(price("0.99")),
        volume: Some(Quantity::from_contracts(6)),
        updated_time: Some(at("2026-01-03T00:00:00Z")),
        ..market("A-1")
    };
    tell(&house, &[quoted.clone(), partial]).await;
    let [kept] = &known(&house).await[..] else {
        panic!()
    };
    assert_eq!(
        (kept.yes_bid, kept.yes_ask),
        (quoted.yes_bid, quoted.yes_ask),
        "a report of the title says nothing of quotes"
    );

    for reports in [[one_sided.clone()], [quoted]] {
        tell(&house, &reports).await;
        let expected = Market {
            title: "a title".to_owned(),
            ..one_sided.clone()
        };
        assert_eq!(known(&house).await, [expected]);
    }
}

pub(crate) async fn fees_stated_later_replace_those_known(house: House) {
    let series = |fee_type, millionths: Option<u32>| Series {
        ticker: "KXA".parse().unwrap(),
        title: None,
        category: None,
        frequency: None,
        fee_type,
        fee_multiplier: millionths.map(FeeMultiplier::from_millionths),
    };
    let changed = Event {
        fee_type_override: Some(FeeType::Quadratic),
        fee_multiplier_override: Some(FeeMultiplier::ONE),
        ..event("A", "KXA")
    };
    let silent = Event {
        fee_type_override: None,
        fee_multiplier_override: None,
        collateral_return: CollateralReturn::None,
        ..event("A", "KXA")
    };
    let mut import = house.store.begin_import(meta("fees")).await.unwrap();
    import.put_events(&[event("A", "KXA")]).await.unwrap();
    assert_eq!(
        import
            .put_events(std::slice::from_ref(&changed))
            .await
            .unwrap()
            .updated,
        1
    );
    assert_eq!(import.put_events(&[silent]).await.unwrap().duplicates, 1);
    for (report, updated) in [
        (series(Some(FeeType::Quadratic), Some(1_000_000)), 1),
        (series(Some(FeeType::QuadraticWithMakerFees), Some(500_000)), 1),
        (series(None, None), 0),
    ] {
        assert_eq!(import.put_series(&[report]).await.unwrap().updated, updated);
    }
    let mut of_event = market("A-1");
    of_event.event = Some("A".parse().unwrap());
    import.put_markets(&[(of_event, "{}".to_owned())]).await.unwrap();
    import.commit("fees", 1, 0).await.unwrap();

    let records = house.store.markets(&MarketQuery::default()).await.unwrap();
    assert_eq!(records[0].event.as_ref(), Some(&changed));
    let known = records[0].series.as_ref().unwrap();
    assert_eq!(known.fee_type, Some(FeeType::QuadraticWithMakerFees));
    assert_eq!(
        known.fee_multiplier,
        Some(FeeMultiplier::from_millionths(500_000))
    );
}
