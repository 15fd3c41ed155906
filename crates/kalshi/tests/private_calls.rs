//! Typed calls of private routes: method, path, query, body, and what becomes of the answer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scripted;

use futures::StreamExt as _;
use kmi_domain::matching::Decrease;
use kmi_domain::{BookSide, Money, Price, Quantity, Ticker};
use kmi_kalshi::api::code::Code;
use kmi_kalshi::api::groups::{CreateOrderGroup, OrderGroupQuery, OrderGroupsQuery};
use kmi_kalshi::api::keys::{GenerateApiKey, KeyType};
use kmi_kalshi::api::orders::{
    AmendOrder, BatchCancelItem, CreateOrder, HistoricalOrdersQuery, OrderStatusFilter, OrdersQuery,
    QueuePositionsQuery,
};
use kmi_kalshi::api::portfolio::{
    BalanceQuery, CountFilter, DepositsQuery, FillsQuery, HistoricalFillsQuery, HistoricalPositionsQuery,
    PositionsQuery, SetAllocations, SettlementStatus, SettlementsQuery, WithdrawalsQuery,
};
use kmi_kalshi::api::query::Commas;
use kmi_kalshi::api::transfers::{
    CreateSubaccount, SetNetting, ShardTransferRequest, ShardTransfersQuery, SubaccountTransferRequest,
    SubaccountTransfersQuery,
};
use kmi_kalshi::rest::{Class, Client, Error};
use scripted::{Act, Exchange};

const BASE: &str = "/trade-api/v2";

