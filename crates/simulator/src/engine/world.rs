//! Everything a moment of the exchange consists of: [`World`].

use kmi_domain::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::{Command, Event, Exchange, Outcome, Rules};
use crate::life::{Life, LifeSettings};
use crate::records::{HistoryAges, Lag, Limits, Records};

/// What a journal is begun with: the same settings and entries give the same world to the byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Rules of the house.
    pub rules: Rules,
    /// The life inside; `None` leaves the exchange to its users.
    pub life: Option<LifeSettings>,
    /// How much is remembered.
    pub limits: Limits,
    /// At which age what is remembered becomes history.
    pub ages: HistoryAges,
    /// When the exchange was founded.
    pub founded: Timestamp,
}

impl Settings {
    /// An exchange with these rules, without life of its own, founded at this instant.
    pub fn new(rules: Rules, founded: Timestamp) -> Settings {
        Settings {
            rules,
            life: None,
            limits: Limits::default(),
            ages: HistoryAges::default(),
            founded,
        }
    }
}

/// One thing the world was asked to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    /// A command from outside.
    Command(Box<Command>),
    /// Time passes: what is due happens, and the life inside lives on.
    Tick,
}

/// The exchange, the life inside it, and what is remembered of both.
#[derive(Clone, Serialize, Deserialize)]
pub struct World {
    exchange: Exchange,
    life: Option<Life>,
    records: Records,
    log: EventLog,
    now: Timestamp,
}

impl World {
    /// Founds it.
    pub fn new(settings: &Settings, events: &mut Vec<Event>) -> World {
        let mut world = World {
            exchange: Exchange::new(settings.rules.clone()),
            life: settings
                .life
                .clone()
                .map(|life| Life::new(life, settings.founded)),
            records: Records::new(settings.limits, settings.ages, Lag::default()),
            log: EventLog::default(),
            now: settings.founded,
        };
        if let Some(life) = &mut world.life {
            life.found(world.now, &mut world.exchange, events);
        }
        world.remember(0, events);
        world
    }

    /// Lets one entry happen at `now` (no earlier than the last); appends what happened.
    ///
    /// What is due by then happens before it, so that an order cannot slip into a market that should be closed.
    ///
    /// # Errors
    /// The exchange's refusal of a command; what was due happened nevertheless.
    pub fn apply(&mut self, now: Timestamp, entry: &Entry, events: &mut Vec<Event>) -> Outcome {
        self.now = self.now.max(now);
        let first = events.len();
        if self.exchange.next_wakeup().is_some_and(|due| due <= self.now) {
            let advanced = self.exchange.apply(self.now, &Command::Advance, events);
            debug_assert!(advanced.is_ok(), "time cannot be refused: {advanced:?}");
        }
        let outcome = match entry {
            Entry::Command(command) => self.exchange.apply(self.now, command, events),
            Entry::Tick => {
                if let Some(life) = &mut self.life {
                    life.live(self.now, &mut self.exchange, events);
                }
                Ok(crate::core::Reply::Done)
            }
        };
        self.remember(first, events);
        outcome
    }

    fn remember(&mut self, first: usize, events: &[Event]) {
        for event in &events[first..] {
            self.records.apply(self.now, event, &self.exchange);
            self.log.add(self.now, event);
        }
    }

    /// True if a [`Entry::Tick`] at `now` could change anything.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.life.is_some() || self.exchange.next_wakeup().is_some_and(|due| due <= now)
    }

    /// The exchange.
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// What is remembered.
    pub const fn records(&self) -> &Records {
        &self.records
    }

    /// What is remembered, to let its clock go on or to change how far reads lag.
    pub const fn records_mut(&mut self) -> &mut Records {
        &mut self.records
    }

    /// Number and hash of everything that happened.
    pub const fn log(&self) -> &EventLog {
        &self.log
    }

    /// Time of the last entry.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

/// Count and hash of all events so far: each hash covers the one before, the time and the event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLog {
    count: u64,
    hash: [u8; 32],
    #[serde(skip)]
    buffer: Vec<u8>,
}

impl EventLog {
    /// Adds an event.
    fn add(&mut self, now: Timestamp, event: &Event) {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.extend_from_slice(&self.hash);
        self.buffer = postcard::to_extend(&(now, event), buffer).expect("events are owned data");
        self.hash = *blake3::hash(&self.buffer).as_bytes();
        self.count += 1;
    }

    /// How many.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Hash of all of them, as hexadecimal digits.
    pub fn hash(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_string()
    }
}
