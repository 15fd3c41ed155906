//! Orders.
//!
//! **No write is ever sent twice.** After [`Class::Unknown`](crate::rest::Class::Unknown) (and after
//! [`Error::may_have_executed`]) look for the order by its `client_order_id`: page [`Client::orders`], newest first, bearing in
//! mind that reads lag writes by about 0.4 s.

use futures::Stream;
use kmi_domain::matching::Decrease;
use kmi_domain::{Quantity, Ticker};

use super::MAX_PAGES;
use crate::api::orders::{
    AmendOrder, AmendedOrder, BatchCancel, BatchCancelItem, BatchCanceled, BatchCanceledItem, BatchCreate,
    BatchCreated, BatchCreatedItem, CancelQuery, CanceledOrder, CreateOrder, CreatedOrder, DecreaseOrder,
    DecreasedOrder, Order, OrderResponse, OrdersPage, OrdersQuery, QueuePosition, QueuePositionResponse,
    QueuePositions, QueuePositionsQuery, SubaccountQuery,
};
use crate::limit::Priority;
use crate::rest::{Auth, Call, Client, Error, Undecodable};

const ORDERS: [&str; 3] = ["portfolio", "events", "orders"];

impl Client {
    /// Places an order: `POST /portfolio/events/orders`. Scope `write::trade`; 10 write tokens.
    ///
    /// Success does not say that it rests or filled: read the counts.
    ///
    /// # Errors
    /// Refused, by code: `insufficient_balance` (collateral is per shard), `invalid_price` (off the market's grid),
    /// `invalid_order` (details `post only cross`), `invalid_order_size`, `MARKET_INACTIVE`, `EXCHANGE_PAUSED`. **Unknown**
    /// with the code `order_already_exists` (409): the `client_order_id` was used, by this very order if it was sent before.
    pub async fn create_order(&self, order: &CreateOrder) -> Result<CreatedOrder, Error> {
        self.post(&ORDERS).json(order).send().await
    }

    /// Places several orders, in this order, each judged by itself: `POST /portfolio/events/orders/batched`. Scope
    /// `write::trade`; 10 write tokens **for each**, which must fit the bucket at once.
    ///
    /// The answer has one item per order, in the same order; [`BatchCreatedItem::into_result`] tells orders from refusals and
    /// from what is unclear. Give each its `client_order_id`: by it items are told apart, should they come in another order.
    ///
    /// # Errors
    /// [`Error::Argument`] for no orders, [`Error::Throttled`] for more than the bucket ever holds. A lost answer leaves
    /// every one of them unknown; so does one with another number of items, or with items of other orders
    /// ([`Error::Undecodable`]).
    pub async fn create_orders(&self, orders: Vec<CreateOrder>) -> Result<Vec<BatchCreatedItem>, Error> {
        let count = some(orders.len())?;
        let names = orders.iter().map(|order| order.client_order_id.clone()).collect();
        let [portfolio, events, orders_path] = ORDERS;
        let request = self
            .post(&[portfolio, events, orders_path, "batched"])
            .json(&BatchCreate { orders })
            .items(count);
        let batch = Batch {
            call: request.call(),
            status: 201,
            names,
        };
        let created: BatchCreated = request.send().await?;
        batch.one_each(created.orders, |item| item.client_order_id.as_deref())
    }

    /// Cancels what is left of an order: `DELETE /portfolio/events/orders/{order_id}`. Scope `write::trade`; 2 write tokens,
    /// ahead of everything but other cancels.
    ///
    /// `market` must be the order's: by it the exchange finds the shard. `subaccount` is the order's, 0 when `None`.
    ///
    /// # Errors
    /// `not_found` (404) means canceled, executed, unknown, or on another shard: **read the order** to know which.
    /// `MARKET_INACTIVE` after the close; `EXCHANGE_PAUSED` while the whole exchange is paused.
    pub async fn cancel_order(
        &self,
        order_id: &str,
        market: &Ticker,
        subaccount: Option<u8>,
    ) -> Result<CanceledOrder, Error> {
        let [portfolio, events, orders] = ORDERS;
        self.delete(&[portfolio, events, orders, order_id])
            .query(&CancelQuery {
                subaccount: subaccount.map(u32::from),
                exchange_index: None,
                market_ticker: Some(market.clone()),
            })
            .send()
            .await
    }

