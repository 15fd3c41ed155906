//! B1, the book alone: level updates on a cent grid, with the best quotes read after each.
//!
//! The reference, in the same process and alternating with ours, is the floor: two arrays of 101 quantities. Both must see
//! the same quotes after every update.

use std::hint::black_box;
use std::time::Instant;

use kmi_domain::book::OrderBook;
use kmi_domain::{Price, Quantity, Side};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const UPDATES: usize = 4_000_000;

#[derive(Clone, Copy)]
struct Update {
    side: Side,
    price: Price,
    quantity: Quantity,
}

/// Levels within fifteen cents of a mid that wanders, thinner far away, one in seven a deletion; never crossed for long.
fn updates() -> Vec<Update> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut mid: u8 = 50;
    let mut list = Vec::with_capacity(UPDATES);
    while list.len() < UPDATES {
        if rng.random_ratio(1, 100) {
            mid = (mid + rng.random_range(0..=2) - 1).clamp(20, 80);
        }
        let side = if rng.random() { Side::Yes } else { Side::No };
        let nearest = if side == Side::Yes { mid } else { 100 - mid };
        let mut away = 1;
        while away < 15 && rng.random_ratio(7, 10) {
            away += 1;
        }
        let quantity = if rng.random_ratio(1, 7) {
            0
        } else {
            rng.random_range(1..5_000)
        };
        list.push(Update {
            side,
            price: Price::from_cents(nearest - away).expect("between 5 and 79 cents"),
            quantity: Quantity::from_contracts(quantity),
        });
    }
    list
}

/// A sum that depends on every quote, in order.
#[inline]
fn mix(sum: u64, price: u64, quantity: i64) -> u64 {
    sum.rotate_left(5)
        ^ price
            .wrapping_mul(0x9E37_79B9)
            .wrapping_add(quantity.unsigned_abs())
}

fn ours(list: &[Update]) -> u64 {
    let mut book = OrderBook::new();
    let mut sum = 0;
    for update in list {
        book.set(update.side, update.price, update.quantity);
        for side in [Side::Yes, Side::No] {
            if let Some(best) = book.best_bid(side) {
                sum = mix(sum, u64::from(best.price.units()), best.quantity.units());
            }
        }
    }
    sum
}

/// One side of the plainest book.
struct Array {
    quantities: [i64; 101],
    best: usize,
}

impl Array {
    #[inline]
    fn set(&mut self, cent: usize, quantity: i64) {
        self.quantities[cent] = quantity;
        if quantity > 0 {
            self.best = self.best.max(cent);
        } else if cent == self.best {
            while self.best > 0 && self.quantities[self.best] == 0 {
                self.best -= 1;
            }
        }
    }
}

fn reference(list: &[Update]) -> u64 {
    let side = || Array {
        quantities: [0; 101],
        best: 0,
    };
    let mut book = [side(), side()];
    let mut sum = 0;
    for update in list {
        let cent = usize::from(update.price.units() / 100);
        book[usize::from(update.side == Side::No)].set(cent, update.quantity.units());
        for bids in &book {
            let quantity = bids.quantities[bids.best];
            if quantity > 0 {
                sum = mix(sum, bids.best as u64 * 100, quantity);
            }
        }
    }
    sum
}

/// Updates a second, and the sum.
fn timed(list: &[Update], work: fn(&[Update]) -> u64) -> (f64, u64) {
    let start = Instant::now();
    let sum = black_box(work(black_box(list)));
    (list.len() as f64 / start.elapsed().as_secs_f64(), sum)
}

fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn list(runs: &[f64]) -> String {
    let texts: Vec<String> = runs.iter().map(|run| format!("{run:.0}")).collect();
    format!("[{}]", texts.join(","))
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let runs: usize = args
        .iter()
        .position(|arg| arg == "--runs")
        .and_then(|at| args.get(at + 1)?.parse().ok())
        .unwrap_or(5);
    let updates = updates();
    let (mut book, mut array) = (Vec::new(), Vec::new());
    for _ in 0..runs.max(1) {
        let (speed, sum) = timed(&updates, ours);
        let (floor, expected) = timed(&updates, reference);
        assert_eq!(sum, expected, "the quotes differ");
        book.push(speed);
        array.push(floor);
    }
    println!(
        "{{\"id\":\"B1\",\"case\":\"book alone, cent grid\",\"unit\":\"updates/s\",\"value\":{:.0},\"runs\":{},\"target\":100000000,\
         \"reference\":{{\"name\":\"two plain arrays\",\"value\":{:.0},\"runs\":{}}},\
         \"check\":\"best quotes of both sides after each of {UPDATES} updates equal\"}}",
        median(&book),
        list(&book),
        median(&array),
        list(&array)
    );
}
