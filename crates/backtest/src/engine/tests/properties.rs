//! What holds for any recording and any strategy.

use std::collections::BTreeMap;

use kmi_domain::{BookSide, Money};
use proptest::prelude::Strategy as _;
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Asks for anything at random.
struct Monkey {
    chance: ChaCha8Rng,
    placed: Vec<ClientOrderId>,
}

impl Strategy for Monkey {
    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        if !matches!(event, Event::Trade(_) | Event::Book { .. }) {
            return;
        }
        let market = MarketId(
            self.chance
                .random_range(0..u32::try_from(view.markets().len()).unwrap()),
        );
        let limit = Price::from_cents(self.chance.random_range(1..100)).unwrap();
        let quantity = contracts(self.chance.random_range(1..9));
        let mut order = if self.chance.random() {
            NewOrder::bid(market, limit, quantity)
        } else {
            NewOrder::ask(market, limit, quantity)
        };
        order.post_only = self.chance.random();
        match self.chance.random_range(0..6) {
            0 => order = order.immediate_or_cancel(),
            1 => order = order.fill_or_kill(),
            2 => order = order.until(view.now().plus_seconds(2)),
            _ => {}
        }
        self.placed.push(intents.place(order));
        let any_order = self.placed[self.chance.random_range(0..self.placed.len())];
        match self.chance.random_range(0..4) {
            0 => intents.cancel(any_order),
            1 => intents.amend(any_order, limit, quantity),
            _ => {}
        }
    }
}

type Step = (u8, i64, u8, i32, bool);

fn recording(kind: DataKind, steps: &[Step]) -> Dataset {
    let mut scenery = match kind {
        DataKind::Tape => Scenery::tape(),
        DataKind::Books => Scenery::books(),
    };
    let markets = [
        scenery.market("A", 150, "yes"),
        scenery.market("B", 200, "no"),
        scenery.market("C", 90, "0.3300"),
    ];
    if kind == DataKind::Books {
        for market in markets {
            scenery.snapshot(market, 0, &[("0.40", 5), ("0.39", 7)], &[("0.55", 5)]);
        }
    }
    let mut second = 1;
    for (market, wait, cents, n, yes) in steps {
        second += wait;
        let side = if *yes { Side::Yes } else { Side::No };
        let at_price = Price::from_cents(*cents).unwrap();
        let market = markets[usize::from(market % 3)];
        let kind = if kind == DataKind::Tape || n % 3 == 0 {
            FeedKind::Trade {
                price: at_price,
                quantity: contracts(*n),
                taker: side,
            }
        } else {
            // Bids below half a dollar on both sides never cross.
            let price = Price::from_cents(cents % 50).unwrap();
            FeedKind::Level {
                side,
                price,
                quantity: contracts(*n - 1),
            }
        };
        scenery.push(market, second, kind);
    }
    scenery.build()
}

fn go(data: &Dataset, seed: u64, config: &RunConfig) -> RunResult {
    let mut monkey = Monkey {
        chance: ChaCha8Rng::seed_from_u64(seed),
        placed: Vec::new(),
    };
    run(data, &mut monkey, config).unwrap()
}

fn any_steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..3_u8, 0..4_i64, 1..100_u8, 1..12_i32, any::<bool>()), 1..120)
}

fn any_kind() -> impl proptest::strategy::Strategy<Value = DataKind> {
    any::<bool>().prop_map(|tape| if tape { DataKind::Tape } else { DataKind::Books })
}

fn slow(seed: u64) -> RunConfig {
    let latency = Latency {
        order: Duration::from_millis(700),
        data: Duration::from_millis(300),
        jitter: Duration::from_millis(900),
        seed,
    };
    RunConfig {
        latency,
        ..RunConfig::default()
    }
}

