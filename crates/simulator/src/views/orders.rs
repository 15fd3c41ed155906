//! Orders and fills of a member.

use kmi_domain::{BookSide, Quantity, Side};
use kmi_kalshi::api::orders::{
    ActionWord, Order, OrderStatus as StatusWord, OrderType, OrdersPage, QueuePosition, QueuePositions,
};
use kmi_kalshi::api::portfolio::{Fill, FillsPage};

use super::{Views, parts};
use crate::core::{Account, FillRecord, IdSpace, OrderState, OrderStatus};
use crate::records::PageRequest;
use crate::records::query::{FillFilter, Markets, OrderFilter};

impl Views<'_> {
    /// An order. Its deprecated `side` and `action` are [`legacy`].
    pub fn order(&self, order: &OrderState) -> Order {
        let (side, action) = legacy(order.side);
        let public = |space, number: u64| self.public(space, number).to_string();
        Order {
            order_id: public(IdSpace::Order, order.order.0),
            user_id: public(IdSpace::User, u64::from(order.account.user.0)),
            client_order_id: order.client_order_id.clone().unwrap_or_default(),
            ticker: self.ticker_of(order.market).clone(),
            side: Some(side.into()),
            action: Some(action),
            outcome_side: order.side.outcome().into(),
            book_side: order.side.into(),
            r#type: OrderType::Limit,
            status: status_word(order.status),
            yes_price_dollars: order.price,
            no_price_dollars: order.price.complement(),
            fill_count_fp: order.filled,
            remaining_count_fp: order.remaining,
            initial_count_fp: order.initial,
            taker_fill_cost_dollars: order.taker_cost,
            maker_fill_cost_dollars: order.maker_cost,
            taker_fees_dollars: order.taker_fees,
            maker_fees_dollars: order.maker_fees,
            expiration_time: order.expiration,
            created_time: Some(order.created),
            last_update_time: Some(order.updated),
            self_trade_prevention_type: Some(order.self_trade.into()),
            order_group_id: order
                .group
                .map(|group| public(IdSpace::Group, u64::from(group.0))),
            cancel_order_on_pause: order.cancel_on_pause,
            subaccount_number: Some(order.account.subaccount.number()),
            exchange_index: self.shard_index(order.market),
        }
    }

    /// `GET /portfolio/orders` and `GET /historical/orders`, newest first.
    pub fn orders(&self, filter: &OrderFilter, page: &PageRequest) -> OrdersPage {
        let page = self.records.orders(self.now, filter, page);
        let (orders, cursor) = parts(page.map(|order| self.order(order)));
        OrdersPage { orders, cursor }
    }

    /// Contracts that must trade before an order does; `None` unless it rests. As of now: queues do not lag.
    pub fn queue_position(&self, order: &OrderState) -> Option<Quantity> {
        self.exchange.queue_position(order.order)
    }

    /// `GET /portfolio/orders/queue_positions`: of an account's resting orders, oldest first. As of now.
    pub fn queue_positions(&self, account: Account, markets: &Markets) -> QueuePositions {
        let orders = self.exchange.open_orders_of(account).into_iter();
        let place = |order: &OrderState| {
            Some(QueuePosition {
                order_id: self.public(IdSpace::Order, order.order.0).to_string(),
                market_ticker: self.ticker_of(order.market).clone(),
                queue_position_fp: self.exchange.queue_position(order.order)?,
            })
        };
        QueuePositions {
            queue_positions: orders
                .filter(|order| markets.contains(order.market))
                .filter_map(place)
                .collect(),
        }
    }

    /// A fill.
    pub fn fill(&self, fill: &FillRecord) -> Fill {
        let trade_id = self.numbered_trade_id(fill.trade);
        let (side, action) = legacy(fill.side);
        let ticker = self.ticker_of(fill.market);
        Fill {
            fill_id: trade_id.clone(),
            trade_id,
            exchange_index: self.shard_index(fill.market),
            order_id: self.public(IdSpace::Order, fill.order.0).to_string(),
            ticker: ticker.clone(),
            market_ticker: ticker.clone(),
            side: Some(side.into()),
            action: Some(action),
            outcome_side: fill.side.outcome().into(),
            book_side: fill.side.into(),
            count_fp: fill.quantity,
            yes_price_dollars: fill.price,
            no_price_dollars: fill.price.complement(),
            is_taker: fill.is_taker,
            fee_cost: fill.fee_cost,
            created_time: Some(fill.time),
            subaccount_number: Some(fill.account.subaccount.number()),
            ts: Some(fill.time),
        }
    }

    /// `GET /portfolio/fills` and `GET /historical/fills`, newest first.
    pub fn fills(&self, filter: &FillFilter, page: &PageRequest) -> FillsPage {
        let page = self.records.fills(self.now, filter, page);
        let (fills, cursor) = parts(page.map(|fill| self.fill(fill)));
        FillsPage { fills, cursor }
    }
}

/// The deprecated `side` and `action` of a side of the YES book: that the contract gained was bought, which is one of the two
/// ways to say it. All doors say it this way.
pub const fn legacy(side: BookSide) -> (Side, ActionWord) {
    (side.outcome(), ActionWord::Buy)
}

const fn status_word(status: OrderStatus) -> StatusWord {
    match status {
        OrderStatus::Resting => StatusWord::Resting,
        OrderStatus::Canceled => StatusWord::Canceled,
        OrderStatus::Executed => StatusWord::Executed,
    }
}
