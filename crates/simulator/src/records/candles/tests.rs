use std::collections::BTreeMap;

use kmi_domain::BookSide;
use kmi_domain::matching;
use proptest::prelude::*;

use super::*;
use crate::records::CandleLimits;

fn market() -> MarketId {
    matching::Exchange::new().add_market(kmi_domain::TickGrid::linear_cent())
}

fn at(text: &str) -> Timestamp {
    format!("2026-08-07T{text}Z").parse().unwrap()
}

fn touch(bid: &str, ask: &str) -> Touch {
    Touch {
        bid: bid.parse().unwrap(),
        ask: ask.parse().unwrap(),
    }
}

fn print(time: Timestamp, price: &str, contracts: i32) -> TradeRecord {
    TradeRecord {
        number: 1,
        recorded_id: None,
        market: market(),
        time,
        price: price.parse().unwrap(),
        quantity: Quantity::from_contracts(contracts),
        taker_side: BookSide::Bid,
    }
}

fn ohlc([open, high, low, close]: [&str; 4]) -> Ohlc {
    Ohlc {
        open: open.parse().unwrap(),
        high: high.parse().unwrap(),
        low: low.parse().unwrap(),
        close: close.parse().unwrap(),
    }
}

fn minutes(candles: &Candles, from: &str, to: &str) -> Vec<Candlestick> {
    candles
        .between(market(), Period::Minute, at(from), at(to))
        .collect()
}

#[test]
fn a_candle_opens_at_the_quotes_it_inherits_and_sums_up_its_trades() {
    let mut candles = Candles::new(&Limits::default());
    let (narrow, wide) = (touch("0.44", "0.46"), touch("0.40", "0.50"));
    candles.quote(at("12:00:10"), market(), Touch::EMPTY, wide);
    candles.quote(at("12:01:10"), market(), wide, narrow);
    candles.trade(
        &print(at("12:01:20"), "0.46", 2),
        narrow,
        Quantity::from_contracts(2),
    );
    candles.trade(
        &print(at("12:01:30"), "0.44", 1),
        narrow,
        Quantity::from_contracts(3),
    );
    candles.quote(at("12:02:00.000001"), market(), narrow, wide);

    let found = minutes(&candles, "12:01:00", "12:03:00");
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].end, at("12:01:00"));
    assert_eq!(found[0].yes_bid, ohlc(["0.00", "0.40", "0.00", "0.40"]));
    assert_eq!(found[0].yes_ask, ohlc(["1.00", "1.00", "0.50", "0.50"]));
    assert_eq!((found[0].price, found[0].previous), (None, None));

    assert_eq!(found[1].end, at("12:02:00"));
    assert_eq!(found[1].yes_bid, ohlc(["0.40", "0.44", "0.40", "0.44"]));
    assert_eq!(found[1].price, Some(ohlc(["0.46", "0.46", "0.44", "0.44"])));
    // (2 × 0.46 + 1 × 0.44) / 3 = 0.45333…
    assert_eq!(found[1].mean, Some("0.4533".parse().unwrap()));
    assert_eq!(found[1].volume, Quantity::from_contracts(3));
    assert_eq!(found[1].open_interest, Quantity::from_contracts(3));

    assert_eq!(found[2].end, at("12:03:00"));
    assert_eq!(found[2].previous, Some("0.44".parse().unwrap()));
    assert_eq!(found[2].open_interest, Quantity::from_contracts(3));

    let hour: Vec<_> = candles
        .between(market(), Period::Hour, at("12:00:00"), at("13:00:00"))
        .collect();
    assert_eq!(hour.len(), 1);
    assert_eq!(hour[0].yes_bid, ohlc(["0.00", "0.44", "0.00", "0.40"]));
    assert_eq!(hour[0].volume, Quantity::from_contracts(3));
}

