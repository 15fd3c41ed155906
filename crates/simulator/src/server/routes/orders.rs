//! Writing orders: `/portfolio/events/orders`. The routes of before June 2026 answer 410.

use http::{Method, StatusCode};
use kmi_domain::matching::ExpirationChange;
use kmi_domain::{Money, Quantity, Ticker};
use kmi_kalshi::api::orders::{
    self as api, BatchCancel, BatchCancelItem, BatchCanceled, BatchCanceledItem, BatchCreate, BatchCreated,
    BatchCreatedItem, CancelQuery, CanceledOrder, CreateOrder, CreatedOrder, DecreasedOrder, SubaccountQuery,
};

use crate::core::{
    AmendOrder, CancelAll, CancelOrder, Command, Decrease, DecreaseOrder, IdSpace, OrderState, Outcome,
    PlaceOrder, Reply, Route, Shard,
};
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Cost, DEFAULT_COST, Operation};
use crate::server::scope::Access;

/// Items of a batch; no tier's bucket holds more creates.
const MAX_BATCH: usize = 1_920;
/// Tokens of a cancel.
const CANCEL_COST: u64 = 2;

pub(super) fn operations() -> Vec<Operation> {
    const ORDERS: &str = "/portfolio/events/orders";
    const BATCHED: &str = "/portfolio/events/orders/batched";
    const ORDER: &str = "/portfolio/events/orders/{order_id}";
    const AMEND: &str = "/portfolio/events/orders/{order_id}/amend";
    const DECREASE: &str = "/portfolio/events/orders/{order_id}/decrease";
    let trade = |method, name, path, handler| Operation::write(method, name, path, Access::TRADE, handler);
    vec![
        trade(Method::POST, "CreateOrderV2", ORDERS, |call| {
            Box::pin(create(call))
        }),
        trade(Method::DELETE, "CancelAllOrders", ORDERS, |call| {
            Box::pin(cancel_all(call))
        })
        .at(Cost::Tokens(CANCEL_COST)),
        trade(Method::POST, "BatchCreateOrdersV2", BATCHED, |call| {
            Box::pin(batch_create(call))
        })
        .at(Cost::PerItem(DEFAULT_COST)),
        trade(Method::DELETE, "BatchCancelOrdersV2", BATCHED, |call| {
            Box::pin(batch_cancel(call))
        })
        .at(Cost::PerItem(CANCEL_COST)),
        trade(Method::DELETE, "CancelOrderV2", ORDER, |call| {
            Box::pin(cancel(call))
        })
        .at(Cost::Tokens(CANCEL_COST)),
        trade(Method::POST, "AmendOrderV2", AMEND, |call| Box::pin(amend(call))),
        trade(Method::POST, "DecreaseOrderV2", DECREASE, |call| {
            Box::pin(decrease(call))
        }),
        Operation::retired(Method::POST, "/portfolio/orders"),
        Operation::retired(Method::POST, "/portfolio/orders/batched"),
        Operation::retired(Method::DELETE, "/portfolio/orders/batched"),
        Operation::retired(Method::DELETE, "/portfolio/orders/{order_id}"),
        Operation::retired(Method::POST, "/portfolio/orders/{order_id}/amend"),
        Operation::retired(Method::POST, "/portfolio/orders/{order_id}/decrease"),
    ]
}

async fn create(call: Call) -> Answered {
    let place = place(&call, call.json()?)?;
    let reply = call.submit(Command::Place(place)).await?;
    Answer::created(&created(&call, reply)?)
}

async fn batch_create(call: Call) -> Answered {
    let batch: BatchCreate = call.json()?;
    check_size(batch.orders.len())?;
    call.bill_items(batch.orders.len())?;
    let ids: Vec<Option<String>> = batch
        .orders
        .iter()
        .map(|order| order.client_order_id.clone())
        .collect();
    let commands = batch
        .orders
        .into_iter()
        .map(|order| place(&call, order).map(Command::Place))
        .collect();
    let outcomes = each(&call, commands).await;
    let orders = outcomes
        .into_iter()
        .zip(ids)
        .map(
            |(outcome, id)| match outcome.and_then(|reply| created(&call, reply)) {
                Ok(order) => BatchCreatedItem::from(order),
                Err(error) => BatchCreatedItem::refused(id, error.into_item()),
            },
        )
        .collect();
    Answer::created(&BatchCreated { orders })
}

async fn cancel(call: Call) -> Answered {
    let query: CancelQuery = call.query.read()?;
    let shard = call.query.shard(query.exchange_index)?;
    let command = CancelOrder {
        account: call.caller().account(call.query.subaccount(query.subaccount)?)?,
        order: call.order()?,
        route: route(query.market_ticker, shard),
    };
    let (order, by) = reduced(call.submit(Command::Cancel(command)).await?)?;
    Answer::ok(&CanceledOrder {
        order_id: call.public(IdSpace::Order, order.order.0),
        client_order_id: order.client_order_id,
        reduced_by: by,
        ts_ms: order.updated,
    })
}

