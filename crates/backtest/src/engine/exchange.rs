//! The exchange's side of the wire: recorded markets, own orders in them, and the account that is charged.

use std::collections::VecDeque;

use kmi_domain::fees::{BalancePrecision, OrderFees};
use kmi_domain::flow::{BookFlow, CancelReason, FlowEvent, FlowFill, FlowOrder, OrderId, Refusal, TapeFlow};
use kmi_domain::position::Position;
use kmi_domain::{FeeType, Money, Price, Quantity, Timestamp};

use super::snapshot::{Collected, Collector};
use super::{Catalogue, FeeMode, RunConfig};
use crate::feed::{DataKind, FeedEvent, FeedKind};
use crate::result::{MarketOutcome, RunResult, Settlement};
use crate::strategy::{
    Books, ClientOrderId, Fill, Intent, MarketId, NewOrder, OrderUpdate, RefuseReason, Trade, UpdateKind,
};

/// What a recorded event is to everyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Public {
    /// No event any more: the market is closed.
    Closed,
    /// One of several that make up a snapshot, not the last.
    Part,
    /// No news: the book is out of sync.
    Nothing,
    /// A print.
    Trade(Trade),
    /// A changed book.
    Book,
}

/// What the exchange says of an own order, and when it will expire if it was just taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrderNews {
    pub(super) update: OrderUpdate,
    pub(super) expiry: Option<(Timestamp, MarketId)>,
}

#[derive(Debug)]
enum Flows {
    Tape(Vec<TapeFlow>),
    Books(Vec<BookFlow>),
}

/// An order ever placed.
#[derive(Clone, Copy, Debug)]
struct Record {
    market: MarketId,
    expires: Option<Timestamp>,
    fees: OrderFees,
}

/// A market's account.
#[derive(Clone, Copy, Debug, Default)]
struct Ledger {
    fills: u64,
    turnover: Money,
    position: Position,
    settlement: Option<(Position, Settlement)>,
}

