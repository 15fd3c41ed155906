//! What holds after any flow of commands.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::flow::{Command, Engine, MARKETS, Venue, flows};
use super::naive::Naive;
use super::support::fills;
use crate::book::OrderBook;
use crate::market::Level;
use crate::matching::{
    Clearing, Event, ExchangeEvent, Fill, FillParty, GroupEvent, Matcher, OrderId, RestingOrder,
};
use crate::side::{BookSide, Side};
use crate::{Money, Price, Quantity, Timestamp};

const SIDES: [BookSide; 2] = [BookSide::Bid, BookSide::Ask];

fn of_market(events: &[ExchangeEvent], engine: &Engine, market: usize) -> Vec<Event> {
    events
        .iter()
        .filter_map(|event| match event {
            ExchangeEvent::Market(id, event) if *id == engine.markets[market] => Some(*event),
            _ => None,
        })
        .collect()
}

fn markets(engine: &Engine) -> impl Iterator<Item = &Matcher> {
    engine.exchange.markets()
}

/// An order's life as its events tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Open(Quantity),
    Over,
}

/// Follows every order of a market and panics at an unlawful step.
#[derive(Default)]
struct Registry {
    lives: BTreeMap<OrderId, Life>,
}

impl Registry {
    fn open(&self, order: OrderId) -> Quantity {
        match self.lives.get(&order) {
            Some(Life::Open(open)) => *open,
            other => panic!("{order} is {other:?}, not open"),
        }
    }

    fn set(&mut self, order: OrderId, open: Quantity) {
        let life = if open.is_zero() {
            Life::Over
        } else {
            Life::Open(open)
        };
        self.lives.insert(order, life);
    }

    fn fill(&mut self, party: &FillParty, quantity: Quantity) {
        assert!(quantity.is_positive());
        assert_eq!(self.open(party.order) - quantity, party.remaining);
        self.set(party.order, party.remaining);
    }

    fn follow(&mut self, event: &Event) {
        match event {
            Event::Accepted { order, quantity, .. } => {
                assert!(!matches!(self.lives.get(order), Some(Life::Open(_))));
                self.set(*order, *quantity);
            }
            Event::Filled(fill) => {
                assert_ne!(fill.maker.account, fill.taker.account);
                self.fill(&fill.maker, fill.quantity);
                self.fill(&fill.taker, fill.quantity);
            }
            Event::Resting { order, remaining, .. } => assert_eq!(self.open(*order), *remaining),
            Event::Canceled { order, quantity, .. } => {
                assert_eq!(self.open(*order), *quantity);
                self.set(*order, Quantity::ZERO);
            }
            Event::Amended { order, remaining, .. } => {
                self.open(*order);
                self.set(*order, *remaining);
            }
            Event::Decreased { order, by, remaining } => {
                assert_eq!(self.open(*order) - *by, *remaining);
                self.set(*order, *remaining);
            }
            Event::Level(_) => {}
        }
    }

    fn resting(&self) -> BTreeMap<OrderId, Quantity> {
        let open = |(order, life): (&OrderId, &Life)| match life {
            Life::Open(quantity) => Some((*order, *quantity)),
            Life::Over => None,
        };
        self.lives.iter().filter_map(open).collect()
    }
}

/// The same command in a world where YES and NO have changed names.
fn mirrored(command: &Command) -> Command {
    let mut command = command.clone();
    match &mut command {
        Command::Submit(_, order) => {
            order.side = order.side.opposite();
            order.price = order.price.complement();
            order.reduce_only = order.reduce_only.map(|position| -position);
        }
        Command::Amend(_, _, amendment) => amendment.price = amendment.price.complement(),
        _ => {}
    }
    command
}

fn mirrored_fill(fill: &Fill) -> Fill {
    Fill {
        price: fill.price.complement(),
        taker_side: fill.taker_side.opposite(),
        ..*fill
    }
}

fn mirrored_order(order: RestingOrder) -> RestingOrder {
    RestingOrder {
        side: order.side.opposite(),
        price: order.price.complement(),
        ..order
    }
}

/// Seven hundredths of what is at risk, rounded up to $0.0001, for the taker; a quarter of it for the maker.
fn fee(fill: &Fill, side: BookSide) -> Money {
    let at_risk = i64::from(fill.price.units()) * i64::from(fill.price.complement().units()) / 10_000;
    let rate = if side == fill.taker_side { 700 } else { 175 };
    Money::from_micros(at_risk * fill.quantity.units() * rate / 10_000).ceil_to(Money::CENTICENT)
}

