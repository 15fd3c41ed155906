//! Public bodies.

use std::collections::BTreeMap;

use kmi_kalshi::api::candle::Period;
use kmi_kalshi::api::event::EventsQuery;
use kmi_kalshi::api::market::{
    HistoricalMarketsQuery, MarketsPage, MarketsQuery, MveFilter, ResultWord, StatusFilter, StatusWord,
};
use kmi_kalshi::api::series::SeriesListQuery;

use super::*;
use crate::records::query::TradeFilter;

const DAY: i64 = 86_400;

fn listed(page: &MarketsPage) -> Vec<&str> {
    names(page.markets.iter().map(|market| &market.ticker))
}

fn with_status(status: StatusFilter) -> MarketsQuery {
    MarketsQuery {
        status: Some(status),
        ..MarketsQuery::default()
    }
}

#[test]
fn a_market_tells_its_quotes_for_both_contracts_and_its_trading() {
    let mut desk = Desk::new();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.ask(maker, "S-1-A", "0.60", "10");
    desk.bid(maker, "S-1-A", "0.55", "7.50");
    desk.bid(taker, "S-1-A", "0.60", "4");

    let body = desk.views().market(desk.market("S-1-A"));
    assert_eq!(body.status, StatusWord::Active);
    assert_eq!(
        (body.yes_bid_dollars, body.yes_bid_size_fp),
        (price("0.55"), quantity("7.50"))
    );
    assert_eq!(
        (body.yes_ask_dollars, body.yes_ask_size_fp),
        (price("0.60"), quantity("6"))
    );
    assert_eq!(
        (body.no_bid_dollars, body.no_ask_dollars),
        (price("0.40"), price("0.45"))
    );
    assert_eq!(body.last_price_dollars, price("0.60"));
    assert_eq!(
        (body.volume_fp, body.volume_24h_fp),
        (quantity("4"), quantity("4"))
    );
    assert_eq!(body.open_interest_fp, quantity("4"));
    assert_eq!(body.previous_price_dollars, Price::ZERO);
    assert_eq!(body.result, ResultWord::None);
    assert_eq!(body.floor_strike.as_deref(), Some("83.5"));

    let empty = desk.views().market(desk.market("S-1-B"));
    assert_eq!(
        (empty.yes_bid_dollars, empty.yes_ask_dollars),
        (Price::ZERO, Price::ONE)
    );
}

#[test]
fn what_a_market_was_a_day_ago_and_what_it_traded_since() {
    let mut desk = Desk::new();
    desk.list_market("S-1", "S-1-C", 20, 10 * DAY);
    desk.go_to(21);
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.bid(maker, "S-1-C", "0.40", "10");
    desk.ask(taker, "S-1-C", "0.40", "3");
    desk.go_to(DAY);
    desk.bid(maker, "S-1-C", "0.45", "10");
    desk.ask(taker, "S-1-C", "0.45", "2");
    desk.go_to(DAY + 200);

    let body = desk.views().market(desk.market("S-1-C"));
    assert_eq!(body.previous_yes_bid_dollars, price("0.40"));
    assert_eq!(body.previous_price_dollars, price("0.40"));
    assert_eq!(body.last_price_dollars, price("0.45"));
    assert_eq!(
        (body.volume_fp, body.volume_24h_fp),
        (quantity("5"), quantity("2"))
    );
}

#[test]
fn a_book_has_bids_only_with_the_best_last() {
    let mut desk = Desk::new();
    let maker = desk.user("maker");
    desk.bid(maker, "S-1-A", "0.41", "7");
    desk.bid(maker, "S-1-A", "0.42", "13");
    desk.ask(maker, "S-1-A", "0.50", "1.5");
    desk.ask(maker, "S-1-A", "0.44", "2");

    let book = desk.views().book(desk.market("S-1-A"), 0);
    let levels = |levels: &[kmi_domain::Level]| -> Vec<String> {
        levels
            .iter()
            .map(|level| format!("{} x {}", level.price, level.quantity))
            .collect()
    };
    assert_eq!(levels(&book.yes_dollars), ["0.4100 x 7.00", "0.4200 x 13.00"]);
    assert_eq!(levels(&book.no_dollars), ["0.5000 x 1.50", "0.5600 x 2.00"]);
    let best = desk.views().book(desk.market("S-1-A"), 1);
    assert_eq!(levels(&best.yes_dollars), ["0.4200 x 13.00"]);
    assert_eq!(levels(&best.no_dollars), ["0.5600 x 2.00"]);
}