#[derive(Debug)]
pub(super) struct Exchange<'a> {
    catalogue: Catalogue<'a>,
    flows: Flows,
    snapshots: Collector,
    closed: Vec<bool>,
    fees: FeeMode,
    /// By order number.
    records: Vec<Record>,
    ledgers: Vec<Ledger>,
    fills: Vec<Fill>,
    refused: u64,
    /// Recorded events that were parts of a later one.
    parts: u64,
    /// What the flows said, until it is turned into news.
    out: Vec<FlowEvent>,
    news: VecDeque<OrderNews>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(catalogue: Catalogue<'a>, config: &RunConfig) -> Exchange<'a> {
        let count = catalogue.markets.len();
        let flows = match catalogue.kind {
            DataKind::Tape => Flows::Tape(vec![TapeFlow::new(config.queue); count]),
            DataKind::Books => Flows::Books(vec![BookFlow::new(config.queue); count]),
        };
        Exchange {
            catalogue,
            flows,
            snapshots: Collector::default(),
            closed: vec![false; count],
            fees: config.fees,
            records: Vec::new(),
            ledgers: vec![Ledger::default(); count],
            fills: Vec::new(),
            refused: 0,
            parts: 0,
            out: Vec::new(),
            news: VecDeque::new(),
        }
    }

    #[inline]
    pub(super) fn books(&self) -> Books<'_> {
        match &self.flows {
            Flows::Tape(_) => Books::None,
            Flows::Books(books) => Books::Exchange(books),
        }
    }

    /// True when there is something to tell of own orders.
    #[inline]
    pub(super) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    pub(super) fn next_news(&mut self) -> Option<OrderNews> {
        self.news.pop_front()
    }

    /// Takes a recorded event.
    #[inline]
    pub(super) fn feed(&mut self, event: &FeedEvent) -> Public {
        let at = event.market.index();
        if self.closed[at] {
            self.parts += u64::from(matches!(self.snapshots.collect(event), Collected::Part));
            return Public::Closed;
        }
        let public = match &mut self.flows {
            Flows::Books(books) => feed_book(&mut books[at], &mut self.snapshots, event, &mut self.out),
            Flows::Tape(tapes) => {
                if let FeedKind::Trade {
                    price,
                    quantity,
                    taker,
                } = event.kind
                {
                    tapes[at].trade(price, quantity, taker, &mut self.out);
                }
                print_of(event)
            }
        };
        self.parts += u64::from(public == Public::Part);
        if !self.out.is_empty() {
            self.settle_out(event.time, event.market);
        }
        public
    }

    /// Notes an order as it is sent, so that its number is known.
    pub(super) fn register(&mut self, id: ClientOrderId, order: &NewOrder) {
        debug_assert_eq!(
            id.number,
            self.records.len() as u64,
            "orders are numbered in order"
        );
        self.records.push(Record {
            market: order.market,
            expires: order.expires,
            fees: OrderFees::new(BalancePrecision::Centicent),
        });
    }

    /// An order, a cancel or an amendment arrives.
    pub(super) fn receive(&mut self, now: Timestamp, intent: Intent) {
        match intent {
            Intent::Place { id, order } => self.place(now, id, &order),
            Intent::Cancel { id } => {
                let order = OrderId(id.number);
                let canceled = match self.flow_of(id.market) {
                    Some(FlowOf::Tape(flow, out)) => flow.cancel(order, out),
                    Some(FlowOf::Book(flow, out)) => flow.cancel(order, out),
                    None => None,
                };
                if canceled.is_none() {
                    self.say(id, UpdateKind::Unchanged);
                }
                self.settle_out(now, id.market);
            }
            Intent::Amend { id, limit, quantity } => self.amend(now, id, limit, quantity),
            Intent::SetTimer { .. } => {}
        }
    }

    fn place(&mut self, now: Timestamp, id: ClientOrderId, order: &NewOrder) {
        if let Err(reason) = self.submit(now, id, order) {
            self.refused += 1;
            self.say(id, UpdateKind::Refused(reason));
            return;
        }
        self.settle_out(now, id.market);
    }

    fn submit(&mut self, now: Timestamp, id: ClientOrderId, order: &NewOrder) -> Result<(), RefuseReason> {
        self.check(now, order)?;
        let order = FlowOrder {
            id: OrderId(id.number),
            side: order.side,
            limit: order.limit,
            quantity: order.quantity,
            time_in_force: order.time_in_force,
            post_only: order.post_only,
            expires: order.expires,
        };
        let submitted = match self.flow_of(id.market) {
            Some(FlowOf::Tape(flow, out)) => flow.submit(order, out),
            Some(FlowOf::Book(flow, out)) => flow.submit(now, order, out),
            None => return Err(RefuseReason::UnknownMarket),
        };
        submitted.map_err(|refusal| match refusal {
            Refusal::WouldCross => RefuseReason::WouldCross,
            Refusal::BookNotSynced => RefuseReason::BookNotSynced,
            Refusal::NoQuantity => RefuseReason::NoQuantity,
        })
    }

    fn check(&self, now: Timestamp, order: &NewOrder) -> Result<(), RefuseReason> {
        let market = self
            .catalogue
            .markets
            .get(order.market.index())
            .ok_or(RefuseReason::UnknownMarket)?;
        let any_price = order.limit == Price::ZERO || order.limit == Price::ONE;
        if self.closed[order.market.index()] {
            Err(RefuseReason::MarketClosed)
        } else if !order.quantity.is_positive() {
            Err(RefuseReason::NoQuantity)
        } else if !any_price && !market.grid.contains(order.limit) {
            Err(RefuseReason::OffGrid)
        } else if order.expires.is_some_and(|expires| expires <= now) {
            Err(RefuseReason::Expired)
        } else if self.fees != FeeMode::None && market.fees.fee_type == FeeType::Flat {
            Err(RefuseReason::FeesUnknown)
        } else {
            Ok(())
        }
    }

    fn amend(&mut self, now: Timestamp, id: ClientOrderId, limit: Price, quantity: Quantity) {
        let any_price = limit == Price::ZERO || limit == Price::ONE;
        let valid = any_price
            || self
                .catalogue
                .markets
                .get(id.market.index())
                .is_some_and(|market| market.grid.contains(limit));
        let order = OrderId(id.number);
        let amended = match self.flow_of(id.market) {
            Some(FlowOf::Tape(flow, out)) if valid => flow.amend(order, limit, quantity, out).is_ok(),
            Some(FlowOf::Book(flow, out)) if valid => flow.amend(now, order, limit, quantity, out).is_ok(),
            _ => false,
        };
        if !amended {
            self.say(id, UpdateKind::Unchanged);
        }
        self.settle_out(now, id.market);
    }

    /// Orders of a market whose expiration has come are canceled.
    pub(super) fn expire(&mut self, now: Timestamp, market: MarketId) {
        match self.flow_of(market) {
            Some(FlowOf::Tape(flow, out)) => flow.expire(now, out),
            Some(FlowOf::Book(flow, out)) => flow.expire(now, out),
            None => {}
        }
        self.settle_out(now, market);
    }

    /// A market closes: its orders are canceled and, if its result is known, its contracts are booked.
    pub(super) fn close(&mut self, now: Timestamp, market: MarketId) {
        match self.flow_of(market) {
            Some(FlowOf::Tape(flow, out)) => flow.cancel_all(CancelReason::Close, out),
            Some(FlowOf::Book(flow, out)) => flow.cancel_all(CancelReason::Close, out),
            None => {}
        }
        self.settle_out(now, market);
        self.closed[market.index()] = true;
        let ledger = &mut self.ledgers[market.index()];
        if let Some(result) = self.catalogue.ends[market.index()].result {
            let before = ledger.position;
            let payout = ledger.position.settle(result, Money::ZERO).cash;
            let settlement = Settlement {
                time: now,
                result,
                payout,
                gross: ledger.position.realized(),
            };
            ledger.settlement = Some((before, settlement));
        }
    }

    fn flow_of(&mut self, market: MarketId) -> Option<FlowOf<'_>> {
        let out = &mut self.out;
        match &mut self.flows {
            Flows::Tape(tapes) => Some(FlowOf::Tape(tapes.get_mut(market.index())?, out)),
            Flows::Books(books) => Some(FlowOf::Book(books.get_mut(market.index())?, out)),
        }
    }

    fn say(&mut self, order: ClientOrderId, kind: UpdateKind) {
        self.news.push_back(OrderNews {
            update: OrderUpdate { order, kind },
            expiry: None,
        });
    }

    fn accepted(&mut self, order: ClientOrderId) {
        let record = self.record(order);
        let expiry = record.expires.map(|time| (time, record.market));
        self.news.push_back(OrderNews {
            update: OrderUpdate {
                order,
                kind: UpdateKind::Accepted,
            },
            expiry,
        });
    }

    fn record(&mut self, order: ClientOrderId) -> &mut Record {
        let number = usize::try_from(order.number).expect("orders are kept in memory");
        &mut self.records[number]
    }

    /// Charges fills and turns what the flow of a market said into news.
    #[cold]
    fn settle_out(&mut self, now: Timestamp, market: MarketId) {
        let mut out = std::mem::take(&mut self.out);
        for event in out.drain(..) {
            let id = |order: OrderId| ClientOrderId {
                market,
                number: order.0,
            };
            match event {
                FlowEvent::Accepted { order } => self.accepted(id(order)),
                FlowEvent::Filled(fill) => {
                    let fill = self.charge(now, id(fill.order), &fill);
                    self.say(fill.order, UpdateKind::Filled(fill));
                }
                FlowEvent::Amended {
                    order,
                    limit,
                    quantity,
                } => self.say(id(order), UpdateKind::Amended { limit, quantity }),
                FlowEvent::Canceled { order, reason, .. } => {
                    self.say(id(order), UpdateKind::Canceled(reason));
                }
            }
        }
        self.out = out;
    }

    fn charge(&mut self, now: Timestamp, order: ClientOrderId, fill: &FlowFill) -> Fill {
        let mut charged = Fill {
            order,
            market: order.market,
            time: now,
            side: fill.side,
            price: fill.price,
            quantity: fill.quantity,
            fee: Money::ZERO,
            role: fill.role,
        };
        charged.fee = self.fee_of(&charged);
        let ledger = &mut self.ledgers[order.market.index()];
        ledger.fills += 1;
        ledger.turnover += charged.outcome_price() * fill.quantity;
        ledger
            .position
            .apply(fill.side, fill.price, fill.quantity, charged.fee);
        self.fills.push(charged);
        charged
    }

    fn fee_of(&mut self, fill: &Fill) -> Money {
        if self.fees == FeeMode::None {
            return Money::ZERO;
        }
        let schedule = self.catalogue.markets[fill.market.index()].fees;
        let price = fill.outcome_price();
        let trade_fee = schedule
            .trade_fee(price, fill.quantity, fill.role)
            .expect("orders in markets with an unpublished schedule are refused");
        if self.fees == FeeMode::TradeFee {
            return trade_fee;
        }
        let record = self.record(fill.order);
        record.fees.charge(-(price * fill.quantity), trade_fee).total()
    }

    pub(super) fn into_result(self, events: u64, orders: u64) -> RunResult {
        let outcomes = (0..)
            .map(MarketId)
            .zip(&self.ledgers)
            .filter(|(_, ledger)| ledger.fills > 0)
            .map(|(market, ledger)| outcome(market, ledger))
            .collect();
        RunResult {
            markets: self.catalogue.markets.len() as u64,
            // A snapshot is one event, however many levels it has.
            events: events - self.parts,
            orders,
            refused: self.refused,
            fills: self.fills,
            outcomes,
        }
    }
}