/// What an event is, without its numbers.
fn kind(event: &ExchangeEvent) -> String {
    match event {
        ExchangeEvent::Market(_, Event::Canceled { reason, .. }) => format!("canceled {reason:?}"),
        ExchangeEvent::Market(_, Event::Amended { queue, .. }) => format!("amended {queue:?}"),
        ExchangeEvent::Market(_, Event::Accepted { .. }) => "accepted".to_owned(),
        ExchangeEvent::Market(_, Event::Filled(_)) => "filled".to_owned(),
        ExchangeEvent::Market(_, Event::Resting { .. }) => "resting".to_owned(),
        ExchangeEvent::Market(_, Event::Decreased { .. }) => "decreased".to_owned(),
        ExchangeEvent::Market(_, Event::Level(_)) => "level".to_owned(),
        ExchangeEvent::Group(_, GroupEvent::Triggered { cause, .. }) => format!("triggered {cause:?}"),
        ExchangeEvent::Group(_, GroupEvent::Created { .. }) => "created".to_owned(),
        ExchangeEvent::Group(_, GroupEvent::Reset) => "reset".to_owned(),
        ExchangeEvent::Group(_, GroupEvent::LimitUpdated { .. }) => "limit updated".to_owned(),
        ExchangeEvent::Group(_, GroupEvent::Deleted) => "deleted".to_owned(),
    }
}

