//! A storm of random commands on the [`Exchange`], and the proof that it lost nothing.
//!
//! Traders do everything that can be done, sensible or not, while the house lists, pauses, moves and settles markets. At the
//! end every market is settled. Shared by the tests (short) and by `cargo xtask soak ledger` (a million operations).

mod house;
mod traders;
mod watch;

use kmi_domain::matching::MarketId;
use kmi_domain::{Money, Timestamp};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::core::{
    Account, Command, Event, Exchange, Ledger, Outcome, PostOnlyRule, Refusal, Reply, Rules, Shard, UserId,
};
use watch::Watch;

/// How hard it blows.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// The same seed gives the same commands.
    pub seed: u64,
    /// Commands, those of setting up and of settling at the end left aside.
    pub operations: u64,
    /// Traders, at least 2.
    pub traders: u32,
    /// Commands between two full checks; money is checked after each.
    pub check_every: u64,
}

impl Storm {
    /// 50 traders, a full check every 1,000 commands.
    pub const fn new(seed: u64, operations: u64) -> Storm {
        Storm {
            seed,
            operations,
            traders: 50,
            check_every: 1_000,
        }
    }
}

/// What a storm did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Commands the exchange took.
    pub accepted: u64,
    /// Commands it refused.
    pub refused: u64,
    /// Of those, for want of money.
    pub unaffordable: u64,
    /// Orders placed.
    pub orders: u64,
    /// Trades between two of them.
    pub trades: u64,
    /// Markets listed, all of them settled.
    pub markets: u64,
    /// Events told.
    pub events: u64,
    /// BLAKE3 hash of all of them in order, in hexadecimal.
    pub hash: String,
    /// Where the money was at the end.
    pub ledger: Ledger,
}

/// What a storm broke.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("operation {operation}: {wrong}")]
pub struct Broken {
    /// The command after which it was seen, counted from 1.
    pub operation: u64,
    /// What is wrong.
    pub wrong: String,
}

impl Storm {
    /// Runs it.
    ///
    /// # Errors
    /// [`Broken`] at the first thing found wrong: money made or lost, free cash below zero, an order in an unlawful state, a
    /// kept figure that differs from a recomputed one, or something left over at the end.
    pub fn run(self) -> Result<Report, Broken> {
        let mut run = Run::new(self);
        let result = run.weather(self);
        result.map_err(|wrong| Broken {
            operation: run.operation,
            wrong,
        })?;
        Ok(run.report())
    }
}

/// A storm at work.
struct Run {
    chance: ChaCha8Rng,
    exchange: Exchange,
    now: Timestamp,
    users: Vec<UserId>,
    /// Markets that may still be traded, roughly: they leave when they are seen to be over.
    live: Vec<MarketId>,
    /// Number given to what is listed next.
    listed: u64,
    /// Most recent orders, open or not: what commands on orders aim at.
    recent: Vec<(Account, kmi_domain::matching::OrderId)>,
    client_ids: u64,
    events: Vec<Event>,
    watch: Watch,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    operation: u64,
    accepted: u64,
    refused: u64,
    unaffordable: u64,
    total: Money,
}

impl Run {
    fn new(storm: Storm) -> Run {
        let mut rules = Rules::measured(storm.seed);
        rules.opening_balance = Money::from_dollars(400);
        rules.max_open_orders = 40;
        let mut chance = ChaCha8Rng::seed_from_u64(storm.seed);
        if chance.random() {
            rules.post_only = PostOnlyRule::Cancel;
        }
        if chance.random() {
            rules.client_order_id_reuse = crate::core::ClientOrderIdReuse::AfterClose;
        }
        if chance.random() {
            rules.cancel_all_shadow_s = 5;
        }
        Run {
            chance,
            exchange: Exchange::new(rules),
            now: Timestamp::from_seconds(1_700_000_000),
            users: Vec::new(),
            live: Vec::new(),
            listed: 0,
            recent: Vec::new(),
            client_ids: 0,
            events: Vec::new(),
            watch: Watch::default(),
            hasher: blake3::Hasher::new(),
            buffer: Vec::new(),
            operation: 0,
            accepted: 0,
            refused: 0,
            unaffordable: 0,
            total: Money::ZERO,
        }
    }

