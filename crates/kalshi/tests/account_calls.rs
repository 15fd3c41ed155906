//! Typed calls of an account: method, path, query, body, and what becomes of the answer.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scripted;

use futures::StreamExt as _;
use kmi_domain::Money;
use kmi_kalshi::api::keys::{GenerateApiKey, KeyType};
use kmi_kalshi::api::portfolio::{
    BalanceQuery, CountFilter, DepositsQuery, FillsQuery, HistoricalFillsQuery, HistoricalPositionsQuery,
    PositionsQuery, SetAllocations, SettlementStatus, SettlementsQuery, WithdrawalsQuery,
};
use kmi_kalshi::api::query::Commas;
use kmi_kalshi::api::transfers::{
    CreateSubaccount, SetNetting, ShardTransferRequest, ShardTransfersQuery, SubaccountTransferRequest,
    SubaccountTransfersQuery,
};
use kmi_kalshi::rest::Error;
use scripted::calls::{answering, came, count, leak};

const POSITION: &str = r#"{"ticker":"A-1","exchange_index":0,"total_traded_dollars":"2.500000","position_fp":"3.00","market_exposure_dollars":"2.500000","realized_pnl_dollars":"0.000000","fees_paid_dollars":"0.018900","last_updated_ts":"2026-11-21T05:00:00Z"}"#;

fn positions() -> &'static str {
    leak(format!(
        r#"{{"market_positions":[{POSITION}],"event_positions":[],"cursor":""}}"#
    ))
}

const NO_FILLS: &str = r#"{"fills":[],"cursor":""}"#;

#[tokio::test(start_paused = true)]
async fn balance_and_positions_are_read() {
    let (exchange, client) = answering(&[
        (
            200,
            r#"{"balance":1012,"balance_dollars":"10.1234","portfolio_value":0,"updated_ts":1}"#,
        ),
        (200, positions()),
        (200, positions()),
        (200, positions()),
        (
            200,
            r#"{"total_resting_order_value":560,"resting_order_value_breakdown":[]}"#,
        ),
    ]);
    let query = BalanceQuery {
        subaccount: None,
        exchange_index: Some(2),
    };
    let balance = client.balance(&query).await.unwrap();
    assert_eq!(balance.balance_dollars, "10.1234".parse::<Money>().unwrap());
    let query = PositionsQuery {
        count_filter: Commas(vec![CountFilter::Position, CountFilter::TotalTraded]),
        settlement_status: Some(SettlementStatus::All),
        ..PositionsQuery::default()
    };
    let positions: Vec<_> = client.positions(query.clone()).collect().await;
    assert_eq!(positions[0].as_ref().unwrap().position_fp, count("3"));
    let page = client.positions_page(&query).await.unwrap();
    assert!(page.event_positions.is_empty());
    let older = client.historical_positions(HistoricalPositionsQuery::default());
    assert_eq!(older.count().await, 1);
    let resting = client.resting_order_value().await.unwrap();
    assert_eq!(
        resting.total_resting_order_value,
        "5.60".parse::<Money>().unwrap()
    );
    let positions = "GET /portfolio/positions?count_filter=position%2Ctotal_traded&settlement_status=all";
    came(
        &exchange,
        &[
            ("GET /portfolio/balance?exchange_index=2", ""),
            (positions, ""),
            (positions, ""),
            ("GET /historical/positions", ""),
            ("GET /portfolio/summary/total_resting_order_value", ""),
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn fills_settlements_and_payments_are_read() {
    let (exchange, client) = answering(&[
        (200, NO_FILLS),
        (200, NO_FILLS),
        (200, NO_FILLS),
        (200, r#"{"settlements":null,"cursor":""}"#),
        (200, r#"{"settlements":[]}"#),
        (200, r#"{"deposits":[]}"#),
        (200, r#"{"withdrawals":[]}"#),
        (200, r#"{"as_of_time":"2026-11-21T05:00:00Z"}"#),
        (200, r#"{"communications_id":"x"}"#),
    ]);
    let query = FillsQuery {
        order_id: Some("o-1".to_owned()),
        ..FillsQuery::default()
    };
    assert_eq!(client.fills(query.clone()).count().await, 0);
    assert!(client.fills_page(&query).await.unwrap().fills.is_empty());
    let older = client.historical_fills(HistoricalFillsQuery::default());
    assert_eq!(older.count().await, 0);
    let query = SettlementsQuery::default();
    assert_eq!(client.settlements(query.clone()).count().await, 0);
    assert!(client.settlements_page(&query).await.unwrap().cursor.is_last());
    assert_eq!(client.deposits(DepositsQuery::default()).count().await, 0);
    assert_eq!(client.withdrawals(WithdrawalsQuery::default()).count().await, 0);
    let as_of = client.user_data_timestamp().await.unwrap().as_of_time;
    assert_eq!(as_of.to_string(), "2026-11-21T05:00:00Z");
    assert_eq!(client.communications_id().await.unwrap().communications_id, "x");
    came(
        &exchange,
        &[
            ("GET /portfolio/fills?order_id=o-1", ""),
            ("GET /portfolio/fills?order_id=o-1", ""),
            ("GET /historical/fills", ""),
            ("GET /portfolio/settlements", ""),
            ("GET /portfolio/settlements", ""),
            ("GET /portfolio/deposits", ""),
            ("GET /portfolio/withdrawals", ""),
            ("GET /exchange/user_data_timestamp", ""),
            ("GET /communications/id", ""),
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
async fn a_transfer_that_cannot_be_written_exactly_is_not_sent() {
    let (exchange, client) = answering(&[]);
    let transfer = SubaccountTransferRequest {
        client_transfer_id: "x".to_owned(),
        from_subaccount: 0,
        to_subaccount: 1,
        amount_cents: "10.005".parse().unwrap(),
        exchange_index: None,
    };
    let error = client.transfer_between_subaccounts(&transfer).await.unwrap_err();
    assert!(matches!(error, Error::Argument { what: "body", .. }), "{error}");
    assert!(error.to_string().contains("10.005"), "{error}");
    let transfer = ShardTransferRequest::between_shards(0, 1, "0.00005".parse().unwrap());
    let error = client.transfer_between_shards(&transfer).await.unwrap_err();
    assert!(matches!(error, Error::Argument { what: "body", .. }), "{error}");
    came(&exchange, &[]);
}
