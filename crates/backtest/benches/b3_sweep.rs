//! B3: sweeps of a hundred combinations.
//!
//! Moving averages: a hundred pairs over 100,000 bars, on all cores and on one. The reference, in the same process and
//! alternating with ours, forms each average anew per combination as columns of floats; both must trade equally often.
//! Order book: a maker with different rhythms over one feed, on one core and on two, with the same fills.

mod common;

use common::{Figure, Quoter, feed, median, runs, timed};
use kmi_backtest::bars::{BarSums, Crossover, CrossoverResult};
use kmi_backtest::engine::RunConfig;
use kmi_backtest::sweep::{sweep, sweep_crossovers};
use kmi_domain::fees::FeeSchedule;
use kmi_domain::{Price, Quantity};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPool;

const BARS: usize = 100_000;

/// Closes of a price that wanders between 5 and 95 cents.
fn closes() -> Vec<Price> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut at: i32 = 5_000;
    (0..BARS)
        .map(|_| {
            at = (at + rng.random_range(-8..=8)).clamp(500, 9_500);
            let close = at + rng.random_range(-3..=3);
            Price::from_units(u16::try_from(close).expect("within a dollar")).expect("within a dollar")
        })
        .collect()
}

fn combinations() -> Vec<Crossover> {
    let pairs = (5..15).flat_map(|fast| (30..80).step_by(5).map(move |slow| (fast, slow)));
    pairs
        .map(|(fast, slow)| {
            Crossover::new(fast, slow, Quantity::ONE, FeeSchedule::STANDARD).expect("valid windows")
        })
        .collect()
}

fn pool(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads can be started")
}

/// Entries of each pair, by columns of averages.
fn reference(closes: &[f64]) -> Vec<u64> {
    let mut entries = Vec::new();
    for fast in 5..15_usize {
        for window in (30..80_usize).step_by(5) {
            let (fast, slow) = (rolling(closes, fast), rolling(closes, window));
            let above: Vec<i8> = fast
                .iter()
                .zip(&slow)
                .map(|(fast, slow)| {
                    // Averages of whole units: closer than this they are equal.
                    i8::from(fast - slow > 1e-6) - i8::from(slow - fast > 1e-6)
                })
                .collect();
            let (mut held, mut count) = (false, 0);
            for pair in above[window - 1..].windows(2) {
                if pair[1] == 1 && pair[0] != 1 && !held {
                    (held, count) = (true, count + 1);
                } else if pair[1] == -1 && pair[0] != -1 && held {
                    held = false;
                }
            }
            entries.push(count);
        }
    }
    entries
}

fn rolling(closes: &[f64], window: usize) -> Vec<f64> {
    let mut sum = 0.0;
    closes
        .iter()
        .enumerate()
        .map(|(at, close)| {
            sum += close;
            if at >= window {
                sum -= closes[at - window];
            }
            sum / window as f64
        })
        .collect()
}

fn main() {
    moving_averages();
    order_book();
}

fn moving_averages() {
    let closes = closes();
    let floats: Vec<f64> = closes.iter().map(|close| f64::from(close.units())).collect();
    let combinations = combinations();
    let work = (BARS * combinations.len()) as f64;
    let (one, all) = (pool(1), pool(2));
    // The sums belong to the work: a sweep starts from closes.
    let go = |pool: &ThreadPool| -> Vec<CrossoverResult> {
        pool.install(|| sweep_crossovers(&BarSums::new(closes.clone()), &combinations))
    };
    let (mut single, mut double, mut naive) = (Vec::new(), Vec::new(), Vec::new());
    let mut entries = 0;
    for _ in 0..runs() {
        let (results, seconds) = timed(|| go(&one));
        single.push(work / seconds);
        let (again, seconds) = timed(|| go(&all));
        double.push(work / seconds);
        let (expected, seconds) = timed(|| reference(&floats));
        naive.push(work / seconds);
        assert_eq!(results, again, "the number of cores changed the result");
        for (result, expected) in results.iter().zip(&expected) {
            assert_eq!(result.entries, *expected, "the entries differ");
        }
        entries = results.iter().map(|result| result.entries).sum();
    }
    let check = format!("{entries} entries over 100 pairs, pair by pair as many as the reference's");
    for (case, runs) in [
        ("100 moving-average pairs, two cores", &double),
        ("the same, one core", &single),
    ] {
        Figure {
            id: "B3",
            case,
            unit: "bar-combinations/s",
            runs,
            target: 50_000_000.0,
            reference: Some(("columns of floats, one core", &naive)),
            check: &check,
            decimals: 0,
        }
        .print();
    }
}

fn order_book() {
    let (data, source) = feed(400_000);
    let config = RunConfig::default();
    let rhythms: Vec<u32> = (0..16).map(|number| 50 + number * 10).collect();
    let go = |pool: &ThreadPool| {
        pool.install(|| {
            sweep(
                &data,
                &config,
                &rhythms,
                |every| Quoter::new(*every),
                |_, result| result,
            )
        })
    };
    let (one, two) = (pool(1), pool(2));
    let mut ratios = Vec::new();
    let mut fills = 0;
    for _ in 0..runs() {
        let (single, slow) = timed(|| go(&one));
        let (double, fast) = timed(|| go(&two));
        assert_eq!(single, double, "the number of cores changed the result");
        ratios.push(slow / fast);
        fills = single.iter().flatten().map(|result| result.fills.len()).sum();
    }
    Figure {
        id: "B3",
        case: "order book sweep, two cores over one",
        unit: "ratio",
        runs: &ratios,
        target: 1.8,
        reference: None,
        check: &format!(
            "{source}: {fills} fills over 16 combinations equal, median ratio {:.2}",
            median(&ratios)
        ),
        decimals: 2,
    }
    .print();
}
