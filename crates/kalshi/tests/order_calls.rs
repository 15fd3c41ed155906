//! Typed calls of orders and order groups: method, path, query, body, and what becomes of the answer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scripted;

use futures::StreamExt as _;
use kmi_domain::BookSide;
use kmi_domain::matching::Decrease;
use kmi_kalshi::api::code::Code;
use kmi_kalshi::api::groups::{CreateOrderGroup, OrderGroupQuery, OrderGroupsQuery};
use kmi_kalshi::api::orders::{
    AmendOrder, BatchCancelItem, BatchCreatedItem, BatchItemError, CreateOrder, HistoricalOrdersQuery,
    OrderStatusFilter, OrdersQuery, QueuePositionsQuery,
};
use kmi_kalshi::api::query::Commas;
use kmi_kalshi::rest::{Class, Error};
use scripted::calls::{answering, came, count, leak, price, ticker};
use scripted::{Act, Exchange};

fn order() -> CreateOrder {
    CreateOrder::bid(ticker(), price("0.56"), count("10")).client_order_id("c-1")
}

#[tokio::test(start_paused = true)]
async fn an_order_is_placed_amended_decreased_and_canceled() {
    let (exchange, client) = answering(&[
        (
            201,
            r#"{"order_id":"o-1","client_order_id":"c-1","fill_count":"0.00","remaining_count":"10.00","ts_ms":1}"#,
        ),
        (
            200,
            r#"{"order_id":"o-1","remaining_count":"8.00","fill_count":"0.00","average_fill_price":null,"average_fee_paid":null,"ts_ms":2}"#,
        ),
        (200, r#"{"order_id":"o-1","remaining_count":"5.00","ts_ms":3}"#),
        (200, r#"{"order_id":"o-1","remaining_count":"4.00","ts_ms":4}"#),
        (
            200,
            r#"{"order_id":"o-1","client_order_id":"c-1","reduced_by":"4.00","ts_ms":5}"#,
        ),
        (204, ""),
        (204, ""),
    ]);
    let created = client.create_order(&order()).await.unwrap();
    assert_eq!(
        (created.order_id.as_str(), created.remaining_count),
        ("o-1", count("10"))
    );
    let amendment = AmendOrder::new(ticker(), BookSide::Bid, price("0.57"), count("8"));
    let amended = client.amend_order("o-1", Some(3), &amendment).await.unwrap();
    assert_eq!(amended.remaining_count, Some(count("8")));
    let left = client
        .decrease_order("o-1", &ticker(), Decrease::To(count("5")), None)
        .await
        .unwrap();
    assert_eq!(left.remaining_count, count("5"));
    client
        .decrease_order("o-1", &ticker(), Decrease::By(count("1")), Some(0))
        .await
        .unwrap();
    let canceled = client.cancel_order("o-1", &ticker(), Some(2)).await.unwrap();
    assert_eq!(canceled.reduced_by, count("4"));
    client.cancel_all_orders(None).await.unwrap();
    client.cancel_all_orders(Some(1)).await.unwrap();
    came(
        &exchange,
        &[
            (
                "POST /portfolio/events/orders",
                r#"{"ticker":"A-1","client_order_id":"c-1","side":"bid","count":"10.00","price":"0.5600","time_in_force":"good_till_canceled","self_trade_prevention_type":"taker_at_cross"}"#,
            ),
            (
                "POST /portfolio/events/orders/o-1/amend?subaccount=3",
                r#"{"ticker":"A-1","side":"bid","price":"0.5700","count":"8.00"}"#,
            ),
            (
                "POST /portfolio/events/orders/o-1/decrease",
                r#"{"reduce_to":"5.00","market_ticker":"A-1"}"#,
            ),
            (
                "POST /portfolio/events/orders/o-1/decrease?subaccount=0",
                r#"{"reduce_by":"1.00","market_ticker":"A-1"}"#,
            ),
            (
                "DELETE /portfolio/events/orders/o-1?subaccount=2&market_ticker=A-1",
                "",
            ),
            ("DELETE /portfolio/events/orders", ""),
            ("DELETE /portfolio/events/orders?subaccount=1", ""),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_has_its_code() {
    let (_, client) = answering(&[
        (
            409,
            r#"{"error":{"code":"order_already_exists","message":"order_already_exists"}}"#,
        ),
        (404, r#"{"error":{"code":"not_found","message":"not_found"}}"#),
        (
            400,
            r#"{"code":"bad_request","message":"bad request","details":"count"}"#,
        ),
    ]);
    let error = client.create_order(&order()).await.unwrap_err();
    assert_eq!(error.class(), Class::Unknown);
    assert_eq!(error.code().map(Code::from), Some(Code::OrderAlreadyExists));
    let error = client.cancel_order("o-1", &ticker(), None).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(404), Some("not_found")));
    let error = client.create_order(&order()).await.unwrap_err();
    assert_eq!(error.code().map(Code::from), Some(Code::BadRequest));
}

#[tokio::test(start_paused = true)]
async fn batches_answer_for_each_order() {
    let (exchange, client) = answering(&[
        (
            201,
            r#"{"orders":[{"order_id":"o-1","fill_count":"0.00","remaining_count":"10.00","ts_ms":1},{"error":{"code":"invalid_price"}}]}"#,
        ),
        (
            200,
            r#"{"orders":[{"order_id":"o-1","reduced_by":"10.00","ts_ms":2},{"order_id":"o-2","reduced_by":"0.00","error":{"code":"not_found","message":"not_found"}}]}"#,
        ),
    ]);
    let created = client.create_orders(vec![order(), order()]).await.unwrap();
    let [first, second] = <[_; 2]>::try_from(created).unwrap();
    assert_eq!(first.into_result().unwrap().order_id, "o-1");
    let Err(BatchItemError::Refused(refusal)) = second.into_result() else {
        panic!("not refused");
    };
    assert_eq!(refusal.known_code(), Code::InvalidPrice);
    let cancels = vec![
        BatchCancelItem::new("o-1", ticker()),
        BatchCancelItem::new("o-2", ticker()),
    ];
    let canceled = client.cancel_orders(cancels).await.unwrap();
    assert_eq!(canceled[0].reduced_by, count("10"));
    assert_eq!(canceled[1].error.as_ref().unwrap().known_code(), Code::NotFound);
    let seen = exchange.seen();
    assert_eq!(
        (seen[0].method.as_str(), seen[1].method.as_str()),
        ("POST", "DELETE")
    );
    assert_eq!(
        seen[1].body,
        r#"{"orders":[{"order_id":"o-1","market_ticker":"A-1"},{"order_id":"o-2","market_ticker":"A-1"}]}"#
    );
}

#[tokio::test(start_paused = true)]
async fn one_odd_item_of_a_batch_leaves_the_others_what_they_are() {
    let (_, client) = answering(&[
        (
            201,
            r#"{"orders":[{"order_id":"o-1","fill_count":"0.00","remaining_count":"10.00","ts_ms":1},
                {"error":{"code":null,"message":null}},{"error":"no"},{"order_id":"o-4","fill_count":"many"},
                {"error":{"code":"order_already_exists"}},7]}"#,
        ),
        (
            200,
            r#"{"orders":[{"order_id":"o-1","reduced_by":"10.00","ts_ms":2},
                {"order_id":"o-2","error":{"code":"not_found"}},{"order_id":"o-3","reduced_by":[]}]}"#,
        ),
    ]);
    let created = client.create_orders(vec![order(); 6]).await.unwrap();
    let mut results = created.into_iter().map(BatchCreatedItem::into_result);
    assert_eq!(results.next().unwrap().unwrap().order_id, "o-1");
    for told in ["", "no", "the item cannot be read", "", "the item cannot be read"] {
        let Err(BatchItemError::Unclear(Some(error))) = results.next().unwrap() else {
            panic!("{told} is clear");
        };
        assert!(error.message.starts_with(told), "{error:?}");
    }
    let cancels = ["o-1", "o-2", "o-3"].map(|id| BatchCancelItem::new(id, ticker()));
    let canceled = client.cancel_orders(cancels.to_vec()).await.unwrap();
    assert_eq!(canceled[0].error, None);
    assert_eq!(canceled[1].error.as_ref().unwrap().known_code(), Code::NotFound);
    let error = canceled[2].error.as_ref().unwrap();
    assert!(error.message.starts_with("the item cannot be read"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn items_of_a_batch_are_given_to_the_orders_they_name() {
    const ONE: &str = r#"{"order_id":"o-1","client_order_id":"c-1"}"#;
    const TWO: &str = r#"{"order_id":"o-2","client_order_id":"c-2"}"#;
    const NAMELESS: &str = r#"{"order_id":"o-3"}"#;
    const ANOTHER: &str = r#"{"order_id":"o-9","client_order_id":"c-9"}"#;
    for (items, wanted) in [
        ([ONE, TWO, NAMELESS], Some(["o-1", "o-2", "o-3"])),
        ([TWO, NAMELESS, ONE], Some(["o-1", "o-2", "o-3"])),
        ([NAMELESS, NAMELESS, ONE], None),
        ([ONE, TWO, ANOTHER], None),
        ([ONE, ONE, TWO], None),
    ] {
        let body = leak(format!(r#"{{"orders":[{}]}}"#, items.join(",")));
        let (_, client) = answering(&[(201, body)]);
        let orders = ["c-1", "c-2", "c-3"].map(|id| order().client_order_id(id));
        let result = client.create_orders(orders.to_vec()).await;
        let Some(wanted) = wanted else {
            let error = result.unwrap_err();
            assert_eq!(
                (error.class(), error.may_have_executed()),
                (Class::Undecodable, true)
            );
            continue;
        };
        let ids: Vec<_> = result
            .unwrap()
            .into_iter()
            .map(|item| item.order_id.unwrap())
            .collect();
        assert_eq!(ids, wanted, "{body}");
    }

    let answer =
        r#"{"orders":[{"order_id":"o-2","reduced_by":"2.00"},{"order_id":"o-1","reduced_by":"1.00"}]}"#;
    let (_, client) = answering(&[(200, answer), (200, answer)]);
    let cancel = |ids: [&str; 2]| ids.map(|id| BatchCancelItem::new(id, ticker())).to_vec();
    let canceled = client.cancel_orders(cancel(["o-1", "o-2"])).await.unwrap();
    assert_eq!(
        [canceled[0].reduced_by, canceled[1].reduced_by],
        [count("1"), count("2")]
    );
    let error = client.cancel_orders(cancel(["o-1", "o-3"])).await.unwrap_err();
    assert_eq!(error.class(), Class::Undecodable);
}

#[tokio::test(start_paused = true)]
async fn a_batch_answered_for_another_number_of_orders_may_have_been_executed() {
    let (_, client) = answering(&[(201, r#"{"orders":[{"order_id":"o-1","fill_count":"0.00"}]}"#)]);
    let error = client.create_orders(vec![order(), order()]).await.unwrap_err();
    assert_eq!(error.class(), Class::Undecodable);
    assert!(error.may_have_executed());
    assert_eq!(
        error.to_string(),
        "POST /trade-api/v2/portfolio/events/orders/batched: 201 with an answer that is no batch with one item for \
         each order: \"1 items for 2 orders\""
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_for_an_empty_batch_or_a_cancel_without_its_market() {
    let (exchange, client) = answering(&[]);
    let error = client.create_orders(Vec::new()).await.unwrap_err();
    assert_eq!(
        (error.class(), error.to_string()),
        (Class::Local, "orders are none".to_owned())
    );
    assert!(matches!(
        client.cancel_orders(Vec::new()).await,
        Err(Error::Argument { .. })
    ));
    let mut cancel = BatchCancelItem::new("o-1", ticker());
    cancel.market_ticker = None;
    let error = client.cancel_orders(vec![cancel]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "orders have one without its market, by which its shard is found"
    );
    came(&exchange, &[]);
}

const ORDER: &str = r#"{"order_id":"o-1","user_id":"u","client_order_id":"c-1","ticker":"A-1","outcome_side":"yes","book_side":"bid","type":"limit","status":"resting","yes_price_dollars":"0.5600","no_price_dollars":"0.4400","fill_count_fp":"0.00","remaining_count_fp":"10.00","initial_count_fp":"10.00","taker_fees_dollars":"0.000000","maker_fees_dollars":"0.000000","taker_fill_cost_dollars":"0.000000","maker_fill_cost_dollars":"0.000000"}"#;

#[tokio::test(start_paused = true)]
async fn orders_are_read_one_by_one_and_page_by_page() {
    let page = |cursor: &str| leak(format!(r#"{{"orders":[{ORDER}],"cursor":"{cursor}"}}"#));
    let (exchange, client) = answering(&[
        (200, leak(format!(r#"{{"order":{ORDER}}}"#))),
        (200, page("p 2")),
        (200, page("")),
        (200, page("")),
        (200, r#"{"queue_position_fp":"12.50"}"#),
        (
            200,
            r#"{"queue_positions":[{"order_id":"o-1","market_ticker":"A-1","queue_position_fp":"12.50"}]}"#,
        ),
        (200, page("")),
    ]);
    assert_eq!(client.order("o-1").await.unwrap().client_order_id(), Some("c-1"));
    let query = OrdersQuery {
        ticker: Some(ticker()),
        event_ticker: Commas(vec!["E-1".parse().unwrap(), "E-2".parse().unwrap()]),
        status: Some(OrderStatusFilter::Resting),
        limit: Some(1),
        subaccount: Some(0),
        ..OrdersQuery::default()
    };
    assert_eq!(client.orders(query.clone()).count().await, 2);
    assert_eq!(client.orders_page(&query).await.unwrap().orders.len(), 1);
    assert_eq!(client.queue_position("o-1").await.unwrap(), count("12.5"));
    let query = QueuePositionsQuery {
        market_tickers: Commas(vec![ticker(), "B".parse().unwrap()]),
        ..QueuePositionsQuery::default()
    };
    assert_eq!(client.queue_positions(&query).await.unwrap().len(), 1);
    assert_eq!(
        client
            .historical_orders(HistoricalOrdersQuery::default())
            .count()
            .await,
        1
    );
    let filters = "ticker=A-1&event_ticker=E-1%2CE-2&status=resting&limit=1";
    came(
        &exchange,
        &[
            ("GET /portfolio/orders/o-1", ""),
            (&format!("GET /portfolio/orders?{filters}&subaccount=0"), ""),
            (
                &format!("GET /portfolio/orders?{filters}&cursor=p+2&subaccount=0"),
                "",
            ),
            (&format!("GET /portfolio/orders?{filters}&subaccount=0"), ""),
            ("GET /portfolio/orders/o-1/queue_position", ""),
            ("GET /portfolio/orders/queue_positions?market_tickers=A-1%2CB", ""),
            ("GET /historical/orders", ""),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn groups_are_created_read_limited_triggered_reset_and_deleted() {
    let (exchange, client) = answering(&[
        (
            201,
            r#"{"order_group_id":"g-1","subaccount":0,"exchange_index":2}"#,
        ),
        (
            200,
            r#"{"order_groups":[{"id":"g-1","contracts_limit_fp":"100.00","is_auto_cancel_enabled":true}]}"#,
        ),
        (200, r#"{"is_auto_cancel_enabled":true,"orders":["o-1"]}"#),
        (200, "{}"),
        (200, "{}"),
        (200, "{}"),
        (200, "{}"),
    ]);
    let created = client
        .create_order_group(&CreateOrderGroup::new(100, 2))
        .await
        .unwrap();
    assert_eq!(created.order_group_id, "g-1");
    assert_eq!(
        client
            .order_groups(&OrderGroupsQuery::default())
            .await
            .unwrap()
            .len(),
        1
    );
    let of = OrderGroupsQuery { subaccount: Some(4) };
    assert_eq!(client.order_group("g-1", &of).await.unwrap().orders, ["o-1"]);
    let query = OrderGroupQuery {
        subaccount: None,
        exchange_index: Some(2),
    };
    client.limit_order_group("g-1", 50, &query).await.unwrap();
    client.trigger_order_group("g-1", &query).await.unwrap();
    client.reset_order_group("g-1", &query).await.unwrap();
    client.delete_order_group("g-1", &query).await.unwrap();
    came(
        &exchange,
        &[
            (
                "POST /portfolio/order_groups/create",
                r#"{"contracts_limit":100,"exchange_index":2}"#,
            ),
            ("GET /portfolio/order_groups", ""),
            ("GET /portfolio/order_groups/g-1?subaccount=4", ""),
            (
                "PUT /portfolio/order_groups/g-1/limit?exchange_index=2",
                r#"{"contracts_limit":50}"#,
            ),
            ("PUT /portfolio/order_groups/g-1/trigger?exchange_index=2", "{}"),
            ("PUT /portfolio/order_groups/g-1/reset?exchange_index=2", "{}"),
            ("DELETE /portfolio/order_groups/g-1?exchange_index=2", ""),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_an_order_is_of_unknown_outcome_and_nothing_is_repeated() {
    let exchange = Exchange::new([Act::Close]);
    let error = exchange.client().create_order(&order()).await.unwrap_err();
    assert_eq!(error.class(), Class::Unknown);
    assert!(error.may_have_executed());
    assert_eq!(exchange.seen().len(), 1);
}
