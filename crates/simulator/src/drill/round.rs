//! Rounds: trade, be struck, trade on, mend, compare.

use std::time::Duration;

use kmi_domain::book::OrderBook;
use kmi_domain::{BookSide, Level, Side};
use kmi_kalshi::api::orderbook::OrderbookQuery;
use kmi_kalshi::api::orders::{AmendOrder, CreateOrder};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tokio::time::Instant;

use super::Outcome;
use super::crowd::{price_near, quantity_up_to};
use super::desk::{Desk, Fate};
use super::house::House;
use super::truth::Truth;
use crate::core::IdSpace;
use crate::faults::{FaultKind, FaultSpec, unleash};
use crate::records::Lag;
use crate::views::Views;

/// Longest time until all must agree.
const PATIENCE: Duration = Duration::from_secs(20);
/// Every so often everything is read anew, lost messages or not.
const RECONCILE_EVERY: Duration = Duration::from_millis(150);
/// Acts of a round within which the fault must find something to strike.
const MOST_ACTS: u32 = 60;

/// One exchange and one client, round after round.
pub(super) struct Lane {
    kind: FaultKind,
    house: House,
    chance: ChaCha8Rng,
    numbers: u64,
    outcome: Outcome,
}

/// A round's client and the truth about it.
struct Sides {
    desk: Desk,
    truth: Truth,
}

impl Lane {
    pub(super) fn new(kind: FaultKind, house: House, chance: ChaCha8Rng) -> Lane {
        Lane {
            kind,
            house,
            chance,
            numbers: 0,
            outcome: Outcome::default(),
        }
    }

    pub(super) async fn run(mut self, rounds: u32) -> Outcome {
        let truth = Truth::from_now_on(&self.house);
        match Desk::open(&self.house).await {
            Ok(desk) => {
                let mut sides = Sides { desk, truth };
                self.trade_for_sure(&mut sides.desk).await;
                for number in 1..=rounds {
                    self.outcome.rounds += 1;
                    if let Err(wrong) = self.round(&mut sides).await {
                        let kind = self.kind.as_str();
                        self.outcome
                            .wrong
                            .push(format!("{kind}, round {number}: {wrong}"));
                        break;
                    }
                }
                self.farewell(sides).await;
            }
            Err(wrong) => self.outcome.wrong.push(wrong),
        }
        self.outcome
    }

    /// After the last round: had anything been executed late, it would have shown by now.
    async fn farewell(&mut self, mut sides: Sides) {
        if self.outcome.wrong.is_empty()
            && let Err(wrong) = self.agree(&mut sides).await
        {
            self.outcome.wrong.push(format!("at the end: {wrong}"));
        }
        let tally = sides.desk.tally;
        self.outcome.orders = tally.orders;
        self.outcome.unknown = tally.unknown;
        self.outcome.found = tally.found;
        self.outcome.absent = tally.absent;
        self.outcome.sent_again = tally.sent_again;
        self.outcome.told_twice = tally.told_twice;
        self.outcome.connections = tally.connections;
        self.outcome.gaps = tally.gaps;
        self.outcome.fills = sides.desk.fills.len() as u64;
        sides.desk.close().await;
    }

