//! B8: operations per second of the matching engine, 60 % adds, 20 % cancels, 20 % crossing orders, against a plain engine
//! over `BTreeMap`s in the same process. Both must give the same fills.
//!
//! `cargo bench -p kmi-domain --bench b8_matching [-- --runs 5] [--operations 1000000]`

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use kmi_domain::matching::{AccountId, Event, Matcher, NewOrder, OrderId};
use kmi_domain::side::BookSide;
use kmi_domain::{Price, Quantity, TickGrid, Timestamp};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Who takes; everyone else only makes, so that nobody meets an order of their own.
const TAKER: AccountId = AccountId(0);
const NOW: Timestamp = Timestamp::from_seconds(0);

#[derive(Clone, Copy)]
enum Operation {
    Add(NewOrder),
    Cancel(OrderId),
    Cross(NewOrder),
}

/// Maker, taker, price and contracts of a fill.
type Print = (u64, u64, u16, i64);

fn main() {
    let runs = argument("--runs").unwrap_or(5);
    let operations = flow(argument("--operations").unwrap_or(1_000_000));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut fills = 0;
    for _ in 0..runs {
        let (rate, prints) = measure(&operations, run_matcher);
        let (reference_rate, reference_prints) = measure(&operations, run_plain);
        assert!(prints == reference_prints, "the engines disagree on a fill");
        fills = prints.len();
        ours.push(rate);
        theirs.push(reference_rate);
    }
    println!(
        "{{\"id\":\"B8\",\"case\":\"60/20/20 add/cancel/cross, {} operations, whole cents\",\"unit\":\"operations/s\",\
         \"value\":{:.0},\"runs\":{},\"target\":5000000,\
         \"reference\":{{\"name\":\"BTreeMap of VecDeque in process\",\"value\":{:.0},\"runs\":{}}},\
         \"check\":\"all {fills} fills equal: maker, taker, price and contracts, in order\"}}",
        operations.len(),
        median(&ours),
        list(&ours),
        median(&theirs),
        list(&theirs),
    );
}

fn argument(name: &str) -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)?.parse().ok()
}

fn measure(operations: &[Operation], run: impl Fn(&[Operation]) -> Vec<Print>) -> (f64, Vec<Print>) {
    let start = Instant::now();
    let prints = run(operations);
    (operations.len() as f64 / start.elapsed().as_secs_f64(), prints)
}

fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn list(runs: &[f64]) -> String {
    let runs: Vec<String> = runs.iter().map(|rate| format!("{rate:.0}")).collect();
    format!("[{}]", runs.join(","))
}

/// Makers quote up to 20 cents from the middle and cancel a random resting order; takers take about two orders' worth, so
/// that the book neither empties nor grows without end.
fn flow(count: usize) -> Vec<Operation> {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut market = Matcher::new(TickGrid::linear_cent());
    let mut live: Vec<OrderId> = Vec::new();
    let mut events = Vec::new();
    (0..count)
        .map(|index| {
            let id = OrderId(index as u64 + 1);
            let operation = match rng.random_range(0..10) {
                0..6 => {
                    live.push(id);
                    Operation::Add(quote(id, &mut rng))
                }
                6..8 => match pick_resting(&market, &mut live, &mut rng) {
                    Some(order) => Operation::Cancel(order),
                    None => Operation::Add(quote(id, &mut rng)),
                },
                _ => Operation::Cross(taker(id, &mut rng)),
            };
            apply(&mut market, operation, &mut events);
            events.clear();
            operation
        })
        .collect()
}

fn cents(cents: u8) -> Price {
    Price::from_cents(cents).expect("under a dollar")
}

fn quote(id: OrderId, rng: &mut ChaCha8Rng) -> NewOrder {
    let account = AccountId(rng.random_range(1..100));
    let quantity = Quantity::from_contracts(rng.random_range(1..=100));
    let distance = rng.random_range(0..20);
    if rng.random_bool(0.5) {
        NewOrder::bid(id, account, cents(49 - distance), quantity)
    } else {
        NewOrder::ask(id, account, cents(51 + distance), quantity)
    }
}

