//! A hand-worked desk: prints, books, fills and timers one at a time, so that a strategy's every decision shows.

use std::collections::BTreeMap;

use kmi_domain::fees::{FeeSchedule, Role};
use kmi_domain::flow::NetBook;
use kmi_domain::{Level, MarketResult, Money, Price, Quantity, Side, TickGrid, Timestamp};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::feed::{DataKind, Dataset, DatasetBuilder, FeedEvent, FeedKind, MarketEnd};
use crate::strategy::{
    Books, ClientOrderId, Event, Fill, Intent, Intents, MarketId, MarketInfo, MarketView, NewOrder,
    OpenOrder, OrderStage, OrderUpdate, Params, Strategy, StrategyDescription, Trade, UpdateKind, View,
};

/// Parameters of a strategy, some of them given.
pub(super) fn params(description: &StrategyDescription, given: &[(&str, &str)]) -> Params {
    description.parse(given.iter().copied()).unwrap()
}

/// The contract gained, its worst price, and the quantity of each order.
pub(super) fn buys(orders: &[Placed]) -> Vec<(String, String, String)> {
    orders
        .iter()
        .map(|placed| {
            let side = placed.order.side.outcome();
            let price = match side {
                Side::Yes => placed.order.limit,
                Side::No => placed.order.limit.complement(),
            };
            (
                side.to_string(),
                price.to_string(),
                placed.order.quantity.to_string(),
            )
        })
        .collect()
}

/// An order placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) id: ClientOrderId,
    pub(super) order: NewOrder,
}

/// Markets named M0, M1, … that close a day after the start, and one strategy's dealings in them.
pub(super) struct Desk {
    pub(super) now: Timestamp,
    pub(super) markets: Vec<MarketInfo>,
    seen: Vec<MarketView>,
    books: Option<Vec<NetBook>>,
    timers: BTreeMap<(Timestamp, u64), u64>,
    intents: Intents,
    pub(super) canceled: Vec<ClientOrderId>,
    pub(super) amended: Vec<(ClientOrderId, Price, Quantity)>,
    cash: Money,
}

impl Desk {
    /// A desk that sees prints only.
    pub(super) fn tape(markets: u32) -> Desk {
        let now = Timestamp::from_seconds(1_750_000_000);
        let info = |number: u32| MarketInfo {
            ticker: format!("M{number}").parse().unwrap(),
            event: Some("EVENT".parse().unwrap()),
            series: Some("SERIES".parse().unwrap()),
            category: None,
            exclusive_group: Some(0),
            open_time: None,
            close_time: Some(now.plus_seconds(86_400)),
            grid: TickGrid::linear_cent(),
            fees: FeeSchedule::STANDARD,
        };
        Desk {
            now,
            markets: (0..markets).map(info).collect(),
            seen: (0..markets).map(|_| MarketView::default()).collect(),
            books: None,
            timers: BTreeMap::new(),
            intents: Intents::new(),
            canceled: Vec::new(),
            amended: Vec::new(),
            cash: Money::ZERO,
        }
    }

    /// A desk that sees order books, all unknown at first.
    pub(super) fn books(markets: u32) -> Desk {
        Desk {
            books: Some((0..markets).map(|_| NetBook::new()).collect()),
            ..Desk::tape(markets)
        }
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
    }

    /// Lets every market close this many seconds from now.
    pub(super) fn until_close(&mut self, seconds: i64) {
        for market in &mut self.markets {
            market.close_time = Some(self.now.plus_seconds(seconds));
        }
    }

    pub(super) fn position(&self, market: u32) -> Quantity {
        self.seen[market as usize].position.quantity()
    }

    pub(super) fn start(&mut self, strategy: &mut impl Strategy) {
        let mut intents = std::mem::take(&mut self.intents);
        strategy.start(&self.view(), &mut intents);
        self.intents = intents;
        self.collect();
    }

    /// A public print of ten contracts.
    pub(super) fn print(&mut self, strategy: &mut impl Strategy, market: u32, price: &str) -> Vec<Placed> {
        let trade = Trade {
            market: MarketId(market),
            time: self.now,
            price: price.parse().unwrap(),
            quantity: Quantity::from_contracts(10),
            taker: Side::Yes,
        };
        self.seen[market as usize].last_trade = Some(trade);
        self.tell(strategy, &Event::Trade(trade))
    }