proptest! {
    #[test]
    fn the_same_seed_replays_to_the_byte(kind in any_kind(), steps in any_steps(), seed in any::<u64>()) {
        let data = recording(kind, &steps);
        for config in [RunConfig::default(), slow(seed)] {
            let (one, other) = (go(&data, seed, &config), go(&data, seed, &config));
            prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
    }

    #[test]
    fn money_is_conserved(kind in any_kind(), steps in any_steps(), seed in any::<u64>()) {
        let data = recording(kind, &steps);
        let result = go(&data, seed, &slow(seed));
        // What was paid for each contract and what it paid, by fills alone.
        let mut gross: BTreeMap<MarketId, Money> = BTreeMap::new();
        let mut fees = Money::ZERO;
        for fill in &result.fills {
            let outcome = data.ends()[fill.market.index()].result.unwrap();
            let payout = outcome.payout(fill.outcome());
            *gross.entry(fill.market).or_default() +=
                payout * fill.quantity - fill.outcome_price() * fill.quantity;
            fees += fill.fee;
        }
        for outcome in &result.outcomes {
            prop_assert_eq!(outcome.settlement.unwrap().gross, gross[&outcome.market]);
        }
        prop_assert_eq!(result.outcomes.iter().map(|outcome| outcome.fees).sum::<Money>(), fees);
        prop_assert_eq!(result.total_pnl(), gross.into_values().sum::<Money>() - fees);
    }

    #[test]
    fn a_tape_never_fills_more_than_it_printed(steps in any_steps(), seed in any::<u64>()) {
        let data = recording(DataKind::Tape, &steps);
        let result = go(&data, seed, &slow(seed));
        let mut printed: BTreeMap<(Timestamp, MarketId), Quantity> = BTreeMap::new();
        for event in data.events() {
            if let FeedKind::Trade { quantity, .. } = event.kind {
                *printed.entry((event.time, event.market)).or_default() += quantity;
            }
        }
        for fill in &result.fills {
            let left = printed.get_mut(&(fill.time, fill.market));
            let left = left.expect("fills are made by prints");
            *left -= fill.quantity;
            prop_assert!(!left.is_negative());
            let close = data.markets()[fill.market.index()].close_time.unwrap();
            prop_assert!(fill.time < close);
        }
    }

    #[test]
    fn what_a_strategy_decides_does_not_depend_on_the_future(
        kind in any_kind(), steps in any_steps(), seed in any::<u64>(),
    ) {
        let data = recording(kind, &steps);
        let build = |_: &Dataset| Monkey { chance: ChaCha8Rng::seed_from_u64(seed), placed: Vec::new() };
        let report = crate::lookahead::check_lookahead(&data, &slow(seed), 3, seed, build).unwrap();
        prop_assert!(report.is_clean(), "{report:?}");
    }

    #[test]
    fn no_fill_is_worse_than_its_limit(kind in any_kind(), steps in any_steps(), seed in any::<u64>()) {
        let data = recording(kind, &steps);
        let mut monkey = Noting {
            monkey: Monkey { chance: ChaCha8Rng::seed_from_u64(seed), placed: Vec::new() },
            limits: BTreeMap::new(),
        };
        let result = run(&data, &mut monkey, &RunConfig::default()).unwrap();
        for fill in &result.fills {
            prop_assert!(fill.quantity.is_positive() && !fill.fee.is_negative());
            let limits = &monkey.limits[&fill.order];
            let allowed = limits.iter().any(|limit| match fill.side {
                BookSide::Bid => fill.price <= *limit,
                BookSide::Ask => fill.price >= *limit,
            });
            prop_assert!(allowed, "{:?} of {:?}", fill, limits);
        }
    }
}

/// A monkey whose limits, first and amended, are noted.
struct Noting {
    monkey: Monkey,
    limits: BTreeMap<ClientOrderId, Vec<Price>>,
}

impl Strategy for Noting {
    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        self.monkey.on_event(event, view, intents);
        for intent in intents.pending() {
            match *intent {
                Intent::Place { id, order } => self.limits.entry(id).or_default().push(order.limit),
                Intent::Amend { id, limit, .. } => self.limits.entry(id).or_default().push(limit),
                Intent::Cancel { .. } | Intent::SetTimer { .. } => {}
            }
        }
    }
}
