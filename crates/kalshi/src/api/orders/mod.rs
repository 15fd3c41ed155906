//! Orders: writing them (V2, below `/portfolio/events/orders`) and reading them (below `/portfolio/orders`).
//!
//! There is one book per market, of YES. A `bid` buys YES, an `ask` sells it; buying NO at q **is** selling YES at 1 − q.
//! [`CreateOrder::of`] is the one place where an order on NO becomes one in YES prices.

mod batch;
mod change;
mod create;
mod read;

pub use batch::{
    BatchCancel, BatchCancelItem, BatchCanceled, BatchCanceledItem, BatchCreate, BatchCreated,
    BatchCreatedItem, BatchItemError,
};
pub use change::{
    AmendOrder, AmendedOrder, CancelQuery, CanceledOrder, DecreaseOrder, DecreasedOrder, SubaccountQuery,
};
pub use create::{CreateOrder, CreatedOrder};
pub use read::{
    ActionWord, HistoricalOrdersQuery, Order, OrderResponse, OrderStatus, OrderStatusFilter, OrderType,
    OrdersPage, OrdersQuery, QueuePosition, QueuePositionResponse, QueuePositions, QueuePositionsQuery,
    SelfTradePreventionWord,
};

/// Longest `client_order_id` the exchange takes, in characters.
pub const MAX_CLIENT_ORDER_ID: usize = 64;