    fn weather(&mut self, storm: Storm) -> Result<(), String> {
        self.open_house(storm.traders)?;
        self.total = self.exchange.ledger().total;
        for operation in 1..=storm.operations {
            self.operation = operation;
            if self.active().len() < 8 {
                self.list_event()?;
            }
            let command = match self.chance.random_range(0..100) {
                0..4 => self.house_command(),
                4..14 => self.replay_command(),
                _ => self.trader_command(),
            };
            let _: Outcome = self.apply(&command)?;
            self.exchange.check_money()?;
            let total = self.exchange.ledger().total;
            if total != self.total {
                return Err(format!(
                    "the ledger came to {}, now {total}, after {command:?}",
                    self.total
                ));
            }
            if operation % storm.check_every == 0 {
                self.exchange.check_invariants()?;
            }
        }
        self.settle_everything()?;
        self.check_calm()
    }

    /// Applies a command; a refusal is as good an answer as any.
    fn apply(&mut self, command: &Command) -> Result<Outcome, String> {
        let outcome = self.exchange.apply(self.now, command, &mut self.events);
        match &outcome {
            Ok(reply) => {
                self.accepted += 1;
                self.remember(reply);
            }
            Err(refusal) => {
                self.refused += 1;
                self.unaffordable += u64::from(matches!(refusal, Refusal::InsufficientBalance { .. }));
            }
        }
        let events = std::mem::take(&mut self.events);
        for event in &events {
            self.hash(event)?;
            self.watch
                .see(event)
                .map_err(|wrong| format!("{wrong} after {command:?}"))?;
        }
        self.events = events;
        self.events.clear();
        Ok(outcome)
    }

    fn hash(&mut self, event: &Event) -> Result<(), String> {
        let buffer = std::mem::take(&mut self.buffer);
        self.buffer = postcard::to_extend(event, buffer).map_err(|error| error.to_string())?;
        self.hasher.update(&self.buffer);
        self.buffer.clear();
        Ok(())
    }

    fn remember(&mut self, reply: &Reply) {
        const REMEMBERED: usize = 300;
        if let Reply::Order { order, .. } = reply {
            if self.recent.len() == REMEMBERED {
                let at = self.chance.random_range(0..REMEMBERED);
                self.recent.swap_remove(at);
            }
            self.recent.push((order.account, order.order));
        }
    }

    /// When all is settled nothing may be left: no order, position, collateral or advance.
    fn check_calm(&self) -> Result<(), String> {
        self.exchange.check_invariants()?;
        let ledger = self.exchange.ledger();
        if ledger.total != self.total {
            return Err(format!("the ledger came to {}, now {}", self.total, ledger.total));
        }
        let left = [ledger.collateral, ledger.netting_advanced, ledger.in_transit];
        if left.iter().any(|money| !money.is_zero()) {
            return Err(format!("left over: {ledger:?}"));
        }
        for user in &self.users {
            if let Some(order) = self.exchange.open_orders(*user).first() {
                return Err(format!("still open: {order:?}"));
            }
            if let Some(position) = self.exchange.positions(*user).next() {
                return Err(format!("still held: {position:?}"));
            }
        }
        self.watch.check_all_over()
    }

    fn report(&self) -> Report {
        Report {
            accepted: self.accepted,
            refused: self.refused,
            unaffordable: self.unaffordable,
            orders: self.watch.orders,
            trades: self.watch.trades,
            markets: self.exchange.markets().count() as u64,
            events: self.watch.events,
            hash: self.hasher.finalize().to_hex().to_string(),
            ledger: self.exchange.ledger(),
        }
    }

    /// One of many, all as likely.
    fn one_of<T: Copy>(&mut self, things: &[T]) -> Option<T> {
        if things.is_empty() {
            return None;
        }
        Some(things[self.chance.random_range(0..things.len())])
    }

    /// True in so many of a hundred cases.
    fn percent(&mut self, percent: u32) -> bool {
        self.chance.random_range(0..100) < percent
    }

    fn shard(&mut self) -> Shard {
        Shard::ALL[self.chance.random_range(0..Shard::ALL.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_loses_nothing_and_leaves_nothing_behind() {
        for seed in 0..6 {
            let storm = Storm {
                check_every: 50,
                ..Storm::new(seed, 6_000)
            };
            let report = storm
                .run()
                .unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
            // Nothing is proven by a storm in which nothing happens.
            assert!(report.trades > 500, "{report:?}");
            assert!(report.unaffordable > 50, "{report:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_events() {
        let run = |seed| Storm::new(seed, 3_000).run().unwrap().hash;
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
    }
}