#[test]
fn the_words_of_filters_are_not_those_of_answers() {
    let mut desk = Desk::new();
    desk.list_market("S-1", "S-1-LATER", 500, 1_000);
    desk.done(&Command::Deactivate {
        market: "S-2-A".parse().unwrap(),
    });
    desk.settle("S-2-B", MarketResult::Yes);
    desk.done(&Command::Determine {
        market: "C-1-A".parse().unwrap(),
        result: MarketResult::No,
        payment: Payment::AfterTimer,
    });

    let views = desk.views();
    let found = |status| {
        let page = views.markets(&with_status(status), &page()).unwrap();
        let words: Vec<String> = page
            .markets
            .iter()
            .map(|market| market.status.to_string())
            .collect();
        (listed(&page).join(" "), words.join(" "))
    };
    let pair = |names: &str, words: &str| (names.to_owned(), words.to_owned());
    assert_eq!(found(StatusFilter::Unopened), pair("S-1-LATER", "initialized"));
    assert_eq!(
        found(StatusFilter::Open),
        pair("C-1-B S-1-B S-1-A", "active active active")
    );
    assert_eq!(found(StatusFilter::Paused), pair("S-2-A", "inactive"));
    assert_eq!(found(StatusFilter::Closed), pair("C-1-A", "determined"));
    assert_eq!(found(StatusFilter::Settled), pair("S-2-B", "finalized"));
}

#[test]
fn markets_are_chosen_by_name_and_time() {
    let mut desk = Desk::new();
    desk.list_market("S-1", "S-1-C", 20, 2_000);
    let views = desk.views();
    let found = |query: MarketsQuery| listed(&views.markets(&query, &page()).unwrap()).join(" ");
    let every = MarketsQuery::default();

    let event_ticker = Some("S-1".parse().unwrap());
    assert_eq!(
        found(MarketsQuery {
            event_ticker,
            ..every.clone()
        }),
        "S-1-C S-1-B S-1-A"
    );
    let series_ticker = Some("C".parse().unwrap());
    assert_eq!(
        found(MarketsQuery {
            series_ticker,
            ..every.clone()
        }),
        "C-1-B C-1-A"
    );
    let tickers = vec![
        "S-2-A".parse().unwrap(),
        "NOPE".parse().unwrap(),
        "S-1-A".parse().unwrap(),
    ]
    .into();
    assert_eq!(
        found(MarketsQuery {
            tickers,
            ..every.clone()
        }),
        "S-2-A S-1-A"
    );
    let min_created_ts = Some(at(20));
    assert_eq!(
        found(MarketsQuery {
            min_created_ts,
            ..every.clone()
        }),
        "S-1-C"
    );
    let max_close_ts = Some(at(1_000));
    assert_eq!(
        found(MarketsQuery {
            max_close_ts,
            ..every.clone()
        }),
        "C-1-B C-1-A S-2-B S-2-A S-1-B S-1-A"
    );
    let mve_filter = Some(MveFilter::Only);
    assert_eq!(found(MarketsQuery { mve_filter, ..every }), "");
}

