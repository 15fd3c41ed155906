//! Records fed by hand-made events, without an exchange.

mod lag;
mod lists;
mod paging;

use kmi_domain::matching::{self, MarketId, OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, MarketResult, Money, Price, Quantity, TickGrid, Timestamp};

use super::query::*;
use super::*;
use crate::core::{
    AccountChange, CashReason, OrderChange, OrderStatus, PositionState, Subaccount, UpdateReason,
};

const USER: UserId = UserId(7);

/// Nobody bids or asks.
struct Quiet;

impl Board for Quiet {
    fn touch(&self, _: MarketId) -> Touch {
        Touch::EMPTY
    }
    fn open_interest(&self, _: MarketId) -> Quantity {
        Quantity::ZERO
    }
    fn shard(&self, market: MarketId) -> Shard {
        Shard::new(u8::try_from(market.index() % 4).unwrap()).unwrap()
    }
}

fn markets(count: usize) -> Vec<MarketId> {
    let mut engine = matching::Exchange::new();
    (0..count)
        .map(|_| engine.add_market(TickGrid::linear_cent()))
        .collect()
}

fn market(index: usize) -> MarketId {
    markets(index + 1)[index]
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_790_000_000 + seconds)
}

fn records() -> Records {
    lagged(Lag::default())
}

fn lagged(lag: Lag) -> Records {
    let mut records = Records::new(Limits::default(), HistoryAges::default(), lag);
    for market in markets(8) {
        records.apply(seconds(0), &Event::MarketListed(market), &Quiet);
    }
    records
}

fn take_in(records: &mut Records, at: i64, events: &[Event]) {
    for event in events {
        records.apply(seconds(at), event, &Quiet);
    }
}

fn account(subaccount: u8) -> Account {
    Account {
        user: USER,
        subaccount: Subaccount::new(subaccount).unwrap(),
    }
}

fn order(number: u64, status: OrderStatus, created: i64, updated: i64) -> OrderState {
    OrderState {
        order: OrderId(number),
        account: account(0),
        market: market(0),
        client_order_id: None,
        side: BookSide::Bid,
        price: "0.40".parse().unwrap(),
        initial: Quantity::from_contracts(10),
        filled: Quantity::ZERO,
        remaining: Quantity::from_contracts(10),
        status,
        time_in_force: TimeInForce::GoodTillCanceled,
        expiration: None,
        self_trade: SelfTradePrevention::TakerAtCross,
        cancel_on_pause: false,
        group: None,
        taker_cost: Money::ZERO,
        maker_cost: Money::ZERO,
        taker_fees: Money::ZERO,
        maker_fees: Money::ZERO,
        created: seconds(created),
        updated: seconds(updated),
    }
}

fn changed(order: OrderState) -> Event {
    Event::Order(OrderChange {
        order,
        reason: UpdateReason::Placed,
    })
}

fn placed(number: u64, created: i64) -> Event {
    changed(order(number, OrderStatus::Resting, created, created))
}

fn canceled(number: u64, created: i64, updated: i64) -> Event {
    changed(order(number, OrderStatus::Canceled, created, updated))
}

fn fill(trade: u64, market_index: usize, time: i64) -> FillRecord {
    FillRecord {
        trade,
        account: account(0),
        order: OrderId(trade),
        client_order_id: None,
        market: market(market_index),
        time: seconds(time),
        side: BookSide::Bid,
        price: "0.40".parse().unwrap(),
        quantity: Quantity::ONE,
        is_taker: true,
        fee_cost: Money::ZERO,
        rebate: Money::ZERO,
        post_position: Quantity::ONE,
    }
}

fn trade(number: u64, market_index: usize, time: i64) -> Event {
    Event::Trade(TradeRecord {
        number,
        recorded_id: None,
        market: market(market_index),
        time: seconds(time),
        price: Price::from_cents(40).unwrap(),
        quantity: Quantity::ONE,
        taker_side: BookSide::Bid,
    })
}

fn position(market_index: usize, contracts: i32, cost: &str, time: i64) -> PositionState {
    PositionState {
        account: account(0),
        market: market(market_index),
        quantity: Quantity::from_contracts(contracts),
        cost: cost.parse().unwrap(),
        traded: cost.parse().unwrap(),
        realized: Money::ZERO,
        fees: Money::ZERO,
        volume: Quantity::from_contracts(contracts.abs()),
        updated: seconds(time),
    }
}

fn settled(position: PositionState, result: MarketResult, revenue: &str, time: i64) -> Event {
    Event::Settlement(SettlementRecord {
        position,
        result,
        revenue: revenue.parse().unwrap(),
        fee: Money::ZERO,
        time: seconds(time),
    })
}

fn numbers(page: &Page<&OrderState>) -> Vec<u64> {
    page.items.iter().map(|order| order.order.0).collect()
}
