//! What the bench programs share: arguments, the recorded feed, the maker, and the printed line.

use std::time::Instant;

use kmi_backtest::feed::{DataKind, Dataset, DatasetBuilder, FeedEvent, FeedKind, MarketEnd};
use kmi_backtest::strategy::{ClientOrderId, Event, Intents, MarketId, MarketInfo, NewOrder, Strategy, View};
use kmi_domain::fees::FeeSchedule;
use kmi_domain::{MarketResult, Price, Quantity, Side, TickGrid, Timestamp};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub(crate) const MARKET: MarketId = MarketId(0);

/// The value after `name` among the arguments.
pub(crate) fn argument(name: &str) -> Option<String> {
    let args: Vec<String> = std::env::args().collect();
    let at = args.iter().position(|arg| arg == name)?;
    args.get(at + 1).cloned()
}

pub(crate) fn runs() -> usize {
    argument("--runs")
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(5)
        .max(1)
}

/// What `work` gave and the seconds it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = std::hint::black_box(work());
    (result, start.elapsed().as_secs_f64())
}

pub(crate) fn median(runs: &[f64]) -> f64 {
    let mut sorted = runs.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// One measured figure as the bench command reads it.
pub(crate) struct Figure<'a> {
    pub(crate) id: &'a str,
    pub(crate) case: &'a str,
    pub(crate) unit: &'a str,
    pub(crate) runs: &'a [f64],
    pub(crate) target: f64,
    pub(crate) reference: Option<(&'a str, &'a [f64])>,
    pub(crate) check: &'a str,
    pub(crate) decimals: usize,
}

impl Figure<'_> {
    pub(crate) fn print(&self) {
        let number = |value: f64| format!("{value:.0$}", self.decimals);
        let list = |runs: &[f64]| {
            let texts: Vec<String> = runs.iter().map(|run| number(*run)).collect();
            format!("[{}]", texts.join(","))
        };
        let reference = self.reference.map_or(String::new(), |(name, runs)| {
            format!(
                ",\"reference\":{{\"name\":\"{name}\",\"value\":{},\"runs\":{}}}",
                number(median(runs)),
                list(runs)
            )
        });
        println!(
            "{{\"id\":\"{}\",\"case\":\"{}\",\"unit\":\"{}\",\"value\":{},\"runs\":{},\"target\":{}{reference},\"check\":\"{}\"}}",
            self.id,
            self.case,
            self.unit,
            number(median(self.runs)),
            list(self.runs),
            self.target,
            self.check
        );
    }
}

/// Builds a recording of one market that never closes within it.
pub(crate) struct Recording(DatasetBuilder);

impl Recording {
    fn new() -> Recording {
        let mut builder = DatasetBuilder::new(DataKind::Books);
        let info = MarketInfo {
            ticker: "BENCH".parse().expect("visible ASCII"),
            event: None,
            series: None,
            category: None,
            exclusive_group: None,
            open_time: None,
            close_time: Some(Timestamp::from_seconds(4_000_000_000)),
            grid: TickGrid::linear_cent(),
            fees: FeeSchedule::STANDARD,
        };
        let end = MarketEnd {
            result: Some(MarketResult::Yes),
            settled_time: None,
        };
        builder.add_market(info, end);
        builder.push(FeedEvent {
            time: Timestamp::from_micros(0),
            market: MARKET,
            kind: FeedKind::Snapshot { levels: 0 },
        });
        Recording(builder)
    }

    fn push(&mut self, micros: i64, kind: FeedKind) {
        self.0.push(FeedEvent {
            time: Timestamp::from_micros(micros),
            market: MARKET,
            kind,
        });
    }

    /// A YES bid or ask level (an ask at p is a NO bid at 1 − p) of whole cents and contracts.
    fn level(&mut self, micros: i64, ask: bool, cents: u8, contracts: i64) {
        let cents = if ask { 100 - cents } else { cents };
        self.push(
            micros,
            FeedKind::Level {
                side: if ask { Side::No } else { Side::Yes },
                price: Price::from_cents(cents).expect("at most a dollar"),
                quantity: Quantity::from_units(contracts * 100),
            },
        );
    }

    fn trade(&mut self, micros: i64, sold: bool, cents: u8, contracts: i64) {
        self.push(
            micros,
            FeedKind::Trade {
                price: Price::from_cents(cents).expect("at most a dollar"),
                quantity: Quantity::from_units(contracts * 100),
                taker: if sold { Side::No } else { Side::Yes },
            },
        );
    }
}

/// The feed of `--feed PATH`, or one made here of `events` events.
pub(crate) fn feed(events: usize) -> (Dataset, &'static str) {
    match argument("--feed") {
        Some(path) => (recorded(&path), "the feed given"),
        None => (made(events, 42), "feed made here"),
    }
}

