//! B2: a maker re-quotes ten lots on both sides every hundred prints, in the queue, over two million events.
//!
//! `--feed FILE` reads a recorded feed, else one is made. The same run checks the fills of the front of the queue against a
//! second, naive simulation (sorted maps, no flow module), and that twice the events and four times the orders take no
//! more than in proportion.

mod common;

use std::collections::BTreeMap;

use common::{Figure, Quoter, feed, made, runs, timed};
use kmi_backtest::engine::{FeeMode, RunConfig, run};
use kmi_backtest::feed::{Dataset, FeedKind};
use kmi_backtest::result::RunResult;
use kmi_domain::flow::QueueModel;
use kmi_domain::{BookSide, Price, Quantity, Side, Timestamp};

const EVENTS: usize = 2_000_000;

fn config(queue: QueueModel) -> RunConfig {
    RunConfig {
        queue,
        fees: FeeMode::None,
        ..RunConfig::default()
    }
}

fn go(data: &Dataset, queue: QueueModel, every: u32) -> RunResult {
    run(data, &mut Quoter::new(every), &config(queue)).expect("the feed is in order")
}

/// Events a second, median of a few runs.
fn speed(data: &Dataset, every: u32, runs: usize) -> Vec<f64> {
    (0..runs)
        .map(|_| {
            let (result, seconds) = timed(|| go(data, QueueModel::Back, every));
            result.events as f64 / seconds
        })
        .collect()
}

fn main() {
    let (data, source) = feed(EVENTS);
    let events = data.events().len();
    let naive = naive_front(&data, 100);
    let front = go(&data, QueueModel::Front, 100);
    let ours: Vec<NaiveFill> = front
        .fills
        .iter()
        .map(|fill| (fill.time, fill.side, fill.price, fill.quantity))
        .collect();
    assert_eq!(ours, naive, "the fills at the front of the queue differ");
    let back = go(&data, QueueModel::Back, 100);

    let speeds = speed(&data, 100, runs());
    Figure {
        id: "B2",
        case: &format!("maker, back of the queue, {source}"),
        unit: "events/s",
        runs: &speeds,
        target: 20_000_000.0,
        reference: None,
        check: &format!(
            "{events} events, {} orders, {} fills; {} fills at the front of the queue equal a naive simulation's",
            back.orders,
            back.fills.len(),
            naive.len()
        ),
        decimals: 0,
    }
    .print();
    println!(
        "{{\"id\":\"B2\",\"case\":\"peak memory, data included\",\"unit\":\"MB\",\"value\":{},\"target\":200}}",
        peak_megabytes()
    );
    drop(data);
    scaling();
}

/// Seconds per event with twice the events, and with ten times the orders.
fn scaling() {
    let (one, two) = (made(EVENTS / 2, 7), made(EVENTS, 7));
    let events: Vec<f64> = (0..runs())
        .map(|_| speed(&one, 100, 1)[0] / speed(&two, 100, 1)[0])
        .collect();
    Figure {
        id: "B2",
        case: "time per event at 2 M over 1 M events",
        unit: "ratio",
        runs: &events,
        target: 1.1,
        reference: None,
        check: "1 is linear in events",
        decimals: 2,
    }
    .print();
    let orders: Vec<f64> = (0..runs())
        .map(|_| {
            let seconds = |every| timed(|| go(&one, QueueModel::Back, every)).1;
            // Orders double from one to the next, so what a doubling adds must double too, and no more.
            let (some, more, most) = (seconds(4), seconds(2), seconds(1));
            (most - more) / (more - some).max(1e-9) / 2.0
        })
        .collect();
    Figure {
        id: "B2",
        case: "time per order at four times the orders",
        unit: "ratio",
        runs: &orders,
        target: 1.1,
        reference: None,
        check: "1 is linear in orders",
        decimals: 2,
    }
    .print();
}

type NaiveFill = (Timestamp, BookSide, Price, Quantity);

#[derive(Clone, Copy)]
struct Quote {
    side: BookSide,
    cents: i64,
    left: i64,
    joined: i64,
}

/// The same maker at the front of the queue, on sorted maps: prints at its price or beyond fill it, and so do levels that
/// arrive across it, as far as they find nobody else.
fn naive_front(data: &Dataset, every: u32) -> Vec<NaiveFill> {
    let (mut bids, mut asks) = (BTreeMap::<i64, i64>::new(), BTreeMap::<i64, i64>::new());
    let (mut quotes, mut fills, mut prints) = (Vec::<Quote>::new(), Vec::new(), 0);
    let cents = |price: Price| i64::from(price.units() / 100);
    for event in data.events() {
        let now = event.time.millis();
        let mut fill = |quotes: &mut Vec<Quote>, side, mut left: i64, meets: &dyn Fn(&Quote) -> bool| {
            for quote in quotes
                .iter_mut()
                .filter(|quote| quote.side == side && meets(quote))
            {
                let got = left.min(quote.left);
                if got > 0 {
                    left -= got;
                    quote.left -= got;
                    let price = Price::from_cents(u8::try_from(quote.cents).expect("cents")).expect("cents");
                    fills.push((event.time, side, price, Quantity::from_units(got)));
                }
            }
            quotes.retain(|quote| quote.left > 0);
        };
        match event.kind {
            FeedKind::Level {
                side,
                price,
                quantity,
            } => {
                let quantity = quantity.units();
                let ask = side == Side::No;
                let at = if ask { 100 - cents(price) } else { cents(price) };
                let book = if ask { &mut asks } else { &mut bids };
                let old = book.insert(at, quantity).unwrap_or(0);
                if quantity == 0 {
                    book.remove(&at);
                }
                let other = if ask { BookSide::Bid } else { BookSide::Ask };
                // What others display across it is theirs: the exchange shows a level before those it takes away.
                let theirs: i64 = if ask {
                    bids.range(at..).map(|(_, contracts)| contracts).sum()
                } else {
                    asks.range(..=at).map(|(_, contracts)| contracts).sum()
                };
                fill(&mut quotes, other, quantity - old - theirs, &|quote| {
                    if ask { quote.cents >= at } else { quote.cents <= at }
                });
            }
            FeedKind::Trade {
                price,
                quantity,
                taker,
            } => {
                let at = cents(price);
                let side = if taker == Side::No {
                    BookSide::Bid
                } else {
                    BookSide::Ask
                };
                fill(&mut quotes, side, quantity.units(), &|quote| {
                    quote.joined != now
                        && if taker == Side::No {
                            quote.cents >= at
                        } else {
                            quote.cents <= at
                        }
                });
                prints += 1;
                if prints == every {
                    prints = 0;
                    quotes.clear();
                    let best = (bids.last_key_value(), asks.first_key_value());
                    let sides = [(BookSide::Bid, best.0), (BookSide::Ask, best.1)];
                    for (side, best) in sides {
                        let Some((at, _)) = best else { continue };
                        quotes.push(Quote {
                            side,
                            cents: *at,
                            left: 1_000,
                            joined: now,
                        });
                    }
                }
            }
            _ => {}
        }
    }
    fills
}

/// Peak resident memory so far.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1_024
}
