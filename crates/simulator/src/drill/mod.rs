//! Fault drills: our own client trades at a whole exchange, a fault strikes at a random moment, and at the end both must know the
//! same.
//!
//! The desk in here follows the protocol for orders of unknown outcome: a write whose answer is lost is never sent again; it is
//! looked for, by its `client_order_id`, on the stream and in the lists, until it is found, or until the exchange's reads are
//! certainly past the moment up to which it could have been taken. Truth is what the exchange's own events say, not its records.
//! Shared by the tests (a few rounds) and by `cargo xtask soak faults` (200 of each kind).

mod crowd;
mod desk;
mod house;
mod known;
mod round;
mod truth;

use std::time::Duration;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::faults::FaultKind;
use house::House;
use round::Lane;

/// For so long after it was signed the exchange takes a request; short, so that a round is.
pub const SIGNATURE_WINDOW: Duration = Duration::from_millis(600);

/// One fault, many times.
#[derive(Clone, Copy, Debug)]
pub struct Drill {
    /// Which.
    pub kind: FaultKind,
    /// How often.
    pub rounds: u32,
    /// Of the trading, the moments and the fault's own figures. Time is the machine's, so two runs differ all the same.
    pub seed: u64,
}

/// How the connections are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// Inside the process.
    Pipe,
    /// TCP on the loopback device.
    Tcp,
}

/// What a drill came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Times it was tried.
    pub rounds: u32,
    /// Of those, how often the fault struck.
    pub struck: u32,
    /// Of those, how often client and exchange knew the same afterwards.
    pub mended: u32,
    /// Orders sent.
    pub orders: u64,
    /// Orders whose answer was lost.
    pub unknown: u64,
    /// Of those, found at the exchange.
    pub found: u64,
    /// Of those, proven absent.
    pub absent: u64,
    /// Orders sent again after proof that they had not been executed.
    pub sent_again: u64,
    /// Fills the client knows.
    pub fills: u64,
    /// Fills told more than once.
    pub told_twice: u64,
    /// Connections of the stream.
    pub connections: u64,
    /// Gaps and losses the stream told of.
    pub gaps: u64,
    /// Milliseconds from each strike to agreement, sorted.
    #[serde(skip)]
    pub heal_ms: Vec<u64>,
    /// What was wrong, if anything was.
    pub wrong: Vec<String>,
}

impl Outcome {
    /// Adds what another lane of the same kind came to.
    pub fn add(&mut self, other: Outcome) {
        self.rounds += other.rounds;
        self.struck += other.struck;
        self.mended += other.mended;
        self.orders += other.orders;
        self.unknown += other.unknown;
        self.found += other.found;
        self.absent += other.absent;
        self.sent_again += other.sent_again;
        self.fills += other.fills;
        self.told_twice += other.told_twice;
        self.connections += other.connections;
        self.gaps += other.gaps;
        self.heal_ms.extend(other.heal_ms);
        self.heal_ms.sort_unstable();
        self.wrong.extend(other.wrong);
    }

    /// Milliseconds within which so many per cent of the strikes were mended.
    pub fn heal_percentile(&self, percent: usize) -> Option<u64> {
        let last = self.heal_ms.len().checked_sub(1)?;
        self.heal_ms.get(last * percent / 100).copied()
    }

    /// True if every round struck and was mended.
    pub fn is_clean(&self) -> bool {
        self.wrong.is_empty() && self.mended == self.rounds && self.struck == self.rounds
    }
}

/// Runs a drill at an exchange of its own, within a tokio runtime.
pub async fn run(drill: Drill, road: Road) -> Outcome {
    let chance = ChaCha8Rng::seed_from_u64(drill.seed);
    match House::open(drill.seed, road).await {
        Ok(house) => Lane::new(drill.kind, house, chance).run(drill.rounds).await,
        Err(wrong) => Outcome {
            wrong: vec![wrong],
            ..Outcome::default()
        },
    }
}
