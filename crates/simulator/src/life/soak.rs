//! Living for a while and looking closely: for soak runs, measurements and tests. No clock: whoever wants to know how long it
//! took asks before and after.

use kmi_domain::matching::MarketId;
use kmi_domain::{Money, Timestamp};

use super::{Life, LifeSettings};
use crate::core::{Event, Exchange, Lifecycle, Rules};

/// An exchange and the life in it.
#[derive(Clone, Debug)]
pub struct World {
    /// The exchange.
    pub exchange: Exchange,
    /// The life in it.
    pub life: Life,
    /// What happened so far.
    pub tally: Tally,
    now: Timestamp,
    digest: blake3::Hasher,
}

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events of all kinds.
    pub events: u64,
    /// Changes of price levels.
    pub levels: u64,
    /// Trades.
    pub trades: u64,
    /// Trades whose taker bought YES.
    pub bought: u64,
    /// Hundredths of a contract traded.
    pub volume: i64,
    /// Markets listed.
    pub listed: u64,
    /// Markets opened.
    pub opened: u64,
    /// Markets that got a result.
    pub determined: u64,
    /// Markets paid.
    pub settled: u64,
}

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A bid at or above an ask.
    #[error("the book of {0} is crossed")]
    Crossed(String),
    /// Money appeared or went.
    #[error("the ledger says {total}, paid in were {deposits}")]
    Ledger {
        /// What there is.
        total: Money,
        /// What was paid in.
        deposits: Money,
    },
}

/// A life of these settings from `now` for so many seconds, looked at every tenth: what a soak run of 20,000 markets calls.
///
/// # Errors
/// What must never be, and was.
pub fn live_and_check(settings: LifeSettings, now: Timestamp, seconds: u32) -> Result<World, Broken> {
    let mut world = World::found(settings, now);
    world.check()?;
    for _ in 0..seconds.div_ceil(10) {
        world.run(10);
        world.check()?;
    }
    Ok(world)
}

impl World {
    /// Founded at `now`.
    pub fn found(settings: LifeSettings, now: Timestamp) -> World {
        let mut world = World {
            exchange: Exchange::new(Rules::measured(settings.seed)),
            life: Life::new(settings, now),
            tally: Tally::default(),
            now,
            digest: blake3::Hasher::new(),
        };
        let mut events = Vec::new();
        world.life.found(now, &mut world.exchange, &mut events);
        world.note(&events);
        world
    }

    /// Lives one tick of so many milliseconds, and gives what happened.
    pub fn tick(&mut self, millis: i64) -> Vec<Event> {
        self.now = self.now.plus_micros(millis * 1_000);
        let mut events = Vec::new();
        self.life.live(self.now, &mut self.exchange, &mut events);
        self.note(&events);
        events
    }

    /// Lives for so many seconds in ticks of 50 milliseconds.
    pub fn run(&mut self, seconds: u32) {
        for _ in 0..seconds * 20 {
            self.tick(50);
        }
    }

    /// Time of its clock.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// BLAKE3 of all events so far, each in postcard, in hexadecimal: equal for equal seeds and ticks.
    pub fn digest(&self) -> String {
        self.digest.finalize().to_hex().to_string()
    }

    /// Looks for what must never be.
    ///
    /// # Errors
    /// The first thing found.
    pub fn check(&self) -> Result<(), Broken> {
        for market in self.exchange.markets() {
            let (bid, ask) = (
                self.exchange.best_bid(market.id),
                self.exchange.best_ask(market.id),
            );
            if let (Some(bid), Some(ask)) = (bid, ask)
                && bid.price >= ask.price
            {
                return Err(Broken::Crossed(market.ticker().to_string()));
            }
        }
        let ledger = self.exchange.ledger();
        if ledger.total != ledger.deposits {
            return Err(Broken::Ledger {
                total: ledger.total,
                deposits: ledger.deposits,
            });
        }
        Ok(())
    }

    /// Distance between best bid and best ask of each open market in $0.0001, by market; `None` where a side is empty.
    pub fn spreads(&self) -> Vec<(MarketId, Option<u16>)> {
        let open = self.exchange.markets().filter(|market| market.is_active());
        open.map(|market| {
            let bid = self.exchange.best_bid(market.id);
            let ask = self.exchange.best_ask(market.id);
            let spread = bid
                .zip(ask)
                .map(|(bid, ask)| ask.price.units() - bid.price.units());
            (market.id, spread)
        })
        .collect()
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            self.tally.note(event);
            let bytes = postcard::to_allocvec(event).expect("events are plain data");
            self.digest.update(&bytes);
        }
    }
}

impl Tally {
    fn note(&mut self, event: &Event) {
        self.events += 1;
        match event {
            Event::Level { .. } => self.levels += 1,
            Event::Trade(trade) => {
                self.trades += 1;
                self.volume += trade.quantity.units();
                self.bought += u64::from(trade.taker_side == kmi_domain::BookSide::Bid);
            }
            Event::MarketListed(_) => self.listed += 1,
            Event::Market(_, Lifecycle::Opened) => self.opened += 1,
            Event::Market(_, Lifecycle::Determined(_)) => self.determined += 1,
            Event::Market(_, Lifecycle::Settled(_)) => self.settled += 1,
            _ => {}
        }
    }
}