async fn batch_cancel(call: Call) -> Answered {
    let batch: BatchCancel = call.json()?;
    check_size(batch.orders.len())?;
    call.bill_items(batch.orders.len())?;
    let commands = batch.orders.iter().map(|item| cancel_item(&call, item)).collect();
    let outcomes = each(&call, commands).await;
    let orders = outcomes
        .into_iter()
        .zip(batch.orders)
        .map(|(outcome, item)| match outcome.and_then(reduced) {
            Ok((order, by)) => BatchCanceledItem {
                order_id: item.order_id,
                client_order_id: order.client_order_id,
                reduced_by: by,
                ts_ms: Some(order.updated),
                error: None,
            },
            Err(error) => BatchCanceledItem::refused(item.order_id, error.into_item()),
        })
        .collect();
    Answer::ok(&BatchCanceled { orders })
}

fn cancel_item(call: &Call, item: &BatchCancelItem) -> Result<Command, ApiError> {
    Ok(Command::Cancel(CancelOrder {
        account: call.caller().account(item.subaccount)?,
        order: call.order_of(&item.order_id)?,
        route: route(item.market_ticker.clone(), shard_of(item.exchange_index)?),
    }))
}

async fn cancel_all(call: Call) -> Answered {
    let query: SubaccountQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let command = CancelAll {
        user: call.caller().user(),
        subaccount: call.caller().subaccounts(asked)?,
    };
    call.submit(Command::CancelAll(command)).await?;
    Ok(Answer::bare(StatusCode::NO_CONTENT))
}

async fn amend(call: Call) -> Answered {
    let query: SubaccountQuery = call.query.read()?;
    let account = call.caller().account(call.query.subaccount(query.subaccount)?)?;
    let body: api::AmendOrder = call.json()?;
    let order = call.order()?;
    check_shard(&call, &body.ticker, shard_of(body.exchange_index)?)?;
    let command = AmendOrder {
        account,
        order,
        market: body.ticker,
        side: body.side,
        price: body.price,
        total: body.count,
        client_order_id: body.client_order_id,
        updated_client_order_id: body.updated_client_order_id,
        expiration: match body.expiration_time {
            ExpirationChange::Keep => None,
            ExpirationChange::Clear => Some(None),
            ExpirationChange::At(time) => Some(Some(time)),
        },
    };
    let reply = call.submit(Command::Amend(command)).await?;
    let Amended {
        order,
        fills,
        remained,
    } = order_of(reply)?;
    let changed = fills.filled.is_positive() || remained != Some(order.remaining);
    Answer::ok(&api::AmendedOrder {
        order_id: call.public(IdSpace::Order, order.order.0),
        client_order_id: order.client_order_id,
        remaining_count: changed.then_some(order.remaining),
        fill_count: changed.then_some(fills.filled),
        average_fill_price: fills.mean(fills.notional),
        average_fee_paid: fills.mean(fills.fees),
        ts_ms: order.updated,
    })
}

async fn decrease(call: Call) -> Answered {
    let query: SubaccountQuery = call.query.read()?;
    let account = call.caller().account(call.query.subaccount(query.subaccount)?)?;
    let body: api::DecreaseOrder = call.json()?;
    let decrease = match (body.reduce_by, body.reduce_to) {
        (Some(by), None) => Decrease::By(by),
        (None, Some(to)) => Decrease::To(to),
        _ => {
            return Err(ApiError::invalid_parameters(
                "exactly one of reduce_by and reduce_to is needed",
            ));
        }
    };
    let command = DecreaseOrder {
        account,
        order: call.order()?,
        decrease,
        route: route(body.market_ticker, shard_of(body.exchange_index)?),
    };
    let (order, _) = reduced(call.submit(Command::Decrease(command)).await?)?;
    Answer::ok(&DecreasedOrder {
        order_id: call.public(IdSpace::Order, order.order.0),
        client_order_id: order.client_order_id,
        remaining_count: order.remaining,
        ts_ms: order.updated,
    })
}

/// What a create asks of the exchange.
fn place(call: &Call, body: CreateOrder) -> Result<PlaceOrder, ApiError> {
    let group = body.order_group_id.map(|id| call.group_of(&id)).transpose()?;
    Ok(PlaceOrder {
        account: call.caller().account(body.subaccount)?,
        market: body.ticker,
        shard: shard_of(body.exchange_index)?,
        side: body.side,
        price: body.price,
        quantity: body.count,
        time_in_force: body.time_in_force,
        expiration: body.expiration_time,
        self_trade: body.self_trade_prevention_type,
        post_only: body.post_only,
        reduce_only: body.reduce_only,
        cancel_on_pause: body.cancel_order_on_pause,
        group,
        client_order_id: body.client_order_id,
    })
}