#[test]
fn quiet_minutes_have_no_candle_and_the_synthetic_one_carries_the_last_on() {
    let mut candles = Candles::new(&Limits::default());
    let quote = touch("0.40", "0.50");
    candles.quote(at("12:00:10"), market(), Touch::EMPTY, quote);
    candles.trade(&print(at("12:00:20"), "0.50", 1), quote, Quantity::ONE);
    candles.quote(at("12:10:10"), market(), quote, quote);

    let ends: Vec<_> = minutes(&candles, "12:00:00", "12:30:00")
        .iter()
        .map(|candle| candle.end)
        .collect();
    assert_eq!(ends, [at("12:01:00"), at("12:11:00")]);

    let synthetic = candles
        .latest_before(market(), Period::Minute, at("12:05:30"))
        .unwrap();
    assert_eq!(synthetic.end, at("12:06:00"));
    assert_eq!(synthetic.yes_bid, flat("0.40"));
    assert_eq!(synthetic.price, None);
    assert_eq!(synthetic.previous, Some("0.50".parse().unwrap()));
    assert_eq!(synthetic.open_interest, Quantity::ONE);
    assert_eq!(
        candles.latest_before(market(), Period::Minute, at("12:01:00")),
        None
    );
}

fn flat(price: &str) -> Ohlc {
    ohlc([price; 4])
}

#[test]
fn what_was_a_day_ago_is_known_to_the_hour_once_the_minutes_are_dropped() {
    let tiny = CandleLimits {
        total: 2,
        minutes: 10_000,
    };
    let mut limits = Limits::default();
    limits.candles[0] = tiny;
    let mut candles = Candles::new(&limits);
    let mut before = Touch::EMPTY;
    for (time, bid) in [
        ("12:10:10", "0.10"),
        ("12:50:10", "0.20"),
        ("13:10:10", "0.30"),
        ("13:20:10", "0.40"),
    ] {
        let now = touch(bid, "0.90");
        candles.quote(at(time), market(), before, now);
        before = now;
    }
    // Two minutes are kept, and the close of the last one dropped.
    assert_eq!(
        candles.at(market(), at("13:15:00")).touch.bid,
        "0.30".parse().unwrap()
    );
    assert_eq!(
        candles.at(market(), at("12:55:00")).touch.bid,
        "0.20".parse().unwrap()
    );
    // Of what was before that, no hour had ended yet.
    assert_eq!(candles.at(market(), at("12:30:00")).touch, Touch::EMPTY);
    assert_eq!(minutes(&candles, "12:00:00", "14:00:00").len(), 2);
}

#[test]
fn the_volume_of_a_day_forgets_what_is_older_to_the_minute() {
    let mut candles = Candles::new(&Limits::default());
    for (day, time, contracts) in [
        (7, "10:29:30", 1),
        (7, "10:30:30", 10),
        (7, "18:00:00", 100),
        (8, "10:29:00", 1000),
    ] {
        let time = format!("2026-08-{day:02}T{time}Z").parse().unwrap();
        candles.trade(&print(time, "0.50", contracts), Touch::EMPTY, Quantity::ZERO);
    }
    let volume = |time: &str| candles.day_volume(market(), time.parse().unwrap());
    assert_eq!(volume("2026-08-08T10:30:00Z"), Quantity::from_contracts(1110));
    assert_eq!(volume("2026-08-08T10:31:00Z"), Quantity::from_contracts(1100));
    assert_eq!(volume("2026-08-08T10:29:59Z"), Quantity::from_contracts(1111));
    assert_eq!(volume("2026-08-09T18:01:00Z"), Quantity::ZERO);
}

/// What happened at one instant.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Quote(Touch),
    Trade(Price, Quantity),
}

fn happenings() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    let price = || (1u16..100).prop_map(|cents| Price::from_units(cents * 100).unwrap());
    let quote = (price(), price()).prop_map(|(bid, ask)| Happening::Quote(Touch { bid, ask }));
    let trade =
        (price(), 1i64..500).prop_map(|(price, units)| Happening::Trade(price, Quantity::from_units(units)));
    // Steps in half minutes, some of them of hours, so that ends of periods are hit exactly.
    let step = prop_oneof![4 => 0i64..4, 1 => 0i64..400];
    prop::collection::vec((step, prop_oneof![quote, trade]), 1..80)
}

