//! Reading orders: `/portfolio/orders`.

use kmi_kalshi::api::orders::{
    HistoricalOrdersQuery, OrderResponse, OrderStatusFilter, OrdersPage, OrdersQuery, QueuePositionResponse,
    QueuePositionsQuery,
};

use super::pages::gather;
use crate::core::{OrderState, OrderStatus};
use crate::records::query::{Era, Markets, OrderFilter, TimeRange};
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Cost, Operation};

/// Tokens of reading one order.
const ORDER_COST: u64 = 2;
/// Orders read in one look.
const STEP: usize = 200;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::private("GetOrders", "/portfolio/orders", list),
        Operation::private("GetHistoricalOrders", "/historical/orders", historical),
        Operation::private("GetOrder", "/portfolio/orders/{order_id}", get).at(Cost::Tokens(ORDER_COST)),
        Operation::private(
            "GetOrderQueuePositions",
            "/portfolio/orders/queue_positions",
            queue_positions,
        ),
        Operation::private(
            "GetOrderQueuePosition",
            "/portfolio/orders/{order_id}/queue_position",
            queue_position,
        ),
    ]
}

fn list(call: &Call) -> Answered {
    let query: OrdersQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let page = call.query.page(query.limit, query.cursor, OrdersQuery::LIMITS)?;
    let filter = OrderFilter {
        subaccount: call.caller().subaccounts(asked)?,
        shard: call.query.shard(query.exchange_index)?,
        markets: call.markets(query.ticker.as_slice(), &query.event_ticker),
        status: query.status.map(|status| match status {
            OrderStatusFilter::Resting => OrderStatus::Resting,
            OrderStatusFilter::Canceled => OrderStatus::Canceled,
            OrderStatusFilter::Executed => OrderStatus::Executed,
        }),
        time: TimeRange {
            from: query.min_ts,
            to: query.max_ts,
        },
        ..OrderFilter::of(call.caller().user())
    };
    pages(call, &filter, &page)
}

fn historical(call: &Call) -> Answered {
    let query: HistoricalOrdersQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let page = call.query.page(query.limit, query.cursor, OrdersQuery::LIMITS)?;
    let filter = OrderFilter {
        subaccount: call.caller().subaccounts(asked)?,
        markets: call.markets(query.ticker.as_slice(), &[]),
        time: TimeRange {
            from: query.min_ts,
            to: query.max_ts,
        },
        era: Era::Historical,
        ..OrderFilter::of(call.caller().user())
    };
    pages(call, &filter, &page)
}

fn pages(call: &Call, filter: &OrderFilter, page: &crate::records::PageRequest) -> Answered {
    let (orders, cursor) = gather(call, page, STEP, |views, page| {
        let part = views.orders(filter, page);
        Ok((part.orders, part.cursor))
    })?;
    Answer::ok(&OrdersPage { orders, cursor })
}

fn get(call: &Call) -> Answered {
    let order = own_order(call)?;
    Answer::ok(&OrderResponse {
        order: call.views(|views| views.order(&order)),
    })
}

fn queue_position(call: &Call) -> Answered {
    let order = own_order(call)?;
    let queue_position_fp = call
        .views(|views| views.queue_position(&order))
        .ok_or_else(ApiError::not_found)?;
    Answer::ok(&QueuePositionResponse { queue_position_fp })
}

fn queue_positions(call: &Call) -> Answered {
    let query: QueuePositionsQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let account = call.caller().account(asked)?;
    let markets: Markets = call.markets(&query.market_tickers, query.event_ticker.as_slice());
    Answer::ok(&call.views(|views| views.queue_positions(account, &markets)))
}

/// The order in the path, of the caller and of the subaccount the key is locked to.
fn own_order(call: &Call) -> Result<OrderState, ApiError> {
    let id = call.order()?;
    let caller = call.caller();
    let own = caller.key().subaccount;
    call.read(|view| view.records.order(caller.user(), id).cloned())
        .filter(|order| own.is_none_or(|own| own == order.account.subaccount))
        .ok_or_else(ApiError::not_found)
}