fn created(call: &Call, reply: Reply) -> Result<CreatedOrder, ApiError> {
    let Amended { order, fills, .. } = order_of(reply)?;
    Ok(CreatedOrder {
        order_id: call.public(IdSpace::Order, order.order.0),
        client_order_id: order.client_order_id,
        fill_count: fills.filled,
        remaining_count: order.remaining,
        average_fill_price: fills.mean(fills.notional),
        average_fee_paid: fills.mean(fills.fees),
        ts_ms: order.updated,
    })
}

/// Lets the commands that are sound happen at one instant; each item keeps its place.
async fn each(call: &Call, commands: Vec<Result<Command, ApiError>>) -> Vec<Result<Reply, ApiError>> {
    let mut refused = Vec::with_capacity(commands.len());
    let mut sound = Vec::with_capacity(commands.len());
    for command in commands {
        match command {
            Ok(command) => {
                sound.push(command);
                refused.push(None);
            }
            Err(error) => refused.push(Some(error)),
        }
    }
    let mut outcomes = call.engine().submit_batch(sound).await.into_iter();
    let mut next = || -> Outcome { outcomes.next().expect("an outcome for every command") };
    refused
        .into_iter()
        .map(|error| match error {
            Some(error) => Err(error),
            None => next().map_err(ApiError::from),
        })
        .collect()
}

/// An order after it was placed or amended.
struct Amended {
    order: OrderState,
    fills: Fills,
    /// Contracts that remained before an amendment.
    remained: Option<Quantity>,
}

/// What one command filled.
struct Fills {
    filled: Quantity,
    notional: Money,
    fees: Money,
}

impl Fills {
    /// `total` per contract, to the nearest $0.0001; `None` where nothing filled.
    fn mean(&self, total: Money) -> Option<Money> {
        if !self.filled.is_positive() {
            return None;
        }
        // Micro-dollars times 100 over hundredths of contracts, in steps of 100 micro-dollars.
        let units = i128::from(self.filled.units());
        let steps = (i128::from(total.micros()) * 2 + units).div_euclid(units * 2);
        i64::try_from(steps)
            .ok()
            .map(|steps| Money::from_micros(steps * 100))
    }
}

fn order_of(reply: Reply) -> Result<Amended, ApiError> {
    match reply {
        Reply::Order {
            order,
            filled,
            notional,
            fees,
            remained,
        } => Ok(Amended {
            order: *order,
            remained,
            fills: Fills {
                filled,
                notional,
                fees,
            },
        }),
        other => Err(super::unexpected(&other)),
    }
}

fn reduced(reply: Reply) -> Result<(OrderState, Quantity), ApiError> {
    match reply {
        Reply::Reduced { order, by } => Ok((*order, by)),
        other => Err(super::unexpected(&other)),
    }
}

fn check_size(items: usize) -> Result<(), ApiError> {
    if (1..=MAX_BATCH).contains(&items) {
        return Ok(());
    }
    Err(ApiError::invalid_parameters(format!(
        "orders: 1 to {MAX_BATCH} are allowed"
    )))
}

/// The shard a body names; −1 is none.
fn shard_of(index: Option<i32>) -> Result<Option<Shard>, ApiError> {
    match index {
        None | Some(-1) => Ok(None),
        Some(index) => u8::try_from(index)
            .ok()
            .and_then(Shard::new)
            .map(Some)
            .ok_or_else(|| ApiError::invalid_parameters("exchange_index: -1 to 3")),
    }
}

/// Where an order is looked for: the shard named, else the market's, else shard 0.
fn route(market: Option<Ticker>, shard: Option<Shard>) -> Route {
    match (shard, market) {
        (Some(shard), _) => Route::Shard(shard),
        (None, Some(market)) => Route::Market(market),
        (None, None) => Route::Shard(Shard::MAIN),
    }
}

/// Refuses a shard that is not the market's.
fn check_shard(call: &Call, market: &Ticker, shard: Option<Shard>) -> Result<(), ApiError> {
    let Some(shard) = shard else { return Ok(()) };
    let home = call.read(|view| {
        let market = view.exchange.market_id(market.as_str())?;
        Some(view.exchange.shard_of(market))
    });
    match home {
        Some(home) if home != shard => Err(crate::core::Refusal::WrongShard(home).into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(filled: i64, total_micros: i64) -> Option<String> {
        let fills = Fills {
            filled: Quantity::from_units(filled),
            notional: Money::ZERO,
            fees: Money::ZERO,
        };
        fills
            .mean(Money::from_micros(total_micros))
            .map(|mean| mean.to_string())
    }

    #[test]
    fn a_mean_is_rounded_to_the_nearest_centicent() {
        // 10.00 at 0.56 and 5.00 at 0.58: 8.50 / 15 = 0.56666…
        assert_eq!(mean(1_500, 8_500_000).as_deref(), Some("0.5667"));
        assert_eq!(mean(1, 5_600).as_deref(), Some("0.5600"));
        // 0.0175 for one contract, 0.0007 for three.
        assert_eq!(mean(100, 17_500).as_deref(), Some("0.0175"));
        assert_eq!(mean(300, 700).as_deref(), Some("0.0002"));
        assert_eq!(mean(0, 0), None);
    }
}