    /// Cancels several orders, each judged by itself: `DELETE /portfolio/events/orders/batched`, with a body. Scope
    /// `write::trade`; 2 write tokens **for each**, which must fit the bucket at once; ahead of everything but other cancels.
    ///
    /// The answer has one item per order, in the same order; what could not be canceled has an `error`.
    ///
    /// # Errors
    /// [`Error::Argument`] for no orders, or for one without its market (see [`BatchCancelItem::new`]);
    /// [`Error::Throttled`] for more than the bucket ever holds; [`Error::Undecodable`] for an answer about other orders.
    pub async fn cancel_orders(&self, orders: Vec<BatchCancelItem>) -> Result<Vec<BatchCanceledItem>, Error> {
        let count = some(orders.len())?;
        if orders.iter().any(|order| order.market_ticker.is_none()) {
            return Err(Error::Argument {
                what: "orders",
                why: "have one without its market, by which its shard is found".to_owned(),
            });
        }
        let names = orders.iter().map(|order| Some(order.order_id.clone())).collect();
        let [portfolio, events, orders_path] = ORDERS;
        let request = self
            .delete(&[portfolio, events, orders_path, "batched"])
            .json(&BatchCancel { orders })
            .items(count);
        let batch = Batch {
            call: request.call(),
            status: 200,
            names,
        };
        let canceled: BatchCanceled = request.send().await?;
        batch.one_each(canceled.orders, |item| {
            Some(item.order_id.as_str()).filter(|id| !id.is_empty())
        })
    }

    /// Cancels every resting order, on all shards: `DELETE /portfolio/events/orders`. Scope `write::trade`; 2 write tokens,
    /// ahead of everything but other cancels.
    ///
    /// Of one subaccount, or of all when `None`. **Orders placed within the next minute may be canceled too.** The answer says
    /// nothing of what was canceled: list the orders.
    ///
    /// # Errors
    /// `EXCHANGE_PAUSED` while the whole exchange is paused.
    pub async fn cancel_all_orders(&self, subaccount: Option<u8>) -> Result<(), Error> {
        let query = SubaccountQuery {
            subaccount: subaccount.map(u32::from),
        };
        self.delete(&ORDERS).query(&query).send_empty().await
    }

    /// Changes price, **total** size (filled plus wanted) or expiration of a resting order:
    /// `POST /portfolio/events/orders/{order_id}/amend`. Scope `write::trade`; 10 write tokens.
    ///
    /// A smaller size or another expiration alone keeps the place in the queue. `subaccount` is the order's, 0 when `None`.
    /// After a lost answer read the order and compare its price and count.
    ///
    /// # Errors
    /// `not_found` (404): it does not rest. `order_ticker_mismatch`, `order_side_mismatch`,
    /// `order_id_and_client_order_id_mismatch`: the body says otherwise than the order. And what a new order is refused for.
    pub async fn amend_order(
        &self,
        order_id: &str,
        subaccount: Option<u8>,
        amendment: &AmendOrder,
    ) -> Result<AmendedOrder, Error> {
        self.change(order_id, "amend", subaccount)
            .json(amendment)
            .send()
            .await
    }

    /// Makes a resting order smaller, in its place in the queue: `POST /portfolio/events/orders/{order_id}/decrease`. Scope
    /// `write::trade`; 10 write tokens, ahead of new orders.
    ///
    /// `market` must be the order's: by it the exchange finds the shard. [`Decrease::To`] says the same however often it is
    /// said; [`Decrease::By`] does not. `subaccount` is the order's, 0 when `None`.
    ///
    /// # Errors
    /// `not_found` (404): it does not rest, or is on another shard; read the order. Refused as well if it would not become
    /// smaller.
    pub async fn decrease_order(
        &self,
        order_id: &str,
        market: &Ticker,
        decrease: Decrease,
        subaccount: Option<u8>,
    ) -> Result<DecreasedOrder, Error> {
        let body = match decrease {
            Decrease::By(count) => DecreaseOrder::by(market.clone(), count),
            Decrease::To(count) => DecreaseOrder::to(market.clone(), count),
        };
        self.change(order_id, "decrease", subaccount)
            .priority(Priority::First)
            .json(&body)
            .send()
            .await
    }

    fn change(&self, order_id: &str, verb: &str, subaccount: Option<u8>) -> crate::rest::Request {
        let [portfolio, events, orders] = ORDERS;
        self.post(&[portfolio, events, orders, order_id, verb])
            .query(&SubaccountQuery {
                subaccount: subaccount.map(u32::from),
            })
    }

    /// An order as it stands: `GET /portfolio/orders/{order_id}`. Scope `read`; 2 read tokens. Lags writes by about 0.4 s.
    ///
    /// # Errors
    /// `not_found` (404): no order of this account, or one that ended so long ago that only
    /// [`Client::historical_orders`] has it.
    pub async fn order(&self, order_id: &str) -> Result<Order, Error> {
        let request = self.get(Auth::Private, &["portfolio", "orders", order_id]);
        Ok(request.send::<OrderResponse>().await?.order)
    }