#[test]
fn filters_that_do_not_go_together_are_refused() {
    let desk = Desk::new();
    let refused = |query: MarketsQuery| desk.views().markets(&query, &page()).unwrap_err();
    let time = Some(at(1));
    assert_eq!(
        refused(MarketsQuery {
            min_created_ts: time,
            max_close_ts: time,
            ..MarketsQuery::default()
        }),
        MarketsRefusal::TwoTimes("created", "close")
    );
    assert_eq!(
        refused(MarketsQuery {
            min_created_ts: time,
            ..with_status(StatusFilter::Settled)
        }),
        MarketsRefusal::TimeWithStatus {
            time: "created",
            status: "settled"
        }
    );
    assert_eq!(
        refused(MarketsQuery {
            min_updated_ts: time,
            ..with_status(StatusFilter::Open)
        }),
        MarketsRefusal::TimeWithStatus {
            time: "updated",
            status: "open"
        }
    );
    let event_ticker = Some("S-1".parse().unwrap());
    assert_eq!(
        refused(MarketsQuery {
            min_updated_ts: time,
            event_ticker,
            ..MarketsQuery::default()
        }),
        MarketsRefusal::UpdatedWith("event_ticker")
    );
    let of_series = MarketsQuery {
        min_updated_ts: time,
        series_ticker: Some("S".parse().unwrap()),
        ..MarketsQuery::default()
    };
    assert_eq!(
        refused(of_series.clone()),
        MarketsRefusal::UpdatedSeriesWithCombos
    );
    let allowed = MarketsQuery {
        mve_filter: Some(MveFilter::Exclude),
        ..of_series
    };
    assert!(desk.views().markets(&allowed, &page()).is_ok());
    for (query, status) in [
        (
            MarketsQuery {
                max_created_ts: time,
                ..with_status(StatusFilter::Open)
            },
            "open",
        ),
        (
            MarketsQuery {
                min_close_ts: time,
                ..with_status(StatusFilter::Closed)
            },
            "closed",
        ),
        (
            MarketsQuery {
                min_settled_ts: time,
                ..with_status(StatusFilter::Settled)
            },
            "settled",
        ),
    ] {
        assert!(desk.views().markets(&query, &page()).is_ok(), "{status}");
    }
}

#[test]
fn every_market_comes_once_while_others_are_listed() {
    let mut desk = Desk::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut request = PageRequest::first(2);
    for round in 0.. {
        let page = desk.views().markets(&MarketsQuery::default(), &request).unwrap();
        for market in &page.markets {
            *seen.entry(market.ticker.to_string()).or_default() += 1;
        }
        if page.cursor.is_last() {
            break;
        }
        desk.list_market("S-1", &format!("S-1-NEW{round}"), 500, 1_000);
        request = PageRequest::after(2, page.cursor.as_str().to_owned());
    }
    let expected = ["C-1-A", "C-1-B", "S-1-A", "S-1-B", "S-2-A", "S-2-B"].map(|name| (name.to_owned(), 1));
    assert_eq!(seen, BTreeMap::from(expected));
}

#[test]
fn an_event_has_a_status_when_any_of_its_markets_does() {
    let mut desk = Desk::new();
    desk.settle("S-2-B", MarketResult::Yes);
    let views = desk.views();
    let found = |query: EventsQuery| -> Vec<String> {
        let page = views.events(&query, &page());
        page.events
            .iter()
            .map(|event| event.event_ticker.to_string())
            .collect()
    };
    let of = |status| EventsQuery {
        status: Some(status),
        ..EventsQuery::default()
    };
    assert_eq!(found(of(StatusFilter::Open)), ["C-1", "S-2", "S-1"]);
    assert_eq!(found(of(StatusFilter::Settled)), ["S-2"]);
    let series_ticker = Some("S".parse().unwrap());
    assert_eq!(
        found(EventsQuery {
            series_ticker,
            ..EventsQuery::default()
        }),
        ["S-2", "S-1"]
    );
    let min_close_ts = Some(at(1_001));
    assert_eq!(
        found(EventsQuery {
            min_close_ts,
            ..EventsQuery::default()
        }),
        [""; 0]
    );

    let first = views.events(&EventsQuery::default(), &PageRequest::first(2));
    let rest = PageRequest::after(2, first.cursor.as_str().to_owned());
    let second = views.events(&EventsQuery::default(), &rest);
    assert_eq!((first.events.len(), second.events.len()), (2, 1));
    assert!(second.cursor.is_last());
}