/// One market's flow, with where it tells what happens.
enum FlowOf<'a> {
    Tape(&'a mut TapeFlow, &'a mut Vec<FlowEvent>),
    Book(&'a mut BookFlow, &'a mut Vec<FlowEvent>),
}

fn outcome(market: MarketId, ledger: &Ledger) -> MarketOutcome {
    let position = ledger.settlement.map_or(ledger.position, |(before, _)| before);
    MarketOutcome {
        market,
        fills: ledger.fills,
        held: position.quantity(),
        turnover: ledger.turnover,
        fees: position.fees(),
        settlement: ledger.settlement.map(|(_, settlement)| settlement),
        position,
    }
}

fn print_of(event: &FeedEvent) -> Public {
    match event.kind {
        FeedKind::Trade {
            price,
            quantity,
            taker,
        } => Public::Trade(Trade {
            market: event.market,
            time: event.time,
            price,
            quantity,
            taker,
        }),
        _ => Public::Nothing,
    }
}

#[inline]
fn feed_book(
    flow: &mut BookFlow,
    snapshots: &mut Collector,
    event: &FeedEvent,
    out: &mut Vec<FlowEvent>,
) -> Public {
    let now = event.time;
    match (snapshots.collect(event), event.kind) {
        (Collected::Part, _) => return Public::Part,
        (Collected::Whole(levels), _) => {
            flow.snapshot(levels.yes.into_iter(), levels.no.into_iter(), out);
        }
        (
            Collected::Other,
            FeedKind::Trade {
                price,
                quantity,
                taker,
            },
        ) => {
            flow.trade(now, price, quantity, taker, out);
            return print_of(event);
        }
        (Collected::Other, FeedKind::Delta { side, price, change }) => {
            let was = flow.state();
            // A refused delta matters only when it made the book stale.
            if flow.apply(now, side, price, change, out).is_err() && was == flow.state() {
                return Public::Nothing;
            }
        }
        (
            Collected::Other,
            FeedKind::Level {
                side,
                price,
                quantity,
            },
        ) => {
            if flow.set_level(now, side, price, quantity, out).is_err() {
                return Public::Nothing;
            }
        }
        (Collected::Other, _) => flow.mark_stale(),
    }
    Public::Book
}
