//! The running exchange around the pure one: clock, lock, journal, fan-out.
//!
//! [`Engine`] is a handle that many tasks share. A command is written to the journal, applied, told to every [`Feed`], and
//! answered once the journal is on disk; a process killed in between has not answered. Reads see the last command at once.

mod clock;
mod durable;
pub mod journal;
mod open;
#[cfg(test)]
mod tests;
mod world;

use std::sync::Arc;
use std::time::Duration;

use kmi_domain::Timestamp;
use parking_lot::{Mutex, RwLock};
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;

use crate::core::{Command, Event, Exchange, Outcome, Refusal};
use crate::records::Records;
pub use clock::Clock;
use durable::Syncer;
use journal::Journal;
pub use open::Origin;
pub use world::{Entry, EventLog, Settings, World};

/// Batches a slow feed may fall behind before it loses some and is told so.
const FEED_CAPACITY: usize = 16_384;

/// What one entry made happen.
#[derive(Debug)]
pub struct Batch {
    /// When.
    pub now: Timestamp,
    /// What, in order; never empty.
    pub events: Vec<Event>,
}

/// Everything that happens from now on, in order. A receiver more than 16,384 batches behind loses the oldest and is told.
pub type Feed = broadcast::Receiver<Arc<Batch>>;

/// A moment of the exchange, to look at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The exchange's time.
    pub now: Timestamp,
    /// As it stands.
    pub exchange: &'a Exchange,
    /// What is remembered; private reads may lag.
    pub records: &'a Records,
    /// Number and hash of everything that happened.
    pub log: &'a EventLog,
}

/// The running exchange. Cloning copies a handle.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    seed: u64,
    state: RwLock<State>,
    feed: broadcast::Sender<Arc<Batch>>,
    syncer: Option<Syncer>,
    /// Held while a snapshot is written.
    snapshots: Mutex<()>,
}

struct State {
    world: World,
    journal: Option<Journal>,
    events: Vec<Event>,
}

impl Engine {
    /// Runs a world without a journal: nothing of it survives the process.
    pub fn in_memory(settings: &Settings, clock: Clock) -> Engine {
        let world = World::new(settings, &mut Vec::new());
        Engine::around(world, None, None, clock)
    }

    fn around(world: World, journal: Option<Journal>, syncer: Option<Syncer>, clock: Clock) -> Engine {
        let (feed, _) = broadcast::channel(FEED_CAPACITY);
        let seed = world.exchange().rules().seed;
        let state = RwLock::new(State {
            world,
            journal,
            events: Vec::new(),
        });
        Engine {
            shared: Arc::new(Shared {
                clock,
                seed,
                state,
                feed,
                syncer,
                snapshots: Mutex::new(()),
            }),
        }
    }

    /// Seed of the exchange, on which public ids depend.
    pub fn seed(&self) -> u64 {
        self.shared.seed
    }

    /// The exchange's time.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The exchange's clock.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// Everything that happens from now on.
    pub fn feed(&self) -> Feed {
        self.shared.feed.subscribe()
    }

    /// Looks at a moment; keep it short, commands wait meanwhile.
    pub fn read<R>(&self, look: impl FnOnce(&View<'_>) -> R) -> R {
        let now = self.now();
        let state = self.shared.state.read();
        if !state.world.records().is_due(now) {
            return look(&state.view(now));
        }
        drop(state);
        let mut state = self.shared.state.write();
        state.world.records_mut().advance(now);
        look(&state.view(now))
    }

    /// Changes how the records are kept (how far reads lag), which is no part of the exchange's history.
    pub fn adjust_records(&self, adjust: impl FnOnce(&mut Records)) {
        adjust(self.shared.state.write().world.records_mut());
    }

    /// Lets a command happen, and answers once it is durable.
    ///
    /// # Errors
    /// [`Refusal`]; with [`Refusal::JournalFailed`] it may have happened, and nothing more will.
    pub async fn submit(&self, command: Command) -> Outcome {
        let (outcome, length) = {
            let mut state = self.shared.state.write();
            let now = self.now();
            let outcome = self.enter(&mut state, now, &Entry::Command(Box::new(command)));
            (outcome, state.length())
        };
        self.durable(length).await?;
        outcome
    }

    /// Lets commands happen at one instant, each on its own; answers once all are durable.
    pub async fn submit_batch(&self, commands: Vec<Command>) -> Vec<Outcome> {
        let (outcomes, length) = {
            let mut state = self.shared.state.write();
            let now = self.now();
            let outcomes: Vec<Outcome> = commands
                .into_iter()
                .map(|command| self.enter(&mut state, now, &Entry::Command(Box::new(command))))
                .collect();
            (outcomes, state.length())
        };
        match self.durable(length).await {
            Ok(()) => outcomes,
            Err(refusal) => outcomes.iter().map(|_| Err(refusal.clone())).collect(),
        }
    }

    /// Lets time pass: what is due happens, and the life inside lives on.
    pub fn tick(&self) {
        let now = self.now();
        if !self.shared.state.read().world.is_due(now) {
            return;
        }
        let mut state = self.shared.state.write();
        let now = self.now();
        if let Err(refusal) = self.enter(&mut state, now, &Entry::Tick) {
            tracing::error!(%refusal, "the exchange stands still");
        }
    }

    /// Ticks for ever.
    pub async fn run(&self, every: Duration) {
        let mut interval = tokio::time::interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            self.tick();
        }
    }

    fn enter(&self, state: &mut State, now: Timestamp, entry: &Entry) -> Outcome {
        if self.shared.syncer.as_ref().is_some_and(Syncer::has_failed) {
            return Err(Refusal::JournalFailed);
        }
        let now = now.max(state.world.now());
        if let Some(journal) = &mut state.journal
            && let Err(error) = journal.append(&(now, entry))
        {
            tracing::error!(%error, "the journal cannot be written");
            return Err(Refusal::JournalFailed);
        }
        let outcome = state.world.apply(now, entry, &mut state.events);
        self.publish(now, state);
        outcome
    }

    fn publish(&self, now: Timestamp, state: &mut State) {
        if state.events.is_empty() {
            return;
        }
        if self.shared.feed.receiver_count() == 0 {
            state.events.clear();
            return;
        }
        let events = std::mem::take(&mut state.events);
        // Nobody listening any more is no failure.
        let _ = self.shared.feed.send(Arc::new(Batch { now, events }));
    }

    async fn durable(&self, length: u64) -> Result<(), Refusal> {
        let Some(syncer) = &self.shared.syncer else {
            return Ok(());
        };
        syncer.want(length);
        if syncer.wait(length).await {
            Ok(())
        } else {
            Err(Refusal::JournalFailed)
        }
    }
}

impl State {
    fn view(&self, now: Timestamp) -> View<'_> {
        View {
            now: now.max(self.world.now()),
            exchange: self.world.exchange(),
            records: self.world.records(),
            log: self.world.log(),
        }
    }

    fn length(&self) -> u64 {
        self.journal.as_ref().map_or(0, Journal::length)
    }
}