    /// A whole book: bids for YES and for NO as `(price, contracts)`.
    pub(super) fn book(
        &mut self,
        strategy: &mut impl Strategy,
        market: u32,
        yes: &[(&str, i32)],
        no: &[(&str, i32)],
    ) -> Vec<Placed> {
        let levels = |side: &[(&str, i32)]| -> Vec<Level> {
            side.iter()
                .map(|&(price, contracts)| Level {
                    price: price.parse().unwrap(),
                    quantity: Quantity::from_contracts(contracts),
                })
                .collect()
        };
        let book = &mut self.books.as_mut().unwrap()[market as usize];
        book.snapshot(levels(yes).into_iter(), levels(no).into_iter());
        self.tell(
            strategy,
            &Event::Book {
                market: MarketId(market),
            },
        )
    }

    /// Fills an order whole at a YES price, for no fee.
    pub(super) fn fill(&mut self, strategy: &mut impl Strategy, placed: &Placed, price: &str) -> Vec<Placed> {
        self.fill_part(strategy, placed, price, placed.order.quantity)
    }

    /// Fills part of an order at a YES price, for no fee.
    pub(super) fn fill_part(
        &mut self,
        strategy: &mut impl Strategy,
        placed: &Placed,
        price: &str,
        quantity: Quantity,
    ) -> Vec<Placed> {
        let fill = Fill {
            order: placed.id,
            market: placed.id.market,
            time: self.now,
            side: placed.order.side,
            price: price.parse().unwrap(),
            quantity,
            fee: Money::ZERO,
            role: Role::Taker,
        };
        let seen = &mut self.seen[placed.id.market.index()];
        seen.position.apply(fill.side, fill.price, quantity, Money::ZERO);
        self.cash -= fill.outcome_price() * quantity;
        for order in &mut seen.orders {
            if order.id == placed.id {
                order.remaining -= quantity;
                order.filled += quantity;
            }
        }
        seen.orders.retain(|order| order.remaining.is_positive());
        self.tell(
            strategy,
            &Event::Order(OrderUpdate {
                order: placed.id,
                kind: UpdateKind::Filled(fill),
            }),
        )
    }

    /// Drops what remains of an order and tells of it.
    pub(super) fn end(
        &mut self,
        strategy: &mut impl Strategy,
        id: ClientOrderId,
        kind: UpdateKind,
    ) -> Vec<Placed> {
        self.seen[id.market.index()].orders.retain(|order| order.id != id);
        self.tell(strategy, &Event::Order(OrderUpdate { order: id, kind }))
    }

    pub(super) fn settle(
        &mut self,
        strategy: &mut impl Strategy,
        market: u32,
        result: MarketResult,
    ) -> Vec<Placed> {
        self.tell(
            strategy,
            &Event::Settled {
                market: MarketId(market),
                result,
            },
        )
    }

    /// Moves the clock on and rings every timer that is due by then.
    pub(super) fn ring_after(&mut self, strategy: &mut impl Strategy, seconds: i64) -> Vec<Placed> {
        let until = self.now.plus_seconds(seconds);
        let mut placed = Vec::new();
        while let Some((&(at, number), &token)) = self.timers.first_key_value()
            && at <= until
        {
            self.timers.remove(&(at, number));
            self.now = self.now.max(at);
            placed.extend(self.tell(strategy, &Event::Timer { token }));
        }
        self.now = until;
        placed
    }

    pub(super) fn view(&self) -> View<'_> {
        let books = self.books.as_deref().map_or(Books::None, Books::Copies);
        View::new(self.now, &self.markets, &self.seen, books, self.cash)
    }

    fn tell(&mut self, strategy: &mut impl Strategy, event: &Event) -> Vec<Placed> {
        let mut intents = std::mem::take(&mut self.intents);
        strategy.on_event(event, &self.view(), &mut intents);
        self.intents = intents;
        self.collect()
    }

    fn collect(&mut self) -> Vec<Placed> {
        let mut placed = Vec::new();
        for intent in self.intents.drain().collect::<Vec<_>>() {
            match intent {
                Intent::Place { id, order } => {
                    self.seen[id.market.index()]
                        .orders
                        .push(open(id, &order, self.now));
                    placed.push(Placed { id, order });
                }
                Intent::Cancel { id } => self.canceled.push(id),
                Intent::Amend { id, limit, quantity } => self.amended.push((id, limit, quantity)),
                Intent::SetTimer { at, token } => {
                    let number = self.timers.len() as u64;
                    self.timers.insert((at, number), token);
                }
            }
        }
        placed
    }
}