fn ticker() -> Ticker {
    "A-1".parse().unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn count(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn order() -> CreateOrder {
    CreateOrder::bid(ticker(), price("0.56"), count("10")).client_order_id("c-1")
}

/// An exchange that gives these answers, and a client of it.
fn answering(answers: &[(u16, &'static str)]) -> (Exchange, Client) {
    let exchange = Exchange::new(answers.iter().map(|&(status, body)| Act::Answer(status, body)));
    let client = exchange.client();
    (exchange, client)
}

/// Wants exactly these requests to have come, as `METHOD path?query` and body, all of them signed.
#[track_caller]
fn came(exchange: &Exchange, wanted: &[(&str, &str)]) {
    let seen = exchange.seen();
    for request in &seen {
        assert!(
            request.target.contains("user_data_timestamp")
                || request.header("kalshi-access-signature").is_some(),
            "{} is not signed",
            request.target
        );
    }
    let seen: Vec<(String, String)> = seen
        .into_iter()
        .map(|request| {
            let target = request.target.strip_prefix(BASE).unwrap();
            (format!("{} {target}", request.method), request.body)
        })
        .collect();
    let wanted: Vec<(String, String)> = wanted
        .iter()
        .map(|(line, body)| ((*line).to_owned(), (*body).to_owned()))
        .collect();
    assert_eq!(seen, wanted);
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
    assert_eq!(error.class(), Class::Refused);
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
    assert_eq!(second.into_result().unwrap_err().known_code(), Code::InvalidPrice);
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

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

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
async fn the_portfolio_is_read() {
    const POSITION: &str = r#"{"ticker":"A-1","exchange_index":0,"total_traded_dollars":"2.500000","position_fp":"3.00","market_exposure_dollars":"2.500000","realized_pnl_dollars":"0.000000","fees_paid_dollars":"0.018900","last_updated_ts":"2026-11-21T05:00:00Z"}"#;
    let positions = leak(format!(
        r#"{{"market_positions":[{POSITION}],"event_positions":[],"cursor":""}}"#
    ));
    let fills = r#"{"fills":[],"cursor":""}"#;
    let (exchange, client) = answering(&[
        (
            200,
            r#"{"balance":1012,"balance_dollars":"10.1234","portfolio_value":0,"updated_ts":1}"#,
        ),
        (200, positions),
        (200, positions),
        (200, fills),
        (200, fills),
        (200, r#"{"settlements":null,"cursor":""}"#),
        (200, r#"{"settlements":[]}"#),
        (
            200,
            r#"{"total_resting_order_value":560,"resting_order_value_breakdown":[]}"#,
        ),
        (200, r#"{"deposits":[]}"#),
        (200, r#"{"withdrawals":[]}"#),
        (200, r#"{"as_of_time":"2026-11-21T05:00:00Z"}"#),
        (200, r#"{"communications_id":"x"}"#),
        (200, fills),
        (200, positions),
    ]);
    let balance = client
        .balance(&BalanceQuery {
            subaccount: None,
            exchange_index: Some(2),
        })
        .await
        .unwrap();
    assert_eq!(balance.balance_dollars, "10.1234".parse::<Money>().unwrap());
    let query = PositionsQuery {
        count_filter: Commas(vec![CountFilter::Position, CountFilter::TotalTraded]),
        settlement_status: Some(SettlementStatus::All),
        ..PositionsQuery::default()
    };
    let positions: Vec<_> = client.positions(query.clone()).collect().await;
    assert_eq!(positions[0].as_ref().unwrap().position_fp, count("3"));
    assert!(
        client
            .positions_page(&query)
            .await
            .unwrap()
            .event_positions
            .is_empty()
    );
    let query = FillsQuery {
        order_id: Some("o-1".to_owned()),
        ..FillsQuery::default()
    };
    assert_eq!(client.fills(query.clone()).count().await, 0);
    assert!(client.fills_page(&query).await.unwrap().fills.is_empty());
    assert_eq!(client.settlements(SettlementsQuery::default()).count().await, 0);
    assert!(
        client
            .settlements_page(&SettlementsQuery::default())
            .await
            .unwrap()
            .cursor
            .is_last()
    );
    let resting = client.resting_order_value().await.unwrap();
    assert_eq!(
        resting.total_resting_order_value,
        "5.60".parse::<Money>().unwrap()
    );
    assert_eq!(client.deposits(DepositsQuery::default()).count().await, 0);
    assert_eq!(client.withdrawals(WithdrawalsQuery::default()).count().await, 0);
    let as_of = client.user_data_timestamp().await.unwrap().as_of_time;
    assert_eq!(as_of.to_string(), "2026-11-21T05:00:00Z");
    assert_eq!(client.communications_id().await.unwrap().communications_id, "x");
    assert_eq!(
        client
            .historical_fills(HistoricalFillsQuery::default())
            .count()
            .await,
        0
    );
    assert_eq!(
        client
            .historical_positions(HistoricalPositionsQuery::default())
            .count()
            .await,
        1
    );
    let positions = "GET /portfolio/positions?count_filter=position%2Ctotal_traded&settlement_status=all";
    came(
        &exchange,
        &[
            ("GET /portfolio/balance?exchange_index=2", ""),
            (positions, ""),
            (positions, ""),
            ("GET /portfolio/fills?order_id=o-1", ""),
            ("GET /portfolio/fills?order_id=o-1", ""),
            ("GET /portfolio/settlements", ""),
            ("GET /portfolio/settlements", ""),
            ("GET /portfolio/summary/total_resting_order_value", ""),
            ("GET /portfolio/deposits", ""),
            ("GET /portfolio/withdrawals", ""),
            ("GET /exchange/user_data_timestamp", ""),
            ("GET /communications/id", ""),
            ("GET /historical/fills", ""),
            ("GET /historical/positions", ""),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn money_is_moved() {
    const TRANSFER: &str = r#"{"transfer_id":"t-1","source":"event_contract","destination":"event_contract","source_exchange_shard":0,"destination_exchange_shard":2,"amount":"25.5000","status":"complete","created_ts":1}"#;
    let (exchange, client) = answering(&[
        (201, r#"{"subaccount_number":1}"#),
        (200, "{}"),
        (
            200,
            r#"{"subaccount_balances":[{"subaccount_number":1,"exchange_index":0,"balance":"1.5000","updated_ts":1}]}"#,
        ),
        (200, r#"{"transfers":[]}"#),
        (
            200,
            r#"{"netting_configs":[{"subaccount_number":0,"enabled":true,"exchange_index":0}]}"#,
        ),
        (200, ""),
        (200, r#"{"transfer_id":"t-1"}"#),
        (200, leak(format!(r#"{{"transfer":{TRANSFER}}}"#))),
        (200, leak(format!(r#"{{"transfers":[{TRANSFER}]}}"#))),
        (200, r#"{"allocations":[],"resting_margin_reservation":"sum"}"#),
        (200, "{}"),
    ]);
    let opened = client
        .create_subaccount(&CreateSubaccount::default())
        .await
        .unwrap();
    assert_eq!(opened.subaccount_number, 1);
    let transfer = SubaccountTransferRequest {
        client_transfer_id: "x".to_owned(),
        from_subaccount: 0,
        to_subaccount: 1,
        amount_cents: "1.50".parse().unwrap(),
        exchange_index: None,
    };
    client.transfer_between_subaccounts(&transfer).await.unwrap();
    assert_eq!(client.subaccount_balances().await.unwrap().len(), 1);
    assert_eq!(
        client
            .subaccount_transfers(SubaccountTransfersQuery::default())
            .count()
            .await,
        0
    );
    assert!(client.subaccount_netting().await.unwrap()[0].enabled);
    let netting = SetNetting {
        subaccount_number: 0,
        enabled: false,
    };
    client.set_subaccount_netting(netting).await.unwrap();
    let transfer = ShardTransferRequest::between_shards(0, 2, "25.5".parse().unwrap());
    assert_eq!(
        client
            .transfer_between_shards(&transfer)
            .await
            .unwrap()
            .transfer_id,
        "t-1"
    );
    assert_eq!(
        client.shard_transfer("t-1").await.unwrap().amount,
        "25.50".parse().unwrap()
    );
    assert_eq!(
        client
            .shard_transfers(ShardTransfersQuery::default())
            .count()
            .await,
        1
    );
    assert!(client.balance_allocations().await.unwrap().allocations.is_empty());
    client
        .set_balance_allocations(&SetAllocations::default())
        .await
        .unwrap();
    came(
        &exchange,
        &[
            ("POST /portfolio/subaccounts", "{}"),
            (
                "POST /portfolio/subaccounts/transfer",
                r#"{"client_transfer_id":"x","from_subaccount":0,"to_subaccount":1,"amount_cents":150}"#,
            ),
            ("GET /portfolio/subaccounts/balances", ""),
            ("GET /portfolio/subaccounts/transfers", ""),
            ("GET /portfolio/subaccounts/netting", ""),
            (
                "PUT /portfolio/subaccounts/netting",
                r#"{"subaccount_number":0,"enabled":false}"#,
            ),
            (
                "POST /portfolio/intra_exchange_instance_transfer",
                r#"{"source":"event_contract","destination":"event_contract","amount":255000,"source_exchange_shard":0,"destination_exchange_shard":2,"source_subaccount":0,"destination_subaccount":0}"#,
            ),
            ("GET /portfolio/intra_exchange_instance_transfers/t-1", ""),
            ("GET /portfolio/intra_exchange_instance_transfers", ""),
            ("GET /portfolio/target_balance_allocation", ""),
            (
                "POST /portfolio/target_balance_allocation",
                r#"{"allocations":[]}"#,
            ),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn limits_and_keys_are_asked_for() {
    let (exchange, client) = answering(&[
        (
            200,
            r#"{"usage_tier":"basic","read":{"refill_rate":200,"bucket_capacity":400},"write":{"refill_rate":100,"bucket_capacity":100},"grants":[]}"#,
        ),
        (201, ""),
        (200, r#"{"volume_progress":[]}"#),
        (200, r#"{"api_keys":[]}"#),
        (201, r#"{"api_key_id":"k-1","private_key":"-----BEGIN SECRET"}"#),
        (201, r#"{"private_key":"-----BEGIN SECRET"}"#),
        (204, ""),
    ]);
    assert_eq!(client.account_limits().await.unwrap().read.bucket_capacity, 400);
    client.upgrade_usage_level().await.unwrap();
    assert!(client.volume_progress().await.unwrap().is_empty());
    assert!(client.api_keys().await.unwrap().api_keys.is_empty());
    let wish = GenerateApiKey {
        name: "bot".to_owned(),
        key_type: Some(KeyType::Ed25519),
        scopes: None,
        subaccount: None,
    };
    assert_eq!(client.generate_api_key(&wish).await.unwrap().api_key_id, "k-1");
    let error = client.generate_api_key(&wish).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("SECRET"));
    client.delete_api_key("k-1").await.unwrap();
    came(
        &exchange,
        &[
            ("GET /account/limits", ""),
            ("POST /account/api_usage_level/upgrade", ""),
            ("GET /account/api_usage_level/volume_progress", ""),
            ("GET /api_keys", ""),
            (
                "POST /api_keys/generate",
                r#"{"name":"bot","key_type":"ed25519"}"#,
            ),
            (
                "POST /api_keys/generate",
                r#"{"name":"bot","key_type":"ed25519"}"#,
            ),
            ("DELETE /api_keys/k-1", ""),
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
