//! B4: P&L of a million positions revalued exactly, and one market's tick.
//!
//! Ours are columns ([`PositionSheet`]); the reference, in the same process and alternating with ours, is what one writes
//! first: an array of position objects with a hash map from ticker to quote. Both must give the same cents, position by
//! position.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;

use kmi_domain::position::{MarkPolicy, Position, PositionSheet, Quote, SideMarks};
use kmi_domain::side::BookSide;
use kmi_domain::{Money, Price, Quantity, Ticker};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const POSITIONS: usize = 1_000_000;
const MARKETS: u32 = 20_000;
const TICKS: u32 = 2_000;

/// The same positions and quotes, laid out for either side.
struct Setup {
    positions: Vec<(Ticker, Position)>,
    quote_of: HashMap<Ticker, Quote>,
    sheet: PositionSheet,
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
    let mut sheet = PositionSheet::new();
    let positions = (0..POSITIONS)
        .map(|_| {
            let (market, position) = (rng.random_range(0..MARKETS), position(&mut rng));
            sheet.push(market, position);
            (tickers[market as usize].clone(), position)
        })
        .collect();
    Setup {
        positions,
        quote_of: tickers.into_iter().zip(quotes.iter().copied()).collect(),
        sheet,
        quotes,
    }
}

impl Setup {
    fn ours(&self, marks: &mut Vec<SideMarks>, unrealized: &mut Vec<Money>) -> Money {
        marks.clear();
        marks.extend(self.quotes.iter().map(|quote| quote.marks(MarkPolicy::Mid)));
        self.sheet.revalue(marks, unrealized).unrealized()
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
    fn tick_by_tick(&self, unrealized: &mut [Money]) -> Money {
        (0..TICKS)
            .map(|market| {
                let marks = self.quotes[market as usize].marks(MarkPolicy::Mid);
                self.sheet
                    .revalue_market(black_box(market), marks, unrealized)
                    .unrealized()
            })
            .sum()
    }

    fn rows_in_ticks(&self) -> usize {
        (0..TICKS).map(|market| self.sheet.rows_of(market).len()).sum()
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
    let setup = setup();
    let (mut marks, mut ours, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    // One round to touch the memory; it also checks that every position agrees.
    assert_eq!(setup.ours(&mut marks, &mut ours), setup.reference(&mut naive));
    assert_eq!(ours, naive, "a position differs");
    let mut ticked = vec![Money::ZERO; POSITIONS];

    let (mut our_rates, mut naive_rates, mut tick_micros) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs_wanted() {
        let (sum, seconds) = timed(|| setup.ours(&mut marks, &mut ours));
        our_rates.push(POSITIONS as f64 / seconds);
        let (naive_sum, seconds) = timed(|| setup.reference(&mut naive));
        naive_rates.push(POSITIONS as f64 / seconds);
        assert_eq!(sum, naive_sum, "the sums differ");
        let (_, seconds) = timed(|| setup.tick_by_tick(&mut ticked));
        tick_micros.push(seconds * 1e6 / f64::from(TICKS));
    }
    for market in 0..TICKS {
        for row in setup.sheet.rows_of(market) {
            assert_eq!(
                ticked[row.index()],
                naive[row.index()],
                "a ticked position differs"
            );
        }
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