/// The properties below would hold of flows in which nothing happens; these are not such.
#[test]
fn the_flows_reach_every_kind_of_event() {
    let mut runner = TestRunner::deterministic();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..96 {
        let flow = flows(250).new_tree(&mut runner).unwrap().current();
        let (mut engine, mut events) = (Engine::new(), Vec::new());
        for (now, command) in &flow {
            engine.run(*now, command, &mut events);
        }
        for event in &events {
            *counts.entry(kind(event)).or_default() += 1;
        }
    }
    // 10 reasons to cancel, 2 amendments, 3 triggers, and the 9 others.
    assert_eq!(counts.len(), 24, "{counts:?}");
    assert!(counts.values().all(|count| *count >= 5), "{counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_answers_as_the_naive_exchange_does(flow in flows(250)) {
        let mut engine = Engine::new();
        let mut naive = Naive::new(&engine.markets);
        for (now, command) in &flow {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            let answer = engine.run(*now, command, &mut ours);
            prop_assert_eq!(answer, naive.run(*now, command, &mut theirs), "{:?}", command);
            prop_assert_eq!(ours, theirs, "{:?}", command);
        }
        for (index, market) in markets(&engine).enumerate() {
            for side in SIDES {
                let ours: Vec<_> = market.orders(side).map(|o| (o.id, o.remaining)).collect();
                let theirs: Vec<_> = naive.queue(index, side).iter().map(|r| (r.order.id, r.remaining)).collect();
                prop_assert_eq!(ours, theirs);
            }
        }
    }

    #[test]
    fn money_and_contracts_are_conserved(flow in flows(250), result in 0..=10_000_u16) {
        let mut engine = Engine::new();
        let mut ledgers = vec![Clearing::new(); MARKETS];
        let deposit = Money::from_dollars(1_000);
        for ledger in &mut ledgers {
            ledger.deposit(crate::matching::AccountId(1), deposit);
        }
        for (now, command) in &flow {
            let mut events = Vec::new();
            engine.run(*now, command, &mut events);
            for (market, ledger) in ledgers.iter_mut().enumerate() {
                for fill in fills(&of_market(&events, &engine, market)) {
                    ledger.book(fill, fee);
                    prop_assert_eq!(ledger.total(), deposit);
                    prop_assert_eq!(ledger.net_position(), Quantity::ZERO);
                    prop_assert_eq!(ledger.collateral(), Price::ONE * ledger.open_interest());
                }
            }
        }
        for ledger in &mut ledgers {
            ledger.settle(Price::from_units(result).unwrap());
            prop_assert_eq!(ledger.total(), deposit);
            prop_assert_eq!(ledger.collateral(), Money::ZERO);
        }
    }

    #[test]
    fn the_book_never_crosses(flow in flows(250)) {
        let mut engine = Engine::new();
        for (now, command) in &flow {
            engine.run(*now, command, &mut Vec::new());
            for market in markets(&engine) {
                if let (Some(bid), Some(ask)) = (market.best_bid(), market.best_ask()) {
                    prop_assert!(bid.price < ask.price, "{} meets {} after {:?}", bid.price, ask.price, command);
                }
            }
        }
    }

    #[test]
    fn a_mirrored_flow_gives_mirrored_fills_and_books(flow in flows(250)) {
        let (mut engine, mut mirror) = (Engine::new(), Engine::new());
        for (now, command) in &flow {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            engine.run(*now, command, &mut ours);
            mirror.run(*now, &mirrored(command), &mut theirs);
            for market in 0..MARKETS {
                let ours = of_market(&ours, &engine, market);
                let theirs = of_market(&theirs, &mirror, market);
                let expected: Vec<Fill> = fills(&ours).map(mirrored_fill).collect();
                prop_assert_eq!(expected, fills(&theirs).copied().collect::<Vec<_>>());
            }
        }
        for (ours, theirs) in markets(&engine).zip(markets(&mirror)) {
            for side in SIDES {
                let expected: Vec<_> = ours.orders(side).map(mirrored_order).collect();
                prop_assert_eq!(expected, theirs.orders(side.opposite()).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_same_flow_replays_to_the_byte(flow in flows(250)) {
        let run = |flow: &[(Timestamp, Command)]| {
            let (mut engine, mut events) = (Engine::new(), Vec::new());
            for (now, command) in flow {
                engine.run(*now, command, &mut events);
            }
            format!("{events:?}").into_bytes()
        };
        prop_assert_eq!(run(&flow), run(&flow));
    }

    #[test]
    fn every_order_lives_and_ends_lawfully(flow in flows(250)) {
        let mut engine = Engine::new();
        let mut registries: Vec<Registry> = (0..MARKETS).map(|_| Registry::default()).collect();
        for (now, command) in &flow {
            let mut events = Vec::new();
            engine.run(*now, command, &mut events);
            for (market, registry) in registries.iter_mut().enumerate() {
                for event in of_market(&events, &engine, market) {
                    registry.follow(&event);
                }
                let matcher = engine.exchange.market(engine.markets[market]);
                let resting: BTreeMap<OrderId, Quantity> =
                    SIDES.into_iter().flat_map(|side| matcher.orders(side)).map(|o| (o.id, o.remaining)).collect();
                prop_assert_eq!(registry.resting(), resting);
            }
        }
    }

    #[test]
    fn the_queue_position_is_the_contracts_counted_ahead(flow in flows(150)) {
        let mut engine = Engine::new();
        for (now, command) in &flow {
            engine.run(*now, command, &mut Vec::new());
        }
        for market in markets(&engine) {
            for side in SIDES {
                let mut ahead = Quantity::ZERO;
                for order in market.orders(side) {
                    prop_assert_eq!(market.queue_position(order.id), Some(ahead));
                    prop_assert_eq!(market.order(order.id), Some(order));
                    ahead += order.remaining;
                }
            }
        }
    }

    #[test]
    fn level_changes_rebuild_the_book(flow in flows(250)) {
        let mut engine = Engine::new();
        let mut books = vec![(BTreeMap::<(BookSide, Price), Quantity>::new(), OrderBook::new()); MARKETS];
        for (now, command) in &flow {
            let mut events = Vec::new();
            engine.run(*now, command, &mut events);
            for (market, (book, public)) in books.iter_mut().enumerate() {
                for event in of_market(&events, &engine, market) {
                    let Event::Level(level) = event else { continue };
                    prop_assert!(!level.change.is_zero());
                    let (outcome, price) = (level.outcome(), level.outcome_price());
                    prop_assert_eq!(public.apply(outcome, price, level.change), Ok(level.total));
                    let total = book.entry((level.side, level.price)).or_default();
                    *total += level.change;
                    prop_assert_eq!(*total, level.total);
                }
                book.retain(|_, total| !total.is_zero());
                let matcher = engine.exchange.market(engine.markets[market]);
                let own: BTreeMap<_, _> = SIDES
                    .into_iter()
                    .flat_map(|side| matcher.levels(side).map(move |Level { price, quantity }| ((side, price), quantity)))
                    .collect();
                prop_assert_eq!(&*book, &own);
                prop_assert_eq!(public.best_bid(Side::Yes), matcher.best_bid());
                prop_assert_eq!(public.best_ask(Side::Yes), matcher.best_ask());
                prop_assert_eq!(public.level_count(Side::No), matcher.levels(BookSide::Ask).count());
                for ((side, price), quantity) in &own {
                    prop_assert_eq!(matcher.quantity_at(*side, *price), *quantity);
                }
            }
        }
    }
}