fn open(id: ClientOrderId, order: &NewOrder, now: Timestamp) -> OpenOrder {
    OpenOrder {
        id,
        side: order.side,
        limit: order.limit,
        remaining: order.quantity,
        filled: Quantity::ZERO,
        time_in_force: order.time_in_force,
        sent: now,
        stage: OrderStage::Open,
    }
}

/// A seeded history: 120 markets in 20 exclusive events that close six hours apart; prints every seven minutes around a hidden
/// probability that drifts, too cheap for favourites and too dear for long shots.
pub(crate) fn history() -> Dataset {
    let mut data = DatasetBuilder::new(DataKind::Tape);
    let mut chance = ChaCha8Rng::seed_from_u64(20);
    let start = Timestamp::from_seconds(1_750_000_000);
    for event in 0..20 {
        let close = start.plus_seconds(86_400 + event * 21_600);
        let winner = chance.random_range(0..6);
        for number in 0..6 {
            let came_true = number == winner;
            let market = data.add_market(
                exclusive_market(event, number, close),
                MarketEnd {
                    result: Some(if came_true {
                        MarketResult::Yes
                    } else {
                        MarketResult::No
                    }),
                    settled_time: None,
                },
            );
            let mut odds: f64 = if came_true { 0.0 } else { -1.8 };
            for print in 0..120 {
                odds += chance.random_range(-0.25..0.25) + if came_true { 0.01 } else { -0.01 };
                let price = (1.0 / (1.0 + (-odds).exp()) * 0.85 + 0.07).clamp(0.02, 0.98);
                data.push(FeedEvent {
                    time: close.plus_seconds(-54_600 + print * 420),
                    market,
                    kind: FeedKind::Trade {
                        price: Price::nearest((price * 100.0).round() / 100.0).unwrap(),
                        quantity: Quantity::from_contracts(chance.random_range(1..30)),
                        taker: if chance.random::<bool>() {
                            Side::Yes
                        } else {
                            Side::No
                        },
                    },
                });
            }
        }
    }
    data.build()
}

fn exclusive_market(event: i64, number: i64, close: Timestamp) -> MarketInfo {
    MarketInfo {
        ticker: format!("RAIN-{event}-{number}").parse().unwrap(),
        event: Some(format!("RAIN-{event}").parse().unwrap()),
        series: Some("RAIN".parse().unwrap()),
        category: None,
        exclusive_group: u32::try_from(event).ok(),
        open_time: None,
        close_time: Some(close),
        grid: TickGrid::linear_cent(),
        fees: FeeSchedule::STANDARD,
    }
}

/// A seeded history of order books: three exclusive markets, a snapshot and a print a minute each for ten hours. Their bids
/// sum to more than a dollar at first.
pub(crate) fn book_history() -> Dataset {
    let mut data = DatasetBuilder::new(DataKind::Books);
    let mut chance = ChaCha8Rng::seed_from_u64(7);
    let start = Timestamp::from_seconds(1_750_000_000);
    for number in 0..3 {
        let end = MarketEnd {
            result: Some(if number == 0 {
                MarketResult::Yes
            } else {
                MarketResult::No
            }),
            settled_time: None,
        };
        data.add_market(exclusive_market(0, number, start.plus_seconds(36_000)), end);
    }
    let mut mids: [i32; 3] = [45, 40, 35];
    for minute in 0..600 {
        for (market, mid) in (0..).map(MarketId).zip(&mut mids) {
            *mid = (*mid + chance.random_range(-2..=2)).clamp(10, 60);
            let time = start.plus_seconds(minute * 60 + i64::from(market.0));
            let mut push = |kind| data.push(FeedEvent { time, market, kind });
            push(FeedKind::Snapshot { levels: 4 });
            for (side, best) in [(Side::Yes, *mid - 2), (Side::No, 98 - *mid)] {
                for deeper in 0..2 {
                    push(FeedKind::Level {
                        side,
                        price: cents(best - deeper),
                        quantity: Quantity::from_contracts(20),
                    });
                }
            }
            let taker = if chance.random::<bool>() {
                Side::Yes
            } else {
                Side::No
            };
            push(FeedKind::Trade {
                price: cents(if taker == Side::Yes { *mid + 2 } else { *mid - 2 }),
                quantity: Quantity::from_contracts(chance.random_range(1..20)),
                taker,
            });
        }
    }
    data.build()
}

fn cents(cents: i32) -> Price {
    Price::from_cents(u8::try_from(cents).unwrap()).unwrap()
}