/// The slow way: every period by itself, from all that happened.
fn recomputed(history: &[(Timestamp, Happening)], period: Period) -> Vec<Candlestick> {
    let mut periods: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (index, (time, _)) in history.iter().enumerate() {
        periods.entry(period.end_of(*time)).or_default().push(index);
    }
    let touches = |until: usize| {
        history[..until].iter().rev().find_map(|(_, what)| match what {
            Happening::Quote(touch) => Some(*touch),
            Happening::Trade(..) => None,
        })
    };
    let trades = |range: &[usize]| -> Vec<(Price, Quantity)> {
        let all = range.iter().filter_map(|index| match history[*index].1 {
            Happening::Trade(price, quantity) => Some((price, quantity)),
            Happening::Quote(_) => None,
        });
        all.collect()
    };
    let candle = |(end, inside): (&u32, &Vec<usize>)| {
        let quotes: Vec<Touch> = std::iter::once(inside[0])
            .chain(inside.iter().map(|index| index + 1))
            .map(|until| touches(until).unwrap_or(Touch::EMPTY))
            .collect();
        let earlier: Vec<usize> = (0..inside[0]).collect();
        let (prints, before) = (trades(inside), trades(&earlier));
        let volume: Quantity = prints.iter().map(|(_, quantity)| *quantity).sum();
        let notional: i64 = prints
            .iter()
            .map(|(price, quantity)| (*price * *quantity).micros())
            .sum();
        Candlestick {
            end: period::instant(*end),
            yes_bid: summed(quotes.iter().map(|quote| quote.bid)).unwrap(),
            yes_ask: summed(quotes.iter().map(|quote| quote.ask)).unwrap(),
            price: summed(prints.iter().map(|(price, _)| *price)),
            mean: (!prints.is_empty()).then(|| {
                let half_up = (2 * notional + volume.units()) / (2 * volume.units());
                Price::from_units(u16::try_from(half_up).unwrap()).unwrap()
            }),
            previous: before.last().map(|(price, _)| *price),
            volume,
            open_interest: volume + before.iter().map(|(_, quantity)| *quantity).sum(),
        }
    };
    periods.iter().map(candle).collect()
}

fn summed(prices: impl Iterator<Item = Price>) -> Option<Ohlc> {
    let prices: Vec<Price> = prices.collect();
    Some(Ohlc {
        open: *prices.first()?,
        high: *prices.iter().max()?,
        low: *prices.iter().min()?,
        close: *prices.last()?,
    })
}

proptest! {
    #[test]
    fn candles_equal_what_all_trades_and_quotes_give_by_hand(steps in happenings(), start in 0i64..4000) {
        let forever = CandleLimits { total: 1000, minutes: u32::MAX / 2 };
        let mut candles = Candles::new(&Limits { candles: [forever; 3], ..Limits::default() });
        let mut time = at("00:00:00").plus_seconds(start * 30);
        let (mut touch, mut held) = (Touch::EMPTY, Quantity::ZERO);
        let mut history = Vec::new();
        for (step, what) in steps {
            time = time.plus_seconds(step * 30);
            match what {
                Happening::Quote(now) => {
                    candles.quote(time, market(), touch, now);
                    touch = now;
                }
                Happening::Trade(price, quantity) => {
                    held += quantity;
                    let trade = TradeRecord { price, quantity, ..print(time, "0.50", 1) };
                    candles.trade(&trade, touch, held);
                }
            }
            history.push((time, what));
        }
        for period in [Period::Minute, Period::Hour, Period::Day] {
            let far = time.plus_seconds(10 * 86_400);
            let found: Vec<_> = candles.between(market(), period, Timestamp::from_seconds(0), far).collect();
            prop_assert_eq!(found, recomputed(&history, period));
        }
    }
}