    /// The account's orders, newest first, page after page: `GET /portfolio/orders`. Scope `read`; 10 read tokens a page.
    ///
    /// Orders that ended more than about two weeks ago are only in [`Client::historical_orders`]; resting ones are always here.
    ///
    /// # Errors
    /// The stream ends with the first error.
    pub fn orders(&self, query: OrdersQuery) -> impl Stream<Item = Result<Order, Error>> + Send + 'static {
        let request = self.get(Auth::Private, &["portfolio", "orders"]);
        request.list(query, MAX_PAGES)
    }

    /// One page of [`Client::orders`], that which `query.cursor` names.
    ///
    /// # Errors
    /// Query parameters that are refused (400).
    pub async fn orders_page(&self, query: &OrdersQuery) -> Result<OrdersPage, Error> {
        let request = self.get(Auth::Private, &["portfolio", "orders"]);
        request.query(query).send().await
    }

    /// Contracts that must trade before an order does: `GET /portfolio/orders/{order_id}/queue_position`. Scope `read`; 10
    /// read tokens.
    ///
    /// # Errors
    /// `not_found` (404): it does not rest.
    pub async fn queue_position(&self, order_id: &str) -> Result<Quantity, Error> {
        let path = ["portfolio", "orders", order_id, "queue_position"];
        let answer: QueuePositionResponse = self.get(Auth::Private, &path).send().await?;
        Ok(answer.queue_position_fp)
    }

    /// The same for all resting orders of a subaccount: `GET /portfolio/orders/queue_positions`. Scope `read`; 10 read tokens.
    ///
    /// # Errors
    /// Query parameters that are refused (400).
    pub async fn queue_positions(&self, query: &QueuePositionsQuery) -> Result<Vec<QueuePosition>, Error> {
        let path = ["portfolio", "orders", "queue_positions"];
        let answer: QueuePositions = self.get(Auth::Private, &path).query(query).send().await?;
        Ok(answer.queue_positions)
    }
}

/// The exchange refuses an empty batch; it need not be asked.
fn some(orders: usize) -> Result<usize, Error> {
    if orders == 0 {
        return Err(Error::Argument {
            what: "orders",
            why: "are none".to_owned(),
        });
    }
    Ok(orders)
}

/// Which item of a batch's answer is whose.
struct Batch {
    call: Call,
    status: u16,
    /// What the items name their orders by, where the request did: one for each order, in its order.
    names: Vec<Option<String>>,
}

impl Batch {
    /// The items in the order of the request, if each order has its own: otherwise nobody knows which is whose.
    ///
    /// An item that names no order of this batch, or none at all, stands where its position says; but once others are out of
    /// place, positions say nothing, and only a single one is certain, by what is left.
    fn one_each<T>(self, items: Vec<T>, name: impl Fn(&T) -> Option<&str>) -> Result<Vec<T>, Error> {
        let orders = self.names.len();
        if items.len() != orders {
            return Err(self.unclear(format!("{} items for {orders} orders", items.len())));
        }
        let in_place = |(wanted, item): (&Option<String>, &T)| match (wanted.as_deref(), name(item)) {
            (Some(wanted), Some(named)) => wanted == named,
            (Some(_), None) => true,
            (None, named) => named.is_none_or(|named| !self.asks_for(named)),
        };
        if self.names.iter().zip(&items).all(in_place) {
            return Ok(items);
        }
        match self.sorted(items, name) {
            Some(sorted) => Ok(sorted),
            None => Err(self.unclear("items of other orders".to_owned())),
        }
    }

    fn asks_for(&self, name: &str) -> bool {
        self.names.iter().any(|wanted| wanted.as_deref() == Some(name))
    }

    /// The items by their names; at most one may have none.
    fn sorted<T>(&self, items: Vec<T>, name: impl Fn(&T) -> Option<&str>) -> Option<Vec<T>> {
        let mut slots: Vec<Option<T>> = self.names.iter().map(|_| None).collect();
        let mut nameless = None;
        for item in items {
            let Some(named) = name(&item) else {
                if nameless.replace(item).is_some() {
                    return None;
                }
                continue;
            };
            let mut places = self.names.iter().zip(&mut slots);
            let (_, slot) =
                places.find(|(wanted, slot)| slot.is_none() && wanted.as_deref() == Some(named))?;
            *slot = Some(item);
        }
        slots
            .into_iter()
            .map(|slot| slot.or_else(|| nameless.take()))
            .collect()
    }

    fn unclear(&self, excerpt: String) -> Error {
        Error::Undecodable(Box::new(Undecodable {
            call: self.call.clone(),
            status: self.status,
            wanted: "batch with one item for each order",
            excerpt,
            taken: true,
            source: None,
        }))
    }
}
