//! B4: P&L of a million positions revalued exactly, and one market's tick.
//!
//! Ours are columns ([`PositionSheet`]); the reference, in the same process and alternating with ours, is what one writes
//! first: an array of position objects with a hash map from ticker to quote. Both must give the same cents, position by
//! position.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use kmi_domain::position::{MarkPolicy, Position, PositionSheet, Quote, Row, SideMarks};
use kmi_domain::side::BookSide;
use kmi_domain::{Money, Price, Quantity, Ticker};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const POSITIONS: usize = 1_000_000;
const MARKETS: u32 = 20_000;
const TICKS: u32 = 2_000;
/// Revaluations timed as one run: a single one ends within the scheduler's time slice.
const ROUNDS: u32 = 20;

/// The same positions and quotes, laid out for either side.
struct Setup {
    positions: Vec<(Ticker, Position)>,
    quote_of: HashMap<Ticker, Quote>,
    sheet: PositionSheet,
    rows: Vec<Row>,
    quotes: Vec<Quote>,
}

fn price(rng: &mut ChaCha8Rng) -> Price {
    Price::from_units(rng.random_range(1..10_000)).expect("below a dollar")
}

fn quote(rng: &mut ChaCha8Rng) -> Quote {
    let (one, other) = (price(rng), price(rng));
    Quote {
        yes_bid: Some(one.min(other)),
        yes_ask: Some(one.max(other)),
        last: Some(price(rng)),
    }
}

fn position(rng: &mut ChaCha8Rng) -> Position {
    let side = if rng.random_bool(0.5) {
        BookSide::Bid
    } else {
        BookSide::Ask
    };
    let quantity = Quantity::from_units(rng.random_range(1..100_000));
    let mut position = Position::FLAT;
    position.apply(side, price(rng), quantity, Money::ZERO);
    position
}

fn setup() -> Setup {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let tickers: Vec<Ticker> = (0..MARKETS)
        .map(|market| Ticker::new(format!("KXBENCH-26NOV21-T{market}")).expect("visible ASCII"))
        .collect();
    let quotes: Vec<Quote> = tickers.iter().map(|_| quote(&mut rng)).collect();
    let numbered: Vec<(u32, Position)> = (0..POSITIONS)
        .map(|_| (rng.random_range(0..MARKETS), position(&mut rng)))
        .collect();
    let (sheet, rows) = PositionSheet::of(&numbered);
    Setup {
        positions: numbered
            .iter()
            .map(|(market, position)| (tickers[*market as usize].clone(), *position))
            .collect(),
        quote_of: tickers.into_iter().zip(quotes.iter().copied()).collect(),
        sheet,
        rows,
        quotes,
    }
}

impl Setup {
    fn ours(&mut self, marks: &mut Vec<SideMarks>) -> Money {
        marks.clear();
        marks.extend(self.quotes.iter().map(|quote| quote.marks(MarkPolicy::Mid)));
        self.sheet.revalue(marks).unrealized
    }

    fn reference(&self, unrealized: &mut Vec<Money>) -> Money {
        unrealized.clear();
        unrealized.extend(self.positions.iter().map(|(ticker, position)| {
            let quote = self.quote_of.get(ticker).copied().unwrap_or_default();
            position.valued(quote, MarkPolicy::Mid).unrealized
        }));
        unrealized.iter().copied().sum()
    }

    /// Revalues one market after the other, as when each ticked, and returns the sum.
    fn tick_by_tick(&mut self) -> Money {
        (0..TICKS)
            .map(|market| {
                let marks = self.quotes[market as usize].marks(MarkPolicy::Mid);
                self.sheet.revalue_market(black_box(market), marks).unrealized
            })
            .sum()
    }

    fn rows_in_ticks(&self) -> usize {
        (0..TICKS).map(|market| self.sheet.rows_in(market)).sum()
    }

    /// Fails unless every row stands at what the reference found.
    fn check(&self, naive: &[Money]) {
        for (row, expected) in self.rows.iter().zip(naive) {
            assert_eq!(self.sheet.unrealized(*row), *expected, "a position differs");
        }
    }
}

/// Runs `work` and returns what it gave and the seconds it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = black_box(work());
    (result, start.elapsed().as_secs_f64())
}

fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn list(runs: &[f64], decimals: usize) -> String {
    let texts: Vec<String> = runs.iter().map(|run| format!("{run:.decimals$}")).collect();
    format!("[{}]", texts.join(","))
}

fn runs_wanted() -> usize {
    let args: Vec<String> = std::env::args().collect();
    args.iter()
        .position(|arg| arg == "--runs")
        .and_then(|index| args.get(index + 1))
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(5)
        .max(1)
}

fn main() {
    let mut setup = setup();
    let (mut marks, mut naive) = (Vec::new(), Vec::new());
    // One round to touch the memory.
    assert_eq!(setup.ours(&mut marks), setup.reference(&mut naive));
    setup.check(&naive);

    let (mut our_rates, mut naive_rates, mut tick_micros) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs_wanted() {
        let (sum, seconds) = timed(|| {
            let mut sum = Money::ZERO;
            for _ in 0..ROUNDS {
                sum = setup.ours(black_box(&mut marks));
            }
            sum
        });
        our_rates.push(POSITIONS as f64 * f64::from(ROUNDS) / seconds);
        let (naive_sum, seconds) = timed(|| setup.reference(&mut naive));
        naive_rates.push(POSITIONS as f64 / seconds);
        assert_eq!(sum, naive_sum, "the sums differ");
        setup.check(&naive);
        let (_, seconds) = timed(|| setup.tick_by_tick());
        tick_micros.push(seconds * 1e6 / f64::from(TICKS));
        setup.check(&naive);
    }

    println!(
        r#"{{"id":"B4","case":"1 M positions in 20,000 markets revalued exactly","unit":"positions/s","value":{:.0},"runs":{},"target":300000000,"reference":{{"name":"array of objects and a hash map of quotes","value":{:.0},"runs":{}}},"check":"unrealized P&L of every position and the sum equal to the millionth of a dollar"}}"#,
        median(&our_rates),
        list(&our_rates, 0),
        median(&naive_rates),
        list(&naive_rates, 0),
    );
    println!(
        r#"{{"id":"B4","case":"one market's tick, {:.0} positions on average","unit":"µs","value":{:.3},"runs":{},"target":10,"reference":null,"check":"every position of the ticked markets equals the full revaluation"}}"#,
        setup.rows_in_ticks() as f64 / f64::from(TICKS),
        median(&tick_micros),
        list(&tick_micros, 3),
    );
}