#[test]
fn markets_paid_before_the_cutoff_are_on_the_historical_routes_only() {
    let mut desk = Desk::new();
    desk.settle("S-2-B", MarketResult::Scalar(price("0.25")));
    let body = desk.views().market(desk.market("S-2-B"));
    assert_eq!(body.settlement_value_dollars, Some(price("0.25")));
    assert_eq!(body.settlement_ts, Some(at(20)));
    desk.go_to(90 * DAY + 30);

    let views = desk.views();
    let historical = views.historical_markets(&HistoricalMarketsQuery::default(), &page());
    assert_eq!(listed(&historical), ["S-2-B"]);
    let live = views
        .markets(&with_status(StatusFilter::Settled), &page())
        .unwrap();
    assert_eq!(listed(&live), [""; 0]);
    assert_eq!(views.era_of(desk.market("S-2-B")), Era::Historical);
    let event = desk.exchange.event(&"S-2".parse().unwrap()).unwrap();
    let beside = views.event_beside_markets(event);
    assert_eq!(
        names(beside.markets.iter().map(|market| &market.ticker)),
        ["S-2-A"]
    );
    assert_eq!(views.historical_cutoff().orders_updated_ts, at(76 * DAY + 30));
}

#[test]
fn series_are_chosen_by_tag_and_tell_their_volume_when_asked() {
    let mut desk = Desk::new();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.bid(maker, "S-1-A", "0.40", "10");
    desk.ask(taker, "S-1-A", "0.40", "3");
    let query = SeriesListQuery {
        tags: vec!["s".to_owned()].into(),
        include_volume: Some(true),
        ..SeriesListQuery::default()
    };
    let list = desk.views().series_list(&query);
    assert_eq!(list.series.len(), 1);
    assert_eq!(list.series[0].volume_fp, Some(quantity("3")));
    assert_eq!(
        desk.views().series_list(&SeriesListQuery::default()).series.len(),
        2
    );
}

#[test]
fn trades_have_public_ids_that_the_fills_share() {
    let mut desk = Desk::new();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.bid(maker, "S-1-A", "0.40", "10");
    desk.ask(taker, "S-1-A", "0.40", "3");
    let views = desk.views();
    let trades = views.trades(&TradeFilter::default(), &page());
    let fills = views.fills(&crate::records::query::FillFilter::of(taker.user), &page());
    assert_eq!(trades.trades.len(), 1);
    assert_eq!(trades.trades[0].trade_id, fills.fills[0].fill_id);
    assert_eq!(trades.trades[0].taker_outcome_side.as_str(), "no");
    assert_eq!(trades.trades[0].no_price_dollars, price("0.60"));
}

#[test]
fn the_first_candle_carries_on_what_was_before_unless_it_has_its_own() {
    let mut desk = Desk::new();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    desk.bid(maker, "S-1-A", "0.40", "10");
    desk.ask(taker, "S-1-A", "0.40", "3");
    desk.go_to(300);
    desk.bid(maker, "S-1-A", "0.41", "1");
    desk.go_to(900);

    // 1,790,000,000 s is 20 s past a minute.
    let minute = |minute: i64| at(minute * 60 + 40);
    let span = |start, include_latest_before_start| CandleSpan {
        period: Period::Minute,
        start,
        end: minute(15),
        include_latest_before_start,
    };
    let market = desk.market("S-1-A");
    let ends = |span| -> Vec<Timestamp> {
        let candles = desk.views().candles(market, span);
        candles.iter().map(|candle| candle.end_period_ts).collect()
    };
    assert_eq!(ends(span(minute(0), false)), [minute(0), minute(5)]);
    assert_eq!(ends(span(minute(2), true)), [minute(2), minute(5)]);
    assert_eq!(ends(span(minute(5), true)), [minute(5)]);
    let synthetic = &desk.views().candles(market, span(minute(2), true))[0];
    assert_eq!(synthetic.price.previous_dollars, Some(price("0.40")));
    assert_eq!(synthetic.price.close_dollars, None);
    assert_eq!(synthetic.yes_bid.close_dollars, price("0.40"));
    assert_eq!(synthetic.open_interest_fp, quantity("3"));

    let historical = desk.views().historical_candles(market, span(minute(0), false));
    assert_eq!(historical[0].price.mean, Some(price("0.40")));
    let event = desk.exchange.event(&"S-1".parse().unwrap()).unwrap();
    let of_event = desk.views().event_candles(event, span(minute(0), false));
    assert_eq!(of_event.market_tickers, ["S-1-A", "S-1-B"]);
    assert_eq!(
        of_event
            .market_candlesticks
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>(),
        [2, 0]
    );
    assert_eq!(of_event.adjusted_end_ts, minute(15));
}