fn taker(id: OrderId, rng: &mut ChaCha8Rng) -> NewOrder {
    let quantity = Quantity::from_contracts(rng.random_range(50..=150));
    if rng.random_bool(0.5) {
        NewOrder::bid(id, TAKER, cents(75), quantity).immediate_or_cancel()
    } else {
        NewOrder::ask(id, TAKER, cents(25), quantity).immediate_or_cancel()
    }
}

fn pick_resting(market: &Matcher, live: &mut Vec<OrderId>, rng: &mut ChaCha8Rng) -> Option<OrderId> {
    while !live.is_empty() {
        let order = live.swap_remove(rng.random_range(0..live.len()));
        if market.order(order).is_some() {
            return Some(order);
        }
    }
    None
}

fn apply(market: &mut Matcher, operation: Operation, events: &mut Vec<Event>) {
    match operation {
        Operation::Add(order) | Operation::Cross(order) => {
            market.submit(NOW, order, events).expect("a lawful order");
        }
        Operation::Cancel(order) => {
            market.cancel(order, events).expect("a resting order");
        }
    }
}

fn run_matcher(operations: &[Operation]) -> Vec<Print> {
    let mut market = Matcher::new(TickGrid::linear_cent());
    let mut events = Vec::new();
    let mut prints = Vec::with_capacity(operations.len());
    for operation in operations {
        apply(&mut market, *operation, &mut events);
        for event in events.drain(..) {
            if let Event::Filled(fill) = event {
                prints.push((
                    fill.maker.order.0,
                    fill.taker.order.0,
                    fill.price.units(),
                    fill.quantity.units(),
                ));
            }
        }
    }
    prints
}

/// The textbook engine: a sorted map of queues per side, and where each order is.
#[derive(Default)]
struct Plain {
    /// Best first: bids by falling price, as its negative.
    sides: [BTreeMap<i32, VecDeque<(u64, i64)>>; 2],
    places: HashMap<u64, (usize, i32)>,
}

fn key(order: &NewOrder) -> (usize, i32) {
    let price = i32::from(order.price.units());
    match order.side {
        BookSide::Bid => (0, -price),
        BookSide::Ask => (1, price),
    }
}

impl Plain {
    fn add(&mut self, order: &NewOrder) {
        let (side, key) = key(order);
        let queue = self.sides[side].entry(key).or_default();
        queue.push_back((order.id.0, order.quantity.units()));
        self.places.insert(order.id.0, (side, key));
    }

    fn cancel(&mut self, order: OrderId) {
        let (side, key) = self.places.remove(&order.0).expect("a resting order");
        let queue = self.sides[side].get_mut(&key).expect("a level");
        queue.retain(|(id, _)| *id != order.0);
        if queue.is_empty() {
            self.sides[side].remove(&key);
        }
    }

    fn cross(&mut self, order: &NewOrder, prints: &mut Vec<Print>) {
        let (side, limit) = key(order);
        let mut wanted = order.quantity.units();
        while wanted > 0 {
            let Some(mut level) = self.sides[1 - side].first_entry() else {
                break;
            };
            let price = *level.key();
            // Keys of the two sides have opposite signs.
            if price > -limit {
                break;
            }
            let (maker, resting) = level.get_mut().front_mut().expect("no empty level");
            let quantity = wanted.min(*resting);
            let price = u16::try_from(price.abs()).expect("under a dollar");
            prints.push((*maker, order.id.0, price, quantity));
            wanted -= quantity;
            *resting -= quantity;
            if *resting == 0 {
                self.places.remove(maker);
                level.get_mut().pop_front();
                if level.get().is_empty() {
                    level.remove();
                }
            }
        }
    }
}

fn run_plain(operations: &[Operation]) -> Vec<Print> {
    let mut engine = Plain::default();
    let mut prints = Vec::with_capacity(operations.len());
    for operation in operations {
        match operation {
            Operation::Add(order) => engine.add(order),
            Operation::Cancel(order) => engine.cancel(*order),
            Operation::Cross(order) => engine.cross(order, &mut prints),
        }
    }
    prints
}