    async fn round(&mut self, sides: &mut Sides) -> Result<(), String> {
        for _ in 0..self.chance.random_range(0..8) {
            self.act(&mut sides.desk).await;
        }
        let before = self.fired();
        self.strike().await?;
        let mut struck = None;
        let most = match self.kind {
            // It strikes after the pause.
            FaultKind::Resume => self.chance.random_range(1..6),
            _ => MOST_ACTS,
        };
        for act in 0..most {
            if self.fired() > before {
                struck.get_or_insert_with(Instant::now);
                if act >= 3 {
                    break;
                }
            } else if is_of_fills(self.kind) {
                self.trade_for_sure(&mut sides.desk).await;
            }
            self.act(&mut sides.desk).await;
        }
        self.house.faults.clear();
        if self.kind == FaultKind::Resume {
            self.let_loose(FaultSpec::of(FaultKind::Resume)).await?;
            struck = Some(Instant::now());
        }
        self.agree(sides).await?;
        if let Some(struck) = struck {
            self.outcome.struck += 1;
            self.outcome.mended += 1;
            let healed = u64::try_from(struck.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.outcome.heal_ms.push(healed);
        }
        self.calm().await
    }

    fn fired(&self) -> u64 {
        self.house
            .faults
            .counts()
            .get(self.kind.as_str())
            .map_or(0, |count| count.fired)
    }

    /// Lets the fault loose, with figures of its own each time.
    async fn strike(&mut self) -> Result<(), String> {
        let chance = &mut self.chance;
        let mut fault = FaultSpec::of(self.kind);
        match self.kind {
            FaultKind::DelayMs => fault.ms = Some(chance.random_range(1..700)),
            FaultKind::ExecuteLateMs => fault.ms = Some(chance.random_range(5..120)),
            FaultKind::TimeoutAfterExecute => fault.ms = Some(chance.random_range(450..900)),
            FaultKind::StaleReadsMs => fault.ms = Some(chance.random_range(50..400)),
            FaultKind::Pause | FaultKind::Maintenance => fault.ms = Some(chance.random_range(10..150)),
            FaultKind::Status => {
                let statuses = [429, 500, 502, 503, 504];
                fault.status = Some(statuses[chance.random_range(0..statuses.len())]);
            }
            _ => {}
        }
        // Mostly where it hurts: on new orders and on changes of them.
        if is_of_requests(self.kind) && chance.random_range(0..4) > 0 {
            fault = fault.on("POST", "/portfolio/events/orders");
        }
        if self.kind == FaultKind::StaleReadsMs {
            // Reads that are behind hurt who must look for an order.
            let lost = FaultSpec::of(FaultKind::TimeoutAfterExecute).lasting(450);
            self.let_loose(lost.on("POST", "/portfolio/events/orders"))
                .await?;
        }
        if self.kind == FaultKind::Resume {
            // Strikes at the end of the round.
            fault = FaultSpec::of(FaultKind::Pause);
        }
        self.let_loose(fault).await
    }

    async fn let_loose(&self, fault: FaultSpec) -> Result<(), String> {
        unleash(&self.house.engine, &self.house.faults, fault)
            .await
            .map_err(|error| error.to_string())
    }

    /// Everything as before the fault.
    async fn calm(&mut self) -> Result<(), String> {
        if self.kind == FaultKind::StaleReadsMs {
            self.house
                .engine
                .adjust_records(|records| records.set_lag(Lag::default()));
        }
        if matches!(self.kind, FaultKind::Pause | FaultKind::Maintenance) {
            // It ends by itself within this.
            tokio::time::sleep(Duration::from_millis(160)).await;
        }
        Ok(())
    }

    /// One act of the client, and some of the crowd.
    async fn act(&mut self, desk: &mut Desk) {
        for _ in 0..self.chance.random_range(0..3) {
            self.house.crowd_acts(&mut self.chance).await;
        }
        desk.listen().await;
        let resting = desk.resting();
        let chance = &mut self.chance;
        let chosen = (!resting.is_empty()).then(|| resting[chance.random_range(0..resting.len())].clone());
        // Books stay small: many orders, and cancels prevail.
        let what = chance.random_range(0..100) + if resting.len() > 10 { 40 } else { 0 };
        match (what, chosen) {
            (55..65, Some((id, ticker))) => {
                let Some((_, order)) = desk.orders.get(&id) else {
                    return;
                };
                let left = order.remaining.units().max(1);
                let left = quantity_up_to(chance, left);
                desk.decrease(&id, &ticker, left).await;
            }
            (65..80, Some((id, ticker))) => {
                let Some((_, order)) = desk.orders.get(&id) else {
                    return;
                };
                // Bids lie below the middle, asks above it, as this client places them.
                let side = if order.price.units() <= 5_000 {
                    BookSide::Bid
                } else {
                    BookSide::Ask
                };
                let price = match side {
                    BookSide::Bid => price_near(chance, 42, 50),
                    BookSide::Ask => price_near(chance, 51, 58),
                };
                let total = order.filled + quantity_up_to(chance, 1_500);
                desk.amend(&id, &AmendOrder::new(ticker, side, price, total))
                    .await;
            }
            (80.., Some((id, ticker))) => desk.cancel(&id, &ticker).await,
            _ => {
                let order = self.new_order();
                desk.place(order).await;
            }
        }
    }

    fn new_order(&mut self) -> CreateOrder {
        let chance = &mut self.chance;
        let ticker = self.house.markets[chance.random_range(0..self.house.markets.len())]
            .0
            .clone();
        let quantity = quantity_up_to(chance, 1_500);
        let order = if chance.random() {
            CreateOrder::bid(ticker, price_near(chance, 42, 50), quantity)
        } else {
            CreateOrder::ask(ticker, price_near(chance, 51, 58), quantity)
        };
        let order = if chance.random_range(0..4) == 0 {
            order.immediate_or_cancel()
        } else {
            order
        };
        self.named(order)
    }

    fn named(&mut self, order: CreateOrder) -> CreateOrder {
        self.numbers += 1;
        order.client_order_id(format!("drill-{}", self.numbers))
    }

    /// A trade of the client, certainly.
    async fn trade_for_sure(&mut self, desk: &mut Desk) {
        let ticker = self.house.markets[0].0.clone();
        self.house.crowd_quotes(&ticker).await;
        let order = CreateOrder::bid(
            ticker,
            price_near(&mut self.chance, 70, 80),
            quantity_up_to(&mut self.chance, 300),
        );
        let order = self.named(order.immediate_or_cancel());
        desk.place(order).await;
    }

    /// Until client and exchange know the same; a read now and then finds what was lost without a trace.
    async fn agree(&mut self, sides: &mut Sides) -> Result<(), String> {
        let began = Instant::now();
        let mut reconciled = began;
        loop {
            sides.desk.listen().await;
            sides.desk.look().await;
            sides.desk.listen().await;
            sides.truth.catch_up()?;
            if let Some(wrong) = sides.desk.wrong.take() {
                return Err(wrong);
            }
            let difference = self.difference(sides);
            let Some(difference) = difference else {
                return self.check_doors(sides).await;
            };
            if began.elapsed() > PATIENCE {
                return Err(difference);
            }
            // Not while a read is wanted: reads may be further behind than this, and would never catch up with what is wanted.
            if reconciled.elapsed() > RECONCILE_EVERY && sides.desk.is_settled() {
                reconciled = Instant::now();
                sides.desk.want_reading();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Where client and exchange differ.
    fn difference(&self, Sides { desk, truth }: &Sides) -> Option<String> {
        if !desk.is_settled() {
            return Some("something is still unknown".to_owned());
        }
        if let Some((id, times)) = truth.placed.iter().find(|(_, times)| **times > 1) {
            return Some(format!("{id} was placed {times} times"));
        }
        for (id, fate) in &desk.intents {
            if matches!(fate, Fate::Bound(_)) != truth.placed.contains_key(id) {
                return Some(format!("{id} is {fate:?}, placed: {:?}", truth.placed.get(id)));
            }
        }
        if desk.orders.len() != truth.orders.len() {
            return Some(format!(
                "{} orders known of {}",
                desk.orders.len(),
                truth.orders.len()
            ));
        }
        for (id, real) in &truth.orders {
            match desk.orders.get(id) {
                Some((_, known)) if known == real => {}
                known => return Some(format!("order {id} is {real:?}, known: {known:?}")),
            }
        }
        if desk.fills != truth.fills {
            return Some(format!(
                "{} fills known of {}",
                desk.fills.len(),
                truth.fills.len()
            ));
        }
        self.book_difference(desk)
    }

    fn book_difference(&self, desk: &Desk) -> Option<String> {
        self.house.markets.iter().find_map(|(ticker, market)| {
            let Some(book) = desk.keeper.book(ticker.as_str()).synced() else {
                return Some(format!("the book of {ticker} is not in sync"));
            };
            let real = self.house.engine.read(|view| Views::from(view).book(*market, 0));
            (levels(book, Side::Yes) != real.yes_dollars || levels(book, Side::No) != real.no_dollars)
                .then(|| format!("the book of {ticker} differs"))
        })
    }

    /// The REST doors say the same too: books, and each order once.
    async fn check_doors(&self, Sides { desk, truth }: &Sides) -> Result<(), String> {
        for (ticker, market) in &self.house.markets {
            let told = desk.rest.orderbook(ticker, &OrderbookQuery::default()).await;
            let told = told.map_err(|error| error.to_string())?;
            let real = self.house.engine.read(|view| Views::from(view).book(*market, 0));
            if told != real {
                return Err(format!("the door's book of {ticker} differs"));
            }
        }
        let open = self.house.engine.read(|view| {
            let orders = view.exchange.open_orders(self.house.trader);
            orders.into_iter().map(|order| order.order.0).collect::<Vec<_>>()
        });
        let seed = self.house.engine.seed();
        for number in &open {
            let id = IdSpace::Order.public(seed, *number).to_string();
            if !truth.orders.contains_key(&id) {
                return Err(format!("order {id} rests, and was never told of"));
            }
        }
        if open.len() != desk.resting().len() {
            return Err(format!(
                "{} orders rest, {} known",
                open.len(),
                desk.resting().len()
            ));
        }
        Ok(())
    }
}

/// As the door tells them: the best one last.
fn levels(book: &OrderBook, side: Side) -> Vec<Level> {
    let mut levels: Vec<Level> = book.levels(side).collect();
    levels.sort_by_key(|level| level.price);
    levels
}

fn is_of_fills(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::DuplicateFill | FaultKind::ReorderFills)
}

fn is_of_requests(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::DelayMs
            | FaultKind::Status
            | FaultKind::DropBeforeExecute
            | FaultKind::TimeoutAfterExecute
            | FaultKind::ExecuteLateMs
    )
}
