//! What can be known of an order and of a fill, in the same form on both sides.

use kmi_domain::{Money, Price, Quantity, Timestamp};
use kmi_kalshi::api::orders::{Order, OrderStatus as RestStatus};
use kmi_kalshi::api::portfolio::Fill as RestFill;
use kmi_kalshi::ws::message::{Fill as StreamFill, OrderStatus as StreamStatus, UserOrder};

use crate::core::{FillRecord, OrderState, OrderStatus};

/// An order as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownOrder {
    pub(super) client_order_id: String,
    pub(super) status: OrderStatus,
    pub(super) price: Price,
    pub(super) filled: Quantity,
    pub(super) remaining: Quantity,
    pub(super) fees: Money,
    /// When it changed last, in milliseconds.
    pub(super) changed_ms: i64,
}

/// A fill; its key is the order and the trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KnownFill {
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) is_taker: bool,
    pub(super) fee: Money,
}

fn millis(time: Option<Timestamp>) -> i64 {
    time.map_or(0, |time| time.micros().div_euclid(1_000))
}

impl KnownOrder {
    pub(super) fn told_by_exchange(order: &OrderState) -> KnownOrder {
        KnownOrder {
            client_order_id: order.client_order_id.clone().unwrap_or_default(),
            status: order.status,
            price: order.price,
            filled: order.filled,
            remaining: order.remaining,
            fees: order.taker_fees + order.maker_fees,
            changed_ms: millis(Some(order.updated)),
        }
    }

    pub(super) fn read(order: &Order) -> Result<KnownOrder, String> {
        let status = match &order.status {
            RestStatus::Resting => OrderStatus::Resting,
            RestStatus::Canceled => OrderStatus::Canceled,
            RestStatus::Executed => OrderStatus::Executed,
            other @ RestStatus::Other(_) => return Err(format!("an order with status {other:?}")),
        };
        Ok(KnownOrder {
            client_order_id: order.client_order_id.clone(),
            status,
            price: order.yes_price_dollars,
            filled: order.fill_count_fp,
            remaining: order.remaining_count_fp,
            fees: order.taker_fees_dollars + order.maker_fees_dollars,
            changed_ms: millis(order.last_update_time.or(order.created_time)),
        })
    }

    pub(super) fn heard(order: &UserOrder) -> Result<KnownOrder, String> {
        let status = match order.status {
            StreamStatus::Resting => OrderStatus::Resting,
            StreamStatus::Canceled => OrderStatus::Canceled,
            StreamStatus::Executed => OrderStatus::Executed,
            ref other => return Err(format!("an order with status {other:?}")),
        };
        Ok(KnownOrder {
            client_order_id: order.client_order_id.clone(),
            status,
            price: order.yes_price_dollars,
            filled: order.fill_count_fp,
            remaining: order.remaining_count_fp,
            fees: order.taker_fees_dollars + order.maker_fees_dollars,
            changed_ms: millis(order.last_updated_ts_ms.or(order.created_ts_ms)),
        })
    }

    /// Takes in what was told, unless that is older: fills and ends never go back.
    pub(super) fn learn(&mut self, told: KnownOrder) {
        let is_back = told.filled < self.filled
            || told.changed_ms < self.changed_ms
            || (self.status != OrderStatus::Resting && told.status == OrderStatus::Resting);
        if !is_back {
            *self = told;
        }
    }
}

impl KnownFill {
    pub(super) fn told_by_exchange(fill: &FillRecord) -> KnownFill {
        KnownFill {
            price: fill.price,
            quantity: fill.quantity,
            is_taker: fill.is_taker,
            fee: fill.fee_cost,
        }
    }

    pub(super) fn read(fill: &RestFill) -> KnownFill {
        KnownFill {
            price: fill.yes_price_dollars,
            quantity: fill.count_fp,
            is_taker: fill.is_taker,
            fee: fill.fee_cost,
        }
    }

    pub(super) fn heard(fill: &StreamFill) -> KnownFill {
        KnownFill {
            price: fill.yes_price_dollars,
            quantity: fill.count_fp,
            is_taker: fill.is_taker,
            fee: fill.fee_cost,
        }
    }
}