/// Reads flat records of 24 bytes: time in nanoseconds, quantity, kind (0 level, 1 trade), side, cents, padding.
fn recorded(path: &str) -> Dataset {
    let bytes = std::fs::read(path).expect("the file of --feed can be read");
    let mut recording = Recording::new();
    for record in bytes.chunks_exact(24) {
        let number = |at: usize| i64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes"));
        let (micros, quantity) = (number(0) / 1_000, number(8));
        let cents = u8::try_from(i16::from_le_bytes([record[18], record[19]])).expect("1 to 99 cents");
        let second_side = record[17] == 1;
        match record[16] {
            0 => recording.level(micros, second_side, cents, quantity),
            _ => recording.trade(micros, second_side, cents, quantity),
        }
    }
    recording.0.build()
}

/// A market like Kalshi's: level updates and trades in equal numbers around a mid that wanders, never crossed.
pub(crate) fn made(events: usize, seed: u64) -> Dataset {
    let mut maker = Maker {
        rng: ChaCha8Rng::seed_from_u64(seed),
        recording: Recording::new(),
        book: [[0; 101]; 2],
        mid: 50,
        micros: 1_700_000_000_000_000,
    };
    for away in 1..16 {
        maker.set(0, 50 - away);
        maker.set(1, 50 + away);
    }
    while maker.recording.0.len() <= events {
        maker.step();
    }
    maker.recording.0.build()
}

struct Maker {
    rng: ChaCha8Rng,
    recording: Recording,
    /// Bids and asks by YES cent.
    book: [[i64; 101]; 2],
    mid: u8,
    micros: i64,
}

impl Maker {
    fn tick(&mut self) -> i64 {
        self.micros += self.rng.random_range(1..2_000);
        self.micros
    }

    fn put(&mut self, side: usize, cents: u8, contracts: i64) {
        let micros = self.tick();
        self.book[side][usize::from(cents)] = contracts;
        self.recording.level(micros, side == 1, cents, contracts);
    }

    fn set(&mut self, side: usize, cents: u8) {
        let contracts = self.rng.random_range(1..=5_000);
        self.put(side, cents, contracts);
    }

    fn step(&mut self) {
        if self.rng.random() {
            self.print();
        } else if self.rng.random_ratio(1, 100) {
            self.wander();
        } else {
            let side = usize::from(self.rng.random::<bool>());
            let mut away = 1;
            while away < 15 && self.rng.random_ratio(7, 10) {
                away += 1;
            }
            let cents = if side == 0 {
                self.mid - away
            } else {
                self.mid + away
            };
            if self.book[side][usize::from(cents)] > 0 && self.rng.random_ratio(3, 20) {
                self.put(side, cents, 0);
            } else {
                self.set(side, cents);
            }
        }
    }

    fn print(&mut self) {
        let sold = self.rng.random();
        let best = if sold {
            (1..100).rev().find(|cents| self.book[0][usize::from(*cents)] > 0)
        } else {
            (1..100).find(|cents| self.book[1][usize::from(*cents)] > 0)
        };
        let contracts = self.rng.random_range(1..=200);
        let micros = self.tick();
        self.recording
            .trade(micros, sold, best.unwrap_or(self.mid), contracts);
    }

    /// The mid moves a cent; what it would cross is deleted first.
    fn wander(&mut self) {
        let up = self.mid <= 20 || (self.mid < 80 && self.rng.random());
        let (side, mid) = if up { (1, self.mid + 1) } else { (0, self.mid - 1) };
        for cents in 1..100 {
            let gone = if up { cents <= mid } else { cents >= mid };
            if gone && self.book[side][usize::from(cents)] > 0 {
                self.put(side, cents, 0);
            }
        }
        self.mid = mid;
    }
}

/// Ten lots at the best bid and at the best ask, both anew every so many prints.
pub(crate) struct Quoter {
    every: u32,
    prints: u32,
    open: Vec<ClientOrderId>,
}

impl Quoter {
    pub(crate) fn new(every: u32) -> Quoter {
        Quoter {
            every,
            prints: 0,
            open: Vec::new(),
        }
    }
}

impl Strategy for Quoter {
    #[inline]
    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        if !matches!(event, Event::Trade(_)) {
            return;
        }
        self.prints += 1;
        if self.prints < self.every {
            return;
        }
        self.prints = 0;
        for id in self.open.drain(..) {
            if view.order(id).is_some() {
                intents.cancel(id);
            }
        }
        let Some(book) = view.book(MARKET) else { return };
        let ten = Quantity::from_contracts(10);
        if let Some(bid) = book.best_bid(Side::Yes) {
            self.open
                .push(intents.place(NewOrder::bid(MARKET, bid.price, ten).post_only()));
        }
        if let Some(ask) = book.best_ask(Side::Yes) {
            self.open
                .push(intents.place(NewOrder::ask(MARKET, ask.price, ten).post_only()));
        }
    }
}
